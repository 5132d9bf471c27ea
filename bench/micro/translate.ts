// The translator's way from a graph of guest code to a binary, on the regions that a run of the bare-metal suite makes.

import { readFileSync } from 'node:fs';
import { benchImage } from '../../guests/bench/build.ts';
import { prepareHost } from '../../src/cli/host.ts';
import { Machine } from '../../src/machine/machine.ts';
import { Translator } from '../../translator/engine.ts';
import type { ObservedRegion } from '../../translator/observer.ts';
import { specialise } from '../../translator/specialise.ts';
import { structure } from '../../translator/structure.ts';
import { Temporaries } from '../../translator/temporaries.ts';
import { translate } from '../../translator/translate.ts';
import { ModuleEncoder } from '../../translator/wasm-module.ts';
import type { Micro } from './main.ts';

const MEMORY_BYTES = 64 << 20;
/** Enough for every kernel of the suite at its smallest scale. */
const INSTRUCTIONS = 100_000_000;

export function translating(): Micro[] {
  const regions = collected();
  const operations = regions.reduce(
    (sum, one) => sum + [...one.graph.blocks.values()].reduce((all, block) => all + block.insns.length, 0),
    0,
  );
  const each = (work: (region: ObservedRegion) => void) => (): void => {
    for (const region of regions) work(region);
  };
  return [
    {
      name: 'specialise, an instruction',
      operations,
      run: each(({ graph, mode }) => {
        const temporaries = new Temporaries();
        for (const block of graph.blocks.values()) specialise(block, mode >> 2, temporaries);
      }),
    },
    {
      name: 'specialise, structure, an instruction',
      operations,
      run: each(({ graph, mode }) => {
        const temporaries = new Temporaries();
        structure(graph, (block) => specialise(block, mode >> 2, temporaries), temporaries);
      }),
    },
    {
      name: 'specialise, structure, print, an instruction',
      operations,
      run: each(({ graph, mode, options }) => {
        const module = new ModuleEncoder(true);
        translate(graph, mode, options, module.writer);
        module.add(options.name);
      }),
    },
  ];
}

/** The regions of a short run on the virtual clock: the same in each. */
function collected(): readonly ObservedRegion[] {
  prepareHost();
  const regions: ObservedRegion[] = [];
  const observer = {
    name: (region: number) => `region${region}`,
    translated: (region: ObservedRegion) => void regions.push(region),
  };
  const machine = new Machine({
    memoryBytes: MEMORY_BYTES,
    kernel: { name: 'bench.elf', bytes: new Uint8Array(readFileSync(benchImage)) },
    commandLine: 'scale=1',
    clock: 'virtual',
    engine: (cpu, memory) => new Translator(cpu, memory, { observer, heat: 0 }),
  });
  machine.runTo(INSTRUCTIONS);
  return regions;
}
