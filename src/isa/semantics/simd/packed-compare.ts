// Packed comparison, minimum, maximum and average, on MMX and XMM registers (SDM vol. 2). No flags.

import { type Insn, MMX } from '../../insn.ts';
import type { Cpu } from '../../state.ts';
import { destination, requireUnit, source } from './operand.ts';
import {
  averageBytes,
  averageWords,
  equalBytes,
  equalDoublewords,
  equalWords,
  greaterBytes,
  greaterDoublewords,
  greaterWords,
  maxSignedWords,
  maxUnsignedBytes,
  minSignedWords,
  minUnsignedBytes,
} from './words.ts';

// Comparison: all ones where it holds, zero elsewhere.

/** PCMPEQB - DEST = SRC in each byte. */
export function PCMPEQB(c: Cpu, i: Insn): void {
  requireUnit(c, i.dst);
  const s = source(c, i.src);
  const d = destination(c, i.dst);
  const w = c.words;
  w[d] = equalBytes(w[d], w[s]);
  w[d + 1] = equalBytes(w[d + 1], w[s + 1]);
  if (i.dst.kind !== MMX) {
    w[d + 2] = equalBytes(w[d + 2], w[s + 2]);
    w[d + 3] = equalBytes(w[d + 3], w[s + 3]);
  }
}

/** PCMPEQW - DEST = SRC in each word. */
export function PCMPEQW(c: Cpu, i: Insn): void {
  requireUnit(c, i.dst);
  const s = source(c, i.src);
  const d = destination(c, i.dst);
  const w = c.words;
  w[d] = equalWords(w[d], w[s]);
  w[d + 1] = equalWords(w[d + 1], w[s + 1]);
  if (i.dst.kind !== MMX) {
    w[d + 2] = equalWords(w[d + 2], w[s + 2]);
    w[d + 3] = equalWords(w[d + 3], w[s + 3]);
  }
}

/** PCMPEQD - DEST = SRC in each doubleword. */
export function PCMPEQD(c: Cpu, i: Insn): void {
  requireUnit(c, i.dst);
  const s = source(c, i.src);
  const d = destination(c, i.dst);
  const w = c.words;
  w[d] = equalDoublewords(w[d], w[s]);
  w[d + 1] = equalDoublewords(w[d + 1], w[s + 1]);
  if (i.dst.kind !== MMX) {
    w[d + 2] = equalDoublewords(w[d + 2], w[s + 2]);
    w[d + 3] = equalDoublewords(w[d + 3], w[s + 3]);
  }
}

/** PCMPGTB - DEST > SRC in each signed byte. */
export function PCMPGTB(c: Cpu, i: Insn): void {
  requireUnit(c, i.dst);
  const s = source(c, i.src);
  const d = destination(c, i.dst);
  const w = c.words;
  w[d] = greaterBytes(w[d], w[s]);
  w[d + 1] = greaterBytes(w[d + 1], w[s + 1]);
  if (i.dst.kind !== MMX) {
    w[d + 2] = greaterBytes(w[d + 2], w[s + 2]);
    w[d + 3] = greaterBytes(w[d + 3], w[s + 3]);
  }
}

/** PCMPGTW - DEST > SRC in each signed word. */
export function PCMPGTW(c: Cpu, i: Insn): void {
  requireUnit(c, i.dst);
  const s = source(c, i.src);
  const d = destination(c, i.dst);
  const w = c.words;
  w[d] = greaterWords(w[d], w[s]);
  w[d + 1] = greaterWords(w[d + 1], w[s + 1]);
  if (i.dst.kind !== MMX) {
    w[d + 2] = greaterWords(w[d + 2], w[s + 2]);
    w[d + 3] = greaterWords(w[d + 3], w[s + 3]);
  }
}

/** PCMPGTD - DEST > SRC in each signed doubleword. */
export function PCMPGTD(c: Cpu, i: Insn): void {
  requireUnit(c, i.dst);
  const s = source(c, i.src);
  const d = destination(c, i.dst);
  const w = c.words;
  w[d] = greaterDoublewords(w[d], w[s]);
  w[d + 1] = greaterDoublewords(w[d + 1], w[s + 1]);
  if (i.dst.kind !== MMX) {
    w[d + 2] = greaterDoublewords(w[d + 2], w[s + 2]);
    w[d + 3] = greaterDoublewords(w[d + 3], w[s + 3]);
  }
}

