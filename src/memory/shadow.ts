// Shadow page tables: guest-linear page -> host offset and rights, flat over the 2^20 pages, in the heap.
//
//   p = H32[tableWord + (linear >>> 12)] ^ linear
//
// With bit 31 of p set, there is no direct access; with bit 30 set, no direct write; with both clear, p is the host
// offset. So one test with a mask answers for rights, validity and alignment. Table 0 is the supervisor's, shared by
// all address spaces; the others belong to one address space each and serve accesses with user rights.
//
// Beside the entries: a byte of attributes each; the back map (for each host frame, the list of entries that map it),
// as links of the entries themselves; a bitmap of filled entries; and regions. A region is what one page-directory
// entry maps; it remembers that entry, and the page-table frame below it, so that a change of either finds what was
// derived from it.

import { type HeapLayout, TABLE_ENTRIES } from './layout.ts';

type int = number;

/** In p: no direct access. */
export const NOT_DIRECT = -0x80000000;
/** In p: readable, not directly writable. */
export const NOT_WRITABLE = 0x40000000;
/** In p: the host offset. */
export const HOST_BITS = 0x3fffffff;

// Attributes of an entry.
export const FILLED = 1;
/** The guest's tables allow writing (by those whom the table serves) and the dirty bit is set. */
export const WRITABLE = 2;
export const NO_EXECUTE = 4;
/** Code was fetched through it. */
export const EXECUTED = 8;
/** Writable only because CR0.WP was clear. */
export const WP_LIFTED = 16;

/** Most regions of a table: 2 MiB each (PAE); 1024 of 4 MiB in the other modes. */
const REGIONS = 2048;
const REGION_WORDS = REGIONS / 32;
const FILLED_WORDS = TABLE_ENTRIES / 32;

export class ShadowTables {
  readonly #h32: Int32Array;
  /** Word index of table 0 in the heap. */
  readonly firstWord: int;
  readonly tables: int;
  /** Indexed by table << 20 | page. */
  readonly attributes: Uint8Array;
  /** Pairs (next, previous) of entry number + 1, 0 at the ends, in the list of a frame. */
  readonly #links: Int32Array;
  readonly #heads: Int32Array;
  readonly #filled: Int32Array;
  readonly #ready: Uint8Array;
  /** log2 of the pages of a region: 10, or 9 with PAE. */
  regionShift: int = 10;
  // Indexed by node = table << 11 | region.
  /** The page-directory entry as it was after the walk; with PAE its high word too. */
  readonly regionEntry: Int32Array;
  readonly regionEntryHigh: Int32Array;
  /** Host frame of the page table below, or -1. */
  readonly regionTable: Int32Array;
  readonly #active: Int32Array;
  // Uses of host frames as page tables: lists of node + 1. Nodes above `directoryNode` are page directories.
  readonly useHead: Int32Array;
  readonly useNext: Int32Array;
  readonly #usePrevious: Int32Array;
  /** Node of the first directory use: space << 2 | quarter is added. */
  readonly directoryNode: int;
  /** Bit t: table t lost an entry that code was fetched through. Whoever drops entries reports and clears it. */
  lost: int = 0;
  /** Called when a frame gets its first, or loses its last, use as a page table. */
  useChanged: (frame: int, used: boolean) => void = () => {};

  /** `frames`: host frames that can be mapped directly. */
  constructor(heap: Int32Array, layout: HeapLayout, frames: number) {
    this.#h32 = heap;
    this.firstWord = layout.tablesAt >> 2;
    this.tables = 1 + layout.userTables;
    const nodes = this.tables * REGIONS;
    this.attributes = new Uint8Array(this.tables * TABLE_ENTRIES);
    this.#links = new Int32Array(2 * this.tables * TABLE_ENTRIES);
    this.#heads = new Int32Array(frames);
    this.#filled = new Int32Array(this.tables * FILLED_WORDS);
    this.#ready = new Uint8Array(this.tables);
    this.regionEntry = new Int32Array(nodes);
    this.regionEntryHigh = new Int32Array(nodes);
    this.regionTable = new Int32Array(nodes).fill(-1);
    this.#active = new Int32Array(this.tables * REGION_WORDS);
    this.directoryNode = nodes;
    this.useHead = new Int32Array(frames);
    this.useNext = new Int32Array(nodes + 4 * this.tables);
    this.#usePrevious = new Int32Array(nodes + 4 * this.tables);
    this.prepare(0);
  }

