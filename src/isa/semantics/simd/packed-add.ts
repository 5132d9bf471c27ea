// Packed addition and subtraction of bytes, words and doublewords, wraparound and saturating, on MMX and XMM registers
// (SDM vol. 2). No flags.

import { type Insn, MMX } from '../../insn.ts';
import type { Cpu } from '../../state.ts';
import { destination, requireUnit, source } from './operand.ts';
import {
  addBytes,
  addDoublewords,
  addSignedBytes,
  addSignedWords,
  addUnsignedBytes,
  addUnsignedWords,
  addWords,
  subBytes,
  subDoublewords,
  subSignedBytes,
  subSignedWords,
  subUnsignedBytes,
  subUnsignedWords,
  subWords,
} from './words.ts';

// Wraparound.

/** PADDB - DEST <- DEST + SRC in each byte. */
export function PADDB(c: Cpu, i: Insn): void {
  requireUnit(c, i.dst);
  const s = source(c, i.src);
  const d = destination(c, i.dst);
  const w = c.words;
  w[d] = addBytes(w[d], w[s]);
  w[d + 1] = addBytes(w[d + 1], w[s + 1]);
  if (i.dst.kind !== MMX) {
    w[d + 2] = addBytes(w[d + 2], w[s + 2]);
    w[d + 3] = addBytes(w[d + 3], w[s + 3]);
  }
}

/** PADDW - DEST <- DEST + SRC in each word. */
export function PADDW(c: Cpu, i: Insn): void {
  requireUnit(c, i.dst);
  const s = source(c, i.src);
  const d = destination(c, i.dst);
  const w = c.words;
  w[d] = addWords(w[d], w[s]);
  w[d + 1] = addWords(w[d + 1], w[s + 1]);
  if (i.dst.kind !== MMX) {
    w[d + 2] = addWords(w[d + 2], w[s + 2]);
    w[d + 3] = addWords(w[d + 3], w[s + 3]);
  }
}

/** PADDD - DEST <- DEST + SRC in each doubleword. */
export function PADDD(c: Cpu, i: Insn): void {
  requireUnit(c, i.dst);
  const s = source(c, i.src);
  const d = destination(c, i.dst);
  const w = c.words;
  w[d] = addDoublewords(w[d], w[s]);
  w[d + 1] = addDoublewords(w[d + 1], w[s + 1]);
  if (i.dst.kind !== MMX) {
    w[d + 2] = addDoublewords(w[d + 2], w[s + 2]);
    w[d + 3] = addDoublewords(w[d + 3], w[s + 3]);
  }
}

/** PSUBB - DEST <- DEST - SRC in each byte. */
export function PSUBB(c: Cpu, i: Insn): void {
  requireUnit(c, i.dst);
  const s = source(c, i.src);
  const d = destination(c, i.dst);
  const w = c.words;
  w[d] = subBytes(w[d], w[s]);
  w[d + 1] = subBytes(w[d + 1], w[s + 1]);
  if (i.dst.kind !== MMX) {
    w[d + 2] = subBytes(w[d + 2], w[s + 2]);
    w[d + 3] = subBytes(w[d + 3], w[s + 3]);
  }
}

/** PSUBW - DEST <- DEST - SRC in each word. */
export function PSUBW(c: Cpu, i: Insn): void {
  requireUnit(c, i.dst);
  const s = source(c, i.src);
  const d = destination(c, i.dst);
  const w = c.words;
  w[d] = subWords(w[d], w[s]);
  w[d + 1] = subWords(w[d + 1], w[s + 1]);
  if (i.dst.kind !== MMX) {
    w[d + 2] = subWords(w[d + 2], w[s + 2]);
    w[d + 3] = subWords(w[d + 3], w[s + 3]);
  }
}

/** PSUBD - DEST <- DEST - SRC in each doubleword. */
export function PSUBD(c: Cpu, i: Insn): void {
  requireUnit(c, i.dst);
  const s = source(c, i.src);
  const d = destination(c, i.dst);
  const w = c.words;
  w[d] = subDoublewords(w[d], w[s]);
  w[d + 1] = subDoublewords(w[d + 1], w[s + 1]);
  if (i.dst.kind !== MMX) {
    w[d + 2] = subDoublewords(w[d + 2], w[s + 2]);
    w[d + 3] = subDoublewords(w[d + 3], w[s + 3]);
  }
}

// Saturating.

/** PADDUSB - DEST <- DEST + SRC in each unsigned byte, at most 255. */
export function PADDUSB(c: Cpu, i: Insn): void {
  requireUnit(c, i.dst);
  const s = source(c, i.src);
  const d = destination(c, i.dst);
  const w = c.words;
  w[d] = addUnsignedBytes(w[d], w[s]);
  w[d + 1] = addUnsignedBytes(w[d + 1], w[s + 1]);
  if (i.dst.kind !== MMX) {
    w[d + 2] = addUnsignedBytes(w[d + 2], w[s + 2]);
    w[d + 3] = addUnsignedBytes(w[d + 3], w[s + 3]);
  }
}

