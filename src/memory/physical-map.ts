// The guest-physical address space: an ordered list of ranges, and one word a page for the paths that matter.
// What answers at an address: RAM, ROM (reads memory, drops writes), a device's registers, or nothing. Nothing reads
// as ones and drops writes, as an undriven bus does.
//
// RAM and ROM ranges are whole pages; device ranges may be of any size (an HPET has 1 KiB).

import { hex } from '../lib/hex.ts';
import { channel } from '../lib/log.ts';
import { PAGE_BYTES } from './layout.ts';

const log = channel('mmu');

/** Width of an access in bits. */
export type AccessSize = 8 | 16 | 32;

/** A device's registers: `offset` in bytes from the start of the range, values unsigned for 8 and 16 bits, int32 for 32. */
export interface MmioHandler {
  read(offset: number, size: AccessSize): number;
  write(offset: number, size: AccessSize, value: number): void;
}

/** What is behind a range. `host`: offset in the heap, a multiple of 4 KiB. */
export type Backing =
  | { readonly kind: 'ram'; readonly host: number }
  | { readonly kind: 'rom'; readonly host: number }
  | { readonly kind: 'mmio'; readonly handler: MmioHandler; readonly base?: number };

/** A range of guest-physical addresses: [start, start + bytes), below 2^32. */
export interface PhysicalRange {
  readonly start: number;
  readonly bytes: number;
  readonly name: string;
  readonly backing: Backing;
}

// Page words: what a whole page is. Other values are PAGE_RAM or PAGE_ROM plus the host frame << 2.
/** Nothing is there. */
export const PAGE_HOLE = 0;
/** A device, or several things: ask `rangeAt`. */
export const PAGE_DEVICE = 1;
export const PAGE_RAM = 2;
export const PAGE_ROM = 3;
export const PAGE_KIND = 3;

/** Told of changes, so that nothing derived from the old map survives. Pages are numbered from 0. */
export interface MapListener {
  /** Before pages [first, last] change: `pages` still tells what they were. */
  changing(first: number, last: number): void;
  changed(first: number, last: number): void;
}

export class PhysicalMap {
  /** A word for each 4 KiB page of the 4 GiB. Read-only to others. */
  readonly pages = new Int32Array(1 << 20);
  listener: MapListener | undefined;
  #ranges: PhysicalRange[] = [];
  /** The range found last: device accesses come in runs. */
  #last: PhysicalRange | undefined;

  /** All ranges in order of address. */
  get ranges(): readonly PhysicalRange[] {
    return this.#ranges;
  }

  /** Adds a range. Throws `RangeError` if it overlaps another (the message names both) or is not well formed. */
  add(range: PhysicalRange): void {
    check(range);
    for (const other of this.#ranges)
      if (other.start < range.start + range.bytes && range.start < other.start + other.bytes)
        throw new RangeError(`physical ranges overlap: ${describe(range)} and ${describe(other)}`);
    this.#replace(range.start, range.bytes, [range]);
  }

  /**
   * Puts `backing` (undefined: nothing) at [start, start + bytes), whatever was there; ranges that reach over the edges
   * keep their outer parts. For chipset shadowing and PCI BARs.
   */
  remap(start: number, bytes: number, name: string, backing: Backing | undefined): void {
    const range = backing && { start, bytes, name, backing };
    if (range) check(range);
    this.#replace(start, bytes, range ? [range] : []);
  }

  /** The range that holds the address, if any. */
  rangeAt(physical: number): PhysicalRange | undefined {
    const address = physical >>> 0;
    const last = this.#last;
    if (last && address >= last.start && address < last.start + last.bytes) return last;
    const found = this.#ranges[this.#firstAfter(address) - 1];
    if (!found || address >= found.start + found.bytes) return undefined;
    this.#last = found;
    return found;
  }

  /** Host offset of an address in RAM or ROM, otherwise -1. */
  hostOf(physical: number): number {
    const word = this.pages[physical >>> 12];
    return (word & PAGE_KIND) >= PAGE_RAM ? (word >>> 2) * PAGE_BYTES + (physical & 0xfff) : -1;
  }

  /**
   * Reads `size` bits from a device or from nothing. An access that is aligned keeps its width; others, and those
   * that reach over the end of a range, are split into bytes. Values as `MmioHandler`'s.
   */
  readDevice(physical: number, size: AccessSize): number {
    const range = this.rangeAt(physical);
    const bytes = size >> 3;
    const offset = range ? (physical >>> 0) - range.start : 0;
    if (size !== 8 && ((physical & (bytes - 1)) !== 0 || (range && offset + bytes > range.bytes)))
      return this.#readBytes(physical, bytes);
    if (range?.backing.kind !== 'mmio') {
      if (log.enabled) log.log(`read of ${size} bits at ${hex(physical, 8)}: nothing there`);
      return size === 32 ? -1 : (1 << size) - 1;
    }
    const value = range.backing.handler.read(offset + (range.backing.base ?? 0), size);
    return size === 32 ? value | 0 : value & ((1 << size) - 1);
  }

  /** Writes `size` bits of `value` to a device, ROM or nothing; the latter two drop it. */
  writeDevice(physical: number, size: AccessSize, value: number): void {
    const range = this.rangeAt(physical);
    const bytes = size >> 3;
    const offset = range ? (physical >>> 0) - range.start : 0;
    if (size !== 8 && ((physical & (bytes - 1)) !== 0 || (range && offset + bytes > range.bytes))) {
      for (let k = 0; k < bytes; k++) this.writeDevice((physical + k) | 0, 8, (value >>> (8 * k)) & 255);
    } else if (range?.backing.kind !== 'mmio') {
      if (log.enabled)
        log.log(
          `write of ${size} bits at ${hex(physical, 8)} dropped: ${range ? `${range.name} is read-only` : 'nothing there'}`,
        );
    } else {
      const masked = size === 32 ? value | 0 : value & ((1 << size) - 1);
      range.backing.handler.write(offset + (range.backing.base ?? 0), size, masked);
    }
  }

  /** One line for each range, in order. */
  describe(): string {
    return this.#ranges.map(describe).join('\n');
  }

  #readBytes(physical: number, bytes: number): number {
    let value = 0;
    for (let k = 0; k < bytes; k++) value |= this.readDevice((physical + k) | 0, 8) << (8 * k);
    return value;
  }

