// The machine's two clocks. Host: guest time is the host's. Virtual: guest time is the count of retired instructions,
// so that a run is reproducible to the instruction.

import { ManualClock, type Timer } from '../lib/clock.ts';

/** Guest nanoseconds that an instruction takes on the virtual clock: a 1 GHz processor at four cycles each. */
export const VIRTUAL_NANOS_PER_INSTRUCTION = 4;

/** What a fast engine takes for an instruction; a slow one is late by its slowness. */
const HOST_NANOS_PER_INSTRUCTION = 5;
/** Fewer instructions at once do not pay for the way out of the engine and back. */
const LEAST_BUDGET = 1000;

/** What the monitor loop needs of a clock, besides what devices do. */
export abstract class GuestClock extends ManualClock {
  /** Called when a timer is scheduled that is earlier than all others. */
  onEarlier: () => void = () => {};

  abstract override now(): number;

  override schedule(at: number, callback: () => void): Timer {
    const earlier = at < this.nextDeadline();
    const timer = super.schedule(at, callback);
    if (earlier) this.onEarlier();
    return timer;
  }

  /** Fires what is due. */
  fire(): void {
    this.advanceTo(this.now());
  }

  /** Instructions that may run before the next timer; at least 1. */
  abstract instructionsUntilDeadline(most: number): number;
}

/** Guest time stands while the machine is paused. */
export class HostClock extends GuestClock {
  #started = performance.now();
  #paused: number | undefined;

  constructor() {
    super(Date.now());
  }

  override now(): number {
    return Math.floor(((this.#paused ?? performance.now()) - this.#started) * 1e6);
  }

  pause(): void {
    this.#paused ??= performance.now();
  }

  resume(): void {
    if (this.#paused === undefined) return;
    this.#started += performance.now() - this.#paused;
    this.#paused = undefined;
  }

  /** An estimate: the next timer, such as the end of a disk's command, shall not wait for a whole budget. */
  instructionsUntilDeadline(most: number): number {
    const nanos = this.nextDeadline() - this.now();
    return Math.max(LEAST_BUDGET, Math.min(most, Math.floor(nanos / HOST_NANOS_PER_INSTRUCTION)));
  }
}

export class VirtualClock extends GuestClock {
  readonly #retired: () => number;
  #skipped = 0;

  /** `retired`: instructions retired so far, exact at any time. The epoch is fixed: two runs are identical. */
  constructor(retired: () => number) {
    super(Date.UTC(2026, 0, 1));
    this.#retired = retired;
  }

  override now(): number {
    return this.#skipped + this.#retired() * VIRTUAL_NANOS_PER_INSTRUCTION;
  }

  /** Moves guest time to `to` without executing anything: the processor is halted. */
  skipTo(to: number): void {
    const now = this.now();
    if (to > now) this.#skipped += to - now;
  }

  instructionsUntilDeadline(most: number): number {
    const nanos = this.nextDeadline() - this.now();
    return Math.max(1, Math.min(most, Math.ceil(nanos / VIRTUAL_NANOS_PER_INSTRUCTION)));
  }
}
