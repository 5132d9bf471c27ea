// Square root of extended numbers (SDM vol. 1, sections 8.3.5 and 8.5), on the scratch of softfloat.ts and by its
// conventions.

import type { int } from '../../insn.ts';
import { wide } from '../../wide.ts';
import { BIAS, EXPONENT, FSW_DE, MSB } from './bits.ts';
import { A, invalid, isNormal, isZero, nanOfA, nanOrUnsupported, normalise, result, round, X } from './softfloat.ts';

const { mulhu, divu } = wide;

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
