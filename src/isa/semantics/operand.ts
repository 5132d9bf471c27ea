// Operand access, the first of three layers. An operand is known at translation time: these ifs vanish.

import type { Place } from '../environment.ts';
import { EBP, ESP, IMM, type int, MEM, type Operand, REG, REG8, SS } from '../insn.ts';
import { load, readPlace, store, writePlace } from '../prims.ts';
import type { Cpu } from '../state.ts';

/** Effective address of a memory operand: the offset in its segment. */
export function offset(c: Cpu, o: Operand): int {
  if (o.address === 16) return (c.reg[o.base] + c.reg[o.index] + o.disp) & 65535;
  return (c.reg[o.base] + (c.reg[o.index] << o.scale) + o.disp) | 0;
}
/** The operand's place if it is memory, checked for reading; otherwise 0. */
export function readable(c: Cpu, o: Operand): Place {
  return o.kind === MEM ? readPlace(c, o.seg, offset(c, o), o.size) : 0;
}
/** The operand's place if it is memory, checked for writing (and so for reading too); otherwise 0. */
export function writable(c: Cpu, o: Operand): Place {
  return o.kind === MEM ? writePlace(c, o.seg, offset(c, o), o.size) : 0;
}
/** Sign-extended value of an operand of 8, 16 or 32 bits whose place is `p`. */
export function get(c: Cpu, o: Operand, p: Place): int {
  if (o.kind === IMM) return o.value;
  if (o.kind === REG8) return (c.reg[o.n] << o.up) >> 24;
  if (o.kind === REG) return extend(c.reg[o.n], o.size);
  return load(c, p, o.size);
}
/** Writes the low `o.size` bits of v. */
export function put(c: Cpu, o: Operand, p: Place, v: int): void {
  if (o.kind === REG8) c.reg[o.n] = (c.reg[o.n] & ~(-16777216 >>> o.up)) | ((v & 255) << (24 - o.up));
  else if (o.kind === REG && o.size === 16) c.reg[o.n] = (c.reg[o.n] & -65536) | (v & 65535);
  else if (o.kind === REG) c.reg[o.n] = v;
  else store(c, p, o.size, v);
}
/** Place and value of an operand that is only read. */
export function read(c: Cpu, o: Operand): int {
  const p = readable(c, o);
  return get(c, o, p);
}
/** The low `size` bits, sign-extended. */
export function extend(v: int, size: int): int {
  return size === 32 ? v : size === 16 ? (v << 16) >> 16 : (v << 24) >> 24;
}
/** The low `size` bits, zero-extended. */
export function unsigned(v: int, size: int): int {
  return size === 32 ? v : size === 16 ? v & 65535 : v & 255;
}
/** Register n, low 16 bits or all of it, by `size`. */
export function setPart(c: Cpu, n: int, size: int, v: int): void {
  if (size === 16) c.reg[n] = (c.reg[n] & -65536) | (v & 65535);
  else c.reg[n] = v;
}

// The stack: `ssize` is the width of the stack pointer (SS.B).

/** Offset of the stack's top, `delta` bytes away. */
export function stackOffset(c: Cpu, ssize: int, delta: int): int {
  return ssize === 32 ? (c.reg[ESP] + delta) | 0 : (c.reg[ESP] + delta) & 65535;
}
export function setStack(c: Cpu, ssize: int, v: int): void {
  setPart(c, ESP, ssize, v);
}
/** Offset in SS that eBP points at. */
export function frameOffset(c: Cpu, ssize: int): int {
  return ssize === 32 ? c.reg[EBP] : c.reg[EBP] & 65535;
}
/** Place of a value of `size` bits about to be pushed. */
export function pushPlace(c: Cpu, ssize: int, size: int): Place {
  return writePlace(c, SS, stackOffset(c, ssize, 0 - (size >> 3)), size);
}
/** Place of the value of `size` bits on top of the stack. */
export function popPlace(c: Cpu, ssize: int, size: int): Place {
  return readPlace(c, SS, stackOffset(c, ssize, 0), size);
}
