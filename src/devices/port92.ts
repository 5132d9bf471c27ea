// System control port A, port 92h: fast A20 gate and fast reset.
//
// IBM Personal System/2 Hardware Interface Technical Reference (1988), "System Control Port A"; Intel 82371SB PIIX3
// data sheet (order 290550), "PORT 92 Register".
//
// Deviation: the fixed disk light and the security lock (bits 7, 6 and 3) read as zero.

import { bytewise, type Device, type Registers, type Wire } from './contract.ts';

const FAST_INIT = 0x01;
const FAST_A20 = 0x02;

export interface Port92State {
  value: number;
}

export interface Port92Options {
  /** Gate of address line 20: ored with the keyboard controller's by the machine. Low at power-on. */
  readonly a20: Wire;
  /** Pulsed to reset the processor when bit 0 goes from 0 to 1. */
  readonly reset: Wire;
}

export class Port92 implements Device<Port92State> {
  /** I/O port 92h. */
  readonly registers: Registers = bytewise(this);
  readonly #a20: Wire;
  readonly #reset: Wire;
  #value = 0;

  constructor({ a20, reset }: Port92Options) {
    this.#a20 = a20;
    this.#reset = reset;
  }

  read8(offset: number): number {
    return offset === 0 ? this.#value : 0xff;
  }

  write8(offset: number, value: number): void {
    if (offset !== 0) return;
    const rises = value & ~this.#value & FAST_INIT;
    this.#value = value & (FAST_INIT | FAST_A20);
    this.#a20.set((value & FAST_A20) !== 0);
    if (rises) {
      this.#reset.set(true);
      this.#reset.set(false);
    }
  }

  reset(): void {
    this.#value = 0;
    this.#a20.set(false);
  }

  save(): Port92State {
    return { value: this.#value };
  }

  load(state: Port92State): void {
    this.#value = state.value;
  }
}
