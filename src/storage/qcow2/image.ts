// A qcow2 image as a medium: QEMU docs/interop/qcow2.txt. Reads through L1 and L2 tables, compressed clusters and the
// backing file; writes in place where a cluster is this image's alone, else into a new cluster.
//
// Order on disk. New clusters and what they hold are written at once; the tables that lead to them change in memory.
// `flush` commits: data and refcounts, then what refers to them (L2 tables, then L1), each durable before the next, then
// counts of what is not referred to any more. A crash at any moment leaves the image as of some moment since the last
// flush, with clusters lost at worst (qemu-img check calls them leaks), never with one that is both free and in use.
//
// Deviations: lazy refcounts are kept strictly, so the dirty bit is never set; internal snapshots are preserved and cannot
// be opened; bitmaps are void after the first writer, as the format asks of programs that do not know them.

import { type ByteFile, beyondEnd, notWritable, readPadded } from '../byte-file.ts';
import { type BlockDevice, SECTOR, StorageError } from '../contract.ts';
import { COMPRESSED, COPIED, compressedAt, offsetOf, ZERO } from './entry.ts';
import { AUTOCLEAR_AT, CORRUPT, corrupt, type Header, INCOMPATIBLE_AT, readHeader } from './header.ts';
import { InflateError, inflate } from './inflate.ts';
import { addMetadata, Refcounts } from './refcounts.ts';
import { Table, TableCache } from './table-cache.ts';

/** Opens a backing file for reading. `format` is what the image says, if anything. */
export type OpenBacking = (name: string, format: string | undefined) => Promise<BlockDevice>;

/** Decompresses a zstd frame, which may have bytes behind it, into `into`. Rejects when it does not fill it. */
export type Unzstd = (bytes: Uint8Array, into: Uint8Array) => Promise<void>;

export interface Qcow2Options {
  /** Without it, an image with a backing file is refused. */
  readonly openBacking?: OpenBacking;
  /** Without it, an image with clusters compressed by zstd is refused. */
  readonly unzstd?: Unzstd;
}

/** What a stretch of the disk is made of. */
const HOLE = 0;
const ZEROS = 1;
const DATA = 2;
const SQUEEZED = 3;
/** An entry that no image may have. */
const BAD = 4;

/** Decompressed clusters to keep: a guest reads a cluster in several requests. */
const DECOMPRESSED = 4;

export class Qcow2Image implements BlockDevice {
  readonly sectors: number;
  readonly readOnly: boolean;
  readonly #file: ByteFile;
  readonly #header: Header;
  readonly #cluster: number;
  readonly #perL2: number;
  readonly #l1: Table;
  readonly #l2: TableCache;
  readonly #backing: BlockDevice | undefined;
  readonly #unzstd: Unzstd | undefined;
  /** Only of an image that may be written. */
  readonly #refcounts: Refcounts | undefined;
  readonly #decompressed = new Map<number, Uint8Array>();
  /** Ends when the last request that changes tables has ended. */
  #turn: Promise<unknown> = Promise.resolve();
  /** Reads of clusters that a write might free. */
  #readers = 0;
  /** Set by a contradiction that was found while writing: nothing is written any more. */
  #broken: StorageError | undefined;

  // What #locate found.
  #kind = HOLE;
  #bytes = 0;
  #host = 0;
  #inPlace = false;
  #high = 0;
  #low = 0;

  private constructor(file: ByteFile, header: Header, l1: Table, refcounts: Refcounts | undefined, rest: Qcow2Parts) {
    this.#file = file;
    this.#header = header;
    this.#cluster = 2 ** header.clusterBits;
    this.#perL2 = this.#cluster / 8;
    this.#l1 = l1;
    this.#l2 = new TableCache(file, this.#cluster);
    this.#refcounts = refcounts;
    this.#backing = rest.backing;
    this.#unzstd = rest.unzstd;
    this.sectors = Math.ceil(header.size / SECTOR);
    this.readOnly = file.readOnly;
  }

