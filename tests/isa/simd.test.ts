// MMX to SSE3 against silicon: every recorded case (tests/vectors/simd-format.ts) decoded from its bytes and executed by
// the semantics; destination, all other registers, MXCSR, EFLAGS, x87 state and faults must be the CPU's.

import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { decode } from '../../src/isa/decode.ts';
import { GuestFault } from '../../src/isa/fault.ts';
import type { Insn } from '../../src/isa/insn.ts';
import { getEflags, setStatusFlags } from '../../src/isa/semantics/eflags.ts';
import * as SIMD from '../../src/isa/semantics/simd/index.ts';
import type { Cpu } from '../../src/isa/state.ts';
import { type Case, DATA, DATA_BYTES, type Form, NO_TRAP, pattern, TAGS, TOP, unpack } from '../vectors/simd-format.ts';
import { FlatMemory, simdCpu } from './simd-cpu.ts';

const corpus = unpack(readFileSync(process.env.SIMD_VECTORS ?? new URL('../vectors/simd.gz', import.meta.url)));

const semantics = SIMD as Record<string, (c: Cpu, i: Insn) => void>;
const memory = new FlatMemory(DATA, DATA_BYTES);
const cpu = simdCpu(memory);
const file = new Uint8Array(cpu.words.buffer);

/** Byte offset of a register in the register file, and its width there. */
const at = {
  xmm: (n: number) => cpu.xmm.byteOffset + 16 * n,
  mm: (n: number) => cpu.fpr.byteOffset + 16 * n,
  reg: (n: number) => cpu.reg.byteOffset + 4 * n,
};
const width = { xmm: 16, mm: 8, reg: 4 };
const number = (bytes: Uint8Array): number => bytes.reduceRight((sum, b) => sum * 256 + b, 0);
const hex = (bytes: Uint8Array): string =>
  Array.from(bytes, (b) => b.toString(16).padStart(2, '0'))
    .reverse()
    .join('');

const patterned = file.slice();
for (const name of ['xmm', 'mm', 'reg'] as const) {
  for (let n = 0; n < 8; n++) for (let k = 0; k < width[name]; k++) patterned[at[name](n) + k] = pattern(name, n, k);
}

/** The manual's bound on the relative error of RCP and RSQRT; the CPU's table has its own error of that size. */
const APPROXIMATE = 2 * 1.5 * 2 ** -12;

function nearlyEqual(a: Uint8Array, b: Uint8Array): boolean {
  const x = new Float32Array(new Uint8Array(a).buffer);
  const y = new Float32Array(new Uint8Array(b).buffer);
  return x.every((v, k) => Object.is(v, y[k]) || Math.abs(v / (y[k] as number) - 1) <= APPROXIMATE);
}

