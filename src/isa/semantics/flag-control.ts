// CLI, STI, PUSHF and POPF: the interrupt flag and EFLAGS under IOPL, virtual-8086 mode, VME and PVI (SDM vol. 2;
// vol. 3, sections 21.2 to 21.4).

import { GP, GuestFault } from '../fault.ts';
import type { Insn } from '../insn.ts';
import { load, store } from '../prims.ts';
import { type Cpu, CR0_PE, CR4_PVI, CR4_VME } from '../state.ts';
import {
  FLAG_AC,
  FLAG_DF,
  FLAG_ID,
  FLAG_IF,
  FLAG_IOPL,
  FLAG_NT,
  FLAG_RF,
  FLAG_TF,
  FLAG_VM,
  getEflags,
  STATUS_FLAGS,
  setEflags,
} from './eflags.ts';
import { popPlace, pushPlace, setStack, stackOffset } from './operand.ts';
import { withinIopl } from './privilege.ts';

const FLAGS_16 = STATUS_FLAGS | FLAG_TF | FLAG_DF | FLAG_NT;
const FLAGS_32 = FLAGS_16 | FLAG_AC | FLAG_ID;

/** CLI - IF <- 0; VIF <- 0 where it is virtual. */
export function CLI(c: Cpu, _i: Insn): void {
  if (withinIopl(c)) c.IF = 0;
  else if (isVirtual(c)) c.VIF = 0;
  else throw new GuestFault(GP, 0);
}

/** STI - IF <- 1, effective after the next instruction; VIF <- 1 where it is virtual. */
export function STI(c: Cpu, _i: Insn): void {
  if (withinIopl(c)) {
    if (c.IF === 0) c.shadow = 1;
    c.IF = 1;
  } else if (isVirtual(c) && c.VIP === 0) c.VIF = 1;
  else throw new GuestFault(GP, 0);
}

/** PUSHF, PUSHFD - RF and VM are pushed as 0. */
export function PUSHF(c: Cpu, i: Insn): void {
  let flags = getEflags(c) & ~(FLAG_RF | FLAG_VM);
  if (isVm86Restricted(c)) {
    checkVme(c, i);
    flags = (flags & ~FLAG_IF) | (c.VIF << 9) | FLAG_IOPL;
  }
  store(c, pushPlace(c, i.ssize, i.osize), i.osize, flags);
  setStack(c, i.ssize, stackOffset(c, i.ssize, -(i.osize >> 3)));
}

/** POPF, POPFD. VM, VIF and VIP stay, RF is cleared; IF and IOPL as the level allows. */
export function POPF(c: Cpu, i: Insn): void {
  const restricted = isVm86Restricted(c);
  if (restricted) checkVme(c, i);
  const flags = load(c, popPlace(c, i.ssize, i.osize), i.osize);
  if (restricted && (flags & FLAG_TF || (c.VIP !== 0 && flags & FLAG_IF))) throw new GuestFault(GP, 0);
  setStack(c, i.ssize, stackOffset(c, i.ssize, i.osize >> 3));
  let mask = i.osize === 32 ? FLAGS_32 : FLAGS_16;
  if (restricted) c.VIF = (flags >> 9) & 1;
  else if (withinIopl(c)) mask |= FLAG_IF;
  if (c.cpl === 0) mask |= FLAG_IOPL;
  setEflags(c, flags, mask);
  c.RF = 0;
}

/** Whether VIF stands for IF here. */
function isVirtual(c: Cpu): boolean {
  return (c.cr4 & (c.VM !== 0 ? CR4_VME : CR4_PVI)) !== 0 && c.cpl === 3;
}

function isVm86Restricted(c: Cpu): boolean {
  return (c.cr0 & CR0_PE) !== 0 && c.VM !== 0 && c.IOPL < 3;
}

/** With IOPL below 3, virtual-8086 mode needs VME, which knows 16-bit operands only. */
function checkVme(c: Cpu, i: Insn): void {
  if ((c.cr4 & CR4_VME) === 0 || i.osize === 32) throw new GuestFault(GP, 0);
}
