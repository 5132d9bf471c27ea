// `--snapshot`: a layer that takes all writes and forgets them at the end. The image below is only read.
//
// The layer is sparse and counts in blocks of 4 KiB, the page and block size of most guests' file systems. A block that
// was written in part knows which of its sectors are its own, so that no write has to read first.

import { Arena, type MakeSpill } from './arena.ts';
import { beyondEnd } from './byte-file.ts';
import { type BlockDevice, SECTOR } from './contract.ts';

const BLOCK = 4096;
const SECTORS_PER_BLOCK = BLOCK / SECTOR;
/** Blocks of one leaf of the index: 4 MiB of disk, 5 KiB of index. */
const LEAF_BLOCKS = 1024;
const LEAF_SECTORS = LEAF_BLOCKS * SECTORS_PER_BLOCK;

const NONE_HELD = 0;
const ALL_HELD = (1 << SECTORS_PER_BLOCK) - 1;
/** The place of what the layer does not hold. */
const BASE = -1;

export interface SnapshotOptions {
  /** What messages call it. */
  readonly name?: string;
  /** Bytes kept in memory; 64 MiB when left out. */
  readonly memoryBytes?: number;
  /** Makes the file for the rest. Without one, a write that does not fit fails with 'no-space'. */
  readonly spill?: MakeSpill;
}

interface Leaf {
  /** Number of the block in the arena, plus one; 0 for a block that was never written. */
  readonly places: Float64Array;
  /** One bit for each sector of a block: 1 when the layer holds it. */
  readonly held: Uint8Array;
}

/** Writes go to memory and a spill file; reads see them over `base`. Closing drops them and closes `base`. */
export class SnapshotOverlay implements BlockDevice {
  readonly sectors: number;
  readonly readOnly = false;
  readonly #base: BlockDevice;
  readonly #name: string;
  readonly #arena: Arena;
  readonly #leaves = new Map<number, Leaf>();

  // What #find found.
  #at = BASE;
  #count = 0;

  constructor(base: BlockDevice, options: SnapshotOptions = {}) {
    this.#base = base;
    this.sectors = base.sectors;
    this.#name = options.name ?? 'snapshot';
    this.#arena = new Arena(this.#name, options.memoryBytes ?? 64 << 20, options.spill);
  }

  /** Bytes that the layer holds, in memory and in the spill file. */
  get heldBytes(): number {
    return this.#arena.used;
  }

