// SSE2 arithmetic on the low double: ADDSD SUBSD MULSD DIVSD SQRTSD, COMISD, UCOMISD, conversions from and to doubleword
// integers (SDM vol. 2). Dialect: the common case is a plain operation, everything else is quick-float.ts and soft-float.ts.
// Common is: rounding to nearest, inexactness masked and already noted in MXCSR.PE; operands and result zero or normal.
// Then no flag is raised, whatever MXCSR says of the other exceptions and of denormals.

import { type Insn, type int, REG } from '../../insn.ts';
import { fabs, fadd, fdiv, feq, fle, flt, fmul, fne, fromInt, fsqrt, fsub, leaveIf, ne, toInt } from '../../prims.ts';
import type { Cpu } from '../../state.ts';
import { flagsGiven } from '../flags.ts';
import { doubleToRegister } from './convert.ts';
import { compareToFlags } from './float-compare.ts';
import { SQRT, soft, VERTICAL } from './float-lanes.ts';
import { PE, PM, RC, RC_ZERO } from './mxcsr.ts';
import { requireSse, unalignedSource } from './operand.ts';
import { addDouble, divDouble, mulDouble, sqrtDouble, subDouble } from './quick-float.ts';
import { ADD, DIV, MUL, SUB } from './soft-float.ts';

/** The least normal and the greatest finite double. */
const LEAST = 2.2250738585072014e-308;
const MOST = 1.7976931348623157e308;
/** One more than what rounds towards zero to the least int32, and to the greatest. */
const BELOW_INT = -2147483649.0;
const ABOVE_INT = 2147483648.0;
/** Adding and subtracting it rounds a double of less than 2^51 to an integer, to nearest even. */
const TO_INTEGER = 6755399441055744.0;

/** ADDSD - DEST <- DEST + SRC. MXCSR: IE DE OE UE PE. */
export function ADDSD(c: Cpu, i: Insn): void {
  requireSse(c);
  const s = unalignedSource(c, i.src);
  const a = c.xmmF64[i.dst.n << 1];
  const b = doubleAt(c, s);
  const r = fadd(a, b);
  if (isUnusual(c, a, b, r)) carefully(c, i, s, ADD);
  else c.xmmF64[i.dst.n << 1] = r;
}

/** SUBSD - DEST <- DEST - SRC. MXCSR: as ADDSD. */
export function SUBSD(c: Cpu, i: Insn): void {
  requireSse(c);
  const s = unalignedSource(c, i.src);
  const a = c.xmmF64[i.dst.n << 1];
  const b = doubleAt(c, s);
  const r = fsub(a, b);
  if (isUnusual(c, a, b, r)) carefully(c, i, s, SUB);
  else c.xmmF64[i.dst.n << 1] = r;
}

/** MULSD - DEST <- DEST * SRC. MXCSR: as ADDSD. */
export function MULSD(c: Cpu, i: Insn): void {
  requireSse(c);
  const s = unalignedSource(c, i.src);
  const a = c.xmmF64[i.dst.n << 1];
  const b = doubleAt(c, s);
  const r = fmul(a, b);
  // A product of zero that is too small, not exact.
  const vanished = feq(r, 0) & fne(a, 0) & fne(b, 0);
  leaveIf(c, vanished);
  if (isUnusual(c, a, b, r) | vanished) carefully(c, i, s, MUL);
  else c.xmmF64[i.dst.n << 1] = r;
}

/** DIVSD - DEST <- DEST / SRC. MXCSR: as ADDSD, and ZE. */
export function DIVSD(c: Cpu, i: Insn): void {
  requireSse(c);
  const s = unalignedSource(c, i.src);
  const a = c.xmmF64[i.dst.n << 1];
  const b = doubleAt(c, s);
  const r = fdiv(a, b);
  const vanished = feq(r, 0) & fne(a, 0);
  leaveIf(c, vanished);
  if (isUnusual(c, a, b, r) | vanished) carefully(c, i, s, DIV);
  else c.xmmF64[i.dst.n << 1] = r;
}

/** SQRTSD - DEST <- square root of SRC. MXCSR: IE DE PE. */
export function SQRTSD(c: Cpu, i: Insn): void {
  requireSse(c);
  const s = unalignedSource(c, i.src);
  const b = doubleAt(c, s);
  const r = fsqrt(b);
  if (isUnusual(c, b, b, r)) carefully(c, i, s, SQRT);
  else c.xmmF64[i.dst.n << 1] = r;
}

