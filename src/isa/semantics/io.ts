// Ports: IN, OUT, INS, OUTS (SDM vol. 1, chapter 19; vol. 2). With REP, a chunk per execution: registers are up to date
// after every iteration, and EIP stays at the instruction until the count is used up.

import { EAX, ECX, EDI, EDX, ES, ESI, IMM, type Insn, type int, type Operand, REP_NONE } from '../insn.ts';
import { load, readPlace, store, writePlace } from '../prims.ts';
import type { Cpu } from '../state.ts';
import { CR0_PE } from '../system-bits.ts';
import { get, put, setPart, unsigned } from './operand.ts';
import { checkIoMap } from './task.ts';

/** Iterations between two looks at what the engine has to do. */
const CHUNK = 1024;

/** IN - accumulator <- port. */
export function IN(c: Cpu, i: Insn): void {
  const port = portOf(c, i.src);
  checkPort(c, port, i.size);
  put(c, i.dst, 0, c.platform.portRead(port, i.size));
}

/** OUT - port <- accumulator. */
export function OUT(c: Cpu, i: Insn): void {
  const port = portOf(c, i.dst);
  checkPort(c, port, i.size);
  c.platform.portWrite(port, i.size, unsigned(c.reg[EAX], i.size));
}

/** INS - ES:[eDI] <- port DX; eDI steps. */
export function INS(c: Cpu, i: Insn): void {
  const port = c.reg[EDX] & 0xffff;
  checkPort(c, port, i.size);
  const step = c.DF ? -(i.size >> 3) : i.size >> 3;
  let left = iterations(c, i);
  for (let n = 0; left !== 0 && n < CHUNK; n++) {
    const at = unsigned(c.reg[EDI], i.asize) | 0;
    const place = writePlace(c, ES, at, i.size);
    store(c, place, i.size, c.platform.portRead(port, i.size));
    setPart(c, EDI, i.asize, (at + step) | 0);
    left = stepCount(c, i, left);
    if (c.attention !== 0) break;
  }
  if (left !== 0) c.eip = (c.eip - i.length) | 0;
}

/** OUTS - port DX <- DS:[eSI]; eSI steps. The segment can be overridden. */
export function OUTS(c: Cpu, i: Insn): void {
  const port = c.reg[EDX] & 0xffff;
  checkPort(c, port, i.size);
  const step = c.DF ? -(i.size >> 3) : i.size >> 3;
  let left = iterations(c, i);
  for (let n = 0; left !== 0 && n < CHUNK; n++) {
    const at = unsigned(c.reg[ESI], i.asize) | 0;
    const place = readPlace(c, i.src.seg, at, i.size);
    c.platform.portWrite(port, i.size, unsigned(load(c, place, i.size), i.size));
    setPart(c, ESI, i.asize, (at + step) | 0);
    left = stepCount(c, i, left);
    if (c.attention !== 0) break;
  }
  if (left !== 0) c.eip = (c.eip - i.length) | 0;
}

/** #GP(0) unless IOPL or the I/O permission bitmap allows the ports. Virtual-8086 mode: the bitmap alone. */
export function checkPort(c: Cpu, port: int, size: int): void {
  if ((c.cr0 & CR0_PE) !== 0 && (c.VM !== 0 || c.cpl > c.IOPL)) checkIoMap(c, port, size >> 3);
}

function portOf(c: Cpu, o: Operand): int {
  return get(c, o, 0) & (o.kind === IMM ? 0xff : 0xffff);
}

/** What the count register says, 1 without REP. */
function iterations(c: Cpu, i: Insn): int {
  return i.rep === REP_NONE ? 1 : unsigned(c.reg[ECX], i.asize);
}

function stepCount(c: Cpu, i: Insn, left: int): int {
  const next = (left - 1) | 0;
  if (i.rep !== REP_NONE) setPart(c, ECX, i.asize, next);
  return next;
}
