// Bit tests and scans (SDM vol. 2). Dialect.

import type { Place } from '../environment.ts';
import { IMM, type Insn, type int, MEM, type Operand } from '../insn.ts';
import { clz, eq, readPlace, writePlace } from '../prims.ts';
import type { Cpu } from '../state.ts';
import { result } from './flags.ts';
import { extend, get, offset, put, read, unsigned } from './operand.ts';

/** Offset of the unit of a bit string that holds bit `n` (signed): memory operands reach beyond their own unit. */
export function bitOffset(c: Cpu, o: Operand, n: int): int {
  const at = offset(c, o) + (o.size === 32 ? (n >> 5) << 2 : (n >> 4) << 1);
  return o.address === 16 ? at & 65535 : at | 0;
}
export function bitReadable(c: Cpu, i: Insn, n: int): Place {
  if (i.dst.kind !== MEM) return 0;
  return readPlace(c, i.dst.seg, i.src.kind === IMM ? offset(c, i.dst) : bitOffset(c, i.dst, n), i.dst.size);
}
export function bitWritable(c: Cpu, i: Insn, n: int): Place {
  if (i.dst.kind !== MEM) return 0;
  return writePlace(c, i.dst.seg, i.src.kind === IMM ? offset(c, i.dst) : bitOffset(c, i.dst, n), i.dst.size);
}
/** CF <- bit; the other flags are undefined and stay. */
export function carryFrom(c: Cpu, bit: int): void {
  c.ca = 0;
  c.cb = bit;
}

/** BT - CF <- bit SRC of DEST. Flags: ZF stays; OF SF AF PF undefined. */
export function BT(c: Cpu, i: Insn): void {
  const n = read(c, i.src);
  const p = bitReadable(c, i, n);
  carryFrom(c, (get(c, i.dst, p) >> (n & (i.size - 1))) & 1);
}

/** BTS - CF <- bit SRC of DEST, which is set. Flags: as BT. */
export function BTS(c: Cpu, i: Insn): void {
  const n = read(c, i.src);
  const p = bitWritable(c, i, n);
  const m = n & (i.size - 1);
  const a = get(c, i.dst, p);
  put(c, i.dst, p, extend(a | (1 << m), i.size));
  carryFrom(c, (a >> m) & 1);
}

/** BTR - CF <- bit SRC of DEST, which is cleared. Flags: as BT. */
export function BTR(c: Cpu, i: Insn): void {
  const n = read(c, i.src);
  const p = bitWritable(c, i, n);
  const m = n & (i.size - 1);
  const a = get(c, i.dst, p);
  put(c, i.dst, p, extend(a & ~(1 << m), i.size));
  carryFrom(c, (a >> m) & 1);
}

/** BTC - CF <- bit SRC of DEST, which is inverted. Flags: as BT. */
export function BTC(c: Cpu, i: Insn): void {
  const n = read(c, i.src);
  const p = bitWritable(c, i, n);
  const m = n & (i.size - 1);
  const a = get(c, i.dst, p);
  put(c, i.dst, p, extend(a ^ (1 << m), i.size));
  carryFrom(c, (a >> m) & 1);
}

/** BSF - DEST <- index of the lowest set bit of SRC; DEST stays if SRC is zero, as processors do. Flags: ZF = SRC is zero; the others undefined. */
export function BSF(c: Cpu, i: Insn): void {
  const v = unsigned(read(c, i.src), i.size);
  const old = get(c, i.dst, 0);
  const n = (31 - clz(v & (0 - v))) | 0;
  put(c, i.dst, 0, eq(v, 0) ? old : n);
  result(c, v);
}

/** BSR - DEST <- index of the highest set bit of SRC; otherwise as BSF. */
export function BSR(c: Cpu, i: Insn): void {
  const v = unsigned(read(c, i.src), i.size);
  const old = get(c, i.dst, 0);
  const n = (31 - clz(v)) | 0;
  put(c, i.dst, 0, eq(v, 0) ? old : n);
  result(c, v);
}
