// The common case of SSE arithmetic with the host's doubles: rounding to nearest, operands and result zero or normal.
// A function here returns the result, or NaN for "not plain: ask soft-float"; so one test per lane tells. Under directed
// rounding nothing is plain.
//
// Single precision is double arithmetic rounded once more: correct for + - * / and square root, since 53 >= 2 * 24 + 2
// (S. A. Figueroa, "When is double rounding innocuous?", 1995).
//
// Where MXCSR.PE is set already (it nearly always is), nobody needs to know whether the result is exact. Otherwise an
// inexact result is not plain: it has a flag to raise. Exactness is tested by error-free transformations (Dekker 1971;
// Knuth, TAOCP vol. 2, section 4.2.2).

import type { int } from '../../insn.ts';
import { PE, PM, RC } from './mxcsr.ts';

/** Least normal and greatest finite numbers. */
const LEAST_SINGLE = 2 ** -126;
const MOST_SINGLE = (2 - 2 ** -23) * 2 ** 127;
const LEAST_DOUBLE = 2 ** -1022;
const MOST_DOUBLE = Number.MAX_VALUE;
/** Within these, Dekker's product neither overflows nor loses bits. */
const SPLIT_MOST = 2 ** 990;
const PRODUCT_LEAST = 2 ** -900;
const SPLITTER = 2 ** 27 + 1;

const { abs, fround, sqrt } = Math;

/** RC, PM and PE where inexact results are plain: rounding to nearest, inexactness masked and already noted. */
const CAREFREE = PM | PE;

/** Whether rounding to nearest with nothing noted is all there is to do for plain results. */
export function isCarefree(mxcsr: int): boolean {
  return (mxcsr & (RC | PM | PE)) === CAREFREE;
}
function isNearest(mxcsr: int): boolean {
  return (mxcsr & RC) === 0;
}

/** Zero or normal or infinite; not NaN. */
function plainSingle(a: number): boolean {
  return abs(a) >= LEAST_SINGLE || a === 0;
}
function plainDouble(a: number): boolean {
  return abs(a) >= LEAST_DOUBLE || a === 0;
}
/** Normal. The least normal number itself is left out: it may have been tiny before rounding. */
function normalSingle(r: number): boolean {
  return abs(r) > LEAST_SINGLE && abs(r) <= MOST_SINGLE;
}
function normalDouble(r: number): boolean {
  return abs(r) > LEAST_DOUBLE && abs(r) <= MOST_DOUBLE;
}

/** Whether a + b is s exactly, s being their rounded sum. */
function exactSum(a: number, b: number, s: number): boolean {
  const t = s - a;
  return a - (s - t) + (b - t) === 0;
}

/** Whether a * b is p exactly, p being their rounded product; false where it cannot tell. */
function exactProduct(a: number, b: number, p: number): boolean {
  if (p === 0) return a === 0 || b === 0;
  if (!(abs(a) < SPLIT_MOST && abs(b) < SPLIT_MOST && abs(p) > PRODUCT_LEAST)) return false;
  const x = a * SPLITTER;
  const ah = x - (x - a);
  const al = a - ah;
  const y = b * SPLITTER;
  const bh = y - (y - b);
  const bl = b - bh;
  return al * bl - (p - ah * bh - al * bh - ah * bl) === 0;
}

export function addSingle(a: number, b: number, mxcsr: int): number {
  const s = a + b;
  const r = fround(s);
  if (!((normalSingle(r) || r === 0) && plainSingle(a) && plainSingle(b))) return NaN;
  return isCarefree(mxcsr) || (isNearest(mxcsr) && r === s && exactSum(a, b, s)) ? r : NaN;
}
export function subSingle(a: number, b: number, mxcsr: int): number {
  return addSingle(a, -b, mxcsr);
}
export function mulSingle(a: number, b: number, mxcsr: int): number {
  const p = a * b;
  const r = fround(p);
  if (!((normalSingle(r) || p === 0) && plainSingle(a) && plainSingle(b))) return NaN;
  return isCarefree(mxcsr) || (isNearest(mxcsr) && r === p) ? r : NaN;
}
export function divSingle(a: number, b: number, mxcsr: int): number {
  const r = fround(a / b);
  if (!((normalSingle(r) || a === 0) && plainSingle(a) && plainSingle(b))) return NaN;
  return isCarefree(mxcsr) || (isNearest(mxcsr) && (a === 0 || r * b === a)) ? r : NaN;
}
export function sqrtSingle(b: number, mxcsr: int): number {
  const r = fround(sqrt(b));
  if (!(plainSingle(b) && b <= MOST_SINGLE)) return NaN;
  return isCarefree(mxcsr) || (isNearest(mxcsr) && r * r === b) ? r : NaN;
}

export function addDouble(a: number, b: number, mxcsr: int): number {
  const r = a + b;
  if (!((normalDouble(r) || r === 0) && plainDouble(a) && plainDouble(b))) return NaN;
  return isCarefree(mxcsr) || (isNearest(mxcsr) && exactSum(a, b, r)) ? r : NaN;
}
export function subDouble(a: number, b: number, mxcsr: int): number {
  return addDouble(a, -b, mxcsr);
}
export function mulDouble(a: number, b: number, mxcsr: int): number {
  const r = a * b;
  if (!((normalDouble(r) || a === 0 || b === 0) && plainDouble(a) && plainDouble(b))) return NaN;
  return isCarefree(mxcsr) || (isNearest(mxcsr) && exactProduct(a, b, r)) ? r : NaN;
}
export function divDouble(a: number, b: number, mxcsr: int): number {
  const r = a / b;
  if (!((normalDouble(r) || a === 0) && plainDouble(a) && plainDouble(b))) return NaN;
  return isCarefree(mxcsr) || (isNearest(mxcsr) && (a === 0 || (r * b === a && exactProduct(r, b, a)))) ? r : NaN;
}
export function sqrtDouble(b: number, mxcsr: int): number {
  const r = sqrt(b);
  if (!(plainDouble(b) && b <= MOST_DOUBLE)) return NaN;
  return isCarefree(mxcsr) || (isNearest(mxcsr) && r * r === b && exactProduct(r, r, b)) ? r : NaN;
}

/** Double to single. */
export function narrowDouble(b: number, mxcsr: int): number {
  const r = fround(b);
  if (!(normalSingle(r) || b === 0)) return NaN;
  return isCarefree(mxcsr) || (isNearest(mxcsr) && r === b) ? r : NaN;
}
