// Classify: the translator's ways with an instruction, as one table.
//   ident     specialised as it is
//   callout   patched into a call of the monitor, which executes it by its semantic function (sensitive, rare or large)
//   leave     ends the region: what follows may be something else (mode, mapping, privilege), or the processor stops

import { shapeKey } from '../src/cpu/shape.ts';
import { endsBlock } from '../src/isa/control.ts';
import { IMM, type Insn, MEM } from '../src/isa/insn.ts';
import { TEMPLATES } from './generated/templates.js';

export type Class = 'ident' | 'callout' | 'leave';

/** Transfers that the scan follows; their templates end in a control statement. */
const FOLLOWED = new Set(['Jcc', 'JMP', 'JMPn', 'CALL', 'CALLn', 'RET', 'LOOP', 'LOOPE', 'LOOPNE', 'JCXZ']);

/** Sensitive instructions that a region need not end at, since what they change is looked at again after the callout. */
const RETURNS = new Set(['POPF']);

export function classify(i: Insn, _mode: int): Class {
  const template = templateOf(i) !== undefined;
  if (FOLLOWED.has(i.op)) return template ? 'ident' : 'leave';
  if (template) return 'ident';
  if (endsBlock(i) && !RETURNS.has(i.op)) return 'leave';
  return 'callout';
}

type int = number;

/** Name of the template that an instruction instantiates, or undefined. */
export function templateOf(i: Insn): string | undefined {
  if (i.ssize !== 32) return undefined;
  const m = i.dst.kind === MEM ? i.dst : i.src.kind === MEM ? i.src : undefined;
  if (m && m.address !== 32) return undefined;
  if (i.asize === 16 && (i.op === 'LOOP' || i.op === 'LOOPE' || i.op === 'LOOPNE' || i.op === 'JCXZ')) return undefined;
  if (i.op === 'NOP' || i.op === 'PAUSE') return 'NOP32.,';
  const key = shapeKey(i);
  if (!(key in TEMPLATES)) return undefined;
  return isZeroCount(i) ? (m ? undefined : 'NOP32.,') : key;
}

function isZeroCount(i: Insn): boolean {
  if (i.op === 'SHLD' || i.op === 'SHRD') return i.src2.kind === IMM && (i.src2.value & 31) === 0;
  const shift = i.op === 'SHL' || i.op === 'SHR' || i.op === 'SAR' || i.op === 'ROL' || i.op === 'ROR';
  return shift && i.src.kind === IMM && (i.src.value & 31) === 0;
}
