import { beforeEach, describe, expect, test } from 'vitest';
import { Pit8254 } from '../../src/devices/pit8254.ts';
import { TickRate } from '../../src/devices/ticks.ts';
import { ManualClock } from '../../src/lib/clock.ts';
import { inb, outb, Probe } from './wires.ts';

const CONTROL = 3;
const rate = new TickRate(1_193_182);

let clock: ManualClock;
let irq: Probe;
let pit: Pit8254;

/** Guest time at the given CLK. */
function at(tick: number): void {
  clock.advanceTo(rate.nanos(tick));
}

/** Control word: counter, both bytes, mode. Then the count. */
function program(counter: number, mode: number, count: number): void {
  outb(pit.registers, CONTROL, (counter << 6) | 0x30 | (mode << 1));
  writeCount(counter, count);
}

function writeCount(counter: number, count: number): void {
  outb(pit.registers, counter, count & 0xff);
  outb(pit.registers, counter, count >> 8);
}

function readCount(counter: number): number {
  outb(pit.registers, CONTROL, counter << 6); // counter latch
  return inb(pit.registers, counter) | (inb(pit.registers, counter) << 8);
}

/** OUT from CLK `from` on, one character a CLK, as the data sheet's wave forms are drawn. */
function wave(counter: number, from: number, length: number): string {
  let text = '';
  for (let tick = from; tick < from + length; tick++) {
    at(tick);
    text += pit.out(counter) ? '#' : '_';
  }
  return text;
}

function counts(counter: number, from: number, length: number): number[] {
  return Array.from({ length }, (_, k) => {
    at(from + k);
    return readCount(counter);
  });
}

beforeEach(() => {
  clock = new ManualClock();
  irq = new Probe();
  pit = new Pit8254({ clock, irq });
  pit.gate2.set(true);
});

describe('ticks', () => {
  test('are exact: nanos(t) is the first nanosecond of tick t', () => {
    for (const tick of [1, 2, 3, 1193181, 1193182, 1193183, 86_400 * 1193182 + 77_777, 2 ** 40 + 12345]) {
      expect(rate.ticks(rate.nanos(tick))).toBe(tick);
      expect(rate.ticks(rate.nanos(tick) - 1)).toBe(tick - 1);
    }
  });

  test('a day has 86400 times the frequency', () => {
    expect(rate.ticks(86_400e9)).toBe(86_400 * 1_193_182);
  });
});

describe('mode 0, interrupt on terminal count', () => {
  test('OUT is low from the control word on and rises N + 1 CLK after the count is written', () => {
    program(2, 0, 4);
    expect(wave(2, 0, 8)).toBe('_____###');
  });

  test('the counter goes on through FFFFh', () => {
    program(2, 0, 4);
    expect(counts(2, 1, 6)).toEqual([4, 3, 2, 1, 0, 0xffff]);
  });

  test('GATE low holds the count', () => {
    program(2, 0, 4);
    at(3); // count 2
    pit.gate2.set(false);
    expect(counts(2, 4, 3)).toEqual([2, 2, 2]);
    pit.gate2.set(true);
    expect(wave(2, 7, 3)).toBe('_##');
  });

  test('a count written while GATE is low is loaded; OUT rises N CLK after GATE', () => {
    pit.gate2.set(false);
    program(2, 0, 3);
    at(10);
    pit.gate2.set(true);
    expect(wave(2, 10, 5)).toBe('___##');
  });

  test('the first byte of a new count stops the counter and sets OUT low', () => {
    program(2, 0, 4);
    at(6);
    expect(pit.out(2)).toBe(true);
    outb(pit.registers, 2, 3);
    expect(pit.out(2)).toBe(false);
    at(100);
    expect(pit.out(2)).toBe(false);
    outb(pit.registers, 2, 0);
    expect(wave(2, 100, 6)).toBe('____##');
  });
});

describe('mode 1, hardware retriggerable one-shot', () => {
  beforeEach(() => {
    pit.gate2.set(false);
    program(2, 1, 3);
  });

  test('GATE triggers a pulse of N CLK from the next CLK on', () => {
    at(5);
    pit.gate2.set(true);
    expect(wave(2, 5, 6)).toBe('#___##');
  });

  test('GATE low does not cut the pulse; a new trigger prolongs it', () => {
    pit.gate2.set(true);
    at(2);
    pit.gate2.set(false);
    at(3);
    pit.gate2.set(true);
    expect(wave(2, 3, 6)).toBe('____##');
  });

  test('a new count waits for the next trigger', () => {
    pit.gate2.set(true);
    at(1);
    writeCount(2, 5);
    expect(wave(2, 1, 5)).toBe('___##');
    pit.gate2.set(false);
    pit.gate2.set(true);
    expect(wave(2, 5, 8)).toBe('#_____##');
  });
});

