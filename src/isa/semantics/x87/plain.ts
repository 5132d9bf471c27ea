// What is plain of the x87, in the dialect: the stack, operands, results. Registers hold 80 bits in three words; a source
// is the index of its first word in `c.words`, memory operands are staged behind the XMM registers. Arithmetic is that
// of ../../x87/unit.ts. Functions here leave where something is not plain (an empty register, a full stack, a NaN, an
// exception), and answer 1 there: the reference then goes the general way, with a function whose name ends in Slowly.

import type { Place } from '../../environment.ts';
import { CS, type Insn, type int, type Operand } from '../../insn.ts';
import { clz, currentEip, ge, leaveIf, load, lt, ltu, ne, readPlace, x87hi, x87lo, x87load } from '../../prims.ts';
import type { Cpu } from '../../state.ts';
import { FPR_WORDS, STAGED } from '../simd/operand.ts';
import { BIAS, EXPONENT, FSW_C1, MSB, SIGN } from './bits.ts';

/** Physical register of ST(n). */
export function physical(c: Cpu, n: int): int {
  return (c.ftop + n) & 7;
}

/** First word of ST(n). */
export function stackWords(c: Cpu, n: int): int {
  return FPR_WORDS + (physical(c, n) << 2);
}

/** Records the instruction in FIP and FCS. */
export function note(c: Cpu, i: Insn): void {
  c.fip = currentEip(c, i);
  c.fcs = c.sel[CS];
}

/** Records the instruction and its memory operand, which is at `at`. */
export function noteMemory(c: Cpu, i: Insn, o: Operand, at: int): void {
  note(c, i);
  c.fdp = at;
  c.fds = c.sel[o.seg];
}

/** Marks ST(0) empty and increments TOP. */
export function pop(c: Cpu): void {
  c.ftag = c.ftag & ~(1 << c.ftop);
  c.ftop = (c.ftop + 1) & 7;
}

/** Decrements TOP, marks the new ST(0) in use and returns its physical register. */
export function push(c: Cpu): int {
  const p = (c.ftop + 7) & 7;
  c.ftop = p;
  c.ftag = c.ftag | (1 << p);
  return p;
}

/** Status word with TOP. */
export function statusWord(c: Cpu): int {
  return (c.fsw & 0xffff) | (c.ftop << 11);
}

export function clearC1(c: Cpu): void {
  c.fsw = c.fsw & ~FSW_C1;
}

/** ST(n) is empty. */
export function emptyAt(c: Cpu, n: int): int {
  const is = ((c.ftag >> physical(c, n)) & 1) ^ 1;
  leaveIf(c, is);
  return is;
}

/** There is no room to push. */
export function fullStack(c: Cpu): int {
  const is = (c.ftag >> physical(c, 7)) & 1;
  leaveIf(c, is);
  return is;
}

/** The unit's answer is that something is not plain. */
export function notPlain(c: Cpu, t: int): int {
  const is = lt(t, 0);
  leaveIf(c, is);
  return is;
}

/** The number staged is neither zero nor normal. */
export function stagedOdd(c: Cpu): int {
  const is = ge(c.words[STAGED + 1], 0) & ne(c.words[STAGED + 2] & EXPONENT, 0);
  leaveIf(c, is);
  return is;
}

/** Stages m32fp, m64fp or m80fp. What is neither zero nor normal becomes what is plain for nobody. */
export function stageReal(c: Cpu, p: Place, size: int): int {
  if (size === 32) stageSingle(c, load(c, p, 32, 0));
  else if (size === 64) stageDouble(c, load(c, p, 32, 0), load(c, p, 32, 4));
  else stageWords(c, load(c, p, 32, 0), load(c, p, 32, 4), load(c, p, 16, 8) & 0xffff);
  return STAGED;
}

/** Stages m16int, m32int or m64int. */
export function stageInteger(c: Cpu, p: Place, size: int): int {
  if (size === 64) {
    const t = x87load(load(c, p, 32, 0), load(c, p, 32, 4));
    stageWords(c, x87lo(t), x87hi(t), t);
  } else stageInt(c, load(c, p, size, 0));
  return STAGED;
}

/** Place and staged words of a memory operand, which is at `at`. */
export function stagedOperand(c: Cpu, o: Operand, at: int, isInteger: int): int {
  const p = readPlace(c, o.seg, at, o.size);
  return isInteger === 1 ? stageInteger(c, p, o.size) : stageReal(c, p, o.size);
}

function stageWords(c: Cpu, lo: int, hi: int, se: int): void {
  c.words[STAGED] = lo;
  c.words[STAGED + 1] = hi;
  c.words[STAGED + 2] = se;
}

function stageSingle(c: Cpu, w: int): void {
  const e = (w >>> 23) & 0xff;
  const hi = ((w << 8) | MSB) & (0 - ltu((e - 1) | 0, 0xfe));
  stageWords(c, 0, hi, ((e + (BIAS - 127)) & (0 - ne(w << 1, 0))) | ((w >>> 16) & SIGN));
}

function stageDouble(c: Cpu, lo: int, hi: int): void {
  const e = (hi >>> 20) & 0x7ff;
  const normal = 0 - ltu((e - 1) | 0, 0x7fe);
  const h = ((hi << 11) | (lo >>> 21) | MSB) & normal;
  const se = ((e + (BIAS - 1023)) & (0 - ne((hi << 1) | lo, 0))) | ((hi >>> 16) & SIGN);
  stageWords(c, (lo << 11) & normal, h, se);
}

function stageInt(c: Cpu, v: int): void {
  const m = ((v ^ (v >> 31)) - (v >> 31)) | 0;
  const n = clz(m);
  stageWords(c, 0, m << (n & 31), ((BIAS + 31 - n) & (0 - ne(v, 0))) | ((v >>> 16) & SIGN));
}

/** The words from d on = the unit's last result, whose answer was t. */
export function giveResult(c: Cpu, d: int, t: int): void {
  c.words[d] = x87lo(t);
  c.words[d + 1] = x87hi(t);
  c.words[d + 2] = t & 0xffff;
  raised(c, t);
}

/** PE and C1 as in the unit's answer. */
export function raised(c: Cpu, t: int): void {
  c.fsw = (c.fsw & ~FSW_C1) | (t >>> 16);
}

/** The words from d on = those from s on. */
export function copyWords(c: Cpu, d: int, s: int): void {
  c.words[d] = c.words[s];
  c.words[d + 1] = c.words[s + 1];
  c.words[d + 2] = c.words[s + 2];
}

/** Pushes the number whose words begin at s; C1 = 0. */
export function pushWords(c: Cpu, s: int): void {
  copyWords(c, stackWords(c, 7), s);
  push(c);
  clearC1(c);
}

/** Marks ST(n) in use. */
export function use(c: Cpu, n: int): void {
  c.ftag = c.ftag | (1 << physical(c, n));
}
