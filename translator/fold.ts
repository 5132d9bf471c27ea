// Constructors of residual expressions that fold what is known.

import { B, C, COUNT, choice, complement, type Expr, isZero, N, same } from './ir.ts';

const OPERATORS: ReadonlyMap<string, (a: number, b: number) => number> = new Map<
  string,
  (a: number, b: number) => number
>([
  ['+', (a, b) => a + b],
  ['-', (a, b) => a - b],
  ['*', Math.imul],
  ['&', (a, b) => a & b],
  ['|', (a, b) => a | b],
  ['^', (a, b) => a ^ b],
  ['<<', (a, b) => a << b],
  ['>>', (a, b) => a >> b],
  ['>>>', (a, b) => a >>> b],
]);

const COMPARISONS: ReadonlyMap<string, (a: number, b: number) => boolean> = new Map<
  string,
  (a: number, b: number) => boolean
>([
  ['lt', (a, b) => a < b],
  ['ltu', (a, b) => a >>> 0 < b >>> 0],
  ['le', (a, b) => a <= b],
  ['leu', (a, b) => a >>> 0 <= b >>> 0],
  ['gt', (a, b) => a > b],
  ['gtu', (a, b) => a >>> 0 > b >>> 0],
  ['ge', (a, b) => a >= b],
  ['geu', (a, b) => a >>> 0 >= b >>> 0],
  ['eq', (a, b) => a === b],
  ['ne', (a, b) => a !== b],
]);

const NEGATED: ReadonlyMap<string, string> = new Map<string, string>([
  ['lt', 'ge'],
  ['ge', 'lt'],
  ['le', 'gt'],
  ['gt', 'le'],
  ['ltu', 'geu'],
  ['geu', 'ltu'],
  ['leu', 'gtu'],
  ['gtu', 'leu'],
  ['eq', 'ne'],
  ['ne', 'eq'],
]);

export const isComparison = (f: string): boolean => COMPARISONS.has(f);
export const isOperator = (op: string): boolean => OPERATORS.has(op);

/** Whether the value is an int32 as it stands (a sum, or a logical shift, is not). */
const isInt = (e: Expr): boolean => !(e.k === 'b' && (e.op === '+' || e.op === '-' || e.op === '*' || e.op === '>>>'));

export function bin(op: string, a: Expr, b: Expr): Expr {
  if (a.k === 'n' && b.k === 'n') return N((OPERATORS.get(op) as (a: number, b: number) => number)(a.v, b.v));
  if (b.k === 'n') {
    const v = b.v;
    if (v === 0 && (op === '+' || op === '-' || op === '^' || op === '<<' || op === '>>')) return a;
    if (v === 0 && op === '|' && isInt(a)) return a;
    if (v === 0 && (op === '&' || op === '*')) return b;
    if (v === 1 && op === '*') return a;
    if (v === -1 && op === '&') return bin('|', a, N(0));
    if (op === '&' && a.k === 'h' && a.name === COUNT && v === 31) return a;
    if (op === '&' && a.k === 'b' && a.op === '&' && a.b.k === 'n') return bin('&', a.a, N(a.b.v & v));
    if (v === 1 && op === '^' && a.k === 'c' && NEGATED.has(a.f)) return C(NEGATED.get(a.f) as string, a.args);
    if (op === '+' && a.k === 'b' && a.op === '+' && a.b.k === 'n') return bin('+', a.a, N(a.b.v + v));
  }
  if (a.k === 'n') {
    if (a.v === 0 && (op === '+' || op === '^')) return b;
    if (a.v === 0 && op === '|' && isInt(b)) return b;
    if (a.v === 0 && (op === '&' || op === '<<' || op === '>>' || op === '>>>' || op === '*')) return a;
  }
  if (same(a, b)) {
    if (op === '^') return N(0);
    if (op === '&' || op === '|') return a;
  }
  return B(op, a, b);
}

export function call(f: string, args: readonly Expr[]): Expr {
  const a = args[0] as Expr;
  const b = args[1] as Expr;
  const compare = COMPARISONS.get(f);
  if (compare) {
    if (a.k === 'n' && b.k === 'n') return N(compare(a.v, b.v) ? 1 : 0);
    if (same(a, b)) return N(compare(0, 0) ? 1 : 0);
    if (a.k === 'h' && a.name === COUNT && isZero(b)) return N(f === 'ne' ? 1 : 0);
  }
  return C(f, args);
}

export function not(a: Expr): Expr {
  return a.k === 'n' ? N(~a.v) : complement(a);
}

export function select(test: Expr, a: Expr, b: Expr): Expr {
  return test.k === 'n' ? (test.v ? a : b) : choice(test, a, b);
}
