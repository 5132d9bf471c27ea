// Executes a case and gives its outcome in the form in which the real processor's is recorded.

import { carry, parity, zero } from '../../../src/isa/semantics/flags.ts';
import { statusWord } from '../../../src/isa/semantics/x87/control.ts';
import type { Case } from './cases.ts';
import { APPROXIMATE, FORMS, OPERAND } from './forms.ts';
import { cpu, DATA, execute, getRegister, memory, setRegister } from './machine.ts';

export interface Outcome {
  /** Vector of the fault, or -1. */
  fault: number;
  fcw: number;
  fsw: number;
  ftag: number;
  /** ST(0)..ST(7), ten bytes each. */
  st: Uint8Array;
  mem: Uint8Array;
  eax: number;
  /** CF, PF, ZF in their places. */
  eflags: number;
  fip: number;
  fcs: number;
  fdp: number;
  fds: number;
  fop: number;
}

/** EAX before the instruction. */
export const EAX_BEFORE = 0x12345678;

export function replay(c: Case): Outcome {
  const f = FORMS[c.form];
  cpu.fcw = c.fcw;
  cpu.ftop = (c.fsw >> 11) & 7;
  cpu.fsw = c.fsw & ~0x3800;
  cpu.ftag = c.ftag;
  cpu.fip = cpu.fcs = cpu.fdp = cpu.fds = cpu.fop = 0;
  cpu.reg[0] = EAX_BEFORE;
  cpu.fz = (c.eflags & 0x40) === 0 ? 1 : 0;
  cpu.fr = (c.eflags & 4) === 0 ? 1 : 0;
  cpu.ca = 0;
  cpu.cb = c.eflags & 1;
  for (let n = 0; n < 8; n++) setRegister(n, c.st, 10 * n);
  memory.bytes.set(c.mem, OPERAND - DATA);
  memory.bytes.set(f.bytes, 0x1000);
  const fault = execute(f.insn);
  const st = new Uint8Array(80);
  for (let n = 0; n < 8; n++) getRegister(n, st, 10 * n);
  return {
    fault,
    fcw: cpu.fcw,
    fsw: statusWord(cpu),
    ftag: cpu.ftag,
    st,
    mem: memory.bytes.slice(OPERAND - DATA, OPERAND - DATA + 10),
    eax: cpu.reg[0],
    eflags: carry(cpu) | (parity(cpu) << 2) | (zero(cpu) << 6),
    fip: cpu.fip,
    fcs: cpu.fcs,
    fdp: cpu.fdp,
    fds: cpu.fds,
    fop: cpu.fop,
  };
}

/** Whether the manual leaves the result undefined: FYL2XP1 of a magnitude above 1 - sqrt(2) / 2, or so. */
export function undefinedResult(c: Case): boolean {
  if (FORMS[c.form].insn.op !== 'FYL2XP1') return false;
  const e = (c.st[8] | (c.st[9] << 8)) & 0x7fff;
  return (e === 0x3ffd && c.st[7] >= 0x95) || (e > 0x3ffd && e < 0x7fff);
}

/** Bits of the status word to compare: how an approximation was rounded (C1) is left out. */
export function statusMask(c: Case): number {
  return APPROXIMATE.has(FORMS[c.form].insn.op) ? ~0x0200 : -1;
}
