import { beforeEach, describe, expect, test } from 'vitest';
import { PicPair } from '../../src/devices/pic8259.ts';
import { inb, outb, Probe } from './wires.ts';

const SPECIFIC_EOI = 0x60;
const NON_SPECIFIC_EOI = 0x20;
const READ_IRR = 0x0a;
const READ_ISR = 0x0b;
const POLL = 0x0c;

let intr: Probe;
let pic: PicPair;

/** The sequence of a PC's operating system: vectors 20h to 2Fh, cascade on IR2, 8086 mode. */
function initialise({ masterIcw4 = 0x01, slaveIcw4 = 0x01 } = {}): void {
  outb(pic.master, 0, 0x11);
  outb(pic.master, 1, 0x20);
  outb(pic.master, 1, 0x04);
  outb(pic.master, 1, masterIcw4);
  outb(pic.slave, 0, 0x11);
  outb(pic.slave, 1, 0x28);
  outb(pic.slave, 1, 0x02);
  outb(pic.slave, 1, slaveIcw4);
}

function raise(...lines: number[]): void {
  for (const line of lines) pic.input(line).set(true);
}

function lower(...lines: number[]): void {
  for (const line of lines) pic.input(line).set(false);
}

function inService(): number {
  outb(pic.master, 0, READ_ISR);
  outb(pic.slave, 0, READ_ISR);
  return inb(pic.master, 0) | (inb(pic.slave, 0) << 8);
}

function requests(): number {
  outb(pic.master, 0, READ_IRR);
  outb(pic.slave, 0, READ_IRR);
  return inb(pic.master, 0) | (inb(pic.slave, 0) << 8);
}

beforeEach(() => {
  intr = new Probe();
  pic = new PicPair({ output: intr });
  initialise();
});

describe('initialisation', () => {
  test('ICW1 clears the mask, ICW2 to ICW4 do not touch it, then A0 = 1 is OCW1', () => {
    outb(pic.master, 1, 0xff);
    expect(inb(pic.master, 1)).toBe(0xff);
    initialise();
    expect(inb(pic.master, 1)).toBe(0);
    outb(pic.master, 1, 0xfb);
    outb(pic.slave, 1, 0xfe);
    expect(inb(pic.master, 1)).toBe(0xfb);
    expect(inb(pic.slave, 1)).toBe(0xfe);
  });

  test('without IC4 the sequence ends after ICW3, in single mode after ICW2', () => {
    outb(pic.master, 0, 0x10);
    outb(pic.master, 1, 0x40);
    outb(pic.master, 1, 0x04);
    outb(pic.master, 1, 0x55);
    expect(inb(pic.master, 1)).toBe(0x55);
    outb(pic.master, 0, 0x12);
    outb(pic.master, 1, 0x48);
    outb(pic.master, 1, 0xaa);
    expect(inb(pic.master, 1)).toBe(0xaa);
  });

  test('the edge sense circuit is reset: a line that stays high requests nothing until it falls and rises', () => {
    raise(3);
    initialise();
    expect(requests()).toBe(0);
    expect(pic.pending()).toBe(false);
    lower(3);
    raise(3);
    expect(requests()).toBe(1 << 3);
  });

  test('the low bits of ICW2 do not reach the vector', () => {
    outb(pic.master, 0, 0x11);
    for (const icw of [0x37, 0x04, 0x01]) outb(pic.master, 1, icw);
    raise(1);
    expect(pic.acknowledge()).toBe(0x31);
  });

  test('a chip in the middle of its initialisation does not interrupt', () => {
    pic.input(5).set(true);
    outb(pic.master, 0, 0x11);
    lower(5);
    raise(5);
    expect(pic.pending()).toBe(false);
    for (const icw of [0x20, 0x04, 0x01]) outb(pic.master, 1, icw);
    expect(pic.pending()).toBe(true);
  });
});

