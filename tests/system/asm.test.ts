// Regions are written in asm.js, and V8 compiles them as such. Where it does not, it says so by a warning and runs the
// text as plain JavaScript, slower and without a word from us. What can be said about it depends on where the register
// file lies in the heap, so a guest runs in the smallest and in the largest memory. A boot of Linux comes to the same
// end either way.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { hostTrained, prepareHost } from '../../src/cli/host.ts';
import { Machine } from '../../src/index.ts';
import type { CodeKind } from '../../src/memory/heap.ts';
import type { RegionFunction } from '../../translator/compile.ts';
import { Translator } from '../../translator/engine.ts';
import { hostValidates, isAsmCode, withoutValidation } from '../translator/asm-code.ts';
import { bootOptions, found } from './debian.ts';
import { root, runToEnd } from './transvisor.ts';

const MIB = 1 << 20;
/** Entries before a head is translated: the same for both forms, so that the same regions are made. */
const HEAT = 50_000;
/** Integer, string, x87 and SSE loops of the benchmark guest, chosen for the kinds of heap accesses that they lead to. */
const LOOPS = 'crc32 qsort memcpy rep-stos calls mandel-x87 mandel-sse2 nbody-sse2 packed-int packed-double';

test.each(['16M', '1G'])('every region is valid asm.js with %s', async (memory) => {
  const image = join(root, 'guests/bench/bench.elf');
  const { output, errors, stats } = await runToEnd([
    '-m',
    memory,
    '--code',
    'asm.js',
    '--kernel',
    image,
    '--append',
    LOOPS,
  ]);
  for (const loop of LOOPS.split(' ')) expect(output).toMatch(new RegExp(`^bench ${loop} end \\w+\r?$`, 'm'));
  expect(errors).not.toMatch(/asm\.js/);
  expect(stats.engine.regions).toBeGreaterThan(10);
});

const { reason, title, guest } = await found('linux-686');

/** A boot on the virtual clock, so that each is the same, with some work in user space. */
function boot(code: CodeKind = 'asm.js'): { output: string; regions: RegionFunction[]; retired: number } {
  prepareHost(code);
  const regions: RegionFunction[] = [];
  let output = '';
  const observer = {
    name: (region: number) => `region${region}`,
    translated: () => {},
    compiled: (_: number, run: RegionFunction) => void regions.push(run),
  };
  const machine = new Machine({
    memoryBytes: 96 * MIB,
    kernel: { name: guest.kernel, bytes: readFileSync(guest.kernel) },
    modules: [{ name: guest.initrd, bytes: readFileSync(guest.initrd) }],
    commandLine: bootOptions(guest, 'tv_run="gzip < /bin/busybox | sha256sum; find / | md5sum"').at(-1) as string,
    clock: 'virtual',
    code,
    engine: (cpu, memory) => new Translator(cpu, memory, { observer, heat: HEAT }),
    serial: {
      write(byte) {
        output += String.fromCharCode(byte);
      },
    },
  });
  hostTrained(code);
  while (!machine.ended) machine.runTo(machine.engine.retired() + 100_000_000);
  return { output, regions, retired: machine.engine.retired() };
}

describe.skipIf(reason)(`Debian ${title}`, () => {
  test('boots on regions that are all asm.js, and the same on plain JavaScript and on WebAssembly', () => {
    const validated = boot();
    expect(validated.output).toMatch(/transvisor: exit status 0/);
    expect(validated.regions.length).toBeGreaterThan(300);
    if (hostValidates()) expect(validated.regions.filter((run) => !isAsmCode(run)).map(String)).toEqual([]);
    const plain = withoutValidation(boot);
    expect(plain.regions.some(isAsmCode)).toBe(false);
    for (const other of [plain, boot('webassembly')]) {
      expect(other.output).toBe(validated.output);
      expect(other.retired).toBe(validated.retired);
      expect(other.regions.length).toBe(validated.regions.length);
    }
  });
});
