// IEEE 754 single and double arithmetic in integers: every rounding mode, flag and special value of SSE (SDM vol. 1,
// chapter 4 and section 11.5). The arbiter behind the fast paths of `quick-float.ts`, which leave to it whatever is not
// plain: NaNs, infinities, denormals, directed rounding, unmasked exceptions.
//
// A number is unpacked into sign, exponent and a 64-bit significand whose top bit is the integer bit; each operation
// yields such a triple with the bits lost below or-ed into the lowest (sticky), and `round` packs it. Both formats have
// at least ten bits to spare below, so one sticky bit is enough. Results and flags: see `float-round.ts`.

import type { int } from '../../insn.ts';
import { imul, mulhu } from '../../prims.ts';
import {
  infinity,
  invalid,
  putDouble,
  putSingle,
  quietNaN,
  raiseFlags,
  round,
  shiftedHigh,
  shiftedLow,
  shiftRightJam,
  zero,
} from './float-round.ts';
import { DAZ, DE, IE, RC, RC_DOWN, ZE } from './mxcsr.ts';

export { begin, raisedFlags, resultHigh, resultLow } from './float-round.ts';

/** Operations of `arithmetic`. */
export const ADD = 0;
export const SUB = 1;
export const MUL = 2;
export const DIV = 3;
export type Operation = 0 | 1 | 2 | 3;

// Classes of an unpacked number.
const ZERO = 0;
const FINITE = 1;
const INFINITE = 2;
const QUIET = 3;
const SIGNALLING = 4;

// Unpacked numbers: fields of A at 0.., of B at 8...
const n = new Int32Array(16);
const A = 0;
const B = 8;
const SIGN = 0;
const EXP = 1;
const HIGH = 2;
const LOW = 3;
const CLASS = 4;
const DENORMAL = 5;

const TOP = 0x80000000 | 0;

/** a + b, a - b, a * b, a / b in the format: doubles if `wide`, else singles in the low words. */
export function arithmetic(op: Operation, wide: boolean, ah: int, al: int, bh: int, bl: int, mxcsr: int): void {
  unpack(A, wide, ah, al, mxcsr);
  unpack(B, wide, bh, bl, mxcsr);
  if (n[A + CLASS] >= QUIET || n[B + CLASS] >= QUIET) {
    propagateNaN(wide, ah, al, bh, bl);
    return;
  }
  if (op === MUL) multiply(wide, mxcsr);
  else if (op === DIV) divide(wide, mxcsr);
  else {
    if (op === SUB) n[B + SIGN] ^= 1;
    add(wide, mxcsr);
  }
}

/** The square root of a. */
export function squareRoot(wide: boolean, ah: int, al: int, mxcsr: int): void {
  unpack(A, wide, ah, al, mxcsr);
  const kind = n[A + CLASS];
  if (kind >= QUIET) {
    if (kind === SIGNALLING) raiseFlags(IE);
    quietNaN(wide, ah, al);
  } else if (kind === ZERO) zero(wide, n[A + SIGN]);
  else if (n[A + SIGN] !== 0) invalid(wide);
  else if (kind === INFINITE) infinity(wide, 0);
  else {
    if (n[A + DENORMAL] !== 0) raiseFlags(DE);
    root(wide, mxcsr);
  }
}

/** Double to single. */
export function narrow(ah: int, al: int, mxcsr: int): void {
  unpack(A, true, ah, al, mxcsr);
  const kind = n[A + CLASS];
  const sign = n[A + SIGN];
  if (kind >= QUIET) {
    if (kind === SIGNALLING) raiseFlags(IE);
    putSingle((ah & TOP) | 0x7fc00000 | ((ah & 0x7ffff) << 3) | (al >>> 29));
  } else if (kind === ZERO) zero(false, sign);
  else if (kind === INFINITE) infinity(false, sign);
  else {
    if (n[A + DENORMAL] !== 0) raiseFlags(DE);
    round(false, sign, n[A + EXP], n[A + HIGH], n[A + LOW], mxcsr);
  }
}

