// Which clusters of the host's file are in use, and how often: QEMU docs/interop/qcow2.txt, "Host cluster management".
//
// Counts change in memory and reach the file by the commit, which knows the order. Clusters that lost a reference are only
// noted: their counts go down once what dropped the reference is durable, so that no crash leaves a cluster both free
// and referred to. What a crash can leave is a cluster that is counted and not used.

import { type ByteFile, readPadded } from '../byte-file.ts';
import { StorageError } from '../contract.ts';
import { put64 } from './entry.ts';
import { corrupt, type Header, REFCOUNT_TABLE_OFFSET_AT } from './header.ts';
import { type Table, TableCache } from './table-cache.ts';

const MAX_TABLE_BYTES = 8 << 20;

export class Refcounts {
  readonly #file: ByteFile;
  readonly #cluster: number;
  readonly #order: number;
  /** Counts of one block: a cluster full of them. */
  readonly #perBlock: number;
  readonly #blocks: TableCache;
  /** Host offset of each refcount block; 0 for none: all that it would count is free. */
  #table: Float64Array;
  #tableOffset: number;
  #tableDirtyFrom = 0;
  #tableDirtyTo = 0;
  #tableMoved = false;
  /** Every cluster before this one is in use. */
  #firstFree = 0;
  /** Clusters of metadata: never written as data, never given out. */
  readonly #metadata: Set<number>;
  /** Host offsets of clusters that lose a reference at the end of the next commit. */
  #released: number[] = [];

  private constructor(file: ByteFile, header: Header, table: Float64Array, metadata: Set<number>) {
    this.#file = file;
    this.#cluster = 2 ** header.clusterBits;
    this.#order = header.refcountOrder;
    this.#perBlock = (this.#cluster * 8) / 2 ** header.refcountOrder;
    this.#blocks = new TableCache(file, this.#cluster);
    this.#table = table;
    this.#tableOffset = header.refcountTableOffset;
    this.#metadata = metadata;
  }

  /** Reads the refcount table. `metadata` has the clusters of all other metadata and gets those of this. */
  static async open(file: ByteFile, header: Header, metadata: Set<number>): Promise<Refcounts> {
    const cluster = 2 ** header.clusterBits;
    const bytes = new Uint8Array(header.refcountTableClusters * cluster);
    if (bytes.length === 0) throw corrupt(file.name, 'no refcount table');
    await readPadded(file, header.refcountTableOffset, bytes);
    addMetadata(file.name, metadata, header.refcountTableOffset, bytes.length, cluster);
    const view = new DataView(bytes.buffer);
    const table = new Float64Array(bytes.length / 8);
    for (let i = 0; i < table.length; i++) {
      const offset = view.getUint32(i * 8) * 2 ** 32 + view.getUint32(i * 8 + 4);
      if (offset === 0) continue;
      if (offset % cluster !== 0 || offset >= file.size) {
        throw corrupt(file.name, `a refcount block at byte ${offset}, not within the file`);
      }
      addMetadata(file.name, metadata, offset, cluster, cluster);
      table[i] = offset;
    }
    return new Refcounts(file, header, table, metadata);
  }

  /** Whether a cluster of the file holds metadata. */
  isMetadata(offset: number): boolean {
    return this.#metadata.has(offset / this.#cluster);
  }

