import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { chart } from '../../bench/chart.ts';
import { metalImages } from '../../bench/images.ts';
import { Markers } from '../../bench/markers.ts';
import {
  type EngineName,
  geometricMean,
  meanRatio,
  median,
  type Report,
  type Row,
  runSuite,
} from '../../bench/suite.ts';
import { table } from '../../bench/table.ts';
import { benchImage, buildMetal, COMPILER_VERSION, compilerVersion } from '../../guests/bench/build.ts';

test('markers that come in pieces are measured when their line is complete', () => {
  let cpu = 0;
  const markers = new Markers(() => ({ cpu: ++cpu, wall: cpu * 10 }));
  for (const piece of ['[ 1.0] bench ', 'a begin\r', '\nnoise\nbench a e', 'nd 0000', 'beef\nbench done\n']) {
    markers.feed(piece);
  }
  expect(markers.samples).toEqual([{ name: 'a', checksum: '0000beef', cpu: 1, wall: 10 }]);
  expect(markers.done).toBe(true);
});

test('an end without its begin is no sample', () => {
  const markers = new Markers(() => ({ cpu: 0, wall: 0 }));
  markers.feed('bench a end 00000000\nbench b begin\nbench a end 00000000\n');
  expect(markers.samples).toEqual([]);
  expect(markers.current).toBe('b');
});

test('a native program measures itself', () => {
  const markers = new Markers(() => ({ cpu: 7, wall: 7 }));
  markers.feed('bench a begin\nbench a end 0000beef 1500 2500000\n');
  expect(markers.samples).toEqual([{ name: 'a', checksum: '0000beef', cpu: 0.0015, wall: 2.5 }]);
});

test('medians and geometric means', () => {
  expect(median([3, 1, 2])).toBe(2);
  expect(median([4, 1, 2, 3])).toBe(2.5);
  expect(geometricMean([1, 4, 16])).toBeCloseTo(4);
});

const report: Report = {
  suite: 'bare metal',
  date: '2026-01-01T00:00:00.000Z',
  host: { processor: 'p', node: '24', v8: '13' },
  guest: 'a <guest>',
  guestMebibytes: 64,
  options: { engines: ['native', 'translator'], runs: 1, repeat: 1, scale: 100, only: [] },
  rows: [row('one', 1, 2, []), row('two', 1, 8, ['translator'])],
  peakMebibytes: { translator: 300 },
  rounds: {},
  failures: [],
  statistics: {},
};

function row(name: string, native: number, translator: number, wrong: EngineName[]): Report['rows'][number] {
  const cell = (cpu: number) => ({ cpu, wall: cpu, runs: [cpu] });
  return {
    name,
    group: 'user',
    checksum: '00000001',
    wrong,
    cells: { native: cell(native), translator: cell(translator) },
  };
}

test('the table has a ratio for each row, the geometric mean, and marks wrong checksums', () => {
  const text = table(report);
  expect(text).toMatch(/^\| one +\| +1\.00 \| +2\.00 \| +2\.00 \|$/m);
  expect(text).toMatch(/^\| geometric mean, user +\| +\| +\| +4\.00 \|$/m);
  expect(text).toContain('(!) two: the checksum of translator is wrong (not 00000001)');
  expect(meanRatio(report, 'user', 'translator', 'native')).toBeCloseTo(4);
});

test('the table tells the part of instructions in translated code, and memory after each time through', () => {
  const translation = (translated: number) => ({ instructions: 1000, translated, seconds: 0.25 });
  const [one, two] = report.rows as [Row, Row];
  const cells = (row: Row, n: number) => ({ translator: { ...row.cells.translator!, translation: translation(n) } });
  const rows = [
    { ...one, cells: cells(one, 900) },
    { ...two, cells: cells(two, 1000) },
  ];
  const text = table({ ...report, rows, rounds: { translator: [290, 300], v86: [400] } });
  expect(text).toMatch(/^\| translated code, user +\| +\| +95\.0 % \| +\|$/m);
  expect(text).toMatch(/^\| making it, user +\| +\| +5\.0 % \| +\|$/m);
  expect(text).toContain('memory of translator after each time through the suite, MiB: 290 300');
  expect(text).not.toContain('memory of v86');
});

test('the chart is well-formed and escapes what it is told', () => {
  const svg = chart(report);
  expect(svg).toContain('a &lt;guest>');
  const opened = svg.match(/<(svg|text)\b/g)!.length;
  expect(svg.match(/<\/(svg|text)>/g)!.length).toBe(opened);
});

const version = compilerVersion();

test.skipIf(version !== COMPILER_VERSION)(
  `bench.elf is what its source makes (skipped without gcc ${COMPILER_VERSION} for 32 bits: others may make other bytes)`,
  () => {
    expect(buildMetal().equals(readFileSync(benchImage))).toBe(true);
  },
);

test(`interpreter and translator${version ? ' and native code' : ' (native skipped: no gcc for 32 bits)'} compute the same`, async () => {
  const engines: EngineName[] = [...(version ? (['native'] as const) : []), 'interpreter', 'translator'];
  using images = metalImages({ native: engines.includes('native') });
  const options = { engines, runs: 1, repeat: 1, only: [], scale: 1, linux: false, timeout: 100 };
  const measured = await runSuite(options, images);
  expect(measured.failures).toEqual([]);
  expect(measured.rows.filter((one) => one.wrong.length)).toEqual([]);
  expect(measured.rows.length).toBeGreaterThan(25);
  for (const one of measured.rows) expect(Object.keys(one.cells).sort()).toEqual([...engines].sort());
});
