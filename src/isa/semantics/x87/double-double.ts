// Numbers of 106 bits as unevaluated sums of two doubles (Dekker 1971; Knuth, TAOCP vol. 2, section 4.2.2), for the
// transcendental functions. One accumulator in an array: nothing is allocated.

import type { int } from '../../insn.ts';
import { BIAS, FSW_PE, FSW_UE, MSB, SIGN } from './bits.ts';
import { round, X } from './softfloat.ts';

/** The accumulator: high part, low part (at most half a unit in the last place of the high one). */
export const ACC = new Float64Array(2);

/** Dekker's constant: 2^27 + 1. */
const SPLIT = 134217729;

const bits = new Float64Array(1);
const bitWords = new Int32Array(bits.buffer);

export function set(h: number, l: number): void {
  ACC[0] = h;
  ACC[1] = l;
}

/** ACC = a + b, exactly. */
export function addDoubles(a: number, b: number): void {
  const s = a + b;
  const t = s - a;
  ACC[0] = s;
  ACC[1] = a - (s - t) + (b - t);
}

/** ACC += h + l. */
export function plus(h: number, l: number): void {
  const a = ACC[0];
  const s = a + h;
  const t = s - a;
  const e = a - (s - t) + (h - t);
  const b = ACC[1];
  const u = b + l;
  const v = u - b;
  const f = b - (u - v) + (l - v);
  const e2 = e + u;
  const s2 = s + e2;
  const e3 = e2 - (s2 - s) + f;
  const r = s2 + e3;
  ACC[0] = r;
  ACC[1] = e3 - (r - s2);
}

/** ACC *= h + l. */
export function times(h: number, l: number): void {
  const a = ACC[0];
  const p = a * h;
  let s = SPLIT * a;
  const ah = s - (s - a);
  const al = a - ah;
  s = SPLIT * h;
  const hh = s - (s - h);
  const hl = h - hh;
  const e = ah * hh - p + ah * hl + al * hh + al * hl + (a * l + ACC[1] * h);
  const r = p + e;
  ACC[0] = r;
  ACC[1] = e - (r - p);
}

/** ACC /= h + l. */
export function over(h: number, l: number): void {
  const a = ACC[0];
  const b = ACC[1];
  const q1 = a / h;
  // rest = a + b - q1 * (h + l)
  set(h, l);
  times(-q1, 0);
  plus(a, b);
  const q2 = ACC[0] / h;
  const restHi = ACC[0];
  const restLo = ACC[1];
  set(h, l);
  times(-q2, 0);
  plus(restHi, restLo);
  const q3 = ACC[0] / h;
  const s = q1 + q2;
  ACC[0] = s;
  ACC[1] = q2 - (s - q1);
  plus(q3, 0);
}

/**
 * ACC = the polynomial of h + l with `terms` coefficients (high and low parts). The highest, from `exact` up, are summed
 * as doubles: what they add must be below 2^-24 of the whole.
 */
export function polynomial(coefficients: Float64Array, terms: int, exact: int, h: number, l: number): void {
  let p = 0;
  for (let k = terms - 1; k >= exact; k--) p = p * h + coefficients[2 * k];
  set(p, 0);
  for (let k = exact - 1; k >= 0; k--) {
    times(h, l);
    plus(coefficients[2 * k], coefficients[2 * k + 1]);
  }
}

/** A table of coefficients, each 1 divided by `divide` of its index, with alternating signs if `alternate`. */
export function coefficients(terms: int, alternate: boolean, divide: (k: int) => void): Float64Array {
  const out = new Float64Array(2 * terms);
  for (let k = 0; k < terms; k++) {
    set(alternate && (k & 1) !== 0 ? -1 : 1, 0);
    divide(k);
    out[2 * k] = ACC[0];
    out[2 * k + 1] = ACC[1];
  }
  return out;
}

/** ACC /= n!. */
export function overFactorial(n: int): void {
  for (let k = 2; k <= n; k++) over(k, 0);
}

/** ACC = significand of the normal scratch operand `o`, in [1, 2): exact. */
export function significand(o: int): void {
  const a = (X[o + 1] >>> 0) * 2 ** -31;
  const b = (X[o] >>> 0) * 2 ** -63;
  const s = a + b;
  ACC[0] = s;
  ACC[1] = b - (s - a);
}

/** ACC *= 2 ^ n, for n and a result well inside the range of double. */
export function shift(n: int): void {
  const f = 2 ** n;
  ACC[0] *= f;
  ACC[1] *= f;
}

/**
 * R = ACC * 2 ^ n rounded to 64 bits, for ACC not zero. Returns OE, UE, PE and C1. The result counts as inexact, even
 * where it is not, as the recorded processor has it for the transcendental functions.
 */
export function pack(n: int, fcw: int): int {
  let h = ACC[0];
  let l = ACC[1];
  let sign = 0;
  if (h < 0) {
    sign = SIGN;
    h = -h;
    l = -l;
  }
  bits[0] = h;
  let e = ((bitWords[1] >>> 20) & 0x7ff) - 1023;
  // h to [2^31, 2^32); below, four digits of 32 bits.
  const f = 2 ** (31 - e);
  h *= f;
  l *= f;
  const w0 = Math.floor(h);
  const low = l * 4294967296;
  const t = Math.floor(low);
  let mid = (h - w0) * 4294967296 + t;
  let high = w0;
  if (mid < 0) {
    mid += 4294967296;
    high -= 1;
  } else if (mid >= 4294967296) {
    mid -= 4294967296;
    high += 1;
  }
  // A low part just below an integer: its difference to the one below rounds to 1.
  const fraction = low - t;
  const rest = fraction === 1 ? 4294967295.5 : fraction * 4294967296;
  let x = Math.floor(rest) | 0;
  if (rest !== Math.floor(rest)) x |= 1;
  let hi = high | 0;
  let lo = mid | 0;
  if (high >= 4294967296) {
    hi = MSB;
    lo = 0;
    e += 1;
  } else if (hi >= 0) {
    hi = (hi << 1) | (lo >>> 31);
    lo = (lo << 1) | (x >>> 31);
    x <<= 1;
    e -= 1;
  }
  e += n + BIAS;
  const flags = round(sign, e, hi, lo, x, fcw) | FSW_PE;
  if (e > 0 || x !== 0 || (flags & FSW_UE) !== 0) return flags;
  return flags | FSW_UE;
}
