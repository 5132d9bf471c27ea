// Every recorded case gives what the real processor gave: registers, status, tags, pointers, memory, flags, fault.

import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { difference } from './x87/difference.ts';
import { comparable, type ImageCase, type ImageOutcome, replayImage } from './x87/images.ts';
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

test('state images are stored and loaded as the processor stores and loads them', () => {
  const file = readFileSync(new URL('../vectors/x87-images.json.gz', import.meta.url));
  const cases = JSON.parse(gunzipSync(file).toString()) as (ImageCase & { outcome: ImageOutcome })[];
  expect(cases.length).toBeGreaterThan(300);
  for (const c of cases) {
    const ours = comparable(c, replayImage(c));
    const real = comparable(c, c.outcome);
    // After a fault the environment was not stored.
    if (real.fault >= 0) real.environment = ours.environment;
    expect({ op: c.op, osize: c.osize, ...ours }).toEqual({ op: c.op, osize: c.osize, ...real });
  }
});
