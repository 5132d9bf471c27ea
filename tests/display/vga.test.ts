// The scripts on our VGA, against what QEMU's shows and reads (vga.vectors.json, made by record.ts).

import { describe, expect, test } from 'vitest';
import { adapter, pixels, run } from './adapter.ts';
import { digest } from './digest.ts';
import vectors from './vga.vectors.json' with { type: 'json' };
import { scripts } from './vga-scripts.ts';

describe(`as ${vectors.recordedFrom}`, () => {
  const results: Record<string, { size: string; pixels: string; reads: string }> = vectors.results;
  for (const [name, steps] of Object.entries(scripts)) {
    test(name, () => {
      const machine = adapter();
      const reads = run(machine, steps);
      const { size, rgb } = pixels(machine);
      const result = { size, pixels: digest(rgb), reads };
      expect(result).toEqual(results[name]);
    });
  }
});
