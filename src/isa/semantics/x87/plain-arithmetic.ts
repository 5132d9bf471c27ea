// FADD, FSUB, FMUL, FDIV and their kin, FSQRT, FRNDINT, FSCALE, FCHS, FABS (SDM vol. 2). Dialect: what is plain; the rest is in
// arithmetic.ts.

import { type Insn, type int, MEM } from '../../insn.ts';
import { eq, ge, leaveIf, ltu, ne, x87add, x87div, x87mul, x87round, x87sqrt, x87sub } from '../../prims.ts';
import type { Cpu } from '../../state.ts';
import { offset } from '../operand.ts';
import { operateSlowly, rootSlowly, roundSlowly, scaleSlowly, signSlowly } from './arithmetic.ts';
import { BIAS, EXPONENT, SIGN, X87_ADD, X87_DIV, X87_DIVR, X87_MUL, X87_SUB, X87_SUBR } from './bits.ts';
import { clearC1, emptyAt, giveResult, note, noteMemory, notPlain, pop, stackWords, stagedOperand } from './plain.ts';
import { waiting } from './stack.ts';

/** FADD: dst = dst + src. */
export function FADD(c: Cpu, i: Insn): void {
  operate(c, i, X87_ADD, 0, 0);
}
/** FADDP: the same, then pop. */
export function FADDP(c: Cpu, i: Insn): void {
  operate(c, i, X87_ADD, 1, 0);
}
/** FIADD: ST(0) = ST(0) + integer. */
export function FIADD(c: Cpu, i: Insn): void {
  operate(c, i, X87_ADD, 0, 1);
}
/** FSUB: dst = dst - src. */
export function FSUB(c: Cpu, i: Insn): void {
  operate(c, i, X87_SUB, 0, 0);
}
/** FSUBP: the same, then pop. */
export function FSUBP(c: Cpu, i: Insn): void {
  operate(c, i, X87_SUB, 1, 0);
}
/** FISUB: ST(0) = ST(0) - integer. */
export function FISUB(c: Cpu, i: Insn): void {
  operate(c, i, X87_SUB, 0, 1);
}
/** FSUBR: dst = src - dst. */
export function FSUBR(c: Cpu, i: Insn): void {
  operate(c, i, X87_SUBR, 0, 0);
}
/** FSUBRP: the same, then pop. */
export function FSUBRP(c: Cpu, i: Insn): void {
  operate(c, i, X87_SUBR, 1, 0);
}
/** FISUBR: ST(0) = integer - ST(0). */
export function FISUBR(c: Cpu, i: Insn): void {
  operate(c, i, X87_SUBR, 0, 1);
}
/** FMUL: dst = dst * src. */
export function FMUL(c: Cpu, i: Insn): void {
  operate(c, i, X87_MUL, 0, 0);
}
/** FMULP: the same, then pop. */
export function FMULP(c: Cpu, i: Insn): void {
  operate(c, i, X87_MUL, 1, 0);
}
/** FIMUL: ST(0) = ST(0) * integer. */
export function FIMUL(c: Cpu, i: Insn): void {
  operate(c, i, X87_MUL, 0, 1);
}
/** FDIV: dst = dst / src. */
export function FDIV(c: Cpu, i: Insn): void {
  operate(c, i, X87_DIV, 0, 0);
}
/** FDIVP: the same, then pop. */
export function FDIVP(c: Cpu, i: Insn): void {
  operate(c, i, X87_DIV, 1, 0);
}
/** FIDIV: ST(0) = ST(0) / integer. */
export function FIDIV(c: Cpu, i: Insn): void {
  operate(c, i, X87_DIV, 0, 1);
}
/** FDIVR: dst = src / dst. */
export function FDIVR(c: Cpu, i: Insn): void {
  operate(c, i, X87_DIVR, 0, 0);
}
/** FDIVRP: the same, then pop. */
export function FDIVRP(c: Cpu, i: Insn): void {
  operate(c, i, X87_DIVR, 1, 0);
}
/** FIDIVR: ST(0) = integer / ST(0). */
export function FIDIVR(c: Cpu, i: Insn): void {
  operate(c, i, X87_DIVR, 0, 1);
}

