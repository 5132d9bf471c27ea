// Expressions as asm.js: ordinary JavaScript whose types are spelt out by coercions, so that V8 compiles it ahead of
// time. Every value is made an int where it is assigned (asm.js specification, section 6, expression types).

import { at, binary, conditional, decimal, id, int, lit, type Node, plus } from './estree.ts';
import { type Expr, isComparison, isDouble } from './ir.ts';

const RELATIONS: Record<string, string> = {
  lt: '<',
  ltu: '<',
  le: '<=',
  leu: '<=',
  gt: '>',
  gtu: '>',
  ge: '>=',
  geu: '>=',
  eq: '==',
  ne: '!=',
};

/** How the leaves are called. */
export interface AsmNames {
  temp(i: number): Node;
  state(name: string): Node;
  element(array: string, n: number): Node;
  /** A primitive that is a function, imported on use. Its value is not coerced yet. */
  primitive(f: string, args: Node[]): Node;
}

const DOUBLE_OPERATORS: Record<string, string> = { fadd: '+', fsub: '-', fmul: '*', fdiv: '/' };
const DOUBLE_RELATIONS: Record<string, string> = { flt: '<', fle: '<=', feq: '==', fne: '!=' };

/** `H32[byte >> 2]`, for a byte address given as a node. */
export const word32 = (byte: Node): Node => at(id('H32'), binary('>>', byte, lit(2)));

/** The expression; its type is int or intish, or a comparison's int. */
export function asm(e: Expr, x: AsmNames): Node {
  switch (e.k) {
    case 'n':
      return lit(e.v);
    case 'd':
      return decimal(e.v);
    case 't':
      return x.temp(e.i);
    case 's':
      return x.state(e.name);
    case 'r':
      if (e.n.k !== 'n') throw new Error('a register that is not known at translation time');
      return x.element(e.array, e.n.v);
    case 'h':
      throw new Error(`hole ${e.name} was not filled`);
    case 'u':
      return { type: 'UnaryExpression', operator: '~', prefix: true, argument: asm(e.a, x) };
    case 'b':
      return arithmetic(e.op, e.a, e.b, x);
    case 'q':
      return conditional(asm(e.test, x), int(asm(e.a, x)), int(asm(e.b, x)));
    case 'c':
      return call(e.f, e.args, x);
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
  return e.k === 'b' && (e.op === '+' || e.op === '-') ? int(n) : e.k === 'r' || e.k === 's' ? int(n) : n;
}

function call(f: string, args: readonly Expr[], x: AsmNames): Node {
  if (isComparison(f)) {
    const side = (e: Expr): Node => (f.endsWith('u') ? binary('>>>', asm(e, x), lit(0)) : signed(e, x));
    const [a, b] = args as [Expr, Expr];
    return binary(RELATIONS[f] as string, side(a), side(b));
  }
  const [a, b] = args as [Expr, Expr];
  if (f === 'divw') return int(binary('/', binary('>>>', asm(a, x), lit(0)), binary('>>>', asm(b, x), lit(0))));
  if (f === 'toInt') return twice('~', double(a, x));
  if (f in DOUBLE_RELATIONS) return binary(DOUBLE_RELATIONS[f] as string, double(a, x), double(b, x));
  if (isDouble({ k: 'c', f, args })) return double({ k: 'c', f, args }, x);
  return int(
    x.primitive(
      f,
      args.map((e) => signed(e, x)),
    ),
  );
}

const unary = (operator: string, argument: Node): Node => ({
  type: 'UnaryExpression',
  operator,
  prefix: true,
  argument,
});
const twice = (operator: string, argument: Node): Node => unary(operator, unary(operator, argument));

/** The expression, whose value is a double (a literal may be an int), as one. */
export function double(e: Expr, x: AsmNames): Node {
  if (e.k === 'n' || e.k === 'd') return decimal(e.v);
  if (e.k === 't') return x.temp(e.i);
  if (e.k !== 'c') return plus(asm(e, x));
  const [a, b] = e.args as [Expr, Expr];
  const operator = DOUBLE_OPERATORS[e.f];
  if (operator) return plus(binary(operator, double(a, x), double(b, x)));
  if (e.f === 'fneg') return unary('-', double(a, x));
  if (e.f === 'fromInt') return plus(signed(a, x));
  if (e.f === 'joined') return plus(x.primitive('joined', [signed(a, x), signed(b, x)]));
  return plus(x.primitive(e.f, [double(a, x)]));
}

/** The expression as a signed value. */
export function signed(e: Expr, x: AsmNames): Node {
  return e.k === 'n' ? lit(e.v) : int(asm(e, x));
}

/** The expression coerced where it is made: the right side of an assignment. */
export function value(e: Expr, x: AsmNames): Node {
  if (e.k === 'n') return lit(e.v);
  if (e.k === 't') return asm(e, x);
  return isDouble(e) ? double(e, x) : int(asm(e, x));
}

/** The expression as a condition. */
export function condition(e: Expr, x: AsmNames): Node {
  if (e.k === 'c' && (isComparison(e.f) || e.f in DOUBLE_RELATIONS)) return asm(e, x);
  return binary('!=', int(asm(e, x)), lit(0));
}
