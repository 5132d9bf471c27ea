// The translating engine: the fast interpreter with regions as its second tier.

import { Interpreter } from '../src/cpu/interpreter.ts';
import type { Cpu } from '../src/isa/state.ts';
import { type CodeKind, codeOf } from '../src/memory/heap.ts';
import type { Memory } from '../src/memory/memory.ts';
import type { Observer } from './observer.ts';
import type { TranslationsPolicy } from './policy.ts';
import { Translations } from './translations.ts';

/** Entries of a block head before it is queued: V8 takes longer to compile asm.js. */
const HEAT: Readonly<Record<CodeKind, number>> = { 'asm.js': 60_000, webassembly: 10_000 };

/** What is translated, and when; a test lowers the thresholds so that everything is. */
export interface TranslatorOptions extends TranslationsPolicy {
  /** Instead: 0 or more. */
  readonly heat?: number;
  /** Names regions and looks on as they are made. */
  readonly observer?: Observer;
}

export class Translator extends Interpreter {
  override readonly name: string = 'translator';

  constructor(cpu: Cpu, memory: Memory, { heat: given, ...options }: TranslatorOptions = {}) {
    const heat = given ?? HEAT[codeOf(memory.heap)];
    const sideEntries = Math.max(1, heat);
    super(cpu, memory, (host) => new Translations({ cpu, memory, host, sideEntries, ...options }), heat);
  }
}
