// The stack (SDM vol. 2). Dialect; ENTER, PUSHA, POPA and POP to memory are residual.

import { EAX, EBP, EBX, ECX, EDI, EDX, ESI, ESP, type Insn, type int, MEM, SS } from '../insn.ts';
import { load, readPlace, store, writePlace } from '../prims.ts';
import type { Cpu } from '../state.ts';
import {
  frameOffset,
  get,
  popPlace,
  pushPlace,
  put,
  read,
  setPart,
  setStack,
  stackOffset,
  writable,
} from './operand.ts';

/** PUSH - eSP <- eSP - size; [eSP] <- SRC. PUSH eSP stores the value that eSP had before. */
export function PUSH(c: Cpu, i: Insn): void {
  const v = read(c, i.src);
  const p = pushPlace(c, i.ssize, i.size);
  const top = stackOffset(c, i.ssize, 0 - (i.size >> 3));
  store(c, p, i.size, v);
  setStack(c, i.ssize, top);
}

/** POP - DEST <- [eSP]; eSP <- eSP + size. POP eSP keeps the value popped. */
export function POP(c: Cpu, i: Insn): void {
  if (i.dst.kind === MEM) popMemory(c, i);
  else popRegister(c, i);
}
export function popRegister(c: Cpu, i: Insn): void {
  const p = popPlace(c, i.ssize, i.size);
  const v = load(c, p, i.size);
  setStack(c, i.ssize, stackOffset(c, i.ssize, i.size >> 3));
  put(c, i.dst, 0, v);
}

/** LEAVE - eSP <- eBP; POP eBP. */
export function LEAVE(c: Cpu, i: Insn): void {
  const frame = frameOffset(c, i.ssize);
  const p = readPlace(c, SS, frame, i.size);
  const v = load(c, p, i.size);
  setStack(c, i.ssize, (frame + (i.size >> 3)) | 0);
  setPart(c, EBP, i.size, v);
}

/** POP memory - the address is computed with eSP already stepped. Residual. */
export function popMemory(c: Cpu, i: Insn): void {
  const from = popPlace(c, i.ssize, i.size);
  const v = load(c, from, i.size);
  const old = c.reg[ESP];
  setStack(c, i.ssize, stackOffset(c, i.ssize, i.size >> 3));
  const stepped = c.reg[ESP];
  // A fault of the destination leaves eSP as it was.
  let p = -1;
  try {
    p = writable(c, i.dst);
  } catch (fault) {
    c.reg[ESP] = old;
    throw fault;
  }
  c.reg[ESP] = stepped;
  put(c, i.dst, p, v);
}

const ALL = [EDI, ESI, EBP, ESP, EBX, EDX, ECX, EAX];

/** PUSHA, PUSHAD - pushes eAX eCX eDX eBX, eSP as it was, eBP eSI eDI. Residual. */
export function PUSHA(c: Cpu, i: Insn): void {
  const bytes = i.size >> 3;
  const top = stackOffset(c, i.ssize, -8 * bytes);
  // Checked one by one: with a 16-bit stack pointer the frame may wrap round.
  for (let k = 0; k < 8; k++) writePlace(c, SS, stackOffset(c, i.ssize, -bytes * (k + 1)), i.size);
  for (let k = 0; k < 8; k++) {
    store(c, writePlace(c, SS, stackOffset(c, i.ssize, -bytes * (8 - k)), i.size), i.size, c.reg[ALL[k]]);
  }
  setStack(c, i.ssize, top);
}

/** POPA, POPAD - pops them again, eSP's value thrown away. Residual. */
export function POPA(c: Cpu, i: Insn): void {
  const bytes = i.size >> 3;
  for (let k = 0; k < 8; k++) readPlace(c, SS, stackOffset(c, i.ssize, bytes * k), i.size);
  for (let k = 0; k < 8; k++) {
    const v = load(c, readPlace(c, SS, stackOffset(c, i.ssize, bytes * k), i.size), i.size);
    if (ALL[k] !== ESP) setPart(c, ALL[k], i.size, v);
  }
  setStack(c, i.ssize, stackOffset(c, i.ssize, 8 * bytes));
}

/** ENTER imm16, imm8 - a stack frame of imm16 bytes at nesting level imm8 (mod 32). Residual. */
export function ENTER(c: Cpu, i: Insn): void {
  const bytes = i.size >> 3;
  const level = i.src2.value & 31;
  const frame = stackOffset(c, i.ssize, -bytes);
  writePlace(c, SS, frame, i.size);
  const bp = get(c, { ...i.dst, kind: 1, size: i.size, n: EBP }, 0);
  // The level's pointers are read one by one between the pushes, which may have changed them; all is checked before.
  const outer = (k: int): int => (i.ssize === 32 ? (c.reg[EBP] - k * bytes) | 0 : (c.reg[EBP] - k * bytes) & 65535);
  const below = (k: int): int => stackOffset(c, i.ssize, -bytes * (k + 1));
  for (let k = 1; k < level; k++) readPlace(c, SS, outer(k), i.size);
  for (let k = 1; k <= level; k++) writePlace(c, SS, below(k), i.size);
  // The whole frame must be writable at its new top: processors check the last byte reserved.
  const top = stackOffset(c, i.ssize, -(bytes * (level + 1) + (i.src.value & 0xffff)));
  writePlace(c, SS, top, i.size);
  // The frame pointer is all of ESP, also where SS counts in SP alone.
  const pointer = i.ssize === 32 ? frame : (c.reg[ESP] & -65536) | frame;
  store(c, writePlace(c, SS, frame, i.size), i.size, bp);
  for (let k = 1; k < level; k++) {
    const v = load(c, readPlace(c, SS, outer(k), i.size), i.size);
    store(c, writePlace(c, SS, below(k), i.size), i.size, v);
  }
  if (level > 0) store(c, writePlace(c, SS, below(level), i.size), i.size, pointer);
  setPart(c, EBP, i.size, pointer);
  setStack(c, i.ssize, top);
}
