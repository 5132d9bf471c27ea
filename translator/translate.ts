// One region from graph to function: specialise, structure, print. The cache translates by it, and `dump` shows its stages.

import { type AsmFunction, AsmWriter } from './asm-writer.ts';
import type { Graph } from './graph.ts';
import { type Printed, type PrintOptions, print } from './print.ts';
import { specialise } from './specialise.ts';
import { type Item, structure } from './structure.ts';
import { Temporaries } from './temporaries.ts';
import type { MakeWriter } from './writer.ts';

/** For the form that people read. */
export const asAsm: MakeWriter<AsmFunction> = (names, own) => new AsmWriter(names, own);

/**
 * The same graph and mode make the same items. `mode`: as the interpreter packs it (see src/cpu/mode.ts). `hasVectors`:
 * whether what is generated may have such.
 */
export function itemsOf(graph: Graph, mode: number, hasVectors = false): readonly Item[] {
  const temporaries = new Temporaries();
  const bent = mode >> 2;
  return structure(graph, (b) => specialise(b, bent, temporaries, hasVectors), temporaries);
}

export interface Translated<Made> {
  readonly items: readonly Item[];
  readonly printed: Printed<Made>;
}

export function translate<Made>(
  graph: Graph,
  mode: number,
  options: PrintOptions,
  make: MakeWriter<Made>,
): Translated<Made> {
  const items = itemsOf(graph, mode);
  return { items, printed: print(items, options, make) };
}