/** What differs from the recorded outcome, or undefined. */
function replay(form: Form, insn: Insn, one: Case): string | undefined {
  const address = number(one.address) + (form.op.startsWith('MASKMOV') ? 0 : 16);
  const mapped = address < DATA + DATA_BYTES;
  file.set(patterned);
  cpu.reg[3] = number(one.address);
  cpu.reg[7] = number(one.address);
  cpu.reg[4] = DATA + 0x8000;
  for (const [l, v] of [
    [form.src2, one.src2],
    [form.src, one.src],
    [form.dst, one.dst],
  ] as const) {
    if (l.file === 'mem' && mapped) memory.bytes.set(v, address - DATA);
    if (l.file === 'xmm' || l.file === 'mm' || l.file === 'reg')
      file.set(v.subarray(0, width[l.file]), at[l.file](l.n));
  }
  for (let n = 0; n < 8; n++) {
    cpu.fpr[4 * n + 2] = 0x3fff;
    cpu.fpr[4 * n + 3] = 0;
  }
  cpu.ftop = TOP;
  cpu.ftag = TAGS;
  cpu.fcw = 0x037e;
  cpu.fsw = one.pending[0] ? 0x8081 : 0;
  cpu.mxcsr = number(one.mxcsr);
  setStatusFlags(cpu, number(one.eflags));
  const before = file.slice();

  let trap = NO_TRAP;
  try {
    (semantics[insn.op] as (c: Cpu, i: Insn) => void)(cpu, insn);
  } catch (e) {
    if (!(e instanceof GuestFault)) throw e;
    trap = e.vector;
  }

  if (trap !== one.trap[0]) return `trap ${trap}, not ${one.trap[0]}`;
  const { file: place, n } = form.dst;
  let out = one.dst;
  if (place === 'mem') out = mapped ? memory.bytes.slice(address - DATA, address - DATA + 16) : one.dst;
  else if (place !== 'none') out = file.slice(at[place](n), at[place](n) + width[place]);
  const expected = one.dstOut.subarray(0, out.length);
  if (place !== 'none' && hex(out) !== hex(expected)) {
    const close = /^R(CP|SQRT)/.test(form.op) && nearlyEqual(out, expected);
    if (!close) return `result ${hex(out)}, not ${hex(expected)}`;
  }
  if (cpu.mxcsr !== number(one.mxcsrOut)) return `MXCSR ${cpu.mxcsr.toString(16)}, not ${hex(one.mxcsrOut)}`;
  // IF and bit 1 apart, only the status flags were given.
  const eflags = (getEflags(cpu) | (number(one.eflags) & 0x202)) & 0xad7;
  if (eflags !== (number(one.eflagsOut) & 0xad7)) return `EFLAGS ${eflags.toString(16)}, not ${hex(one.eflagsOut)}`;
  let ones = 0;
  for (let k = 0; k < 8; k++) if (cpu.fpr[4 * k + 2] === 0xffff) ones |= 1 << k;
  const fpu = [cpu.ftop, cpu.ftag, ones].join(' ');
  // A fault has committed nothing here; this CPU has entered MMX state before #XM, and MASKMOVQ before #PF.
  const untouched = trap !== NO_TRAP && fpu === [TOP, TAGS, 0].join(' ');
  if (!untouched && fpu !== one.fpu.join(' ')) return `x87 TOP, tags, exponents: ${fpu}, not ${one.fpu.join(' ')}`;
  for (const name of ['xmm', 'mm', 'reg'] as const) {
    for (let k = 0; k < 8; k++) {
      if (name === place && k === n) continue;
      const from = at[name](k);
      if (hex(file.slice(from, from + width[name])) !== hex(before.slice(from, from + width[name]))) {
        return `${name}${k} changed`;
      }
    }
  }
  return undefined;
}

function describeCase(form: Form, one: Case): string {
  const where = (l: Form['dst'], v: Uint8Array) => (l.file === 'none' ? '' : ` ${l.file}${l.n}=${hex(v)}`);
  return `${form.op} (${form.code})${where(form.dst, one.dst)}${where(form.src, one.src)}${where(form.src2, one.src2)} MXCSR=${hex(one.mxcsr)} EFLAGS=${hex(one.eflags)} address=${hex(one.address)}`;
}

const ops = [...new Set(corpus.header.forms.map((form) => form.op))];

describe(`MMX to SSE3 as recorded on ${corpus.header.cpu}`, () => {
  test('the corpus covers every operation', () => {
    expect(ops.sort()).toEqual(Object.keys(SIMD).sort());
  });

  for (const op of ops) {
    test(op, () => {
      const failures: string[] = [];
      corpus.header.forms.forEach((form, k) => {
        if (form.op !== op) return;
        const bytes = new Uint8Array(32);
        const length = form.code.length / 2;
        bytes.set(Buffer.from(form.code, 'hex'));
        const insn = decode(bytes, 0, length, { code32: true, stack32: true });
        expect([insn?.op, insn?.length]).toEqual([op, length]);
        for (const one of corpus.cases[k] as readonly Case[]) {
          const difference = replay(form, insn as Insn, one);
          if (difference) failures.push(`${describeCase(form, one)}: ${difference}`);
        }
      });
      expect(failures.slice(0, 8), `${failures.length} cases differ`).toEqual([]);
    });
  }
});
