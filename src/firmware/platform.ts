// What firmware tables tell about this machine. The machine's layout passes its own; the defaults are a PC of the
// 440FX and PIIX4 kind with one processor.

import { IO_APIC, LOCAL_APIC, PCI_HOLE, PCI_HOLE_END } from './memory-map.ts';

export interface Platform {
  /** I/O port of the PIIX4 power management block. */
  readonly pmBase: number;
  /** IRQ and global system interrupt of the SCI. */
  readonly sciIrq: number;
  /** IRQs that PIRQA# to PIRQD# are routed to before an operating system chooses. */
  readonly pirqIrqs: readonly [number, number, number, number];
  /** IRQs that PIRQs may be routed to. */
  readonly pciIrqs: readonly number[];
  readonly localApic: number;
  readonly localApicId: number;
  readonly ioApic: number;
  readonly ioApicId: number;
  /** Memory window of PCI: first and one past the last address. */
  readonly pciWindow: readonly [number, number];
  /** CMOS index of the century byte, or 0: there is none. */
  readonly centuryIndex: number;
  /** Serial ports: I/O base and IRQ, COM1 first. */
  readonly serialPorts: readonly (readonly [port: number, irq: number])[];
  /** There is a display adapter that answers to VGA addresses. */
  readonly vga: boolean;
}

export const defaultPlatform: Platform = {
  pmBase: 0xb000,
  sciIrq: 9,
  pirqIrqs: [10, 10, 11, 11],
  pciIrqs: [5, 10, 11],
  localApic: LOCAL_APIC,
  localApicId: 0,
  ioApic: IO_APIC,
  ioApicId: 1,
  pciWindow: [PCI_HOLE, PCI_HOLE_END],
  centuryIndex: 0x32,
  serialPorts: [[0x3f8, 4]],
  vga: false,
};