describe('mode 2, rate generator', () => {
  test('OUT goes low for one CLK when the count is 1', () => {
    program(2, 2, 4);
    expect(wave(2, 0, 13)).toBe('####_###_###_');
    expect(counts(2, 13, 5)).toEqual([4, 3, 2, 1, 4]);
  });

  test('a new count is loaded at the end of the period', () => {
    program(2, 2, 4);
    at(2);
    writeCount(2, 3);
    expect(wave(2, 2, 10)).toBe('##_##_##_#');
  });

  test('GATE low sets OUT high; its rise starts a period', () => {
    program(2, 2, 4);
    at(4);
    expect(pit.out(2)).toBe(false);
    pit.gate2.set(false);
    expect(wave(2, 4, 4)).toBe('####');
    pit.gate2.set(true);
    expect(wave(2, 7, 6)).toBe('####_#');
  });
});

describe('mode 3, square wave', () => {
  test('an even count is half high, half low, and counts by twos', () => {
    program(2, 3, 4);
    expect(wave(2, 0, 10)).toBe('###__##__#');
    expect(counts(2, 13, 4)).toEqual([4, 2, 4, 2]);
  });

  test('an odd count is high one CLK longer', () => {
    program(2, 3, 5);
    expect(wave(2, 0, 12)).toBe('####__###__#');
    expect(counts(2, 16, 5)).toEqual([4, 2, 0, 4, 2]);
  });

  test('a new count is loaded at the end of the half', () => {
    program(2, 3, 8); // high at CLK 1 to 4, low 5 to 8
    at(2);
    writeCount(2, 4);
    expect(wave(2, 2, 9)).toBe('###__##__');
  });

  test('mode bits 111 are mode 3 as well, and read back as written', () => {
    outb(pit.registers, CONTROL, 0xbe);
    writeCount(2, 4);
    expect(wave(2, 0, 6)).toBe('###__#');
    outb(pit.registers, CONTROL, 0xe8);
    expect(inb(pit.registers, 2) & 0x3f).toBe(0x3e);
  });
});

describe('modes 4 and 5, strobes', () => {
  test('software triggered: low for one CLK, N + 1 after the count; once', () => {
    program(2, 4, 3);
    expect(wave(2, 0, 8)).toBe('####_###');
    at(65536 + 4);
    expect(pit.out(2)).toBe(true);
  });

  test('software triggered: a new count starts over', () => {
    program(2, 4, 3);
    at(2);
    writeCount(2, 2);
    expect(wave(2, 2, 5)).toBe('###_#');
  });

  test('hardware triggered: counts from the trigger', () => {
    pit.gate2.set(false);
    program(2, 5, 3);
    expect(wave(2, 0, 6)).toBe('######');
    pit.gate2.set(true);
    expect(wave(2, 5, 6)).toBe('####_#');
  });
});

describe('reading', () => {
  test('a latched count stays until it is read; a second latch command is ignored', () => {
    program(2, 2, 1000);
    at(101); // 900
    outb(pit.registers, CONTROL, 0x80);
    at(201); // 800
    outb(pit.registers, CONTROL, 0x80);
    expect(inb(pit.registers, 2)).toBe(900 & 0xff);
    expect(inb(pit.registers, 2)).toBe(900 >> 8);
    expect(readCount(2)).toBe(800);
  });

  test('one-byte formats', () => {
    outb(pit.registers, CONTROL, 0x94); // LSB only, mode 2
    outb(pit.registers, 2, 0x80);
    at(2);
    expect(inb(pit.registers, 2)).toBe(0x7f);
    expect(inb(pit.registers, 2)).toBe(0x7f);
    outb(pit.registers, CONTROL, 0xa4); // MSB only, mode 2
    outb(pit.registers, 2, 0x80);
    at(4);
    expect(inb(pit.registers, 2)).toBe(0x7f);
  });

  test('BCD', () => {
    outb(pit.registers, CONTROL, 0xb1); // mode 0, BCD
    writeCount(2, 0x1000);
    expect(counts(2, 1, 2)).toEqual([0x1000, 0x0999]);
    at(1002);
    expect(readCount(2)).toBe(0x9999);
    writeCount(2, 0); // ten thousand
    at(1003 + 9999);
    expect(pit.out(2)).toBe(false);
    expect(readCount(2)).toBe(1);
    at(1003 + 10000);
    expect(pit.out(2)).toBe(true);
  });

  test('read-back latches status before count, of several counters at once', () => {
    program(0, 2, 1000);
    program(2, 0, 500);
    at(101);
    outb(pit.registers, CONTROL, 0xca); // counters 0 and 2, both
    at(201);
    expect(inb(pit.registers, 0)).toBe(0xb4); // OUT, loaded, two bytes, mode 2
    expect(inb(pit.registers, 0) | (inb(pit.registers, 0) << 8)).toBe(900);
    expect(inb(pit.registers, 2)).toBe(0x30);
    expect(inb(pit.registers, 2) | (inb(pit.registers, 2) << 8)).toBe(400);
  });

  test('null count is set until the count is in the counting element', () => {
    outb(pit.registers, CONTROL, 0xb4);
    const status = () => {
      outb(pit.registers, CONTROL, 0xe8);
      return inb(pit.registers, 2);
    };
    expect(status()).toBe(0xf4);
    writeCount(2, 10);
    expect(status()).toBe(0xf4);
    at(1);
    expect(status()).toBe(0xb4);
    writeCount(2, 20);
    expect(status()).toBe(0xf4);
    at(11);
    expect(status()).toBe(0xb4);
  });

  test('the control word register reads as ones', () => {
    expect(inb(pit.registers, CONTROL)).toBe(0xff);
  });
});

