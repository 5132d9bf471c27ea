// What the translation cache holds: regions by number, and by everything that leads to them: heads, blocks, frames of
// guest memory. Its bound is an estimate of what their modules take.

import type { int } from '../src/isa/insn.ts';
import type { Region } from './region.ts';

/** What is free behind an eviction. */
const FREE_SHARE = 0.25;
/** Share of a module's bytes that regions which are gone take, from which on it goes though the others are in use. */
const GONE_SHARE = 0.5;

/** Regions that were compiled together: V8 keeps all of them until the last one is gone. */
export interface Module {
  /** What it takes, those that are gone included. */
  bytes: number;
  readonly regions: Set<Region>;
}

const NONE: readonly never[] = [];

export function emptyModule(): Module {
  return { bytes: 0, regions: new Set() };
}

export class RegionCache {
  readonly #maxBytes: number;
  /** By number. */
  readonly #regions = new Map<int, Region>();
  /** Those that are to be evicted first at the front. */
  readonly #modules = new Set<Module>();
  readonly #moduleOf = new Map<Region, Module>();
  readonly #byHead = new Map<number, int>();
  readonly #byFrame = new Map<int, Set<int>>();
  /** Regions by the guest-physical addresses of their blocks, and of the blocks that they leave to. */
  readonly #byBlock = new Map<int, Region[]>();
  #bytes = 0;

  /** `maxBytes`: about what regions may take. */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** About what its modules take. */
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
  at(key: number): Region | undefined {
    const number = this.#byHead.get(key);
    return number === undefined ? undefined : this.#regions.get(number);
  }

  /** Regions with a block at a guest-physical address, or one that leave to it. */
  around(physical: int): readonly Region[] {
    return this.#byBlock.get(physical) ?? NONE;
  }

  /** Whether an address is that of a block of a region. */
  isInside(physical: int, mode: int): boolean {
    for (const r of this.around(physical)) if (r.mode === mode && r.inside.has(physical)) return true;
    return false;
  }

  /** Regions that have code in some guest-physical bytes. */
  overlapping(physical: int, bytes: int): readonly Region[] {
    let found: Set<Region> | undefined;
    for (let frame = physical >>> 12; frame <= (physical + bytes - 1) >>> 12; frame++) {
      for (const number of this.#byFrame.get(frame) ?? NONE) {
        const region = this.#regions.get(number) as Region;
        if (!region.pieces.some((p) => p.physical < physical + bytes && p.physical + p.length > physical)) continue;
        found ??= new Set();
        found.add(region);
      }
    }
    return found ? [...found] : NONE;
  }

  /** Makes the blocks of a region known, which is yet to be compiled. */
  announce(region: Region): void {
    for (const at of [...region.inside.keys(), ...region.outside]) {
      const there = this.#byBlock.get(at);
      if (!there) this.#byBlock.set(at, [region]);
      else if (!there.includes(region)) there.push(region);
    }
  }

  /** Adds a region that was announced. Returns the heads that lead to it: others may lead to another one already. */
  add(region: Region, module: Module): int[] {
    const { number, heads } = region;
    this.#bytes += region.bytes;
    module.bytes += region.bytes;
    module.regions.add(region);
    this.#modules.add(module);
    this.#moduleOf.set(region, module);
    this.#regions.set(number, region);
    for (const { physical } of region.pieces) {
      const frame = physical >>> 12;
      const set = this.#byFrame.get(frame);
      if (set) set.add(number);
      else this.#byFrame.set(frame, new Set([number]));
    }
    return heads.filter((_, k) => {
      const key = region.keys[k] as number;
      if (this.#byHead.has(key)) return false;
      this.#byHead.set(key, number);
      return true;
    });
  }

  remove(region: Region): void {
    const module = this.#moduleOf.get(region) as Module;
    this.#moduleOf.delete(region);
    module.regions.delete(region);
    if (module.regions.size === 0) {
      this.#modules.delete(module);
      this.#bytes -= module.bytes;
    }
    this.#regions.delete(region.number);
    for (const key of region.keys) if (this.#byHead.get(key) === region.number) this.#byHead.delete(key);
    for (const at of [...region.inside.keys(), ...region.outside]) {
      const there = this.#byBlock.get(at);
      const k = there ? there.indexOf(region) : -1;
      if (!there || k < 0) continue;
      if (there.length === 1) this.#byBlock.delete(at);
      else there.splice(k, 1);
    }
    for (const { physical } of region.pieces) this.#byFrame.get(physical >>> 12)?.delete(region.number);
  }

  /**
   * The regions that are to go, one by one: each is removed before the next is asked for. While there is too much, it is
   * the oldest modules, whole, but not those that were seen in use since the last time: they are the youngest then, and
   * come up again if there is nothing else.
   */
  *excess(): Generator<Region, void> {
    if (this.#bytes <= this.#maxBytes) return;
    for (const module of this.#modules) {
      if (this.#bytes <= this.#maxBytes * (1 - FREE_SHARE)) return;
      if (isInUse(module) && !isMostlyGone(module)) {
        for (const region of module.regions) region.samplesBefore = region.samples;
        this.#modules.delete(module);
        this.#modules.add(module);
      } else yield* module.regions;
    }
  }
}

function isInUse({ regions }: Module): boolean {
  for (const { samples, samplesBefore } of regions) if (samples !== samplesBefore) return true;
  return false;
}

function isMostlyGone({ regions, bytes }: Module): boolean {
  let held = 0;
  for (const region of regions) held += region.bytes;
  return held < bytes * (1 - GONE_SHARE);
}
