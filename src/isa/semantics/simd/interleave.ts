// Packs and unpacks (SDM vol. 2). On MMX and XMM registers. No flags.
// All words that an instruction reads are read before it writes one: source and destination may be one register.

import { type Insn, MMX } from '../../insn.ts';
import type { Cpu } from '../../state.ts';
import { destination, requireSse, requireUnit, source } from './operand.ts';
import {
  interleaveHighBytes,
  interleaveHighWords,
  interleaveLowBytes,
  interleaveLowWords,
  packSignedBytes,
  packSignedWords,
  packUnsignedBytes,
} from './words.ts';

// Narrowing: the lower half of the destination from DEST, the upper from SRC.

/** PACKSSWB - words to bytes, signed saturation. */
export function PACKSSWB(c: Cpu, i: Insn): void {
  requireUnit(c, i.dst);
  const s = source(c, i.src);
  const d = destination(c, i.dst);
  const w = c.words;
  const upper = packSignedBytes(w[s], w[s + 1]);
  w[d] = packSignedBytes(w[d], w[d + 1]);
  if (i.dst.kind === MMX) w[d + 1] = upper;
  else {
    const top = packSignedBytes(w[s + 2], w[s + 3]);
    w[d + 1] = packSignedBytes(w[d + 2], w[d + 3]);
    w[d + 2] = upper;
    w[d + 3] = top;
  }
}

/** PACKUSWB - signed words to bytes, unsigned saturation. */
export function PACKUSWB(c: Cpu, i: Insn): void {
  requireUnit(c, i.dst);
  const s = source(c, i.src);
  const d = destination(c, i.dst);
  const w = c.words;
  const upper = packUnsignedBytes(w[s], w[s + 1]);
  w[d] = packUnsignedBytes(w[d], w[d + 1]);
  if (i.dst.kind === MMX) w[d + 1] = upper;
  else {
    const top = packUnsignedBytes(w[s + 2], w[s + 3]);
    w[d + 1] = packUnsignedBytes(w[d + 2], w[d + 3]);
    w[d + 2] = upper;
    w[d + 3] = top;
  }
}

/** PACKSSDW - doublewords to words, signed saturation. */
export function PACKSSDW(c: Cpu, i: Insn): void {
  requireUnit(c, i.dst);
  const s = source(c, i.src);
  const d = destination(c, i.dst);
  const w = c.words;
  const upper = packSignedWords(w[s], w[s + 1]);
  w[d] = packSignedWords(w[d], w[d + 1]);
  if (i.dst.kind === MMX) w[d + 1] = upper;
  else {
    const top = packSignedWords(w[s + 2], w[s + 3]);
    w[d + 1] = packSignedWords(w[d + 2], w[d + 3]);
    w[d + 2] = upper;
    w[d + 3] = top;
  }
}

// Interleaving of the lower or upper halves of DEST and SRC.

/** PUNPCKLBW - the lower bytes. */
export function PUNPCKLBW(c: Cpu, i: Insn): void {
  requireUnit(c, i.dst);
  const s = source(c, i.src);
  const d = destination(c, i.dst);
  const w = c.words;
  const a0 = w[d];
  const b0 = w[s];
  if (i.dst.kind !== MMX) {
    const a1 = w[d + 1];
    const b1 = w[s + 1];
    w[d + 2] = interleaveLowBytes(a1, b1);
    w[d + 3] = interleaveHighBytes(a1, b1);
  }
  w[d] = interleaveLowBytes(a0, b0);
  w[d + 1] = interleaveHighBytes(a0, b0);
}

/** PUNPCKHBW - the upper bytes. */
export function PUNPCKHBW(c: Cpu, i: Insn): void {
  requireUnit(c, i.dst);
  const s = source(c, i.src);
  const d = destination(c, i.dst);
  const w = c.words;
  const last = i.dst.kind === MMX ? 1 : 3;
  const a = w[d + last];
  const b = w[s + last];
  if (i.dst.kind !== MMX) {
    const a2 = w[d + 2];
    const b2 = w[s + 2];
    w[d] = interleaveLowBytes(a2, b2);
    w[d + 1] = interleaveHighBytes(a2, b2);
  }
  w[d + last - 1] = interleaveLowBytes(a, b);
  w[d + last] = interleaveHighBytes(a, b);
}

