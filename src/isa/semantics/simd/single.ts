// SSE arithmetic on singles: ADD SUB MUL DIV SQRT, scalar and packed; COMISS, UCOMISS; CVTSI2SS, CVTSS2SI, CVTTSS2SI and
// the conversions between a single and a double (SDM vol. 2). Dialect: plain operations; what is not plain is residual.
//
// Single precision is double arithmetic rounded once more: see quick-float.ts.

import { type Insn, type int, REG } from '../../insn.ts';
import { fadd, fdiv, flt, fmul, fne, fromInt, fround, fsqrt, fsub, leaveIf, oddDouble, toInt } from '../../prims.ts';
import type { Cpu } from '../../state.ts';
import { flagsGiven } from '../flags.ts';
import { carefulSingles } from './careful.ts';
import { integerToSingle, narrowToSingle, singleToRegister, widenToDouble } from './convert.ts';
import { compareToFlags } from './float-compare.ts';
import { SQRT } from './float-lanes.ts';
import { RC, RC_ZERO } from './mxcsr.ts';
import { registerWords, requireSse, source, unalignedSource } from './operand.ts';
import {
  careful,
  doubleAt,
  isOddSingle,
  nearest,
  noInteger,
  oddSingles,
  singleAt,
  vanishingProduct,
  vanishingQuotient,
} from './plain.ts';
import { ADD, DIV, MUL, SUB } from './soft-float.ts';

/** ADDSS - DEST's low single <- DEST + SRC. */
export function ADDSS(c: Cpu, i: Insn): void {
  requireSse(c);
  const s = unalignedSource(c, i.src);
  const a = singleAt(c, registerWords(c, i.dst));
  const b = singleAt(c, s);
  const r = fround(fadd(a, b));
  if (careful(c) | oddSingles(c, a, b, r)) carefulSingles(c, i.dst.n, s, ADD, 1);
  else c.xmmF32[i.dst.n << 2] = r;
}

/** ADDPS - four singles. */
export function ADDPS(c: Cpu, i: Insn): void {
  requireSse(c);
  const s = source(c, i.src);
  const d = registerWords(c, i.dst);
  const a0 = singleAt(c, d);
  const b0 = singleAt(c, s);
  const r0 = fround(fadd(a0, b0));
  const a1 = singleAt(c, d + 1);
  const b1 = singleAt(c, s + 1);
  const r1 = fround(fadd(a1, b1));
  const a2 = singleAt(c, d + 2);
  const b2 = singleAt(c, s + 2);
  const r2 = fround(fadd(a2, b2));
  const a3 = singleAt(c, d + 3);
  const b3 = singleAt(c, s + 3);
  const r3 = fround(fadd(a3, b3));
  const low = careful(c) | oddSingles(c, a0, b0, r0) | oddSingles(c, a1, b1, r1);
  const high = oddSingles(c, a2, b2, r2) | oddSingles(c, a3, b3, r3);
  if (low | high) carefulSingles(c, i.dst.n, s, ADD, 4);
  else putSingles(c, i, r0, r1, r2, r3);
}

/** SUBSS - DEST's low single <- DEST - SRC. */
export function SUBSS(c: Cpu, i: Insn): void {
  requireSse(c);
  const s = unalignedSource(c, i.src);
  const a = singleAt(c, registerWords(c, i.dst));
  const b = singleAt(c, s);
  const r = fround(fsub(a, b));
  if (careful(c) | oddSingles(c, a, b, r)) carefulSingles(c, i.dst.n, s, SUB, 1);
  else c.xmmF32[i.dst.n << 2] = r;
}

/** SUBPS - four singles. */
export function SUBPS(c: Cpu, i: Insn): void {
  requireSse(c);
  const s = source(c, i.src);
  const d = registerWords(c, i.dst);
  const a0 = singleAt(c, d);
  const b0 = singleAt(c, s);
  const r0 = fround(fsub(a0, b0));
  const a1 = singleAt(c, d + 1);
  const b1 = singleAt(c, s + 1);
  const r1 = fround(fsub(a1, b1));
  const a2 = singleAt(c, d + 2);
  const b2 = singleAt(c, s + 2);
  const r2 = fround(fsub(a2, b2));
  const a3 = singleAt(c, d + 3);
  const b3 = singleAt(c, s + 3);
  const r3 = fround(fsub(a3, b3));
  const low = careful(c) | oddSingles(c, a0, b0, r0) | oddSingles(c, a1, b1, r1);
  const high = oddSingles(c, a2, b2, r2) | oddSingles(c, a3, b3, r3);
  if (low | high) carefulSingles(c, i.dst.n, s, SUB, 4);
  else putSingles(c, i, r0, r1, r2, r3);
}

