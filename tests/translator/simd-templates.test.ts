// The recorded SIMD instructions (tests/vectors/simd.gz) as translated text: where a template does not leave, what it
// did is what the processor did; where it leaves, it has done nothing.
// SIMD_TEMPLATE_CASES=N takes N cases of each form.

import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { Reference } from '../../src/cpu/reference.ts';
import { REGION_SLOW } from '../../src/cpu/regions.ts';
import { WORD } from '../../src/isa/register-file.ts';
import { getEflags, setStatusFlags } from '../../src/isa/semantics/eflags.ts';
import { CR4_OSXMMEXCPT } from '../../src/isa/system-bits.ts';
import { templateOf } from '../../translator/classify.ts';
import { TEMPLATES } from '../../translator/generated/templates.js';
import { UserMachine } from '../engines/user-machine.ts';
import { CODE } from '../vectors/integer-format.ts';
import { type Case, DATA, DATA_BYTES, type Form, NO_TRAP, unpack } from '../vectors/simd-format.ts';
import { decodeAll, type Single, testForm, translate } from './single.ts';

const CASES = Number(process.env.SIMD_TEMPLATE_CASES ?? 400);
const corpus = unpack(readFileSync(process.env.SIMD_VECTORS ?? new URL('../vectors/simd.gz', import.meta.url)));
describe.each(['asm.js', 'webassembly'] as const)('as %s', (code) => {
  const machine = new UserMachine((...a) => new Reference(...a), code);
  const { cpu, memory } = machine;
  cpu.cr4 |= CR4_OSXMMEXCPT;
  for (let page = DATA; page < DATA + DATA_BYTES; page += 4096) memory.writePlace(page, 1, 1);

  const number = (bytes: Uint8Array): number => bytes.reduceRight((sum, b) => sum * 256 + b, 0);
  const hex = (bytes: Uint8Array): string => Buffer.from(bytes).reverse().toString('hex');
  const file = new Uint8Array(cpu.words.buffer, cpu.words.byteOffset, 4 * WORD.engine);
  const at = { xmm: 4 * WORD.xmm, mm: 4 * WORD.fpr, reg: 0 };
  const stride = { xmm: 16, mm: 16, reg: 4 };
  const width = { xmm: 16, mm: 8, reg: 4 };

  const singles = translate(
    machine,
    corpus.header.forms.map((form) => decodeAll(Buffer.from(form.code, 'hex'))),
  );

  interface Tally {
    inline: number;
    left: number;
  }

  /** What differs from the recorded outcome, or undefined. */
  function replay(single: Single, form: Form, one: Case, tally: Tally): string | undefined {
    const address = number(one.address) + (form.op.startsWith('MASKMOV') ? 0 : 16);
    const mapped = address < DATA + DATA_BYTES;
    file.fill(0x5a, 4 * WORD.xmm, 4 * WORD.xmm + 128);
    cpu.reg.fill(0x1234567, 0, 8);
    cpu.reg[3] = number(one.address);
    cpu.reg[7] = number(one.address);
    cpu.reg[4] = DATA + 0x8000;
    for (const [l, v] of [
      [form.src2, one.src2],
      [form.src, one.src],
      [form.dst, one.dst],
    ] as const) {
      if (l.file === 'mem' && mapped) machine.data.set(v, address - DATA);
      if (l.file === 'xmm' || l.file === 'mm' || l.file === 'reg')
        file.set(v.subarray(0, width[l.file]), at[l.file] + l.n * stride[l.file]);
    }
    cpu.mxcsr = number(one.mxcsr);
    setStatusFlags(cpu, number(one.eflags));
    const before = file.slice(0, 4 * (WORD.xmm + 32));
    const left = single.run() === REGION_SLOW;
    const { file: place, n } = form.dst;
    const to = place === 'none' || place === 'mem' ? 0 : at[place] + n * stride[place];
    const bytes = place === 'none' ? 0 : place === 'mem' ? 16 : width[place];
    const result = (): Uint8Array =>
      place === 'mem'
        ? mapped
          ? machine.data.slice(address - DATA, address - DATA + bytes)
          : one.dst
        : file.slice(to, to + bytes);
    const others = (): Uint8Array => {
      const now = file.slice(0, 4 * (WORD.xmm + 32));
      // Flags, EIP, MXCSR and the result apart.
      now.set(before.subarray(4 * WORD.fz, 4 * WORD.eip + 4), 4 * WORD.fz);
      now.set(before.subarray(4 * WORD.mxcsr, 4 * WORD.mxcsr + 4), 4 * WORD.mxcsr);
      if (place !== 'mem') now.set(before.subarray(to, to + bytes), to);
      return now;
    };
    if (left) {
      tally.left++;
      cpu.eip = 0;
      const now = file.slice(0, before.length);
      now.set(before.subarray(4 * WORD.eip, 4 * WORD.eip + 4), 4 * WORD.eip);
      return Buffer.compare(now, before) === 0 && hex(result()) === hex(one.dst.subarray(0, bytes))
        ? undefined
        : 'something was committed before it left';
    }
    tally.inline++;
    if (one.trap[0] !== NO_TRAP) return `trap ${one.trap[0]} did not happen`;
    const expected = one.dstOut.subarray(0, bytes);
    if (hex(result()) !== hex(expected)) return `result ${hex(result())}, not ${hex(expected)}`;
    if (cpu.mxcsr !== number(one.mxcsrOut)) return `MXCSR ${cpu.mxcsr.toString(16)}, not ${hex(one.mxcsrOut)}`;
    const eflags = getEflags(cpu) & 0x8d5;
    if (eflags !== (number(one.eflagsOut) & 0x8d5)) return `EFLAGS ${eflags.toString(16)}, not ${hex(one.eflagsOut)}`;
    if (cpu.eip !== CODE + single.length) return `EIP ${cpu.eip.toString(16)}`;
    return Buffer.compare(others(), before) === 0 ? undefined : 'another register changed';
  }

  function describeCase(form: Form, one: Case): string {
    const where = (l: Form['dst'], v: Uint8Array) => (l.file === 'none' ? '' : ` ${l.file}${l.n}=${hex(v)}`);
    return `${form.op} (${form.code})${where(form.dst, one.dst)}${where(form.src, one.src)}${where(form.src2, one.src2)} MXCSR=${hex(one.mxcsr)} EFLAGS=${hex(one.eflags)} address=${hex(one.address)}`;
  }

  const ops = [...new Set(corpus.header.forms.filter((_, k) => singles[k]).map((form) => form.op))];

  describe(`templates of SIMD instructions, against ${corpus.header.cpu}`, () => {
    const start = new Int32Array(8);
    machine.start(0, start, CODE, 0x202);

    for (const op of ops) {
      test(op, () => {
        const failures: string[] = [];
        const tally: Tally = { inline: 0, left: 0 };
        corpus.header.forms.forEach((form, k) => {
          const single = singles[k];
          if (form.op !== op || !single) return;
          const cases = corpus.cases[k] as readonly Case[];
          const step = Math.max(1, Math.floor(cases.length / CASES));
          for (let n = 0; n < cases.length; n += step) {
            const difference = replay(single, form, cases[n] as Case, tally);
            if (difference) failures.push(`${describeCase(form, cases[n] as Case)}: ${difference}`);
          }
        });
        expect(failures.slice(0, 8), `${failures.length} cases differ`).toEqual([]);
        if (process.env.TALLY) console.log(op, tally);
        expect(tally.inline).toBeGreaterThan(0);
      });
    }

    test('every one was instantiated', () => {
      const used = new Set(singles.map((s) => s && templateOf(s.insn)));
      const missing = Object.keys(TEMPLATES).filter(
        (key) => ops.some((op) => new RegExp(`^${op}(16|32)\\.`).test(key)) && !used.has(key),
      );
      expect(missing).toEqual([]);
    });

    testForm(machine, singles);
  });
});
