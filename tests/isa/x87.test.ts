// Every recorded case gives what the real processor gave: registers, status, tags, pointers, memory, flags, fault.

import { expect, test } from 'vitest';
import { difference } from './x87/difference.ts';
import { replay } from './x87/replay.ts';
import { readVectors } from './x87/vectors.ts';

function differences(name: string): { count: number; found: string[] } {
  const v = readVectors(new URL(`../vectors/${name}`, import.meta.url).pathname);
  const found: string[] = [];
  for (const [k, c] of v.cases.entries()) {
    const text = difference(c, replay(c), v.outcomes[k]);
    if (text !== '' && found.length < 20) found.push(text);
  }
  return { count: v.cases.length, found };
}

test('arithmetic, conversions, comparisons and control give what the processor gives', () => {
  const { count, found } = differences('x87.bin.gz');
  expect(count).toBeGreaterThan(60_000);
  expect(found).toEqual([]);
});

test('transcendental functions are within one unit in the last place of what the processor gives', () => {
  const { count, found } = differences('x87-transcendental.bin.gz');
  expect(count).toBeGreaterThan(7_000);
  expect(found).toEqual([]);
});
