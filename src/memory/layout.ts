// Where things are in the heap: the one ArrayBuffer that generated code, devices and the monitor share.
//
//   0            guest RAM: for RAM, host offset and guest-physical address are the same number
//   extraAt      memory of devices and firmware (VRAM, ROM images)
//   registersAt  the register file, one page
//   linksAt      the link table of translated code: see cpu/links.ts
//   tablesAt     shadow page tables, 4 MiB each: the supervisor table, then the user tables
//   tagsAt       the fast interpreter's tags: see cpu/tags.ts
//   codeAt       packed code: see cpu/block-cache.ts
//
// The sizes are those that asm.js accepts: a multiple of 16 MiB, at most 2 GiB.

import { UserError } from '../lib/errors.ts';

export const PAGE_BYTES = 4096;
const MIB = 1 << 20;

/** Guest RAM: limits of `ramBytes`. A shadow entry holds a 30-bit host offset. */
export const MIN_RAM_BYTES = 1 * MIB;
export const MAX_RAM_BYTES = 1024 * MIB;
/** Memory from this host offset on has no shadow entries: every access takes the slow path. */
export const DIRECT_BYTES = 0x40000000;
const MAX_HEAP_BYTES = 0x80000000;
const HEAP_UNIT = 16 * MIB;

/** Bytes kept for the register file. */
export const REGISTERS_BYTES = 4096;
/** Bytes kept for the link table of translated code. */
export const LINKS_BYTES = 524288;
/** Bytes kept for the tags of packed code. */
export const TAGS_BYTES = 524288;
/** Bytes kept for packed code. What is never written takes no memory of the host's. */
export const PACKED_BYTES = 16 * MIB;
/** Entries of a shadow page table: one for each guest-linear page. */
export const TABLE_ENTRIES = 1 << 20;
export const TABLE_BYTES = TABLE_ENTRIES * 4;
/** User shadow page tables, and so cached address spaces, unless told otherwise. */
export const USER_TABLES = 12;
/** Most user tables: their number is a bit position in an int32, beside the supervisor table's. */
const MAX_USER_TABLES = 30;

export interface HeapOptions {
  /** Guest RAM in bytes: 1 MiB to 1 GiB, a multiple of 4 KiB. */
  readonly ramBytes: number;
  /** Memory of devices and firmware in bytes, rounded up to pages. 0 unless given. */
  readonly extraBytes?: number;
  /** Cached address spaces: 2 to 30. */
  readonly userTables?: number;
}

/** Host offsets and sizes in bytes. */
export interface HeapLayout {
  readonly ramBytes: number;
  readonly extraAt: number;
  readonly extraBytes: number;
  readonly registersAt: number;
  readonly linksAt: number;
  readonly tablesAt: number;
  readonly tagsAt: number;
  readonly codeAt: number;
  readonly userTables: number;
  readonly heapBytes: number;
}

/** Lays the heap out. Throws `UserError` for a RAM size out of range, `RangeError` for what the machine got wrong. */
export function layoutHeap(options: HeapOptions): HeapLayout {
  const { ramBytes, extraBytes = 0, userTables = USER_TABLES } = options;
  if (!(ramBytes >= MIN_RAM_BYTES && ramBytes <= MAX_RAM_BYTES))
    throw new UserError(
      `guest memory of ${megabytes(ramBytes)} is out of range: choose ${megabytes(MIN_RAM_BYTES)} to ${megabytes(MAX_RAM_BYTES)}`,
    );
  if (ramBytes % PAGE_BYTES !== 0) throw new UserError(`guest memory of ${ramBytes} bytes is not a multiple of 4 KiB`);
  if (!(userTables >= 2 && userTables <= MAX_USER_TABLES))
    throw new RangeError(`userTables ${userTables} is not in 2..30`);
  const extraAt = ramBytes;
  const extra = Math.ceil(extraBytes / PAGE_BYTES) * PAGE_BYTES;
  const registersAt = extraAt + extra;
  const linksAt = registersAt + REGISTERS_BYTES;
  const tablesAt = linksAt + LINKS_BYTES;
  const tagsAt = tablesAt + (1 + userTables) * TABLE_BYTES;
  const codeAt = tagsAt + TAGS_BYTES;
  const heapBytes = Math.ceil((codeAt + PACKED_BYTES) / HEAP_UNIT) * HEAP_UNIT;
  if (heapBytes > MAX_HEAP_BYTES)
    throw new RangeError(`extra memory of ${extraBytes} bytes does not fit in a 2 GiB heap`);
  return {
    ramBytes,
    extraAt,
    extraBytes: extra,
    registersAt,
    linksAt,
    tablesAt,
    tagsAt,
    codeAt,
    userTables,
    heapBytes,
  };
}

function megabytes(bytes: number): string {
  return `${bytes / MIB}M`;
}
