// The current privilege level and what depends on it alone (SDM vol. 3, section 5.5).

import { GP, GuestFault } from '../fault.ts';
import type { int } from '../insn.ts';
import type { Cpu } from '../state.ts';
import { CR0_PE } from '../system-bits.ts';

/** Sets CPL, 0..3. The engine takes it up, with the other mode bits, after the instruction. */
export function setCpl(c: Cpu, level: int): void {
  c.cpl = level;
}

/** #GP(0) unless CPL is 0, as in real-address mode it always is. */
export function privileged(c: Cpu): void {
  if (c.cpl !== 0) throw new GuestFault(GP, 0);
}

/** Whether CLI, STI, IN and OUT are allowed by IOPL alone. Virtual-8086 mode has rules of its own. */
export function withinIopl(c: Cpu): boolean {
  return (c.cr0 & CR0_PE) === 0 || c.cpl <= c.IOPL;
}
