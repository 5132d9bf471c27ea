// What the drives of one channel ask the host for: one request after the other. The answer to a command that was dropped
// is dropped too.

import type { HostWork } from '../host-work.ts';

export class HostQueue {
  readonly #work: HostWork;
  /** A request that the host works on, and how often all were forgotten. */
  #running: Promise<void> | undefined;
  #forgotten = 0;

  constructor(work: HostWork) {
    this.#work = work;
  }

  /**
   * Makes a request of `bytes` bytes; `request` may be called later. `ended` gets what it was rejected with or
   * undefined, between two instructions of the guest, unless it is forgotten until then.
   */
  ask(bytes: number, request: () => Promise<void>, ended: (error: unknown) => void): void {
    const forgotten = this.#forgotten;
    // What a command before a reset asked for comes first: it may be about the same sectors.
    const work = this.#running ? this.#running.then(request, request) : request();
    this.#running = work;
    this.#work.start(work, bytes, (error) => {
      if (this.#running === work) this.#running = undefined;
      if (forgotten === this.#forgotten) ended(error);
    });
  }

  /** Nobody waits for answers any more. True if the host still works: it goes on. */
  forget(): boolean {
    this.#forgotten++;
    return this.#running !== undefined;
  }
}
