// Loading segment registers (SDM vol. 3, sections 3.4 and 5.5 to 5.7; vol. 2, MOV, POP, LDS): the checks in each mode,
// and the words of the state that a load sets.
// In real-address mode a load changes selector and base only: limit and attributes stay, which is what programs that
// work in "big real mode" rely on. Stores of segment registers are in segment-store.ts.

import type { Place } from '../environment.ts';
import { GP, GuestFault, NP, SS_FAULT } from '../fault.ts';
import { CS, type Insn, type int, SS } from '../insn.ts';
import { load, readPlace } from '../prims.ts';
import { WORD } from '../register-file.ts';
import { FLAT_SPAN, updateSpans } from '../segment.ts';
import type { Cpu } from '../state.ts';
import {
  ACCESS_DPL_SHIFT,
  ACCESS_PRESENT,
  ACCESS_SEGMENT,
  ACCESS_UNUSABLE,
  ACCESS_WRITABLE_OR_READABLE,
  CR0_PE,
} from '../system-bits.ts';
import {
  descriptorAccess,
  descriptorBase,
  descriptorDpl,
  descriptorLimit,
  descriptorPlace,
  isCode,
  isConforming,
  isNull,
  isPresent,
  isReadable,
  isWritableData,
  markAccessed,
  selectorCode,
} from './descriptors.ts';
import { offset, setPart } from './operand.ts';

export { MOVSEG, POPSEG, PUSHSEG } from './segment-store.ts';

/** Present, read/write, accessed data: what real-address mode starts with. */
const REAL_MODE_ACCESS = ACCESS_PRESENT | ACCESS_SEGMENT | ACCESS_WRITABLE_OR_READABLE | 1;
const VM86_ACCESS = REAL_MODE_ACCESS | (3 << ACCESS_DPL_SHIFT);

/** Protected mode proper: neither real-address nor virtual-8086 mode. */
export function isProtected(c: Cpu): boolean {
  return (c.cr0 & CR0_PE) !== 0 && c.VM === 0;
}

/** Sets selector, base, limit and attributes, and recomputes the spans. */
export function setSegment(c: Cpu, seg: int, selector: int, base: int, limit: int, access: int): void {
  c.sel[seg] = selector & 0xffff;
  c.base[seg] = base;
  c.limit[seg] = limit;
  c.access[seg] = access;
  updateSpans(c, seg);
}

/** Sets CS in protected mode, 0 to 4 GiB; `access` is of readable code. */
export function setFlatCode(c: Cpu, selector: int, access: int): void {
  setFlat(c.words, CS, selector, access, 0);
}

/** The same for SS, DS, ES, FS or GS; `access` is of writable data that does not expand down. */
export function setFlatData(c: Cpu, seg: int, selector: int, access: int): void {
  setFlat(c.words, seg, selector, access, FLAT_SPAN);
}

function setFlat(w: Int32Array, seg: int, selector: int, access: int, writeSpan: int): void {
  w[WORD.sel + seg] = selector;
  w[WORD.base + seg] = 0;
  w[WORD.limit + seg] = -1;
  w[WORD.access + seg] = access;
  w[WORD.readSpan + seg] = FLAT_SPAN;
  w[WORD.writeSpan + seg] = writeSpan;
}

/** Sets a segment register from a checked descriptor. */
export function setFromDescriptor(c: Cpu, seg: int, selector: int, low: int, high: int): void {
  const access = descriptorAccess(high) | 1;
  setSegment(c, seg, selector, descriptorBase(low, high), descriptorLimit(low, high), access);
}

/** Sets a segment register to a null selector: every access through it faults. */
export function setNullSegment(c: Cpu, seg: int, selector: int): void {
  setSegment(c, seg, selector, 0, 0, ACCESS_UNUSABLE);
}

