// Task management (SDM vol. 3, chapter 8): the task-state segment, switching tasks, stacks of inner levels, and the
// I/O permission bitmap (vol. 1, section 19.5.2).
// A switch has a point of no return: faults found before it belong to the old task and are thrown; what the new task's
// own state gives rise to belongs to the new task and is returned, for the caller to deliver there.

import type { Place } from '../environment.ts';
import { DB, GP, GuestFault, NO_CODE, NP, TS } from '../fault.ts';
import { CS, DS, EAX, EDI, ES, ESP, FS, GS, type int, LDTR, SS, TR } from '../insn.ts';
import type { Cpu } from '../state.ts';
import { ACCESS_UNUSABLE, CR0_PG, CR0_TS, CR4_PAE } from '../system-bits.ts';
import {
  DESCRIPTOR_32,
  DESCRIPTOR_BUSY,
  descriptorAccess,
  descriptorAddress,
  descriptorBase,
  descriptorDpl,
  descriptorLimit,
  descriptorPlace,
  descriptorType,
  isCode,
  isConforming,
  isInTable,
  isNull,
  isPresent,
  isWritableData,
  LDT,
  markAccessed,
  selectorCode,
  TSS16_AVAILABLE,
  TSS16_BUSY,
  TSS32_AVAILABLE,
  TSS32_BUSY,
} from './descriptors.ts';
import { FLAG_NT, FLAG_RF, FLAG_VM, getEflags, setEflags } from './eflags.ts';
import { Frame } from './frame.ts';
import { setCpl } from './privilege.ts';
import {
  loadDataSegment,
  loadStackSegment,
  setFromDescriptor,
  setNullSegment,
  setSegment,
  setVm86Segment,
} from './segments.ts';

// What makes the switch.
export const BY_JUMP = 0;
/** CALL, interrupt or exception: the new task is nested in the old one. */
export const BY_CALL = 1;
export const BY_IRET = 2;

// 32-bit TSS (figure 8-2). The 16-bit one (figure 8-12) has the same order with words.
const LINK = 0;
const CR3_AT = 0x1c;
const TRAP_AT = 0x64;
const IO_MAP_AT = 0x66;
const MINIMUM_32 = 0x67;
const MINIMUM_16 = 0x2b;
/** What a switch saves: from EIP to GS (32 bits), from IP to DS (16 bits). */
const SAVED_AT_32 = 0x20;
const SAVED_BYTES_32 = 0x40;
const SAVED_AT_16 = 0x0e;
const SAVED_BYTES_16 = 0x1c;
/** DR6.BT. */
const DR6_BT = 1 << 15;
/** DR7: the local enables, which a switch clears. */
const DR7_LOCAL = 0x155;
const ALL_FLAGS = -1;

/** Of the type in c.access[TR]: 32-bit. */
export const ACCESS_TSS_32 = DESCRIPTOR_32 >> 8;

/**
 * Checks a TSS selector: in the GDT, a TSS, busy or available as asked, else `vector`(selector + EXT); present, else
 * #NP. Returns its descriptor.
 */
export function tssDescriptor(c: Cpu, selector: int, busy: boolean, vector: int, ext: int): Place {
  if (selector & 4 || isNull(selector)) throw new GuestFault(vector, selectorCode(selector, ext));
  const place = descriptorPlace(c, selector, vector, ext);
  const high = c.memory.load32(place, 4);
  const type = descriptorType(high);
  const fits = busy ? type === TSS16_BUSY || type === TSS32_BUSY : type === TSS16_AVAILABLE || type === TSS32_AVAILABLE;
  if (!fits) throw new GuestFault(vector, selectorCode(selector, ext));
  if (!isPresent(high)) throw new GuestFault(NP, selectorCode(selector, ext));
  return place;
}

