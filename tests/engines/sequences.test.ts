// Pairs: two instructions that one case of the generated interpreter does, against the reference. Also where the first,
// the second or both fault, and where they meet an unaligned operand.

import { expect, test } from 'vitest';
import { Interpreter } from '../../src/cpu/interpreter.ts';
import { Reference } from '../../src/cpu/reference.ts';
import { PAIRS } from '../../translator/gen/shapes.ts';
import { CODE, DATA, dataImage } from '../vectors/integer-format.ts';
import { UserMachine } from './user-machine.ts';

/** By shape: a form for the first place of a pair and one for the second. Operands are at [esi + 8] and [edi + 4]. */
const BYTES: Readonly<Record<string, readonly [first: readonly number[], second: readonly number[]]>> = {
  // pop ebx; pop esi
  'POP32.d,': [[0x5b], [0x5e]],
  // push edx; push esp
  'PUSH32.,d': [[0x52], [0x54]],
  // mov edi, ecx; mov eax, edi
  'MOV32.d,d': [
    [0x89, 0xcf],
    [0x89, 0xf8],
  ],
  // mov edx, [esi + 8]; mov ecx, [edi + 4]
  'MOV32.d,m32': [
    [0x8b, 0x56, 8],
    [0x8b, 0x4f, 4],
  ],
  // mov [esi + 8], edx; mov [edi + 4], ecx
  'MOV32.m32,d': [
    [0x89, 0x56, 8],
    [0x89, 0x4f, 4],
  ],
  // lea edx, [esi + edi * 4 + 8]
  'LEA32.d,m32': [[0x8d, 0x54, 0xbe, 8], []],
  'RET32.,i': [[], [0xc3]],
  // call to the next instruction
  'CALL32.,': [[], [0xe8, 0, 0, 0, 0]],
};
/** jmp $ */
const STOP = [0xeb, 0xfe];
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

test.each(PAIRS)('%s, then %s', (first, second) => {
  const code = [...(BYTES[first]?.[0] ?? []), ...(BYTES[second]?.[1] ?? []), ...STOP];
  expect(BYTES[first]?.[0].length).toBeGreaterThan(0);
  expect(BYTES[second]?.[1].length).toBeGreaterThan(0);
  const stop = CODE + code.length - STOP.length;
  for (const esi of ADDRESSES)
    for (const edi of ADDRESSES)
      for (const esp of ADDRESSES) {
        const [expected, actual] = machines.map((m) => {
          const image = dataImage();
          // Where RET and what was popped lead to.
          for (const at of [0x100, 0x104, 0x203, 0x207]) new DataView(image.buffer).setInt32(at, stop, true);
          m.write(DATA, image);
          m.write(CODE, Uint8Array.from(code));
          m.start(0, Int32Array.of(1, edi, 3, 4, esp, 6, esi, edi), CODE, 0x202);
          const ending = m.run(BUDGET);
          return { ending, registers: [...m.cpu.reg.subarray(0, 8)], eip: m.cpu.eip, data: Buffer.from(m.data) };
        });
        const where = `esi ${esi.toString(16)}, edi ${edi.toString(16)}, esp ${esp.toString(16)}`;
        expect(actual?.ending, where).toEqual(expected?.ending);
        expect(actual?.registers, where).toEqual(expected?.registers);
        expect(actual?.eip, where).toBe(expected?.eip);
        expect(Buffer.compare(actual?.data as Buffer, expected?.data as Buffer), where).toBe(0);
      }
});