  /** Takes up to `most` free clusters that follow each other, one at least, and counts them once. */
  async allocate(most: number): Promise<{ offset: number; count: number }> {
    let first = this.#firstFree;
    let count = 0;
    for (let at = first; count < most; at++) {
      const block = await this.#blockOf(at);
      // Making the block may have taken this very cluster.
      if (this.#count(block, at) !== 0) {
        if (count > 0) break;
        continue;
      }
      if (this.#metadata.has(at)) throw this.#notFree(at);
      if (count++ === 0) first = at;
    }
    for (let at = first; at < first + count; at++) await this.#set(at, 1);
    this.#firstFree = first + count;
    return { offset: first * this.#cluster, count };
  }

  /** Takes one cluster for metadata. */
  async allocateMetadata(): Promise<number> {
    const { offset } = await this.allocate(1);
    this.#metadata.add(offset / this.#cluster);
    return offset;
  }

  /** Gives clusters back to which nothing in the file or in memory refers. */
  async cancel(offset: number, count: number): Promise<void> {
    const first = offset / this.#cluster;
    for (let at = first; at < first + count; at++) await this.#set(at, 0);
    this.#firstFree = Math.min(this.#firstFree, first);
  }

  /** Notes that `bytes` at `offset` lose a reference with the next commit. */
  release(offset: number, bytes: number): void {
    const first = Math.floor(offset / this.#cluster);
    const last = Math.floor((offset + bytes - 1) / this.#cluster);
    for (let at = first; at <= last; at++) this.#released.push(at * this.#cluster);
  }

  /** As {@link release}, of what an L2 entry led to. Throws when that is no data. */
  releaseData(offset: number, bytes: number): void {
    const last = Math.floor((offset + bytes - 1) / this.#cluster);
    for (let at = Math.floor(offset / this.#cluster); at <= last; at++) {
      if (this.#metadata.has(at))
        throw corrupt(this.#file.name, `an L2 entry leads to the table at byte ${at * this.#cluster}`);
    }
    this.release(offset, bytes);
  }

  get anyReleased(): boolean {
    return this.#released.length > 0;
  }

  get anyDirty(): boolean {
    return this.#tableMoved || this.#tableDirtyTo > this.#tableDirtyFrom || this.#blocks.anyDirty;
  }

  get crowded(): boolean {
    return this.#blocks.crowded;
  }

  /** Writes changed blocks; then, each after what it leads to is durable, entries of the table, and its place. */
  async write(): Promise<void> {
    await this.#blocks.write();
    if (this.#tableDirtyTo <= this.#tableDirtyFrom && !this.#tableMoved) return;
    await this.#file.flush();
    const [from, to] = this.#tableMoved ? [0, this.#table.length] : [this.#tableDirtyFrom, this.#tableDirtyTo];
    const bytes = new Uint8Array((to - from) * 8);
    const view = new DataView(bytes.buffer);
    for (let i = from; i < to; i++) put64(view, (i - from) * 8, this.#table[i] as number);
    await this.#file.write(this.#tableOffset + from * 8, bytes);
    if (this.#tableMoved) {
      await this.#file.flush();
      const place = new DataView(new ArrayBuffer(12));
      put64(place, 0, this.#tableOffset);
      place.setUint32(8, (this.#table.length * 8) / this.#cluster);
      await this.#file.write(REFCOUNT_TABLE_OFFSET_AT, new Uint8Array(place.buffer));
    }
    this.#tableMoved = false;
    this.#tableDirtyFrom = this.#tableDirtyTo = 0;
  }

  /** Counts down what was released before a commit that is now durable. */
  async applyReleased(): Promise<void> {
    const released = this.#released;
    this.#released = [];
    for (const offset of released) {
      const at = offset / this.#cluster;
      const block = this.#table[Math.floor(at / this.#perBlock)] ? await this.#blockOf(at) : undefined;
      const count = block ? this.#count(block, at) : 0;
      if (count === 0) throw corrupt(this.#file.name, `the cluster at byte ${offset} is in use and counted as free`);
      await this.#set(at, count - 1);
      if (count > 1) continue;
      this.#metadata.delete(at);
      if (at < this.#firstFree) this.#firstFree = at;
    }
  }

  /** The block that counts a cluster, made if need be. */
  async #blockOf(at: number): Promise<Table> {
    const index = Math.floor(at / this.#perBlock);
    if (index >= this.#table.length) this.#growTable(index);
    const offset = this.#table[index] as number;
    if (offset !== 0) return this.#blocks.find(offset) ?? this.#blocks.load(offset);
    // Nothing of its range is in use, so the block takes the cluster that was asked about, and counts itself.
    if (this.#metadata.has(at)) throw this.#notFree(at);
    return this.#makeBlock(index, at);
  }

  /** Makes the block of entry `index` in cluster `at`, which it counts. */
  #makeBlock(index: number, at: number): Table {
    const block = this.#blocks.create(at * this.#cluster, new Uint8Array(this.#cluster));
    this.#metadata.add(at);
    this.#table[index] = block.offset;
    this.#tableDirtyFrom = this.#tableDirtyTo === 0 ? index : Math.min(this.#tableDirtyFrom, index);
    this.#tableDirtyTo = Math.max(this.#tableDirtyTo, index + 1);
    if (Math.floor(at / this.#perBlock) === index) this.#putCount(block, at, 1);
    return block;
  }

  /**
   * Makes room for entry `index`: a longer table, which the commit writes whole and the header then names. It lies past
   * all that is counted, behind the blocks that count it.
   */
  #growTable(index: number): void {
    const perCluster = this.#cluster / 8;
    let counted = this.#table.length;
    while (counted > 0 && this.#table[counted - 1] === 0) counted--;
    const first = counted * this.#perBlock;
    let clusters = Math.ceil(Math.max(this.#table.length * 1.5, index + 1) / perCluster);
    let blocks = 0;
    for (;;) {
      // So many count themselves and the table.
      blocks = Math.ceil(clusters / (this.#perBlock - 1));
      if (clusters * perCluster >= counted + blocks) break;
      clusters++;
    }
    if (clusters * this.#cluster > MAX_TABLE_BYTES) {
      const text = `${this.#file.name}: this qcow2 image cannot grow any more; convert it to one with larger clusters`;
      throw new StorageError('no-space', text);
    }
    for (let at = first; at < first + blocks + clusters; at++) if (this.#metadata.has(at)) throw this.#notFree(at);
    this.release(this.#tableOffset, this.#table.length * 8);
    const table = new Float64Array(clusters * perCluster);
    table.set(this.#table);
    this.#table = table;
    this.#tableOffset = (first + blocks) * this.#cluster;
    this.#tableMoved = true;
    for (let i = 0, left = blocks + clusters; i < blocks; i++, left -= this.#perBlock) {
      const block = this.#makeBlock(counted + i, first + i);
      for (let at = 0; at < Math.min(this.#perBlock, left); at++) this.#putCount(block, at, 1);
    }
    for (let i = 0; i < clusters; i++) this.#metadata.add(first + blocks + i);
  }

  async #set(at: number, count: number): Promise<void> {
    const offset = this.#table[Math.floor(at / this.#perBlock)] as number;
    // A block may be dropped from memory while one waits for it.
    let block = this.#blocks.find(offset);
    for (; !block; block = this.#blocks.find(offset)) await this.#blocks.load(offset);
    this.#putCount(block, at, count);
  }

  #notFree(at: number): StorageError {
    return corrupt(this.#file.name, `metadata at byte ${at * this.#cluster} is counted as free`);
  }

  #count(block: Table, at: number): number {
    const i = at % this.#perBlock;
    switch (this.#order) {
      case 3:
        return block.bytes[i] as number;
      case 4:
        return block.view.getUint16(i * 2);
      case 5:
        return block.view.getUint32(i * 4);
      case 6:
        return block.view.getUint32(i * 8) * 2 ** 32 + block.view.getUint32(i * 8 + 4);
      default: {
        // Counts of less than a byte start at its lowest bit.
        const bits = 1 << this.#order;
        return ((block.bytes[(i * bits) >> 3] as number) >> ((i * bits) & 7)) & ((1 << bits) - 1);
      }
    }
  }

  #putCount(block: Table, at: number, count: number): void {
    const i = at % this.#perBlock;
    const bits = 1 << this.#order;
    const byte = Math.floor((i * bits) / 8);
    block.touch(byte, byte + Math.max(1, bits >> 3));
    if (this.#order === 3) block.bytes[i] = count;
    else if (this.#order === 4) block.view.setUint16(i * 2, count);
    else if (this.#order === 5) block.view.setUint32(i * 4, count);
    else if (this.#order === 6) put64(block.view, i * 8, count);
    else {
      const shift = (i * bits) & 7;
      const mask = ((1 << bits) - 1) << shift;
      block.bytes[byte] = ((block.bytes[byte] as number) & ~mask) | (count << shift);
    }
  }
}

/** Notes clusters as metadata. Throws when one is already: two tables would lie on each other. */
export function addMetadata(name: string, metadata: Set<number>, offset: number, bytes: number, cluster: number): void {
  for (let at = offset / cluster; at < (offset + bytes) / cluster; at++) {
    if (metadata.has(at)) throw corrupt(name, `two tables at byte ${at * cluster}`);
    metadata.add(at);
  }
}
