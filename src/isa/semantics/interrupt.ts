// Interrupts and exceptions (SDM vol. 2, INT n; vol. 3, chapter 6; virtual-8086 mode: sections 21.1 to 21.3).
// One core, `enter`, takes every event through the IVT or the IDT; around it stand software interrupts (semantics of
// INT and its kin) and what the engine delivers: faults, traps, external interrupts.
// Deviation: RF is pushed set for faults other than #DB only; the processor also sets it when it interrupts a repeated
// string instruction.

import { hex } from '../../lib/hex.ts';
import { DB, DE, DF, GP, GuestFault, NO_CODE, NP, OF, PF, TS } from '../fault.ts';
import { CS, DS, ES, ESP, FS, GS, type Insn, type int, SS } from '../insn.ts';
import type { Cpu } from '../state.ts';
import { ACCESS_BIG, CR0_PE, CR4_VME } from '../system-bits.ts';
import { DR6_BS, enterDebugHandler } from './debug-registers.ts';
import {
  DESCRIPTOR_32,
  descriptorAccess,
  descriptorBase,
  descriptorDpl,
  descriptorLimit,
  descriptorPlace,
  descriptorType,
  INTERRUPT_GATE16,
  INTERRUPT_GATE32,
  isCode,
  isConforming,
  isNull,
  isPresent,
  markAccessed,
  selectorCode,
  TASK_GATE,
  TRAP_GATE16,
  TRAP_GATE32,
} from './descriptors.ts';
import { FLAG_IF, FLAG_IOPL, FLAG_RF, getEflags } from './eflags.ts';
import { overflow } from './flags.ts';
import { Frame } from './frame.ts';
import { setPart } from './operand.ts';
import { entersPlainly } from './plain-levels.ts';
import { setCpl } from './privilege.ts';
import { setFromDescriptor, setNullSegment, setRealModeSegment, setVm86Segment, stackDescriptor } from './segments.ts';
import { BY_CALL, innerStack, isIntercepted, switchTask, tssDescriptor } from './task.ts';

const BREAKPOINT = 3;

/**
 * Delivers a fault. EIP is that of the faulting instruction. Faults of the delivery itself follow table 6-5: one after
 * the other, or a double fault, or shutdown.
 */
export function deliverFault(c: Cpu, fault: GuestFault): void {
  let vector = fault.vector;
  let code = fault.code;
  for (;;) {
    const next = attempt(c, vector, code, vector === DB ? 0 : 1);
    if (next === undefined) return;
    if (vector === DF && (isContributory(next.vector) || next.vector === PF)) {
      c.attention = 1;
      c.platform.shutdown(`triple fault: vector ${next.vector} while delivering a double fault${where(c)}`);
      return;
    }
    const double =
      (isContributory(vector) && isContributory(next.vector)) ||
      (vector === PF && (isContributory(next.vector) || next.vector === PF));
    vector = double ? DF : next.vector;
    code = double ? 0 : next.code;
  }
}

/** Delivers an external interrupt or NMI between two instructions. Wakes the processor up. */
export function deliverInterrupt(c: Cpu, vector: int): void {
  c.halted = 0;
  const fault = attempt(c, vector, NO_CODE, 0);
  if (fault) deliverFault(c, fault);
}

/** Delivers a trap after an instruction; for #DB, `debug` are the bits to set in DR6. */
export function deliverTrap(c: Cpu, vector: int, debug: int = DR6_BS): void {
  if (vector === DB) c.dr6 |= debug;
  const fault = attempt(c, vector, NO_CODE, 0);
  if (fault) deliverFault(c, fault);
}

/** INT n. In virtual-8086 mode IOPL and, with VME, the redirection bitmap decide. */
export function INT(c: Cpu, i: Insn): void {
  const vector = i.src.value & 0xff;
  if (c.VM !== 0) {
    if (c.cr4 & CR4_VME && !isIntercepted(c, vector)) {
      redirect(c, vector);
      return;
    }
    if (c.IOPL < 3) throw new GuestFault(GP, 0);
  }
  software(c, vector);
}

/** INT3 - breakpoint. */
export function INT3(c: Cpu, _i: Insn): void {
  software(c, BREAKPOINT);
}

