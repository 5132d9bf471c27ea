// The operations on vectors (WebAssembly core specification 2.0, chapter 5.4.9) by the names that the residual language
// has for them: those of the specification, but for `lane` and `with`, which take a lane out and put one in, and for
// `v128.zero`.

import type { Type } from './ir.ts';
import { VECTOR_PREFIX } from './wasm-opcodes.ts';

export interface VectorOperation {
  /** What it takes from the stack: its first arguments. The others are immediates, of a byte each. */
  readonly takes: readonly Type[];
  readonly code: readonly number[];
}

/** Opcodes of 128 and more take two bytes. */
const coded = (opcode: number): number[] =>
  opcode < 128 ? [VECTOR_PREFIX, opcode] : [VECTOR_PREFIX, (opcode & 127) | 128, opcode >> 7];

const operation = (opcode: number, ...takes: Type[]): VectorOperation => ({ takes, code: coded(opcode) });
const UNARY = (opcode: number): VectorOperation => operation(opcode, 'vector');
const BINARY = (opcode: number): VectorOperation => operation(opcode, 'vector', 'vector');
const SHIFT = (opcode: number): VectorOperation => operation(opcode, 'vector', 'int');

export const VECTOR_OPERATIONS: ReadonlyMap<string, VectorOperation> = new Map([
  // v128.const, of sixteen bytes.
  ['v128.zero', { takes: [], code: [...coded(0x0c), ...new Array<number>(16).fill(0)] }],
  ['i8x16.shuffle', BINARY(0x0d)],
  ['i32x4.lane', UNARY(0x1b)],
  ['i32x4.with', operation(0x1c, 'vector', 'int')],
  ['f64x2.lane', UNARY(0x21)],
  ['i8x16.eq', BINARY(0x23)],
  ['i8x16.gt_s', BINARY(0x27)],
  ['i16x8.eq', BINARY(0x2d)],
  ['i16x8.gt_s', BINARY(0x31)],
  ['i32x4.eq', BINARY(0x37)],
  ['i32x4.gt_s', BINARY(0x3b)],
  ['v128.and', BINARY(0x4e)],
  ['v128.andnot', BINARY(0x4f)],
  ['v128.or', BINARY(0x50)],
  ['v128.xor', BINARY(0x51)],
  ['i8x16.bitmask', UNARY(0x64)],
  ['i8x16.narrow_i16x8_s', BINARY(0x65)],
  ['i8x16.narrow_i16x8_u', BINARY(0x66)],
  ['i8x16.add', BINARY(0x6e)],
  ['i8x16.add_sat_s', BINARY(0x6f)],
  ['i8x16.add_sat_u', BINARY(0x70)],
  ['i8x16.sub', BINARY(0x71)],
  ['i8x16.sub_sat_s', BINARY(0x72)],
  ['i8x16.sub_sat_u', BINARY(0x73)],
  ['i8x16.min_u', BINARY(0x77)],
  ['i8x16.max_u', BINARY(0x79)],
  ['i8x16.avgr_u', BINARY(0x7b)],
  ['i16x8.narrow_i32x4_s', BINARY(0x85)],
  ['i16x8.shl', SHIFT(0x8b)],
  ['i16x8.shr_s', SHIFT(0x8c)],
  ['i16x8.shr_u', SHIFT(0x8d)],
  ['i16x8.add', BINARY(0x8e)],
  ['i16x8.add_sat_s', BINARY(0x8f)],
  ['i16x8.add_sat_u', BINARY(0x90)],
  ['i16x8.sub', BINARY(0x91)],
  ['i16x8.sub_sat_s', BINARY(0x92)],
  ['i16x8.sub_sat_u', BINARY(0x93)],
  ['i16x8.mul', BINARY(0x95)],
  ['i16x8.min_s', BINARY(0x96)],
  ['i16x8.max_s', BINARY(0x98)],
  ['i16x8.avgr_u', BINARY(0x9b)],
  ['i32x4.bitmask', UNARY(0xa4)],
  ['i32x4.shl', SHIFT(0xab)],
  ['i32x4.shr_s', SHIFT(0xac)],
  ['i32x4.shr_u', SHIFT(0xad)],
  ['i32x4.add', BINARY(0xae)],
  ['i32x4.sub', BINARY(0xb1)],
  ['i32x4.dot_i16x8_s', BINARY(0xba)],
  ['i64x2.bitmask', UNARY(0xc4)],
  ['i64x2.shl', SHIFT(0xcb)],
  ['i64x2.shr_u', SHIFT(0xcd)],
  ['i64x2.add', BINARY(0xce)],
  ['i64x2.sub', BINARY(0xd1)],
]);
