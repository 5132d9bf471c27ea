// Compares random cases with the real processor: node tests/isa/x87/fuzz.ts PROGRAM CASES SEED [PATTERN]

import { Random, randomCase } from './cases.ts';
import { difference } from './difference.ts';
import { FORMS } from './forms.ts';
import { implemented } from './machine.ts';
import { onRealProcessor } from './oracle.ts';
import { replay } from './replay.ts';

const [program, count, seed, pattern] = process.argv.slice(2);
const wanted = FORMS.map((f, n) => ({ f, n })).filter(
  ({ f }) => implemented(f.insn.op) && new RegExp(pattern ?? '.').test(f.name),
);
const r = new Random(Number(seed) * 7919 + 13);
const cases = Array.from({ length: Number(count) }, (_, k) => randomCase(r, wanted[k % wanted.length].n));
const real = onRealProcessor(program, cases);
const bad = new Map<string, number>();
// A switch of tasks may lose the pointers on the real processor: what differs is asked again.
const suspects = cases.map((_, k) => k).filter((k) => difference(cases[k], replay(cases[k]), real[k]) !== '');
const again = onRealProcessor(
  program,
  suspects.map((k) => cases[k]),
);
let total = 0;
for (const [j, k] of suspects.entries()) {
  const text = difference(cases[k], replay(cases[k]), again[j]);
  if (text === '') continue;
  total++;
  const name = FORMS[cases[k].form].name;
  const n = (bad.get(name) ?? 0) + 1;
  bad.set(name, n);
  if (n <= Number(process.env.SHOW ?? 2)) console.log(text);
}
console.log(`${total} of ${cases.length} differ`, [...bad].map(([k, n]) => `${k}: ${n}`).join(', '));
