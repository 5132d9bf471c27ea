// Flag words on their way to where they are wanted: see structure.ts.

import type { Expr, Stmt } from './ir.ts';
import { SUNK } from './passes/liveness.ts';

export const NOTHING: readonly Stmt[] = [];

/** The bit of a sunk word, or 0. */
export const bitOf = (to: Expr): number => (to.k === 's' ? (SUNK.get(to.name) ?? 0) : 0);

/** Flag words whose values have been computed, but not set yet, in the order in which they came. */
export class Pending {
  /** Their bits: see SUNK. */
  words = 0;
  readonly #sets: (Stmt & { k: 'set' })[] = [];
  /** All of them as statements, until something changes: many exits share them. */
  #all: readonly Stmt[] | undefined = NOTHING;

  copy(): Pending {
    const made = new Pending();
    made.words = this.words;
    for (const s of this.#sets) made.#sets.push(s);
    made.#all = this.#all;
    return made;
  }

  add(s: Stmt & { k: 'set' }, bit: number): void {
    this.#all = undefined;
    if ((this.words & bit) === 0) this.#sets.push(s);
    else this.#sets[this.#find(bit)] = s;
    this.words |= bit;
  }

  /** What sets the word is taken out. */
  take(bit: number): Stmt & { k: 'set' } {
    this.#all = undefined;
    this.words &= ~bit;
    return this.#sets.splice(this.#find(bit), 1)[0] as Stmt & { k: 'set' };
  }

  clear(): void {
    this.words = 0;
    this.#sets.length = 0;
    this.#all = NOTHING;
  }

  /** What sets all of them, or those of `wanted`. */
  settle(wanted?: number): readonly Stmt[] {
    if (wanted === undefined || (this.words & ~wanted) === 0) {
      this.#all ??= this.#sets.slice();
      return this.#all;
    }
    return this.#sets.filter((s) => (bitOf(s.to) & wanted) !== 0);
  }

  #find(bit: number): number {
    return this.#sets.findIndex((s) => bitOf(s.to) === bit);
  }
}
