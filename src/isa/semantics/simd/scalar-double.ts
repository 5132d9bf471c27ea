// SSE2 arithmetic on the low double: ADDSD SUBSD MULSD DIVSD SQRTSD, COMISD, UCOMISD, conversions from and to doubleword
// integers (SDM vol. 2). Dialect: plain operations; what is not plain is residual.

import { type Insn, type int, REG } from '../../insn.ts';
import { fadd, fdiv, flt, fmul, fne, fromInt, fsqrt, fsub, leaveIf, oddDouble, toInt } from '../../prims.ts';
import type { Cpu } from '../../state.ts';
import { flagsGiven } from '../flags.ts';
import { carefulDoubles } from './careful.ts';
import { doubleToRegister } from './convert.ts';
import { compareToFlags } from './float-compare.ts';
import { SQRT } from './float-lanes.ts';
import { RC, RC_ZERO } from './mxcsr.ts';
import { requireSse, unalignedSource } from './operand.ts';
import { careful, doubleAt, nearest, noInteger, oddDoubles, oddProducts, oddQuotients } from './plain.ts';
import { ADD, DIV, MUL, SUB } from './soft-float.ts';

/** ADDSD - DEST <- DEST + SRC. MXCSR: IE DE OE UE PE. */
export function ADDSD(c: Cpu, i: Insn): void {
  requireSse(c);
  const s = unalignedSource(c, i.src);
  const a = c.xmmF64[i.dst.n << 1];
  const b = doubleAt(c, s);
  const r = fadd(a, b);
  if (careful(c) | oddDoubles(c, a, b, r)) carefulDoubles(c, i.dst.n, s, ADD, 1);
  else c.xmmF64[i.dst.n << 1] = r;
}

/** SUBSD - DEST <- DEST - SRC. MXCSR: as ADDSD. */
export function SUBSD(c: Cpu, i: Insn): void {
  requireSse(c);
  const s = unalignedSource(c, i.src);
  const a = c.xmmF64[i.dst.n << 1];
  const b = doubleAt(c, s);
  const r = fsub(a, b);
  if (careful(c) | oddDoubles(c, a, b, r)) carefulDoubles(c, i.dst.n, s, SUB, 1);
  else c.xmmF64[i.dst.n << 1] = r;
}

/** MULSD - DEST <- DEST * SRC. MXCSR: as ADDSD. */
export function MULSD(c: Cpu, i: Insn): void {
  requireSse(c);
  const s = unalignedSource(c, i.src);
  const a = c.xmmF64[i.dst.n << 1];
  const b = doubleAt(c, s);
  const r = fmul(a, b);
  if (careful(c) | oddProducts(c, a, b, r)) carefulDoubles(c, i.dst.n, s, MUL, 1);
  else c.xmmF64[i.dst.n << 1] = r;
}

/** DIVSD - DEST <- DEST / SRC. MXCSR: as ADDSD, and ZE. */
export function DIVSD(c: Cpu, i: Insn): void {
  requireSse(c);
  const s = unalignedSource(c, i.src);
  const a = c.xmmF64[i.dst.n << 1];
  const b = doubleAt(c, s);
  const r = fdiv(a, b);
  if (careful(c) | oddQuotients(c, a, b, r)) carefulDoubles(c, i.dst.n, s, DIV, 1);
  else c.xmmF64[i.dst.n << 1] = r;
}

/** SQRTSD - DEST <- square root of SRC. MXCSR: IE DE PE. */
export function SQRTSD(c: Cpu, i: Insn): void {
  requireSse(c);
  const s = unalignedSource(c, i.src);
  const b = doubleAt(c, s);
  const r = fsqrt(b);
  if (careful(c) | oddDoubles(c, b, b, r)) carefulDoubles(c, i.dst.n, s, SQRT, 1);
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
  const s = unalignedSource(c, i.src);
  const v = doubleAt(c, s);
  const r = nearest(v);
  const directed = c.mxcsr & RC;
  leaveIf(c, directed);
  if (noInteger(c, r, v, r) | directed) doubleToRegister(c, i, s, c.mxcsr);
  else c.reg[i.dst.n] = toInt(r);
}

/** CVTTSD2SI - the same, rounded towards zero. */
export function CVTTSD2SI(c: Cpu, i: Insn): void {
  requireSse(c);
  const s = unalignedSource(c, i.src);
  const v = doubleAt(c, s);
  const r = toInt(v);
  if (noInteger(c, v, v, fromInt(r))) doubleToRegister(c, i, s, c.mxcsr | RC_ZERO);
  else c.reg[i.dst.n] = r;
}

function compareDoubles(c: Cpu, i: Insn, signalling: int): void {
  requireSse(c);
  const s = unalignedSource(c, i.src);
  const a = c.xmmF64[i.dst.n << 1];
  const b = doubleAt(c, s);
  const oddA = oddDouble(a);
  leaveIf(c, oddA);
  const oddB = oddDouble(b);
  leaveIf(c, oddB);
  if (oddA | oddB) compareToFlags(c, i, s, true, signalling !== 0);
  else {
    // Result 1: PF is clear.
    flagsGiven(c, 1, flt(a, b), 0);
    c.fz = fne(a, b);
  }
}
