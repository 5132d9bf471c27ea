// Software floating point: sums, products and quotients of extended numbers.

import { add, divide, multiply } from '../../src/isa/semantics/x87/operations.ts';
import { A, B, X } from '../../src/isa/semantics/x87/softfloat.ts';
import type { Micro } from './main.ts';

/** Control word of FNINIT: all exceptions masked, extended precision, round to nearest. */
const FCW = 0x37f;
const OPERATIONS = 1000;

/** Numbers between 1 and 8 with full significands. Layout: significand low, high, then sign and exponent. */
function operands(k: number): void {
  X[A] = Math.imul(k, 0x9e3779b1);
  X[A + 1] = 0x80000000 | Math.imul(k, 0x01000193);
  X[A + 2] = 0x3fff + (k % 3);
  X[B] = Math.imul(k, 0x85ebca6b);
  X[B + 1] = 0x80000000 | Math.imul(k, 0xc2b2ae35);
  X[B + 2] = 0x3fff + (k & 1);
}

export function floating(): Micro[] {
  const repeated = (one: () => void) => (): void => {
    for (let k = 0; k < OPERATIONS; k++) {
      operands(k);
      one();
    }
  };
  return [
    { name: 'softfloat: operands alone', operations: OPERATIONS, run: repeated(() => {}) },
    { name: 'softfloat: sum', operations: OPERATIONS, run: repeated(() => add(0, FCW)) },
    { name: 'softfloat: product', operations: OPERATIONS, run: repeated(() => multiply(FCW)) },
    { name: 'softfloat: quotient', operations: OPERATIONS, run: repeated(() => divide(FCW)) },
  ];
}
