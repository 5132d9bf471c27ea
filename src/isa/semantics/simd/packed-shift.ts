// Packed shifts of MMX and XMM registers, by an immediate or by the low quadword of SRC (SDM vol. 2). No flags.

import { IMM, type Insn, type int, MMX, type Operand } from '../../insn.ts';
import { gt, gtu, leu, ne } from '../../prims.ts';
import type { Cpu } from '../../state.ts';
import { destination, requireUnit, source } from './operand.ts';
import {
  shiftLeftDoublewords,
  shiftLeftHigh,
  shiftLeftWords,
  shiftRightDoublewords,
  shiftRightLow,
  shiftRightSignedDoublewords,
  shiftRightSignedWords,
  shiftRightWords,
} from './words.ts';

/** PSLLW - each word shifted left by SRC (immediate or quadword); more than 15 gives zero. */
export function PSLLW(c: Cpu, i: Insn): void {
  requireUnit(c, i.dst);
  const n = shiftCount(c, i.src, 64);
  const d = destination(c, i.dst);
  const w = c.words;
  w[d] = shiftLeftWords(w[d], n);
  w[d + 1] = shiftLeftWords(w[d + 1], n);
  if (i.dst.kind !== MMX) {
    w[d + 2] = shiftLeftWords(w[d + 2], n);
    w[d + 3] = shiftLeftWords(w[d + 3], n);
  }
}

/** PSLLD - each doubleword shifted left; more than 31 gives zero. */
export function PSLLD(c: Cpu, i: Insn): void {
  requireUnit(c, i.dst);
  const n = shiftCount(c, i.src, 64);
  const d = destination(c, i.dst);
  const w = c.words;
  w[d] = shiftLeftDoublewords(w[d], n);
  w[d + 1] = shiftLeftDoublewords(w[d + 1], n);
  if (i.dst.kind !== MMX) {
    w[d + 2] = shiftLeftDoublewords(w[d + 2], n);
    w[d + 3] = shiftLeftDoublewords(w[d + 3], n);
  }
}

/** PSRLW - each word shifted right; more than 15 gives zero. */
export function PSRLW(c: Cpu, i: Insn): void {
  requireUnit(c, i.dst);
  const n = shiftCount(c, i.src, 64);
  const d = destination(c, i.dst);
  const w = c.words;
  w[d] = shiftRightWords(w[d], n);
  w[d + 1] = shiftRightWords(w[d + 1], n);
  if (i.dst.kind !== MMX) {
    w[d + 2] = shiftRightWords(w[d + 2], n);
    w[d + 3] = shiftRightWords(w[d + 3], n);
  }
}

/** PSRLD - each doubleword shifted right; more than 31 gives zero. */
export function PSRLD(c: Cpu, i: Insn): void {
  requireUnit(c, i.dst);
  const n = shiftCount(c, i.src, 64);
  const d = destination(c, i.dst);
  const w = c.words;
  w[d] = shiftRightDoublewords(w[d], n);
  w[d + 1] = shiftRightDoublewords(w[d + 1], n);
  if (i.dst.kind !== MMX) {
    w[d + 2] = shiftRightDoublewords(w[d + 2], n);
    w[d + 3] = shiftRightDoublewords(w[d + 3], n);
  }
}

/** PSRAW - each signed word shifted right; more than 15 leaves the sign. */
export function PSRAW(c: Cpu, i: Insn): void {
  requireUnit(c, i.dst);
  const n = shiftCount(c, i.src, 31);
  const d = destination(c, i.dst);
  const w = c.words;
  w[d] = shiftRightSignedWords(w[d], n);
  w[d + 1] = shiftRightSignedWords(w[d + 1], n);
  if (i.dst.kind !== MMX) {
    w[d + 2] = shiftRightSignedWords(w[d + 2], n);
    w[d + 3] = shiftRightSignedWords(w[d + 3], n);
  }
}

/** PSRAD - each signed doubleword shifted right; more than 31 leaves the sign. */
export function PSRAD(c: Cpu, i: Insn): void {
  requireUnit(c, i.dst);
  const n = shiftCount(c, i.src, 31);
  const d = destination(c, i.dst);
  const w = c.words;
  w[d] = shiftRightSignedDoublewords(w[d], n);
  w[d + 1] = shiftRightSignedDoublewords(w[d + 1], n);
  if (i.dst.kind !== MMX) {
    w[d + 2] = shiftRightSignedDoublewords(w[d + 2], n);
    w[d + 3] = shiftRightSignedDoublewords(w[d + 3], n);
  }
}

