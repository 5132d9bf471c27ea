// The translating engine: the fast interpreter with regions as its second tier.

import { Interpreter } from '../src/cpu/interpreter.ts';
import type { Cpu } from '../src/isa/state.ts';
import type { Memory } from '../src/memory/memory.ts';
import type { Observer } from './observer.ts';
import { Translations } from './translations.ts';

export class Translator extends Interpreter {
  override readonly name: string = 'translator';

  /** `observer` names regions and looks on as they are made. */
  constructor(cpu: Cpu, memory: Memory, observer?: Observer) {
    super(cpu, memory, (host) => new Translations({ cpu, memory, host, observer }));
  }
}
