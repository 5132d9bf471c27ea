// System instructions that fit no other file (SDM vol. 2, same names): descriptor-table registers, inspection of
// segments, HLT, caches, and instructions that only raise exceptions.

import { BR, GP, GuestFault, NP, UD as UNDEFINED } from '../fault.ts';
import { type Insn, type int, LDTR, MEM, TR } from '../insn.ts';
import { load, readPlace, writePlace } from '../prims.ts';
import type { Cpu } from '../state.ts';
import {
  CALL_GATE16,
  CALL_GATE32,
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
  isReadable,
  isWritableData,
  LDT,
  selectorCode,
  TASK_GATE,
  TSS16_AVAILABLE,
  TSS16_BUSY,
  TSS32_AVAILABLE,
  TSS32_BUSY,
} from './descriptors.ts';
import { FLAG_ZF, setEflags } from './eflags.ts';
import { extend, offset, put, read, setPart, writable } from './operand.ts';
import { privileged } from './privilege.ts';
import { isProtected, setNullSegment, setSegment } from './segments.ts';
import { tssDescriptor } from './task.ts';

/** LGDT. With a 16-bit operand the base has 24 bits. */
export function LGDT(c: Cpu, i: Insn): void {
  privileged(c);
  const place = readPlace(c, i.src.seg, offset(c, i.src), 48);
  c.gdtLimit = c.memory.load16(place, 0) & 0xffff;
  c.gdtBase = c.memory.load32(place, 2) & (i.osize === 16 ? 0xffffff : -1);
}

/** LIDT. With a 16-bit operand the base has 24 bits. */
export function LIDT(c: Cpu, i: Insn): void {
  privileged(c);
  const place = readPlace(c, i.src.seg, offset(c, i.src), 48);
  c.idtLimit = c.memory.load16(place, 0) & 0xffff;
  c.idtBase = c.memory.load32(place, 2) & (i.osize === 16 ? 0xffffff : -1);
}

/** SGDT - all 32 bits of the base, whatever the operand size. */
export function SGDT(c: Cpu, i: Insn): void {
  storeTable(c, i, c.gdtLimit, c.gdtBase);
}

/** SIDT - all 32 bits of the base, whatever the operand size. */
export function SIDT(c: Cpu, i: Insn): void {
  storeTable(c, i, c.idtLimit, c.idtBase);
}

/** LLDT. */
export function LLDT(c: Cpu, i: Insn): void {
  protectedOnly(c);
  privileged(c);
  const selector = read(c, i.src) & 0xffff;
  if (isNull(selector)) {
    setNullSegment(c, LDTR, selector);
    return;
  }
  if (selector & 4) throw new GuestFault(GP, selectorCode(selector, 0));
  const place = descriptorPlace(c, selector, GP, 0);
  const low = c.memory.load32(place, 0);
  const high = c.memory.load32(place, 4);
  if (descriptorType(high) !== LDT) throw new GuestFault(GP, selectorCode(selector, 0));
  if (!isPresent(high)) throw new GuestFault(NP, selectorCode(selector, 0));
  setSegment(c, LDTR, selector, descriptorBase(low, high), descriptorLimit(low, high), descriptorAccess(high));
}

/** LTR - the TSS becomes busy. */
export function LTR(c: Cpu, i: Insn): void {
  protectedOnly(c);
  privileged(c);
  const selector = read(c, i.src) & 0xffff;
  if (isNull(selector)) throw new GuestFault(GP, 0);
  const place = tssDescriptor(c, selector, false, GP, 0);
  const low = c.memory.load32(place, 0);
  const high = c.memory.load32(place, 4) | DESCRIPTOR_BUSY;
  c.memory.store32(c.memory.writePlace((descriptorAddress(c, selector) + 4) | 0, 4, 0), 0, high);
  setSegment(c, TR, selector, descriptorBase(low, high), descriptorLimit(low, high), descriptorAccess(high));
}

/** SLDT. */
export function SLDT(c: Cpu, i: Insn): void {
  protectedOnly(c);
  putSelector(c, i, c.sel[LDTR]);
}

/** STR. */
export function STR(c: Cpu, i: Insn): void {
  protectedOnly(c);
  putSelector(c, i, c.sel[TR]);
}

/** VERR - ZF <- the segment can be read here. */
export function VERR(c: Cpu, i: Insn): void {
  const high = inspected(c, i);
  setZero(c, high !== 0 && isReadable(high) && isVisible(c, i, high));
}

/** VERW - ZF <- the segment can be written here. */
export function VERW(c: Cpu, i: Insn): void {
  const high = inspected(c, i);
  setZero(c, high !== 0 && isWritableData(high) && isVisible(c, i, high));
}

/** LAR - DEST <- attributes of the descriptor and ZF <- 1, or ZF <- 0. Bits 16 to 19, undefined, are those of the limit. */
export function LAR(c: Cpu, i: Insn): void {
  const high = inspected(c, i);
  const found = high !== 0 && hasAttributes(descriptorType(high)) && isVisible(c, i, high);
  if (found) setPart(c, i.dst.n, i.osize, high & 0x00ffff00);
  setZero(c, found);
}

