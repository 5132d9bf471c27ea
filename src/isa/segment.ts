// Segmentation of data accesses: limit, type and presence (SDM vol. 3, sections 5.3 to 5.5). Loading segment
// registers is in semantics/; here is what every access needs, and the two spans that make it cheap.

import { GP, GuestFault, SS_FAULT } from './fault.ts';
import type { int } from './insn.ts';
import { SS } from './insn.ts';
import type { Cpu } from './state.ts';
import {
  ACCESS_BIG,
  ACCESS_CODE,
  ACCESS_DOWN_OR_CONFORMING,
  ACCESS_PRESENT,
  ACCESS_UNUSABLE,
  ACCESS_WRITABLE_OR_READABLE,
  CR0_PE,
} from './system-bits.ts';

/** Widest access that the spans vouch for, in bytes. */
const SPAN_BYTES = 16;
/** The span of a segment of 4 GiB. */
export const FLAT_SPAN = 1 - SPAN_BYTES;

/** Guest-linear address of `bytes` at seg:offset, checked for reading. #GP(0), for SS #SS(0). */
export function linearForRead(c: Cpu, seg: int, offset: int, bytes: int): int {
  if (offset >>> 0 < c.readSpan[seg] >>> 0 && bytes <= SPAN_BYTES) return (c.base[seg] + offset) | 0;
  return checked(c, seg, offset, bytes, false);
}

/** The same for writing. */
export function linearForWrite(c: Cpu, seg: int, offset: int, bytes: int): int {
  if (offset >>> 0 < c.writeSpan[seg] >>> 0 && bytes <= SPAN_BYTES) return (c.base[seg] + offset) | 0;
  return checked(c, seg, offset, bytes, true);
}

/** Recomputes the spans of a segment register. Call it whenever its cache, PE or VM changes. */
export function updateSpans(c: Cpu, seg: int): void {
  const access = c.access[seg];
  const limit = c.limit[seg] >>> 0;
  const span = limit >= SPAN_BYTES - 1 ? (limit - (SPAN_BYTES - 2)) | 0 : 0;
  const usable = (access & ACCESS_PRESENT) !== 0 && (access & ACCESS_UNUSABLE) === 0;
  const down = (access & ACCESS_CODE) === 0 && (access & ACCESS_DOWN_OR_CONFORMING) !== 0;
  const real = realOrVirtual(c);
  const up = usable && !down;
  c.readSpan[seg] = up && (real || canRead(access)) ? span : 0;
  c.writeSpan[seg] = up && (real || canWrite(access)) ? span : 0;
}

function canRead(access: int): boolean {
  return (access & ACCESS_CODE) === 0 || (access & ACCESS_WRITABLE_OR_READABLE) !== 0;
}

function canWrite(access: int): boolean {
  return (access & ACCESS_CODE) === 0 && (access & ACCESS_WRITABLE_OR_READABLE) !== 0;
}

function realOrVirtual(c: Cpu): boolean {
  return (c.cr0 & CR0_PE) === 0 || c.VM !== 0;
}

function checked(c: Cpu, seg: int, offset: int, bytes: int, write: boolean): int {
  const access = c.access[seg];
  const vector = seg === SS ? SS_FAULT : GP;
  if ((access & ACCESS_UNUSABLE) !== 0 || (access & ACCESS_PRESENT) === 0) throw new GuestFault(vector, 0);
  if (!realOrVirtual(c) && !(write ? canWrite(access) : canRead(access))) throw new GuestFault(vector, 0);
  const first = offset >>> 0;
  const last = first + bytes - 1;
  const limit = c.limit[seg] >>> 0;
  if ((access & ACCESS_CODE) === 0 && (access & ACCESS_DOWN_OR_CONFORMING) !== 0) {
    const top = (access & ACCESS_BIG) !== 0 ? 0xffffffff : 0xffff;
    if (first <= limit || last > top) throw new GuestFault(vector, 0);
  } else if (last > limit && !(limit === 0xffffffff && first <= limit)) {
    // A flat segment wraps round at 4 GiB.
    throw new GuestFault(vector, 0);
  }
  return (c.base[seg] + offset) | 0;
}
