// MXCSR: control and status of SSE floating point (SDM vol. 1, sections 10.2.3 and 11.5).
//
// Deviations: DAZ exists, MXCSR_MASK is 0xffff (AMD's misaligned-access bit 17 is reserved here).

import { GP, raise, UD, XM } from '../../fault.ts';
import type { Insn, int } from '../../insn.ts';
import { load, raiseIf, readPlace, store, writePlace } from '../../prims.ts';
import type { Cpu } from '../../state.ts';
import { CR4_OSXMMEXCPT } from '../../system-bits.ts';
import { offset } from '../operand.ts';
import { requireSse } from './operand.ts';

// Sticky flags; their masks are 7 bits up.
export const IE = 1 << 0;
export const DE = 1 << 1;
export const ZE = 1 << 2;
export const OE = 1 << 3;
export const UE = 1 << 4;
export const PE = 1 << 5;
/** Denormals are zeros. */
export const DAZ = 1 << 6;
export const UM = UE << 7;
export const OM = OE << 7;
export const PM = PE << 7;
/** Rounding control: nearest (even), down, up, toward zero. */
export const RC = 3 << 13;
export const RC_DOWN = 1 << 13;
export const RC_UP = 2 << 13;
export const RC_ZERO = 3 << 13;
/** Flush to zero. */
export const FTZ = 1 << 15;
/** The bits that exist: MXCSR_MASK of FXSAVE. */
export const MXCSR_MASK = 0xffff;

/** Exceptions found before an operation is carried out; with one of them unmasked the others are not looked for. */
const BEFORE = IE | DE | ZE;

/** LDMXCSR - MXCSR <- SRC; #GP(0) for reserved bits. A flag loaded together with its cleared mask raises nothing. */
export function LDMXCSR(c: Cpu, i: Insn): void {
  requireSse(c);
  const v = load(c, readPlace(c, i.src.seg, offset(c, i.src), 32), 32);
  raiseIf(c, v & ~MXCSR_MASK, GP, 0);
  c.mxcsr = v;
}

/** STMXCSR - DEST <- MXCSR. */
export function STMXCSR(c: Cpu, i: Insn): void {
  requireSse(c);
  store(c, writePlace(c, i.dst.seg, offset(c, i.dst), 32), 32, c.mxcsr);
}

/**
 * Sets the sticky flags that an instruction raised, of all its lanes, and raises #XM (#UD without CR4.OSXMMEXCPT) if
 * one of them is unmasked. Called before the result is committed: the flags are all that such an instruction leaves.
 */
export function settleExceptions(c: Cpu, raised: int): void {
  if (raised === 0) return;
  const unmasked = ~(c.mxcsr >> 7);
  const seen = (raised & unmasked & BEFORE) !== 0 ? raised & BEFORE : raised;
  c.mxcsr |= seen;
  if ((seen & unmasked) !== 0) raise((c.cr4 & CR4_OSXMMEXCPT) !== 0 ? XM : UD);
}
