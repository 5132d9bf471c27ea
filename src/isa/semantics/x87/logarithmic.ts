// F2XM1, FYL2X, FYL2XP1 (SDM vol. 2). Results are within one unit in the last place of the extended format.

import type { Insn, int } from '../../insn.ts';
import type { Cpu } from '../../state.ts';
import { BIAS, EXPONENT, FSW_DE, FSW_PE, FSW_ZE, MSB, PC_EXTENDED, SIGN } from './bits.ts';
import {
  ACC,
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
import {
  A,
  B,
  denormal,
  invalid,
  isInfinite,
  isZero,
  nanOfA,
  nanOfBoth,
  nanOrUnsupported,
  normalise,
  result,
  X,
} from './softfloat.ts';
import { conclude, inUse, note, physical, pop, take, underflowTo, waiting } from './stack.ts';

const LN2 = [Math.LN2, 2.3190468138462996e-17] as const;
const LOG2_E = [Math.LOG2E, 2.0355273740931033e-17] as const;
const TWO_LOG2_E = [2.8853900817779268, 4.0710547481862066e-17] as const;
const ROOT_2 = Math.SQRT2;

/** Terms of a series that the accumulator sums; the higher ones are summed as doubles. */
const EXACT_TERMS = 10;
const EXPONENTIAL_TERMS = 24;
const LOGARITHM_TERMS = 18;
/** 1 / (k + 1)! and 1 / (2k + 1). */
const EXPONENTIAL = coefficients(EXPONENTIAL_TERMS, false, (k) => overFactorial(k + 1));
const LOGARITHM = coefficients(LOGARITHM_TERMS, false, (k) => over(2 * k + 1, 0));

/** F2XM1: ST(0) = 2 ^ ST(0) - 1, for -1 <= ST(0) <= 1; a greater magnitude is left as it is. */
export function F2XM1(c: Cpu, i: Insn): void {
  waiting(c);
  note(c, i);
  const d = c.ftop;
  if (!inUse(c, d)) {
    underflowTo(c, d);
    return;
  }
  take(c, d, A);
  conclude(c, d, exponential(c.fcw | PC_EXTENDED));
}

/** R = 2 ^ A - 1. */
function exponential(fcw: int): int {
  if (nanOrUnsupported(A)) return nanOfA();
  const se = X[A + 2];
  let e = se & EXPONENT;
  if (isZero(A)) {
    result(se, 0, 0);
    return 0;
  }
  if (e === EXPONENT) {
    if ((se & SIGN) === 0) result(se, MSB, 0);
    else result(SIGN | BIAS, MSB, 0);
    return 0;
  }
  if (e > BIAS || (e === BIAS && (X[A + 1] !== MSB || X[A] !== 0))) {
    result(se, X[A + 1], X[A]);
    return FSW_PE;
  }
  let flags = 0;
  if (e === 0) {
    e = normalise(A);
    flags = FSW_DE;
  }
  if (e === BIAS) {
    if ((se & SIGN) === 0) result(BIAS, MSB, 0);
    else result(SIGN | (BIAS - 1), MSB, 0);
    return flags | FSW_PE;
  }
  significand(A);
  if ((se & SIGN) !== 0) set(-ACC[0], -ACC[1]);
  times(LN2[0], LN2[1]);
  // Below 2^-80 the first term is all.
  if (e < BIAS - 80) return flags | pack(e - BIAS, fcw);
  shift(e - BIAS);
  const h = ACC[0];
  const l = ACC[1];
  polynomial(EXPONENTIAL, EXPONENTIAL_TERMS, EXACT_TERMS, h, l);
  times(h, l);
  return flags | pack(0, fcw);
}

/** FYL2X: ST(1) = ST(1) * log2 ST(0), then pop. */
export function FYL2X(c: Cpu, i: Insn): void {
  binary(c, i, false);
}
/** FYL2XP1: ST(1) = ST(1) * log2(ST(0) + 1), then pop. */
export function FYL2XP1(c: Cpu, i: Insn): void {
  binary(c, i, true);
}

function binary(c: Cpu, i: Insn, plusOne: boolean): void {
  waiting(c);
  note(c, i);
  const s = c.ftop;
  const d = physical(c, 1);
  if (!(inUse(c, s) && inUse(c, d))) {
    if (underflowTo(c, d)) pop(c);
    return;
  }
  take(c, s, A);
  take(c, d, B);
  const fcw = c.fcw | PC_EXTENDED;
  if (conclude(c, d, plusOne ? logarithmPlusOne(fcw) : logarithm(fcw))) pop(c);
}

/** R = B * log2 A. */
function logarithm(fcw: int): int {
  if (nanOrUnsupported(A) || nanOrUnsupported(B)) return nanOfBoth();
  const ySign = X[B + 2] & SIGN;
  if (isZero(A)) {
    if (isZero(B)) return invalid();
    result((ySign ^ SIGN) | EXPONENT, MSB, 0);
    return isInfinite(B) ? 0 : FSW_ZE;
  }
  if ((X[A + 2] & SIGN) !== 0) return invalid();
  let flags = denormal(A) || denormal(B) ? FSW_DE : 0;
  if (isInfinite(A)) {
    if (isZero(B)) return invalid();
    result(ySign | EXPONENT, MSB, 0);
    return flags;
  }
  let e = X[A + 2] & EXPONENT;
  const below = e < BIAS;
  const isOne = e === BIAS && X[A + 1] === MSB && X[A] === 0;
  if (isInfinite(B)) {
    if (isOne) return invalid();
    result((below ? ySign ^ SIGN : ySign) | EXPONENT, MSB, 0);
    return flags;
  }
  if (isOne || isZero(B)) {
    result(below ? ySign ^ SIGN : ySign, 0, 0);
    return flags;
  }
  if (e === 0) e = normalise(A);
  significand(A);
  logarithmOf(e - BIAS);
  flags |= timesB(fcw, 0);
  return flags;
}

/** ACC = e + log2 ACC, for ACC in [1, 2). */
function logarithmOf(e: int): void {
  let n = e;
  if (ACC[0] > ROOT_2) {
    shift(-1);
    n += 1;
  }
  // s = (m - 1) / (m + 1)
  const h = ACC[0];
  const l = ACC[1];
  plus(1, 0);
  const dh = ACC[0];
  const dl = ACC[1];
  set(h, l);
  plus(-1, 0);
  if (ACC[0] !== 0) {
    over(dh, dl);
    logarithmOfRatio();
  }
  plus(n, 0);
}

/** R = B * log2(A + 1). */
function logarithmPlusOne(fcw: int): int {
  if (nanOrUnsupported(A) || nanOrUnsupported(B)) return nanOfBoth();
  const sign = X[A + 2] & SIGN;
  const ySign = X[B + 2] & SIGN;
  const flags = denormal(A) || denormal(B) ? FSW_DE : 0;
  if (isZero(A)) {
    if (isInfinite(B)) return invalid();
    result(sign ^ ySign, 0, 0);
    return flags;
  }
  let e = X[A + 2] & EXPONENT;
  if (isInfinite(A)) {
    if (sign !== 0 || isZero(B)) return invalid();
    result(ySign | EXPONENT, MSB, 0);
    return flags;
  }
  if (isInfinite(B)) {
    result((sign ^ ySign) | EXPONENT, MSB, 0);
    return flags;
  }
  if (isZero(B)) {
    result(sign ^ ySign, 0, 0);
    return flags;
  }
  if (e === 0) e = normalise(A);
  e -= BIAS;
  // The logarithm of zero and less.
  if (e >= 0 && sign !== 0) return invalid();
  significand(A);
  if (e >= -2) {
    // Partly beyond what the manual defines: the sum with 1, normalised.
    let n = e;
    if (e < 100) {
      shift(e);
      if (sign !== 0) set(-ACC[0], -ACC[1]);
      plus(1, 0);
      n = Math.floor(Math.log2(ACC[0]));
      shift(-n);
    }
    logarithmOf(n);
    return flags | timesB(fcw, 0);
  }
  if (sign !== 0) set(-ACC[0], -ACC[1]);
  if (e < -80) {
    times(LOG2_E[0], LOG2_E[1]);
    return flags | timesB(fcw, e);
  }
  // s = x / (2 + x)
  shift(e);
  const h = ACC[0];
  const l = ACC[1];
  plus(2, 0);
  const dh = ACC[0];
  const dl = ACC[1];
  set(h, l);
  over(dh, dl);
  logarithmOfRatio();
  return flags | timesB(fcw, 0);
}

/** R = ACC * B * 2 ^ n; B is finite and not zero. */
function timesB(fcw: int, n: int): int {
  const h = ACC[0];
  const l = ACC[1];
  let e = X[B + 2] & EXPONENT;
  if (e === 0) e = normalise(B);
  significand(B);
  if ((X[B + 2] & SIGN) !== 0) set(-ACC[0], -ACC[1]);
  times(h, l);
  return pack(n + e - BIAS, fcw);
}

/** ACC = log2((1 + s) / (1 - s)) with s = ACC: 2 / ln 2 * (s + s^3 / 3 + ...), for |s| up to 0.18. */
function logarithmOfRatio(): void {
  const h = ACC[0];
  const l = ACC[1];
  times(h, l);
  polynomial(LOGARITHM, LOGARITHM_TERMS, EXACT_TERMS, ACC[0], ACC[1]);
  times(h, l);
  times(TWO_LOG2_E[0], TWO_LOG2_E[1]);
}
