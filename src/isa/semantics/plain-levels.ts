// Exceptions, interrupts and IRET as systems have them that do not use segmentation: 32-bit interrupt and trap gates, flat
// segments from the GDT, aligned frames within a page. It is what interrupt.ts and iret.ts do, with the outcome of most of
// their checks known from two comparisons of a descriptor; nearly all of what a kernel is entered by, and leaves by, goes
// this way. Where anything is different, nothing has been done, and the answer is false: they go the general way then.
//
// The checks that are left have their order: a page fault that is raised here is the one that would be raised there.

import { NO_CODE } from '../fault.ts';
import { CS, DS, ES, ESP, FS, GS, type int, SS, TR } from '../insn.ts';
import { isWatched } from '../prims.ts';
import { WORD } from '../register-file.ts';
import { FLAT_SPAN } from '../segment.ts';
import type { Cpu } from '../state.ts';
import { ACCESS_BIG, ACCESS_UNUSABLE, CR0_PE } from '../system-bits.ts';
import { descriptorAccess, descriptorDpl } from './descriptors.ts';
import { FLAG_RF, FLAG_VM, getEflags, setEflags } from './eflags.ts';
import { invalidateInner } from './far.ts';
import { setFlatCode, setFlatData } from './segments.ts';
import { ACCESS_TSS_32 } from './task.ts';

const PAGE = 4096;
/** High doubleword of a gate: present, an interrupt or trap gate of 32 bits; the bit that says which. */
const GATE_MASK = 0x9e00;
const GATE = 0x8e00;
const IS_TRAP = 0x100;
/** The low doubleword of a flat descriptor, and the high one but for DPL and AVL: present, accessed, 4 GiB, of 32 bits. */
const FLAT_LOW = 0xffff;
const FLAT_MASK = ~((3 << 13) | (1 << 20));
const FLAT_CODE = 0x00cf9b00;
const FLAT_DATA = 0x00cf9300;
/** TI: the selector is of the LDT. */
const LOCAL = 4;
/** ESP and SS of level 0 in a TSS of 32 bits; those of the next level behind them. */
const TSS_STACKS = 4;

/** Enters the handler of a vector as `enter` of interrupt.ts does. Raises #PF. */
export function entersPlainly(c: Cpu, vector: int, code: int, software: int, rf: int): boolean {
  const w = c.words;
  if ((w[WORD.cr0] & CR0_PE) === 0 || w[WORD.VM] !== 0 || 8 * vector + 7 > c.idtLimit >>> 0) return false;
  const { memory } = c;
  const gate = memory.readPlace((c.idtBase + 8 * vector) | 0, 8, 0);
  if (gate < 0) return false;
  const gateLow = memory.load32(gate, 0);
  const gateHigh = memory.load32(gate, 4);
  const cpl = w[WORD.cpl];
  if ((gateHigh & GATE_MASK) !== GATE || (software !== 0 && descriptorDpl(gateHigh) < cpl)) return false;
  const selector = gateLow >>> 16;
  const high = flatDescriptor(c, selector, FLAT_CODE);
  const dpl = descriptorDpl(high);
  if (high === 0 || dpl > cpl) return false;

  let top = w[ESP];
  let stack = 0;
  let stackHigh = 0;
  const isInward = dpl < cpl;
  if (isInward) {
    const at = TSS_STACKS + 8 * dpl;
    if (
      (w[WORD.access + TR] & (ACCESS_TSS_32 | ACCESS_UNUSABLE)) !== ACCESS_TSS_32 ||
      w[WORD.limit + TR] >>> 0 < at + 7
    )
      return false;
    const place = memory.readPlace((w[WORD.base + TR] + at) | 0, 8, 0);
    if (place < 0) return false;
    top = memory.load32(place, 0);
    stack = memory.load16(place, 4) & 0xffff;
    stackHigh = flatDescriptor(c, stack, FLAT_DATA);
    if (stackHigh === 0 || (stack & 3) !== dpl || descriptorDpl(stackHigh) !== dpl) return false;
  } else if (!hasFlatStack(w)) return false;

  // What is pushed first lies highest. Where that may be written, so may what lies below it in its page, without a fault;
  // but there may be code, or something else that is watched.
  const bytes = (isInward ? 20 : 12) + (code === NO_CODE ? 0 : 4);
  const user = !isInward && cpl === 3 ? 1 : 0;
  if ((top & 3) !== 0 || ((top - 4) & (PAGE - 1)) < bytes - 4) return false;
  if (memory.writePlace((top - 4) | 0, 4, user) < 0) return false;
  const frame = memory.writePlace((top - bytes) | 0, bytes, user);
  if (frame < 0) return false;
  let at = bytes - 4;
  if (isInward) {
    memory.store32(frame, at, w[WORD.sel + SS]);
    memory.store32(frame, at - 4, w[ESP]);
    at -= 8;
  }
  memory.store32(frame, at, (getEflags(c) & ~FLAG_RF) | (rf ? FLAG_RF : 0));
  memory.store32(frame, at - 4, w[WORD.sel + CS]);
  memory.store32(frame, at - 8, w[WORD.eip]);
  if (code !== NO_CODE) memory.store32(frame, 0, code);

  if (isInward) {
    w[WORD.cpl] = dpl;
    setFlatData(c, SS, stack, descriptorAccess(stackHigh));
  }
  w[ESP] = (top - bytes) | 0;
  setFlatCode(c, (selector & ~3) | dpl, descriptorAccess(high));
  w[WORD.eip] = (gateLow & 0xffff) | (gateHigh & 0xffff0000);
  if ((gateHigh & IS_TRAP) === 0) w[WORD.IF] = 0;
  w[WORD.TF] = 0;
  w[WORD.NT] = 0;
  w[WORD.RF] = 0;
  return true;
}

