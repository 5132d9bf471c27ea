// IRET (SDM vol. 2): back to the same level, to an outer one, to virtual-8086 mode, and to the task that this one is
// nested in.

import { GP, GuestFault, TS } from '../fault.ts';
import { CS, DS, ES, ESP, FS, GS, type Insn, type int, SS, TR } from '../insn.ts';
import type { Cpu } from '../state.ts';
import { CR0_PE, CR4_VME } from '../system-bits.ts';
import { descriptorLimit, markAccessed } from './descriptors.ts';
import {
  FLAG_AC,
  FLAG_DF,
  FLAG_ID,
  FLAG_IF,
  FLAG_IOPL,
  FLAG_NT,
  FLAG_RF,
  FLAG_TF,
  FLAG_VIF,
  FLAG_VIP,
  FLAG_VM,
  STATUS_FLAGS,
  setEflags,
} from './eflags.ts';
import { checkLimit, popped, returnDescriptor, returnOuter } from './far.ts';
import { deliverFault } from './interrupt.ts';
import { setStack, stackOffset, unsigned } from './operand.ts';
import { returnsPlainly } from './plain-levels.ts';
import { setCpl } from './privilege.ts';
import { setFromDescriptor, setRealModeSegment, setVm86Segment } from './segments.ts';
import { BY_IRET, switchTask, tssDescriptor } from './task.ts';

/** What every level may change, in 16 and in 32 bits. */
const FLAGS_16 = STATUS_FLAGS | FLAG_TF | FLAG_DF | FLAG_NT;
const FLAGS_32 = FLAGS_16 | FLAG_RF | FLAG_AC | FLAG_ID;

/** IRET, IRETD. */
export function IRET(c: Cpu, i: Insn): void {
  if ((c.cr0 & CR0_PE) === 0) {
    fromReal(c, i);
    return;
  }
  if (c.VM !== 0) {
    fromVm86(c, i);
    return;
  }
  const mask = writable(c, i.osize);
  if (i.osize === 32 && returnsPlainly(c, mask)) return;
  if (c.NT !== 0) {
    toPreviousTask(c);
    return;
  }
  const bytes = i.osize >> 3;
  const target = unsigned(popped(c, i, 0), i.osize) | 0;
  const selector = popped(c, i, bytes) & 0xffff;
  const flags = popped(c, i, 2 * bytes);
  if (i.osize === 32 && flags & FLAG_VM && c.cpl === 0) {
    toVm86(c, i, target, selector, flags);
    return;
  }

  const place = returnDescriptor(c, selector);
  if ((selector & 3) === c.cpl) {
    const low = c.memory.load32(place, 0);
    const high = c.memory.load32(place, 4);
    checkLimit(descriptorLimit(low, high), target);
    markAccessed(c, selector, high);
    setStack(c, i.ssize, stackOffset(c, i.ssize, 3 * bytes));
    setFromDescriptor(c, CS, selector, low, high);
    c.eip = target;
  } else {
    const pointer = unsigned(popped(c, i, 3 * bytes), i.osize) | 0;
    const stack = popped(c, i, 4 * bytes) & 0xffff;
    returnOuter(c, selector, place, target, stack, pointer);
  }
  setEflags(c, flags, mask);
}

/** The flags that an IRET at this level changes, before it leaves the level. */
function writable(c: Cpu, osize: int): int {
  let mask = osize === 32 ? FLAGS_32 : FLAGS_16;
  if (c.cpl <= c.IOPL) mask |= FLAG_IF;
  if (c.cpl === 0) mask |= osize === 32 ? FLAG_IOPL | FLAG_VIF | FLAG_VIP : FLAG_IOPL;
  return mask;
}

/** Real-address mode: all but VM, VIF and VIP. */
function fromReal(c: Cpu, i: Insn): void {
  const bytes = i.osize >> 3;
  const target = unsigned(popped(c, i, 0), i.osize) | 0;
  const selector = popped(c, i, bytes);
  const flags = popped(c, i, 2 * bytes);
  checkLimit(c.limit[CS], target);
  setStack(c, i.ssize, stackOffset(c, i.ssize, 3 * bytes));
  setRealModeSegment(c, CS, selector);
  c.eip = target;
  setEflags(c, flags, (i.osize === 32 ? FLAGS_32 : FLAGS_16) | FLAG_IF | FLAG_IOPL);
}

/** Within virtual-8086 mode: IOPL stays. With IOPL below 3, VME lets a 16-bit IRET through, with VIF for IF. */
function fromVm86(c: Cpu, i: Insn): void {
  const virtual = c.IOPL < 3;
  if (virtual && ((c.cr4 & CR4_VME) === 0 || i.osize === 32)) throw new GuestFault(GP, 0);
  const bytes = i.osize >> 3;
  const target = unsigned(popped(c, i, 0), i.osize) | 0;
  const selector = popped(c, i, bytes);
  const flags = popped(c, i, 2 * bytes);
  if (virtual && (flags & FLAG_TF || (c.VIP !== 0 && flags & FLAG_IF))) throw new GuestFault(GP, 0);
  checkLimit(c.limit[CS], target);
  setStack(c, i.ssize, stackOffset(c, i.ssize, 3 * bytes));
  setVm86Segment(c, CS, selector);
  c.eip = target;
  if (virtual) {
    setEflags(c, flags, FLAGS_16);
    c.VIF = (flags >> 9) & 1;
  } else {
    setEflags(c, flags, (i.osize === 32 ? FLAGS_32 : FLAGS_16) | FLAG_IF);
  }
}

/** NT: to the task whose TSS the link field of this one names. */
function toPreviousTask(c: Cpu): void {
  const link = c.memory.load16(c.memory.readPlace(c.base[TR], 2, 0), 0) & 0xffff;
  const fault = switchTask(c, link, tssDescriptor(c, link, true, TS, 0), BY_IRET, 0);
  if (fault) deliverFault(c, fault);
}

/** From level 0 to virtual-8086 mode: nine doublewords. EIP is truncated to 16 bits. */
function toVm86(c: Cpu, i: Insn, target: int, selector: int, flags: int): void {
  const pointer = popped(c, i, 12);
  const stack = popped(c, i, 16);
  const es = popped(c, i, 20);
  const ds = popped(c, i, 24);
  const fs = popped(c, i, 28);
  const gs = popped(c, i, 32);
  setEflags(c, flags, FLAGS_32 | FLAG_IF | FLAG_IOPL | FLAG_VM | FLAG_VIF | FLAG_VIP);
  setCpl(c, 3);
  setVm86Segment(c, CS, selector);
  c.eip = target & 0xffff;
  setVm86Segment(c, SS, stack);
  c.reg[ESP] = pointer;
  setVm86Segment(c, ES, es);
  setVm86Segment(c, DS, ds);
  setVm86Segment(c, FS, fs);
  setVm86Segment(c, GS, gs);
}
