// FCOM, FUCOM, FCOMI, FUCOMI and their kin, FTST, FXAM (SDM vol. 2).
// An unmasked exception prevents the pop, not the result. FCOMI and its kin leave C1 alone (as AMD's processors do).

import { type Insn, type int, ST } from '../../insn.ts';
import type { Cpu } from '../../state.ts';
import { EXPONENT, FSW_C0, FSW_C1, FSW_C2, FSW_C3, FSW_DE, FSW_IE, SIGN } from './bits.ts';
import { integerSource, OPERAND, source, takeFetched } from './memory-operand.ts';
import { A, B, denormal, isZero, nanOrUnsupported, unsupported, X } from './softfloat.ts';
import { doubleOf, inUse, note, physical, pop, signal, take, underflow, waiting } from './stack.ts';

// Outcomes, as the condition codes that FCOM sets.
const GREATER = 0;
const LESS = FSW_C0;
const EQUAL = FSW_C3;
const UNORDERED = FSW_C3 | FSW_C2 | FSW_C0;
const CODES = UNORDERED;
/** The source is memory. */
const MEMORY = 8;

/** FCOM: compares ST(0) with ST(n), m32fp or m64fp; #IA for any NaN. */
export function FCOM(c: Cpu, i: Insn): void {
  source(c, i);
  ordered(c, OPERAND[0], operandOf(c, i));
}
/** FCOMP: the same, then pop. */
export function FCOMP(c: Cpu, i: Insn): void {
  source(c, i);
  if (ordered(c, OPERAND[0], operandOf(c, i))) pop(c);
}
/** FCOMPP: compares ST(0) with ST(1), then pops twice. */
export function FCOMPP(c: Cpu, i: Insn): void {
  waiting(c);
  note(c, i);
  const s = physical(c, 1);
  if (ordered(c, doubleOf(c, s), s)) {
    pop(c);
    pop(c);
  }
}
/** FICOM: compares ST(0) with m16int or m32int. */
export function FICOM(c: Cpu, i: Insn): void {
  integerSource(c, i);
  ordered(c, OPERAND[0], MEMORY);
}
/** FICOMP: the same, then pop. */
export function FICOMP(c: Cpu, i: Insn): void {
  integerSource(c, i);
  if (ordered(c, OPERAND[0], MEMORY)) pop(c);
}
/** FUCOM: as FCOM with ST(n), but quiet NaNs raise nothing. */
export function FUCOM(c: Cpu, i: Insn): void {
  waiting(c);
  note(c, i);
  unordered(c, physical(c, i.src.n));
}
/** FUCOMP: the same, then pop. */
export function FUCOMP(c: Cpu, i: Insn): void {
  waiting(c);
  note(c, i);
  if (unordered(c, physical(c, i.src.n))) pop(c);
}
/** FUCOMPP: FUCOM with ST(1), then pops twice. */
export function FUCOMPP(c: Cpu, i: Insn): void {
  waiting(c);
  note(c, i);
  if (unordered(c, physical(c, 1))) {
    pop(c);
    pop(c);
  }
}
/** FTST: compares ST(0) with 0. */
export function FTST(c: Cpu, i: Insn): void {
  waiting(c);
  note(c, i);
  if (!inUse(c, c.ftop)) {
    underflow(c);
    codes(c, UNORDERED);
    return;
  }
  const a = doubleOf(c, c.ftop);
  let r: int;
  let flags = 0;
  if (!Number.isNaN(a)) r = a < 0 ? LESS : a > 0 ? GREATER : EQUAL;
  else {
    take(c, c.ftop, A);
    X[B] = 0;
    X[B + 1] = 0;
    X[B + 2] = 0;
    flags = compare(true);
    r = outcome;
  }
  signal(c, flags);
  codes(c, r);
}
/** FCOMI: compares ST(0) with ST(n) into ZF, PF and CF; OF, SF and AF are cleared. #IA for any NaN. */
export function FCOMI(c: Cpu, i: Insn): void {
  toFlags(c, i, true);
}
/** FCOMIP: the same, then pop. */
export function FCOMIP(c: Cpu, i: Insn): void {
  if (toFlags(c, i, true)) pop(c);
}
/** FUCOMI: as FCOMI, but quiet NaNs raise nothing. */
export function FUCOMI(c: Cpu, i: Insn): void {
  toFlags(c, i, false);
}
/** FUCOMIP: the same, then pop. */
export function FUCOMIP(c: Cpu, i: Insn): void {
  if (toFlags(c, i, false)) pop(c);
}

/** FXAM: the class of ST(0) in C3, C2 and C0, its sign in C1; no exception. */
export function FXAM(c: Cpu, i: Insn): void {
  waiting(c);
  note(c, i);
  take(c, c.ftop, A);
  const sign = (X[A + 2] & SIGN) !== 0 ? FSW_C1 : 0;
  c.fsw = (c.fsw & ~(CODES | FSW_C1)) | sign | classOf(c);
}

