// Numbers in the extended format as functions of the x87's arithmetic see them: words of parameters, joined in locals.

import {
  answer,
  type Code,
  get,
  I32,
  I64,
  i32,
  i64,
  int32,
  int64,
  set,
  setGlobal,
  type ValueType,
  type WasmFunction,
  when,
} from '../wasm.ts';

export const SIGN = 0x8000;
export const EXPONENT = 0x7fff;
export const BIAS = 16383;
export const MSB = 1n << 63n;
export const WORD = 0xffffffffn;
export const PE = 0x20;
export const LESS = 0x100;
export const EQUAL = 0x4000;
export const NEAREST = 0x000;
export const DOWN = 0x400;
export const UP = 0x800;
export const RC = 0xc00;
/** Where the result's words are. */
export const RESULT = 0;

export const NOT_PLAIN = answer(int32(-1));
export const result = (value: Code): Code => setGlobal(RESULT, value);

/** Locals of a function, by name: its parameters first. */
export class Locals {
  readonly types: ValueType[] = [];
  readonly #parameters: number;

  constructor(parameters: number) {
    this.#parameters = parameters;
  }

  new(type: ValueType): number {
    this.types.push(type);
    return this.#parameters + this.types.length - 1;
  }
}

export interface Value {
  /** Locals: significand of 64 bits; sign and exponent. */
  readonly m: number;
  readonly se: number;
}

export const exponent = (se: number): Code => i32.and(get(se), int32(EXPONENT));
export const joined = (lo: number, hi: number): Code =>
  i64.or(i64.extendU(get(lo)), i64.shl(i64.extendU(get(hi)), int64(32n)));
export const low = (x: Code): Code => i64.and(x, int64(WORD));
export const high = (x: Code): Code => i64.shrU(x, int64(32n));
export const isZero = (v: Value): Code => i64.eqz(i64.or(get(v.m), i64.extendU(exponent(v.se))));
/** Neither infinite nor a NaN, and the top bit of the significand set. */
export const isOdd = (v: Value): Code =>
  i32.or(i64.geS(get(v.m), int64(0n)), i32.gtU(i32.sub(exponent(v.se), int32(1)), int32(EXPONENT - 2)));
/** The top n bits of x, n = 0..63, as an integer. */
export const rest = (x: Code, n: Code): Code => i64.shrU(i64.shrU(x, int64(1n)), i64.sub(int64(63n), n));

/** Leaves unless one operand is zero and the other plain: for a product, one or the other; for a quotient, a alone. */
export function zeroFactor(a: Value, b: Value): Code {
  const plain = (v: Value): Code => i32.or(i32.eqz(isOdd(v)), isZero(v));
  return when(i32.eqz(i32.and(plain(a), plain(b))), [NOT_PLAIN]);
}

const PARAMETERS_2: ValueType[] = [I32, I32, I32, I32, I32, I32, I32];

/** A function of two numbers and the control word. */
export function binary(name: string, make: (l: Locals, a: Value, b: Value, fcw: number) => Code): WasmFunction {
  const l = new Locals(7);
  const a = { m: l.new(I64), se: 2 };
  const b = { m: l.new(I64), se: 5 };
  const body = [...set(a.m, joined(0, 1)), ...set(b.m, joined(3, 4)), ...make(l, a, b, 6)];
  return { name, parameters: PARAMETERS_2, result: I32, locals: l.types, body };
}

/** A function of one number and the control word. */
export function unary(name: string, make: (l: Locals, a: Value, fcw: number) => Code): WasmFunction {
  const l = new Locals(4);
  const a = { m: l.new(I64), se: 2 };
  const body = [...set(a.m, joined(0, 1)), ...make(l, a, 3)];
  return { name, parameters: [I32, I32, I32, I32], result: I32, locals: l.types, body };
}
