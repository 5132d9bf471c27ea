// Packed-integer instructions whose lanes are 64 bits or that sum across them: PADDQ, PSUBQ, PMULUDQ, PSADBW, on MMX and
// XMM registers (SDM vol. 2). No flags.

import { type Insn, type int, MMX } from '../../insn.ts';
import { imul, mulhu } from '../../prims.ts';
import type { Cpu } from '../../state.ts';
import { destination, requireUnit, source } from './operand.ts';
import { addHigh, subHigh, sumOfDifferences } from './words.ts';

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
