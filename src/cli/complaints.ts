// What goes wrong with the host while a guest runs, on standard error. A guest whose disk fails tries again and again, a
// hundred times a second: the user is told once, and again after a minute if it goes on.

/** Milliseconds for which the same line is not repeated. */
const SILENCE = 60_000;

export class Complaints {
  readonly #write: (line: string) => void;
  readonly #now: () => number;
  readonly #said = new Map<string, number>();

  /** `now`: milliseconds of a clock that never goes back. */
  constructor(write: (line: string) => void, now: () => number = () => performance.now()) {
    this.#write = write;
    this.#now = now;
  }

  say(line: string): void {
    const now = this.#now();
    const before = this.#said.get(line);
    if (before !== undefined && now - before < SILENCE) return;
    this.#said.set(line, now);
    this.#write(line);
  }
}
