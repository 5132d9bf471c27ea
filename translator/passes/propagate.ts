// Copy propagation over state: a word that was just set, or read, is from then on the temporary that holds it.
//   set s = t; ... s ...   ->   set s = t; ... t ...
// Values: what was computed once from the same temporaries is not computed again; what was an exit's condition once,
// and was passed, is not looked at again.
// An element whose index is not known may be any: a write to it forgets all of its array.

import { atom, branch, type Expr, if_, isZero, leaving, let_, mayAlias, type Stmt, stateKey, T } from '../ir.ts';
import { Temporaries } from '../temporaries.ts';
import { map, mapStmt } from '../walk.ts';
import { fuse } from './fuse.ts';

/** A piece of state and what it holds. */
interface Known {
  readonly at: Expr;
  readonly e: Expr;
}

/** A value that depends on temporaries alone, and others with the same hash. */
interface Computed {
  readonly e: Expr;
  readonly i: number;
  readonly next: Computed | undefined;
}

/** `temporaries`: of the region that it is part of. */
export function propagate(body: readonly Stmt[], temporaries = new Temporaries()): Stmt[] {
  const propagation = new Propagation(temporaries);
  for (const s of body) propagation.through(s);
  return propagation.out;
}

/** One run over statements in a row. */
export class Propagation {
  readonly out: Stmt[] = [];
  /** What is known of general registers by their numbers, of words by their names, of other state by stateKey. */
  readonly #registers: (Expr | undefined)[];
  readonly #words: Map<string, Expr>;
  /** Made when there is some: most runs are short. */
  #others: Map<string, Known> | undefined;
  readonly #temporaries: Temporaries;
  #values: Map<number, Computed> | undefined;
  readonly #passed: Set<number>;

  /** `temporaries`: of the region. `outer`: of the statement that this is an arm of. */
  constructor(temporaries: Temporaries, outer?: Propagation) {
    this.#temporaries = temporaries;
    this.#registers = outer ? outer.#registers.slice() : NO_REGISTERS.slice();
    this.#words = outer ? new Map(outer.#words) : new Map();
    this.#others = outer?.others();
    this.#values = outer?.values();
    this.#passed = outer ? outer.#passed : new Set();
  }

