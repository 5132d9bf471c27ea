// Shuffles, insertion, extraction, masks of signs (SDM vol. 2). On MMX and XMM registers. No flags.
// All words that an instruction reads are read before it writes one: source and destination may be one register.

import { type Insn, type int, MEM, MMX } from '../../insn.ts';
import type { Cpu } from '../../state.ts';
import {
  destination,
  enterUnit,
  registerWords,
  requireSse,
  requireUnit,
  STAGED,
  source,
  stage,
  unalignedPlace,
} from './operand.ts';
import { byteSigns } from './words.ts';

// Shuffles: two bits of the immediate select each lane.

/** PSHUFD - DEST's doublewords from SRC's. */
export function PSHUFD(c: Cpu, i: Insn): void {
  requireSse(c);
  const s = source(c, i.src);
  const d = destination(c, i.dst);
  const w = c.words;
  const n = i.src2.value;
  const r0 = w[s + (n & 3)];
  const r1 = w[s + ((n >> 2) & 3)];
  const r2 = w[s + ((n >> 4) & 3)];
  const r3 = w[s + ((n >> 6) & 3)];
  w[d] = r0;
  w[d + 1] = r1;
  w[d + 2] = r2;
  w[d + 3] = r3;
}

/** SHUFPS - DEST's lower doublewords from DEST, the upper ones from SRC. */
export function SHUFPS(c: Cpu, i: Insn): void {
  requireSse(c);
  const s = source(c, i.src);
  const d = destination(c, i.dst);
  const w = c.words;
  const n = i.src2.value;
  const r0 = w[d + (n & 3)];
  const r1 = w[d + ((n >> 2) & 3)];
  const r2 = w[s + ((n >> 4) & 3)];
  const r3 = w[s + ((n >> 6) & 3)];
  w[d] = r0;
  w[d + 1] = r1;
  w[d + 2] = r2;
  w[d + 3] = r3;
}

/** SHUFPD - the low quadword from DEST by bit 0, the high one from SRC by bit 1. */
export function SHUFPD(c: Cpu, i: Insn): void {
  requireSse(c);
  const s = source(c, i.src);
  const d = destination(c, i.dst);
  const w = c.words;
  const a = d + ((i.src2.value & 1) << 1);
  const b = s + (i.src2.value & 2);
  const r0 = w[a];
  const r1 = w[a + 1];
  const r2 = w[b];
  const r3 = w[b + 1];
  w[d] = r0;
  w[d + 1] = r1;
  w[d + 2] = r2;
  w[d + 3] = r3;
}

/** PSHUFW - DEST's words from SRC's (MMX registers). */
export function PSHUFW(c: Cpu, i: Insn): void {
  requireUnit(c, i.dst);
  const s = source(c, i.src);
  shuffleWords(c, destination(c, i.dst), s, i.src2.value);
}

/** PSHUFLW - the low words shuffled, the high quadword copied. */
export function PSHUFLW(c: Cpu, i: Insn): void {
  requireSse(c);
  const s = source(c, i.src);
  const d = destination(c, i.dst);
  shuffleWords(c, d, s, i.src2.value);
  c.words[d + 2] = c.words[s + 2];
  c.words[d + 3] = c.words[s + 3];
}

/** PSHUFHW - the high words shuffled, the low quadword copied. */
export function PSHUFHW(c: Cpu, i: Insn): void {
  requireSse(c);
  const s = source(c, i.src);
  const d = destination(c, i.dst);
  shuffleWords(c, d + 2, s + 2, i.src2.value);
  c.words[d] = c.words[s];
  c.words[d + 1] = c.words[s + 1];
}

/** MOVSLDUP - the even singles, each twice. */
export function MOVSLDUP(c: Cpu, i: Insn): void {
  requireSse(c);
  const s = source(c, i.src);
  const d = destination(c, i.dst);
  const w = c.words;
  w[d] = w[s];
  w[d + 1] = w[s];
  w[d + 2] = w[s + 2];
  w[d + 3] = w[s + 2];
}

