import { beforeEach, describe, expect, test } from 'vitest';
import { Rtc146818 } from '../../src/devices/rtc146818.ts';
import { ManualClock } from '../../src/lib/clock.ts';
import { inb, outb, Probe } from './wires.ts';

const [SECONDS, SECONDS_ALARM, MINUTES, MINUTES_ALARM, HOURS, HOURS_ALARM, WEEKDAY, DAY, MONTH, YEAR, A, B, C, D] = [
  0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13,
] as const;
const CENTURY = 0x32;
const SECOND = 1e9;

let clock: ManualClock;
let irq: Probe;
let nmiMask: Probe;
let rtc: Rtc146818;

function make(epochMillis: number): void {
  clock = new ManualClock(epochMillis);
  irq = new Probe();
  nmiMask = new Probe();
  rtc = new Rtc146818({ clock, irq, nmiMask });
}

function read(index: number): number {
  outb(rtc.registers, 0, index);
  return inb(rtc.registers, 1);
}

function write(index: number, value: number): void {
  outb(rtc.registers, 0, index);
  outb(rtc.registers, 1, value);
}

/** Time and date as the bytes in hexadecimal: in BCD mode they read as decimals. */
function shown(): string {
  const hex = (index: number) => read(index).toString(16).padStart(2, '0');
  return `${hex(CENTURY)}${hex(YEAR)}-${hex(MONTH)}-${hex(DAY)} ${hex(HOURS)}:${hex(MINUTES)}:${hex(SECONDS)}`;
}

beforeEach(() => make(Date.UTC(2024, 1, 28, 23, 59, 58)));

describe('time', () => {
  test('is the wall clock at power-on plus guest time, through a leap day', () => {
    expect(shown()).toBe('2024-02-28 23:59:58');
    expect(read(WEEKDAY)).toBe(4); // a Wednesday
    clock.advanceBy(2 * SECOND);
    expect(shown()).toBe('2024-02-29 00:00:00');
    expect(read(WEEKDAY)).toBe(5);
    clock.advanceBy(86400 * SECOND);
    expect(shown()).toBe('2024-03-01 00:00:00');
    expect(read(WEEKDAY)).toBe(6);
  });

  test('carries into the century', () => {
    make(Date.UTC(1999, 11, 31, 23, 59, 59));
    clock.advanceBy(SECOND);
    expect(shown()).toBe('2000-01-01 00:00:00');
  });

  test('the second changes with the wall clock, not with power-on', () => {
    make(Date.UTC(2024, 0, 1, 0, 0, 0, 750));
    clock.advanceBy(0.249 * SECOND);
    expect(read(SECONDS)).toBe(0);
    clock.advanceBy(0.002 * SECOND);
    expect(read(SECONDS)).toBe(1);
  });

  test('binary and 12 hours, set as the data sheet says: SET, format, then the ten bytes', () => {
    write(B, 0x84); // SET, binary, 12 hours
    for (const [index, value] of [
      [SECONDS, 59],
      [MINUTES, 59],
      [HOURS, 0x80 | 11], // 11 PM
      [DAY, 31],
      [MONTH, 12],
      [YEAR, 99],
      [CENTURY, 19],
      [WEEKDAY, 6],
    ] as const) {
      write(index, value);
    }
    clock.advanceBy(5 * SECOND);
    expect(read(SECONDS)).toBe(59); // SET inhibits the update
    write(B, 0x04);
    clock.advanceBy(SECOND);
    expect([CENTURY, YEAR, MONTH, DAY, HOURS, MINUTES, SECONDS].map(read)).toEqual([20, 0, 1, 1, 12, 0, 0]);
    expect(read(WEEKDAY)).toBe(7);
    clock.advanceBy(12 * 3600 * SECOND);
    expect(read(HOURS)).toBe(0x80 | 12);
    clock.advanceBy(3600 * SECOND);
    expect(read(HOURS)).toBe(0x80 | 1);
  });

  test("Linux's mc146818_set_time: with the divider reset, the next second begins half a second after its release", () => {
    write(B, read(B) | 0x80);
    const frequency = read(A);
    write(A, frequency | 0x70);
    for (const [index, value] of [
      [YEAR, 0x30],
      [MONTH, 0x06],
      [DAY, 0x15],
      [HOURS, 0x12],
      [MINUTES, 0x34],
      [SECONDS, 0x56],
    ] as const) {
      write(index, value);
    }
    clock.advanceBy(10 * SECOND);
    write(B, 0x02);
    write(A, frequency);
    expect(shown()).toBe('2030-06-15 12:34:56');
    clock.advanceBy(0.499 * SECOND);
    expect(read(SECONDS)).toBe(0x56);
    clock.advanceBy(0.002 * SECOND);
    expect(shown()).toBe('2030-06-15 12:34:57');
  });

  test('registers written one by one while the clock runs keep what was written until the next second', () => {
    write(MONTH, 0x02); // 30 February for a moment
    write(DAY, 0x30);
    write(DAY, 0x10);
    clock.advanceBy(SECOND);
    expect(shown()).toBe('2024-02-10 23:59:59');
  });
});

