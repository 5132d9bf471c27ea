// Sequences: instructions that one case of the generated interpreter does, against the reference. Also where any of them
// faults, and where it meets an unaligned operand.

import { expect, test } from 'vitest';
import { Interpreter } from '../../src/cpu/interpreter.ts';
import { Reference } from '../../src/cpu/reference.ts';
import { shapeKey } from '../../src/cpu/shape.ts';
import { decode } from '../../src/isa/decode.ts';
import type { Insn } from '../../src/isa/insn.ts';
import { getEflags } from '../../src/isa/semantics/eflags.ts';
import { assemble } from '../../translator/explain/assemble.ts';
import { SEQUENCES } from '../../translator/gen/sequences.ts';
import { CODE, DATA, dataImage } from '../vectors/integer-format.ts';
import { UserMachine } from './user-machine.ts';

/** Operands of the first, second and third instruction. */
const PLACES = ['[esi+8]', '[edi+4]', '[esi+edi*2+12]'];
const REGISTERS = [
  ['edx', 'ecx'],
  ['ecx', 'edx'],
  ['ebx', 'eax'],
];

/** By shape: instructions (each behind a `;`) with operands `d` and `s` in registers, `m` in memory; transfers to `t`. */
const FORMS: Readonly<Record<string, string>> = {
  'ADD32.d,d': 'add d,s',
  'ADD32.d,i': 'add d,-7',
  'AND32.d,i': 'and d,0x13579',
  'CALL32.,': 'call t',
  'CMP32.d,d+4': 'cmp d,s; je t',
  'CMP32.d,i+2': 'cmp d,2; jb t',
  'CMP32.d,i+4': 'cmp d,3; je t',
  'CMP32.m32,d+4': 'cmp m,d; je t',
  'DEC32.m32,': 'dec dword m',
  'JMP32.,': 'jmp t',
  'Jcc:4:32.,': 'je t',
  'LEA32.d,m32': 'lea d,m',
  'LEAVE32.,': 'leave',
  'MOV32.d,d': 'mov d,s',
  'MOV32.d,i': 'mov d,0x12345678',
  'MOV32.d,m32': 'mov d,m',
  'MOV32.m32,d': 'mov m,d',
  'MOV32.m32,i': 'mov dword m,0x12345678',
  'POP32.d,': 'pop d',
  'PUSH32.,d': 'push d',
  'RET32.,i': 'ret',
  'ROL32.d,i': 'rol d,5',
  'ROR32.d,i': 'ror d,9',
  'SHR32.d,i': 'shr d,3',
  'SUB32.d,d': 'sub d,s',
  'SUB32.d,i': 'sub d,3',
  'SUB32.d,m32': 'sub d,m',
  'TEST32.d,d+4': 'test d,s; je t',
  'TEST32.d,i+4': 'test d,4; je t',
  'TEST8.b,i+4': 'test cl,1; je t',
  'XOR32.d,d': 'xor d,s',
};
const MODE = { code32: true, stack32: true };
/** jmp $, twice: a transfer leads to the second. */
const STOP = [0xeb, 0xfe];
/** Where transfers lead. */
const TARGET = CODE + 0x80;
const ABSENT = DATA + 0xc000;
const READ_ONLY = DATA + 0xe000;
const ADDRESSES = [DATA + 0x100, DATA + 0x203, ABSENT + 0x100, READ_ONLY + 0x100];
/** More than a block's instructions, so that the packed block runs. */
const BUDGET = 100;

const machines = [
  new UserMachine((...a) => new Reference(...a)),
  new UserMachine((...a) => new Interpreter(...a)),
  new UserMachine((...a) => new Interpreter(...a), 'webassembly'),
] as const;
for (const m of machines) {
  m.protect(ABSENT, 'none');
  m.protect(READ_ONLY, 'read');
}

function codeOf(shapes: readonly string[]): Uint8Array {
  const code = new Uint8Array(TARGET - CODE + STOP.length).fill(0x90);
  let at = 0;
  shapes.forEach((shape, k) => {
    const form = FORMS[shape];
    if (form === undefined) throw new Error(`no form of ${shape}`);
    const [d, s] = REGISTERS[k] as [string, string];
    const found: string[] = [];
    for (const text of form.split(';')) {
      const named = text
        .replace(/\bm\b/, PLACES[k] as string)
        .replace(/\bd\b/, d)
        .replace(/\bs\b/, s)
        .replace(/\bt\b/, `0x${TARGET.toString(16)}`);
      const bytes = assemble(named.trim(), MODE, CODE + at);
      code.set(bytes, at);
      at += bytes.length;
      found.push(shapeKey(decode(bytes, 0, bytes.length, MODE) as Insn));
    }
    // Else another case would be tested.
    const [, compare, condition] = /^([^+]*)\+?(.*)$/.exec(shape) as RegExpExecArray;
    expect(found).toEqual([compare, ...(condition ? [`Jcc:${condition}:32.,`] : [])]);
  });
  code.set(STOP, at);
  code.set(STOP, TARGET - CODE);
  return code;
}

test.each(SEQUENCES.map((keys) => [keys.join('; '), keys] as const))('%s', (_, keys) => {
  const code = codeOf(keys);
  for (const esi of ADDRESSES)
    for (const edi of ADDRESSES)
      for (const esp of ADDRESSES) {
        const [expected, ...others] = machines.map((m) => {
          const image = dataImage();
          // Where RET and what was popped lead to.
          const view = new DataView(image.buffer);
          for (const at of [0x100, 0x203]) for (let k = 0; k < 16; k += 4) view.setInt32(at + k, TARGET, true);
          m.write(DATA, image);
          m.write(CODE, code);
          m.start(0, Int32Array.of(1, 3, 3, 4, esp, edi, esi, edi), CODE, 0x202);
          const ending = m.run(BUDGET);
          const registers = [...m.cpu.reg.subarray(0, 8)];
          return { ending, registers, eip: m.cpu.eip, flags: getEflags(m.cpu), data: Buffer.from(m.data) };
        });
        const where = `esi ${esi.toString(16)}, edi ${edi.toString(16)}, esp ${esp.toString(16)}`;
        for (const actual of others) {
          expect(actual.ending, where).toEqual(expected?.ending);
          expect(actual.registers, where).toEqual(expected?.registers);
          expect(actual.eip, where).toBe(expected?.eip);
          expect(actual.flags, where).toBe(expected?.flags);
          expect(Buffer.compare(actual.data, expected?.data as Buffer), where).toBe(0);
        }
      }
});
