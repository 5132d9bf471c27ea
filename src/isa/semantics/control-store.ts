// MOV to and from a control register (SDM vol. 2). Dialect; loads are residual, in control.ts.

import { GP, UD } from '../fault.ts';
import { CREG, type Insn } from '../insn.ts';
import { eq, gt, ne, raiseIf } from '../prims.ts';
import type { Cpu } from '../state.ts';
import { loadControlRegister } from './control.ts';

/** MOV to and from CR0, CR2, CR3, CR4; #UD for the others, #GP(0) unless CPL is 0. */
export function MOVCR(c: Cpu, i: Insn): void {
  const n = i.dst.kind === CREG ? i.dst.n : i.src.n;
  raiseIf(c, eq(n, 1) | gt(n, 4), UD);
  raiseIf(c, ne(c.cpl, 0), GP, 0);
  if (i.dst.kind === CREG) loadControlRegister(c, n, c.reg[i.src.n]);
  else c.reg[i.dst.n] = eq(n, 2) ? c.cr2 : eq(n, 0) ? c.cr0 : eq(n, 3) ? c.cr3 : c.cr4;
}
