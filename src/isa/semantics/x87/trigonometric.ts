// FSIN, FCOS, FSINCOS, FPTAN, FPATAN (SDM vol. 2; vol. 1, section 8.3.8 for the 66 bits of pi that reduce the argument).
// Results are within one unit in the last place of the extended format; C1 tells how they were rounded.

import type { Insn, int } from '../../insn.ts';
import type { Cpu } from '../../state.ts';
import { BIAS, EXPONENT, FSW_C1, FSW_C2, FSW_DE, FSW_IE, FSW_PE, FSW_SF, MSB, PC_EXTENDED, SIGN } from './bits.ts';
import { ACC, addDoubles, over, pack, plus, set, shift, significand, times } from './double-double.ts';
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
  X,
} from './softfloat.ts';
import {
  allowed,
  conclude,
  give,
  giveNaN,
  inUse,
  note,
  physical,
  pop,
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
/** pi and its half. */
const PI = [Math.PI, 1.2246467991473532e-16] as const;
const HALF_PI = [1.5707963267948966, 6.123233995736766e-17] as const;

const SIN = 0;
const COS = 1;
const TAN = 2;

/** What a result near its argument differs from it, relatively: enough to be inexact. */
const TRIFLE = 2 ** -90;

/** Terms of a series that the accumulator sums; the higher ones are summed as doubles. */
const EXACT_TERMS = 6;
/** (-1)^k / (2k + 1)! and (-1)^k / (2k)!, high and low parts. */
const SINE = series(14, (k) => 2 * k + 1);
const COSINE = series(14, (k) => 2 * k);
/** (-1)^k / (2k + 1). */
const ARCTANGENT = reciprocals(11);

/** arctan(k / 16), high and low parts. */
const ARCTANGENTS = [
  0.0, 0.0, 0.06241880999595735, -1.5490756308295046e-18, 0.12435499454676144, -3.1253241424539383e-18,
  0.18534794999569476, 4.180692268843079e-18, 0.24497866312686414, 1.0698755618734451e-17, 0.3028848683749714,
  -1.1010827903001369e-17, 0.35877067027057225, -2.4623815582638635e-17, 0.4124104415973873, -1.587652227770689e-17,
  0.4636476090008061, 2.2698777452961687e-17, 0.5123894603107377, -2.5462781472855804e-17, 0.5585993153435624,
  -5.4556305485916264e-18, 0.6022873461349642, 2.950430737228402e-17, 0.6435011087932844, 1.5834785051444286e-17,
  0.6823165548747481, 6.943223671560008e-18, 0.7188299996216245, -2.1478388444456983e-17, 0.7531512809621944,
  -2.4256934659182068e-17, 0.7853981633974483, 3.061616997868383e-17,
];

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
  polynomial(SINE, 14);
  times(h, l);
}

/** ACC = cos ACC, for a magnitude up to pi / 4. */
function cosine(): void {
  times(ACC[0], ACC[1]);
  polynomial(COSINE, 14);
}

/** ACC = the polynomial of ACC with the given coefficients. */
function polynomial(coefficients: Float64Array, terms: int): void {
  const h = ACC[0];
  const l = ACC[1];
  let p = 0;
  for (let k = terms - 1; k >= EXACT_TERMS; k--) p = p * h + coefficients[2 * k];
  set(p, 0);
  for (let k = EXACT_TERMS - 1; k >= 0; k--) {
    times(h, l);
    plus(coefficients[2 * k], coefficients[2 * k + 1]);
  }
}

/** FPATAN: ST(1) = arctan(ST(1) / ST(0)) in the quadrant of the point (ST(0), ST(1)); then pop. */
export function FPATAN(c: Cpu, i: Insn): void {
  waiting(c);
  note(c, i);
  const s = c.ftop;
  const d = physical(c, 1);
  if (!(inUse(c, s) && inUse(c, d))) {
    if (underflowTo(c, d)) pop(c);
    return;
  }
  take(c, d, A);
  take(c, s, B);
  if (conclude(c, d, arctangent(c.fcw | PC_EXTENDED))) pop(c);
}