/**
 * IRETD to the same level or an outer one, not to virtual-8086 mode nor to another task. `writable`: flags that it changes.
 * Raises #PF.
 */
export function returnsPlainly(c: Cpu, writable: int): boolean {
  const w = c.words;
  if ((w[WORD.cr0] & CR0_PE) === 0 || w[WORD.VM] !== 0 || w[WORD.NT] !== 0 || isWatched(c) || !hasFlatStack(w))
    return false;
  const { memory } = c;
  const cpl = w[WORD.cpl];
  const top = w[ESP];
  if ((top & 3) !== 0 || (top & (PAGE - 1)) > PAGE - 20) return false;
  const frame = memory.readPlace(top, 4, cpl === 3 ? 1 : 0);
  if (frame < 0) return false;
  const target = memory.load32(frame, 0);
  const selector = memory.load32(frame, 4) & 0xffff;
  const flags = memory.load32(frame, 8);
  const level = selector & 3;
  if (((flags & FLAG_VM) !== 0 && cpl === 0) || level < cpl) return false;
  const high = flatDescriptor(c, selector, FLAT_CODE);
  if (high === 0 || descriptorDpl(high) !== level) return false;

  if (level === cpl) w[ESP] = (top + 12) | 0;
  else {
    const stack = memory.load32(frame, 16) & 0xffff;
    const stackHigh = flatDescriptor(c, stack, FLAT_DATA);
    if (stackHigh === 0 || (stack & 3) !== level || descriptorDpl(stackHigh) !== level) return false;
    w[WORD.cpl] = level;
    setFlatData(c, SS, stack, descriptorAccess(stackHigh));
    w[ESP] = memory.load32(frame, 12);
    invalidateInner(c, ES);
    invalidateInner(c, DS);
    invalidateInner(c, FS);
    invalidateInner(c, GS);
  }
  setFlatCode(c, selector, descriptorAccess(high));
  w[WORD.eip] = target;
  setEflags(c, flags, writable);
  return true;
}

function hasFlatStack(w: Int32Array): boolean {
  return w[WORD.base + SS] === 0 && w[WORD.writeSpan + SS] === FLAT_SPAN && (w[WORD.access + SS] & ACCESS_BIG) !== 0;
}

/** High doubleword of a selector's descriptor in the GDT; 0 if it is not flat code or data as `wanted`. Raises #PF. */
function flatDescriptor(c: Cpu, selector: int, wanted: int): int {
  if ((selector & LOCAL) !== 0 || (selector & 0xfff8) === 0 || (selector | 7) > c.gdtLimit >>> 0) return 0;
  const place = c.memory.readPlace((c.gdtBase + (selector & 0xfff8)) | 0, 8, 0);
  if (place < 0 || c.memory.load32(place, 0) !== FLAT_LOW) return 0;
  const high = c.memory.load32(place, 4);
  return (high & FLAT_MASK) === wanted ? high : 0;
}
