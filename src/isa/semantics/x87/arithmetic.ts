// FADD, FSUB, FMUL, FDIV and their kin, FSQRT, FCHS, FABS, FRNDINT, FSCALE, FXTRACT (SDM vol. 2).

import { type Insn, type int, MEM } from '../../insn.ts';
import { type Cpu, FORM_DOUBLE } from '../../state.ts';
import { EXPONENT, FSW_C1, FSW_IE, FSW_SF, FSW_ZE, PC_EXTENDED, RC_MASK, RC_NEAREST, SIGN } from './bits.ts';
import { difference, inexact, product, ratio, root, sum } from './exact.ts';
import { extract, roundToInteger, scale } from './integral.ts';
import { integerSource, OPERAND, source, takeFetched } from './memory-operand.ts';
import { add, divide, multiply, squareRoot } from './operations.ts';
import { A, B, nanOrUnsupported, R, result, X } from './softfloat.ts';
import {
  allowed,
  conclude,
  doubleOf,
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

// Operations of the general way.
const ADD = 0;
const SUB = 1;
const SUBR = 2;
const MUL = 3;
const DIV = 4;
const DIVR = 5;

/** FADD: dst = dst + src. */
export function FADD(c: Cpu, i: Insn): void {
  source(c, i);
  if (!sum(c, physical(c, i.dst.n), destination(c, i), OPERAND[0])) general(c, i, ADD);
}
/** FADDP: the same, then pop. */
export function FADDP(c: Cpu, i: Insn): void {
  source(c, i);
  if (sum(c, physical(c, i.dst.n), destination(c, i), OPERAND[0]) || general(c, i, ADD)) pop(c);
}
/** FIADD: ST(0) = ST(0) + integer. */
export function FIADD(c: Cpu, i: Insn): void {
  integerSource(c, i);
  if (!sum(c, physical(c, i.dst.n), destination(c, i), OPERAND[0])) general(c, i, ADD);
}
/** FSUB: dst = dst - src. */
export function FSUB(c: Cpu, i: Insn): void {
  source(c, i);
  if (!difference(c, physical(c, i.dst.n), destination(c, i), OPERAND[0])) general(c, i, SUB);
}
/** FSUBP: the same, then pop. */
export function FSUBP(c: Cpu, i: Insn): void {
  source(c, i);
  if (difference(c, physical(c, i.dst.n), destination(c, i), OPERAND[0]) || general(c, i, SUB)) pop(c);
}
/** FISUB: ST(0) = ST(0) - integer. */
export function FISUB(c: Cpu, i: Insn): void {
  integerSource(c, i);
  if (!difference(c, physical(c, i.dst.n), destination(c, i), OPERAND[0])) general(c, i, SUB);
}
/** FSUBR: dst = src - dst. */
export function FSUBR(c: Cpu, i: Insn): void {
  source(c, i);
  if (!difference(c, physical(c, i.dst.n), OPERAND[0], destination(c, i))) general(c, i, SUBR);
}
/** FSUBRP: the same, then pop. */
export function FSUBRP(c: Cpu, i: Insn): void {
  source(c, i);
  if (difference(c, physical(c, i.dst.n), OPERAND[0], destination(c, i)) || general(c, i, SUBR)) pop(c);
}
/** FISUBR: ST(0) = integer - ST(0). */
export function FISUBR(c: Cpu, i: Insn): void {
  integerSource(c, i);
  if (!difference(c, physical(c, i.dst.n), OPERAND[0], destination(c, i))) general(c, i, SUBR);
}
/** FMUL: dst = dst * src. */
export function FMUL(c: Cpu, i: Insn): void {
  source(c, i);
  if (!product(c, physical(c, i.dst.n), destination(c, i), OPERAND[0])) general(c, i, MUL);
}
/** FMULP: the same, then pop. */
export function FMULP(c: Cpu, i: Insn): void {
  source(c, i);
  if (product(c, physical(c, i.dst.n), destination(c, i), OPERAND[0]) || general(c, i, MUL)) pop(c);
}
/** FIMUL: ST(0) = ST(0) * integer. */
export function FIMUL(c: Cpu, i: Insn): void {
  integerSource(c, i);
  if (!product(c, physical(c, i.dst.n), destination(c, i), OPERAND[0])) general(c, i, MUL);
}
/** FDIV: dst = dst / src. */
export function FDIV(c: Cpu, i: Insn): void {
  source(c, i);
  if (!ratio(c, physical(c, i.dst.n), destination(c, i), OPERAND[0])) general(c, i, DIV);
}
/** FDIVP: the same, then pop. */
export function FDIVP(c: Cpu, i: Insn): void {
  source(c, i);
  if (ratio(c, physical(c, i.dst.n), destination(c, i), OPERAND[0]) || general(c, i, DIV)) pop(c);
}
/** FIDIV: ST(0) = ST(0) / integer. */
export function FIDIV(c: Cpu, i: Insn): void {
  integerSource(c, i);
  if (!ratio(c, physical(c, i.dst.n), destination(c, i), OPERAND[0])) general(c, i, DIV);
}
/** FDIVR: dst = src / dst. */
export function FDIVR(c: Cpu, i: Insn): void {
  source(c, i);
  if (!ratio(c, physical(c, i.dst.n), OPERAND[0], destination(c, i))) general(c, i, DIVR);
}
/** FDIVRP: the same, then pop. */
export function FDIVRP(c: Cpu, i: Insn): void {
  source(c, i);
  if (ratio(c, physical(c, i.dst.n), OPERAND[0], destination(c, i)) || general(c, i, DIVR)) pop(c);
}
/** FIDIVR: ST(0) = integer / ST(0). */
export function FIDIVR(c: Cpu, i: Insn): void {
  integerSource(c, i);
  if (!ratio(c, physical(c, i.dst.n), OPERAND[0], destination(c, i))) general(c, i, DIVR);
}

/** FSQRT: ST(0) = square root of ST(0). */
export function FSQRT(c: Cpu, i: Insn): void {
  waiting(c);
  note(c, i);
  const d = c.ftop;
  if (root(c, d, doubleOf(c, d))) return;
  if (!inUse(c, d)) underflowTo(c, d);
  else {
    take(c, d, A);
    conclude(c, d, squareRoot(c.fcw));
  }
}

/** FCHS: the sign of ST(0) inverted; no exception but #IS. */
export function FCHS(c: Cpu, i: Insn): void {
  setSign(c, i, true);
}
/** FABS: the sign of ST(0) cleared; no exception but #IS. */
export function FABS(c: Cpu, i: Insn): void {
  setSign(c, i, false);
}

function setSign(c: Cpu, i: Insn, flip: boolean): void {
  waiting(c);
  note(c, i);
  const d = c.ftop;
  if (!inUse(c, d)) {
    underflowTo(c, d);
    return;
  }
  c.fsw &= ~FSW_C1;
  if (c.fpr[4 * d + 3] === FORM_DOUBLE) c.fpd[d] = flip ? -c.fpd[d] : Math.abs(c.fpd[d]);
  else if (flip) c.fpr[4 * d + 2] ^= SIGN;
  else c.fpr[4 * d + 2] &= ~SIGN;
}

/** FRNDINT: ST(0) = ST(0) rounded to an integer as the control word says. */
export function FRNDINT(c: Cpu, i: Insn): void {
  waiting(c);
  note(c, i);
  const d = c.ftop;
  const a = doubleOf(c, d);
  if (!Number.isNaN(a)) {
    const f = Math.floor(a);
    if (f === a) {
      c.fsw &= ~FSW_C1;
      return;
    }
    // Beyond a half or below it the nearest is known; ties and the other modes go the general way.
    const rest = a - f;
    if ((c.fcw & RC_MASK) === RC_NEAREST && rest !== 0.5) {
      const r = rest > 0.5 ? f + 1 : f;
      if (r !== 0 && inexact(c, Math.abs(r) > Math.abs(a))) {
        c.fpd[d] = r;
        return;
      }
    }
  }
  if (!inUse(c, d)) {
    underflowTo(c, d);
    return;
  }
  take(c, d, A);
  conclude(c, d, roundToInteger(c.fcw));
}

/** FSCALE: ST(0) = ST(0) * 2 ^ (ST(1) truncated). */
export function FSCALE(c: Cpu, i: Insn): void {
  waiting(c);
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

/** The destination's value if it has the form of a double, or NaN. */
function destination(c: Cpu, i: Insn): number {
  return doubleOf(c, physical(c, i.dst.n));
}

/** The general way. Whether the instruction completed, so that it may pop. */
function general(c: Cpu, i: Insn, operation: int): boolean {
  const d = physical(c, i.dst.n);
  const reverse = operation === SUBR || operation === DIVR;
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
  if (operation === ADD) flags = add(0, fcw);
  else if (operation === MUL) flags = multiply(fcw);
  else if (operation === DIV || operation === DIVR) flags = divide(fcw);
  else flags = add(SIGN, fcw);
  // A denormal operand is not reported beside a NaN, an invalid operation or a division by zero.
  if ((flags & FSW_ZE) !== 0) before = 0;
  if (before !== 0 && (X[R + 2] & EXPONENT) === EXPONENT && nanOrUnsupported(R)) before = 0;
  return conclude(c, d, flags | before);
}
