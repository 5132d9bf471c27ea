// SSE conversions among singles, doubles and doubleword integers, in XMM, MMX and general registers (SDM vol. 2).
// MXCSR: to integers IE (out of range or NaN: the result is 0x80000000) and PE; from integers to singles PE; between the
// floating formats IE DE OE UE PE.
//
// Deviations: CVTPI2PS from memory leaves the x87 state alone, as CVTPI2PD does: so measured (AMD); the manual lets only
// CVTPI2PD.

import { type Insn, type int, MMX } from '../../insn.ts';
import type { Cpu } from '../../state.ts';
import { mmxCheck } from '../x87/mmx-alias.ts';
import { DAZ, IE, PE, RC, RC_DOWN, RC_ZERO, settleExceptions } from './mxcsr.ts';
import {
  destination,
  enterUnit,
  registerWords,
  requireBoth,
  requireSse,
  source,
  unalignedSource,
  XMM_WORDS,
} from './operand.ts';
import { isCarefree, narrowDouble } from './quick-float.ts';
import { begin, narrow, raisedFlags, resultHigh, resultLow, singleFromInteger, widen } from './soft-float.ts';

/** The integer indefinite. */
const INDEFINITE = -0x80000000;
const LEAST_SINGLE = 2 ** -126;
const LEAST_DOUBLE = 2 ** -1022;
/** Adding and subtracting it rounds a double of less than 2^51 to an integer, to nearest even. */
const TO_INTEGER = 1.5 * 2 ** 52;

/** Results wait here until it is known that no lane faults. */
const waiting = new Int32Array(4);
/** Flags raised over the lanes of a conversion to integers. */
let raised: int = 0;

// Integers to floating point.

/** CVTDQ2PS - four doublewords to singles. */
export function CVTDQ2PS(c: Cpu, i: Insn): void {
  requireSse(c);
  const s = source(c, i.src);
  const d = registerWords(c, i.dst);
  toSingles(c, d, s, 4);
}

/** CVTDQ2PD - two doublewords to doubles. Exact. */
export function CVTDQ2PD(c: Cpu, i: Insn): void {
  requireSse(c);
  toDoubles(c, i, unalignedSource(c, i.src));
}

/** CVTPI2PS - the two doublewords of an MMX register or memory to the low singles. */
export function CVTPI2PS(c: Cpu, i: Insn): void {
  requireSse(c);
  if (i.src.kind === MMX) mmxCheck(c);
  const s = unalignedSource(c, i.src);
  const d = registerWords(c, i.dst);
  toSingles(c, d, s, 2);
  enterUnit(c, i.src);
}

/** CVTPI2PD - the same to doubles. Exact. */
export function CVTPI2PD(c: Cpu, i: Insn): void {
  requireSse(c);
  if (i.src.kind === MMX) mmxCheck(c);
  const s = unalignedSource(c, i.src);
  enterUnit(c, i.src);
  toDoubles(c, i, s);
}

// Floating point to integers: rounded as MXCSR says, or toward zero (CVTT).

/** CVTPS2DQ - four singles to doublewords. */
export function CVTPS2DQ(c: Cpu, i: Insn): void {
  requireSse(c);
  singlesToIntegers(c, i, source(c, i.src), 4, c.mxcsr);
}
export function CVTTPS2DQ(c: Cpu, i: Insn): void {
  requireSse(c);
  singlesToIntegers(c, i, source(c, i.src), 4, c.mxcsr | RC_ZERO);
}
/** CVTPD2DQ - two doubles to the low doublewords; the high quadword becomes zero. */
export function CVTPD2DQ(c: Cpu, i: Insn): void {
  requireSse(c);
  doublesToIntegers(c, i, source(c, i.src), c.mxcsr);
}
export function CVTTPD2DQ(c: Cpu, i: Insn): void {
  requireSse(c);
  doublesToIntegers(c, i, source(c, i.src), c.mxcsr | RC_ZERO);
}
/** CVTPS2PI - the two low singles to the doublewords of an MMX register. */
export function CVTPS2PI(c: Cpu, i: Insn): void {
  requireBoth(c);
  singlesToIntegers(c, i, unalignedSource(c, i.src), 2, c.mxcsr);
}
export function CVTTPS2PI(c: Cpu, i: Insn): void {
  requireBoth(c);
  singlesToIntegers(c, i, unalignedSource(c, i.src), 2, c.mxcsr | RC_ZERO);
}
/** CVTPD2PI - two doubles to the doublewords of an MMX register. */
export function CVTPD2PI(c: Cpu, i: Insn): void {
  requireBoth(c);
  doublesToIntegers(c, i, source(c, i.src), c.mxcsr);
}
export function CVTTPD2PI(c: Cpu, i: Insn): void {
  requireBoth(c);
  doublesToIntegers(c, i, source(c, i.src), c.mxcsr | RC_ZERO);
}

