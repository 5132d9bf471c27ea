// Exceptions of the guest: values of their own type, thrown by semantics and delivered through the guest's IDT.

import type { int } from './insn.ts';

// Vectors (SDM vol. 3, table 6-1).
export const DE = 0;
export const DB = 1;
export const NMI = 2;
export const BP = 3;
export const OF = 4;
export const BR = 5;
export const UD = 6;
export const NM = 7;
export const DF = 8;
export const TS = 10;
export const NP = 11;
export const SS_FAULT = 12;
export const GP = 13;
export const PF = 14;
export const MF = 16;
export const AC = 17;
export const MC = 18;
export const XM = 19;

/** No error code is pushed. */
export const NO_CODE = -1;

/** A fault: the instruction has committed nothing; EIP goes back to its start. Not an `Error`: no stack is captured. */
export class GuestFault {
  readonly vector: int;
  /** Error code, 0..0xffff, or NO_CODE. */
  readonly code: int;

  constructor(vector: int, code: int = NO_CODE) {
    this.vector = vector;
    this.code = code;
  }
}

/** Raises a fault; with an error code where the vector has one. */
export function raise(vector: int, code: int = NO_CODE): never {
  throw new GuestFault(vector, code);
}
