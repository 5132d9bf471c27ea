/** Runs from code offset `o` until `n` instructions are used up or the slow path asks to leave. Returns the offset reached, or a negative number. */
export type Interpret = (o: number, n: number) => number;

import type { QuickWays } from '../quick.ts';

export interface Environment extends QuickWays {
  readonly R: Int32Array;
  readonly H8: Int8Array;
  readonly H16: Int16Array;
  readonly H32: Int32Array;
  readonly CODE: Int32Array;
  readonly TAGS: Int32Array;
  readonly LINKS: Int32Array;
  readonly mulhu: (a: number, b: number) => number;
  readonly divu: (hi: number, lo: number, d: number) => number;
  /** Executes the instruction at a code offset by the reference; the offset to go on at, or a negative number to leave. */
  readonly slow: (o: number) => number;
  /** Offset of the block at an EIP that the tags do not hold. */
  readonly lookup: (eip: number) => number;
  /** Runs the region of the head at a code offset; the offset to go on at, or a negative number to leave. */
  readonly region: (o: number) => number;
  /** Runs a region by its number: `run` of regions.ts. */
  readonly run: (region: number) => number;
  /** A region was left with an answer that stops it, or for a sample: the offset to go on at, or a negative number to leave. */
  readonly left: (answer: number) => number;
  /** Instructions that a region may retire between two looks at the budget. */
  readonly overshoot: number;
}

export function makeInterpreter(environment: Environment): Interpret;
export const CASES: readonly string[];
/** By number, from 0 (which is none): size in bytes of the memory operand, with PLACE_WRITTEN. */
export const PLACES: readonly number[];