/** MULSS - DEST's low single <- DEST * SRC. */
export function MULSS(c: Cpu, i: Insn): void {
  requireSse(c);
  const s = unalignedSource(c, i.src);
  const a = singleAt(c, registerWords(c, i.dst));
  const b = singleAt(c, s);
  const r = fround(fmul(a, b));
  if (careful(c) | oddSingles(c, a, b, r) | vanishingProduct(c, a, b, r)) carefulSingles(c, i.dst.n, s, MUL, 1);
  else c.xmmF32[i.dst.n << 2] = r;
}

/** MULPS - four singles. */
export function MULPS(c: Cpu, i: Insn): void {
  requireSse(c);
  const s = source(c, i.src);
  const d = registerWords(c, i.dst);
  const a0 = singleAt(c, d);
  const b0 = singleAt(c, s);
  const r0 = fround(fmul(a0, b0));
  const a1 = singleAt(c, d + 1);
  const b1 = singleAt(c, s + 1);
  const r1 = fround(fmul(a1, b1));
  const a2 = singleAt(c, d + 2);
  const b2 = singleAt(c, s + 2);
  const r2 = fround(fmul(a2, b2));
  const a3 = singleAt(c, d + 3);
  const b3 = singleAt(c, s + 3);
  const r3 = fround(fmul(a3, b3));
  const low =
    careful(c) |
    oddSingles(c, a0, b0, r0) |
    oddSingles(c, a1, b1, r1) |
    vanishingProduct(c, a0, b0, r0) |
    vanishingProduct(c, a1, b1, r1);
  const high =
    oddSingles(c, a2, b2, r2) |
    oddSingles(c, a3, b3, r3) |
    vanishingProduct(c, a2, b2, r2) |
    vanishingProduct(c, a3, b3, r3);
  if (low | high) carefulSingles(c, i.dst.n, s, MUL, 4);
  else putSingles(c, i, r0, r1, r2, r3);
}

/** DIVSS - DEST's low single <- DEST / SRC. */
export function DIVSS(c: Cpu, i: Insn): void {
  requireSse(c);
  const s = unalignedSource(c, i.src);
  const a = singleAt(c, registerWords(c, i.dst));
  const b = singleAt(c, s);
  const r = fround(fdiv(a, b));
  if (careful(c) | oddSingles(c, a, b, r) | vanishingQuotient(c, a, r)) carefulSingles(c, i.dst.n, s, DIV, 1);
  else c.xmmF32[i.dst.n << 2] = r;
}

/** DIVPS - four singles. */
export function DIVPS(c: Cpu, i: Insn): void {
  requireSse(c);
  const s = source(c, i.src);
  const d = registerWords(c, i.dst);
  const a0 = singleAt(c, d);
  const b0 = singleAt(c, s);
  const r0 = fround(fdiv(a0, b0));
  const a1 = singleAt(c, d + 1);
  const b1 = singleAt(c, s + 1);
  const r1 = fround(fdiv(a1, b1));
  const a2 = singleAt(c, d + 2);
  const b2 = singleAt(c, s + 2);
  const r2 = fround(fdiv(a2, b2));
  const a3 = singleAt(c, d + 3);
  const b3 = singleAt(c, s + 3);
  const r3 = fround(fdiv(a3, b3));
  const low =
    careful(c) |
    oddSingles(c, a0, b0, r0) |
    oddSingles(c, a1, b1, r1) |
    vanishingQuotient(c, a0, r0) |
    vanishingQuotient(c, a1, r1);
  const high =
    oddSingles(c, a2, b2, r2) | oddSingles(c, a3, b3, r3) | vanishingQuotient(c, a2, r2) | vanishingQuotient(c, a3, r3);
  if (low | high) carefulSingles(c, i.dst.n, s, DIV, 4);
  else putSingles(c, i, r0, r1, r2, r3);
}

/** SQRTSS - DEST's low single <- square root of SRC. */
export function SQRTSS(c: Cpu, i: Insn): void {
  requireSse(c);
  const s = unalignedSource(c, i.src);
  const b = singleAt(c, s);
  const r = fround(fsqrt(b));
  if (careful(c) | oddSingles(c, b, b, r)) carefulSingles(c, i.dst.n, s, SQRT, 1);
  else c.xmmF32[i.dst.n << 2] = r;
}

