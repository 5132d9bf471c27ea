// Integer addition, subtraction, comparison and logic (SDM vol. 2). Dialect.

import { EAX, type Insn } from '../insn.ts';
import { eq, ltu } from '../prims.ts';
import type { Cpu } from '../state.ts';
import { carry, flagsAdd, flagsLogic, flagsSub, result } from './flags.ts';
import { extend, get, put, read, setPart, writable } from './operand.ts';

/** ADD - DEST <- DEST + SRC. Flags: all by the result. */
export function ADD(c: Cpu, i: Insn): void {
  const p = writable(c, i.dst);
  const a = get(c, i.dst, p);
  const b = read(c, i.src);
  const r = extend((a + b) | 0, i.size);
  put(c, i.dst, p, r);
  flagsAdd(c, a, b, r);
}

/** ADC - DEST <- DEST + SRC + CF. Flags: all by the result. */
export function ADC(c: Cpu, i: Insn): void {
  const p = writable(c, i.dst);
  const a = get(c, i.dst, p);
  const b = read(c, i.src);
  const r = extend((a + b + carry(c)) | 0, i.size);
  put(c, i.dst, p, r);
  flagsAdd(c, a, b, r);
  c.ca = 0;
  c.cb = ((a & b) | ((a | b) & ~r)) >>> 31;
}

/** SUB - DEST <- DEST - SRC. Flags: all by the result. */
export function SUB(c: Cpu, i: Insn): void {
  const p = writable(c, i.dst);
  const a = get(c, i.dst, p);
  const b = read(c, i.src);
  const r = extend((a - b) | 0, i.size);
  put(c, i.dst, p, r);
  flagsSub(c, a, b, r);
}

/** SBB - DEST <- DEST - (SRC + CF). Flags: all by the result. */
export function SBB(c: Cpu, i: Insn): void {
  const p = writable(c, i.dst);
  const a = get(c, i.dst, p);
  const b = read(c, i.src);
  const r = extend((a - b - carry(c)) | 0, i.size);
  put(c, i.dst, p, r);
  flagsSub(c, a, b, r);
  c.ca = 0;
  c.cb = ((~a & b) | ((~a | b) & r)) >>> 31;
}

/** CMP - DEST - SRC. Flags: all by the result, which is thrown away. */
export function CMP(c: Cpu, i: Insn): void {
  const a = read(c, i.dst);
  const b = read(c, i.src);
  flagsSub(c, a, b, extend((a - b) | 0, i.size));
}

/** AND - DEST <- DEST & SRC. Flags: SF ZF PF by the result; CF OF cleared; AF undefined. */
export function AND(c: Cpu, i: Insn): void {
  const p = writable(c, i.dst);
  const r = get(c, i.dst, p) & read(c, i.src);
  put(c, i.dst, p, r);
  flagsLogic(c, r);
}

/** OR - DEST <- DEST | SRC. Flags: as AND. */
export function OR(c: Cpu, i: Insn): void {
  const p = writable(c, i.dst);
  const r = get(c, i.dst, p) | read(c, i.src);
  put(c, i.dst, p, r);
  flagsLogic(c, r);
}

/** XOR - DEST <- DEST ^ SRC. Flags: as AND. */
export function XOR(c: Cpu, i: Insn): void {
  const p = writable(c, i.dst);
  const r = get(c, i.dst, p) ^ read(c, i.src);
  put(c, i.dst, p, r);
  flagsLogic(c, r);
}

/** TEST - DEST & SRC. Flags: as AND. */
export function TEST(c: Cpu, i: Insn): void {
  const a = read(c, i.dst);
  flagsLogic(c, a & read(c, i.src));
}

/** INC - DEST <- DEST + 1. Flags: all but CF. */
export function INC(c: Cpu, i: Insn): void {
  const p = writable(c, i.dst);
  const a = get(c, i.dst, p);
  const r = extend((a + 1) | 0, i.size);
  put(c, i.dst, p, r);
  result(c, r);
  c.oa = a;
  c.ob = -2147483647;
}

/** DEC - DEST <- DEST - 1. Flags: all but CF. */
export function DEC(c: Cpu, i: Insn): void {
  const p = writable(c, i.dst);
  const a = get(c, i.dst, p);
  const r = extend((a - 1) | 0, i.size);
  put(c, i.dst, p, r);
  result(c, r);
  c.oa = a;
  c.ob = 1;
}

