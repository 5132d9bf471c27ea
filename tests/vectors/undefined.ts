// What the manual leaves undefined: SDM vol. 2, "Flags Affected" and "Operation" of each instruction. A replay of recorded
// cases masks it; processors differ there.

import { IMM, type Insn } from '../../src/isa/insn.ts';

export const CF = 0x001;
export const PF = 0x004;
export const AF = 0x010;
export const ZF = 0x040;
export const SF = 0x080;
export const OF = 0x800;

/** Whatever the operands. */
const ALWAYS: Readonly<Record<string, number>> = {
  AND: AF,
  OR: AF,
  XOR: AF,
  TEST: AF,
  MUL: SF | ZF | AF | PF,
  IMUL1: SF | ZF | AF | PF,
  IMUL: SF | ZF | AF | PF,
  DIV: CF | OF | SF | ZF | AF | PF,
  IDIV: CF | OF | SF | ZF | AF | PF,
  AAA: OF | SF | ZF | PF,
  AAS: OF | SF | ZF | PF,
  AAM: OF | AF | CF,
  AAD: OF | AF | CF,
  DAA: OF,
  DAS: OF,
  BT: OF | SF | AF | PF,
  BTS: OF | SF | AF | PF,
  BTR: OF | SF | AF | PF,
  BTC: OF | SF | AF | PF,
  BSF: CF | OF | SF | AF | PF,
  BSR: CF | OF | SF | AF | PF,
};

/** By the count, masked to five bits; nothing for a count of zero. */
function byCount(op: string, size: number, count: number): number {
  if (count === 0) return 0;
  const overflow = count === 1 ? 0 : OF;
  switch (op) {
    case 'ROL':
    case 'ROR':
    case 'RCL':
    case 'RCR':
      return overflow;
    case 'SHL':
    case 'SHR':
      // CF is undefined for counts from the width on.
      return overflow | AF | (count >= size ? CF : 0);
    case 'SAR':
      return overflow | AF;
    case 'SHLD':
    case 'SHRD':
      return count > size ? CF | OF | SF | ZF | AF | PF : overflow | AF;
  }
  return 0;
}

/** Mask of the undefined status flags after an instruction. `cl`: CL before it. */
export function undefinedFlags(i: Insn, cl: number): number {
  const always = ALWAYS[i.op];
  if (always !== undefined) return always;
  const count = i.op === 'SHLD' || i.op === 'SHRD' ? i.src2 : i.src;
  return byCount(i.op, i.size, (count.kind === IMM ? count.value : cl) & 31);
}

/** Whether the destination too is undefined after an instruction. `cl`: CL before it. */
export function undefinedResult(i: Insn, cl: number): boolean {
  if (i.op === 'SHLD' || i.op === 'SHRD') return ((i.src2.kind === IMM ? i.src2.value : cl) & 31) > i.size;
  return i.op === 'BSWAP' && i.osize === 16;
}

/**
 * Instructions of several accesses that fault in the middle of them: what they have stored below the stack pointer, or
 * loaded, by then depends on their microcode. They can be started again, and the stack pointer has not moved.
 */
export const PARTIAL: Readonly<Record<string, 'memory' | 'registers'>> = {
  CALL: 'memory',
  CALLn: 'memory',
  CALLF: 'memory',
  ENTER: 'memory',
  PUSHA: 'memory',
  POPA: 'registers',
};
