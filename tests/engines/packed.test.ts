// Packed code that fills up: what is forgotten and packed again leads to the regions that there are.

import { expect, test } from 'vitest';
import { BlockCache } from '../../src/cpu/block-cache.ts';
import { PACKED_BYTES } from '../../src/memory/layout.ts';
import { Memory } from '../../src/memory/memory.ts';

const HEAT = 100;
/** Flat segments, code and stack of 32 bits. */
const MODE = 3;
const REGION = 7;
const AT = 0x4000;
const OTHERS = 0x100000;

function machine(): { memory: Memory; blocks: BlockCache } {
  const ramBytes = 4 << 20;
  const raisePageFault = (): never => {
    throw new Error('a page fault');
  };
  const memory = new Memory({ ramBytes, raisePageFault });
  memory.map.add({ name: 'RAM', start: 0, bytes: ramBytes, backing: { kind: 'ram', host: 0 } });
  memory.u8.fill(0x40, AT, AT + 16); // inc eax
  memory.u8[AT + 16] = 0xc3; // ret
  return { memory, blocks: new BlockCache(memory, HEAT) };
}

test('a block leads to its region when it is packed', () => {
  const { blocks } = machine();
  const counting = blocks.block(AT, MODE);
  expect(blocks.code.isCounting(counting)).toBe(true);
  blocks.regionAt = (physical, mode) => (physical === AT && mode === MODE ? REGION : -1);
  blocks.clear();
  const o = blocks.block(AT, MODE);
  expect(blocks.code.isLedTo(o, REGION)).toBe(true);
  expect(blocks.code.isCounting(blocks.block(AT + 1, MODE))).toBe(true);
});

test('room for packed code runs out, and comes back', () => {
  const { memory, blocks } = machine();
  memory.u8.fill(0xc3, OTHERS, 4 << 20);
  let packed = 0;
  while (!blocks.isFull()) blocks.block(OTHERS + packed++, MODE);
  expect(blocks.statistics().packedBytes).toBeGreaterThan(PACKED_BYTES - 4096);
  expect(blocks.statistics().packedBytes).toBeLessThanOrEqual(PACKED_BYTES);
  blocks.clear();
  expect(blocks.statistics().packedBytes).toBeLessThan(4096);
  expect(blocks.isFull()).toBe(false);
  expect(blocks.statistics()).toMatchObject({ flushes: 1, blocks: packed });
});