/** INTO - #OF if OF is set. */
export function INTO(c: Cpu, _i: Insn): void {
  if (overflow(c)) software(c, OF);
}

/** INT1 - #DB, without a check of the gate's DPL. */
export function INT1(c: Cpu, _i: Insn): void {
  const fault = enter(c, DB, NO_CODE, 0, 0);
  if (fault) deliverFault(c, fault);
}

function software(c: Cpu, vector: int): void {
  const fault = enter(c, vector, NO_CODE, 1, 0);
  if (fault) deliverFault(c, fault);
}

/** Takes an event; returns the fault that this gives rise to, if any. */
function attempt(c: Cpu, vector: int, code: int, rf: int): GuestFault | undefined {
  try {
    return enter(c, vector, code, 0, rf);
  } catch (fault) {
    if (fault instanceof GuestFault) return fault;
    throw fault;
  }
}

/**
 * Enters the handler of a vector: through the IVT in real-address mode, through the IDT else. `software` is 1 for
 * INT n, INT3 and INTO: the gate's DPL counts, and EXT is 0 in error codes. Throws what the delivery faults with;
 * returns what a new task starts with.
 */
function enter(c: Cpu, vector: int, code: int, software: int, rf: int): GuestFault | undefined {
  if ((c.cr0 & CR0_PE) === 0) {
    enterReal(c, vector);
    return undefined;
  }
  if (vector !== DB && entersPlainly(c, vector, code, software, rf)) return undefined;
  const ext = software ^ 1;
  const gateCode = 8 * vector + 2 + ext;
  if (8 * vector + 7 > c.idtLimit >>> 0) throw new GuestFault(GP, gateCode);
  const place = c.memory.readPlace((c.idtBase + 8 * vector) | 0, 8, 0);
  const low = c.memory.load32(place, 0);
  const high = c.memory.load32(place, 4);
  const type = descriptorType(high);
  const isGate =
    type === TASK_GATE ||
    type === INTERRUPT_GATE16 ||
    type === TRAP_GATE16 ||
    type === INTERRUPT_GATE32 ||
    type === TRAP_GATE32;
  if (!isGate || (software !== 0 && descriptorDpl(high) < c.cpl)) throw new GuestFault(GP, gateCode);
  if (!isPresent(high)) throw new GuestFault(NP, gateCode);
  if (type === TASK_GATE) {
    const tss = low >>> 16;
    const fault = switchTask(c, tss, tssDescriptor(c, tss, false, GP, ext), BY_CALL, ext, rf, code);
    if (vector === DB && software === 0) enterDebugHandler(c);
    return fault;
  }
  throughGate(c, low, high, code, ext, rf);
  if (vector === DB && software === 0) enterDebugHandler(c);
  return undefined;
}

/** Real-address mode: FLAGS, CS and IP on the stack, CS:IP from the IVT at the IDTR's base. */
function enterReal(c: Cpu, vector: int): void {
  if (4 * vector + 3 > c.idtLimit >>> 0) throw new GuestFault(GP, 0);
  const place = c.memory.readPlace((c.idtBase + 4 * vector) | 0, 4, 0);
  const frame = Frame.current(c, 0);
  frame.push(getEflags(c), 16);
  frame.push(c.sel[CS], 16);
  frame.push(c.eip, 16);
  const target = c.memory.load16(place, 0) & 0xffff;
  if (target > c.limit[CS] >>> 0) throw new GuestFault(GP, 0);
  frame.store();
  c.reg[ESP] = frame.pointer;
  setRealModeSegment(c, CS, c.memory.load16(place, 2));
  c.eip = target;
  c.IF = 0;
  c.TF = 0;
  c.AC = 0;
  c.RF = 0;
}

