// The heap: sizes that asm.js accepts, everything in order, limits that name themselves.

import { describe, expect, test } from 'vitest';
import { UserError } from '../../src/lib/errors.ts';
import { LINKS_BYTES, layoutHeap, PACKED_BYTES, TABLE_BYTES, TAGS_BYTES } from '../../src/memory/layout.ts';

const MIB = 1 << 20;

describe('heap layout', () => {
  test.each([
    [1 * MIB, 0],
    [4 * MIB, 64 * 1024],
    [63 * MIB, 1],
    [256 * MIB, 16 * MIB],
    [1024 * MIB, 17 * MIB],
  ])('%i bytes of RAM and %i more', (ramBytes, extraBytes) => {
    const layout = layoutHeap({ ramBytes, extraBytes });
    expect(layout.extraAt).toBe(ramBytes);
    expect(layout.extraBytes).toBeGreaterThanOrEqual(extraBytes);
    expect(layout.registersAt).toBe(ramBytes + layout.extraBytes);
    expect(layout.registersAt % 4096).toBe(0);
    expect(layout.linksAt).toBe(layout.registersAt + 4096);
    expect(layout.tablesAt).toBe(layout.linksAt + LINKS_BYTES);
    expect(layout.tagsAt).toBe(layout.tablesAt + (1 + layout.userTables) * TABLE_BYTES);
    expect(layout.codeAt).toBe(layout.tagsAt + TAGS_BYTES);
    const used = layout.codeAt + PACKED_BYTES;
    expect(layout.heapBytes).toBeGreaterThanOrEqual(used);
    expect(layout.heapBytes).toBeLessThanOrEqual(2 ** 31);
    expect(layout.heapBytes % (16 * MIB)).toBe(0);
  });

  test.each([0, MIB - 4096, 1024 * MIB + 4096, Number.NaN])(
    '%i bytes of RAM are refused, with the range',
    (ramBytes) => {
      expect(() => layoutHeap({ ramBytes })).toThrow(UserError);
      expect(() => layoutHeap({ ramBytes })).toThrow(/1M to 1024M/);
    },
  );

  test('RAM that is not whole pages is refused', () => {
    expect(() => layoutHeap({ ramBytes: 2 * MIB + 1 })).toThrow(/multiple of 4 KiB/);
  });

  test('a heap over 2 GiB is refused', () => {
    expect(() => layoutHeap({ ramBytes: 1024 * MIB, extraBytes: 1000 * MIB })).toThrow(/2 GiB/);
  });
});
