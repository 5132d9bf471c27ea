// Records cases of the integer instructions from the real processor: node tests/vectors/integer-record.ts PROGRAM [SCALE]
// PROGRAM is silicon.c, compiled as it says. Runs by hand, on a 32-bit-capable Linux; its result is integer.br.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decode } from '../../src/isa/decode.ts';
import type { Insn } from '../../src/isa/insn.ts';
import { type Input, makeCase, weight } from './integer-cases.ts';
import {
  type Bytes,
  type Case,
  dataImage,
  LDT_ENTRIES,
  MODES,
  type Mode,
  type Outcome,
  startEip,
  writeCorpus,
} from './integer-format.ts';
import { FORMS } from './integer-forms.ts';
import { undefinedResult } from './undefined.ts';

const [program, scaleText] = process.argv.slice(2);
if (!program) throw new Error('usage: integer-record.ts PROGRAM [SCALE]');
const scale = Number(scaleText ?? 1);
const hex = (n: number): string => (n >>> 0).toString(16);

function lineOf(one: Input): string {
  const mode = MODES[one.mode] as Mode;
  const names = ['eax', 'ecx', 'edx', 'ebx', 'esp', 'ebp', 'esi', 'edi'];
  const registers = names.map((name, k) => `${name}=${hex(one.registers[k] as number)}`);
  const segments = ['es', 'cs', 'ss', 'ds', 'fs', 'gs'].map((name, k) => `${name}=${hex(mode.selectors[k] as number)}`);
  const memory = one.memory.map((m) => `mem@${hex(m.at)}=${Buffer.from(m.bytes).toString('hex')}`);
  const parts = [
    `at=${hex(one.at)}`,
    `eip=${hex(startEip(one))}`,
    `eflags=${hex(one.eflags)}`,
    ...registers,
    ...segments,
  ];
  if (one.step) parts.push('steps=1');
  // The code last: it lies over the rest.
  return [...parts, ...memory, `code=${Buffer.from(one.code).toString('hex')}`].join(' ');
}

/** The outcome that a line tells, or why there is none. */
function outcomeOf(line: string): Outcome | string {
  const words = line.split(' ');
  if (words[0] !== 'fault' && words[0] !== 'step') return words[0] as string;
  const n = words.slice(1, 20).map((w) => Number.parseInt(w, 16));
  const [vector, error, cr2, eip] = n as [number, number, number, number];
  const [eflags, cs, ss, ds, es, fs, gs] = n.slice(12) as [number, number, number, number, number, number, number];
  const memory: Bytes[] = words.slice(20).map((w) => {
    const [at, bytes] = w.split('=') as [string, string];
    return { at: Number.parseInt(at, 16), bytes: Buffer.from(bytes, 'hex') };
  });
  return {
    vector,
    error,
    cr2: vector === 14 ? cr2 : 0,
    eip,
    registers: Int32Array.from(n.slice(4, 12)),
    // RF is set for a fault; TF is the step's.
    eflags: eflags & ~0x10100,
    selectors: [es, cs, ss, ds, fs, gs],
    memory,
  };
}

function decoded(one: Input): Insn {
  const bytes = new Uint8Array(64);
  bytes.set(one.code);
  return decode(bytes, 0, 64, MODES[one.mode] as Mode) as Insn;
}

const folder = mkdtempSync(join(tmpdir(), 'silicon-'));
const file = (name: string): string => join(folder, name);
writeFileSync(file('image'), dataImage());
const inputs: { form: number; input: Input }[] = [];
let seed = 1;
for (const [form, f] of FORMS.entries()) {
  const count = Math.max(8, Math.round(weight(f) * scale));
  for (let k = 0; k < count; k++) inputs.push({ form, input: makeCase(f, seed++) });
}
const ldtLines = LDT_ENTRIES.map(([base, limit, flags], n) => `ldt${n}=${hex(base)}:${hex(limit)}:${hex(flags)}`);
writeFileSync(file('in'), [...ldtLines, ...inputs.map((one) => lineOf(one.input))].join('\n') + '\n');
const run = spawnSync(program, [file('image')], {
  stdio: [openSync(file('in'), 'r'), openSync(file('out'), 'w'), 'inherit'],
});
if (run.status !== 0) throw new Error(`${program} ended with ${run.status ?? run.signal}`);
const lines = readFileSync(file('out'), 'latin1').trim().split('\n');
if (lines.length !== inputs.length) throw new Error(`${lines.length} answers for ${inputs.length} cases`);
rmSync(folder, { recursive: true });

const cases: Case[] = [];
const dropped = new Map<string, number>();
for (const [k, { form, input }] of inputs.entries()) {
  const outcome = outcomeOf(lines[k] as string);
  const f = FORMS[form] as (typeof FORMS)[number];
  let reason = typeof outcome === 'string' ? outcome : '';
  if (undefinedResult(decoded(input), input.registers[1] as number)) continue;
  // What is undefined here may be an extension that the processor has.
  if (typeof outcome !== 'string' && decoded(input).op === 'UD' && outcome.vector !== 6) reason = 'defined';
  if (reason !== '') {
    const key = `${reason}: ${f.name}`;
    dropped.set(key, (dropped.get(key) ?? 0) + 1);
  } else cases.push({ ...input, form, outcome: outcome as Outcome });
}
for (const [key, n] of dropped) console.log(`left out ${n}, ${key}`);

const info = readFileSync('/proc/cpuinfo', 'utf8');
const field = (name: string): string => new RegExp(`^${name}\\s*: (.*)$`, 'm').exec(info)?.[1] ?? '?';
const cpu = `${field('model name')}, family ${field('cpu family')}, model ${field('model')}, stepping ${field('stepping')}`;
const corpus = writeCorpus({ cpu, forms: FORMS.map((f) => f.name), cases });
writeFileSync(new URL('integer.br', import.meta.url), corpus);
console.log(`${cases.length} cases of ${FORMS.length} forms on ${cpu}: ${corpus.length} bytes`);
