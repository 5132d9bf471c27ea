// Arithmetic on doubles that the host does for the guest: the result, or NaN where the general way must be taken.
//
// With 64-bit precision, a sum of doubles is the host's sum if that is exact; the error term of the host's rounding,
// itself exact, tells (Knuth's TwoSum, Dekker's product). With 53-bit precision the host's rounding is the guest's, and
// the error term gives PE and C1, as long as the result is a normal double: the extended exponent range goes further.
// C1 and PE are set here.

import type { int } from '../../insn.ts';
import type { Cpu } from '../../state.ts';
import { FSW_C1, FSW_PE, PC_DOUBLE, PC_EXTENDED, PC_MASK, PC_SINGLE, RC_MASK } from './bits.ts';

const MIN_NORMAL = 2 ** -1022;
const MIN_NORMAL_SINGLE = 2 ** -126;
const MAX_SINGLE = 3.4028234663852886e38;
/** Bounds of a product whose error term, and all that leads to it, is exact. */
const PRODUCT_MIN = 2 ** -900;
const PRODUCT_MAX = 2 ** 900;
/** Dekker's constant: 2^27 + 1. */
const SPLIT = 134217729;

/** a + b. */
export function sum(c: Cpu, a: number, b: number): number {
  const r = a + b;
  const t = r - a;
  return settled(c, r, a - (r - t) + (b - t));
}

/** a - b. */
export function difference(c: Cpu, a: number, b: number): number {
  const r = a - b;
  const t = r - a;
  return settled(c, r, a - (r - t) - (b + t));
}

/** a * b. */
export function product(c: Cpu, a: number, b: number): number {
  const r = a * b;
  const m = Math.abs(r);
  if (m > PRODUCT_MIN && m < PRODUCT_MAX) return settled(c, r, productError(a, b, r));
  return r === 0 && (a === 0 || b === 0) ? settled(c, r, 0) : Number.NaN;
}

/** a / b. */
export function ratio(c: Cpu, a: number, b: number): number {
  const r = a / b;
  const m = Math.abs(r);
  const n = Math.abs(a);
  if (m > PRODUCT_MIN && m < PRODUCT_MAX && n > PRODUCT_MIN && n < PRODUCT_MAX) {
    const p = r * b;
    const rest = a - p - productError(r, b, p);
    return settled(c, r, b < 0 ? -rest : rest);
  }
  return a === 0 && r === 0 ? settled(c, r, 0) : Number.NaN;
}

/** The square root of a. */
export function root(c: Cpu, a: number): number {
  if (!(a > PRODUCT_MIN && a < PRODUCT_MAX)) return a === 0 ? settled(c, a, 0) : Number.NaN;
  const r = Math.sqrt(a);
  const p = r * r;
  return settled(c, r, a - p - productError(r, r, p));
}

/** a * b - r, where r is a * b rounded. */
function productError(a: number, b: number, r: number): number {
  const s = SPLIT * a;
  const ah = s - (s - a);
  const al = a - ah;
  const t = SPLIT * b;
  const bh = t - (t - b);
  const bl = b - bh;
  return ah * bh - r + ah * bl + al * bh + al * bl;
}

/** The guest's result, given the host's and (the sign of) what it lacks; NaN if there is none. */
function settled(c: Cpu, r: number, lacking: number): number {
  const mode = c.fcw & (PC_MASK | RC_MASK);
  if (lacking === 0) {
    if (mode === PC_EXTENDED || mode === PC_DOUBLE || ((mode & PC_DOUBLE) !== 0 && r !== 0)) {
      c.fsw &= ~FSW_C1;
      return r;
    }
    return mode === PC_SINGLE ? settledSingle(c, r) : Number.NaN;
  }
  if (mode !== PC_DOUBLE) return Number.NaN;
  const m = Math.abs(r);
  // An infinite or NaN result, or one from a NaN, is no number less than infinity with an error that is one.
  if (!(m > MIN_NORMAL && m < Number.POSITIVE_INFINITY) || Number.isNaN(lacking)) return Number.NaN;
  return inexact(c, lacking < 0 === r > 0) ? r : Number.NaN;
}

/** An exact r rounded to 24 bits. */
function settledSingle(c: Cpu, r: number): number {
  const f = Math.fround(r);
  if (f === r) {
    c.fsw &= ~FSW_C1;
    return r;
  }
  const m = Math.abs(f);
  if (!(m > MIN_NORMAL_SINGLE && m <= MAX_SINGLE)) return Number.NaN;
  return inexact(c, m > Math.abs(r)) ? f : Number.NaN;
}

/** Sets PE and C1 if #P is masked; whether it is. */
export function inexact(c: Cpu, up: boolean): boolean {
  if ((c.fcw & FSW_PE) === 0) return false;
  const c1: int = up ? FSW_C1 : 0;
  c.fsw = (c.fsw & ~FSW_C1) | FSW_PE | c1;
  return true;
}
