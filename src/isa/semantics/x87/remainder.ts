// FPREM and FPREM1: exact partial remainders (SDM vol. 2).

import type { Insn, int } from '../../insn.ts';
import type { Cpu } from '../../state.ts';
import { EXPONENT, FSW_C0, FSW_C1, FSW_C2, FSW_C3, FSW_DE, PC_EXTENDED, SIGN } from './bits.ts';
import {
  A,
  B,
  denormal,
  invalid,
  isInfinite,
  isZero,
  nanOfBoth,
  nanOrUnsupported,
  normalise,
  R,
  result,
  round,
  X,
} from './softfloat.ts';
import { conclude, inUse, note, physical, take, underflowTo, waiting } from './stack.ts';

/** FPREM: ST(0) = ST(0) - Q * ST(1), Q the quotient truncated; C2 if the reduction is not complete. */
export function FPREM(c: Cpu, i: Insn): void {
  partial(c, i, false);
}
/** FPREM1: the same, Q the quotient rounded to nearest. */
export function FPREM1(c: Cpu, i: Insn): void {
  partial(c, i, true);
}

function partial(c: Cpu, i: Insn, nearest: boolean): void {
  waiting(c);
  note(c, i);
  const d = c.ftop;
  const s = physical(c, 1);
  c.fsw &= ~FSW_C2;
  if (!(inUse(c, d) && inUse(c, s))) {
    underflowTo(c, d);
    return;
  }
  take(c, d, A);
  take(c, s, B);
  complete = true;
  quotient = 0;
  const flags = remainder(nearest, c.fcw | PC_EXTENDED);
  const q = complete ? quotient : 0;
  if (!conclude(c, d, flags | ((q & 1) !== 0 ? FSW_C1 : 0))) return;
  // The result of an invalid operation and a NaN leave C0 and C3 alone.
  if (nanOrUnsupported(R)) return;
  let codes = complete ? 0 : FSW_C2;
  if ((q & 2) !== 0) codes |= FSW_C3;
  if ((q & 4) !== 0) codes |= FSW_C0;
  c.fsw = (c.fsw & ~(FSW_C0 | FSW_C3)) | codes;
}

// What `remainder` leaves: the low bits of the quotient's magnitude, and whether C2 is clear.
let quotient = 0;
let complete = true;

/** R = remainder of A by B. */
function remainder(nearest: boolean, fcw: int): int {
  if (nanOrUnsupported(A) || nanOrUnsupported(B)) return nanOfBoth();
  if (isInfinite(A) || isZero(B)) return invalid();
  const flags = denormal(A) || denormal(B) ? FSW_DE : 0;
  let sign = X[A + 2] & SIGN;
  if (isZero(A)) {
    result(sign, 0, 0);
    return flags;
  }
  let ea = X[A + 2] & EXPONENT;
  if (ea === 0) ea = normalise(A);
  if (isInfinite(B)) return flags | round(sign, ea, X[A + 1], X[A], 0, fcw);
  let eb = X[B + 2] & EXPONENT;
  if (eb === 0) eb = normalise(B);
  let h = X[A + 1];
  let l = X[A];
  const bh = X[B + 1];
  const bl = X[B];
  const distance = ea - eb;
  if (distance < -1 || (distance < 0 && !nearest)) return flags | round(sign, ea, h, l, 0, fcw);
  // How many quotient bits this execution develops; beyond 63 a part of them.
  let steps = distance;
  if (distance >= 64) {
    complete = false;
    steps = PARTIAL_MIN + (distance & 31);
  }
  let q = 0;
  let over = 0;
  if (steps < 0) {
    // a lies in [b / 4, b): above b / 2 (compare significands: a's exponent is one less) the remainder is a - b.
    if (!(h >>> 0 > bh >>> 0 || (h === bh && l >>> 0 > bl >>> 0))) return flags | round(sign, ea, h, l, 0, fcw);
    quotient = 1;
    // b - a in units of a: 2b - a, below 2^64.
    const dl = ((bl << 1) - l) | 0;
    const dh = (((bh << 1) | (bl >>> 31)) - h - ((bl << 1) >>> 0 < l >>> 0 ? 1 : 0)) | 0;
    return flags | pack(sign ^ SIGN, ea, dh, dl, fcw);
  }
  for (let k = 0; k <= steps; k++) {
    q <<= 1;
    if (over !== 0 || h >>> 0 > bh >>> 0 || (h === bh && l >>> 0 >= bl >>> 0)) {
      h = (h - bh - (l >>> 0 < bl >>> 0 ? 1 : 0)) | 0;
      l = (l - bl) | 0;
      q |= 1;
    }
    if (k < steps) {
      over = h >>> 31;
      h = (h << 1) | (l >>> 31);
      l <<= 1;
    }
  }
  if (complete && nearest && (h | l) !== 0) {
    const dh = (h << 1) | (l >>> 31);
    const dl = l << 1;
    const above = h < 0 || dh >>> 0 > bh >>> 0 || (dh === bh && dl >>> 0 > bl >>> 0);
    if (above || (dh === bh && dl === bl && (q & 1) !== 0)) {
      h = (bh - h - (bl >>> 0 < l >>> 0 ? 1 : 0)) | 0;
      l = (bl - l) | 0;
      sign ^= SIGN;
      q = (q + 1) | 0;
    }
  }
  quotient = q;
  return flags | pack(sign, ea - steps, h, l, fcw);
}

/** Fewest quotient bits that a partial reduction develops. */
const PARTIAL_MIN = 32;

/** R = h:l at exponent e, not normalised. */
function pack(sign: int, e: int, h: int, l: int, fcw: int): int {
  if ((h | l) === 0) {
    result(sign, 0, 0);
    return 0;
  }
  X[A + 1] = h;
  X[A] = l;
  const n = normalise(A) - 1;
  return round(sign, e + n, X[A + 1], X[A], 0, fcw);
}