/** LSL - DEST <- limit in bytes and ZF <- 1, or ZF <- 0. */
export function LSL(c: Cpu, i: Insn): void {
  const high = inspected(c, i);
  const found = high !== 0 && hasLimit(descriptorType(high)) && isVisible(c, i, high);
  if (found) {
    const selector = read(c, i.src) & 0xffff;
    const low = c.memory.load32(c.memory.readPlace(descriptorAddress(c, selector), 8, 0), 0);
    setPart(c, i.dst.n, i.osize, descriptorLimit(low, high));
  }
  setZero(c, found);
}

/** ARPL - RPL of DEST <- that of SRC and ZF <- 1 if it is smaller, else ZF <- 0 and nothing is written. */
export function ARPL(c: Cpu, i: Insn): void {
  protectedOnly(c);
  const value = read(c, i.dst);
  const rpl = c.reg[i.src.n] & 3;
  const smaller = (value & 3) < rpl;
  if (smaller) put(c, i.dst, writable(c, i.dst), (value & ~3) | rpl);
  setZero(c, smaller);
}

/** HLT - until an interrupt. */
export function HLT(c: Cpu, _i: Insn): void {
  privileged(c);
  c.halted = 1;
  c.attention = 1;
}

/** INVLPG - drops the cached translation of a page. No segment checks. */
export function INVLPG(c: Cpu, i: Insn): void {
  privileged(c);
  c.memory.invalidatePage((c.base[i.src.seg] + offset(c, i.src)) | 0);
}

/** INVD: there is no cache to invalidate. */
export function INVD(c: Cpu, _i: Insn): void {
  privileged(c);
}

/** WBINVD: there is no cache to write back. */
export function WBINVD(c: Cpu, _i: Insn): void {
  privileged(c);
}

/** CLFLUSH - the line must be readable. */
export function CLFLUSH(c: Cpu, i: Insn): void {
  readPlace(c, i.src.seg, offset(c, i.src), 8);
}

/** LFENCE: memory accesses are in order. */
export function LFENCE(_c: Cpu, _i: Insn): void {}

/** MFENCE: memory accesses are in order. */
export function MFENCE(_c: Cpu, _i: Insn): void {}

/** SFENCE: memory accesses are in order. */
export function SFENCE(_c: Cpu, _i: Insn): void {}

/** BOUND - #BR unless lower <= index <= upper, signed. */
export function BOUND(c: Cpu, i: Insn): void {
  const place = readPlace(c, i.src.seg, offset(c, i.src), 2 * i.osize);
  const index = extend(c.reg[i.dst.n], i.osize);
  if (index < load(c, place, i.osize) || index > load(c, place, i.osize, i.osize >> 3)) throw new GuestFault(BR);
}

/** UD2 and every undefined opcode: #UD. */
export function UD(_c: Cpu, _i: Insn): void {
  throw new GuestFault(UNDEFINED);
}

/** An instruction of more than 15 bytes: #GP(0). */
export function TOOLONG(_c: Cpu, _i: Insn): void {
  throw new GuestFault(GP, 0);
}

/** #UD in real-address and virtual-8086 mode. */
function protectedOnly(c: Cpu): void {
  if (!isProtected(c)) throw new GuestFault(UNDEFINED);
}

function storeTable(c: Cpu, i: Insn, limit: int, base: int): void {
  const place = writePlace(c, i.dst.seg, offset(c, i.dst), 48);
  c.memory.store16(place, 0, limit);
  c.memory.store32(place, 2, base);
}

/** A selector: 16 bits to memory, zero-extended to a register of the operand size. */
function putSelector(c: Cpu, i: Insn, selector: int): void {
  if (i.dst.kind === MEM) c.memory.store16(writePlace(c, i.dst.seg, offset(c, i.dst), 16), 0, selector);
  else setPart(c, i.dst.n, i.osize, selector);
}

/** The high doubleword of the descriptor that SRC names; 0 if there is none. */
function inspected(c: Cpu, i: Insn): int {
  protectedOnly(c);
  const selector = read(c, i.src) & 0xffff;
  if (isNull(selector) || !isInTable(c, selector)) return 0;
  return c.memory.load32(c.memory.readPlace(descriptorAddress(c, selector), 8, 0), 4);
}

/** DPL against CPL and RPL; conforming code is visible to all. */
function isVisible(c: Cpu, i: Insn, high: int): boolean {
  if (isCode(high) && isConforming(high)) return true;
  const dpl = descriptorDpl(high);
  return c.cpl <= dpl && (read(c, i.src) & 3) <= dpl;
}

/** Types that LAR shows (vol. 2, table 3-53). */
function hasAttributes(type: int): boolean {
  return hasLimit(type) || type === CALL_GATE16 || type === TASK_GATE || type === CALL_GATE32;
}

/** Types that LSL shows (vol. 2, table 3-57). */
function hasLimit(type: int): boolean {
  return (
    type >= 16 ||
    type === LDT ||
    type === TSS16_AVAILABLE ||
    type === TSS16_BUSY ||
    type === TSS32_AVAILABLE ||
    type === TSS32_BUSY
  );
}

function setZero(c: Cpu, zero: boolean): void {
  setEflags(c, zero ? FLAG_ZF : 0, FLAG_ZF);
}
