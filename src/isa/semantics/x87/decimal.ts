// Packed decimal integers: 18 digits and a sign in 80 bits (SDM vol. 1, section 4.7). Rare: BigInt is fast enough.

import type { int } from '../../insn.ts';
import { BIAS, EXPONENT, FSW_IE, NAN_HI, NAN_SE, SIGN } from './bits.ts';
import { fromInteger, integer, integerHi, integerLo } from './integral.ts';
import { A, nanOrUnsupported, X } from './softfloat.ts';

// What toDecimal leaves: the 80 bits.
export let decimalLo = 0;
export let decimalHi = 0;
export let decimalTop = 0;

const LIMIT = 10n ** 18n;

/** A, rounded by `rc`, in packed decimal; the indefinite and IE if it does not fit. */
export function toDecimal(rc: int): int {
  if (nanOrUnsupported(A) || (X[A + 2] & EXPONENT) >= BIAS + 63) return decimalIndefinite();
  const flags = integer(rc);
  const v = (BigInt(integerHi >>> 0) << 32n) | BigInt(integerLo >>> 0);
  if (v >= LIMIT) return decimalIndefinite();
  const packed = BigInt('0x' + v.toString());
  decimalLo = Number(packed & 0xffffffffn) | 0;
  decimalHi = Number((packed >> 32n) & 0xffffffffn) | 0;
  decimalTop = Number(packed >> 64n) | (X[A + 2] & SIGN);
  return flags;
}

/** The packed decimal indefinite. Returns IE. */
export function decimalIndefinite(): int {
  decimalLo = 0;
  decimalHi = NAN_HI;
  decimalTop = NAN_SE;
  return FSW_IE;
}

/** R = the packed decimal number; digits above 9 count as what they are. */
export function fromDecimal(lo: int, hi: int, top: int): void {
  let v = 0n;
  for (const [word, digits] of [
    [top & 0xff, 2],
    [hi, 8],
    [lo, 8],
  ]) {
    for (let n = digits - 1; n >= 0; n--) v = v * 10n + BigInt((word >>> (4 * n)) & 15);
  }
  fromInteger(top & SIGN, Number(v >> 32n) | 0, Number(v & 0xffffffffn) | 0);
}
