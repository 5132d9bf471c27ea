// Debug registers and breakpoints (SDM vol. 3, sections 18.2 and 18.3.1).
// The engine asks: `instructionBreakpoint` before an instruction if `hasInstructionBreakpoints`, the data and I/O
// variants for accesses, and delivers what they found as a trap after the instruction.

import { DB, GuestFault, UD } from '../fault.ts';
import { CS, DREG, type Insn, type int } from '../insn.ts';
import type { Cpu } from '../state.ts';
import { CR4_DE } from '../system-bits.ts';
import { privileged } from './privilege.ts';

export const DR6_BD = 1 << 13;
export const DR6_BS = 1 << 14;
/** Bits that read as ones; bit 12 and, in DR7, bits 11, 12, 14 and 15 read as zeros. */
const DR6_ONES = 0xffff0ff0 | 0;
const DR6_WRITABLE = 0xe00f;
const DR7_ONES = 1 << 10;
const DR7_WRITABLE = 0xffff23ff | 0;
const DR7_GD = 1 << 13;
/** L0 G0 .. L3 G3. */
const DR7_ENABLES = 0xff;

// R/W fields of DR7.
const ON_EXECUTION = 0;
const ON_WRITE = 1;
const ON_IO = 2;

/** MOV to and from a debug register. DR4 and DR5 are DR6 and DR7 unless CR4.DE is set. */
export function MOVDR(c: Cpu, i: Insn): void {
  const toDebug = i.dst.kind === DREG;
  let n = toDebug ? i.dst.n : i.src.n;
  if (n === 4 || n === 5) {
    if (c.cr4 & CR4_DE) throw new GuestFault(UD);
    n += 2;
  }
  privileged(c);
  if (c.dr7 & DR7_GD) {
    c.dr6 |= DR6_BD;
    throw new GuestFault(DB);
  }
  if (!toDebug) c.reg[i.dst.n] = n === 6 ? c.dr6 : n === 7 ? c.dr7 : c.dr[n];
  else if (n === 6) c.dr6 = (c.reg[i.src.n] & DR6_WRITABLE) | DR6_ONES;
  else if (n === 7) c.dr7 = (c.reg[i.src.n] & DR7_WRITABLE) | DR7_ONES;
  else c.dr[n] = c.reg[i.src.n];
}

/** DR6 and DR7 after a reset. */
export function resetDebugRegisters(c: Cpu): void {
  c.dr.fill(0);
  c.dr6 = DR6_ONES;
  c.dr7 = DR7_ONES;
}

/** What entering a #DB handler does to DR7: the handler may touch the debug registers. */
export function enterDebugHandler(c: Cpu): void {
  c.dr7 &= ~DR7_GD;
}

/** Whether any breakpoint is enabled: one test for engines. */
export function hasBreakpoints(c: Cpu): boolean {
  return (c.dr7 & DR7_ENABLES) !== 0;
}

/**
 * Before an instruction, with EIP at its start: #DB (a fault) if an enabled instruction breakpoint is there and RF is
 * clear. RF holds for one instruction: it is cleared here.
 */
export function instructionBreakpoint(c: Cpu): void {
  if (c.RF !== 0) {
    c.RF = 0;
    return;
  }
  const hits = matches(c, (c.base[CS] + c.eip) | 0, 1, ON_EXECUTION, ON_EXECUTION);
  if (hits === 0) return;
  c.dr6 |= hits;
  throw new GuestFault(DB);
}

/** B0..B3 of the data breakpoints that an access hits, 0 if none: bits for `deliverTrap`. */
export function dataBreakpoints(c: Cpu, linear: int, bytes: int, write: boolean): int {
  // R/W = 3 is for both; R/W = 1 for writes only.
  return matches(c, linear, bytes, 3, write ? ON_WRITE : 3);
}

/** B0..B3 of the I/O breakpoints (CR4.DE) that an access to ports hits. */
export function ioBreakpoints(c: Cpu, port: int, bytes: int): int {
  return c.cr4 & CR4_DE ? matches(c, port, bytes, ON_IO, ON_IO) : 0;
}

/** Enabled breakpoints of two kinds that overlap `bytes` at `at`. */
function matches(c: Cpu, at: int, bytes: int, kind: int, other: int): int {
  let hits = 0;
  for (let n = 0; n < 4; n++) {
    if (((c.dr7 >> (2 * n)) & 3) === 0) continue;
    const control = (c.dr7 >>> (16 + 4 * n)) & 15;
    if ((control & 3) !== kind && (control & 3) !== other) continue;
    // LEN: 1, 2, 8 (not in 32-bit processors: here 4) or 4 bytes, aligned.
    const length = control >> 2 === 0 ? 1 : control >> 2 === 1 ? 2 : 4;
    const start = c.dr[n] & -length;
    if ((at - start) >>> 0 < length || (start - at) >>> 0 < bytes) hits |= 1 << n;
  }
  return hits;
}