/** Single to double: exact. */
export function widen(a: int, mxcsr: int): void {
  unpack(A, false, 0, a, mxcsr);
  const kind = n[A + CLASS];
  const sign = n[A + SIGN];
  if (kind >= QUIET) {
    if (kind === SIGNALLING) raiseFlags(IE);
    putDouble((a & TOP) | 0x7ff80000 | ((a >> 3) & 0x7ffff), a << 29);
  } else if (kind === ZERO) zero(true, sign);
  else if (kind === INFINITE) infinity(true, sign);
  else {
    if (n[A + DENORMAL] !== 0) raiseFlags(DE);
    round(true, sign, n[A + EXP], n[A + HIGH], n[A + LOW], mxcsr);
  }
}

/** A signed integer to single. */
export function singleFromInteger(v: int, mxcsr: int): void {
  if (v === 0) {
    zero(false, 0);
    return;
  }
  const magnitude = v < 0 ? -v | 0 : v;
  const up = Math.clz32(magnitude);
  round(false, v < 0 ? 1 : 0, 31 - up, magnitude << up, 0, mxcsr);
}

function unpack(at: int, wide: boolean, h: int, l: int, mxcsr: int): void {
  let exponent: int;
  let high: int;
  let low: int;
  const top = wide ? 0x7ff : 0xff;
  if (wide) {
    exponent = (h >>> 20) & 0x7ff;
    high = ((h & 0xfffff) << 11) | (l >>> 21);
    low = l << 11;
  } else {
    exponent = (l >>> 23) & 0xff;
    high = (l & 0x7fffff) << 8;
    low = 0;
  }
  n[at + SIGN] = (wide ? h : l) >>> 31;
  n[at + DENORMAL] = 0;
  const fraction = high | low;
  if (exponent === top) {
    n[at + CLASS] = fraction === 0 ? INFINITE : (high & 0x40000000) !== 0 ? QUIET : SIGNALLING;
  } else if (exponent !== 0) {
    n[at + CLASS] = FINITE;
    n[at + EXP] = exponent - (top >> 1);
    n[at + HIGH] = high | TOP;
    n[at + LOW] = low;
  } else if (fraction === 0 || (mxcsr & DAZ) !== 0) {
    n[at + CLASS] = ZERO;
  } else {
    let shift = 0;
    if (high === 0) {
      high = low;
      low = 0;
      shift = 32;
    }
    const up = Math.clz32(high);
    if (up !== 0) {
      high = (high << up) | (low >>> (32 - up));
      low <<= up;
    }
    n[at + CLASS] = FINITE;
    n[at + DENORMAL] = 1;
    n[at + EXP] = 1 - (top >> 1) - shift - up;
    n[at + HIGH] = high;
    n[at + LOW] = low;
  }
}

// Special operands.

/** The first operand if it is a NaN, else the second, made quiet (SDM vol. 1, table 4-7). */
function propagateNaN(wide: boolean, ah: int, al: int, bh: int, bl: int): void {
  if (n[A + CLASS] === SIGNALLING || n[B + CLASS] === SIGNALLING) raiseFlags(IE);
  if (n[A + CLASS] >= QUIET) quietNaN(wide, ah, al);
  else quietNaN(wide, bh, bl);
}

function denormalOperand(): void {
  if ((n[A + DENORMAL] | n[B + DENORMAL]) !== 0) raiseFlags(DE);
}

// Operations on A and B, neither a NaN.

