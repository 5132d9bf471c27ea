// Segment and system descriptors in the GDT and the LDT (SDM vol. 3, sections 3.4.5 and 3.5): finding them, taking
// them apart, and the bits that the processor writes back (accessed, busy).
// A descriptor is passed around as its two doublewords `low` and `high`; it is found as a Place, so that nothing is
// allocated. Table accesses are implicit supervisor accesses (section 4.6.1).

import type { Place } from '../environment.ts';
import { GuestFault } from '../fault.ts';
import type { int } from '../insn.ts';
import { LDTR } from '../insn.ts';
import type { Cpu } from '../state.ts';
import { ACCESS_PRESENT, ACCESS_UNUSABLE } from '../system-bits.ts';

// Bits of a descriptor's high doubleword.
export const DESCRIPTOR_ACCESSED = 1 << 8;
/** Writable (data), readable (code). */
export const DESCRIPTOR_RW = 1 << 9;
/** Expand-down (data), conforming (code). */
export const DESCRIPTOR_DC = 1 << 10;
export const DESCRIPTOR_CODE = 1 << 11;
export const DESCRIPTOR_SEGMENT = 1 << 12;
export const DESCRIPTOR_PRESENT = 1 << 15;
/** In the type of a TSS: busy. */
export const DESCRIPTOR_BUSY = 1 << 9;
/** In the type of a gate or TSS: of 32 bits. */
export const DESCRIPTOR_32 = 1 << 11;

// Types of system descriptors (table 3-2).
export const TSS16_AVAILABLE = 1;
export const LDT = 2;
export const TSS16_BUSY = 3;
export const CALL_GATE16 = 4;
export const TASK_GATE = 5;
export const INTERRUPT_GATE16 = 6;
export const TRAP_GATE16 = 7;
export const TSS32_AVAILABLE = 9;
export const TSS32_BUSY = 11;
export const CALL_GATE32 = 12;
export const INTERRUPT_GATE32 = 14;
export const TRAP_GATE32 = 15;

/** Selectors 0..3: the null selector, whatever its RPL. */
export function isNull(selector: int): boolean {
  return (selector & 0xfffc) === 0;
}

/** A selector as an error code: without its RPL, with EXT. */
export function selectorCode(selector: int, ext: int): int {
  return (selector & 0xfffc) | ext;
}

export function descriptorDpl(high: int): int {
  return (high >> 13) & 3;
}

/** S and type: 0..15 for system descriptors, 16..31 for segments. */
export function descriptorType(high: int): int {
  return (high >> 8) & 31;
}

export function isPresent(high: int): boolean {
  return (high & DESCRIPTOR_PRESENT) !== 0;
}

export function isCode(high: int): boolean {
  return (high & (DESCRIPTOR_SEGMENT | DESCRIPTOR_CODE)) === (DESCRIPTOR_SEGMENT | DESCRIPTOR_CODE);
}

export function isConforming(high: int): boolean {
  return (high & DESCRIPTOR_DC) !== 0;
}

export function isWritableData(high: int): boolean {
  return (high & (DESCRIPTOR_SEGMENT | DESCRIPTOR_CODE | DESCRIPTOR_RW)) === (DESCRIPTOR_SEGMENT | DESCRIPTOR_RW);
}

/** Data, or code that can be read. */
export function isReadable(high: int): boolean {
  return (high & DESCRIPTOR_SEGMENT) !== 0 && (high & (DESCRIPTOR_CODE | DESCRIPTOR_RW)) !== DESCRIPTOR_CODE;
}

export function descriptorBase(low: int, high: int): int {
  return (low >>> 16) | ((high & 0xff) << 16) | (high & 0xff000000);
}

/** The limit in bytes: the last offset. */
export function descriptorLimit(low: int, high: int): int {
  const limit = (low & 0xffff) | (high & 0xf0000);
  return high & (1 << 23) ? (limit << 12) | 0xfff : limit;
}

/** The attributes in the form of `c.access`. */
export function descriptorAccess(high: int): int {
  return (high >>> 8) & 0xf0ff;
}

/** Whether the selector lies within the limit of its table. The null selector does: check it before. */
export function isInTable(c: Cpu, selector: int): boolean {
  const last = (selector | 7) & 0xffff;
  if ((selector & 4) === 0) return last <= c.gdtLimit >>> 0;
  if ((c.access[LDTR] & (ACCESS_UNUSABLE | ACCESS_PRESENT)) !== ACCESS_PRESENT) return false;
  return last <= c.limit[LDTR] >>> 0;
}

/** Guest-linear address of a descriptor. */
export function descriptorAddress(c: Cpu, selector: int): int {
  return ((selector & 4 ? c.base[LDTR] : c.gdtBase) + (selector & 0xfff8)) | 0;
}

/** The place of a descriptor; `vector`(selector + EXT) if its table does not reach that far. */
export function descriptorPlace(c: Cpu, selector: int, vector: int, ext: int): Place {
  if (!isInTable(c, selector)) throw new GuestFault(vector, selectorCode(selector, ext));
  return c.memory.readPlace(descriptorAddress(c, selector), 8, 0);
}

/** Sets the accessed bit in the table, unless it is set. May fault: call it before anything is committed. */
export function markAccessed(c: Cpu, selector: int, high: int): void {
  if (high & DESCRIPTOR_ACCESSED) return;
  const at = (descriptorAddress(c, selector) + 5) | 0;
  c.memory.store8(c.memory.writePlace(at, 1, 0), 0, (high >> 8) | 1);
}