describe('requests', () => {
  test('an edge becomes INTR, acknowledge moves it from IRR to ISR and gives its vector', () => {
    raise(4);
    expect(intr.level).toBe(true);
    expect(requests()).toBe(1 << 4);
    expect(pic.acknowledge()).toBe(0x24);
    expect(requests()).toBe(0);
    expect(inService()).toBe(1 << 4);
    expect(intr.level).toBe(false);
  });

  test('a request of the slave goes through IR2 and is in service in both', () => {
    raise(12);
    expect(pic.acknowledge()).toBe(0x2c);
    expect(inService()).toBe((1 << 12) | (1 << 2));
    outb(pic.slave, 0, NON_SPECIFIC_EOI);
    outb(pic.master, 0, NON_SPECIFIC_EOI);
    expect(inService()).toBe(0);
  });

  test('IRQ 8 comes before IRQ 3, since the slave sits on IR2', () => {
    raise(3, 15, 8);
    expect(pic.acknowledge()).toBe(0x28);
    outb(pic.slave, 0, NON_SPECIFIC_EOI);
    outb(pic.master, 0, NON_SPECIFIC_EOI);
    expect(pic.acknowledge()).toBe(0x2f);
    outb(pic.slave, 0, NON_SPECIFIC_EOI);
    outb(pic.master, 0, NON_SPECIFIC_EOI);
    expect(pic.acknowledge()).toBe(0x23);
  });

  test('fully nested: a higher level interrupts a lower one in service, a lower one waits for its end', () => {
    raise(4);
    pic.acknowledge();
    raise(6);
    expect(pic.pending()).toBe(false);
    raise(1);
    expect(pic.acknowledge()).toBe(0x21);
    outb(pic.master, 0, NON_SPECIFIC_EOI); // ends the highest: 1
    expect(inService()).toBe(1 << 4);
    expect(pic.pending()).toBe(false);
    outb(pic.master, 0, NON_SPECIFIC_EOI);
    expect(pic.acknowledge()).toBe(0x26);
  });

  test('a masked line latches its request and gives it when it is unmasked', () => {
    outb(pic.master, 1, 1 << 4);
    raise(4);
    expect(intr.level).toBe(false);
    expect(requests()).toBe(1 << 4);
    outb(pic.master, 1, 0);
    expect(intr.level).toBe(true);
  });

  test('masking a line withdraws INTR', () => {
    raise(4);
    outb(pic.master, 1, 0xff);
    expect(intr.level).toBe(false);
  });

  test('an edge line that stays high interrupts once', () => {
    raise(4);
    pic.acknowledge();
    outb(pic.master, 0, NON_SPECIFIC_EOI);
    expect(pic.pending()).toBe(false);
    raise(4); // a repeated level is no edge
    expect(pic.pending()).toBe(false);
    lower(4);
    raise(4);
    expect(pic.pending()).toBe(true);
  });

  test('an edge during the service is kept for after it', () => {
    raise(0);
    pic.acknowledge();
    lower(0);
    raise(0);
    expect(pic.pending()).toBe(false);
    outb(pic.master, 0, NON_SPECIFIC_EOI);
    expect(pic.acknowledge()).toBe(0x20);
  });

  test('two requests of the slave under auto EOI both reach the processor', () => {
    initialise({ masterIcw4: 0x03, slaveIcw4: 0x03 });
    raise(9, 10);
    expect(pic.acknowledge()).toBe(0x29);
    expect(pic.acknowledge()).toBe(0x2a);
    expect(pic.pending()).toBe(false);
  });

  test('IRQ 2 belongs to the slave', () => {
    raise(2);
    expect(requests()).toBe(0);
    expect(() => pic.input(16)).toThrow(RangeError);
  });
});

describe('spurious interrupts', () => {
  test('a request that goes away before the acknowledge gives IRQ 7 without an in-service bit', () => {
    raise(4);
    lower(4);
    expect(pic.acknowledge()).toBe(0x27);
    expect(inService()).toBe(0);
  });

  test('behind the slave it takes the request at the master with it: IRQ 7, not 15', () => {
    raise(11);
    expect(pic.pending()).toBe(true);
    lower(11);
    expect(pic.pending()).toBe(false);
    expect(pic.acknowledge()).toBe(0x27);
    expect(inService()).toBe(0);
  });
});

