// Which SSE arithmetic is plain: a result of the host's arithmetic is the processor's, and no flag of MXCSR is raised.
// Dialect. Plain is: rounding to nearest, inexactness masked and already noted in MXCSR.PE; operands and result zero or
// normal. Functions here leave where it is not, and answer 1 there.

import type { int } from '../../insn.ts';
import { fabs, fadd, feq, fle, flt, fne, fsub, leaveIf, ne, oddDouble, oddProduct, oddQuotient } from '../../prims.ts';
import type { Cpu } from '../../state.ts';
import { PE, PM, RC } from './mxcsr.ts';
import { XMM_WORDS } from './operand.ts';

/** The least normal and the greatest finite single. */
const LEAST_SINGLE = 1.1754943508222875e-38;
const MOST_SINGLE = 3.4028234663852886e38;

/** What rounds towards zero to an int32 lies between them. */
const BELOW_INT = -2147483649.0;
const ABOVE_INT = 2147483648.0;
/** Adding and subtracting it rounds a double of less than 2^51 to an integer, to nearest even. */
const TO_INTEGER = 6755399441055744.0;

/** The double, or single, that begins at word `s` of the register file, in an XMM register or the staging register. */
export function doubleAt(c: Cpu, s: int): number {
  return c.xmmF64[(s - XMM_WORDS) >> 1];
}
export function singleAt(c: Cpu, s: int): number {
  return c.xmmF32[s - XMM_WORDS];
}

/** Neither zero nor normal. As prims.ts has it for doubles. */
export function isOddSingle(a: number): int {
  const m = fabs(a);
  return ((flt(LEAST_SINGLE, m) & fle(m, MOST_SINGLE)) ^ 1) & fne(a, 0);
}

/** Rounding that is directed, or inexactness that is unmasked or not yet noted. */
export function careful(c: Cpu): int {
  const is = ne(c.mxcsr & (RC | PM | PE), PM | PE);
  leaveIf(c, is);
  return is;
}

/** Operands, of which one may be given twice. */
function oddOperands(c: Cpu, a: number, b: number): int {
  const x = oddDouble(a);
  leaveIf(c, x);
  const y = oddDouble(b);
  leaveIf(c, y);
  return x | y;
}
/** a and b gave r, a sum, a difference or a square root. */
export function oddDoubles(c: Cpu, a: number, b: number, r: number): int {
  const z = oddDouble(r);
  leaveIf(c, z);
  return oddOperands(c, a, b) | z;
}
/** a * b gave r. */
export function oddProducts(c: Cpu, a: number, b: number, r: number): int {
  const z = oddProduct(r, a, b);
  leaveIf(c, z);
  return oddOperands(c, a, b) | z;
}
/** a / b gave r. */
export function oddQuotients(c: Cpu, a: number, b: number, r: number): int {
  const z = oddQuotient(r, a);
  leaveIf(c, z);
  return oddOperands(c, a, b) | z;
}
/** a and b gave r. */
export function oddSingles(c: Cpu, a: number, b: number, r: number): int {
  const x = isOddSingle(a);
  leaveIf(c, x);
  const y = isOddSingle(b);
  leaveIf(c, y);
  const z = isOddSingle(r);
  leaveIf(c, z);
  return x | y | z;
}

/** A product of zero that is too small, not exact. */
export function vanishingProduct(c: Cpu, a: number, b: number, r: number): int {
  const is = feq(r, 0) & fne(a, 0) & fne(b, 0);
  leaveIf(c, is);
  return is;
}
/** The same of a quotient. */
export function vanishingQuotient(c: Cpu, a: number, r: number): int {
  const is = feq(r, 0) & fne(a, 0);
  leaveIf(c, is);
  return is;
}

/** v rounded to an integer, to nearest even; anything where that is beyond an int32. */
export function nearest(v: number): number {
  return fsub(fadd(v, TO_INTEGER), TO_INTEGER);
}
/** Whether a conversion of v to an integer, which gave r, raises a flag; `x` tells whether it fits. */
export function noInteger(c: Cpu, x: number, v: number, r: number): int {
  const far = (flt(BELOW_INT, x) & flt(x, ABOVE_INT)) ^ 1;
  leaveIf(c, far);
  const inexact = fne(v, r) & ne(c.mxcsr & (PM | PE), PM | PE);
  leaveIf(c, inexact);
  return far | inexact;
}
