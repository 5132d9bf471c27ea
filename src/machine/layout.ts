// Every address, port and interrupt line of the machine: a PC with the 440FX chip set (82441FX, 82371SB/AB).
// Sources: 82371AB (PIIX4) data sheet, table 8 (ISA-compatible I/O) and chapter 7; ACPI 6.5, section 5.2.

import { IO_APIC, LOCAL_APIC } from '../firmware/memory-map.ts';
import { defaultPlatform, type Platform } from '../firmware/platform.ts';

/** I/O ports: first port and count. */
export const PORTS = {
  dma1: [0x00, 16],
  picMaster: [0x20, 2],
  pit: [0x40, 4],
  i8042Data: [0x60, 1],
  port61: [0x61, 1],
  i8042Command: [0x64, 1],
  rtc: [0x70, 2],
  post: [0x80, 1],
  dmaPages: [0x81, 15],
  port92: [0x92, 1],
  picSlave: [0xa0, 2],
  apm: [0xb2, 2],
  dma2: [0xc0, 32],
  debugConsole: [0xe9, 1],
  debugExit: [0xf4, 4],
  ide2: [0x170, 8],
  vgaDispi: [0x1ce, 3],
  ide1: [0x1f0, 8],
  com2: [0x2f8, 8],
  /** Without the parallel port at 3BCh. */
  vgaMono: [0x3b0, 12],
  vga: [0x3c0, 32],
  ide2Control: [0x376, 1],
  fdc: [0x3f0, 6],
  ide1Control: [0x3f6, 1],
  fdcDigitalInput: [0x3f7, 1],
  com1: [0x3f8, 8],
  /** SeaBIOS writes its log there, as QEMU has it. */
  firmwareLog: [0x402, 1],
  elcr: [0x4d0, 2],
  fwCfg: [0x510, 2],
  fwCfgDma: [0x514, 8],
  pciConfig: [0xcf8, 8],
} as const;

/** Base that firmware gives the power-management block of the PIIX4, and its size in ports. */
export const PM_BASE = 0x600;
export const PM_PORTS = 64;

/** Ports of the IDE bus master, wherever PCI puts them. */
export const IDE_BUS_MASTER_PORTS = 16;

/** Registers in memory: guest-physical address and size in bytes. */
export const MMIO = {
  ioApic: [IO_APIC, 0x1000],
  localApic: [LOCAL_APIC, 0x1000],
} as const;

/** The display adapter's window; what answers there depends on its mode. */
export const ADAPTER_WINDOW = [0xa0000, 0x20000] as const;

/** ISA interrupt lines. */
export const IRQ = {
  pit: 0,
  keyboard: 1,
  com2: 3,
  com1: 4,
  floppy: 6,
  rtc: 8,
  sci: 9,
  mouse: 12,
  coprocessor: 13,
  ide1: 14,
  ide2: 15,
} as const;

/** DMA channels of the 8237. */
export const DMA = { floppy: 2 } as const;

/** Input of the I/O APIC that the PIT's IRQ 0 goes to (the MADT says so too). */
export const PIT_GSI = 2;

/** Interrupt lines that firmware routes PIRQA# to PIRQD# to. */
export const PIRQ_IRQS: readonly [number, number, number, number] = [10, 10, 11, 11];

/** What the tables of firmware tell of all this. */
export const PLATFORM: Platform = {
  ...defaultPlatform,
  pmBase: PM_BASE,
  pirqIrqs: PIRQ_IRQS,
  sciIrq: IRQ.sci,
  vga: true,
};

/** PCI devices on bus 0. */
export const PCI_DEVICES = {
  host: [0, 0],
  isa: [1, 0],
  ide: [1, 1],
  power: [1, 3],
  display: [2, 0],
} as const;
