// SSE arithmetic: ADD SUB MUL DIV SQRT in PS SS PD SD, ADDSUB, HADD, HSUB, and the approximations RCP, RSQRT (SDM vol. 2).
// MXCSR: IE DE ZE OE UE PE as they arise; none for the approximations.
//
// Deviations: RCP and RSQRT give the true value rounded to 12 significant bits, where each processor has a table of its
// own; the manual's bound on the relative error (1.5 * 2^-12) holds.

import type { Insn, int } from '../../insn.ts';
import { type Cpu, WORD } from '../../state.ts';
import { settleExceptions } from './mxcsr.ts';
import { registerWords, requireSse, source, unalignedSource } from './operand.ts';
import {
  addDouble,
  addSingle,
  divDouble,
  divSingle,
  isQuick,
  mulDouble,
  mulSingle,
  type Quick,
  sqrtDouble,
  sqrtSingle,
  stickyPrecision,
  subDouble,
  subSingle,
} from './quick-float.ts';
import {
  ADD,
  arithmetic,
  begin,
  DIV,
  MUL,
  type Operation,
  raisedFlags,
  resultHigh,
  resultLow,
  SUB,
  squareRoot,
} from './soft-float.ts';

/** For `Operation`: the square root of the second operand. */
const SQRT = 4;

// Which lanes of DEST and SRC make lane k of the result.
/** DEST k and SRC k. */
const VERTICAL = 0;
/** The same, even lanes subtracting. */
const ALTERNATING = 1;
/** Adjacent lanes of DEST, then of SRC. */
const HORIZONTAL = 2;
type Shape = 0 | 1 | 2;

/** ADDPS - DEST <- DEST + SRC, four singles. */
export function ADDPS(c: Cpu, i: Insn): void {
  packedSingle(c, i, addSingle, ADD);
}
/** ADDPD - two doubles. */
export function ADDPD(c: Cpu, i: Insn): void {
  packedDouble(c, i, addDouble, ADD);
}
/** ADDSS - the low single. */
export function ADDSS(c: Cpu, i: Insn): void {
  scalarSingle(c, i, addSingle, ADD);
}
/** ADDSD - the low double. */
export function ADDSD(c: Cpu, i: Insn): void {
  scalarDouble(c, i, addDouble, ADD);
}

/** SUBPS - DEST <- DEST - SRC, four singles. */
export function SUBPS(c: Cpu, i: Insn): void {
  packedSingle(c, i, subSingle, SUB);
}
/** SUBPD - two doubles. */
export function SUBPD(c: Cpu, i: Insn): void {
  packedDouble(c, i, subDouble, SUB);
}
/** SUBSS - the low single. */
export function SUBSS(c: Cpu, i: Insn): void {
  scalarSingle(c, i, subSingle, SUB);
}
/** SUBSD - the low double. */
export function SUBSD(c: Cpu, i: Insn): void {
  scalarDouble(c, i, subDouble, SUB);
}

/** MULPS - DEST <- DEST * SRC, four singles. */
export function MULPS(c: Cpu, i: Insn): void {
  packedSingle(c, i, mulSingle, MUL);
}
/** MULPD - two doubles. */
export function MULPD(c: Cpu, i: Insn): void {
  packedDouble(c, i, mulDouble, MUL);
}
/** MULSS - the low single. */
export function MULSS(c: Cpu, i: Insn): void {
  scalarSingle(c, i, mulSingle, MUL);
}
/** MULSD - the low double. */
export function MULSD(c: Cpu, i: Insn): void {
  scalarDouble(c, i, mulDouble, MUL);
}

/** DIVPS - DEST <- DEST / SRC, four singles. */
export function DIVPS(c: Cpu, i: Insn): void {
  packedSingle(c, i, divSingle, DIV);
}
/** DIVPD - two doubles. */
export function DIVPD(c: Cpu, i: Insn): void {
  packedDouble(c, i, divDouble, DIV);
}
/** DIVSS - the low single. */
export function DIVSS(c: Cpu, i: Insn): void {
  scalarSingle(c, i, divSingle, DIV);
}
/** DIVSD - the low double. */
export function DIVSD(c: Cpu, i: Insn): void {
  scalarDouble(c, i, divDouble, DIV);
}

/** SQRTPS - DEST <- square root of SRC, four singles. */
export function SQRTPS(c: Cpu, i: Insn): void {
  packedSingle(c, i, sqrtSingle, SQRT);
}
/** SQRTPD - two doubles. */
export function SQRTPD(c: Cpu, i: Insn): void {
  packedDouble(c, i, sqrtDouble, SQRT);
}
/** SQRTSS - the low single. */
export function SQRTSS(c: Cpu, i: Insn): void {
  scalarSingle(c, i, sqrtSingle, SQRT);
}
/** SQRTSD - the low double. */
export function SQRTSD(c: Cpu, i: Insn): void {
  scalarDouble(c, i, sqrtDouble, SQRT);
}

