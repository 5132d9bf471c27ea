// FCOM, FUCOM, FCOMI, FUCOMI and their kin, FICOM, FTST, FXAM (SDM vol. 2). Dialect: what is plain, where there is no
// difference between ordered and unordered comparisons; the rest is in compare.ts.
// FCOMI and its kin leave C1 alone (as AMD's processors do).

import { type Insn, type int, MEM } from '../../insn.ts';
import { eq, ge, x87compare } from '../../prims.ts';
import type { Cpu } from '../../state.ts';
import { offset } from '../operand.ts';
import { EXPONENT, FSW_C0, FSW_C1, FSW_C2, FSW_C3, MSB, SIGN } from './bits.ts';
import { compareSlowly, compareToFlagsSlowly, testSlowly } from './compare.ts';
import { emptyAt, note, noteMemory, notPlain, physical, pop, stackWords, stagedOperand } from './plain.ts';
import { waiting } from './stack.ts';

const RESULTS = FSW_C0 | FSW_C1 | FSW_C2 | FSW_C3;

/** FCOM: compares ST(0) with ST(n), m32fp or m64fp; #IA for any NaN. */
export function FCOM(c: Cpu, i: Insn): void {
  compareNumbers(c, i, i.src.n, 0, 0, 0);
}
/** FCOMP: the same, then pop. */
export function FCOMP(c: Cpu, i: Insn): void {
  compareNumbers(c, i, i.src.n, 1, 0, 0);
}
/** FCOMPP: compares ST(0) with ST(1), then pops twice. */
export function FCOMPP(c: Cpu, i: Insn): void {
  compareNumbers(c, i, 1, 2, 0, 0);
}
/** FICOM: compares ST(0) with m16int or m32int. */
export function FICOM(c: Cpu, i: Insn): void {
  compareNumbers(c, i, 0, 0, 1, 0);
}
/** FICOMP: the same, then pop. */
export function FICOMP(c: Cpu, i: Insn): void {
  compareNumbers(c, i, 0, 1, 1, 0);
}
/** FUCOM: as FCOM with ST(n), but quiet NaNs raise nothing. */
export function FUCOM(c: Cpu, i: Insn): void {
  compareNumbers(c, i, i.src.n, 0, 0, 1);
}
/** FUCOMP: the same, then pop. */
export function FUCOMP(c: Cpu, i: Insn): void {
  compareNumbers(c, i, i.src.n, 1, 0, 1);
}
/** FUCOMPP: FUCOM with ST(1), then pops twice. */
export function FUCOMPP(c: Cpu, i: Insn): void {
  compareNumbers(c, i, 1, 2, 0, 1);
}

function compareNumbers(c: Cpu, i: Insn, n: int, pops: int, isInteger: int, isQuiet: int): void {
  waiting(c);
  const at = i.src.kind === MEM ? offset(c, i.src) : 0;
  const s = i.src.kind === MEM ? stagedOperand(c, i.src, at, isInteger) : stackWords(c, n);
  const empty = (i.src.kind === MEM ? 0 : emptyAt(c, n)) | emptyAt(c, 0);
  const t = compared(c, s);
  if (empty | notPlain(c, t)) compareSlowly(c, i, n, pops, isInteger, isQuiet);
  else {
    if (i.src.kind === MEM) noteMemory(c, i, i.src, at);
    else note(c, i);
    c.fsw = (c.fsw & ~RESULTS) | t;
    if (pops !== 0) pop(c);
    if (pops === 2) pop(c);
  }
}

/** The unit's answer for ST(0) and the number whose words begin at s. */
function compared(c: Cpu, s: int): int {
  const a = stackWords(c, 0);
  return x87compare(c.words[a], c.words[a + 1], c.words[a + 2], c.words[s], c.words[s + 1], c.words[s + 2]);
}

/** FTST: compares ST(0) with 0. */
export function FTST(c: Cpu, i: Insn): void {
  waiting(c);
  const a = stackWords(c, 0);
  const empty = emptyAt(c, 0);
  const t = x87compare(c.words[a], c.words[a + 1], c.words[a + 2], 0, 0, 0);
  if (empty | notPlain(c, t)) testSlowly(c, i);
  else {
    note(c, i);
    c.fsw = (c.fsw & ~RESULTS) | t;
  }
}

/** FXAM: the class of ST(0) in C3, C2 and C0, its sign in C1; no exception. */
export function FXAM(c: Cpu, i: Insn): void {
  waiting(c);
  note(c, i);
  const a = stackWords(c, 0);
  const lo = c.words[a];
  const hi = c.words[a + 1];
  const se = c.words[a + 2];
  const e = se & EXPONENT;
  const isEmpty = ((c.ftag >> physical(c, 0)) & 1) ^ 1;
  const large = eq(hi, MSB) & eq(lo, 0) ? FSW_C2 | FSW_C0 : FSW_C0;
  const small = eq(hi | lo, 0) ? FSW_C3 : FSW_C3 | FSW_C2;
  const usual = eq(e, EXPONENT) ? large : FSW_C2;
  // Unsupported: the top bit of the significand is clear, and the exponent is not zero.
  const supported = ge(hi, 0) ? 0 : usual;
  const kind = eq(e, 0) ? small : supported;
  c.fsw = (c.fsw & ~RESULTS) | ((se & SIGN) >> 6) | (isEmpty ? FSW_C3 | FSW_C0 : kind);
}

/** FCOMI: compares ST(0) with ST(n) into ZF, PF and CF; OF, SF and AF are cleared. #IA for any NaN. */
export function FCOMI(c: Cpu, i: Insn): void {
  compareToFlags87(c, i, 0, 0);
}
/** FCOMIP: the same, then pop. */
export function FCOMIP(c: Cpu, i: Insn): void {
  compareToFlags87(c, i, 1, 0);
}
/** FUCOMI: as FCOMI, but quiet NaNs raise nothing. */
export function FUCOMI(c: Cpu, i: Insn): void {
  compareToFlags87(c, i, 0, 1);
}
/** FUCOMIP: the same, then pop. */
export function FUCOMIP(c: Cpu, i: Insn): void {
  compareToFlags87(c, i, 1, 1);
}

function compareToFlags87(c: Cpu, i: Insn, pops: int, isQuiet: int): void {
  waiting(c);
  const empty = emptyAt(c, i.src.n) | emptyAt(c, 0);
  const t = compared(c, stackWords(c, i.src.n));
  if (empty | notPlain(c, t)) compareToFlagsSlowly(c, i, pops, isQuiet);
  else {
    note(c, i);
    c.fz = eq(t & FSW_C3, 0);
    // PF is clear, and so are the others.
    c.fr = 1;
    c.oa = 0;
    c.ob = 0;
    c.ca = 0;
    c.cb = (t >>> 8) & 1;
    if (pops === 1) pop(c);
  }
}
