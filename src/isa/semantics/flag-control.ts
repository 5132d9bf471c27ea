// CLI, STI, PUSHF and POPF: the interrupt flag and EFLAGS under IOPL, virtual-8086 mode, VME and PVI (SDM vol. 2;
// vol. 3, sections 21.2 to 21.4). Dialect, but for the virtual interrupt flag.
//
// Engines do what is common: IF changes, IOPL allows it, no interrupt waits, no trap or alignment check is switched.

import { GP, GuestFault } from '../fault.ts';
import type { Insn, int } from '../insn.ts';
import { gt, leaveIf, load, lt, store } from '../prims.ts';
import type { Cpu } from '../state.ts';
import { CR4_PVI, CR4_VME } from '../system-bits.ts';
import {
  FLAG_DF,
  FLAG_IF,
  FLAG_IOPL,
  FLAG_NT,
  FLAG_OF,
  FLAG_RF,
  FLAG_TF,
  FLAG_VM,
  getEflags,
  STATUS_FLAGS,
  setEflags,
} from './eflags.ts';
import { popPlace, pushPlace, setStack, stackOffset } from './operand.ts';

/** What POPF with a 16-bit operand loads in virtual-8086 mode. */
const FLAGS_16 = STATUS_FLAGS | FLAG_TF | FLAG_DF | FLAG_NT;

/** CLI - IF <- 0; VIF <- 0 where it is virtual. */
export function CLI(c: Cpu, _i: Insn): void {
  const beyond = beyondIopl(c);
  leaveIf(c, beyond);
  if (beyond) cliVirtual(c);
  else c.IF = 0;
}

/** STI - IF <- 1, effective after the next instruction; VIF <- 1 where it is virtual. */
export function STI(c: Cpu, _i: Insn): void {
  const beyond = beyondIopl(c);
  leaveIf(c, beyond);
  // An interrupt that waits is taken after the next instruction.
  leaveIf(c, c.intr);
  if (beyond) stiVirtual(c);
  else {
    c.shadow = c.IF ^ 1;
    c.IF = 1;
  }
}

/** PUSHF, PUSHFD - RF and VM are pushed as 0. */
export function PUSHF(c: Cpu, i: Insn): void {
  const restricted = isVm86Restricted(c);
  leaveIf(c, restricted);
  if (restricted) pushVirtualFlags(c, i);
  else pushFlags(c, i, getEflags(c) & ~(FLAG_RF | FLAG_VM));
}

/** POPF, POPFD. VM, VIF and VIP stay, RF is cleared; IF and IOPL as the level allows. */
export function POPF(c: Cpu, i: Insn): void {
  const restricted = isVm86Restricted(c);
  leaveIf(c, restricted);
  if (restricted) popVirtualFlags(c, i);
  else popFlags(c, i);
}

function pushFlags(c: Cpu, i: Insn, flags: int): void {
  const p = pushPlace(c, i.ssize, i.osize);
  store(c, p, i.osize, flags);
  setStack(c, i.ssize, stackOffset(c, i.ssize, 0 - (i.osize >> 3)));
}

function popFlags(c: Cpu, i: Insn): void {
  const p = popPlace(c, i.ssize, i.osize);
  const flags = load(c, p, i.osize);
  const inhibit = beyondIopl(c) ? c.IF : (flags >> 9) & 1;
  const trap = (flags >> 8) & 1;
  leaveIf(c, trap);
  leaveIf(c, c.intr & inhibit);
  if (i.osize === 32) {
    leaveIf(c, ((flags >> 18) & 1) ^ c.AC);
    c.AC = (flags >> 18) & 1;
    c.ID = (flags >> 21) & 1;
  }
  const iopl = gt(c.cpl, 0) ? c.IOPL : (flags >> 12) & 3;
  const fr = ((flags & 128) << 24) | (((flags >> 2) & 1) ^ 1);
  setStack(c, i.ssize, stackOffset(c, i.ssize, i.osize >> 3));
  c.fz = ((flags >> 6) & 1) ^ 1;
  c.fr = fr;
  c.oa = ~fr;
  c.ob = ((~fr ^ ((flags & FLAG_OF) << 20)) & -17) | (~flags & 16);
  c.ca = 0;
  c.cb = flags & 1;
  c.TF = (flags >> 8) & 1;
  c.IF = inhibit;
  c.DF = (flags >> 10) & 1;
  c.IOPL = iopl;
  c.NT = (flags >> 14) & 1;
  c.RF = 0;
}

/** 1 where IOPL alone does not allow changes of IF. */
function beyondIopl(c: Cpu): int {
  return gt(c.cpl, c.IOPL);
}

/** CLI beyond IOPL. */
function cliVirtual(c: Cpu): void {
  if (!isVirtual(c)) throw new GuestFault(GP, 0);
  c.VIF = 0;
}

function stiVirtual(c: Cpu): void {
  if (!isVirtual(c) || c.VIP !== 0) throw new GuestFault(GP, 0);
  c.VIF = 1;
}

/** PUSHF and POPF in virtual-8086 mode with IOPL below 3. */
function pushVirtualFlags(c: Cpu, i: Insn): void {
  checkVme(c, i);
  pushFlags(c, i, (getEflags(c) & ~(FLAG_RF | FLAG_VM | FLAG_IF)) | (c.VIF << 9) | FLAG_IOPL);
}

function popVirtualFlags(c: Cpu, i: Insn): void {
  checkVme(c, i);
  const flags = load(c, popPlace(c, i.ssize, i.osize), i.osize);
  if (flags & FLAG_TF || (c.VIP !== 0 && flags & FLAG_IF)) throw new GuestFault(GP, 0);
  setStack(c, i.ssize, stackOffset(c, i.ssize, i.osize >> 3));
  c.VIF = (flags >> 9) & 1;
  setEflags(c, flags, FLAGS_16);
  c.RF = 0;
}

/** Whether VIF stands for IF here. */
function isVirtual(c: Cpu): boolean {
  return (c.cr4 & (c.VM !== 0 ? CR4_VME : CR4_PVI)) !== 0 && c.cpl === 3;
}

function isVm86Restricted(c: Cpu): int {
  return c.VM & lt(c.IOPL, 3);
}

/** With IOPL below 3, virtual-8086 mode needs VME, which knows 16-bit operands only. */
function checkVme(c: Cpu, i: Insn): void {
  if ((c.cr4 & CR4_VME) === 0 || i.osize === 32) throw new GuestFault(GP, 0);
}
