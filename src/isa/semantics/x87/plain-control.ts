// FLDCW, FNSTCW, FNSTSW, FWAIT, FNOP, FINCSTP, FDECSTP, FFREE, FFREEP, FLD1 and the other constants (SDM vol. 2). Dialect.

import { type Insn, type int, REG } from '../../insn.ts';
import { leaveIf, load, readPlace, store, writePlace } from '../../prims.ts';
import type { Cpu } from '../../state.ts';
import { offset, put, writable } from '../operand.ts';
import { STAGED } from '../simd/operand.ts';
import { EXCEPTIONS, FCW_FIXED, FCW_WRITABLE, FSW_B, FSW_ES, MSB } from './bits.ts';
import { controlSlowly } from './control.ts';
import { overflowSlowly } from './load-store.ts';
import { clearC1, fullStack, note, physical, pop, pushWords, statusWord } from './plain.ts';
import { present, settled, waiting } from './stack.ts';

/** FLDCW: control word = m16; what becomes unmasked is pending. */
export function FLDCW(c: Cpu, i: Insn): void {
  waiting(c);
  const p = readPlace(c, i.src.seg, offset(c, i.src), 16);
  const v = (load(c, p, 16) & FCW_WRITABLE) | FCW_FIXED;
  const pending = c.fsw & ~v & EXCEPTIONS;
  leaveIf(c, pending);
  if (pending) controlSlowly(c, v);
  else {
    c.fcw = v;
    c.fsw = c.fsw & ~(FSW_ES | FSW_B);
  }
}
/** FNSTCW: m16 = control word. */
export function FNSTCW(c: Cpu, i: Insn): void {
  present(c);
  const p = writePlace(c, i.dst.seg, offset(c, i.dst), 16);
  store(c, p, 16, c.fcw);
}
/** FNSTSW: AX or m16 = status word. */
export function FNSTSW(c: Cpu, i: Insn): void {
  present(c);
  const p = i.dst.kind === REG ? 0 : writable(c, i.dst);
  put(c, i.dst, p, (statusWord(c) << 16) >> 16);
}
/** FNOP. */
export function FNOP(c: Cpu, i: Insn): void {
  waiting(c);
  note(c, i);
}
/** FWAIT: #NM with MP and TS, then #MF. */
export function FWAIT(c: Cpu, _i: Insn): void {
  settled(c);
}
/** FINCSTP: TOP = TOP + 1; tags stay. */
export function FINCSTP(c: Cpu, i: Insn): void {
  turn(c, i, 1);
}
/** FDECSTP: TOP = TOP - 1; tags stay. */
export function FDECSTP(c: Cpu, i: Insn): void {
  turn(c, i, 7);
}

function turn(c: Cpu, i: Insn, by: int): void {
  waiting(c);
  note(c, i);
  c.ftop = (c.ftop + by) & 7;
  clearC1(c);
}

/** FFREE: ST(n) empty. */
export function FFREE(c: Cpu, i: Insn): void {
  waiting(c);
  note(c, i);
  c.ftag = c.ftag & ~(1 << physical(c, i.dst.n));
  clearC1(c);
}
/** FFREEP: the same, then pop. */
export function FFREEP(c: Cpu, i: Insn): void {
  waiting(c);
  note(c, i);
  c.ftag = c.ftag & ~(1 << physical(c, i.dst.n));
  clearC1(c);
  pop(c);
}

/** FLDZ: pushes +0. */
export function FLDZ(c: Cpu, i: Insn): void {
  constant(c, i, 0, 0, 0, 0);
}
/** FLD1: pushes 1. */
export function FLD1(c: Cpu, i: Insn): void {
  constant(c, i, 0x3fff, MSB, 0, 0);
}
// The others hold more bits than the 64 that are kept, to round by (vol. 1, section 8.3.8): `below` is the sign of what
// rounding to nearest left out: 1 if the constant is greater than what is loaded, -1 if it is less.
/** FLDL2T: pushes log2(10). */
export function FLDL2T(c: Cpu, i: Insn): void {
  constant(c, i, 0x4000, 0xd49a784b | 0, 0xcd1b8afe | 0, 1);
}
/** FLDL2E: pushes log2(e). */
export function FLDL2E(c: Cpu, i: Insn): void {
  constant(c, i, 0x3fff, 0xb8aa3b29 | 0, 0x5c17f0bc, -1);
}
/** FLDPI: pushes pi. */
export function FLDPI(c: Cpu, i: Insn): void {
  constant(c, i, 0x4000, 0xc90fdaa2 | 0, 0x2168c235, -1);
}
/** FLDLG2: pushes log10(2). */
export function FLDLG2(c: Cpu, i: Insn): void {
  constant(c, i, 0x3ffd, 0x9a209a84 | 0, 0xfbcff799 | 0, -1);
}
/** FLDLN2: pushes ln(2). */
export function FLDLN2(c: Cpu, i: Insn): void {
  constant(c, i, 0x3ffe, 0xb17217f7 | 0, 0xd1cf79ac | 0, -1);
}

function constant(c: Cpu, i: Insn, se: int, hi: int, lo: int, below: int): void {
  waiting(c);
  if (fullStack(c)) overflowSlowly(c, i);
  else {
    note(c, i);
    // Rounding control: down and towards zero have bit 10, up has bit 11 alone.
    const down = (c.fcw >> 10) & 1;
    const up = (c.fcw >> 11) & 1 & (down ^ 1);
    c.words[STAGED] = below === 1 ? (lo + up) | 0 : below === -1 ? (lo - down) | 0 : lo;
    c.words[STAGED + 1] = hi;
    c.words[STAGED + 2] = se;
    pushWords(c, STAGED);
  }
}
