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
  `the Linux suite on ${title}, four times over${noCompiler && ` (skipped: ${noCompiler})`}`,
  async () => {
    using images = await linuxImages();
    const report = await runSuite(
      { engines: ['native', 'translator'], runs: 1, repeat: 4, only: [], scale: 2, linux: true, timeout: 500 },
      images,
    );
    expect(report.failures).toEqual([]);
    expect(report.rows.length).toBeGreaterThan(40);
    expect(report.rows.filter((row) => row.wrong.length).map((row) => row.name)).toEqual([]);
    expect(report.rounds.translator).toHaveLength(4);
    const memory = targets(report, report).filter((one) => one.what.includes('memory'));
    expect(memory.filter((one) => one.met !== true)).toEqual([]);
    expect(memory).toHaveLength(2);
  },
);
