// Values for temporaries. These are numbered from zero on, without large gaps, and looked up at every turn: an array answers
// in a fraction of the time that a map takes.

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
