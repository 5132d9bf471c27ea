// Chain: from region to region without the interpreter. Two functions: `next`, asm.js over the heap, looks the region
// for EIP up in the link table (src/cpu/links.ts); `run`, WebAssembly, calls regions through a table of functions, one
// after the other, while there is a next one.
//
// JavaScript to one of a thousand asm.js functions in as many modules takes 60 ns and more; an indirect call from
// WebAssembly takes 3, whatever module the function is of. WebAssembly cannot see the asm.js heap: hence the two.

import { hashShift, MULTIPLIER } from '../src/cpu/hash.ts';
import { CHAINED, LINK_ENTRIES, LINK_WORDS, NO_SITE, SAMPLE_LINKS, SAMPLED, SITE, STAMP } from '../src/cpu/links.ts';
import { REGION_CHAIN } from '../src/cpu/regions.ts';
import type { int } from '../src/isa/insn.ts';
import { WORD } from '../src/isa/state.ts';
import type { HeapLayout } from '../src/memory/layout.ts';
import { instantiate, type RegionFunction } from './compile.ts';

/** No region is linked: the interpreter goes on. */
const NONE = -1;

/** Text of the asm.js module of `next`. `overshoot`: instructions that may be retired between two looks at the budget. */
function nextText({ registersAt, linksAt }: HeapLayout, overshoot: int): string {
  // By their indices: V8 takes a constant before a shift for an index, and refuses those of large heaps.
  const word = (w: number): string => `H32[${registersAt / 4 + w}]`;
  return `"use asm";
var H32 = new stdlib.Int32Array(heap);
var imul = stdlib.Math.imul;
function next() {
  var ip = 0, e = 0, n = 0;
  if ((${word(WORD.engine)} | 0) < ${overshoot}) return ${NONE};
  ip = ${word(WORD.eip)} | 0;
  e = (imul(ip, ${MULTIPLIER}) >>> ${hashShift(LINK_ENTRIES)} << ${Math.log2(LINK_WORDS * 4)}) + ${linksAt} | 0;
  if ((H32[e >> 2] | 0) != (ip | 0)) return ${NONE};
  if ((H32[e + 4 >> 2] | 0) != (${word(STAMP)} | 0)) return ${NONE};
  n = (${word(CHAINED)} | 0) + 1 | 0;
  ${word(CHAINED)} = n;
  if (!(n & ${SAMPLE_LINKS - 1})) {
    ${word(SAMPLED)} = 1;
    return ${NONE};
  }
  ${word(SITE)} = ${NO_SITE};
  ${word(WORD.engine + 1)} = ip & -4096;
  return H32[e + 8 >> 2] | 0;
}
return { next: next };`;
}

// The WebAssembly binary of `run`, section by section: types, imports, functions, exports, code (WebAssembly core
// specification, chapter 5).
const I32 = 0x7f;
const FUNCREF = 0x70;
const VOID = 0x40;
const LOCAL_GET = 0x20;
const LOCAL_SET = 0x21;
const LOCAL_TEE = 0x22;
const CONST = 0x41;
const CALL = 0x10;
const CALL_INDIRECT = 0x11;
const LOOP = 0x03;
const IF = 0x04;
const RETURN = 0x0f;
const BR = 0x0c;
const END = 0x0b;
const LT_S = 0x48;
const section = (id: number, body: number[]) => [id, body.length, ...body];
const name = (s: string) => [s.length, ...[...s].map((c) => c.charCodeAt(0))];
const REGION_TYPE = 0;
const RUN_TYPE = 1;
/** `run(n)`, with one local for the answer. */
const RUN = [
  ...[1, 1, I32, LOOP, VOID],
  ...[LOCAL_GET, 0, CALL_INDIRECT, REGION_TYPE, 0, LOCAL_TEE, 1, IF, VOID, LOCAL_GET, 1, RETURN, END],
  ...[CALL, 0, LOCAL_SET, 0],
  ...[LOCAL_GET, 0, CONST, 0, LT_S, IF, VOID, CONST, REGION_CHAIN, RETURN, END],
  ...[BR, 0, END, CONST, REGION_CHAIN, END],
];
const MODULE = Uint8Array.from([
  ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
  ...section(1, [2, 0x60, 0, 1, I32, 0x60, 1, I32, 1, I32]),
  ...section(2, [2, ...name('m'), ...name('next'), 0, REGION_TYPE, ...name('m'), ...name('t'), 1, FUNCREF, 0, 0]),
  ...section(3, [1, RUN_TYPE]),
  ...section(7, [1, ...name('run'), 0, 1]),
  ...section(10, [1, RUN.length, ...RUN]),
]);

// Declared here so that no library of browser types is needed for these names.
interface Table {
  readonly length: number;
  grow(by: number): void;
  set(at: number, value: RegionFunction | null): void;
}
declare const WebAssembly: {
  Module: new (bytes: Uint8Array) => object;
  Instance: new (module: object, imports: object) => { exports: { run(region: int): int } };
  Table: new (options: { element: 'anyfunc'; initial: number }) => Table;
};

const FIRST_ENTRIES = 256;

export class Chain {
  /** Runs a region of this chain, by its number, and those that it leads to; the last one's answer. */
  run: (region: int) => int;
  readonly #next: () => int;
  readonly #table = new WebAssembly.Table({ element: 'anyfunc', initial: FIRST_ENTRIES });
  readonly #regions: (RegionFunction | null)[] = [];

  constructor(heap: ArrayBuffer, layout: HeapLayout, overshoot: int) {
    const { next } = instantiate(nextText(layout, overshoot), heap, {}) as { next: RegionFunction };
    const instance = new WebAssembly.Instance(new WebAssembly.Module(MODULE), { m: { next, t: this.#table } });
    this.#next = next;
    this.run = instance.exports.run;
  }

  /** Also in the place of another one with that number. */
  add(region: int, run: RegionFunction): void {
    if (region >= this.#table.length) this.#table.grow(this.#table.length);
    this.#regions[region] = run;
    try {
      this.#table.set(region, run);
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
      // The host did not compile the text as asm.js, and a table takes nothing else.
      this.run = (n) => this.#runPlain(n);
    }
  }

  /** Lets go of a region, which must not be linked any more. */
  remove(region: int): void {
    this.#regions[region] = null;
    this.#table.set(region, null);
  }

  /** The same as `run`, in JavaScript. */
  #runPlain(first: int): int {
    let region = first;
    do {
      const answer = (this.#regions[region] as RegionFunction)();
      if (answer !== REGION_CHAIN) return answer;
      region = this.#next();
    } while (region !== NONE);
    return REGION_CHAIN;
  }
}