describe('update in progress', () => {
  test('is up for the last 2.2 ms of each second', () => {
    expect(read(A)).toBe(0x26);
    clock.advanceBy(0.997 * SECOND);
    expect(read(A) & 0x80).toBe(0);
    clock.advanceBy(0.001 * SECOND);
    expect(read(A)).toBe(0xa6);
    clock.advanceBy(0.0021 * SECOND);
    expect(read(A) & 0x80).toBe(0);
    expect(read(SECONDS)).toBe(0x59);
  });

  test("Linux's mc146818_avoid_UIP: polled every millisecond it clears within 10 ms", () => {
    clock.advanceBy(0.9979 * SECOND);
    let polls = 0;
    while (read(A) & 0x80) {
      clock.advanceBy(1e6);
      polls++;
    }
    expect(polls).toBeGreaterThan(0);
    expect(polls).toBeLessThan(10);
  });

  test('stays down under SET', () => {
    write(B, 0x82);
    clock.advanceBy(0.999 * SECOND);
    expect(read(A) & 0x80).toBe(0);
  });
});

describe('interrupts', () => {
  test('flags show without being enabled; reading C clears them', () => {
    clock.advanceBy(SECOND);
    expect(read(C)).toBe(0x50); // PF at 1024 Hz, UF
    expect(read(C)).toBe(0);
    expect(irq.rises).toBe(0);
  });

  test('update-ended: once a second, each acknowledged by reading C', () => {
    write(B, 0x12);
    read(C);
    for (let k = 1; k <= 3; k++) {
      clock.advanceBy(SECOND);
      expect(irq.rises).toBe(k);
      expect(read(C) & 0x90).toBe(0x90);
      expect(irq.level).toBe(false);
    }
  });

  test('an interrupt that nobody acknowledges sets no more timers', () => {
    write(B, 0x42);
    clock.advanceBy(SECOND);
    expect(irq.level).toBe(true);
    expect(clock.nextDeadline()).toBe(Number.POSITIVE_INFINITY);
  });

  test('periodic at every rate', () => {
    for (const [rs, hertz] of [
      [1, 256],
      [2, 128],
      [3, 8192],
      [6, 1024],
      [15, 2],
    ] as const) {
      make(Date.UTC(2024, 0, 1));
      write(A, 0x20 | rs);
      write(B, 0x42);
      let interrupts = 0;
      while (clock.nextDeadline() <= SECOND) {
        clock.advanceTo(clock.nextDeadline());
        expect(read(C) & 0xc0).toBe(0xc0);
        interrupts++;
      }
      expect(interrupts).toBe(hertz);
    }
  });

  test('rate 0 is none', () => {
    write(A, 0x20);
    write(B, 0x42);
    expect(clock.nextDeadline()).toBe(Number.POSITIVE_INFINITY);
  });

  test('alarm at a time of the day', () => {
    write(SECONDS_ALARM, 0x30);
    write(MINUTES_ALARM, 0x15);
    write(HOURS_ALARM, 0x06);
    write(B, 0x22);
    clock.advanceTo(clock.nextDeadline());
    expect(irq.level).toBe(true);
    expect(shown()).toBe('2024-02-29 06:15:30');
    expect(read(C) & 0xa0).toBe(0xa0);
    clock.advanceTo(clock.nextDeadline());
    expect(shown()).toBe('2024-03-01 06:15:30');
  });

  test('alarm bytes from C0h on match anything: every minute, every second', () => {
    write(SECONDS_ALARM, 0x10);
    write(MINUTES_ALARM, 0xff);
    write(HOURS_ALARM, 0xc0);
    write(B, 0x22);
    for (const time of ['00:00:10', '00:01:10', '00:02:10']) {
      clock.advanceTo(clock.nextDeadline());
      expect(shown().slice(11)).toBe(time);
      read(C);
    }
    write(SECONDS_ALARM, 0xff);
    clock.advanceTo(clock.nextDeadline());
    expect(shown().slice(11)).toBe('00:02:11');
  });

  test('an alarm at the hour, minute and second of now waits a day; at no possible time, for ever', () => {
    write(SECONDS_ALARM, 0x58);
    write(MINUTES_ALARM, 0x59);
    write(HOURS_ALARM, 0x23);
    write(B, 0x22);
    expect(clock.nextDeadline()).toBe(86400 * SECOND);
    write(HOURS_ALARM, 0x25);
    expect(clock.nextDeadline()).toBe(Number.POSITIVE_INFINITY);
  });

  test('the alarm flag is found among the seconds that nobody looked at', () => {
    write(SECONDS_ALARM, 0x05);
    write(MINUTES_ALARM, 0x10);
    write(HOURS_ALARM, 0x00);
    read(C);
    clock.advanceBy(600 * SECOND);
    expect(read(C) & 0x20).toBe(0);
    clock.advanceBy(600 * SECOND);
    expect(read(C) & 0x20).toBe(0x20);
  });

  test('SET clears UIE', () => {
    write(B, 0x92);
    expect(read(B)).toBe(0x82);
  });

  test("Linux's hpet/rtc probe: RTC interrupts enabled and disabled leave the line low", () => {
    write(B, read(B) | 0x10);
    clock.advanceBy(1.5 * SECOND);
    write(B, read(B) & ~0x70);
    expect(irq.level).toBe(false);
    read(C);
  });
});

