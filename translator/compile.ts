// Compile: the text of asm.js, or the binary of WebAssembly, to functions. The one place where text becomes code. Nothing
// that the guest controls is in it but numbers, and names that were looked at.

import { I32, type WasmFunction, wasmModule } from '../src/isa/wasm.ts';
import { wide } from '../src/isa/wide.ts';
import { x87, x87Result } from '../src/isa/x87/unit.ts';
import { UserError } from '../src/lib/errors.ts';
import { memoryOf } from '../src/memory/heap.ts';

// Declared here so that no library of browser types is needed.
declare const WebAssembly: {
  Module: new (bytes: Uint8Array) => object;
  Instance: new (module: object, imports: object) => { readonly exports: Readonly<Record<string, unknown>> };
  validate(bytes: Uint8Array): boolean;
};

/** Takes a word out of a vector: v128.const, of zeros; i32x4.extract_lane 0. */
const VECTOR_FUNCTION: WasmFunction = {
  name: 'vector',
  parameters: [],
  result: I32,
  locals: [],
  body: [0xfd, 0x0c, ...new Array<number>(16).fill(0), 0xfd, 0x1b, 0],
};

/** A region's function; its answer is one of the REGION_ constants. */
export type RegionFunction = () => number;

export interface FunctionSource {
  readonly name: string;
  readonly text: string;
}

export interface ModuleSource {
  readonly functions: readonly FunctionSource[];
  /** Names of primitives, and for each function its own `callout`. */
  readonly imports: ReadonlySet<string>;
  /** Name of the text in profilers and debuggers: letters, digits, `_`, `-`, `.` and `/`. */
  readonly sourceUrl?: string;
}

/** Functions that a module may import. */
type Foreign = Readonly<Record<string, unknown>>;

const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;
const SOURCE_URL = /^[A-Za-z0-9_./-]+$/;

/**
 * The module's text, for `dump` and for the compiler.
 * @throws Error for a name that is none: names may come from guest symbols.
 */
export function moduleText(source: ModuleSource): string {
  checkNames(source.functions.map((f) => f.name));
  if (source.sourceUrl !== undefined && !SOURCE_URL.test(source.sourceUrl)) throw new Error('not a source URL');
  const url = source.sourceUrl === undefined ? '' : `\n//# sourceURL=${source.sourceUrl}`;
  const imports = [...source.imports].map((f) =>
    f in MATH ? `var ${f} = stdlib.Math.${MATH[f]};` : `var ${f} = foreign.${f};`,
  );
  const views = Object.entries(VIEWS).map(([name, type]) => `var ${name} = new stdlib.${type}(heap);`);
  const functions = source.functions.map((f) => f.text);
  const names = source.functions.map((f) => `${f.name}: ${f.name}`).join(', ');
  return `"use asm";\n${[...views, ...imports, ...functions].join('\n')}\nreturn { ${names} };${url}`;
}

function checkNames(names: readonly string[]): void {
  for (const name of names) if (!NAME.test(name)) throw new Error('not the name of a function');
}

const STDLIB = { Math, Int8Array, Int16Array, Int32Array, Float32Array, Float64Array };
/** The heap, by its views' names. */
const VIEWS: Record<string, keyof typeof STDLIB> = {
  H8: 'Int8Array',
  H16: 'Int16Array',
  H32: 'Int32Array',
  F32: 'Float32Array',
  F64: 'Float64Array',
};
/** Primitives that the standard library has. */
const MATH: Record<string, string> = { imul: 'imul', clz: 'clz32', fabs: 'abs', fsqrt: 'sqrt', fround: 'fround' };

/**
 * Makes the functions of a module over the machine's heap, in the order of the source.
 * @throws UserError where the host makes no code from text.
 */
export function compile(source: ModuleSource, heap: ArrayBuffer, foreign: Foreign): RegionFunction[] {
  const names = source.functions.map((f) => f.name);
  return pick(names, instantiate(moduleText(source), heap, { ...wide, ...x87, ...foreign }));
}

/**
 * Makes some functions of a binary over the machine's heap, which is a WebAssembly memory.
 * @throws Error for a name that is none.
 */
export function compileBinary(
  names: readonly string[],
  bytes: Uint8Array,
  heap: ArrayBuffer,
  foreign: Foreign,
): RegionFunction[] {
  checkNames(names);
  const env = { memory: memoryOf(heap), ...wide, ...x87, ...x87Result, ...foreign };
  return pick(names, new WebAssembly.Instance(new WebAssembly.Module(bytes), { env }).exports);
}

let hasVectors: boolean | undefined;

/** Whether the host has vectors of 128 bits: V8 has none on processors before SSE4.1, older browsers have none at all. */
export function hostHasVectors(): boolean {
  hasVectors ??= WebAssembly.validate(wasmModule([VECTOR_FUNCTION], []));
  return hasVectors;
}

function pick(names: readonly string[], made: Readonly<Record<string, unknown>>): RegionFunction[] {
  return names.map((name) => made[name] as RegionFunction);
}

/** The functions that a module exports. */
function instantiate(text: string, heap: ArrayBuffer, foreign: Foreign): Readonly<Record<string, RegionFunction>> {
  let make: ReturnType<typeof Function>;
  try {
    make = new Function('stdlib', 'foreign', 'heap', text);
  } catch (error) {
    if (!(error instanceof EvalError)) throw error;
    throw new UserError('this host makes no code from text, which asm.js is; let the translator make WebAssembly');
  }
  return make(STDLIB, foreign, heap);
}
