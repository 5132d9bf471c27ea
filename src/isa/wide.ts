// 32 x 32 -> 64 multiplication, 64 / 32 division and doubles from words, for which JavaScript has no fast expression: four
// functions of a tiny WebAssembly module of ours, called directly by the interpreters and imported by translated code.

import type { int } from './insn.ts';
import {
  type Code,
  F64,
  f64,
  get,
  I32,
  i32,
  i64,
  int64,
  type ValueType,
  type WasmFunction,
  wasmModule,
} from './wasm.ts';

// Declared here so that no library of browser types is needed for three names.
declare const WebAssembly: {
  Module: new (bytes: Uint8Array) => object;
  Instance: new (module: object) => { exports: object };
};

interface Wide {
  /** High word of the unsigned product. */
  mulhu(a: int, b: int): int;
  /** Quotient of the unsigned hi:lo by d; d must be greater than hi (unsigned). */
  divu(hi: int, lo: int, d: int): int;
  /** Quotient of the signed hi:lo by d; the caller has checked that it fits. */
  divs(hi: int, lo: int, d: int): int;
  /** The double that two words are. */
  joined(hi: int, lo: int): number;
}

const high = (local: number): Code => i64.shl(i64.extendU(get(local)), int64(32n));
const joined: Code = i64.or(high(0), i64.extendU(get(1)));

const words = (name: string, parameters: number, body: Code, result: ValueType = I32): WasmFunction => ({
  name,
  parameters: new Array<ValueType>(parameters).fill(I32),
  result,
  locals: [],
  body,
});

const MODULE = wasmModule(
  [
    words('mulhu', 2, i32.wrap(i64.shrU(i64.mul(i64.extendU(get(0)), i64.extendU(get(1))), int64(32n)))),
    words('divu', 3, i32.wrap(i64.divU(joined, i64.extendU(get(2))))),
    words('divs', 3, i32.wrap(i64.divS(joined, i64.extendS(get(2))))),
    words('joined', 2, f64.reinterpret(joined), F64),
  ],
  [],
);

export const wide: Wide = new WebAssembly.Instance(new WebAssembly.Module(MODULE)).exports as unknown as Wide;