describe('CMOS', () => {
  test('locations above the clock hold bytes; C and D are read-only', () => {
    write(0x0f, 0x5a);
    write(0x7f, 0xa5);
    expect([read(0x0f), read(0x7f)]).toEqual([0x5a, 0xa5]);
    write(D, 0);
    write(C, 0xff);
    expect([read(C), read(D)]).toEqual([0, 0x80]);
  });

  test('bit 7 of the index masks NMI and does not select', () => {
    outb(rtc.registers, 0, 0x80 | D);
    expect(nmiMask.level).toBe(true);
    expect(inb(rtc.registers, 1)).toBe(0x80);
    outb(rtc.registers, 0, D);
    expect(nmiMask.level).toBe(false);
    expect(inb(rtc.registers, 0)).toBe(0xff);
  });

  test('memory sizes stand where firmware looks', () => {
    const word = (index: number) => read(index) | (read(index + 1) << 8);
    rtc.setMemorySize(256 << 20);
    expect(word(0x15)).toBe(640);
    expect(word(0x17)).toBe(0xffff);
    expect(word(0x30)).toBe(0xffff);
    expect(word(0x34)).toBe(240 * 16);
    rtc.setMemorySize(8 << 20);
    expect(word(0x17)).toBe(7 * 1024);
    expect(word(0x34)).toBe(0);
    rtc.setMemorySize(3 * 2 ** 30, 2 ** 30);
    expect(word(0x34)).toBe((3072 - 16) * 16);
    expect(word(0x5b)).toBe(1024 * 16);
  });

  test('boot order and checksum', () => {
    rtc.setBootOrder(['cdrom', 'disk', 'floppy']);
    expect(read(0x3d)).toBe(0x23);
    expect(read(0x38)).toBe(0x10);
    rtc.setByte(0x10, 0x40);
    rtc.setByte(0x14, 0x06);
    let sum = 0;
    for (let k = 0x10; k <= 0x2d; k++) sum += read(k);
    expect((read(0x2e) << 8) | read(0x2f)).toBe(sum);
    expect(() => rtc.setByte(B, 0)).toThrow(RangeError);
  });
});

test('reset disables interrupts and keeps time and RAM', () => {
  write(B, 0x72);
  write(0x40, 0x77);
  clock.advanceBy(SECOND);
  rtc.reset();
  expect(irq.level).toBe(false);
  expect(read(B)).toBe(0x02);
  expect(read(C)).toBe(0);
  expect(read(0x40)).toBe(0x77);
  expect(shown()).toBe('2024-02-28 23:59:59');
});

test('save and load go on with time, flags and timer', () => {
  write(B, 0x12);
  clock.advanceBy(0.4 * SECOND);
  const state = JSON.parse(JSON.stringify(rtc.save()));
  const otherIrq = new Probe();
  const other = new Rtc146818({ clock, irq: otherIrq });
  other.load(state);
  clock.advanceBy(0.6 * SECOND);
  expect(otherIrq.level).toBe(true);
  rtc = other;
  expect(shown()).toBe('2024-02-28 23:59:59');
});
