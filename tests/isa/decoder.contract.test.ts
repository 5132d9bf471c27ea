// What the decoder promises besides being right about opcodes (`decoder.test.ts`): how many bytes it looks at, the
// 15-byte limit, names, shapes and what ends a block.

import { describe, expect, test } from 'vitest';
import { endsBlock } from '../../src/isa/control.ts';
import { decode } from '../../src/isa/decode.ts';
import { NO, REGS8, REGS16, REGS32 } from '../../src/isa/decode-operands.ts';
import {
  CS,
  type DecodeMode,
  EBP,
  EDI,
  ES,
  ESI,
  FAR,
  FS,
  IMM,
  type Insn,
  MEM,
  NONE,
  type Operand,
  REG8,
  REPE,
  REPNE,
  SS,
} from '../../src/isa/insn.ts';

const CODE32: DecodeMode = { code32: true, stack32: true };
const CODE16: DecodeMode = { code32: false, stack32: false };

const bytesOf = (hex: string): Uint8Array => Uint8Array.from(hex.split(' '), (byte) => Number.parseInt(byte, 16));

function decoded(hex: string, mode = CODE32): Insn {
  const bytes = bytesOf(hex);
  const insn = decode(bytes, 0, bytes.length, mode);
  if (!insn) throw new Error(`${hex} is not complete`);
  return insn;
}

describe('bytes and limits', () => {
  // Instructions of every kind of tail: none, ModRM, SIB, displacements, immediates, two immediates, prefixes.
  const whole = [
    '90',
    '01 d8',
    '8b 44 8d fc',
    '8b 84 8d 78 56 34 12',
    '67 8b 46 10',
    '81 05 78 56 34 12 78 56 34 12',
    '66 81 06 34 12',
    'c8 10 00 01',
    '9a 78 56 34 12 08 00',
    'a1 78 56 34 12',
    'e8 78 56 34 12',
    '0f 84 78 56 34 12',
    'f0 0f ba 2c 24 07',
    'f3 66 0f 6f 44 24 10',
    'd9 c1',
    'db 6c 24 10',
  ];

  test.each(whole)('%s needs all of its bytes and no more', (hex) => {
    const bytes = bytesOf(hex);
    const exact = decode(bytes, 0, bytes.length, CODE32);
    expect(exact?.length).toBe(bytes.length);
    for (let available = 0; available < bytes.length; available++) {
      expect(decode(bytes, 0, available, CODE32), `${available} bytes`).toBeNull();
    }
    // The same instruction in the middle of a long buffer (the path without checks).
    const long = new Uint8Array(200).fill(0xcc);
    long.set(bytes, 100);
    expect(decode(long, 100, 100, CODE32)).toEqual(exact);
    // What follows is not looked at, even when it is in the buffer.
    expect(decode(long, 100, bytes.length, CODE32)).toEqual(exact);
    expect(decode(long, 100, bytes.length - 1, CODE32)).toBeNull();
  });

  test.each(whole)('%s with prefixes up to 15 bytes is itself, with one more #GP', (hex) => {
    const bytes = bytesOf(hex);
    for (const total of [15, 16, 17]) {
      // Segment override DS: changes no operation.
      const padded = new Uint8Array(total + 40);
      padded.fill(0x3e, 0, total - bytes.length);
      padded.set(bytes, total - bytes.length);
      const insn = decode(padded, 0, padded.length, CODE32);
      expect(insn?.op).toBe(total <= 15 ? decoded(hex).op : 'TOOLONG');
      expect(insn?.length).toBe(15);
      // From exactly 15 bytes it is known as well.
      expect(decode(padded, 0, 15, CODE32)).toEqual(insn);
      expect(decode(padded, 0, 14, CODE32)).toBeNull();
    }
  });

  test('fifteen prefixes are too long, fourteen are not yet an instruction', () => {
    expect(decode(new Uint8Array(15).fill(0x66), 0, 15, CODE32)?.op).toBe('TOOLONG');
    expect(decode(new Uint8Array(100).fill(0x66), 0, 100, CODE32)?.op).toBe('TOOLONG');
    expect(decode(new Uint8Array(14).fill(0x66), 0, 14, CODE32)).toBeNull();
  });

  test('the end of the buffer ends what is available', () => {
    expect(decode(bytesOf('8b 84'), 0, 4096, CODE32)).toBeNull();
    expect(decode(bytesOf('90'), 0, 4096, CODE32)?.op).toBe('NOP');
  });

  test('an undefined opcode is known without the bytes after it', () => {
    // 0F 05 (SYSCALL), 0F 38 (SSSE3), F0 90 (LOCK NOP), 8E C8 (MOV CS).
    for (const hex of ['0f 05', '0f 38', 'f0 90', '8e c8', 'fe f8']) expect(decoded(hex).op).toBe('UD');
  });

  test('a second call does not change what the first returned', () => {
    const first = decoded('65 66 8b 44 8d fc');
    const before = structuredClone(first);
    decoded('67 f0 01 07');
    expect(first).toEqual(before);
  });
});