/** COMISD - ZF PF CF: 000 greater, 001 less, 100 equal, 111 unordered; OF SF AF cleared. MXCSR: IE for any NaN, DE. */
export function COMISD(c: Cpu, i: Insn): void {
  compareDoubles(c, i, 1);
}
/** UCOMISD - as COMISD, but IE for a signalling NaN only. */
export function UCOMISD(c: Cpu, i: Insn): void {
  compareDoubles(c, i, 0);
}

/** CVTSI2SD - DEST's low double <- SRC (general register or memory). Exact. */
export function CVTSI2SD(c: Cpu, i: Insn): void {
  requireSse(c);
  const v = i.src.kind === REG ? c.reg[i.src.n] : c.words[unalignedSource(c, i.src)];
  c.xmmF64[i.dst.n << 1] = fromInt(v);
}

/** CVTSD2SI - DEST (general register) <- SRC's low double, rounded as MXCSR says. MXCSR: IE PE. */
export function CVTSD2SI(c: Cpu, i: Insn): void {
  requireSse(c);
  const v = doubleAt(c, unalignedSource(c, i.src));
  const r = fsub(fadd(v, TO_INTEGER), TO_INTEGER);
  const directed = c.mxcsr & RC;
  leaveIf(c, directed);
  if (isNoInteger(c, r, v, r) | directed) doubleToRegister(c, i, c.mxcsr);
  else c.reg[i.dst.n] = toInt(r);
}

/** CVTTSD2SI - the same, rounded towards zero. */
export function CVTTSD2SI(c: Cpu, i: Insn): void {
  requireSse(c);
  const v = doubleAt(c, unalignedSource(c, i.src));
  const r = toInt(v);
  if (isNoInteger(c, v, v, fromInt(r))) doubleToRegister(c, i, c.mxcsr | RC_ZERO);
  else c.reg[i.dst.n] = r;
}

/** The double that begins at word `s` of the register file. */
function doubleAt(c: Cpu, s: int): number {
  return c.xmmF64[(s - 192) >> 1];
}

/** Whether the result may be another than r, or a flag is raised. */
function isUnusual(c: Cpu, a: number, b: number, r: number): int {
  const careful = ne(c.mxcsr & (RC | PM | PE), PM | PE);
  leaveIf(c, careful);
  const oddA = isOdd(a);
  leaveIf(c, oddA);
  const oddB = isOdd(b);
  leaveIf(c, oddB);
  const oddResult = isOdd(r);
  leaveIf(c, oddResult);
  return careful | oddA | oddB | oddResult;
}

/** Neither zero nor normal. The least normal number itself is left out: as a result it may have been tiny before rounding. */
function isOdd(a: number): int {
  const m = fabs(a);
  return ((flt(LEAST, m) & fle(m, MOST)) ^ 1) & fne(a, 0);
}

/** Whether a conversion of v to an integer, which gave r, raises a flag; `x` tells whether it fits. */
function isNoInteger(c: Cpu, x: number, v: number, r: number): int {
  const far = (flt(BELOW_INT, x) & flt(x, ABOVE_INT)) ^ 1;
  leaveIf(c, far);
  const inexact = fne(v, r) & ne(c.mxcsr & (PM | PE), PM | PE);
  leaveIf(c, inexact);
  return far | inexact;
}

function compareDoubles(c: Cpu, i: Insn, signalling: int): void {
  requireSse(c);
  const a = c.xmmF64[i.dst.n << 1];
  const b = doubleAt(c, unalignedSource(c, i.src));
  const oddA = isOdd(a);
  leaveIf(c, oddA);
  const oddB = isOdd(b);
  leaveIf(c, oddB);
  if (oddA | oddB) compareToFlags(c, i, true, signalling !== 0);
  else {
    // Result 1: PF is clear.
    flagsGiven(c, 1, flt(a, b), 0);
    c.fz = fne(a, b);
  }
}

/** Any operands, any rounding: s is the first word of the source. */
function carefully(c: Cpu, i: Insn, s: int, op: int): void {
  const d = i.dst.n << 1;
  const from = (s - 192) >> 1;
  const x = c.xmmF64;
  const r = quick(op, x[d], x[from], c.mxcsr);
  if (Number.isNaN(r)) soft(c, d << 1, from << 1, true, 1, op as typeof ADD, VERTICAL);
  else x[d] = r;
}

function quick(op: int, a: number, b: number, mxcsr: int): number {
  if (op === ADD) return addDouble(a, b, mxcsr);
  if (op === SUB) return subDouble(a, b, mxcsr);
  if (op === MUL) return mulDouble(a, b, mxcsr);
  return op === DIV ? divDouble(a, b, mxcsr) : sqrtDouble(b, mxcsr);
}
