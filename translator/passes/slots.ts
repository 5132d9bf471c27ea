// Slots: temporaries that are never live together share a local. V8 merges every local at every exit of a region, so
// that its compile time grows with locals times exits: a region of 200 instructions has 300 temporaries, and needs a
// dozen locals for them.
//
// A structured region is text, and a temporary is live from its definition to its last use in the order of the text; a
// use inside a loop that the definition is before lasts to the loop's end.

import { type Expr, type Stmt, type Type, typeLoaded, typeOf } from '../ir.ts';
import type { Item } from '../structure.ts';
import { ByTemporary } from '../temporaries.ts';

interface Lifetime {
  readonly begin: number;
  end: number;
  readonly type: Type;
}

interface Loop {
  readonly begin: number;
  /** Temporaries of before that are used inside. */
  readonly held: Set<number>;
}

const NOTHING: readonly Stmt[] = [];

/** First letters of the names of locals. */
const LETTERS: Readonly<Record<Type, string>> = { int: 's', double: 'd', vector: 'v' };

/** What the local with a name is for. */
export const typeOfSlot = (name: string): Type =>
  name.startsWith('d') ? 'double' : name.startsWith('v') ? 'vector' : 'int';

/** Names of locals (a letter for the type, a number) by temporary: of places, and what is live. */
export function assignSlots(items: readonly Item[], live: ByTemporary<true>): ByTemporary<string> {
  const lifetimes = new Lifetimes(live);
  lifetimes.list(items);
  const names = new ByTemporary<string>();
  const free: Record<Type, number[]> = { int: [], double: [], vector: [] };
  const made: Record<Type, number> = { int: 0, double: 0, vector: 0 };
  // In the order of their beginnings, since that is the order in which they were seen.
  const running: { readonly lifetime: Lifetime; readonly slot: number }[] = [];
  for (const i of lifetimes.order) {
    const lifetime = lifetimes.of.get(i) as Lifetime;
    for (let k = running.length - 1; k >= 0; k--) {
      const r = running[k] as (typeof running)[number];
      if (r.lifetime.end > lifetime.begin) continue;
      free[r.lifetime.type].push(r.slot);
      running.splice(k, 1);
    }
    const { type } = lifetime;
    const slot = free[type].pop() ?? made[type]++;
    running.push({ lifetime, slot });
    names.set(i, `${LETTERS[type]}${slot}`);
  }
  return names;
}

class Lifetimes {
  readonly of = new ByTemporary<Lifetime>();
  /** Temporaries as they were seen first. */
  readonly order: number[] = [];
  readonly #live: ByTemporary<true>;
  readonly #loops: Loop[] = [];
  #now = 0;

  constructor(live: ByTemporary<true>) {
    this.#live = live;
  }

  list(items: readonly Item[]): void {
    for (const item of items) this.#item(item);
  }

  #item(item: Item): void {
    switch (item.k) {
      case 'step':
        this.#step(item.s, item.arm);
        break;
      case 'poll':
      case 'leave':
      case 'goto':
        if (item.k !== 'poll') this.#arm(item.arm);
        if (item.k !== 'goto' && 'value' in item.to) this.#uses(item.to.value);
        break;
      case 'fork':
        this.#uses(item.test);
        this.list(item.yes);
        this.list(item.no);
        break;
      case 'label':
      case 'guarded':
        this.list(item.body);
        break;
      case 'loop': {
        const loop: Loop = { begin: this.#now, held: new Set() };
        this.#loops.push(loop);
        this.list(item.body);
        this.#loops.pop();
        this.#now++;
        for (const i of loop.held) this.#use(i);
        break;
      }
    }
  }

  /** What a statement reads is read before its value is defined; its arm runs behind that. */
  #step(s: Stmt, arm: readonly Stmt[]): void {
    if (s.k === 'if') {
      this.#uses(s.e);
      for (const x of s.then) this.#step(x, NOTHING);
      for (const x of s.else) this.#step(x, NOTHING);
      return;
    }
    this.#now++;
    this.#read(s);
    if (s.k === 'let' && this.#live.has(s.i)) this.#define(s.i, typeOf(s.e));
    else if (s.k === 'load' && this.#live.has(s.i)) this.#define(s.i, typeLoaded(s.size));
    else if (s.k === 'place') this.#define(s.i, 'int');
    this.#arm(arm);
  }

  #arm(arm: readonly Stmt[]): void {
    this.#now++;
    for (let k = 0; k < arm.length; k++) this.#step(arm[k] as Stmt, NOTHING);
  }

  #uses(e: Expr): void {
    this.#now++;
    this.#expression(e);
  }

  #read(s: Stmt): void {
    switch (s.k) {
      case 'let':
      case 'branch':
      case 'jumpTo':
        this.#expression(s.e);
        return;
      case 'set':
      case 'holds':
        if (s.to.k === 'r') this.#expression(s.to.n);
        this.#expression(s.e);
        return;
      case 'load':
        this.#expression(s.p);
        return;
      case 'store':
        this.#expression(s.p);
        this.#expression(s.e);
        return;
      case 'place':
        this.#expression(s.seg);
        this.#expression(s.a);
        return;
      case 'exit':
        if (s.unless) this.#all(s.unless);
        this.#expression(s.e);
        return;
      case 'quick':
        this.#all(s.args);
        return;
    }
  }

  #all(list: readonly Expr[]): void {
    for (let k = 0; k < list.length; k++) this.#expression(list[k] as Expr);
  }

  #expression(e: Expr): void {
    switch (e.k) {
      case 't':
        this.#use(e.i);
        return;
      case 'b':
        this.#expression(e.a);
        this.#expression(e.b);
        return;
      case 'u':
        this.#expression(e.a);
        return;
      case 'c':
        this.#all(e.args);
        return;
      case 'q':
        this.#expression(e.test);
        this.#expression(e.a);
        this.#expression(e.b);
        return;
      case 'r':
        if (e.n.k !== 'n') this.#expression(e.n);
        return;
    }
  }

  #define(i: number, type: Type): void {
    if (!this.of.has(i)) this.order.push(i);
    this.of.set(i, { begin: this.#now, end: this.#now + 1, type });
  }

  #use(i: number): void {
    const lifetime = this.of.get(i);
    if (!lifetime) return;
    lifetime.end = Math.max(lifetime.end, this.#now);
    // The outermost loop that began after the definition.
    for (const loop of this.#loops) {
      if (loop.begin < lifetime.begin) continue;
      loop.held.add(i);
      return;
    }
  }
}
