// One counter of an 8254: its six modes, as functions of the CLK count.
//
// Intel 8254 data sheet (order 231164), "Mode Definitions" and "Operation Common to All Modes".
//
// Nothing ticks here. A run is a count that was loaded into the counting element, and the number of CLK pulses counted
// since; the count, OUT and the next edge of OUT follow from these by arithmetic. `sync` performs the one thing that
// may be due: a load of the count register (CR) into the counting element (CE).
//
// Deviations: a count of 1 in modes 2 and 3, which the data sheet forbids, leaves OUT at one level. Before the first
// count after a control word the counting element stands still.

/** No load is due. */
const NEVER = -1;

export interface CounterState {
  mode: 0 | 1 | 2 | 3 | 4 | 5;
  bcd: boolean;
  /** Count register: 16 bits as written. */
  cr: number;
  /** A count has been written since the control word. */
  written: boolean;
  /** The count register holds a count that has not been loaded. */
  nullCount: boolean;
  gate: boolean;
  /** Initial count of the run, 1 to 65536 (BCD: to 10000); 0 while there is none. */
  n: number;
  /** CLK pulses counted in this run at tick `since`. */
  elapsed: number;
  since: number;
  /** Whether CLK pulses are counted. */
  counting: boolean;
  /** Count shown, and OUT, while there is no run. */
  held: number;
  idleOut: boolean;
  /** Tick at which CR goes to CE, or -1. */
  loadAt: number;
  /** The load begins the low half of a square wave (mode 3). */
  loadLow: boolean;
}

export function powerOnCounter(): CounterState {
  return {
    mode: 3,
    bcd: false,
    cr: 0,
    written: false,
    nullCount: true,
    gate: true,
    n: 0,
    elapsed: 0,
    since: 0,
    counting: false,
    held: 0,
    idleOut: true,
    loadAt: NEVER,
    loadLow: false,
  };
}

/** All times are CLK ticks since power-on, never going back from call to call. */
export class Counter {
  state = powerOnCounter();

  /** A control word selects the mode (bits M2..M0 with 6 and 7 for 2 and 3) and stops the counter. */
  program(tick: number, modeBits: number, bcd: boolean): void {
    this.sync(tick);
    const s = this.state;
    s.held = this.#count(tick);
    s.mode = (modeBits > 5 ? modeBits - 4 : modeBits) as CounterState['mode'];
    s.bcd = bcd;
    s.cr = 0;
    s.written = false;
    s.nullCount = true;
    s.n = 0;
    s.counting = false;
    s.idleOut = s.mode !== 0;
    s.loadAt = NEVER;
    s.loadLow = false;
  }

  /** The first byte of a two-byte count: in mode 0 it stops the counter and sets OUT low. */
  beginCount(tick: number): void {
    this.sync(tick);
    if (this.state.mode === 0) this.#stop(tick);
  }

  /** A complete count goes to the count register. */
  writeCount(tick: number, cr: number): void {
    this.sync(tick);
    const s = this.state;
    s.cr = cr;
    s.nullCount = true;
    s.written = true;
    switch (s.mode) {
      case 0:
        this.#stop(tick);
        s.loadAt = tick + 1;
        break;
      case 4:
        s.loadAt = tick + 1;
        break;
      case 2:
      case 3:
        // Loaded at once the first time; then at the end of the period (mode 3: of the half).
        if (s.n === 0) s.loadAt = tick + 1;
        else if (s.loadAt === NEVER && s.counting) this.#loadAtBoundary(tick);
        break;
      default: // modes 1 and 5 wait for a trigger
        break;
    }
  }

  setGate(tick: number, gate: boolean): void {
    const s = this.state;
    if (s.gate === gate) return;
    this.sync(tick);
    s.gate = gate;
    switch (s.mode) {
      case 0:
      case 4:
        this.#setCounting(tick, gate);
        break;
      case 1:
      case 5:
        if (gate && s.written) s.loadAt = tick + 1;
        break;
      default:
        // GATE low holds the count with OUT high until the load that its rise triggers.
        if (gate) {
          if (s.written) s.loadAt = tick + 1;
        } else if (s.n !== 0) {
          this.#setCounting(tick, false);
          s.loadAt = NEVER;
          s.loadLow = false;
        }
    }
  }

