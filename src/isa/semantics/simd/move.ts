// Moves among MMX, XMM and general registers and memory (SDM vol. 2). No flags, no numeric exceptions; everything moves
// as words, so that the bits of NaNs survive.
//
// Deviations: the non-temporal stores are ordinary ones.

import type { Place } from '../../environment.ts';
import { type Insn, type int, MEM, MMX, type Operand, REG } from '../../insn.ts';
import { holdsDouble, load, store, writePlace } from '../../prims.ts';
import type { Cpu } from '../../state.ts';
import { offset } from '../operand.ts';
import { mmxCheck, mmxEnter, mmxLeave } from '../x87/mmx-alias.ts';
import {
  alignedPlace,
  alignedTarget,
  destination,
  enterUnit,
  registerWords,
  requireBoth,
  requireSse,
  requireUnit,
  stage,
  storeWords,
  unalignedPlace,
  unalignedSource,
} from './operand.ts';

// 128 bits.

/** MOVAPS - DEST <- SRC; #GP(0) for memory that is not aligned to 16 bytes. */
export function MOVAPS(c: Cpu, i: Insn): void {
  requireSse(c);
  if (i.dst.kind === MEM) storeWords(c, alignedTarget(c, i.dst), 128, registerWords(c, i.src));
  else if (i.src.kind === MEM) fetch(c, registerWords(c, i.dst), alignedPlace(c, i.src));
  else copy(c, registerWords(c, i.dst), registerWords(c, i.src));
}
/** MOVAPD - as MOVAPS. */
export function MOVAPD(c: Cpu, i: Insn): void {
  MOVAPS(c, i);
}
/** MOVDQA - as MOVAPS. */
export function MOVDQA(c: Cpu, i: Insn): void {
  MOVAPS(c, i);
}
/** MOVNTPS, MOVNTPD, MOVNTDQ - as MOVAPS, to memory. */
export function MOVNTPS(c: Cpu, i: Insn): void {
  MOVAPS(c, i);
}
export function MOVNTPD(c: Cpu, i: Insn): void {
  MOVAPS(c, i);
}
export function MOVNTDQ(c: Cpu, i: Insn): void {
  MOVAPS(c, i);
}

/** MOVUPS - DEST <- SRC, of any alignment. */
export function MOVUPS(c: Cpu, i: Insn): void {
  requireSse(c);
  if (i.dst.kind === MEM) storeWords(c, target(c, i.dst), 128, registerWords(c, i.src));
  else if (i.src.kind === MEM) fetch(c, registerWords(c, i.dst), unalignedPlace(c, i.src));
  else copy(c, registerWords(c, i.dst), registerWords(c, i.src));
}
/** MOVUPD - as MOVUPS. */
export function MOVUPD(c: Cpu, i: Insn): void {
  MOVUPS(c, i);
}
/** MOVDQU - as MOVUPS. */
export function MOVDQU(c: Cpu, i: Insn): void {
  MOVUPS(c, i);
}
/** LDDQU - as MOVUPS, from memory. */
export function LDDQU(c: Cpu, i: Insn): void {
  MOVUPS(c, i);
}

// 64 and 32 bits.

/** MOVSS - DEST <- SRC (single). Loads clear the rest of the register, register moves keep it. */
export function MOVSS(c: Cpu, i: Insn): void {
  requireSse(c);
  if (i.dst.kind === MEM) storeWords(c, target(c, i.dst), 32, registerWords(c, i.src));
  else {
    const s = unalignedSource(c, i.src);
    const d = registerWords(c, i.dst);
    c.words[d] = c.words[s];
    if (i.src.kind === MEM) {
      c.words[d + 1] = 0;
      c.words[d + 2] = 0;
      c.words[d + 3] = 0;
    }
  }
}

/** MOVSD (xmm) - DEST <- SRC (double). Loads clear the rest of the register, register moves keep it. */
export function MOVSDX(c: Cpu, i: Insn): void {
  requireSse(c);
  if (i.dst.kind === MEM) storeWords(c, target(c, i.dst), 64, registerWords(c, i.src));
  else if (i.src.kind === MEM) {
    const p = unalignedPlace(c, i.src);
    const d = putLow(c, i.dst, stage(c, p, 64));
    holdsDouble(c, d, p, 0);
    clearHigh(c, d);
  } else putLow(c, i.dst, registerWords(c, i.src));
}

/** MOVLPS - the low quadword from or to memory; the high one stays. */
export function MOVLPS(c: Cpu, i: Insn): void {
  requireSse(c);
  if (i.dst.kind === MEM) storeWords(c, target(c, i.dst), 64, registerWords(c, i.src));
  else putLow(c, i.dst, unalignedSource(c, i.src));
}
/** MOVLPD - as MOVLPS. */
export function MOVLPD(c: Cpu, i: Insn): void {
  MOVLPS(c, i);
}

