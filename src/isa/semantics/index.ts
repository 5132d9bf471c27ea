// Every instruction's semantic function by operation name: what the reference calls and residual calls name.

import type { Insn } from '../insn.ts';
import type { Cpu } from '../state.ts';
import * as arithmetic from './arithmetic.ts';
import * as bits from './bits.ts';
import * as control from './control.ts';
import * as cpuid from './cpuid.ts';
import * as debugRegisters from './debug-registers.ts';
import * as decimal from './decimal.ts';
import * as exchange from './exchange.ts';
import * as far from './far.ts';
import * as flagControl from './flag-control.ts';
import * as interrupt from './interrupt.ts';
import * as io from './io.ts';
import * as iret from './iret.ts';
import * as move from './move.ts';
import * as msr from './msr.ts';
import * as multiply from './multiply.ts';
import * as segments from './segments.ts';
import * as shift from './shift.ts';
import * as simd from './simd/index.ts';
import * as stack from './stack.ts';
import * as string from './string-single.ts';
import * as sysenter from './sysenter.ts';
import * as system from './system.ts';
import * as transfer from './transfer.ts';
import * as x87 from './x87/index.ts';

export type Semantic = (c: Cpu, i: Insn) => void;

const MODULES: readonly object[] = [
  arithmetic,
  bits,
  control,
  cpuid,
  debugRegisters,
  decimal,
  exchange,
  far,
  flagControl,
  interrupt,
  io,
  iret,
  move,
  msr,
  multiply,
  segments,
  shift,
  simd,
  stack,
  string,
  sysenter,
  system,
  transfer,
  x87,
];

/** Instructions are the functions whose names are mnemonics: they start with a capital. */
function collect(): Record<string, Semantic> {
  const all: Record<string, Semantic> = {};
  for (const module of MODULES) {
    for (const [name, value] of Object.entries(module)) {
      if (!/^[A-Z]/.test(name) || typeof value !== 'function') continue;
      if (all[name]) throw new Error(`two semantic functions are called ${name}`);
      all[name] = value as Semantic;
    }
  }
  return all;
}

export const SEMANTICS: Readonly<Record<string, Semantic>> = collect();
