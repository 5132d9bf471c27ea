// The floppy controller by its registers, as the 82077AA's datasheet has them used, with an 8237 and memory behind it.

import { describe, expect, test } from 'vitest';
import { Dma8237 } from '../../src/devices/dma8237.ts';
import { Fdc82077 } from '../../src/devices/floppy/fdc82077.ts';
import { cmosType, FloppyDrive, floppyFormat, formatBytes } from '../../src/devices/floppy/floppy-drive.ts';
import { ManualClock } from '../../src/lib/clock.ts';
import { inb, outb, Probe } from './wires.ts';

const DOR = 2;
const MSR = 4;
const FIFO = 5;
const DIR = 7;
const MEGABYTE = 1 << 20;

/** A disk whose sectors all differ. */
function disk(bytes: number, options: { readOnly?: boolean; failing?: boolean } = {}) {
  const contents = new Uint8Array(bytes);
  const view = new DataView(contents.buffer);
  for (let at = 0; at < bytes; at += 4) view.setUint32(at, Math.imul(at + 1, 2_654_435_761));
  const writes: [number, number][] = [];
  return {
    bytes: contents,
    readOnly: options.readOnly ?? false,
    writes,
    written: async (at: number, count: number) => {
      if (options.failing) throw new Error('the host has no space');
      writes.push([at, count]);
    },
  };
}

function setUp(drives: readonly (FloppyDrive | undefined)[] = [new FloppyDrive('1.44M'), undefined]) {
  const clock = new ManualClock();
  const irq = new Probe();
  const memory = new Uint8Array(MEGABYTE);
  const dma = new Dma8237({
    memory: {
      read: (address, into) => into.set(memory.subarray(address, address + into.length)),
      write: (address, from) => memory.set(from, address),
    },
  });
  dma.enableCascade();
  const fdc = new Fdc82077({
    clock,
    irq,
    dma: {
      request: (level) => dma.request(2, level),
      read: (into) => dma.read(2, into),
      write: (from) => dma.write(2, from),
    },
    drives,
  });
  const out = (offset: number, value: number) => outb(fdc.registers, offset, value);
  const read = (offset: number) => inb(fdc.registers, offset);
  const command = (...bytes: number[]) => {
    for (const byte of bytes) {
      expect(read(MSR) & 0xc0, 'ready for a command byte').toBe(0x80);
      out(FIFO, byte);
    }
  };
  const result = () => {
    const bytes: number[] = [];
    while ((read(MSR) & 0xd0) === 0xd0) bytes.push(read(FIFO));
    return bytes;
  };
  /** Lets the controller work, and the host. */
  const wait = async (millis = 1000) => {
    for (let k = 0; k < 50; k++) {
      clock.advanceBy((millis * 1e6) / 50);
      await Promise.resolve();
      await Promise.resolve();
    }
  };
  const channel = (mode: number, address: number, count: number) => {
    for (const [port, value] of [
      [12, 0],
      [11, mode | 2],
      [4, address & 0xff],
      [4, (address >> 8) & 0xff],
      [5, (count - 1) & 0xff],
      [5, ((count - 1) >> 8) & 0xff],
      [10, 2],
    ] as const) {
      outb(dma.primary, port, value);
    }
    outb(dma.pages, 0, address >> 16);
  };
  const toMemory = (address: number, count: number) => channel(0x44, address, count);
  const fromMemory = (address: number, count: number) => channel(0x48, address, count);
  const start = async (rate = 0) => {
    out(DOR, 0);
    out(DOR, 0x1c);
    await wait(1);
    for (let k = 0; k < 4; k++) {
      command(8);
      result();
    }
    outb(fdc.registers, DIR, rate);
    command(3, 0xdf, 0x02); // SPECIFY: DMA
  };
  return { clock, irq, memory, fdc, out, read, command, result, wait, toMemory, fromMemory, start, drives };
}

function withDisk(bytes: number, type: '360K' | '1.2M' | '720K' | '1.44M' | '2.88M' = '1.44M') {
  const drive = new FloppyDrive(type);
  const medium = disk(bytes);
  drive.insert(medium);
  return { ...setUp([drive, undefined]), drive, medium };
}

