// npm run bench:micro [-- NAME...]: our own parts alone, by benchmark.js, in nanoseconds an operation.

import { createRequire } from 'node:module';
import { UserError } from '../../src/lib/errors.ts';
import { decoding } from './decode.ts';
import { floating } from './float.ts';
import { levels } from './levels.ts';
import { translating } from './translate.ts';

/** One thing to measure: `run` does it `operations` times. */
export interface Micro {
  readonly name: string;
  readonly operations: number;
  readonly run: () => void;
}

/** As much of benchmark.js's interface as is used here. */
interface Suite {
  add(name: string, run: () => void, options: { maxTime: number }): Suite;
  on(event: 'cycle', listener: (event: { target: Target }) => void): Suite;
  run(): Suite;
}
interface Target {
  readonly name: string;
  /** Seconds, and percent. */
  readonly stats: { readonly mean: number; readonly rme: number };
}

/** Seconds for each. */
const MAX_TIME = 1;

function load(): { Suite: new () => Suite } {
  try {
    return createRequire(import.meta.url)('benchmark') as { Suite: new () => Suite };
  } catch {
    throw new UserError('benchmark.js is not installed: npm ci installs it with the development dependencies');
  }
}

try {
  const Benchmark = load();
  const chosen = process.argv.slice(2);
  const all = [...decoding(), ...floating(), ...levels(), ...translating()];
  const micros = all.filter((one) => !chosen.length || chosen.some((name) => one.name.includes(name)));
  const suite = new Benchmark.Suite();
  for (const one of micros) suite.add(one.name, one.run, { maxTime: MAX_TIME });
  suite.on('cycle', ({ target }) => {
    const nanos = (target.stats.mean * 1e9) / micros.find((one) => one.name === target.name)!.operations;
    console.log(`${target.name.padEnd(44)} ${nanos.toFixed(1).padStart(10)} ns  ±${target.stats.rme.toFixed(1)} %`);
  });
  suite.run();
} catch (error) {
  if (!(error instanceof UserError)) throw error;
  console.error(`bench: ${error.message}`);
  process.exitCode = 1;
}
