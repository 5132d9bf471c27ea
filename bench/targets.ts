// What the translator is wanted to show, and what a report says of it.

import { meanRatio, type Report, type Row, ratio, translationShares } from './suite.ts';

export interface Target {
  readonly what: string;
  readonly wanted: string;
  readonly measured: string;
  /** Undefined where it was not measured. */
  readonly met: boolean | undefined;
}

/** Of v86's time to boot Linux. */
const BOOT = 0.5;
/** Times native, for the user-level suite. */
const NATIVE = 6;
/** MiB that the process may use besides the guest's memory. */
const BESIDES = 250;
/** How much memory may vary from the second time through the suite to the last. */
const FLAT = 1.05;

/** `linux`: all engines; `memory`: the translator many times through the suite. */
export function targets(linux: Report, memory: Report | undefined): Target[] {
  const boot = linux.rows.find((row) => row.group === 'boot');
  const shares = translationShares(linux, 'user', 'translator');
  return [
    atMost('boot of Linux to user space, of v86', boot && ratio(boot, 'translator', 'v86'), BOOT, times),
    atMost('the same, of QEMU (TCG)', boot && ratio(boot, 'translator', 'qemu'), undefined, times),
    atLeast('user-level, v86 / translator', meanRatio(linux, 'user', 'v86', 'translator'), 3.5, times),
    atMost('user-level, translator / native', meanRatio(linux, 'user', 'translator', 'native'), NATIVE, times),
    none('user-level, slower than v86', slower(linux, 'user')),
    atLeast('kernel-bound, v86 / translator', meanRatio(linux, 'kernel', 'v86', 'translator'), 2.5, times),
    atMost('kernel-bound, translator / QEMU (TCG)', meanRatio(linux, 'kernel', 'translator', 'qemu'), undefined, times),
    none('kernel-bound, slower than v86', slower(linux, 'kernel')),
    atMost("peak memory besides the guest's", besides([linux, ...(memory ? [memory] : [])]), BESIDES, mebibytes),
    flat(memory?.rounds.translator),
    atLeast('user-level instructions in translated code', shares?.instructions, 0.95, percent),
    atMost('processor time that makes translations, user-level', shares?.seconds, 0.1, percent),
  ];
}

/** Rows that the translator takes longer for than v86, the worst first. */
export function slower(report: Report, group?: Row['group']): Row[] {
  const over = (row: Row): number => ratio(row, 'translator', 'v86') ?? 0;
  return report.rows
    .filter((row) => over(row) > 1 && (group === undefined || row.group === group))
    .sort((a, b) => over(b) - over(a));
}

/**
 * Rows to look into, at most that many: the boot while it takes too long, what is slower than v86, then what is more
 * than six times native; the worst of each first.
 */
export function shortfalls(report: Report, most: number): Row[] {
  const overNative = (row: Row): number => ratio(row, 'translator', 'native') ?? 0;
  const far = report.rows
    .filter((row) => row.group !== 'boot' && overNative(row) > NATIVE)
    .sort((a, b) => overNative(b) - overNative(a));
  const boot = report.rows.filter((row) => row.group === 'boot' && (ratio(row, 'translator', 'v86') ?? 0) > BOOT);
  return [...new Set([...boot, ...slower(report), ...far])].slice(0, most);
}

/** As Markdown. */
export function targetTable(list: readonly Target[]): string {
  const lines = list.map(({ what, wanted, measured, met }) => {
    const verdict = met === undefined ? '' : met ? 'yes' : '**no**';
    return `| ${what} | ${wanted} | ${measured} | ${verdict} |`;
  });
  return ['| | wanted | measured | met |', '|:--|--:|--:|:--|', ...lines].join('\n');
}

type Format = (value: number) => string;
const times: Format = (value) => value.toFixed(2);
const percent: Format = (value) => `${(100 * value).toFixed(1)} %`;
const mebibytes: Format = (value) => `${value.toFixed(0)} MiB`;

function atMost(what: string, value: number | undefined, limit: number | undefined, format: Format): Target {
  return against(what, value, limit, format, 'at most', (v, l) => v <= l);
}

function atLeast(what: string, value: number | undefined, limit: number, format: Format): Target {
  return against(what, value, limit, format, 'at least', (v, l) => v >= l);
}

function against(
  what: string,
  value: number | undefined,
  limit: number | undefined,
  format: Format,
  word: string,
  isMet: (value: number, limit: number) => boolean,
): Target {
  const known = value !== undefined && Number.isFinite(value);
  return {
    what,
    wanted: limit === undefined ? '' : `${word} ${format(limit)}`,
    measured: known ? format(value) : 'not measured',
    met: known && limit !== undefined ? isMet(value, limit) : undefined,
  };
}

function none(what: string, rows: readonly Row[]): Target {
  const named = rows.map((row) => `${row.name} (${times(ratio(row, 'translator', 'v86')!)})`);
  return { what, wanted: 'none', measured: named.join(', ') || 'none', met: rows.length === 0 };
}

function besides(reports: readonly Report[]): number | undefined {
  const all = reports.flatMap((one) => {
    const peak = one.peakMebibytes.translator;
    return peak === undefined || peak === null ? [] : [peak - one.guestMebibytes];
  });
  return all.length ? Math.max(...all) : undefined;
}

function flat(rounds: readonly number[] | undefined): Target {
  const wanted = `within ${percent(FLAT - 1)} from the second time on`;
  const what = 'memory, time by time through the suite, MiB';
  if (!rounds || rounds.length < 3) return { what, wanted, measured: 'not measured', met: undefined };
  const settled = rounds.slice(1);
  const met = Math.max(...settled) <= FLAT * Math.min(...settled);
  return { what, wanted, measured: rounds.join(' '), met };
}
