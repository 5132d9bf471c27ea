// FXSAVE and FXRSTOR: the 512-byte image of x87, MMX and SSE state (SDM vol. 1, section 10.5; vol. 2).
// Instruction and data pointers are stored always, as the manual says; AMD's processors store them only while an
// exception is pending. The XMM registers are saved and restored whether CR4.OSFXSR is set or
// not: the manual leaves it to the processor.

import type { Place } from '../../environment.ts';
import { GP, NM, raise, UD } from '../../fault.ts';
import type { Insn, int, Operand } from '../../insn.ts';
import { load, readPlace, store, writePlace } from '../../prims.ts';
import type { Cpu } from '../../state.ts';
import { CR0_EM, CR0_TS } from '../../system-bits.ts';
import { offset } from '../operand.ts';
import { setControlWord, setStatusWord, statusWord } from './control.ts';
import { A, X } from './softfloat.ts';
import { giveWords, physical, take } from './stack.ts';

/** Bits of MXCSR that exist; what FXSAVE stores as MXCSR_MASK. */
export const MXCSR_MASK = 0xffff;

const IMAGE_BITS = 4096;
// Byte offsets in the image.
const FOP = 6;
const FIP = 8;
const FCS = 12;
const FDP = 16;
const FDS = 20;
const MXCSR = 24;
const REGISTERS = 32;
const REGISTERS_BYTES = 128;
const XMM = 160;
const XMM_BYTES = 128;

/** FXSAVE: stores the image; nothing is initialised. #NM, #UD, #GP(0) if it is not aligned on 16 bytes. */
export function FXSAVE(c: Cpu, i: Insn): void {
  const at = aligned(c, i.dst);
  const p = writePlace(c, i.dst.seg, at, IMAGE_BITS);
  store(c, p, 16, c.fcw, 0);
  store(c, p, 16, statusWord(c), 2);
  store(c, p, 16, c.ftag & 0xff, 4);
  store(c, p, 16, c.fop, FOP);
  store(c, p, 32, c.fip, FIP);
  store(c, p, 32, c.fcs & 0xffff, FCS);
  store(c, p, 32, c.fdp, FDP);
  store(c, p, 32, c.fds & 0xffff, FDS);
  store(c, p, 32, c.mxcsr, MXCSR);
  store(c, p, 32, MXCSR_MASK, MXCSR + 4);
  if (move(c, p, true)) return;
  for (let n = 0; n < 8; n++) {
    take(c, physical(c, n), A);
    const q = REGISTERS + 16 * n;
    store(c, p, 32, X[A], q);
    store(c, p, 32, X[A + 1], q + 4);
    store(c, p, 32, X[A + 2], q + 8);
    store(c, p, 32, 0, q + 12);
  }
  for (let n = 0; n < 32; n++) store(c, p, 32, c.xmm[n], XMM + 4 * n);
}

/** FXRSTOR: loads the image. #NM, #UD, #GP(0) if it is not aligned or sets reserved bits of MXCSR. */
export function FXRSTOR(c: Cpu, i: Insn): void {
  const at = aligned(c, i.src);
  const p = readPlace(c, i.src.seg, at, IMAGE_BITS);
  const mxcsr = load(c, p, 32, MXCSR);
  if ((mxcsr & ~MXCSR_MASK) !== 0) raise(GP, 0);
  c.mxcsr = mxcsr;
  setControlWord(c, load(c, p, 16, 0));
  setStatusWord(c, load(c, p, 16, 2));
  c.ftag = load(c, p, 8, 4) & 0xff;
  c.fop = load(c, p, 16, FOP) & 0x7ff;
  c.fip = load(c, p, 32, FIP);
  c.fcs = load(c, p, 16, FCS) & 0xffff;
  c.fdp = load(c, p, 32, FDP);
  c.fds = load(c, p, 16, FDS) & 0xffff;
  if (move(c, p, false)) {
    // What is reserved in the image need not be zero.
    for (let k = 2; k < 32; k += 4) {
      c.fpr[k] = c.fpr[k] & 0xffff;
      c.fpr[k + 1] = 0;
    }
    return;
  }
  for (let n = 0; n < 8; n++) {
    const q = REGISTERS + 16 * n;
    giveWords(c, physical(c, n), load(c, p, 16, q + 8) & 0xffff, load(c, p, 32, q + 4), load(c, p, 32, q));
  }
  for (let n = 0; n < 32; n++) c.xmm[n] = load(c, p, 32, XMM + 4 * n);
}

/**
 * Moves the registers to the image, or from it, where it is directly accessible: they lie in the heap as they do there,
 * those of the x87 from the stack's top on, and round to it again. Whether it did.
 */
function move(c: Cpu, p: Place, isSaved: boolean): boolean {
  const { bulk } = c.memory;
  if (p < 0 || !bulk) return false;
  const copy = (image: int, host: int, bytes: int): void => {
    if (bytes === 0) return;
    if (isSaved) bulk.copy(p + image, host, bytes, 32, false);
    else bulk.copy(host, p + image, bytes, 32, false);
  };
  const above = 16 * c.ftop;
  const { byteOffset } = c.fpr;
  copy(REGISTERS, byteOffset + above, REGISTERS_BYTES - above);
  copy(REGISTERS + REGISTERS_BYTES - above, byteOffset, above);
  copy(XMM, c.xmm.byteOffset, XMM_BYTES);
  return true;
}

/** Offset of the image, checked. */
function aligned(c: Cpu, o: Operand): int {
  if ((c.cr0 & CR0_EM) !== 0) raise(UD);
  if ((c.cr0 & CR0_TS) !== 0) raise(NM);
  const at = offset(c, o);
  if (((c.base[o.seg] + at) & 15) !== 0) raise(GP, 0);
  return at;
}