/**
 * Switches to the task of a TSS whose descriptor `tssDescriptor` has checked. `rf` is RF in the saved flags, `code` an
 * error code to push on the new task's stack or NO_CODE. #TS and #PF of the old task are thrown; returns the fault or
 * trap that the new task starts with, if any.
 */
export function switchTask(
  c: Cpu,
  selector: int,
  descriptor: Place,
  how: int,
  ext: int,
  rf = 0,
  code: int = NO_CODE,
): GuestFault | undefined {
  const memory = c.memory;
  const low = memory.load32(descriptor, 0);
  const high = memory.load32(descriptor, 4);
  const wide = (high & DESCRIPTOR_32) !== 0;
  const wasWide = (c.access[TR] & ACCESS_TSS_32) !== 0;
  const base = descriptorBase(low, high);
  const limit = descriptorLimit(low, high);
  if (limit >>> 0 < (wide ? MINIMUM_32 : MINIMUM_16)) throw new GuestFault(TS, selectorCode(selector, ext));
  const savedAt = wasWide ? SAVED_AT_32 : SAVED_AT_16;
  const savedBytes = wasWide ? SAVED_BYTES_32 : SAVED_BYTES_16;
  const oldTask = c.sel[TR];
  if (c.limit[TR] >>> 0 < savedAt + savedBytes - 1) throw new GuestFault(TS, selectorCode(oldTask, ext));
  // All that can fault in the old task.
  const saved = memory.writePlace((c.base[TR] + savedAt) | 0, savedBytes, 0);
  const state = memory.readPlace(base, wide ? MINIMUM_32 + 1 : MINIMUM_16 + 1, 0);
  const link = how === BY_CALL ? memory.writePlace(base, 2, 0) : 0;
  const oldType = how === BY_CALL ? 0 : memory.writePlace((descriptorAddress(c, oldTask) + 4) | 0, 4, 0);
  const newType = how === BY_IRET ? 0 : memory.writePlace((descriptorAddress(c, selector) + 4) | 0, 4, 0);

  // The point of no return.
  if (how !== BY_CALL) memory.store32(oldType, 0, memory.load32(oldType, 0) & ~DESCRIPTOR_BUSY);
  save(c, saved, wasWide, (getEflags(c) & (how === BY_IRET ? ~FLAG_NT : ALL_FLAGS)) | (rf ? FLAG_RF : 0));
  if (how === BY_CALL) memory.store16(link, LINK, oldTask);
  if (how !== BY_IRET) memory.store32(newType, 0, high | DESCRIPTOR_BUSY);
  const cr3 = wide ? memory.load32(state, CR3_AT) : 0;
  const trap = wide ? memory.load16(state, TRAP_AT) & 1 : 0;
  const ldt = restore(c, state, wide, how === BY_CALL);
  setSegment(c, TR, selector, base, limit, descriptorAccess(high) | (DESCRIPTOR_BUSY >> 8));
  c.cr0 |= CR0_TS;
  c.dr7 &= ~DR7_LOCAL;
  setCpl(c, c.VM !== 0 ? 3 : c.sel[CS] & 3);
  for (let seg = ES; seg <= GS; seg++) setNullSegment(c, seg, c.sel[seg]);
  try {
    if (wide && c.cr0 & CR0_PG) switchSpace(c, cr3, selectorCode(selector, ext));
    if (c.VM === 0) presetStack(c);
    loadLdt(c, ldt, ext);
    loadSegments(c, ext);
    if (code !== NO_CODE) pushCode(c, code, wide, ext);
  } catch (fault) {
    if (fault instanceof GuestFault) return fault;
    throw fault;
  }
  if (trap === 0) return undefined;
  c.dr6 |= DR6_BT;
  return new GuestFault(DB);
}

/** Stack of an inner level, from the TSS. */
export interface InnerStack {
  readonly selector: int;
  readonly pointer: int;
}

