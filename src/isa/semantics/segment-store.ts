// MOV and PUSH of a segment register (SDM vol. 2). Dialect; loads are residual, in segments.ts.

import { type Insn, SREG } from '../insn.ts';
import { store } from '../prims.ts';
import type { Cpu } from '../state.ts';
import { pushPlace, put, setStack, stackOffset, writable } from './operand.ts';
import { moveToSegment } from './segments.ts';

/** MOV to and from a segment register; a general register gets it zero-extended. */
export function MOVSEG(c: Cpu, i: Insn): void {
  if (i.dst.kind === SREG) moveToSegment(c, i);
  else {
    const p = writable(c, i.dst);
    put(c, i.dst, p, c.sel[i.src.n]);
  }
}

/** PUSH Sreg - zero-extended to the operand size. */
export function PUSHSEG(c: Cpu, i: Insn): void {
  const p = pushPlace(c, i.ssize, i.osize);
  store(c, p, i.osize, c.sel[i.src.n]);
  setStack(c, i.ssize, stackOffset(c, i.ssize, 0 - (i.osize >> 3)));
}
