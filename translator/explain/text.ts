// Regions as text for a terminal.

import type { ExitReport, InstructionReport, RegionReport } from './region.ts';

const EXIT: Readonly<Record<ExitReport['kind'], string>> = {
  chain: 'goes on at',
  value: 'computed:',
  poll: 'poll at',
  slow: 'reference at',
  callout: 'callout at',
};

const BYTES_WIDTH = 22;

/** @param counts regions shown, and regions that there are. */
export function dumpText(regions: readonly RegionReport[], counts: { readonly made: number }): string {
  const shown = `${regions.length} of ${counts.made} regions, hottest first\n`;
  return `${[shown, ...regions.map(regionText)].join('\n')}`;
}

function regionText(r: RegionReport): string {
  const { entry, heat, size } = r;
  const percent = (100 * heat.share).toFixed(1);
  const lines = [
    `${r.name}${r.dropped ? '   (thrown out)' : ''}`,
    `  entry  ${where(entry.linear, entry.symbol)}, physical ${hex(entry.physical)}`,
    `  key    ${r.key.join('; ')}`,
    `  heat   ${count(heat.entries)} entries, ${count(heat.instructions)} instructions, ${percent} % of all regions'`,
    `  size   ${size.instructions} instructions in ${size.blocks} blocks, ${size.guestBytes} bytes on ${size.pages} ` +
      `${size.pages === 1 ? 'page' : 'pages'}; ${size.javascriptBytes} bytes of JavaScript`,
  ];
  for (const b of r.blocks) {
    lines.push(
      '',
      `  ${b.kind === 'return' ? 'returns' : b.kind === 'entries' ? 'entries' : `block ${where(b.address, b.symbol)}`}`,
    );
    const next = b.successors.map((s) => (s < 0 ? 'returns' : hex(s))).join(', ');
    lines.push(`    executed ${count(b.executions)} times${next ? `, then ${next}` : ''}`);
    for (const i of b.instructions) lines.push(`    ${instructionText(i)}`);
    if (b.stages) {
      lines.push('    specialised:', ...b.stages.specialised.map((line) => `      ${line}`));
      lines.push('    after passes:', ...b.stages.passes.map((line) => `      ${line}`));
      if (b.stages.vectors) lines.push('    with vectors:', ...b.stages.vectors.map((line) => `      ${line}`));
    }
  }
  lines.push('', '  exits');
  const taken = r.exits.filter((e) => e.count > 0 || e.kind === 'chain' || e.kind === 'value');
  for (const e of taken) lines.push(`    ${exitText(e)}`);
  const others = r.exits.length - taken.length;
  if (others > 0) lines.push(`    and ${others} that ${others === 1 ? 'was' : 'were'} never taken`);
  if (r.estree) lines.push('', '  ESTree', ...r.estree.map((line) => `    ${line}`));
  lines.push('', '  JavaScript', ...r.javascript.map((line) => `    ${line.text}`));
  return `${lines.join('\n')}\n`;
}

function instructionText(i: InstructionReport): string {
  const address = i.address.toString(16).padStart(8, '0');
  const text = `${address}  ${i.bytes.padEnd(BYTES_WIDTH)}  ${i.class.padEnd(7)}  ${i.text}`;
  return i.target === undefined ? text : `${text} <${i.target}>`;
}

function exitText(e: ExitReport): string {
  const to = e.address < 0 ? 'nothing yet' : where(e.address, e.symbol);
  const on = e.kind === 'callout' || e.kind === 'slow' ? '' : e.region ? ` -> ${e.region}` : ' -> interpreter';
  return `${count(e.count).padStart(13)}  ${EXIT[e.kind].padEnd(12)} ${to}${e.address < 0 ? '' : on}`;
}

const where = (address: number, symbol: string | undefined): string =>
  symbol === undefined ? hex(address) : `${hex(address)} ${symbol}`;

/** `0xc0100000` */
export const hex = (v: number): string => `0x${v.toString(16).padStart(8, '0')}`;

/** With commas between thousands. */
export const count = (n: number): string => n.toString().replaceAll(/\B(?=(\d{3})+$)/g, ',');