/** An interrupt or trap gate, to the same level, to an inner one, or out of virtual-8086 mode. */
function throughGate(c: Cpu, gateLow: int, gateHigh: int, code: int, ext: int, rf: int): void {
  const wide = (gateHigh & DESCRIPTOR_32) !== 0;
  const size = wide ? 32 : 16;
  const selector = gateLow >>> 16;
  const target = wide ? (gateLow & 0xffff) | (gateHigh & 0xffff0000) : gateLow & 0xffff;
  if (isNull(selector)) throw new GuestFault(GP, ext);
  const place = descriptorPlace(c, selector, GP, ext);
  const low = c.memory.load32(place, 0);
  const high = c.memory.load32(place, 4);
  const dpl = descriptorDpl(high);
  if (!isCode(high) || dpl > c.cpl) throw new GuestFault(GP, selectorCode(selector, ext));
  if (!isPresent(high)) throw new GuestFault(NP, selectorCode(selector, ext));
  const inward = !isConforming(high) && dpl < c.cpl;
  // Out of virtual-8086 mode there is one way: to level 0.
  if (c.VM !== 0 && (!inward || dpl !== 0)) throw new GuestFault(GP, selectorCode(selector, ext));

  const fromVm86 = c.VM !== 0;
  const flags = (getEflags(c) & ~FLAG_RF) | (rf ? FLAG_RF : 0);
  let frame: Frame;
  let stackSelector = 0;
  let stackLow = 0;
  let stackHigh = 0;
  if (inward) {
    const inner = innerStack(c, dpl, ext);
    stackSelector = inner.selector;
    const stack = stackDescriptor(c, stackSelector, dpl, TS, ext);
    stackLow = c.memory.load32(stack, 0);
    stackHigh = c.memory.load32(stack, 4);
    frame = new Frame(
      c,
      descriptorBase(stackLow, stackHigh),
      descriptorLimit(stackLow, stackHigh),
      descriptorAccess(stackHigh),
      inner.pointer,
      0,
      selectorCode(stackSelector, ext),
    );
    if (fromVm86) {
      frame.push(c.sel[GS], size);
      frame.push(c.sel[FS], size);
      frame.push(c.sel[DS], size);
      frame.push(c.sel[ES], size);
    }
    frame.push(c.sel[SS], size);
    frame.push(c.reg[ESP], size);
  } else {
    frame = Frame.current(c, ext);
  }
  frame.push(flags, size);
  frame.push(c.sel[CS], size);
  frame.push(c.eip, size);
  if (code !== NO_CODE) frame.push(code, size);
  if (target >>> 0 > descriptorLimit(low, high) >>> 0) throw new GuestFault(GP, ext);
  markAccessed(c, selector, high);
  if (inward) markAccessed(c, stackSelector, stackHigh);

  frame.store();
  c.VM = 0;
  if (inward) {
    setCpl(c, dpl);
    setFromDescriptor(c, SS, stackSelector, stackLow, stackHigh);
  }
  setPart(c, ESP, c.access[SS] & ACCESS_BIG ? 32 : 16, frame.pointer);
  setFromDescriptor(c, CS, (selector & ~3) | c.cpl, low, high);
  c.eip = target;
  if (fromVm86) {
    setNullSegment(c, ES, 0);
    setNullSegment(c, DS, 0);
    setNullSegment(c, FS, 0);
    setNullSegment(c, GS, 0);
  }
  const type = descriptorType(gateHigh);
  if (type === INTERRUPT_GATE16 || type === INTERRUPT_GATE32) c.IF = 0;
  c.TF = 0;
  c.NT = 0;
  c.RF = 0;
}

/** VME: INT n in virtual-8086 mode to the handler in the IVT at linear address 0. */
function redirect(c: Cpu, vector: int): void {
  const place = c.memory.readPlace(4 * vector, 4, 0);
  const flags = getEflags(c);
  const own = c.IOPL === 3;
  const frame = Frame.current(c, 0);
  frame.push(own ? flags : (flags & ~FLAG_IF) | FLAG_IOPL | (c.VIF << 9), 16);
  frame.push(c.sel[CS], 16);
  frame.push(c.eip, 16);
  frame.store();
  c.reg[ESP] = frame.pointer;
  setVm86Segment(c, CS, c.memory.load16(place, 2));
  c.eip = c.memory.load16(place, 0) & 0xffff;
  if (own) c.IF = 0;
  else c.VIF = 0;
  c.TF = 0;
  c.RF = 0;
}

function isContributory(vector: int): boolean {
  return vector === DE || (vector >= TS && vector <= GP);
}

function where(c: Cpu): string {
  return ` at ${hex(c.sel[CS])}:${hex(c.eip)}, stack ${hex(c.sel[SS])}:${hex(c.reg[ESP])}, CR3 ${hex(c.cr3)}`;
}
