// What the translation cache holds: regions by number, and by everything that leads to them: heads, blocks, frames of
// guest memory. Its bound is an estimate of what they take.

import type { int } from '../src/isa/insn.ts';
import type { Region } from './region.ts';

/** What is free behind an eviction. */
const FREE_SHARE = 0.25;

export class RegionCache {
  readonly #maxBytes: number;
  /** By number, those that are to be evicted first at the front. */
  readonly #regions = new Map<int, Region>();
  readonly #byHead = new Map<string, int>();
  readonly #byFrame = new Map<int, Set<int>>();
  /** Regions by the guest-physical addresses of their blocks, and of the blocks that they leave to. */
  readonly #byBlock = new Map<int, Set<Region>>();
  #bytes = 0;

  /** `maxBytes`: about what regions may take. */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** About what its regions take. */
  get bytes(): number {
    return this.#bytes;
  }

  get size(): number {
    return this.#regions.size;
  }

  get(number: int): Region | undefined {
    return this.#regions.get(number);
  }

  /** All of them; they may be removed on the way. */
  all(): Iterable<Region> {
    return this.#regions.values();
  }

  /** The region that is entered at a head. */
  at(key: string): Region | undefined {
    const number = this.#byHead.get(key);
    return number === undefined ? undefined : this.#regions.get(number);
  }

  /** Regions with a block at a guest-physical address, or one that leave to it. */
  around(physical: int): Iterable<Region> {
    return this.#byBlock.get(physical) ?? [];
  }

  /** Whether an address is that of a block of a region. */
  isInside(physical: int, mode: int): boolean {
    for (const r of this.around(physical)) if (r.mode === mode && r.inside.has(physical)) return true;
    return false;
  }

  /** Regions that have code in some guest-physical bytes. */
  overlapping(physical: int, bytes: int): Region[] {
    const found = new Set<Region>();
    for (let frame = physical >>> 12; frame <= (physical + bytes - 1) >>> 12; frame++) {
      for (const number of this.#byFrame.get(frame) ?? []) {
        const region = this.#regions.get(number) as Region;
        if (region.pieces.some((p) => p.physical < physical + bytes && p.physical + p.length > physical))
          found.add(region);
      }
    }
    return [...found];
  }

  /** Makes the blocks of a region known, which is yet to be compiled. */
  announce(region: Region): void {
    for (const at of [...region.inside.keys(), ...region.outside]) {
      const set = this.#byBlock.get(at);
      if (set) set.add(region);
      else this.#byBlock.set(at, new Set([region]));
    }
  }

  /** Adds a region that was announced. Returns the heads that lead to it: others may lead to another one already. */
  add(region: Region): int[] {
    const { number, heads } = region;
    this.#bytes += region.bytes;
    this.#regions.set(number, region);
    for (const { physical } of region.pieces) {
      const frame = physical >>> 12;
      const set = this.#byFrame.get(frame);
      if (set) set.add(number);
      else this.#byFrame.set(frame, new Set([number]));
    }
    return heads.filter((_, k) => {
      const key = region.keys[k] as string;
      if (this.#byHead.has(key)) return false;
      this.#byHead.set(key, number);
      return true;
    });
  }

  remove(region: Region): void {
    this.#bytes -= region.bytes;
    this.#regions.delete(region.number);
    for (const key of region.keys) if (this.#byHead.get(key) === region.number) this.#byHead.delete(key);
    for (const at of [...region.inside.keys(), ...region.outside]) {
      const set = this.#byBlock.get(at);
      if (set?.delete(region) && set.size === 0) this.#byBlock.delete(at);
    }
    for (const { physical } of region.pieces) this.#byFrame.get(physical >>> 12)?.delete(region.number);
  }

  /**
   * The regions that are to go, one by one: each is removed before the next is asked for. While there is too much, it is
   * the oldest, but not those that were seen in use since the last time: they are the youngest then, and come up again if
   * there is nothing else.
   */
  *excess(): Generator<Region, void> {
    if (this.#bytes <= this.#maxBytes) return;
    for (const region of this.#regions.values()) {
      if (this.#bytes <= this.#maxBytes * (1 - FREE_SHARE)) return;
      if (region.samples === region.samplesBefore) {
        yield region;
        continue;
      }
      region.samplesBefore = region.samples;
      this.#regions.delete(region.number);
      this.#regions.set(region.number, region);
    }
  }
}
