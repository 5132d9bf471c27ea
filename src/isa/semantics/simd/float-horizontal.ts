// SSE3 arithmetic across lanes: ADDSUB, HADD, HSUB (SDM vol. 2). MXCSR: IE DE OE UE PE as they arise.

import type { Insn } from '../../insn.ts';
import type { Cpu } from '../../state.ts';
import { ALTERNATING, HORIZONTAL, putDoubles, putSingles, soft } from './float-lanes.ts';
import { requireSse, source, XMM_WORDS } from './operand.ts';
import { addDouble, addSingle, subDouble, subSingle } from './quick-float.ts';
import { ADD, SUB } from './soft-float.ts';

/** ADDSUBPS - even singles subtracted, odd ones added. */
export function ADDSUBPS(c: Cpu, i: Insn): void {
  requireSse(c);
  const s = source(c, i.src) - XMM_WORDS;
  const d = i.dst.n << 2;
  const x = c.xmmF32;
  const m = c.mxcsr;
  const r0 = subSingle(x[d], x[s], m);
  const r1 = addSingle(x[d + 1], x[s + 1], m);
  const r2 = subSingle(x[d + 2], x[s + 2], m);
  const r3 = addSingle(x[d + 3], x[s + 3], m);
  if (!putSingles(c, d, r0, r1, r2, r3)) soft(c, d, s, false, 4, ADD, ALTERNATING);
}
/** ADDSUBPD - the low double subtracted, the high one added. */
export function ADDSUBPD(c: Cpu, i: Insn): void {
  requireSse(c);
  const s = (source(c, i.src) - XMM_WORDS) >> 1;
  const d = i.dst.n << 1;
  const x = c.xmmF64;
  const m = c.mxcsr;
  const r0 = subDouble(x[d], x[s], m);
  const r1 = addDouble(x[d + 1], x[s + 1], m);
  if (!putDoubles(c, d, r0, r1)) soft(c, d << 1, s << 1, true, 2, ADD, ALTERNATING);
}

/** HADDPS - sums of adjacent singles: of DEST (lower half), of SRC (upper half). */
export function HADDPS(c: Cpu, i: Insn): void {
  requireSse(c);
  const s = source(c, i.src) - XMM_WORDS;
  const d = i.dst.n << 2;
  const x = c.xmmF32;
  const m = c.mxcsr;
  const r0 = addSingle(x[d], x[d + 1], m);
  const r1 = addSingle(x[d + 2], x[d + 3], m);
  const r2 = addSingle(x[s], x[s + 1], m);
  const r3 = addSingle(x[s + 2], x[s + 3], m);
  if (!putSingles(c, d, r0, r1, r2, r3)) soft(c, d, s, false, 4, ADD, HORIZONTAL);
}
/** HADDPD - the same with doubles. */
export function HADDPD(c: Cpu, i: Insn): void {
  requireSse(c);
  const s = (source(c, i.src) - XMM_WORDS) >> 1;
  const d = i.dst.n << 1;
  const x = c.xmmF64;
  const m = c.mxcsr;
  const r0 = addDouble(x[d], x[d + 1], m);
  const r1 = addDouble(x[s], x[s + 1], m);
  if (!putDoubles(c, d, r0, r1)) soft(c, d << 1, s << 1, true, 2, ADD, HORIZONTAL);
}
/** HSUBPS - differences of adjacent singles, the lower one less the upper one. */
export function HSUBPS(c: Cpu, i: Insn): void {
  requireSse(c);
  const s = source(c, i.src) - XMM_WORDS;
  const d = i.dst.n << 2;
  const x = c.xmmF32;
  const m = c.mxcsr;
  const r0 = subSingle(x[d], x[d + 1], m);
  const r1 = subSingle(x[d + 2], x[d + 3], m);
  const r2 = subSingle(x[s], x[s + 1], m);
  const r3 = subSingle(x[s + 2], x[s + 3], m);
  if (!putSingles(c, d, r0, r1, r2, r3)) soft(c, d, s, false, 4, SUB, HORIZONTAL);
}
/** HSUBPD - the same with doubles. */
export function HSUBPD(c: Cpu, i: Insn): void {
  requireSse(c);
  const s = (source(c, i.src) - XMM_WORDS) >> 1;
  const d = i.dst.n << 1;
  const x = c.xmmF64;
  const m = c.mxcsr;
  const r0 = subDouble(x[d], x[d + 1], m);
  const r1 = subDouble(x[s], x[s + 1], m);
  if (!putDoubles(c, d, r0, r1)) soft(c, d << 1, s << 1, true, 2, SUB, HORIZONTAL);
}
