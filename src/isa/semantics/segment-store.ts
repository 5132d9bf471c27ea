// MOV, PUSH and POP of a segment register (SDM vol. 2). Dialect; loads that engines have no quick way for are residual,
// in segments.ts.

import { UD } from '../fault.ts';
import { CS, type Insn, SREG } from '../insn.ts';
import { eq, load, quickSegment, raiseIf, store } from '../prims.ts';
import type { Cpu } from '../state.ts';
import { popPlace, pushPlace, put, read, setStack, stackOffset, writable } from './operand.ts';
import { loadSegmentRegister } from './segments.ts';

/**
 * MOV to and from a segment register; a general register gets it zero-extended. #UD for a load of CS; one of SS holds off
 * interrupts for one instruction.
 */
export function MOVSEG(c: Cpu, i: Insn): void {
  if (i.dst.kind === SREG) {
    raiseIf(c, eq(i.dst.n, CS), UD);
    const selector = read(c, i.src) & 65535;
    if (quickSegment(c, i.dst.n, selector)) loadSegmentRegister(c, i.dst.n, selector);
  } else {
    const p = writable(c, i.dst);
    put(c, i.dst, p, c.sel[i.src.n]);
  }
}

/** POP Sreg. A load of SS holds off interrupts for one instruction. */
export function POPSEG(c: Cpu, i: Insn): void {
  const p = popPlace(c, i.ssize, i.osize);
  const selector = load(c, p, 16) & 65535;
  if (quickSegment(c, i.dst.n, selector)) loadSegmentRegister(c, i.dst.n, selector);
  setStack(c, i.ssize, stackOffset(c, i.ssize, i.osize >> 3));
}

/** PUSH Sreg - zero-extended to the operand size. */
export function PUSHSEG(c: Cpu, i: Insn): void {
  const p = pushPlace(c, i.ssize, i.osize);
  store(c, p, i.osize, c.sel[i.src.n]);
  setStack(c, i.ssize, stackOffset(c, i.ssize, 0 - (i.osize >> 3)));
}
