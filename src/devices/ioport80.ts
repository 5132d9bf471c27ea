// Port 80h: where firmware shows its power-on self-test codes, and which drivers write to spend an I/O cycle.
//
// IBM PC/AT Technical Reference (1986), "Manufacturing checkpoint port". In hardware it is a page register of the DMA
// controllers that no channel uses: it reads back what was written.

import { bytewise, type Device, type Registers } from './contract.ts';

export interface Port80State {
  code: number;
}

export interface Port80Options {
  /** Called with each code, 0 to 255. */
  readonly onCode?: (code: number) => void;
}

export class Port80 implements Device<Port80State> {
  /** I/O port 80h. */
  readonly registers: Registers = bytewise(this);
  readonly #onCode: ((code: number) => void) | undefined;
  #code = 0;

  constructor({ onCode }: Port80Options = {}) {
    this.#onCode = onCode;
  }

  /** The code written last. */
  get code(): number {
    return this.#code;
  }

  read8(offset: number): number {
    return offset === 0 ? this.#code : 0xff;
  }

  write8(offset: number, value: number): void {
    if (offset !== 0) return;
    this.#code = value;
    this.#onCode?.(value);
  }

  reset(): void {
    this.#code = 0;
  }

  save(): Port80State {
    return { code: this.#code };
  }

  load(state: Port80State): void {
    this.#code = state.code;
  }
}
