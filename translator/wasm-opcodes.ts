// The opcodes of WebAssembly that regions and the interpreter are made of (core specification 2.0, chapter 5.4), and what stands for the operators
// and primitives of the residual language.

export const UNREACHABLE = 0x00;
export const BLOCK = 0x02;
export const LOOP = 0x03;
export const IF = 0x04;
export const ELSE = 0x05;
export const END = 0x0b;
export const BR = 0x0c;
export const BR_IF = 0x0d;
export const BR_TABLE = 0x0e;
export const RETURN = 0x0f;
export const CALL = 0x10;
export const CALL_INDIRECT = 0x11;
export const RETURN_CALL_INDIRECT = 0x13;
export const SELECT = 0x1b;
export const LOCAL_GET = 0x20;
export const LOCAL_SET = 0x21;
export const LOCAL_TEE = 0x22;
export const GLOBAL_GET = 0x23;
export const I32_LOAD = 0x28;
const F64_LOAD = 0x2b;
const F64_STORE = 0x39;
export const I32_CONST = 0x41;
export const I32_EQZ = 0x45;
export const I32_LT_S = 0x48;
export const I32_ADD = 0x6a;
export const I32_SUB = 0x6b;
export const I32_AND = 0x71;
export const I32_OR = 0x72;
export const I32_XOR = 0x73;
export const I32_SHL = 0x74;
export const I32_SHR_U = 0x76;
export const FROM_INT = 0xb7;
export const FROM_UNSIGNED = 0xb8;
/** f64.promote_f32, f32.demote_f64. */
export const PROMOTE = 0xbb;
export const DEMOTE = 0xb6;
/** i64.reinterpret_f64; i32.wrap_i64; the same of the high word. */
const REINTERPRET = 0xbd;
const WRAP = 0xa7;
/** The type of a block that leaves no value; of the elements of a table of functions. */
export const EMPTY = 0x40;
export const FUNCREF = 0x70;
/** Of a variable. */
export const MUTABLE = 0x01;

/** Of all instructions on vectors. */
export const VECTOR_PREFIX = 0xfd;

/** How a place is accessed: opcode of the load, of the store (prefix first), power of two of the size. */
interface Access {
  readonly load: number;
  readonly store: number;
  readonly power: number;
}

const BY_8: Access = { load: 0x2c, store: 0x3a, power: 0 };
const BY_16: Access = { load: 0x2e, store: 0x3b, power: 1 };
export const BY_32: Access = { load: I32_LOAD, store: 0x36, power: 2 };
export const BY_64: Access = { load: F64_LOAD, store: F64_STORE, power: 3 };
export const BY_128: Access = { load: 0xfd00, store: 0xfd0b, power: 4 };
export const SINGLE: Access = { load: 0x2a, store: 0x38, power: 2 };
export const accessOf = (size: number): Access =>
  size === 32 ? BY_32 : size === 8 ? BY_8 : size === 16 ? BY_16 : size === 64 ? BY_64 : BY_128;

export const INT: ReadonlyMap<string, number> = new Map([
  ['+', I32_ADD],
  ['-', I32_SUB],
  ['*', 0x6c],
  ['&', I32_AND],
  ['|', I32_OR],
  ['^', I32_XOR],
  ['<<', I32_SHL],
  ['>>', 0x75],
  ['>>>', I32_SHR_U],
]);
/** Of two ints, by the names of the residual language. */
export const OF_INTS: ReadonlyMap<string, number> = new Map([
  ['eq', 0x46],
  ['ne', 0x47],
  ['lt', I32_LT_S],
  ['ltu', 0x49],
  ['gt', 0x4a],
  ['gtu', 0x4b],
  ['le', 0x4c],
  ['leu', 0x4d],
  ['ge', 0x4e],
  ['geu', 0x4f],
  ['divw', 0x6e],
]);
/** Of doubles, an int: comparisons, and i32.trunc_sat_f64_s. */
export const INT_OF_DOUBLES: ReadonlyMap<string, readonly number[]> = new Map([
  ['feq', [0x61]],
  ['fne', [0x62]],
  ['flt', [0x63]],
  ['fle', [0x65]],
  ['toInt', [0xfc, 0x02]],
]);
/** Of doubles, a double. */
export const DOUBLE_OF_DOUBLES: ReadonlyMap<string, readonly number[]> = new Map([
  ['fadd', [0xa0]],
  ['fsub', [0xa1]],
  ['fmul', [0xa2]],
  ['fdiv', [0xa3]],
  ['fneg', [0x9a]],
  ['fabs', [0x99]],
  ['fsqrt', [0x9f]],
  ['fround', [DEMOTE, PROMOTE]],
]);
// i64.extend_i32_s and _u; i64.const 32; the word as the high one (i64.shl), the two as one (i64.or).
const SIGNED = 0xac;
const UNSIGNED = 0xad;
const CONST_32 = [0x42, 0x20];
const AS_HIGH = [UNSIGNED, ...CONST_32, 0x86];
const AS_LOW = [UNSIGNED, 0x84];
/**
 * Functions of src/isa/wide.ts, which are a few instructions here: what follows each argument. (i64.mul and shr_u;
 * i64.div_u, div_s; f64.reinterpret_i64; i32.clz.)
 */
export const WIDE: ReadonlyMap<string, readonly (readonly number[])[]> = new Map([
  ['mulhu', [[UNSIGNED], [UNSIGNED, 0x7e, ...CONST_32, 0x88, WRAP]]],
  ['divu', [AS_HIGH, AS_LOW, [UNSIGNED, 0x80, WRAP]]],
  ['divs', [AS_HIGH, AS_LOW, [SIGNED, 0x7f, WRAP]]],
  ['joined', [AS_HIGH, [...AS_LOW, 0xbf]]],
  ['imul', [[], [0x6c]]],
  ['clz', [[0x67]]],
]);
/** A word of 64 bits: for the high one i64.shr_u by 32; i32.wrap_i64. */
export const WRAPPED = [WRAP];
export const WRAPPED_HIGH = [...CONST_32, 0x88, WRAP];
/** A word of a double. */
export const HIGH_WORD = [REINTERPRET, ...WRAPPED_HIGH];
export const LOW_WORD = [REINTERPRET, ...WRAPPED];
