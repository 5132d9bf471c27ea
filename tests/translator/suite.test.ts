// What the bare-metal benchmarks must show of the translator: every region is asm.js, the same come out right as plain
// JavaScript, and nearly all instructions are executed in translated code.

import { beforeAll, describe, expect, test } from 'vitest';
import { MAX_INSTRUCTIONS } from '../../translator/graph-of.ts';
import { hostValidates, isAsmCode, withoutValidation } from './asm-code.ts';
import { runMetalSuite, type SuiteRun, translatedShare } from './metal-suite.ts';

/** Their x87 instructions are callouts: see docs/performance.md. */
const CALLED_OUT = ['mandel-x87', 'nbody-x87'];
const WANTED = 0.95;

const validates = hostValidates();
const checksums = ({ kernels }: SuiteRun): string[] => [...kernels].map(([name, k]) => `${name} ${k.checksum}`);

describe('the bare-metal suite', () => {
  let expected: string[];
  let suite: SuiteRun;
  beforeAll(() => {
    expected = checksums(runMetalSuite('interpreter'));
    suite = runMetalSuite('translator');
  });

  test('comes out as in the interpreter', () => {
    expect(expected.length).toBeGreaterThan(25);
    expect(checksums(suite)).toEqual(expected);
  });

  test('has a loop that is made again, larger than regions are at first', () => {
    expect(suite.largest).toBeGreaterThan(MAX_INSTRUCTIONS);
  });

  test(`executes at least ${100 * WANTED} % of its instructions in translated code`, () => {
    const kernels = [...suite.kernels].filter(([name]) => !CALLED_OUT.includes(name)).map(([, k]) => k);
    expect(translatedShare(kernels)).toBeGreaterThan(WANTED);
  });

  test.skipIf(!validates)('consists of regions that are asm.js (skipped where the host does not validate it)', () => {
    expect(suite.regions.length).toBeGreaterThan(60);
    expect(suite.regions.filter((run) => !isAsmCode(run)).map(String)).toEqual([]);
  });

  test('comes out the same as plain JavaScript', () => {
    const plain = withoutValidation(() => runMetalSuite('translator'));
    expect(plain.regions.length).toBe(suite.regions.length);
    expect(plain.regions.some(isAsmCode)).toBe(false);
    expect(checksums(plain)).toEqual(expected);
    expect([...plain.kernels]).toEqual([...suite.kernels]);
  });

  test('comes out the same as WebAssembly', () => {
    const wasm = runMetalSuite('translator', {}, 'webassembly');
    expect(wasm.regions.length).toBe(suite.regions.length);
    expect(checksums(wasm)).toEqual(expected);
    expect([...wasm.kernels]).toEqual([...suite.kernels]);
  });
});
