// Clusters of metadata (L2 tables, refcount blocks) in memory, by their host offset. What is changed stays here until the
// commit writes it; only what is as on disk may be dropped.

import { type ByteFile, readPadded } from '../byte-file.ts';

/** One cluster of metadata. */
export class Table {
  readonly offset: number;
  readonly bytes: Uint8Array;
  readonly view: DataView;
  /** Bytes that differ from the file: from, to. None when they are equal. */
  dirtyFrom = 0;
  dirtyTo = 0;
  /** When it was last asked for. */
  used = 0;

  constructor(offset: number, bytes: Uint8Array) {
    this.offset = offset;
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  get dirty(): boolean {
    return this.dirtyTo > this.dirtyFrom;
  }

  /** Notes that bytes changed. */
  touch(from: number, to: number): void {
    if (!this.dirty) {
      this.dirtyFrom = from;
      this.dirtyTo = to;
    } else {
      if (from < this.dirtyFrom) this.dirtyFrom = from;
      if (to > this.dirtyTo) this.dirtyTo = to;
    }
  }
}

/** Bytes of tables to keep. One L2 table of the usual 64 KiB maps 512 MiB. */
const CAPACITY = 16 << 20;
const MOST = 1024;
const LEAST = 8;

export class TableCache {
  readonly #file: ByteFile;
  readonly #cluster: number;
  readonly #capacity: number;
  readonly #tables = new Map<number, Table>();
  readonly #loading = new Map<number, Promise<Table>>();
  #clock = 0;

  constructor(file: ByteFile, cluster: number) {
    this.#file = file;
    this.#cluster = cluster;
    this.#capacity = Math.min(MOST, Math.max(LEAST, Math.floor(CAPACITY / cluster)));
  }

  /** The table at a host offset, if it is in memory. */
  find(offset: number): Table | undefined {
    const table = this.#tables.get(offset);
    if (table) table.used = ++this.#clock;
    return table;
  }

  /** The table at a host offset, read if need be. The file may end within it: zeros follow. */
  load(offset: number): Promise<Table> {
    const found = this.find(offset);
    if (found) return Promise.resolve(found);
    let loading = this.#loading.get(offset);
    if (!loading) {
      const bytes = new Uint8Array(this.#cluster);
      loading = readPadded(this.#file, offset, bytes)
        .then(() => this.#tables.get(offset) ?? this.#keep(new Table(offset, bytes)))
        .finally(() => this.#loading.delete(offset));
      this.#loading.set(offset, loading);
    }
    return loading;
  }

  /** A table that is new: all of it is to be written. */
  create(offset: number, bytes: Uint8Array): Table {
    const table = this.#keep(new Table(offset, bytes));
    table.touch(0, bytes.length);
    return table;
  }

  /** Forgets a table, which is of no use any more. */
  drop(offset: number): void {
    this.#tables.delete(offset);
  }

  get anyDirty(): boolean {
    for (const table of this.#tables.values()) if (table.dirty) return true;
    return false;
  }

  /** So much is dirty that a commit should come before more is. */
  get crowded(): boolean {
    if (this.#tables.size < this.#capacity) return false;
    let dirty = 0;
    for (const table of this.#tables.values()) if (table.dirty) dirty++;
    return dirty > this.#capacity / 2;
  }

  /** Writes what is dirty, in whole sectors. Nobody may change tables meanwhile. */
  async write(): Promise<void> {
    for (const table of this.#tables.values()) {
      if (!table.dirty) continue;
      const from = table.dirtyFrom & ~511;
      const to = Math.min((table.dirtyTo + 511) & ~511, table.bytes.length);
      await this.#file.write(table.offset + from, table.bytes.subarray(from, to));
      table.dirtyFrom = table.dirtyTo = 0;
    }
  }

  #keep(table: Table): Table {
    while (this.#tables.size >= this.#capacity && this.#evict());
    table.used = ++this.#clock;
    this.#tables.set(table.offset, table);
    return table;
  }

  /** Drops the clean table that was not asked for longest. False when all are dirty. */
  #evict(): boolean {
    let oldest: Table | undefined;
    for (const table of this.#tables.values())
      if (!table.dirty && (!oldest || table.used < oldest.used)) oldest = table;
    return oldest !== undefined && this.#tables.delete(oldest.offset);
  }
}
