// The extended number A as a double, a single, an integer or packed decimal. The converted words are left in
// convertedLo and convertedHi; the exceptions are returned. No precision control; rounding control applies.

import type { int } from '../../insn.ts';
import {
  BIAS,
  EXPONENT,
  FSW_C1,
  FSW_IE,
  FSW_OE,
  FSW_PE,
  FSW_UE,
  MSB,
  RC_DOWN,
  RC_MASK,
  RC_NEAREST,
  RC_ZERO,
  SIGN,
} from './bits.ts';
import { integer, integerHi, integerLo } from './integral.ts';
import {
  A,
  isInfinite,
  nanOrUnsupported,
  shiftedHi,
  shiftedLo,
  shiftedRest,
  shiftRight,
  unsupported,
  X,
} from './softfloat.ts';

export let convertedLo = 0;
export let convertedHi = 0;

const DOUBLE_BIAS = 1023;
const DOUBLE_EXPONENT = 0x7ff;
const SINGLE_BIAS = 127;
const SINGLE_EXPONENT = 0xff;

/** A as a double. Unmasked OE and UE: the words are of no meaning. */
export function toDouble(fcw: int): int {
  const sign = (X[A + 2] & SIGN) << 16;
  const h = X[A + 1];
  const l = X[A];
  if (nanOrUnsupported(A)) {
    if (unsupported(A)) return double(0xfff80000 | 0, 0, FSW_IE);
    return double(
      sign | 0x7ff80000 | ((h >>> 11) & 0xfffff),
      (h << 21) | (l >>> 11),
      (h & 0x40000000) === 0 ? FSW_IE : 0,
    );
  }
  if (isInfinite(A)) return double(sign | 0x7ff00000, 0, 0);
  if ((h | l) === 0) return double(sign, 0, 0);
  return finite(sign, h, l, (X[A + 2] & EXPONENT) - BIAS + DOUBLE_BIAS, 11, DOUBLE_EXPONENT, fcw);
}

/** A as a single, in convertedLo. Unmasked OE and UE: the word is of no meaning. */
export function toSingle(fcw: int): int {
  const sign = (X[A + 2] & SIGN) << 16;
  const h = X[A + 1];
  const l = X[A];
  if (nanOrUnsupported(A)) {
    if (unsupported(A)) return single(0xffc00000 | 0, FSW_IE);
    return single(sign | 0x7fc00000 | ((h >>> 8) & 0x7fffff), (h & 0x40000000) === 0 ? FSW_IE : 0);
  }
  if (isInfinite(A)) return single(sign | 0x7f800000, 0);
  if ((h | l) === 0) return single(sign, 0);
  return finite(sign, h, l, (X[A + 2] & EXPONENT) - BIAS + SINGLE_BIAS, 40, SINGLE_EXPONENT, fcw);
}

function double(hi: int, lo: int, flags: int): int {
  convertedHi = hi;
  convertedLo = lo;
  return flags;
}

function single(word: int, flags: int): int {
  convertedLo = word;
  return flags;
}

/** h:l with exponent e (biased for the format; the extended one's denormals are far below either), less `drop` bits. */
function finite(sign: int, h: int, l: int, e: int, drop: int, max: int, fcw: int): int {
  let flags = narrow(sign, h, l, 0, drop, fcw);
  if (e + narrowCarry >= max) {
    if ((fcw & FSW_OE) === 0) return FSW_OE;
    const rc = fcw & RC_MASK;
    const infinite = rc === RC_NEAREST || (rc !== RC_ZERO && (rc === RC_DOWN) === (sign !== 0));
    flags = FSW_OE | FSW_PE | (infinite ? FSW_C1 : 0);
    if (drop === 11) return double(sign | (infinite ? 0x7ff00000 : 0x7fefffff), infinite ? 0 : -1, flags);
    return single(sign | (infinite ? 0x7f800000 : 0x7f7fffff), flags);
  }
  if (e + narrowCarry <= 0) {
    if ((fcw & FSW_UE) === 0) return FSW_UE;
    shiftRight(h, l, 0, 1 - e);
    flags = narrow(sign, shiftedHi, shiftedLo, shiftedRest, drop, fcw);
    if (flags !== 0) flags |= FSW_UE;
    // A denormal has exponent 0, unless rounding has made it the smallest normal number.
    e = narrowHi < 0 ? 1 : 0;
  } else e += narrowCarry;
  if (drop === 11) {
    return double(sign | (e << 20) | ((narrowHi >>> 11) & 0xfffff), (narrowHi << 21) | (narrowLo >>> 11), flags);
  }
  return single(sign | (e << 23) | ((narrowHi >>> 8) & 0x7fffff), flags);
}

let narrowHi = 0;
let narrowLo = 0;
let narrowCarry = 0;

/** Rounds h:l:x to 64 - drop bits (drop 11 or 40). Returns PE and C1. */
function narrow(sign: int, h: int, l: int, x: int, drop: int, fcw: int): int {
  let rest: int;
  let odd: int;
  if (drop === 11) {
    rest = (l << 21) | (x !== 0 ? 1 : 0);
    odd = (l >>> 11) & 1;
    l &= ~0x7ff;
  } else {
    rest = (h << 24) | (l >>> 8) | ((l << 24) | x ? 1 : 0);
    odd = (h >>> 8) & 1;
    h &= ~0xff;
    l = 0;
  }
  let up = false;
  const rc = fcw & RC_MASK;
  if (rest !== 0) {
    if (rc === RC_NEAREST) up = rest < 0 && (rest !== MSB || odd !== 0);
    else if (rc !== RC_ZERO) up = (rc === RC_DOWN) === (sign !== 0);
  }
  narrowCarry = 0;
  if (up) {
    if (drop === 11) {
      l = (l + 0x800) | 0;
      if (l === 0) h = (h + 1) | 0;
    } else h = (h + 0x100) | 0;
    if ((h | l) === 0) {
      h = MSB;
      narrowCarry = 1;
    }
  }
  narrowHi = h;
  narrowLo = l;
  return rest === 0 ? 0 : up ? FSW_PE | FSW_C1 : FSW_PE;
}

/** A as a signed integer of `bits` (16, 32, 64), rounded by `rc`; IE and the integer indefinite if it does not fit. */
export function toInteger(bits: int, rc: int): int {
  if (nanOrUnsupported(A) || (X[A + 2] & EXPONENT) >= BIAS + 64) return integerIndefinite(bits);
  const negative = (X[A + 2] & SIGN) !== 0;
  const flags = integer(rc);
  const h = integerHi;
  const l = integerLo;
  // The magnitude may reach 2^(bits - 1) if negative.
  let fits: boolean;
  if (bits === 64) fits = h >= 0 || (negative && h === MSB && l === 0);
  else {
    const limit = bits === 32 ? 0x7fffffff : 0x7fff;
    fits = h === 0 && l >>> 0 <= limit + (negative ? 1 : 0);
  }
  // A carry out of 64 bits leaves zero.
  if ((h | l) === 0 && (X[A + 2] & EXPONENT) === BIAS + 63) fits = false;
  if (!fits) return integerIndefinite(bits);
  convertedLo = negative ? -l | 0 : l;
  convertedHi = negative ? (~h + (l === 0 ? 1 : 0)) | 0 : h;
  return flags;
}

/** The integer indefinite of `bits`, in convertedHi:Lo. Returns IE. */
export function integerIndefinite(bits: int): int {
  convertedLo = bits === 64 ? 0 : bits === 32 ? MSB : -32768;
  convertedHi = MSB;
  return FSW_IE;
}
