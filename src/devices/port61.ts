// NMI status and control, port 61h (the PC/AT's system control port B).
//
// Intel 82371SB PIIX3 data sheet (order 290550), "NMISC: NMI Status and Control Register"; IBM PC/AT Technical
// Reference (1986), port B.
//
// Deviation: the refresh bit toggles every 15.085 us of guest time; no refresh takes place.

import type { Clock } from '../lib/clock.ts';
import { bytewise, type Device, type Registers, unconnected, type Wire } from './contract.ts';

const TIMER2_GATE = 0x01;
const SPEAKER_DATA = 0x02;
const SERR_DISABLE = 0x04; // disables and clears
const IOCHK_DISABLE = 0x08;
const WRITABLE = 0x0f;
const REFRESH_TOGGLE = 0x10;
const TIMER2_OUT = 0x20;
const IOCHK_STATUS = 0x40;
const SERR_STATUS = 0x80;

/** Period of a refresh cycle: 18 CLK of 1.193182 MHz. */
const REFRESH_NANOS = 15_085;

export interface Port61State {
  control: number;
  /** IOCHK_STATUS and SERR_STATUS. */
  status: number;
}

export interface Port61Options {
  readonly clock: Clock;
  /** GATE of the timer's counter 2. */
  readonly gate2: Wire;
  /** OUT of the timer's counter 2. */
  readonly out2: () => boolean;
  /** Speaker data: high lets OUT of counter 2 through to the speaker. */
  readonly speaker?: Wire;
  /** NMI of the processor, before the mask in port 70h. */
  readonly nmi?: Wire;
}

export class Port61 implements Device<Port61State> {
  /** I/O port 61h. */
  readonly registers: Registers = bytewise(this);
  /** System error of the PCI bus: a high level requests NMI. */
  readonly systemError: Wire = { set: (level) => this.#request(level, SERR_STATUS, SERR_DISABLE) };
  /** I/O channel check of the ISA bus: a high level requests NMI. */
  readonly ioCheck: Wire = { set: (level) => this.#request(level, IOCHK_STATUS, IOCHK_DISABLE) };
  readonly #clock: Clock;
  readonly #gate2: Wire;
  readonly #out2: () => boolean;
  readonly #speaker: Wire;
  readonly #nmi: Wire;
  #control = 0;
  #status = 0;

  constructor({ clock, gate2, out2, speaker = unconnected, nmi = unconnected }: Port61Options) {
    this.#clock = clock;
    this.#gate2 = gate2;
    this.#out2 = out2;
    this.#speaker = speaker;
    this.#nmi = nmi;
  }

  read8(offset: number): number {
    if (offset !== 0) return 0xff;
    const refresh = Math.floor(this.#clock.now() / REFRESH_NANOS) % 2 ? REFRESH_TOGGLE : 0;
    return this.#control | this.#status | refresh | (this.#out2() ? TIMER2_OUT : 0);
  }

  write8(offset: number, value: number): void {
    if (offset !== 0) return;
    this.#control = value & WRITABLE;
    if (value & SERR_DISABLE) this.#status &= ~SERR_STATUS;
    if (value & IOCHK_DISABLE) this.#status &= ~IOCHK_STATUS;
    this.#drive();
  }

  reset(): void {
    this.#control = 0;
    this.#status = 0;
    this.#drive();
  }

  save(): Port61State {
    return { control: this.#control, status: this.#status };
  }

  load(state: Port61State): void {
    this.#control = state.control;
    this.#status = state.status;
  }

  #request(level: boolean, status: number, disable: number): void {
    if (!level || this.#control & disable) return;
    this.#status |= status;
    this.#drive();
  }

  #drive(): void {
    this.#gate2.set((this.#control & TIMER2_GATE) !== 0);
    this.#speaker.set((this.#control & SPEAKER_DATA) !== 0);
    this.#nmi.set(this.#status !== 0);
  }
}