describe('end of interrupt', () => {
  test('specific EOI ends its level only', () => {
    raise(4);
    pic.acknowledge();
    raise(1);
    pic.acknowledge();
    outb(pic.master, 0, SPECIFIC_EOI | 4);
    expect(inService()).toBe(1 << 1);
  });

  test('auto EOI leaves nothing in service', () => {
    initialise({ masterIcw4: 0x03 });
    raise(4);
    expect(pic.acknowledge()).toBe(0x24);
    expect(inService()).toBe(0);
  });

  test('non-specific EOI with nothing in service changes nothing', () => {
    outb(pic.master, 0, 0xa0); // rotate on non-specific EOI
    raise(7, 0);
    expect(pic.acknowledge()).toBe(0x20);
  });
});

describe('priorities', () => {
  test('set priority: after C0h + 5, level 6 is the highest', () => {
    outb(pic.master, 0, 0xc0 | 5);
    raise(0, 5, 6);
    expect(pic.acknowledge()).toBe(0x26);
    outb(pic.master, 0, NON_SPECIFIC_EOI);
    expect(pic.acknowledge()).toBe(0x20);
    outb(pic.master, 0, NON_SPECIFIC_EOI);
    expect(pic.acknowledge()).toBe(0x25);
  });

  test("rotate on non-specific EOI: the data sheet's example of IR4 and IR6", () => {
    raise(4, 6);
    pic.acknowledge(); // IR4 in service
    outb(pic.master, 0, 0xa0);
    // IR4 is now the lowest, IR5 the highest: 6 comes before 0.
    raise(0);
    expect(pic.acknowledge()).toBe(0x26);
  });

  test('rotate on specific EOI ends the level and makes it the lowest', () => {
    raise(2 + 1);
    pic.acknowledge();
    outb(pic.master, 0, 0xe0 | 3);
    expect(inService()).toBe(0);
    lower(3);
    raise(3, 4);
    expect(pic.acknowledge()).toBe(0x24);
  });

  test('rotation in auto EOI mode takes turns', () => {
    initialise({ masterIcw4: 0x03 });
    outb(pic.master, 0, 0x80);
    raise(0, 1);
    expect(pic.acknowledge()).toBe(0x20);
    lower(0);
    raise(0);
    expect(pic.acknowledge()).toBe(0x21);
    expect(pic.acknowledge()).toBe(0x20);
    outb(pic.master, 0, 0x00); // clear: the priorities stay where they are
    lower(0, 1);
    raise(0, 1);
    expect(pic.acknowledge()).toBe(0x21);
  });

  test('special mask mode lets lower levels through while a masked one is in service', () => {
    raise(3);
    pic.acknowledge();
    raise(6);
    outb(pic.master, 1, 1 << 3);
    expect(pic.pending()).toBe(false); // a mask alone does not
    outb(pic.master, 0, 0x68);
    expect(pic.acknowledge()).toBe(0x26);
    outb(pic.master, 0, NON_SPECIFIC_EOI); // does not see the masked in-service bit
    expect(inService()).toBe(1 << 3);
    outb(pic.master, 0, 0x48); // leave special mask mode
    raise(5);
    expect(pic.pending()).toBe(false);
  });

  test('special fully nested: the slave may interrupt itself with a higher level; lower master levels still wait', () => {
    initialise({ masterIcw4: 0x11 });
    raise(12);
    expect(pic.acknowledge()).toBe(0x2c);
    raise(5);
    expect(pic.pending()).toBe(false);
    raise(9);
    expect(pic.acknowledge()).toBe(0x29);
  });

  test('without special fully nested mode the slave waits for the EOI at the master', () => {
    raise(12);
    pic.acknowledge();
    raise(9);
    expect(pic.pending()).toBe(false);
    outb(pic.master, 0, NON_SPECIFIC_EOI);
    expect(pic.acknowledge()).toBe(0x29);
  });
});

