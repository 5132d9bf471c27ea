// When the host is waited for, and when not.

import { expect, test } from 'vitest';
import { Patience } from '../../src/storage/node/patience.ts';

/** How many of so many requests of 4 KiB are waited for, when each takes so long. */
function waitedFor(patience: Patience, requests: number, millis: number): number {
  let waited = 0;
  for (let i = 0; i < requests; i++) {
    if (!patience.allows(4096)) continue;
    waited++;
    patience.took(millis, 4096);
  }
  return waited;
}

test('fast answers are always waited for, slow ones ever less', () => {
  const patience = new Patience();
  expect(waitedFor(patience, 1000, 0.002)).toBe(1000);
  // 8 + 16 + ... + 512 are avoided in between: seven steps to the longest.
  expect(waitedFor(patience, 1024, 5)).toBeLessThan(9);
  expect(waitedFor(patience, 102_400, 5)).toBeLessThanOrEqual(101);
});

test('after a slow time it comes back', () => {
  const patience = new Patience();
  waitedFor(patience, 5000, 5);
  expect(waitedFor(patience, 10_000, 0.002)).toBeGreaterThan(8900);
});

test('large requests are never waited for', () => {
  expect(new Patience().allows(256 << 10)).toBe(false);
});
