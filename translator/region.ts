// A region of the translation cache, and the head that it is made for.

import { MODES } from '../src/cpu/mode.ts';
import type { int } from '../src/isa/insn.ts';
import type { RegionFunction } from './compile.ts';
import { type Block, type Graph, isLoop, leadsTo, RETURN } from './graph.ts';
import type { Stack } from './x87.ts';

const PAGE = 4096;
/**
 * What a region takes, itself and what V8 makes of it: by the length of its text, or of WebAssembly by the number of
 * guest instructions. See docs/performance.md.
 */
const BYTES_PER_REGION = 4096;
const BYTES_PER_CHARACTER = 3;
const BYTES_PER_INSTRUCTION = 300;

/** What several paths lead to is a region of its own where it has more guest instructions than this. */
export const SHARED = 48;

/** A head that is to become a region. */
export interface Hot {
  /** The number of the region that is to be replaced. */
  readonly again?: int;
  /** It is to be a region though others have its code: see Found in graph-of.ts. */
  readonly isApart?: boolean;
  /** It was cut, and is worth to be larger. */
  readonly isLarge?: boolean;
  /** Offsets from the entry's page, at one of which a block must be, or it is not worth to be made again. */
  readonly targets?: readonly int[];
  /** Most instructions that may be translated for them. */
  readonly paid?: number;
  readonly key: number;
  readonly physical: int;
  readonly linear: int;
  readonly mode: int;
  readonly user: int;
  /** The x87's, when it was found hot. */
  readonly stack: Stack;
}

export interface Region {
  readonly number: int;
  /** The region in whose place it was made. */
  readonly again: int | undefined;
  /** Of its entries, the first one first: guest-physical addresses, keys. */
  readonly heads: readonly int[];
  readonly keys: readonly number[];
  /** What it takes of the cache. */
  readonly bytes: number;
  /** Numbers of its sites: the first, and how many. */
  readonly firstSite: int;
  readonly sites: int;
  readonly name: string;
  /** Guest-linear address of its entry when it was scanned. */
  readonly linear: int;
  /** Once it is compiled. */
  run: RegionFunction | undefined;
  // Of its graph, which takes more than all the rest, only this is kept.
  /** Offsets from the entry's page of its entries, the first one first. */
  readonly entries: readonly int[];
  readonly instructions: int;
  /** Guest-physical frames of its pages, the entry's among them, by their distances from that one. */
  readonly pages: ReadonlyMap<int, int>;
  /** Whether it is a loop of which something was left out. */
  readonly isCutLoop: boolean;
  /**
   * Guest-physical addresses of its entry, of its blocks, and of those that it leaves to. Of blocks, with the number of
   * instructions that they lead to inside, or one more than SHARED.
   */
  readonly physical: int;
  readonly inside: ReadonlyMap<int, int>;
  readonly outside: readonly int[];
  /** Guest-physical address and length of each piece of its code. */
  readonly pieces: readonly { readonly physical: int; readonly length: int }[];
  /** Guest-physical addresses of instructions that look up what others share: see passes/places.ts. */
  readonly sharing: readonly int[];
  readonly user: int;
  readonly mode: int;
  readonly stack: Stack;
  /** Samples that led to it; those of them that the last eviction knew of. */
  samples: int;
  samplesBefore: int;
  readonly isLarge: boolean;
  /** State of the mappings, and the entry's linear page, for which `pages` was found to hold. */
  stamp: int;
  page: int;
}

