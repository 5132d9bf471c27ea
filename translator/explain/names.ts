// Names of regions: by guest symbols, those that are given or those that a Linux guest has in its memory. They are what
// profilers and debuggers of the host show of translated code.

import type { int } from '../../src/isa/insn.ts';
import type { Memory } from '../../src/memory/memory.ts';
import type { Observer } from '../observer.ts';
import { findKallsyms } from './kallsyms.ts';
import { identifier, Symbols } from './symbols.ts';

/** Linux's half of the address space, unless configured otherwise: where symbols of a kernel can be. */
const KERNEL = 0x80000000;

export class RegionNames {
  /** Symbols that were given, or were found in the guest. */
  symbols: Symbols;
  readonly #memory: Memory;
  readonly #search: boolean;
  /** Regions of the kernel to be named before the guest is searched for symbols again. */
  #patience = 1;
  #named = 0;

  /** Without `symbols`, those of a Linux guest are searched for in its memory. */
  constructor(memory: Memory, symbols?: Symbols) {
    this.#memory = memory;
    this.#search = symbols === undefined;
    this.symbols = symbols ?? new Symbols([]);
  }

  /** Name of a new region, whose entry has that guest-linear address; looks for symbols first. */
  name(region: int, linear: int): string {
    // The kernel unpacks itself first: what is not there now may be there later.
    if (linear >>> 0 >= KERNEL && ++this.#named >= this.#patience) {
      this.findSymbols();
      this.#patience *= 2;
    }
    return this.text(region, linear);
  }

  /** `region12_memcpy`, as far as symbols are known. */
  text(region: int, linear: int): string {
    const symbol = this.symbols.text(linear);
    return `region${region}${symbol === undefined ? '' : `_${identifier(symbol)}`}`;
  }

  /** Searches guest memory, unless there are symbols. */
  findSymbols(): void {
    if (!this.#search || this.symbols.count > 0) return;
    const { heap, layout } = this.#memory;
    const found = findKallsyms(new Uint8Array(heap, 0, layout.ramBytes));
    if (found) this.symbols = new Symbols(found);
  }
}

/** Names regions and does nothing else: for runs under a profiler. Where no symbol is known, the address is the name. */
export function profileNames(memory: Memory, symbols?: Symbols): Observer {
  const names = new RegionNames(memory, symbols);
  return {
    name: (region, linear) => {
      const name = names.name(region, linear);
      return name.includes('_') ? name : `${name}_${(linear >>> 0).toString(16).padStart(8, '0')}`;
    },
    translated: () => {},
  };
}
