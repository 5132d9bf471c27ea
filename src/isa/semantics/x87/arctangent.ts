// FPATAN (SDM vol. 2). Results are within one unit in the last place of the extended format; C1 tells how they were
// rounded.

import type { Insn, int } from '../../insn.ts';
import type { Cpu } from '../../state.ts';
import { EXPONENT, FSW_DE, PC_EXTENDED, SIGN } from './bits.ts';
import { ACC, coefficients, over, pack, plus, polynomial, set, shift, significand, times } from './double-double.ts';
import { A, B, denormal, isInfinite, isZero, nanOfBoth, nanOrUnsupported, normalise, result, X } from './softfloat.ts';
import { conclude, inUse, note, physical, pop, take, underflowTo, waiting } from './stack.ts';

/** pi and its half. */
const PI = [Math.PI, 1.2246467991473532e-16] as const;
const HALF_PI = [1.5707963267948966, 6.123233995736766e-17] as const;
/** What a result near its argument is less than it, relatively: enough to be inexact. */
const TRIFLE = 2 ** -90;
/** Terms of the series, and how many of them the accumulator sums; the higher ones are summed as doubles. */
const TERMS = 11;
const EXACT_TERMS = 6;
/** (-1)^k / (2k + 1). */
const ARCTANGENT = coefficients(TERMS, true, (k) => over(2 * k + 1, 0));

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
  polynomial(ARCTANGENT, TERMS, EXACT_TERMS, ACC[0], ACC[1]);
  times(uh, ul);
  if (k !== 0) plus(ARCTANGENTS[2 * k], ARCTANGENTS[2 * k + 1]);
}
