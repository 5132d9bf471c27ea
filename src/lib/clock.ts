// Time, injected: no device and no engine reads the host's clock by itself.

/** Guest time and timers. */
export interface Clock {
  /** Guest time since power-on, in nanoseconds (a double: exact to 2^53 ns, 104 days). Never goes back. */
  now(): number;
  /** Calls back once guest time reaches `at` (nanoseconds). A callback may schedule again. Equal times fire in order of scheduling. */
  schedule(at: number, callback: () => void): Timer;
  /** Host wall-clock time at power-on, milliseconds since 1970-01-01 UTC. For battery-backed clocks. */
  readonly epochMillis: number;
}

export interface Timer {
  cancel(): void;
}

/** A queue of timers over guest time that somebody else advances: the base of every clock, and the clock of tests. */
export class ManualClock implements Clock {
  readonly epochMillis: number;
  #now = 0;
  /** Sorted by time, earliest last. */
  #queue: { at: number; callback: () => void }[] = [];

  constructor(epochMillis = Date.UTC(2000, 0, 1)) {
    this.epochMillis = epochMillis;
  }

  now(): number {
    return this.#now;
  }

  schedule(at: number, callback: () => void): Timer {
    const entry = { at, callback };
    let k = this.#queue.length;
    while (k > 0 && (this.#queue[k - 1] as typeof entry).at <= at) k--;
    this.#queue.splice(k, 0, entry);
    return {
      cancel: () => {
        const at = this.#queue.indexOf(entry);
        if (at >= 0) this.#queue.splice(at, 1);
      },
    };
  }

  /** Time of the earliest timer in nanoseconds, or Infinity. */
  nextDeadline(): number {
    return this.#queue.length ? (this.#queue[this.#queue.length - 1] as { at: number }).at : Number.POSITIVE_INFINITY;
  }

  /** Moves time to `to` (nanoseconds; not back), firing what falls due on the way, each at its own time. */
  advanceTo(to: number): void {
    for (;;) {
      const next = this.#queue[this.#queue.length - 1];
      if (!next || next.at > to) break;
      this.#queue.pop();
      if (next.at > this.#now) this.#now = next.at;
      next.callback();
    }
    if (to > this.#now) this.#now = to;
  }

  advanceBy(nanos: number): void {
    this.advanceTo(this.#now + nanos);
  }
}
