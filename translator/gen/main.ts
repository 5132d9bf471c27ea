// npm run gen: semantics -> generated/. `--check` writes nothing and fails if what is there is stale.

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { readDialect } from './dialect.ts';
import { makeCases, printInterpreter } from './interpreter.ts';
import { allShapes, FUSED } from './shapes.ts';
import { specialise, type Template } from './specialise.ts';

const OUTPUT = new URL('../../src/cpu/generated/', import.meta.url);

/** The generated files, by name. */
export function generate(): Map<string, string> {
  const dialect = readDialect();
  const templates = new Map<string, Template>();
  for (const shape of allShapes()) {
    if (templates.has(shape.key)) throw new Error(`two shapes are called ${shape.key}`);
    templates.set(shape.key, specialise(dialect, shape, { effectiveAddress: true }));
  }
  const cases = makeCases(templates, FUSED);
  return new Map([['interpreter.js', printInterpreter(cases)]]);
}

function main(): void {
  const check = process.argv.includes('--check');
  mkdirSync(OUTPUT, { recursive: true });
  for (const [name, text] of generate()) {
    const path = fileURLToPath(new URL(name, OUTPUT));
    if (!check) {
      writeFileSync(path, text);
      console.log(`${name}: ${(text.length / 1024).toFixed(0)} KB`);
    } else if (readFileSync(path, 'utf8') !== text) {
      console.error(`${name} is stale: run npm run gen`);
      process.exitCode = 1;
    }
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) main();