// Choice and average.

/** PMINUB - the lesser of the unsigned bytes. */
export function PMINUB(c: Cpu, i: Insn): void {
  requireUnit(c, i.dst);
  const s = source(c, i.src);
  const d = destination(c, i.dst);
  const w = c.words;
  w[d] = minUnsignedBytes(w[d], w[s]);
  w[d + 1] = minUnsignedBytes(w[d + 1], w[s + 1]);
  if (i.dst.kind !== MMX) {
    w[d + 2] = minUnsignedBytes(w[d + 2], w[s + 2]);
    w[d + 3] = minUnsignedBytes(w[d + 3], w[s + 3]);
  }
}

/** PMAXUB - the greater of the unsigned bytes. */
export function PMAXUB(c: Cpu, i: Insn): void {
  requireUnit(c, i.dst);
  const s = source(c, i.src);
  const d = destination(c, i.dst);
  const w = c.words;
  w[d] = maxUnsignedBytes(w[d], w[s]);
  w[d + 1] = maxUnsignedBytes(w[d + 1], w[s + 1]);
  if (i.dst.kind !== MMX) {
    w[d + 2] = maxUnsignedBytes(w[d + 2], w[s + 2]);
    w[d + 3] = maxUnsignedBytes(w[d + 3], w[s + 3]);
  }
}

/** PMINSW - the lesser of the signed words. */
export function PMINSW(c: Cpu, i: Insn): void {
  requireUnit(c, i.dst);
  const s = source(c, i.src);
  const d = destination(c, i.dst);
  const w = c.words;
  w[d] = minSignedWords(w[d], w[s]);
  w[d + 1] = minSignedWords(w[d + 1], w[s + 1]);
  if (i.dst.kind !== MMX) {
    w[d + 2] = minSignedWords(w[d + 2], w[s + 2]);
    w[d + 3] = minSignedWords(w[d + 3], w[s + 3]);
  }
}

/** PMAXSW - the greater of the signed words. */
export function PMAXSW(c: Cpu, i: Insn): void {
  requireUnit(c, i.dst);
  const s = source(c, i.src);
  const d = destination(c, i.dst);
  const w = c.words;
  w[d] = maxSignedWords(w[d], w[s]);
  w[d + 1] = maxSignedWords(w[d + 1], w[s + 1]);
  if (i.dst.kind !== MMX) {
    w[d + 2] = maxSignedWords(w[d + 2], w[s + 2]);
    w[d + 3] = maxSignedWords(w[d + 3], w[s + 3]);
  }
}

/** PAVGB - (DEST + SRC + 1) >> 1 in each unsigned byte. */
export function PAVGB(c: Cpu, i: Insn): void {
  requireUnit(c, i.dst);
  const s = source(c, i.src);
  const d = destination(c, i.dst);
  const w = c.words;
  w[d] = averageBytes(w[d], w[s]);
  w[d + 1] = averageBytes(w[d + 1], w[s + 1]);
  if (i.dst.kind !== MMX) {
    w[d + 2] = averageBytes(w[d + 2], w[s + 2]);
    w[d + 3] = averageBytes(w[d + 3], w[s + 3]);
  }
}

/** PAVGW - (DEST + SRC + 1) >> 1 in each unsigned word. */
export function PAVGW(c: Cpu, i: Insn): void {
  requireUnit(c, i.dst);
  const s = source(c, i.src);
  const d = destination(c, i.dst);
  const w = c.words;
  w[d] = averageWords(w[d], w[s]);
  w[d + 1] = averageWords(w[d + 1], w[s + 1]);
  if (i.dst.kind !== MMX) {
    w[d + 2] = averageWords(w[d + 2], w[s + 2]);
    w[d + 3] = averageWords(w[d + 3], w[s + 3]);
  }
}
