// Debug console, port E9h: every byte written appears at the host; reading gives E9h, so that a guest can find it.
//
// There is no such chip. Bochs defines the port ("Port E9 hack" in its user manual, chapter bochsrc) and QEMU has it as
// isa-debugcon.

import { bytewise, type Device, type Registers } from './contract.ts';

const SIGNATURE = 0xe9;

export interface DebugConsoleOptions {
  readonly sink: { write(byte: number): void };
}

export class DebugConsole implements Device<null> {
  /** I/O port E9h. */
  readonly registers: Registers = bytewise(this);
  readonly #sink: { write(byte: number): void };

  constructor({ sink }: DebugConsoleOptions) {
    this.#sink = sink;
  }

  read8(offset: number): number {
    return offset === 0 ? SIGNATURE : 0xff;
  }

  /** A wide write (OUTSW, OUT DX,EAX) gives its bytes in order, as all of them reach the port of a byte-wide bus. */
  write8(_offset: number, value: number): void {
    this.#sink.write(value);
  }

  reset(): void {}

  save(): null {
    return null;
  }

  load(): void {}
}
