// Where the beam is: from guest time and the CRT controller's totals. Software waits for retrace by input status 1.
//
// IBM Personal System/2 Hardware Interface Technical Reference (1988), "Video Subsystem": CRT controller, input status.

import {
  CLOCKING_EIGHT_DOTS,
  CLOCKING_HALF_DOT_CLOCK,
  CLOCKING_MODE,
  HORIZONTAL_DISPLAY_END,
  HORIZONTAL_TOTAL,
  OVERFLOW,
  VERTICAL_DISPLAY_END,
  VERTICAL_RETRACE_END,
  VERTICAL_RETRACE_START,
  VERTICAL_TOTAL,
  type VgaRegisterState,
} from './names.ts';

const DOT_CLOCKS_HZ = [25_175_000, 28_322_000] as const;
/** A frame of the registers that no monitor would show is timed like one of 640x480. */
const FEWEST_LINES = 100;
const PLAIN_LINE_NANOS = 31_778;
const PLAIN_LINES = 525;
/** Two lines of vertical retrace, as the BIOS's modes have them. */
const PLAIN_RETRACE_LINES = 2;

export class ScanTiming {
  /** Of a scan line, and of its displayed part, in nanoseconds. */
  #lineNanos = PLAIN_LINE_NANOS;
  #displayNanos = PLAIN_LINE_NANOS * 0.8;
  #lines = PLAIN_LINES;
  #displayLines = 480;
  #retraceStart = 490;
  #retraceEnd = 492;

  /** The registers changed. */
  update({ misc, sequencer, crtc }: VgaRegisterState): void {
    const at = (index: number) => crtc[index] as number;
    const overflow = at(OVERFLOW);
    const tenBits = (low: number, bit8: number, bit9: number) =>
      at(low) | (((overflow >> bit8) & 1) << 8) | (((overflow >> bit9) & 1) << 9);
    const clocking = sequencer[CLOCKING_MODE] as number;
    const dots = clocking & CLOCKING_EIGHT_DOTS ? 8 : 9;
    const dotNanos = (clocking & CLOCKING_HALF_DOT_CLOCK ? 2e9 : 1e9) / (DOT_CLOCKS_HZ[(misc >> 2) & 1] as number);
    this.#lines = tenBits(VERTICAL_TOTAL, 0, 5) + 2;
    if (this.#lines < FEWEST_LINES || at(HORIZONTAL_TOTAL) < at(HORIZONTAL_DISPLAY_END)) {
      this.#lineNanos = PLAIN_LINE_NANOS;
      this.#displayNanos = PLAIN_LINE_NANOS * 0.8;
      this.#lines = PLAIN_LINES;
      this.#displayLines = 480;
      this.#retraceStart = 490;
      this.#retraceEnd = this.#retraceStart + PLAIN_RETRACE_LINES;
      return;
    }
    this.#lineNanos = (at(HORIZONTAL_TOTAL) + 5) * dots * dotNanos;
    this.#displayNanos = (at(HORIZONTAL_DISPLAY_END) + 1) * dots * dotNanos;
    this.#displayLines = tenBits(VERTICAL_DISPLAY_END, 1, 6) + 1;
    this.#retraceStart = Math.min(tenBits(VERTICAL_RETRACE_START, 2, 7), this.#lines - 1);
    // The end is where the low four bits of the line count are those of the register.
    this.#retraceEnd = this.#retraceStart + (((at(VERTICAL_RETRACE_END) - this.#retraceStart - 1) & 15) + 1);
  }

  /** Nanoseconds of a frame. */
  get frameNanos(): number {
    return this.#lines * this.#lineNanos;
  }

  /** Whether pixels are shown at guest time `now`, in nanoseconds. */
  displaying(now: number): boolean {
    const inFrame = now % this.frameNanos;
    return inFrame < this.#displayLines * this.#lineNanos && inFrame % this.#lineNanos < this.#displayNanos;
  }

  /** Whether the beam returns to the top at guest time `now`. */
  retracing(now: number): boolean {
    const line = Math.floor((now % this.frameNanos) / this.#lineNanos);
    return line >= this.#retraceStart && line < this.#retraceEnd;
  }
}
