// Numbers of the extended format in words: classes, NaNs, rounding (SDM vol. 1, sections 4.2, 4.8, 4.9 and 8.1.5).
//
// Operands and results stand in one scratch array, so that nothing is allocated and no 64-bit value is passed as a
// JavaScript number: A at 0, B at 4, R at 8, each as significand low, significand high, sign and exponent (16 bits).
// Functions return exception bits as in the status word, and FSW_C1 where the magnitude was rounded up.
// Where an exception that is known before the computation is unmasked, R is of no meaning: the caller drops it.

import type { int } from '../../insn.ts';
import {
  EXPONENT,
  FSW_C1,
  FSW_IE,
  FSW_OE,
  FSW_PE,
  FSW_UE,
  MSB,
  NAN_HI,
  NAN_SE,
  PC_EXTENDED,
  PC_MASK,
  PC_SINGLE,
  RC_DOWN,
  RC_MASK,
  RC_NEAREST,
  RC_ZERO,
} from './bits.ts';

/** The scratch operands. */
export const X = new Int32Array(12);
export const A = 0;
export const B = 4;
export const R = 8;

/** What the exponent is adjusted by when overflow or underflow is unmasked. */
const WRAP = 24576;

/** Sets R. */
export function result(se: int, hi: int, lo: int): void {
  X[R] = lo;
  X[R + 1] = hi;
  X[R + 2] = se;
}

/** R = the default NaN; #IA. */
export function invalid(): int {
  result(NAN_SE, NAN_HI, 0);
  return FSW_IE;
}

/** NaN or an encoding that the processor does not support (J clear in a number that needs it). */
export function nanOrUnsupported(o: int): boolean {
  const e = X[o + 2] & EXPONENT;
  const h = X[o + 1];
  if (e === 0) return false;
  return h >= 0 || (e === EXPONENT && ((h & 0x7fffffff) | X[o]) !== 0);
}

/** Unnormal, pseudo-infinity, pseudo-NaN. */
export function unsupported(o: int): boolean {
  return (X[o + 2] & EXPONENT) !== 0 && X[o + 1] >= 0;
}

/** Denormal or pseudo-denormal. */
export function denormal(o: int): boolean {
  return (X[o + 2] & EXPONENT) === 0 && (X[o] | X[o + 1]) !== 0;
}

export function isZero(o: int): boolean {
  return ((X[o + 2] & EXPONENT) | X[o] | X[o + 1]) === 0;
}

/** Infinity, given that it is no NaN. */
export function isInfinite(o: int): boolean {
  return (X[o + 2] & EXPONENT) === EXPONENT;
}

/** Normal: no special case of any operation. */
export function isNormal(o: int): boolean {
  return X[o + 1] < 0 && ((X[o + 2] + 1) & EXPONENT) > 1;
}

/** R = the NaN that an operation on a NaN A gives (quiet); #IA for a signalling or unsupported one. */
export function nanOfA(): int {
  if (unsupported(A)) return invalid();
  const signalling = (X[A + 1] & 0x40000000) === 0;
  result(X[A + 2], X[A + 1] | 0x40000000, X[A]);
  return signalling ? FSW_IE : 0;
}

/** R = the NaN that an operation gives on A and B, one of which at least is a NaN or unsupported (table 4-7). */
export function nanOfBoth(): int {
  if (unsupported(A) || unsupported(B)) return invalid();
  const aNan = nanOrUnsupported(A);
  const bNan = nanOrUnsupported(B);
  const aSignals = aNan && (X[A + 1] & 0x40000000) === 0;
  const bSignals = bNan && (X[B + 1] & 0x40000000) === 0;
  let o = aNan ? A : B;
  if (aNan && bNan) {
    if (aSignals !== bSignals) o = aSignals ? B : A;
    else if (X[A + 1] !== X[B + 1]) o = X[A + 1] >>> 0 > X[B + 1] >>> 0 ? A : B;
    else if (X[A] !== X[B]) o = X[A] >>> 0 > X[B] >>> 0 ? A : B;
    else o = X[A + 2] < X[B + 2] ? A : B;
  }
  result(X[o + 2], X[o + 1] | 0x40000000, X[o]);
  return aSignals || bSignals ? FSW_IE : 0;
}

