// Ticks of an oscillator from guest time, and back, exactly.

const NANOS_PER_SECOND = 1e9;

/**
 * A clock of `hertz` (an integer, 1 to 9,000,000) that starts with guest time. Whole seconds and the rest are converted
 * apart, so that every product stays below 2^53 and every quotient further from an integer than its rounding error.
 */
export class TickRate {
  readonly hertz: number;

  constructor(hertz: number) {
    if (!Number.isInteger(hertz) || hertz < 1 || hertz > 9_000_000) throw new RangeError(`tick rate of ${hertz} Hz`);
    this.hertz = hertz;
  }

  /** Ticks up to guest time `nanos`. */
  ticks(nanos: number): number {
    const seconds = Math.floor(nanos / NANOS_PER_SECOND);
    const rest = Math.floor(nanos - seconds * NANOS_PER_SECOND);
    return seconds * this.hertz + Math.floor((rest * this.hertz) / NANOS_PER_SECOND);
  }

  /** The first nanosecond at which `ticks` have passed: the least n with `ticks(n) >= ticks`. */
  nanos(ticks: number): number {
    const seconds = Math.floor(ticks / this.hertz);
    const rest = ticks - seconds * this.hertz;
    return seconds * NANOS_PER_SECOND + Math.ceil((rest * NANOS_PER_SECOND) / this.hertz);
  }
}
