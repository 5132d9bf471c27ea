// SSE arithmetic: ADD SUB MUL DIV SQRT of packed singles and doubles and of scalar singles (SDM vol. 2); scalar doubles
// are in scalar-double.ts.
// MXCSR: IE DE ZE OE UE PE as they arise.

import type { Insn } from '../../insn.ts';
import type { Cpu } from '../../state.ts';
import { putDoubles, putSingles, SQRT, soft, VERTICAL } from './float-lanes.ts';
import { requireSse, source, unalignedSource, XMM_WORDS } from './operand.ts';
import {
  addDouble,
  addSingle,
  divDouble,
  divSingle,
  mulDouble,
  mulSingle,
  sqrtDouble,
  sqrtSingle,
  subDouble,
  subSingle,
} from './quick-float.ts';
import { ADD, DIV, MUL, SUB } from './soft-float.ts';

/** ADDPS - DEST <- DEST + SRC, four singles. */
export function ADDPS(c: Cpu, i: Insn): void {
  requireSse(c);
  const s = source(c, i.src) - XMM_WORDS;
  const d = i.dst.n << 2;
  const x = c.xmmF32;
  const m = c.mxcsr;
  const r0 = addSingle(x[d], x[s], m);
  const r1 = addSingle(x[d + 1], x[s + 1], m);
  const r2 = addSingle(x[d + 2], x[s + 2], m);
  const r3 = addSingle(x[d + 3], x[s + 3], m);
  if (!putSingles(c, d, r0, r1, r2, r3)) soft(c, d, s, false, 4, ADD, VERTICAL);
}
/** ADDPD - two doubles. */
export function ADDPD(c: Cpu, i: Insn): void {
  requireSse(c);
  const s = (source(c, i.src) - XMM_WORDS) >> 1;
  const d = i.dst.n << 1;
  const x = c.xmmF64;
  const m = c.mxcsr;
  const r0 = addDouble(x[d], x[s], m);
  const r1 = addDouble(x[d + 1], x[s + 1], m);
  if (!putDoubles(c, d, r0, r1)) soft(c, d << 1, s << 1, true, 2, ADD, VERTICAL);
}
/** ADDSS - the low single. */
export function ADDSS(c: Cpu, i: Insn): void {
  requireSse(c);
  const s = unalignedSource(c, i.src) - XMM_WORDS;
  const d = i.dst.n << 2;
  const x = c.xmmF32;
  const r = addSingle(x[d], x[s], c.mxcsr);
  if (Number.isNaN(r)) soft(c, d, s, false, 1, ADD, VERTICAL);
  else x[d] = r;
}

/** SUBPS - DEST <- DEST - SRC, four singles. */
export function SUBPS(c: Cpu, i: Insn): void {
  requireSse(c);
  const s = source(c, i.src) - XMM_WORDS;
  const d = i.dst.n << 2;
  const x = c.xmmF32;
  const m = c.mxcsr;
  const r0 = subSingle(x[d], x[s], m);
  const r1 = subSingle(x[d + 1], x[s + 1], m);
  const r2 = subSingle(x[d + 2], x[s + 2], m);
  const r3 = subSingle(x[d + 3], x[s + 3], m);
  if (!putSingles(c, d, r0, r1, r2, r3)) soft(c, d, s, false, 4, SUB, VERTICAL);
}
/** SUBPD - two doubles. */
export function SUBPD(c: Cpu, i: Insn): void {
  requireSse(c);
  const s = (source(c, i.src) - XMM_WORDS) >> 1;
  const d = i.dst.n << 1;
  const x = c.xmmF64;
  const m = c.mxcsr;
  const r0 = subDouble(x[d], x[s], m);
  const r1 = subDouble(x[d + 1], x[s + 1], m);
  if (!putDoubles(c, d, r0, r1)) soft(c, d << 1, s << 1, true, 2, SUB, VERTICAL);
}
/** SUBSS - the low single. */
export function SUBSS(c: Cpu, i: Insn): void {
  requireSse(c);
  const s = unalignedSource(c, i.src) - XMM_WORDS;
  const d = i.dst.n << 2;
  const x = c.xmmF32;
  const r = subSingle(x[d], x[s], c.mxcsr);
  if (Number.isNaN(r)) soft(c, d, s, false, 1, SUB, VERTICAL);
  else x[d] = r;
}

