// FLD, FST, FSTP, FXCH, FCMOVcc, FILD, FIST, FISTP, FISTTP (SDM vol. 2). Dialect: what is plain; the rest is in
// load-store.ts and integer-transfer.ts.

import { type Insn, type int, MEM } from '../../insn.ts';
import { readPlace, store, writePlace, x87double, x87hi, x87integer, x87lo, x87single } from '../../prims.ts';
import type { Cpu } from '../../state.ts';
import { carry, parity, zero } from '../flags.ts';
import { offset } from '../operand.ts';
import { loadIntegerSlowly, storeIntegerSlowly } from './integer-transfer.ts';
import { exchangeSlowly, loadSlowly, moveSlowly, storeSlowly } from './load-store.ts';
import {
  clearC1,
  copyWords,
  emptyAt,
  fullStack,
  note,
  noteMemory,
  notPlain,
  pop,
  pushWords,
  raised,
  stackWords,
  stagedOdd,
  stageInteger,
  stageReal,
  use,
} from './plain.ts';
import { waiting } from './stack.ts';

/** Truncation, as the rounding control says it. */
const TRUNCATE = 0x0c00;

/** FLD: pushes ST(n), m32fp, m64fp or m80fp. */
export function FLD(c: Cpu, i: Insn): void {
  waiting(c);
  if (i.src.kind === MEM) {
    const at = offset(c, i.src);
    const p = readPlace(c, i.src.seg, at, i.src.size);
    const s = stageReal(c, p, i.src.size);
    const odd = fullStack(c) | (i.src.size === 80 ? 0 : stagedOdd(c));
    if (odd) loadSlowly(c, i);
    else {
      noteMemory(c, i, i.src, at);
      pushWords(c, s);
    }
  } else if (emptyAt(c, i.src.n) | fullStack(c)) loadSlowly(c, i);
  else {
    note(c, i);
    pushWords(c, stackWords(c, i.src.n));
  }
}

/** FILD: pushes m16int, m32int or m64int; exact. */
export function FILD(c: Cpu, i: Insn): void {
  waiting(c);
  const at = offset(c, i.src);
  const p = readPlace(c, i.src.seg, at, i.src.size);
  const s = stageInteger(c, p, i.src.size);
  if (fullStack(c)) loadIntegerSlowly(c, i);
  else {
    noteMemory(c, i, i.src, at);
    pushWords(c, s);
  }
}

/** FST: dst = ST(0); dst is ST(n), m32fp or m64fp. */
export function FST(c: Cpu, i: Insn): void {
  storeReal(c, i, 0);
}
/** FSTP: dst = ST(0), then pop; dst is ST(n), m32fp, m64fp or m80fp. */
export function FSTP(c: Cpu, i: Insn): void {
  storeReal(c, i, 1);
}

function storeReal(c: Cpu, i: Insn, pops: int): void {
  waiting(c);
  const s = stackWords(c, 0);
  if (i.dst.kind === MEM) {
    const at = offset(c, i.dst);
    const p = writePlace(c, i.dst.seg, at, i.dst.size);
    const lo = c.words[s];
    const hi = c.words[s + 1];
    const se = c.words[s + 2];
    const empty = emptyAt(c, 0);
    const t = i.dst.size === 64 ? x87double(lo, hi, se, c.fcw) : i.dst.size === 32 ? x87single(lo, hi, se, c.fcw) : 0;
    if (empty | notPlain(c, t)) storeSlowly(c, i, pops);
    else {
      store(c, p, 32, i.dst.size === 80 ? lo : x87lo(t), 0);
      if (i.dst.size === 64) store(c, p, 32, x87hi(t), 4);
      if (i.dst.size === 80) {
        store(c, p, 32, hi, 4);
        store(c, p, 16, se, 8);
      }
      noteMemory(c, i, i.dst, at);
      raised(c, t);
      if (pops === 1) pop(c);
    }
  } else if (emptyAt(c, 0)) storeSlowly(c, i, pops);
  else {
    note(c, i);
    copyWords(c, stackWords(c, i.dst.n), s);
    use(c, i.dst.n);
    clearC1(c);
    if (pops === 1) pop(c);
  }
}

/** FIST: m16int or m32int = ST(0), rounded. */
export function FIST(c: Cpu, i: Insn): void {
  storeInteger(c, i, 0, 0);
}
/** FISTP: m16int, m32int or m64int = ST(0), rounded, then pop. */
export function FISTP(c: Cpu, i: Insn): void {
  storeInteger(c, i, 0, 1);
}
/** FISTTP: m16int, m32int or m64int = ST(0), truncated, then pop. */
export function FISTTP(c: Cpu, i: Insn): void {
  storeInteger(c, i, TRUNCATE, 1);
}

function storeInteger(c: Cpu, i: Insn, rounding: int, pops: int): void {
  waiting(c);
  const at = offset(c, i.dst);
  const p = writePlace(c, i.dst.seg, at, i.dst.size);
  const s = stackWords(c, 0);
  const empty = emptyAt(c, 0);
  const t = x87integer(c.words[s], c.words[s + 1], c.words[s + 2], c.fcw | rounding, i.dst.size);
  if (empty | notPlain(c, t)) storeIntegerSlowly(c, i, rounding, pops);
  else {
    store(c, p, i.dst.size === 16 ? 16 : 32, x87lo(t), 0);
    if (i.dst.size === 64) store(c, p, 32, x87hi(t), 4);
    noteMemory(c, i, i.dst, at);
    raised(c, t);
    if (pops === 1) pop(c);
  }
}

/** FXCH: exchanges ST(0) and ST(n). */
export function FXCH(c: Cpu, i: Insn): void {
  waiting(c);
  if (emptyAt(c, 0) | emptyAt(c, i.src.n)) exchangeSlowly(c, i);
  else {
    const a = stackWords(c, 0);
    const b = stackWords(c, i.src.n);
    const lo = c.words[a];
    const hi = c.words[a + 1];
    const se = c.words[a + 2];
    note(c, i);
    copyWords(c, a, b);
    c.words[b] = lo;
    c.words[b + 1] = hi;
    c.words[b + 2] = se;
    clearC1(c);
  }
}

/** FCMOVcc: ST(0) = ST(n) if CF, ZF, CF|ZF or PF (cc 2, 4, 6, 10) is set; the odd cc invert it. C1 stays. */
export function FCMOVcc(c: Cpu, i: Insn): void {
  waiting(c);
  if (emptyAt(c, 0) | emptyAt(c, i.src.n)) moveSlowly(c, i);
  else {
    const kind = i.cc & 14;
    const flag = kind === 2 ? carry(c) : kind === 4 ? zero(c) : kind === 6 ? carry(c) | zero(c) : parity(c);
    const d = stackWords(c, 0);
    const s = stackWords(c, i.src.n);
    const moves = flag ^ (i.cc & 1);
    note(c, i);
    if (moves) copyWords(c, d, s);
  }
}
