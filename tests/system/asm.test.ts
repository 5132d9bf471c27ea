// Regions are written in asm.js, and V8 compiles them as such. Where it does not, it says so by a warning and runs the
// text as plain JavaScript, slower and without a word from us. What can be said about it depends on where the register
// file lies in the heap, so the guest runs in the smallest and in the largest memory.

import { join } from 'node:path';
import { expect, test } from 'vitest';
import { root, runToEnd } from './transvisor.ts';

/** Integer, string, x87 and SSE loops of the benchmark guest, chosen for the kinds of heap accesses that they lead to. */
const LOOPS = 'crc32 qsort memcpy rep-stos calls mandel-x87 mandel-sse2 nbody-sse2 packed-int packed-double';

test.each(['16M', '1G'])('every region is valid asm.js with %s', async (memory) => {
  const image = join(root, 'guests/bench/bench.elf');
  const { output, errors, stats } = await runToEnd(['-m', memory, '--kernel', image, '--append', LOOPS]);
  for (const loop of LOOPS.split(' ')) expect(output).toMatch(new RegExp(`^bench ${loop} end \\w+\r?$`, 'm'));
  expect(errors).not.toMatch(/asm\.js/);
  expect(stats.engine.regions).toBeGreaterThan(10);
});
