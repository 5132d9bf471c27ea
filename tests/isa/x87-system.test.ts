// What the x87 owes the system: device-not-available, pending errors, FERR#, faults that commit nothing, the formats of
// environments in real mode, the MMX registers. Expectations are the manual's (SDM vol. 1, chapter 8; vol. 3, 2.5, 12.2).

import { afterEach, beforeEach, expect, test } from 'vitest';
import { GP, MF, NM, PF, UD } from '../../src/isa/fault.ts';
import { CS, DS, MEM, type Size, ST } from '../../src/isa/insn.ts';
import { mmxCheck, mmxEnter, mmxLeave, mmxRead, mmxWrite } from '../../src/isa/semantics/x87/mmx-alias.ts';
import { giveWords } from '../../src/isa/semantics/x87/stack.ts';
import { CR0_EM, CR0_MP, CR0_NE, CR0_PE, CR0_TS } from '../../src/isa/system-bits.ts';
import { insn, NOTHING, OPERAND, operand } from './x87/forms.ts';
import { CODE, cpu, DATA, execute, memory } from './x87/machine.ts';

const st = (n: number) => operand(ST, 80, n, 0);
const mem = (size: number, at = OPERAND) => operand(MEM, size as Size, 0, at);
const FADD = insn('FADD', st(0), st(1), 2);
const FLD1 = insn('FLD1', NOTHING, NOTHING, 2);
const FWAIT = insn('FWAIT', NOTHING, NOTHING, 1);
const FNINIT = insn('FNINIT', NOTHING, NOTHING, 2);
const FNSTCW = insn('FNSTCW', mem(16), NOTHING, 6);
const FDIVP = insn('FDIVP', st(1), st(0), 2);

const view = new DataView(memory.bytes.buffer);
const at = OPERAND - DATA;
let ferr = 0;

beforeEach(() => {
  cpu.cr0 = CR0_PE | CR0_NE;
  cpu.platform.ferr = () => {
    ferr++;
  };
  ferr = 0;
  memory.bytes.fill(0);
  execute(FNINIT);
});

afterEach(() => {
  cpu.cr0 = CR0_PE | CR0_NE;
  cpu.platform.ferr = undefined;
});

test('EM or TS: #NM, for waiting and non-waiting instructions', () => {
  for (const bit of [CR0_EM, CR0_TS]) {
    cpu.cr0 = CR0_PE | CR0_NE | bit;
    for (const i of [FADD, FLD1, FNSTCW, FNINIT]) expect(execute(i)).toBe(NM);
  }
  expect(cpu.ftag).toBe(0);
});

test('FWAIT: #NM only with MP and TS', () => {
  for (const [bits, vector] of [
    [CR0_EM, -1],
    [CR0_TS, -1],
    [CR0_MP, -1],
    [CR0_MP | CR0_TS, NM],
  ]) {
    cpu.cr0 = CR0_PE | CR0_NE | bits;
    expect(execute(FWAIT)).toBe(vector);
  }
});

/** 1 / 0 with #Z unmasked. */
function divideByZero(): void {
  view.setUint16(at, 0x37b, true);
  expect(execute(insn('FLDCW', NOTHING, mem(16), 6))).toBe(-1);
  expect(execute(FLD1)).toBe(-1);
  expect(execute(insn('FLDZ', NOTHING, NOTHING, 2))).toBe(-1);
  memory.bytes.set([0x66, 0xde, 0xf9], CODE - 0x20000000 + 0x1000);
  expect(execute({ ...FDIVP, length: 3 })).toBe(-1);
}

test('an unmasked error: operands stay, ES and the opcode are set, #MF at the next waiting instruction', () => {
  divideByZero();
  expect(cpu.ftop).toBe(6);
  // 0 and 1.
  expect([...cpu.fpr.subarray(24, 32)]).toEqual([0, 0, 0, 0, 0, 0x80000000 | 0, 0x3fff, 0]);
  expect(cpu.fsw & 0x80ff).toBe(0x8084);
  expect(cpu.fip).toBe(CODE);
  expect(cpu.fop).toBe(0x6f9);
  expect(execute(FNSTCW)).toBe(-1);
  for (const i of [FADD, FWAIT, FLD1]) expect(execute(i)).toBe(MF);
  expect(() => mmxCheck(cpu)).toThrow(expect.objectContaining({ vector: MF }));
  expect(ferr).toBe(0);
  expect(execute(insn('FNCLEX', NOTHING, NOTHING, 2))).toBe(-1);
  expect(execute(FWAIT)).toBe(-1);
});

