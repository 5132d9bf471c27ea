// Packed multiplication of words, on MMX and XMM registers (SDM vol. 2). PMULUDQ is in packed-quadword.ts. No flags.

import { type Insn, MMX } from '../../insn.ts';
import type { Cpu } from '../../state.ts';
import { destination, requireUnit, source } from './operand.ts';
import { mulAddWords, mulHighUnsignedWords, mulHighWords, mulLowWords } from './words.ts';

/** PMULLW - the low words of the products. */
export function PMULLW(c: Cpu, i: Insn): void {
  requireUnit(c, i.dst);
  const s = source(c, i.src);
  const d = destination(c, i.dst);
  const w = c.words;
  w[d] = mulLowWords(w[d], w[s]);
  w[d + 1] = mulLowWords(w[d + 1], w[s + 1]);
  if (i.dst.kind !== MMX) {
    w[d + 2] = mulLowWords(w[d + 2], w[s + 2]);
    w[d + 3] = mulLowWords(w[d + 3], w[s + 3]);
  }
}

/** PMULHW - the high words of the signed products. */
export function PMULHW(c: Cpu, i: Insn): void {
  requireUnit(c, i.dst);
  const s = source(c, i.src);
  const d = destination(c, i.dst);
  const w = c.words;
  w[d] = mulHighWords(w[d], w[s]);
  w[d + 1] = mulHighWords(w[d + 1], w[s + 1]);
  if (i.dst.kind !== MMX) {
    w[d + 2] = mulHighWords(w[d + 2], w[s + 2]);
    w[d + 3] = mulHighWords(w[d + 3], w[s + 3]);
  }
}

/** PMULHUW - the high words of the unsigned products. */
export function PMULHUW(c: Cpu, i: Insn): void {
  requireUnit(c, i.dst);
  const s = source(c, i.src);
  const d = destination(c, i.dst);
  const w = c.words;
  w[d] = mulHighUnsignedWords(w[d], w[s]);
  w[d + 1] = mulHighUnsignedWords(w[d + 1], w[s + 1]);
  if (i.dst.kind !== MMX) {
    w[d + 2] = mulHighUnsignedWords(w[d + 2], w[s + 2]);
    w[d + 3] = mulHighUnsignedWords(w[d + 3], w[s + 3]);
  }
}

/** PMADDWD - signed products, adjacent ones added to doublewords. */
export function PMADDWD(c: Cpu, i: Insn): void {
  requireUnit(c, i.dst);
  const s = source(c, i.src);
  const d = destination(c, i.dst);
  const w = c.words;
  w[d] = mulAddWords(w[d], w[s]);
  w[d + 1] = mulAddWords(w[d + 1], w[s + 1]);
  if (i.dst.kind !== MMX) {
    w[d + 2] = mulAddWords(w[d + 2], w[s + 2]);
    w[d + 3] = mulAddWords(w[d + 3], w[s + 3]);
  }
}
