// The x87 register stack: forms of a register, tags, what precedes and follows an instruction
// (SDM vol. 1, sections 8.1, 8.4 to 8.7; vol. 3, section 2.5 for CR0.EM, MP, TS and NE).
//
// A register is four words: significand low, high, sign and exponent; the fourth is zero.
//
// The instruction and data pointers follow every instruction that is not a control one. The opcode (FOP) is recorded at
// unmasked exceptions only, as by processors whose fopcode compatibility mode is off (SDM vol. 1, section 8.1.9.1).

import { MF, NM, raise } from '../../fault.ts';
import { CS, type int } from '../../insn.ts';
import type { Cpu } from '../../state.ts';
import { CR0_EM, CR0_MP, CR0_NE, CR0_TS } from '../../system-bits.ts';
import {
  BIAS,
  EXCEPTIONS,
  EXPONENT,
  FSW_B,
  FSW_C1,
  FSW_DE,
  FSW_ES,
  FSW_IE,
  FSW_OE,
  FSW_SF,
  FSW_UE,
  FSW_ZE,
  NAN_HI,
  NAN_SE,
} from './bits.ts';
import { push } from './plain.ts';
import { R, X } from './softfloat.ts';

export { note, noteMemory, physical, pop, push } from './plain.ts';

const DOUBLE_BIAS = 1023;
const DOUBLE_EXPONENT = 0x7ff;

/** Whether physical register p is in use (tagged non-empty). */
export function inUse(c: Cpu, p: int): boolean {
  return ((c.ftag >> p) & 1) !== 0;
}

/** Scratch operand `o` = physical register p. */
export function take(c: Cpu, p: int, o: int): void {
  const k = 4 * p;
  X[o] = c.fpr[k];
  X[o + 1] = c.fpr[k + 1];
  X[o + 2] = c.fpr[k + 2];
}

/** Three words of `to` at `at` = the double lo, hi in the extended format; a signalling NaN stays one. */
export function widen(lo: int, hi: int, to: Int32Array, at: int): void {
  let e = (hi >>> 20) & DOUBLE_EXPONENT;
  let h = ((hi & 0xfffff) << 11) | (lo >>> 21);
  let l = lo << 11;
  if (e === DOUBLE_EXPONENT) {
    e = EXPONENT;
    h |= 0x80000000;
  } else if (e !== 0) {
    h |= 0x80000000;
    e += BIAS - DOUBLE_BIAS;
  } else if ((h | l) !== 0) {
    // A denormal double is a normal number of the extended format.
    e = BIAS - DOUBLE_BIAS + 1;
    if (h === 0) {
      h = l;
      l = 0;
      e -= 32;
    }
    const n = Math.clz32(h);
    if (n !== 0) {
      h = (h << n) | (l >>> (32 - n));
      l <<= n;
      e -= n;
    }
  }
  to[at] = l;
  to[at + 1] = h;
  to[at + 2] = e | ((hi >>> 16) & 0x8000);
}

/** Physical register p = R. The tag is not touched. */
export function give(c: Cpu, p: int): void {
  giveWords(c, p, X[R + 2], X[R + 1], X[R]);
}

/** Physical register p = the 80 bits given. The tag is not touched. */
export function giveWords(c: Cpu, p: int, se: int, hi: int, lo: int): void {
  const k = 4 * p;
  c.fpr[k] = lo;
  c.fpr[k + 1] = hi;
  c.fpr[k + 2] = se;
}

/** Physical register p = the default NaN, in use. */
export function giveNaN(c: Cpu, p: int): void {
  giveWords(c, p, NAN_SE, NAN_HI, 0);
  c.ftag |= 1 << p;
}

/** Before a push: whether the stack has room. If it has not, #IS: the default NaN is pushed where that is masked. */
export function roomToPush(c: Cpu): boolean {
  const p = (c.ftop + 7) & 7;
  if (((c.ftag >> p) & 1) === 0) return true;
  if (signal(c, FSW_IE | FSW_SF | FSW_C1) === 0) giveNaN(c, push(c));
  return false;
}

