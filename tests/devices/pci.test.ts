// PCI bus, i440FX, PIIX3 and PIIX4 power management, by register scripts after their datasheets.
//
// By hand: the configuration space of the three functions, writes to it and the power management registers were
// compared with QEMU 7.2's chip set. They differ in subsystem identifiers, which QEMU sets, in registers that are not
// modelled here (SMBus, device resources), and in SMRAM's lock, which QEMU keeps elsewhere.

import { describe, expect, test } from 'vitest';
import type { Registers, Wire } from '../../src/devices/contract.ts';
import { I440fx } from '../../src/devices/i440fx.ts';
import { PciBus, PciFunction, pirqOf } from '../../src/devices/pci.ts';
import { Piix3 } from '../../src/devices/piix3.ts';
import { Piix4Pm, type Piix4PmState } from '../../src/devices/piix4-pm.ts';
import { WiredOr } from '../../src/devices/wired-or.ts';
import { ManualClock } from '../../src/lib/clock.ts';

/** The chip set of the machine, with a network-like function at 00:03.0 and recorders on every output. */
function board() {
  const clock = new ManualClock();
  const seen = {
    irqs: new Array<boolean>(16).fill(false),
    sci: false,
    off: 0,
    resets: [] as boolean[],
    shadow: [] as string[],
    smram: [] as boolean[],
    pmBase: undefined as number | undefined,
    bars: [] as (number | undefined)[][],
  };
  const irqs: Wire[] = seen.irqs.map((_, irq) => ({ set: (level) => (seen.irqs[irq] = level) }));
  const piix3 = new Piix3({ irqs });
  const bus = new PciBus({ pirqs: piix3.pirqs, reset: (hard) => seen.resets.push(hard) });
  const host = new I440fx({
    shadow: (base, length, read, write) =>
      seen.shadow.push(`${base.toString(16)}+${length.toString(16)} ${read ? 'r' : '-'}${write ? 'w' : '-'}`),
    smram: (open) => seen.smram.push(open),
  });
  const pm = new Piix4Pm({
    clock,
    sci: { set: (level) => (seen.sci = level) },
    powerOff: () => seen.off++,
    moved: (base) => (seen.pmBase = base),
  });
  const card = new (class extends PciFunction {
    constructor() {
      super({ vendor: 0x1234, device: 0x5678, classCode: 0x020000, interruptPin: 1 });
      seen.bars.push([], []);
      this.defineBar(0, { space: 'io', size: 32, moved: (base) => seen.bars[0]?.push(base) });
      this.defineBar(1, { space: 'memory', size: 4096, prefetchable: true, moved: (base) => seen.bars[1]?.push(base) });
    }
  })();
  bus.add(0, 0, host);
  bus.add(1, 0, piix3);
  bus.add(1, 3, pm);
  bus.add(3, 0, card);
  const select = (device: number, fn: number, offset: number) =>
    bus.write(0, 32, 0x80000000 | (device << 11) | (fn << 8) | (offset & 0xfc));
  const get = (device: number, fn: number, offset: number, size: 8 | 16 | 32) => {
    select(device, fn, offset);
    return bus.read(4 + (offset & 3), size);
  };
  const put = (device: number, fn: number, offset: number, size: 8 | 16 | 32, value: number) => {
    select(device, fn, offset);
    bus.write(4 + (offset & 3), size, value);
  };
  return { clock, seen, bus, host, piix3, pm, card, get, put };
}

