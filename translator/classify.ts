// Classify: the translator's ways with an instruction, as one table.
//   ident     specialised as it is
//   inline    a sensitive one, specialised over the virtual state: it leaves where privilege or a waiting interrupt matters
//   callout   patched into a call of the monitor, which executes it by its semantic function (sensitive, rare or large)
//   leave     a callout that ends the region: what follows may be something else (mode, mapping, privilege)

import { isRepeated, NOTHING, shapeKey } from '../src/cpu/shape.ts';
import { endsBlock } from '../src/isa/control.ts';
import { DS, ES, IMM, type Insn, MEM, REP_NONE, SREG } from '../src/isa/insn.ts';
import { TEMPLATES } from './generated/templates.js';

export type Class = 'ident' | 'inline' | 'callout' | 'leave';

/** Whether the monitor executes it. */
export const isCalledOut = (way: Class): boolean => way === 'callout' || way === 'leave';

/** Transfers that the scan follows; their templates end in a control statement. */
const FOLLOWED = new Set(['Jcc', 'JMP', 'JMPn', 'CALL', 'CALLn', 'RET', 'LOOP', 'LOOPE', 'LOOPNE', 'JCXZ']);

/** Sensitive instructions that have templates. */
const INLINE = new Set(['CLI', 'STI', 'PUSHF', 'POPF', 'MOVSEG', 'PUSHSEG', 'POPSEG', 'RDTSC', 'MOVCR']);

/** Sensitive instructions that a region need not end at, since what they change is looked at again after the callout. */
const RETURNS = new Set(['POPF']);

export function classify(i: Insn, mode: number, template = templateOf(i) !== undefined): Class {
  // Their quick ways are for flat segments.
  if (isRepeated(i) && ((mode >> 2) & ((1 << ES) | (1 << (i.src.kind === MEM ? i.src.seg : DS)))) !== 0)
    return 'callout';
  if (FOLLOWED.has(i.op)) return template ? 'ident' : 'leave';
  if (template) return INLINE.has(i.op) ? 'inline' : 'ident';
  if (endsBlock(i) && !RETURNS.has(i.op)) return 'leave';
  return 'callout';
}

function loadsSegment(i: Insn): boolean {
  return i.op === 'POPSEG' || (i.op === 'MOVSEG' && i.dst.kind === SREG);
}

const SHIFTS = new Set(['SHL', 'SHR', 'SAR', 'ROL', 'ROR', 'RCL', 'RCR']);

/**
 * What says which template an instruction instantiates: nothing, it has none; its shape; that it does nothing; its shape
 * whether it has one, which then does nothing.
 */
export type Finding = 'none' | 'shape' | 'nothing' | 'nothing if shape';

/** By what `templateFor` of templates.ts finds its template. */
export function findingOf(i: Insn): Finding {
  if (i.ssize !== 32) return 'none';
  const m = i.dst.kind === MEM ? i.dst : i.src.kind === MEM ? i.src : undefined;
  if (m && m.address !== 32) return 'none';
  if (i.asize === 16 && (i.op === 'LOOP' || i.op === 'LOOPE' || i.op === 'LOOPNE' || i.op === 'JCXZ')) return 'none';
  if (NOTHING.has(i.op)) return 'nothing';
  if (i.rep !== REP_NONE && (!isRepeated(i) || i.asize !== 32)) return 'none';
  if (loadsSegment(i) && endsBlock(i)) return 'none';
  if (!isZeroCount(i)) return 'shape';
  return m ? 'none' : 'nothing if shape';
}

/** Name of the template of what does nothing. */
export const NOP = 'NOP32.,';

/** Name of the template that an instruction instantiates, or undefined. */
export function templateOf(i: Insn): string | undefined {
  const finding = findingOf(i);
  if (finding === 'none') return undefined;
  if (finding === 'nothing') return NOP;
  const key = shapeKey(i);
  if (!(key in TEMPLATES)) return undefined;
  return finding === 'shape' ? key : NOP;
}

function isZeroCount(i: Insn): boolean {
  if (i.op === 'SHLD' || i.op === 'SHRD') return i.src2.kind === IMM && (i.src2.value & 31) === 0;
  return SHIFTS.has(i.op) && i.src.kind === IMM && (i.src.value & 31) === 0;
}
