// Far transfers of control: JMP, CALL and RET (SDM vol. 2, same names; vol. 3, sections 5.8 and 8.3).
// All checks come before all writes. Jumps to tasks: see task.ts.

import type { Place } from '../environment.ts';
import { GP, GuestFault, NP, TS } from '../fault.ts';
import { CS, DS, ES, ESP, FAR, FS, GS, type Insn, type int, SS } from '../insn.ts';
import { load, readPlace } from '../prims.ts';
import type { Cpu } from '../state.ts';
import {
  ACCESS_BIG,
  ACCESS_CODE,
  ACCESS_DOWN_OR_CONFORMING,
  ACCESS_DPL_SHIFT,
  ACCESS_UNUSABLE,
} from '../system-bits.ts';
import {
  CALL_GATE16,
  CALL_GATE32,
  descriptorAccess,
  descriptorBase,
  descriptorDpl,
  descriptorLimit,
  descriptorPlace,
  descriptorType,
  isCode,
  isConforming,
  isNull,
  isPresent,
  markAccessed,
  selectorCode,
  TASK_GATE,
  TSS16_AVAILABLE,
  TSS32_AVAILABLE,
} from './descriptors.ts';
import { Frame } from './frame.ts';
import { deliverFault } from './interrupt.ts';
import { offset, setStack, stackOffset, unsigned } from './operand.ts';
import { setCpl } from './privilege.ts';
import {
  isProtected,
  setFromDescriptor,
  setNullSegment,
  setRealModeSegment,
  setVm86Segment,
  stackDescriptor,
} from './segments.ts';
import { BY_CALL, BY_JUMP, innerStack, switchTask, tssDescriptor } from './task.ts';

/** JMP far. */
export function JMPF(c: Cpu, i: Insn): void {
  const pointer = farPointer(c, i);
  const target = farOffset(c, i, pointer);
  const selector = farSelector(c, i, pointer);
  if (!isProtected(c)) {
    jumpUnprotected(c, selector, target);
    return;
  }
  const place = targetDescriptor(c, selector);
  const low = c.memory.load32(place, 0);
  const high = c.memory.load32(place, 4);
  if (isCode(high)) {
    checkDirect(c, selector, high);
    enterCode(c, selector, low, high, target);
    return;
  }
  const type = descriptorType(high);
  checkGateAccess(c, selector, high, type);
  if (type === CALL_GATE16 || type === CALL_GATE32) {
    jumpThroughGate(c, low, high, type);
    return;
  }
  toTask(c, selector, low, type, BY_JUMP);
}

/** CALL far. */
export function CALLF(c: Cpu, i: Insn): void {
  const pointer = farPointer(c, i);
  const target = farOffset(c, i, pointer);
  const selector = farSelector(c, i, pointer);
  if (!isProtected(c)) {
    checkLimit(c.limit[CS], target);
    pushReturn(c, i.osize);
    jumpUnprotected(c, selector, target);
    return;
  }
  const place = targetDescriptor(c, selector);
  const low = c.memory.load32(place, 0);
  const high = c.memory.load32(place, 4);
  if (isCode(high)) {
    checkDirect(c, selector, high);
    callCode(c, selector, low, high, target, i.osize);
    return;
  }
  const type = descriptorType(high);
  checkGateAccess(c, selector, high, type);
  if (type === CALL_GATE16 || type === CALL_GATE32) {
    callThroughGate(c, low, high, type);
    return;
  }
  toTask(c, selector, low, type, BY_CALL);
}

/** RET far (imm16). */
export function RETF(c: Cpu, i: Insn): void {
  const bytes = i.osize >> 3;
  const target = unsigned(popped(c, i, 0), i.osize) | 0;
  const selector = popped(c, i, bytes) & 0xffff;
  const release = i.src.value & 0xffff;
  if (!isProtected(c)) {
    checkLimit(c.limit[CS], target);
    setStack(c, i.ssize, stackOffset(c, i.ssize, 2 * bytes + release));
    jumpUnprotected(c, selector, target);
    return;
  }
  const place = returnDescriptor(c, selector);
  if ((selector & 3) === c.cpl) {
    const low = c.memory.load32(place, 0);
    const high = c.memory.load32(place, 4);
    checkLimit(descriptorLimit(low, high), target);
    markAccessed(c, selector, high);
    setStack(c, i.ssize, stackOffset(c, i.ssize, 2 * bytes + release));
    setFromDescriptor(c, CS, selector, low, high);
    c.eip = target;
    return;
  }
  const pointer = unsigned(popped(c, i, 2 * bytes + release), i.osize) | 0;
  const stack = popped(c, i, 3 * bytes + release) & 0xffff;
  returnOuter(c, selector, place, target, stack, pointer);
  const ssize = c.access[SS] & ACCESS_BIG ? 32 : 16;
  setStack(c, ssize, stackOffset(c, ssize, release));
}

