// Shifts and rotates (SDM vol. 2). Dialect. The count is masked to five bits; a count of zero changes no flag.
// OF is defined for a count of one only: the formulas here are right for one and give some value for the others.

import type { Insn, int } from '../insn.ts';
import { geu, ne } from '../prims.ts';
import type { Cpu } from '../state.ts';
import { carry, flagsGiven, flagsRotate } from './flags.ts';
import { extend, get, put, read, unsigned, writable } from './operand.ts';

/** SHL, SAL - DEST <- DEST << COUNT. Flags: CF the last bit out; SF ZF PF by the result; AF undefined. */
export function SHL(c: Cpu, i: Insn): void {
  const p = writable(c, i.dst);
  const a = get(c, i.dst, p);
  const n = read(c, i.src) & 31;
  const r = extend(a << n, i.size);
  const cf = (a >>> (i.size - n)) & 1;
  put(c, i.dst, p, r);
  if (ne(n, 0)) flagsGiven(c, r, cf, (r >>> 31) ^ cf);
}

/** SHR - DEST <- DEST >>> COUNT. Flags: as SHL; OF the sign that was. */
export function SHR(c: Cpu, i: Insn): void {
  const p = writable(c, i.dst);
  const s = get(c, i.dst, p);
  const a = unsigned(s, i.size);
  const n = read(c, i.src) & 31;
  const r = extend((a >>> n) | 0, i.size);
  put(c, i.dst, p, r);
  if (ne(n, 0)) flagsGiven(c, r, (a >>> (n - 1)) & 1, s >>> 31);
}

/** SAR - DEST <- DEST >> COUNT, signed. Flags: as SHL; OF cleared. */
export function SAR(c: Cpu, i: Insn): void {
  const p = writable(c, i.dst);
  const a = get(c, i.dst, p);
  const n = read(c, i.src) & 31;
  const r = a >> n;
  put(c, i.dst, p, r);
  if (ne(n, 0)) flagsGiven(c, r, (a >> (n - 1)) & 1, 0);
}

/** ROL - rotate left. Flags: CF the bit that came round; OF; no others. */
export function ROL(c: Cpu, i: Insn): void {
  const p = writable(c, i.dst);
  const a = unsigned(get(c, i.dst, p), i.size);
  const n = read(c, i.src) & 31;
  const m = n & (i.size - 1);
  const r = extend((a << m) | (a >>> (i.size - m)), i.size);
  put(c, i.dst, p, r);
  if (ne(n, 0)) flagsRotate(c, r & 1, ((r >>> 31) ^ r) & 1);
}

/** ROR - rotate right. Flags: as ROL. */
export function ROR(c: Cpu, i: Insn): void {
  const p = writable(c, i.dst);
  const a = unsigned(get(c, i.dst, p), i.size);
  const n = read(c, i.src) & 31;
  const m = n & (i.size - 1);
  const r = extend((a >>> m) | (a << (i.size - m)), i.size);
  put(c, i.dst, p, r);
  if (ne(n, 0)) flagsRotate(c, r >>> 31, ((r >>> 31) ^ (r >>> (i.size - 2))) & 1);
}

/** Count of a rotate through CF: modulo one more than the width. */
export function carryCount(n: int, size: int): int {
  if (size === 8) return n - 9 * ((n * 57) >>> 9);
  if (size === 16) return n - 17 * geu(n, 17);
  return n;
}

/** RCL - rotate left through CF. Flags: CF; OF; no others. */
export function RCL(c: Cpu, i: Insn): void {
  const p = writable(c, i.dst);
  const a = unsigned(get(c, i.dst, p), i.size);
  const count = read(c, i.src) & 31;
  const n = carryCount(count, i.size);
  const cf = carry(c);
  if (i.size === 32) {
    const r = ne(n, 0) ? (a << n) | (cf << (n - 1)) | ((a >>> 1) >>> (32 - n)) : a;
    const out = (a >>> (32 - n)) & 1;
    put(c, i.dst, p, r);
    if (ne(count, 0)) flagsRotate(c, out, (r >>> 31) ^ out);
  } else {
    const v = a | (cf << i.size);
    const w = (v << n) | (v >>> (i.size + 1 - n));
    const r = extend(w, i.size);
    const out = (w >>> i.size) & 1;
    put(c, i.dst, p, r);
    if (ne(count, 0)) flagsRotate(c, out, (r >>> 31) ^ out);
  }
}

