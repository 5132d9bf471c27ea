// ACPI tables for direct boot: ACPI Specification 6.5, section 5.2. RSDP, RSDT and XSDT, FADT, FACS, MADT and DSDT,
// one behind the other in the BIOS segment, where operating systems search for the RSDP.
//
// Deviations: nothing beyond ACPI 2.0 is declared, since the hardware is of that age.

import { Builder, checksum } from './bytes.ts';
import { dsdtBody } from './dsdt.ts';
import { BIOS_SEGMENT } from './memory-map.ts';
import type { Load } from './plan.ts';
import { defaultPlatform, type Platform } from './platform.ts';

const OEM_ID = 'TRANSV';
const OEM_TABLE_ID = 'TRANSVPC';
const CREATOR_ID = 'TRVS';
const HEADER_SIZE = 36;

// The PIIX4 power management block: offsets from its base (devices/piix4-pm.ts).
const PM1_EVENT = 0x00;
const PM1_CONTROL = 0x04;
const PM_TIMER = 0x08;
const GPE0 = 0x0c;
/** APM control port, and the commands that switch ACPI on and off. */
const SMI_COMMAND = 0xb2;
const ACPI_ENABLE = 0xf1;
const ACPI_DISABLE = 0xf0;
const RESET_CONTROL = 0xcf9;
const FULL_RESET = 0x06;

// FADT: IA-PC boot architecture flags.
const LEGACY_DEVICES = 1 << 0;
const HAS_8042 = 1 << 1;
const VGA_NOT_PRESENT = 1 << 2;
// FADT: feature flags.
const WBINVD = 1 << 0;
const PROC_C1 = 1 << 2;
/** The sleep button is not a fixed feature: there is none. The power button is. */
const SLP_BUTTON = 1 << 5;
/** The RTC alarm has no status bit in fixed registers. */
const FIX_RTC = 1 << 6;
const RESET_REG_SUP = 1 << 10;
/** Latencies above these limits (microseconds) mean that the C state is not there. */
const NO_C2 = 101;
const NO_C3 = 1001;

// MADT.
const PCAT_COMPAT = 1;
/** MPS INTI flags: active high, level-triggered. */
const LEVEL_ACTIVE_HIGH = 0x0d;
const ALL_PROCESSORS = 0xff;

export interface AcpiTables {
  /** Guest-physical address of the RSDP, for loaders that pass it on. */
  readonly rsdp: number;
  readonly loads: readonly Load[];
  /** The tables by signature, for tests and `dump`. */
  readonly tables: ReadonlyMap<string, Uint8Array>;
}

/** Builds the tables of a machine, to lie at `base` (a multiple of 64 in F0000h to FFFFFh). */
export function acpiTables(platform: Platform = defaultPlatform, base = BIOS_SEGMENT): AcpiTables {
  const image = new Builder().padTo(64); // the RSDP, filled in at the end
  const tables = new Map<string, Uint8Array>();
  const place = (signature: string, bytes: Uint8Array): number => {
    image.alignTo(64); // what the FACS needs
    tables.set(signature, bytes);
    const address = base + image.length;
    image.bytes(bytes);
    return address;
  };

  const facs = place('FACS', facsTable());
  const dsdt = place('DSDT', table('DSDT', 1, dsdtBody(platform)));
  const roots = [
    place('FACP', table('FACP', 3, fadtBody(platform, facs, dsdt))),
    place('APIC', table('APIC', 1, madtBody(platform))),
  ];
  const rsdt = place('RSDT', table('RSDT', 1, new Builder().u32(...roots).finish()));
  const pointers = new Builder();
  for (const root of roots) pointers.u64(root);
  const xsdt = place('XSDT', table('XSDT', 1, pointers.finish()));

  const rsdp = rsdpTable(rsdt, xsdt);
  tables.set('RSD PTR ', rsdp);
  const bytes = image.finish();
  bytes.set(rsdp, 0);
  return { rsdp: base, loads: [{ address: base, bytes, size: bytes.length, what: 'ACPI tables' }], tables };
}