/** SS and ESP of privilege level 0..2 in the current TSS. #TS(TR + EXT) if the TSS is too short. */
export function innerStack(c: Cpu, level: int, ext: int): InnerStack {
  const wide = (c.access[TR] & ACCESS_TSS_32) !== 0;
  const at = wide ? 4 + 8 * level : 2 + 4 * level;
  const bytes = wide ? 8 : 4;
  if (c.limit[TR] >>> 0 < at + bytes - 1 || c.access[TR] & ACCESS_UNUSABLE) {
    throw new GuestFault(TS, selectorCode(c.sel[TR], ext));
  }
  const place = c.memory.readPlace((c.base[TR] + at) | 0, bytes, 0);
  return {
    selector: c.memory.load16(place, bytes >> 1) & 0xffff,
    pointer: wide ? c.memory.load32(place, 0) : c.memory.load16(place, 0) & 0xffff,
  };
}

/** #GP(0) unless the I/O permission bitmap of the current TSS allows all of `bytes` ports. */
export function checkIoMap(c: Cpu, port: int, bytes: int): void {
  const limit = c.limit[TR] >>> 0;
  if ((c.access[TR] & ACCESS_UNUSABLE) !== 0 || (c.access[TR] & ACCESS_TSS_32) === 0 || limit < MINIMUM_32) {
    throw new GuestFault(GP, 0);
  }
  const at = ioMapOffset(c) + (port >> 3);
  // Two bytes are read whatever the port: the map ends with a byte of ones.
  if (at + 1 > limit) throw new GuestFault(GP, 0);
  const place = c.memory.readPlace((c.base[TR] + at) | 0, 2, 0);
  const mask = ((1 << bytes) - 1) << (port & 7);
  if (c.memory.load16(place, 0) & mask) throw new GuestFault(GP, 0);
}

/** Whether the interrupt redirection bitmap (section 21.3) sends INT `vector` to the protected-mode handler. */
export function isIntercepted(c: Cpu, vector: int): boolean {
  const limit = c.limit[TR] >>> 0;
  if ((c.access[TR] & ACCESS_TSS_32) === 0 || limit < MINIMUM_32) throw new GuestFault(GP, 0);
  const at = ioMapOffset(c) - 32 + (vector >> 3);
  if (at < 0 || at > limit) throw new GuestFault(GP, 0);
  const place = c.memory.readPlace((c.base[TR] + at) | 0, 1, 0);
  return ((c.memory.load8(place, 0) >> (vector & 7)) & 1) !== 0;
}

function ioMapOffset(c: Cpu): int {
  return c.memory.load16(c.memory.readPlace((c.base[TR] + IO_MAP_AT) | 0, 2, 0), 0) & 0xffff;
}

function save(c: Cpu, place: Place, wide: boolean, flags: int): void {
  const memory = c.memory;
  if (wide) {
    memory.store32(place, 0, c.eip);
    memory.store32(place, 4, flags);
    for (let n = EAX; n <= EDI; n++) memory.store32(place, 8 + 4 * n, c.reg[n]);
    for (let seg = ES; seg <= GS; seg++) memory.store16(place, 40 + 4 * seg, c.sel[seg]);
  } else {
    memory.store16(place, 0, c.eip);
    memory.store16(place, 2, flags);
    for (let n = EAX; n <= EDI; n++) memory.store16(place, 4 + 2 * n, c.reg[n]);
    for (let seg = ES; seg <= DS; seg++) memory.store16(place, 20 + 2 * seg, c.sel[seg]);
  }
}

