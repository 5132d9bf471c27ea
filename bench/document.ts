// npm run performance [-- --runs 3] [--rounds 10] [--profiles 12] [--fresh] [--directory .cache/performance]: measures what docs/performance.md shows,
// and writes it there: the generated parts of the page, and the charts beside it. What the directory has already is not
// measured again, unless --fresh says so. It takes about an hour, and a quiet machine.

import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { NODE_ARGUMENTS } from '../src/cli/host.ts';
import { UserError } from '../src/lib/errors.ts';
import { chart } from './chart.ts';
import { linuxImages, metalImages } from './images.ts';
import { type CpuProfile, PART_NAMES, summarise } from './profile-summary.ts';
import { type EngineName, type Report, type Row, ratio, runSuite } from './suite.ts';
import { table } from './table.ts';
import { shortfalls, targets, targetTable } from './targets.ts';

const DOCS = fileURLToPath(new URL('../docs/', import.meta.url));
const LINUX_CHART = 'performance-linux.svg';
const METAL_CHART = 'performance-metal.svg';
const LINUX: readonly EngineName[] = ['native', 'qemu', 'v86', 'asm.js', 'translator'];
const METAL: readonly EngineName[] = ['native', 'qemu', 'v86', 'interpreter', 'asm.js', 'translator'];
/** Seconds for one run. */
const TIMEOUT = 3600;
const HOTTEST = 5;

interface Measuring {
  readonly directory: string;
  readonly runs: number;
}

/** Reads a report, or measures it. */
async function report(
  { directory, runs }: Measuring,
  name: string,
  options: { linux: boolean; engines: readonly EngineName[]; repeat?: number; only?: string[]; profile?: string },
): Promise<Report> {
  const path = join(directory, `${name}.json`);
  const known = existing(path);
  if (known !== undefined) return JSON.parse(known) as Report;
  using images = options.linux ? await linuxImages() : metalImages({ native: options.engines.includes('native') });
  const made = await runSuite(
    {
      only: [],
      repeat: 1,
      scale: 100,
      timeout: TIMEOUT,
      runs,
      ...options,
      progress: (text) => console.error(`${name}: ${text}`),
    },
    images,
  );
  writeFileSync(path, `${JSON.stringify(made, undefined, 1)}\n`);
  return made;
}

/** The translator's time on one benchmark under Linux, or on the boot, as a line of a table. */
async function profiled(measuring: Measuring, row: Row): Promise<string> {
  const name = `profile-${row.name}`;
  const directory = join(measuring.directory, name);
  const path = join(directory, 'translator.cpuprofile');
  mkdirSync(directory, { recursive: true });
  if (row.group === 'boot') {
    if (existing(path) === undefined) profileBoot(directory);
  } else {
    const options = { linux: true, engines: ['translator'] as const, only: [row.name], profile: directory };
    await report({ ...measuring, runs: 1 }, name, options);
  }
  const text = existing(path);
  const over = (base: EngineName): string => ratio(row, 'translator', base)?.toFixed(2) ?? '';
  const cells = [row.name, over('v86'), over('native')];
  if (text === undefined) return `| ${cells.join(' | ')} |${' |'.repeat(PART_NAMES.length + 1)}`;
  const { parts, functions } = summarise(JSON.parse(text) as CpuProfile, HOTTEST);
  const hottest = functions.map((one) => `\`${one.name}\` ${percent(one.part)}`).join(', ');
  return `| ${[...cells, ...parts.map((one) => percent(one.part)), hottest].join(' | ')} |`;
}

function profileBoot(directory: string): void {
  console.error('profile-boot');
  const peer = fileURLToPath(new URL('peers/transvisor.ts', import.meta.url));
  const flags = ['--cpu-prof', '--cpu-prof-dir', directory, '--cpu-prof-name', 'translator.cpuprofile'];
  const node = [...flags, ...NODE_ARGUMENTS, '--disable-warning=ExperimentalWarning'];
  spawnSync(process.execPath, [...node, peer, '--named'], { stdio: 'ignore' });
}

function percent(part: number): string {
  return `${(100 * part).toFixed(0)} %`;
}

function existing(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

/** The page with what stands between `<!-- generated: NAME -->` and `<!-- end -->` replaced. */
export function withGenerated(page: string, parts: Readonly<Record<string, string>>): string {
  let text = page;
  for (const [name, part] of Object.entries(parts)) {
    const begin = `<!-- generated: ${name} -->\n`;
    const from = text.indexOf(begin);
    const to = text.indexOf('\n<!-- end -->', from);
    if (from < 0 || to < 0) throw new UserError(`docs/performance.md has no part '${name}' between its comments`);
    text = `${text.slice(0, from + begin.length)}\n${part}\n${text.slice(to)}`;
  }
  return text;
}

function provenance({ date, host, options, guest }: Report): string {
  const runs = options.runs === 1 ? 'one run' : `medians of ${options.runs} runs`;
  return `${date.slice(0, 10)}, ${host.processor}, Node ${host.node} (V8 ${host.v8}); ${guest}; ${runs}, interleaved.`;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      runs: { type: 'string', default: '3' },
      directory: { type: 'string', default: '.cache/performance' },
      /** Times through the suite to see whether memory stays as it is. */
      rounds: { type: 'string', default: '10' },
      /** Benchmarks to be profiled, at most. */
      profiles: { type: 'string', default: '12' },
      fresh: { type: 'boolean', default: false },
    },
  });
  const measuring = { directory: values.directory, runs: Number(values.runs) };
  if (!(measuring.runs >= 1)) throw new UserError(`--runs ${values.runs}: give a number of runs`);
  const [rounds, profiles] = [Number(values.rounds), Number(values.profiles)];
  if (!(rounds >= 1 && profiles >= 0)) throw new UserError('--rounds, --profiles: give a number');
  if (values.fresh) rmSync(measuring.directory, { recursive: true, force: true });
  mkdirSync(measuring.directory, { recursive: true });
  const linux = await report(measuring, 'linux', { linux: true, engines: LINUX });
  const metal = await report(measuring, 'metal', { linux: false, engines: METAL });
  const memory = await report({ ...measuring, runs: 1 }, 'memory', {
    linux: true,
    engines: ['translator'],
    repeat: rounds,
  });
  const lines: string[] = [];
  for (const row of shortfalls(linux, profiles)) lines.push(await profiled(measuring, row));
  const header = `| benchmark | / v86 | / native | ${PART_NAMES.join(' | ')} | hottest functions |`;
  const rule = `|:--|${'--:|'.repeat(PART_NAMES.length + 2)}:--|`;
  const page = join(DOCS, 'performance.md');
  const parts = {
    targets: `${provenance(linux)}\n\n${targetTable(targets(linux, memory))}`,
    linux: `![Linux: processor time of each engine](${LINUX_CHART})\n\n${table(linux)}`,
    metal: `![bare metal: processor time of each engine](${METAL_CHART})\n\n${provenance(metal)}\n\n${table(metal)}`,
    profiles: lines.length
      ? [header, rule, ...lines].join('\n')
      : 'Nothing is slower than on v86, or more than six times native.',
  };
  writeFileSync(page, withGenerated(readFileSync(page, 'utf8'), parts));
  writeFileSync(join(DOCS, LINUX_CHART), chart(linux));
  writeFileSync(join(DOCS, METAL_CHART), chart(metal));
}

if (import.meta.main) {
  try {
    await main();
  } catch (error) {
    if (!(error instanceof UserError) && !(error instanceof TypeError && 'code' in error)) throw error;
    console.error(`performance: ${error.message}`);
    process.exitCode = 1;
  }
}