function rsdpTable(rsdt: number, xsdt: number): Uint8Array {
  const rsdp = new Builder().text('RSD PTR ').u8(0).text(OEM_ID).u8(2).u32(rsdt);
  rsdp.patch8(8, checksum(rsdp.finish())); // over the 20 bytes of version 1
  rsdp.u32(36).u64(xsdt).u8(0, 0, 0, 0);
  return rsdp.patch8(32, checksum(rsdp.finish())).finish();
}

/** Firmware ACPI control structure: no header, no checksum. */
function facsTable(): Uint8Array {
  return new Builder().text('FACS').u32(64).padTo(32).u8(1).padTo(64).finish();
}

function fadtBody(platform: Platform, facs: number, dsdt: number): Uint8Array {
  const pm = platform.pmBase;
  const bootArchitecture = LEGACY_DEVICES | HAS_8042 | (platform.vga ? 0 : VGA_NOT_PRESENT);
  const fadt = new Builder();
  fadt.u32(facs, dsdt).u8(0, 1).u16(platform.sciIrq); // preferred profile: desktop
  fadt.u32(SMI_COMMAND).u8(ACPI_ENABLE, ACPI_DISABLE, 0, 0);
  fadt.u32(pm + PM1_EVENT, 0, pm + PM1_CONTROL, 0, 0, pm + PM_TIMER, pm + GPE0, 0);
  fadt.u8(4, 2, 0, 4, 4, 0, 0, 0); // lengths of those blocks; GPE1 base; no C state control
  fadt.u16(NO_C2, NO_C3, 0, 0).u8(0, 0, 0, 0, platform.centuryIndex).u16(bootArchitecture).u8(0);
  fadt.u32(WBINVD | PROC_C1 | SLP_BUTTON | FIX_RTC | RESET_REG_SUP);
  fadt.bytes(ioAddress(RESET_CONTROL, 8)).u8(FULL_RESET, 0, 0, 0);
  fadt.u64(facs).u64(dsdt);
  fadt.bytes(ioAddress(pm + PM1_EVENT, 32)).bytes(ioAddress(0, 0));
  fadt
    .bytes(ioAddress(pm + PM1_CONTROL, 16))
    .bytes(ioAddress(0, 0))
    .bytes(ioAddress(0, 0));
  fadt
    .bytes(ioAddress(pm + PM_TIMER, 32))
    .bytes(ioAddress(pm + GPE0, 32))
    .bytes(ioAddress(0, 0));
  return fadt.finish();
}

/** Generic address structure in I/O space; all zeros for what is not there. */
function ioAddress(port: number, bits: number): Uint8Array {
  if (bits === 0) return new Uint8Array(12);
  const accessSize = bits === 8 ? 1 : bits === 16 ? 2 : 3;
  return new Builder().u8(1, bits, 0, accessSize).u64(port).finish();
}

function madtBody(platform: Platform): Uint8Array {
  const madt = new Builder().u32(platform.localApic, PCAT_COMPAT);
  madt.u8(0, 8, 0, platform.localApicId).u32(1); // processor 0, enabled
  madt.u8(1, 12, platform.ioApicId, 0).u32(platform.ioApic, 0);
  madt.u8(2, 10, 0, 0).u32(2).u16(0); // IRQ0 is wired to pin 2
  const level = [...new Set([...platform.pciIrqs, platform.sciIrq])].sort((a, b) => a - b);
  for (const irq of level) madt.u8(2, 10, 0, irq).u32(irq).u16(LEVEL_ACTIVE_HIGH);
  madt.u8(4, 6, ALL_PROCESSORS).u16(0).u8(1); // NMI at LINT1
  return madt.finish();
}

/** A system description table: header, body, checksum. */
function table(signature: string, revision: number, body: Uint8Array): Uint8Array {
  const header = new Builder().text(signature).u32(HEADER_SIZE + body.length);
  header.u8(revision, 0).text(OEM_ID).text(OEM_TABLE_ID).u32(1).text(CREATOR_ID).u32(1);
  const bytes = header.bytes(body).finish();
  bytes[9] = checksum(bytes);
  return bytes;
}
