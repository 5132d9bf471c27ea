// FLD1, FLDL2T, FLDL2E, FLDPI, FLDLG2, FLDLN2, FLDZ (SDM vol. 2; rounding: vol. 1, section 8.3.8).

import type { Insn, int } from '../../insn.ts';
import type { Cpu } from '../../state.ts';
import { FSW_C1, MSB, RC_DOWN, RC_MASK, RC_UP, RC_ZERO } from './bits.ts';
import { giveWords, note, push, roomToPush, waiting } from './stack.ts';

/** FLDZ: pushes +0. */
export function FLDZ(c: Cpu, i: Insn): void {
  constant(c, i, 0, 0, 0, 0);
}
/** FLD1: pushes 1. */
export function FLD1(c: Cpu, i: Insn): void {
  constant(c, i, 0x3fff, MSB, 0, 0);
}
// The others hold the bits below the 64 that are kept, to round by: `below` is the sign of what rounding to nearest
// left out: 1 if the constant is greater than what is loaded, -1 if it is less.
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
  note(c, i);
  if (!roomToPush(c)) return;
  c.fsw &= ~FSW_C1;
  const rc = c.fcw & RC_MASK;
  let l = lo;
  if (below > 0 && rc === RC_UP) l = (l + 1) | 0;
  else if (below < 0 && (rc === RC_DOWN || rc === RC_ZERO)) l = (l - 1) | 0;
  giveWords(c, push(c), se, hi, l);
}
