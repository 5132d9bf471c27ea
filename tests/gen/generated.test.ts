// What is committed in folders called generated/ is what `npm run gen` makes of the semantics now.

import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { CASES } from '../../src/cpu/generated/interpreter.js';
import { generate } from '../../translator/gen/main.ts';
import { SEQUENCES } from '../../translator/gen/sequences.ts';
import { FUSED, hotShapes } from '../../translator/gen/shapes.ts';

for (const [path, text] of generate()) {
  test(`${path} is not stale`, () => {
    const committed = readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
    // Not toBe(text): the difference would be printed.
    expect(committed === text, 'run npm run gen').toBe(true);
  });
}

test('a case for every hot shape, for every compare with each pair of conditions, and for every sequence', () => {
  expect(CASES).toEqual(expect.arrayContaining(hotShapes().map((s) => s.key)));
  for (const key of FUSED) for (let cc = 0; cc < 16; cc += 2) expect(CASES).toContain(`${key}+${cc}`);
  for (const keys of SEQUENCES) expect(CASES).toContain(keys.join(';'));
  expect(new Set(CASES).size).toBe(CASES.length);
  // Ten bits of an instruction's first word.
  expect(CASES.length).toBeLessThan(1023);
});
