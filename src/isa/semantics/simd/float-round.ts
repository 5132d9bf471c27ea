// The end of an operation on floats (soft-float.ts): a significand of 64 bits is rounded to single or double (SDM vol. 1,
// section 4.8.4), exceptions of the result are found (section 4.9.1), and it is packed.
//
// Results and flags are left in module variables: `resultHigh`, `resultLow` (a single is in `resultLow`), `raised`.
// Underflow is detected after rounding, as the processors do.

import type { int } from '../../insn.ts';
import { FTZ, IE, OE, OM, PE, RC, RC_DOWN, RC_UP, RC_ZERO, UE, UM } from './mxcsr.ts';

/** Result of the last operation: low and high word of a double, or a single in the low one. */
export let resultLow: int = 0;
export let resultHigh: int = 0;

/** MXCSR flags raised since `begin`. */
let raised: int = 0;

/** Starts collecting flags. */
export function begin(): void {
  raised = 0;
}
/** The flags raised since `begin`. */
export function raisedFlags(): int {
  return raised;
}
/** Adds flags to those raised. */
export function raiseFlags(flags: int): void {
  raised |= flags;
}

// Special results.

/** Leaves a double. */
export function putDouble(high: int, low: int): void {
  resultHigh = high;
  resultLow = low;
}

/** Leaves a single. */
export function putSingle(bits: int): void {
  resultLow = bits;
}

export function zero(wide: boolean, sign: int): void {
  if (wide) {
    resultHigh = sign << 31;
    resultLow = 0;
  } else resultLow = sign << 31;
}

export function infinity(wide: boolean, sign: int): void {
  if (wide) {
    resultHigh = (sign << 31) | 0x7ff00000;
    resultLow = 0;
  } else resultLow = (sign << 31) | 0x7f800000;
}

/** Invalid operation: the default NaN ("QNaN floating-point indefinite"). */
export function invalid(wide: boolean): void {
  raised |= IE;
  if (wide) {
    resultHigh = 0xfff80000 | 0;
    resultLow = 0;
  } else resultLow = 0xffc00000 | 0;
}

/** A NaN of an operand, made quiet. */
export function quietNaN(wide: boolean, h: int, l: int): void {
  resultHigh = h | 0x00080000;
  resultLow = wide ? l : l | 0x00400000;
}

// Rounding.

/** What `shiftRightJam` leaves. */
export let shiftedHigh: int = 0;
export let shiftedLow: int = 0;

/** high:low >> by, the bits lost or-ed into the lowest. */
export function shiftRightJam(high: int, low: int, by: int): void {
  if (by === 0) {
    shiftedHigh = high;
    shiftedLow = low;
  } else if (by < 32) {
    shiftedHigh = high >>> by;
    shiftedLow = (low >>> by) | (high << (32 - by)) | (low << (32 - by) !== 0 ? 1 : 0);
  } else if (by < 64) {
    shiftedHigh = 0;
    const lost = by === 32 ? low : low | (high << (64 - by));
    shiftedLow = (high >>> (by - 32)) | (lost !== 0 ? 1 : 0);
  } else {
    shiftedHigh = 0;
    shiftedLow = (high | low) !== 0 ? 1 : 0;
  }
}

/** What to add to the significand, 0 or 1 unit in the last place, for `rest` of `unit` below it. */
function increment(sign: int, odd: int, rest: int, half: int, mxcsr: int): int {
  const mode = mxcsr & RC;
  if (mode === RC_ZERO || rest === 0) return 0;
  if (mode === RC_DOWN) return sign;
  if (mode === RC_UP) return sign ^ 1;
  return rest > half || (rest === half && odd !== 0) ? 1 : 0;
}

/** Rounds to the format's precision and packs. `high` has its top bit set. */
export function round(wide: boolean, sign: int, exponent: int, high: int, low: int, mxcsr: int): void {
  const least = wide ? -1022 : -126;
  let h = high;
  let l = low;
  let e = exponent;
  if (e < least) {
    // The integer bit carries out of the rounding with unbounded exponent only from all ones.
    const tiny = e < least - 1 || !carriesOut(wide, sign, high, low, mxcsr);
    if (tiny) {
      if ((mxcsr & UM) === 0) {
        raised |= isInexact(wide, high, low) ? UE | PE : UE;
        return;
      }
      if ((mxcsr & FTZ) !== 0) {
        raised |= UE | PE;
        zero(wide, sign);
        return;
      }
    }
    shiftRightJam(high, low, least - e);
    h = shiftedHigh;
    l = shiftedLow;
    e = least;
    if (tiny && isInexact(wide, h, l)) raised |= UE;
  }
  pack(wide, sign, e, h, l, mxcsr);
}

/** Whether bits below the format's last place are set. */
function isInexact(wide: boolean, high: int, low: int): boolean {
  return wide ? (low & 0x7ff) !== 0 : ((high & 0xff) | low) !== 0;
}

/** Whether rounding makes the next power of two of the significand. */
function carriesOut(wide: boolean, sign: int, high: int, low: int, mxcsr: int): boolean {
  if (wide) return high === -1 && low >>> 11 === 0x1fffff && increment(sign, 1, low & 0x7ff, 0x400, mxcsr) !== 0;
  return high >>> 8 === 0xffffff && increment(sign, 1, ((high & 0xff) << 1) | (low !== 0 ? 1 : 0), 0x100, mxcsr) !== 0;
}

/** Rounds high:low and packs: the integer bit, where it is set, adds one to the exponent field. */
function pack(wide: boolean, sign: int, exponent: int, high: int, low: int, mxcsr: int): void {
  const inexact = isInexact(wide, high, low);
  const most = wide ? 1023 : 127;
  let h: int;
  let l: int;
  if (wide) {
    // 53 bits: 21 in the high word.
    h = high >>> 11;
    l = (high << 21) | (low >>> 11);
    if (increment(sign, l & 1, low & 0x7ff, 0x400, mxcsr) !== 0) {
      l = (l + 1) | 0;
      if (l === 0) h++;
    }
    if (exponent + (h >>> 21) <= most) {
      if (inexact) raised |= PE;
      resultHigh = ((sign << 31) | ((exponent + most - 1) << 20)) + h;
      resultLow = l;
      return;
    }
  } else {
    l = high >>> 8;
    l += increment(sign, l & 1, ((high & 0xff) << 1) | (low !== 0 ? 1 : 0), 0x100, mxcsr);
    if (exponent + (l >>> 24) <= most) {
      if (inexact) raised |= PE;
      resultLow = ((sign << 31) | ((exponent + most - 1) << 23)) + l;
      return;
    }
  }
  // Overflow: infinity, or the greatest finite number where rounding goes toward zero from this side.
  raised |= (mxcsr & OM) !== 0 || inexact ? OE | PE : OE;
  const mode = mxcsr & RC;
  infinity(wide, sign);
  if (mode === RC_ZERO || mode === (sign ? RC_UP : RC_DOWN)) {
    if (wide) resultHigh--;
    resultLow--;
  }
}
