// What passes and templates walk over residual expressions and statements with.

import { bin, call, not, select } from './fold.ts';
import {
  branch,
  type Expr,
  exit,
  holds,
  if_,
  jumpTo,
  type Leaves,
  let_,
  load,
  place,
  quick,
  R,
  type Stmt,
  set,
  store,
} from './ir.ts';

/** Rebuilds an expression with its leaves replaced; folds on the way. */
export function map(e: Expr, f: (leaf: Expr) => Expr): Expr {
  switch (e.k) {
    case 'n':
    case 'd':
      return e;
    case 't':
    case 'h':
    case 's':
      return f(e);
    case 'r': {
      const n = e.n.k === 'n' ? e.n : map(e.n, f);
      return f(n === e.n ? e : R(e.array, n));
    }
    case 'b': {
      const a = map(e.a, f);
      const b = map(e.b, f);
      return a === e.a && b === e.b ? e : bin(e.op, a, b);
    }
    case 'u': {
      const a = map(e.a, f);
      return a === e.a ? e : not(a);
    }
    case 'c': {
      const args = mapAll(e.args, f);
      return args === e.args ? e : call(e.f, args);
    }
    case 'q':
      return select(map(e.test, f), map(e.a, f), map(e.b, f));
  }
}

/** Of all; the same array where all are the same. */
function mapAll(list: readonly Expr[], f: (leaf: Expr) => Expr): readonly Expr[] {
  let made: Expr[] | undefined;
  for (let k = 0; k < list.length; k++) {
    const e = list[k] as Expr;
    const to = map(e, f);
    if (to !== e && !made) made = list.slice();
    if (made) made[k] = to;
  }
  return made ?? list;
}

/** The same over a statement, whose temporaries are renumbered from `first` on. */
export function mapStmt(s: Stmt, f: (leaf: Expr) => Expr, first = 0): Stmt {
  switch (s.k) {
    case 'let':
      return let_(first + s.i, map(s.e, f));
    case 'set':
      return set(mapIndex(s.to, f), map(s.e, f));
    case 'holds':
      return holds(mapIndex(s.to, f), map(s.e, f));
    case 'load':
      return load(first + s.i, map(s.p, f), s.size, s.at);
    case 'store':
      return store(map(s.p, f), s.size, s.at, map(s.e, f));
    case 'place':
      return place(s, first + s.i, map(s.seg, f), map(s.a, f));
    case 'if': {
      const then = s.then.map((x) => mapStmt(x, f, first));
      const otherwise = s.else.map((x) => mapStmt(x, f, first));
      return if_(map(s.e, f), then, otherwise);
    }
    case 'quick':
      return quick(s.f, mapAll(s.args, f), s as Leaves);
    case 'exit':
      return exit(map(s.e, f), s.unless && mapAll(s.unless, f), s as Leaves);
    case 'branch':
      return branch(map(s.e, f));
    case 'jumpTo':
      return jumpTo(map(s.e, f));
    case 'jump':
      return s;
  }
}

/** What is set: its index only. */
function mapIndex(to: Expr, f: (leaf: Expr) => Expr): Expr {
  return to.k === 'r' && to.n.k !== 'n' ? R(to.array, map(to.n, f)) : to;
}

/** Calls `f` for every leaf; an element of an array is one, and so are those of its index. */
export function visit(e: Expr, f: (leaf: Expr) => void): void {
  switch (e.k) {
    case 'r':
      if (e.n.k !== 'n') visit(e.n, f);
      f(e);
      break;
    case 'b':
      visit(e.a, f);
      visit(e.b, f);
      break;
    case 'u':
      visit(e.a, f);
      break;
    case 'c':
      for (let k = 0; k < e.args.length; k++) visit(e.args[k] as Expr, f);
      break;
    case 'q':
      visit(e.test, f);
      visit(e.a, f);
      visit(e.b, f);
      break;
    default:
      f(e);
  }
}

/** Calls `f` for every leaf that a statement reads. */
export function uses(s: Stmt, f: (leaf: Expr) => void): void {
  switch (s.k) {
    case 'load':
      visit(s.p, f);
      break;
    case 'store':
      visit(s.p, f);
      visit(s.e, f);
      break;
    case 'place':
      visit(s.seg, f);
      visit(s.a, f);
      break;
    case 'if':
      visit(s.e, f);
      for (const x of s.then) uses(x, f);
      for (const x of s.else) uses(x, f);
      break;
    case 'jump':
      break;
    case 'exit':
      for (const e of s.unless ?? []) visit(e, f);
      visit(s.e, f);
      break;
    case 'quick':
      for (const a of s.args) visit(a, f);
      break;
    case 'set':
    case 'holds':
      if (s.to.k === 'r' && s.to.n.k !== 'n') visit(s.to.n, f);
      visit(s.e, f);
      break;
    default:
      visit(s.e, f);
  }
}
