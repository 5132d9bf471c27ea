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

import { type ByteFile, beyondEnd, notWritable } from '../byte-file.ts';
import { type BlockDevice, SECTOR, StorageError } from '../contract.ts';
import { ClusterReader } from './cluster-reader.ts';
import { CompressedClusters, type Unzstd } from './compressed.ts';
import { COMPRESSED, COPIED, compressedAt, offsetOf } from './entry.ts';
import { AUTOCLEAR_AT, CORRUPT, corrupt, type Header, INCOMPATIBLE_AT, readHeader } from './header.ts';
import { BAD, HOLE, Mapping, ZEROS } from './mapping.ts';
import { addMetadata, Refcounts } from './refcounts.ts';
import type { Table } from './table-cache.ts';

/** Opens a backing file for reading. `format` is what the image says, if anything. */
export type OpenBacking = (name: string, format: string | undefined) => Promise<BlockDevice>;

export interface Qcow2Options {
  /** Without it, an image with a backing file is refused. */
  readonly openBacking?: OpenBacking;
  /** Without it, an image with clusters compressed by zstd is refused. */
  readonly unzstd?: Unzstd;
}

export class Qcow2Image implements BlockDevice {
  readonly sectors: number;
  readonly readOnly: boolean;
  readonly #file: ByteFile;
  readonly #header: Header;
  readonly #cluster: number;
  readonly #map: Mapping;
  readonly #reader: ClusterReader;
  readonly #backing: BlockDevice | undefined;
  /** Only of an image that may be written. */
  readonly #refcounts: Refcounts | undefined;
  /** Ends when the last request that changes tables has ended. */
  #turn: Promise<unknown> = Promise.resolve();
  /** Set by a contradiction that was found while writing: nothing is written any more. */
  #broken: StorageError | undefined;