/** PSLLQ - each quadword shifted left; more than 63 gives zero. */
export function PSLLQ(c: Cpu, i: Insn): void {
  requireUnit(c, i.dst);
  const n = shiftCount(c, i.src, 64);
  const d = destination(c, i.dst);
  leftQuadword(c, d, n);
  if (i.dst.kind !== MMX) leftQuadword(c, d + 2, n);
}

/** PSRLQ - each quadword shifted right; more than 63 gives zero. */
export function PSRLQ(c: Cpu, i: Insn): void {
  requireUnit(c, i.dst);
  const n = shiftCount(c, i.src, 64);
  const d = destination(c, i.dst);
  rightQuadword(c, d, n);
  if (i.dst.kind !== MMX) rightQuadword(c, d + 2, n);
}

/** PSLLDQ - the register shifted left by an immediate number of bytes. */
export function PSLLDQ(c: Cpu, i: Insn): void {
  requireUnit(c, i.dst);
  const d = destination(c, i.dst);
  const by = (i.src.value & 255) >> 2;
  const bits = (i.src.value & 3) << 3;
  // From the top down: each word is made of itself or of words below it.
  c.words[d + 3] = wordLeft(wordOr0(c, d, 3 - by), wordOr0(c, d, 2 - by), bits);
  c.words[d + 2] = wordLeft(wordOr0(c, d, 2 - by), wordOr0(c, d, 1 - by), bits);
  c.words[d + 1] = wordLeft(wordOr0(c, d, 1 - by), wordOr0(c, d, 0 - by), bits);
  c.words[d] = wordLeft(wordOr0(c, d, 0 - by), 0, bits);
}

/** PSRLDQ - the register shifted right by an immediate number of bytes. */
export function PSRLDQ(c: Cpu, i: Insn): void {
  requireUnit(c, i.dst);
  const d = destination(c, i.dst);
  const by = (i.src.value & 255) >> 2;
  const bits = (i.src.value & 3) << 3;
  c.words[d] = wordRight(wordOr0(c, d, by), wordOr0(c, d, by + 1), bits);
  c.words[d + 1] = wordRight(wordOr0(c, d, by + 1), wordOr0(c, d, by + 2), bits);
  c.words[d + 2] = wordRight(wordOr0(c, d, by + 2), wordOr0(c, d, by + 3), bits);
  c.words[d + 3] = wordRight(wordOr0(c, d, by + 3), 0, bits);
}

/** Word k of the register at d; 0 outside it. */
function wordOr0(c: Cpu, d: int, k: int): int {
  return leu(k, 3) ? c.words[d + (k & 3)] : 0;
}

/** High word of hi:lo << n, n of 0..31. */
function wordLeft(hi: int, lo: int, n: int): int {
  return (hi << n) | ((lo >>> 1) >>> (31 - n));
}
/** Low word of hi:lo >> n, n of 0..31. */
function wordRight(lo: int, hi: int, n: int): int {
  return (lo >>> n) | ((hi << 1) << (31 - n));
}

/** Count of a shift: an immediate byte, or the low quadword of a register or of memory; at most `most`. */
function shiftCount(c: Cpu, o: Operand, most: int): int {
  if (o.kind === IMM) return gt(o.value & 255, most) ? most : o.value & 255;
  const s = source(c, o);
  const beyond = ne(c.words[s + 1], 0) | gtu(c.words[s], most);
  return beyond ? most : c.words[s];
}

function leftQuadword(c: Cpu, d: int, n: int): void {
  const w = c.words;
  w[d + 1] = shiftLeftHigh(w[d + 1], w[d], n);
  w[d] = shiftLeftDoublewords(w[d], n);
}

function rightQuadword(c: Cpu, d: int, n: int): void {
  const w = c.words;
  w[d] = shiftRightLow(w[d + 1], w[d], n);
  w[d + 1] = shiftRightDoublewords(w[d + 1], n);
}