/** RCR - rotate right through CF. Flags: as RCL. */
export function RCR(c: Cpu, i: Insn): void {
  const p = writable(c, i.dst);
  const a = unsigned(get(c, i.dst, p), i.size);
  const count = read(c, i.src) & 31;
  const n = carryCount(count, i.size);
  const cf = carry(c);
  if (i.size === 32) {
    const r = ne(n, 0) ? (a >>> n) | (cf << (32 - n)) | ((a << 1) << (32 - n)) : a;
    const out = (a >>> (n - 1)) & 1;
    put(c, i.dst, p, r);
    if (ne(count, 0)) flagsRotate(c, out, ((r >>> 31) ^ (r >>> 30)) & 1);
  } else {
    const v = a | (cf << i.size);
    const w = (v >>> n) | (v << (i.size + 1 - n));
    const r = extend(w, i.size);
    const out = (w >>> i.size) & 1;
    put(c, i.dst, p, r);
    if (ne(count, 0)) flagsRotate(c, out, ((r >>> 31) ^ (r >>> (i.size - 2))) & 1);
  }
}

/** SHLD - DEST <- DEST << COUNT, filled from the top of SRC. Flags: as SHL; all undefined for a 16-bit count above 16. */
export function SHLD(c: Cpu, i: Insn): void {
  const p = writable(c, i.dst);
  const a = get(c, i.dst, p);
  const b = unsigned(get(c, i.src, 0), i.size);
  const n = read(c, i.src2) & 31;
  if (i.size === 32) {
    const r = (a << n) | ((b >>> 1) >>> (31 - n));
    const cf = (a >>> (32 - n)) & 1;
    put(c, i.dst, p, r);
    if (ne(n, 0)) flagsGiven(c, r, cf, (r ^ a) >>> 31);
  } else {
    // The 32 bits DEST:SRC, and DEST again for counts above 16, as processors do.
    const v = (a << 16) | b;
    const r = extend((ne(n & 16, 0) ? (b << 16) | (a & 65535) : v) >> (16 - (n & 15)), 16);
    const cf = (ne(n & 16, 0) & ne(n, 16) ? b >>> (32 - n) : a >>> (16 - n)) & 1;
    put(c, i.dst, p, r);
    if (ne(n, 0)) flagsGiven(c, r, cf, (r ^ a) >>> 31);
  }
}

/** SHRD - DEST <- DEST >>> COUNT, filled from the bottom of SRC. Flags: as SHR; OF the change of sign. */
export function SHRD(c: Cpu, i: Insn): void {
  const p = writable(c, i.dst);
  const a = get(c, i.dst, p);
  const b = get(c, i.src, 0);
  const n = read(c, i.src2) & 31;
  if (i.size === 32) {
    const r = (a >>> n) | ((b << 1) << (31 - n));
    const cf = (a >>> (n - 1)) & 1;
    put(c, i.dst, p, r);
    if (ne(n, 0)) flagsGiven(c, r, cf, (r ^ a) >>> 31);
  } else {
    const v = (b << 16) | (a & 65535);
    const w = ne(n & 16, 0) ? (a << 16) | (b & 65535) : v;
    const r = extend(w >>> (n & 15), 16);
    const cf = (ne(n & 16, 0) & ne(n, 16) ? b >>> (n - 17) : a >>> (n - 1)) & 1;
    put(c, i.dst, p, r);
    if (ne(n, 0)) flagsGiven(c, r, cf, (r ^ a) >>> 31);
  }
}