describe('formats', () => {
  test.each([
    [160, '360K', 40, 1, 8],
    [180, '360K', 40, 1, 9],
    [320, '360K', 40, 2, 8],
    [360, '360K', 40, 2, 9],
    [720, '1.44M', 80, 2, 9],
    [1200, '1.2M', 80, 2, 15],
    [1440, '1.44M', 80, 2, 18],
    [2880, '2.88M', 80, 2, 36],
  ] as const)('%iK', (kib, drive, cylinders, heads, sectors) => {
    expect(floppyFormat(kib * 1024)).toMatchObject({ drive, format: { cylinders, heads, sectors } });
  });

  test('an image that ends early is of the next format that holds it', () => {
    const found = floppyFormat(1_000_000);
    expect(found && formatBytes(found.format)).toBe(1_228_800);
    expect(floppyFormat(2880 * 1024 + 1)).toBeUndefined();
  });

  test('CMOS types', () => {
    expect((['360K', '1.2M', '720K', '1.44M', '2.88M'] as const).map(cmosType)).toEqual([1, 2, 3, 4, 5]);
    expect(cmosType(undefined)).toBe(0);
  });
});

describe('commands', () => {
  test('after reset the four drives report, with one interrupt', async () => {
    const { out, irq, wait, command, result } = setUp();
    out(DOR, 0x08);
    out(DOR, 0x0c);
    await wait(1);
    expect(irq.level).toBe(true);
    const reports = [0, 1, 2, 3].map(() => {
      command(8);
      return result();
    });
    expect(reports).toEqual([
      [0xc0, 0],
      [0xc1, 0],
      [0xc2, 0],
      [0xc3, 0],
    ]);
    expect(irq.level).toBe(false);
    command(8);
    expect(result()).toEqual([0x80]); // invalid without an interrupt
  });

  test('no report after reset without polling', async () => {
    const { out, irq, wait, command, start, result } = setUp();
    await start();
    command(0x94); // LOCK, so that the reset keeps the configuration
    result();
    command(0x13, 0, 0x10, 0);
    out(MSR, 0x80); // by the data rate select register
    await wait(1);
    expect(irq.level).toBe(false);
  });

  test('VERSION, LOCK, DUMPREG, and what is invalid', async () => {
    const { command, result, start } = setUp();
    await start();
    command(0x10);
    expect(result()).toEqual([0x90]);
    command(0x13, 0, 0x57, 9);
    command(0x12, 0x8c | 1);
    command(0x94);
    expect(result()).toEqual([0x10]);
    command(0x0e);
    expect(result()).toEqual([0, 0, 0, 0, 0xdf, 0x02, 0, 0x80 | 0x0d, 0x57, 9]);
    command(0x1f);
    expect(result()).toEqual([0x80]);
  });

  test('SEEK and RECALIBRATE tell where the heads are', async () => {
    const { command, result, wait, start, irq, read } = withDisk(1_474_560);
    await start();
    command(0x0f, 0, 30);
    expect(read(MSR) & 1, 'drive 0 seeks').toBe(1);
    await wait();
    expect(irq.level).toBe(true);
    command(8);
    expect(result()).toEqual([0x20, 30]);
    command(4, 0);
    expect(result()).toEqual([0x28]); // ready, two sides, not at track 0
    command(7, 0);
    await wait();
    command(8);
    expect(result()).toEqual([0x20, 0]);
    command(4, 4);
    expect(result()).toEqual([0x3c]);
  });

  test('a SEEK of a drive that still seeks takes its place', async () => {
    const { command, result, wait, start, irq } = withDisk(1_474_560);
    await start();
    command(0x0f, 0, 70);
    command(0x0f, 0, 3);
    const rises = irq.rises;
    await wait();
    expect(irq.rises).toBe(rises + 1);
    command(8);
    expect(result()).toEqual([0x20, 3]);
  });

  test('RECALIBRATE of a drive that is not there finds no track 0', async () => {
    const { command, result, wait, start } = setUp();
    await start();
    command(7, 1);
    await wait();
    command(8);
    expect(result()).toEqual([0x71, 0]);
  });

  test('READ ID', async () => {
    const { command, result, wait, start } = withDisk(1_474_560);
    await start();
    command(0x0f, 4, 7);
    await wait();
    command(8);
    result();
    command(0x4a, 4);
    await wait();
    expect(result()).toEqual([0x04, 0, 0, 7, 1, 1, 2]);
  });
});

