// The report as a table for people: valid Markdown, aligned for a terminal.

import {
  type EngineName,
  type Group,
  meanRatio,
  OWN_ENGINES,
  type Report,
  type Row,
  ratio,
  translationShares,
} from './suite.ts';

/** Headings of the rows with geometric means. */
const MEANS: readonly (readonly [Group, string])[] = [
  ['user', 'geometric mean, user'],
  ['kernel', 'geometric mean, kernel'],
];

/** A column of ratios: `engine`'s processor time over `base`'s, or its inverse where `faster` says so. */
interface RatioColumn {
  readonly title: string;
  readonly engine: EngineName;
  readonly base: EngineName;
}

/**
 * Processor times of all engines and how they compare: to native code, and the last engine to each other one. Of our
 * translator, how much of the suites' instructions its code executed, and what part of their processor time making it
 * took; memory.
 */
export function table(report: Report): string {
  const { engines } = report.options;
  const columns = ratioColumns(engines);
  const header = ['benchmark', ...engines.map((engine) => `${engine} s`), ...columns.map((column) => column.title)];
  const lines = report.rows.map((row) => [
    row.name + (row.wrong.length ? ' (!)' : ''),
    ...engines.map((engine) => seconds(row.cells[engine]?.cpu)),
    ...columns.map((column) => times(ratio(row, column.engine, column.base))),
  ]);
  const means = MEANS.filter(([group]) => columns.length && report.rows.some((row) => row.group === group)).map(
    ([group, title]) => [
      title,
      ...engines.map(() => ''),
      ...columns.map((column) => times(meanRatio(report, group, column.engine, column.base))),
    ],
  );
  const peak = ['peak memory, MiB', ...engines.map((engine) => mebibytes(report.peakMebibytes[engine]))];
  const none = columns.map(() => '');
  const shares = MEANS.flatMap(([group]) => {
    const of = engines.map((engine) => translationShares(report, group, engine));
    if (of.every((one) => one === undefined)) return [];
    return [
      [`translated code, ${group}`, ...of.map((one) => percent(one?.instructions)), ...none],
      [`making it, ${group}`, ...of.map((one) => percent(one?.seconds)), ...none],
    ];
  });
  const rows = [...lines, ...means, ...shares, [...peak, ...none]];
  return [aligned([header, ...rows]), ...remarks(report)].join('\n');
}

/** What a reader of the table must know besides: wrong checksums and runs that failed. */
function remarks(report: Report): string[] {
  const wrong = report.rows.filter((row) => row.wrong.length);
  return [
    ...wrong.map((row) => `(!) ${row.name}: the checksum of ${row.wrong.join(' and ')} is wrong (not ${row.checksum})`),
    ...OWN_ENGINES.flatMap((engine) => {
      const peak = report.peakMebibytes[engine];
      if (peak === undefined || Number.isNaN(peak)) return [];
      const { guestMebibytes } = report;
      return [`peak memory of ${engine}: ${peak - guestMebibytes} MiB besides the guest's ${guestMebibytes}`];
    }),
    ...Object.entries(report.rounds)
      .filter(([, rounds]) => rounds.length > 1)
      .map(([engine, rounds]) => `memory of ${engine} after each time through the suite, MiB: ${rounds.join(' ')}`),
    ...report.failures,
  ];
}

function ratioColumns(engines: readonly EngineName[]): RatioColumn[] {
  const columns: RatioColumn[] = [];
  if (engines.includes('native')) {
    for (const engine of engines) {
      if (engine !== 'native') columns.push({ title: `${engine} / native`, engine, base: 'native' });
    }
  }
  const own = engines.includes('translator') ? 'translator' : undefined;
  if (own) {
    for (const engine of engines) {
      if (engine !== own && engine !== 'native') columns.push({ title: `${engine} / ${own}`, engine, base: own });
    }
  }
  return columns;
}

function seconds(value: number | undefined): string {
  if (value === undefined) return '';
  return value >= 10 ? value.toFixed(1) : value >= 1 ? value.toFixed(2) : value.toFixed(3);
}

function times(value: number | undefined): string {
  if (value === undefined) return '';
  return value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2);
}

function percent(value: number | undefined): string {
  return value === undefined || Number.isNaN(value) ? '' : `${(100 * value).toFixed(1)} %`;
}

function mebibytes(value: number | undefined): string {
  return value === undefined || Number.isNaN(value) ? '' : value.toFixed(0);
}

/** Pads the cells of a Markdown table whose first row is its header; numbers to the right. */
function aligned(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]!.map((_, column) => Math.max(3, ...rows.map((row) => row[column]!.length)));
  const line = (row: readonly string[]): string =>
    `| ${row.map((text, column) => (column ? text.padStart(widths[column]!) : text.padEnd(widths[column]!))).join(' | ')} |`;
  const rule = `|${widths.map((width, column) => (column ? `${'-'.repeat(width + 1)}:` : `:${'-'.repeat(width + 1)}`)).join('|')}|`;
  return [line(rows[0]!), rule, ...rows.slice(1).map(line)].join('\n');
}

/** Rows by how much slower `engine` is than `base`, the worst first. */
export function worst(report: Report, engine: EngineName, base: EngineName): Row[] {
  return report.rows
    .filter((row) => ratio(row, engine, base) !== undefined)
    .sort((a, b) => ratio(b, engine, base)! - ratio(a, engine, base)!);
}
