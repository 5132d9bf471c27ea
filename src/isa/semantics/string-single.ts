// String instructions: MOVS, STOS, LODS, SCAS, CMPS (SDM vol. 2). Dialect; with a repeat prefix they are residual, in
// string.ts, but for what engines have a quick way for. Source DS:eSI (or another segment), destination ES:eDI; the direction flag says which way they move.

import { EAX, ECX, EDI, ES, ESI, type Insn, type int, REP_NONE, REPE } from '../insn.ts';
import { load, quickCompares, quickMoves, quickScans, quickStores, readPlace, store, writePlace } from '../prims.ts';
import type { Cpu } from '../state.ts';
import { flagsSub } from './flags.ts';
import { extend, setPart } from './operand.ts';
import { repeatCompares, repeatLoads, repeatMoves, repeatScans, repeatStores } from './string.ts';

/** ES:EDI = DS:ESI; ESI, EDI move by the size. No flags. */
export function MOVS(c: Cpu, i: Insn): void {
  if (i.rep === REP_NONE) moveOne(c, i);
  else if (quickMoves(c, i.size, c.reg[EDI], c.reg[ESI], c.reg[ECX])) repeatMoves(c, i);
  else {
    advance(c, i, ESI, c.reg[ECX]);
    advance(c, i, EDI, c.reg[ECX]);
    c.reg[ECX] = 0;
  }
}
/** ES:EDI = eAX; EDI moves by the size. No flags. */
export function STOS(c: Cpu, i: Insn): void {
  if (i.rep === REP_NONE) storeOne(c, i);
  else if (quickStores(c, i.size, c.reg[EDI], c.reg[ECX], accumulator(c, i))) repeatStores(c, i);
  else {
    advance(c, i, EDI, c.reg[ECX]);
    c.reg[ECX] = 0;
  }
}
/** eAX = DS:ESI; ESI moves by the size. No flags. */
export function LODS(c: Cpu, i: Insn): void {
  if (i.rep === REP_NONE) loadOne(c, i);
  else repeatLoads(c, i);
}
/** Compares eAX with ES:EDI; EDI moves by the size. CF PF AF ZF SF OF as SUB. */
export function SCAS(c: Cpu, i: Insn): void {
  if (i.rep === REP_NONE) scanOne(c, i);
  else if (quickScans(c, i.size, c.reg[EDI], c.reg[ECX], accumulator(c, i), repeatsEqual(i))) repeatScans(c, i);
  else {
    compareElements(c, i, accumulator(c, i), c.quickValue);
    advance(c, i, EDI, c.quickCount);
    c.reg[ECX] = (c.reg[ECX] - c.quickCount) | 0;
  }
}
/** Compares DS:ESI with ES:EDI; both move by the size. CF PF AF ZF SF OF as SUB. */
export function CMPS(c: Cpu, i: Insn): void {
  if (i.rep === REP_NONE) compareOne(c, i);
  else if (quickCompares(c, i.size, c.reg[ESI], c.reg[EDI], c.reg[ECX], repeatsEqual(i))) repeatCompares(c, i);
  else {
    compareElements(c, i, c.quickValue, c.quickOther);
    advance(c, i, ESI, c.quickCount);
    advance(c, i, EDI, c.quickCount);
    c.reg[ECX] = (c.reg[ECX] - c.quickCount) | 0;
  }
}

/** Whether elements are taken as long as they are equal. */
function repeatsEqual(i: Insn): int {
  return i.rep === REPE ? 1 : 0;
}
/** An index register moves on by `elements`, upwards: only quick ways do that, with 32-bit addresses. */
function advance(c: Cpu, i: Insn, register: int, elements: int): void {
  c.reg[register] = (c.reg[register] + elements * (i.size >> 3)) | 0;
}

export function moveOne(c: Cpu, i: Insn): void {
  const from = readPlace(c, i.src.seg, index(c, i, ESI), i.size);
  const to = writePlace(c, ES, index(c, i, EDI), i.size);
  store(c, to, i.size, load(c, from, i.size));
  step(c, i, ESI);
  step(c, i, EDI);
}
export function storeOne(c: Cpu, i: Insn): void {
  const to = writePlace(c, ES, index(c, i, EDI), i.size);
  store(c, to, i.size, accumulator(c, i));
  step(c, i, EDI);
}
export function loadOne(c: Cpu, i: Insn): void {
  const from = readPlace(c, i.src.seg, index(c, i, ESI), i.size);
  setAccumulator(c, i, load(c, from, i.size));
  step(c, i, ESI);
}
export function scanOne(c: Cpu, i: Insn): void {
  const at = readPlace(c, ES, index(c, i, EDI), i.size);
  compareElements(c, i, accumulator(c, i), load(c, at, i.size));
  step(c, i, EDI);
}
export function compareOne(c: Cpu, i: Insn): void {
  const p = readPlace(c, i.src.seg, index(c, i, ESI), i.size);
  const q = readPlace(c, ES, index(c, i, EDI), i.size);
  compareElements(c, i, load(c, p, i.size), load(c, q, i.size));
  step(c, i, ESI);
  step(c, i, EDI);
}

/** An index register as an offset. */
export function index(c: Cpu, i: Insn, register: int): int {
  return i.asize === 16 ? c.reg[register] & 0xffff : c.reg[register];
}
export function accumulator(c: Cpu, i: Insn): int {
  return extend(c.reg[EAX], i.size);
}
export function setAccumulator(c: Cpu, i: Insn, value: int): void {
  if (i.size === 8) c.reg[EAX] = (c.reg[EAX] & -256) | (value & 255);
  else setPart(c, EAX, i.size, value);
}
/** Flags of a - b. */
export function compareElements(c: Cpu, i: Insn, a: int, b: int): void {
  flagsSub(c, a, b, extend((a - b) | 0, i.size));
}
/** The index register moves on by one element. */
function step(c: Cpu, i: Insn, register: int): void {
  const bytes = i.size >> 3;
  setPart(c, register, i.asize, (c.reg[register] + (c.DF ? 0 - bytes : bytes)) | 0);
}
