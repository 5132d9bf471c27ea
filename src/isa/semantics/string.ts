// Repeated string instructions: REP MOVS, STOS, LODS, SCAS, CMPS (SDM vol. 2, REP/REPE/REPNE). Residual: not in the
// dialect, every engine calls these functions. One element is done by string-single.ts.
//
// A repeated instruction works through one page of each operand at a time: where both are directly accessible, by a
// bulk operation on the heap; otherwise, and where a segment or a 16-bit offset ends, element by element. Registers
// are brought up to date after each of these steps, so that a fault, or the end of the chunk, leaves them as the
// manual says: the elements done so far are done.

import type { Place } from '../environment.ts';
import { EAX, ECX, EDI, ES, ESI, type Insn, type int, REPE } from '../insn.ts';
import { load } from '../prims.ts';
import type { Cpu } from '../state.ts';
import { zero } from './flags.ts';
import { setPart } from './operand.ts';
import {
  accumulator,
  compareElements,
  compareOne,
  index,
  loadOne,
  moveOne,
  scanOne,
  setAccumulator,
  storeOne,
} from './string-single.ts';

/** Work of one execution: bytes in bulk; then the instruction starts anew, so that interrupts come through. */
const CHUNK_WORK = 65536;
/** Work that an element counts as when it is done alone: at most 4096 of them in a chunk. */
const ELEMENT_WORK = 16;

/** How one instruction does its elements. */
interface Steps {
  readonly source: boolean;
  /** How it uses the destination, ES:EDI. */
  readonly destination: 'none' | 'read' | 'write';
  /** Ends on ZF (SCAS, CMPS). */
  readonly compares: boolean;
  /** One element, index registers moved on. */
  one(c: Cpu, i: Insn): void;
  /** Up to n (at least 2) elements that stay within a page and the segments; returns how many it did, 0 if it cannot. */
  many(c: Cpu, i: Insn, n: int): int;
}

export function repeatMoves(c: Cpu, i: Insn): void {
  repeat(c, i, moves);
}
export function repeatStores(c: Cpu, i: Insn): void {
  repeat(c, i, stores);
}
export function repeatLoads(c: Cpu, i: Insn): void {
  repeat(c, i, loads);
}
export function repeatScans(c: Cpu, i: Insn): void {
  repeat(c, i, scans);
}
export function repeatCompares(c: Cpu, i: Insn): void {
  repeat(c, i, compares);
}

function repeat(c: Cpu, i: Insn, steps: Steps): void {
  const goOn = i.rep === REPE ? 1 : 0;
  // TF traps after each element.
  let work = c.TF !== 0 ? 1 : CHUNK_WORK;
  for (let left = count(c, i); left !== 0; left = count(c, i)) {
    if (work <= 0) {
      c.eip = (c.eip - i.length) | 0;
      return;
    }
    const n = work === 1 ? 1 : Math.min(left, reach(c, i, steps));
    const done = n > 1 ? steps.many(c, i, n) : 0;
    if (done !== 0) {
      setPart(c, ECX, i.asize, left - done);
      work -= done * (i.size >> 3);
      if (steps.compares && zero(c) !== goOn) return;
      continue;
    }
    // One by one as far as the bulk operation would have gone: it need not be tried for each of them.
    for (let k = Math.max(n, 1); k > 0 && work > 0; k--) {
      steps.one(c, i);
      setPart(c, ECX, i.asize, count(c, i) - 1);
      work -= ELEMENT_WORK;
      if (steps.compares && zero(c) !== goOn) return;
    }
  }
}

const moves: Steps = {
  source: true,
  destination: 'write',
  compares: false,
  one: moveOne,
  many(c, i, n) {
    const { bulk } = c.memory;
    const from = readSpan(c, i, i.src.seg, ESI, n);
    const to = writeSpan(c, i, n);
    if (!bulk || from < 0) return 0;
    const bytes = n * (i.size >> 3);
    const down = c.DF !== 0;
    if (to >= 0) bulk.copy(to, from, bytes, i.size, down);
    else if (down || !c.memory.overwrite?.(to, bytes, (host) => bulk.copy(host, from, bytes, i.size, false))) return 0;
    advance(c, i, ESI, n);
    advance(c, i, EDI, n);
    return n;
  },
};

const stores: Steps = {
  source: false,
  destination: 'write',
  compares: false,
  one: storeOne,
  many(c, i, n) {
    const { bulk } = c.memory;
    const to = writeSpan(c, i, n);
    if (!bulk) return 0;
    const bytes = n * (i.size >> 3);
    const value = c.reg[EAX];
    if (to >= 0) bulk.fill(to, bytes, i.size, value);
    else if (c.DF !== 0 || !c.memory.overwrite?.(to, bytes, (host) => bulk.fill(host, bytes, i.size, value))) return 0;
    advance(c, i, EDI, n);
    return n;
  },
};

