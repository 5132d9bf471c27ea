// SSE arithmetic that is not plain (plain.ts), lane by lane: quick-float.ts tells whether the host's result is right and
// exact, soft-float.ts does the rest. Residual.

import type { int } from '../../insn.ts';
import type { Cpu } from '../../state.ts';
import { type SQRT, soft, VERTICAL } from './float-lanes.ts';
import { XMM_WORDS } from './operand.ts';
import {
  addDouble,
  addSingle,
  divDouble,
  divSingle,
  mulDouble,
  mulSingle,
  sqrtDouble,
  sqrtSingle,
  subDouble,
  subSingle,
} from './quick-float.ts';
import { ADD, DIV, MUL, type Operation, SUB } from './soft-float.ts';

const results = new Float64Array(4);

/** `lanes` doubles of register n and of the words from `s` on. */
export function carefulDoubles(c: Cpu, n: int, s: int, op: Operation | typeof SQRT, lanes: int): void {
  const x = c.xmmF64;
  const d = n << 1;
  const from = (s - XMM_WORDS) >> 1;
  for (let k = 0; k < lanes; k++) {
    const r = quickDouble(op, x[d + k], x[from + k], c.mxcsr);
    if (Number.isNaN(r)) {
      soft(c, d << 1, from << 1, true, lanes, op, VERTICAL);
      return;
    }
    results[k] = r;
  }
  for (let k = 0; k < lanes; k++) x[d + k] = results[k];
}

/** The same with singles. */
export function carefulSingles(c: Cpu, n: int, s: int, op: Operation | typeof SQRT, lanes: int): void {
  const x = c.xmmF32;
  const d = n << 2;
  const from = s - XMM_WORDS;
  for (let k = 0; k < lanes; k++) {
    const r = quickSingle(op, x[d + k], x[from + k], c.mxcsr);
    if (Number.isNaN(r)) {
      soft(c, d, from, false, lanes, op, VERTICAL);
      return;
    }
    results[k] = r;
  }
  for (let k = 0; k < lanes; k++) x[d + k] = results[k];
}

function quickDouble(op: int, a: number, b: number, mxcsr: int): number {
  if (op === ADD) return addDouble(a, b, mxcsr);
  if (op === SUB) return subDouble(a, b, mxcsr);
  if (op === MUL) return mulDouble(a, b, mxcsr);
  return op === DIV ? divDouble(a, b, mxcsr) : sqrtDouble(b, mxcsr);
}

function quickSingle(op: int, a: number, b: number, mxcsr: int): number {
  if (op === ADD) return addSingle(a, b, mxcsr);
  if (op === SUB) return subSingle(a, b, mxcsr);
  if (op === MUL) return mulSingle(a, b, mxcsr);
  return op === DIV ? divSingle(a, b, mxcsr) : sqrtSingle(b, mxcsr);
}
