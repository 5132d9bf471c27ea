// The bare-metal benchmarks (guests/bench/), run in this process: their checksums, what executed them, their regions.

import { readFileSync } from 'node:fs';
import { benchImage } from '../../guests/bench/build.ts';
import { hostTrained, prepareHost } from '../../src/cli/host.ts';
import { Machine } from '../../src/machine/machine.ts';
import type { EngineChoice } from '../../src/machine/options.ts';
import type { CodeKind } from '../../src/memory/heap.ts';
import type { RegionFunction } from '../../translator/compile.ts';
import { Translator, type TranslatorOptions } from '../../translator/engine.ts';

const MIB = 1 << 20;
/** Percent of the usual work; the thresholds of the translator go down as much. */
const SCALE = 4;
const HEAT = 2400;
const BATCH_ENTRIES = 400;
const SAMPLES_PER_INSTRUCTION = 0.075;
const SLICE = 1_000_000;

export interface Kernel {
  readonly checksum: string;
  /** Instructions retired while it ran, by what executed them. */
  readonly retiredBy: Readonly<Record<string, number>>;
}

export interface SuiteRun {
  readonly kernels: ReadonlyMap<string, Kernel>;
  readonly regions: readonly RegionFunction[];
  /** Guest instructions of the largest region. */
  readonly largest: number;
  /** Of the engine, at the end. */
  readonly statistics: Readonly<Record<string, number>>;
}

/** On the virtual clock: each run is the same. */
export function runMetalSuite(
  engine: 'interpreter' | 'translator',
  options: TranslatorOptions = {},
  code: CodeKind = 'asm.js',
): SuiteRun {
  prepareHost(code);
  const kernels = new Map<string, Kernel>();
  const regions: RegionFunction[] = [];
  let largest = 0;
  let line = '';
  let begun: Readonly<Record<string, number>> = {};
  const observer = {
    name: (region: number) => `region${region}`,
    translated: ({ graph }: { graph: { instructions: number } }) => {
      largest = Math.max(largest, graph.instructions);
    },
    compiled: (_: number, run: RegionFunction) => void regions.push(run),
  };
  const translator: EngineChoice = (cpu, memory) =>
    new Translator(cpu, memory, {
      heat: HEAT,
      batchEntries: BATCH_ENTRIES,
      samplesPerInstruction: SAMPLES_PER_INSTRUCTION,
      observer,
      ...options,
    });
  const write = (byte: number): void => {
    if (byte !== 10) {
      line += String.fromCharCode(byte);
      return;
    }
    const [, name, checksum] = /^bench (\S+) (?:begin|end (\w+))/.exec(line) ?? [];
    line = '';
    if (name === undefined) return;
    const now = machine.engine.retiredBy();
    if (checksum === undefined) begun = now;
    else {
      const retiredBy = Object.fromEntries(Object.entries(now).map(([by, n]) => [by, n - (begun[by] ?? 0)]));
      kernels.set(name, { checksum, retiredBy });
    }
  };
  const machine = new Machine({
    memoryBytes: 64 * MIB,
    kernel: { name: 'bench.elf', bytes: readFileSync(benchImage) },
    commandLine: `scale=${SCALE}`,
    clock: 'virtual',
    code,
    engine: engine === 'translator' ? translator : 'interpreter',
    serial: { write },
  });
  hostTrained(code);
  while (!machine.ended) machine.runTo(machine.engine.retired() + SLICE);
  return { kernels, regions, largest, statistics: machine.engine.statistics() };
}

/** Part of the instructions that were executed in translated code: 0 to 1. */
export function translatedShare(kernels: readonly Kernel[]): number {
  const sums = { translator: 0, all: 0 };
  for (const { retiredBy } of kernels) {
    sums.translator += retiredBy.translator ?? 0;
    for (const n of Object.values(retiredBy)) sums.all += n;
  }
  return sums.translator / sums.all;
}
