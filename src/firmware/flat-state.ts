// The processor state in which both boot protocols start a kernel: 32-bit protected mode, flat segments, paging and
// interrupts off. Linux asks for the selectors 10h and 18h (boot.rst, "32-bit boot protocol"); Multiboot 0.6.96
// section 3.2 leaves selectors, ESP, GDTR and IDTR undefined, so the same ones serve.

import { Builder } from './bytes.ts';
import { BOOT_GDT, BOOT_STACK_TOP } from './memory-map.ts';
import type { BootPlan, Load, RegisterStart } from './plan.ts';

const BOOT_CS = 0x10;
const BOOT_DS = 0x18;
/** Present, DPL 0, execute/read, accessed; 4 KiB granularity, 32-bit. */
const CODE_ACCESS = 0xc09b;
/** Present, DPL 0, read/write, accessed; 4 KiB granularity, 32-bit. */
const DATA_ACCESS = 0xc093;
const CR0_PE = 1 << 0;
const CR0_ET = 1 << 4;
/** Bit 1 of EFLAGS is always set. */
const EFLAGS_RESET = 2;

type FlatState = Omit<BootPlan, 'protocol' | 'description' | 'loads' | 'entry' | 'registers'>;

/** Everything of a plan that does not depend on the kernel. */
export const flatState: FlatState = {
  eflags: EFLAGS_RESET,
  cr0: CR0_PE | CR0_ET,
  code: { selector: BOOT_CS, base: 0, limit: 0xffffffff, access: CODE_ACCESS },
  data: { selector: BOOT_DS, base: 0, limit: 0xffffffff, access: DATA_ACCESS },
  gdtr: { base: BOOT_GDT, limit: 4 * 8 - 1 },
  idtr: { base: 0, limit: 0 },
};

/** The GDT that `flatState` refers to: null, unused, code, data. */
export function bootGdt(): Load {
  const gdt = new Builder().padTo(BOOT_CS).bytes(descriptor(CODE_ACCESS)).bytes(descriptor(DATA_ACCESS)).finish();
  return { address: BOOT_GDT, bytes: gdt, size: gdt.length, what: 'GDT' };
}

/** All registers zero but ESP and what is given. */
export function registers(given: Partial<RegisterStart>): RegisterStart {
  return { eax: 0, ecx: 0, edx: 0, ebx: 0, esp: BOOT_STACK_TOP, ebp: 0, esi: 0, edi: 0, ...given };
}

/** Base 0, limit FFFFFh pages. */
function descriptor(access: number): Uint8Array {
  return new Builder().u32(0x0000ffff, (access << 8) | 0x000f0000).finish();
}