/** SQRTPS - four singles. */
export function SQRTPS(c: Cpu, i: Insn): void {
  requireSse(c);
  const s = source(c, i.src);
  const b0 = singleAt(c, s);
  const b1 = singleAt(c, s + 1);
  const b2 = singleAt(c, s + 2);
  const b3 = singleAt(c, s + 3);
  const r0 = fround(fsqrt(b0));
  const r1 = fround(fsqrt(b1));
  const r2 = fround(fsqrt(b2));
  const r3 = fround(fsqrt(b3));
  const low = careful(c) | oddSingles(c, b0, b0, r0) | oddSingles(c, b1, b1, r1);
  const high = oddSingles(c, b2, b2, r2) | oddSingles(c, b3, b3, r3);
  if (low | high) carefulSingles(c, i.dst.n, s, SQRT, 4);
  else putSingles(c, i, r0, r1, r2, r3);
}

/** COMISS - as COMISD. */
export function COMISS(c: Cpu, i: Insn): void {
  compareSingles(c, i, 1);
}
/** UCOMISS - as UCOMISD. */
export function UCOMISS(c: Cpu, i: Insn): void {
  compareSingles(c, i, 0);
}

/** CVTSI2SS - DEST's low single <- SRC (general register or memory). MXCSR: PE. */
export function CVTSI2SS(c: Cpu, i: Insn): void {
  requireSse(c);
  const v = i.src.kind === REG ? c.reg[i.src.n] : c.words[unalignedSource(c, i.src)];
  if (careful(c)) integerToSingle(c, i, v);
  else c.xmmF32[i.dst.n << 2] = fromInt(v);
}

/** CVTSS2SI - DEST (general register) <- SRC's low single, rounded as MXCSR says. MXCSR: IE PE. */
export function CVTSS2SI(c: Cpu, i: Insn): void {
  requireSse(c);
  const s = unalignedSource(c, i.src);
  const v = singleAt(c, s);
  const r = nearest(v);
  const directed = c.mxcsr & RC;
  leaveIf(c, directed);
  if (noInteger(c, r, v, r) | directed) singleToRegister(c, i, s, c.mxcsr);
  else c.reg[i.dst.n] = toInt(r);
}

/** CVTTSS2SI - the same, rounded towards zero. */
export function CVTTSS2SI(c: Cpu, i: Insn): void {
  requireSse(c);
  const s = unalignedSource(c, i.src);
  const v = singleAt(c, s);
  const r = toInt(v);
  if (noInteger(c, v, v, fromInt(r))) singleToRegister(c, i, s, c.mxcsr | RC_ZERO);
  else c.reg[i.dst.n] = r;
}

/** CVTSS2SD - DEST's low double <- SRC's low single. MXCSR: IE DE. */
export function CVTSS2SD(c: Cpu, i: Insn): void {
  requireSse(c);
  const s = unalignedSource(c, i.src);
  const v = singleAt(c, s);
  const odd = isOddSingle(v);
  leaveIf(c, odd);
  if (odd) widenToDouble(c, i, s);
  else c.xmmF64[i.dst.n << 1] = v;
}

/** CVTSD2SS - DEST's low single <- SRC's low double. MXCSR: IE DE OE UE PE. */
export function CVTSD2SS(c: Cpu, i: Insn): void {
  requireSse(c);
  const s = unalignedSource(c, i.src);
  const v = doubleAt(c, s);
  const r = fround(v);
  const odd = oddDouble(v);
  leaveIf(c, odd);
  const oddResult = isOddSingle(r);
  leaveIf(c, oddResult);
  if (careful(c) | odd | oddResult | vanishingQuotient(c, v, r)) narrowToSingle(c, i, s);
  else c.xmmF32[i.dst.n << 2] = r;
}

function putSingles(c: Cpu, i: Insn, r0: number, r1: number, r2: number, r3: number): void {
  c.xmmF32[i.dst.n << 2] = r0;
  c.xmmF32[(i.dst.n << 2) + 1] = r1;
  c.xmmF32[(i.dst.n << 2) + 2] = r2;
  c.xmmF32[(i.dst.n << 2) + 3] = r3;
}

function compareSingles(c: Cpu, i: Insn, signalling: int): void {
  requireSse(c);
  const s = unalignedSource(c, i.src);
  const a = singleAt(c, registerWords(c, i.dst));
  const b = singleAt(c, s);
  const oddA = isOddSingle(a);
  leaveIf(c, oddA);
  const oddB = isOddSingle(b);
  leaveIf(c, oddB);
  if (oddA | oddB) compareToFlags(c, i, s, false, signalling !== 0);
  else {
    // Result 1: PF is clear.
    flagsGiven(c, 1, flt(a, b), 0);
    c.fz = fne(a, b);
  }
}