/** Makes the denormal at `o` a normal significand and returns its exponent (below 1, or 1 for a pseudo-denormal). */
export function normalise(o: int): int {
  let h = X[o + 1];
  let l = X[o];
  let e = 1;
  if (h === 0) {
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
  X[o + 1] = h;
  X[o] = l;
  return e;
}

/**
 * R = the value of h:l:x (96 bits, the top one set, the lowest a sticky one) with biased exponent e, any int, and
 * `sign` (0 or 0x8000), rounded as the control word says. Returns OE, UE, PE and C1.
 */
export function round(sign: int, e: int, h: int, l: int, x: int, fcw: int): int {
  if (e > 0 && e < EXPONENT && (fcw & PC_MASK) === PC_EXTENDED) {
    X[R + 2] = sign | e;
    if (x === 0) {
      X[R] = l;
      X[R + 1] = h;
      return 0;
    }
    if (roundsUp(sign, l, x, fcw) === 0) {
      X[R] = l;
      X[R + 1] = h;
      return FSW_PE;
    }
    l = (l + 1) | 0;
    if (l === 0) h = (h + 1) | 0;
    if ((h | l) !== 0) {
      X[R] = l;
      X[R + 1] = h;
      return FSW_PE | FSW_C1;
    }
    l = -1;
    h = -1;
    // The carry leaves the significand: the long way, with the value before it.
  }
  return roundGeneral(sign, e, h, l, x, fcw);
}

/** Whether the magnitude with the lowest bit of `odd` and the discarded bits `rest` (top-aligned) is rounded up. */
function roundsUp(sign: int, odd: int, rest: int, fcw: int): int {
  const rc = fcw & RC_MASK;
  if (rc === RC_NEAREST) return rest < 0 && (rest !== MSB || (odd & 1) !== 0) ? 1 : 0;
  if (rest === 0 || rc === RC_ZERO) return 0;
  return (rc === RC_DOWN) === (sign !== 0) ? 1 : 0;
}

// What roundAt leaves besides its result: h, l and whether a carry left the significand.
let roundedHi = 0;
let roundedLo = 0;
let roundedCarry = 0;

/** Rounds h:l:x at the precision; returns PE and C1. */
function roundAt(sign: int, h: int, l: int, x: int, fcw: int): int {
  const pc = fcw & PC_MASK;
  let up: int;
  let rest: int;
  roundedCarry = 0;
  if (pc === PC_EXTENDED) {
    rest = x;
    up = roundsUp(sign, l, rest, fcw);
    l = (l + up) | 0;
    if (up !== 0 && l === 0) h = (h + 1) | 0;
  } else if (pc === PC_SINGLE) {
    rest = (h << 24) | (l >>> 8) | ((l << 24) | x ? 1 : 0);
    up = roundsUp(sign, h >>> 8, rest, fcw);
    h = ((h & ~0xff) + (up << 8)) | 0;
    l = 0;
  } else {
    rest = (l << 21) | (x !== 0 ? 1 : 0);
    up = roundsUp(sign, l >>> 11, rest, fcw);
    l = ((l & ~0x7ff) + (up << 11)) | 0;
    if (up !== 0 && l === 0) h = (h + 1) | 0;
  }
  if (up !== 0 && (h | l) === 0) {
    h = MSB;
    roundedCarry = 1;
  }
  roundedHi = h;
  roundedLo = l;
  return rest === 0 ? 0 : up === 0 ? FSW_PE : FSW_PE | FSW_C1;
}

function roundGeneral(sign: int, e: int, h: int, l: int, x: int, fcw: int): int {
  const flags = roundAt(sign, h, l, x, fcw);
  const after = e + roundedCarry;
  if (after >= EXPONENT) {
    if ((fcw & FSW_OE) === 0) return wrapped(sign, after - WRAP, flags | FSW_OE);
    return overflow(sign, fcw);
  }
  if (after > 0) {
    result(sign | after, roundedHi, roundedLo);
    return flags;
  }
  // Tiny after rounding.
  if ((fcw & FSW_UE) === 0) return wrapped(sign, after + WRAP, flags | FSW_UE);
  shiftRight(h, l, x, 1 - e);
  const inexact = roundAt(sign, shiftedHi, shiftedLo, shiftedRest, fcw);
  result(sign | (roundedHi < 0 ? 1 : 0), roundedHi, roundedLo);
  return inexact === 0 ? 0 : inexact | FSW_UE;
}

/** The result of unmasked overflow or underflow: the exponent is adjusted; beyond even that range infinity or zero. */
function wrapped(sign: int, e: int, flags: int): int {
  if (e > 0 && e < EXPONENT) {
    result(sign | e, roundedHi, roundedLo);
    return flags;
  }
  if (e > 0) {
    result(sign | EXPONENT, MSB, 0);
    return FSW_OE | FSW_PE | FSW_C1;
  }
  result(sign, 0, 0);
  return FSW_UE | FSW_PE;
}

/** R = what overflow gives where it is masked. */
function overflow(sign: int, fcw: int): int {
  const rc = fcw & RC_MASK;
  if (rc === RC_NEAREST || (rc !== RC_ZERO && (rc === RC_DOWN) === (sign !== 0))) {
    result(sign | EXPONENT, MSB, 0);
    return FSW_OE | FSW_PE | FSW_C1;
  }
  const pc = fcw & PC_MASK;
  const h = pc === PC_SINGLE ? ~0xff : -1;
  const l = pc === PC_SINGLE ? 0 : pc === PC_EXTENDED ? -1 : ~0x7ff;
  result(sign | (EXPONENT - 1), h, l);
  return FSW_OE | FSW_PE;
}

// What shiftRight leaves.
export let shiftedHi = 0;
export let shiftedLo = 0;
export let shiftedRest = 0;

/** h:l:x shifted right by n >= 0; bits that fall out stick to the lowest bit. */
export function shiftRight(h: int, l: int, x: int, n: int): void {
  let stick = 0;
  if (n >= 96) {
    stick = h | l | x;
    h = l = x = 0;
  } else if (n >= 64) {
    stick = x | l;
    x = h;
    h = l = 0;
    n -= 64;
  } else if (n >= 32) {
    stick = x;
    x = l;
    l = h;
    h = 0;
    n -= 32;
  }
  if (n > 0 && n < 32) {
    stick |= x << (32 - n);
    x = (x >>> n) | (l << (32 - n));
    l = (l >>> n) | (h << (32 - n));
    h >>>= n;
  }
  shiftedHi = h;
  shiftedLo = l;
  shiftedRest = stick !== 0 ? x | 1 : x;
}
