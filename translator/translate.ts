// One region from graph to text: specialise, structure, print. The cache translates by it, and `dump` shows its stages.

import { type Printed, type PrintOptions, print } from './print.ts';
import type { Graph } from './scan.ts';
import { specialise } from './specialise.ts';
import { type Item, structure } from './structure.ts';

export interface Translated {
  readonly items: readonly Item[];
  readonly printed: Printed;
}

/** The same graph, mode and options make the same text. `mode`: as the interpreter packs it (see src/cpu/interpreter.ts). */
export function translate(graph: Graph, mode: number, options: PrintOptions): Translated {
  const temporaries = { n: 0 };
  const bent = mode >> 2;
  const items = structure(graph, (b) => specialise(b, bent, temporaries), temporaries);
  return { items, printed: print(items, options) };
}
