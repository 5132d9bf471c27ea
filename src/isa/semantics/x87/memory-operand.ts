// Memory operands of arithmetic and of FLD, in general: single, double, integers. All of them are exact in the double
// format, but for signalling NaNs, which the host's conversions would quiet; those are carried in its bits.

import type { Place } from '../../environment.ts';
import { type Insn, type int, MEM, type Operand } from '../../insn.ts';
import { load, readPlace } from '../../prims.ts';
import type { Cpu } from '../../state.ts';
import { offset } from '../operand.ts';
import { FSW_DE, MSB } from './bits.ts';
import { X } from './softfloat.ts';
import { note, noteMemory, waiting, widen } from './stack.ts';

const fetched = new Float64Array(1);
const words = new Int32Array(fetched.buffer);
const single = new Float32Array(1);
const singleWord = new Int32Array(single.buffer);
/** Exception of the last operand fetched: DE or 0. */
let exception = 0;

/** Before an instruction with source operand ST(n), m32fp or m64fp. */
export function source(c: Cpu, i: Insn): void {
  if (i.src.kind === MEM) {
    memorySource(c, i);
    return;
  }
  waiting(c);
  note(c, i);
}

/** Before an instruction with source operand m32fp or m64fp. */
export function memorySource(c: Cpu, i: Insn): void {
  waiting(c);
  fetch(c, i, i.src);
}

function fetch(c: Cpu, i: Insn, o: Operand): void {
  const at = offset(c, o);
  const p = readPlace(c, o.seg, at, o.size);
  noteMemory(c, i, o, at);
  exception = 0;
  if (o.size === 32) fetchSingle(c, p);
  else fetchDouble(c, p);
}

/** Before an instruction with source operand m16int or m32int. */
export function integerSource(c: Cpu, i: Insn): void {
  waiting(c);
  const o = i.src;
  const at = offset(c, o);
  const p = readPlace(c, o.seg, at, o.size);
  noteMemory(c, i, o, at);
  fetched[0] = load(c, p, o.size);
  exception = 0;
}

/** Scratch operand `o` = the last operand fetched. Returns DE if it was a denormal. */
export function takeFetched(o: int): int {
  widen(words[0], words[1], X, o);
  return exception;
}

function fetchDouble(c: Cpu, p: Place): void {
  const lo = load(c, p, 32, 0);
  const hi = load(c, p, 32, 4);
  words[0] = lo;
  words[1] = hi;
  const e = (hi >>> 20) & 0x7ff;
  if (e === 0 && ((hi & 0xfffff) | lo) !== 0) exception = FSW_DE;
}

function fetchSingle(c: Cpu, p: Place): void {
  const w = load(c, p, 32, 0);
  const e = w & 0x7f800000;
  if (e === 0x7f800000) {
    words[1] = (w & MSB) | 0x7ff00000 | ((w & 0x7fffff) >>> 3);
    words[0] = w << 29;
    return;
  }
  singleWord[0] = w;
  fetched[0] = single[0];
  if (e === 0 && (w & 0x7fffff) !== 0) exception = FSW_DE;
}
