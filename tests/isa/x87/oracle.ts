// Runs cases on the real processor through a program that executes user-mode code and prints the state after it.

import { spawnSync } from 'node:child_process';
import type { Case } from './cases.ts';
import { FORMS, OPERAND } from './forms.ts';
import { EAX_BEFORE, type Outcome } from './replay.ts';

const ENVIRONMENT = 0x10000100;
/** FNSTENV [ENVIRONMENT]. */
const STORE = 'd935' + '00010010';

const hex = (b: Uint8Array) => Buffer.from(b).toString('hex');
const reversed = (b: Uint8Array) => Buffer.from(b).reverse().toString('hex');

function line(c: Case, id: number): string {
  const f = FORMS[c.form];
  let s = `id=${id} code=${hex(Uint8Array.from(f.bytes))}${STORE} fx=1 eax=${EAX_BEFORE.toString(16)}`;
  s += ` eflags=${c.eflags.toString(16)} fcw=${c.fcw.toString(16)} fsw=${c.fsw.toString(16)} ftw=${c.ftag.toString(16)}`;
  for (let n = 0; n < 8; n++) s += ` st${n}=${reversed(c.st.subarray(10 * n, 10 * n + 10))}`;
  s += ` mem@${OPERAND.toString(16)}=${hex(c.mem)} dump=${ENVIRONMENT.toString(16)}:1c dump=${OPERAND.toString(16)}:a`;
  return s;
}

/** Outcomes of the cases, in order. */
export function onRealProcessor(program: string, cases: Case[]): Outcome[] {
  const input = cases.map(line).join('\n') + '\n';
  const run = spawnSync(program, [], { input, maxBuffer: 2 ** 31 - 1, encoding: 'latin1' });
  const out = run.stdout.split('\n').filter((l) => l !== '');
  if (out.length !== cases.length) throw new Error(`${out.length} answers to ${cases.length} cases`);
  return out.map((l, n) => parse(l, cases[n]));
}

function parse(text: string, c: Case): Outcome {
  const r: Record<string, string> = {};
  for (const t of text.split(' ')) {
    const e = t.indexOf('=');
    r[t.slice(0, e)] = t.slice(e + 1);
  }
  const fx = Buffer.from(r.fx, 'hex');
  const env = Buffer.from(r[`mem@${ENVIRONMENT.toString(16)}`], 'hex');
  const st = new Uint8Array(80);
  for (let n = 0; n < 8; n++) st.set(fx.subarray(32 + 16 * n, 42 + 16 * n), 10 * n);
  const fault = r.stop === 'fault' ? Number(r.trap) : -1;
  if (r.stop !== 'hlt' && fault !== 16) throw new Error(text);
  const faulted = fault >= 0;
  return {
    fault,
    fcw: faulted ? c.fcw : env.readUInt16LE(0),
    fsw: faulted ? fx.readUInt16LE(2) : env.readUInt16LE(4),
    ftag: fx[4],
    st,
    mem: Buffer.from(r[`mem@${OPERAND.toString(16)}`], 'hex'),
    eax: Number.parseInt(r.eax, 16) | 0,
    eflags: Number.parseInt(r.efl, 16) & 0x45,
    fip: faulted ? 0 : env.readInt32LE(12),
    fcs: faulted ? 0 : env.readUInt16LE(16),
    fdp: faulted ? 0 : env.readInt32LE(20),
    fds: faulted ? 0 : env.readUInt16LE(24),
    fop: faulted ? 0 : env.readUInt16LE(18),
  };
}
