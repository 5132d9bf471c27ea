// FLD, FST, FSTP, FXCH, FCMOVcc of all operands (SDM vol. 2): what plain-transfer.ts leaves out.

import { type Insn, type int, MEM, type Operand } from '../../insn.ts';
import { load, store, writePlace } from '../../prims.ts';
import type { Cpu } from '../../state.ts';
import { offset, readable } from '../operand.ts';
import { FSW_C1 } from './bits.ts';
import { convertedHi, convertedLo, toDouble, toSingle } from './convert.ts';
import { memorySource, takeFetched } from './memory-operand.ts';
import { A, B, nanOfA, nanOrUnsupported, R, X } from './softfloat.ts';
import {
  allowed,
  giveNaN,
  giveWords,
  inUse,
  note,
  noteMemory,
  physical,
  pop,
  push,
  roomToPush,
  signal,
  storable,
  take,
  underflow,
  underflowTo,
} from './stack.ts';

/** FLD in general. */
export function loadSlowly(c: Cpu, i: Insn): void {
  const o = i.src;
  if (o.kind === MEM) {
    if (o.size === 80) loadExtended(c, i, o);
    else {
      memorySource(c, i);
      if (roomToPush(c)) loadSpecial(c);
    }
    return;
  }
  note(c, i);
  const s = physical(c, o.n);
  if (!inUse(c, s)) {
    if (underflow(c)) giveNaN(c, push(c));
    return;
  }
  if (!roomToPush(c)) return;
  c.fsw &= ~FSW_C1;
  take(c, s, A);
  giveWords(c, push(c), X[A + 2], X[A + 1], X[A]);
}

/** A constant for which there is no room. */
export function overflowSlowly(c: Cpu, i: Insn): void {
  note(c, i);
  roomToPush(c);
}

/** m32fp or m64fp. A denormal is loaded even where #D is not masked. */
function loadSpecial(c: Cpu): void {
  const denormal = takeFetched(A);
  if (denormal !== 0) {
    signal(c, denormal);
    giveWords(c, push(c), X[A + 2], X[A + 1], X[A]);
    return;
  }
  let flags = 0;
  if (nanOrUnsupported(A)) {
    flags = nanOfA();
    X[A + 1] = X[R + 1];
  }
  if (!allowed(c, flags)) return;
  giveWords(c, push(c), X[A + 2], X[A + 1], X[A]);
}

function loadExtended(c: Cpu, i: Insn, o: Operand): void {
  const at = offset(c, o);
  const p = readable(c, o);
  noteMemory(c, i, o, at);
  const lo = load(c, p, 32, 0);
  const hi = load(c, p, 32, 4);
  const se = load(c, p, 16, 8) & 0xffff;
  if (!roomToPush(c)) return;
  c.fsw &= ~FSW_C1;
  giveWords(c, push(c), se, hi, lo);
}

/** FST and FSTP in general. */
export function storeSlowly(c: Cpu, i: Insn, pops: int): void {
  if (storeTo(c, i) && pops !== 0) pop(c);
}

/** Whether it completed, so that it may pop. */
function storeTo(c: Cpu, i: Insn): boolean {
  const o = i.dst;
  if (o.kind !== MEM) return storeRegister(c, i, physical(c, o.n));
  const at = offset(c, o);
  const p = writePlace(c, o.seg, at, o.size);
  noteMemory(c, i, o, at);
  const s = c.ftop;
  if (o.size === 80) return storeExtended(c, p, s);
  if (!inUse(c, s)) {
    if (!underflow(c)) return false;
    store(c, p, 32, o.size === 32 ? 0xffc00000 | 0 : 0, 0);
    if (o.size === 64) store(c, p, 32, 0xfff80000 | 0, 4);
    return true;
  }
  take(c, s, A);
  const flags = o.size === 64 ? toDouble(c.fcw) : toSingle(c.fcw);
  if (!storable(c, flags)) return false;
  store(c, p, 32, convertedLo, 0);
  if (o.size === 64) store(c, p, 32, convertedHi, 4);
  signal(c, flags);
  return true;
}

function storeRegister(c: Cpu, i: Insn, d: int): boolean {
  note(c, i);
  const s = c.ftop;
  if (!inUse(c, s)) return underflowTo(c, d);
  c.fsw &= ~FSW_C1;
  take(c, s, A);
  giveWords(c, d, X[A + 2], X[A + 1], X[A]);
  c.ftag |= 1 << d;
  return true;
}

function storeExtended(c: Cpu, p: int, s: int): boolean {
  if (!inUse(c, s)) {
    if (!underflow(c)) return false;
    X[A] = 0;
    X[A + 1] = 0xc0000000 | 0;
    X[A + 2] = 0xffff;
  } else {
    c.fsw &= ~FSW_C1;
    take(c, s, A);
  }
  store(c, p, 32, X[A], 0);
  store(c, p, 32, X[A + 1], 4);
  store(c, p, 16, X[A + 2], 8);
  return true;
}

/** FXCH in general. */
export function exchangeSlowly(c: Cpu, i: Insn): void {
  note(c, i);
  const a = c.ftop;
  const b = physical(c, i.src.n);
  if (!underflow(c)) return;
  if (!inUse(c, a)) giveNaN(c, a);
  if (!inUse(c, b)) giveNaN(c, b);
  take(c, a, A);
  take(c, b, B);
  giveWords(c, b, X[A + 2], X[A + 1], X[A]);
  giveWords(c, a, X[B + 2], X[B + 1], X[B]);
}

/** FCMOVcc where a register is empty. */
export function moveSlowly(c: Cpu, i: Insn): void {
  note(c, i);
  underflowTo(c, c.ftop);
}
