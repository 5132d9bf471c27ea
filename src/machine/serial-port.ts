// The far end of the COM1 cable: what the guest sends as a stream and as text to search, and what is sent to it.

import { ByteOutput } from './byte-output.ts';
import { TextSearch } from './text-search.ts';

/** Bytes that may wait for the guest before a writer has to wait. */
const BACKLOG_BYTES = 4096;

export interface SerialPortOptions {
  /** Gives bytes to the UART. */
  readonly send: (bytes: Uint8Array) => void;
  /** Bytes that the guest has not taken yet. */
  readonly backlog: () => number;
  /** Called with each chunk of output. */
  readonly onChunk: (chunk: Uint8Array) => void;
}

export class SerialPort {
  /** What the UART writes to. */
  readonly output: ByteOutput;
  readonly #options: SerialPortOptions;
  readonly #search = new TextSearch();
  /** Pending bytes of `output` that were searched already. */
  #searched = 0;
  #writable: WritableStream<Uint8Array> | undefined;
  #taken: (() => void) | undefined;
  #closed = false;

  constructor(options: SerialPortOptions) {
    this.#options = options;
    this.output = new ByteOutput((chunk) => {
      this.#search.append(chunk.subarray(this.#searched));
      this.#searched = 0;
      options.onChunk(chunk);
    });
  }

  /** What the guest sends, from the first use of this property on: see `ByteOutput.readable`. */
  get readable(): ReadableStream<Uint8Array> {
    return this.output.readable;
  }

  /**
   * What the guest receives. A write resolves when the guest has taken enough for the next one, so that piping into it
   * keeps the pace of the guest. Closing it means nothing to the guest. Writes after the machine stopped are dropped.
   */
  get writable(): WritableStream<Uint8Array> {
    this.#writable ??= new WritableStream<Uint8Array>({
      write: (bytes) => {
        if (this.#closed) return;
        this.#options.send(bytes);
        if (this.#options.backlog() <= BACKLOG_BYTES) return;
        return new Promise((resolve) => {
          this.#taken = resolve;
        });
      },
    });
    return this.#writable;
  }

  /** Calls back when the output matches: see `TextSearch.watch`. The callback runs between two instructions. */
  watch(pattern: string | RegExp, found: (match: RegExpExecArray) => void): () => void {
    return this.#search.watch(pattern, found);
  }

  /** The end of the output as text: `count` characters or fewer. */
  tail(count: number): string {
    return this.#search.tail(count);
  }

  /** Searches what was written since the last call, so that a watcher learns of it at a reproducible point. */
  search(): void {
    if (!this.#search.watched) return;
    const pending = this.output.pending();
    if (pending.length === this.#searched) return;
    const fresh = pending.subarray(this.#searched);
    this.#searched = pending.length;
    this.#search.append(fresh);
  }

  /** The end of a turn: hands output over, and lets a writer go on. */
  turn(): void {
    this.output.deliver();
    if (this.#taken && this.#options.backlog() <= BACKLOG_BYTES) this.#release();
  }

  /** The machine stopped. */
  close(): void {
    this.#closed = true;
    this.output.close();
    this.#release();
  }

  #release(): void {
    this.#taken?.();
    this.#taken = undefined;
  }
}
