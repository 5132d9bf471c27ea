// Arithmetic on doubles that the host does for the guest. Each function writes physical register d and returns true, or
// returns false where the general way must be taken. C1 and PE are set here.
//
// With 64-bit precision, a sum of doubles is the host's sum if that is exact; the error term of the host's rounding,
// itself exact, tells (Knuth's TwoSum, Dekker's product). With 53-bit precision the host's rounding is the guest's, and
// the error term gives PE and C1, as long as the result is a normal double: the extended exponent range goes further.

import type { int } from '../../insn.ts';
import type { Cpu } from '../../state.ts';
import { FSW_C1, FSW_PE, PC_DOUBLE, PC_MASK, PC_SINGLE, RC_MASK, RC_NEAREST } from './bits.ts';
import { giveDouble } from './stack.ts';

const MIN_NORMAL = 2 ** -1022;
const MIN_NORMAL_SINGLE = 2 ** -126;
const MAX_SINGLE = 3.4028234663852886e38;
/** Bounds of a product whose error term, and all that leads to it, is exact. */
const PRODUCT_MIN = 2 ** -900;
const PRODUCT_MAX = 2 ** 900;
/** Dekker's constant: 2^27 + 1. */
const SPLIT = 134217729;

/** Control word bits that decide on the quick way out, and their values: 53 or 64 bits, to nearest. */
const QUICK_MASK = RC_MASK | PC_DOUBLE;
const QUICK = PC_DOUBLE | RC_NEAREST;

/** What `settle` is told: the host's result and (the sign of) what it lacks. In memory, since a call would box it. */
const told = new Float64Array(2);

/** Register d = a + b. */
export function sum(c: Cpu, d: int, a: number, b: number): boolean {
  const r = a + b;
  const t = r - a;
  told[0] = r;
  told[1] = a - (r - t) + (b - t);
  return settle(c, d);
}

/** Register d = a - b. */
export function difference(c: Cpu, d: int, a: number, b: number): boolean {
  const r = a - b;
  const t = r - a;
  told[0] = r;
  told[1] = a - (r - t) - (b + t);
  return settle(c, d);
}

/** Register d = a * b. */
export function product(c: Cpu, d: int, a: number, b: number): boolean {
  const r = a * b;
  const m = Math.abs(r);
  told[0] = r;
  told[1] = 0;
  if (m > PRODUCT_MIN && m < PRODUCT_MAX) told[1] = productError(a, b, r);
  else if (r !== 0 || (a !== 0 && b !== 0)) return false;
  return settle(c, d);
}

/** Register d = a / b. */
export function ratio(c: Cpu, d: int, a: number, b: number): boolean {
  const r = a / b;
  const m = Math.abs(r);
  const n = Math.abs(a);
  told[0] = r;
  told[1] = 0;
  if (m > PRODUCT_MIN && m < PRODUCT_MAX && n > PRODUCT_MIN && n < PRODUCT_MAX) {
    const p = r * b;
    const rest = a - p - productError(r, b, p);
    told[1] = b < 0 ? -rest : rest;
  } else if (a !== 0 || r !== 0) return false;
  return settle(c, d);
}

/** Register d = the square root of a. */
export function root(c: Cpu, d: int, a: number): boolean {
  const r = Math.sqrt(a);
  told[0] = r;
  told[1] = 0;
  if (a > PRODUCT_MIN && a < PRODUCT_MAX) {
    const p = r * r;
    told[1] = a - p - productError(r, r, p);
  } else if (a !== 0) return false;
  return settle(c, d);
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

/** Register d = the guest's result, given the host's and (the sign of) what it lacks. */
function settle(c: Cpu, d: int): boolean {
  if (told[1] !== 0 || (c.fcw & QUICK_MASK) !== QUICK) return settleSlowly(c, d);
  c.fsw &= ~FSW_C1;
  giveDouble(c, d, told[0]);
  return true;
}

function settleSlowly(c: Cpu, d: int): boolean {
  const r = told[0];
  const lacking = told[1];
  const mode = c.fcw & (PC_MASK | RC_MASK);
  if (lacking === 0) {
    if (mode === PC_SINGLE) return settleSingle(c, d, r);
    if ((mode & PC_DOUBLE) === 0 || r === 0) return false;
    c.fsw &= ~FSW_C1;
    giveDouble(c, d, r);
    return true;
  }
  if (mode !== PC_DOUBLE || Number.isNaN(lacking)) return false;
  const m = Math.abs(r);
  if (!(m > MIN_NORMAL && m < Number.POSITIVE_INFINITY) || !inexact(c, lacking < 0 === r > 0)) return false;
  giveDouble(c, d, r);
  return true;
}

/** Register d = an exact r rounded to 24 bits. */
function settleSingle(c: Cpu, d: int, r: number): boolean {
  const f = Math.fround(r);
  const m = Math.abs(f);
  if (f === r) c.fsw &= ~FSW_C1;
  else if (!(m > MIN_NORMAL_SINGLE && m <= MAX_SINGLE) || !inexact(c, m > Math.abs(r))) return false;
  giveDouble(c, d, f);
  return true;
}

/** Sets PE and C1 if #P is masked; whether it is. */
export function inexact(c: Cpu, up: boolean): boolean {
  if ((c.fcw & FSW_PE) === 0) return false;
  const c1: int = up ? FSW_C1 : 0;
  c.fsw = (c.fsw & ~FSW_C1) | FSW_PE | c1;
  return true;
}