function add(wide: boolean, mxcsr: int): void {
  const ka = n[A + CLASS];
  const kb = n[B + CLASS];
  const sa = n[A + SIGN];
  const sb = n[B + SIGN];
  if (ka === INFINITE && kb === INFINITE && sa !== sb) {
    invalid(wide);
    return;
  }
  denormalOperand();
  if (ka === INFINITE) infinity(wide, sa);
  else if (kb === INFINITE) infinity(wide, sb);
  else if (ka === ZERO && kb === ZERO) zero(wide, sa === sb ? sa : (mxcsr & RC) === RC_DOWN ? 1 : 0);
  else if (kb === ZERO) round(wide, sa, n[A + EXP], n[A + HIGH], n[A + LOW], mxcsr);
  else if (ka === ZERO) round(wide, sb, n[B + EXP], n[B + HIGH], n[B + LOW], mxcsr);
  else addFinite(wide, mxcsr);
}

function addFinite(wide: boolean, mxcsr: int): void {
  // The greater magnitude is x; y is shifted down to its exponent.
  const difference = n[A + EXP] - n[B + EXP];
  const swap =
    difference < 0 ||
    (difference === 0 &&
      (n[A + HIGH] >>> 0 < n[B + HIGH] >>> 0 || (n[A + HIGH] === n[B + HIGH] && n[A + LOW] >>> 0 < n[B + LOW] >>> 0)));
  const x = swap ? B : A;
  const y = swap ? A : B;
  const sign = n[x + SIGN];
  let exponent = n[x + EXP];
  const xh = n[x + HIGH];
  const xl = n[x + LOW];
  shiftRightJam(n[y + HIGH], n[y + LOW], difference < 0 ? -difference : difference);
  const yh = shiftedHigh;
  const yl = shiftedLow;
  let high: int;
  let low: int;
  if (sign === n[y + SIGN]) {
    low = (xl + yl) | 0;
    const middle = low >>> 0 < xl >>> 0 ? 1 : 0;
    const sum = (xh >>> 0) + (yh >>> 0) + middle;
    high = sum | 0;
    if (sum >= 4294967296) {
      low = (low >>> 1) | (high << 31) | (low & 1);
      high = (high >>> 1) | TOP;
      exponent++;
    }
  } else {
    low = (xl - yl) | 0;
    high = (xh - yh - (xl >>> 0 < yl >>> 0 ? 1 : 0)) | 0;
    if ((high | low) === 0) {
      zero(wide, (mxcsr & RC) === RC_DOWN ? 1 : 0);
      return;
    }
    if (high === 0) {
      high = low;
      low = 0;
      exponent -= 32;
    }
    const up = Math.clz32(high);
    if (up !== 0) {
      high = (high << up) | (low >>> (32 - up));
      low <<= up;
      exponent -= up;
    }
  }
  round(wide, sign, exponent, high, low, mxcsr);
}

function multiply(wide: boolean, mxcsr: int): void {
  const ka = n[A + CLASS];
  const kb = n[B + CLASS];
  const sign = n[A + SIGN] ^ n[B + SIGN];
  if ((ka === ZERO && kb === INFINITE) || (ka === INFINITE && kb === ZERO)) {
    invalid(wide);
    return;
  }
  denormalOperand();
  if (ka === INFINITE || kb === INFINITE) infinity(wide, sign);
  else if (ka === ZERO || kb === ZERO) zero(wide, sign);
  else multiplyFinite(wide, sign, mxcsr);
}

function multiplyFinite(wide: boolean, sign: int, mxcsr: int): void {
  const ah = n[A + HIGH];
  const al = n[A + LOW];
  const bh = n[B + HIGH];
  const bl = n[B + LOW];
  // 128-bit product in words w3..w0; the doubles below hold sums of a few words exactly.
  const w0 = imul(al, bl);
  const m1 = (mulhu(al, bl) >>> 0) + (imul(ah, bl) >>> 0) + (imul(al, bh) >>> 0);
  const w1 = m1 | 0;
  const m2 = (mulhu(ah, bl) >>> 0) + (mulhu(al, bh) >>> 0) + (imul(ah, bh) >>> 0) + Math.floor(m1 / 4294967296);
  let low = m2 | 0;
  let high = (mulhu(ah, bh) + Math.floor(m2 / 4294967296)) | 0;
  let exponent = n[A + EXP] + n[B + EXP] + 1;
  let rest = w1;
  if (high >= 0) {
    high = (high << 1) | (low >>> 31);
    low = (low << 1) | (rest >>> 31);
    rest <<= 1;
    exponent--;
  }
  if ((rest | w0) !== 0) low |= 1;
  round(wide, sign, exponent, high, low, mxcsr);
}

