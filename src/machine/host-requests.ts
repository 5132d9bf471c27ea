// Requests that devices made of the host: when the guest gets their answers.
//
// On the host's clock: as soon as there are any, between two instructions. On the virtual clock: at a guest time that
// depends on the request alone; if the host is not done by then, the guest waits for it, and time does not pass.

import type { HostWork } from '../devices/host-work.ts';
import type { Clock } from '../lib/clock.ts';

/** Guest nanoseconds that a request takes on the virtual clock, and each of its bytes: a disk of 400 MB/s. */
const REQUEST_NANOS = 50_000;
const BYTE_NANOS = 2.5;
/** Turns of the microtask queue that a request gets which a medium answers on the spot. */
const TURNS = 12;

export interface HostRequestsOptions {
  readonly clock: Clock;
  /** Answers come at a time of the guest. */
  readonly virtual: boolean;
  /** A request was made: the processor should stop soon. */
  readonly asked: () => void;
  /** One was answered: what waits may go on. */
  readonly answered: () => void;
}

export class HostRequests implements HostWork {
  readonly #options: HostRequestsOptions;
  readonly #running = new Set<Promise<void>>();
  /** On the virtual clock: answers whose time has come, in that order. */
  #due: (() => Promise<void>)[] = [];
  #answers = 0;

  constructor(options: HostRequestsOptions) {
    this.#options = options;
  }

  /** Requests under way. */
  get outstanding(): number {
    return this.#running.size;
  }

  /** Whether the guest must wait: {@link settle}. */
  get due(): boolean {
    return this.#due.length > 0;
  }

  start(work: Promise<void>, bytes: number, ended: (error: unknown) => void): void {
    const { virtual, clock } = this.#options;
    this.#running.add(work);
    const answer = (error: unknown): void => {
      this.#running.delete(work);
      this.#answers++;
      ended(error);
      this.#options.answered();
    };
    const rejected = (error: unknown): void => answer(error ?? new Error('the host failed'));
    if (virtual) {
      work.catch(() => {}); // looked at when its time comes
      const wait = (): Promise<void> => work.then(() => answer(undefined), rejected);
      clock.schedule(clock.now() + REQUEST_NANOS + Math.ceil(bytes * BYTE_NANOS), () => this.#due.push(wait));
    } else {
      void work.then(() => answer(undefined), rejected);
      this.#options.asked();
    }
  }

  /** Waits for the answers that are due. */
  async settle(): Promise<void> {
    const due = this.#due;
    this.#due = [];
    for (const wait of due) await wait();
  }

  /** Lets answers in that are there already. */
  async turn(): Promise<void> {
    const before = this.#answers;
    for (let k = 0; k < TURNS && this.#answers === before; k++) await undefined;
  }

  /** Waits until the host is done with all of them; what it says no longer matters to the guest. */
  async drained(): Promise<void> {
    await Promise.allSettled(this.#running);
  }
}
