// The primitives that semantics may call, as the reference interpreter has them. The generator of the fast interpreter
// and of the translator's templates knows each by its name and effect (translator/gen/effects.ts); their meaning is here.

import type { Place } from './environment.ts';
import { AC, GP, GuestFault, NO_CODE } from './fault.ts';
import type { Insn, int } from './insn.ts';
import { CS } from './insn.ts';
import { linearForRead, linearForWrite } from './segment.ts';
import { dataBreakpoints, hasBreakpoints } from './semantics/debug-registers.ts';
import type { Cpu } from './state.ts';
import { CR0_AM } from './system-bits.ts';
import { wide } from './wide.ts';
import { x87 } from './x87/unit.ts';

// Comparisons: 0 or 1, so that conditions are values.
export const lt = (a: int, b: int): int => (a < b ? 1 : 0);
export const ltu = (a: int, b: int): int => (a >>> 0 < b >>> 0 ? 1 : 0);
export const le = (a: int, b: int): int => (a <= b ? 1 : 0);
export const leu = (a: int, b: int): int => (a >>> 0 <= b >>> 0 ? 1 : 0);
export const gt = (a: int, b: int): int => (a > b ? 1 : 0);
export const gtu = (a: int, b: int): int => (a >>> 0 > b >>> 0 ? 1 : 0);
export const ge = (a: int, b: int): int => (a >= b ? 1 : 0);
export const geu = (a: int, b: int): int => (a >>> 0 >= b >>> 0 ? 1 : 0);
export const eq = (a: int, b: int): int => (a === b ? 1 : 0);
export const ne = (a: int, b: int): int => (a !== b ? 1 : 0);

export const imul = Math.imul;
/** Number of leading zero bits, 0..32. */
export const clz = Math.clz32;
/** High word of the unsigned 64-bit product. */
export const mulhu = (a: int, b: int): int => wide.mulhu(a, b);
/** Unsigned hi:lo / d; the quotient must fit. */
export const divu = (hi: int, lo: int, d: int): int => wide.divu(hi, lo, d);
/** Unsigned 32-bit division; d is not zero. */
export const divw = (n: int, d: int): int => ((n >>> 0) / (d >>> 0)) | 0;

// Doubles. Comparisons are 0 or 1; with a NaN only fne is 1.
export const fadd = (a: number, b: number): number => a + b;
export const fsub = (a: number, b: number): number => a - b;
export const fmul = (a: number, b: number): number => a * b;
export const fdiv = (a: number, b: number): number => a / b;
export const fsqrt = Math.sqrt;
export const fabs = Math.abs;
export const fneg = (a: number): number => -a;
/** The nearest single. */
export const fround = Math.fround;
export const flt = (a: number, b: number): int => (a < b ? 1 : 0);
export const fle = (a: number, b: number): int => (a <= b ? 1 : 0);
export const feq = (a: number, b: number): int => (a === b ? 1 : 0);
export const fne = (a: number, b: number): int => (a !== b ? 1 : 0);
export const fromInt = (a: int): number => a;
/** Truncated; any value where that is no int32. */
export const toInt = (a: number): int => a | 0;

/** The least normal and the greatest finite double. */
const LEAST_NORMAL = 2 ** -1022;
const MOST_FINITE = Number.MAX_VALUE;
/**
 * 1 if a double is neither zero nor normal. The least normal number itself is left out: a result may have been tiny
 * before rounding.
 */
export function oddDouble(a: number): int {
  const m = Math.abs(a);
  return (m > LEAST_NORMAL && m <= MOST_FINITE) || a === 0 ? 0 : 1;
}
/** The same of the product r of a and b; 1 also where it is zero because it is too small. */
export function oddProduct(r: number, a: number, b: number): int {
  return r === 0 && a !== 0 && b !== 0 ? 1 : oddDouble(r);
}
/** The same of the quotient r of a and something. */
export function oddQuotient(r: number, a: number): int {
  return r === 0 && a !== 0 ? 1 : oddDouble(r);
}

// The x87's arithmetic, on the words of its numbers: see x87/unit.ts.
export const {
  x87add,
  x87sub,
  x87mul,
  x87div,
  x87sqrt,
  x87double,
  x87single,
  x87integer,
  x87round,
  x87load,
  x87compare,
  x87lo,
  x87hi,
} = x87;

// Memory: a place is checked (segment, then paging) before anything is committed; accesses through it cannot fault.

/**
 * Whether data accesses have more to them than segments and pages: alignment checks (EFLAGS.AC with CR0.AM at CPL 3)
 * or breakpoints. Engines that check no such things inline leave the code to the reference.
 */
export function isWatched(c: Cpu): boolean {
  return (c.AC !== 0 && c.cpl === 3 && (c.cr0 & CR0_AM) !== 0) || hasBreakpoints(c);
}

/** #AC(0) for an access that is not aligned to its size (SDM vol. 3, section 6.15, table 6-7); notes the breakpoints it hits. */
function watch(c: Cpu, linear: int, bytes: int, write: boolean): void {
  // Images and strings of other sizes are not checked as a whole.
  const power = (bytes & (bytes - 1)) === 0 && bytes <= 8;
  if (c.AC !== 0 && c.cpl === 3 && (c.cr0 & CR0_AM) !== 0 && power && (linear & (bytes - 1)) !== 0) {
    throw new GuestFault(AC, 0);
  }
  if (hasBreakpoints(c)) c.breakpointsHit |= dataBreakpoints(c, linear, bytes, write);
}

/** Checks `size` bits at seg:offset for reading. #GP, #SS, #PF. */
export function readPlace(c: Cpu, seg: int, offset: int, size: int): Place {
  const bytes = size >> 3;
  const linear = linearForRead(c, seg, offset, bytes);
  if (isWatched(c)) watch(c, linear, bytes, false);
  return c.memory.readPlace(linear, bytes, c.cpl === 3 ? 1 : 0);
}

