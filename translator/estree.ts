// Residual -> ESTree -> text: the only place that knows JavaScript's syntax. astring prints.

import { generate } from 'astring';
import { isComparison } from './fold.ts';
import type { Expr } from './ir.ts';

/** A node of the ESTree specification; astring reads it by its fields. */
// biome-ignore lint/suspicious/noExplicitAny: ESTree nodes are open records
export type Node = any;

// Nodes share five layouts: engines look properties up by layout, and whoever walks a tree sees all kinds. What a kind
// has not is undefined, which ESTree's readers take for absent. Nodes may stand in a tree more than once.

const leaf = (type: string, name?: string, value?: number, raw?: string): Node => ({ type, name, value, raw });
const operation = (type: string, operator: string, argument?: Node, left?: Node, right?: Node): Node => ({
  type,
  operator,
  prefix: true,
  argument,
  left,
  right,
});
const choice = (
  type: string,
  callee?: Node,
  args?: Node[],
  test?: Node,
  consequent?: Node,
  alternate?: Node,
): Node => ({ type, callee, arguments: args, test, consequent, alternate });
const statement = (type: string, expression: Node, body?: Node, label?: Node, argument?: Node): Node => ({
  type,
  expression,
  body,
  label,
  argument,
});

export const id = (name: string): Node => leaf('Identifier', name);

const SMALL = 256;
const small: Node[] = Array.from({ length: SMALL }, (_, v) => leaf('Literal', undefined, v, String(v)));

const natural = (v: number): Node => (v < SMALL ? small[v] : leaf('Literal', undefined, v));
/** A literal; below zero a unary expression, as ESTree has it. */
export const lit = (v: number): Node => (v < 0 ? unary('-', natural(-v)) : natural(v));
/** A literal that is a double for asm.js: there is a point in it. */
export function decimal(v: number): Node {
  const digits = String(v);
  return leaf('Literal', undefined, v, /\./.test(digits) ? digits : digits.replace(/(?=e|$)/, '.0'));
}
export const unary = (operator: string, argument: Node): Node => operation('UnaryExpression', operator, argument);
export const binary = (operator: string, left: Node, right: Node): Node =>
  operation('BinaryExpression', operator, undefined, left, right);
/** `+e`: a double. */
export const plus = (argument: Node): Node => unary('+', argument);
/** `e | 0` */
export const int = (e: Node): Node => binary('|', e, small[0]);
export const at = (object: Node, property: Node): Node => ({
  type: 'MemberExpression',
  object,
  property,
  computed: true,
});
export const invoke = (f: string, args: Node[]): Node => choice('CallExpression', id(f), args);
export const conditional = (test: Node, consequent: Node, alternate: Node): Node =>
  choice('ConditionalExpression', undefined, undefined, test, consequent, alternate);
export const perform = (expression: Node): Node => statement('ExpressionStatement', expression);
export const assign = (left: Node, right: Node): Node =>
  perform(operation('AssignmentExpression', '=', undefined, left, right));
export const block = (body: Node[]): Node => statement('BlockStatement', undefined, body);
export const iff = (test: Node, then: Node[], other: Node[] = []): Node =>
  choice('IfStatement', undefined, undefined, test, block(then), other.length ? block(other) : null);
export const labelled = (name: string, body: Node): Node => statement('LabeledStatement', undefined, body, id(name));
/** `for (;;)` */
export const forever = (body: Node[]): Node => ({
  type: 'ForStatement',
  init: null,
  test: null,
  update: null,
  body: block(body),
});
export const brk = (label?: string): Node =>
  statement('BreakStatement', undefined, undefined, label ? id(label) : null);
export const goOn = (label: string): Node => statement('ContinueStatement', undefined, undefined, id(label));
export const answer = (argument: Node): Node => statement('ReturnStatement', undefined, undefined, undefined, argument);
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
      return unary('~', expression(e.a, x));
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
