// Code that writes over its own operands, over its own operations, and code that is written byte by byte: on every
// engine, and what the interpreter makes of it.

import { describe, expect, test } from 'vitest';
import { Interpreter } from '../../src/cpu/interpreter.ts';
import { Reference } from '../../src/cpu/reference.ts';
import { Translator } from '../../translator/engine.ts';
import { CODE, DATA } from '../vectors/integer-format.ts';
import { UserMachine } from './user-machine.ts';

const FLAT = 0;
const ROUNDS = 100;
const dword = (n: number): number[] => [n & 255, (n >> 8) & 255, (n >> 16) & 255, n >>> 24];

/** ECX counts down; each round does what is given (11 bytes), then adds an immediate, or what became of that, to EDX. */
const around = (patch: readonly number[]): number[] => [
  ...[0xb9, ...dword(ROUNDS)], // mov ecx, ROUNDS
  ...patch,
  ...[0xeb, 0x00], // jmp to the next block
  ...[0xb8, ...dword(7)], // mov eax, 7
  ...[0x01, 0xc2], // add edx, eax
  ...[0x49, 0x75, 0xe9], // dec ecx; jnz to the patch
  0xcc,
];
const IMMEDIATE = CODE + 5 + 11 + 2 + 1;
const ADD = IMMEDIATE + 4;
const SUM = (ROUNDS * (ROUNDS + 1)) / 2;

const PATCHES = {
  // mov [the immediate], ecx
  operand: { code: [0x89, 0x0d, ...dword(IMMEDIATE), ...new Array(5).fill(0x90)], edx: SUM },
  // xor byte [the add], 28h; it is a subtraction every other time
  operation: { code: [0x80, 0x35, ...dword(ADD), 0x28, ...new Array(4).fill(0x90)], edx: 0 },
  // mov [the immediate], cl; mov [its second byte], bh, which is right behind
  'byte by byte': { code: [0x88, 0x0d, ...dword(IMMEDIATE), 0x88, 0x3e, ...new Array(3).fill(0x90)], edx: SUM },
};
type Patch = keyof typeof PATCHES;

const ENGINES = {
  reference: (...a: ConstructorParameters<typeof Reference>) => new Reference(...a),
  interpreter: (...a: ConstructorParameters<typeof Reference>) => new Interpreter(...a),
  translator: (...a: ConstructorParameters<typeof Reference>) => new Translator(...a, { heat: 3, batchEntries: 1 }),
};

function run(machine: UserMachine, patch: Patch): { edx: number; repacked: number; invalidated: number } {
  const before = machine.engine.statistics();
  machine.write(CODE, Uint8Array.from(around(PATCHES[patch].code)));
  const registers = new Int32Array(8);
  registers[4] = DATA + 0x8000;
  registers[6] = IMMEDIATE + 1;
  machine.start(FLAT, registers, CODE, 0x202);
  expect(machine.run(100_000)?.vector).toBe(3);
  machine.cpu.halted = 0;
  machine.cpu.attention = 0;
  const after = machine.engine.statistics();
  const since = (name: string): number => (after[name] ?? 0) - (before[name] ?? 0);
  return { edx: machine.cpu.reg[2] as number, repacked: since('repacked'), invalidated: since('invalidated') };
}

describe.each(Object.entries(ENGINES))('%s', (_name, make) => {
  test.each(Object.keys(PATCHES) as Patch[])('executes what was written: %s', (patch) => {
    for (const code of ['asm.js', 'webassembly'] as const) {
      expect(run(new UserMachine(make, code), patch).edx).toBe(PATCHES[patch].edx);
    }
  });
});

test('an operand that is written over costs no block', () => {
  const { repacked, invalidated } = run(new UserMachine(ENGINES.interpreter), 'operand');
  expect(repacked).toBeGreaterThan(ROUNDS - 5);
  expect(invalidated).toBeLessThan(10);
});

test('another operation, and code that is written byte by byte, are packed anew with their blocks', () => {
  for (const patch of ['operation', 'byte by byte'] as const) {
    const { invalidated } = run(new UserMachine(ENGINES.interpreter), patch);
    expect(invalidated).toBeGreaterThan(ROUNDS - 5);
  }
});