/** ADDSUBPS - even singles subtracted, odd ones added. */
export function ADDSUBPS(c: Cpu, i: Insn): void {
  requireSse(c);
  const s = source(c, i.src) - WORD.xmm;
  const d = registerWords(c, i.dst) - WORD.xmm;
  const x = c.xmmF32;
  if (isQuick(c.mxcsr)) {
    const sticky = stickyPrecision(c.mxcsr);
    const r0 = subSingle(x[d], x[s], sticky);
    const r1 = addSingle(x[d + 1], x[s + 1], sticky);
    const r2 = subSingle(x[d + 2], x[s + 2], sticky);
    const r3 = addSingle(x[d + 3], x[s + 3], sticky);
    if (putSingles(c, d, r0, r1, r2, r3)) return;
  }
  soft(c, d, s, false, 4, ADD, ALTERNATING);
}

/** ADDSUBPD - the low double subtracted, the high one added. */
export function ADDSUBPD(c: Cpu, i: Insn): void {
  requireSse(c);
  const s = source(c, i.src) - WORD.xmm;
  const d = registerWords(c, i.dst) - WORD.xmm;
  const x = c.xmmF64;
  if (isQuick(c.mxcsr)) {
    const sticky = stickyPrecision(c.mxcsr);
    const r0 = subDouble(x[d >> 1], x[s >> 1], sticky);
    const r1 = addDouble(x[(d >> 1) + 1], x[(s >> 1) + 1], sticky);
    if (putDoubles(c, d, r0, r1)) return;
  }
  soft(c, d, s, true, 2, ADD, ALTERNATING);
}

/** HADDPS - sums of adjacent singles: of DEST (lower half), of SRC (upper half). */
export function HADDPS(c: Cpu, i: Insn): void {
  horizontalSingle(c, i, addSingle, ADD);
}
/** HADDPD - the same with doubles. */
export function HADDPD(c: Cpu, i: Insn): void {
  horizontalDouble(c, i, addDouble, ADD);
}
/** HSUBPS - differences of adjacent singles, the lower one less the upper one. */
export function HSUBPS(c: Cpu, i: Insn): void {
  horizontalSingle(c, i, subSingle, SUB);
}
/** HSUBPD - the same with doubles. */
export function HSUBPD(c: Cpu, i: Insn): void {
  horizontalDouble(c, i, subDouble, SUB);
}

/** RCPPS - DEST <- approximately 1 / SRC, four singles. */
export function RCPPS(c: Cpu, i: Insn): void {
  requireSse(c);
  const s = source(c, i.src) - WORD.xmm;
  const d = registerWords(c, i.dst) - WORD.xmm;
  for (let k = 0; k < 4; k++) reciprocal(c, d + k, s + k);
}
/** RCPSS - the low single. */
export function RCPSS(c: Cpu, i: Insn): void {
  requireSse(c);
  const s = unalignedSource(c, i.src) - WORD.xmm;
  reciprocal(c, registerWords(c, i.dst) - WORD.xmm, s);
}
/** RSQRTPS - DEST <- approximately 1 / square root of SRC, four singles. */
export function RSQRTPS(c: Cpu, i: Insn): void {
  requireSse(c);
  const s = source(c, i.src) - WORD.xmm;
  const d = registerWords(c, i.dst) - WORD.xmm;
  for (let k = 0; k < 4; k++) reciprocalRoot(c, d + k, s + k);
}
/** RSQRTSS - the low single. */
export function RSQRTSS(c: Cpu, i: Insn): void {
  requireSse(c);
  const s = unalignedSource(c, i.src) - WORD.xmm;
  reciprocalRoot(c, registerWords(c, i.dst) - WORD.xmm, s);
}

// Shapes of instructions. From here on `d` and `s` are indices in `c.xmm` (and `c.xmmF32`), half of them in `c.xmmF64`.

function packedSingle(c: Cpu, i: Insn, quick: Quick, op: Operation | typeof SQRT): void {
  requireSse(c);
  const s = source(c, i.src) - WORD.xmm;
  const d = registerWords(c, i.dst) - WORD.xmm;
  const x = c.xmmF32;
  if (isQuick(c.mxcsr)) {
    const sticky = stickyPrecision(c.mxcsr);
    const r0 = quick(x[d], x[s], sticky);
    const r1 = quick(x[d + 1], x[s + 1], sticky);
    const r2 = quick(x[d + 2], x[s + 2], sticky);
    const r3 = quick(x[d + 3], x[s + 3], sticky);
    if (putSingles(c, d, r0, r1, r2, r3)) return;
  }
  soft(c, d, s, false, 4, op, VERTICAL);
}

function packedDouble(c: Cpu, i: Insn, quick: Quick, op: Operation | typeof SQRT): void {
  requireSse(c);
  const s = source(c, i.src) - WORD.xmm;
  const d = registerWords(c, i.dst) - WORD.xmm;
  const x = c.xmmF64;
  if (isQuick(c.mxcsr)) {
    const sticky = stickyPrecision(c.mxcsr);
    const r0 = quick(x[d >> 1], x[s >> 1], sticky);
    const r1 = quick(x[(d >> 1) + 1], x[(s >> 1) + 1], sticky);
    if (putDoubles(c, d, r0, r1)) return;
  }
  soft(c, d, s, true, 2, op, VERTICAL);
}

