// Expressions as asm.js: ordinary JavaScript whose types are spelt out by coercions, so that V8 compiles it ahead of
// time. Every value is made an int where it is assigned (asm.js specification, section 6, expression types).

import { binary, conditional, decimal, int, lit, type Node, plus, unary } from './estree.ts';
import { type Expr, isDouble } from './ir.ts';

/** Comparisons of ints, signed and unsigned. */
const RELATIONS: ReadonlyMap<string, string> = new Map([
  ['lt', '<'],
  ['le', '<='],
  ['gt', '>'],
  ['ge', '>='],
  ['eq', '=='],
  ['ne', '!='],
]);
const UNSIGNED: ReadonlyMap<string, string> = new Map([
  ['ltu', '<'],
  ['leu', '<='],
  ['gtu', '>'],
  ['geu', '>='],
]);

/** How the leaves are called. */
export interface AsmNames {
  leaf(e: Expr): Node;
  /** A primitive that is a function, imported on use. Its value is not coerced yet. */
  primitive(f: string, args: Node[]): Node;
}

const DOUBLE_OPERATORS: ReadonlyMap<string, string> = new Map([
  ['fadd', '+'],
  ['fsub', '-'],
  ['fmul', '*'],
  ['fdiv', '/'],
]);
const DOUBLE_RELATIONS: ReadonlyMap<string, string> = new Map([
  ['flt', '<'],
  ['fle', '<='],
  ['feq', '=='],
  ['fne', '!='],
]);

/** The expression; its type is int or intish, or a comparison's int. */
export function asm(e: Expr, x: AsmNames): Node {
  switch (e.k) {
    case 'n':
      return lit(e.v);
    case 'd':
      return decimal(e.v);
    case 't':
    case 's':
    case 'r':
      return x.leaf(e);
    case 'h':
      throw new Error(`hole ${e.name} was not filled`);
    case 'u':
      return unary('~', asm(e.a, x));
    case 'b':
      return arithmetic(e.op, e.a, e.b, x);
    case 'q':
      return conditional(asm(e.test, x), int(asm(e.a, x)), int(asm(e.b, x)));
    case 'c':
      return call(e, x);
  }
}

function arithmetic(op: string, a: Expr, b: Expr, x: AsmNames): Node {
  // Sums of sums are intish only up to a point, and products must be coerced: each operand is an int.
  if (op === '*') return int(x.primitive('imul', [signed(a, x), signed(b, x)]));
  if (op === '+' || op === '-') return binary(op, operand(a, x), operand(b, x));
  return binary(op, asm(a, x), asm(b, x));
}

/** An operand of an addition: an int. */
function operand(e: Expr, x: AsmNames): Node {
  const n = asm(e, x);
  // What is in the heap is intish.
  return (e.k === 'b' && (e.op === '+' || e.op === '-')) || n.type === 'MemberExpression' ? int(n) : n;
}

function call(e: Expr & { k: 'c' }, x: AsmNames): Node {
  const { f, args } = e;
  const a = args[0] as Expr;
  const relation = RELATIONS.get(f);
  if (relation) return binary(relation, signed(a, x), signed(args[1] as Expr, x));
  const order = UNSIGNED.get(f);
  if (order) return binary(order, unsigned(a, x), unsigned(args[1] as Expr, x));
  if (f === 'divw') return int(binary('/', unsigned(a, x), unsigned(args[1] as Expr, x)));
  if (f === 'toInt') return unary('~', unary('~', double(a, x)));
  const doubles = DOUBLE_RELATIONS.get(f);
  if (doubles) return binary(doubles, double(a, x), double(args[1] as Expr, x));
  return isDouble(e) ? double(e, x) : int(x.primitive(f, allSigned(args, x)));
}

/** The expressions as signed values. */
export function allSigned(list: readonly Expr[], x: AsmNames): Node[] {
  const made: Node[] = [];
  for (let k = 0; k < list.length; k++) made.push(signed(list[k] as Expr, x));
  return made;
}

function unsigned(e: Expr, x: AsmNames): Node {
  return binary('>>>', asm(e, x), lit(0));
}

/** The expression, whose value is a double (a literal may be an int), as one. */
export function double(e: Expr, x: AsmNames): Node {
  if (e.k === 'n' || e.k === 'd') return decimal(e.v);
  if (e.k === 't') return x.leaf(e);
  if (e.k !== 'c') return plus(asm(e, x));
  const a = e.args[0] as Expr;
  const operator = DOUBLE_OPERATORS.get(e.f);
  if (operator) return plus(binary(operator, double(a, x), double(e.args[1] as Expr, x)));
  if (e.f === 'fneg') return unary('-', double(a, x));
  if (e.f === 'fromInt') return plus(signed(a, x));
  if (e.f === 'joined') return plus(x.primitive('joined', [signed(a, x), signed(e.args[1] as Expr, x)]));
  return plus(x.primitive(e.f, [double(a, x)]));
}

/** The expression as a signed value. */
export function signed(e: Expr, x: AsmNames): Node {
  if (e.k === 'n') return lit(e.v);
  const n = asm(e, x);
  return isSigned(n) ? n : int(n);
}

/** The expression coerced where it is made: the right side of an assignment. */
export function value(e: Expr, x: AsmNames): Node {
  if (e.k === 'n') return lit(e.v);
  if (isDouble(e)) return double(e, x);
  const n = asm(e, x);
  return isInt(n) ? n : int(n);
}

const SIGNED = new Set(['&', '|', '^', '<<', '>>']);

/** Whether it is signed as it is, with no coercion; an int, which a local is too. */
const isSigned = (n: Node): boolean => n.type === 'BinaryExpression' && SIGNED.has(n.operator);
const isInt = (n: Node): boolean => n.type === 'Identifier' || isSigned(n);

const isRelation = (f: string): boolean => RELATIONS.has(f) || UNSIGNED.has(f) || DOUBLE_RELATIONS.has(f);

/** The expression as a condition. */
export function condition(e: Expr, x: AsmNames): Node {
  if (e.k === 'c' && isRelation(e.f)) return asm(e, x);
  return binary('!=', int(asm(e, x)), lit(0));
}
