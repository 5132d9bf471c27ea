// Residual -> ESTree -> text: the only place that knows JavaScript's syntax. astring prints.

import { generate } from 'astring';
import { type Expr, isComparison } from './ir.ts';

/** A node of the ESTree specification; astring reads it by its fields. */
// biome-ignore lint/suspicious/noExplicitAny: ESTree nodes are open records
export type Node = any;

export const id = (name: string): Node => ({ type: 'Identifier', name });
/** A literal; below zero a unary expression, as ESTree has it. */
export function lit(v: number): Node {
  const literal = { type: 'Literal', value: Math.abs(v), raw: String(Math.abs(v)) };
  return v < 0 ? { type: 'UnaryExpression', operator: '-', prefix: true, argument: literal } : literal;
}
/** A literal that is a double for asm.js: there is a point in it. */
export function decimal(v: number): Node {
  const digits = String(v);
  return { type: 'Literal', value: v, raw: /\./.test(digits) ? digits : digits.replace(/(?=e|$)/, '.0') };
}
export const binary = (operator: string, left: Node, right: Node): Node => ({
  type: 'BinaryExpression',
  operator,
  left,
  right,
});
/** `+e`: a double. */
export const plus = (argument: Node): Node => ({ type: 'UnaryExpression', operator: '+', prefix: true, argument });
/** `e | 0` */
export const int = (e: Node): Node => binary('|', e, lit(0));
export const at = (object: Node, property: Node): Node => ({
  type: 'MemberExpression',
  object,
  property,
  computed: true,
});
export const invoke = (f: string, args: Node[]): Node => ({ type: 'CallExpression', callee: id(f), arguments: args });
export const conditional = (test: Node, consequent: Node, alternate: Node): Node => ({
  type: 'ConditionalExpression',
  test,
  consequent,
  alternate,
});
export const assign = (left: Node, right: Node): Node => ({
  type: 'ExpressionStatement',
  expression: { type: 'AssignmentExpression', operator: '=', left, right },
});
export const block = (body: Node[]): Node => ({ type: 'BlockStatement', body });
export const iff = (test: Node, then: Node[], other: Node[] = []): Node => ({
  type: 'IfStatement',
  test,
  consequent: block(then),
  alternate: other.length ? block(other) : null,
});
/**
 * An `if` for two kinds of alignment, of which one will do where accesses may have any, as in WebAssembly: an encoder
 * takes `direct` in its place.
 */
export const anyAlignment = (n: Node, direct: Node): Node => ({ ...n, direct });
/** Statements that put a word of the double `of` into the local `to`: an encoder may reinterpret it. */
export const wordOf = (body: Node[], to: Node, of: Node, high: boolean): Node => ({
  ...block(body),
  wordOf: { to, of, high },
});
export const brk = (label?: string): Node => ({ type: 'BreakStatement', label: label ? id(label) : null });
export const text = (n: Node): string => generate(n, { indent: '', lineEnd: '\n' });

const RELATIONS: Record<string, string> = {
  lt: '<',
  ltu: '<',
  le: '<=',
  leu: '<=',
  gt: '>',
  gtu: '>',
  ge: '>=',
  geu: '>=',
  eq: '===',
  ne: '!==',
};

/** How the leaves are called where the text will stand. */
export interface Names {
  temp(i: number): Node;
  hole(name: string): Node;
  state(name: string): Node;
  element(array: string, n: Expr): Node;
  /** A call of a primitive that has no operator. */
  primitive(f: string, args: Node[]): Node;
}

/** The expression as plain JavaScript. `test`: where a boolean will do, a comparison is left as one. */
export function expression(e: Expr, x: Names, test = false): Node {
  switch (e.k) {
    case 'n':
      return lit(e.v);
    case 'd':
      return decimal(e.v);
    case 't':
      return x.temp(e.i);
    case 'h':
      return x.hole(e.name);
    case 's':
      return x.state(e.name);
    case 'r':
      return x.element(e.array, e.n);
    case 'u':
      return { type: 'UnaryExpression', operator: '~', prefix: true, argument: expression(e.a, x) };
    case 'b':
      return binary(e.op, expression(e.a, x), expression(e.b, x));
    case 'q':
      return conditional(expression(e.test, x, true), expression(e.a, x), expression(e.b, x));
    case 'c': {
      const args = e.args.map((a) => expression(a, x));
      if (isComparison(e.f)) {
        const unsigned = e.f.endsWith('u');
        const side = (n: Node): Node => (unsigned ? binary('>>>', n, lit(0)) : n);
        const compare = binary(RELATIONS[e.f] as string, side(args[0]), side(args[1]));
        return test ? compare : conditional(compare, lit(1), lit(0));
      }
      if (e.f === 'divw') return int(binary('/', binary('>>>', args[0], lit(0)), binary('>>>', args[1], lit(0))));
      return x.primitive(e.f, args);
    }
  }
}

/** The expression coerced to int32 where its form does not make it one. */
export function typed(e: Expr, x: Names): Node {
  const n = expression(e, x);
  const open = e.k === 'b' && (e.op === '+' || e.op === '-' || e.op === '*' || e.op === '>>>');
  return open ? int(n) : n;
}