  /** Makes a table usable: all its entries invalid. Done on first use, since it costs 2 MiB of real memory. */
  prepare(table: int): void {
    if (this.#ready[table] !== 0) return;
    this.#ready[table] = 1;
    // Zero, as the heap comes, is the invalid entry of the upper half.
    const first = this.firstWord + table * TABLE_ENTRIES;
    this.#h32.fill(invalidEntry(0), first, first + TABLE_ENTRIES / 2);
  }

  isPrepared(table: int): boolean {
    return this.#ready[table] !== 0;
  }

  /** The entry `at` = table << 20 | page, combined with its page: NOT_DIRECT, NOT_WRITABLE, host offset. */
  look(at: int): int {
    return this.#h32[this.firstWord + at] ^ (at << 12);
  }

  /**
   * Notes what the region of entry `at` is derived from: the directory entry as the walk left it, and the host frame of
   * the page table (-1: none). Comes before `enter`, since it may put a trace on the very frame that is entered.
   */
  derive(at: int, entry: int, high: int, tableFrame: int): void {
    const node = this.nodeOf(at);
    const word = (node >>> 11) * REGION_WORDS + ((node & 2047) >>> 5);
    if ((this.#active[word] & (1 << (node & 31))) === 0) {
      this.#active[word] |= 1 << (node & 31);
      this.regionTable[node] = tableFrame;
      if (tableFrame >= 0) this.addUse(node, tableFrame);
    } else if (this.regionTable[node] !== tableFrame) {
      throw new Error(`shadow region ${node.toString(16)} is derived from two page tables`);
    }
    this.regionEntry[node] = entry;
    this.regionEntryHigh[node] = high;
  }

  /**
   * Fills an entry, or changes the rights of one that maps the same frame. `attributes`: without FILLED and EXECUTED;
   * `direct`: whether writes may be direct.
   */
  enter(at: int, frame: int, attributes: int, direct: boolean): void {
    const linear = at << 12;
    const value = (frame << 12) ^ linear ^ (direct ? 0 : NOT_WRITABLE);
    const old = this.attributes[at];
    if (old !== 0) {
      if ((this.look(at) & HOST_BITS) >>> 12 === frame) {
        this.#h32[this.firstWord + at] = value;
        this.attributes[at] = attributes | FILLED | (old & EXECUTED);
        return;
      }
      this.#release(at);
    }
    this.#h32[this.firstWord + at] = value;
    this.attributes[at] = attributes | FILLED;
    this.#filled[at >>> 5] |= 1 << (at & 31);
    const head = this.#heads[frame];
    this.#links[2 * at] = head;
    this.#links[2 * at + 1] = 0;
    if (head !== 0) this.#links[2 * (head - 1) + 1] = at + 1;
    this.#heads[frame] = at + 1;
  }

  /**
   * Copies an entry of another table for the same page, with the region it belongs to. `mask`: attributes to keep;
   * `direct` as for `enter`.
   */
  copyEntry(to: int, from: int, mask: int, direct: boolean): void {
    const node = this.nodeOf(from);
    this.derive(to, this.regionEntry[node], this.regionEntryHigh[node], this.regionTable[node]);
    this.enter(to, (this.look(from) & HOST_BITS) >>> 12, this.attributes[from] & mask, direct);
  }

  /** Lets writes through an entry be direct. */
  upgrade(at: int): void {
    this.#h32[this.firstWord + at] = ((this.look(at) & HOST_BITS) ^ (at << 12)) | 0;
  }

  /** Takes direct writing away from an entry; from now on the guest's own tables forbid it too, or call it clean. */
  protect(at: int): void {
    if (this.attributes[at] === 0) return;
    this.attributes[at] &= ~(WRITABLE | WP_LIFTED);
    this.#h32[this.firstWord + at] = (this.look(at) | NOT_WRITABLE) ^ (at << 12);
  }

  /** Takes direct writing away from every mapping of a frame. */
  downgradeFrame(frame: int): void {
    for (let link = this.#heads[frame]; link !== 0; link = this.#links[2 * (link - 1)]) {
      const at = link - 1;
      this.#h32[this.firstWord + at] = (this.look(at) | NOT_WRITABLE) ^ (at << 12);
    }
  }

  drop(at: int): void {
    if (this.attributes[at] === 0) return;
    this.#filled[at >>> 5] &= ~(1 << (at & 31));
    this.#release(at);
  }

  /** Drops every mapping of a frame. */
  dropFrame(frame: int): void {
    for (let link = this.#heads[frame]; link !== 0; link = this.#heads[frame]) this.drop(link - 1);
  }

  /** Drops what was derived from one page-directory entry. */
  dropRegion(node: int): void {
    const table = node >>> 11;
    const region = node & 2047;
    const word = table * REGION_WORDS + (region >>> 5);
    if ((this.#active[word] & (1 << (region & 31))) === 0) return;
    this.#active[word] &= ~(1 << (region & 31));
    const first = (table * TABLE_ENTRIES + (region << this.regionShift)) >>> 5;
    const end = first + (1 << (this.regionShift - 5));
    for (let k = first; k < end; k++) {
      let bits = this.#filled[k];
      if (bits === 0) continue;
      this.#filled[k] = 0;
      for (; bits !== 0; bits &= bits - 1) this.#release((k << 5) | (31 - Math.clz32(bits & -bits)));
    }
    const frame = this.regionTable[node];
    if (frame >= 0) this.removeUse(node, frame);
    this.regionTable[node] = -1;
  }

  dropTable(table: int): void {
    this.dropRegions(table, 0, REGIONS - 1);
  }

  /** Drops the active ones of regions [first, last]. */
  dropRegions(table: int, first: int, last: int): void {
    for (let region = this.nextRegion(table, first); region >= 0; region = this.nextRegion(table, region + 1)) {
      if (region > last) break;
      this.dropRegion((table << 11) | region);
    }
  }

  /** The first active region from `from` on, or -1. */
  nextRegion(table: int, from: int): int {
    if (from >= REGIONS) return -1;
    let word = from >>> 5;
    let bits = this.#active[table * REGION_WORDS + word] & (-1 << (from & 31));
    while (bits === 0) {
      if (++word === REGION_WORDS) return -1;
      bits = this.#active[table * REGION_WORDS + word];
    }
    return (word << 5) | (31 - Math.clz32(bits & -bits));
  }

  isActive(node: int): boolean {
    return (this.#active[(node >>> 11) * REGION_WORDS + ((node & 2047) >>> 5)] & (1 << (node & 31))) !== 0;
  }

  nodeOf(at: int): int {
    return ((at >>> 20) << 11) | ((at & 0xfffff) >>> this.regionShift);
  }

  addUse(node: int, frame: int): void {
    const head = this.useHead[frame];
    this.useNext[node] = head;
    this.#usePrevious[node] = 0;
    if (head !== 0) this.#usePrevious[head - 1] = node + 1;
    this.useHead[frame] = node + 1;
    if (head === 0) this.useChanged(frame, true);
  }

  removeUse(node: int, frame: int): void {
    const next = this.useNext[node];
    const previous = this.#usePrevious[node];
    if (next !== 0) this.#usePrevious[next - 1] = previous;
    if (previous !== 0) this.useNext[previous - 1] = next;
    else this.useHead[frame] = next;
    if (this.useHead[frame] === 0) this.useChanged(frame, false);
  }

  /** First entry number + 1 in the list of a frame, and the one after an entry; 0 at the end. */
  mappings(frame: int): int {
    return this.#heads[frame];
  }

  mappingAfter(at: int): int {
    return this.#links[2 * at];
  }

  isFilled(at: int): boolean {
    return (this.#filled[at >>> 5] & (1 << (at & 31))) !== 0;
  }

  /** For the invariant checker: the first entry from `at` on, below `end`, that is filled or gives access; or -1. */
  nextLive(at: int, end: int): int {
    const h32 = this.#h32;
    const attributes = this.attributes;
    const first = this.firstWord;
    for (let k = at; k < end; k++) if (attributes[k] !== 0 || (h32[first + k] ^ (k << 12)) >= 0) return k;
    return -1;
  }

  /** Makes an entry invalid and takes it off its frame's list; its bit in #filled is the caller's. */
  #release(at: int): void {
    const frame = (this.look(at) & HOST_BITS) >>> 12;
    this.#h32[this.firstWord + at] = invalidEntry(at);
    const next = this.#links[2 * at];
    const previous = this.#links[2 * at + 1];
    if (next !== 0) this.#links[2 * (next - 1) + 1] = previous;
    if (previous !== 0) this.#links[2 * (previous - 1)] = next;
    else this.#heads[frame] = next;
    if ((this.attributes[at] & EXECUTED) !== 0) this.lost |= 1 << (at >>> 20);
    this.attributes[at] = 0;
  }
}

/** The entry that makes bit 31 of p one for every address of its page. */
function invalidEntry(at: int): int {
  return (at & 0x80000) !== 0 ? 0 : NOT_DIRECT;
}
