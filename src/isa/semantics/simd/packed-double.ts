// SSE2 arithmetic on two doubles: ADDPD SUBPD MULPD DIVPD SQRTPD (SDM vol. 2). MXCSR: as the scalar instructions. Dialect.

import type { Insn } from '../../insn.ts';
import { fadd, fdiv, fmul, fsqrt, fsub } from '../../prims.ts';
import type { Cpu } from '../../state.ts';
import { carefulDoubles } from './careful.ts';
import { SQRT } from './float-lanes.ts';
import { registerWords, requireSse, source } from './operand.ts';
import { careful, doubleAt, oddDoubles, oddProducts, oddQuotients } from './plain.ts';
import { ADD, DIV, MUL, SUB } from './soft-float.ts';

/** ADDPD - DEST <- DEST + SRC, two doubles. */
export function ADDPD(c: Cpu, i: Insn): void {
  requireSse(c);
  const s = source(c, i.src);
  const d = registerWords(c, i.dst);
  const a0 = doubleAt(c, d);
  const a1 = doubleAt(c, d + 2);
  const b0 = doubleAt(c, s);
  const b1 = doubleAt(c, s + 2);
  const r0 = fadd(a0, b0);
  const r1 = fadd(a1, b1);
  const odd = careful(c) | oddDoubles(c, a0, b0, r0) | oddDoubles(c, a1, b1, r1);
  if (odd) carefulDoubles(c, i.dst.n, s, ADD, 2);
  else {
    c.xmmF64[i.dst.n << 1] = r0;
    c.xmmF64[(i.dst.n << 1) + 1] = r1;
  }
}

/** SUBPD - DEST <- DEST - SRC, two doubles. */
export function SUBPD(c: Cpu, i: Insn): void {
  requireSse(c);
  const s = source(c, i.src);
  const d = registerWords(c, i.dst);
  const a0 = doubleAt(c, d);
  const a1 = doubleAt(c, d + 2);
  const b0 = doubleAt(c, s);
  const b1 = doubleAt(c, s + 2);
  const r0 = fsub(a0, b0);
  const r1 = fsub(a1, b1);
  const odd = careful(c) | oddDoubles(c, a0, b0, r0) | oddDoubles(c, a1, b1, r1);
  if (odd) carefulDoubles(c, i.dst.n, s, SUB, 2);
  else {
    c.xmmF64[i.dst.n << 1] = r0;
    c.xmmF64[(i.dst.n << 1) + 1] = r1;
  }
}

/** MULPD - DEST <- DEST * SRC, two doubles. */
export function MULPD(c: Cpu, i: Insn): void {
  requireSse(c);
  const s = source(c, i.src);
  const d = registerWords(c, i.dst);
  const a0 = doubleAt(c, d);
  const a1 = doubleAt(c, d + 2);
  const b0 = doubleAt(c, s);
  const b1 = doubleAt(c, s + 2);
  const r0 = fmul(a0, b0);
  const r1 = fmul(a1, b1);
  const odd = careful(c) | oddProducts(c, a0, b0, r0) | oddProducts(c, a1, b1, r1);
  if (odd) carefulDoubles(c, i.dst.n, s, MUL, 2);
  else {
    c.xmmF64[i.dst.n << 1] = r0;
    c.xmmF64[(i.dst.n << 1) + 1] = r1;
  }
}

/** DIVPD - DEST <- DEST / SRC, two doubles. */
export function DIVPD(c: Cpu, i: Insn): void {
  requireSse(c);
  const s = source(c, i.src);
  const d = registerWords(c, i.dst);
  const a0 = doubleAt(c, d);
  const a1 = doubleAt(c, d + 2);
  const b0 = doubleAt(c, s);
  const b1 = doubleAt(c, s + 2);
  const r0 = fdiv(a0, b0);
  const r1 = fdiv(a1, b1);
  const odd = careful(c) | oddQuotients(c, a0, b0, r0) | oddQuotients(c, a1, b1, r1);
  if (odd) carefulDoubles(c, i.dst.n, s, DIV, 2);
  else {
    c.xmmF64[i.dst.n << 1] = r0;
    c.xmmF64[(i.dst.n << 1) + 1] = r1;
  }
}

/** SQRTPD - DEST <- square roots of SRC, two doubles. */
export function SQRTPD(c: Cpu, i: Insn): void {
  requireSse(c);
  const s = source(c, i.src);
  const b0 = doubleAt(c, s);
  const b1 = doubleAt(c, s + 2);
  const r0 = fsqrt(b0);
  const r1 = fsqrt(b1);
  if (careful(c) | oddDoubles(c, b0, b0, r0) | oddDoubles(c, b1, b1, r1)) carefulDoubles(c, i.dst.n, s, SQRT, 2);
  else {
    c.xmmF64[i.dst.n << 1] = r0;
    c.xmmF64[(i.dst.n << 1) + 1] = r1;
  }
}
