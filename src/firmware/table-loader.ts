// The ACPI tables for firmware that places them itself: blobs, and a script of commands that tells how to put them into
// memory and relocate them. The script is QEMU's linker/loader (its include/hw/acpi/bios-linker-loader.h and
// hw/acpi/bios-linker-loader.c): entries of 128 bytes, file names of 56.

import { acpiTables } from './acpi.ts';
import { Builder } from './bytes.ts';
import type { Platform } from './platform.ts';

const ENTRY_BYTES = 128;
const NAME_BYTES = 56;

// Commands.
const ALLOCATE = 1;
const ADD_POINTER = 2;
const ADD_CHECKSUM = 3;
/** Zones of ALLOCATE: anywhere below 4 GiB, or F0000h to FFFFFh. */
const ZONE_HIGH = 1;
const ZONE_F_SEGMENT = 2;

const TABLES = 'etc/acpi/tables';
const RSDP = 'etc/acpi/rsdp';
/** Where the checksum is in a table's header, and in the RSDP for its first 20 bytes and for all of it. */
const CHECKSUM = 9;
const RSDP_CHECKSUM = 8;
const RSDP_EXTENDED_CHECKSUM = 32;
const HEADER_BYTES = 36;

/** Fields that hold the address of a table: offset in the table, and size in bytes. */
const FADT_POINTERS = [
  [36, 4],
  [40, 4],
  [132, 8],
  [140, 8],
] as const;
const RSDP_POINTERS = [
  [16, 4],
  [24, 8],
] as const;

/** The files `etc/acpi/tables`, `etc/acpi/rsdp` and `etc/table-loader`. */
export function acpiFiles(platform: Platform): ReadonlyMap<string, Uint8Array> {
  // Linked for address 0, each pointer is an offset in the blob: what ADD_POINTER starts from.
  const { loads, tables } = acpiTables(platform, 0);
  const [load] = loads;
  if (!load) throw new Error('there are no ACPI tables');
  const blob = load.bytes.slice();
  const rsdp = blob.slice(0, HEADER_BYTES);
  const script = new Builder();
  allocate(script, RSDP, 16, ZONE_F_SEGMENT);
  allocate(script, TABLES, 64, ZONE_HIGH);
  for (const [signature, table] of tables) {
    if (signature === 'RSD PTR ' || signature === 'FACS') continue;
    const at = find(blob, table);
    for (const [offset, size] of pointersOf(signature, table.length)) addPointer(script, TABLES, at + offset, size);
    blob[at + CHECKSUM] = 0;
    addChecksum(script, TABLES, at + CHECKSUM, at, table.length);
  }
  for (const [offset, size] of RSDP_POINTERS) addPointer(script, RSDP, offset, size);
  rsdp[RSDP_CHECKSUM] = 0;
  rsdp[RSDP_EXTENDED_CHECKSUM] = 0;
  addChecksum(script, RSDP, RSDP_CHECKSUM, 0, 20);
  addChecksum(script, RSDP, RSDP_EXTENDED_CHECKSUM, 0, rsdp.length);
  blob.fill(0, 0, HEADER_BYTES); // the RSDP lies elsewhere, and must not be found twice
  return new Map([
    [TABLES, blob],
    [RSDP, rsdp],
    ['etc/table-loader', script.finish()],
  ]);
}

function pointersOf(signature: string, length: number): readonly (readonly [offset: number, size: number])[] {
  if (signature === 'FACP') return FADT_POINTERS;
  if (signature !== 'RSDT' && signature !== 'XSDT') return [];
  const size = signature === 'RSDT' ? 4 : 8;
  return Array.from({ length: (length - HEADER_BYTES) / size }, (_, k) => [HEADER_BYTES + k * size, size] as const);
}

/** Offset of a table in the blob that it was copied to. */
function find(blob: Uint8Array, table: Uint8Array): number {
  for (let at = 0; at + table.length <= blob.length; at += 64) {
    if (table.every((byte, k) => blob[at + k] === byte)) return at;
  }
  throw new Error('an ACPI table is not in its blob');
}

function allocate(script: Builder, file: string, alignment: number, zone: number): void {
  entry(script, ALLOCATE, (b) => b.text(file, NAME_BYTES).u32(alignment).u8(zone));
}

/** The field at `offset` of `file` gets the address of the tables added. */
function addPointer(script: Builder, file: string, offset: number, size: number): void {
  entry(script, ADD_POINTER, (b) => b.text(file, NAME_BYTES).text(TABLES, NAME_BYTES).u32(offset).u8(size));
}

/** The byte at `offset` makes the sum of [start, start + length) zero. */
function addChecksum(script: Builder, file: string, offset: number, start: number, length: number): void {
  entry(script, ADD_CHECKSUM, (b) => b.text(file, NAME_BYTES).u32(offset, start, length));
}

function entry(script: Builder, command: number, body: (b: Builder) => Builder): void {
  const bytes = body(new Builder().u32(command)).padTo(ENTRY_BYTES).finish();
  script.bytes(bytes);
}
