// The processor after a reset (SDM vol. 3, table 10-1).

import { CS, EDX, GS, LDTR, TR } from '../insn.ts';
import type { Cpu } from '../state.ts';
import { ACCESS_PRESENT, CR0_CD, CR0_ET, CR0_NW } from '../system-bits.ts';
import { SIGNATURE } from './cpuid.ts';
import { resetDebugRegisters } from './debug-registers.ts';
import { setEflags } from './eflags.ts';
import { resetMsrs } from './msr.ts';
import { setCpl } from './privilege.ts';
import { setSegment } from './segments.ts';

/** Accessed, writable data; what CS has too. */
const DATA = 0x93;

/** The x87 and SSE state after a reset: FNINIT's, save that no exception is masked away by software yet. */
export function resetFloatingPoint(c: Cpu): void {
  c.fpr.fill(0);
  c.xmm.fill(0);
  c.fcw = 0x40;
  c.fsw = 0;
  c.ftop = 0;
  c.ftag = 0xff;
  c.mxcsr = 0x1f80;
}

/**
 * Resets all but the x87 and SSE state and the engine's words: real-address mode at F000:FFF0, whose code segment lies at
 * FFFF0000H. Memory is told last.
 */
export function resetCpu(c: Cpu): void {
  c.reg.fill(0);
  c.reg[EDX] = SIGNATURE;
  c.eip = 0xfff0;
  setEflags(c, 0, -1);
  setCpl(c, 0);
  c.cr0 = CR0_CD | CR0_NW | CR0_ET;
  c.cr2 = 0;
  c.cr3 = 0;
  c.cr4 = 0;
  c.gdtBase = 0;
  c.gdtLimit = 0xffff;
  c.idtBase = 0;
  c.idtLimit = 0xffff;
  c.shadow = 0;
  c.halted = 0;
  resetMsrs(c);
  resetDebugRegisters(c);
  for (let seg = 0; seg <= GS; seg++) setSegment(c, seg, 0, 0, 0xffff, DATA);
  setSegment(c, CS, 0xf000, 0xffff0000 | 0, 0xffff, DATA);
  setSegment(c, LDTR, 0, 0, 0xffff, ACCESS_PRESENT | 0x02);
  setSegment(c, TR, 0, 0, 0xffff, ACCESS_PRESENT | 0x0b);
  c.memory.contextChanged(c, true);
}
