// RDTSC (SDM vol. 2). Dialect; what engines have no quick way for is residual, in msr.ts.

import { EAX, EDX, type Insn } from '../insn.ts';
import { quickCycles } from '../prims.ts';
import type { Cpu } from '../state.ts';
import { readCycles } from './msr.ts';

/** RDTSC - EDX:EAX <- the time-stamp counter, in cycles. With CR4.TSD, privileged. */
export function RDTSC(c: Cpu, _i: Insn): void {
  if (quickCycles(c)) readCycles(c);
  else {
    c.reg[EAX] = c.quickValue;
    c.reg[EDX] = c.quickOther;
  }
}
