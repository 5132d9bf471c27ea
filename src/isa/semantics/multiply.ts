// Multiplication and division (SDM vol. 2). Dialect.

import { DE } from '../fault.ts';
import { EAX, EDX, type Insn, type int } from '../insn.ts';
import { divu, divw, eq, geu, gtu, imul, mulhu, ne, raiseIf } from '../prims.ts';
import type { Cpu } from '../state.ts';
import { flagsGiven } from './flags.ts';
import { extend, put, read, setPart, unsigned } from './operand.ts';

/** High word of the signed product. */
export function mulhs(a: int, b: int): int {
  return (mulhu(a, b) - ((a >> 31) & b) - ((b >> 31) & a)) | 0;
}

/** IMUL r, r/m (, imm) - DEST <- SRC1 * SRC2. Flags: CF = OF = the product does not fit; the others undefined. */
export function IMUL(c: Cpu, i: Insn): void {
  const a = read(c, i.src);
  const b = read(c, i.src2);
  const w = imul(a, b);
  const r = extend(w, i.size);
  const of = i.size === 32 ? ne(mulhs(a, b), r >> 31) : ne(w, r);
  put(c, i.dst, 0, r);
  flagsGiven(c, r, of, of);
}

/** IMUL r/m - eDX:eAX <- eAX * SRC, signed. Flags: as IMUL. */
export function IMUL1(c: Cpu, i: Insn): void {
  const b = read(c, i.src);
  const a = extend(c.reg[EAX], i.size);
  const lo = imul(a, b);
  if (i.size === 32) {
    const hi = mulhs(a, b);
    const of = ne(hi, lo >> 31);
    c.reg[EAX] = lo;
    c.reg[EDX] = hi;
    flagsGiven(c, lo, of, of);
  } else {
    const r = extend(lo, i.size);
    const of = ne(lo, r);
    setPart(c, EAX, 16, lo);
    if (i.size === 16) setPart(c, EDX, 16, lo >> 16);
    flagsGiven(c, r, of, of);
  }
}

/** MUL - eDX:eAX <- eAX * SRC, unsigned. Flags: CF = OF = the high half is not zero; the others undefined. */
export function MUL(c: Cpu, i: Insn): void {
  const b = read(c, i.src);
  if (i.size === 32) {
    const a = c.reg[EAX];
    const lo = imul(a, b);
    const hi = mulhu(a, b);
    const of = ne(hi, 0);
    c.reg[EAX] = lo;
    c.reg[EDX] = hi;
    flagsGiven(c, lo, of, of);
  } else {
    const w = imul(unsigned(c.reg[EAX], i.size), unsigned(b, i.size));
    const hi = w >>> i.size;
    const of = ne(hi, 0);
    setPart(c, EAX, 16, w);
    if (i.size === 16) setPart(c, EDX, 16, hi);
    flagsGiven(c, extend(w, i.size), of, of);
  }
}

/** DIV - eAX <- eDX:eAX / SRC, eDX <- remainder, unsigned. #DE when the quotient does not fit (so also by zero). Flags: undefined. */
export function DIV(c: Cpu, i: Insn): void {
  const d = unsigned(read(c, i.src), i.size);
  if (i.size === 32) {
    const lo = c.reg[EAX];
    const hi = c.reg[EDX];
    raiseIf(c, geu(hi, d), DE);
    const q = divu(hi, lo, d);
    c.reg[EAX] = q;
    c.reg[EDX] = (lo - imul(q, d)) | 0;
  } else {
    const n = i.size === 16 ? (c.reg[EDX] << 16) | (c.reg[EAX] & 65535) : c.reg[EAX] & 65535;
    raiseIf(c, geu(n >>> i.size, d), DE);
    const q = divw(n, d);
    const r = (n - imul(q, d)) | 0;
    if (i.size === 16) {
      setPart(c, EAX, 16, q);
      setPart(c, EDX, 16, r);
    } else setPart(c, EAX, 16, (r << 8) | (q & 255));
  }
}

/** IDIV - eAX <- eDX:eAX / SRC, eDX <- remainder, signed, towards zero. #DE when the quotient does not fit. Flags: undefined. */
export function IDIV(c: Cpu, i: Insn): void {
  const d = read(c, i.src);
  const sd = d >> 31;
  const ud = ((d ^ sd) - sd) | 0;
  if (i.size === 32) {
    const hi = c.reg[EDX];
    const s = hi >> 31;
    const lo = ((c.reg[EAX] ^ s) - s) | 0;
    const uhi = ((hi ^ s) + (s & eq(lo, 0))) | 0;
    raiseIf(c, geu(uhi, ud), DE);
    const uq = divu(uhi, lo, ud);
    const sq = s ^ sd;
    raiseIf(c, gtu(uq, (2147483647 - sq) | 0), DE);
    const ur = (lo - imul(uq, ud)) | 0;
    c.reg[EAX] = ((uq ^ sq) - sq) | 0;
    c.reg[EDX] = ((ur ^ s) - s) | 0;
  } else {
    const n = i.size === 16 ? (c.reg[EDX] << 16) | (c.reg[EAX] & 65535) : extend(c.reg[EAX], 16);
    const s = n >> 31;
    const un = ((n ^ s) - s) | 0;
    raiseIf(c, eq(ud, 0), DE);
    const uq = divw(un, ud);
    const sq = s ^ sd;
    raiseIf(c, gtu(uq, ((i.size === 16 ? 32767 : 127) - sq) | 0), DE);
    const ur = (un - imul(uq, ud)) | 0;
    const q = ((uq ^ sq) - sq) | 0;
    const r = ((ur ^ s) - s) | 0;
    if (i.size === 16) {
      setPart(c, EAX, 16, q);
      setPart(c, EDX, 16, r);
    } else setPart(c, EAX, 16, (r << 8) | (q & 255));
  }
}