/** R = the angle of the point (B, A). */
function arctangent(fcw: int): int {
  if (nanOrUnsupported(A) || nanOrUnsupported(B)) return nanOfBoth();
  const sign = X[A + 2] & SIGN;
  const left = (X[B + 2] & SIGN) !== 0;
  const flags = denormal(A) || denormal(B) ? FSW_DE : 0;
  const aInfinite = isInfinite(A);
  const bInfinite = isInfinite(B);
  if (aInfinite) {
    // pi / 4 or 3 pi / 4 with both infinite, else pi / 2.
    if (bInfinite) multipleOfQuarterPi(left ? 3 : 1);
    else multipleOfQuarterPi(2);
    return flags | signed(sign, 0, fcw);
  }
  if (bInfinite || isZero(A)) {
    if (left) {
      multipleOfQuarterPi(4);
      return flags | signed(sign, 0, fcw);
    }
    result(sign, 0, 0);
    return flags;
  }
  if (isZero(B)) {
    multipleOfQuarterPi(2);
    return flags | signed(sign, 0, fcw);
  }
  let ea = X[A + 2] & EXPONENT;
  let eb = X[B + 2] & EXPONENT;
  if (ea === 0) ea = normalise(A);
  if (eb === 0) eb = normalise(B);
  // The lesser magnitude over the greater.
  let n = ea - eb;
  const steep = n > 0 || (n === 0 && X[A + 1] >>> 0 > X[B + 1] >>> 0);
  significand(steep ? A : B);
  const dh = ACC[0];
  const dl = ACC[1];
  significand(steep ? B : A);
  over(dh, dl);
  if (steep) n = -n;
  if (n < -80) {
    if (!steep && !left) {
      plus(-TRIFLE * ACC[0], 0);
      return flags | signed(sign, n, fcw);
    }
    set(ACC[0] * 2 ** -100, 0);
  } else {
    shift(n);
    arctangentOfRatio();
  }
  if (steep) {
    if (!left) set(-ACC[0], -ACC[1]);
    plus(HALF_PI[0], HALF_PI[1]);
  } else if (left) {
    set(-ACC[0], -ACC[1]);
    plus(PI[0], PI[1]);
  }
  return flags | signed(sign, 0, fcw);
}

function multipleOfQuarterPi(n: int): void {
  set((PI[0] * n) / 4, (PI[1] * n) / 4);
  if (n === 3) {
    set(PI[0], PI[1]);
    times(0.75, 0);
  }
}

function signed(sign: int, n: int, fcw: int): int {
  if (sign !== 0) set(-ACC[0], -ACC[1]);
  return pack(n, fcw);
}

/** ACC = arctan ACC, for 0 <= ACC <= 1 (and a trifle more). */
function arctangentOfRatio(): void {
  const k = Math.round(ACC[0] * 16);
  const h = ACC[0];
  const l = ACC[1];
  if (k !== 0) {
    // arctan t = arctan c + arctan((t - c) / (1 + t c))
    const t = k / 16;
    times(t, 0);
    plus(1, 0);
    const dh = ACC[0];
    const dl = ACC[1];
    set(h, l);
    plus(-t, 0);
    over(dh, dl);
  }
  const uh = ACC[0];
  const ul = ACC[1];
  times(uh, ul);
  polynomial(ARCTANGENT, 11);
  times(uh, ul);
  if (k !== 0) plus(ARCTANGENTS[2 * k], ARCTANGENTS[2 * k + 1]);
}

function series(terms: int, order: (k: int) => int): Float64Array {
  const out = new Float64Array(2 * terms);
  for (let k = 0; k < terms; k++) {
    set(k & 1 ? -1 : 1, 0);
    for (let n = 2; n <= order(k); n++) over(n, 0);
    out[2 * k] = ACC[0];
    out[2 * k + 1] = ACC[1];
  }
  return out;
}

function reciprocals(terms: int): Float64Array {
  const out = new Float64Array(2 * terms);
  for (let k = 0; k < terms; k++) {
    set(k & 1 ? -1 : 1, 0);
    over(2 * k + 1, 0);
    out[2 * k] = ACC[0];
    out[2 * k + 1] = ACC[1];
  }
  return out;
}
