// SMBIOS tables: what the machine is called and what is in it. System Management BIOS Reference Specification 2.8
// (DMTF DSP0134): entry point (section 5.2.1), structures (section 7).
//
// Deviation: of the required structures, those of caches and slots are left out.

import { Builder, checksum } from './bytes.ts';
import type { Load } from './plan.ts';

const MAKER = 'Transvisor';
const PRODUCT = 'Transvisor PC (i440FX)';
const VERSION = '0.1';
const BIOS_DATE = '01/01/2026';
const PROCESSOR = 'Transvisor virtual CPU';

// Structure types.
const BIOS = 0;
const SYSTEM = 1;
const CHASSIS = 3;
const CPU = 4;
const MEMORY_ARRAY = 16;
const MEMORY_DEVICE = 17;
const MEMORY_ARRAY_ADDRESS = 19;
const BOOT = 32;
const END = 127;

const ENTRY_BYTES = 31;
const INTERMEDIATE = 16;
const INTERMEDIATE_BYTES = 15;
const VERSION_2_8 = [2, 8] as const;
const NOT_PROVIDED = 0xfffe;
const OTHER = 1;
const UNKNOWN = 2;
/** Behind the MP table in the BIOS segment, in a direct boot. */
const DEFAULT_BASE = 0xf9000;

export interface SmbiosTables {
  /** The entry point; its table address and checksums are for the given address. */
  readonly anchor: Uint8Array;
  readonly tables: Uint8Array;
}

/** The tables of a machine with so much RAM, to lie at `address`. */
export function smbiosTables(memoryBytes: number, address = 0): SmbiosTables {
  const builder = new Structures();
  // Characteristics: PCI, shadowing, boot from CD, selectable boot, EDD; ACPI; targeted content, virtual machine.
  builder.add(BIOS, [MAKER, VERSION, BIOS_DATE], (b) =>
    b.u8(1, 2).u16(0xf000).u8(3, 0).u64(0x99080).u8(0x01, 0x14).u8(0, 1, 0xff, 0xff),
  );
  // No serial number; identifier not present; woken by the power switch.
  builder.add(SYSTEM, [MAKER, PRODUCT, VERSION], (b) => b.u8(1, 2, 3, 0).padTo(20).u8(6, 0, 0));
  builder.add(CHASSIS, [MAKER, VERSION], (b) => b.u8(1, OTHER, 2, 0, 0, 3, 3, 3, UNKNOWN).u32(0).u8(0, 0, 0, 0, 0));
  // Central processor in a socket of no known kind, enabled; one core.
  builder.add(CPU, ['CPU 0', MAKER, PROCESSOR], (b) => {
    b.u8(1, 3, UNKNOWN, 2).u64(0).u8(3, 0).u16(0, 0, 0).u8(0x41, OTHER).u16(0xffff, 0xffff, 0xffff);
    return b.u8(0, 0, 0, 1, 1, 1).u16(0x0002, UNKNOWN);
  });
  const kibibytes = memoryBytes / 1024;
  // On the board, system memory, no error correction; one device.
  const array = builder.add(MEMORY_ARRAY, [], (b) => b.u8(3, 3, 3).u32(kibibytes).u16(NOT_PROVIDED, 1));
  const mebibytes = Math.max(1, Math.floor(memoryBytes / 2 ** 20));
  builder.add(MEMORY_DEVICE, ['DIMM 0', MAKER], (b) => {
    b.u16(array, NOT_PROVIDED, 0xffff, 0xffff, mebibytes).u8(9, 0, 1, 0, 7).u16(UNKNOWN, 0);
    return b.u8(2, 0, 0, 0, 0).u32(0).u16(0, 0, 0, 0);
  });
  builder.add(MEMORY_ARRAY_ADDRESS, [], (b) =>
    b
      .u32(0, kibibytes - 1)
      .u16(array)
      .u8(1)
      .u64(0)
      .u64(0),
  );
  builder.add(BOOT, [], (b) => b.padTo(10).u8(0));
  builder.add(END, [], (b) => b);
  return { anchor: entryPoint(builder, address), tables: builder.finish() };
}

/** Entry point and tables in the BIOS segment, where operating systems search for them. */
export function smbiosLoads(memoryBytes: number, base = DEFAULT_BASE): Load[] {
  const { anchor, tables } = smbiosTables(memoryBytes, base + 32);
  return [
    { address: base, bytes: anchor, size: anchor.length, what: 'SMBIOS entry point' },
    { address: base + 32, bytes: tables, size: tables.length, what: 'SMBIOS tables' },
  ];
}

function entryPoint(structures: Structures, address: number): Uint8Array {
  const { length, largest, count } = structures;
  const entry = new Builder()
    .text('_SM_')
    .u8(0, ENTRY_BYTES, ...VERSION_2_8)
    .u16(largest)
    .padTo(INTERMEDIATE);
  entry.text('_DMI_').u8(0).u16(length).u32(address).u16(count).u8(0x28);
  const intermediate = entry.finish().subarray(INTERMEDIATE, INTERMEDIATE + INTERMEDIATE_BYTES);
  entry.patch8(INTERMEDIATE + 5, checksum(intermediate));
  return entry.patch8(4, checksum(entry.finish())).finish();
}

class Structures {
  readonly #bytes = new Builder();
  count = 0;
  /** Bytes of the largest structure with its strings. */
  largest = 0;

  get length(): number {
    return this.#bytes.length;
  }

  /** Adds a structure with its strings, which its body names by number from 1; returns its handle. */
  add(type: number, strings: readonly string[], body: (b: Builder) => Builder): number {
    const handle = this.count++;
    const formatted = body(new Builder()).finish();
    const start = this.#bytes.length;
    this.#bytes
      .u8(type, 4 + formatted.length)
      .u16(handle)
      .bytes(formatted);
    for (const text of strings) this.#bytes.text(text).u8(0);
    this.#bytes.u8(...(strings.length > 0 ? [0] : [0, 0]));
    this.largest = Math.max(this.largest, this.#bytes.length - start);
    return handle;
  }

  finish(): Uint8Array {
    return this.#bytes.finish();
  }
}
