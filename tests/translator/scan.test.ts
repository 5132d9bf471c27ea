// What the scan makes of code where blocks have instructions in common.

import { expect, test } from 'vitest';
import type { Graph } from '../../translator/graph.ts';
import { scan } from '../../translator/scan.ts';

/** Flat segments, code and stack of 32 bits. */
const MODE = 3;
const TURNS = 60;

/** jz over the STI, TURNS times; ret. Each JZ is where two ways meet. */
function graph(most?: number): Graph {
  const u8 = new Uint8Array(4096);
  for (let k = 0; k < TURNS; k++) u8.set([0x74, 0x01, 0xfb], 3 * k);
  u8[3 * TURNS] = 0xc3;
  const memory = { u8, hostOf: (physical: number) => physical };
  const source = { memory, linear: 0, mode: MODE, frameOf: () => 0, placements: new Map() };
  return scan(source, { maxInstructions: 2 * TURNS + 1, most, inline: false, isWarm: () => true });
}

const ending = ({ blocks }: Graph): string[] =>
  [...blocks.values()].filter((b) => b.insns.length > 0).map((b) => b.insns[b.insns.length - 1]?.insn.op as string);

test('the instruction behind an STI is in its block, to where that ends', () => {
  const whole = graph(4 * TURNS);
  expect(whole.instructions).toBe(3 * TURNS + 1);
  expect(ending(whole)).not.toContain('STI');
});

test('no graph is larger by that than it may be', () => {
  for (const more of [0, 1, 17]) {
    const bounded = graph(2 * TURNS + 1 + more);
    expect(bounded.instructions).toBe(2 * TURNS + 1 + more);
    expect(ending(bounded).filter((op) => op === 'STI')).toHaveLength(TURNS - more);
  }
  expect(graph().instructions).toBe(2 * TURNS + 1);
});
