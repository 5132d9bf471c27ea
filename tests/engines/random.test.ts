// The fast interpreter and the translator in lock-step with the reference over random programs: branches, loops, calls, strings, unaligned
// and faulting accesses, pages that may not be written, code that writes code, code pages that change places, address
// spaces. Everything a program can see is compared
// at several counts of instructions, undefined flags too, since all engines run the same formulas.
// RANDOM_PROGRAMS=N runs N programs, RANDOM_SEED=S begins with that seed.

import { describe, expect, test } from 'vitest';
import { Interpreter } from '../../src/cpu/interpreter.ts';
import { Reference } from '../../src/cpu/reference.ts';
import { Translator } from '../../translator/engine.ts';
import { CODE, DATA, dataImage } from '../vectors/integer-format.ts';
import { Program } from './programs.ts';
import { UserMachine } from './user-machine.ts';

const PROGRAMS = Number(process.env.RANDOM_PROGRAMS ?? 120);
const FIRST_SEED = Number(process.env.RANDOM_SEED ?? 1);
/** Programs in a test. */
const GROUP = 20;
/** Instructions between comparisons; then the program starts again, elsewhere, with what it has become. */
const LEGS = [37, 101, 211, 307, 401, 503, 601, 701, 809, 907, 1009, 5003];
const READ_ONLY = DATA + 0xe000;
const ABSENT = DATA + 0xc000;

const machines = [
  new UserMachine((...a) => new Reference(...a)),
  new UserMachine((...a) => new Interpreter(...a)),
  // Everything is hot the third time.
  new UserMachine((...a) => new Translator(...a, { heat: 3, batchEntries: 2 })),
  new UserMachine((...a) => new Translator(...a, { heat: 3, batchEntries: 2 }), 'webassembly'),
  new UserMachine((...a) => new Interpreter(...a), 'webassembly'),
] as const;
for (const m of machines) {
  m.resumeAfterFaults();
  m.protect(READ_ONLY, 'read');
  m.protect(ABSENT, 'none');
}

/** What is compared, in words; memory apart. */
function state(m: UserMachine): Record<string, string> {
  const c = m.cpu;
  const hex = (n: number | undefined): string => ((n as number) >>> 0).toString(16);
  return {
    registers: [...c.reg.subarray(0, 8)].map(hex).join(' '),
    eip: hex(c.eip),
    eflags: hex(m.eflags),
    selectors: [...c.sel].map(hex).join(' '),
    cr2: hex(c.cr2),
    cpl: `${c.cpl}`,
  };
}

/** Runs a program on both engines. Returns what differed, at which count. */
function compare(seed: number): string | undefined {
  const program = new Program(seed);
  const code = program.code();
  for (const m of machines) {
    m.select(0);
    m.mapCode([0, 1]);
    m.write(DATA, dataImage());
    m.write(CODE, code);
  }
  for (const [n, leg] of LEGS.entries()) {
    const registers = program.registers();
    const start = program.entry();
    const mapping = program.mapping();
    const space = program.space();
    for (const m of machines) {
      m.mapCode(mapping);
      m.select(space);
    }
    const results = machines.map((m) => {
      m.start(0, registers, start, 0x202);
      const before = m.engine.retired();
      m.engine.run(leg);
      return JSON.stringify({ ...state(m), retired: m.engine.retired() - before });
    });
    for (const [k, m] of machines.entries()) {
      const where = `${m.engine.name}, seed ${seed}, leg ${n} of ${leg} from ${start.toString(16)}`;
      if (results[k] !== results[0]) return `${where}: ${results[k]}, not ${results[0]}`;
      for (const part of ['data', 'code'] as const) {
        const [own, other] = [m[part], machines[0][part]];
        if (Buffer.compare(own, other) === 0) continue;
        return `${where}: ${part} at ${own.findIndex((b, at) => b !== other[at]).toString(16)}`;
      }
    }
  }
  return undefined;
}

describe('every engine does what the reference does', () => {
  for (let first = FIRST_SEED; first < FIRST_SEED + PROGRAMS; first += GROUP) {
    test(`random programs from seed ${first}`, () => {
      for (let seed = first; seed < Math.min(first + GROUP, FIRST_SEED + PROGRAMS); seed++) {
        expect(compare(seed)).toBeUndefined();
      }
    });
  }

  test('mostly by itself', () => {
    const { slow = 0, stepped = 0, invalidated = 0, repacked = 0 } = machines[1].engine.statistics();
    const retired = machines[1].engine.retired();
    expect((slow + stepped) / retired).toBeLessThan(0.5);
    const { regions = 0, regionEntries = 0, regionsInvalidated = 0 } = machines[2].engine.statistics();
    expect(regions).toBeGreaterThan(10 * PROGRAMS);
    expect(regionEntries).toBeGreaterThan(100 * PROGRAMS);
    expect(regionsInvalidated).toBeGreaterThan(PROGRAMS);
    // Programs did write over code that had been executed.
    expect(invalidated).toBeGreaterThan(PROGRAMS);
    expect(repacked).toBeGreaterThan(PROGRAMS);
  });
});
