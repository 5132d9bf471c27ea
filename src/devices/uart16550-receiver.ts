// The receiver of the PC16550D: its FIFO with the error bits of each character, overruns, and the character timeout.
//
// PC16550D data sheet (TL/C/8652, June 1995), sections "Line Status Register", "FIFO Control Register" and "FIFO
// Interrupt Mode Operation".

import type { Clock, Timer } from '../lib/clock.ts';

// What the receiver contributes to the line status register.
export const LSR_DR = 0x01;
export const LSR_OE = 0x02;
export const LSR_BI = 0x10;
export const LSR_FIFO_ERROR = 0x80;

export const FIFO_BYTES = 16;
const TIMEOUT_CHARACTERS = 4;
const NO_TIMEOUT = -1;

export interface UartReceiverOptions {
  readonly clock: Clock;
  /** How long a character takes on the line now, in nanoseconds. */
  readonly characterNanos: () => number;
  /** `timedOut` has become true. */
  readonly onTimeout: () => void;
}

export interface UartReceiverState {
  /** Bytes with their error bits (LSR positions) above bit 8, oldest first. */
  receiver: number[];
  /** OE of LSR. */
  overrun: boolean;
  timeoutPending: boolean;
  /** Guest time in nanoseconds at which a character timeout is due, or -1. */
  timeoutAt: number;
}

export class UartReceiver {
  readonly #options: UartReceiverOptions;
  /** A ring. */
  readonly #ring = new Uint16Array(FIFO_BYTES);
  #head = 0;
  #count = 0;
  #fifo = false;
  #overrun = false;
  #timeoutPending = false;
  #timeoutAt = NO_TIMEOUT;
  #timer: Timer | undefined;

  constructor(options: UartReceiverOptions) {
    this.#options = options;
  }

  /** Forgets all characters, and what they led to. */
  clear(): void {
    this.#head = 0;
    this.#count = 0;
    this.#overrun = false;
    this.#timeoutPending = false;
    this.#timeoutAt = NO_TIMEOUT;
  }

  save(): UartReceiverState {
    return {
      receiver: Array.from({ length: this.#count }, (_, k) => this.#at(k)),
      overrun: this.#overrun,
      timeoutPending: this.#timeoutPending,
      timeoutAt: this.#timer ? this.#timeoutAt : NO_TIMEOUT,
    };
  }

  /** Whether there are FIFOs is saved with FCR. The clock must have been loaded. */
  load({ receiver, overrun, timeoutPending, timeoutAt }: UartReceiverState, fifo: boolean): void {
    this.#ring.set(receiver);
    this.#head = 0;
    this.#count = receiver.length;
    this.#fifo = fifo;
    this.#overrun = overrun;
    this.#timeoutPending = timeoutPending;
    this.#timeoutAt = timeoutAt;
    this.#timer?.cancel();
    this.#timer = timeoutAt < 0 ? undefined : this.#options.clock.schedule(timeoutAt, this.#expire);
  }

  /** With a FIFO it holds 16 characters, without 1. The caller clears it after a change. */
  setFifo(enabled: boolean): void {
    this.#fifo = enabled;
  }

  /** Characters that it holds, 0 to 16. */
  get count(): number {
    return this.#count;
  }

  /** Whether another character has room. */
  get room(): boolean {
    return this.#count < (this.#fifo ? FIFO_BYTES : 1);
  }

  /** Characters wait, and none came or went for the time of four. */
  get timedOut(): boolean {
    return this.#timeoutPending;
  }

  /** A character from the line, 0 to 255, with its error bits (LSR positions) above bit 8. */
  push(character: number): void {
    if (!this.room) {
      this.#overrun = true;
      // Without FIFOs the new character takes the place of the old one; with them it is lost.
      if (!this.#fifo) this.#ring[this.#head] = character;
      return;
    }
    this.#ring[(this.#head + this.#count) & (FIFO_BYTES - 1)] = character;
    this.#count++;
    this.restartTimeout();
  }

  /** Takes the oldest byte, 0 to 255. There has to be one. */
  shift(): number {
    const byte = this.#ring[this.#head]! & 0xff;
    this.#head = (this.#head + 1) & (FIFO_BYTES - 1);
    this.#count--;
    this.#timeoutPending = false;
    return byte;
  }

  /** Its bits of the line status register: DR, OE, the errors of the oldest character, and an error in the FIFO. */
  get status(): number {
    let status = this.#overrun ? LSR_OE : 0;
    if (this.#count > 0) {
      status |= LSR_DR | (this.#ring[this.#head]! >> 8);
      if (this.#fifo && this.#hasError()) status |= LSR_FIFO_ERROR;
    }
    return status;
  }

  /** The line status register was read: overrun and the errors of the oldest character are told. */
  clearErrors(): void {
    this.#overrun = false;
    if (this.#count > 0) this.#ring[this.#head]! &= 0xff;
  }

  /** Character timeout: no character came or went for the time of four. One timer serves all postponements. */
  restartTimeout(): void {
    if (!this.#fifo) return;
    const { clock, characterNanos } = this.#options;
    this.#timeoutAt = clock.now() + TIMEOUT_CHARACTERS * characterNanos();
    this.#timer ??= clock.schedule(this.#timeoutAt, this.#expire);
  }

  readonly #expire = (): void => {
    const { clock, onTimeout } = this.#options;
    this.#timer = undefined;
    if (this.#timeoutAt < 0 || this.#count === 0) return;
    if (clock.now() < this.#timeoutAt) {
      this.#timer = clock.schedule(this.#timeoutAt, this.#expire);
      return;
    }
    this.#timeoutPending = true;
    onTimeout();
  };

  /** The character at place `index` of the FIFO. */
  #at(index: number): number {
    return this.#ring[(this.#head + index) & (FIFO_BYTES - 1)]!;
  }

  #hasError(): boolean {
    for (let k = 0; k < this.#count; k++) {
      if (this.#at(k) > 0xff) return true;
    }
    return false;
  }
}
