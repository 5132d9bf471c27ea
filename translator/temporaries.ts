// Temporaries of a region: what numbers are given, and what is known by them. They are numbered from zero on, without large
// gaps, and looked up at every turn: an array answers in a fraction of the time that a map takes.

import type { Expr } from './ir.ts';

/** A value for each temporary that has one. */
export class ByTemporary<T> {
  readonly #values: (T | undefined)[] = [];

  get(i: number): T | undefined {
    return i < this.#values.length ? this.#values[i] : undefined;
  }

  has(i: number): boolean {
    return this.get(i) !== undefined;
  }

  set(i: number, value: T): void {
    const values = this.#values;
    while (values.length <= i) values.push(undefined);
    values[i] = value;
  }
}

/** Those of one region, from the first block that is specialised on. */
export class Temporaries {
  /** The number of the next one. */
  n = 0;
  /** Those that are another one, or constant. */
  readonly aliases = new ByTemporary<Expr>();
  /** What the others were computed from. */
  readonly values = new ByTemporary<Expr>();
}
