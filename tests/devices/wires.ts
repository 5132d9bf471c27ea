// What the device tests stand on: a wire that remembers, and byte access to registers.

import type { Registers, Wire } from '../../src/devices/contract.ts';

/** A wire whose level and changes a test can look at. */
export class Probe implements Wire {
  level = false;
  /** Low-to-high transitions so far. */
  rises = 0;
  /** High-to-low transitions so far. */
  falls = 0;

  set(level: boolean): void {
    if (level === this.level) return;
    this.level = level;
    if (level) this.rises++;
    else this.falls++;
  }
}

/** IN AL, port. */
export function inb(registers: Registers, offset: number): number {
  return registers.read(offset, 8);
}

/** OUT port, AL. */
export function outb(registers: Registers, offset: number, value: number): void {
  registers.write(offset, 8, value);
}
