// Where a run of the fast interpreter is, as far as the register file does not say: what has been retired, and whether
// blocks of packed code can go on.

import type { int } from '../isa/insn.ts';
import { isWatched } from '../isa/prims.ts';
import type { Cpu } from '../isa/state.ts';
import { BUDGET } from './engine-words.ts';
import { isFlatCode } from './mode.ts';

/**
 * Zero, as what V8 keeps as a double: a field that starts as a small integer changes the object's map when it gets
 * larger, and everything that was compiled for the map is thrown away, the generated interpreter (half a second) too.
 */
export const COUNT = -0;

export class Situation {
  readonly cpu: Cpu;
  readonly words: Int32Array;
  /** Mode of the code that runs. */
  mode: int = -1;
  /** Packed or translated code was written over: what is running may be it. */
  codeChanged = false;
  /** Instructions retired before the current run of the generated function, less its budget then. */
  before: number = COUNT;
  /** Budget while it runs; the position in its block of the instruction that runs slowly. */
  left = 0;
  position = 1;

  constructor(cpu: Cpu) {
    this.cpu = cpu;
    this.words = cpu.words;
  }

  /** Instructions retired so far. */
  retired(): number {
    return this.before - this.left + this.position - 1;
  }

  /** Packed or translated code was left between two blocks: the budget says what it has retired. */
  atBoundary(): void {
    this.left = this.words[BUDGET];
    this.position = 1;
  }

  /** Packed code is left for good: what it retired is no longer a matter of the budget. */
  settle(): void {
    this.before -= this.words[BUDGET];
    this.left = 0;
    this.position = 1;
  }

  mustReturn(): boolean {
    const c = this.cpu;
    return c.attention !== 0 || (c.intr !== 0 && c.IF !== 0 && c.shadow === 0);
  }

  /** Single steps, breakpoints, interrupt shadows and code that is not flat 32-bit are the reference's. */
  canRunBlocks(mode: int): boolean {
    const c = this.cpu;
    return c.TF === 0 && c.shadow === 0 && !isWatched(c) && isFlatCode(c, mode);
  }
}
