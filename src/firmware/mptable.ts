// The MP table for operating systems that know APICs and no ACPI: Intel MultiProcessor Specification 1.4, chapter 4.
// One processor, one I/O APIC, the ISA bus and PCI bus 0.
//
// Deviation: PCI interrupts are fixed here, to where firmware routes the PIRQs; software that reroutes them uses ACPI.

import { Builder, checksum } from './bytes.ts';
import { BIOS_SEGMENT } from './memory-map.ts';
import type { Load } from './plan.ts';
import { defaultPlatform, type Platform } from './platform.ts';

// Entry types of the configuration table.
const PROCESSOR = 0;
const BUS = 1;
const IO_APIC = 2;
const IO_INTERRUPT = 3;
const LOCAL_INTERRUPT = 4;
// Interrupt types.
const INT = 0;
const NMI = 1;
const EXT_INT = 3;
// Polarity and trigger mode: as the bus has it, or active high and level-triggered.
const CONFORMS = 0;
const LEVEL_ACTIVE_HIGH = 0x0d;

const PCI_BUS = 0;
const ISA_BUS = 1;
const PCI_SLOTS = 32;
const ALL_LOCAL_APICS = 0xff;
const APIC_VERSION = 0x14;
const IO_APIC_VERSION = 0x20;
/** Family 6, as the signature of CPUID has it, and its features: FPU and APIC. */
const CPU_SIGNATURE = 0x0600;
const CPU_FEATURES = 0x0201;
const CPU_ENABLED_BOOT = 3;
const HEADER_SIZE = 44;
/** Behind the ACPI tables in the BIOS segment. */
const DEFAULT_BASE = BIOS_SEGMENT + 0x8000;

/** The floating pointer structure at `base` (a multiple of 16 in the BIOS segment) and the table behind it. */
export function mpTables(platform: Platform = defaultPlatform, base = DEFAULT_BASE): Load[] {
  const table = configurationTable(platform);
  const pointer = new Builder()
    .text('_MP_')
    .u32(base + 16)
    .u8(1, 4, 0)
    .padTo(16);
  pointer.patch8(10, checksum(pointer.finish()));
  const bytes = pointer.bytes(table).finish();
  return [{ address: base, bytes, size: bytes.length, what: 'MP table' }];
}

function configurationTable(platform: Platform): Uint8Array {
  const { localApicId, ioApicId, pirqIrqs } = platform;
  const entries = new Builder();
  let count = 0;
  const entry = (type: number) => {
    count++;
    return entries.u8(type);
  };
  const interrupt = (kind: number, flags: number, bus: number, source: number, apic: number, pin: number, type = INT) =>
    entry(kind).u8(type).u16(flags).u8(bus, source, apic, pin);

  entry(PROCESSOR).u8(localApicId, APIC_VERSION, CPU_ENABLED_BOOT).u32(CPU_SIGNATURE, CPU_FEATURES, 0, 0);
  entry(BUS).u8(PCI_BUS).text('PCI', 6, 0x20);
  entry(BUS).u8(ISA_BUS).text('ISA', 6, 0x20);
  entry(IO_APIC).u8(ioApicId, IO_APIC_VERSION, 1).u32(platform.ioApic);
  const levels = new Set<number>([...pirqIrqs, platform.sciIrq]);
  for (let irq = 0; irq < 16; irq++) {
    // IRQ0 arrives at pin 2; IRQ2 is the cascade and does not exist.
    if (irq === 2) continue;
    const flags = levels.has(irq) ? LEVEL_ACTIVE_HIGH : CONFORMS;
    interrupt(IO_INTERRUPT, flags, ISA_BUS, irq, ioApicId, irq === 0 ? 2 : irq);
  }
  for (let slot = 1; slot < PCI_SLOTS; slot++) {
    for (let pin = 0; pin < 4; pin++) {
      const irq = pirqIrqs[(slot + pin + 3) & 3] as number;
      interrupt(IO_INTERRUPT, LEVEL_ACTIVE_HIGH, PCI_BUS, (slot << 2) | pin, ioApicId, irq);
    }
  }
  interrupt(LOCAL_INTERRUPT, CONFORMS, ISA_BUS, 0, ALL_LOCAL_APICS, 0, EXT_INT);
  interrupt(LOCAL_INTERRUPT, CONFORMS, ISA_BUS, 0, ALL_LOCAL_APICS, 1, NMI);

  const body = entries.finish();
  const table = new Builder()
    .text('PCMP')
    .u16(HEADER_SIZE + body.length)
    .u8(4, 0);
  table.text('TRANSV', 8, 0x20).text('TRANSVISOR', 12, 0x20).u32(0).u16(0, count).u32(platform.localApic, 0);
  table.bytes(body);
  return table.patch8(7, checksum(table.finish())).finish();
}
