// Memory operands of arithmetic and of FLD: single, double, integers. All of them are exact in the double format, but
// for signalling NaNs, which the host's conversions would quiet; those are carried in its bits.

import { type Insn, type int, MEM, type Operand } from '../../insn.ts';
import { load, readPlace } from '../../prims.ts';
import type { Cpu, Place } from '../../state.ts';
import { offset } from '../operand.ts';
import { FSW_DE } from './bits.ts';
import { X } from './softfloat.ts';
import { doubleOf, note, noteMemory, physical, waiting, widen } from './stack.ts';

const fetched = new Float64Array(1);
const words = new Int32Array(fetched.buffer);
const single = new Float32Array(1);
const singleWord = new Int32Array(single.buffer);
/** Exception of the last operand fetched: DE or 0. */
let exception = 0;

/** Before an instruction with source operand ST(n) or m32fp / m64fp: its value; NaN where the general way must be taken. */
export function source(c: Cpu, i: Insn): number {
  waiting(c);
  if (i.src.kind === MEM) return fetch(c, i, i.src);
  note(c, i);
  return doubleOf(c, physical(c, i.src.n));
}

/** Fetches m32fp or m64fp; its value, or NaN if it is a denormal, an infinity or a NaN. */
export function fetch(c: Cpu, i: Insn, o: Operand): number {
  const at = offset(c, o);
  const p = readPlace(c, o.seg, at, o.size);
  noteMemory(c, i, o, at);
  return o.size === 32 ? fetchSingle(c, p) : fetchDouble(c, p);
}

/** Before an instruction with operand m16int or m32int: its value. */
export function integerSource(c: Cpu, i: Insn): number {
  waiting(c);
  const o = i.src;
  const at = offset(c, o);
  const p = readPlace(c, o.seg, at, o.size);
  noteMemory(c, i, o, at);
  const v = load(c, p, o.size);
  fetched[0] = v;
  exception = 0;
  return v;
}

/** Scratch operand `o` = the last operand fetched. Returns DE if it was a denormal. */
export function takeFetched(o: int): int {
  widen(words[0], words[1], X, o);
  return exception;
}

function fetchDouble(c: Cpu, p: Place): number {
  const hi = load(c, p, 32, 4);
  words[0] = load(c, p, 32, 0);
  words[1] = hi;
  exception = 0;
  const e = (hi >>> 20) & 0x7ff;
  if (e !== 0 && e !== 0x7ff) return fetched[0];
  if (e === 0) {
    if (((hi & 0xfffff) | words[0]) === 0) return fetched[0];
    exception = FSW_DE;
  }
  return Number.NaN;
}

function fetchSingle(c: Cpu, p: Place): number {
  const w = load(c, p, 32, 0);
  const e = w & 0x7f800000;
  exception = 0;
  if (e === 0x7f800000) {
    words[1] = (w & MSB) | 0x7ff00000 | ((w & 0x7fffff) >>> 3);
    words[0] = w << 29;
    return Number.NaN;
  }
  singleWord[0] = w;
  fetched[0] = single[0];
  if (e !== 0 || (w & 0x7fffff) === 0) return fetched[0];
  exception = FSW_DE;
  return Number.NaN;
}

const MSB = -2147483648;
