// Transfers to EIP 0, which is what tables that find code by EIP have in their unused entries: the page fault of the
// fetch is delivered on every engine, and nothing else is executed or counted.

import { describe, expect, test } from 'vitest';
import { Interpreter } from '../../src/cpu/interpreter.ts';
import { Reference } from '../../src/cpu/reference.ts';
import { Translator } from '../../translator/engine.ts';
import { CODE, DATA } from '../vectors/integer-format.ts';
import { UserMachine } from './user-machine.ts';

/** Page fault, by a fetch at CPL 3, of what is not present (bits 2 and 4: user, instruction fetch with NX enabled). */
const FETCH = 0x14;
const PAGE_FAULT = 14;
/** Where the code is: not where it would share an entry with EIP 0. */
const AT = CODE + 0x140;
const START = [0x31, 0xc0];

const WAYS = {
  'jmp eax': [...START, 0xff, 0xe0],
  'call eax': [...START, 0xff, 0xd0],
  'push eax; ret': [...START, 0x50, 0xc3],
};

const machines = [
  new UserMachine((...a) => new Reference(...a)),
  new UserMachine((...a) => new Interpreter(...a)),
  new UserMachine((...a) => new Interpreter(...a), 'webassembly'),
  new UserMachine((...a) => new Translator(...a, { heat: 0, batchEntries: 1 })),
] as const;

/** Instructions retired until the fault's handler has halted. */
function retired(m: UserMachine, code: readonly number[]): number {
  m.write(AT, Uint8Array.from(code));
  const registers = new Int32Array(8);
  registers[4] = (DATA + 0x8000) | 0;
  m.start(0, registers, AT, 0x202);
  m.cpu.halted = 0;
  m.cpu.attention = 0;
  const before = m.engine.retired();
  expect(m.run(1000)).toMatchObject({ vector: PAGE_FAULT, error: FETCH, cr2: 0, eip: 0 });
  return m.engine.retired() - before;
}

describe.each(Object.entries(WAYS))('%s', (_name, code) => {
  test('faults at EIP 0, after the same count of instructions', () => {
    const [reference, ...others] = machines.map((m) => retired(m, code));
    expect(others).toEqual(others.map(() => reference));
    // And again, when the code is known.
    expect(machines.map((m) => retired(m, code))).toEqual(machines.map(() => reference));
  });
});
