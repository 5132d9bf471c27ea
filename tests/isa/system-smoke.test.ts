import { expect, test } from 'vitest';
import { GuestFault } from '../../src/isa/fault.ts';
import { MOVCR } from '../../src/isa/semantics/control.ts';
import { CPUID } from '../../src/isa/semantics/cpuid.ts';
import { deliverFault, deliverInterrupt } from '../../src/isa/semantics/exception.ts';
import { JMPF } from '../../src/isa/semantics/far.ts';
import { IRET } from '../../src/isa/semantics/iret.ts';
import { MOVSEG } from '../../src/isa/semantics/segments.ts';
import { LGDT, LIDT, LTR } from '../../src/isa/semantics/system.ts';
import {
  creg,
  descriptor,
  far,
  gate,
  imm,
  insn,
  machine,
  mem,
  place,
  reg,
  run,
  sreg,
  stack,
} from './system-machine.ts';

test('from reset to protected mode, user mode, interrupt and back', () => {
  const m = machine();
  const { c } = m;
  expect(place(m)).toBe('f000:fff0 0:0 cpl 0');
  expect(run(m, JMPF, insn({ src: far(0x100, 0x20), osize: 16, length: 5 }))).toBe('ok');
  expect(c.base[1]).toBe(0x1000);
  const at = 0x2000;
  descriptor(m, at + 8, 0, 0xfffff, 0xc09a);
  descriptor(m, at + 16, 0, 0xfffff, 0xc092);
  descriptor(m, at + 24, 0, 0xfffff, 0xc0fa);
  descriptor(m, at + 32, 0, 0xfffff, 0xc0f2);
  descriptor(m, at + 40, 0x3000, 0x67, 0x0089);
  m.memory.store16(0x1f00, 0, 47);
  m.memory.store32(0x1f00, 2, at);
  m.memory.store16(0x1f08, 0, 0x7ff);
  m.memory.store32(0x1f08, 2, 0x4000);
  expect(run(m, LGDT, insn({ src: mem(0x1f00, 48) }))).toBe('ok');
  expect(run(m, LIDT, insn({ src: mem(0x1f08, 48) }))).toBe('ok');
  c.reg[0] = 0x11;
  expect(run(m, MOVCR, insn({ dst: creg(0), src: reg(0) }))).toBe('ok');
  expect(run(m, JMPF, insn({ src: far(8, 0x5000), length: 7 }))).toBe('ok');
  c.reg[0] = 16;
  for (const s of [0, 2, 3]) expect(run(m, MOVSEG, insn({ dst: sreg(s), src: reg(0, 16) }))).toBe('ok');
  c.reg[4] = 0x8000;
  c.reg[0] = 40;
  expect(run(m, LTR, insn({ src: reg(0, 16) }))).toBe('ok');
  m.memory.store32(0x3000, 4, 0x9000);
  m.memory.store16(0x3000, 8, 16);
  gate(m, 0x4000 + 0x20 * 8, 8, 0x6000, 0x8e);
  gate(m, 0x4000 + 14 * 8, 8, 0x7000, 0x8e);
  for (const [k, v] of [0x1234, 27, 0x202, 0x7ff0, 35].entries()) m.memory.store32(0x7000, 4 * k, v);
  c.reg[4] = 0x7000;
  expect(run(m, IRET, insn())).toBe('ok');
  expect(place(m)).toBe('1b:1234 23:7ff0 cpl 3');
  deliverInterrupt(c, 0x20);
  expect(place(m)).toBe('8:6000 10:8fec cpl 0');
  expect(stack(m, 5)).toBe('1234 1b 202 7ff0 23');
  expect(run(m, IRET, insn())).toBe('ok');
  deliverFault(c, new GuestFault(14, 4));
  expect(place(m)).toBe('8:7000 10:8fe8 cpl 0');
  expect(stack(m, 6)).toBe('4 1234 1b 10202 7ff0 23');
  deliverFault(c, new GuestFault(13, 0));
  expect(m.platform.events.join()).toMatch(/triple fault/);
  void imm;
  c.reg[0] = 0;
  CPUID(c, insn());
  expect(c.reg[3]).toBe(0x756e6547);
});