describe('shapes', () => {
  test('every operand and every instruction has the same fields in the same order', () => {
    const insns = ['01 d8', '8b 44 8d fc', '9a 78 56 34 12 08 00', 'f3 a5', '0f 0b', 'd8 c1', '0f 05'].map((hex) =>
      decoded(hex),
    );
    const insnKeys = Object.keys(insns[0] as Insn).join();
    const operandKeys = Object.keys(NO).join();
    for (const insn of insns) {
      expect(Object.keys(insn).join()).toBe(insnKeys);
      for (const operand of [insn.dst, insn.src, insn.src2]) expect(Object.keys(operand).join()).toBe(operandKeys);
    }
  });

  test('registers and the empty operand are shared', () => {
    expect(decoded('01 d8').dst).toBe(REGS32[0]);
    expect(decoded('66 01 d8').src).toBe(REGS16[3]);
    expect(decoded('00 e0').src).toBe(REGS8[4]);
    expect(decoded('90').dst).toBe(NO);
  });

  test('high byte registers name the register that they are part of', () => {
    const { dst, src } = decoded('88 e1'); // mov cl,ah
    expect(dst).toMatchObject({ kind: REG8, size: 8, n: 1, up: 24 });
    expect(src).toMatchObject({ kind: REG8, size: 8, n: 0, up: 16 });
  });
});

