// The recorded integer instructions (tests/vectors/integer.br) as regions: each case is translated before it runs for the
// first time, so that what a real processor did is what the translator's text does. A few cases of every form;
// TRANSLATED_CASES=N takes N of each.

import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { Insn } from '../../src/isa/insn.ts';
import type { CodeKind } from '../../src/memory/heap.ts';
import { classify, isCalledOut } from '../../translator/classify.ts';
import { Translator } from '../../translator/engine.ts';
import { verify } from '../../translator/verify.ts';
import { describeCase, instruction, Replay } from '../engines/replay.ts';
import { UserMachine } from '../engines/user-machine.ts';
import { type Case, MODES, type Mode, readCorpus, startEip } from '../vectors/integer-format.ts';
import { FORMS, type Form } from '../vectors/integer-forms.ts';

const CASES = Number(process.env.TRANSLATED_CASES ?? 16);
/** Modes in which blocks run at all: flat 32-bit code and a flat stack. */
const TRANSLATED = new Set(['flat', 'bent']);
const ALIGNMENT_CHECK = 0x40000;

const corpus = readCorpus(
  readFileSync(process.env.INTEGER_VECTORS ?? new URL('../vectors/integer.br', import.meta.url)),
);

/** Cases of each form that a region can be made of, the first few of each outcome before more of the same. */
const byForm: { one: Case; i: Insn }[][] = corpus.forms.map(() => []);
const seen = new Map<string, number>();
const later: { one: Case; i: Insn }[] = [];
for (const one of corpus.cases) {
  // What lies across two pages is the reference's.
  if ((one.at & 0xfff) + one.code.length > 0x1000) continue;
  if (!TRANSLATED.has((MODES[one.mode] as Mode).name) || one.step || (one.eflags & ALIGNMENT_CHECK) !== 0) continue;
  const i = instruction(one);
  const outcome = `${one.form} ${one.mode} ${i.osize} ${i.asize} ${one.outcome.vector} ${one.outcome.eip === startEip(one)}`;
  const n = seen.get(outcome) ?? 0;
  seen.set(outcome, n + 1);
  if (n < 2) (byForm[one.form] as { one: Case; i: Insn }[]).push({ one, i });
  else later.push({ one, i });
}
for (const entry of later) {
  const list = byForm[entry.one.form] as { one: Case; i: Insn }[];
  if (list.length < CASES) list.push(entry);
}

/** CS.D and SS.B, and the segments that are not flat: all but SS. */
const BENT = 3 | (0x3b << 2);

interface Translating {
  readonly machine: UserMachine;
  readonly replay: Replay;
}

function translating(code: CodeKind): Translating {
  const machine = new UserMachine((cpu, memory) => new Translator(cpu, memory, { heat: 0, maxBatch: 1, verify }), code);
  return { machine, replay: new Replay(machine) };
}

/** What became of a form's cases. */
interface Tally {
  inline: number;
  left: number;
  callouts: number;
}

/** Replays a case; what differs from the recording, or from what its class promises. */
function difference({ machine, replay }: Translating, one: Case, i: Insn, tally: Tally): string | undefined {
  const count = (): Readonly<Record<string, number>> => ({
    ...machine.engine.statistics(),
    inRegions: machine.engine.retiredBy().translator as number,
  });
  const before = count();
  const differs = replay.difference(one, i);
  if (differs) return differs;
  const after = count();
  const more = (name: string): number => (after[name] as number) - (before[name] as number);
  const left = more('regionSlow');
  const way = classify(i, MODES[one.mode]?.name === 'bent' ? BENT : 3);
  if (more('regionEntries') === 0) return 'no region was entered';
  if (more('slow') > left) return 'the interpreter could not execute it';
  // The HLTs behind it and of the handler are callouts: they count for no region. A Jcc behind it does.
  const behind = one.code.length > i.length ? 1 : 0;
  if (isCalledOut(way)) {
    tally.callouts++;
    return more('inRegions') <= behind && left === 0 ? undefined : 'no callout';
  }
  if (left === 0 && more('inRegions') <= behind) return 'a callout';
  if (left > 0) tally.left++;
  else tally.inline++;
  // It is not inline where it faults, and only there or where memory is not what it mostly is.
  const faults = one.outcome.eip === startEip(one) && i.op !== 'Jcc';
  return faults && left === 0 ? 'a fault out of translated code' : undefined;
}

describe.each(['asm.js', 'webassembly'] as const)(`as regions of %s, and as recorded on ${corpus.cpu}`, (code) => {
  const made = translating(code);
  const tallies = new Map<Form, Tally>();
  const ops = [...new Set(FORMS.map((f) => f.op))].sort();
  for (const op of ops) {
    const forms = FORMS.map((form, n) => ({ form, n })).filter(({ form }) => form.op === op);
    if (forms.every(({ n }) => (byForm[n] as unknown[]).length === 0)) continue;
    test(op, () => {
      const failures: string[] = [];
      for (const { form, n } of forms) {
        const tally: Tally = { inline: 0, left: 0, callouts: 0 };
        tallies.set(form, tally);
        for (const { one, i } of (byForm[n] as { one: Case; i: Insn }[]).slice(0, CASES)) {
          const differs = difference(made, one, i, tally);
          if (differs) failures.push(`${describeCase(one, form.name)}: ${differs}`);
        }
      }
      expect(failures.slice(0, 8), `${failures.length} cases differ`).toEqual([]);
    });
  }

  test('every form that has a template ran inline', () => {
    const never = [...tallies].filter(([, t]) => t.inline === 0 && t.left > 0).map(([form]) => form.name);
    // Only the supervisor may, or with IOPL 3; and no load leaves DS or ES as flat as they were, or GS in memory one that may be loaded.
    const segments = ['8E /3 mem MOVSEG', '8E /5 mem MOVSEG', '07 POPSEG', '1F POPSEG'];
    const control = ['mem', 'reg'].flatMap((mod) => [0, 2, 3, 4].map((n) => `0F 20 /${n} ${mod} MOVCR`));
    expect(never).toEqual(['FA CLI', ...control, ...segments, 'FB STI']);
    expect([...tallies.values()].filter((t) => t.inline > 0).length).toBeGreaterThan(500);
  });
});
