// The EFLAGS register as a whole (SDM vol. 1, section 3.4.3): put together from, and spread over, the words of the state.
// Not in the dialect: only residual functions and the monitor use it.

import type { int } from '../insn.ts';
import type { Cpu } from '../state.ts';
import { auxiliary, carry, overflow, parity, sign, zero } from './flags.ts';

export const FLAG_CF = 1 << 0;
export const FLAG_PF = 1 << 2;
export const FLAG_AF = 1 << 4;
export const FLAG_ZF = 1 << 6;
export const FLAG_SF = 1 << 7;
export const FLAG_TF = 1 << 8;
export const FLAG_IF = 1 << 9;
export const FLAG_DF = 1 << 10;
export const FLAG_OF = 1 << 11;
export const FLAG_IOPL = 3 << 12;
export const FLAG_NT = 1 << 14;
export const FLAG_RF = 1 << 16;
export const FLAG_VM = 1 << 17;
export const FLAG_AC = 1 << 18;
export const FLAG_VIF = 1 << 19;
export const FLAG_VIP = 1 << 20;
export const FLAG_ID = 1 << 21;

/** The six status flags. */
export const STATUS_FLAGS = FLAG_CF | FLAG_PF | FLAG_AF | FLAG_ZF | FLAG_SF | FLAG_OF;

/** CF PF AF ZF SF OF at their places in EFLAGS. */
export function statusFlags(c: Cpu): int {
  return carry(c) | (parity(c) << 2) | (auxiliary(c) << 4) | (zero(c) << 6) | (sign(c) << 7) | (overflow(c) << 11);
}

/** EFLAGS, bit 1 set. */
export function getEflags(c: Cpu): int {
  return (
    2 |
    statusFlags(c) |
    (c.TF << 8) |
    (c.IF << 9) |
    (c.DF << 10) |
    (c.IOPL << 12) |
    (c.NT << 14) |
    (c.RF << 16) |
    (c.VM << 17) |
    (c.AC << 18) |
    (c.VIF << 19) |
    (c.VIP << 20) |
    (c.ID << 21)
  );
}

/** Sets the six status flags from their places in EFLAGS. ZF and SF may both be set: `fz` and `fr` are apart. */
export function setStatusFlags(c: Cpu, flags: int): void {
  const fr = (flags & FLAG_SF ? -0x80000000 : 0) | (flags & FLAG_PF ? 0 : 1);
  c.fz = flags & FLAG_ZF ? 0 : 1;
  c.fr = fr;
  c.oa = ~fr;
  c.ob = ((~fr ^ (flags & FLAG_OF ? -0x80000000 : 0)) & -17) | (flags & FLAG_AF ? 0 : 16);
  c.ca = 0;
  c.cb = flags & FLAG_CF;
}

/** Sets the flags that `mask` names from `flags`; the others stay. VM is set as given: changing it has more to it. */
export function setEflags(c: Cpu, flags: int, mask: int): void {
  if ((mask & STATUS_FLAGS) === STATUS_FLAGS) setStatusFlags(c, flags);
  else if (mask & STATUS_FLAGS) setStatusFlags(c, (flags & mask) | (statusFlags(c) & ~mask));
  if (mask & FLAG_TF) c.TF = (flags >> 8) & 1;
  if (mask & FLAG_IF) c.IF = (flags >> 9) & 1;
  if (mask & FLAG_DF) c.DF = (flags >> 10) & 1;
  if (mask & FLAG_IOPL) c.IOPL = (flags >> 12) & 3;
  if (mask & FLAG_NT) c.NT = (flags >> 14) & 1;
  if (mask & FLAG_RF) c.RF = (flags >> 16) & 1;
  if (mask & FLAG_VM) c.VM = (flags >> 17) & 1;
  if (mask & FLAG_AC) c.AC = (flags >> 18) & 1;
  if (mask & FLAG_VIF) c.VIF = (flags >> 19) & 1;
  if (mask & FLAG_VIP) c.VIP = (flags >> 20) & 1;
  if (mask & FLAG_ID) c.ID = (flags >> 21) & 1;
}
