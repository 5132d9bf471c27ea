// The generated function of the fast interpreter: WebAssembly where the heap is a memory of that kind, else JavaScript.
// WebAssembly has a real jump table, is compiled in a tenth of a second, and needs no training: docs/decisions/0017.

import { PADDED_BYTES, padded } from '../isa/wasm.ts';
import { codeOf, memoryOf } from '../memory/heap.ts';
import type { Memory } from '../memory/memory.ts';
import { type Environment, type Interpret, makeInterpreter } from './generated/interpreter.js';
import { BINARY, STEPS } from './generated/interpreter-wasm.js';

// Declared here so that no library of browser types is needed.
declare const WebAssembly: {
  Module: new (bytes: Uint8Array) => object;
  Instance: new (module: object, imports: object) => { exports: { interpret: Interpret } };
};
declare function atob(base64: string): string;

/** The function, over a machine's heap. */
export function makeInterpret(memory: Memory, environment: Environment): Interpret {
  const heap = memoryOf(memory.heap);
  if (!heap) return makeInterpreter(environment);
  const { registersAt, codeAt, tagsAt, linksAt } = memory.layout;
  const bytes = Uint8Array.from(atob(BINARY), (c) => c.charCodeAt(0));
  add(registersAt, STEPS.R, bytes);
  add(codeAt, STEPS.CODE, bytes);
  add(tagsAt, STEPS.TAGS, bytes);
  add(linksAt, STEPS.LINKS, bytes);
  add(environment.overshoot, STEPS.overshoot, bytes);
  const module = new WebAssembly.Module(bytes);
  return new WebAssembly.Instance(module, { env: { ...environment, memory: heap } }).exports.interpret;
}

/** Whether it is to be trained: V8 compiles JavaScript by what it has seen of it. */
export function mustTrain(memory: Memory): boolean {
  return codeOf(memory.heap) === 'asm.js';
}

/** Adds to the padded numbers in the binary that are `steps` apart. */
function add(what: number, steps: readonly number[], bytes: Uint8Array): void {
  let at = 0;
  for (const step of steps) {
    at += step;
    let value = what;
    for (let k = 0; k < PADDED_BYTES; k++) value += ((bytes[at + k] as number) & 127) * 2 ** (7 * k);
    bytes.set(padded(value), at);
  }
}