describe('reading', () => {
  test('sectors up to the terminal count, on both sides', async () => {
    const { command, result, wait, start, toMemory, memory, medium, irq } = withDisk(1_474_560);
    await start();
    command(0x0f, 0, 5);
    await wait();
    command(8);
    result();
    toMemory(0x20000, 5 * 512);
    command(0xe6, 0, 5, 0, 16, 2, 18, 0x1b, 0xff); // multi-track: sectors 16 to 18, then the other side
    expect(irq.level).toBe(false);
    await wait();
    expect(irq.level).toBe(true);
    expect(result()).toEqual([0x04, 0, 0, 5, 1, 3, 2]);
    expect(irq.level).toBe(false);
    const from = (5 * 36 + 15) * 512;
    expect(memory.subarray(0x20000, 0x20000 + 5 * 512)).toEqual(medium.bytes.subarray(from, from + 5 * 512));
  });

  test('past the last sector of a track without the terminal count ends abnormally', async () => {
    const { command, result, wait, start, toMemory } = withDisk(1_474_560);
    await start();
    toMemory(0, 4096);
    command(0x46, 0, 0, 0, 17, 2, 18, 0x1b, 0xff);
    await wait();
    expect(result()).toEqual([0x40, 0x80, 0, 1, 0, 1, 2]);
  });

  test('without DMA, a byte for each interrupt or look at the status', async () => {
    const { command, result, wait, start, medium, irq, read } = withDisk(737_280);
    await start(2); // 250 kbit/s
    command(3, 0xdf, 0x03);
    command(0x46, 0, 0, 0, 3, 2, 3, 0x1b, 0xff);
    await wait(1);
    const bytes: number[] = [];
    while ((read(MSR) & 0xf0) === 0xf0) {
      expect(irq.level).toBe(true);
      bytes.push(read(FIFO));
    }
    expect(bytes).toEqual([...medium.bytes.subarray(1024, 1536)]);
    // Without a terminal count, the end of the track is the end.
    expect(result()).toEqual([0x40, 0x80, 0, 1, 0, 1, 2]);
  });

  test.each([
    ['the wrong cylinder', [0x46, 0, 9, 0, 1, 2, 18], 0, [0x40, 0x04, 0x10, 9, 0, 1, 2]],
    ['a sector that is not there', [0x46, 0, 0, 0, 19, 2, 19], 0, [0x40, 0x04, 0, 0, 0, 19, 2]],
    ['another sector size', [0x46, 0, 0, 0, 1, 3, 18], 0, [0x40, 0x04, 0, 0, 0, 1, 3]],
    ['the wrong data rate', [0x46, 0, 0, 0, 1, 2, 18], 2, [0x40, 0x01, 0, 0, 0, 1, 2]],
  ])('%s', async (_, bytes, rate, expected) => {
    const { command, result, wait, start, toMemory } = withDisk(1_474_560);
    await start(rate);
    toMemory(0, 512);
    command(...bytes, 0x1b, 0xff);
    await wait();
    expect(result()).toEqual(expected);
  });

  test('implied seek', async () => {
    const { command, result, wait, start, toMemory, memory, medium } = withDisk(1_474_560);
    await start();
    command(0x13, 0, 0x57, 0);
    toMemory(0, 512);
    command(0x46, 0, 44, 0, 1, 2, 18, 0x1b, 0xff);
    await wait();
    expect(result().slice(0, 3)).toEqual([0, 0, 0]);
    expect(memory.subarray(0, 512)).toEqual(medium.bytes.subarray(44 * 36 * 512, 44 * 36 * 512 + 512));
  });

  test('a disk of 40 cylinders in a drive of 80 lies under every other track', async () => {
    const { command, result, wait, start, toMemory, memory, medium } = withDisk(368_640, '1.2M');
    await start(1); // 300 kbit/s
    command(0x0f, 0, 20);
    await wait();
    command(8);
    result();
    toMemory(0, 512);
    command(0x46, 0, 10, 0, 1, 2, 9, 0x1b, 0xff);
    await wait();
    expect(result().slice(0, 3)).toEqual([0, 0, 0]);
    expect(memory.subarray(0, 512)).toEqual(medium.bytes.subarray(10 * 18 * 512, 10 * 18 * 512 + 512));
  });

  test('a masked DMA channel overruns', async () => {
    const { command, result, wait, start } = withDisk(1_474_560);
    await start();
    command(0x46, 0, 0, 0, 1, 2, 18, 0x1b, 0xff);
    await wait();
    expect(result().slice(0, 2)).toEqual([0x40, 0x10]);
  });
});

