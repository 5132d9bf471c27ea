// A module of regions as a WebAssembly binary, section by section (WebAssembly core specification 2.0, chapter 5.5): the
// functions are written by wasm-writer.ts.

import { type Code, HEADER, I32, name, unsigned, vector } from '../src/isa/wasm.ts';
import { Bytes } from './wasm-bytes.ts';
import { FUNCREF } from './wasm-opcodes.ts';
import { type Imports, WasmWriter } from './wasm-writer.ts';
import type { MakeWriter } from './writer.ts';

// One function is written at a time.
const made = new Bytes();
const scratch = new Bytes();

/** A module that exports functions, and imports `env.memory` and what they call; of regions, also `env.table`. */
export class ModuleEncoder {
  readonly #names: string[] = [];
  /** What the functions call is known behind them; they are numbered behind what is imported. */
  readonly #imports: Imports = new Map();
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
    const types: Code[] = [];
    const typeOf = (parameters: number, results: number): number => {
      const type = [0x60, ...vector(new Array(parameters).fill([I32])), ...vector(new Array(results).fill([I32]))];
      const known = types.findIndex((t) => t.join() === type.join());
      return known >= 0 ? known : types.push(type) - 1;
    };
    // The first one: REGION_TYPE.
    const region = typeOf(0, 1);
    const imported: Code[] = [[...name('env'), ...name('memory'), 0x02, 0x00, 0x01]];
    for (const i of this.#imports.values())
      imported.push([...name('env'), ...name(i.name), 0x00, ...unsigned(typeOf(i.parameters, i.results))]);
    if (this.#ofRegions) imported.push([...name('env'), ...name('table'), 0x01, FUNCREF, 0x00, 0x00]);
    const first = this.#imports.size;
    const names = this.#names;
    const out = new Bytes();
    out.put(HEADER);
    out.section(1, vector(types));
    out.section(2, vector(imported));
    out.section(3, vector(names.map(() => unsigned(region))));
    out.section(7, vector(names.map((own, k) => [...name(own), 0x00, ...unsigned(first + k)])));
    const count = unsigned(names.length);
    const code = this.#code.bytes();
    out.byte(10);
    out.unsigned(count.length + code.length);
    out.put(count);
    out.put(code);
    const named = vector(names.map((own, k) => [...unsigned(first + k), ...name(own)]));
    out.section(0, [...name('name'), 0x01, ...unsigned(named.length), ...named]);
    return out.bytes();
  }
}