describe('configuration mechanism 1', () => {
  test('the address register keeps its value; only 32-bit accesses reach it', () => {
    const { bus } = board();
    bus.write(0, 32, 0x80000000 | 0);
    expect(bus.read(0, 32)).toBe(0x80000000 | 0);
    bus.write(3, 8, 1); // what kernels write before they look for mechanism 1
    expect(bus.read(0, 32)).toBe(0x80000000 | 0);
    expect(bus.read(0, 16)).toBe(0xffff);
  });

  test.each([
    [0, 0, 0x12378086, 0x060000],
    [1, 0, 0x70008086, 0x060100],
    [1, 3, 0x71138086, 0x068000],
    [3, 0, 0x56781234, 0x020000],
  ])('function %d.%d identifies itself', (device, fn, id, classCode) => {
    const { get } = board();
    expect(get(device, fn, 0, 32)).toBe(id);
    expect(get(device, fn, 8, 32) >>> 8).toBe(classCode);
    expect(get(device, fn, 2, 16)).toBe(id >>> 16);
    expect(get(device, fn, 1, 8)).toBe((id >> 8) & 255);
  });

  test('only PIIX3 says that it has several functions', () => {
    const { get } = board();
    expect([get(0, 0, 14, 8), get(1, 0, 14, 8), get(3, 0, 14, 8)]).toEqual([0, 0x80, 0]);
  });

  test('nobody answers: ones; also on other buses, and while disabled', () => {
    const { bus, get } = board();
    expect(get(2, 0, 0, 32)).toBe(-1);
    expect(get(1, 1, 0, 16)).toBe(0xffff);
    bus.write(0, 32, 0x80010000 | 0);
    expect(bus.read(4, 32)).toBe(-1);
    bus.write(0, 32, 0);
    expect(bus.read(4, 32)).toBe(-1);
  });

  test('identification cannot be written', () => {
    const { get, put } = board();
    put(3, 0, 0, 32, 0);
    put(3, 0, 8, 32, 0);
    expect([get(3, 0, 0, 32), get(3, 0, 8, 32)]).toEqual([0x56781234, 0x02000000]);
  });

  test('two functions in one place are a mistake of the machine', () => {
    const { bus, card } = board();
    expect(() => bus.add(3, 0, card)).toThrow(/00:03.0 is taken/i);
  });
});

test('the ISA bridge cannot be switched off', () => {
  const { get, put } = board();
  put(1, 0, 4, 16, 0);
  expect(get(1, 0, 4, 16)).toBe(7);
});

describe('base address registers', () => {
  test('tell their size and kind', () => {
    const { get, put } = board();
    put(3, 0, 0x10, 32, -1);
    put(3, 0, 0x14, 32, -1);
    put(3, 0, 0x18, 32, -1);
    expect([get(3, 0, 0x10, 32), get(3, 0, 0x14, 32), get(3, 0, 0x18, 32)]).toEqual([-32 | 1, -4096 | 8, 0]);
  });

  test('move the range when decoding is on, and not while software asks for the size', () => {
    const { put, seen } = board();
    put(3, 0, 0x10, 32, 0xc001);
    put(3, 0, 0x14, 32, 0xe0000000);
    expect(seen.bars).toEqual([[], []]);
    put(3, 0, 4, 16, 3);
    expect(seen.bars).toEqual([[0xc000], [0xe0000000]]);
    put(3, 0, 0x14, 32, -1);
    put(3, 0, 0x14, 32, 0xe0100000);
    expect(seen.bars[1]).toEqual([0xe0000000, undefined, 0xe0100000]);
    put(3, 0, 4, 16, 0);
    expect(seen.bars).toEqual([
      [0xc000, undefined],
      [0xe0000000, undefined, 0xe0100000, undefined],
    ]);
  });

  test('are mapped again after load, and unmapped by reset', () => {
    const { card, put, seen } = board();
    put(3, 0, 0x10, 32, 0xc001);
    put(3, 0, 4, 16, 1);
    const saved = card.save();
    card.reset();
    expect(seen.bars[0]).toEqual([0xc000, undefined]);
    card.load(saved);
    expect(seen.bars[0]).toEqual([0xc000, undefined, 0xc000]);
  });
});

