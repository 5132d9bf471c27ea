// The benchmarks inside Debian's kernel, small, several times over: they compute what native code computes, and memory
// stays within its bound and where it is. Full size, ten times: see docs/performance.md.

import { expect, test } from 'vitest';
import { linuxImages } from '../../bench/images.ts';
import { runSuite } from '../../bench/suite.ts';
import { targets } from '../../bench/targets.ts';
import { compilerVersion } from '../../guests/bench/build.ts';
import { found } from './debian.ts';

const { reason, title } = await found('linux-686');
const noCompiler = compilerVersion() ? '' : 'no gcc for 32 bits';

test.skipIf(reason || noCompiler)(
  `the Linux suite on ${title}, six times over${noCompiler && ` (skipped: ${noCompiler})`}`,
  async () => {
    using images = await linuxImages();
    const report = await runSuite(
      { engines: ['native', 'translator'], runs: 1, repeat: 6, only: [], scale: 2, linux: true, timeout: 500 },
      images,
    );
    expect(report.failures).toEqual([]);
    expect(report.rows.length).toBeGreaterThan(40);
    expect(report.rows.filter((row) => row.wrong.length).map((row) => row.name)).toEqual([]);
    const memory = targets(report, report).filter((one) => one.what.includes('memory'));
    expect(memory).toHaveLength(2);
    expect(memory[0]?.met).toBe(true);
    // So small, the suite is warm only after three times.
    const rounds = report.rounds.translator ?? [];
    expect(rounds).toHaveLength(6);
    expect(rounds[5]).toBeLessThan(1.1 * (rounds[2] as number));
  },
);
