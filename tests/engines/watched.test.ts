// Accesses that have more to them than segments and pages: alignment checks and breakpoints (SDM vol. 3, sections 6.15
// and 18.2), on every engine. Engines that check nothing inline must leave such code to the reference.

import { describe, expect, test } from 'vitest';
import { Interpreter } from '../../src/cpu/interpreter.ts';
import { Reference } from '../../src/cpu/reference.ts';
import { CR0_AM } from '../../src/isa/system-bits.ts';
import { Translator } from '../../translator/engine.ts';
import { CODE, DATA } from '../vectors/integer-format.ts';
import { UserMachine } from './user-machine.ts';

const AC_FLAG = 1 << 18;
const FLAT = 0;
/** mov eax,[ebx]; then NOPs, so that the interpreter has a block to run. */
const LOAD = [0x8b, 0x03, ...new Array(60).fill(0x90), 0xcc];
/** mov [ebx],eax */
const STORE = [0x89, 0x03, ...new Array(60).fill(0x90), 0xcc];

const ENGINES = {
  reference: (...a: ConstructorParameters<typeof Reference>) => new Reference(...a),
  interpreter: (...a: ConstructorParameters<typeof Reference>) => new Interpreter(...a),
  translator: (...a: ConstructorParameters<typeof Reference>) => new Translator(...a, { heat: 0, batchEntries: 1 }),
};

describe.each(Object.entries(ENGINES))('%s', (_name, make) => {
  const machine = new UserMachine(make);
  const run = (code: readonly number[], ebx: number, eflags: number, prepare: () => void) => {
    machine.write(CODE, Uint8Array.from(code));
    const registers = new Int32Array(8);
    registers[3] = ebx | 0;
    registers[4] = (DATA + 0x8000) | 0;
    machine.start(FLAT, registers, CODE, eflags);
    prepare();
    const ending = machine.run(10_000);
    machine.cpu.halted = 0;
    machine.cpu.attention = 0;
    return ending;
  };
  const nothing = () => {};

  test('#AC(0) for a misaligned access at CPL 3 with EFLAGS.AC and CR0.AM, before anything is committed', () => {
    const ending = run(LOAD, DATA + 1, 0x202 | AC_FLAG, () => {
      machine.cpu.cr0 |= CR0_AM;
    });
    expect(ending).toMatchObject({ vector: 17, error: 0, eip: CODE });
  });

  test('no #AC without CR0.AM, nor when aligned: INT3 is reached', () => {
    const withoutMask = run(LOAD, DATA + 1, 0x202 | AC_FLAG, () => {
      machine.cpu.cr0 &= ~CR0_AM;
    });
    expect(withoutMask?.vector).toBe(3);
    const aligned = run(LOAD, DATA + 4, 0x202 | AC_FLAG, () => {
      machine.cpu.cr0 |= CR0_AM;
    });
    expect(aligned?.vector).toBe(3);
  });

  test('a breakpoint on data traps behind the write, with its bit in DR6', () => {
    const ending = run(STORE, DATA + 0x10, 0x202, () => {
      machine.cpu.dr[0] = DATA + 0x10;
      // L0; R/W = 1 (writes); four bytes.
      machine.cpu.dr7 = 0x400 | 1 | (1 << 16) | (3 << 18);
      machine.cpu.dr6 = 0xffff0ff0 | 0;
    });
    expect(ending).toMatchObject({ vector: 1, eip: CODE + 2 });
    expect(machine.cpu.dr6 & 15).toBe(1);
  });

  test('a breakpoint on writes lets reads pass', () => {
    const ending = run(LOAD, DATA + 0x10, 0x202, () => {
      machine.cpu.dr[0] = DATA + 0x10;
      machine.cpu.dr7 = 0x400 | 1 | (1 << 16) | (3 << 18);
    });
    expect(ending?.vector).toBe(3);
  });

  test('a breakpoint on an instruction is a fault: it fires before it', () => {
    const ending = run(LOAD, DATA, 0x202, () => {
      machine.cpu.dr[1] = CODE + 4;
      machine.cpu.dr7 = 0x400 | (1 << 2);
      machine.cpu.dr6 = 0xffff0ff0 | 0;
    });
    expect(ending).toMatchObject({ vector: 1, eip: CODE + 4 });
    expect(machine.cpu.dr6 & 15).toBe(2);
  });

  test('single step: a trap behind each instruction', () => {
    const ending = run(LOAD, DATA, 0x302, nothing);
    expect(ending).toMatchObject({ vector: 1, eip: CODE + 2 });
  });
});
