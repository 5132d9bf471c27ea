// RCP and RSQRT: approximations of reciprocals, to 12 bits (SDM vol. 2). They raise no exception and set no flag; denormals
// count as zeros, tiny results become zeros.
//
// Deviations: the true value rounded to 12 significant bits, where each processor has a table of its own; the manual's
// bound on the relative error (1.5 * 2^-12) holds.

import type { Insn, int } from '../../insn.ts';
import type { Cpu } from '../../state.ts';
import { registerWords, requireSse, source, unalignedSource, XMM_WORDS } from './operand.ts';

/** RCPPS - DEST <- approximately 1 / SRC, four singles. */
export function RCPPS(c: Cpu, i: Insn): void {
  requireSse(c);
  const s = source(c, i.src) - XMM_WORDS;
  const d = registerWords(c, i.dst) - XMM_WORDS;
  for (let k = 0; k < 4; k++) reciprocal(c, d + k, s + k);
}
/** RCPSS - the low single. */
export function RCPSS(c: Cpu, i: Insn): void {
  requireSse(c);
  const s = unalignedSource(c, i.src) - XMM_WORDS;
  reciprocal(c, registerWords(c, i.dst) - XMM_WORDS, s);
}
/** RSQRTPS - DEST <- approximately 1 / square root of SRC, four singles. */
export function RSQRTPS(c: Cpu, i: Insn): void {
  requireSse(c);
  const s = source(c, i.src) - XMM_WORDS;
  const d = registerWords(c, i.dst) - XMM_WORDS;
  for (let k = 0; k < 4; k++) reciprocalRoot(c, d + k, s + k);
}
/** RSQRTSS - the low single. */
export function RSQRTSS(c: Cpu, i: Insn): void {
  requireSse(c);
  const s = unalignedSource(c, i.src) - XMM_WORDS;
  reciprocalRoot(c, registerWords(c, i.dst) - XMM_WORDS, s);
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
