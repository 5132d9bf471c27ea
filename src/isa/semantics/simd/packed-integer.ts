// Packed-integer and logical instructions that work word by word, on MMX and XMM registers (SDM vol. 2). No flags.

import type { Insn } from '../../insn.ts';
import type { Cpu } from '../../state.ts';
import { each } from './operand.ts';
import {
  addBytes,
  addDoublewords,
  addSignedBytes,
  addSignedWords,
  addUnsignedBytes,
  addUnsignedWords,
  addWords,
  and,
  andNot,
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
  mulAddWords,
  mulHighUnsignedWords,
  mulHighWords,
  mulLowWords,
  or,
  subBytes,
  subDoublewords,
  subSignedBytes,
  subSignedWords,
  subUnsignedBytes,
  subUnsignedWords,
  subWords,
  xor,
} from './words.ts';

// Addition and subtraction, wraparound.

/** PADDB - DEST <- DEST + SRC in each byte. */
export function PADDB(c: Cpu, i: Insn): void {
  each(c, i, addBytes);
}

/** PADDW - the same in each word. */
export function PADDW(c: Cpu, i: Insn): void {
  each(c, i, addWords);
}

/** PADDD - the same in each doubleword. */
export function PADDD(c: Cpu, i: Insn): void {
  each(c, i, addDoublewords);
}

/** PSUBB - DEST <- DEST - SRC in each byte. */
export function PSUBB(c: Cpu, i: Insn): void {
  each(c, i, subBytes);
}

/** PSUBW - the same in each word. */
export function PSUBW(c: Cpu, i: Insn): void {
  each(c, i, subWords);
}

/** PSUBD - the same in each doubleword. */
export function PSUBD(c: Cpu, i: Insn): void {
  each(c, i, subDoublewords);
}

// Addition and subtraction, saturating.

/** PADDUSB - DEST <- DEST + SRC in each byte, at most 255. */
export function PADDUSB(c: Cpu, i: Insn): void {
  each(c, i, addUnsignedBytes);
}

/** PADDUSW - the same in each word, at most 65535. */
export function PADDUSW(c: Cpu, i: Insn): void {
  each(c, i, addUnsignedWords);
}

/** PADDSB - the same in each signed byte, within -128..127. */
export function PADDSB(c: Cpu, i: Insn): void {
  each(c, i, addSignedBytes);
}

/** PADDSW - the same in each signed word, within -32768..32767. */
export function PADDSW(c: Cpu, i: Insn): void {
  each(c, i, addSignedWords);
}

/** PSUBUSB - DEST <- DEST - SRC in each byte, at least 0. */
export function PSUBUSB(c: Cpu, i: Insn): void {
  each(c, i, subUnsignedBytes);
}

/** PSUBUSW - the same in each word. */
export function PSUBUSW(c: Cpu, i: Insn): void {
  each(c, i, subUnsignedWords);
}

/** PSUBSB - the same in each signed byte, within -128..127. */
export function PSUBSB(c: Cpu, i: Insn): void {
  each(c, i, subSignedBytes);
}

/** PSUBSW - the same in each signed word, within -32768..32767. */
export function PSUBSW(c: Cpu, i: Insn): void {
  each(c, i, subSignedWords);
}

// Comparison.

/** PCMPEQB - each byte becomes all ones where DEST = SRC, else zero. */
export function PCMPEQB(c: Cpu, i: Insn): void {
  each(c, i, equalBytes);
}

/** PCMPEQW - the same for words. */
export function PCMPEQW(c: Cpu, i: Insn): void {
  each(c, i, equalWords);
}

/** PCMPEQD - the same for doublewords. */
export function PCMPEQD(c: Cpu, i: Insn): void {
  each(c, i, equalDoublewords);
}

/** PCMPGTB - each byte becomes all ones where DEST > SRC, signed, else zero. */
export function PCMPGTB(c: Cpu, i: Insn): void {
  each(c, i, greaterBytes);
}

/** PCMPGTW - the same for words. */
export function PCMPGTW(c: Cpu, i: Insn): void {
  each(c, i, greaterWords);
}

/** PCMPGTD - the same for doublewords. */
export function PCMPGTD(c: Cpu, i: Insn): void {
  each(c, i, greaterDoublewords);
}

// Minimum, maximum, average.

/** PMINUB - the lesser of the unsigned bytes. */
export function PMINUB(c: Cpu, i: Insn): void {
  each(c, i, minUnsignedBytes);
}

/** PMAXUB - the greater of the unsigned bytes. */
export function PMAXUB(c: Cpu, i: Insn): void {
  each(c, i, maxUnsignedBytes);
}

/** PMINSW - the lesser of the signed words. */
export function PMINSW(c: Cpu, i: Insn): void {
  each(c, i, minSignedWords);
}

/** PMAXSW - the greater of the signed words. */
export function PMAXSW(c: Cpu, i: Insn): void {
  each(c, i, maxSignedWords);
}

/** PAVGB - (DEST + SRC + 1) >> 1 in each unsigned byte. */
export function PAVGB(c: Cpu, i: Insn): void {
  each(c, i, averageBytes);
}

/** PAVGW - the same in each unsigned word. */
export function PAVGW(c: Cpu, i: Insn): void {
  each(c, i, averageWords);
}

// Multiplication of words.

/** PMULLW - the low words of the products. */
export function PMULLW(c: Cpu, i: Insn): void {
  each(c, i, mulLowWords);
}

/** PMULHW - the high words of the signed products. */
export function PMULHW(c: Cpu, i: Insn): void {
  each(c, i, mulHighWords);
}

/** PMULHUW - the high words of the unsigned products. */
export function PMULHUW(c: Cpu, i: Insn): void {
  each(c, i, mulHighUnsignedWords);
}

/** PMADDWD - signed products, adjacent ones added: doublewords. */
export function PMADDWD(c: Cpu, i: Insn): void {
  each(c, i, mulAddWords);
}

// Logic.

/** PAND - DEST <- DEST and SRC. */
export function PAND(c: Cpu, i: Insn): void {
  each(c, i, and);
}

/** PANDN - DEST <- not DEST and SRC. */
export function PANDN(c: Cpu, i: Insn): void {
  each(c, i, andNot);
}

/** POR - DEST <- DEST or SRC. */
export function POR(c: Cpu, i: Insn): void {
  each(c, i, or);
}

/** PXOR - DEST <- DEST xor SRC. */
export function PXOR(c: Cpu, i: Insn): void {
  each(c, i, xor);
}

/** ANDPS - DEST <- DEST and SRC. */
export function ANDPS(c: Cpu, i: Insn): void {
  each(c, i, and);
}

/** ANDPD - as ANDPS. */
export function ANDPD(c: Cpu, i: Insn): void {
  each(c, i, and);
}

/** ANDNPS - DEST <- not DEST and SRC. */
export function ANDNPS(c: Cpu, i: Insn): void {
  each(c, i, andNot);
}

/** ANDNPD - as ANDNPS. */
export function ANDNPD(c: Cpu, i: Insn): void {
  each(c, i, andNot);
}

/** ORPS - DEST <- DEST or SRC. */
export function ORPS(c: Cpu, i: Insn): void {
  each(c, i, or);
}

/** ORPD - as ORPS. */
export function ORPD(c: Cpu, i: Insn): void {
  each(c, i, or);
}

/** XORPS - DEST <- DEST xor SRC. */
export function XORPS(c: Cpu, i: Insn): void {
  each(c, i, xor);
}

/** XORPD - as XORPS. */
export function XORPD(c: Cpu, i: Insn): void {
  each(c, i, xor);
}
