// Sum, product and quotient of extended numbers (SDM vol. 1, sections 8.3.5 and 8.5), on the scratch of
// softfloat.ts and by its conventions.

import type { int } from '../../insn.ts';
import { wide } from '../../wide.ts';
import { BIAS, EXPONENT, FSW_DE, FSW_ZE, MSB, RC_DOWN, RC_MASK } from './bits.ts';
import { digit, quotient, remainderHi, remainderLo } from './long-division.ts';
import {
  A,
  B,
  denormal,
  invalid,
  isNormal,
  isZero,
  nanOfBoth,
  nanOrUnsupported,
  normalise,
  result,
  round,
  shiftedHi,
  shiftedLo,
  shiftedRest,
  shiftRight,
  X,
} from './softfloat.ts';

const { mulhu } = wide;

/** DE for the denormals among A and B; they are normalised, the exponents left in `expA` and `expB`. */
let expA = 0;
let expB = 0;
function denormals(): int {
  let flags = 0;
  expA = X[A + 2] & EXPONENT;
  expB = X[B + 2] & EXPONENT;
  if (denormal(A)) {
    expA = normalise(A);
    flags = FSW_DE;
  }
  if (denormal(B)) {
    expB = normalise(B);
    flags = FSW_DE;
  }
  return flags;
}

/** R = A + B; with `flip` = 0x8000, A - B. */
export function add(flip: int, fcw: int): int {
  let ase = X[A + 2];
  let bse = X[B + 2] ^ flip;
  let ea = ase & EXPONENT;
  let eb = bse & EXPONENT;
  let flags = 0;
  if (!(isNormal(A) && isNormal(B))) {
    if (nanOrUnsupported(A) || nanOrUnsupported(B)) return nanOfBoth();
    flags = denormals();
    ea = expA;
    eb = expB;
    if (ea === EXPONENT) {
      if (eb === EXPONENT && ase !== bse) return invalid();
      result(ase, MSB, 0);
      return flags;
    }
    if (eb === EXPONENT) {
      result(bse, MSB, 0);
      return flags;
    }
    const aZero = X[A + 1] === 0;
    if (X[B + 1] === 0) {
      if (!aZero) return flags | round(ase & 0x8000, ea, X[A + 1], X[A], 0, fcw);
      const sum = ase === bse ? ase : (fcw & RC_MASK) === RC_DOWN ? 0x8000 : 0;
      result(sum, 0, 0);
      return flags;
    }
    if (aZero) return flags | round(bse & 0x8000, eb, X[B + 1], X[B], 0, fcw);
  }
  let ah = X[A + 1];
  let al = X[A];
  let bh = X[B + 1];
  let bl = X[B];
  // The greater magnitude in a.
  if (ea < eb || (ea === eb && (ah >>> 0 < bh >>> 0 || (ah === bh && al >>> 0 < bl >>> 0)))) {
    let t = ea;
    ea = eb;
    eb = t;
    t = ah;
    ah = bh;
    bh = t;
    t = al;
    al = bl;
    bl = t;
    t = ase;
    ase = bse;
    bse = t;
  }
  const n = ea - eb;
  let bx = 0;
  if (n !== 0) {
    if (n < 32) {
      bx = bl << (32 - n);
      bl = (bl >>> n) | (bh << (32 - n));
      bh >>>= n;
    } else {
      shiftRight(bh, bl, 0, n);
      bh = shiftedHi;
      bl = shiftedLo;
      bx = shiftedRest;
    }
  }
  const sign = ase & 0x8000;
  if (((ase ^ bse) & 0x8000) === 0) {
    const l = (al + bl) | 0;
    const carry = l >>> 0 < al >>> 0 ? 1 : 0;
    const h = (ah + bh + carry) | 0;
    // ah has its top bit set: there is a carry out exactly if bh has too, or if the sum has not.
    if (h >= 0 || bh < 0) {
      const x = (l << 31) | (bx >>> 1) | (bx & 1);
      return flags | round(sign, ea + 1, (h >>> 1) | MSB, (l >>> 1) | (h << 31), x, fcw);
    }
    return flags | round(sign, ea, h, l, bx, fcw);
  }
  let x = -bx | 0;
  const borrow = bx !== 0 ? 1 : 0;
  let l = (al - bl - borrow) | 0;
  const under = al >>> 0 < bl >>> 0 || (borrow !== 0 && al === bl) ? 1 : 0;
  let h = (ah - bh - under) | 0;
  if (h >= 0) {
    if ((h | l | x) === 0) {
      result((fcw & RC_MASK) === RC_DOWN ? 0x8000 : 0, 0, 0);
      return flags;
    }
    while (h === 0) {
      h = l;
      l = x;
      x = 0;
      ea -= 32;
    }
    const z = Math.clz32(h);
    if (z !== 0) {
      h = (h << z) | (l >>> (32 - z));
      l = (l << z) | (x >>> (32 - z));
      x <<= z;
      ea -= z;
    }
  }
  return flags | round(sign, ea, h, l, x, fcw);
}

