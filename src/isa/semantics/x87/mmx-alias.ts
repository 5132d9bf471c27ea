// MMX registers: the significands of the physical x87 registers (SDM vol. 3, section 12.2).

import { NM, raise, UD } from '../../fault.ts';
import type { int } from '../../insn.ts';
import type { Cpu } from '../../state.ts';
import { CR0_EM, CR0_TS } from '../../system-bits.ts';
import { pendingError } from './stack.ts';

/** Before an MMX instruction, ahead of its memory access: #UD (CR0.EM), #NM (CR0.TS), #MF. Commits nothing. */
export function mmxCheck(c: Cpu): void {
  if ((c.cr0 & CR0_EM) !== 0) raise(UD);
  if ((c.cr0 & CR0_TS) !== 0) raise(NM);
  pendingError(c);
}

/** What every MMX instruction but EMMS commits: TOP = 0, all registers in use. Cannot fault. */
export function mmxEnter(c: Cpu): void {
  c.ftop = 0;
  c.ftag = 0xff;
}

/** EMMS: all registers empty. Cannot fault. */
export function mmxLeave(c: Cpu): void {
  c.ftop = 0;
  c.ftag = 0;
}

/** Low (half = 0) or high (half = 1) word of MMn. */
export function mmxRead(c: Cpu, n: int, half: int): int {
  return c.fpr[4 * n + half];
}

/** Writes MMn; sign and exponent become all ones. */
export function mmxWrite(c: Cpu, n: int, lo: int, hi: int): void {
  const k = 4 * n;
  c.fpr[k] = lo;
  c.fpr[k + 1] = hi;
  c.fpr[k + 2] = 0xffff;
}
