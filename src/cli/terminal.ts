// The user's terminal in raw mode, and its way back. Node restores the mode by itself when the process exits; here it
// is restored as soon as the run ends, and on signals and errors, before anything is printed.

import type { ReadStream } from 'node:tty';

export class Terminal {
  readonly #stdin: ReadStream;
  #raw = false;

  constructor(stdin: ReadStream) {
    this.#stdin = stdin;
  }

  /** Every key to us, none to the terminal driver; output is still processed (a line feed returns the carriage). */
  enterRaw(): void {
    this.#stdin.setRawMode(true);
    this.#raw = true;
    process.on('exit', this.restore);
    process.on('SIGCONT', this.#again);
  }

  /** To the mode that was found. Harmless when called again. */
  readonly restore = (): void => {
    if (!this.#raw) return;
    this.#raw = false;
    process.off('exit', this.restore);
    process.off('SIGCONT', this.#again);
    this.#stdin.setRawMode(false);
  };

  /** A shell that continues a stopped process has set the terminal to modes of its own. */
  readonly #again = (): void => {
    this.#stdin.setRawMode(false);
    this.#stdin.setRawMode(true);
  };
}
