// Near transfers of control (SDM vol. 2). Dialect. EIP is already that of the next instruction.

import { ECX, type Insn } from '../insn.ts';
import { branch, eq, jump, jumpTo, load, ne, nextEip, reach, reachTo, store } from '../prims.ts';
import type { Cpu } from '../state.ts';
import { holds, zero } from './flags.ts';
import { popPlace, pushPlace, read, setPart, setStack, stackOffset, unsigned } from './operand.ts';

/** JMP rel. */
export function JMP(c: Cpu, i: Insn): void {
  jump(c, i);
}

/** JMP r/m. */
export function JMPn(c: Cpu, i: Insn): void {
  jumpTo(c, read(c, i.src), i.osize);
}

/** Jcc rel - jump if cc holds. */
export function Jcc(c: Cpu, i: Insn): void {
  branch(c, holds(c, i.cc), i);
}

/** CALL rel - push the address of the next instruction; jump. */
export function CALL(c: Cpu, i: Insn): void {
  reach(c, i);
  const p = pushPlace(c, i.ssize, i.osize);
  const top = stackOffset(c, i.ssize, 0 - (i.osize >> 3));
  store(c, p, i.osize, nextEip(c));
  setStack(c, i.ssize, top);
  jump(c, i);
}

/** CALL r/m. */
export function CALLn(c: Cpu, i: Insn): void {
  const to = read(c, i.src);
  reachTo(c, to, i.osize);
  const p = pushPlace(c, i.ssize, i.osize);
  const top = stackOffset(c, i.ssize, 0 - (i.osize >> 3));
  store(c, p, i.osize, nextEip(c));
  setStack(c, i.ssize, top);
  jumpTo(c, to, i.osize);
}

/** RET (imm16) - pop EIP; release imm16 bytes. */
export function RET(c: Cpu, i: Insn): void {
  const p = popPlace(c, i.ssize, i.osize);
  const to = load(c, p, i.osize);
  reachTo(c, to, i.osize);
  setStack(c, i.ssize, stackOffset(c, i.ssize, (i.osize >> 3) + (i.src.value & 65535)));
  jumpTo(c, to, i.osize);
}

/** LOOP - count register <- count register - 1; jump if it is not zero. */
export function LOOP(c: Cpu, i: Insn): void {
  const n = unsigned((c.reg[ECX] - 1) | 0, i.asize);
  reach(c, i);
  setPart(c, ECX, i.asize, n);
  branch(c, ne(n, 0), i);
}

/** LOOPE - and if ZF is set. */
export function LOOPE(c: Cpu, i: Insn): void {
  const n = unsigned((c.reg[ECX] - 1) | 0, i.asize);
  reach(c, i);
  setPart(c, ECX, i.asize, n);
  branch(c, ne(n, 0) & zero(c), i);
}

/** LOOPNE - and if ZF is clear. */
export function LOOPNE(c: Cpu, i: Insn): void {
  const n = unsigned((c.reg[ECX] - 1) | 0, i.asize);
  reach(c, i);
  setPart(c, ECX, i.asize, n);
  branch(c, ne(n, 0) & (zero(c) ^ 1), i);
}

/** JCXZ, JECXZ - jump if the count register is zero. */
export function JCXZ(c: Cpu, i: Insn): void {
  branch(c, eq(unsigned(c.reg[ECX], i.asize), 0), i);
}
