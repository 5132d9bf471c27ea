// The integer instructions as a real processor executes them: every recorded case (tests/vectors/integer.br), on the
// reference and the interpreter, and a part of them in translated regions, with registers, flags, memory, EIP, segment registers and faults.

import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { CASES } from '../../src/cpu/generated/interpreter.js';
import { Interpreter } from '../../src/cpu/interpreter.ts';
import { fusedCase, pack } from '../../src/cpu/pack.ts';
import { Reference } from '../../src/cpu/reference.ts';
import { shapeKey } from '../../src/cpu/shape.ts';
import { decode } from '../../src/isa/decode.ts';
import { type Insn, MEM, SS } from '../../src/isa/insn.ts';
import { Translator } from '../../translator/engine.ts';
import { TEMPLATES } from '../../translator/generated/templates.js';
import type { Observer } from '../../translator/observer.ts';
import { type Case, CODE, MODES, type Mode, readCorpus, startEip } from '../vectors/integer-format.ts';
import { ALL_FORMS, FORMS, NOT_RECORDED } from '../vectors/integer-forms.ts';
import { describeCase, instruction, Replay } from './replay.ts';
import { UserMachine } from './user-machine.ts';

const corpus = readCorpus(
  readFileSync(process.env.INTEGER_VECTORS ?? new URL('../vectors/integer.br', import.meta.url)),
);
const byForm: Case[][] = corpus.forms.map(() => []);
for (const one of corpus.cases) (byForm[one.form] as Case[]).push(one);
/** Cases of a form, for each shape of its operands, that are compiled. */
const PER_SHAPE = 4;
const ops = [...new Set(FORMS.map((f) => f.op))].sort();

/** Cases in which the engines are known to differ from the processor, and how. */
const KNOWN: readonly { readonly why: string; readonly holds: (one: Case, i: Insn) => boolean }[] = [
  {
    why: 'the parts of a far pointer or of bounds do not wrap at 64 KiB one by one, but are one operand beyond the limit',
    holds: (one, i) => {
      if (!/^(LFP|BOUND|CALLF|JMPF)$/.test(i.op) || i.src.kind !== MEM || i.src.address !== 16) return false;
      const register = (n: number): number => (n < 8 ? (one.registers[n] as number) : 0);
      const offset = (register(i.src.base) + register(i.src.index) + i.src.disp) & 0xffff;
      return offset + 8 > 0x10000;
    },
  },
];

describe('the corpus', () => {
  test('has cases of every form of every integer instruction', () => {
    expect(corpus.forms).toEqual(FORMS.map((f) => f.name));
    const missing = FORMS.filter((_, n) => (byForm[n] as Case[]).length < 8).map((f) => f.name);
    // Undefined opcodes that the recording processor defines.
    expect(missing).toEqual(['0F 07 UD', '0F AE /6 mem UD']);
    expect(new Set(ALL_FORMS.map((f) => f.op)).size).toBe(ops.length + Object.keys(NOT_RECORDED).length);
  });

  test('goes through, and faults, with every operand and address size', () => {
    const seen = new Set<string>();
    for (const one of corpus.cases) {
      const i = instruction(one);
      const { mode } = one;
      seen.add(`${(MODES[mode] as Mode).name} ${i.osize} ${i.asize}`);
      seen.add(`vector ${one.outcome.vector}${one.outcome.eip === startEip(one) ? '' : ', later'}`);
    }
    for (const mode of MODES)
      for (const osize of [16, 32])
        for (const asize of [16, 32]) expect(seen).toContain(`${mode.name} ${osize} ${asize}`);
    // #DE #BR #UD #NP #SS #GP #PF leave EIP where it was; #DB #BP #OF do not.
    for (const vector of [0, 5, 6, 11, 12, 13, 14]) expect(seen).toContain(`vector ${vector}`);
    for (const vector of [1, 3, 4]) expect(seen).toContain(`vector ${vector}, later`);
  });
});

