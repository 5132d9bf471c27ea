// The x87 instruction forms that the tests exercise: bytes, and the instruction as the decoder gives it.

import {
  type Insn,
  MEM,
  NO_OPERAND,
  NONE,
  type Operand,
  REG,
  REP_NONE,
  DS as SEG_DS,
  type Size,
  ST,
} from '../../../src/isa/insn.ts';

export interface Form {
  /** Unique: opcode, operation and operands. */
  readonly name: string;
  readonly bytes: readonly number[];
  readonly insn: Insn;
  /** Size in bits of a memory operand, or 0; and whether it is integer, floating-point or packed decimal. */
  readonly memory: number;
  readonly kind: 'fp' | 'int' | 'bcd' | 'word' | 'none';
  /** ST(n) that is an operand besides ST(0), or -1. */
  readonly other: number;
}

/** Address of the memory operand. */
export const OPERAND = 0x10000200;

export const NOTHING = operand(NO_OPERAND, 32, 0, 0);
const st = (n: number): Operand => operand(ST, 80, n, 0);
const mem = (size: number): Operand => operand(MEM, size as Size, 0, OPERAND);

export function operand(kind: number, size: Size, n: number, disp: number): Operand {
  return { kind, size, n, up: 24, value: 0, base: NONE, index: NONE, scale: 0, disp, seg: SEG_DS, address: 32 };
}

export function insn(op: string, dst: Operand, src: Operand, length: number, cc = 0, osize: 16 | 32 = 32): Insn {
  return {
    op,
    size: osize,
    osize,
    asize: 32,
    ssize: 32,
    dst,
    src,
    src2: NOTHING,
    cc,
    rep: REP_NONE,
    lock: false,
    rel: 0,
    length,
  };
}

const DISP = [OPERAND & 255, (OPERAND >> 8) & 255, (OPERAND >> 16) & 255, OPERAND >>> 24];

export const FORMS: Form[] = [];

function add(name: string, bytes: number[], i: Insn, memory: number, kind: Form['kind'], other: number): void {
  const opcode = bytes.slice(0, 2).map((b) => b.toString(16));
  FORMS.push({ name: `${opcode.join(' ')} ${name}`, bytes, insn: i, memory, kind, other });
}

/** Memory form: `reg` is the opcode's extension. */
function memory(op: string, byte: number, reg: number, size: number, kind: Form['kind'], isStore: boolean): void {
  const m = mem(size);
  const stack = st(0);
  const arithmetic = byte === 0xd8 || byte === 0xdc || byte === 0xda || byte === 0xde;
  const i = isStore ? insn(op, m, NOTHING, 6) : insn(op, arithmetic ? stack : NOTHING, m, 6);
  add(`${op} m${size}`, [byte, 5 | (reg << 3), ...DISP], i, size, kind, -1);
}