describe('level-triggered lines', () => {
  test('ELCR keeps the lines of timer, keyboard, cascade, RTC and coprocessor on edges', () => {
    pic.elcr.write(0, 16, 0xffff);
    expect(inb(pic.elcr, 0)).toBe(0xf8);
    expect(inb(pic.elcr, 1)).toBe(0xde);
    expect(pic.elcr.read(0, 16)).toBe(0xdef8);
  });

  test('a line that is still high after its EOI interrupts again', () => {
    outb(pic.elcr, 1, 1 << 3);
    raise(11);
    for (let k = 0; k < 3; k++) {
      expect(pic.acknowledge()).toBe(0x2b);
      outb(pic.slave, 0, NON_SPECIFIC_EOI);
      outb(pic.master, 0, NON_SPECIFIC_EOI);
    }
    lower(11);
    expect(pic.pending()).toBe(false);
  });

  test('initialisation keeps ELCR and the request of a high level', () => {
    outb(pic.elcr, 0, 1 << 5);
    raise(5);
    initialise();
    expect(inb(pic.elcr, 0)).toBe(1 << 5);
    expect(pic.acknowledge()).toBe(0x25);
  });
});

describe('poll', () => {
  test('the read after the poll command acknowledges; the read after that is a register again', () => {
    raise(6);
    outb(pic.master, 0, POLL);
    expect(inb(pic.master, 0)).toBe(0x86);
    expect(inService()).toBe(1 << 6);
    outb(pic.master, 0, POLL);
    expect(inb(pic.master, 0)).toBe(0); // nothing (of higher priority) requests
    outb(pic.master, 1, 0x42);
    expect(inb(pic.master, 1)).toBe(0x42);
  });
});

test("Linux's probe_8259A: a mask written to the master alone reads back, the slave's stays", () => {
  outb(pic.slave, 1, 0xff);
  outb(pic.master, 1, 0xff & ~(1 << 2));
  expect(inb(pic.master, 1)).toBe(0xfb);
  expect(inb(pic.slave, 1)).toBe(0xff);
});

test("Linux's mask_and_ack_8259A: IRQ 9 is masked, then ended by specific EOI at both chips", () => {
  raise(9);
  expect(pic.acknowledge()).toBe(0x29);
  inb(pic.slave, 1);
  outb(pic.slave, 1, 1 << 1);
  outb(pic.slave, 0, SPECIFIC_EOI | 1);
  outb(pic.master, 0, SPECIFIC_EOI | 2);
  expect(inService()).toBe(0);
  lower(9);
  raise(9);
  expect(pic.pending()).toBe(false);
  outb(pic.slave, 1, 0);
  expect(pic.acknowledge()).toBe(0x29);
});

test('save and load carry requests, masks and a half-done initialisation', () => {
  raise(4, 10);
  pic.acknowledge();
  outb(pic.slave, 0, 0x11);
  outb(pic.slave, 1, 0x70);
  const state = JSON.parse(JSON.stringify(pic.save()));
  const copy = new PicPair({ output: new Probe() });
  copy.load(state);
  expect(copy.save()).toEqual(pic.save());
  outb(copy.slave, 1, 0x02);
  outb(copy.slave, 1, 0x01);
  outb(copy.master, 0, NON_SPECIFIC_EOI);
  copy.input(13).set(true);
  expect(copy.acknowledge()).toBe(0x75);
});

test('reset makes every line edge-triggered and forgets requests; inputs keep their levels', () => {
  outb(pic.elcr, 0, 0x20);
  raise(4, 5);
  pic.reset();
  expect(pic.pending()).toBe(false);
  expect(intr.level).toBe(false);
  expect(inb(pic.elcr, 0)).toBe(0);
  initialise();
  raise(4);
  expect(pic.pending()).toBe(false);
});
