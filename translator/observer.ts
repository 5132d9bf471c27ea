// Whoever looks on while regions are made: `dump`, profilers.

import type { int } from '../src/isa/insn.ts';
import type { RegionFunction } from './compile.ts';
import type { Graph } from './graph.ts';
import type { PrintOptions } from './print.ts';

/** A region as it was made. */
export interface ObservedRegion {
  readonly number: int;
  /** Guest-linear address of the entry in the address space that was current. */
  readonly linear: int;
  /** What the interpreter packs of the mode: CS.D, SS.B, and a bit for each segment register that is not flat. */
  readonly mode: int;
  /** 1 for code of CPL 3. */
  readonly user: int;
  readonly graph: Graph;
  /** How its text was printed; `translate` makes it again. */
  readonly options: PrintOptions;
}

export interface Observer {
  /** Name for a region's function: letters, digits and `_`, and no other region's. */
  name(region: int, linear: int): string;
  translated(region: ObservedRegion): void;
  /** Its text became this function. */
  compiled?(region: int, run: RegionFunction): void;
  /** It was thrown out. */
  dropped?(region: int): void;
  /** Makes regions count: the counter of a region's block, or with no offset of its entry. */
  counter?(region: int, at?: int): int;
  /** A block with that counter is executed, or a region entered. */
  readonly count?: (counter: int) => void;
}