/** The value of the operand size `delta` bytes above the top of the stack, sign-extended. */
export function popped(c: Cpu, i: Insn, delta: int): int {
  return load(c, readPlace(c, SS, stackOffset(c, i.ssize, delta), i.osize), i.osize);
}

/** Checks the code segment that RET or IRET goes back to; returns its descriptor. */
export function returnDescriptor(c: Cpu, selector: int): Place {
  const place = targetDescriptor(c, selector);
  const high = c.memory.load32(place, 4);
  const rpl = selector & 3;
  const dpl = descriptorDpl(high);
  if (!isCode(high) || rpl < c.cpl || (isConforming(high) ? dpl > rpl : dpl !== rpl)) {
    throw new GuestFault(GP, selectorCode(selector, 0));
  }
  if (!isPresent(high)) throw new GuestFault(NP, selectorCode(selector, 0));
  return place;
}

/** The second half of a return to an outer level, from `returnDescriptor` on: loads CS:EIP, SS:ESP and CPL. */
export function returnOuter(c: Cpu, selector: int, code: Place, target: int, stack: int, pointer: int): void {
  const low = c.memory.load32(code, 0);
  const high = c.memory.load32(code, 4);
  const stackPlace = stackDescriptor(c, stack, selector & 3, GP, 0);
  const stackLow = c.memory.load32(stackPlace, 0);
  const stackHigh = c.memory.load32(stackPlace, 4);
  checkLimit(descriptorLimit(low, high), target);
  markAccessed(c, selector, high);
  markAccessed(c, stack, stackHigh);
  setCpl(c, selector & 3);
  setFromDescriptor(c, CS, selector, low, high);
  c.eip = target;
  setFromDescriptor(c, SS, stack, stackLow, stackHigh);
  // To a 16-bit stack, the high half of ESP is not loaded.
  setStack(c, c.access[SS] & ACCESS_BIG ? 32 : 16, pointer);
  invalidateInner(c, ES);
  invalidateInner(c, DS);
  invalidateInner(c, FS);
  invalidateInner(c, GS);
}

/** #GP(0) beyond the limit. */
export function checkLimit(limit: int, target: int): void {
  if (target >>> 0 > limit >>> 0) throw new GuestFault(GP, 0);
}

/** Loads CS:EIP in real-address or virtual-8086 mode. */
function jumpUnprotected(c: Cpu, selector: int, target: int): void {
  checkLimit(c.limit[CS], target);
  if (c.VM !== 0) setVm86Segment(c, CS, selector);
  else setRealModeSegment(c, CS, selector);
  c.eip = target;
}

function farPointer(c: Cpu, i: Insn): Place {
  return i.src.kind === FAR ? 0 : readPlace(c, i.src.seg, offset(c, i.src), i.osize + 16);
}

function farOffset(c: Cpu, i: Insn, pointer: Place): int {
  const value = i.src.kind === FAR ? i.src.value : load(c, pointer, i.osize);
  return unsigned(value, i.osize) | 0;
}

function farSelector(c: Cpu, i: Insn, pointer: Place): int {
  return (i.src.kind === FAR ? i.src.n : c.memory.load16(pointer, i.osize >> 3)) & 0xffff;
}

function targetDescriptor(c: Cpu, selector: int): Place {
  if (isNull(selector)) throw new GuestFault(GP, 0);
  return descriptorPlace(c, selector, GP, 0);
}

/** A direct transfer stays at its level. */
function checkDirect(c: Cpu, selector: int, high: int): void {
  const dpl = descriptorDpl(high);
  const allowed = isConforming(high) ? dpl <= c.cpl : (selector & 3) <= c.cpl && dpl === c.cpl;
  if (!allowed) throw new GuestFault(GP, selectorCode(selector, 0));
  if (!isPresent(high)) throw new GuestFault(NP, selectorCode(selector, 0));
}

/** Type, DPL and presence of what a far transfer may name besides code. */
function checkGateAccess(c: Cpu, selector: int, high: int, type: int): void {
  const known =
    type === CALL_GATE16 ||
    type === CALL_GATE32 ||
    type === TASK_GATE ||
    type === TSS16_AVAILABLE ||
    type === TSS32_AVAILABLE;
  const dpl = descriptorDpl(high);
  if (!known || dpl < c.cpl || dpl < (selector & 3)) throw new GuestFault(GP, selectorCode(selector, 0));
  if (!isPresent(high)) throw new GuestFault(NP, selectorCode(selector, 0));
}