  /** Performs a load that is due. */
  sync(tick: number): void {
    const s = this.state;
    if (s.loadAt === NEVER || tick < s.loadAt) return;
    s.n = this.#initialCount();
    s.since = s.loadAt;
    s.elapsed = s.loadLow ? (s.n + 1) >> 1 : 0;
    s.counting = s.gate || s.mode === 1 || s.mode === 5;
    s.nullCount = false;
    s.loadAt = NEVER;
    s.loadLow = false;
  }

  /** The counting element as it reads: 16 bits, binary or four BCD digits. */
  count(tick: number): number {
    this.sync(tick);
    return this.#count(tick);
  }

  out(tick: number): boolean {
    this.sync(tick);
    const s = this.state;
    if (s.n === 0) return s.idleOut;
    const elapsed = this.#elapsed(tick);
    switch (s.mode) {
      case 0:
      case 1:
        return elapsed >= s.n;
      case 2:
        return !s.counting || elapsed % s.n !== s.n - 1;
      case 3:
        return !s.counting || elapsed % s.n < (s.n + 1) >> 1;
      default:
        return elapsed !== s.n;
    }
  }

  /**
   * Tick of the next event at OUT after `tick`, or Infinity: an edge in modes 0, 1 and 3; in modes 2, 4 and 5, whose
   * low pulse lasts one CLK, the end of that pulse. With `sync` done.
   */
  nextEdge(tick: number): number {
    const s = this.state;
    const load = s.loadAt === NEVER ? Number.POSITIVE_INFINITY : s.loadAt;
    if (s.n === 0 || !s.counting) return load;
    if (s.n === 1 && (s.mode === 2 || s.mode === 3)) return load;
    const elapsed = this.#elapsed(tick);
    let next: number;
    switch (s.mode) {
      case 0:
      case 1:
        next = s.n;
        break;
      case 2:
        next = elapsed - (elapsed % s.n) + s.n;
        break;
      case 3: {
        const phase = elapsed % s.n;
        const high = (s.n + 1) >> 1;
        next = elapsed - phase + (phase < high ? high : s.n);
        break;
      }
      default:
        next = s.n + 1;
    }
    return elapsed < next ? Math.min(load, s.since + next - s.elapsed) : load;
  }

  #stop(tick: number): void {
    const s = this.state;
    s.held = this.#count(tick);
    s.n = 0;
    s.counting = false;
    s.idleOut = false;
    s.loadAt = NEVER;
  }

  #setCounting(tick: number, counting: boolean): void {
    const s = this.state;
    if (s.n === 0) return;
    s.elapsed = this.#elapsed(tick);
    s.since = tick;
    s.counting = counting;
  }

  #loadAtBoundary(tick: number): void {
    const s = this.state;
    const elapsed = this.#elapsed(tick);
    const phase = elapsed % s.n;
    const high = (s.n + 1) >> 1;
    s.loadLow = s.mode === 3 && phase < high;
    s.loadAt = tick + (s.loadLow ? high : s.n) - phase;
  }

  #elapsed(tick: number): number {
    const s = this.state;
    return s.counting ? s.elapsed + tick - s.since : s.elapsed;
  }

  /** The count in CR as a number: 0 stands for the largest, 2^16 or 10^4. */
  #initialCount(): number {
    const { cr, bcd } = this.state;
    if (!bcd) return cr || 0x10000;
    return (cr >> 12) * 1000 + ((cr >> 8) & 15) * 100 + ((cr >> 4) & 15) * 10 + (cr & 15) || 10000;
  }

  #count(tick: number): number {
    const s = this.state;
    if (s.n === 0) return s.held;
    const elapsed = this.#elapsed(tick);
    const modulus = s.bcd ? 10000 : 0x10000;
    let value: number;
    if (s.mode === 2) {
      value = s.n - (elapsed % s.n);
    } else if (s.mode === 3) {
      // By twos from the even count, once for each half; an odd count has one CLK more at zero in its high half.
      const phase = elapsed % s.n;
      const high = (s.n + 1) >> 1;
      value = (s.n & ~1) - 2 * (phase < high ? phase : phase - high);
    } else {
      value = (((s.n - elapsed) % modulus) + modulus) % modulus;
    }
    value %= modulus;
    if (!s.bcd) return value;
    const digit = (weight: number) => Math.floor(value / weight) % 10;
    return (digit(1000) << 12) | (digit(100) << 8) | (digit(10) << 4) | digit(1);
  }
}
