// Model-specific registers (SDM vol. 4, table 2-2) and RDPMC; RDTSC is in time-stamp.ts. Registers outside the list raise
// #GP(0) and are named on the log channel `msr`.
// Deviations: MTRRs and PAT are storage, since there are no caches to control; no performance counters; no machine
// checks (MCG_CAP lists no bank).

import { hex } from '../../lib/hex.ts';
import { channel } from '../../lib/log.ts';
import { GP, GuestFault } from '../fault.ts';
import { EAX, ECX, EDX, type Insn, type int } from '../insn.ts';
import { WORD } from '../register-file.ts';
import type { Cpu } from '../state.ts';
import { CR4_PCE, CR4_TSD, EFER_NXE } from '../system-bits.ts';
import { privileged } from './privilege.ts';

export { RDTSC } from './time-stamp.ts';

const P5_MC_ADDR = 0x00;
const P5_MC_TYPE = 0x01;
const IA32_TIME_STAMP_COUNTER = 0x10;
const IA32_PLATFORM_ID = 0x17;
const IA32_APIC_BASE = 0x1b;
const EBL_CR_POWERON = 0x2a;
const IA32_FEATURE_CONTROL = 0x3a;
const IA32_BIOS_UPDT_TRIG = 0x79;
const IA32_BIOS_SIGN_ID = 0x8b;
const IA32_MTRRCAP = 0xfe;
const IA32_SYSENTER_CS = 0x174;
const IA32_SYSENTER_ESP = 0x175;
const IA32_SYSENTER_EIP = 0x176;
const IA32_MCG_CAP = 0x179;
const IA32_MCG_STATUS = 0x17a;
const IA32_MISC_ENABLE = 0x1a0;
const IA32_MTRR_PHYSBASE0 = 0x200;
const IA32_MTRR_FIX64K = 0x250;
const IA32_MTRR_FIX16K_80000 = 0x258;
const IA32_MTRR_FIX16K_A0000 = 0x259;
const IA32_MTRR_FIX4K_C0000 = 0x268;
const IA32_PAT = 0x277;
const IA32_MTRR_DEF_TYPE = 0x2ff;
const IA32_EFER = 0xc0000080 | 0;

/** Revision of the microcode update, high word of IA32_BIOS_SIGN_ID: beyond all errata of this model. */
const MICROCODE = 0x218;
/** Eight variable ranges, fixed ranges, write-combining. */
const MTRR_CAPABILITIES = 0x508;
const VARIABLE_RANGES = 8;
/** Fast strings; no performance monitoring, no branch trace, no PEBS. */
const MISC_ENABLE_RESET = (1 << 0) | (1 << 11) | (1 << 12);
/** Locked: no VMX. */
const FEATURE_CONTROL_LOCKED = 1;
/** WB WT UC- UC, twice. */
const PAT_RESET = 0x00070406;

// Stored registers: pairs of words from WORD.msr on.
const PAT_SLOT = 0;
const DEF_TYPE_SLOT = 1;
const MISC_ENABLE_SLOT = 2;
const VARIABLE_SLOT = 3;
const FIXED_SLOT = VARIABLE_SLOT + 2 * VARIABLE_RANGES;
const FIXED_RANGES = 11;

const log = channel('msr');

/** Registers that keep what is written to them, after a reset. */
export function resetMsrs(c: Cpu): void {
  for (let slot = 0; slot < FIXED_SLOT + FIXED_RANGES; slot++) setSlot(c, slot, 0, 0);
  setSlot(c, PAT_SLOT, PAT_RESET, PAT_RESET);
  setSlot(c, MISC_ENABLE_SLOT, MISC_ENABLE_RESET, 0);
  c.sysenterCs = 0;
  c.sysenterEsp = 0;
  c.sysenterEip = 0;
  c.efer = 0;
}

/** RDMSR - EDX:EAX <- the register that ECX names. */
export function RDMSR(c: Cpu, _i: Insn): void {
  privileged(c);
  const n = c.reg[ECX];
  const slot = slotOf(n);
  if (slot >= 0) {
    setResult(c, c.words[WORD.msr + 2 * slot], c.words[WORD.msr + 2 * slot + 1]);
    return;
  }
  switch (n) {
    case IA32_TIME_STAMP_COUNTER:
      setCycles(c);
      return;
    case IA32_APIC_BASE:
      setResult(c, c.platform.apicBase(), 0);
      return;
    case IA32_FEATURE_CONTROL:
      setResult(c, FEATURE_CONTROL_LOCKED, 0);
      return;
    case IA32_BIOS_SIGN_ID:
      setResult(c, 0, MICROCODE);
      return;
    case IA32_MTRRCAP:
      setResult(c, MTRR_CAPABILITIES, 0);
      return;
    case IA32_SYSENTER_CS:
      setResult(c, c.sysenterCs, 0);
      return;
    case IA32_SYSENTER_ESP:
      setResult(c, c.sysenterEsp, 0);
      return;
    case IA32_SYSENTER_EIP:
      setResult(c, c.sysenterEip, 0);
      return;
    case IA32_EFER:
      setResult(c, c.efer, 0);
      return;
    case P5_MC_ADDR:
    case P5_MC_TYPE:
    case IA32_PLATFORM_ID:
    case EBL_CR_POWERON:
    case IA32_MCG_CAP:
    case IA32_MCG_STATUS:
      setResult(c, 0, 0);
      return;
  }
  refuse('read of', n);
}

