// FCOM, FUCOM, FCOMI, FUCOMI and their kin, FTST (SDM vol. 2) of all operands: what plain-compare.ts leaves out.
// An unmasked exception prevents the pop, not the result. FCOMI and its kin leave C1 alone (as AMD's processors do).

import { type Insn, type int, MEM } from '../../insn.ts';
import type { Cpu } from '../../state.ts';
import { EXPONENT, FSW_C0, FSW_C1, FSW_C2, FSW_C3, FSW_DE, FSW_IE, SIGN } from './bits.ts';
import { integerSource, source, takeFetched } from './memory-operand.ts';
import { A, B, denormal, isZero, nanOrUnsupported, unsupported, X } from './softfloat.ts';
import { inUse, note, physical, pop, signal, take, underflow } from './stack.ts';

// Outcomes, as the condition codes that FCOM sets.
const GREATER = 0;
const LESS = FSW_C0;
const EQUAL = FSW_C3;
const UNORDERED = FSW_C3 | FSW_C2 | FSW_C0;
const CODES = UNORDERED;
/** The source is memory. */
const MEMORY = 8;

/** FCOM, FUCOM and their kin in general. */
export function compareSlowly(c: Cpu, i: Insn, n: int, pops: int, isInteger: int, isQuiet: int): void {
  if (isInteger !== 0) integerSource(c, i);
  else source(c, i);
  if (!general(c, i.src.kind === MEM ? MEMORY : physical(c, n), isQuiet === 0)) return;
  for (let k = 0; k < pops; k++) pop(c);
}

/** FTST in general. */
export function testSlowly(c: Cpu, i: Insn): void {
  note(c, i);
  if (!inUse(c, c.ftop)) {
    underflow(c);
    codes(c, UNORDERED);
    return;
  }
  take(c, c.ftop, A);
  X[B] = 0;
  X[B + 1] = 0;
  X[B + 2] = 0;
  const flags = compare(true);
  signal(c, flags);
  codes(c, outcome);
}

function codes(c: Cpu, r: int): void {
  c.fsw = (c.fsw & ~CODES) | r;
}

/** ST(0) with physical register s or the operand fetched. Whether it may pop. */
function general(c: Cpu, s: int, quietToo: boolean): boolean {
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

/** FCOMI and its kin in general. */
export function compareToFlagsSlowly(c: Cpu, i: Insn, pops: int, isQuiet: int): void {
  note(c, i);
  const s = physical(c, i.src.n);
  let flags = 0;
  if (!(inUse(c, c.ftop) && inUse(c, s))) {
    setFlags(c, UNORDERED);
    if (!underflow(c)) return;
  } else {
    take(c, c.ftop, A);
    take(c, s, B);
    flags = compare(isQuiet === 0);
    setFlags(c, outcome);
    if (flags !== 0 && signal(c, flags | (c.fsw & FSW_C1)) !== 0) return;
  }
  if (pops !== 0) pop(c);
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
