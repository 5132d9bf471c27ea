// CMPXCHG8B (SDM vol. 2). Dialect.

import { EAX, EBX, ECX, EDX, type Insn } from '../insn.ts';
import { eq, load, store } from '../prims.ts';
import type { Cpu } from '../state.ts';
import { writable } from './operand.ts';

/** CMPXCHG8B m64 - if EDX:EAX = DEST then DEST <- ECX:EBX, else EDX:EAX <- DEST. Flags: ZF only. */
export function CMPXCHG8B(c: Cpu, i: Insn): void {
  const p = writable(c, i.dst);
  const lo = load(c, p, 32, 0);
  const hi = load(c, p, 32, 4);
  const differs = (lo ^ c.reg[EAX]) | (hi ^ c.reg[EDX]);
  const same = eq(differs, 0);
  store(c, p, 32, same ? c.reg[EBX] : lo, 0);
  store(c, p, 32, same ? c.reg[ECX] : hi, 4);
  c.reg[EAX] = lo;
  c.reg[EDX] = hi;
  c.fz = differs;
}
