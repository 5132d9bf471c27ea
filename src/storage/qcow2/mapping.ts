// From bytes of the disk to bytes of the file: QEMU docs/interop/qcow2.txt, "Cluster mapping". The L1 table is in memory
// whole, L2 tables as they are asked for.

import { type ByteFile, readPadded } from '../byte-file.ts';
import type { StorageError } from '../contract.ts';
import { COMPRESSED, COPIED, offsetOf, put64, ZERO } from './entry.ts';
import { corrupt, type Header } from './header.ts';
import { Table, TableCache } from './table-cache.ts';

/** What a stretch of the disk is made of: nothing of this image; zeros; a cluster; a compressed cluster. */
export const HOLE = 0;
export const ZEROS = 1;
export const DATA = 2;
export const SQUEEZED = 3;
/** An entry that no image may have. */
export const BAD = 4;

export class Mapping {
  readonly l1: Table;
  readonly l2: TableCache;
  readonly #file: ByteFile;
  readonly #cluster: number;
  readonly #perL2: number;
  readonly #zerosAllowed: boolean;

  // What `locate` found, in fields so that it makes no object. Valid until the next wait.
  kind = HOLE;
  /** Bytes of the stretch. */
  bytes = 0;
  /** Host offset of its first byte, when it is DATA. */
  host = 0;
  /** It is DATA, and no snapshot has it too. */
  inPlace = false;
  /** The first L2 entry. */
  high = 0;
  low = 0;

  private constructor(file: ByteFile, header: Header, l1: Table) {
    this.#file = file;
    this.#cluster = 2 ** header.clusterBits;
    this.#perL2 = this.#cluster / 8;
    this.#zerosAllowed = header.version === 3;
    this.l1 = l1;
    this.l2 = new TableCache(file, this.#cluster);
  }

  /** Reads the L1 table. */
  static async open(file: ByteFile, header: Header): Promise<Mapping> {
    const l1 = new Table(header.l1Offset, new Uint8Array(header.l1Entries * 8));
    await readPadded(file, header.l1Offset, l1.bytes);
    return new Mapping(file, header, l1);
  }

  /** Position in the L1 table of the entry for a byte of the disk. */
  l1Entry(at: number): number {
    return Math.floor(at / (this.#cluster * this.#perL2)) * 8;
  }

  /** Number of the L2 entry for a byte of the disk. */
  l2Index(at: number): number {
    return Math.floor(at / this.#cluster) % this.#perL2;
  }

  /** Host offset of the L2 table for a byte of the disk; 0 for none. Throws when it cannot be there. */
  l2Offset(at: number): number {
    const entry = this.l1Entry(at);
    const offset = offsetOf(this.l1.view.getUint32(entry), this.l1.view.getUint32(entry + 4));
    if (offset !== 0 && !this.l2.find(offset)) this.#checkTable(offset);
    return offset;
  }

  /** The L2 table for a byte of the disk, if it exists and is in memory. */
  tableInMemory(at: number): Table | undefined {
    const entry = this.l1Entry(at);
    const offset = offsetOf(this.l1.view.getUint32(entry), this.l1.view.getUint32(entry + 4));
    return offset === 0 ? undefined : this.l2.find(offset);
  }

  /** Host offsets of all L2 tables. Throws when one cannot be there. */
  *l2Offsets(): Generator<number> {
    for (let entry = 0; entry < this.l1.bytes.length; entry += 8) {
      const offset = offsetOf(this.l1.view.getUint32(entry), this.l1.view.getUint32(entry + 4));
      if (offset === 0) continue;
      this.#checkTable(offset);
      yield offset;
    }
  }

  /** Makes the L1 entry for a byte of the disk lead to a table that is this image's alone. */
  setTable(at: number, offset: number): void {
    const entry = this.l1Entry(at);
    put64(this.l1.view, entry, offset);
    this.l1.view.setUint32(entry, this.l1.view.getUint32(entry) | COPIED);
    this.l1.touch(entry, entry + 8);
  }

  /** Makes `count` L2 entries lead to clusters in a row that are this image's alone. */
  setClusters(table: Table, index: number, offset: number, count: number): void {
    for (let i = 0; i < count; i++) {
      const entry = (index + i) * 8;
      put64(table.view, entry, offset + i * this.#cluster);
      table.view.setUint32(entry, table.view.getUint32(entry) | COPIED);
    }
    table.touch(index * 8, (index + count) * 8);
  }

  /** Finds what the disk is made of from byte `at` on, `most` bytes or less, in `table` (undefined where none exists). */
  locate(table: Table | undefined, at: number, most: number): void {
    const within = at % this.#cluster;
    let index = this.l2Index(at);
    this.bytes = Math.min(most, (this.#perL2 - index) * this.#cluster - within);
    this.inPlace = false;
    if (!table) {
      this.kind = HOLE;
      return;
    }
    const { view } = table;
    const high = (this.high = view.getUint32(index * 8));
    const low = (this.low = view.getUint32(index * 8 + 4));
    const kind = (this.kind = this.#kindOf(high, low));
    const first = offsetOf(high, low);
    this.inPlace = kind === DATA && (high & COPIED) !== 0;
    this.host = first + within;
    let bytes = this.#cluster - within;
    if (kind !== SQUEEZED) {
      for (index++; bytes < this.bytes; index++, bytes += this.#cluster) {
        const nextHigh = view.getUint32(index * 8);
        const nextLow = view.getUint32(index * 8 + 4);
        if (this.#kindOf(nextHigh, nextLow) !== kind) break;
        if (kind !== DATA) continue;
        if (offsetOf(nextHigh, nextLow) !== this.host + bytes || (nextHigh & COPIED) !== (high & COPIED)) break;
      }
    }
    if (bytes < this.bytes) this.bytes = bytes;
  }

  /** Clusters from byte `at` on, in this table and within `bytes`, that may not be written in place. */
  clustersToReplace(table: Table, at: number, bytes: number): number {
    const first = this.l2Index(at);
    const most = Math.min(this.#perL2 - first, Math.ceil(((at % this.#cluster) + bytes) / this.#cluster));
    let count = 0;
    for (; count < most; count++) {
      const high = table.view.getUint32((first + count) * 8);
      const kind = this.#kindOf(high, table.view.getUint32((first + count) * 8 + 4));
      if (kind === BAD || (kind === DATA && high & COPIED)) break;
    }
    return count;
  }

  /** The error of an entry that is {@link BAD}. */
  badEntry(at: number): StorageError {
    return corrupt(this.#file.name, `the L2 entry of byte ${at} of the disk`);
  }

  #kindOf(high: number, low: number): number {
    if (high & COMPRESSED) return SQUEEZED;
    if (low & ZERO) return this.#zerosAllowed ? ZEROS : BAD;
    const host = offsetOf(high, low);
    return host === 0 ? HOLE : host % this.#cluster === 0 ? DATA : BAD;
  }

  #checkTable(offset: number): void {
    if (offset % this.#cluster !== 0 || offset >= this.#file.size) {
      throw corrupt(this.#file.name, `an L2 table at byte ${offset}, not within the file`);
    }
  }
}