const ARITHMETIC = ['FADD', 'FMUL', 'FCOM', 'FCOMP', 'FSUB', 'FSUBR', 'FDIV', 'FDIVR'];
for (let k = 0; k < 8; k++) {
  const op = ARITHMETIC[k];
  memory(op, 0xd8, k, 32, 'fp', false);
  memory(op, 0xdc, k, 64, 'fp', false);
  memory(op.replace('F', 'FI'), 0xda, k, 32, 'int', false);
  memory(op.replace('F', 'FI'), 0xde, k, 16, 'int', false);
  for (const n of [0, 1, 2])
    add(`${op} ST(0),ST(${n})`, [0xd8, 0xc0 | (k << 3) | n], insn(op, st(0), st(n), 2), 0, 'none', n);
}
// With ST(i) as the destination the opcodes of the subtractions and divisions change places with the reversed ones.
for (const [op, k] of [
  ['FADD', 0],
  ['FMUL', 1],
  ['FSUBR', 4],
  ['FSUB', 5],
  ['FDIVR', 6],
  ['FDIV', 7],
] as const) {
  for (const n of [0, 1, 2]) {
    add(`${op} ST(${n}),ST(0)`, [0xdc, 0xc0 | (k << 3) | n], insn(op, st(n), st(0), 2), 0, 'none', n);
    add(`${op}P ST(${n}),ST(0)`, [0xde, 0xc0 | (k << 3) | n], insn(`${op}P`, st(n), st(0), 2), 0, 'none', n);
  }
}
add('FCOMPP', [0xde, 0xd9], insn('FCOMPP', NOTHING, NOTHING, 2), 0, 'none', 1);
add('FUCOMPP', [0xda, 0xe9], insn('FUCOMPP', NOTHING, NOTHING, 2), 0, 'none', 1);
for (const n of [0, 1]) {
  add(`FUCOM ST(${n})`, [0xdd, 0xe0 | n], insn('FUCOM', st(0), st(n), 2), 0, 'none', n);
  add(`FUCOMP ST(${n})`, [0xdd, 0xe8 | n], insn('FUCOMP', st(0), st(n), 2), 0, 'none', n);
  add(`FCOMI ST(${n})`, [0xdb, 0xf0 | n], insn('FCOMI', st(0), st(n), 2), 0, 'none', n);
  add(`FUCOMI ST(${n})`, [0xdb, 0xe8 | n], insn('FUCOMI', st(0), st(n), 2), 0, 'none', n);
  add(`FCOMIP ST(${n})`, [0xdf, 0xf0 | n], insn('FCOMIP', st(0), st(n), 2), 0, 'none', n);
  add(`FUCOMIP ST(${n})`, [0xdf, 0xe8 | n], insn('FUCOMIP', st(0), st(n), 2), 0, 'none', n);
  add(`FLD ST(${n})`, [0xd9, 0xc0 | n], insn('FLD', NOTHING, st(n), 2), 0, 'none', n);
  add(`FXCH ST(${n})`, [0xd9, 0xc8 | n], insn('FXCH', st(0), st(n), 2), 0, 'none', n);
  add(`FST ST(${n})`, [0xdd, 0xd0 | n], insn('FST', st(n), NOTHING, 2), 0, 'none', n);
  add(`FSTP ST(${n})`, [0xdd, 0xd8 | n], insn('FSTP', st(n), NOTHING, 2), 0, 'none', n);
  add(`FFREE ST(${n})`, [0xdd, 0xc0 | n], insn('FFREE', st(n), NOTHING, 2), 0, 'none', n);
  add(`FFREEP ST(${n})`, [0xdf, 0xc0 | n], insn('FFREEP', st(n), NOTHING, 2), 0, 'none', n);
}
for (const [byte, k, cc] of [
  [0xda, 0, 2],
  [0xda, 1, 4],
  [0xda, 2, 6],
  [0xda, 3, 10],
  [0xdb, 0, 3],
  [0xdb, 1, 5],
  [0xdb, 2, 7],
  [0xdb, 3, 11],
]) {
  add(`FCMOVcc ${cc} ST(1)`, [byte, 0xc1 | (k << 3)], insn('FCMOVcc', st(0), st(1), 2, cc), 0, 'none', 1);
}
memory('FLD', 0xd9, 0, 32, 'fp', false);
memory('FLD', 0xdd, 0, 64, 'fp', false);
memory('FLD', 0xdb, 5, 80, 'fp', false);
memory('FST', 0xd9, 2, 32, 'fp', true);
memory('FST', 0xdd, 2, 64, 'fp', true);
memory('FSTP', 0xd9, 3, 32, 'fp', true);
memory('FSTP', 0xdd, 3, 64, 'fp', true);
memory('FSTP', 0xdb, 7, 80, 'fp', true);
memory('FILD', 0xdf, 0, 16, 'int', false);
memory('FILD', 0xdb, 0, 32, 'int', false);
memory('FILD', 0xdf, 5, 64, 'int', false);
memory('FIST', 0xdf, 2, 16, 'int', true);
memory('FIST', 0xdb, 2, 32, 'int', true);
memory('FISTP', 0xdf, 3, 16, 'int', true);
memory('FISTP', 0xdb, 3, 32, 'int', true);
memory('FISTP', 0xdf, 7, 64, 'int', true);
memory('FISTTP', 0xdf, 1, 16, 'int', true);
memory('FISTTP', 0xdb, 1, 32, 'int', true);
memory('FISTTP', 0xdd, 1, 64, 'int', true);
memory('FBLD', 0xdf, 4, 80, 'bcd', false);
memory('FBSTP', 0xdf, 6, 80, 'bcd', true);
memory('FLDCW', 0xd9, 5, 16, 'word', false);
memory('FNSTCW', 0xd9, 7, 16, 'word', true);
memory('FNSTSW', 0xdd, 7, 16, 'word', true);
add('FNSTSW AX', [0xdf, 0xe0], insn('FNSTSW', operand(REG, 16, 0, 0), NOTHING, 2), 0, 'none', -1);

function plain(op: string, bytes: number[], other = -1): void {
  add(op, bytes, insn(op, NOTHING, NOTHING, bytes.length), 0, 'none', other);
}
plain('FCHS', [0xd9, 0xe0]);
plain('FABS', [0xd9, 0xe1]);
plain('FTST', [0xd9, 0xe4]);
plain('FXAM', [0xd9, 0xe5]);
for (const [k, op] of ['FLD1', 'FLDL2T', 'FLDL2E', 'FLDPI', 'FLDLG2', 'FLDLN2', 'FLDZ'].entries())
  plain(op, [0xd9, 0xe8 + k]);
plain('FSQRT', [0xd9, 0xfa]);
plain('FRNDINT', [0xd9, 0xfc]);
plain('FSCALE', [0xd9, 0xfd], 1);
plain('FXTRACT', [0xd9, 0xf4]);
plain('FPREM1', [0xd9, 0xf5], 1);
plain('FPREM', [0xd9, 0xf8], 1);
plain('FDECSTP', [0xd9, 0xf6]);
plain('FINCSTP', [0xd9, 0xf7]);
plain('FNOP', [0xd9, 0xd0]);
plain('FNCLEX', [0xdb, 0xe2]);
plain('FNINIT', [0xdb, 0xe3]);
plain('FWAIT', [0x9b]);
plain('F2XM1', [0xd9, 0xf0]);
plain('FYL2X', [0xd9, 0xf1], 1);
plain('FPTAN', [0xd9, 0xf2]);
plain('FPATAN', [0xd9, 0xf3], 1);
plain('FYL2XP1', [0xd9, 0xf9], 1);
plain('FSINCOS', [0xd9, 0xfb]);
plain('FSIN', [0xd9, 0xfe]);
plain('FCOS', [0xd9, 0xff]);

/** Forms whose results are approximations: the significand may differ by a unit in the last place. */
export const APPROXIMATE = new Set(['F2XM1', 'FYL2X', 'FPTAN', 'FPATAN', 'FYL2XP1', 'FSINCOS', 'FSIN', 'FCOS']);
