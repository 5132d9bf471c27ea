// When a profile says that a region is worth to be made again.

import { expect, test } from 'vitest';
import { Profiles } from '../../translator/profiles.ts';

const KEY = 0x1234;
const PRICE = 200;
const nowhere = (_: number): boolean => false;

/** Samples until the profile asks for something, at most `most`; what it asks for. */
function asked(profiles: Profiles, distance: (k: number) => number, most: number, isInside = nowhere) {
  for (let k = 1; k <= most; k++) {
    const wanted = profiles.sampled(KEY, distance(k), isInside, PRICE);
    if (wanted) return { after: k, ...wanted };
  }
  return undefined;
}

test('a target is asked for once as many samples were taken as to make the region again costs', () => {
  expect(asked(new Profiles(), () => 16, 10_000)).toMatchObject({ after: PRICE, distances: [16] });
});

test('the same target is asked for twice at most, the second time after as many samples again', () => {
  const profiles = new Profiles();
  asked(profiles, () => 16, 10_000);
  expect(asked(profiles, () => 16, 10_000)).toMatchObject({ after: PRICE, distances: [16] });
  expect(asked(profiles, () => 16, 10_000)).toBeUndefined();
});

test('what was asked for before comes with a new target, after as many samples again', () => {
  const profiles = new Profiles();
  asked(profiles, () => 16, 10_000);
  expect(asked(profiles, () => 32, 10_000)).toMatchObject({ after: PRICE, distances: [16, 32] });
  expect(asked(profiles, () => 48, 10_000)).toMatchObject({ after: PRICE, distances: [16, 32, 48] });
});

test('what was postponed is asked for again once it is paid for', () => {
  const profiles = new Profiles();
  const wanted = asked(profiles, () => 16, 10_000);
  if (!wanted) throw new Error('nothing was asked for');
  expect(wanted.samples).toBe(PRICE);
  profiles.postpone(KEY, wanted, 3 * PRICE);
  expect(asked(profiles, () => 16, 10_000)).toMatchObject({ after: 2 * PRICE, distances: [16] });
  expect(asked(profiles, () => 16, 10_000)).toBeDefined();
  expect(asked(profiles, () => 16, 10_000)).toBeUndefined();
});

test('what the region has already is not asked for', () => {
  expect(
    asked(
      new Profiles(),
      () => 16,
      10_000,
      (distance) => distance === 16,
    ),
  ).toBeUndefined();
});

test('the likeliest target comes first; what is seldom seen is none', () => {
  const distance = (k: number): number => (k % 100 === 0 ? 48 : k % 3 === 0 ? 32 : 16);
  expect(asked(new Profiles(), distance, 10_000)).toMatchObject({ after: PRICE, distances: [16, 32] });
});

test('what was likely once remains so: the region has it inside then, and it is not sampled any more', () => {
  const profiles = new Profiles();
  asked(profiles, () => 16, 10_000);
  for (let k = 0; k < 200 * PRICE; k++) profiles.sampled(KEY, 32, (distance) => distance === 16, PRICE);
  expect(profiles.likely(KEY)).toEqual([32, 16]);
});
