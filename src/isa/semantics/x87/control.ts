// Environments and state images: FNCLEX, FNINIT, FLDENV, FNSTENV, FNSAVE, FRSTOR (SDM vol. 1, section 8.1.10; vol. 2).
// Reserved parts of a stored image: the upper halves of words and selectors are ones, the rest zeros.

import type { Place } from '../../environment.ts';
import type { Insn, int, Operand } from '../../insn.ts';
import { load, readPlace, store, writePlace } from '../../prims.ts';
import type { Cpu } from '../../state.ts';
import { CR0_PE } from '../../system-bits.ts';
import { offset } from '../operand.ts';
import { EXCEPTIONS, FCW_FIXED, FCW_INITIAL, FCW_WRITABLE, FSW_B, FSW_ES, FSW_SF } from './bits.ts';
import { statusWord } from './plain.ts';
import { A, isNormal, isZero, X } from './softfloat.ts';
import { giveWords, inUse, physical, present, take, waiting } from './stack.ts';

export { statusWord };

/** Loads the status word; ES and B follow from the exceptions and their masks. */
export function setStatusWord(c: Cpu, v: int): void {
  c.ftop = (v >> 11) & 7;
  c.fsw = v & 0x477f;
  summarise(c);
}

/** Loads the control word. ES and B are left to `summarise`. */
export function setControlWord(c: Cpu, v: int): void {
  c.fcw = (v & FCW_WRITABLE) | FCW_FIXED;
}

/** ES and B: whether an exception is set and unmasked. */
export function summarise(c: Cpu): void {
  if ((c.fsw & ~c.fcw & EXCEPTIONS) !== 0) c.fsw |= FSW_ES | FSW_B;
  else c.fsw &= ~(FSW_ES | FSW_B);
}

/** FLDCW where an exception becomes unmasked. */
export function controlSlowly(c: Cpu, v: int): void {
  setControlWord(c, v);
  summarise(c);
}
/** FNCLEX: clears the exceptions. */
export function FNCLEX(c: Cpu, _i: Insn): void {
  present(c);
  c.fsw &= ~(EXCEPTIONS | FSW_SF | FSW_ES | FSW_B);
}
/** FNINIT: all but the registers' contents to their initial values. */
export function FNINIT(c: Cpu, _i: Insn): void {
  present(c);
  initialise(c);
}
/** FNSTENV: stores the environment (14 or 28 bytes), then masks all exceptions. */
export function FNSTENV(c: Cpu, i: Insn): void {
  present(c);
  const p = writePlace(c, i.dst.seg, offset(c, i.dst), environmentBits(i.osize));
  storeEnvironment(c, p, i.osize);
  c.fcw |= EXCEPTIONS;
  summarise(c);
}
/** FLDENV: loads the environment. */
export function FLDENV(c: Cpu, i: Insn): void {
  waiting(c);
  const p = readPlace(c, i.src.seg, offset(c, i.src), environmentBits(i.osize));
  loadEnvironment(c, p, i.osize);
}
/** FNSAVE: stores environment and registers (94 or 108 bytes), then initialises. */
export function FNSAVE(c: Cpu, i: Insn): void {
  present(c);
  const bits = environmentBits(i.osize);
  const p = image(c, i.dst, bits, true);
  storeEnvironment(c, p, i.osize);
  for (let n = 0; n < 8; n++) {
    const at = (bits >> 3) + 10 * n;
    take(c, physical(c, n), A);
    store(c, p, 32, X[A], at);
    store(c, p, 32, X[A + 1], at + 4);
    store(c, p, 16, X[A + 2], at + 8);
  }
  initialise(c);
}
/** FRSTOR: loads environment and registers. */
export function FRSTOR(c: Cpu, i: Insn): void {
  waiting(c);
  const bits = environmentBits(i.osize);
  const p = image(c, i.src, bits, false);
  loadEnvironment(c, p, i.osize);
  for (let n = 0; n < 8; n++) {
    const at = (bits >> 3) + 10 * n;
    giveWords(c, physical(c, n), load(c, p, 16, at + 8) & 0xffff, load(c, p, 32, at + 4), load(c, p, 32, at));
  }
}