function classOf(c: Cpu): int {
  if (!inUse(c, c.ftop)) return FSW_C3 | FSW_C0;
  if (unsupported(A)) return 0;
  if (nanOrUnsupported(A)) return FSW_C0;
  if ((X[A + 2] & EXPONENT) === EXPONENT) return FSW_C2 | FSW_C0;
  if (isZero(A)) return FSW_C3;
  return denormal(A) ? FSW_C3 | FSW_C2 : FSW_C2;
}

function operandOf(c: Cpu, i: Insn): int {
  return i.src.kind === ST ? physical(c, i.src.n) : MEMORY;
}

/** FCOM with b, or what it stands for if NaN: physical register s or the operand fetched. Whether it may pop. */
function ordered(c: Cpu, b: number, s: int): boolean {
  const a = doubleOf(c, c.ftop);
  if (a > b) return decided(c, GREATER);
  if (a < b) return decided(c, LESS);
  if (a === b) return decided(c, EQUAL);
  return slowly(c, s, true);
}

function unordered(c: Cpu, s: int): boolean {
  const a = doubleOf(c, c.ftop);
  const b = doubleOf(c, s);
  if (a > b) return decided(c, GREATER);
  if (a < b) return decided(c, LESS);
  if (a === b) return decided(c, EQUAL);
  return slowly(c, s, false);
}

function decided(c: Cpu, r: int): boolean {
  c.fsw = (c.fsw & ~(CODES | FSW_C1)) | r;
  return true;
}

function codes(c: Cpu, r: int): void {
  c.fsw = (c.fsw & ~CODES) | r;
}

function slowly(c: Cpu, s: int, quietToo: boolean): boolean {
  if (!inUse(c, c.ftop) || (s !== MEMORY && !inUse(c, s))) {
    codes(c, UNORDERED);
    return underflow(c);
  }
  take(c, c.ftop, A);
  let before = 0;
  if (s === MEMORY) before = takeFetched(B);
  else take(c, s, B);
  let flags = compare(quietToo);
  if (outcome !== UNORDERED) flags |= before;
  codes(c, outcome);
  return signal(c, flags) === 0;
}

function toFlags(c: Cpu, i: Insn, quietToo: boolean): boolean {
  waiting(c);
  note(c, i);
  const s = physical(c, i.src.n);
  const a = doubleOf(c, c.ftop);
  const b = doubleOf(c, s);
  let r: int;
  let flags = 0;
  if (a > b) r = GREATER;
  else if (a < b) r = LESS;
  else if (a === b) r = EQUAL;
  else if (!(inUse(c, c.ftop) && inUse(c, s))) {
    setFlags(c, UNORDERED);
    return underflow(c);
  } else {
    take(c, c.ftop, A);
    take(c, s, B);
    flags = compare(quietToo);
    r = outcome;
  }
  setFlags(c, r);
  return flags === 0 || signal(c, flags | (c.fsw & FSW_C1)) === 0;
}

/** ZF, PF and CF as C3, C2 and C0. */
function setFlags(c: Cpu, r: int): void {
  c.fz = (r & FSW_C3) === 0 ? 1 : 0;
  c.fr = (r & FSW_C2) === 0 ? 1 : 0;
  c.oa = 0;
  c.ob = 0;
  c.ca = 0;
  c.cb = (r & FSW_C0) === 0 ? 0 : 1;
}

let outcome = 0;

/** Compares A with B into `outcome`; returns IE, DE. */
function compare(quietToo: boolean): int {
  if (nanOrUnsupported(A) || nanOrUnsupported(B)) {
    outcome = UNORDERED;
    return quietToo || signals(A) || signals(B) ? FSW_IE : 0;
  }
  const flags = denormal(A) || denormal(B) ? FSW_DE : 0;
  const aNegative = (X[A + 2] & SIGN) !== 0;
  const bNegative = (X[B + 2] & SIGN) !== 0;
  if (isZero(A) && isZero(B)) outcome = EQUAL;
  else if (aNegative !== bNegative) outcome = aNegative ? LESS : GREATER;
  else {
    const m = magnitudes();
    outcome = m === 0 ? EQUAL : m < 0 === aNegative ? GREATER : LESS;
  }
  return flags;
}

/** Sign of |A| - |B|. A pseudo-denormal is what its exponent 1 would make it. */
function magnitudes(): int {
  const e = exponentOf(A) - exponentOf(B);
  if (e !== 0) return e;
  if (X[A + 1] !== X[B + 1]) return X[A + 1] >>> 0 < X[B + 1] >>> 0 ? -1 : 1;
  if (X[A] !== X[B]) return X[A] >>> 0 < X[B] >>> 0 ? -1 : 1;
  return 0;
}

/** Exponent that orders with the significand below it: denormals share that of the smallest normals. */
function exponentOf(o: int): int {
  const e = X[o + 2] & EXPONENT;
  return e === 0 ? 1 : e;
}

function signals(o: int): boolean {
  return nanOrUnsupported(o) && (unsupported(o) || (X[o + 1] & 0x40000000) === 0);
}
