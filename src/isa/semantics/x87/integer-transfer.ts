// FILD, FIST, FISTP, FISTTP, FBLD, FBSTP (SDM vol. 2).

import type { Insn, int, Operand } from '../../insn.ts';
import { load, store, writePlace } from '../../prims.ts';
import type { Cpu } from '../../state.ts';
import { offset, readable } from '../operand.ts';
import { FSW_C1, FSW_IE, FSW_SF, RC_MASK, RC_NEAREST, RC_UP, RC_ZERO, SIGN } from './bits.ts';
import { convertedHi, convertedLo, integerIndefinite, toInteger } from './convert.ts';
import { decimalHi, decimalIndefinite, decimalLo, decimalTop, fromDecimal, toDecimal } from './decimal.ts';
import { inexact } from './exact.ts';
import { fromInteger } from './integral.ts';
import { A } from './softfloat.ts';
import {
  doubleOf,
  give,
  giveDouble,
  inUse,
  noteMemory,
  pop,
  push,
  roomToPush,
  signal,
  storable,
  take,
  underflow,
  waiting,
} from './stack.ts';

/** FILD: pushes m16int, m32int or m64int; exact. */
export function FILD(c: Cpu, i: Insn): void {
  waiting(c);
  const o = i.src;
  const at = offset(c, o);
  const p = readable(c, o);
  noteMemory(c, i, o, at);
  const lo = load(c, p, o.size === 16 ? 16 : 32, 0);
  const hi = o.size === 64 ? load(c, p, 32, 4) : lo >> 31;
  if (!roomToPush(c)) return;
  c.fsw &= ~FSW_C1;
  if (hi === lo >> 31) {
    giveDouble(c, push(c), lo);
    return;
  }
  if (hi < 0) fromInteger(SIGN, (~hi + (lo === 0 ? 1 : 0)) | 0, -lo | 0);
  else fromInteger(0, hi, lo);
  give(c, push(c));
}

/** FIST: m16int or m32int = ST(0), rounded. */
export function FIST(c: Cpu, i: Insn): void {
  storeInteger(c, i, c.fcw & RC_MASK);
}
/** FISTP: m16int, m32int or m64int = ST(0), rounded, then pop. */
export function FISTP(c: Cpu, i: Insn): void {
  if (storeInteger(c, i, c.fcw & RC_MASK)) pop(c);
}
/** FISTTP: m16int, m32int or m64int = ST(0), truncated, then pop. */
export function FISTTP(c: Cpu, i: Insn): void {
  if (storeInteger(c, i, RC_ZERO)) pop(c);
}

function storeInteger(c: Cpu, i: Insn, rc: int): boolean {
  waiting(c);
  const o = i.dst;
  const at = offset(c, o);
  const p = writePlace(c, o.seg, at, o.size);
  noteMemory(c, i, o, at);
  const s = c.ftop;
  const v = doubleOf(c, s);
  // Rounded by the host, if it fits 32 bits and is no tie.
  const f = Math.floor(v);
  const rest = v - f;
  let r = f;
  if (rest !== 0) {
    if (rc === RC_NEAREST) r = rest > 0.5 ? f + 1 : rest < 0.5 ? f : Number.NaN;
    else if (rc === RC_UP || (rc === RC_ZERO && v < 0)) r = f + 1;
  }
  const limit = o.size === 16 ? 32767 : 2147483647;
  if (r >= -limit && r <= limit) {
    if (rest === 0) c.fsw &= ~FSW_C1;
    else if (!inexact(c, Math.abs(r) > Math.abs(v))) return storeIntegerSlowly(c, o, p, s, rc);
    put(c, o, p, r | 0, (r | 0) >> 31);
    return true;
  }
  return storeIntegerSlowly(c, o, p, s, rc);
}

function storeIntegerSlowly(c: Cpu, o: Operand, p: int, s: int, rc: int): boolean {
  if (!inUse(c, s)) {
    if (!underflow(c)) return false;
    integerIndefinite(o.size);
    put(c, o, p, convertedLo, convertedHi);
    return true;
  }
  take(c, s, A);
  const flags = toInteger(o.size, rc);
  if (!storable(c, flags)) return false;
  put(c, o, p, convertedLo, convertedHi);
  signal(c, flags);
  return true;
}

function put(c: Cpu, o: Operand, p: int, lo: int, hi: int): void {
  if (o.size === 16) store(c, p, 16, lo);
  else {
    store(c, p, 32, lo, 0);
    if (o.size === 64) store(c, p, 32, hi, 4);
  }
}

/** FBLD: pushes a packed decimal integer of 18 digits; exact. */
export function FBLD(c: Cpu, i: Insn): void {
  waiting(c);
  const o = i.src;
  const at = offset(c, o);
  const p = readable(c, o);
  noteMemory(c, i, o, at);
  const lo = load(c, p, 32, 0);
  const hi = load(c, p, 32, 4);
  const top = load(c, p, 16, 8);
  if (!roomToPush(c)) return;
  c.fsw &= ~FSW_C1;
  fromDecimal(lo, hi, top);
  give(c, push(c));
}

/** FBSTP: m80bcd = ST(0), rounded, then pop. */
export function FBSTP(c: Cpu, i: Insn): void {
  waiting(c);
  const o = i.dst;
  const at = offset(c, o);
  const p = writePlace(c, o.seg, at, o.size);
  noteMemory(c, i, o, at);
  const s = c.ftop;
  let flags = FSW_IE | FSW_SF;
  if (inUse(c, s)) {
    take(c, s, A);
    flags = toDecimal(c.fcw & RC_MASK);
  } else decimalIndefinite();
  if (!storable(c, flags)) return;
  store(c, p, 32, decimalLo, 0);
  store(c, p, 32, decimalHi, 4);
  store(c, p, 16, decimalTop, 8);
  signal(c, flags);
  pop(c);
}
