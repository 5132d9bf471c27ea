// SSE comparison: MIN, MAX, CMP, COMIS, UCOMIS (SDM vol. 2). MXCSR: IE and DE.

import type { Insn, int } from '../../insn.ts';
import type { Cpu } from '../../state.ts';
import { flagsGiven } from '../flags.ts';
import { DAZ, DE, IE, settleExceptions } from './mxcsr.ts';
import { registerWords, requireSse, source, unalignedSource, XMM_WORDS } from './operand.ts';

// How two numbers compare: one bit each, so that a predicate is a set of them.
const LESS = 1;
const EQUAL = 2;
const GREATER = 4;
const UNORDERED = 8;

/** EQ LT LE UNORD NEQ NLT NLE ORD: the outcomes for which they hold. */
const PREDICATES = new Int32Array([
  EQUAL,
  LESS,
  LESS | EQUAL,
  UNORDERED,
  LESS | GREATER | UNORDERED,
  EQUAL | GREATER | UNORDERED,
  GREATER | UNORDERED,
  LESS | EQUAL | GREATER,
]);
/** The predicates that raise IE for a quiet NaN too: LT LE NLT NLE. */
const SIGNALLING_PREDICATES = 0b01100110;

const LEAST_SINGLE = 2 ** -126;
const LEAST_DOUBLE = 2 ** -1022;

/** Flags that comparisons raised, over the lanes of one instruction. */
let raised: int = 0;

/** MINPS - DEST <- DEST if it is less than SRC, else SRC (so for zeros and NaNs too); four singles. */
export function MINPS(c: Cpu, i: Insn): void {
  choose(c, i, false, 4, LESS);
}
/** MINPD - two doubles. */
export function MINPD(c: Cpu, i: Insn): void {
  choose(c, i, true, 2, LESS);
}
/** MINSS - the low single. */
export function MINSS(c: Cpu, i: Insn): void {
  choose(c, i, false, 1, LESS);
}
/** MINSD - the low double. */
export function MINSD(c: Cpu, i: Insn): void {
  choose(c, i, true, 1, LESS);
}
/** MAXPS - DEST <- DEST if it is greater than SRC, else SRC; four singles. */
export function MAXPS(c: Cpu, i: Insn): void {
  choose(c, i, false, 4, GREATER);
}
/** MAXPD - two doubles. */
export function MAXPD(c: Cpu, i: Insn): void {
  choose(c, i, true, 2, GREATER);
}
/** MAXSS - the low single. */
export function MAXSS(c: Cpu, i: Insn): void {
  choose(c, i, false, 1, GREATER);
}
/** MAXSD - the low double. */
export function MAXSD(c: Cpu, i: Insn): void {
  choose(c, i, true, 1, GREATER);
}

/** CMPPS - each single becomes all ones where the immediate's predicate holds, else zero. */
export function CMPPS(c: Cpu, i: Insn): void {
  test(c, i, false, 4);
}
/** CMPPD - two doubles. */
export function CMPPD(c: Cpu, i: Insn): void {
  test(c, i, true, 2);
}
/** CMPSS - the low single. */
export function CMPSS(c: Cpu, i: Insn): void {
  test(c, i, false, 1);
}
/** CMPSD (xmm) - the low double. */
export function CMPSDX(c: Cpu, i: Insn): void {
  test(c, i, true, 1);
}

/** LESS, EQUAL, GREATER or UNORDERED: the numbers at words `a` and `b` of `c.xmm`. Adds to `raised`. */
function compare(c: Cpu, wide: boolean, a: int, b: int, signalling: boolean): int {
  const x = wide ? c.xmmF64[a >> 1] : c.xmmF32[a];
  const y = wide ? c.xmmF64[b >> 1] : c.xmmF32[b];
  const least = wide ? LEAST_DOUBLE : LEAST_SINGLE;
  if ((Math.abs(x) >= least || x === 0) && (Math.abs(y) >= least || y === 0)) return outcome(x, y);
  return compareOdd(c, wide, a, b, signalling, x, y);
}

function outcome(x: number, y: number): int {
  return x < y ? LESS : x > y ? GREATER : EQUAL;
}