  /** What a leaf is known to be. */
  readonly leaf = (e: Expr): Expr => {
    if (e.k === 't') return this.#temporaries.aliases.get(e.i) ?? e;
    if (e.k === 's') return this.#words.get(e.name) ?? e;
    if (e.k !== 'r') return e;
    const n = registerOf(e);
    return (n >= 0 ? this.#registers[n] : this.#others?.get(stateKey(e))?.e) ?? e;
  };

  /** Copies, for an arm. */
  others(): Map<string, Known> | undefined {
    return this.#others && new Map(this.#others);
  }

  values(): Map<number, Computed> | undefined {
    return this.#values && new Map(this.#values);
  }

  readonly #definition = (i: number): Expr | undefined => this.#temporaries.values.get(i);

  /** The temporary, or what it is known to be. */
  temporary(i: number): Expr {
    return this.#temporaries.aliases.get(i) ?? T(i);
  }

  through(s: Stmt, at?: number, undo?: number): void {
    this.add(mapStmt(s, this.leaf), at, undo);
  }

  /** Adds a statement whose leaves have been replaced. `at`, `undo`: see Step. */
  add(s: Stmt, at?: number, undo?: number): void {
    switch (s.k) {
      case 'let':
        this.#let(s);
        return;
      case 'set':
        this.#forget(s.to);
        if (atom(s.e)) this.#know(s.to, s.e);
        break;
      case 'holds':
        if (atom(s.e)) this.#know(s.to, s.e);
        break;
      case 'exit':
        if (isZero(s.e) || (s.e.k === 't' && this.#passed.has(s.e.i))) return;
        if (s.e.k === 't') this.#passed.add(s.e.i);
        break;
      case 'quick':
        // It changes no general registers and no flags, which are locals of translated code.
        for (const name of this.#words.keys()) if (name.startsWith('quick')) this.#words.delete(name);
        if (this.#others) {
          for (const [key, { at }] of this.#others) if (at.k === 'r' && at.array !== 'reg') this.#others.delete(key);
        }
        break;
      case 'branch':
        this.out.push(branch(fuse(s.e, this.#definition)));
        return;
      case 'if':
        this.#if(s);
        return;
    }
    this.out.push(undo === undefined ? s : leaving(s, at as number, undo));
  }

  #let(s: Stmt & { k: 'let' }): void {
    const e = s.e.k === 'c' || s.e.k === 'b' ? fuse(s.e, this.#definition) : s.e;
    if (atom(e)) {
      this.#temporaries.aliases.set(s.i, e);
      return;
    }
    const hash = hashOf(e);
    if (hash !== IMPURE) {
      this.#values ??= new Map();
      const alike = this.#values.get(hash);
      for (let c = alike; c; c = c.next) {
        if (!equal(c.e, e)) continue;
        this.#temporaries.aliases.set(s.i, T(c.i));
        return;
      }
      this.#values.set(hash, { e, i: s.i, next: alike });
    }
    this.#temporaries.values.set(s.i, e);
    if (e.k === 's' || e.k === 'r') this.#know(e, T(s.i));
    this.out.push(e === s.e ? s : let_(s.i, e));
  }

  #if(s: Stmt & { k: 'if' }): void {
    const e = fuse(map(s.e, this.leaf), this.#definition);
    if (e.k === 'n') {
      for (const x of e.v ? s.then : s.else) this.through(x);
      return;
    }
    const then = this.#arm(s.then);
    const other = this.#arm(s.else);
    for (const x of then) if (x.k === 'set') this.#forget(x.to);
    for (const x of other) if (x.k === 'set') this.#forget(x.to);
    this.out.push(if_(e, then, other));
  }

  #arm(body: readonly Stmt[]): readonly Stmt[] {
    const arm = new Propagation(this.#temporaries, this);
    for (const x of body) arm.through(x);
    return arm.out;
  }

  #know(at: Expr, e: Expr): void {
    if (at.k === 's') {
      this.#words.set(at.name, e);
      return;
    }
    const n = registerOf(at);
    if (n >= 0) this.#registers[n] = e;
    else {
      this.#others ??= new Map();
      this.#others.set(stateKey(at), { at, e });
    }
  }

  #forget(to: Expr): void {
    if (to.k === 's') {
      this.#words.delete(to.name);
      return;
    }
    const n = registerOf(to);
    if (n >= 0) this.#registers[n] = undefined;
    else if (to.k === 'r' && to.array === 'reg') this.#registers.fill(undefined);
    // General registers are no part of another view.
    if (!this.#others) return;
    for (const [key, { at }] of this.#others) if (mayAlias(at, to)) this.#others.delete(key);
  }
}

const NO_REGISTERS: readonly undefined[] = new Array(9).fill(undefined);

/** The number of a general register, or -1 where it is none, or not known. */
function registerOf(e: Expr): number {
  return e.k === 'r' && e.array === 'reg' && e.n.k === 'n' && e.n.v >= 0 && e.n.v < 9 ? e.n.v : -1;
}

const IMPURE = -1;

/** Not below zero; IMPURE where the value depends on state or a hole. Equal for equal expressions. */
function hashOf(e: Expr): number {
  switch (e.k) {
    case 'n':
      return e.v & 0xfffffff;
    case 'd':
      return 7;
    case 't':
      return (Math.imul(e.i, 31) + 1) & 0xfffffff;
    case 'u': {
      const a = hashOf(e.a);
      return a < 0 ? a : (Math.imul(a, 5) + 3) & 0xfffffff;
    }
    case 'b': {
      const a = hashOf(e.a);
      if (a < 0) return a;
      const b = hashOf(e.b);
      return b < 0 ? b : (Math.imul(a, 33) + Math.imul(b, 7) + e.op.charCodeAt(0)) & 0xfffffff;
    }
    case 'c': {
      let hash = e.f.length;
      for (let k = 0; k < e.args.length; k++) {
        const a = hashOf(e.args[k] as Expr);
        if (a < 0) return a;
        hash = (Math.imul(hash, 33) + a) & 0xfffffff;
      }
      return hash;
    }
    case 'q': {
      const test = hashOf(e.test);
      const a = test < 0 ? test : hashOf(e.a);
      const b = a < 0 ? a : hashOf(e.b);
      return b < 0 ? b : (Math.imul(test, 9) + Math.imul(a, 33) + b) & 0xfffffff;
    }
  }
  return IMPURE;
}

/** Whether two expressions that are pure are the same. */
function equal(x: Expr, y: Expr): boolean {
  switch (x.k) {
    case 'n':
      return y.k === 'n' && x.v === y.v;
    case 'd':
      return y.k === 'd' && Object.is(x.v, y.v);
    case 't':
      return y.k === 't' && x.i === y.i;
    case 'u':
      return y.k === 'u' && equal(x.a, y.a);
    case 'b':
      return y.k === 'b' && x.op === y.op && equal(x.a, y.a) && equal(x.b, y.b);
    case 'c':
      if (y.k !== 'c' || x.f !== y.f || x.args.length !== y.args.length) return false;
      for (let k = 0; k < x.args.length; k++) if (!equal(x.args[k] as Expr, y.args[k] as Expr)) return false;
      return true;
    case 'q':
      return y.k === 'q' && equal(x.test, y.test) && equal(x.a, y.a) && equal(x.b, y.b);
  }
  return false;
}
