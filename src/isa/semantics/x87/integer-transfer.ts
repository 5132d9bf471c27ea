// FBLD, FBSTP (SDM vol. 2); FILD, FIST, FISTP, FISTTP of all operands: what plain-transfer.ts leaves out.

import type { Insn, int, Operand } from '../../insn.ts';
import { load, store, writePlace } from '../../prims.ts';
import type { Cpu } from '../../state.ts';
import { offset, readable } from '../operand.ts';
import { FSW_C1, FSW_IE, FSW_SF, RC_MASK } from './bits.ts';
import { convertedHi, convertedLo, integerIndefinite, toInteger } from './convert.ts';
import { decimalHi, decimalIndefinite, decimalLo, decimalTop, fromDecimal, toDecimal } from './decimal.ts';
import { A } from './softfloat.ts';
import { give, inUse, noteMemory, pop, push, roomToPush, signal, storable, take, underflow, waiting } from './stack.ts';

/** FILD where the stack is full. */
export function loadIntegerSlowly(c: Cpu, i: Insn): void {
  noteMemory(c, i, i.src, offset(c, i.src));
  roomToPush(c);
}

/** FIST and its kin in general, with `rounding` in the control word. */
export function storeIntegerSlowly(c: Cpu, i: Insn, rounding: int, pops: int): void {
  if (storeInteger(c, i, (c.fcw | rounding) & RC_MASK) && pops !== 0) pop(c);
}

/** Whether it completed, so that it may pop. */
function storeInteger(c: Cpu, i: Insn, rc: int): boolean {
  const o = i.dst;
  const at = offset(c, o);
  const p = writePlace(c, o.seg, at, o.size);
  noteMemory(c, i, o, at);
  const s = c.ftop;
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
