// A module of regions as a WebAssembly binary, section by section (WebAssembly core specification 2.0, chapter 5.5): the
// functions are written by wasm-writer.ts.

import { type Code, HEADER, I32, I64, name, unsigned, vector } from '../src/isa/wasm.ts';
import { Bytes } from './wasm-bytes.ts';
import { Imports } from './wasm-expressions.ts';
import { FUNCREF, MUTABLE } from './wasm-opcodes.ts';
import { WasmWriter } from './wasm-writer.ts';
import type { MakeWriter } from './writer.ts';

// One function is written at a time.
const made = new Bytes();
const scratch = new Bytes();

/** A module that exports functions, and imports `env.memory` and what they call; of regions, also `env.table`. */
export class ModuleEncoder {
  readonly #names: string[] = [];
  /** What the functions call is known behind them; they are numbered behind what is imported. */
  readonly #imports = new Imports();
  readonly #code = new Bytes();
  readonly #ofRegions: boolean;

  /** `ofRegions`: the functions are regions, and lead to each other. */
  constructor(ofRegions: boolean) {
    this.#ofRegions = ofRegions;
  }

  /** What writes the next function, which is then to be added. */
  readonly writer: MakeWriter<void> = (names, { table }) => {
    made.clear();
    return new WasmWriter(names, table, this.#imports, made, scratch, this.#ofRegions);
  };

  /** Adds the function that was written. */
  add(name: string): void {
    this.#code.sized(made);
    this.#names.push(name);
  }

  /** The binary. */
  bytes(): Uint8Array {
    const exported = this.#names.map((name) => ({ name, parameters: 0, results: 1 }));
    return encodeModule(this.#imports, exported, this.#code.bytes(), this.#ofRegions).bytes;
  }
}

/** A function that a module exports: parameters and results are ints. */
export interface Exported {
  readonly name: string;
  readonly parameters: number;
  readonly results: number;
}

/**
 * The binary of a module of functions, which it exports under their names, and where their `code` begins in it: bodies,
 * each behind its size. It imports `env.memory`, and `env.table` where it `hasTable`.
 */
export function encodeModule(
  imports: Imports,
  exported: readonly Exported[],
  code: Uint8Array,
  hasTable: boolean,
): { bytes: Uint8Array; codeAt: number } {
  const types: Code[] = [];
  const typeOf = ({ parameters, results }: Pick<Exported, 'parameters' | 'results'>): Code => {
    const type = [0x60, ...vector(new Array(parameters).fill([I32])), ...vector(new Array(results).fill([I32]))];
    const known = types.findIndex((t) => t.join() === type.join());
    return unsigned(known >= 0 ? known : types.push(type) - 1);
  };
  // That of regions is the first one: REGION_TYPE.
  const functions = exported.map(typeOf);
  const imported: Code[] = [[...name('env'), ...name('memory'), 0x02, 0x00, 0x01]];
  for (const i of imports.functions.values()) imported.push([...name('env'), ...name(i.name), 0x00, ...typeOf(i)]);
  for (const global of imports.globals) imported.push([...name('env'), ...name(global), 0x03, I64, MUTABLE]);
  if (hasTable) imported.push([...name('env'), ...name('table'), 0x01, FUNCREF, 0x00, 0x00]);
  const first = imports.functions.size;
  const out = new Bytes();
  out.put(HEADER);
  out.section(1, vector(types));
  out.section(2, vector(imported));
  out.section(3, vector(functions));
  out.section(7, vector(exported.map((own, k) => [...name(own.name), 0x00, ...unsigned(first + k)])));
  const count = unsigned(exported.length);
  out.byte(10);
  out.unsigned(count.length + code.length);
  out.put(count);
  const codeAt = out.length;
  out.put(code);
  // For profiles.
  const named = vector(exported.map((own, k) => [...unsigned(first + k), ...name(own.name)]));
  out.section(0, [...name('name'), 0x01, ...unsigned(named.length), ...named]);
  return { bytes: out.bytes(), codeAt };
}
