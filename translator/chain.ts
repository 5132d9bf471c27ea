// Chain: from region to region without the interpreter. `next` looks the region for EIP up in the link table
// (src/cpu/links.ts). Regions of WebAssembly call it and then, through a table of functions, the next one in their own
// place (encode.ts). Regions of asm.js cannot; there `run`, WebAssembly, calls them one after the other, while there is a
// next one, and `next` is asm.js, since WebAssembly cannot see the asm.js heap.
//
// JavaScript to one of a thousand such functions in as many modules takes 60 ns and more; an indirect call from
// WebAssembly takes 3, whatever module the function is of, if the processor predicts it.

import { hashShift, MULTIPLIER } from '../src/cpu/hash.ts';
import {
  ALONE,
  CHAINED,
  LINK_ENTRIES,
  LINK_WORDS,
  NO_SITE,
  SAMPLE_LINKS,
  SAMPLED,
  SITE,
  STAMP,
} from '../src/cpu/links.ts';
import { REGION_STOPS } from '../src/cpu/regions.ts';
import type { int } from '../src/isa/insn.ts';
import { WORD } from '../src/isa/state.ts';
import { type Code, HEADER, I32, name, section, vector } from '../src/isa/wasm.ts';
import { codeOf } from '../src/memory/heap.ts';
import type { HeapLayout } from '../src/memory/layout.ts';
import { compile, type RegionFunction } from './compile.ts';
import { REGION_TYPE } from './encode.ts';
import { assign, at, binary, block, id, iff, invoke, lit, type Node, text, int as toInt } from './estree.ts';

/** No region is linked: the interpreter goes on. */
const NONE = -1;

/**
 * The function `next`: the number of the region, or NONE. `overshoot`: instructions that may be retired between two looks
 * at the budget.
 */
function nextTree({ registersAt, linksAt }: HeapLayout, overshoot: int): Node {
  // By their indices: V8 takes a constant before a shift for an index, and refuses those of large heaps.
  const word = (w: number): Node => at(id('H32'), lit(registersAt / 4 + w));
  const ofEntry = (k: number): Node =>
    toInt(at(id('H32'), binary('>>', k ? binary('+', id('e'), lit(4 * k)) : id('e'), lit(2))));
  const answer = (n: Node): Node => ({ type: 'ReturnStatement', argument: n });
  const hashed = binary('>>>', invoke('imul', [id('ip'), lit(MULTIPLIER)]), lit(hashShift(LINK_ENTRIES)));
  const entry = binary('<<', hashed, lit(Math.log2(LINK_WORDS * 4)));
  const locals = ['ip', 'e', 'n'].map((name) => ({ type: 'VariableDeclarator', id: id(name), init: lit(0) }));
  return {
    type: 'FunctionDeclaration',
    id: id('next'),
    params: [],
    body: block([
      { type: 'VariableDeclaration', kind: 'var', declarations: locals },
      iff(binary('<', toInt(word(WORD.engine)), lit(overshoot)), [answer(lit(NONE))]),
      iff(binary('!=', toInt(word(ALONE)), lit(0)), [answer(lit(NONE))]),
      assign(id('ip'), toInt(word(WORD.eip))),
      assign(id('e'), toInt(binary('+', entry, lit(linksAt)))),
      iff(binary('!=', ofEntry(0), toInt(id('ip'))), [answer(lit(NONE))]),
      iff(binary('!=', ofEntry(1), toInt(word(STAMP))), [answer(lit(NONE))]),
      assign(id('n'), toInt(binary('+', toInt(word(CHAINED)), lit(1)))),
      assign(word(CHAINED), id('n')),
      iff(binary('==', toInt(binary('&', id('n'), lit(SAMPLE_LINKS - 1))), lit(0)), [
        assign(word(SAMPLED), lit(1)),
        answer(lit(NONE)),
      ]),
      assign(word(SITE), lit(NO_SITE)),
      assign(word(WORD.engine + 1), binary('&', id('ip'), lit(-4096))),
      answer(ofEntry(2)),
    ]),
  };
}

// The WebAssembly binary of `run`, section by section: types, imports, functions, exports, code (WebAssembly core
// specification, chapter 5).
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
const AND = 0x71;
/** Types and functions by their numbers: `run` and `stopped` have one parameter. */
const RUN_TYPE = 1;
const NEXT = 0;
const STOPPED = 1;
const STOPS = [CONST, REGION_STOPS, AND];
/** `run(n)`, with one local for the answer. */
const RUN = [
  ...[1, 1, I32, LOOP, VOID],
  ...[LOCAL_GET, 0, CALL_INDIRECT, REGION_TYPE, 0, LOCAL_TEE, 1, ...STOPS, IF, VOID],
  ...[LOCAL_GET, 1, CALL, STOPPED, LOCAL_TEE, 1, ...STOPS, IF, VOID, LOCAL_GET, 1, RETURN, END],
  END,
  ...[CALL, NEXT, LOCAL_SET, 0],
  ...[LOCAL_GET, 0, CONST, 0, LT_S, IF, VOID, LOCAL_GET, 1, RETURN, END],
  ...[BR, 0, END, LOCAL_GET, 1, END],
];
/** The same, of regions that lead on by themselves. */
const RUN_ONE = [0, LOCAL_GET, 0, CALL_INDIRECT, REGION_TYPE, 0, END];
const importOf = (own: string, ...what: readonly number[]): Code => [...name('m'), ...name(own), ...what];
/** What the first one calls; the other one calls nothing. */
const CALLED: readonly Code[] = [importOf('next', 0, REGION_TYPE), importOf('stopped', 0, RUN_TYPE)];
const moduleOf = (run: readonly number[], called: readonly Code[]): Uint8Array =>
  Uint8Array.from([
    ...HEADER,
    ...section(1, [2, 0x60, 0, 1, I32, 0x60, 1, I32, 1, I32]),
    ...section(2, vector([...called, importOf('t', 1, FUNCREF, 0, 0)])),
    ...section(3, [1, RUN_TYPE]),
    ...section(7, [1, ...name('run'), 0, called.length]),
    ...section(10, [1, run.length, ...run]),
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
  /** What regions of WebAssembly import to lead on. */
  readonly imports: Readonly<Record<'next' | 'stopped' | 'table', unknown>>;
  readonly #stopped: (answer: int) => int;
  readonly #next: () => int;
  readonly #table = new WebAssembly.Table({ element: 'anyfunc', initial: FIRST_ENTRIES });
  readonly #regions: (RegionFunction | null)[] = [];

  /** `stopped`: see RegionHost. */
  constructor(heap: ArrayBuffer, layout: HeapLayout, overshoot: int, stopped: (answer: int) => int) {
    const tree = nextTree(layout, overshoot);
    const source = { name: 'next', tree, text: text(tree) };
    const [next] = compile({ functions: [source], imports: new Set(['imul']) }, heap, {}) as [RegionFunction];
    const bytes = codeOf(heap) === 'asm.js' ? moduleOf(RUN, CALLED) : moduleOf(RUN_ONE, []);
    const module = new WebAssembly.Module(bytes);
    const instance = new WebAssembly.Instance(module, { m: { next, stopped, t: this.#table } });
    this.#next = next;
    this.#stopped = stopped;
    this.imports = { next, stopped, table: this.#table };
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
    for (let region = first; ; ) {
      let answer = (this.#regions[region] as RegionFunction)();
      if ((answer & REGION_STOPS) !== 0) answer = this.#stopped(answer);
      if ((answer & REGION_STOPS) !== 0) return answer;
      region = this.#next();
      if (region === NONE) return answer;
    }
  }
}
