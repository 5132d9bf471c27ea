// The report as a picture: one row of bars for each benchmark, on a logarithmic scale, as SVG 1.1 without scripts.

import { type EngineName, type Group, meanRatio, type Report, ratio } from './suite.ts';

const BAR = 7;
const GAP = 8;
const LEFT = 130;
const RIGHT = 60;
const TOP = 64;
const WIDTH = 860;

const COLOURS: Readonly<Record<EngineName, string>> = {
  native: '#7a7a7a',
  qemu: '#e08a1e',
  v86: '#b04a5a',
  interpreter: '#8fb3d9',
  'asm.js': '#5a9e6f',
  translator: '#1f5fa8',
};

interface Line {
  readonly name: string;
  readonly values: readonly (readonly [EngineName, number])[];
  readonly bold: boolean;
}

/** Processor time over native's, or over the first engine's where native did not run; shorter is better. */
export function chart(report: Report): string {
  const base = report.options.engines.includes('native') ? 'native' : report.options.engines[0]!;
  const shown = report.options.engines.filter((engine) => engine !== base);
  const lines = linesOf(report, base, shown);
  const all = lines.flatMap((line) => line.values.map(([, value]) => value));
  const low = 10 ** Math.floor(Math.log10(Math.min(1, ...all)));
  const high = 10 ** Math.ceil(Math.log10(Math.max(10, ...all)));
  const x = (value: number): number => LEFT + ((WIDTH - LEFT - RIGHT) * Math.log(value / low)) / Math.log(high / low);
  const rowHeight = shown.length * BAR + GAP;
  const height = TOP + lines.length * rowHeight + 24;
  const parts = [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" font-family="sans-serif" font-size="12">`,
    `<rect width="${WIDTH}" height="${height}" fill="#ffffff"/>`,
    text(
      12,
      20,
      `Processor time relative to ${base} (${report.suite}; ${report.guest}); shorter is faster`,
      'font-size="14"',
    ),
    ...legend(shown),
    ...grid(low, high, x, height),
  ];
  lines.forEach((line, row) => {
    const y = TOP + row * rowHeight;
    const weight = line.bold ? ' font-weight="bold"' : '';
    parts.push(text(LEFT - 8, y + rowHeight / 2 + 2, line.name, `text-anchor="end"${weight}`));
    for (const [engine, value] of line.values) {
      const top = y + shown.indexOf(engine) * BAR;
      const [from, to] = [Math.min(x(1), x(value)), Math.max(x(1), x(value))];
      parts.push(
        `<rect x="${from.toFixed(1)}" y="${top}" width="${Math.max(to - from, 1).toFixed(1)}" height="${BAR - 1}" fill="${COLOURS[engine]}"/>`,
        text(to + 3, top + BAR - 1, short(value), 'font-size="8" fill="#444444"'),
      );
    }
  });
  return `${[...parts, '</svg>'].join('\n')}\n`;
}

function linesOf(report: Report, base: EngineName, shown: readonly EngineName[]): Line[] {
  const lines: Line[] = [];
  const add = (name: string, bold: boolean, value: (engine: EngineName) => number | undefined): void => {
    const values = shown.flatMap((engine) => {
      const found = value(engine);
      return found === undefined ? [] : [[engine, found] as const];
    });
    if (values.length) lines.push({ name, values, bold });
  };
  for (const group of ['boot', 'user', 'kernel'] satisfies Group[]) {
    for (const row of report.rows) {
      if (row.group === group) add(row.name, false, (engine) => ratio(row, engine, base));
    }
    if (group !== 'boot') add(`mean, ${group}`, true, (engine) => meanRatio(report, group, engine, base));
  }
  return lines;
}

function legend(shown: readonly EngineName[]): string[] {
  return shown.flatMap((engine, index) => {
    const left = 12 + index * 110;
    return [
      `<rect x="${left}" y="30" width="10" height="10" fill="${COLOURS[engine]}"/>`,
      text(left + 14, 39, engine, ''),
    ];
  });
}

function grid(low: number, high: number, x: (value: number) => number, height: number): string[] {
  const parts: string[] = [];
  for (let value = low; value <= high * 1.001; value *= 10) {
    const at = x(value).toFixed(1);
    parts.push(`<line x1="${at}" y1="${TOP - 6}" x2="${at}" y2="${height - 20}" stroke="#dddddd"/>`);
    parts.push(text(Number(at), height - 6, `${short(value)}x`, 'text-anchor="middle" fill="#666666"'));
  }
  return parts;
}

function short(value: number): string {
  return value >= 10 ? value.toFixed(0) : value >= 1 ? value.toFixed(1) : value.toFixed(2);
}

function text(x: number, y: number, content: string, attributes: string): string {
  const escaped = content.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
  return `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" ${attributes}>${escaped}</text>`;
}