const loads: Steps = {
  source: true,
  destination: 'none',
  compares: false,
  one: loadOne,
  many(c, i, n) {
    const from = readSpan(c, i, i.src.seg, ESI, n);
    if (from < 0) return 0;
    setAccumulator(c, i, load(c, from, i.size, elementAt(c, i, n, n - 1)));
    advance(c, i, ESI, n);
    return n;
  },
};

const scans: Steps = {
  source: false,
  destination: 'read',
  compares: true,
  one: scanOne,
  many(c, i, n) {
    const { bulk } = c.memory;
    const at = readSpan(c, i, ES, EDI, n);
    if (!bulk || at < 0) return 0;
    const bytes = n * (i.size >> 3);
    const same = bulk.scan(at, bytes, i.size, c.DF !== 0, accumulator(c, i), i.rep === REPE);
    const done = Math.min(same + 1, n);
    compareElements(c, i, accumulator(c, i), load(c, at, i.size, elementAt(c, i, n, done - 1)));
    advance(c, i, EDI, done);
    return done;
  },
};

const compares: Steps = {
  source: true,
  destination: 'read',
  compares: true,
  one: compareOne,
  many(c, i, n) {
    const { bulk } = c.memory;
    const a = readSpan(c, i, i.src.seg, ESI, n);
    const b = readSpan(c, i, ES, EDI, n);
    if (!bulk || a < 0 || b < 0) return 0;
    const same = bulk.compare(a, b, n * (i.size >> 3), i.size, c.DF !== 0, i.rep === REPE);
    const done = Math.min(same + 1, n);
    const at = elementAt(c, i, n, done - 1);
    compareElements(c, i, load(c, a, i.size, at), load(c, b, i.size, at));
    advance(c, i, ESI, done);
    advance(c, i, EDI, done);
    return done;
  },
};

function count(c: Cpu, i: Insn): number {
  return i.asize === 16 ? c.reg[ECX] & 0xffff : c.reg[ECX] >>> 0;
}

function advance(c: Cpu, i: Insn, register: int, elements: int): void {
  const by = elements * (i.size >> 3);
  setPart(c, register, i.asize, c.reg[register] + (c.DF !== 0 ? -by : by));
}

/** How many elements lie ahead before a page, a segment's span or a 16-bit offset ends. */
function reach(c: Cpu, i: Insn, steps: Steps): int {
  let n = 4096;
  if (steps.source) {
    const seg = i.src.seg;
    n = reachOf(c, i, ESI, seg, c.readSpan[seg]);
  }
  if (steps.destination === 'none') return n;
  const span = steps.destination === 'write' ? c.writeSpan[ES] : c.readSpan[ES];
  return Math.min(n, reachOf(c, i, EDI, ES, span));
}

function reachOf(c: Cpu, i: Insn, register: int, seg: int, span: int): int {
  const bytes = i.size >> 3;
  const offset = index(c, i, register) >>> 0;
  const end = span >>> 0;
  if (offset >= end) return 0;
  const inPage = (c.base[seg] + offset) & 0xfff;
  if (inPage + bytes > 4096) return 0;
  // Going down, the first element is the highest.
  if (c.DF !== 0) return Math.floor(Math.min(inPage, offset) / bytes) + 1;
  const last = i.asize === 16 ? Math.min(end - 1, 0x10000 - bytes) : end - 1;
  if (offset > last) return 0;
  return Math.min(Math.floor((4096 - inPage) / bytes), Math.floor((last - offset) / bytes) + 1);
}

/** Offset in a span of n elements of the one that comes k-th. */
function elementAt(c: Cpu, i: Insn, n: int, k: int): int {
  return (c.DF !== 0 ? n - 1 - k : k) * (i.size >> 3);
}

/** Place of the lowest of n elements from the index register on, all of them checked. */
function readSpan(c: Cpu, i: Insn, seg: int, register: int, n: int): Place {
  const user = c.cpl === 3 ? 1 : 0;
  const bytes = i.size >> 3;
  const first = (c.base[seg] + index(c, i, register)) | 0;
  if (c.DF === 0) return c.memory.readPlace(first, n * bytes, user);
  // A fault reports the address of the first element, the highest.
  c.memory.readPlace(first, bytes, user);
  return c.memory.readPlace((first - (n - 1) * bytes) | 0, n * bytes, user);
}

function writeSpan(c: Cpu, i: Insn, n: int): Place {
  const user = c.cpl === 3 ? 1 : 0;
  const bytes = i.size >> 3;
  const first = (c.base[ES] + index(c, i, EDI)) | 0;
  if (c.DF === 0) return c.memory.writePlace(first, n * bytes, user);
  c.memory.writePlace(first, bytes, user);
  return c.memory.writePlace((first - (n - 1) * bytes) | 0, n * bytes, user);
}
