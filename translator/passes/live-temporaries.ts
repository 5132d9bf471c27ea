// Temporaries that something reads which is not itself dead: what only dead ones are computed from is not printed.

import type { Expr, Stmt } from '../ir.ts';
import type { Item, Target } from '../structure.ts';
import { ByTemporary } from '../temporaries.ts';

/** Those that are live have a value. */
export function liveTemporaries(items: readonly Item[]): ByTemporary<true> {
  const found = new Found();
  found.items(items);
  return found.all();
}

class Found {
  /** What temporaries are computed from. */
  readonly #definitions = new ByTemporary<Expr>();
  readonly #live = new ByTemporary<true>();
  readonly #work: number[] = [];
  /** The arm that was looked at last: steps in a row have the same one. */
  #arm: readonly Stmt[] | undefined;

  all(): ByTemporary<true> {
    for (let i = this.#work.pop(); i !== undefined; i = this.#work.pop()) {
      const e = this.#definitions.get(i);
      if (e) this.#reads(e);
    }
    return this.#live;
  }

  items(list: readonly Item[]): void {
    for (let k = 0; k < list.length; k++) this.#item(list[k] as Item);
  }

  #item(item: Item): void {
    switch (item.k) {
      case 'step':
        this.#statement(item.s);
        this.#plain(item.arm);
        return;
      case 'poll':
        this.#target(item.to);
        return;
      case 'leave':
        this.#plain(item.arm);
        this.#target(item.to);
        return;
      case 'goto':
        this.#plain(item.arm);
        return;
      case 'fork':
        this.#reads(item.test);
        this.items(item.yes);
        this.items(item.no);
        return;
      case 'loop':
      case 'label':
      case 'guarded':
        this.items(item.body);
        return;
    }
  }

  #target(to: Target): void {
    if ('value' in to) this.#reads(to.value);
  }

  #plain(list: readonly Stmt[]): void {
    if (list.length === 0 || list === this.#arm) return;
    this.#arm = list;
    for (let k = 0; k < list.length; k++) this.#statement(list[k] as Stmt);
  }

  #statement(s: Stmt): void {
    switch (s.k) {
      case 'let':
        this.#definitions.set(s.i, s.e);
        return;
      case 'load':
        this.#definitions.set(s.i, s.p);
        return;
      case 'if':
        this.#reads(s.e);
        for (const x of s.then) this.#statement(x);
        for (const x of s.else) this.#statement(x);
        return;
      case 'set':
      case 'holds':
        if (s.to.k === 'r') this.#reads(s.to.n);
        this.#reads(s.e);
        return;
      case 'store':
        this.#reads(s.p);
        this.#reads(s.e);
        return;
      case 'place':
        this.#reads(s.seg);
        this.#reads(s.a);
        return;
      case 'quick':
        this.#all(s.args);
        return;
      case 'exit':
        if (s.unless) this.#all(s.unless);
        this.#reads(s.e);
        return;
      case 'branch':
      case 'jumpTo':
        this.#reads(s.e);
        return;
    }
  }

  #all(list: readonly Expr[]): void {
    for (let k = 0; k < list.length; k++) this.#reads(list[k] as Expr);
  }

  #reads(e: Expr): void {
    switch (e.k) {
      case 't':
        if (this.#live.has(e.i)) return;
        this.#live.set(e.i, true);
        this.#work.push(e.i);
        return;
      case 'b':
        this.#reads(e.a);
        this.#reads(e.b);
        return;
      case 'u':
        this.#reads(e.a);
        return;
      case 'c':
        this.#all(e.args);
        return;
      case 'q':
        this.#reads(e.test);
        this.#reads(e.a);
        this.#reads(e.b);
        return;
      case 'r':
        if (e.n.k !== 'n') this.#reads(e.n);
        return;
    }
  }
}
