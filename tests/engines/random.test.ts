// The fast interpreter in lock-step with the reference over random programs: branches, loops, calls, strings, unaligned
// and faulting accesses, pages that may not be written, code that writes code. Everything a program can see is compared
// at several counts of instructions, undefined flags too, since both engines run the same formulas.
// RANDOM_PROGRAMS=N runs N programs, RANDOM_SEED=S begins with that seed.

import { describe, expect, test } from 'vitest';
import { Interpreter } from '../../src/cpu/interpreter.ts';
import { Reference } from '../../src/cpu/reference.ts';
import { DATA, dataImage } from '../vectors/integer-format.ts';
import { Program } from './programs.ts';
import { UserMachine } from './user-machine.ts';

const PROGRAMS = Number(process.env.RANDOM_PROGRAMS ?? 80);
const FIRST_SEED = Number(process.env.RANDOM_SEED ?? 1);
/** Programs in a test. */
const GROUP = 20;
/** Instructions at which the engines are compared: no multiple of anything. */
const CUTS = [37, 101, 1009, 5003, 12_007];
const READ_ONLY = DATA + 0xe000;
const ABSENT = DATA + 0xc000;

const machines = [
  new UserMachine((...a) => new Reference(...a)),
  new UserMachine((...a) => new Interpreter(...a)),
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
  const registers = program.registers();
  const begin = machines.map((m) => {
    m.write(DATA, dataImage());
    m.write(0x20000000, code);
    m.start(0, registers, 0x20000000, 0x202);
    return m.engine.retired();
  });
  let done = 0;
  for (const cut of CUTS) {
    for (const m of machines) m.engine.run(cut - done);
    done = cut;
    const [reference, interpreter] = machines.map((m, k) => ({
      ...state(m),
      retired: m.engine.retired() - (begin[k] as number),
    }));
    if (JSON.stringify(reference) !== JSON.stringify(interpreter)) {
      return `seed ${seed}, after ${cut}: ${JSON.stringify(interpreter)}, not ${JSON.stringify(reference)}`;
    }
    if (Buffer.compare(machines[0].data, machines[1].data) !== 0) return `seed ${seed}, after ${cut}: data differs`;
    if (Buffer.compare(machines[0].code, machines[1].code) !== 0) return `seed ${seed}, after ${cut}: code differs`;
  }
  return undefined;
}

describe('the fast interpreter does what the reference does', () => {
  for (let first = FIRST_SEED; first < FIRST_SEED + PROGRAMS; first += GROUP) {
    test(`random programs from seed ${first}`, () => {
      for (let seed = first; seed < Math.min(first + GROUP, FIRST_SEED + PROGRAMS); seed++) {
        expect(compare(seed)).toBeUndefined();
      }
    });
  }

  test('mostly by itself', () => {
    const { slow = 0, stepped = 0, invalidated = 0 } = machines[1].engine.statistics();
    const retired = machines[1].engine.retired();
    expect((slow + stepped) / retired).toBeLessThan(0.5);
    // Programs did write over code that had been executed.
    expect(invalidated).toBeGreaterThan(PROGRAMS);
  });
});
