// CPUID (SDM vol. 2, CPUID; Intel AP-485).
// The identity is the truth about this processor: family 6, model 1CH is the Atom core that executes in order and
// without speculation, which is what an interpreter and a translator without speculative loads do, so that guests need
// no mitigation. The feature bits list what is implemented, nothing else.

import { EAX, EBX, ECX, EDX, type Insn, type int } from '../insn.ts';
import type { Cpu } from '../state.ts';

const MAX_BASIC = 0x16;
const MAX_EXTENDED = 0x80000008 | 0;
const EXTENDED = 0x80000000 | 0;
const HYPERVISOR = 0x40000000;

/** Family 6, extended model 1, model CH, stepping 2. */
export const SIGNATURE = 0x000106c2;

/** Frequency of the time-stamp counter and nominal frequency of the core, Hz. */
export const TSC_HERTZ = 1_000_000_000;

// Leaf 1, EDX.
const FPU = 1 << 0;
const VME = 1 << 1;
const DE = 1 << 2;
const PSE = 1 << 3;
const TSC = 1 << 4;
const MSR = 1 << 5;
const PAE = 1 << 6;
const MCE = 1 << 7;
const CX8 = 1 << 8;
const APIC = 1 << 9;
const SEP = 1 << 11;
const MTRR = 1 << 12;
const PGE = 1 << 13;
const MCA = 1 << 14;
const CMOV = 1 << 15;
const PAT = 1 << 16;
const CLFSH = 1 << 19;
const MMX = 1 << 23;
const FXSR = 1 << 24;
const SSE = 1 << 25;
const SSE2 = 1 << 26;
const FEATURES =
  FPU |
  VME |
  DE |
  PSE |
  TSC |
  MSR |
  PAE |
  MCE |
  CX8 |
  SEP |
  MTRR |
  PGE |
  MCA |
  CMOV |
  PAT |
  CLFSH |
  MMX |
  FXSR |
  SSE |
  SSE2;
// Leaf 1, ECX.
const SSE3 = 1 << 0;
const UNDER_HYPERVISOR = 1 << 31;
/** IA32_APIC_BASE: the local APIC is enabled. */
const APIC_ENABLED = 1 << 11;
/** Leaf 1, EBX: CLFLUSH line in units of 8 bytes. */
const LINE_64 = 8 << 8;

const NX = 1 << 20;
const INVARIANT_TSC = 1 << 8;

/** Leaf 2: 4 KiB instruction and data TLBs, 32 KiB and 24 KiB first-level caches, 512 KiB second level (table 3-12). */
const CACHES = [0x4fba5901, 0x0e3080c0, 0, 0] as const;

/** Leaf 4, subleaves: type and level, ways/partitions/line, sets. Fully usable, not shared. */
const CACHE_PARAMETERS = [
  // 24 KiB data, 6 ways.
  [0x00000121, (5 << 22) | 63, 63],
  // 32 KiB instruction, 8 ways.
  [0x00000122, (7 << 22) | 63, 63],
  // 512 KiB unified, 8 ways.
  [0x00000143, (7 << 22) | 63, 1023],
] as const;

const BRAND = 'Transvisor virtual CPU';

/** CPUID - EAX, EBX, ECX, EDX <- leaf EAX, subleaf ECX. */
export function CPUID(c: Cpu, _i: Insn): void {
  const leaf = c.reg[EAX];
  const subleaf = c.reg[ECX];
  if (leaf >>> 0 <= MAX_BASIC) basic(c, leaf, subleaf);
  else if (leaf === HYPERVISOR) setText(c, HYPERVISOR, 'TransvisorTV', EBX, ECX, EDX);
  else if (leaf < 0 && leaf <= MAX_EXTENDED) extended(c, leaf);
  // Beyond the last leaf: the data of the highest basic one.
  else basic(c, MAX_BASIC, subleaf);
}

function basic(c: Cpu, leaf: int, subleaf: int): void {
  if (leaf === 0) setText(c, MAX_BASIC, 'GenuineIntel', EBX, EDX, ECX);
  else if (leaf === 1) {
    const apic = c.platform.apicBase() & APIC_ENABLED ? APIC : 0;
    set(c, SIGNATURE, LINE_64 | (1 << 16), SSE3 | UNDER_HYPERVISOR, FEATURES | apic);
  } else if (leaf === 2) set(c, CACHES[0], CACHES[1], CACHES[2], CACHES[3]);
  else if (leaf === 4) {
    const cache = CACHE_PARAMETERS[subleaf >>> 0];
    if (cache) set(c, cache[0], cache[1], cache[2], 0);
    else set(c, 0, 0, 0, 0);
  } else if (leaf === 0x15) set(c, 1, 1, TSC_HERTZ, 0);
  else if (leaf === 0x16) set(c, TSC_HERTZ / 1e6, TSC_HERTZ / 1e6, 0, 0);
  else set(c, 0, 0, 0, 0);
}

function extended(c: Cpu, leaf: int): void {
  const n = leaf - EXTENDED;
  if (n === 0) set(c, MAX_EXTENDED, 0, 0, 0);
  else if (n === 1) set(c, 0, 0, 0, NX);
  else if (n >= 2 && n <= 4) {
    const at = 16 * (n - 2);
    set(c, text(BRAND, at), text(BRAND, at + 4), text(BRAND, at + 8), text(BRAND, at + 12));
  } else if (n === 6) set(c, 0, 0, CACHE_LEVEL_2, 0);
  else if (n === 7) set(c, 0, 0, 0, INVARIANT_TSC);
  else if (n === 8) set(c, ADDRESS_SIZES, 0, 0, 0);
  else set(c, 0, 0, 0, 0);
}

/** 512 KiB, 8 ways (code 6), lines of 64 bytes. */
const CACHE_LEVEL_2 = (512 << 16) | (6 << 12) | 64;
/** Linear and physical addresses of 32 bits. */
const ADDRESS_SIZES = (32 << 8) | 32;

function set(c: Cpu, eax: int, ebx: int, ecx: int, edx: int): void {
  c.reg[EAX] = eax;
  c.reg[EBX] = ebx;
  c.reg[ECX] = ecx;
  c.reg[EDX] = edx;
}

/** EAX and twelve characters over three registers. */
function setText(c: Cpu, eax: int, s: string, first: int, second: int, third: int): void {
  c.reg[EAX] = eax;
  c.reg[first] = text(s, 0);
  c.reg[second] = text(s, 4);
  c.reg[third] = text(s, 8);
}

/** Four characters as a doubleword, zeros after the end. */
function text(s: string, at: number): int {
  let value = 0;
  for (let k = 0; k < 4; k++) value |= (s.charCodeAt(at + k) || 0) << (8 * k);
  return value;
}
