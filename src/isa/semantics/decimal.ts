// Decimal adjustment and translation by table (SDM vol. 2). Dialect.

import { DE } from '../fault.ts';
import { EAX, type Insn, type int } from '../insn.ts';
import { divw, eq, gtu, imul, load, ltu, raiseIf, readPlace } from '../prims.ts';
import type { Cpu } from '../state.ts';
import { auxiliary, carry, flagsLogic, result } from './flags.ts';
import { extend, offset, setPart } from './operand.ts';

/** SF ZF PF by the result, CF and AF as given, OF cleared. */
export function flagsAdjust(c: Cpu, r: int, cf: int, af: int): void {
  result(c, r);
  c.oa = ~r;
  c.ob = (~r & -17) | ((af ^ 1) << 4);
  c.ca = 0;
  c.cb = cf;
}
export function setAl(c: Cpu, v: int): void {
  c.reg[EAX] = (c.reg[EAX] & -256) | (v & 255);
}

/** DAA - decimal adjust AL after addition. Flags: CF AF SF ZF PF; OF undefined. */
export function DAA(c: Cpu, _i: Insn): void {
  const al = c.reg[EAX] & 255;
  const af = gtu(al & 15, 9) | auxiliary(c);
  const cf = gtu(al, 153) | carry(c);
  const v = (al + 6 * af + 96 * cf) | 0;
  setAl(c, v);
  flagsAdjust(c, extend(v, 8), cf, af);
}

/** DAS - decimal adjust AL after subtraction. Flags: as DAA. */
export function DAS(c: Cpu, _i: Insn): void {
  const al = c.reg[EAX] & 255;
  const af = gtu(al & 15, 9) | auxiliary(c);
  const cf = gtu(al, 153) | carry(c);
  const v = (al - 6 * af - 96 * cf) | 0;
  setAl(c, v);
  flagsAdjust(c, extend(v, 8), cf | (af & ltu(al, 6)), af);
}

/** AAA - ASCII adjust AL after addition, carry into AH. Flags: AF CF; the others undefined. */
export function AAA(c: Cpu, _i: Insn): void {
  const ax = c.reg[EAX];
  const af = gtu(ax & 15, 9) | auxiliary(c);
  const v = (ax + 262 * af) & 65295;
  setPart(c, EAX, 16, v);
  flagsAdjust(c, extend(v, 8), af, af);
}

/** AAS - ASCII adjust AL after subtraction, borrow from AH. Flags: as AAA. */
export function AAS(c: Cpu, _i: Insn): void {
  const ax = c.reg[EAX];
  const af = gtu(ax & 15, 9) | auxiliary(c);
  const v = (ax - 262 * af) & 65295;
  setPart(c, EAX, 16, v);
  flagsAdjust(c, extend(v, 8), af, af);
}

/** AAM - AH, AL <- AL / imm8, remainder. #DE for zero. Flags: SF ZF PF by AL; the others undefined. */
export function AAM(c: Cpu, i: Insn): void {
  const d = i.src.value & 255;
  raiseIf(c, eq(d, 0), DE);
  const al = c.reg[EAX] & 255;
  const q = divw(al, d);
  const r = (al - imul(q, d)) | 0;
  setPart(c, EAX, 16, (q << 8) | r);
  flagsLogic(c, extend(r, 8));
}

/** AAD - AL <- AL + AH * imm8, AH <- 0. Flags: SF ZF PF by AL; the others undefined. */
export function AAD(c: Cpu, i: Insn): void {
  const ax = c.reg[EAX];
  const v = (ax + imul((ax >> 8) & 255, i.src.value)) & 255;
  setPart(c, EAX, 16, v);
  flagsLogic(c, extend(v, 8));
}

/** XLAT - AL <- [eBX + AL]. */
export function XLAT(c: Cpu, i: Insn): void {
  const at = (offset(c, i.src) + (c.reg[EAX] & 255)) | 0;
  const p = readPlace(c, i.src.seg, i.src.address === 16 ? at & 65535 : at, 8);
  setAl(c, load(c, p, 8));
}
