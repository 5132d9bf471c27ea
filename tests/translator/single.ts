// One instruction at a time as translated code: specialised, printed, compiled to what the machine's heap is for, and run
// by itself over the machine's state.

import { setFlagsFromString } from 'node:v8';
import { expect, test } from 'vitest';
import { decode } from '../../src/isa/decode.ts';
import type { Insn } from '../../src/isa/insn.ts';
import { WORD } from '../../src/isa/register-file.ts';
import { wide } from '../../src/isa/wide.ts';
import { x87 } from '../../src/isa/x87/unit.ts';
import { codeOf } from '../../src/memory/heap.ts';
import { classify } from '../../translator/classify.ts';
import {
  compile,
  compileBinary,
  type FunctionSource,
  moduleText,
  type RegionFunction,
} from '../../translator/compile.ts';
import type { Block, Graph } from '../../translator/graph.ts';
import { findPassed } from '../../translator/invariants.ts';
import { typeLanes } from '../../translator/lanes.ts';
import { print } from '../../translator/print.ts';
import { place } from '../../translator/reader.ts';
import { specialise } from '../../translator/specialise.ts';
import { structure } from '../../translator/structure.ts';
import { Temporaries } from '../../translator/temporaries.ts';
import { asAsm } from '../../translator/translate.ts';
import { verify } from '../../translator/verify.ts';
import { ModuleEncoder } from '../../translator/wasm-module.ts';
import { predictStacks, type Stack } from '../../translator/x87.ts';
import type { UserMachine } from '../engines/user-machine.ts';
import { CODE } from '../vectors/integer-format.ts';

/** FS and GS are not flat. */
const BENT = 0x30;
const BUDGET = 1000;

export interface Single {
  readonly insn: Insn;
  readonly length: number;
  readonly text: string;
  readonly imports: ReadonlySet<string>;
  /** One of the REGION_ answers; EIP and all other state are in the register file. */
  run(): number;
}

/**
 * Translates the instructions (more than one: in a row), as if each were at CODE; undefined where one has no template.
 * `stacks`: the x87's before each of `codes`, empty unless told otherwise.
 */
export function translate(
  machine: UserMachine,
  codes: readonly (readonly Insn[])[],
  stacks: readonly Stack[] = [],
): (Single | undefined)[] {
  const { memory, cpu } = machine;
  const functions: FunctionSource[] = [];
  const imports = new Set<string>();
  const encoder = codeOf(memory.heap) === 'asm.js' ? undefined : new ModuleEncoder(false);
  const made = codes.map((insns, k): Single | undefined => {
    if (insns.some((i) => !['ident', 'inline'].includes(classify(i, 3)))) return undefined;
    let at = 0;
    const placed = insns.map((insn) => {
      const one = place(at, insn, 3);
      at += insn.length;
      return one;
    });
    const block: Block = { at: 0, insns: placed, term: 'exit', succ: [], taken: at, fall: 0 };
    const graph: Graph = {
      entry: 0,
      entries: [0],
      root: 0,
      blocks: new Map([[0, block]]),
      pages: new Map(),
      bytes: [],
      instructions: insns.length,
    };
    predictStacks(graph, stacks[k] ?? { top: 0, tags: 0 });
    if (placed.some((p) => p.class === 'callout')) return undefined;
    graph.ahead = true;
    findPassed(graph, graph.ahead);
    typeLanes(graph);
    const temporaries = new Temporaries();
    const itemsOf = (hasVectors: boolean) =>
      structure(graph, (b) => specialise(b, BENT, temporaries, hasVectors), temporaries);
    const name = `single${k}`;
    const options = {
      name,
      registersAt: memory.layout.registersAt,
      firstCallout: 0,
      firstSite: 1,
      overshoot: 0,
    };
    const { text, imports: own } = print(itemsOf(false), options, asAsm).made;
    if (encoder) {
      print(itemsOf(true), options, encoder.writer);
      encoder.add(name);
    }
    for (const i of own) imports.add(i);
    functions.push({ name, text });
    const index = functions.length - 1;
    const run = (): number => {
      cpu.words[WORD.engine] = BUDGET;
      cpu.words[WORD.engine + 1] = CODE;
      cpu.words[WORD.engine + 2] = memory.tableWord(1);
      return (runs[index] as RegionFunction)();
    };
    return { insn: insns[0] as Insn, length: at, text, imports: own, run };
  });
  const names = functions.map(({ name }) => name);
  const runs = encoder
    ? compileBinary(names, encoder.bytes(), memory.heap, {})
    : compile({ functions, imports }, memory.heap, {});
  return made;
}

/** The instructions of some bytes, decoded as flat 32-bit code. */
export function decodeAll(bytes: Uint8Array): Insn[] {
  const padded = new Uint8Array(bytes.length + 16);
  padded.set(bytes);
  const insns: Insn[] = [];
  for (let at = 0; at < bytes.length; ) {
    const insn = decode(padded, at, 15, { code32: true, stack32: true }) as Insn;
    insns.push(insn);
    at += insn.length;
  }
  return insns;
}

/** A module of them. */
function textOf(singles: readonly Single[]): string {
  const imports = new Set(singles.flatMap((s) => [...s.imports]));
  const functions = singles.map((s) => ({ name: /function (\w+)/.exec(s.text)?.[1] as string, text: s.text }));
  return moduleText({ functions, imports });
}

/** What every instruction's code must be, whatever it computes: asm.js that the host validates, closed over the ABI. */
export function testForm(machine: UserMachine, singles: readonly (Single | undefined)[]): void {
  const made = singles.filter((s) => s !== undefined);
  const { heap, layout } = machine.memory;
  if (codeOf(heap) === 'asm.js')
    test('all are asm.js', () => {
      const invalid = isValid(machine, made) ? [] : made.filter((s) => !isValid(machine, [s])).map((s) => s.insn.op);
      expect(invalid).toEqual([]);
    });

  test('all are closed over the ABI', () => {
    verify(textOf(made), { registersAt: layout.registersAt });
  });
}

/** Whether the host compiles the text ahead of time: a module of it is valid asm.js. */
function isValid(machine: UserMachine, singles: readonly Single[]): boolean {
  setFlagsFromString('--allow-natives-syntax');
  const isAsm = new Function('f', 'return %IsAsmWasmCode(f)') as (f: unknown) => boolean;
  const make = new Function('stdlib', 'foreign', 'heap', textOf(singles));
  make(
    { Math, Int8Array, Int16Array, Int32Array, Float32Array, Float64Array },
    { ...wide, ...x87 },
    machine.memory.heap,
  );
  return isAsm(make);
}