describe('interrupt routing', () => {
  test('pins are spread over the PIRQs slot by slot', () => {
    expect([1, 2, 3, 4].map((pin) => pirqOf(1, pin))).toEqual([0, 1, 2, 3]);
    expect([0, 1, 2, 3, 4, 5].map((device) => pirqOf(device, 1))).toEqual([3, 0, 1, 2, 3, 0]);
  });

  test('INTA# of 00:03.0 reaches the IRQ that PIRQC is routed to, and follows rerouting', () => {
    const { card, put, seen } = board();
    card.setInterrupt(true);
    expect(seen.irqs).not.toContain(true); // disabled after reset
    put(1, 0, 0x62, 8, 11);
    expect(seen.irqs[11]).toBe(true);
    put(1, 0, 0x62, 8, 10);
    expect([seen.irqs[11], seen.irqs[10]]).toEqual([false, true]);
    put(1, 0, 0x62, 8, 0x8a);
    expect(seen.irqs).not.toContain(true);
    put(1, 0, 0x62, 8, 2); // reserved
    expect(seen.irqs).not.toContain(true);
  });

  test('a shared line stays asserted until the last function lets go', () => {
    const { bus, card, put, seen } = board();
    const other = new PciFunction({ vendor: 1, device: 1, classCode: 0, interruptPin: 1 });
    bus.add(7, 0, other); // PIRQC as well
    put(1, 0, 0x62, 8, 11);
    card.setInterrupt(true);
    other.setInterrupt(true);
    card.setInterrupt(false);
    expect(seen.irqs[11]).toBe(true);
    other.setInterrupt(false);
    expect(seen.irqs[11]).toBe(false);
  });

  test('two PIRQs on one IRQ are wired together', () => {
    const { piix3, put, seen } = board();
    put(1, 0, 0x60, 16, 0x0b0b);
    piix3.pirqs[0]?.set(true);
    piix3.pirqs[1]?.set(true);
    piix3.pirqs[0]?.set(false);
    expect(seen.irqs[11]).toBe(true);
    piix3.pirqs[1]?.set(false);
    expect(seen.irqs[11]).toBe(false);
  });

  test('the command register can silence a pin; status still tells', () => {
    const { card, get, put, seen } = board();
    put(1, 0, 0x62, 8, 11);
    card.setInterrupt(true);
    put(3, 0, 4, 16, 0x400);
    expect(seen.irqs[11]).toBe(false);
    expect(get(3, 0, 6, 16) & 8).toBe(8);
  });

  test('a wired OR tells changes only', () => {
    const levels: boolean[] = [];
    const or = new WiredOr({ set: (level) => levels.push(level) });
    const [a, b] = [or.input(), or.input()];
    for (const [wire, level] of [[a, true] as const, [a, true] as const, [b, true] as const, [a, false] as const]) {
      wire.set(level);
    }
    b.set(false);
    expect(levels).toEqual([true, false]);
  });
});

describe('host bridge', () => {
  test('PAM registers report the ranges that change', () => {
    const { put, seen } = board();
    put(0, 0, 0x59, 8, 0x30);
    put(0, 0, 0x5a, 8, 0x12); // C4000h: read, C0000h: write
    put(0, 0, 0x5f, 8, 0x30); // EC000h
    put(0, 0, 0x59, 8, 0x10);
    expect(seen.shadow).toEqual([
      'f0000+10000 rw',
      'c0000+4000 -w',
      'c4000+4000 r-',
      'ec000+4000 rw',
      'f0000+10000 r-',
    ]);
  });

  test('all PAM registers in one write, and reset', () => {
    const { host, put, seen } = board();
    put(0, 0, 0x5c, 32, 0x33333333);
    expect(seen.shadow.length).toBe(8);
    host.reset();
    expect(seen.shadow.length).toBe(16);
    expect(seen.shadow[15]).toBe('ec000+4000 --');
  });

  test('SMRAM opens, closes, and cannot be opened once locked', () => {
    const { get, host, put, seen } = board();
    expect(get(0, 0, 0x72, 8)).toBe(0x02);
    put(0, 0, 0x72, 8, 0x4a);
    put(0, 0, 0x72, 8, 0x0a);
    put(0, 0, 0x72, 8, 0x1a);
    put(0, 0, 0x72, 8, 0x4a);
    expect(get(0, 0, 0x72, 8)).toBe(0x1a);
    expect(seen.smram).toEqual([true, false]);
    host.reset();
    put(0, 0, 0x72, 8, 0x4a);
    expect(seen.smram).toEqual([true, false, true]);
  });
});

test('reset control: a rising RST_CPU resets, hard if SYS_RST is set', () => {
  const { bus, seen } = board();
  bus.write(1, 8, 0x02);
  expect(seen.resets).toEqual([]);
  bus.write(1, 8, 0x06);
  bus.write(1, 8, 0x06);
  expect(seen.resets).toEqual([true]);
  bus.write(1, 8, 0x00);
  bus.write(1, 8, 0x04);
  expect(seen.resets).toEqual([true, false]);
  expect(bus.read(1, 8)).toBe(0x04);
});

