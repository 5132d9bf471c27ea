// The x87 register stack: forms of a register, tags, the checks before an instruction, exceptions
// (SDM vol. 1, chapter 8; vol. 3, section 2.5 for CR0.EM, MP, TS and NE).
//
// A register holds either its 80 bits in words (FORM_EXTENDED) or, where the value is a finite number that a double
// holds exactly, that double (FORM_DOUBLE), so that most guests' arithmetic is the host's arithmetic.

import { MF, NM, raise } from '../../fault.ts';
import type { int } from '../../insn.ts';
import { type Cpu, CR0_EM, CR0_NE, CR0_TS, FORM_DOUBLE, FORM_EXTENDED, WORD } from '../../state.ts';

// Status word.
export const FSW_IE = 0x0001;
export const FSW_DE = 0x0002;
export const FSW_ZE = 0x0004;
export const FSW_OE = 0x0008;
export const FSW_UE = 0x0010;
export const FSW_PE = 0x0020;
export const FSW_SF = 0x0040;
export const FSW_ES = 0x0080;
export const FSW_C0 = 0x0100;
export const FSW_C1 = 0x0200;
export const FSW_C2 = 0x0400;
export const FSW_C3 = 0x4000;
export const FSW_B = 0x8000;
/** The six exceptions, and their masks in the control word. */
export const EXCEPTIONS = 0x003f;

/** Physical register of ST(n). */
export function physical(c: Cpu, n: int): int {
  return (c.ftop + n) & 7;
}

/** Makes the 80-bit words of physical register p valid. */
export function settle(c: Cpu, p: int): void {
  if (c.fpr[4 * p + 3] === FORM_DOUBLE) settleDouble(c, p);
}

function settleDouble(c: Cpu, p: int): void {
  const lo = c.words[WORD.fpd + 2 * p];
  const hi = c.words[WORD.fpd + 2 * p + 1];
  let e = (hi >>> 20) & 0x7ff;
  let h = ((hi & 0xfffff) << 11) | (lo >>> 21);
  let l = lo << 11;
  if (e !== 0) {
    h |= 0x80000000;
    e += 16383 - 1023;
  } else if ((h | l) !== 0) {
    // A double's denormal is a normal number of the extended format.
    e = 16383 - 1022;
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
  const k = 4 * p;
  c.fpr[k] = l;
  c.fpr[k + 1] = h;
  c.fpr[k + 2] = e | ((hi >>> 16) & 0x8000);
  c.fpr[k + 3] = FORM_EXTENDED;
}

/** Before every waiting instruction: #NM, #MF; with CR0.NE clear the error goes out through FERR#. */
export function waiting(c: Cpu): void {
  if (((c.cr0 & (CR0_EM | CR0_TS)) | (c.fsw & FSW_ES)) !== 0) refuse(c);
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
