// Packed-integer instructions whose lanes are 64 bits or that sum across words: PADDQ, PSUBQ, PMULUDQ, PSADBW, and the
// shifts (SDM vol. 2). On MMX and XMM registers. No flags.

import { IMM, type Insn, type int, MMX, type Operand } from '../../insn.ts';
import { imul, mulhu } from '../../prims.ts';
import type { Cpu } from '../../state.ts';
import { type Binary, destination, requireUnit, source } from './operand.ts';
import {
  addHigh,
  shiftLeftDoublewords,
  shiftLeftHigh,
  shiftLeftWords,
  shiftRightDoublewords,
  shiftRightLow,
  shiftRightSignedDoublewords,
  shiftRightSignedWords,
  shiftRightWords,
  subHigh,
  sumOfDifferences,
} from './words.ts';

/** PADDQ - DEST <- DEST + SRC in each quadword. */
export function PADDQ(c: Cpu, i: Insn): void {
  requireUnit(c, i.dst);
  const s = source(c, i.src);
  const d = destination(c, i.dst);
  addQuadword(c, d, s);
  if (i.dst.kind !== MMX) addQuadword(c, d + 2, s + 2);
}

/** PSUBQ - DEST <- DEST - SRC in each quadword. */
export function PSUBQ(c: Cpu, i: Insn): void {
  requireUnit(c, i.dst);
  const s = source(c, i.src);
  const d = destination(c, i.dst);
  subQuadword(c, d, s);
  if (i.dst.kind !== MMX) subQuadword(c, d + 2, s + 2);
}

/** PMULUDQ - the 64-bit product of the low unsigned doublewords of each quadword. */
export function PMULUDQ(c: Cpu, i: Insn): void {
  requireUnit(c, i.dst);
  const s = source(c, i.src);
  const d = destination(c, i.dst);
  mulQuadword(c, d, s);
  if (i.dst.kind !== MMX) mulQuadword(c, d + 2, s + 2);
}

/** PSADBW - the sum of the absolute differences of the unsigned bytes of each quadword. */
export function PSADBW(c: Cpu, i: Insn): void {
  requireUnit(c, i.dst);
  const s = source(c, i.src);
  const d = destination(c, i.dst);
  sumQuadword(c, d, s);
  if (i.dst.kind !== MMX) sumQuadword(c, d + 2, s + 2);
}

/** PSLLW - each word shifted left by SRC (immediate or quadword); more than 15 gives zero. */
export function PSLLW(c: Cpu, i: Insn): void {
  shiftEach(c, i, 64, shiftLeftWords);
}
/** PSLLD - each doubleword shifted left; more than 31 gives zero. */
export function PSLLD(c: Cpu, i: Insn): void {
  shiftEach(c, i, 64, shiftLeftDoublewords);
}
/** PSRLW - each word shifted right; more than 15 gives zero. */
export function PSRLW(c: Cpu, i: Insn): void {
  shiftEach(c, i, 64, shiftRightWords);
}
/** PSRLD - each doubleword shifted right; more than 31 gives zero. */
export function PSRLD(c: Cpu, i: Insn): void {
  shiftEach(c, i, 64, shiftRightDoublewords);
}
/** PSRAW - each signed word shifted right; more than 15 leaves the sign. */
export function PSRAW(c: Cpu, i: Insn): void {
  shiftEach(c, i, 31, shiftRightSignedWords);
}
/** PSRAD - each signed doubleword shifted right; more than 31 leaves the sign. */
export function PSRAD(c: Cpu, i: Insn): void {
  shiftEach(c, i, 31, shiftRightSignedDoublewords);
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
  return k < 0 || k > 3 ? 0 : c.words[d + k];
}
/** High word of hi:lo << n, n of 0..31. */
function wordLeft(hi: int, lo: int, n: int): int {
  return n === 0 ? hi : (hi << n) | (lo >>> (32 - n));
}
/** Low word of hi:lo >> n, n of 0..31. */
function wordRight(lo: int, hi: int, n: int): int {
  return n === 0 ? lo : (lo >>> n) | (hi << (32 - n));
}

/** Count of a shift: an immediate byte, or the low quadword of a register or of memory; at most `most`. */
function shiftCount(c: Cpu, o: Operand, most: int): int {
  if (o.kind === IMM) return (o.value & 255) > most ? most : o.value & 255;
  const s = source(c, o);
  return c.words[s + 1] !== 0 || c.words[s] >>> 0 > most ? most : c.words[s];
}

function shiftEach(c: Cpu, i: Insn, most: int, algorithm: Binary): void {
  requireUnit(c, i.dst);
  const n = shiftCount(c, i.src, most);
  const d = destination(c, i.dst);
  const w = c.words;
  w[d] = algorithm(w[d], n);
  w[d + 1] = algorithm(w[d + 1], n);
  if (i.dst.kind !== MMX) {
    w[d + 2] = algorithm(w[d + 2], n);
    w[d + 3] = algorithm(w[d + 3], n);
  }
}

function addQuadword(c: Cpu, d: int, s: int): void {
  const w = c.words;
  const lo = w[d];
  const sum = (lo + w[s]) | 0;
  w[d + 1] = addHigh(w[d + 1], w[s + 1], lo, sum);
  w[d] = sum;
}

function subQuadword(c: Cpu, d: int, s: int): void {
  const w = c.words;
  const lo = w[d];
  const by = w[s];
  w[d + 1] = subHigh(w[d + 1], w[s + 1], lo, by);
  w[d] = (lo - by) | 0;
}

function mulQuadword(c: Cpu, d: int, s: int): void {
  const w = c.words;
  const a = w[d];
  const b = w[s];
  w[d] = imul(a, b);
  w[d + 1] = mulhu(a, b);
}

function sumQuadword(c: Cpu, d: int, s: int): void {
  const w = c.words;
  w[d] = sumOfDifferences(w[d], w[s]) + sumOfDifferences(w[d + 1], w[s + 1]);
  w[d + 1] = 0;
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
