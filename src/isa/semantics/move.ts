// Data movement (SDM vol. 2). Dialect.

import { EAX, type Insn } from '../insn.ts';
import type { Cpu } from '../state.ts';
import { auxiliary, carry, holds, overflow, parity, sign, zero } from './flags.ts';
import { get, offset, put, read, unsigned, writable } from './operand.ts';

/** MOV - DEST <- SRC. */
export function MOV(c: Cpu, i: Insn): void {
  const v = read(c, i.src);
  const p = writable(c, i.dst);
  put(c, i.dst, p, v);
}

/** MOVZX - DEST <- SRC, zero-extended. */
export function MOVZX(c: Cpu, i: Insn): void {
  const v = unsigned(read(c, i.src), i.src.size);
  put(c, i.dst, 0, v);
}

/** MOVSX - DEST <- SRC, sign-extended. */
export function MOVSX(c: Cpu, i: Insn): void {
  put(c, i.dst, 0, read(c, i.src));
}

/** LEA - DEST <- the effective address of SRC. */
export function LEA(c: Cpu, i: Insn): void {
  put(c, i.dst, 0, offset(c, i.src));
}

/** XCHG - DEST <-> SRC. */
export function XCHG(c: Cpu, i: Insn): void {
  const p = writable(c, i.dst);
  const a = get(c, i.dst, p);
  const b = get(c, i.src, 0);
  put(c, i.dst, p, b);
  put(c, i.src, 0, a);
}

/** CMOVcc - DEST <- SRC if cc. SRC is read in any case. */
export function CMOVcc(c: Cpu, i: Insn): void {
  const v = read(c, i.src);
  const old = get(c, i.dst, 0);
  put(c, i.dst, 0, holds(c, i.cc) ? v : old);
}

/** SETcc - DEST <- cc. */
export function SETcc(c: Cpu, i: Insn): void {
  const p = writable(c, i.dst);
  put(c, i.dst, p, holds(c, i.cc));
}

/** LAHF - AH <- SF ZF 0 AF 0 PF 1 CF. */
export function LAHF(c: Cpu, _i: Insn): void {
  const flags = 2 | carry(c) | (parity(c) << 2) | (auxiliary(c) << 4) | (zero(c) << 6) | (sign(c) << 7);
  c.reg[EAX] = (c.reg[EAX] & -65281) | (flags << 8);
}

/** SAHF - SF ZF AF PF CF <- AH. OF stays. */
export function SAHF(c: Cpu, _i: Insn): void {
  const flags = (c.reg[EAX] >> 8) & 255;
  const of = overflow(c);
  const fr = ((flags & 128) << 24) | (((flags >> 2) & 1) ^ 1);
  c.fz = ((flags >> 6) & 1) ^ 1;
  c.fr = fr;
  c.oa = ~fr;
  c.ob = ((~fr ^ (of << 31)) & -17) | (~flags & 16);
  c.ca = 0;
  c.cb = flags & 1;
}