/** PUNPCKLWD - the lower words. */
export function PUNPCKLWD(c: Cpu, i: Insn): void {
  requireUnit(c, i.dst);
  const s = source(c, i.src);
  const d = destination(c, i.dst);
  const w = c.words;
  const a0 = w[d];
  const b0 = w[s];
  if (i.dst.kind !== MMX) {
    const a1 = w[d + 1];
    const b1 = w[s + 1];
    w[d + 2] = interleaveLowWords(a1, b1);
    w[d + 3] = interleaveHighWords(a1, b1);
  }
  w[d] = interleaveLowWords(a0, b0);
  w[d + 1] = interleaveHighWords(a0, b0);
}

/** PUNPCKHWD - the upper words. */
export function PUNPCKHWD(c: Cpu, i: Insn): void {
  requireUnit(c, i.dst);
  const s = source(c, i.src);
  const d = destination(c, i.dst);
  const w = c.words;
  const last = i.dst.kind === MMX ? 1 : 3;
  const a = w[d + last];
  const b = w[s + last];
  if (i.dst.kind !== MMX) {
    const a2 = w[d + 2];
    const b2 = w[s + 2];
    w[d] = interleaveLowWords(a2, b2);
    w[d + 1] = interleaveHighWords(a2, b2);
  }
  w[d + last - 1] = interleaveLowWords(a, b);
  w[d + last] = interleaveHighWords(a, b);
}

/** PUNPCKLDQ - the lower doublewords. */
export function PUNPCKLDQ(c: Cpu, i: Insn): void {
  requireUnit(c, i.dst);
  const s = source(c, i.src);
  const d = destination(c, i.dst);
  const w = c.words;
  const a1 = w[d + 1];
  const b0 = w[s];
  if (i.dst.kind !== MMX) {
    w[d + 3] = w[s + 1];
    w[d + 2] = a1;
  }
  w[d + 1] = b0;
}
/** UNPCKLPS - as PUNPCKLDQ. */
export function UNPCKLPS(c: Cpu, i: Insn): void {
  PUNPCKLDQ(c, i);
}

/** PUNPCKHDQ - the upper doublewords. */
export function PUNPCKHDQ(c: Cpu, i: Insn): void {
  requireUnit(c, i.dst);
  const s = source(c, i.src);
  const d = destination(c, i.dst);
  const w = c.words;
  if (i.dst.kind === MMX) {
    const b1 = w[s + 1];
    w[d] = w[d + 1];
    w[d + 1] = b1;
  } else {
    const b2 = w[s + 2];
    const b3 = w[s + 3];
    w[d] = w[d + 2];
    w[d + 1] = b2;
    w[d + 2] = w[d + 3];
    w[d + 3] = b3;
  }
}
/** UNPCKHPS - as PUNPCKHDQ. */
export function UNPCKHPS(c: Cpu, i: Insn): void {
  PUNPCKHDQ(c, i);
}

/** PUNPCKLQDQ - the lower quadwords. */
export function PUNPCKLQDQ(c: Cpu, i: Insn): void {
  requireSse(c);
  const s = source(c, i.src);
  const d = destination(c, i.dst);
  c.words[d + 2] = c.words[s];
  c.words[d + 3] = c.words[s + 1];
}
/** UNPCKLPD - as PUNPCKLQDQ. */
export function UNPCKLPD(c: Cpu, i: Insn): void {
  PUNPCKLQDQ(c, i);
}

/** PUNPCKHQDQ - the upper quadwords. */
export function PUNPCKHQDQ(c: Cpu, i: Insn): void {
  requireSse(c);
  const s = source(c, i.src);
  const d = destination(c, i.dst);
  c.words[d] = c.words[d + 2];
  c.words[d + 1] = c.words[d + 3];
  c.words[d + 2] = c.words[s + 2];
  c.words[d + 3] = c.words[s + 3];
}
/** UNPCKHPD - as PUNPCKHQDQ. */
export function UNPCKHPD(c: Cpu, i: Insn): void {
  PUNPCKHQDQ(c, i);
}
