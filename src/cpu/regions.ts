// The second tier, as the fast interpreter sees it: something that compiles what is hot and runs it. The interpreter
// counts entries of block heads; the tier decides what to make of a hot one.

import type { int } from '../isa/insn.ts';
import type { Executable } from './decoded.ts';
import type { QuickWays } from './quick.ts';

/** A region's answer: where the guest goes on is in EIP, its budget in the engine's words. */
export const REGION_CHAIN = 0;
/** The instruction at EIP could not be executed inline: the reference executes it. */
export const REGION_SLOW = 1;
/** A callout ended the region, and the interpreter has to look: an interrupt or a device waits, a mode without regions. */
export const REGION_LEFT = 2;
/** A callout ended the region: as REGION_CHAIN, but the words that go with the mode are new. */
export const REGION_SWITCHED = 4;
/** Bits of an answer with which a region does not lead on. */
export const REGION_STOPS = REGION_SLOW | REGION_LEFT;

/** Entries of a head that the exit of a region to it counts for: it costs more than to go on. */
export const EXIT_HEAT = 2;

/** What the tier asks of the interpreter. */
export interface RegionHost {
  /** Whether the code at a guest-physical address was executed as the start of a block, and not much less than a head. */
  isWarm(physical: int, mode: int): boolean;
  /**
   * Executes the instruction at EIP, which is `known`, by the reference; `next` is where straight-line code goes on,
   * relative to the page of the region's entry, or NO_NEXT where the region ends; `place` is its memory operand (see
   * `placeOf` in pack.ts). 0 if the region may go on there, else its answer.
   */
  callout(next: int, known: Executable, place: int): int;
  /**
   * A region is left with an answer that stops it: the reference executes what it could not, unless it was entered alone.
   * The answer that stands.
   */
  stopped(answer: int): int;
  /** There is a region to enter at the head at a guest-physical address from now on, packed for `mode`. */
  made(physical: int, mode: int, region: int): void;
  /** A region goes away, with the heads that led to it: nothing leads to it any more. */
  gone(region: int, heads: readonly int[], mode: int): void;
  /** What regions call by these names. */
  readonly quick: QuickWays;
}

export interface Regions {
  /**
   * A block head was entered often: `physical` its guest-physical address, `eip`, and the mode it was packed for.
   * Returns the number of a region to enter there from now on, or how many more entries to wait for (negative), or
   * NEVER.
   */
  hot(physical: int, eip: int, mode: int): int;
  /** Number of the region whose head is at a guest-physical address, for a mode; -1 if there is none. */
  at(physical: int, mode: int): int;
  /** Whether the region, whose head is at EIP, may be entered in the current address space: the pages it spans are mapped as they were. */
  mayEnter(region: int): boolean;
  /**
   * Runs a region whose head is at EIP, and those that it is linked to (see links.ts); one of the REGION_ answers. A function
   * of WebAssembly where regions are.
   */
  readonly run: (region: int) => int;
  /** The same for one region only. It may be left to the reference (REGION_SLOW). */
  enterAlone(region: int): int;
  /** A sample of the ways from region to region: EIP is where one leads, and the word SITE (see links.ts) whence. */
  sampled(): void;
  /**
   * The instruction at EIP left its region to the reference. `page`: the linear page of its operand in memory, if that is
   * not the reason; else NO_PAGE.
   */
  left(page: int): void;
  /** Forgets regions made from these bytes. Whether there were any. */
  codeWritten(physical: int, bytes: int): boolean;
  mappingLost(user: int): void;
  flush(): void;
  statistics(): Readonly<Record<string, number>>;
  /** Instructions that a region may retire between two looks at the budget. */
  readonly overshoot: int;
}

/** `left`: whatever page its operand is on. */
export const NO_PAGE = -1;

/** No offset from a page. */
export const NO_NEXT = -0x80000000;

/** `hot`: this head will never be the head of a region. */
export const NEVER = -0x80000000;