  /**
   * Opens the image in `file`, for writing if the file may be written. Rejects with a {@link StorageError}; the file then
   * stays open. Afterwards the image closes the file.
   */
  static async open(file: ByteFile, options: Qcow2Options = {}): Promise<Qcow2Image> {
    const header = await readHeader(file);
    const { name } = file;
    if (!file.readOnly && header.dirty) {
      const text = `${name}: this qcow2 image was not closed and its refcounts may be wrong; repair it: qemu-img check -r all, or open it read-only or with --snapshot`;
      throw new StorageError('corrupt', text);
    }
    if (!file.readOnly && header.corrupt) {
      const text = `${name}: this qcow2 image is marked corrupt; repair it: qemu-img check -r all, or open it read-only or with --snapshot`;
      throw new StorageError('corrupt', text);
    }
    if (header.compression === 'zstd' && !options.unzstd) {
      const text = `${name}: a qcow2 image compressed by zstd, which this host cannot read; convert it: qemu-img convert -O qcow2`;
      throw new StorageError('corrupt', text);
    }
    const l1 = new Table(header.l1Offset, new Uint8Array(header.l1Entries * 8));
    await readPadded(file, header.l1Offset, l1.bytes);
    const refcounts = file.readOnly ? undefined : await openRefcounts(file, header, l1);
    const backing = await openBackingOf(name, header, options.openBacking);
    try {
      if (refcounts && header.autoclear) {
        await file.write(AUTOCLEAR_AT, new Uint8Array(8));
        await file.flush();
      }
    } catch (error) {
      await backing?.close();
      throw error;
    }
    return new Qcow2Image(file, header, l1, refcounts, { backing, unzstd: options.unzstd });
  }