/** PADDUSW - DEST <- DEST + SRC in each unsigned word, at most 65535. */
export function PADDUSW(c: Cpu, i: Insn): void {
  requireUnit(c, i.dst);
  const s = source(c, i.src);
  const d = destination(c, i.dst);
  const w = c.words;
  w[d] = addUnsignedWords(w[d], w[s]);
  w[d + 1] = addUnsignedWords(w[d + 1], w[s + 1]);
  if (i.dst.kind !== MMX) {
    w[d + 2] = addUnsignedWords(w[d + 2], w[s + 2]);
    w[d + 3] = addUnsignedWords(w[d + 3], w[s + 3]);
  }
}

/** PADDSB - DEST <- DEST + SRC in each signed byte, within -128..127. */
export function PADDSB(c: Cpu, i: Insn): void {
  requireUnit(c, i.dst);
  const s = source(c, i.src);
  const d = destination(c, i.dst);
  const w = c.words;
  w[d] = addSignedBytes(w[d], w[s]);
  w[d + 1] = addSignedBytes(w[d + 1], w[s + 1]);
  if (i.dst.kind !== MMX) {
    w[d + 2] = addSignedBytes(w[d + 2], w[s + 2]);
    w[d + 3] = addSignedBytes(w[d + 3], w[s + 3]);
  }
}

/** PADDSW - DEST <- DEST + SRC in each signed word, within -32768..32767. */
export function PADDSW(c: Cpu, i: Insn): void {
  requireUnit(c, i.dst);
  const s = source(c, i.src);
  const d = destination(c, i.dst);
  const w = c.words;
  w[d] = addSignedWords(w[d], w[s]);
  w[d + 1] = addSignedWords(w[d + 1], w[s + 1]);
  if (i.dst.kind !== MMX) {
    w[d + 2] = addSignedWords(w[d + 2], w[s + 2]);
    w[d + 3] = addSignedWords(w[d + 3], w[s + 3]);
  }
}

/** PSUBUSB - DEST <- DEST - SRC in each unsigned byte, at least 0. */
export function PSUBUSB(c: Cpu, i: Insn): void {
  requireUnit(c, i.dst);
  const s = source(c, i.src);
  const d = destination(c, i.dst);
  const w = c.words;
  w[d] = subUnsignedBytes(w[d], w[s]);
  w[d + 1] = subUnsignedBytes(w[d + 1], w[s + 1]);
  if (i.dst.kind !== MMX) {
    w[d + 2] = subUnsignedBytes(w[d + 2], w[s + 2]);
    w[d + 3] = subUnsignedBytes(w[d + 3], w[s + 3]);
  }
}

/** PSUBUSW - DEST <- DEST - SRC in each unsigned word, at least 0. */
export function PSUBUSW(c: Cpu, i: Insn): void {
  requireUnit(c, i.dst);
  const s = source(c, i.src);
  const d = destination(c, i.dst);
  const w = c.words;
  w[d] = subUnsignedWords(w[d], w[s]);
  w[d + 1] = subUnsignedWords(w[d + 1], w[s + 1]);
  if (i.dst.kind !== MMX) {
    w[d + 2] = subUnsignedWords(w[d + 2], w[s + 2]);
    w[d + 3] = subUnsignedWords(w[d + 3], w[s + 3]);
  }
}

/** PSUBSB - DEST <- DEST - SRC in each signed byte, within -128..127. */
export function PSUBSB(c: Cpu, i: Insn): void {
  requireUnit(c, i.dst);
  const s = source(c, i.src);
  const d = destination(c, i.dst);
  const w = c.words;
  w[d] = subSignedBytes(w[d], w[s]);
  w[d + 1] = subSignedBytes(w[d + 1], w[s + 1]);
  if (i.dst.kind !== MMX) {
    w[d + 2] = subSignedBytes(w[d + 2], w[s + 2]);
    w[d + 3] = subSignedBytes(w[d + 3], w[s + 3]);
  }
}

/** PSUBSW - DEST <- DEST - SRC in each signed word, within -32768..32767. */
export function PSUBSW(c: Cpu, i: Insn): void {
  requireUnit(c, i.dst);
  const s = source(c, i.src);
  const d = destination(c, i.dst);
  const w = c.words;
  w[d] = subSignedWords(w[d], w[s]);
  w[d + 1] = subSignedWords(w[d + 1], w[s + 1]);
  if (i.dst.kind !== MMX) {
    w[d + 2] = subSignedWords(w[d + 2], w[s + 2]);
    w[d + 3] = subSignedWords(w[d + 3], w[s + 3]);
  }
}
