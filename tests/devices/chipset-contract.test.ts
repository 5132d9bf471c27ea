// Whatever a guest does to the registers of the APICs and of the PCI chip set: values keep to the contract (unsigned
// for 8 and 16 bits, int32 for 32), nothing is thrown, and a saved state gives the same machine.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { IoApic } from '../../src/devices/apic/io-apic.ts';
import { LocalApic } from '../../src/devices/apic/local-apic.ts';
import type { Device, Registers } from '../../src/devices/contract.ts';
import { I440fx } from '../../src/devices/i440fx.ts';
import { PciBus } from '../../src/devices/pci.ts';
import { Piix3 } from '../../src/devices/piix3.ts';
import { Piix4Pm } from '../../src/devices/piix4-pm.ts';
import { ManualClock } from '../../src/lib/clock.ts';

function machine() {
  const clock = new ManualClock();
  const none = { set: () => {} };
  const io: IoApic = new IoApic({ deliver: (...message) => local.message(...message) });
  const local = new LocalApic({ clock, intr: none, broadcastEoi: (vector) => io.endOfInterrupt(vector) });
  const piix3 = new Piix3({ irqs: io.pins.slice(0, 16) });
  const bus = new PciBus({ pirqs: piix3.pirqs, reset: () => {} });
  const host = new I440fx({ shadow: () => {} });
  const pm = new Piix4Pm({ clock, sci: io.pins[9] ?? none, powerOff: () => {}, moved: () => {} });
  bus.add(0, 0, host);
  bus.add(1, 0, piix3);
  bus.add(1, 3, pm);
  const ranges: [Registers, number][] = [
    [local, 0x400],
    [io, 0x44],
    [bus, 8],
    [pm.registers, 64],
    [pm.apm, 2],
  ];
  const devices: Device[] = [local, io, bus, host, piix3, pm];
  return { clock, local, ranges, devices };
}

const access = fc.record({
  range: fc.nat(4),
  at: fc.nat(0x3ff),
  size: fc.constantFrom(8 as const, 16 as const, 32 as const),
  aligned: fc.boolean(),
  write: fc.boolean(),
  value: fc.oneof(fc.integer(), fc.nat(0x3ff), fc.constant(-1)),
  nanos: fc.nat(100_000),
});

test('random register scripts', () => {
  const property = fc.property(fc.array(access, { maxLength: 200 }), (script) => {
    const one = machine();
    const offsetOf = (step: (typeof script)[number], length: number) =>
      (step.aligned ? step.at & (step.range === 0 ? ~15 : -(step.size / 8)) : step.at) % length;
    for (const step of script) {
      const [registers, length] = one.ranges[step.range] as [Registers, number];
      const offset = offsetOf(step, length);
      const value = step.size === 32 ? step.value : step.value & (2 ** step.size - 1);
      if (step.write) registers.write(offset, step.size, value);
      const result = registers.read(offset, step.size);
      if (step.size === 32) expect(result).toBe(result | 0);
      else expect(result >= 0 && result < 2 ** step.size && Number.isInteger(result)).toBe(true);
      one.clock.advanceBy(step.nanos);
      if (one.local.pending()) expect(one.local.acknowledge()).toBeGreaterThanOrEqual(0);
    }

    const two = machine();
    two.clock.advanceTo(one.clock.now());
    for (const [k, device] of two.devices.entries()) device.load(one.devices[k]?.save());
    for (const [k, device] of two.devices.entries()) expect(device.save()).toEqual(one.devices[k]?.save());
    expect(two.local.pending()).toBe(one.local.pending());
  });
  fc.assert(property, { numRuns: 300 });
});
