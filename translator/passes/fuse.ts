// Compare-branch fusion: what a condition over lazy flags means, given what its words were computed from.
//   a - b == 0                                 ->  a == b
//   sign((a ^ b) & (a ^ (a-b)) ^ (a-b))        ->  a < b
//   a < b | a == b                             ->  a <= b     (signed, unsigned, and doubles)
//   0 <u (a < b),  (a < b) != 0                ->  a < b      (of doubles)
//   (a != b) == 0                              ->  a == b     (of doubles)
// Algebra only: it does not matter which instruction set the flags. (ca <u cb falls out of copy propagation.)

import { bin, call } from '../fold.ts';
import { atom, type Expr, isZero, same } from '../ir.ts';

const RELATIONS = new Set(['flt', 'fle', 'feq', 'fne']);

export type Definitions = (i: number) => Expr | undefined;

/** Looks through a narrowing (`x << 16 >> 16`) and a coercion (`x | 0`). */
function bare(d: Expr | undefined): Expr | undefined {
  let e = d;
  while (e && e.k === 'b' && (e.op === '>>' || e.op === '<<') && e.b.k === 'n') e = e.a;
  if (e && e.k === 'b' && e.op === '|' && isZero(e.b)) e = e.a;
  return e;
}

function isDifference(d: Expr | undefined, a: Expr, b: Expr): boolean {
  const e = bare(d);
  return !!e && e.k === 'b' && e.op === '-' && same(e.a, a) && same(e.b, b);
}

/** A comparison of doubles, as it is or coerced. */
function relation(d: Expr | undefined): Expr | undefined {
  const e = bare(d);
  return e?.k === 'c' && RELATIONS.has(e.f) ? e : undefined;
}

export function fuse(e: Expr, definition: Definitions): Expr {
  if (e.k === 'b' && (e.op === '|' || e.op === '^')) {
    const a = fuse(e.a, definition);
    const b = fuse(e.b, definition);
    if (e.op === '|' && a.k === 'c' && b.k === 'c' && (b.f === 'eq' || b.f === 'feq')) {
      const alike = same(a.args[0] as Expr, b.args[0] as Expr) && same(a.args[1] as Expr, b.args[1] as Expr);
      if (alike && a.f === 'lt' && b.f === 'eq') return call('le', a.args);
      if (alike && a.f === 'ltu' && b.f === 'eq') return call('leu', a.args);
      if (alike && a.f === 'flt' && b.f === 'feq') return call('fle', a.args);
    }
    return bin(e.op, a, b);
  }
  if (e.k !== 'c') return e;
  const [x, y] = e.args as [Expr, Expr];
  if (e.f === 'ltu' && isZero(x) && y.k === 't') return relation(definition(y.i)) ?? e;
  if ((e.f === 'eq' || e.f === 'ne') && x.k === 't' && isZero(y)) {
    const is = relation(definition(x.i));
    if (is && e.f === 'ne') return is;
    if (is?.k === 'c' && is.f === 'fne') return call('feq', is.args);
  }
  if ((e.f === 'eq' || e.f === 'ne') && x.k === 't' && isZero(y)) {
    const d = bare(definition(x.i));
    if (d && d.k === 'b' && d.op === '-' && atom(d.a) && atom(d.b)) return call(e.f, [d.a, d.b]);
  }
  if ((e.f === 'lt' || e.f === 'ge') && isZero(y) && x.k === 'b' && x.op === '^' && x.b.k === 't') {
    const sum = x.a;
    if (sum.k === 'b' && sum.op === '&') {
      const { a: l, b: r } = sum;
      const shape = l.k === 'b' && l.op === '^' && r.k === 'b' && r.op === '^' && same(l.a, r.a) && same(r.b, x.b);
      if (shape && isDifference(definition(x.b.i), l.a, l.b)) return call(e.f, [l.a, l.b]);
    }
  }
  return e;
}
