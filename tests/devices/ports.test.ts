import { describe, expect, test } from 'vitest';
import { DebugExit } from '../../src/devices/debug-exit.ts';
import { DebugConsole } from '../../src/devices/debugcon.ts';
import { Port80 } from '../../src/devices/ioport80.ts';
import { Pit8254 } from '../../src/devices/pit8254.ts';
import { Port61 } from '../../src/devices/port61.ts';
import { Port92 } from '../../src/devices/port92.ts';
import { ManualClock } from '../../src/lib/clock.ts';
import { inb, outb, Probe } from './wires.ts';

describe('port 61h', () => {
  function make() {
    const clock = new ManualClock();
    const pit = new Pit8254({ clock, irq: new Probe() });
    const speaker = new Probe();
    const nmi = new Probe();
    const port = new Port61({ clock, gate2: pit.gate2, out2: () => pit.out(2), speaker, nmi });
    return { clock, pit, speaker, nmi, port, ...port };
  }

  test("Linux's pit_calibrate_tsc: gate 2 up, speaker off, bit 5 rises at the end of 50 ms", () => {
    const { clock, pit, port, speaker } = make();
    const latch = 59659;
    outb(port.registers, 0, (inb(port.registers, 0) & ~0x02) | 0x01);
    outb(pit.registers, 3, 0xb0);
    outb(pit.registers, 2, latch & 0xff);
    outb(pit.registers, 2, latch >> 8);
    let polls = 0;
    while ((inb(port.registers, 0) & 0x20) === 0) {
      clock.advanceBy(10_000);
      polls++;
    }
    expect(polls).toBe(5000 + 1);
    expect(speaker.level).toBe(false);
  });

  test('counter 2 stands still while its gate is low', () => {
    const { clock, pit, port } = make();
    outb(port.registers, 0, 0);
    outb(pit.registers, 3, 0xb0);
    outb(pit.registers, 2, 100);
    outb(pit.registers, 2, 0);
    clock.advanceBy(1e9);
    expect(inb(port.registers, 0) & 0x20).toBe(0);
    outb(port.registers, 0, 1);
    clock.advanceBy(1e6);
    expect(inb(port.registers, 0) & 0x20).toBe(0x20);
  });

  test('the refresh bit toggles every 15 us', () => {
    const { clock, port } = make();
    let changes = 0;
    let last = inb(port.registers, 0) & 0x10;
    for (let k = 0; k < 1000; k++) {
      clock.advanceBy(1000);
      const now = inb(port.registers, 0) & 0x10;
      if (now !== last) changes++;
      last = now;
    }
    expect(changes).toBe(Math.floor(1e6 / 15085));
  });

  test('bits 3 to 0 read back; the others are inputs', () => {
    const { port, speaker } = make();
    outb(port.registers, 0, 0xff);
    expect(inb(port.registers, 0) & 0xcf).toBe(0x0f);
    expect(speaker.level).toBe(true);
  });

  test('I/O check and system error latch NMI until their disable bits clear them', () => {
    const { port, nmi } = make();
    port.ioCheck.set(true);
    expect(nmi.level).toBe(true);
    expect(inb(port.registers, 0) & 0xc0).toBe(0x40);
    port.ioCheck.set(false);
    expect(nmi.level).toBe(true);
    outb(port.registers, 0, 0x08);
    expect(nmi.level).toBe(false);
    port.ioCheck.set(true);
    expect(nmi.level).toBe(false);
    port.systemError.set(true);
    expect(inb(port.registers, 0) & 0xc0).toBe(0x80);
    port.reset();
    expect(nmi.level).toBe(false);
  });
});

describe('port 92h', () => {
  test('bit 1 gates A20, bit 0 resets when it rises', () => {
    const a20 = new Probe();
    const reset = new Probe();
    const { registers } = new Port92({ a20, reset });
    outb(registers, 0, inb(registers, 0) | 0x02);
    expect([a20.level, reset.rises]).toEqual([true, 0]);
    expect(inb(registers, 0)).toBe(0x02);
    outb(registers, 0, 0x03);
    outb(registers, 0, 0x03);
    expect([reset.rises, reset.level]).toEqual([1, false]);
    outb(registers, 0, 0x00);
    expect(a20.level).toBe(false);
  });

  test('reset closes the gate', () => {
    const a20 = new Probe();
    const port = new Port92({ a20, reset: new Probe() });
    outb(port.registers, 0, 2);
    port.reset();
    expect(a20.level).toBe(false);
    expect(inb(port.registers, 0)).toBe(0);
  });
});

test('port 80h shows codes and reads back', () => {
  const codes: number[] = [];
  const port = new Port80({ onCode: (code) => codes.push(code) });
  outb(port.registers, 0, 0xaa);
  outb(port.registers, 0, 0x55);
  expect(codes).toEqual([0xaa, 0x55]);
  expect(inb(port.registers, 0)).toBe(0x55);
  const other = new Port80();
  other.load(port.save());
  expect(other.code).toBe(0x55);
});

test('port E9h answers with its number and passes bytes on', () => {
  const bytes: number[] = [];
  const { registers } = new DebugConsole({ sink: { write: (byte) => bytes.push(byte) } });
  expect(inb(registers, 0)).toBe(0xe9);
  for (const c of 'ok') outb(registers, 0, c.charCodeAt(0));
  registers.write(0, 16, 0x0a21);
  expect(String.fromCharCode(...bytes)).toBe('ok!\n');
});

test('port F4h asks for an exit with (v << 1) | 1, in any width', () => {
  const statuses: number[] = [];
  const { registers } = new DebugExit({ onExit: (status) => statuses.push(status) });
  outb(registers, 0, 0);
  outb(registers, 0, 0x10);
  registers.write(0, 32, 0x31);
  expect(statuses).toEqual([1, 0x21, 0x63]);
});
