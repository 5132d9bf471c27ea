// Guarded instructions: the recorded ones (tests/vectors/integer.br) as regions in which each is a callout where it would
// leave; and that what leaves its region again and again is guarded by itself.

import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { NO_PAGE } from '../../src/cpu/regions.ts';
import { Translator } from '../../translator/engine.ts';
import { type Guards, Leaving } from '../../translator/leaving.ts';
import { verify } from '../../translator/verify.ts';
import { describeCase, instruction, Replay } from '../engines/replay.ts';
import { UserMachine } from '../engines/user-machine.ts';
import { MODES, readCorpus } from '../vectors/integer-format.ts';
import { FORMS } from '../vectors/integer-forms.ts';

/** One case in so many is replayed. */
const EVERY = 31;
const ALIGNMENT_CHECK = 0x40000;

test.each(['asm.js', 'webassembly'] as const)('guarded instructions of %s do what a processor did', (code) => {
  const corpus = readCorpus(readFileSync(new URL('../vectors/integer.br', import.meta.url)));
  const machine = new UserMachine(
    (cpu, memory) => new Translator(cpu, memory, { heat: 0, maxBatch: 1, guardAll: true, verify }),
    code,
  );
  const replay = new Replay(machine);
  const failures: string[] = [];
  let replayed = 0;
  corpus.cases.forEach((one, k) => {
    const isTranslated = MODES[one.mode]?.name === 'flat' || MODES[one.mode]?.name === 'bent';
    if (k % EVERY !== 0 || !isTranslated || one.step || (one.eflags & ALIGNMENT_CHECK) !== 0) return;
    replayed++;
    const differs = replay.difference(one, instruction(one));
    if (differs) failures.push(`${describeCase(one, FORMS[one.form]?.name ?? '?')}: ${differs}`);
  });
  expect(failures.slice(0, 8), `${failures.length} cases differ`).toEqual([]);
  expect(replayed).toBeGreaterThan(500);
  // Faults and accesses across pages call out, besides the two HLTs of a case, and nothing but transfers leaves.
  const { callouts, regionSlow } = machine.engine.statistics();
  expect(callouts).toBeGreaterThan(2 * replayed + 100);
  expect(regionSlow).toBeLessThan(50);
});

test('an instruction is guarded after many exits, and others with it that left often', () => {
  const leaving = new Leaving();
  const [often, sometimes, seldom] = [0x1000, 0x1004, 0x1008];
  let guards: Guards | undefined;
  for (let k = 0; guards === undefined && k < 100_000; k++) {
    if (k % 8 === 0) leaving.left(sometimes, NO_PAGE);
    if (k % 1000 === 0) leaving.left(seldom, NO_PAGE);
    guards = leaving.left(often, NO_PAGE);
  }
  expect([...(guards as Guards)].sort()).toEqual([
    [often, false],
    [sometimes, false],
  ]);
  // They are counted anew.
  expect(leaving.left(often, NO_PAGE)).toBeUndefined();
});

test('exits at the same page count, those at ever other pages are told apart', () => {
  const leaving = new Leaving();
  const exits = (eip: number, pageOf: (k: number) => number): Guards | undefined => {
    for (let k = 0; k < 20_000; k++) {
      const guards = leaving.left(eip, pageOf(k));
      if (guards) return guards;
    }
    return undefined;
  };
  expect([...(exits(0x2000, () => 7) as Guards)]).toEqual([[0x2000, false]]);
  expect([...(exits(0x3000, (k) => k & 15) as Guards)]).toEqual([[0x3000, true]]);
});
