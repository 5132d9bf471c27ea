// FLD, FST, FSTP, FILD, FIST, FISTP, FISTTP, FBLD, FBSTP, FXCH, FCMOVcc and the constants (SDM vol. 2).

import { type Insn, type int, MEM, type Operand } from '../../insn.ts';
import { load, store, writePlace } from '../../prims.ts';
import { type Cpu, FORM_DOUBLE, WORD } from '../../state.ts';
import { carry, parity, zero } from '../flags.ts';
import { offset, readable } from '../operand.ts';
import { FSW_C1, MSB, RC_DOWN, RC_MASK, RC_NEAREST, RC_UP, RC_ZERO, SIGN } from './bits.ts';
import { convertedHi, convertedLo, integerIndefinite, toDouble, toInteger, toSingle } from './convert.ts';
import { decimalHi, decimalLo, decimalTop, fromDecimal, toDecimal } from './decimal.ts';
import { inexact } from './exact.ts';
import { fromInteger } from './integral.ts';
import { fetch, takeFetched } from './memory-operand.ts';
import { A, nanOfA, nanOrUnsupported, R, X } from './softfloat.ts';
import {
  allowed,
  copy,
  doubleOf,
  give,
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
  waiting(c);
  const o = i.src;
  if (o.kind === MEM) {
    if (o.size === 80) loadExtended(c, i, o);
    else {
      const v = fetch(c, i, o);
      if (!roomToPush(c)) return;
      if (!Number.isNaN(v)) {
        c.fsw &= ~FSW_C1;
        giveDouble(c, push(c), v);
      } else loadSpecial(c);
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
  if (!storable(c, o.size === 64 ? toDouble(c.fcw) : toSingle(c.fcw))) return false;
  store(c, p, 32, convertedLo, 0);
  if (o.size === 64) store(c, p, 32, convertedHi, 4);
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
  } else {
    take(c, s, A);
    if (!storable(c, toInteger(o.size, rc))) return false;
  }
  put(c, o, p, convertedLo, convertedHi);
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
  if (!inUse(c, s)) {
    if (!underflow(c)) return;
    toDecimal(-1);
  } else {
    take(c, s, A);
    if (!storable(c, toDecimal(c.fcw & RC_MASK))) return;
  }
  store(c, p, 32, decimalLo, 0);
  store(c, p, 32, decimalHi, 4);
  store(c, p, 16, decimalTop, 8);
  pop(c);
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

/** FLDZ: pushes +0. */
export function FLDZ(c: Cpu, i: Insn): void {
  constant(c, i, 0, 0, 0, 0);
}
/** FLD1: pushes 1. */
export function FLD1(c: Cpu, i: Insn): void {
  constant(c, i, 0x3fff, MSB, 0, 0);
}
// The others hold the bits below the 64 that are kept, to round by: `below` is the sign of what rounding to nearest
// left out: 1 if the constant is greater than what is loaded, -1 if it is less.
/** FLDL2T: pushes log2(10). */
export function FLDL2T(c: Cpu, i: Insn): void {
  constant(c, i, 0x4000, 0xd49a784b | 0, 0xcd1b8afe | 0, 1);
}
/** FLDL2E: pushes log2(e). */
export function FLDL2E(c: Cpu, i: Insn): void {
  constant(c, i, 0x3fff, 0xb8aa3b29 | 0, 0x5c17f0bc, -1);
}
/** FLDPI: pushes pi. */
export function FLDPI(c: Cpu, i: Insn): void {
  constant(c, i, 0x4000, 0xc90fdaa2 | 0, 0x2168c235, -1);
}
/** FLDLG2: pushes log10(2). */
export function FLDLG2(c: Cpu, i: Insn): void {
  constant(c, i, 0x3ffd, 0x9a209a84 | 0, 0xfbcff799 | 0, -1);
}
/** FLDLN2: pushes ln(2). */
export function FLDLN2(c: Cpu, i: Insn): void {
  constant(c, i, 0x3ffe, 0xb17217f7 | 0, 0xd1cf79ac | 0, -1);
}

function constant(c: Cpu, i: Insn, se: int, hi: int, lo: int, below: int): void {
  waiting(c);
  note(c, i);
  if (!roomToPush(c)) return;
  c.fsw &= ~FSW_C1;
  const rc = c.fcw & RC_MASK;
  let l = lo;
  if (below > 0 && rc === RC_UP) l = (l + 1) | 0;
  else if (below < 0 && (rc === RC_DOWN || rc === RC_ZERO)) l = (l - 1) | 0;
  giveWords(c, push(c), se, hi, l);
}
