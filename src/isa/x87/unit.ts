// The arithmetic of the x87 in 64-bit integers: functions of a small WebAssembly module of ours, called by the semantics
// and imported by translated code. They take numbers in the extended format as three words (significand low, high; sign
// and exponent) and the control word, and know what is plain (SDM vol. 1, sections 4.8, 8.1.5 and 8.5):
//   operands are zero or normal, and so is the result; nothing but #P comes about, and that is masked.
//
// What is not plain they answer with a negative number. Otherwise bits 0..15 of the answer are the sign and exponent of
// the result (0 where it is no extended number) and bits 16..31 what is raised in the status word: PE and C1. `x87lo`
// and `x87hi` then give the result's two words.

import type { int } from '../insn.ts';
import { type Code, get, getGlobal, I32, i32, int32, set, type WasmFunction, wasmModule } from '../wasm.ts';
import { compare, product, quotient, squareRoot, sum } from './arithmetic.ts';
import { fromInteger, narrow, roundToInteger, toInteger } from './conversion.ts';
import { binary, high, RESULT, SIGN, unary } from './extended.ts';

// Declared here so that no library of browser types is needed for three names.
declare const WebAssembly: {
  Module: new (bytes: Uint8Array) => object;
  Instance: new (module: object) => { exports: object };
};

type Binary = (alo: int, ahi: int, ase: int, blo: int, bhi: int, bse: int, fcw: int) => int;
type Unary = (alo: int, ahi: int, ase: int, fcw: int) => int;

export interface X87Unit {
  /** a + b. */
  x87add: Binary;
  /** a - b. */
  x87sub: Binary;
  x87mul: Binary;
  /** a / b; division by zero is not plain. */
  x87div: Binary;
  x87sqrt: Unary;
  /** To a double / single that is zero or normal; its words are the result. */
  x87double: Unary;
  x87single: Unary;
  /** To an integer of `size` (16, 32, 64) bits. The least one of 64 bits is not plain. */
  x87integer: (alo: int, ahi: int, ase: int, fcw: int, size: int) => int;
  /** To an integer in the extended format. */
  x87round: Unary;
  /** From an integer of 64 bits. */
  x87load: (lo: int, hi: int) => int;
  /** The condition codes of a comparison in the answer's place: C3 equal, C0 less, 0 greater. */
  x87compare: (alo: int, ahi: int, ase: int, blo: int, bhi: int, bse: int) => int;
  /** The words of the last result. `t`: the answer that came with it. */
  x87lo: (t: int) => int;
  x87hi: (t: int) => int;
}

/** The name of the variable with the last result. */
export const X87_RESULT = 'x87result';

const word = (name: string, value: Code): WasmFunction => ({
  name,
  parameters: [I32],
  result: I32,
  locals: [],
  body: i32.wrap(value),
});

const MODULE = wasmModule(
  [
    binary('x87add', sum),
    binary('x87sub', (l, a, b, fcw) => [...set(b.se, i32.xor(get(b.se), int32(SIGN))), ...sum(l, a, b, fcw)]),
    binary('x87mul', product),
    binary('x87div', quotient),
    unary('x87sqrt', squareRoot),
    unary('x87double', narrow(53, 1023, 2046)),
    unary('x87single', narrow(24, 127, 254)),
    toInteger(),
    unary('x87round', roundToInteger),
    fromInteger(),
    compare(),
    word('x87lo', getGlobal(RESULT)),
    word('x87hi', high(getGlobal(RESULT))),
  ],
  [X87_RESULT],
);

const { [X87_RESULT]: result, ...functions } = new WebAssembly.Instance(new WebAssembly.Module(MODULE))
  .exports as X87Unit & { readonly [X87_RESULT]: object };
export const x87: X87Unit = functions;
/** The variable with the 64 bits of the last result, for other modules to import. */
export const x87Result = { [X87_RESULT]: result };