/** WRMSR - the register that ECX names <- EDX:EAX. */
export function WRMSR(c: Cpu, _i: Insn): void {
  privileged(c);
  const n = c.reg[ECX];
  const low = c.reg[EAX];
  const high = c.reg[EDX];
  const slot = slotOf(n);
  if (slot >= 0) {
    if (!isValid(slot, low, high)) refuse(`reserved bits in ${hex(high)}:${hex(low)}, written to`, n);
    setSlot(c, slot, low, high);
    return;
  }
  switch (n) {
    case IA32_TIME_STAMP_COUNTER:
      // The counter is an exact integer below 2^53.
      c.platform.setCycles((high & 0x1fffff) * 0x100000000 + (low >>> 0));
      return;
    case IA32_APIC_BASE:
      if (high !== 0 || !c.platform.setApicBase(low)) refuse(`${hex(high)}:${hex(low)} written to`, n);
      return;
    case IA32_SYSENTER_CS:
      c.sysenterCs = low & 0xffff;
      return;
    case IA32_SYSENTER_ESP:
      c.sysenterEsp = low;
      return;
    case IA32_SYSENTER_EIP:
      c.sysenterEip = low;
      return;
    case IA32_EFER:
      setEfer(c, low, high);
      return;
    // Written by guests as a matter of course, without effect: microcode update and its signature, machine checks.
    case IA32_BIOS_UPDT_TRIG:
    case IA32_BIOS_SIGN_ID:
    case IA32_MCG_STATUS:
    case P5_MC_ADDR:
    case P5_MC_TYPE:
    case EBL_CR_POWERON:
      return;
  }
  refuse(`${hex(high)}:${hex(low)} written to`, n);
}

/** EDX:EAX <- the time-stamp counter, in cycles. With CR4.TSD, privileged. */
export function readCycles(c: Cpu): void {
  if (c.cr4 & CR4_TSD) privileged(c);
  setCycles(c);
}

/** RDPMC - there are no performance counters: 0 for the two of the P6 family, #GP(0) beyond. */
export function RDPMC(c: Cpu, _i: Insn): void {
  if ((c.cr4 & CR4_PCE) === 0) privileged(c);
  if (c.reg[ECX] >>> 0 > 1) throw new GuestFault(GP, 0);
  setResult(c, 0, 0);
}

/** Only NXE is there; long mode is not. */
function setEfer(c: Cpu, low: int, high: int): void {
  if (high !== 0 || low & ~EFER_NXE) refuse(`${hex(high)}:${hex(low)} written to`, IA32_EFER);
  const changed = c.efer !== low;
  c.efer = low;
  if (changed) c.memory.contextChanged(c, true);
}

/** The slot of a stored register, or -1. */
function slotOf(n: int): int {
  if (n >= IA32_MTRR_PHYSBASE0 && n < IA32_MTRR_PHYSBASE0 + 2 * VARIABLE_RANGES) {
    return VARIABLE_SLOT + (n - IA32_MTRR_PHYSBASE0);
  }
  if (n === IA32_MTRR_FIX64K) return FIXED_SLOT;
  if (n === IA32_MTRR_FIX16K_80000 || n === IA32_MTRR_FIX16K_A0000) return FIXED_SLOT + 1 + (n & 1);
  if (n >= IA32_MTRR_FIX4K_C0000 && n < IA32_MTRR_FIX4K_C0000 + 8) return FIXED_SLOT + 3 + (n & 7);
  if (n === IA32_PAT) return PAT_SLOT;
  if (n === IA32_MTRR_DEF_TYPE) return DEF_TYPE_SLOT;
  if (n === IA32_MISC_ENABLE) return MISC_ENABLE_SLOT;
  return -1;
}

function isValid(slot: int, low: int, high: int): boolean {
  if (slot === PAT_SLOT) return areTypes(low, true) && areTypes(high, true);
  if (slot === DEF_TYPE_SLOT) return high === 0 && (low & ~0xcff) === 0 && isType(low & 0xff, false);
  if (slot >= FIXED_SLOT) return areTypes(low, false) && areTypes(high, false);
  if (slot < VARIABLE_SLOT) return true;
  // Physical addresses of 32 bits; in the odd one a mask with a valid bit, in the even one a base with a type.
  const mask = ((slot - VARIABLE_SLOT) & 1) !== 0;
  return mask ? (low & 0x7ff) === 0 : (low & 0xf00) === 0 && isType(low & 0xff, false);
}

/** Four memory types. */
function areTypes(word: int, pat: boolean): boolean {
  for (let k = 0; k < 32; k += 8) if (!isType((word >>> k) & 0xff, pat)) return false;
  return true;
}

/** UC, WC, WT, WP, WB; in the PAT UC- too (tables 12-2 and 12-10). */
function isType(type: int, pat: boolean): boolean {
  return type <= 1 || (type >= 4 && type <= 6) || (pat && type === 7);
}

function setSlot(c: Cpu, slot: int, low: int, high: int): void {
  c.words[WORD.msr + 2 * slot] = low;
  c.words[WORD.msr + 2 * slot + 1] = high;
}

function setCycles(c: Cpu): void {
  const cycles = c.platform.cycles();
  setResult(c, (cycles % 0x100000000) | 0, Math.floor(cycles / 0x100000000));
}

function setResult(c: Cpu, low: int, high: int): void {
  c.reg[EAX] = low;
  c.reg[EDX] = high;
}

function refuse(what: string, n: int): never {
  if (log.enabled) log.log(`${what} MSR ${hex(n)}`);
  throw new GuestFault(GP, 0);
}