/** MULPS - DEST <- DEST * SRC, four singles. */
export function MULPS(c: Cpu, i: Insn): void {
  requireSse(c);
  const s = source(c, i.src) - XMM_WORDS;
  const d = i.dst.n << 2;
  const x = c.xmmF32;
  const m = c.mxcsr;
  const r0 = mulSingle(x[d], x[s], m);
  const r1 = mulSingle(x[d + 1], x[s + 1], m);
  const r2 = mulSingle(x[d + 2], x[s + 2], m);
  const r3 = mulSingle(x[d + 3], x[s + 3], m);
  if (!putSingles(c, d, r0, r1, r2, r3)) soft(c, d, s, false, 4, MUL, VERTICAL);
}
/** MULPD - two doubles. */
export function MULPD(c: Cpu, i: Insn): void {
  requireSse(c);
  const s = (source(c, i.src) - XMM_WORDS) >> 1;
  const d = i.dst.n << 1;
  const x = c.xmmF64;
  const m = c.mxcsr;
  const r0 = mulDouble(x[d], x[s], m);
  const r1 = mulDouble(x[d + 1], x[s + 1], m);
  if (!putDoubles(c, d, r0, r1)) soft(c, d << 1, s << 1, true, 2, MUL, VERTICAL);
}
/** MULSS - the low single. */
export function MULSS(c: Cpu, i: Insn): void {
  requireSse(c);
  const s = unalignedSource(c, i.src) - XMM_WORDS;
  const d = i.dst.n << 2;
  const x = c.xmmF32;
  const r = mulSingle(x[d], x[s], c.mxcsr);
  if (Number.isNaN(r)) soft(c, d, s, false, 1, MUL, VERTICAL);
  else x[d] = r;
}

/** DIVPS - DEST <- DEST / SRC, four singles. */
export function DIVPS(c: Cpu, i: Insn): void {
  requireSse(c);
  const s = source(c, i.src) - XMM_WORDS;
  const d = i.dst.n << 2;
  const x = c.xmmF32;
  const m = c.mxcsr;
  const r0 = divSingle(x[d], x[s], m);
  const r1 = divSingle(x[d + 1], x[s + 1], m);
  const r2 = divSingle(x[d + 2], x[s + 2], m);
  const r3 = divSingle(x[d + 3], x[s + 3], m);
  if (!putSingles(c, d, r0, r1, r2, r3)) soft(c, d, s, false, 4, DIV, VERTICAL);
}
/** DIVPD - two doubles. */
export function DIVPD(c: Cpu, i: Insn): void {
  requireSse(c);
  const s = (source(c, i.src) - XMM_WORDS) >> 1;
  const d = i.dst.n << 1;
  const x = c.xmmF64;
  const m = c.mxcsr;
  const r0 = divDouble(x[d], x[s], m);
  const r1 = divDouble(x[d + 1], x[s + 1], m);
  if (!putDoubles(c, d, r0, r1)) soft(c, d << 1, s << 1, true, 2, DIV, VERTICAL);
}
/** DIVSS - the low single. */
export function DIVSS(c: Cpu, i: Insn): void {
  requireSse(c);
  const s = unalignedSource(c, i.src) - XMM_WORDS;
  const d = i.dst.n << 2;
  const x = c.xmmF32;
  const r = divSingle(x[d], x[s], c.mxcsr);
  if (Number.isNaN(r)) soft(c, d, s, false, 1, DIV, VERTICAL);
  else x[d] = r;
}

/** SQRTPS - DEST <- square root of SRC, four singles. */
export function SQRTPS(c: Cpu, i: Insn): void {
  requireSse(c);
  const s = source(c, i.src) - XMM_WORDS;
  const d = i.dst.n << 2;
  const x = c.xmmF32;
  const m = c.mxcsr;
  const r0 = sqrtSingle(x[s], m);
  const r1 = sqrtSingle(x[s + 1], m);
  const r2 = sqrtSingle(x[s + 2], m);
  const r3 = sqrtSingle(x[s + 3], m);
  if (!putSingles(c, d, r0, r1, r2, r3)) soft(c, d, s, false, 4, SQRT, VERTICAL);
}
/** SQRTPD - two doubles. */
export function SQRTPD(c: Cpu, i: Insn): void {
  requireSse(c);
  const s = (source(c, i.src) - XMM_WORDS) >> 1;
  const d = i.dst.n << 1;
  const x = c.xmmF64;
  const m = c.mxcsr;
  const r0 = sqrtDouble(x[s], m);
  const r1 = sqrtDouble(x[s + 1], m);
  if (!putDoubles(c, d, r0, r1)) soft(c, d << 1, s << 1, true, 2, SQRT, VERTICAL);
}
/** SQRTSS - the low single. */
export function SQRTSS(c: Cpu, i: Insn): void {
  requireSse(c);
  const s = unalignedSource(c, i.src) - XMM_WORDS;
  const d = i.dst.n << 2;
  const x = c.xmmF32;
  const r = sqrtSingle(x[s], c.mxcsr);
  if (Number.isNaN(r)) soft(c, d, s, false, 1, SQRT, VERTICAL);
  else x[d] = r;
}
