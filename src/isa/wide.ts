// 32 x 32 -> 64 multiplication and 64 / 32 division, for which JavaScript has no fast expression: three functions of a
// tiny WebAssembly module of ours, called directly by the interpreters and imported by translated code.

import type { int } from './insn.ts';

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
}

const I32 = 0x7f;
const LOCAL = (n: number) => [0x20, n];
const EXTEND_S = 0xac;
const EXTEND_U = 0xad;
const WRAP = 0xa7;
const SHL = 0x86;
const SHR_U = 0x88;
const CONST_32 = [0x42, 32];
const OR = 0x84;
const section = (id: number, body: number[]) => [id, body.length, ...body];
const name = (s: string) => [s.length, ...[...s].map((c) => c.charCodeAt(0))];
const body = (code: number[]) => [code.length + 2, 0, ...code, 0x0b];
const joined = [...LOCAL(0), EXTEND_U, ...CONST_32, SHL, ...LOCAL(1), EXTEND_U, OR];

// A WebAssembly binary, section by section: types, functions, exports, code (WebAssembly core specification, chapter 5).
const MODULE = Uint8Array.from([
  ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
  ...section(1, [2, 0x60, 2, I32, I32, 1, I32, 0x60, 3, I32, I32, I32, 1, I32]),
  ...section(3, [3, 0, 1, 1]),
  ...section(7, [3, ...name('mulhu'), 0, 0, ...name('divu'), 0, 1, ...name('divs'), 0, 2]),
  ...section(10, [
    3,
    ...body([...LOCAL(0), EXTEND_U, ...LOCAL(1), EXTEND_U, 0x7e, ...CONST_32, SHR_U, WRAP]),
    ...body([...joined, ...LOCAL(2), EXTEND_U, 0x80, WRAP]),
    ...body([...joined, ...LOCAL(2), EXTEND_S, 0x7f, WRAP]),
  ]),
]);

export const wide: Wide = new WebAssembly.Instance(new WebAssembly.Module(MODULE)).exports as unknown as Wide;
