// Copy propagation over state: a word that was just set, or read, is from then on the temporary that holds it.
//   set s = t; ... s ...   ->   set s = t; ... t ...
// Registers named by a hole may be any register: a write to one forgets all.

import { atom, type Expr, isZero, map, mapStmt, type Stmt, stateKey, T } from '../ir.ts';
import { fuse } from './fuse.ts';

export function propagate(
  body: readonly Stmt[],
  known: Map<string, Expr> = new Map(),
  defined: Map<number, Expr> = new Map(),
  alias: Map<number, Expr> = new Map(),
): Stmt[] {
  const out: Stmt[] = [];
  const definition = (i: number): Expr | undefined => defined.get(i);
  const leaf = (e: Expr): Expr => {
    if (e.k === 't') return alias.get(e.i) ?? e;
    return e.k === 's' || e.k === 'r' ? (known.get(stateKey(e)) ?? e) : e;
  };
  const forget = (to: Expr): void => {
    known.delete(stateKey(to));
    if (to.k !== 'r') return;
    const unknown = to.n.k !== 'n';
    for (const key of [...known.keys()]) {
      if (key.startsWith(to.array) && (unknown || key.startsWith(`${to.array}?`))) known.delete(key);
    }
  };
  for (const before of body) {
    const s = mapStmt(before, leaf);
    if (s.k === 'let') {
      const e = fuse(s.e, definition);
      if (atom(e)) {
        alias.set(s.i, e);
        continue;
      }
      defined.set(s.i, e);
      if (e.k === 's' || e.k === 'r') known.set(stateKey(e), T(s.i));
      out.push({ k: 'let', i: s.i, e });
    } else if (s.k === 'set') {
      forget(s.to);
      if (atom(s.e)) known.set(stateKey(s.to), s.e);
      out.push(s);
    } else if (s.k === 'exit') {
      if (!isZero(s.e)) out.push(s);
    } else if (s.k === 'branch') {
      out.push({ k: 'branch', e: fuse(s.e, definition) });
    } else if (s.k === 'if') {
      const e = fuse(map(s.e, leaf), definition);
      if (e.k === 'n') {
        out.push(...propagate(e.v ? s.then : s.else, known, defined, alias));
        continue;
      }
      const then = propagate(s.then, new Map(known), defined, alias);
      const other = propagate(s.else, new Map(known), defined, alias);
      for (const x of [...then, ...other]) if (x.k === 'set') forget(x.to);
      out.push({ k: 'if', e, then, else: other });
    } else out.push(s);
  }
  return out;
}
