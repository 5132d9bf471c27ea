// Control registers (SDM vol. 3, section 2.5; vol. 2, MOV CR, LMSW, SMSW, CLTS; translations and PDPTEs: sections 4.4.1
// and 4.10.4).

import { GP, GuestFault } from '../fault.ts';
import { GS, type Insn, type int, MEM } from '../insn.ts';
import { updateSpans } from '../segment.ts';
import type { Cpu } from '../state.ts';
import {
  CR0_AM,
  CR0_CD,
  CR0_EM,
  CR0_ET,
  CR0_MP,
  CR0_NE,
  CR0_NW,
  CR0_PE,
  CR0_PG,
  CR0_TS,
  CR0_WP,
  CR4_DE,
  CR4_MCE,
  CR4_OSFXSR,
  CR4_OSXMMEXCPT,
  CR4_PAE,
  CR4_PCE,
  CR4_PGE,
  CR4_PSE,
  CR4_PVI,
  CR4_TSD,
  CR4_VME,
} from '../system-bits.ts';
import { put, read, writable } from './operand.ts';
import { privileged, setCpl } from './privilege.ts';

export { MOVCR } from './control-store.ts';

const CR0_DEFINED = CR0_PE | CR0_MP | CR0_EM | CR0_TS | CR0_ET | CR0_NE | CR0_WP | CR0_AM | CR0_NW | CR0_CD | CR0_PG;
const CR4_DEFINED =
  CR4_VME | CR4_PVI | CR4_TSD | CR4_DE | CR4_PSE | CR4_PAE | CR4_MCE | CR4_PGE | CR4_PCE | CR4_OSFXSR | CR4_OSXMMEXCPT;
/** A change of one of these drops every cached translation, global ones too, and reloads the PDPTEs. */
const CR4_PAGING = CR4_PSE | CR4_PAE | CR4_PGE;
/** What LMSW can set; of these it cannot clear PE. */
const MACHINE_STATUS = CR0_PE | CR0_MP | CR0_EM | CR0_TS;

/** Sets CR0, CR2, CR3 or CR4. #GP(0) for what that refuses. */
export function loadControlRegister(c: Cpu, n: int, value: int): void {
  if (n === 0) setCr0(c, value);
  else if (n === 2) c.cr2 = value;
  else if (n === 3) setCr3(c, value);
  else setCr4(c, value);
}

/**
 * Sets CR0 with all that follows from it. Reserved bits are ignored, ET is 1. #GP(0) for PG without PE, NW without CD,
 * and PDPTEs with reserved bits.
 */
export function setCr0(c: Cpu, value: int): void {
  const next = (value & CR0_DEFINED) | CR0_ET;
  if (next & CR0_PG && (next & CR0_PE) === 0) throw new GuestFault(GP, 0);
  if (next & CR0_NW && (next & CR0_CD) === 0) throw new GuestFault(GP, 0);
  const changed = c.cr0 ^ next;
  if (next & CR0_PG && c.cr4 & CR4_PAE && changed & (CR0_PG | CR0_CD | CR0_NW)) loadPdptes(c, c.cr3);
  c.cr0 = next;
  if (changed & CR0_PE) {
    setCpl(c, 0);
    // Types count in protected mode only.
    for (let seg = 0; seg <= GS; seg++) updateSpans(c, seg);
  }
  if (changed & (CR0_PE | CR0_PG | CR0_WP)) c.memory.contextChanged(c, (changed & CR0_PG) !== 0);
}

/** Sets CR3; #GP(0) for PDPTEs with reserved bits. */
export function setCr3(c: Cpu, value: int): void {
  if (c.cr0 & CR0_PG && c.cr4 & CR4_PAE) loadPdptes(c, value);
  c.cr3 = value;
  c.memory.loadCr3(c);
}

/** Sets CR4; #GP(0) for reserved bits and PDPTEs with reserved bits. */
export function setCr4(c: Cpu, value: int): void {
  if (value & ~CR4_DEFINED) throw new GuestFault(GP, 0);
  const changed = c.cr4 ^ value;
  if (c.cr0 & CR0_PG && value & CR4_PAE && changed & CR4_PAGING) loadPdptes(c, c.cr3);
  c.cr4 = value;
  if (changed & CR4_PAGING) c.memory.contextChanged(c, true);
}

/** LMSW - CR0[3:0] <- SRC[3:0]; PE can be set, not cleared. */
export function LMSW(c: Cpu, i: Insn): void {
  privileged(c);
  const value = read(c, i.src) & MACHINE_STATUS;
  setCr0(c, (c.cr0 & ~MACHINE_STATUS) | value | (c.cr0 & CR0_PE));
}

/** SMSW - DEST <- CR0: 16 bits to memory, the operand size to a register. */
export function SMSW(c: Cpu, i: Insn): void {
  if (i.dst.kind === MEM) c.memory.store16(writable(c, i.dst), 0, c.cr0);
  else put(c, i.dst, 0, c.cr0);
}

/** CLTS - CR0.TS <- 0. */
export function CLTS(c: Cpu, _i: Insn): void {
  privileged(c);
  c.cr0 &= ~CR0_TS;
}

function loadPdptes(c: Cpu, cr3: int): void {
  if (!c.memory.loadPdptes(cr3)) throw new GuestFault(GP, 0);
}