describe('power management', () => {
  const [PMSTS, PMEN, PMCNTRL, PMTMR, GPSTS] = [0, 2, 4, 8, 12];

  function enabled() {
    const one = board();
    one.put(1, 3, 0x40, 32, 0xb000);
    one.put(1, 3, 0x80, 8, 1);
    const registers: Registers = one.pm.registers;
    return { ...one, registers };
  }

  test('the block is where PMBA says, while PMREGMISC enables it', () => {
    const { get, put, seen } = enabled();
    expect(seen.pmBase).toBe(0xb000);
    expect(get(1, 3, 0x40, 32)).toBe(0xb001);
    put(1, 3, 0x40, 32, 0x600);
    expect(seen.pmBase).toBe(0x600);
    put(1, 3, 0x80, 8, 0);
    expect(seen.pmBase).toBeUndefined();
  });

  test('the timer runs at 3.579545 MHz and wraps at 24 bits', () => {
    const { clock, registers } = enabled();
    clock.advanceTo(1e9);
    expect(registers.read(PMTMR, 32)).toBe(3_579_545);
    expect(registers.read(PMTMR + 1, 8)).toBe((3_579_545 >> 8) & 255);
    clock.advanceTo(10e9);
    expect(registers.read(PMTMR, 32)).toBe(35_795_450 % 2 ** 24);
  });

  test('a change of its top bit sets TMROF_STS and raises the SCI if enabled', () => {
    const { clock, pm, registers, seen } = enabled();
    pm.apm.write(0, 8, 0xf1);
    registers.write(PMEN, 16, 1);
    clock.advanceTo(2.3e9);
    expect(seen.sci).toBe(false);
    clock.advanceTo(2.35e9); // 2^23 ticks are 2.3435 s
    expect(seen.sci).toBe(true);
    expect(registers.read(PMSTS, 16)).toBe(1);
    registers.write(PMSTS, 16, 1);
    expect([seen.sci, registers.read(PMSTS, 16)]).toEqual([false, 0]);
    clock.advanceTo(4.7e9);
    expect(seen.sci).toBe(true);
    registers.write(PMEN, 16, 0);
    clock.advanceTo(100e9);
    expect(seen.sci).toBe(false);
    expect(registers.read(PMSTS, 16)).toBe(1); // still counted, without a timer
  });

  test('APM commands switch ACPI on and off', () => {
    const { pm, registers } = enabled();
    expect(registers.read(PMCNTRL, 16) & 1).toBe(0);
    pm.apm.write(0, 8, 0xf1);
    expect(registers.read(PMCNTRL, 16) & 1).toBe(1);
    pm.apm.write(0, 8, 0xf0);
    expect(registers.read(PMCNTRL, 16) & 1).toBe(0);
    pm.apm.write(1, 8, 0x5a);
    expect(pm.apm.read(0, 16)).toBe(0x5af0);
  });

  test('SLP_EN with type 0 powers off, other types do not', () => {
    const { registers, seen } = enabled();
    registers.write(PMCNTRL, 16, 0x2000 | (1 << 10) | 1);
    expect(seen.off).toBe(0);
    registers.write(PMCNTRL, 16, 0x2001);
    expect(seen.off).toBe(1);
    expect(registers.read(PMCNTRL, 16)).toBe(1); // SLP_EN reads as zero
  });

  test('the power button is an event', () => {
    const { pm, registers, seen } = enabled();
    pm.apm.write(0, 8, 0xf1);
    registers.write(PMEN, 16, 0x100);
    pm.pressPowerButton();
    expect([seen.sci, registers.read(PMSTS, 16)]).toEqual([true, 0x100]);
    registers.write(PMSTS + 1, 8, 1); // by bytes
    expect(seen.sci).toBe(false);
  });

  test('general-purpose events go the same way', () => {
    const { pm, registers, seen } = enabled();
    registers.write(PMCNTRL, 16, 1);
    registers.write(GPSTS, 32, 0x0001_0000); // enable event 0
    pm.raiseEvents(1);
    expect([seen.sci, registers.read(GPSTS, 32)]).toEqual([true, 0x0001_0001]);
    registers.write(GPSTS, 16, 1);
    expect(seen.sci).toBe(false);
  });

  test('save and load carry everything through JSON-able data', () => {
    const { clock, pm, registers, seen } = enabled();
    clock.advanceTo(3e9);
    registers.write(PMCNTRL, 16, 1);
    registers.write(PMEN, 16, 0x101);
    const saved: Piix4PmState = structuredClone(pm.save());
    pm.reset();
    expect([seen.pmBase, seen.sci, registers.read(PMEN, 16)]).toEqual([undefined, false, 0]);
    pm.load(saved);
    expect([seen.pmBase, seen.sci, registers.read(PMEN, 16), registers.read(PMCNTRL, 16)]).toEqual([
      0xb000,
      true,
      0x101,
      1,
    ]);
  });
});
