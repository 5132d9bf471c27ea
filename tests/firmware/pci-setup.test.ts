// Firmware's work on PCI, on the machine's own chip set models.

import { expect, test } from 'vitest';
import { I440fx } from '../../src/devices/i440fx.ts';
import { PciBus, PciFunction } from '../../src/devices/pci.ts';
import { Piix3 } from '../../src/devices/piix3.ts';
import { Piix4Pm } from '../../src/devices/piix4-pm.ts';
import { setUpPci } from '../../src/firmware/pci-setup.ts';
import { defaultPlatform } from '../../src/firmware/platform.ts';
import { ManualClock } from '../../src/lib/clock.ts';

class Card extends PciFunction {
  readonly ranges = new Map<string, number | undefined>();

  constructor(ranges: readonly (readonly ['io' | 'memory', number])[]) {
    super({ vendor: 0x1234, device: 1, classCode: 0x020000, interruptPin: 1 });
    ranges.forEach(([space, size], k) => {
      this.defineBar(k, { space, size, moved: (base) => this.ranges.set(`${space} ${size}`, base) });
    });
    this.defineBar(6, { space: 'memory', size: 0x8000, moved: (base) => this.ranges.set('rom', base) });
  }
}

test('every function gets what it asks for, and the chip set is where the tables say', () => {
  const irqs = new Array<boolean>(16).fill(false);
  const seen = { pm: 0 as number | undefined, shadow: '' };
  const piix3 = new Piix3({ irqs: irqs.map((_, irq) => ({ set: (level: boolean) => (irqs[irq] = level) })) });
  const bus = new PciBus({ pirqs: piix3.pirqs, reset: () => {} });
  bus.add(0, 0, new I440fx({ shadow: (...range) => (seen.shadow = range.join()) }));
  bus.add(1, 0, piix3);
  const pm = { clock: new ManualClock(), sci: { set: () => {} }, powerOff: () => {} };
  bus.add(1, 3, new Piix4Pm({ ...pm, moved: (base) => (seen.pm = base) }));
  const first = new Card([
    ['io', 8],
    ['memory', 0x1000],
    ['memory', 0x100000],
  ]);
  const second = new Card([['io', 256]]);
  bus.add(3, 0, first);
  bus.add(4, 0, second);

  setUpPci(bus, defaultPlatform);

  expect(seen).toEqual({ pm: 0xb000, shadow: [0xf0000, 0x10000, true, true].join() });
  expect(Object.fromEntries(first.ranges)).toEqual({
    'io 8': 0xc000,
    'memory 4096': 0xc0000000,
    'memory 1048576': 0xc0100000,
  });
  expect(Object.fromEntries(second.ranges)).toEqual({ 'io 256': 0xc100 }); // aligned to its size
  expect([first.readConfig(0x30, 32) >>> 0, second.readConfig(0x30, 32) >>> 0]).toEqual([0xc0200000, 0xc0208000]); // not enabled
  expect([first.busMaster, first.readConfig(0x3c, 8), second.readConfig(0x3c, 8)]).toEqual([true, 11, 11]);
  second.setInterrupt(true); // slot 4 INTA# is PIRQD
  expect(irqs.indexOf(true)).toBe(11);
});