test('NE = 0: the error goes out through FERR#, the instruction goes on', () => {
  cpu.cr0 = CR0_PE;
  divideByZero();
  expect(ferr).toBe(1);
  expect(execute(FWAIT)).toBe(-1);
  expect(ferr).toBe(2);
});

test('a memory operand that faults leaves the stack alone', () => {
  execute(FLD1);
  const before = [cpu.ftop, cpu.ftag, cpu.fsw, cpu.fip, cpu.fdp];
  for (const i of [
    insn('FSTP', mem(64, 0x30000000), NOTHING, 6),
    insn('FADD', st(0), mem(32, 0x30000000), 6),
    insn('FLD', NOTHING, mem(80, DATA + 0x1000 - 6), 6),
    insn('FNSAVE', mem(752, DATA + 0x1000 - 100), NOTHING, 6),
    insn('FXSAVE', mem(4096, DATA + 0x1000 - 0x100), NOTHING, 7),
  ]) {
    expect(execute(i)).toBe(PF);
    expect([cpu.ftop, cpu.ftag, cpu.fsw, cpu.fip, cpu.fdp]).toEqual(before);
  }
});

test('FXSAVE: #UD with EM, #NM with TS, #GP where it is not aligned', () => {
  const i = insn('FXSAVE', mem(4096), NOTHING, 7);
  cpu.cr0 = CR0_PE | CR0_NE | CR0_EM | CR0_TS;
  expect(execute(i)).toBe(UD);
  cpu.cr0 = CR0_PE | CR0_NE | CR0_TS;
  expect(execute(i)).toBe(NM);
  cpu.cr0 = CR0_PE | CR0_NE;
  expect(execute(insn('FXSAVE', mem(4096, OPERAND + 8), NOTHING, 7))).toBe(GP);
});

test('real mode: linear addresses and the opcode, in 16-bit and 32-bit environments', () => {
  const cs = cpu.sel[CS];
  const ds = cpu.sel[DS];
  cpu.cr0 = CR0_NE;
  cpu.fip = 0x5678;
  cpu.fcs = 0xf234;
  cpu.fdp = 0x9abc;
  cpu.fds = 0x1111;
  cpu.fop = 0x7a5;
  // 0xf2340 + 0x5678 = 0xf79b8; 0x11110 + 0x9abc = 0x1abcc.
  expect(execute(insn('FNSTENV', mem(224), NOTHING, 6, 0, 16))).toBe(-1);
  expect([3, 4, 5, 6].map((n) => view.getUint16(at + 2 * n, true))).toEqual([0x79b8, 0xf7a5, 0xabcc, 0x1000]);
  expect(execute(insn('FNSTENV', mem(224), NOTHING, 6, 0, 32))).toBe(-1);
  expect([3, 4, 5, 6].map((n) => view.getUint32(at + 4 * n, true))).toEqual([0x79b8, 0xf7a5, 0xabcc, 0x1000]);
  view.setUint32(at + 16, 0xabcd7a5, true);
  execute(FNINIT);
  expect(execute(insn('FLDENV', NOTHING, mem(224), 6, 0, 32))).toBe(-1);
  expect([cpu.fip >>> 0, cpu.fop, cpu.fdp]).toEqual([0xabcd79b8, 0x7a5, 0x1abcc]);
  cpu.sel[CS] = cs;
  cpu.sel[DS] = ds;
});

test('MMX registers are the significands of the physical registers', () => {
  cpu.ftop = 5;
  giveWords(cpu, 3, 0xbfff, 0xc0000000 | 0, 0);
  mmxEnter(cpu);
  expect([cpu.ftop, cpu.ftag]).toEqual([0, 0xff]);
  expect([mmxRead(cpu, 3, 0), mmxRead(cpu, 3, 1)]).toEqual([0, 0xc0000000 | 0]);
  mmxWrite(cpu, 3, 1, 2);
  expect([...cpu.fpr.subarray(12, 16)]).toEqual([1, 2, 0xffff, 0]);
  mmxLeave(cpu);
  expect(cpu.ftag).toBe(0);
});