/** #IS on an empty register: whether it is masked. */
export function underflow(c: Cpu): boolean {
  return signal(c, FSW_IE | FSW_SF) === 0;
}

/** #IS on an empty register: where masked, physical register p = the default NaN. Whether it is masked. */
export function underflowTo(c: Cpu, p: int): boolean {
  if (!underflow(c)) return false;
  giveNaN(c, p);
  return true;
}

/** Before every waiting instruction: #NM, #MF; with CR0.NE clear the error goes out through FERR#. */
export function waiting(c: Cpu): void {
  if (((c.cr0 & (CR0_EM | CR0_TS)) | (c.fsw & FSW_ES)) !== 0) refuse(c);
}

/** Before FWAIT: #NM with MP and TS, then #MF. */
export function settled(c: Cpu): void {
  if ((c.cr0 & (CR0_MP | CR0_TS)) === (CR0_MP | CR0_TS)) raise(NM);
  pendingError(c);
}

/** Before a non-waiting (FN...) instruction: #NM only. */
export function present(c: Cpu): void {
  if ((c.cr0 & (CR0_EM | CR0_TS)) !== 0) raise(NM);
}

function refuse(c: Cpu): void {
  present(c);
  pendingError(c);
}

/** #MF if an unmasked exception is pending. */
export function pendingError(c: Cpu): void {
  if ((c.fsw & FSW_ES) === 0) return;
  if ((c.cr0 & CR0_NE) !== 0) raise(MF);
  // NE = 0: the platform's interrupt 13 reports it; the processor goes on, as with IGNNE# asserted.
  c.platform.ferr?.();
}

/**
 * Sets the exceptions of `flags` in the status word, and C1 as it is in `flags`; if one is unmasked, ES and B, and the
 * pointers' opcode. Returns the unmasked ones.
 */
export function signal(c: Cpu, flags: int): int {
  c.fsw = (c.fsw & ~FSW_C1) | flags;
  const unmasked = flags & ~c.fcw & EXCEPTIONS;
  if (unmasked !== 0) pend(c);
  return unmasked;
}

function pend(c: Cpu): void {
  c.fsw |= FSW_ES | FSW_B;
  c.fop = opcode(c);
  if ((c.cr0 & CR0_NE) === 0) c.platform.ferr?.();
}

/**
 * Ends a computation whose result is R and whose exceptions are `flags`: writes physical register p unless an
 * exception that precedes the computation is unmasked. Whether it was written.
 */
export function conclude(c: Cpu, p: int, flags: int): boolean {
  if (flags === 0) c.fsw &= ~FSW_C1;
  else if (!allowed(c, flags)) return false;
  give(c, p);
  return true;
}

/** The same for several results: signals `flags`; whether the results are to be written. */
export function allowed(c: Cpu, flags: int): boolean {
  const before = flags & (FSW_IE | FSW_DE | FSW_ZE);
  if ((before & ~c.fcw) !== 0) {
    signal(c, before);
    return false;
  }
  signal(c, flags);
  return true;
}

/**
 * Whether memory may be written by a store whose exceptions are `flags`: unmasked ones but #P prevent it, and are
 * signalled. Otherwise the caller signals them when it has written, since recording the opcode reads memory.
 */
export function storable(c: Cpu, flags: int): boolean {
  const before = flags & (FSW_IE | FSW_SF | FSW_OE | FSW_UE);
  if ((before & ~c.fcw & EXCEPTIONS) === 0) return true;
  signal(c, before);
  return false;
}

/** The 11 bits of FOP, read from the instruction at FIP, past its prefixes. */
function opcode(c: Cpu): int {
  let at = (c.base[CS] + c.fip) | 0;
  for (let n = 0; n < 15; n++) {
    const b = c.memory.load8(c.memory.readPlace(at, 1, 0), 0) & 255;
    at = (at + 1) | 0;
    if (b >= 0xd8 && b <= 0xdf) return ((b & 7) << 8) | (c.memory.load8(c.memory.readPlace(at, 1, 0), 0) & 255);
  }
  return 0;
}
