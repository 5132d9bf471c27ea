// Sum, product, quotient and square root of extended numbers (SDM vol. 1, sections 8.3.5 and 8.5), on the scratch of
// softfloat.ts and by its conventions.

import type { int } from '../../insn.ts';
import { wide } from '../../wide.ts';
import { BIAS, EXPONENT, FSW_DE, FSW_ZE, MSB, RC_DOWN, RC_MASK } from './bits.ts';
import {
  A,
  B,
  denormal,
  invalid,
  isNormal,
  isZero,
  nanOfA,
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

const { mulhu, divu } = wide;

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

// What digit leaves.
export let quotient = 0;
export let remainderHi = 0;
export let remainderLo = 0;

/** One digit of a long division: nh:nl:nx by dh:dl (top bit set), the quotient below 2^32 (nh:nl < dh:dl). */
export function digit(nh: int, nl: int, nx: int, dh: int, dl: int): void {
  let q: int;
  let rh = 0;
  let rl: int;
  if (nh === dh) {
    // The estimate is 2^32 - 1; the remainder of it against dh alone is nl + dh.
    q = -1;
    rl = (nl + dh) | 0;
    rh = rl >>> 0 < dh >>> 0 ? 1 : 0;
  } else {
    q = divu(nh, nl, dh);
    rl = (nl - Math.imul(q, dh)) | 0;
  }
  // Subtract q * dl from rh:rl:nx; while below zero, take one from q and add the divisor.
  const ph = mulhu(q, dl);
  const pl = Math.imul(q, dl);
  const x = (nx - pl) | 0;
  const b = nx >>> 0 < pl >>> 0 ? 1 : 0;
  const l = (rl - ph - b) | 0;
  rh = rh - (rl >>> 0 < ph >>> 0 || (b !== 0 && rl === ph) ? 1 : 0);
  rl = l;
  let lo = x;
  while (rh < 0) {
    q = (q - 1) | 0;
    const s = (lo + dl) | 0;
    const c = s >>> 0 < lo >>> 0 ? 1 : 0;
    const t = (rl + dh) | 0;
    const k = t >>> 0 < rl >>> 0 ? 1 : 0;
    const u = (t + c) | 0;
    rh += k + (u >>> 0 < t >>> 0 ? 1 : 0);
    rl = u;
    lo = s;
  }
  quotient = q;
  remainderHi = rl;
  remainderLo = lo;
}

/** R = the square root of A. */
export function squareRoot(fcw: int): int {
  let e = X[A + 2] & EXPONENT;
  let flags = 0;
  if (!isNormal(A) || (X[A + 2] & 0x8000) !== 0) {
    if (nanOrUnsupported(A)) return nanOfA();
    if (isZero(A)) {
      result(X[A + 2], 0, 0);
      return 0;
    }
    if ((X[A + 2] & 0x8000) !== 0) return invalid();
    if (e === EXPONENT) {
      result(e, MSB, 0);
      return 0;
    }
    if (e === 0) {
      e = normalise(A);
      flags = FSW_DE;
    }
  }
  // 128 bits, a value in [1/4, 1): the significand, shifted right by one where the exponent (unbiased + 1) is odd.
  let nh = X[A + 1];
  let nl = X[A];
  let nx = 0;
  const unbiased = e - BIAS + 1;
  if ((unbiased & 1) !== 0) {
    nx = nl << 31;
    nl = (nl >>> 1) | (nh << 31);
    nh >>>= 1;
  }
  // High digit: the root of nh:nl, from the host's square root, then corrected.
  const top = (nh >>> 0) * 4294967296 + (nl >>> 0);
  let s = Math.min(Math.floor(Math.sqrt(top)), 4294967295) | 0;
  // nh:nl - s^2, kept with its carry: at most 2s.
  let ph = mulhu(s, s);
  let pl = Math.imul(s, s);
  while (ph >>> 0 > nh >>> 0 || (ph === nh && pl >>> 0 > nl >>> 0)) {
    s = (s - 1) | 0;
    ph = mulhu(s, s);
    pl = Math.imul(s, s);
  }
  let rl = (nl - pl) | 0;
  let rh = (nh - ph - (nl >>> 0 < pl >>> 0 ? 1 : 0)) | 0;
  while (rh > 1 || (rh === 1 && rl >>> 0 > (s << 1) >>> 0) || (rh === 0 && s >= 0 && rl >>> 0 > (s << 1) >>> 0)) {
    // s was one too small: subtract 2s + 1.
    const twice = (s << 1) | 1;
    rh = (rh - (s >>> 31) - (rl >>> 0 < twice >>> 0 ? 1 : 0)) | 0;
    rl = (rl - twice) | 0;
    s = (s + 1) | 0;
  }
  // Low digit: (rh:rl:nx) / 2s, that is half the dividend by s.
  const dh = (rh << 31) | (rl >>> 1);
  const dl = (rl << 31) | (nx >>> 1);
  let q = dh >>> 0 >= s >>> 0 ? -1 : divu(dh, dl, s);
  // rest = (rh:rl:nx:0) - 2 s q 2^32 - q^2, over four words; while below zero, q is too great.
  let w3: int;
  let w2: int;
  let w1: int;
  let w0: int;
  for (;;) {
    const sh = mulhu(s, q);
    const sl = Math.imul(s, q);
    const qh = mulhu(q, q);
    const ql = Math.imul(q, q);
    // 2 s q: t2:t1:t0.
    const t0 = sl << 1;
    const t1 = (sh << 1) | (sl >>> 31);
    const t2 = sh >>> 31;
    w0 = -ql | 0;
    let b = ql !== 0 ? 1 : 0;
    // word 1: nx - t0 - qh - b
    let v = (nx >>> 0) - (t0 >>> 0) - (qh >>> 0) - b;
    w1 = v | 0;
    b = -Math.floor(v / 4294967296);
    v = (rl >>> 0) - (t1 >>> 0) - b;
    w2 = v | 0;
    b = -Math.floor(v / 4294967296);
    w3 = (rh - t2 - b) | 0;
    if (w3 >= 0) break;
    q = (q - 1) | 0;
  }
  // The rest is at most twice the root: it exceeds half a unit (root + 1/4 squared) exactly if it exceeds the root.
  let x = 0;
  if ((w3 | w2 | w1 | w0) !== 0) {
    const more = w3 !== 0 || w2 !== 0 || w1 >>> 0 > s >>> 0 || (w1 === s && w0 >>> 0 > q >>> 0);
    x = more ? 0xc0000000 | 0 : 1;
  }
  return flags | round(0, (unbiased + (unbiased & 1)) / 2 + BIAS - 1, s, q, x, fcw);
}
