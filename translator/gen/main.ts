// npm run gen: semantics -> generated/. `--check` writes nothing and fails if what is there is stale.

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readDialect } from './dialect.ts';
import { generateInterpreter, HEAD, makeCases } from './interpreter.ts';
import { SEQUENCES } from './sequences.ts';
import { allShapes, FUSED, hotShapes, type Shape } from './shapes.ts';
import { specialise, type Template } from './specialise.ts';

const ROOT = new URL('../../', import.meta.url);

/** The generated files, by path from the project's root. */
export function generate(): Map<string, string> {
  const dialect = readDialect();
  const instantiate = (shapes: readonly Shape[], effectiveAddress: boolean): Map<string, Template> => {
    const templates = new Map<string, Template>();
    for (const shape of shapes) {
      if (templates.has(shape.key)) throw new Error(`two shapes are called ${shape.key}`);
      templates.set(shape.key, specialise(dialect, shape, { effectiveAddress }));
    }
    return templates;
  };
  const cases = makeCases(instantiate(hotShapes(), true), FUSED, SEQUENCES);
  const { text, encoded } = generateInterpreter(cases);
  return new Map([
    ['src/cpu/generated/interpreter.js', text],
    ['src/cpu/generated/interpreter-wasm.js', encoded],
    ['translator/generated/templates.js', printTemplates(instantiate(allShapes(), false))],
  ]);
}

function printTemplates(templates: ReadonlyMap<string, Template>): string {
  const lines = [...templates].map(([key, t]) => `${JSON.stringify(key)}: ${JSON.stringify(t)},\n`);
  return `${HEAD}export const TEMPLATES = {\n${lines.join('')}};\n`;
}

function main(): void {
  const check = process.argv.includes('--check');
  for (const [name, text] of generate()) {
    const path = fileURLToPath(new URL(name, ROOT));
    mkdirSync(dirname(path), { recursive: true });
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
