// Copy propagation over state: a word that was just set, or read, is from then on the temporary that holds it.
//   set s = t; ... s ...   ->   set s = t; ... t ...
// Values: what was computed once from the same temporaries is not computed again; what was an exit's condition once,
// and was passed, is not looked at again.
// An element whose index is not known may be any: a write to it forgets all of its array.

import { atom, type Expr, isZero, map, mapStmt, mayAlias, type Stmt, spell, stateKey, T, visit } from '../ir.ts';
import { fuse } from './fuse.ts';

/** A piece of state and what it holds. */
interface Known {
  readonly at: Expr;
  readonly e: Expr;
}

export function propagate(
  body: readonly Stmt[],
  known: Map<string, Known> = new Map(),
  defined: Map<number, Expr> = new Map(),
  alias: Map<number, Expr> = new Map(),
  values: Map<string, number> = new Map(),
  passed: Set<number> = new Set(),
): Stmt[] {
  const out: Stmt[] = [];
  const definition = (i: number): Expr | undefined => defined.get(i);
  const leaf = (e: Expr): Expr => {
    if (e.k === 't') return alias.get(e.i) ?? e;
    return e.k === 's' || e.k === 'r' ? (known.get(stateKey(e))?.e ?? e) : e;
  };
  const forget = (to: Expr): void => {
    known.delete(stateKey(to));
    if (to.k !== 'r') return;
    for (const [key, { at }] of known) if (mayAlias(at, to)) known.delete(key);
  };
  for (const before of body) {
    const s = mapStmt(before, leaf);
    if (s.k === 'let') {
      const e = fuse(s.e, definition);
      if (atom(e)) {
        alias.set(s.i, e);
        continue;
      }
      const key = isPure(e) ? spell(e) : '';
      const twin = key ? values.get(key) : undefined;
      if (twin !== undefined) {
        alias.set(s.i, T(twin));
        continue;
      }
      if (key) values.set(key, s.i);
      defined.set(s.i, e);
      if (e.k === 's' || e.k === 'r') known.set(stateKey(e), { at: e, e: T(s.i) });
      out.push({ k: 'let', i: s.i, e });
    } else if (s.k === 'set') {
      forget(s.to);
      if (atom(s.e)) known.set(stateKey(s.to), { at: s.to, e: s.e });
      out.push(s);
    } else if (s.k === 'holds') {
      if (atom(s.e)) known.set(stateKey(s.to), { at: s.to, e: s.e });
      out.push(s);
    } else if (s.k === 'exit') {
      if (isZero(s.e) || (s.e.k === 't' && passed.has(s.e.i))) continue;
      if (s.e.k === 't') passed.add(s.e.i);
      out.push(s);
    } else if (s.k === 'quick') {
      // It changes no general registers and no flags, which are locals of translated code.
      for (const [key, { at }] of known)
        if (at.k === 's' ? at.name.startsWith('quick') : at.k === 'r' && at.array !== 'reg') known.delete(key);
      out.push(s);
    } else if (s.k === 'branch') {
      out.push({ k: 'branch', e: fuse(s.e, definition) });
    } else if (s.k === 'if') {
      const e = fuse(map(s.e, leaf), definition);
      if (e.k === 'n') {
        out.push(...propagate(e.v ? s.then : s.else, known, defined, alias, values, passed));
        continue;
      }
      const then = propagate(s.then, new Map(known), defined, alias, new Map(values), passed);
      const other = propagate(s.else, new Map(known), defined, alias, new Map(values), passed);
      for (const x of [...then, ...other]) if (x.k === 'set') forget(x.to);
      out.push({ k: 'if', e, then, else: other });
    } else out.push(s);
  }
  return out;
}

/** Whether the value depends on temporaries alone: on no state, on no hole. */
function isPure(e: Expr): boolean {
  let pure = true;
  visit(e, (x) => {
    if (x.k !== 't' && x.k !== 'n' && x.k !== 'd') pure = false;
  });
  return pure;
}
