// Long division of significands, digit by digit: what quotients and square roots are made of.

import type { int } from '../../insn.ts';
import { wide } from '../../wide.ts';

const { mulhu, divu } = wide;

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