describe.each([
  ['reference', undefined],
  ['interpreter', 'asm.js'],
  ['interpreter', 'webassembly'],
] as const)(`as recorded on ${corpus.cpu}: the %s, heap of %s`, (name, code) => {
  const Engine = name === 'reference' ? Reference : Interpreter;
  const machine = new UserMachine((...a) => new Engine(...a), code);
  const replay = new Replay(machine);
  const hits = new Set<number>();

  for (const op of ops) {
    test(op, () => {
      const failures: string[] = [];
      let known = 0;
      for (const [n, form] of FORMS.entries()) {
        if (form.op !== op) continue;
        for (const one of byForm[n] as Case[]) {
          const i = instruction(one);
          const before = machine.engine.statistics().slow ?? 0;
          const difference = replay.difference(one, i);
          if (!difference) {
            // HLT and the handler's HLT are the reference's, and nothing else.
            const slow = (machine.engine.statistics().slow ?? 0) - before;
            if (name === 'interpreter' && slow === 2 && one.outcome.eip !== startEip(one)) hits.add(caseOf(one, i));
          } else if (KNOWN.some((k) => k.holds(one, i))) known++;
          else failures.push(`${describeCase(one, form.name)}: ${difference}`);
        }
      }
      expect(failures.slice(0, 8), `${failures.length} cases differ`).toEqual([]);
      expect(known).toBeLessThan(40);
    });
  }

  if (name !== 'interpreter') return;
  test('every generated case was executed', () => {
    // Sequences are more than one instruction: see sequences.test.ts.
    const idle = CASES.filter((key, k) => !hits.has(k + 1) && !key.includes(';'));
    // The user may not; no instruction's are a link to another page, what counts and enters hot code (random.test.ts), and
    // the end of a shadow.
    expect(idle.sort()).toEqual(['CLI32.,', 'STI32.,', 'cross', 'enter', 'heat', 'unshadow']);
  });
});

describe(`as recorded on ${corpus.cpu}: the translator`, () => {
  /** Shapes of what was specialised since the last case. */
  const instantiated = new Set<string>();
  const observer: Observer = {
    name: (region) => `region${region}`,
    translated: ({ graph }) => {
      for (const { insns } of graph.blocks.values())
        for (const p of insns) if (p.template && p.class !== 'callout') instantiated.add(shapeKey(p.insn));
    },
  };
  // A head is compiled when it is entered for the fourth time, or the third.
  const machine = new UserMachine((...a) => new Translator(...a, { heat: 1, batchEntries: 1, observer }));
  const replay = new Replay(machine);
  const translated = new Set<string>();

  /** Instructions that regions retired, without those that they left to the reference. */
  const inRegions = (): number => machine.engine.retiredBy().translator as number;

  /** In flat code, within its page, through to the next instruction, not writing code. */
  const isFit = (one: Case): boolean => {
    const { outcome } = one;
    const through = outcome.vector === 13 && outcome.eip !== startEip(one) && outcome.eip !== startEip(one) - 1;
    const inPage = (one.at & 0xfff) > 0 && (one.at & 0xfff) + one.code.length < 4096;
    const memory = [...outcome.memory, ...one.memory].every((b) => b.at < CODE);
    return one.mode < 2 && !one.step && through && inPage && memory;
  };

  test('in regions', () => {
    const failures: string[] = [];
    for (const [n, form] of FORMS.entries()) {
      const done = new Map<string, number>();
      for (const one of (byForm[n] as Case[]).filter(isFit)) {
        const i = instruction(one);
        const shape = shapeKey(i);
        const kind = `${shape} ${i.rep}`;
        const count = done.get(kind) ?? 0;
        if (count === PER_SHAPE) continue;
        done.set(kind, count + 1);
        const before = inRegions();
        instantiated.clear();
        const difference = replay.difference(one, i, 5);
        if (difference) failures.push(`${describeCase(one, form.name)}: ${difference}`);
        // The NOP was executed in a region, at the least.
        else if (instantiated.has(shape) && inRegions() > before) translated.add(shape);
      }
    }
    expect(failures.slice(0, 8), `${failures.length} cases differ`).toEqual([]);
  });

  test('every template was instantiated', () => {
    // SIMD: tests/translator/simd-templates.test.ts.
    const own = Object.keys(TEMPLATES).filter((key) => ops.some((op) => isTemplateOf(op, key)));
    // The user may not: tests/translator/sensitive.test.ts.
    expect(own.filter((key) => !translated.has(key))).toEqual(['CLI32.,', 'STI32.,', 'MOVCR32.d,k']);
  });
});

/** Whether a shape (src/cpu/shape.ts) is one of this operation. */
const isTemplateOf = (op: string, key: string): boolean => new RegExp(`^${op}(:\\d+:)?(8|16|32)\\.`).test(key);

/** Number of the generated case that does a case's instruction (and its jump). */
function caseOf(one: Case, i: Insn): number {
  const words = new Int32Array(8);
  const mode = MODES[one.mode] as Mode;
  pack(words, 0, i, mode.selectors[SS] === 0x2b && one.mode === 0 ? 0x32 : 0x3b);
  if (one.code.length <= i.length) return (words[0] as number) & 1023;
  const bytes = new Uint8Array(64);
  bytes.set(one.code);
  const next = decode(bytes, i.length, 32, mode) as Insn;
  return fusedCase(words[0] as number, next) ?? (words[0] as number) & 1023;
}
