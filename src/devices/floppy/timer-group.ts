// Timers that a reset cancels together.

import type { Clock, Timer } from '../../lib/clock.ts';

export class TimerGroup {
  readonly #clock: Clock;
  readonly #timers = new Set<Timer>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Guest time in nanoseconds. */
  now(): number {
    return this.#clock.now();
  }

  /** Calls back once guest time reaches `time` (nanoseconds), unless `cancel` was called before. */
  at(time: number, callback: () => void): void {
    const timer = this.#clock.schedule(time, () => {
      this.#timers.delete(timer);
      callback();
    });
    this.#timers.add(timer);
  }

  /** Cancels all of them. */
  cancel(): void {
    for (const timer of this.#timers) timer.cancel();
    this.#timers.clear();
  }
}