  private constructor(file: ByteFile, header: Header, parts: Parts) {
    this.#file = file;
    this.#header = header;
    this.#cluster = 2 ** header.clusterBits;
    this.#map = parts.map;
    this.#refcounts = parts.refcounts;
    this.#backing = parts.backing;
    const compressed = new CompressedClusters(file, header, parts.unzstd);
    this.#reader = new ClusterReader({
      file,
      cluster: this.#cluster,
      map: parts.map,
      compressed,
      backing: parts.backing,
    });
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
    const map = await Mapping.open(file, header);
    const refcounts = file.readOnly ? undefined : await openRefcounts(file, header, map);
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
    return new Qcow2Image(file, header, { map, refcounts, backing, unzstd: options.unzstd });
  }

  read(sector: number, into: Uint8Array): Promise<void> {
    const count = into.length / SECTOR;
    if (!(sector >= 0 && sector + count <= this.sectors)) {
      return Promise.reject(beyondEnd(this.#file.name, sector, count, this.sectors));
    }
    if (count === 0) return Promise.resolve();
    // One stretch of data, whose table is in memory: nothing else to do.
    const at = sector * SECTOR;
    const map = this.#map;
    const table = map.tableInMemory(at);
    if (table) {
      map.locate(table, at, into.length);
      if (map.inPlace && map.bytes === into.length && map.host + into.length <= this.#file.size) {
        return this.#file.read(map.host, into);
      }
    }
    return this.#reader.read(at, into);
  }

  write(sector: number, from: Uint8Array): Promise<void> {
    const count = from.length / SECTOR;
    if (!(sector >= 0 && sector + count <= this.sectors)) {
      return Promise.reject(beyondEnd(this.#file.name, sector, count, this.sectors));
    }
    if (!this.#refcounts) return Promise.reject(notWritable(this.#file.name));
    if (this.#broken) return Promise.reject(this.#broken);
    if (count === 0) return Promise.resolve();
    const at = sector * SECTOR;
    const map = this.#map;
    const table = map.tableInMemory(at);
    if (table) {
      map.locate(table, at, from.length);
      if (map.inPlace && map.bytes === from.length && this.#isSafe(map.host, from.length)) {
        return this.#file.write(map.host, from);
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
    const map = this.#map;
    const refcounts = this.#refcounts as Refcounts;
    for (let done = 0; done < from.length; ) {
      if (this.#broken) throw this.#broken;
      if (map.l2.crowded || refcounts.crowded) await this.#commit();
      const tableOffset = await this.#ownTable(at + done);
      map.locate(await this.#tableAt(tableOffset), at + done, from.length - done);
      if (map.kind === BAD) throw map.badEntry(at + done);
      if (map.inPlace) {
        const part = from.subarray(done, done + map.bytes);
        if (!this.#isSafe(map.host, part.length)) {
          throw corrupt(this.#file.name, `the data at byte ${map.host} lie on a table or past the end of the file`);
        }
        await this.#file.write(map.host, part);
        done += part.length;
      } else {
        done += await this.#writeNew(tableOffset, at + done, from.subarray(done));
      }
    }
  }

  /** Writes to clusters that have none of their own yet, as many as can be had in a row. Gives the bytes written. */
  async #writeNew(tableOffset: number, at: number, from: Uint8Array): Promise<number> {
    const map = this.#map;
    const refcounts = this.#refcounts as Refcounts;
    const wanted = map.clustersToReplace(await this.#tableAt(tableOffset), at, from.length);
    const { offset, count } = await refcounts.allocate(wanted);
    const bytes = Math.min(from.length, count * this.#cluster - (at % this.#cluster));
    try {
      await this.#fill(offset, at, from.subarray(0, bytes));
    } catch (error) {
      await refcounts.cancel(offset, count);
      throw error;
    }
    // No wait between finding the table and changing it: it could be dropped from memory.
    while (!map.l2.find(tableOffset)) await map.l2.load(tableOffset);
    const table = map.l2.find(tableOffset) as Table;
    const first = map.l2Index(at);
    for (let i = first; i < first + count; i++) {
      this.#releaseEntry(table.view.getUint32(i * 8), table.view.getUint32(i * 8 + 4));
    }
    map.setClusters(table, first, offset, count);
    return bytes;
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
    const map = this.#map;
    for (let done = 0; done < bytes; done += map.bytes) {
      map.locate(await this.#tableAt(map.l2Offset(at + done)), at + done, bytes - done);
      if (map.kind !== HOLE && map.kind !== ZEROS) return false;
    }
    return true;
  }

  /** Reads part of a cluster that is being replaced. The last cluster may reach past the end of the disk. */
  async #readSome(at: number, into: Uint8Array): Promise<void> {
    const there = Math.max(0, Math.min(into.length, this.sectors * SECTOR - at));
    into.fill(0, there);
    if (there) await this.#reader.read(at, into.subarray(0, there));
  }

  #releaseEntry(high: number, low: number): void {
    const refcounts = this.#refcounts as Refcounts;
    if (high & COMPRESSED) {
      const { offset, bytes } = compressedAt(high, low, this.#header.clusterBits);
      refcounts.releaseData(offset, bytes);
    } else if (offsetOf(high, low) !== 0) {
      refcounts.releaseData(offsetOf(high, low), this.#cluster);
    }
  }

  /** The L2 table at an offset, to look at. */
  #tableAt(offset: number): Promise<Table> {
    return this.#map.l2.load(offset);
  }

  /** Host offset of the L2 table for a byte of the disk, to be changed: made if there is none, copied if others have it. */
  async #ownTable(at: number): Promise<number> {
    const map = this.#map;
    const refcounts = this.#refcounts as Refcounts;
    const old = map.l2Offset(at);
    if (old !== 0 && map.l1.view.getUint32(map.l1Entry(at)) & COPIED) return old;
    const bytes = old === 0 ? new Uint8Array(this.#cluster) : (await this.#tableAt(old)).bytes.slice();
    const offset = await refcounts.allocateMetadata();
    map.l2.create(offset, bytes);
    if (old !== 0) refcounts.release(old, this.#cluster);
    map.setTable(at, offset);
    return offset;
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
    const { l1, l2 } = this.#map;
    const tables = l2.anyDirty || l1.dirty;
    if (tables || refcounts.anyDirty) await refcounts.write();
    await this.#file.flush();
    if (tables) {
      await l2.write();
      if (l1.dirty) {
        await this.#file.flush();
        await this.#file.write(l1.offset + l1.dirtyFrom, l1.bytes.subarray(l1.dirtyFrom, l1.dirtyTo));
      }
      await this.#file.flush();
      l1.dirtyFrom = l1.dirtyTo = 0;
    }
    // A slow read may still be on its way to a cluster that would be given out anew.
    if (refcounts.anyReleased && !this.#reader.busy) await refcounts.applyReleased();
  }
}

interface Parts {
  readonly map: Mapping;
  readonly refcounts: Refcounts | undefined;
  readonly backing: BlockDevice | undefined;
  readonly unzstd: Unzstd | undefined;
}

/** Reads what writing needs. No two tables of the image may lie on each other. */
async function openRefcounts(file: ByteFile, header: Header, map: Mapping): Promise<Refcounts> {
  const cluster = 2 ** header.clusterBits;
  const metadata = new Set([0]);
  addMetadata(file.name, metadata, header.l1Offset, map.l1.bytes.length, cluster);
  if (header.snapshots) addMetadata(file.name, metadata, header.snapshotsOffset, 40 * header.snapshots, cluster);
  for (const offset of map.l2Offsets()) addMetadata(file.name, metadata, offset, cluster, cluster);
  return Refcounts.open(file, header, metadata);
}

async function openBackingOf(
  name: string,
  { backing }: Header,
  open: OpenBacking | undefined,
): Promise<BlockDevice | undefined> {
  if (!backing) return undefined;
  if (open) return open(backing.name, backing.format);
  const text = `${name}: its backing file ${backing.name} cannot be opened here; convert it to an image without one`;
  throw new StorageError('io', text);
}
