// Debug exit, port F4h: a guest ends the run with a status of its choice.
//
// There is no such chip: it is QEMU's isa-debug-exit (hw/misc/debugexit.c), which test kernels know. A write of v asks
// the machine to exit with status (v << 1) | 1, which is never 0: 0 stays with the guest that powers off.

import type { Device, Registers } from './contract.ts';

export interface DebugExitOptions {
  /** Asks the machine to end. The status is an int32; of it the host's process keeps the low eight bits. */
  readonly onExit: (status: number) => void;
}

export class DebugExit implements Device<null>, Registers {
  /** I/O ports F4h to F7h. */
  readonly registers: Registers = this;
  readonly #onExit: (status: number) => void;

  constructor({ onExit }: DebugExitOptions) {
    this.#onExit = onExit;
  }

  read(_offset: number, _size: 8 | 16 | 32): number {
    return 0;
  }

  write(_offset: number, _size: 8 | 16 | 32, value: number): void {
    this.#onExit((value << 1) | 1);
  }

  reset(): void {}

  save(): null {
    return null;
  }

  load(): void {}
}
