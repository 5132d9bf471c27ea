// Translator and interpreter in lock-step, compared at exits of regions: the demo guest, and the beginning of a Linux
// boot with everything translated early. LOCKSTEP=N goes on to N instructions (a whole boot is some 6.5e9, and takes a
// quarter of an hour).

import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { demoImage } from '../../guests/demo/build.ts';
import { verify } from '../../translator/verify.ts';
import { bootOptions, found } from '../system/debian.ts';
import { Lockstep } from './lockstep.ts';

const MIB = 1 << 20;
const LENGTH = Number(process.env.LOCKSTEP ?? 150_000_000);

test('the demo guest, from its first instruction to power-off', () => {
  const lockstep = new Lockstep({
    machine: {
      memoryBytes: 16 * MIB,
      kernel: { name: 'demo.bin', bytes: readFileSync(demoImage) },
      commandLine: 'batch',
    },
    translator: { heat: 50, batchEntries: 10, maxBatch: 4, verify },
    every: 10,
    memoryEvery: 10_000_000,
  });
  expect(lockstep.run(1e9)).toBeUndefined();
  expect(lockstep.translated.ended).toEqual({ reason: 'power-off' });
  expect(lockstep.interpreted.ended).toEqual({ reason: 'power-off' });
  expect(lockstep.comparisons).toBeGreaterThan(500);
  expect(lockstep.translated.engine.statistics().regions).toBeGreaterThan(30);
});

const { reason, title, guest } = await found('linux-686');

describe.skipIf(reason)(`Debian ${title}`, () => {
  test(
    `the first ${LENGTH} instructions of its boot`,
    () => {
      const lockstep = new Lockstep({
        machine: {
          memoryBytes: 96 * MIB,
          kernel: { name: guest.kernel, bytes: readFileSync(guest.kernel) },
          modules: [{ name: guest.initrd, bytes: readFileSync(guest.initrd) }],
          commandLine: bootOptions(guest, 'tv_run="poweroff"').at(-1) as string,
        },
        translator: { heat: 300, batchEntries: 10, maxBatch: 8, verify },
        every: 250,
        memoryEvery: 50_000_000,
      });
      expect(lockstep.run(LENGTH)).toBeUndefined();
      expect(lockstep.comparisons).toBeGreaterThan(LENGTH / 200_000);
    },
    Math.max(120_000, LENGTH / 1000),
  );
});