// Between the floating formats.

/** CVTPS2PD - two doubles <- SRC's low singles. */
export function CVTPS2PD(c: Cpu, i: Insn): void {
  requireSse(c);
  const s = unalignedSource(c, i.src) - XMM_WORDS;
  const d = i.dst.n << 2;
  const v0 = c.xmmF32[s];
  const v1 = c.xmmF32[s + 1];
  if (isPlain(v0) && isPlain(v1)) {
    c.xmmF64[d >> 1] = v0;
    c.xmmF64[(d >> 1) + 1] = v1;
    return;
  }
  begin();
  for (let k = 0; k < 2; k++) {
    widen(c.xmm[s + k], c.mxcsr);
    waiting[2 * k] = resultLow;
    waiting[2 * k + 1] = resultHigh;
  }
  settleExceptions(c, raisedFlags());
  for (let k = 0; k < 4; k++) c.xmm[d + k] = waiting[k];
}

/** CVTPD2PS - DEST's low singles <- two doubles; the high quadword becomes zero. */
export function CVTPD2PS(c: Cpu, i: Insn): void {
  requireSse(c);
  const s = source(c, i.src) - XMM_WORDS;
  const d = i.dst.n << 2;
  begin();
  for (let k = 0; k < 2; k++) {
    const at = s + 2 * k;
    const r = narrowDouble(c.xmmF64[at >> 1], c.mxcsr);
    if (!Number.isNaN(r)) waitSingle(k, r);
    else {
      narrow(c.xmm[at + 1], c.xmm[at], c.mxcsr);
      waiting[k] = resultLow;
    }
  }
  settleExceptions(c, raisedFlags());
  c.xmm[d] = waiting[0];
  c.xmm[d + 1] = waiting[1];
  c.xmm[d + 2] = 0;
  c.xmm[d + 3] = 0;
}

const waitingF32 = new Float32Array(waiting.buffer);
function waitSingle(k: int, v: number): void {
  waitingF32[k] = v;
}

/** A single that is no NaN and no denormal. */
function isPlain(v: number): boolean {
  return Math.abs(v) >= LEAST_SINGLE || v === 0;
}

/** `lanes` integers from word `s` on to singles from word `d` (of an XMM register) on. */
function toSingles(c: Cpu, d: int, s: int, lanes: int): void {
  if (isCarefree(c.mxcsr)) {
    for (let k = 0; k < lanes; k++) c.xmmF32[d - XMM_WORDS + k] = c.words[s + k];
    return;
  }
  begin();
  for (let k = 0; k < lanes; k++) singleAt(k, c.words[s + k], c.mxcsr);
  settleExceptions(c, raisedFlags());
  for (let k = 0; k < lanes; k++) c.words[d + k] = waiting[k];
}

/** Lane k of the waiting results <- the integer v as a single; adds to the flags raised. */
function singleAt(k: int, v: int, mxcsr: int): void {
  if (v === Math.fround(v)) waitSingle(k, v);
  else {
    singleFromInteger(v, mxcsr);
    waiting[k] = resultLow;
  }
}

function toDoubles(c: Cpu, i: Insn, s: int): void {
  const v0 = c.words[s];
  const v1 = c.words[s + 1];
  c.xmmF64[i.dst.n << 1] = v0;
  c.xmmF64[(i.dst.n << 1) + 1] = v1;
}

