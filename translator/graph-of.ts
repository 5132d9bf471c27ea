// The graph of a region that is to be made: how far the scan goes, with what the translation cache knows of the code.

import type { int } from '../src/isa/insn.ts';
import type { Memory } from '../src/memory/memory.ts';
import { type Graph, isLoop, RETURN } from './graph.ts';
import type { KnownCode } from './known-code.ts';
import type { Placements } from './reader.ts';
import { type Hot, keyOf, SHARED } from './region.ts';
import type { RegionCache } from './region-cache.ts';
import { finish, type Survey, survey } from './scan.ts';

/** Largest region, in guest instructions: V8's compile time is linear to about 1,400, but much of a path may be cold. */
export const MAX_INSTRUCTIONS = 200;
/** The same for a loop that had to be cut, and is worth more. */
export const MAX_LARGE = 400;
/** Regions of at most so many instructions are taken in by others, rather than led to. */
const SMALL = 24;
const PAGE = 4096;

/** What is known of guest code besides its bytes. Addresses are guest-physical. */
export interface Knowledge {
  readonly cache: RegionCache;
  readonly code: KnownCode;
  /** Whether the code there was executed often enough: see RegionHost. */
  isWarm(physical: int, mode: int): boolean;
  /** Distances to where the instruction with a key is likely to lead: see profiles.ts. */
  likely(key: int): readonly int[];
  isGuarded(physical: int): boolean;
}

/** What a region is made of. */
export interface Found {
  readonly graph: Graph;
  /**
   * Code that it stops at though it is no region yet: others have it too, and are to lead to one region for it. Guest-
   * physical addresses, with the guest-linear ones.
   */
  readonly apart: ReadonlyMap<int, int>;
}

/** What there is where code may be followed to: none that is warm; some; some that has a region; that is to have one. */
type Way = 'cold' | 'free' | 'led' | 'shared';

/** Undefined if it is not worth a region. */
export function graphOf(hot: Hot, memory: Memory, known: Knowledge): Found | undefined {
  const frames = new Map<int, int>();
  const frameOf = (linearPage: int): int => {
    let frame = frames.get(linearPage);
    if (frame === undefined) {
      const physical = memory.probeFetch(linearPage, hot.user);
      frame = physical === -1 ? -1 : physical >>> 12;
      frames.set(linearPage, frame);
    }
    return frame;
  };
  const base = hot.linear & -PAGE;
  /** Of an offset from the entry's page; -1 where nothing is mapped for fetching. */
  const physicalOf = (at: int): int => {
    const frame = frameOf((base + (at & -PAGE)) | 0);
    return frame < 0 ? -1 : (frame << 12) | (at & (PAGE - 1));
  };
  // Something else may be mapped there by now.
  if (frameOf(base) !== hot.physical >>> 12) return undefined;
  // A side entry, or a way out, of another region: it leads back to that one, rather than around in a copy of it.
  const stops = new Set<int>();
  if (hot.again === undefined) {
    for (const r of known.cache.around(hot.physical)) if (r.mode === hot.mode) stops.add(r.physical);
  }
  // What has a region is led to, unless it is small.
  const stopsAt = (physical: int): boolean => {
    if (physical === hot.physical) return false;
    const region = known.cache.at(keyOf(physical, hot.mode));
    return region !== undefined && region.number !== hot.again && region.instructions > SMALL;
  };
  // Whether another region has it too, one that the entry of this one is no part of, and it goes on for long there.
  const isShared = (physical: int): boolean => {
    if (physical === hot.physical) return false;
    for (const r of known.cache.around(physical)) {
      if (r.mode !== hot.mode || r.number === hot.again) continue;
      if ((r.inside.get(physical) ?? 0) > SHARED && !r.inside.has(hot.physical)) return true;
    }
    return false;
  };
  const placements: Placements = new Map();
  const source = { memory, linear: hot.linear, mode: hot.mode, frameOf, placements, known: known.code };
  const apart = new Map<int, int>();
  const wayTo = (at: int): Way => {
    const physical = physicalOf(at);
    if (physical === -1 || stops.has(physical) || !known.isWarm(physical, hot.mode)) return 'cold';
    return stopsAt(physical) ? 'led' : isShared(physical) ? 'shared' : 'free';
  };
  // Both surveys ask for much the same.
  const ways = new Map<int, Way>();
  // Whether something was followed that has a region, or is to have one.
  let isLed = false;
  const isWarm = (at: int, isPath: boolean): boolean => {
    let way = ways.get(at);
    if (way === undefined) {
      way = wayTo(at);
      ways.set(at, way);
    }
    if (way === 'cold') return false;
    if (way === 'free') return true;
    if (way === 'shared' && isPath) apart.set(physicalOf(at), (base + at) | 0);
    isLed = true;
    return !isPath;
  };
  const options = {
    maxInstructions: hot.isLarge ? MAX_LARGE : MAX_INSTRUCTIONS,
    most: MAX_LARGE,
    inline: true,
    targetsOf: (at: int): readonly int[] => {
      const from = at === RETURN ? hot.linear & (PAGE - 1) : at;
      const key = physicalOf(from) - (at === RETURN ? 1 : 0);
      return known.likely(key).map((distance) => from + distance);
    },
    stack: hot.stack,
    isGuarded: (at: int): boolean => {
      const physical = physicalOf(at);
      return physical !== -1 && known.isGuarded(physical);
    },
  };
  // Kernels are paths through much code that all meet: each would have a copy of it if they did not lead to each other.
  // What a loop calls had better be inside.
  const surveyed = (isPath: boolean): Survey => {
    const warm = (at: int): boolean => isWarm(at, isPath);
    const all = { ...options, isWarm: warm, reentered: isPath };
    return survey(source, all);
  };
  const whole = surveyed(false);
  const asPath = (): Survey => (isLed ? surveyed(true) : { ...whole, options: { ...whole.options, reentered: true } });
  const graph = finish(isLoop(whole.graph) ? whole : asPath());
  // A region must get on: one whose first instruction leaves would be entered again at once.
  const first = graph.blocks.get(graph.entry);
  return first && first.insns.length > 0 && graph.instructions > 0 ? { graph, apart } : undefined;
}