  read(sector: number, into: Uint8Array): Promise<void> {
    const count = into.length / SECTOR;
    if (!(sector >= 0 && sector + count <= this.sectors)) return Promise.reject(this.#beyond(sector, count));
    return this.#touches(sector, count) ? this.#readMixed(sector, into) : this.#base.read(sector, into);
  }

  write(sector: number, from: Uint8Array): Promise<void> {
    const count = from.length / SECTOR;
    if (!(sector >= 0 && sector + count <= this.sectors)) return Promise.reject(this.#beyond(sector, count));
    try {
      let waiting: Promise<void>[] | undefined;
      for (let done = 0; done < count; ) {
        const at = this.#give(sector + done);
        let length = SECTORS_PER_BLOCK - ((sector + done) % SECTORS_PER_BLOCK);
        while (done + length < count && this.#give(sector + done + length) === at + length * SECTOR) {
          length += SECTORS_PER_BLOCK;
        }
        const end = Math.min(count, done + length);
        const writing = this.#arena.write(at, from.subarray(done * SECTOR, end * SECTOR));
        if (writing) {
          waiting ??= [];
          waiting.push(writing);
        }
        done = end;
      }
      if (waiting) return settled(waiting).then(() => this.#hold(sector, count));
      this.#hold(sector, count);
      return Promise.resolve();
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** Nothing of the layer outlives the machine, so there is nothing to make durable. */
  flush(): Promise<void> {
    return Promise.resolve();
  }

  async close(): Promise<void> {
    this.#leaves.clear();
    try {
      await this.#arena.close();
    } finally {
      await this.#base.close();
    }
  }

  #beyond(sector: number, count: number): Error {
    return beyondEnd(this.#name, sector, count, this.sectors);
  }

  /** Whether any leaf of the layer covers these sectors. */
  #touches(sector: number, count: number): boolean {
    const last = Math.floor((sector + count - 1) / LEAF_SECTORS);
    for (let leaf = Math.floor(sector / LEAF_SECTORS); leaf <= last; leaf++) if (this.#leaves.has(leaf)) return true;
    return false;
  }

  async #readMixed(sector: number, into: Uint8Array): Promise<void> {
    const count = into.length / SECTOR;
    const waiting: Promise<void>[] = [];
    for (let done = 0; done < count; ) {
      this.#find(sector + done, count - done);
      const at = this.#at;
      const part = into.subarray(done * SECTOR, (done + this.#count) * SECTOR);
      const reading = at < 0 ? this.#base.read(sector + done, part) : this.#arena.read(at, part);
      if (reading) waiting.push(reading);
      done += part.length / SECTOR;
    }
    if (waiting.length) await settled(waiting);
  }

  /** Finds where `most` sectors or less are: in a row in the arena, or all in the base. */
  #find(sector: number, most: number): void {
    let count = 0;
    this.#at = BASE;
    while (count < most) {
      const s = sector + count;
      const leaf = this.#leaves.get(Math.floor(s / LEAF_SECTORS));
      let at = BASE;
      let step = LEAF_SECTORS - (s % LEAF_SECTORS);
      if (leaf) {
        const block = Math.floor(s / SECTORS_PER_BLOCK) % LEAF_BLOCKS;
        const within = s % SECTORS_PER_BLOCK;
        const held = leaf.held[block] as number;
        step = held === NONE_HELD || held === ALL_HELD ? SECTORS_PER_BLOCK - within : 1;
        if (held & (1 << within)) at = ((leaf.places[block] as number) - 1) * BLOCK + within * SECTOR;
      }
      if (count === 0) this.#at = at;
      else if (at !== (this.#at < 0 ? BASE : this.#at + count * SECTOR)) break;
      count += step;
    }
    this.#count = Math.min(count, most);
  }

  /** Position in the arena of a sector whose block gets a place there, if it has none. */
  #give(sector: number): number {
    const index = Math.floor(sector / LEAF_SECTORS);
    let leaf = this.#leaves.get(index);
    if (!leaf) {
      leaf = { places: new Float64Array(LEAF_BLOCKS), held: new Uint8Array(LEAF_BLOCKS) };
      this.#leaves.set(index, leaf);
    }
    const block = Math.floor(sector / SECTORS_PER_BLOCK) % LEAF_BLOCKS;
    if (leaf.places[block] === 0) leaf.places[block] = this.#arena.allocate(BLOCK) / BLOCK + 1;
    return ((leaf.places[block] as number) - 1) * BLOCK + (sector % SECTORS_PER_BLOCK) * SECTOR;
  }

  /** From now on these sectors are the layer's. */
  #hold(sector: number, count: number): void {
    const end = sector + count;
    for (let s = sector; s < end; ) {
      const leaf = this.#leaves.get(Math.floor(s / LEAF_SECTORS));
      // The overlay may have been closed in between.
      if (!leaf) return;
      const block = Math.floor(s / SECTORS_PER_BLOCK) % LEAF_BLOCKS;
      const within = s % SECTORS_PER_BLOCK;
      const sectors = Math.min(SECTORS_PER_BLOCK - within, end - s);
      leaf.held[block] = (leaf.held[block] as number) | (((1 << sectors) - 1) << within);
      s += sectors;
    }
  }
}

/** Waits for all, also when one fails: a buffer must not be given back while a request still fills it. */
async function settled(waiting: readonly Promise<void>[]): Promise<void> {
  const results = await Promise.allSettled(waiting);
  for (const result of results) if (result.status === 'rejected') throw result.reason;
}
