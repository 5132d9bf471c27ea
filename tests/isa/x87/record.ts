// Records vectors from the real processor: node tests/isa/x87/record.ts PROGRAM
// PROGRAM reads one case a line and prints the state after it; see oracle.ts for the two formats.

import { readFileSync } from 'node:fs';
import { Random, randomCase } from './cases.ts';
import { APPROXIMATE, FORMS } from './forms.ts';
import { onRealProcessor } from './oracle.ts';
import { writeVectors } from './vectors.ts';

const [program] = process.argv.slice(2);
const model = /^model name\s*: (.*)$/m.exec(readFileSync('/proc/cpuinfo', 'utf8'))?.[1] ?? 'unknown';
const family = /^cpu family\s*: (.*)$/m.exec(readFileSync('/proc/cpuinfo', 'utf8'))?.[1] ?? '?';
const number = /^model\s*: (.*)$/m.exec(readFileSync('/proc/cpuinfo', 'utf8'))?.[1] ?? '?';
const processor = `${model}, family ${family}, model ${number}`;

record('tests/vectors/x87.bin.gz', 450, 20260101, (op) => !APPROXIMATE.has(op));
record('tests/vectors/x87-transcendental.bin.gz', 1500, 20260102, (op) => APPROXIMATE.has(op));

function record(path: string, perForm: number, seed: number, wanted: (op: string) => boolean): void {
  const r = new Random(seed);
  const cases = FORMS.flatMap((f, n) =>
    wanted(f.insn.op) ? Array.from({ length: perForm }, () => randomCase(r, n)) : [],
  );
  // A switch of tasks between an instruction and the one that stores the environment loses the pointers: where two runs
  // differ, the case is dropped.
  const first = onRealProcessor(program, cases);
  const second = onRealProcessor(program, cases);
  const same = cases.map((_, k) => JSON.stringify(first[k]) === JSON.stringify(second[k]));
  const kept = cases.filter((_, k) => same[k]);
  writeVectors(path, { processor, cases: kept, outcomes: first.filter((_, k) => same[k]) });
  console.log(`${path}: ${kept.length} of ${cases.length} cases`);
}
