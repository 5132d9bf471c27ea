// Forwarding: a temporary that is read once, before anything it reads changes, is written where it is read.
// Loads stay where they are.

import { type Expr, if_, let_, mayAlias, type Stmt } from '../ir.ts';
import { map, mapStmt, uses, visit } from '../walk.ts';

/** Deeper expressions than this help nobody. */
const LEAVES = 15;

interface Held {
  readonly e: Expr;
  readonly reads: readonly Expr[];
}

export function forward(body: readonly Stmt[]): Stmt[] {
  const count = new Map<number, number>();
  const note = (e: Expr): void => {
    if (e.k === 't') count.set(e.i, (count.get(e.i) ?? 0) + 1);
  };
  for (const s of body) uses(s, note);
  const held = new Map<number, Held>();
  const out: Stmt[] = [];
  const spill = (wanted: (h: Held, i: number) => boolean): void => {
    for (const [i, h] of held) {
      if (!wanted(h, i)) continue;
      out.push(let_(i, h.e));
      held.delete(i);
    }
  };
  const leaf = (e: Expr): Expr => {
    const h = e.k === 't' ? held.get(e.i) : undefined;
    if (!h || e.k !== 't') return e;
    held.delete(e.i);
    return h.e;
  };
  const clashes = (reads: readonly Expr[], to: Expr): boolean => reads.some((r) => mayAlias(r, to));
  for (const before of body) {
    if (before.k === 'if') {
      // What the arms read is computed before the test.
      const inner = new Set<number>();
      for (const x of [...before.then, ...before.else]) uses(x, (e) => e.k === 't' && inner.add(e.i));
      spill((_h, i) => inner.has(i));
    }
    const s: Stmt = before.k === 'if' ? if_(map(before.e, leaf), before.then, before.else) : mapStmt(before, leaf);
    if (s.k === 'let' && count.get(s.i) === 1) {
      const reads: Expr[] = [];
      let leaves = 0;
      visit(s.e, (e) => {
        leaves++;
        if (e.k === 's' || e.k === 'r') reads.push(e);
      });
      if (leaves < LEAVES) {
        held.set(s.i, { e: s.e, reads });
        continue;
      }
    }
    if (s.k === 'quick') spill((h) => h.reads.length > 0);
    if (s.k === 'set') spill((h) => clashes(h.reads, s.to));
    if (s.k === 'if') {
      const sets = [...s.then, ...s.else].filter((x) => x.k === 'set');
      spill((h) => sets.some((x) => clashes(h.reads, x.to)));
    }
    out.push(s);
  }
  spill(() => true);
  return out;
}