  read(sector: number, into: Uint8Array): Promise<void> {
    const count = into.length / SECTOR;
    if (!(sector >= 0 && sector + count <= this.sectors)) {
      return Promise.reject(beyondEnd(this.#file.name, sector, count, this.sectors));
    }
    // One stretch of data, whose table is in memory: nothing else to do.
    const at = sector * SECTOR;
    const table = this.#tableInMemory(at);
    if (table) {
      this.#locate(table, at, into.length);
      if (this.#kind === DATA && this.#inPlace && this.#bytes === into.length) {
        const host = this.#host;
        if (host + into.length <= this.#file.size) return this.#file.read(host, into);
      }
    }
    return this.#readSlowly(at, into);
  }

  write(sector: number, from: Uint8Array): Promise<void> {
    const count = from.length / SECTOR;
    if (!(sector >= 0 && sector + count <= this.sectors)) {
      return Promise.reject(beyondEnd(this.#file.name, sector, count, this.sectors));
    }
    if (!this.#refcounts) return Promise.reject(notWritable(this.#file.name));
    if (this.#broken) return Promise.reject(this.#broken);
    const at = sector * SECTOR;
    const table = this.#tableInMemory(at);
    if (table) {
      this.#locate(table, at, from.length);
      if (
        this.#kind === DATA &&
        this.#inPlace &&
        this.#bytes === from.length &&
        this.#isSafe(this.#host, from.length)
      ) {
        return this.#file.write(this.#host, from);
      }
    }
    return this.#inTurn(() => this.#writeSlowly(at, from));
  }

  flush(): Promise<void> {
    if (!this.#refcounts) return Promise.resolve();
    return this.#inTurn(() => this.#commit());
  }

  async close(): Promise<void> {
    try {
      await this.flush();
      // Once more for the counts that went down.
      await this.flush();
    } finally {
      try {
        await this.#file.close();
      } finally {
        await this.#backing?.close();
      }
    }
  }

  // Looking up.

  /** Host offset of the L2 table of a byte of the disk; 0 for none. Throws when it cannot be there. */
  #l2Offset(at: number): number {
    const index = Math.floor(at / (this.#cluster * this.#perL2)) * 8;
    const offset = offsetOf(this.#l1.view.getUint32(index), this.#l1.view.getUint32(index + 4));
    if (offset !== 0 && !this.#l2.find(offset) && (offset % this.#cluster !== 0 || offset >= this.#file.size)) {
      throw corrupt(this.#file.name, `an L2 table at byte ${offset}, not within the file`);
    }
    return offset;
  }

  /** The L2 table of a byte of the disk, if it exists and is in memory. */
  #tableInMemory(at: number): Table | undefined {
    const index = Math.floor(at / (this.#cluster * this.#perL2)) * 8;
    const offset = offsetOf(this.#l1.view.getUint32(index), this.#l1.view.getUint32(index + 4));
    return offset === 0 ? undefined : this.#l2.find(offset);
  }

  /** Finds what the disk is made of from byte `at` on, `most` bytes or less, in `table` (undefined where none exists). */
  #locate(table: Table | undefined, at: number, most: number): void {
    const within = at % this.#cluster;
    let index = Math.floor(at / this.#cluster) % this.#perL2;
    this.#bytes = Math.min(most, (this.#perL2 - index) * this.#cluster - within);
    this.#inPlace = false;
    if (!table) {
      this.#kind = HOLE;
      return;
    }
    const { view } = table;
    const high = (this.#high = view.getUint32(index * 8));
    const low = (this.#low = view.getUint32(index * 8 + 4));
    const kind = (this.#kind = this.#kindOf(high, low));
    const host = offsetOf(high, low);
    this.#inPlace = kind === DATA && (high & COPIED) !== 0;
    this.#host = host + within;
    let bytes = this.#cluster - within;
    if (kind !== SQUEEZED) {
      for (index++; bytes < this.#bytes; index++, bytes += this.#cluster) {
        const nextHigh = view.getUint32(index * 8);
        const nextLow = view.getUint32(index * 8 + 4);
        if (this.#kindOf(nextHigh, nextLow) !== kind) break;
        if (
          kind === DATA &&
          (offsetOf(nextHigh, nextLow) !== host + within + bytes || (nextHigh & COPIED) !== (high & COPIED))
        )
          break;
      }
    }
    if (bytes < this.#bytes) this.#bytes = bytes;
  }

  #kindOf(high: number, low: number): number {
    if (high & COMPRESSED) return SQUEEZED;
    if (low & ZERO) return this.#header.version === 2 ? BAD : ZEROS;
    const host = offsetOf(high, low);
    return host === 0 ? HOLE : host % this.#cluster === 0 ? DATA : BAD;
  }

  #badEntry(at: number): StorageError {
    return corrupt(this.#file.name, `the L2 entry of byte ${at} of the disk`);
  }

  // Reading.

  async #readSlowly(at: number, into: Uint8Array): Promise<void> {
    this.#readers++;
    try {
      for (let done = 0; done < into.length; ) {
        const offset = this.#l2Offset(at + done);
        const table = offset === 0 ? undefined : (this.#l2.find(offset) ?? (await this.#l2.load(offset)));
        this.#locate(table, at + done, into.length - done);
        const part = into.subarray(done, done + this.#bytes);
        done += this.#bytes;
        await this.#readStretch(at + done - part.length, part);
      }
    } finally {
      this.#readers--;
    }
  }

  /** Reads what #locate found. */
  #readStretch(at: number, into: Uint8Array): Promise<void> {
    switch (this.#kind) {
      case HOLE:
        return this.#readBacking(at, into);
      case DATA:
        return this.#readData(this.#host, into);
      case SQUEEZED:
        return this.#readSqueezed(this.#high, this.#low, at % this.#cluster, into);
      case ZEROS:
        into.fill(0);
        return Promise.resolve();
      default:
        return Promise.reject(this.#badEntry(at));
    }
  }

  #readBacking(at: number, into: Uint8Array): Promise<void> {
    const there = this.#backing ? this.#backing.sectors * SECTOR - at : 0;
    if (!this.#backing || there <= 0) {
      into.fill(0);
      return Promise.resolve();
    }
    if (there >= into.length) return this.#backing.read(at / SECTOR, into);
    into.fill(0, there);
    return this.#backing.read(at / SECTOR, into.subarray(0, there));
  }

  /** The file may end within the last cluster, and not before it. */
  #readData(host: number, into: Uint8Array): Promise<void> {
    const last = Math.floor((host + into.length - 1) / this.#cluster) * this.#cluster;
    if (last >= this.#file.size) {
      return Promise.reject(corrupt(this.#file.name, `a cluster at byte ${last}, past the end of the file`));
    }
    return readPadded(this.#file, host, into);
  }

  async #readSqueezed(high: number, low: number, within: number, into: Uint8Array): Promise<void> {
    const { offset, bytes } = compressedAt(high, low, this.#header.clusterBits);
    let cluster = this.#decompressed.get(offset);
    if (!cluster) {
      if (offset >= this.#file.size) {
        throw corrupt(this.#file.name, `a compressed cluster at byte ${offset}, past the end of the file`);
      }
      const input = new Uint8Array(Math.min(bytes, this.#file.size - offset));
      await this.#file.read(offset, input);
      cluster = new Uint8Array(this.#cluster);
      try {
        if (this.#header.compression === 'zstd') await this.#unzstd?.(input, cluster);
        else inflate(input, cluster);
      } catch (cause) {
        if (cause instanceof InflateError || this.#header.compression === 'zstd') {
          throw corrupt(this.#file.name, `the compressed cluster at byte ${offset} is damaged`);
        }
        throw cause;
      }
      for (const first of this.#decompressed.keys()) {
        if (this.#decompressed.size < DECOMPRESSED) break;
        this.#decompressed.delete(first);
      }
      this.#decompressed.set(offset, cluster);
    }
    into.set(cluster.subarray(within, within + into.length));
  }

  // Writing. All of it in turn: one request or commit at a time changes tables.

  #inTurn<T>(action: () => Promise<T>): Promise<T> {
    const done = this.#turn.then(action).catch((error: unknown) => this.#note(error));
    this.#turn = done.catch(() => {});
    return done;
  }

  /** A contradiction that writing found ends writing, and is noted in the image for others. */
  async #note(error: unknown): Promise<never> {
    if (error instanceof StorageError && error.fault === 'corrupt' && !this.#broken) {
      this.#broken = error;
      if (this.#header.version === 3) {
        const bits = new DataView(new ArrayBuffer(4));
        bits.setUint32(0, this.#header.incompatible | CORRUPT);
        await this.#file.write(INCOMPATIBLE_AT + 4, new Uint8Array(bits.buffer)).catch(() => {});
      }
    }
    throw error;
  }

  async #writeSlowly(at: number, from: Uint8Array): Promise<void> {
    const refcounts = this.#refcounts as Refcounts;
    for (let done = 0; done < from.length; ) {
      if (this.#broken) throw this.#broken;
      if (this.#l2.crowded || refcounts.crowded) await this.#commit();
      const table = await this.#ownTable(at + done);
      this.#locate(table, at + done, from.length - done);
      if (this.#kind === BAD) throw this.#badEntry(at + done);
      if (this.#inPlace) {
        const part = from.subarray(done, done + this.#bytes);
        if (!this.#isSafe(this.#host, part.length)) {
          throw corrupt(
            this.#file.name,
            `the data cluster at byte ${this.#host} is not free of tables, or past the end`,
          );
        }
        await this.#file.write(this.#host, part);
        done += part.length;
      } else {
        done += await this.#writeNew(table.offset, at + done, from.subarray(done));
      }
    }
  }

  /** Writes to clusters that have none of their own yet, as many as can be had in a row. Gives the bytes written. */
  async #writeNew(tableOffset: number, at: number, from: Uint8Array): Promise<number> {
    const refcounts = this.#refcounts as Refcounts;
    const within = at % this.#cluster;
    const wanted = this.#clustersToReplace(await this.#tableAt(tableOffset), at, from.length);
    const { offset, count } = await refcounts.allocate(wanted);
    const bytes = Math.min(from.length, count * this.#cluster - within);
    try {
      await this.#fill(offset, at, from.subarray(0, bytes));
    } catch (error) {
      await refcounts.cancel(offset, count);
      throw error;
    }
    const table = await this.#tableAt(tableOffset);
    const first = Math.floor(at / this.#cluster) % this.#perL2;
    for (let i = 0; i < count; i++) {
      const entry = (first + i) * 8;
      this.#releaseEntry(table.view.getUint32(entry), table.view.getUint32(entry + 4));
      const host = offset + i * this.#cluster;
      table.view.setUint32(entry, Math.floor(host / 2 ** 32) | COPIED);
      table.view.setUint32(entry + 4, host % 2 ** 32);
    }
    table.touch(first * 8, (first + count) * 8);
    return bytes;
  }

  /** Clusters from byte `at` on, in this table and up to `bytes`, that may not be written in place. */
  #clustersToReplace(table: Table, at: number, bytes: number): number {
    const first = Math.floor(at / this.#cluster) % this.#perL2;
    const most = Math.min(this.#perL2 - first, Math.ceil(((at % this.#cluster) + bytes) / this.#cluster));
    let count = 0;
    for (; count < most; count++) {
      const high = table.view.getUint32((first + count) * 8);
      const low = table.view.getUint32((first + count) * 8 + 4);
      const kind = this.#kindOf(high, low);
      if (kind === BAD || (kind === DATA && high & COPIED)) break;
    }
    return count;
  }

  /** Writes new clusters: `from`, and around it what the disk had there before. */
  async #fill(offset: number, at: number, from: Uint8Array): Promise<void> {
    const before = at % this.#cluster;
    const after = (this.#cluster - ((at + from.length) % this.#cluster)) % this.#cluster;
    // Past the end of the file all is zeros already.
    const zeros =
      before + after > 0 &&
      offset >= this.#file.size &&
      (await this.#isHole(at - before, before + from.length + after));
    if (zeros || before + after === 0) return this.#file.write(offset + before, from);
    const whole = new Uint8Array(before + from.length + after);
    if (before) await this.#readSome(at - before, whole.subarray(0, before));
    if (after) await this.#readSome(at + from.length, whole.subarray(before + from.length));
    whole.set(from, before);
    await this.#file.write(offset, whole);
  }

  /** Whether nothing is below these bytes: no cluster, and no backing file there. */
  async #isHole(at: number, bytes: number): Promise<boolean> {
    if (this.#backing && this.#backing.sectors * SECTOR > at) return false;
    for (let done = 0; done < bytes; done += this.#bytes) {
      this.#locate(await this.#tableAt(this.#l2Offset(at + done)), at + done, bytes - done);
      if (this.#kind !== HOLE && this.#kind !== ZEROS) return false;
    }
    return true;
  }

  /** Reads part of a cluster that is being replaced. The last cluster may reach past the end of the disk. */
  async #readSome(at: number, into: Uint8Array): Promise<void> {
    const there = Math.max(0, Math.min(into.length, this.sectors * SECTOR - at));
    into.fill(0, there);
    if (there) await this.#readSlowly(at, into.subarray(0, there));
  }

  #releaseEntry(high: number, low: number): void {
    const refcounts = this.#refcounts as Refcounts;
    if (high & COMPRESSED) {
      const { offset, bytes } = compressedAt(high, low, this.#header.clusterBits);
      refcounts.release(offset, bytes);
    } else if (offsetOf(high, low) !== 0) {
      refcounts.release(offsetOf(high, low), this.#cluster);
    }
  }

  /** The table at an offset, for use before the next wait: it cannot be dropped until then. */
  async #tableAt(offset: number): Promise<Table> {
    let table = this.#l2.find(offset);
    for (; !table; table = this.#l2.find(offset)) await this.#l2.load(offset);
    return table;
  }

  /** The L2 table of a byte of the disk, to be changed: made if there is none, copied if others refer to it. */
  async #ownTable(at: number): Promise<Table> {
    const refcounts = this.#refcounts as Refcounts;
    const entry = Math.floor(at / (this.#cluster * this.#perL2)) * 8;
    const old = this.#l2Offset(at);
    if (old !== 0 && this.#l1.view.getUint32(entry) & COPIED) return this.#tableAt(old);
    const offset = await refcounts.allocateMetadata();
    const bytes = old === 0 ? new Uint8Array(this.#cluster) : (await this.#tableAt(old)).bytes.slice();
    const table = this.#l2.create(offset, bytes);
    if (old !== 0) refcounts.release(old, this.#cluster);
    this.#l1.view.setUint32(entry, Math.floor(offset / 2 ** 32) | COPIED);
    this.#l1.view.setUint32(entry + 4, offset % 2 ** 32);
    this.#l1.touch(entry, entry + 8);
    return table;
  }

  /** Whether data may be written there: clusters that start within the file and hold no tables. */
  #isSafe(host: number, bytes: number): boolean {
    const first = host - (host % this.#cluster);
    for (let at = first; at < host + bytes; at += this.#cluster) {
      if (at >= this.#file.size || this.#refcounts?.isMetadata(at)) return false;
    }
    return true;
  }

  /** Makes durable what was written, in the order that the head of this file tells. */
  async #commit(): Promise<void> {
    const refcounts = this.#refcounts as Refcounts;
    if (this.#broken) throw this.#broken;
    const tables = this.#l2.anyDirty || this.#l1.dirty;
    if (tables || refcounts.anyDirty) await refcounts.write();
    await this.#file.flush();
    if (tables) {
      await this.#l2.write();
      if (this.#l1.dirty) {
        await this.#file.flush();
        const { dirtyFrom, dirtyTo } = this.#l1;
        await this.#file.write(this.#l1.offset + dirtyFrom, this.#l1.bytes.subarray(dirtyFrom, dirtyTo));
      }
      await this.#file.flush();
      this.#l1.dirtyFrom = this.#l1.dirtyTo = 0;
    }
    // A slow read may still be on its way to a cluster that would be given out anew.
    if (refcounts.anyReleased && this.#readers === 0) {
      this.#decompressed.clear();
      await refcounts.applyReleased();
    }
  }
}

interface Qcow2Parts {
  readonly backing: BlockDevice | undefined;
  readonly unzstd: Unzstd | undefined;
}

/** Reads what writing needs. No two tables of the image may lie on each other. */
async function openRefcounts(file: ByteFile, header: Header, l1: Table): Promise<Refcounts> {
  const { name } = file;
  const cluster = 2 ** header.clusterBits;
  const metadata = new Set([0]);
  addMetadata(name, metadata, header.l1Offset, l1.bytes.length, cluster);
  if (header.snapshots) addMetadata(name, metadata, header.snapshotsOffset, 40 * header.snapshots, cluster);
  for (let i = 0; i < l1.bytes.length; i += 8) {
    const offset = offsetOf(l1.view.getUint32(i), l1.view.getUint32(i + 4));
    if (offset === 0) continue;
    if (offset % cluster !== 0 || offset >= file.size) {
      throw corrupt(name, `an L2 table at byte ${offset}, not within the file`);
    }
    addMetadata(name, metadata, offset, cluster, cluster);
  }
  return Refcounts.open(file, header, metadata);
}

async function openBackingOf(
  name: string,
  header: Header,
  open: OpenBacking | undefined,
): Promise<BlockDevice | undefined> {
  if (!header.backing) return undefined;
  if (!open)
    throw new StorageError(
      'io',
      `${name}: its backing file ${header.backing.name} cannot be opened here; convert it to an image without one`,
    );
  return open(header.backing.name, header.backing.format);
}
