// The translating engine: the fast interpreter with regions as its second tier.

import { Interpreter } from '../src/cpu/interpreter.ts';
import type { Cpu } from '../src/isa/state.ts';
import type { Memory } from '../src/memory/memory.ts';
import { Translations } from './translations.ts';

export class Translator extends Interpreter {
  override readonly name: string = 'translator';

  /** `heat`, `batchEntries`: what counts as hot, for tests; see `Interpreter` and `Translations`. */
  constructor(cpu: Cpu, memory: Memory, heat?: number, batchEntries?: number) {
    super(cpu, memory, (host) => new Translations({ cpu, memory, host, batchEntries }), heat);
  }
}
