// The bound of the translation cache: the bare-metal suite comes out the same when most regions are evicted and made
// again, and the cache keeps to its size.

import { expect, test } from 'vitest';
import { runMetalSuite } from './metal-suite.ts';

const CACHE_BYTES = 400_000;

test('a cache that is too small for the suite evicts, and the suite comes out the same', () => {
  const checksums = (run: ReturnType<typeof runMetalSuite>): string[] =>
    [...run.kernels].map(([name, k]) => `${name} ${k.checksum}`);
  const expected = checksums(runMetalSuite('interpreter'));
  const run = runMetalSuite('translator', { cacheBytes: CACHE_BYTES });
  expect(checksums(run)).toEqual(expected);
  expect(run.statistics.regionsEvicted).toBeGreaterThan(20);
  expect(run.statistics.cacheBytes).toBeLessThanOrEqual(CACHE_BYTES);
  expect(run.statistics.regionsHeld).toBeGreaterThan(0);
});
