// Which regions go where the cache is full, and what they take until their module is gone.

import { expect, test } from 'vitest';
import { MODES } from '../../src/cpu/mode.ts';
import { keyOf, type Region } from '../../translator/region.ts';
import { emptyModule, RegionCache } from '../../translator/region-cache.ts';

const FRAME = 0x1000;

/** A region of 100 bytes of the cache, with one block on a page of its own. */
function regionOf(number: number): Region {
  const physical = number * FRAME;
  return {
    number,
    bytes: 100,
    physical,
    heads: [physical],
    keys: [keyOf(physical, 3)],
    inside: new Set([physical]),
    outside: [],
    pieces: [{ physical, length: 8 }],
    mode: 3,
    user: 0,
    samples: 0,
    samplesBefore: 0,
  } as unknown as Region;
}

function filled(count: number, maxBytes: number): { cache: RegionCache; regions: Region[] } {
  const cache = new RegionCache(maxBytes);
  const regions = Array.from({ length: count }, (_, k) => regionOf(k + 1));
  for (const region of regions) {
    cache.announce(region);
    cache.add(region, emptyModule());
  }
  return { cache, regions };
}

function evicted(cache: RegionCache): number[] {
  const numbers: number[] = [];
  for (const region of cache.excess()) {
    cache.remove(region);
    numbers.push(region.number);
  }
  return numbers;
}

test('nothing goes while there is room', () => {
  const { cache } = filled(8, 800);
  expect(evicted(cache)).toEqual([]);
});

test('the oldest go, until a quarter is free', () => {
  const { cache } = filled(9, 800);
  expect(evicted(cache)).toEqual([1, 2, 3]);
  expect(cache.bytes).toBe(600);
});

test('what was in use stays once, and is the youngest then', () => {
  const { cache, regions } = filled(9, 800);
  (regions[0] as Region).samples = 5;
  (regions[2] as Region).samples = 1;
  expect(evicted(cache)).toEqual([2, 4, 5]);
  for (const region of [10, 11, 12].map(regionOf)) {
    cache.announce(region);
    cache.add(region, emptyModule());
  }
  expect(evicted(cache)).toEqual([6, 7, 8]);
  for (const region of [13, 14, 15].map(regionOf)) {
    cache.announce(region);
    cache.add(region, emptyModule());
  }
  // Behind 9: the two that were not seen again.
  expect(evicted(cache)).toEqual([9, 1, 3]);
});

test('where all are in use, the oldest go nevertheless', () => {
  const { cache, regions } = filled(9, 800);
  for (const region of regions) region.samples = 1;
  expect(evicted(cache)).toEqual([1, 2, 3]);
});

test('a region that is removed leads nowhere', () => {
  const { cache, regions } = filled(2, 800);
  const [first] = regions as [Region];
  expect(cache.at(keyOf(FRAME, 3))).toBe(first);
  expect(cache.isInside(FRAME, 3)).toBe(true);
  expect(cache.overlapping(FRAME + 4, 1)).toEqual([first]);
  cache.remove(first);
  expect(cache.at(keyOf(FRAME, 3))).toBeUndefined();
  expect(cache.isInside(FRAME, 3)).toBe(false);
  expect(cache.overlapping(FRAME + 4, 1)).toEqual([]);
  expect(cache.bytes).toBe(100);
});

test('what was compiled together takes memory until all of it is gone', () => {
  const cache = new RegionCache(800);
  const together = emptyModule();
  const regions = [1, 2, 3, 4].map(regionOf) as [Region, Region, Region, Region];
  for (const region of regions) {
    cache.announce(region);
    cache.add(region, together);
  }
  cache.remove(regions[0]);
  expect(cache.bytes).toBe(400);
  for (const region of regions.slice(1)) cache.remove(region);
  expect(cache.bytes).toBe(0);
});

test('modules are evicted whole; one that is in use stays, unless most of it is gone', () => {
  const cache = new RegionCache(800);
  const modules = [1, 4, 7].map((first) => {
    const module = emptyModule();
    const regions = [first, first + 1, first + 2].map(regionOf);
    for (const region of regions) {
      cache.announce(region);
      cache.add(region, module);
    }
    return regions as [Region, Region, Region];
  });
  const [mostlyGone, inUse, idle] = modules as [(typeof modules)[0], (typeof modules)[0], (typeof modules)[0]];
  mostlyGone[2].samples = 9;
  inUse[1].samples = 1;
  cache.remove(mostlyGone[0]);
  expect(cache.bytes).toBe(900);
  cache.remove(mostlyGone[1]);
  expect(evicted(cache)).toEqual([3]);
  const more = emptyModule();
  for (const region of [10, 11, 12].map(regionOf)) {
    cache.announce(region);
    cache.add(region, more);
  }
  expect(evicted(cache)).toEqual(idle.map(({ number }) => number));
  expect(cache.get(4)).toBe(inUse[0]);
});

test('each head has a key of its own: of every address, with every mode', () => {
  const addresses = [0, 1, FRAME, 0x7fffffff, -0x80000000, -1];
  const keys = addresses.flatMap((physical) => [0, 3, MODES >> 1, MODES - 1].map((mode) => keyOf(physical, mode)));
  expect(new Set(keys).size).toBe(keys.length);
  expect(keys.every(Number.isSafeInteger)).toBe(true);
});
