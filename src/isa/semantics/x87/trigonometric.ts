// FSIN, FCOS, FSINCOS, FPTAN (SDM vol. 2; vol. 1, section 8.3.8 for the 66 bits of pi that reduce the argument).
// Results are within one unit in the last place of the extended format; C1 tells how they were rounded.

import type { Insn, int } from '../../insn.ts';
import type { Cpu } from '../../state.ts';
import { BIAS, EXPONENT, FSW_C1, FSW_C2, FSW_DE, FSW_IE, FSW_PE, FSW_SF, MSB, PC_EXTENDED, SIGN } from './bits.ts';
import {
  ACC,
  addDoubles,
  coefficients,
  over,
  overFactorial,
  pack,
  plus,
  polynomial,
  set,
  shift,
  significand,
  times,
} from './double-double.ts';
import { A, invalid, isInfinite, isZero, nanOfA, nanOrUnsupported, normalise, R, result, X } from './softfloat.ts';
import {
  allowed,
  conclude,
  give,
  giveNaN,
  inUse,
  note,
  push,
  signal,
  take,
  underflow,
  underflowTo,
  waiting,
} from './stack.ts';

/** Half of pi in 66 bits: an integer of 2^-65, and its two halves of 33 bits. */
const HALF_PI_INTEGER = 0x3243f6a8885a308d3n;
const HALF_PI_HI = 1.5707963267341256;
const HALF_PI_LO = 6.077100506303966e-11;
const TWO_OVER_PI = 0.6366197723675814;
/** Quotients up to here, multiplied by a half of pi's bits, are exact doubles. */
const MAX_QUOTIENT = 2 ** 20;

const SIN = 0;
const COS = 1;
const TAN = 2;

/** What a result near its argument differs from it, relatively: enough to be inexact. */
const TRIFLE = 2 ** -90;

/** Terms of a series that the accumulator sums; the higher ones are summed as doubles. */
const EXACT_TERMS = 6;
const TERMS = 14;
/** (-1)^k / (2k + 1)! and (-1)^k / (2k)!, high and low parts. */
const SINE = coefficients(TERMS, true, (k) => overFactorial(2 * k + 1));
const COSINE = coefficients(TERMS, true, (k) => overFactorial(2 * k));

/** FSIN: ST(0) = sin ST(0); C2 and no change from 2^63 up. */
export function FSIN(c: Cpu, i: Insn): void {
  one(c, i, 0);
}
/** FCOS: ST(0) = cos ST(0); C2 and no change from 2^63 up. */
export function FCOS(c: Cpu, i: Insn): void {
  one(c, i, 1);
}

function one(c: Cpu, i: Insn, quarter: int): void {
  waiting(c);
  note(c, i);
  const d = c.ftop;
  c.fsw &= ~FSW_C2;
  if (!inUse(c, d)) {
    underflowTo(c, d);
    return;
  }
  take(c, d, A);
  if (outOfRange(c)) return;
  conclude(c, d, trigonometric(quarter, c.fcw | PC_EXTENDED));
}

/** FSINCOS: ST(0) = sin ST(0); then its cosine is pushed. */
export function FSINCOS(c: Cpu, i: Insn): void {
  two(c, i, false);
}
/** FPTAN: ST(0) = tan ST(0); then 1 is pushed. */
export function FPTAN(c: Cpu, i: Insn): void {
  two(c, i, true);
}

function two(c: Cpu, i: Insn, tangents: boolean): void {
  waiting(c);
  note(c, i);
  const d = c.ftop;
  c.fsw &= ~FSW_C2;
  if (!inUse(c, d) || inUse(c, (d + 7) & 7)) {
    const masked = inUse(c, d) ? signal(c, FSW_IE | FSW_SF | FSW_C1) === 0 : underflow(c);
    if (masked) {
      giveNaN(c, d);
      giveNaN(c, push(c));
    }
    return;
  }
  take(c, d, A);
  if (outOfRange(c)) return;
  const fcw = c.fcw | PC_EXTENDED;
  if (tangents) {
    if (!conclude(c, d, tangent(fcw))) return;
    const nan = nanOrUnsupported(R);
    if (!nan) result(BIAS, MSB, 0);
    give(c, push(c));
    return;
  }
  const flags = trigonometric(0, fcw);
  const se = X[R + 2];
  const hi = X[R + 1];
  const lo = X[R];
  take(c, d, A);
  const more = trigonometric(1, fcw);
  if (!allowed(c, (flags & ~FSW_C1) | more)) return;
  const cosineSe = X[R + 2];
  const cosineHi = X[R + 1];
  const cosineLo = X[R];
  result(se, hi, lo);
  give(c, d);
  result(cosineSe, cosineHi, cosineLo);
  give(c, push(c));
}

