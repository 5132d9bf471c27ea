// Operations on exponent and integer part of extended numbers: rounding to an integer, scaling, extraction.
// Operands and result in the scratch of softfloat.ts.

import type { int } from '../../insn.ts';
import {
  BIAS,
  EXPONENT,
  FSW_C1,
  FSW_DE,
  FSW_PE,
  FSW_ZE,
  MSB,
  RC_DOWN,
  RC_MASK,
  RC_NEAREST,
  RC_UP,
  SIGN,
} from './bits.ts';
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
  R,
  result,
  round,
  X,
} from './softfloat.ts';

// What `integer` leaves: the magnitude of the rounded number.
export let integerHi = 0;
export let integerLo = 0;

/**
 * Rounds the number A (finite; exponent below BIAS + 64) to an integer by RC: its magnitude goes to integerHi:Lo, which
 * a carry out of 2^64 - 1 leaves zero. Returns PE and C1.
 */
export function integer(rc: int): int {
  const sign = X[A + 2] & SIGN;
  const e = X[A + 2] & EXPONENT;
  const h = X[A + 1];
  const l = X[A];
  // The significand is h:l / 2^n.
  const n = BIAS + 63 - e;
  let ih = 0;
  let il = 0;
  let rest = 0;
  if (n <= 0) {
    ih = h;
    il = l;
  } else if (n < 32) {
    ih = h >>> n;
    il = (l >>> n) | (h << (32 - n));
    rest = l << (32 - n);
  } else if (n < 64) {
    const m = n - 32;
    il = m === 0 ? h : h >>> m;
    rest = m === 0 ? l : (h << (32 - m)) | (l >>> m) | (l << (32 - m) !== 0 ? 1 : 0);
  } else if (n === 64) rest = h | (l !== 0 ? 1 : 0);
  else rest = (h | l) !== 0 ? 1 : 0;
  let up = 0;
  if (rest !== 0) {
    if (rc === RC_NEAREST) up = rest < 0 && (rest !== MSB || (il & 1) !== 0) ? 1 : 0;
    else if (rc === RC_DOWN) up = sign !== 0 ? 1 : 0;
    else if (rc === RC_UP) up = sign === 0 ? 1 : 0;
  }
  il = (il + up) | 0;
  if (up !== 0 && il === 0) ih = (ih + 1) | 0;
  integerHi = ih | 0;
  integerLo = il;
  return rest === 0 ? 0 : up !== 0 ? FSW_PE | FSW_C1 : FSW_PE;
}

/** R = A rounded to an integer. */
export function roundToInteger(fcw: int): int {
  if (nanOrUnsupported(A)) return nanOfA();
  const se = X[A + 2];
  const e = se & EXPONENT;
  if (isZero(A) || e >= BIAS + 63) {
    result(se, X[A + 1], X[A]);
    return 0;
  }
  const flags = denormal(A) ? FSW_DE : 0;
  const inexact = integer(fcw & RC_MASK);
  fromInteger(se & SIGN, integerHi, integerLo);
  return flags | inexact;
}

/** R = the integer h:l (a magnitude) with `sign`. */
export function fromInteger(sign: int, h: int, l: int): void {
  let e = BIAS + 63;
  if (h === 0) {
    if (l === 0) {
      result(sign, 0, 0);
      return;
    }
    h = l;
    l = 0;
    e -= 32;
  }
  const n = Math.clz32(h);
  if (n !== 0) {
    h = (h << n) | (l >>> (32 - n));
    l <<= n;
    e -= n;
  }
  result(sign | e, h, l);
}

/** R = A * 2 ^ trunc(B). */
export function scale(fcw: int): int {
  if (nanOrUnsupported(A) || nanOrUnsupported(B)) return nanOfBoth();
  const sign = X[A + 2] & SIGN;
  const bNegative = (X[B + 2] & SIGN) !== 0;
  if (isInfinite(B)) {
    if (bNegative) {
      if (isInfinite(A)) return invalid();
      const flags = denormal(A) ? FSW_DE : 0;
      result(sign, 0, 0);
      return flags;
    }
    if (isZero(A)) return invalid();
    const flags = denormal(A) ? FSW_DE : 0;
    result(sign | EXPONENT, MSB, 0);
    return flags;
  }
  const flags = denormal(A) || denormal(B) ? FSW_DE : 0;
  if (isInfinite(A) || isZero(A)) {
    result(X[A + 2], X[A + 1], X[A]);
    return flags;
  }
  let e = X[A + 2] & EXPONENT;
  if (e === 0) e = normalise(A);
  const be = (X[B + 2] & EXPONENT) - BIAS;
  // Beyond 2^16 every finite operand overflows or underflows alike.
  let n = 0;
  if (be >= 16) n = 0x10000;
  else if (be >= 0) n = X[B + 1] >>> (31 - be);
  return flags | round(sign, e + (bNegative ? -n : n), X[A + 1], X[A], 0, fcw);
}

/** R = the exponent of A, unbiased; A becomes its significand, in [1, 2), with its sign. */
export function extract(): int {
  if (nanOrUnsupported(A)) {
    const flags = nanOfA();
    X[A] = X[R];
    X[A + 1] = X[R + 1];
    X[A + 2] = X[R + 2];
    return flags;
  }
  const sign = X[A + 2] & SIGN;
  if (isInfinite(A)) {
    result(EXPONENT, MSB, 0);
    return 0;
  }
  if (isZero(A)) {
    result(SIGN | EXPONENT, MSB, 0);
    return FSW_ZE;
  }
  let e = X[A + 2] & EXPONENT;
  const flags = e === 0 ? FSW_DE : 0;
  if (e === 0) e = normalise(A);
  X[A + 2] = sign | BIAS;
  const unbiased = e - BIAS;
  fromInteger(unbiased < 0 ? SIGN : 0, 0, Math.abs(unbiased));
  return flags;
}