/** v as an integer, rounded by `mxcsr`. Adds IE or PE to `raised`. */
function toInteger(v: number, mxcsr: int): int {
  const mode = mxcsr & RC;
  let r: number;
  if (!(v > -2147483650 && v < 2147483649)) r = NaN;
  else if (mode === RC_ZERO) r = Math.trunc(v);
  else if (mode === 0) r = v + TO_INTEGER - TO_INTEGER;
  else if (mode === RC_DOWN) r = Math.floor(v);
  else r = Math.ceil(v);
  if (!(r >= -2147483648 && r <= 2147483647)) {
    raised |= IE;
    return INDEFINITE;
  }
  if (r !== v) raised |= PE;
  return r | 0;
}

// Single values that single.ts and scalar-double.ts find not plain. Sources are the words from `s` on.

/** DEST's low single <- v. */
export function integerToSingle(c: Cpu, i: Insn, v: int): void {
  begin();
  singleAt(0, v, c.mxcsr);
  settleExceptions(c, raisedFlags());
  c.xmm[i.dst.n << 2] = waiting[0];
}

/** DEST (general register) <- the single, rounded by `mxcsr`. */
export function singleToRegister(c: Cpu, i: Insn, s: int, mxcsr: int): void {
  raised = 0;
  const r = toInteger(flushed(c.xmmF32[s - XMM_WORDS], LEAST_SINGLE, mxcsr), mxcsr);
  settleExceptions(c, raised);
  c.reg[i.dst.n] = r;
}

/** DEST (general register) <- the double, rounded by `mxcsr`. */
export function doubleToRegister(c: Cpu, i: Insn, s: int, mxcsr: int): void {
  raised = 0;
  const r = toInteger(flushed(c.xmmF64[(s - XMM_WORDS) >> 1], LEAST_DOUBLE, mxcsr), mxcsr);
  settleExceptions(c, raised);
  c.reg[i.dst.n] = r;
}

/** DEST's low double <- the single. */
export function widenToDouble(c: Cpu, i: Insn, s: int): void {
  const d = i.dst.n << 2;
  begin();
  widen(c.words[s], c.mxcsr);
  settleExceptions(c, raisedFlags());
  c.xmm[d] = resultLow;
  c.xmm[d + 1] = resultHigh;
}

/** DEST's low single <- the double. */
export function narrowToSingle(c: Cpu, i: Insn, s: int): void {
  const r = narrowDouble(c.xmmF64[(s - XMM_WORDS) >> 1], c.mxcsr);
  if (!Number.isNaN(r)) {
    c.xmmF32[i.dst.n << 2] = r;
    return;
  }
  begin();
  narrow(c.words[s + 1], c.words[s], c.mxcsr);
  settleExceptions(c, raisedFlags());
  c.xmm[i.dst.n << 2] = resultLow;
}

/** v, or 0 for a denormal that DAZ makes one. */
function flushed(v: number, least: number, mxcsr: int): number {
  return (mxcsr & DAZ) !== 0 && Math.abs(v) < least ? 0 : v;
}

function singlesToIntegers(c: Cpu, i: Insn, s: int, lanes: int, mxcsr: int): void {
  raised = 0;
  for (let k = 0; k < lanes; k++) {
    waiting[k] = toInteger(flushed(c.xmmF32[s - XMM_WORDS + k], LEAST_SINGLE, mxcsr), mxcsr);
  }
  settleExceptions(c, raised);
  const d = destination(c, i.dst);
  for (let k = 0; k < lanes; k++) c.words[d + k] = waiting[k];
}

function doublesToIntegers(c: Cpu, i: Insn, s: int, mxcsr: int): void {
  raised = 0;
  for (let k = 0; k < 2; k++) {
    waiting[k] = toInteger(flushed(c.xmmF64[((s - XMM_WORDS) >> 1) + k], LEAST_DOUBLE, mxcsr), mxcsr);
  }
  settleExceptions(c, raised);
  const d = destination(c, i.dst);
  c.words[d] = waiting[0];
  c.words[d + 1] = waiting[1];
  if (i.dst.kind !== MMX) {
    c.words[d + 2] = 0;
    c.words[d + 3] = 0;
  }
}
