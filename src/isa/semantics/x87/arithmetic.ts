// The arithmetic that plain-arithmetic.ts leaves out, of all operands; FXTRACT (SDM vol. 2).

import { type Insn, type int, MEM } from '../../insn.ts';
import type { Cpu } from '../../state.ts';
import {
  EXPONENT,
  FSW_C1,
  FSW_IE,
  FSW_SF,
  FSW_ZE,
  PC_EXTENDED,
  SIGN,
  X87_ADD,
  X87_DIV,
  X87_DIVR,
  X87_MUL,
  X87_SUBR,
} from './bits.ts';
import { extract, roundToInteger, scale } from './integral.ts';
import { integerSource, source, takeFetched } from './memory-operand.ts';
import { add, divide, multiply } from './operations.ts';
import { A, B, nanOrUnsupported, R, result, X } from './softfloat.ts';
import { squareRoot } from './square-root.ts';
import {
  allowed,
  conclude,
  give,
  giveNaN,
  inUse,
  note,
  physical,
  pop,
  push,
  signal,
  take,
  underflow,
  underflowTo,
  waiting,
} from './stack.ts';

/** FSQRT in general. */
export function rootSlowly(c: Cpu, i: Insn): void {
  note(c, i);
  const d = c.ftop;
  if (!inUse(c, d)) underflowTo(c, d);
  else {
    take(c, d, A);
    conclude(c, d, squareRoot(c.fcw));
  }
}

/** FCHS and FABS of an empty register. */
export function signSlowly(c: Cpu, i: Insn): void {
  note(c, i);
  underflowTo(c, c.ftop);
}

/** FRNDINT in general. */
export function roundSlowly(c: Cpu, i: Insn): void {
  note(c, i);
  const d = c.ftop;
  if (!inUse(c, d)) {
    underflowTo(c, d);
    return;
  }
  take(c, d, A);
  conclude(c, d, roundToInteger(c.fcw));
}

/** FSCALE in general. */
export function scaleSlowly(c: Cpu, i: Insn): void {
  note(c, i);
  const d = c.ftop;
  const s = physical(c, 1);
  if (!(inUse(c, d) && inUse(c, s))) {
    underflowTo(c, d);
    return;
  }
  take(c, d, A);
  take(c, s, B);
  conclude(c, d, scale(c.fcw | PC_EXTENDED));
}

/** FXTRACT: ST(0) = the exponent of ST(0); then its significand is pushed. */
export function FXTRACT(c: Cpu, i: Insn): void {
  waiting(c);
  note(c, i);
  const d = c.ftop;
  const n = (d + 7) & 7;
  if (!inUse(c, d) || inUse(c, n)) {
    // An empty source and a full stack are one and the same fault, told apart by C1.
    const full = inUse(c, d);
    if (full ? signal(c, FSW_IE | FSW_SF | FSW_C1) === 0 : underflow(c)) {
      giveNaN(c, d);
      giveNaN(c, push(c));
    }
    return;
  }
  take(c, d, A);
  const flags = extract();
  if (!allowed(c, flags)) return;
  give(c, d);
  result(X[A + 2], X[A + 1], X[A]);
  give(c, push(c));
}

/** FADD and its kin in general. */
export function operateSlowly(c: Cpu, i: Insn, operation: int, pops: int, isInteger: int): void {
  if (isInteger !== 0) integerSource(c, i);
  else source(c, i);
  if (general(c, i, operation) && pops !== 0) pop(c);
}

/** Whether the instruction completed, so that it may pop. */
function general(c: Cpu, i: Insn, operation: int): boolean {
  const d = physical(c, i.dst.n);
  const reverse = operation === X87_SUBR || operation === X87_DIVR;
  const to = reverse ? B : A;
  const from = reverse ? A : B;
  let before = 0;
  if (!inUse(c, d)) return underflowTo(c, d);
  if (i.src.kind === MEM) before = takeFetched(from);
  else {
    const s = physical(c, i.src.n);
    if (!inUse(c, s)) return underflowTo(c, d);
    take(c, s, from);
  }
  take(c, d, to);
  const fcw = c.fcw;
  let flags: int;
  if (operation === X87_ADD) flags = add(0, fcw);
  else if (operation === X87_MUL) flags = multiply(fcw);
  else if (operation === X87_DIV || operation === X87_DIVR) flags = divide(fcw);
  else flags = add(SIGN, fcw);
  // A denormal operand is not reported beside a NaN, an invalid operation or a division by zero.
  if ((flags & FSW_ZE) !== 0) before = 0;
  if (before !== 0 && (X[R + 2] & EXPONENT) === EXPONENT && nanOrUnsupported(R)) before = 0;
  return conclude(c, d, flags | before);
}
