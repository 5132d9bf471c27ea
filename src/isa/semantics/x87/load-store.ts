// FLD, FST, FSTP, FXCH, FCMOVcc (SDM vol. 2).

import { type Insn, type int, MEM, type Operand } from '../../insn.ts';
import { load, store, writePlace } from '../../prims.ts';
import { type Cpu, FORM_DOUBLE, WORD } from '../../state.ts';
import { carry, parity, zero } from '../flags.ts';
import { offset, readable } from '../operand.ts';
import { FSW_C1, RC_MASK, RC_NEAREST } from './bits.ts';
import { convertedHi, convertedLo, toDouble, toSingle } from './convert.ts';
import { inexact } from './exact.ts';
import { memorySource, OPERAND, takeFetched } from './memory-operand.ts';
import { A, nanOfA, nanOrUnsupported, R, X } from './softfloat.ts';
import {
  allowed,
  copy,
  doubleOf,
  giveDouble,
  giveNaN,
  giveWords,
  inUse,
  note,
  noteMemory,
  physical,
  pop,
  push,
  roomToPush,
  settle,
  signal,
  storable,
  take,
  underflow,
  underflowTo,
  waiting,
} from './stack.ts';

const MIN_NORMAL = 2 ** -1022;
const MIN_NORMAL_SINGLE = 2 ** -126;
const MAX_SINGLE = 3.4028234663852886e38;

const float = new Float32Array(1);
const floatWord = new Int32Array(float.buffer);

/** FLD: pushes ST(n), m32fp, m64fp or m80fp. */
export function FLD(c: Cpu, i: Insn): void {
  const o = i.src;
  if (o.kind === MEM) {
    if (o.size === 80) loadExtended(c, i, o);
    else {
      memorySource(c, i);
      if (!roomToPush(c)) return;
      const v = OPERAND[0];
      if (!Number.isNaN(v)) {
        c.fsw &= ~FSW_C1;
        giveDouble(c, push(c), v);
      } else loadSpecial(c);
    }
    return;
  }
  waiting(c);
  note(c, i);
  const s = physical(c, o.n);
  if (!inUse(c, s)) {
    if (underflow(c)) giveNaN(c, push(c));
    return;
  }
  if (!roomToPush(c)) return;
  c.fsw &= ~FSW_C1;
  copy(c, push(c), s);
}

/** A denormal, infinity or NaN from m32fp or m64fp. A denormal is loaded even where #D is not masked. */
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
  waiting(c);
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

/** FST: dst = ST(0); dst is ST(n), m32fp or m64fp. */
export function FST(c: Cpu, i: Insn): void {
  storeTo(c, i);
}
/** FSTP: dst = ST(0), then pop; dst is ST(n), m32fp, m64fp or m80fp. */
export function FSTP(c: Cpu, i: Insn): void {
  if (storeTo(c, i)) pop(c);
}

/** Whether it completed, so that it may pop. */
function storeTo(c: Cpu, i: Insn): boolean {
  waiting(c);
  const o = i.dst;
  if (o.kind !== MEM) return storeRegister(c, i, physical(c, o.n));
  const at = offset(c, o);
  const p = writePlace(c, o.seg, at, o.size);
  noteMemory(c, i, o, at);
  const s = c.ftop;
  if (o.size === 80) return storeExtended(c, p, s);
  const v = doubleOf(c, s);
  if (o.size === 64) {
    if (Math.abs(v) >= MIN_NORMAL || v === 0) {
      c.fsw &= ~FSW_C1;
      store(c, p, 32, c.words[WORD.fpd + 2 * s], 0);
      store(c, p, 32, c.words[WORD.fpd + 2 * s + 1], 4);
      return true;
    }
  } else {
    const f = Math.fround(v);
    const m = Math.abs(f);
    if (f === v && (m >= MIN_NORMAL_SINGLE || m === 0)) {
      c.fsw &= ~FSW_C1;
      float[0] = f;
      store(c, p, 32, floatWord[0]);
      return true;
    }
    if (m > MIN_NORMAL_SINGLE && m <= MAX_SINGLE && (c.fcw & RC_MASK) === RC_NEAREST) {
      if (inexact(c, m > Math.abs(v))) {
        float[0] = f;
        store(c, p, 32, floatWord[0]);
        return true;
      }
    }
  }
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
  copy(c, d, s);
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

/** FXCH: exchanges ST(0) and ST(n). */
export function FXCH(c: Cpu, i: Insn): void {
  waiting(c);
  note(c, i);
  const a = c.ftop;
  const b = physical(c, i.src.n);
  if (!(inUse(c, a) && inUse(c, b))) {
    if (!underflow(c)) return;
    if (!inUse(c, a)) giveNaN(c, a);
    if (!inUse(c, b)) giveNaN(c, b);
  } else c.fsw &= ~FSW_C1;
  if ((c.fpr[4 * a + 3] & c.fpr[4 * b + 3]) === FORM_DOUBLE) {
    const v = c.fpd[a];
    c.fpd[a] = c.fpd[b];
    c.fpd[b] = v;
    return;
  }
  settle(c, a);
  take(c, b, A);
  giveWords(c, b, c.fpr[4 * a + 2], c.fpr[4 * a + 1], c.fpr[4 * a]);
  giveWords(c, a, X[A + 2], X[A + 1], X[A]);
}

/** FCMOVcc: ST(0) = ST(n) if CF, ZF, CF|ZF or PF (cc 2, 4, 6, 10) is set; the odd cc invert it. C1 stays. */
export function FCMOVcc(c: Cpu, i: Insn): void {
  waiting(c);
  note(c, i);
  const d = c.ftop;
  const s = physical(c, i.src.n);
  const kind = i.cc & 14;
  const flag = kind === 2 ? carry(c) : kind === 4 ? zero(c) : kind === 6 ? carry(c) | zero(c) : parity(c);
  if (!(inUse(c, d) && inUse(c, s))) {
    underflowTo(c, d);
    return;
  }
  if (flag !== (i.cc & 1)) copy(c, d, s);
}
