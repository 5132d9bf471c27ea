// Lazy flags, without a kind: six words from which each flag follows by one formula, whoever produced them.
//   ZF = fz == 0   SF = fr < 0   PF = even parity of fr's low byte   CF = ca <u cb
//   OF = sign of (oa ^ ob) & (oa ^ fr)   AF = bit 4 of oa ^ ob ^ fr
// Narrow values are sign-extended, so that no formula depends on a width.

import type { int } from '../insn.ts';
import { eq, lt, ltu } from '../prims.ts';
import type { Cpu } from '../state.ts';

const MSB = -2147483648;

/** After r = a + b: all six. */
export function flagsAdd(c: Cpu, a: int, b: int, r: int): void {
  result(c, r);
  c.oa = a;
  c.ob = b ^ MSB;
  c.ca = r;
  c.cb = a;
}
/** After r = a - b: all six. */
export function flagsSub(c: Cpu, a: int, b: int, r: int): void {
  result(c, r);
  c.oa = a;
  c.ob = b;
  c.ca = a;
  c.cb = b;
}
/** After a logical operation: SF ZF PF by the result; CF OF AF cleared. */
export function flagsLogic(c: Cpu, r: int): void {
  result(c, r);
  c.oa = r;
  c.ob = 0;
  c.ca = 0;
  c.cb = 0;
}
/** SF ZF PF by the result, CF and OF as given (0 or 1). AF becomes bit 4 of the result: for where it is undefined. */
export function flagsGiven(c: Cpu, r: int, cf: int, of: int): void {
  result(c, r);
  c.oa = ~r;
  c.ob = ~r ^ (of << 31);
  c.ca = 0;
  c.cb = cf;
}
/** CF and OF only (rotates): ZF, SF, PF and AF stay. */
export function flagsRotate(c: Cpu, cf: int, of: int): void {
  const af = auxiliary(c);
  const fr = c.fr;
  c.oa = ~fr;
  c.ob = ((~fr ^ (of << 31)) & -17) | ((af ^ 1) << 4);
  c.ca = 0;
  c.cb = cf;
}
/** SF, ZF and PF. */
export function result(c: Cpu, r: int): void {
  c.fz = r;
  c.fr = r;
}

export function carry(c: Cpu): int {
  return ltu(c.ca, c.cb);
}
export function zero(c: Cpu): int {
  return eq(c.fz, 0);
}
export function sign(c: Cpu): int {
  return lt(c.fr, 0);
}
export function overflow(c: Cpu): int {
  return lt((c.oa ^ c.ob) & (c.oa ^ c.fr), 0);
}
/** SF != OF. */
export function less(c: Cpu): int {
  return lt(((c.oa ^ c.ob) & (c.oa ^ c.fr)) ^ c.fr, 0);
}
export function parity(c: Cpu): int {
  const r = c.fr;
  return (0x9669 >> ((r ^ (r >> 4)) & 15)) & 1;
}
export function auxiliary(c: Cpu): int {
  return ((c.oa ^ c.ob ^ c.fr) >> 4) & 1;
}

/** Condition cc (the low nibble of Jcc, SETcc, CMOVcc). */
export function holds(c: Cpu, cc: int): int {
  if (cc === 0) return overflow(c);
  if (cc === 2) return carry(c);
  if (cc === 4) return zero(c);
  if (cc === 6) return carry(c) | zero(c);
  if (cc === 8) return sign(c);
  if (cc === 10) return parity(c);
  if (cc === 12) return less(c);
  if (cc === 14) return less(c) | zero(c);
  return holds(c, cc - 1) ^ 1;
}