/** MOVSHDUP - the odd singles, each twice. */
export function MOVSHDUP(c: Cpu, i: Insn): void {
  requireSse(c);
  const s = source(c, i.src);
  const d = destination(c, i.dst);
  const w = c.words;
  w[d] = w[s + 1];
  w[d + 1] = w[s + 1];
  w[d + 2] = w[s + 3];
  w[d + 3] = w[s + 3];
}

/** MOVDDUP - the low double, twice. */
export function MOVDDUP(c: Cpu, i: Insn): void {
  requireSse(c);
  const s = source(c, i.src);
  const d = destination(c, i.dst);
  const w = c.words;
  w[d] = w[s];
  w[d + 1] = w[s + 1];
  w[d + 2] = w[s];
  w[d + 3] = w[s + 1];
}

// Single words; masks of signs.

/** PINSRW - the word that the immediate selects becomes SRC (low word of a register, or memory). */
export function PINSRW(c: Cpu, i: Insn): void {
  requireUnit(c, i.dst);
  if (i.src.kind === MEM) stage(c, unalignedPlace(c, i.src), 16);
  const v = i.src.kind === MEM ? c.words[STAGED] : c.reg[i.src.n];
  const lane = i.src2.value & (i.dst.kind === MMX ? 3 : 7);
  const d = destination(c, i.dst) + (lane >> 1);
  const up = (lane & 1) << 4;
  c.words[d] = (c.words[d] & ~(65535 << up)) | ((v & 65535) << up);
}

/** PEXTRW - DEST <- the word that the immediate selects, zero-extended. */
export function PEXTRW(c: Cpu, i: Insn): void {
  requireUnit(c, i.src);
  const lane = i.src2.value & (i.src.kind === MMX ? 3 : 7);
  const s = registerWords(c, i.src) + (lane >> 1);
  enterUnit(c, i.src);
  c.reg[i.dst.n] = (c.words[s] >>> ((lane & 1) << 4)) & 65535;
}

/** PMOVMSKB - DEST <- the top bits of SRC's bytes. */
export function PMOVMSKB(c: Cpu, i: Insn): void {
  requireUnit(c, i.src);
  const s = registerWords(c, i.src);
  const w = c.words;
  enterUnit(c, i.src);
  const r = byteSigns(w[s]) | (byteSigns(w[s + 1]) << 4);
  c.reg[i.dst.n] = i.src.kind === MMX ? r : r | (byteSigns(w[s + 2]) << 8) | (byteSigns(w[s + 3]) << 12);
}

/** MOVMSKPS - DEST <- the signs of the four singles. */
export function MOVMSKPS(c: Cpu, i: Insn): void {
  requireSse(c);
  const s = registerWords(c, i.src);
  const w = c.words;
  c.reg[i.dst.n] = (w[s] >>> 31) | ((w[s + 1] >>> 31) << 1) | ((w[s + 2] >>> 31) << 2) | ((w[s + 3] >>> 31) << 3);
}

/** MOVMSKPD - DEST <- the signs of the two doubles. */
export function MOVMSKPD(c: Cpu, i: Insn): void {
  requireSse(c);
  const s = registerWords(c, i.src);
  c.reg[i.dst.n] = (c.words[s + 1] >>> 31) | ((c.words[s + 3] >>> 31) << 1);
}

/** Two words of `d` from the four 16-bit words at `s`. */
function shuffleWords(c: Cpu, d: int, s: int, n: int): void {
  const w = c.words;
  const r0 = wordAt(w[s], w[s + 1], n & 3) | (wordAt(w[s], w[s + 1], (n >> 2) & 3) << 16);
  const r1 = wordAt(w[s], w[s + 1], (n >> 4) & 3) | (wordAt(w[s], w[s + 1], (n >> 6) & 3) << 16);
  w[d] = r0;
  w[d + 1] = r1;
}

function wordAt(w0: int, w1: int, k: int): int {
  return ((k & 2 ? w1 : w0) >>> ((k & 1) << 4)) & 65535;
}