/** The code segment that a call gate names: at this level or, if conforming or called, further in. */
function gateTarget(c: Cpu, selector: int, call: boolean): Place {
  const place = targetDescriptor(c, selector);
  const high = c.memory.load32(place, 4);
  const dpl = descriptorDpl(high);
  const inward = call || isConforming(high);
  if (!isCode(high) || (inward ? dpl > c.cpl : dpl !== c.cpl)) throw new GuestFault(GP, selectorCode(selector, 0));
  if (!isPresent(high)) throw new GuestFault(NP, selectorCode(selector, 0));
  return place;
}

function gateOffset(low: int, high: int, type: int): int {
  return type === CALL_GATE32 ? (low & 0xffff) | (high & 0xffff0000) : low & 0xffff;
}

function jumpThroughGate(c: Cpu, gateLow: int, gateHigh: int, type: int): void {
  const selector = gateLow >>> 16;
  const place = gateTarget(c, selector, false);
  const low = c.memory.load32(place, 0);
  const high = c.memory.load32(place, 4);
  enterCode(c, selector, low, high, gateOffset(gateLow, gateHigh, type));
}

/** Loads CS:EIP at the current level. */
function enterCode(c: Cpu, selector: int, low: int, high: int, target: int): void {
  checkLimit(descriptorLimit(low, high), target);
  markAccessed(c, selector, high);
  setFromDescriptor(c, CS, (selector & ~3) | c.cpl, low, high);
  c.eip = target;
}

/** Pushes CS:EIP on the current stack. */
function pushReturn(c: Cpu, size: int): void {
  const frame = Frame.current(c, 0);
  frame.push(c.sel[CS], size);
  frame.push(c.eip, size);
  frame.store();
  c.reg[ESP] = frame.pointer;
}

/** A call at the current level. */
function callCode(c: Cpu, selector: int, low: int, high: int, target: int, size: int): void {
  const frame = Frame.current(c, 0);
  frame.push(c.sel[CS], size);
  frame.push(c.eip, size);
  checkLimit(descriptorLimit(low, high), target);
  markAccessed(c, selector, high);
  frame.store();
  c.reg[ESP] = frame.pointer;
  enterCode(c, selector, low, high, target);
}

function callThroughGate(c: Cpu, gateLow: int, gateHigh: int, type: int): void {
  const size = type === CALL_GATE32 ? 32 : 16;
  const selector = gateLow >>> 16;
  const target = gateOffset(gateLow, gateHigh, type);
  const place = gateTarget(c, selector, true);
  const low = c.memory.load32(place, 0);
  const high = c.memory.load32(place, 4);
  const level = descriptorDpl(high);
  if (isConforming(high) || level === c.cpl) {
    callCode(c, selector, low, high, target, size);
    return;
  }

  const inner = innerStack(c, level, 0);
  const stack = stackDescriptor(c, inner.selector, level, TS, 0);
  const stackLow = c.memory.load32(stack, 0);
  const stackHigh = c.memory.load32(stack, 4);
  const frame = new Frame(
    c,
    descriptorBase(stackLow, stackHigh),
    descriptorLimit(stackLow, stackHigh),
    descriptorAccess(stackHigh),
    inner.pointer,
    0,
    selectorCode(inner.selector, 0),
  );
  frame.push(c.sel[SS], size);
  frame.push(c.reg[ESP], size);
  const bytes = size >> 3;
  const ssize = c.access[SS] & ACCESS_BIG ? 32 : 16;
  // Parameters are copied in the order in which they lie.
  for (let k = (gateHigh & 31) - 1; k >= 0; k--) {
    frame.push(load(c, readPlace(c, SS, stackOffset(c, ssize, k * bytes), size), size), size);
  }
  frame.push(c.sel[CS], size);
  frame.push(c.eip, size);
  checkLimit(descriptorLimit(low, high), target);
  markAccessed(c, selector, high);
  markAccessed(c, inner.selector, stackHigh);
  frame.store();
  setCpl(c, level);
  setFromDescriptor(c, SS, inner.selector, stackLow, stackHigh);
  setStack(c, c.access[SS] & ACCESS_BIG ? 32 : 16, frame.pointer);
  setFromDescriptor(c, CS, (selector & ~3) | level, low, high);
  c.eip = target;
}

/** A TSS, or a task gate that names one. */
function toTask(c: Cpu, selector: int, low: int, type: int, how: int): void {
  const tss = type === TASK_GATE ? low >>> 16 : selector;
  const fault = switchTask(c, tss, tssDescriptor(c, tss, false, GP, 0), how, 0);
  if (fault) deliverFault(c, fault);
}

/** After a return to an outer level, data segments that it may not use become null. */
export function invalidateInner(c: Cpu, seg: int): void {
  const access = c.access[seg];
  if (access & ACCESS_UNUSABLE) return;
  const conforming = (access & ACCESS_CODE) !== 0 && (access & ACCESS_DOWN_OR_CONFORMING) !== 0;
  if (!conforming && ((access >> ACCESS_DPL_SHIFT) & 3) < c.cpl) setNullSegment(c, seg, 0);
}