function scalarSingle(c: Cpu, i: Insn, quick: Quick, op: Operation | typeof SQRT): void {
  requireSse(c);
  const s = unalignedSource(c, i.src) - WORD.xmm;
  const d = registerWords(c, i.dst) - WORD.xmm;
  const x = c.xmmF32;
  if (isQuick(c.mxcsr)) {
    const r = quick(x[d], x[s], stickyPrecision(c.mxcsr));
    if (!Number.isNaN(r)) {
      x[d] = r;
      return;
    }
  }
  soft(c, d, s, false, 1, op, VERTICAL);
}

function scalarDouble(c: Cpu, i: Insn, quick: Quick, op: Operation | typeof SQRT): void {
  requireSse(c);
  const s = unalignedSource(c, i.src) - WORD.xmm;
  const d = registerWords(c, i.dst) - WORD.xmm;
  const x = c.xmmF64;
  if (isQuick(c.mxcsr)) {
    const r = quick(x[d >> 1], x[s >> 1], stickyPrecision(c.mxcsr));
    if (!Number.isNaN(r)) {
      x[d >> 1] = r;
      return;
    }
  }
  soft(c, d, s, true, 1, op, VERTICAL);
}

function horizontalSingle(c: Cpu, i: Insn, quick: Quick, op: Operation): void {
  requireSse(c);
  const s = source(c, i.src) - WORD.xmm;
  const d = registerWords(c, i.dst) - WORD.xmm;
  const x = c.xmmF32;
  if (isQuick(c.mxcsr)) {
    const sticky = stickyPrecision(c.mxcsr);
    const r0 = quick(x[d], x[d + 1], sticky);
    const r1 = quick(x[d + 2], x[d + 3], sticky);
    const r2 = quick(x[s], x[s + 1], sticky);
    const r3 = quick(x[s + 2], x[s + 3], sticky);
    if (putSingles(c, d, r0, r1, r2, r3)) return;
  }
  soft(c, d, s, false, 4, op, HORIZONTAL);
}

function horizontalDouble(c: Cpu, i: Insn, quick: Quick, op: Operation): void {
  requireSse(c);
  const s = source(c, i.src) - WORD.xmm;
  const d = registerWords(c, i.dst) - WORD.xmm;
  const x = c.xmmF64;
  if (isQuick(c.mxcsr)) {
    const sticky = stickyPrecision(c.mxcsr);
    const r0 = quick(x[d >> 1], x[(d >> 1) + 1], sticky);
    const r1 = quick(x[s >> 1], x[(s >> 1) + 1], sticky);
    if (putDoubles(c, d, r0, r1)) return;
  }
  soft(c, d, s, true, 2, op, HORIZONTAL);
}

/** Commits four singles unless one is NaN: not plain. */
function putSingles(c: Cpu, d: int, r0: number, r1: number, r2: number, r3: number): boolean {
  const x = c.xmmF32;
  if (Number.isNaN(r0) || Number.isNaN(r1) || Number.isNaN(r2) || Number.isNaN(r3)) return false;
  x[d] = r0;
  x[d + 1] = r1;
  x[d + 2] = r2;
  x[d + 3] = r3;
  return true;
}

function putDoubles(c: Cpu, d: int, r0: number, r1: number): boolean {
  const x = c.xmmF64;
  if (Number.isNaN(r0) || Number.isNaN(r1)) return false;
  x[d >> 1] = r0;
  x[(d >> 1) + 1] = r1;
  return true;
}

/** Results wait here until it is known that no lane faults. */
const waiting = new Int32Array(4);

/** Every lane through soft-float. */
function soft(c: Cpu, d: int, s: int, wide: boolean, lanes: int, op: Operation | typeof SQRT, shape: Shape): void {
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

/** A positive normal number to 12 significant bits, nearest. */
function twelveBits(v: number): number {
  const t = v * (2 ** 41 + 1);
  return t - (t - v);
}

function reciprocal(c: Cpu, d: int, s: int): void {
  const w = c.xmm[s];
  const magnitude = w & 0x7fffffff;
  const sign = w & -0x80000000;
  if (magnitude > 0x7f800000) c.xmm[d] = w | 0x00400000;
  else if (magnitude < 0x00800000) c.xmm[d] = sign | 0x7f800000;
  else if (magnitude >= 0x7e800000)
    c.xmm[d] = sign; // Tiny results are flushed.
  else c.xmmF32[d] = Math.sign(c.xmmF32[s]) * twelveBits(1 / Math.abs(c.xmmF32[s]));
}

function reciprocalRoot(c: Cpu, d: int, s: int): void {
  const w = c.xmm[s];
  const magnitude = w & 0x7fffffff;
  if (magnitude > 0x7f800000) c.xmm[d] = w | 0x00400000;
  else if (magnitude < 0x00800000) c.xmm[d] = (w & -0x80000000) | 0x7f800000;
  else if (w < 0) c.xmm[d] = 0xffc00000 | 0;
  else if (w === 0x7f800000) c.xmm[d] = 0;
  else c.xmmF32[d] = twelveBits(1 / Math.sqrt(c.xmmF32[s]));
}