/** A load in real-address mode: base = selector * 16. Limit and attributes stay, unless the segment was unusable. */
export function setRealModeSegment(c: Cpu, seg: int, selector: int): void {
  const unusable = (c.access[seg] & (ACCESS_UNUSABLE | ACCESS_PRESENT)) !== ACCESS_PRESENT;
  const access = unusable ? REAL_MODE_ACCESS : c.access[seg] & ~(3 << ACCESS_DPL_SHIFT);
  setSegment(c, seg, selector, (selector & 0xffff) << 4, unusable ? 0xffff : c.limit[seg], access);
}

/** A load in virtual-8086 mode: 64 KiB of data at selector * 16. */
export function setVm86Segment(c: Cpu, seg: int, selector: int): void {
  setSegment(c, seg, selector, (selector & 0xffff) << 4, 0xffff, VM86_ACCESS);
}

/**
 * Checks a selector for SS at privilege level `cpl`: writable data, RPL = DPL = CPL, else `vector`(selector + EXT);
 * present, else #SS. Returns its descriptor.
 */
export function stackDescriptor(c: Cpu, selector: int, cpl: int, vector: int, ext: int): Place {
  if (isNull(selector)) throw new GuestFault(vector, ext);
  const place = descriptorPlace(c, selector, vector, ext);
  const high = c.memory.load32(place, 4);
  if ((selector & 3) !== cpl || !isWritableData(high) || descriptorDpl(high) !== cpl) {
    throw new GuestFault(vector, selectorCode(selector, ext));
  }
  if (!isPresent(high)) throw new GuestFault(SS_FAULT, selectorCode(selector, ext));
  return place;
}

/** Loads SS in protected mode. */
export function loadStackSegment(c: Cpu, selector: int, vector: int, ext: int): void {
  const place = stackDescriptor(c, selector, c.cpl, vector, ext);
  const low = c.memory.load32(place, 0);
  const high = c.memory.load32(place, 4);
  markAccessed(c, selector, high);
  setFromDescriptor(c, SS, selector, low, high);
}

/** Loads DS, ES, FS or GS in protected mode: null, data, or readable code; `vector`(selector + EXT) else. */
export function loadDataSegment(c: Cpu, seg: int, selector: int, vector: int, ext: int): void {
  if (isNull(selector)) {
    setNullSegment(c, seg, selector);
    return;
  }
  const place = descriptorPlace(c, selector, vector, ext);
  const low = c.memory.load32(place, 0);
  const high = c.memory.load32(place, 4);
  if (!isReadable(high) || !mayUse(c, selector, high)) throw new GuestFault(vector, selectorCode(selector, ext));
  if (!isPresent(high)) throw new GuestFault(NP, selectorCode(selector, ext));
  markAccessed(c, selector, high);
  setFromDescriptor(c, seg, selector, low, high);
}

/** Loads a segment register other than CS, in any mode, as MOV, POP and LDS do. #GP, #NP, #SS. */
export function loadSegment(c: Cpu, seg: int, selector: int): void {
  if (c.VM !== 0) setVm86Segment(c, seg, selector);
  else if ((c.cr0 & CR0_PE) === 0) setRealModeSegment(c, seg, selector);
  else if (seg === SS) loadStackSegment(c, selector, GP, 0);
  else loadDataSegment(c, seg, selector, GP, 0);
}

/** The same by MOV or POP: a load of SS holds off interrupts for one instruction. */
export function loadSegmentRegister(c: Cpu, seg: int, selector: int): void {
  loadSegment(c, seg, selector);
  if (seg === SS) c.shadow = 1;
}

/** LES, LDS, LSS, LFS, LGS - Sreg:DEST <- far pointer in memory. */
export function LFP(c: Cpu, i: Insn): void {
  const place = readPlace(c, i.src.seg, offset(c, i.src), i.osize + 16);
  const value = load(c, place, i.osize);
  const selector = c.memory.load16(place, i.osize >> 3) & 0xffff;
  loadSegment(c, i.src2.n, selector);
  setPart(c, i.dst.n, i.osize, value);
}

/** DPL against CPL and RPL: not for conforming code. */
function mayUse(c: Cpu, selector: int, high: int): boolean {
  if (isCode(high) && isConforming(high)) return true;
  const dpl = descriptorDpl(high);
  return c.cpl <= dpl && (selector & 3) <= dpl;
}
