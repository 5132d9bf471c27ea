// Operand access of the SIMD instructions: the checks before them, and where their operands lie in the register file
// (SDM vol. 3, chapters 12 and 13; vol. 3, tables 23-4 to 23-8).
//
// An operand is the index of its first word in `c.words`, whatever it is: MMX registers are the significands of the x87
// registers, XMM registers are rows of four words, and a memory operand is first loaded into the staging register
// behind XMM7. So an algorithm sees words only, and with operands known these indices are constants.
//
// Order of exceptions, as measured: #UD, #NM, #MF, alignment (#GP, also in SS), segment limits, paging.
//
// Dialect, where the registers are XMM registers.
//
// Deviations: alignment checks of CR0.AM (#AC) are the memory's business, not made here.

import type { Place } from '../../environment.ts';
import { NM, UD } from '../../fault.ts';
import { type int, MEM, MMX, type Operand } from '../../insn.ts';
import { holdsDouble, load, raiseIf, readAligned, readPlace, store, writeAligned, writePlace } from '../../prims.ts';
import type { WORD } from '../../register-file.ts';
import type { Cpu } from '../../state.ts';
import { CR0_EM, CR0_TS, CR4_OSFXSR } from '../../system-bits.ts';
import { offset } from '../operand.ts';
import { mmxCheck, mmxEnter } from '../x87/mmx-alias.ts';

/** Where the register files begin in `c.words`: literals, since the generator reads them. */
export const XMM_WORDS: typeof WORD.xmm = 192;
export const FPR_WORDS: typeof WORD.fpr = 128;
/** First word of the staging register, the one behind XMM7. */
export const STAGED = 224;

/** Before an instruction on XMM registers: #UD (CR0.EM, CR4.OSFXSR clear), #NM (CR0.TS). */
export function requireSse(c: Cpu): void {
  const obstacles = (c.cr0 & (CR0_EM | CR0_TS)) | (~c.cr4 & CR4_OSFXSR);
  raiseIf(c, obstacles, obstacles & ~CR0_TS ? UD : NM);
}

/** Before an instruction on registers of the kind of `o`: MMX registers #UD, #NM, #MF; XMM registers #UD, #NM. */
export function requireUnit(c: Cpu, o: Operand): void {
  if (o.kind === MMX) mmxCheck(c);
  else requireSse(c);
}

/** Before an instruction on both: CVTPI2PS, MOVQ2DQ and their like. */
export function requireBoth(c: Cpu): void {
  requireSse(c);
  mmxCheck(c);
}

/** First word of an MMX or XMM register. */
export function registerWords(_c: Cpu, o: Operand): int {
  return (o.kind === MMX ? FPR_WORDS : XMM_WORDS) + (o.n << 2);
}

/** The place of a memory operand of any alignment, for reading. */
export function unalignedPlace(c: Cpu, o: Operand): Place {
  return readPlace(c, o.seg, offset(c, o), o.size);
}

/** The place of a memory operand for reading; #GP(0) where 128 bits are not aligned to 16 bytes. */
export function alignedPlace(c: Cpu, o: Operand): Place {
  const at = offset(c, o);
  return o.size === 128 ? readAligned(c, o.seg, at, 128) : readPlace(c, o.seg, at, o.size);
}

/** The place of a memory operand for writing; #GP(0) where 128 bits are not aligned to 16 bytes. */
export function alignedTarget(c: Cpu, o: Operand): Place {
  const at = offset(c, o);
  return o.size === 128 ? writeAligned(c, o.seg, at, 128) : writePlace(c, o.seg, at, o.size);
}

/** Loads `size` bits (16, 32, 64, 128) into the staging register; words beyond them are left as they are. */
export function stage(c: Cpu, p: Place, size: int): int {
  c.words[STAGED] = load(c, p, size === 16 ? 16 : 32, 0);
  if (size === 64 || size === 128) c.words[STAGED + 1] = load(c, p, 32, 4);
  if (size === 128) {
    c.words[STAGED + 2] = load(c, p, 32, 8);
    c.words[STAGED + 3] = load(c, p, 32, 12);
  }
  if (size === 64 || size === 128) holdsDouble(c, STAGED, p, 0);
  if (size === 128) holdsDouble(c, STAGED + 2, p, 8);
  return STAGED;
}

/** First word of a source: its register, or the staging register after loading from (aligned) memory. Faults. */
export function source(c: Cpu, o: Operand): int {
  return o.kind === MEM ? stage(c, alignedPlace(c, o), o.size) : registerWords(c, o);
}

/** The same where the manual demands no alignment. */
export function unalignedSource(c: Cpu, o: Operand): int {
  return o.kind === MEM ? stage(c, unalignedPlace(c, o), o.size) : registerWords(c, o);
}

/**
 * First word of a register that is about to be written (and may still be read). For an MMX register this commits what
 * MMX instructions do to the x87 state, so nothing may fault after it.
 */
export function destination(c: Cpu, o: Operand): int {
  const d = registerWords(c, o);
  if (o.kind === MMX) {
    mmxEnter(c);
    c.words[d + 2] = 0xffff;
  }
  return d;
}

/** An MMX instruction that writes no MMX register commits this when nothing can fault any more. */
export function enterUnit(c: Cpu, o: Operand): void {
  if (o.kind === MMX) mmxEnter(c);
}

/** Stores the first `size` bits (32, 64 or 128) from word `s` on. */
export function storeWords(c: Cpu, p: Place, size: int, s: int): void {
  store(c, p, 32, c.words[s], 0);
  if (size === 64 || size === 128) store(c, p, 32, c.words[s + 1], 4);
  if (size === 128) {
    store(c, p, 32, c.words[s + 2], 8);
    store(c, p, 32, c.words[s + 3], 12);
  }
}
