// Chain: from region to region without the interpreter. `next` looks the region for EIP up in the link table
// (src/cpu/links.ts). Regions of WebAssembly call it and then, through a table of functions, the next one in their own
// place (wasm-writer.ts). Regions of asm.js cannot; there `run`, WebAssembly, calls them one after the other, while there is a
// next one, and `next` is asm.js, since WebAssembly cannot see the asm.js heap.
//
// JavaScript to one of a thousand such functions in as many modules takes 60 ns and more; an indirect call from
// WebAssembly takes 3, whatever module the function is of, if the processor predicts it.

import { ALONE, BUDGET, CHAINED, NO_SITE, PAGE_EIP, SAMPLED, SITE, STAMP } from '../src/cpu/engine-words.ts';
import { hashShift, MULTIPLIER } from '../src/cpu/hash.ts';
import { LINK_ENTRIES, LINK_WORDS, SAMPLE_LINKS } from '../src/cpu/links.ts';
import { REGION_STOPS } from '../src/cpu/regions.ts';
import type { int } from '../src/isa/insn.ts';
import { WORD } from '../src/isa/register-file.ts';
import { type Code, HEADER, I32, name, section, vector } from '../src/isa/wasm.ts';
import { codeOf } from '../src/memory/heap.ts';
import type { HeapLayout } from '../src/memory/layout.ts';
import { compile, compileBinary, type RegionFunction } from './compile.ts';
import { B, C, type Expr, N, R, S } from './ir.ts';
import { asAsm } from './translate.ts';
import { ModuleEncoder } from './wasm-module.ts';
import {
  BR,
  CALL,
  CALL_INDIRECT,
  EMPTY,
  END,
  FUNCREF,
  I32_AND,
  I32_CONST,
  I32_LT_S,
  IF,
  LOCAL_GET,
  LOCAL_SET,
  LOCAL_TEE,
  LOOP,
  RETURN,
} from './wasm-opcodes.ts';
import { REGION_TYPE } from './wasm-writer.ts';
import type { Cell, Fixed, Local, MakeWriter } from './writer.ts';

/** No region is linked: the interpreter goes on. */
const NONE = -1;

const LOCALS: readonly Local[] = ['ip', 'e', 'n'].map((name, index) => ({ k: 'local', name, index, type: 'int' }));
const IP = S('ip');
const ENTRY = S('e');
const NUMBER = S('n');

/**
 * Writes the function `next`: the number of the region, or NONE. `overshoot`: instructions that may be retired between
 * two looks at the budget.
 */
function writeNext<Made>({ registersAt, linksAt }: HeapLayout, overshoot: int, make: MakeWriter<Made>): Made {
  const [ip, entry, n] = LOCALS as [Local, Local, Local];
  const at = (k: int): Fixed => ({ k: 'fixed', view: 'H32', index: registersAt / 4 + k });
  const cell = (e: Expr): Cell => {
    if (e.k === 's') return LOCALS.find(({ name }) => name === e.name) as Local;
    if (e.k === 'r' && e.n.k === 'n') return at(e.n.v);
    throw new Error(`${e.k} is no cell`);
  };
  const word = (k: int): Expr => R('words', N(k));
  // It has no operands of the guest's, and no doubles.
  const w = make({ cell }, { table: ip, scratch: n, words: [at(0), at(0)], double: at(0) });
  const giveUpWhen = (test: Expr): void => {
    w.if(test);
    w.return(N(NONE));
    w.end();
  };
  const ofEntry = (k: int): void => w.load(n, { p: ENTRY, offset: 4 * k, size: 32, isMarked: false, isAligned: true });
  giveUpWhen(C('lt', [word(BUDGET), N(overshoot)]));
  giveUpWhen(word(ALONE));
  w.set(ip, word(WORD.eip));
  const hashed = B('>>>', B('*', IP, N(MULTIPLIER)), N(hashShift(LINK_ENTRIES)));
  w.set(entry, B('+', B('<<', hashed, N(Math.log2(LINK_WORDS * 4))), N(linksAt)));
  ofEntry(0);
  giveUpWhen(C('ne', [NUMBER, IP]));
  ofEntry(1);
  giveUpWhen(C('ne', [NUMBER, word(STAMP)]));
  w.set(n, B('+', word(CHAINED), N(1)));
  w.set(at(CHAINED), NUMBER);
  w.if(C('eq', [B('&', NUMBER, N(SAMPLE_LINKS - 1)), N(0)]));
  w.set(at(SAMPLED), N(1));
  w.return(N(NONE));
  w.end();
  w.set(at(SITE), N(NO_SITE));
  w.set(at(PAGE_EIP), B('&', IP, N(-4096)));
  ofEntry(2);
  return w.finish({ name: 'next', locals: LOCALS, held: [], answer: NUMBER });
}

function makeNext(heap: ArrayBuffer, layout: HeapLayout, overshoot: int): RegionFunction {
  if (codeOf(heap) === 'asm.js') {
    const { text, imports } = writeNext(layout, overshoot, asAsm);
    return compile({ functions: [{ name: 'next', text }], imports }, heap, {})[0] as RegionFunction;
  }
  const encoder = new ModuleEncoder(false);
  writeNext(layout, overshoot, encoder.writer);
  encoder.add('next');
  return compileBinary(['next'], encoder.bytes(), heap, {})[0] as RegionFunction;
}

// The WebAssembly binary of `run`, section by section: types, imports, functions, exports, code (WebAssembly core
// specification, chapter 5).

/** Types and functions by their numbers: `run` and `stopped` have one parameter. */
const RUN_TYPE = 1;
const NEXT = 0;
const STOPPED = 1;
const STOPS = [I32_CONST, REGION_STOPS, I32_AND];
/** `run(n)`, with one local for the answer. */
const RUN = [
  ...[1, 1, I32, LOOP, EMPTY],
  ...[LOCAL_GET, 0, CALL_INDIRECT, REGION_TYPE, 0, LOCAL_TEE, 1, ...STOPS, IF, EMPTY],
  ...[LOCAL_GET, 1, CALL, STOPPED, LOCAL_TEE, 1, ...STOPS, IF, EMPTY, LOCAL_GET, 1, RETURN, END],
  END,
  ...[CALL, NEXT, LOCAL_SET, 0],
  ...[LOCAL_GET, 0, I32_CONST, 0, I32_LT_S, IF, EMPTY, LOCAL_GET, 1, RETURN, END],
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
    const next = makeNext(heap, layout, overshoot);
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