  /** Index of the first range that starts above the address. */
  #firstAfter(address: number): number {
    let low = 0;
    let high = this.#ranges.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#ranges[middle].start <= address) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #replace(start: number, bytes: number, put: readonly PhysicalRange[]): void {
    const end = start + bytes;
    const first = Math.floor(start / PAGE_BYTES);
    const last = Math.floor((end - 1) / PAGE_BYTES);
    this.listener?.changing(first, last);
    const kept: PhysicalRange[] = [...put];
    for (const range of this.#ranges) {
      const rangeEnd = range.start + range.bytes;
      if (rangeEnd <= start || range.start >= end) kept.push(range);
      if (range.start < start && rangeEnd > start) kept.push(slice(range, range.start, start));
      if (range.start < end && rangeEnd > end) kept.push(slice(range, end, rangeEnd));
    }
    for (const range of kept) check(range);
    this.#ranges = kept.sort((a, b) => a.start - b.start);
    this.#last = undefined;
    for (let page = first; page <= last; page++) this.pages[page] = this.#pageWord(page);
    this.listener?.changed(first, last);
  }

  #pageWord(page: number): number {
    const start = page * PAGE_BYTES;
    const at = this.#firstAfter(start + PAGE_BYTES - 1) - 1;
    const range = this.#ranges[at];
    if (!range || range.start + range.bytes <= start) return PAGE_HOLE;
    const { backing } = range;
    if (backing.kind === 'mmio') return PAGE_DEVICE;
    const frame = (backing.host + (start - range.start)) / PAGE_BYTES;
    return (frame << 2) | (backing.kind === 'ram' ? PAGE_RAM : PAGE_ROM);
  }
}

function check(range: PhysicalRange): void {
  const { start, bytes, backing } = range;
  const inside = Number.isInteger(start) && start >= 0 && bytes > 0 && start + bytes <= 2 ** 32;
  if (!inside) throw new RangeError(`physical range is not within 4 GiB: ${describe(range)}`);
  if (backing.kind !== 'mmio' && (start % PAGE_BYTES || bytes % PAGE_BYTES || backing.host % PAGE_BYTES))
    throw new RangeError(`memory range is not made of whole pages: ${describe(range)}`);
}

/** The part [from, to) of a range. */
function slice(range: PhysicalRange, from: number, to: number): PhysicalRange {
  const by = from - range.start;
  const { backing } = range;
  return {
    start: from,
    bytes: to - from,
    name: range.name,
    backing:
      backing.kind === 'mmio'
        ? { kind: 'mmio', handler: backing.handler, base: (backing.base ?? 0) + by }
        : { kind: backing.kind, host: backing.host + by },
  };
}

function describe(range: PhysicalRange): string {
  return `${range.name} (${range.backing.kind} ${hex(range.start, 8)}-${hex(range.start + range.bytes - 1, 8)})`;
}