/** R = A * B. */
export function multiply(fcw: int): int {
  const sign = (X[A + 2] ^ X[B + 2]) & 0x8000;
  let ea = X[A + 2] & EXPONENT;
  let eb = X[B + 2] & EXPONENT;
  let flags = 0;
  if (!(isNormal(A) && isNormal(B))) {
    if (nanOrUnsupported(A) || nanOrUnsupported(B)) return nanOfBoth();
    const aZero = isZero(A);
    const bZero = isZero(B);
    if ((ea === EXPONENT && bZero) || (eb === EXPONENT && aZero)) return invalid();
    flags = denormals();
    ea = expA;
    eb = expB;
    if (ea === EXPONENT || eb === EXPONENT) {
      result(sign | EXPONENT, MSB, 0);
      return flags;
    }
    if (aZero || bZero) {
      result(sign, 0, 0);
      return flags;
    }
  }
  const ah = X[A + 1];
  const al = X[A];
  const bh = X[B + 1];
  const bl = X[B];
  let h = mulhu(ah, bh);
  let l = Math.imul(ah, bh);
  let x = 0;
  if ((al | bl) !== 0) {
    // The low halves add a * bl and al * b, 32 bits further down.
    const p = Math.imul(ah, bl);
    const q = Math.imul(al, bh);
    const s = (p + q) | 0;
    const c1 = s >>> 0 < p >>> 0 ? 1 : 0;
    const t = mulhu(al, bl);
    x = (s + t) | 0;
    const c2 = x >>> 0 < s >>> 0 ? 1 : 0;
    const u = mulhu(ah, bl);
    const v = mulhu(al, bh);
    const m = (u + v) | 0;
    const c3 = m >>> 0 < u >>> 0 ? 1 : 0;
    const m2 = (m + c1 + c2) | 0;
    const c4 = m2 >>> 0 < m >>> 0 ? 1 : 0;
    const l2 = (l + m2) | 0;
    h = (h + c3 + c4 + (l2 >>> 0 < l >>> 0 ? 1 : 0)) | 0;
    l = l2;
    if (Math.imul(al, bl) !== 0) {
      // The fourth word only sticks, but its top bit counts where all is shifted up by one.
      if (h >= 0) {
        const w = Math.imul(al, bl);
        h = (h << 1) | (l >>> 31);
        l = (l << 1) | (x >>> 31);
        x = (x << 1) | (w >>> 31) | (w << 1 !== 0 ? 1 : 0);
        return flags | round(sign, ea + eb - BIAS, h, l, x, fcw);
      }
      x |= 1;
    }
  }
  if (h >= 0) {
    h = (h << 1) | (l >>> 31);
    l = (l << 1) | (x >>> 31);
    x <<= 1;
    return flags | round(sign, ea + eb - BIAS, h, l, x, fcw);
  }
  return flags | round(sign, ea + eb - BIAS + 1, h, l, x, fcw);
}

/** R = A / B. */
export function divide(fcw: int): int {
  const sign = (X[A + 2] ^ X[B + 2]) & 0x8000;
  let ea = X[A + 2] & EXPONENT;
  let eb = X[B + 2] & EXPONENT;
  let flags = 0;
  if (!(isNormal(A) && isNormal(B))) {
    if (nanOrUnsupported(A) || nanOrUnsupported(B)) return nanOfBoth();
    const aZero = isZero(A);
    const bZero = isZero(B);
    if ((ea === EXPONENT && eb === EXPONENT) || (aZero && bZero)) return invalid();
    if (bZero) {
      result(sign | EXPONENT, MSB, 0);
      // Infinity divided by zero is exact; a denormal divided by zero is not reported as one.
      return ea === EXPONENT ? 0 : FSW_ZE;
    }
    flags = denormals();
    ea = expA;
    eb = expB;
    if (ea === EXPONENT) {
      result(sign | EXPONENT, MSB, 0);
      return flags;
    }
    if (aZero || eb === EXPONENT) {
      result(sign, 0, 0);
      return flags;
    }
  }
  let e = ea - eb + BIAS;
  let nh = X[A + 1];
  let nl = X[A];
  let nx = 0;
  const dh = X[B + 1];
  const dl = X[B];
  if (!(nh >>> 0 < dh >>> 0 || (nh === dh && nl >>> 0 < dl >>> 0))) {
    nx = nl << 31;
    nl = (nl >>> 1) | (nh << 31);
    nh >>>= 1;
  } else e -= 1;
  digit(nh, nl, nx, dh, dl);
  const h = quotient;
  digit(remainderHi, remainderLo, 0, dh, dl);
  const l = quotient;
  // Twice the remainder against the divisor tells how the rest compares with half.
  let x = 0;
  if ((remainderHi | remainderLo) !== 0) {
    const rh = (remainderHi << 1) | (remainderLo >>> 31);
    const rl = remainderLo << 1;
    if (remainderHi < 0 || rh >>> 0 > dh >>> 0 || (rh === dh && rl >>> 0 > dl >>> 0)) x = 0xc0000000 | 0;
    else x = rh === dh && rl === dl ? MSB : 1;
  }
  return flags | round(sign, e, h, l, x, fcw);
}
