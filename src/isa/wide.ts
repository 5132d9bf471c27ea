// 32 x 32 -> 64 multiplication, 64 / 32 division and doubles from words, for which JavaScript has no fast expression: four
// functions of a tiny WebAssembly module of ours, called directly by the interpreters and imported by translated code.

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
  /** The double that two words are. */
  joined(hi: int, lo: int): number;
}

const I32 = 0x7f;
const F64 = 0x7c;
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
  ...section(1, [3, 0x60, 2, I32, I32, 1, I32, 0x60, 3, I32, I32, I32, 1, I32, 0x60, 2, I32, I32, 1, F64]),
  ...section(3, [4, 0, 1, 1, 2]),
  ...section(7, [4, ...name('mulhu'), 0, 0, ...name('divu'), 0, 1, ...name('divs'), 0, 2, ...name('joined'), 0, 3]),
  ...section(10, [
    4,
    ...body([...LOCAL(0), EXTEND_U, ...LOCAL(1), EXTEND_U, 0x7e, ...CONST_32, SHR_U, WRAP]),
    ...body([...joined, ...LOCAL(2), EXTEND_U, 0x80, WRAP]),
    ...body([...joined, ...LOCAL(2), EXTEND_S, 0x7f, WRAP]),
    ...body([...joined, 0xbf]),
  ]),
]);

export const wide: Wide = new WebAssembly.Instance(new WebAssembly.Module(MODULE)).exports as unknown as Wide;