describe('names and operands that others rely on', () => {
  const memory = (operand: Operand): (number | string)[] => [
    operand.kind === MEM ? 'mem' : operand.kind,
    operand.size,
    operand.seg,
    operand.base,
    operand.index,
    operand.scale,
    operand.disp,
    operand.address,
  ];

  test('effective segment: SS for EBP and ESP bases, unless overridden', () => {
    expect(memory(decoded('8b 45 08').src)).toEqual(['mem', 32, SS, EBP, NONE, 0, 8, 32]);
    expect(decoded('8b 04 24').src.seg).toBe(SS);
    expect(decoded('8b 04 2d 00 00 00 00').src).toMatchObject({ seg: 3, base: NONE, index: EBP });
    expect(decoded('2e 8b 45 08').src.seg).toBe(CS);
    expect(decoded('2e 64 8b 45 08').src.seg).toBe(FS);
    expect(decoded('8b 42 08', CODE16).src).toMatchObject({ seg: SS, base: EBP, index: ESI, disp: 8, address: 16 });
    expect(decoded('8b 06 00 80', CODE16).src).toMatchObject({ seg: 3, base: NONE, disp: -0x8000 });
  });

  test('strings', () => {
    const movs = decoded('64 f3 66 a5');
    expect(movs).toMatchObject({ op: 'MOVS', size: 16, rep: REPE });
    expect(memory(movs.dst)).toEqual(['mem', 16, ES, EDI, NONE, 0, 0, 32]);
    expect(memory(movs.src)).toEqual(['mem', 16, FS, ESI, NONE, 0, 0, 32]);
    const scas = decoded('f2 ae');
    expect(scas).toMatchObject({ op: 'SCAS', size: 8, rep: REPNE });
    expect(scas.dst).toMatchObject({ kind: MEM, base: EDI });
    expect(scas.src).toBe(REGS8[0]);
    expect(decoded('a7')).toMatchObject({ op: 'CMPS', dst: { base: EDI }, src: { base: ESI } });
    expect(decoded('6c')).toMatchObject({ op: 'INS', size: 8, src: { size: 16, n: 2 } });
    // The last repeat prefix wins; elsewhere it means nothing.
    expect(decoded('f2 f3 a6').rep).toBe(REPE);
    expect(decoded('f3 89 d8')).toMatchObject({ op: 'MOV', rep: 0 });
  });

  test('immediates are sign-extended, control values and shift counts are not', () => {
    expect(decoded('83 c0 ff').src).toMatchObject({ kind: IMM, size: 32, value: -1 });
    expect(decoded('66 83 c0 80').src).toMatchObject({ size: 16, value: -128 });
    expect(decoded('b0 80').src).toMatchObject({ size: 8, value: -128 });
    expect(decoded('6a ff').src).toMatchObject({ size: 32, value: -1 });
    expect(decoded('66 b8 00 80').src).toMatchObject({ size: 16, value: -0x8000 });
    expect(decoded('cd 80').src).toMatchObject({ size: 8, value: 0x80 });
    expect(decoded('c2 00 80').src).toMatchObject({ size: 16, value: 0x8000 });
    expect(decoded('c8 00 ff ff')).toMatchObject({ op: 'ENTER', src: { value: 0xff00 }, src2: { value: 0xff } });
    expect(decoded('c1 e0 21').src).toMatchObject({ size: 8, value: 1 });
    expect(decoded('d1 e0').src).toMatchObject({ kind: IMM, size: 8, value: 1 });
    expect(decoded('0f a4 c3 3f').src2).toMatchObject({ value: 31 });
    expect(decoded('d5 f0').src).toMatchObject({ value: 0xf0 });
  });

  test('families', () => {
    const names = (hex: string): (string | number)[] => [decoded(hex).op, decoded(hex).size, decoded(hex).cc];
    expect(names('74 00')).toEqual(['Jcc', 32, 4]);
    expect(names('0f 9f c0')).toEqual(['SETcc', 8, 15]);
    expect(names('66 0f 42 c1')).toEqual(['CMOVcc', 16, 2]);
    expect(['da c1', 'da c9', 'da d1', 'da d9', 'db c1', 'db c9', 'db d1', 'db d9'].map((h) => decoded(h).cc)).toEqual([
      2, 4, 6, 10, 3, 5, 7, 11,
    ]);
    const op = (hex: string): string => decoded(hex).op;
    expect(['ff e0', 'ff 28', 'ff d0', 'ff 18', 'eb 00', 'e8 00 00 00 00'].map(op)).toEqual(
      'JMPn JMPF CALLn CALLF JMP CALL'.split(' '),
    );
    expect(decoded('0f af c1')).toMatchObject({ op: 'IMUL', dst: REGS32[0], src: REGS32[1], src2: REGS32[0] });
    expect(decoded('f7 e9')).toMatchObject({ op: 'IMUL1', dst: NO, src: REGS32[1] });
    expect(decoded('66 ea 34 12 08 00')).toMatchObject({
      op: 'JMPF',
      src: { kind: FAR, size: 16, n: 8, value: 0x1234 },
    });
    expect(decoded('0f b2 20')).toMatchObject({ op: 'LFP', src: { size: 32 }, src2: { n: SS } });
    expect(decoded('87 08')).toMatchObject({ op: 'XCHG', dst: { kind: MEM }, src: REGS32[1] });
    expect(['90', '66 90', 'f2 90', 'f3 90', '66 f3 90', '0f 1f 00', '0f 18 08', '0f 0d 08'].map(op)).toEqual(
      'NOP NOP NOP PAUSE PAUSE NOP NOP NOP'.split(' '),
    );
    expect(['8c d8', '8e d8', '1e', '1f', '0f 20 c0', '0f 23 f8'].map(op)).toEqual(
      'MOVSEG MOVSEG PUSHSEG POPSEG MOVCR MOVDR'.split(' '),
    );
    expect(['f2 0f 10 c1', 'f2 0f c2 c1 00', 'f1', 'd6', 'f6 c8 01', 'd0 f0'].map(op)).toEqual(
      'MOVSDX CMPSDX INT1 SALC TEST SHL'.split(' '),
    );
    expect(
      ['0f 01 c8', '0f 01 c9', '0f aa', '0f 05', '0f 07', '0f b8 c0', '66 0f 38 00 c0', 'c5 f8 77'].map(op),
    ).toEqual(Array(8).fill('UD'));
  });

  test('a store of a segment register has the size of its destination', () => {
    expect(decoded('8c d8')).toMatchObject({ size: 32, dst: { size: 32 } });
    expect(decoded('8c 18')).toMatchObject({ size: 16, dst: { size: 16 } });
    expect(decoded('0f 01 20')).toMatchObject({ op: 'SMSW', size: 16, osize: 32 });
  });

  test('LOCK is legal on memory destinations of read-modify-write operations only', () => {
    const legal = [
      '01 07',
      '83 0f 01',
      '0f ab 07',
      '0f ba 2f 01',
      '0f b1 0f',
      '0f c7 0f',
      'fe 07',
      'f7 17',
      '87 07',
      '0f c1 07',
    ];
    for (const hex of legal)
      expect(decoded(`f0 ${hex}`)).toMatchObject({ lock: true, length: hex.split(' ').length + 1 });
    const illegal = [
      '01 c7',
      '03 07',
      '39 07',
      '0f a3 07',
      '0f ba 27 01',
      '89 07',
      '87 c1',
      '0f a2',
      'f6 07 01',
      '0f c7 c8',
    ];
    for (const hex of illegal) expect(decoded(`f0 ${hex}`), hex).toMatchObject({ op: 'UD', lock: false });
  });

  test('sizes follow code, stack and prefixes', () => {
    expect(decoded('50', CODE16)).toMatchObject({ size: 16, osize: 16, asize: 16, ssize: 16 });
    expect(decoded('66 67 50', CODE16)).toMatchObject({ size: 32, osize: 32, asize: 32, ssize: 16 });
    expect(decoded('50', { code32: true, stack32: false })).toMatchObject({ size: 32, ssize: 16 });
    expect(decoded('66 e8 fe ff', CODE32)).toMatchObject({ op: 'CALL', rel: -2, length: 4, osize: 16 });
    expect(decoded('67 e3 fe')).toMatchObject({ op: 'JCXZ', asize: 16, rel: -2 });
  });
});

test('endsBlock: transfers, and what changes mode, segments or mapping', () => {
  const ends = (hex: string): boolean => endsBlock(decoded(hex));
  const yes = [
    '74 00', 'e8 00 00 00 00', 'ff d0', 'c3', 'cb', 'cf', 'cd 80', 'cc', 'ce', 'f1', 'e2 00', 'e3 00', 'f4', '0f 34',
    '0f 35', '0f 0b', '0f 22 c0', '0f 23 f8', '8e d0', '17', '0f b2 20', '0f 01 f0', '0f 06', '9d', '0f 01 38', '0f 30',
  ]; // biome-ignore format: a list
  const no = ['90', '01 d8', '0f 20 c0', '0f 21 f8', '8c d0', 'fa', 'fb', 'f3 a4', '0f a2', 'e4 60', '0f 44 c1', '50'];
  expect(yes.filter((hex) => !ends(hex))).toEqual([]);
  expect(no.filter(ends)).toEqual([]);
});
