// docs/performance.md: what a report says of the targets, where profiles say that time goes, what is put into the page.

import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { withGenerated } from '../../bench/document.ts';
import { type CpuProfile, summarise } from '../../bench/profile-summary.ts';
import type { EngineName, Group, Report, Row } from '../../bench/suite.ts';
import { shortfalls, slower, targets, targetTable } from '../../bench/targets.ts';

/** Seconds of native code, QEMU, v86, translator. */
function row(name: string, group: Group, ...seconds: number[]): Row {
  const engines: EngineName[] = ['native', 'qemu', 'v86', 'translator'];
  const cells = Object.fromEntries(
    engines.map((engine, k) => {
      const cpu = seconds[k] as number;
      const translation = { instructions: 1000, translated: 970, seconds: cpu / 20 };
      return [engine, { cpu, wall: cpu, runs: [cpu], ...(engine === 'translator' && { translation }) }] as const;
    }),
  );
  return { name, group, checksum: '00000001', wrong: [], cells };
}

const report: Report = {
  suite: 'linux',
  date: '2026-01-01T00:00:00.000Z',
  host: { processor: 'p', node: '24', v8: '13' },
  guest: 'g',
  guestMebibytes: 256,
  options: { engines: ['native', 'qemu', 'v86', 'translator'], runs: 1, repeat: 1, scale: 100, only: [] },
  rows: [
    row('boot', 'boot', 1, 4, 16, 8.8),
    row('sum', 'user', 1, 2, 16, 4),
    row('sort', 'user', 1, 2, 9, 1),
    row('pipe', 'kernel', 1, 2, 4, 5),
  ],
  peakMebibytes: { translator: 500 },
  rounds: { translator: [480, 490, 500] },
  failures: [],
  statistics: {},
};

test('each target is held against the report', () => {
  const found = new Map(targets(report, report).map((one) => [one.what, one] as const));
  const of = (what: string) => [found.get(what)?.measured, found.get(what)?.met];
  expect(of('boot of Linux to user space, of v86')).toEqual(['0.55', false]);
  expect(of('the same, of QEMU (TCG)')).toEqual(['2.20', undefined]);
  expect(of('user-level, v86 / translator')).toEqual(['6.00', true]);
  expect(of('user-level, translator / native')).toEqual(['2.00', true]);
  expect(of('user-level, slower than v86')).toEqual(['none', true]);
  expect(of('kernel-bound, v86 / translator')).toEqual(['0.80', false]);
  expect(of('kernel-bound, slower than v86')).toEqual(['pipe (1.25)', false]);
  expect(of("peak memory besides the guest's")).toEqual(['244 MiB', true]);
  expect(of('memory, time by time through the suite, MiB')).toEqual(['480 490 500', true]);
  expect(of('user-level instructions in translated code')).toEqual(['97.0 %', true]);
  expect(of('processor time that makes translations, user-level')).toEqual(['5.0 %', true]);
  expect(targetTable([...found.values()])).toMatch(
    /^\| kernel-bound, v86 \/ translator \| at least 2\.50 \| 0\.80 \| \*\*no\*\* \|$/m,
  );
});

test('what was not measured is neither met nor missed', () => {
  const [first] = targets({ ...report, rows: [] }, undefined);
  expect(first).toMatchObject({ measured: 'not measured', met: undefined });
});

test('memory that goes up is not flat', () => {
  const grown = { ...report, rounds: { translator: [480, 490, 500, 560] } };
  expect(targets(report, grown).find((one) => one.what.startsWith('memory'))?.met).toBe(false);
});

test('the slower benchmarks, the worst first', () => {
  const rows = [row('a', 'user', 1, 1, 1, 2), row('b', 'kernel', 1, 1, 1, 3), row('c', 'user', 1, 1, 1, 1)];
  expect(slower({ ...report, rows }).map((one) => one.name)).toEqual(['b', 'a']);
});

test('what is looked into: the boot, what is slower than v86, what is far from native', () => {
  const rows = [row('far', 'user', 1, 1, 9, 8), row('fine', 'user', 1, 1, 9, 2), row('slow', 'kernel', 1, 1, 1, 3)];
  const all = { ...report, rows: [...report.rows.slice(0, 1), ...rows] };
  expect(shortfalls(all, 9).map((one) => one.name)).toEqual(['boot', 'slow', 'far']);
  expect(shortfalls(all, 2).map((one) => one.name)).toEqual(['boot', 'slow']);
});

test('self time of a profile by part, without waiting and the profiler', () => {
  const frame = (functionName: string, url = '') => ({ functionName, url });
  const profile: CpuProfile = {
    nodes: [
      { id: 1, callFrame: frame('region7_memcpy') },
      { id: 2, callFrame: frame('interpret', 'wasm://wasm/interpret-1') },
      { id: 3, callFrame: frame('step', 'file:///x/src/cpu/reference.ts') },
      { id: 4, callFrame: frame('(idle)') },
      { id: 5, callFrame: frame('print', 'file:///x/translator/print.ts') },
      { id: 6, callFrame: frame('readFileSync', 'node:fs') },
      { id: 7, callFrame: frame('post', 'node:inspector') },
    ],
    samples: [1, 4, 2, 3, 5, 6, 1, 7],
    timeDeltas: [300, 5000, 100, 200, 50, 50, 300, 9000],
  };
  const { parts, functions } = summarise(profile, 2);
  const shares = Object.fromEntries(parts.map(({ name, part }) => [name, part]));
  expect(shares).toMatchObject({ translated: 0.6, interpreter: 0.1, engine: 0.2, translator: 0.05, other: 0.05 });
  expect(functions).toEqual([
    { name: 'region7_memcpy', part: 0.6 },
    { name: 'step', part: 0.2 },
  ]);
});

test('the page has every part that is generated, and keeps the rest', () => {
  const page = readFileSync(new URL('../../docs/performance.md', import.meta.url), 'utf8');
  const parts = { targets: 'T$&', linux: 'L', metal: 'M', profiles: 'P' };
  const written = withGenerated(page, parts);
  expect(written).toContain('<!-- generated: targets -->\n\nT$&\n\n<!-- end -->');
  expect(written).toMatch(/^## Where it falls short$/m);
  expect(withGenerated(written, parts)).toBe(written);
  expect(() => withGenerated(page, { nothing: '' })).toThrow(/no part 'nothing'/);
});