/** The same where one is a NaN or a denormal. */
function compareOdd(c: Cpu, wide: boolean, a: int, b: int, signalling: boolean, x: number, y: number): int {
  if (Number.isNaN(x) || Number.isNaN(y)) {
    if (signalling || isSignalling(c, wide, a) || isSignalling(c, wide, b)) raised |= IE;
    return UNORDERED;
  }
  if ((c.mxcsr & DAZ) === 0) {
    raised |= DE;
    return outcome(x, y);
  }
  const least = wide ? LEAST_DOUBLE : LEAST_SINGLE;
  return outcome(Math.abs(x) < least ? 0 : x, Math.abs(y) < least ? 0 : y);
}

function isSignalling(c: Cpu, wide: boolean, a: int): boolean {
  const h = c.xmm[wide ? a + 1 : a];
  if (!wide) return (h & 0x7fffffff) > 0x7f800000 && (h & 0x00400000) === 0;
  return (h & 0x7ff80000) === 0x7ff00000 && ((h & 0x7ffff) | c.xmm[a]) !== 0;
}

function choose(c: Cpu, i: Insn, wide: boolean, lanes: int, first: int): void {
  requireSse(c);
  const s = (lanes === 1 ? unalignedSource(c, i.src) : source(c, i.src)) - XMM_WORDS;
  const d = registerWords(c, i.dst) - XMM_WORDS;
  const step = wide ? 2 : 1;
  let stay = 0;
  raised = 0;
  for (let k = 0; k < lanes; k++) {
    if (compare(c, wide, d + step * k, s + step * k, true) === first) stay |= 1 << k;
  }
  settleExceptions(c, raised);
  const x = c.xmm;
  const daz = c.mxcsr & DAZ;
  for (let k = 0; k < lanes; k++) {
    const to = d + step * k;
    const from = stay & (1 << k) ? to : s + step * k;
    x[to] = x[from];
    if (wide) x[to + 1] = x[from + 1];
    if (daz !== 0) flushDenormal(c, wide, to);
  }
}

/** A denormal becomes a zero of its sign. */
function flushDenormal(c: Cpu, wide: boolean, at: int): void {
  const x = c.xmm;
  if (wide) {
    if ((x[at + 1] & 0x7ff00000) !== 0) return;
    x[at + 1] &= -0x80000000;
    x[at] = 0;
  } else if ((x[at] & 0x7f800000) === 0) x[at] &= -0x80000000;
}

function test(c: Cpu, i: Insn, wide: boolean, lanes: int): void {
  requireSse(c);
  const s = (lanes === 1 ? unalignedSource(c, i.src) : source(c, i.src)) - XMM_WORDS;
  const d = registerWords(c, i.dst) - XMM_WORDS;
  const predicate = i.src2.value & 7;
  const holds = PREDICATES[predicate];
  const signalling = ((SIGNALLING_PREDICATES >> predicate) & 1) !== 0;
  const step = wide ? 2 : 1;
  let hits = 0;
  raised = 0;
  for (let k = 0; k < lanes; k++) {
    if ((compare(c, wide, d + step * k, s + step * k, signalling) & holds) !== 0) hits |= 1 << k;
  }
  settleExceptions(c, raised);
  for (let k = 0; k < lanes; k++) {
    const r = hits & (1 << k) ? -1 : 0;
    c.xmm[d + step * k] = r;
    if (wide) c.xmm[d + step * k + 1] = r;
  }
}

/** COMIS and UCOMIS of whatever operands; the source's words begin at `s`. */
export function compareToFlags(c: Cpu, i: Insn, s: int, wide: boolean, signalling: boolean): void {
  const d = registerWords(c, i.dst) - XMM_WORDS;
  raised = 0;
  const r = compare(c, wide, d, s - XMM_WORDS, signalling);
  settleExceptions(c, raised);
  // Result 0 has PF set, 1 has not; ZF is set apart, since equal is ZF without PF.
  flagsGiven(c, r === UNORDERED ? 0 : 1, r & (LESS | UNORDERED) ? 1 : 0, 0);
  c.fz = r & (EQUAL | UNORDERED) ? 0 : 1;
}