describe('writing', () => {
  test('reaches the medium, and waits for the host', async () => {
    const { command, result, wait, start, fromMemory, memory, medium, clock, irq } = withDisk(1_474_560);
    await start();
    memory.fill(0xa5, 0x5000, 0x5400);
    fromMemory(0x5000, 1024);
    command(0x45, 0, 0, 0, 4, 2, 18, 0x1b, 0xff);
    clock.advanceBy(1e9);
    expect(irq.level, 'before the host has it').toBe(false);
    await wait();
    expect(result()).toEqual([0, 0, 0, 0, 0, 6, 2]);
    expect(medium.bytes.subarray(3 * 512, 5 * 512).every((byte) => byte === 0xa5)).toBe(true);
    expect(medium.writes).toEqual([
      [1536, 512],
      [2048, 512],
    ]);
  });

  test('a write-protected disk refuses', async () => {
    const drive = new FloppyDrive('1.44M');
    drive.insert(disk(1_474_560, { readOnly: true }));
    const { command, result, wait, start, fromMemory } = setUp([drive]);
    await start();
    fromMemory(0, 512);
    command(0x45, 0, 0, 0, 1, 2, 18, 0x1b, 0xff);
    await wait();
    expect(result()).toEqual([0x40, 0x02, 0, 0, 0, 1, 2]);
    command(4, 0);
    expect(result()).toEqual([0x78]);
  });

  test('what the host cannot keep is a data error', async () => {
    const drive = new FloppyDrive('1.44M');
    drive.insert(disk(1_474_560, { failing: true }));
    const { command, result, wait, start, fromMemory } = setUp([drive]);
    await start();
    fromMemory(0, 512);
    command(0x45, 0, 0, 0, 1, 2, 18, 0x1b, 0xff);
    await wait();
    expect(result().slice(0, 3)).toEqual([0x40, 0x20, 0x20]);
  });

  test('FORMAT TRACK fills the sectors that it is given', async () => {
    const { command, result, wait, start, fromMemory, memory, medium } = withDisk(737_280);
    await start(2);
    for (let k = 0; k < 9; k++) memory.set([0, 1, k + 1, 2], 4 * k);
    fromMemory(0, 36);
    command(0x4d, 4, 2, 9, 0x50, 0xf6);
    await wait();
    expect(result().slice(0, 3)).toEqual([0x04, 0, 0]);
    expect(medium.bytes.subarray(9 * 512, 18 * 512).every((byte) => byte === 0xf6)).toBe(true);
    expect(medium.bytes[18 * 512]).not.toBe(0xf6);
  });
});

test('FORMAT TRACK of no sectors ends at once, with and without DMA', async () => {
  for (const nonDma of [0, 1]) {
    const { command, result, wait, start, medium } = withDisk(737_280);
    const before = medium.bytes.slice();
    await start(2);
    command(3, 0xdf, 0x02 | nonDma);
    command(0x4d, 0, 2, 0, 0x50, 0xf6);
    await wait();
    expect(result()).toHaveLength(7);
    expect(medium.bytes).toEqual(before);
  }
});

describe('change of disks', () => {
  test('a smaller disk that comes while the processor writes a sector does not have it', async () => {
    const { command, result, wait, start, drive, out, read } = withDisk(1_474_560);
    await start();
    command(3, 0xdf, 0x03); // SPECIFY: without DMA
    command(0x45, 0, 0, 0, 18, 2, 18, 0x1b, 0xff);
    await wait(1);
    const smaller = disk(737_280);
    drive.insert(smaller);
    for (let k = 0; k < 512 && (read(MSR) & 0xf0) === 0xb0; k++) out(FIFO, k);
    await wait();
    expect(result()[1]).toBe(0x04);
    expect(smaller.writes).toEqual([]);
  });

  test('the change line falls with a step, if there is a disk', async () => {
    const { command, result, wait, start, read, drive } = withDisk(1_474_560);
    await start();
    const seek = async (track: number) => {
      command(0x0f, 0, track);
      await wait();
      command(8);
      result();
    };
    expect(read(DIR)).toBe(0x80);
    await seek(0);
    expect(read(DIR), 'no step').toBe(0x80);
    await seek(1);
    expect(read(DIR)).toBe(0);
    drive.insert(undefined);
    await seek(0);
    expect(read(DIR), 'no disk').toBe(0x80);
    drive.insert(disk(737_280));
    await seek(1);
    expect(read(DIR)).toBe(0);
  });

  test('without a disk there is no address mark', async () => {
    const { command, result, wait, start, toMemory, drive } = withDisk(1_474_560);
    await start();
    drive.insert(undefined);
    toMemory(0, 512);
    command(0x46, 0, 0, 0, 1, 2, 18, 0x1b, 0xff);
    await wait();
    expect(result().slice(0, 2)).toEqual([0x40, 0x01]);
  });
});

test('a saved controller goes on where it was', async () => {
  const one = withDisk(1_474_560);
  await one.start();
  one.toMemory(0, 512);
  one.command(0x0f, 0, 3);
  await one.wait();
  one.command(8);
  one.result();
  one.command(0x46, 0, 3, 0, 1, 2, 18, 0x1b, 0xff);
  const other = withDisk(1_474_560);
  other.clock.advanceTo(one.clock.now());
  other.toMemory(0, 512);
  other.fdc.load(one.fdc.save());
  await other.wait();
  expect(other.irq.level).toBe(true);
  expect(other.result()).toEqual([0, 0, 0, 3, 0, 2, 2]);
  expect(other.memory.subarray(0, 512)).toEqual(other.medium.bytes.subarray(3 * 36 * 512, 3 * 36 * 512 + 512));
});