/** NEG - DEST <- 0 - DEST. Flags: all by the result. */
export function NEG(c: Cpu, i: Insn): void {
  const p = writable(c, i.dst);
  const a = get(c, i.dst, p);
  const r = extend((0 - a) | 0, i.size);
  put(c, i.dst, p, r);
  flagsSub(c, 0, a, r);
}

/** NOT - DEST <- ~DEST. Flags: none. */
export function NOT(c: Cpu, i: Insn): void {
  const p = writable(c, i.dst);
  put(c, i.dst, p, ~get(c, i.dst, p));
}

/** XADD - SRC, DEST <- DEST, DEST + SRC. Flags: as ADD. */
export function XADD(c: Cpu, i: Insn): void {
  const p = writable(c, i.dst);
  const a = get(c, i.dst, p);
  const b = get(c, i.src, 0);
  const r = extend((a + b) | 0, i.size);
  put(c, i.src, 0, a);
  put(c, i.dst, p, r);
  flagsAdd(c, a, b, r);
}

/** CMPXCHG - if eAX = DEST then DEST <- SRC, else eAX <- DEST. DEST is written in any case. Flags: as CMP eAX, DEST. */
export function CMPXCHG(c: Cpu, i: Insn): void {
  const p = writable(c, i.dst);
  const d = get(c, i.dst, p);
  const a = extend(c.reg[EAX], i.size);
  const s = get(c, i.src, 0);
  const same = eq(a, d);
  const kept = same ? a : d;
  const v = same ? s : d;
  if (i.size === 8) c.reg[EAX] = (c.reg[EAX] & -256) | (kept & 255);
  else setPart(c, EAX, i.size, kept);
  put(c, i.dst, p, v);
  flagsSub(c, a, d, extend((a - d) | 0, i.size));
}

/** CBW, CWDE - the low half of eAX, sign-extended. */
export function CBW(c: Cpu, i: Insn): void {
  if (i.size === 32) c.reg[EAX] = extend(c.reg[EAX], 16);
  else setPart(c, EAX, 16, extend(c.reg[EAX], 8));
}

/** CWD, CDQ - the sign of eAX into eDX. */
export function CWD(c: Cpu, i: Insn): void {
  if (i.size === 32) c.reg[2] = c.reg[EAX] >> 31;
  else setPart(c, 2, 16, (c.reg[EAX] << 16) >> 31);
}

/** BSWAP - bytes in reverse. With a 16-bit operand (undefined): zero, as processors do. */
export function BSWAP(c: Cpu, i: Insn): void {
  const v = c.reg[i.dst.n];
  if (i.osize === 16) setPart(c, i.dst.n, 16, 0);
  else c.reg[i.dst.n] = (v << 24) | ((v & 65280) << 8) | ((v >>> 8) & 65280) | (v >>> 24);
}

// Flag instructions.

/** CLC - CF <- 0. */
export function CLC(c: Cpu, _i: Insn): void {
  c.ca = 0;
  c.cb = 0;
}
/** STC - CF <- 1. */
export function STC(c: Cpu, _i: Insn): void {
  c.ca = 0;
  c.cb = 1;
}
/** CMC - CF <- ~CF. */
export function CMC(c: Cpu, _i: Insn): void {
  const cf = carry(c);
  c.ca = 0;
  c.cb = cf ^ 1;
}
/** CLD - DF <- 0. */
export function CLD(c: Cpu, _i: Insn): void {
  c.DF = 0;
}
/** STD - DF <- 1. */
export function STD(c: Cpu, _i: Insn): void {
  c.DF = 1;
}
/** SALC - AL <- CF ? FFh : 0. Undocumented by name in the SDM; in every processor. */
export function SALC(c: Cpu, _i: Insn): void {
  c.reg[EAX] = (c.reg[EAX] & -256) | ((0 - ltu(c.ca, c.cb)) & 255);
}
/** NOP, in all its lengths. */
export function NOP(_c: Cpu, _i: Insn): void {}
/** PAUSE - a hint to a spinning processor. */
export function PAUSE(_c: Cpu, _i: Insn): void {}
