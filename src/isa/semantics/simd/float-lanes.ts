// The lanes of SSE arithmetic: committing the plain results, and the way of all lanes through soft-float.

import type { int } from '../../insn.ts';
import type { Cpu } from '../../state.ts';
import { settleExceptions } from './mxcsr.ts';
import {
  arithmetic,
  begin,
  type Operation,
  raisedFlags,
  resultHigh,
  resultLow,
  SUB,
  squareRoot,
} from './soft-float.ts';

/** For `Operation`: the square root of the second operand. */
export const SQRT = 4;

// Which lanes of DEST and SRC make lane k of the result.
/** DEST k and SRC k. */
export const VERTICAL = 0;
/** The same, even lanes subtracting. */
export const ALTERNATING = 1;
/** Adjacent lanes of DEST, then of SRC. */
export const HORIZONTAL = 2;
type Shape = 0 | 1 | 2;

/** Commits four singles unless one is NaN: not plain. */
export function putSingles(c: Cpu, d: int, r0: number, r1: number, r2: number, r3: number): boolean {
  const x = c.xmmF32;
  if (Number.isNaN(r0) || Number.isNaN(r1) || Number.isNaN(r2) || Number.isNaN(r3)) return false;
  x[d] = r0;
  x[d + 1] = r1;
  x[d + 2] = r2;
  x[d + 3] = r3;
  return true;
}

/** The same with two doubles. */
export function putDoubles(c: Cpu, d: int, r0: number, r1: number): boolean {
  const x = c.xmmF64;
  if (Number.isNaN(r0) || Number.isNaN(r1)) return false;
  x[d] = r0;
  x[d + 1] = r1;
  return true;
}

/** Results wait here until it is known that no lane faults. */
const waiting = new Int32Array(4);

/** Every lane through soft-float; `d` and `s` are indices in `c.xmm`. */
export function soft(
  c: Cpu,
  d: int,
  s: int,
  wide: boolean,
  lanes: int,
  op: Operation | typeof SQRT,
  shape: Shape,
): void {
  const x = c.xmm;
  const step = wide ? 2 : 1;
  const high = wide ? 1 : 0;
  begin();
  for (let k = 0; k < lanes; k++) {
    let a = d + step * k;
    let b = s + step * k;
    let does = op;
    if (shape === HORIZONTAL) {
      a = 2 * k < lanes ? d + 2 * step * k : s + step * (2 * k - lanes);
      b = a + step;
    } else if (shape === ALTERNATING && (k & 1) === 0) does = SUB;
    if (does === SQRT) squareRoot(wide, x[b + high], x[b], c.mxcsr);
    else arithmetic(does, wide, x[a + high], x[a], x[b + high], x[b], c.mxcsr);
    waiting[step * k + high] = resultHigh;
    waiting[step * k] = resultLow;
  }
  settleExceptions(c, raisedFlags());
  for (let k = 0; k < step * lanes; k++) x[d + k] = waiting[k];
}
