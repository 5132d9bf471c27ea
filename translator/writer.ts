// What a region's function is written by, one statement after the other: as asm.js (asm-writer.ts), or as WebAssembly
// (wasm-writer.ts). Operands are expressions of the residual language, whose leaves are cells: locals of the function, or
// fixed places in the heap.

import type { Expr, Type } from './ir.ts';

/** A variable of the function. Numbered from 0 in the order in which they came up. */
export interface Local {
  readonly k: 'local';
  readonly name: string;
  readonly index: number;
  readonly type: Type;
}

/** Views of the heap: ints of 8, 16 and 32 bits, doubles of 32 and 64 bits, vectors. */
export type View = 'H8' | 'H16' | 'H32' | 'F32' | 'F64' | 'V128';

/** An element of a view of the heap. */
export interface Fixed {
  readonly k: 'fixed';
  readonly view: 'H32' | 'F32' | 'F64' | 'V128';
  readonly index: number;
}

export type Cell = Local | Fixed;

/** What stands for the leaves of expressions: temporaries, words of the state, elements of its arrays. */
export interface Names {
  /** @throws Error for another expression. */
  cell(leaf: Expr): Cell;
}

/** An operand in guest memory that was checked: `p` is what `lookUp` made of its address. */
export interface Operand {
  readonly p: Expr;
  /** Bytes behind it. */
  readonly offset: number;
  /** Bits: 8, 16, 32, 64 (a double) or 128 (a vector). */
  readonly size: number;
  /** Whether `p` may have the mark of what may only be read. */
  readonly isMarked: boolean;
  /** Whether it is known to be aligned to its size. */
  readonly isAligned: boolean;
}

/** A local that is state, and where it is in the register file. */
export interface Held {
  readonly local: Local;
  readonly at: Fixed;
}

/** What is known once all was written. */
export interface Ending {
  readonly name: string;
  /** By their indices. */
  readonly locals: readonly Local[];
  readonly held: readonly Held[];
  /** Its answer. */
  readonly answer: Expr;
}

/** `Made`: the function. */
export interface Writer<Made> {
  set(to: Cell, e: Expr): void;
  /** A word of the double `e`. */
  setWord(to: Local, e: Expr, isHigh: boolean): void;
  /** `to` is the entry of the shadow page table for a guest-linear address, exclusive or the address. */
  lookUp(to: Local, address: Expr): void;
  load(to: Local, from: Operand): void;
  store(to: Operand, e: Expr): void;
  /** Calls a function that has no result. */
  call(f: string, args: readonly Expr[]): void;
  /** A block until `end`, which `break` leads out of. */
  block(label: string): void;
  /** A loop until `end`: `continue` leads to its beginning, and so does its end. */
  loop(label: string): void;
  /** Until `else` or `end`: what is done if the expression is not zero. */
  if(test: Expr): void;
  else(): void;
  end(): void;
  break(label: string): void;
  continue(label: string): void;
  return(answer: Expr): void;
  /** All that is held goes to the register file. */
  spill(): void;
  /** All that is held comes from the register file. */
  fill(): void;
  finish(ending: Ending): Made;
}

/** What writers use besides the leaves of expressions. */
export interface Own {
  /** Where the shadow page table is. */
  readonly table: Local;
  /** Free between statements. */
  readonly scratch: Local;
  /** Where the words of doubles are staged: locals for them would cost each exit more. */
  readonly words: readonly [Fixed, Fixed];
  readonly double: Fixed;
}

/** Makes what a function is written by. */
export type MakeWriter<Made> = (names: Names, own: Own) => Writer<Made>;
