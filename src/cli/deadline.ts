// An end after a time of the host, and not before it: a timer of Node's counts whole milliseconds, from when the event loop
// last looked at the clock, so that it may come early.

export class Deadline {
  readonly #end: number;
  readonly #then: () => void;
  #timer: NodeJS.Timeout | undefined;

  /** Calls `then` once, `seconds` (up to 2,147,483) from now, unless it is cleared. */
  constructor(seconds: number, then: () => void) {
    this.#end = performance.now() + seconds * 1000;
    this.#then = then;
    this.#wait();
  }

  clear(): void {
    clearTimeout(this.#timer);
  }

  #wait(): void {
    const left = this.#end - performance.now();
    if (left <= 0) this.#then();
    else this.#timer = setTimeout(() => this.#wait(), Math.ceil(left));
  }
}