/** Checks `size` bits at seg:offset for writing. #GP, #SS, #PF. */
export function writePlace(c: Cpu, seg: int, offset: int, size: int): Place {
  const bytes = size >> 3;
  const linear = linearForWrite(c, seg, offset, bytes);
  if (isWatched(c)) watch(c, linear, bytes, true);
  return c.memory.writePlace(linear, bytes, c.cpl === 3 ? 1 : 0);
}

/** The same for an operand that must be aligned to its size: #GP(0) otherwise, also in SS. */
export function readAligned(c: Cpu, seg: int, offset: int, size: int): Place {
  if (((c.base[seg] + offset) & ((size >> 3) - 1)) !== 0) throw new GuestFault(GP, 0);
  return readPlace(c, seg, offset, size);
}

export function writeAligned(c: Cpu, seg: int, offset: int, size: int): Place {
  if (((c.base[seg] + offset) & ((size >> 3) - 1)) !== 0) throw new GuestFault(GP, 0);
  return writePlace(c, seg, offset, size);
}

/** The sign-extended value of `size` (8, 16, 32) bits, `at` bytes into the place. */
export function load(c: Cpu, p: Place, size: int, at = 0): int {
  if (size === 32) return c.memory.load32(p, at);
  if (size === 8) return c.memory.load8(p, at);
  return c.memory.load16(p, at);
}

export function store(c: Cpu, p: Place, size: int, value: int, at = 0): void {
  if (size === 32) c.memory.store32(p, at, value);
  else if (size === 8) c.memory.store8(p, at, value);
  else c.memory.store16(p, at, value);
}

/** The words from `word` on hold the double `at` bytes into the place: said for engines, which need not join it again. */
export function holdsDouble(_c: Cpu, _word: int, _p: Place, _at: int): void {}

// Quick ways: what an engine does at once where it is the common case. The answer is 0 if it did all there is to do, 1 if
// it did nothing; then the semantics go on as if it had not been asked. The reference has none. They may change memory
// and state other than general registers and flags, no mapping, and nothing that the engine's code depends on.

/** Names of the quick ways. */
export const QUICK = [
  'quickMoves',
  'quickStores',
  'quickScans',
  'quickCompares',
  'quickSegment',
  'quickCycles',
] as const;

/** Those that ask for the time, which may be a count of instructions: it must be known how many are retired. */
export const TIMED: ReadonlySet<string> = new Set(['quickCycles']);

/** REP MOVS upwards of `count` elements of `size` bits between flat segments. */
export function quickMoves(_c: Cpu, _size: int, _to: int, _from: int, _count: int): int {
  return 1;
}

/** REP STOS upwards. */
export function quickStores(_c: Cpu, _size: int, _to: int, _count: int, _value: int): int {
  return 1;
}

/** REP SCAS upwards while elements are `equal` to `value`: leaves `quickCount` and `quickValue`. */
export function quickScans(_c: Cpu, _size: int, _at: int, _count: int, _value: int, _equal: int): int {
  return 1;
}

/** REP CMPS upwards while pairs are `equal`: leaves `quickCount`, `quickValue` (of `a`) and `quickOther`. */
export function quickCompares(_c: Cpu, _size: int, _a: int, _b: int, _count: int, _equal: int): int {
  return 1;
}

/** A load of DS, ES, FS or GS. */
export function quickSegment(_c: Cpu, _seg: int, _selector: int): int {
  return 1;
}

/** RDTSC, where it is not privileged: leaves `quickValue` and `quickOther`, the low and the high word. */
export function quickCycles(_c: Cpu): int {
  return 1;
}

// Control. While an instruction executes, EIP is already that of the next one.

/** EIP of the next instruction. */
export function nextEip(c: Cpu): int {
  return c.eip;
}

/** EIP of the instruction itself. */
export function currentEip(c: Cpu, i: Insn): int {
  return (c.eip - i.length) | 0;
}

/** Near transfer to EIP + rel, truncated to the operand size; #GP(0) beyond the limit of CS. */
export function jump(c: Cpu, i: Insn): void {
  jumpTo(c, c.eip + i.rel, i.osize);
}

/** Near transfer to `to`. */
export function jumpTo(c: Cpu, to: int, osize: int): void {
  const target = osize === 16 ? to & 0xffff : to | 0;
  checkTarget(c, target);
  c.eip = target;
}

/** Near relative transfer if `when` is not zero. */
export function branch(c: Cpu, when: int, i: Insn): void {
  if (when !== 0) jump(c, i);
}

/** Raises the fault if `when` is not zero; nothing may have been committed yet. */
export function raiseIf(_c: Cpu, when: int, vector: int, code: int = NO_CODE): void {
  if (when !== 0) throw new GuestFault(vector, code);
}

/**
 * Where engines leave an instruction to the reference: what follows, if `when` is not zero, is not for them. Nothing may
 * have been committed yet.
 */
export function leaveIf(_c: Cpu, _when: int): void {}

/** Checks the target of a relative transfer before anything else is committed. #GP(0) beyond the limit of CS. */
export function reach(c: Cpu, i: Insn): void {
  reachTo(c, c.eip + i.rel, i.osize);
}

/** The same for a target given as a value. */
export function reachTo(c: Cpu, to: int, osize: int): void {
  checkTarget(c, osize === 16 ? to & 0xffff : to | 0);
}

function checkTarget(c: Cpu, target: int): void {
  if (target >>> 0 > c.limit[CS] >>> 0) throw new GuestFault(GP, 0);
}
