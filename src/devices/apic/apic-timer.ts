// The timer of the local APIC: one-shot, periodic and TSC-deadline mode.
//
// Intel SDM volume 3A, chapter "Advanced Programmable Interrupt Controller (APIC)", section "APIC Timer".
//
// Deviations: a periodic timer does not fire more often than every 20 microseconds.

import type { Clock, Timer } from '../../lib/clock.ts';

// Timer modes, bits 17 and 18 of the timer's LVT entry; 0 is one-shot.
const ONE_SHOT = 0;
const PERIODIC = 1;
const TSC_DEADLINE = 2;
const MIN_PERIOD = 20_000;

export interface ApicTimerOptions {
  readonly clock: Clock;
  /** The clock that the timer divides, in hertz. */
  readonly frequencyHz: number;
  /** The count reached 0, or the deadline passed. */
  readonly expired: () => void;
}

export interface ApicTimerState {
  divide: number;
  initialCount: number;
  /** Guest nanoseconds at which the current count was `initialCount`. */
  started: number;
  running: boolean;
  /** Guest nanoseconds, or 0: no TSC deadline. */
  deadline: number;
}

export class ApicTimer {
  readonly #clock: Clock;
  readonly #frequencyHz: number;
  readonly #expired: () => void;
  #mode = ONE_SHOT;
  #divide = 0;
  #initialCount = 0;
  #started = 0;
  #running = false;
  #deadline = 0;
  #timer: Timer | undefined;

  constructor({ clock, frequencyHz, expired }: ApicTimerOptions) {
    this.#clock = clock;
    this.#frequencyHz = frequencyHz;
    this.#expired = expired;
  }

  reset(): void {
    this.#cancel();
    this.#mode = ONE_SHOT;
    this.#divide = 0;
    this.#initialCount = 0;
    this.#started = 0;
    this.#running = false;
    this.#deadline = 0;
  }

  save(): ApicTimerState {
    return {
      divide: this.#divide,
      initialCount: this.#initialCount,
      started: this.#started,
      running: this.#running,
      deadline: this.#deadline,
    };
  }

  /** The mode, 0 to 3, is saved with the LVT. The clock must have been loaded. */
  load({ divide, initialCount, started, running, deadline }: ApicTimerState, mode: number): void {
    this.#mode = mode;
    this.#divide = divide;
    this.#initialCount = initialCount;
    this.#started = started;
    this.#running = running;
    this.#deadline = deadline;
    this.#arm();
  }

  /** The mode in the timer's LVT entry, 0 to 3. Into and out of TSC-deadline mode, it disarms. */
  setMode(mode: number): void {
    const disarms = (this.#mode ^ mode) & TSC_DEADLINE;
    this.#mode = mode;
    if (!disarms) return;
    this.#running = false;
    this.#deadline = 0;
    this.#cancel();
  }

  /** Guest nanoseconds at which to expire; 0 disarms. Ignored in the other timer modes. */
  setDeadline(nanos: number): void {
    if (this.#mode !== TSC_DEADLINE) return;
    this.#deadline = nanos;
    this.#arm();
  }

  /** Guest nanoseconds, or 0 when it is disarmed. */
  get deadline(): number {
    return this.#deadline;
  }

  /** The initial count register, 0 to 2^32 - 1. */
  get initialCount(): number {
    return this.#initialCount;
  }

  /** Starts the count; 0 stops it. Ignored in TSC-deadline mode. */
  setInitialCount(count: number): void {
    if (this.#mode === TSC_DEADLINE) return;
    this.#initialCount = count;
    this.#started = this.#clock.now();
    this.#running = count !== 0;
    this.#arm();
  }

  /** The divide configuration register: bits 0, 1 and 3. */
  get divide(): number {
    return this.#divide;
  }

  /** The count goes on from where it is, at the new rate. */
  setDivide(divide: number): void {
    const counted = this.#initialCount - this.currentCount();
    this.#divide = divide;
    this.#started = this.#clock.now() - counted * this.#tick();
    if (this.#running) this.#arm();
  }

  /** The current count register, 0 to 2^32 - 1. */
  currentCount(): number {
    if (!this.#running || this.#mode === TSC_DEADLINE) return 0;
    const counted = Math.floor((this.#clock.now() - this.#started) / this.#tick());
    if (this.#mode === PERIODIC) return this.#initialCount - (counted % this.#initialCount);
    return Math.max(0, this.#initialCount - counted);
  }

  /** Nanoseconds per count. */
  #tick(): number {
    const code = (this.#divide & 3) | ((this.#divide >> 1) & 4);
    return (1e9 * (code === 7 ? 1 : 2 << code)) / this.#frequencyHz;
  }

  /** Nanoseconds from one expiry to the next. */
  #period(): number {
    const period = this.#initialCount * this.#tick();
    return this.#mode === PERIODIC ? Math.max(period, MIN_PERIOD) : period;
  }

  #cancel(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #arm(): void {
    this.#cancel();
    const byDeadline = this.#mode === TSC_DEADLINE;
    if (byDeadline ? this.#deadline === 0 : !this.#running) return;
    const at = byDeadline ? this.#deadline : this.#started + this.#period();
    this.#timer = this.#clock.schedule(at, () => this.#expire());
  }

  #expire(): void {
    this.#timer = undefined;
    if (this.#mode === PERIODIC) {
      // Expiries that passed while nobody looked are one: IRR could not hold more.
      const period = this.#period();
      this.#started += Math.max(1, Math.floor((this.#clock.now() - this.#started) / period)) * period;
      this.#arm();
    } else {
      this.#running = false;
      this.#deadline = 0;
    }
    this.#expired();
  }
}
