// A batch: regions that are translated one after the other, and compiled together as one module.

import { type Executable, semanticOf } from '../src/cpu/decoded.ts';
import { placeOf } from '../src/cpu/pack.ts';
import { NO_NEXT } from '../src/cpu/regions.ts';
import type { int } from '../src/isa/insn.ts';
import { codeOf } from '../src/memory/heap.ts';
import type { Memory } from '../src/memory/memory.ts';
import type { AsmFunction } from './asm-writer.ts';
import {
  compile,
  compileBinary,
  type FunctionSource,
  hostHasVectors,
  moduleText,
  type RegionFunction,
} from './compile.ts';
import type { Graph } from './graph.ts';
import type { TranslationsPolicy } from './policy.ts';
import { type Printed, type PrintOptions, print } from './print.ts';
import type { Callout } from './specialise.ts';
import { asAsm, itemsOf } from './translate.ts';
import { ModuleEncoder } from './wasm-module.ts';

/** What a callout executes. */
interface KnownCallout {
  /** Offset of the next instruction, or NO_NEXT. */
  readonly next: int;
  readonly known: Executable;
  /** Its operand: see src/cpu/pack.ts. */
  readonly place: int;
}

export interface Added {
  /** Offsets of instructions that leave by a value, in the order of their numbers. */
  readonly sites: readonly int[];
  /** Of the text, where that is what is compiled. */
  readonly characters: number | undefined;
}

export class Batch {
  readonly #memory: Memory;
  readonly #verify: TranslationsPolicy['verify'];
  /** Where regions are WebAssembly. */
  readonly #encoder: ModuleEncoder | undefined;
  readonly #names: string[] = [];
  /** Only where something reads them: the text of a region takes longer to make than its binary. */
  readonly #texts: FunctionSource[] | undefined;
  readonly #imports = new Set<string>();
  /** By their numbers. */
  readonly #callouts: KnownCallout[] = [];

  /** `verify`: see TranslationsPolicy. */
  constructor(memory: Memory, verify: TranslationsPolicy['verify']) {
    this.#memory = memory;
    this.#verify = verify;
    this.#encoder = codeOf(memory.heap) === 'asm.js' ? undefined : new ModuleEncoder(true);
    this.#texts = verify || !this.#encoder ? [] : undefined;
  }

  /** Number of the next callout. */
  get firstCallout(): int {
    return this.#callouts.length;
  }

  /** Translates a region. `visit` is for what is compiled, not for a text beside it. */
  add(graph: Graph, mode: int, options: PrintOptions, visit: PrintOptions['visit']): Added {
    const encoder = this.#encoder;
    const asText = this.#texts && print(itemsOf(graph, mode), encoder ? options : { ...options, visit }, asAsm);
    const { callouts, sites } = encoder
      ? print(itemsOf(graph, mode, hostHasVectors()), { ...options, visit }, encoder.writer)
      : (asText as Printed<AsmFunction>);
    encoder?.add(options.name);
    this.#names.push(options.name);
    for (const callout of callouts) this.#callouts.push(knownCallout(callout, mode));
    if (asText) {
      this.#texts?.push({ name: options.name, text: asText.made.text });
      for (const i of asText.made.imports) this.#imports.add(i);
    }
    return { sites, characters: encoder ? undefined : asText?.made.text.length };
  }

  /** @throws Refused where a text is not closed over the ABI: a fault of the translator's. */
  verify(): void {
    if (!this.#verify) return;
    const text = moduleText({ functions: this.#texts ?? [], imports: this.#imports });
    this.#verify(text, { registersAt: this.#memory.layout.registersAt });
  }

  /** The functions of its regions, one or more, in their order. `callout`: has the reference execute an instruction. */
  compile(
    foreign: Readonly<Record<string, unknown>>,
    callout: (next: int, known: Executable, place: int) => int,
  ): RegionFunction[] {
    const names = this.#names;
    const callouts = this.#callouts;
    const all = {
      ...foreign,
      callout: (number: int) => {
        const { next, known, place } = callouts[number] as KnownCallout;
        return callout(next, known, place);
      },
    };
    const { heap } = this.#memory;
    if (this.#encoder) return compileBinary(names, this.#encoder.bytes(), heap, all);
    const sourceUrl = `transvisor/${names[0]}${names.length > 1 ? `-and-${names.length - 1}` : ''}`;
    return compile({ functions: this.#texts ?? [], imports: this.#imports, sourceUrl }, heap, all);
  }
}

function knownCallout({ next, insn, ends }: Pick<Callout, 'next' | 'insn' | 'ends'>, mode: int): KnownCallout {
  return {
    next: ends ? NO_NEXT : next,
    known: { insn, run: semanticOf(insn) },
    place: placeOf(insn, mode >> 2),
  };
}