describe('IRQ 0', () => {
  test('mode 2 at 100 Hz rises a hundred times in a second', () => {
    program(0, 2, 11932);
    expect(irq.rises).toBe(1); // OUT goes high with the control word
    clock.advanceTo(1e9 + 2000); // 11932 CLK are 10.0002 ms
    expect(irq.rises).toBe(1 + 99);
    clock.advanceTo(1.0001e9);
    expect(irq.rises).toBe(1 + 100);
    expect(irq.level).toBe(true);
  });

  test('mode 2 rises at the very tick of the reload', () => {
    program(0, 2, 1000);
    expect(irq.level).toBe(true); // from the control word on
    at(1000);
    expect(irq.falls).toBe(0);
    at(1001);
    expect([irq.falls, irq.rises]).toEqual([1, 2]);
  });

  test('mode 3 has both edges', () => {
    program(0, 3, 1000);
    at(501);
    expect(irq.level).toBe(false);
    at(1001);
    expect(irq.level).toBe(true);
  });

  test('mode 0 rises once', () => {
    program(0, 0, 100);
    expect(irq.level).toBe(false);
    at(100);
    expect(irq.level).toBe(false);
    at(101);
    expect(irq.level).toBe(true);
    at(200_000);
    expect(irq.rises).toBe(1);
    expect(clock.nextDeadline()).toBe(Number.POSITIVE_INFINITY);
  });

  test("mode 4, Linux's one-shot: LSB then MSB, one edge per count", () => {
    outb(pit.registers, CONTROL, 0x38);
    const before = irq.rises;
    for (let k = 0; k < 3; k++) {
      writeCount(0, 500);
      clock.advanceBy(1e6);
    }
    expect(irq.rises - before).toBe(3);
  });

  test("Linux's pit_shutdown: mode 0 with count 0 stops the edges of mode 2", () => {
    program(0, 2, 1000);
    at(5000);
    program(0, 0, 0);
    const { rises } = irq;
    at(60_000);
    expect(irq.rises).toBe(rises);
  });

  test('an edge that the clock has passed without firing its timer is given before a new control word', () => {
    // A clock that shows later times than it has fired timers for, as a monitor between two polls does.
    let ahead = 0;
    const lagging = {
      epochMillis: 0,
      now: () => clock.now() + ahead,
      schedule: (when: number, callback: () => void) => clock.schedule(when, callback),
    };
    pit = new Pit8254({ clock: lagging, irq });
    program(0, 2, 1000);
    const { rises } = irq;
    ahead = rate.nanos(2500);
    program(0, 2, 1000);
    expect(irq.rises - rises).toBe(2);
  });
});

describe('calibration by counter 2', () => {
  test("Linux's pit_calibrate_tsc: mode 0, the whole latch, OUT after 50 ms", () => {
    const latch = Math.round(1193182 / 20);
    pit.gate2.set(true);
    program(2, 0, latch);
    clock.advanceTo(rate.nanos(latch));
    expect(pit.out(2)).toBe(false);
    clock.advanceTo(rate.nanos(latch + 1));
    expect(pit.out(2)).toBe(true);
    expect(clock.now() / 1e6).toBeCloseTo(50, 2);
  });

  test("Linux's quick_pit_calibrate: the unlatched high byte falls every 256 CLK", () => {
    program(2, 0, 0xffff);
    const msb = () => {
      inb(pit.registers, 2);
      return inb(pit.registers, 2);
    };
    at(1);
    expect(msb()).toBe(0xff);
    at(1 + 256);
    expect(msb()).toBe(0xfe);
    at(1 + 50 * 256);
    expect(msb()).toBe(0xff - 50);
  });
});

test('save and load go on with the same edges', () => {
  program(0, 2, 1000);
  at(1500);
  outb(pit.registers, 0, 0x34); // half of a new count
  const state = JSON.parse(JSON.stringify(pit.save()));
  const otherIrq = new Probe();
  otherIrq.level = true;
  const other = new Pit8254({ clock, irq: otherIrq });
  other.load(state);
  at(1700);
  outb(other.registers, 0, 0x02);
  outb(pit.registers, 0, 0x02);
  const { rises } = irq;
  at(10_000);
  expect(otherIrq.rises).toBeGreaterThan(10);
  expect(otherIrq.rises).toBe(irq.rises - rises);
  expect(other.save()).toEqual(pit.save());
});

test('reset stops the timer', () => {
  program(0, 2, 1000);
  pit.reset();
  expect(clock.nextDeadline()).toBe(Number.POSITIVE_INFINITY);
});