/** C2 for a finite operand A from 2^63 up. */
function outOfRange(c: Cpu): boolean {
  const e = X[A + 2] & EXPONENT;
  if (e < BIAS + 63 || e === EXPONENT || nanOrUnsupported(A)) return false;
  c.fsw = (c.fsw & ~FSW_C1) | FSW_C2;
  return true;
}

/** Results that need no series: R, and the exceptions; -1 if there must be one. */
function special(kind: int, fcw: int): int {
  if (nanOrUnsupported(A)) return nanOfA();
  if (isInfinite(A)) return invalid();
  const sign = X[A + 2] & SIGN;
  if (isZero(A)) {
    if (kind === COS) result(BIAS, MSB, 0);
    else result(sign, 0, 0);
    return 0;
  }
  let flags = FSW_PE;
  let e = X[A + 2] & EXPONENT;
  if (e === 0) {
    e = normalise(A);
    flags |= FSW_DE;
  }
  // Below 2^-40 the sine, and the tangent, differ from the argument by less than 2^-80 of it.
  if (e > BIAS - 40) return -1;
  if (kind === COS) {
    result(BIAS, MSB, 0);
    return flags | FSW_C1;
  }
  significand(A);
  if (sign !== 0) set(-ACC[0], -ACC[1]);
  plus((kind === SIN ? -TRIFLE : TRIFLE) * ACC[0], 0);
  return flags | pack(e - BIAS, fcw);
}

/** R = sin A (quarter = 0) or cos A (quarter = 1). */
function trigonometric(quarter: int, fcw: int): int {
  const flags = special(quarter === 0 ? SIN : COS, fcw);
  if (flags >= 0) return flags;
  const q = reduce() + quarter;
  if ((q & 1) === 0) sine();
  else cosine();
  if ((q & 2) !== 0) set(-ACC[0], -ACC[1]);
  return pack(0, fcw);
}

/** R = tan A. */
function tangent(fcw: int): int {
  const flags = special(TAN, fcw);
  if (flags >= 0) return flags;
  const q = reduce();
  const h = ACC[0];
  const l = ACC[1];
  sine();
  const sh = ACC[0];
  const sl = ACC[1];
  set(h, l);
  cosine();
  if ((q & 1) === 0) {
    const ch = ACC[0];
    const cl = ACC[1];
    set(sh, sl);
    over(ch, cl);
  } else {
    over(-sh, -sl);
  }
  return pack(0, fcw);
}

/** ACC = A less the nearest multiple of half of pi, exactly; returns the multiplier (its low bits). */
function reduce(): int {
  const e = (X[A + 2] & EXPONENT) - BIAS;
  significand(A);
  const negative = (X[A + 2] & SIGN) !== 0;
  if (e >= 20) return reduceLarge(e, negative);
  shift(e);
  if (negative) set(-ACC[0], -ACC[1]);
  const h = ACC[0];
  const l = ACC[1];
  const q = Math.round(h * TWO_OVER_PI);
  if (q === 0 || Math.abs(q) > MAX_QUOTIENT) return 0;
  addDoubles(h, -q * HALF_PI_HI);
  const rest = ACC[1];
  addDoubles(ACC[0], -q * HALF_PI_LO);
  plus(l, 0);
  plus(rest, 0);
  return q & 3;
}

function reduceLarge(e: int, negative: boolean): int {
  const magnitude = ((BigInt(X[A + 1] >>> 0) << 32n) | BigInt(X[A] >>> 0)) << BigInt(e + 2);
  let q = magnitude / HALF_PI_INTEGER;
  let rest = magnitude - q * HALF_PI_INTEGER;
  if (rest * 2n > HALF_PI_INTEGER) {
    q += 1n;
    rest -= HALF_PI_INTEGER;
  }
  if (negative) rest = -rest;
  const high = rest >> 33n;
  addDoubles(Number(high) * 2 ** -32, Number(rest - (high << 33n)) * 2 ** -65);
  const low = Number(q & 3n);
  return negative ? -low & 3 : low;
}

/** ACC = sin ACC, for a magnitude up to pi / 4. */
function sine(): void {
  const h = ACC[0];
  const l = ACC[1];
  times(h, l);
  polynomial(SINE, TERMS, EXACT_TERMS, ACC[0], ACC[1]);
  times(h, l);
}

/** ACC = cos ACC, for a magnitude up to pi / 4. */
function cosine(): void {
  times(ACC[0], ACC[1]);
  polynomial(COSINE, TERMS, EXACT_TERMS, ACC[0], ACC[1]);
}