function image(c: Cpu, o: Operand, bits: int, write: boolean): Place {
  const at = offset(c, o);
  return write ? writePlace(c, o.seg, at, bits + 640) : readPlace(c, o.seg, at, bits + 640);
}

function environmentBits(osize: int): int {
  return osize === 32 ? 224 : 112;
}

function initialise(c: Cpu): void {
  c.fcw = FCW_INITIAL;
  c.fsw = 0;
  c.ftop = 0;
  c.ftag = 0;
  c.fip = 0;
  c.fcs = 0;
  c.fdp = 0;
  c.fds = 0;
  c.fop = 0;
}

/** The tag word of two bits a register: 0 valid, 1 zero, 2 special, 3 empty. */
function tagWord(c: Cpu): int {
  let tags = 0;
  for (let p = 0; p < 8; p++) {
    let tag = 3;
    if (inUse(c, p)) {
      take(c, p, A);
      tag = isNormal(A) ? 0 : isZero(A) ? 1 : 2;
    }
    tags |= tag << (2 * p);
  }
  return tags;
}

function setTagWord(c: Cpu, v: int): void {
  let tag = 0;
  for (let p = 0; p < 8; p++) if (((v >> (2 * p)) & 3) !== 3) tag |= 1 << p;
  c.ftag = tag;
}

function segmented(c: Cpu): boolean {
  return (c.cr0 & CR0_PE) !== 0 && c.VM === 0;
}

function storeEnvironment(c: Cpu, p: Place, osize: int): void {
  const ip = segmented(c) ? c.fip : ((c.fcs << 4) + c.fip) | 0;
  const dp = segmented(c) ? c.fdp : ((c.fds << 4) + c.fdp) | 0;
  if (osize === 32) {
    store(c, p, 32, 0xffff0000 | c.fcw, 0);
    store(c, p, 32, 0xffff0000 | statusWord(c), 4);
    store(c, p, 32, 0xffff0000 | tagWord(c), 8);
    if (segmented(c)) {
      store(c, p, 32, ip, 12);
      store(c, p, 32, (c.fcs & 0xffff) | (c.fop << 16), 16);
      store(c, p, 32, dp, 20);
      store(c, p, 32, 0xffff0000 | c.fds, 24);
    } else {
      store(c, p, 32, ip & 0xffff, 12);
      store(c, p, 32, ((ip >>> 16) << 12) | c.fop, 16);
      store(c, p, 32, dp & 0xffff, 20);
      store(c, p, 32, (dp >>> 16) << 12, 24);
    }
    return;
  }
  store(c, p, 16, c.fcw, 0);
  store(c, p, 16, statusWord(c), 2);
  store(c, p, 16, tagWord(c), 4);
  store(c, p, 16, ip, 6);
  store(c, p, 16, segmented(c) ? c.fcs : ((ip >>> 4) & 0xf000) | c.fop, 8);
  store(c, p, 16, dp, 10);
  store(c, p, 16, segmented(c) ? c.fds : (dp >>> 4) & 0xf000, 12);
}

function loadEnvironment(c: Cpu, p: Place, osize: int): void {
  const step = osize >> 3;
  const low = (n: int) => load(c, p, 16, n * step) & 0xffff;
  setControlWord(c, low(0));
  setStatusWord(c, low(1));
  setTagWord(c, low(2));
  const selector = low(4);
  if (segmented(c)) {
    c.fip = osize === 32 ? load(c, p, 32, 12) : low(3);
    c.fcs = selector;
    c.fop = osize === 32 ? load(c, p, 16, 18) & 0x7ff : 0;
    c.fdp = osize === 32 ? load(c, p, 32, 20) : low(5);
    c.fds = low(6);
    return;
  }
  // Real and virtual-8086 mode: linear addresses, of 20 or 32 bits, and the opcode.
  const high = (n: int) => (osize === 32 ? (load(c, p, 32, n * 4) << 4) & 0xffff0000 : (low(n) << 4) & 0xf0000);
  c.fop = selector & 0x7ff;
  c.fip = low(3) | high(4);
  c.fcs = 0;
  c.fdp = low(5) | high(6);
  c.fds = 0;
}
