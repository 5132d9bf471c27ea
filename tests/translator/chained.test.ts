// The guests of guests.test.ts with regions that lead to each other as they do outside of lock-step: through system
// calls, interrupts and faults too. What they leave behind is what the reference leaves.

import { describe, expect, test } from 'vitest';
import { Machine } from '../../src/machine/machine.ts';
import type { CodeKind } from '../../src/memory/heap.ts';
import { Translator } from '../../translator/engine.ts';
import type { Graph } from '../../translator/graph.ts';
import { END, guestMachine, MOST, NAMES, RESULTS } from './guest-image.ts';
import { registersDiffer } from './lockstep.ts';

const BYTES_LEFT = 0x10000;
const STEP = 50_000;
/** Everything is translated as soon as it was executed a few times. */
const SOON = { heat: 20, batchEntries: 2, maxBatch: 2 };

const options = (name: string, code: CodeKind) => ({ ...guestMachine(name, code), clock: 'virtual' }) as const;

/** Results and log. */
const left = ({ memory }: Machine): number[] => [...memory.i32.subarray(RESULTS >> 2, (RESULTS + BYTES_LEFT) >> 2)];

/** Runs a guest: what was translated, in order, and the engine's statistics. */
function observed(guest: string, how: ConstructorParameters<typeof Translator>[2]) {
  const regions: Graph[] = [];
  const observer = {
    name: (region: number) => `region${region}`,
    translated: ({ graph }: { graph: Graph }) => void regions.push(graph),
  };
  const machine = new Machine({
    ...options(guest, 'webassembly'),
    engine: (cpu, memory) => new Translator(cpu, memory, { ...how, observer }),
  });
  machine.runTo(MOST);
  return { regions, statistics: machine.engine.statistics() };
}

describe.each(['asm.js', 'webassembly'] as const)('regions of %s', (code) => {
  test.each(NAMES)('%s', (name) => {
    const reference = new Machine({ ...options(name, code), engine: 'reference' });
    let count = 0;
    while (reference.cpu.eip !== END && count < MOST) reference.runTo((count += STEP));
    expect(reference.cpu.eip).toBe(END);
    const machine = new Machine({
      ...options(name, code),
      engine: (cpu, memory) => new Translator(cpu, memory, SOON),
    });
    machine.runTo(count);
    expect(registersDiffer(machine.cpu, reference.cpu)).toBeUndefined();
    expect(left(machine)).toEqual(left(reference));
    expect(machine.engine.statistics().regionEntries).toBeGreaterThan(0);
  });
});

test('faults and returns from them lead from region to region', () => {
  const machine = new Machine({
    ...options('divide', 'webassembly'),
    engine: (cpu, memory) => new Translator(cpu, memory, SOON),
  });
  machine.runTo(MOST);
  const { regionEntries = 0, regionsChained = 0, callouts = 0 } = machine.engine.statistics();
  // 4000 faults of RDMSR, and as many of IRET.
  expect(callouts).toBeGreaterThan(7000);
  // The engine's budget ends now and then; one link in 256 is looked at.
  expect(regionEntries - regionsChained).toBeLessThan(regionEntries / 10);
});

test('what several functions lead to is translated for the first of them, and once more for all the others', () => {
  const { regions, statistics } = observed('apart', SOON);
  const { regionsAgain } = statistics;
  expect(regionsAgain).toBe(0);
  // The tail has 61 instructions, a function three more.
  expect(regions.map((graph) => graph.instructions).filter((n) => n > 48)).toEqual([64, 61]);
});

test('a loop is made again with what it comes to often by now', () => {
  const { regions, statistics } = observed('turns', { ...SOON, samplesPerInstruction: 0.25 });
  const { regionsAgain = 0, regionsChained = 0 } = statistics;
  expect(regionsAgain).toBeGreaterThan(0);
  // At first without the other way, which has a region of its own when it is hot; then with all of the loop's 11.
  expect(regions[0]?.instructions).toBeLessThan(9);
  expect(Math.max(...regions.map((graph) => graph.instructions))).toBeGreaterThan(9);
  // Had it gone on as at first, every second of 158,000 turns would have left the region and come back.
  expect(regionsChained).toBeLessThan(120_000);
});

test('a rough run ends where a region ends it, an exact one at the instruction', () => {
  const machine = new Machine({
    ...options('turns', 'webassembly'),
    engine: (cpu, memory) => new Translator(cpu, memory, SOON),
  });
  const { engine } = machine;
  const RUN = 10_000;
  const lengths = (isRough: boolean): number[] =>
    Array.from({ length: 20 }, () => {
      const before = engine.retired();
      engine.run(RUN, isRough);
      return engine.retired() - before;
    });
  expect(lengths(false)).toEqual(new Array(20).fill(RUN));
  const rough = lengths(true);
  expect(Math.max(...rough)).toBeLessThan(RUN);
  expect(Math.min(...rough)).toBeGreaterThan(RUN - 500);
  // Where there would not be much left, it is exact as well.
  const before = engine.retired();
  engine.run(1000, true);
  expect(engine.retired() - before).toBe(1000);
  machine.runTo(MOST);
  const reference = new Machine({ ...options('turns', 'webassembly'), engine: 'reference' });
  reference.runTo(MOST);
  expect(left(machine)).toEqual(left(reference));
});