function divide(wide: boolean, mxcsr: int): void {
  const ka = n[A + CLASS];
  const kb = n[B + CLASS];
  const sign = n[A + SIGN] ^ n[B + SIGN];
  if (ka === kb && ka !== FINITE) {
    // 0 / 0, infinity / infinity.
    invalid(wide);
    return;
  }
  if (ka === FINITE && kb === ZERO) {
    raiseFlags(ZE);
    infinity(wide, sign);
    return;
  }
  denormalOperand();
  if (ka === INFINITE || kb === ZERO) infinity(wide, sign);
  else if (ka === ZERO || kb === INFINITE) zero(wide, sign);
  else divideFinite(wide, sign, mxcsr);
}

function divideFinite(wide: boolean, sign: int, mxcsr: int): void {
  let rh = n[A + HIGH];
  let rl = n[A + LOW];
  const dh = n[B + HIGH];
  const dl = n[B + LOW];
  let exponent = n[A + EXP] - n[B + EXP];
  let carry = 0;
  if (rh >>> 0 < dh >>> 0 || (rh === dh && rl >>> 0 < dl >>> 0)) {
    carry = 1;
    rh = (rh << 1) | (rl >>> 31);
    rl <<= 1;
    exponent--;
  }
  let high = 0;
  let low = 0;
  for (let bit = 0; bit < 64; bit++) {
    high = (high << 1) | (low >>> 31);
    low <<= 1;
    if (carry !== 0 || rh >>> 0 > dh >>> 0 || (rh === dh && rl >>> 0 >= dl >>> 0)) {
      rh = (rh - dh - (rl >>> 0 < dl >>> 0 ? 1 : 0)) | 0;
      rl = (rl - dl) | 0;
      low |= 1;
    }
    carry = rh >>> 31;
    rh = (rh << 1) | (rl >>> 31);
    rl <<= 1;
  }
  if ((carry | rh | rl) !== 0) low |= 1;
  round(wide, sign, exponent, high, low, mxcsr);
}

function root(wide: boolean, mxcsr: int): void {
  // The radicand as a fixed-point number of 1..4 with two integer bits, two bits at a time.
  const odd = n[A + EXP] & 1;
  let high = odd ? n[A + HIGH] : n[A + HIGH] >>> 1;
  let low = odd ? n[A + LOW] : (n[A + LOW] >>> 1) | (n[A + HIGH] << 31);
  // 56 bits of root: remainders stay below 2^58.
  let rh = 0;
  let rl = 0;
  let qh = 0;
  let ql = 0;
  for (let bit = 0; bit < 56; bit++) {
    rh = (rh << 2) | (rl >>> 30);
    rl = (rl << 2) | (high >>> 30);
    high = (high << 2) | (low >>> 30);
    low <<= 2;
    // Try 4 q + 1.
    const th = (qh << 2) | (ql >>> 30);
    const tl = (ql << 2) | 1;
    qh = (qh << 1) | (ql >>> 31);
    ql <<= 1;
    if (rh > th || (rh === th && rl >>> 0 >= tl >>> 0)) {
      rh = (rh - th - (rl >>> 0 < tl >>> 0 ? 1 : 0)) | 0;
      rl = (rl - tl) | 0;
      ql |= 1;
    }
  }
  const sticky = (rh | rl) !== 0 ? 1 : 0;
  round(wide, 0, (n[A + EXP] - odd) >> 1, (qh << 8) | (ql >>> 24), (ql << 8) | sticky, mxcsr);
}