/** What is known of a region before it is compiled. `characters`: of its text, where that is what is compiled. */
export function describe(
  hot: Hot,
  graph: Graph,
  numbered: Pick<Region, 'number' | 'name' | 'firstSite' | 'sites'>,
  characters: int | undefined,
): Region {
  const physicalOf = (at: int): int => physicalIn(graph.pages, at);
  const blocks = [...graph.blocks.values()].filter((b) => b.at < RETURN);
  const known = (at: int): boolean => graph.pages.has(at >> 12);
  const heads = graph.entries.map(physicalOf);
  return {
    ...numbered,
    again: hot.again,
    heads,
    keys: heads.map((at) => keyOf(at, hot.mode)),
    bytes:
      BYTES_PER_REGION +
      (characters === undefined ? graph.instructions * BYTES_PER_INSTRUCTION : characters * BYTES_PER_CHARACTER),
    linear: hot.linear,
    run: undefined,
    entries: graph.entries,
    instructions: graph.instructions,
    pages: graph.pages,
    isCutLoop: graph.isCut === true && isLoop(graph),
    physical: hot.physical,
    inside: new Map(blocks.map((b) => [physicalOf(b.at), countFrom(b, graph)])),
    outside: blocks.flatMap(exitsOf).filter(known).map(physicalOf),
    pieces: graph.bytes.map(({ at, length }) => ({ physical: physicalOf(at), length })),
    sharing: (graph.sharing ?? []).map(physicalOf),
    user: hot.user,
    mode: hot.mode,
    stack: hot.stack,
    samples: 0,
    samplesBefore: 0,
    isLarge: hot.isLarge === true,
    stamp: -1,
    page: 0,
  };
}

/** A head: where it is, and what it was packed for (which rights are part of: see src/cpu/mode.ts). */
export function keyOf(physical: int, mode: int): number {
  return (physical >>> 0) * MODES + mode;
}

/** The keys of a region's blocks. */
export function blockKeys({ inside, mode }: Region): number[] {
  return [...inside.keys()].map((at) => keyOf(at, mode));
}

/** Whether all entries of the one are entries of the other too: then it can have its number. */
export function isEnteredAtAll(old: Region, graph: Graph): boolean {
  return old.entries.every((at) => graph.entries.includes(at));
}

/** Whether a region is the better for it if it is made again. */
export function isGained({ targets, isLarge }: Hot, graph: Graph, old: Region): boolean {
  if (targets) return targets.some((at) => graph.blocks.has(at));
  return !isLarge || old.isLarge || graph.instructions > old.instructions;
}

/** The head of a region that is to be replaced. */
export function madeAgain({ keys, physical, linear, mode, user, stack, isLarge, number }: Region): Hot {
  return { key: keys[0] as number, physical, linear, mode, user, stack, isLarge, again: number };
}

/** Code of a region that is to be one itself: see Found in graph-of.ts. */
export function apartFrom({ mode, user, stack }: Hot, physical: int, linear: int): Hot {
  return { key: keyOf(physical, mode), physical, linear, mode, user, stack, isApart: true };
}

/** Where samples of an instruction (RETURN: of all returns) are kept: see profiles.ts. */
export function profileKey(region: Region, at: int): int {
  if (at === RETURN) return region.physical - 1;
  return physicalIn(region.pages, at);
}

/** Whether a block of the region is at an offset. */
export function isInside({ pages, inside }: Region, at: int): boolean {
  return pages.has(at >> 12) && inside.has(physicalIn(pages, at));
}

/** Guest-physical address of an offset on one of the pages. */
function physicalIn(pages: ReadonlyMap<int, int>, at: int): int {
  return ((pages.get(at >> 12) as int) << 12) | (at & (PAGE - 1));
}

/** Instructions of the graph from a block on; SHARED + 1 where there are more. */
function countFrom(block: Block, { blocks }: Graph): number {
  const seen = new Set<int>([block.at]);
  const work = [block];
  let count = 0;
  for (let k = 0; k < work.length && count <= SHARED; k++) {
    const b = work[k] as Block;
    count += b.insns.length;
    for (const at of leadsTo(b)) {
      const to = at < RETURN && !seen.has(at) ? blocks.get(at) : undefined;
      if (!to) continue;
      seen.add(at);
      work.push(to);
    }
  }
  return Math.min(count, SHARED + 1);
}

/** Offsets that a block leaves its region to. */
function exitsOf(b: Block): int[] {
  if (b.term === 'exit') return [b.taken];
  if (b.term === 'branch') return [b.taken, b.fall].filter((at) => !b.succ.includes(at));
  return [];
}