/** MOVHPS - the high quadword from or to memory; the low one stays. */
export function MOVHPS(c: Cpu, i: Insn): void {
  requireSse(c);
  if (i.dst.kind === MEM) storeWords(c, target(c, i.dst), 64, registerWords(c, i.src) + 2);
  else putHigh(c, i.dst, unalignedSource(c, i.src));
}
/** MOVHPD - as MOVHPS. */
export function MOVHPD(c: Cpu, i: Insn): void {
  MOVHPS(c, i);
}

/** MOVHLPS - DEST's low quadword <- SRC's high one. */
export function MOVHLPS(c: Cpu, i: Insn): void {
  requireSse(c);
  putLow(c, i.dst, registerWords(c, i.src) + 2);
}
/** MOVLHPS - DEST's high quadword <- SRC's low one. */
export function MOVLHPS(c: Cpu, i: Insn): void {
  requireSse(c);
  putHigh(c, i.dst, registerWords(c, i.src));
}

/** MOVQ - DEST <- SRC (64 bits); an XMM register's high quadword becomes zero. */
export function MOVQ(c: Cpu, i: Insn): void {
  if (i.dst.kind === MEM) {
    requireUnit(c, i.src);
    const p = target(c, i.dst);
    enterUnit(c, i.src);
    storeWords(c, p, 64, registerWords(c, i.src));
  } else {
    requireUnit(c, i.dst);
    const d = putLow(c, i.dst, unalignedSource(c, i.src));
    if (i.dst.kind !== MMX) clearHigh(c, d);
  }
}
/** MOVNTQ - as MOVQ, to memory. */
export function MOVNTQ(c: Cpu, i: Insn): void {
  MOVQ(c, i);
}

/** MOVD - a doubleword between an MMX or XMM register, whose rest becomes zero, and a general register or memory. */
export function MOVD(c: Cpu, i: Insn): void {
  if (i.dst.kind === MEM) {
    requireUnit(c, i.src);
    const p = target(c, i.dst);
    enterUnit(c, i.src);
    storeWords(c, p, 32, registerWords(c, i.src));
  } else if (i.dst.kind === REG) {
    requireUnit(c, i.src);
    enterUnit(c, i.src);
    c.reg[i.dst.n] = c.words[registerWords(c, i.src)];
  } else {
    requireUnit(c, i.dst);
    const v = i.src.kind === REG ? c.reg[i.src.n] : c.words[unalignedSource(c, i.src)];
    const d = destination(c, i.dst);
    c.words[d] = v;
    c.words[d + 1] = 0;
    if (i.dst.kind !== MMX) clearHigh(c, d);
  }
}

/** MOVQ2DQ - DEST (xmm) <- SRC (mm); the high quadword becomes zero. */
export function MOVQ2DQ(c: Cpu, i: Insn): void {
  requireBoth(c);
  mmxEnter(c);
  clearHigh(c, putLow(c, i.dst, registerWords(c, i.src)));
}
/** MOVDQ2Q - DEST (mm) <- the low quadword of SRC (xmm). */
export function MOVDQ2Q(c: Cpu, i: Insn): void {
  requireBoth(c);
  putLow(c, i.dst, registerWords(c, i.src));
}

/** MOVNTI - DEST (memory) <- SRC (general register). */
export function MOVNTI(c: Cpu, i: Insn): void {
  store(c, target(c, i.dst), i.src.size, c.reg[i.src.n]);
}

/** EMMS - the x87 tag word becomes empty. */
export function EMMS(c: Cpu, _i: Insn): void {
  mmxCheck(c);
  mmxLeave(c);
}

function target(c: Cpu, o: Operand): Place {
  return writePlace(c, o.seg, offset(c, o), o.size);
}

/** 128 bits of memory. */
function fetch(c: Cpu, d: int, p: Place): void {
  const w = c.words;
  w[d] = load(c, p, 32, 0);
  w[d + 1] = load(c, p, 32, 4);
  w[d + 2] = load(c, p, 32, 8);
  w[d + 3] = load(c, p, 32, 12);
  holdsDouble(c, d, p, 0);
  holdsDouble(c, d + 2, p, 8);
}

function copy(c: Cpu, d: int, s: int): void {
  const w = c.words;
  w[d] = w[s];
  w[d + 1] = w[s + 1];
  w[d + 2] = w[s + 2];
  w[d + 3] = w[s + 3];
}

/** The quadword at `s` becomes the low one of the register; returns that register's first word. */
function putLow(c: Cpu, o: Operand, s: int): int {
  const d = destination(c, o);
  c.words[d] = c.words[s];
  c.words[d + 1] = c.words[s + 1];
  return d;
}

function putHigh(c: Cpu, o: Operand, s: int): void {
  const d = registerWords(c, o);
  c.words[d + 2] = c.words[s];
  c.words[d + 3] = c.words[s + 1];
}

function clearHigh(c: Cpu, d: int): void {
  c.words[d + 2] = 0;
  c.words[d + 3] = 0;
}