/** Reads registers, flags and selectors from a TSS; returns its LDT selector. A 16-bit TSS sets the high halves to ones. */
function restore(c: Cpu, state: Place, wide: boolean, nested: boolean): int {
  const memory = c.memory;
  const word = (at: int) => memory.load16(state, at) & 0xffff;
  const flags = wide ? memory.load32(state, 0x24) : word(0x10);
  c.eip = wide ? memory.load32(state, 0x20) : word(0x0e);
  for (let n = EAX; n <= EDI; n++) c.reg[n] = wide ? memory.load32(state, 0x28 + 4 * n) : word(0x12 + 2 * n) | ~0xffff;
  for (let seg = ES; seg <= GS; seg++) {
    if (wide) c.sel[seg] = word(0x48 + 4 * seg);
    else c.sel[seg] = seg <= DS ? word(0x22 + 2 * seg) : 0;
  }
  setEflags(c, nested ? flags | FLAG_NT : flags, wide ? ALL_FLAGS : 0xffff);
  if (!wide) setEflags(c, 0, FLAG_VM | FLAG_RF);
  return word(wide ? 0x60 : 0x2a);
}

function switchSpace(c: Cpu, cr3: int, code: int): void {
  if (c.cr4 & CR4_PAE && !c.memory.loadPdptes(cr3)) throw new GuestFault(TS, code);
  c.cr3 = cr3;
  c.memory.loadCr3(c);
}

function loadLdt(c: Cpu, selector: int, ext: int): void {
  setNullSegment(c, LDTR, selector);
  if (isNull(selector)) return;
  if (selector & 4) throw new GuestFault(TS, selectorCode(selector, ext));
  const place = descriptorPlace(c, selector, TS, ext);
  const low = c.memory.load32(place, 0);
  const high = c.memory.load32(place, 4);
  if (descriptorType(high) !== LDT || !isPresent(high)) throw new GuestFault(TS, selectorCode(selector, ext));
  setSegment(c, LDTR, selector, descriptorBase(low, high), descriptorLimit(low, high), descriptorAccess(high));
}

function loadSegments(c: Cpu, ext: int): void {
  if (c.VM !== 0) {
    for (let seg = ES; seg <= GS; seg++) setVm86Segment(c, seg, c.sel[seg]);
  } else {
    loadCode(c, c.sel[CS], ext);
    loadStackSegment(c, c.sel[SS], TS, ext);
    loadDataSegment(c, ES, c.sel[ES], TS, ext);
    loadDataSegment(c, DS, c.sel[DS], TS, ext);
    loadDataSegment(c, FS, c.sel[FS], TS, ext);
    loadDataSegment(c, GS, c.sel[GS], TS, ext);
  }
  if (c.eip >>> 0 > c.limit[CS] >>> 0) throw new GuestFault(GP, ext);
}

/**
 * SS without checks, if it is a stack at all: a fault over another part of the new task's state comes after everything
 * has been loaded (section 8.3, step 13 on), and its handler may need this stack.
 */
function presetStack(c: Cpu): void {
  const selector = c.sel[SS];
  if (isNull(selector) || !isInTable(c, selector)) return;
  const place = c.memory.readPlace(descriptorAddress(c, selector), 8, 0);
  const high = c.memory.load32(place, 4);
  if (isWritableData(high) && isPresent(high)) setFromDescriptor(c, SS, selector, c.memory.load32(place, 0), high);
}

/** CS of the new task: its RPL is the new CPL. */
function loadCode(c: Cpu, selector: int, ext: int): void {
  if (isNull(selector)) throw new GuestFault(TS, selectorCode(selector, ext));
  const place = descriptorPlace(c, selector, TS, ext);
  const low = c.memory.load32(place, 0);
  const high = c.memory.load32(place, 4);
  const dpl = descriptorDpl(high);
  const rpl = selector & 3;
  if (!isCode(high) || (isConforming(high) ? dpl > rpl : dpl !== rpl)) {
    throw new GuestFault(TS, selectorCode(selector, ext));
  }
  if (!isPresent(high)) throw new GuestFault(NP, selectorCode(selector, ext));
  markAccessed(c, selector, high);
  setFromDescriptor(c, CS, selector, low, high);
}

function pushCode(c: Cpu, code: int, wide: boolean, ext: int): void {
  const frame = Frame.current(c, ext);
  frame.push(code, wide ? 32 : 16);
  frame.store();
  c.reg[ESP] = frame.pointer;
}
