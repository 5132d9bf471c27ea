// SYSENTER and SYSEXIT (SDM vol. 2; vol. 3, section 5.8.7): flat segments, without a look at any descriptor table.

import { GP, GuestFault } from '../fault.ts';
import { ECX, EDX, ESP, type Insn, type int, SS } from '../insn.ts';
import type { Cpu } from '../state.ts';
import { CR0_PE } from '../system-bits.ts';
import { isNull } from './descriptors.ts';
import { setCpl } from './privilege.ts';
import { setFlatCode, setFlatData } from './segments.ts';

/** Present, 32-bit, 4 GiB: accessed readable code and accessed writable data of level 0. */
const FLAT_CODE = 0xc09b;
const FLAT_DATA = 0xc093;
const DPL_3 = 3 << 5;

/** SYSENTER - CS:EIP and SS:ESP <- the SYSENTER registers, at level 0 with interrupts off. */
export function SYSENTER(c: Cpu, _i: Insn): void {
  if ((c.cr0 & CR0_PE) === 0 || isNull(c.sysenterCs)) throw new GuestFault(GP, 0);
  c.VM = 0;
  c.IF = 0;
  c.RF = 0;
  enter(c, c.sysenterCs & 0xfffc, 0);
  c.reg[ESP] = c.sysenterEsp;
  c.eip = c.sysenterEip;
}

/** SYSEXIT - CS:EIP and SS:ESP <- EDX and ECX, at level 3. */
export function SYSEXIT(c: Cpu, _i: Insn): void {
  if ((c.cr0 & CR0_PE) === 0 || isNull(c.sysenterCs) || c.cpl !== 0) throw new GuestFault(GP, 0);
  enter(c, (c.sysenterCs & 0xfffc) + 16, 3);
  c.reg[ESP] = c.reg[ECX];
  c.eip = c.reg[EDX];
}

function enter(c: Cpu, code: int, level: int): void {
  const dpl = level === 0 ? 0 : DPL_3;
  setCpl(c, level);
  setFlatCode(c, (code | level) & 0xffff, FLAT_CODE | dpl);
  setFlatData(c, SS, ((code + 8) | level) & 0xffff, FLAT_DATA | dpl);
}