function operate(c: Cpu, i: Insn, operation: int, pops: int, isInteger: int): void {
  waiting(c);
  const at = i.src.kind === MEM ? offset(c, i.src) : 0;
  const s = i.src.kind === MEM ? stagedOperand(c, i.src, at, isInteger) : stackWords(c, i.src.n);
  const empty = (i.src.kind === MEM ? 0 : emptyAt(c, i.src.n)) | emptyAt(c, i.dst.n);
  const d = stackWords(c, i.dst.n);
  const t =
    operation === X87_SUBR || operation === X87_DIVR ? computed(c, operation, s, d) : computed(c, operation, d, s);
  if (empty | notPlain(c, t)) operateSlowly(c, i, operation, pops, isInteger);
  else {
    if (i.src.kind === MEM) noteMemory(c, i, i.src, at);
    else note(c, i);
    giveResult(c, d, t);
    if (pops === 1) pop(c);
  }
}

/** The unit's answer for the numbers whose words begin at a and b. */
function computed(c: Cpu, operation: int, a: int, b: int): int {
  const al = c.words[a];
  const ah = c.words[a + 1];
  const ase = c.words[a + 2];
  const bl = c.words[b];
  const bh = c.words[b + 1];
  const bse = c.words[b + 2];
  if (operation === X87_ADD) return x87add(al, ah, ase, bl, bh, bse, c.fcw);
  if (operation === X87_MUL) return x87mul(al, ah, ase, bl, bh, bse, c.fcw);
  if (operation === X87_DIV || operation === X87_DIVR) return x87div(al, ah, ase, bl, bh, bse, c.fcw);
  return x87sub(al, ah, ase, bl, bh, bse, c.fcw);
}

/** FSQRT: ST(0) = square root of ST(0). */
export function FSQRT(c: Cpu, i: Insn): void {
  waiting(c);
  const empty = emptyAt(c, 0);
  const d = stackWords(c, 0);
  const t = x87sqrt(c.words[d], c.words[d + 1], c.words[d + 2], c.fcw);
  if (empty | notPlain(c, t)) rootSlowly(c, i);
  else {
    note(c, i);
    giveResult(c, d, t);
  }
}

/** FRNDINT: ST(0) = ST(0) rounded to an integer as the control word says. */
export function FRNDINT(c: Cpu, i: Insn): void {
  waiting(c);
  const empty = emptyAt(c, 0);
  const d = stackWords(c, 0);
  const t = x87round(c.words[d], c.words[d + 1], c.words[d + 2], c.fcw);
  if (empty | notPlain(c, t)) roundSlowly(c, i);
  else {
    note(c, i);
    giveResult(c, d, t);
  }
}

/** FSCALE: ST(0) = ST(0) * 2 ^ (ST(1) truncated). Plain: a normal number to a normal number, which is exact. */
export function FSCALE(c: Cpu, i: Insn): void {
  waiting(c);
  const empty = emptyAt(c, 0) | emptyAt(c, 1);
  const d = stackWords(c, 0);
  const s = stackWords(c, 1);
  const hi = c.words[d + 1];
  const se = c.words[d + 2];
  const byHi = c.words[s + 1];
  const bySe = c.words[s + 2];
  const byExponent = bySe & EXPONENT;
  const byZero = eq(c.words[s] | byHi | byExponent, 0);
  const n = ge(byExponent, BIAS) ? byHi >>> ((BIAS + 31 - byExponent) & 31) : 0;
  const e = ((se & EXPONENT) + (ne(bySe & SIGN, 0) ? 0 - n : n)) | 0;
  const odd =
    ge(hi, 0) |
    ltu(0x7ffd, ((se & EXPONENT) - 1) | 0) |
    ((ge(byHi, 0) | eq(byExponent, 0)) & (byZero ^ 1)) |
    ge(byExponent, BIAS + 15) |
    ltu(0x7ffd, (e - 1) | 0);
  leaveIf(c, odd);
  if (empty | odd) scaleSlowly(c, i);
  else {
    note(c, i);
    c.words[d + 2] = (se & SIGN) | e;
    clearC1(c);
  }
}

/** FCHS: the sign of ST(0) inverted; no exception but #IS. */
export function FCHS(c: Cpu, i: Insn): void {
  waiting(c);
  const d = stackWords(c, 0);
  if (emptyAt(c, 0)) signSlowly(c, i);
  else {
    note(c, i);
    c.words[d + 2] = c.words[d + 2] ^ SIGN;
    clearC1(c);
  }
}

/** FABS: the sign of ST(0) cleared; no exception but #IS. */
export function FABS(c: Cpu, i: Insn): void {
  waiting(c);
  const d = stackWords(c, 0);
  if (emptyAt(c, 0)) signSlowly(c, i);
  else {
    note(c, i);
    c.words[d + 2] = c.words[d + 2] & ~SIGN;
    clearC1(c);
  }
}
