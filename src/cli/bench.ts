// `transvisor bench`: the benchmark suite from the command line.

import { mkdirSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { chart } from '../../bench/chart.ts';
import { type Images, linuxImages, metalImages } from '../../bench/images.ts';
import { ENGINES, type EngineName, runSuite } from '../../bench/suite.ts';
import { table } from '../../bench/table.ts';
import { UserError } from '../lib/errors.ts';
import type { BenchOptions } from './bench-options.ts';
import { STATUS, type Verdict } from './status.ts';

/**
 * Runs the suite, prints a table, writes what was asked for.
 * @throws UserError for what the user can mend.
 */
export async function bench(options: BenchOptions): Promise<Verdict> {
  const engines = engineNames(options.engines ?? 'interpreter,translator');
  using images: Images = options.linux ? await linuxImages() : metalImages({ native: engines.includes('native') });
  const report = await runSuite(
    {
      engines,
      runs: options.runs,
      repeat: options.repeat,
      only: options.only?.split(',').filter((name) => name !== '') ?? [],
      scale: options.scale,
      linux: options.linux ?? false,
      timeout: options.timeout,
      verbose: options.verbose ?? false,
      profile: options.profile === undefined ? undefined : directory(options.profile),
      progress: (text) => void process.stderr.write(`${text}\n`),
    },
    images,
  );
  if (options.json !== undefined) write('--json', options.json, `${JSON.stringify(report, undefined, 1)}\n`);
  if (options.svg !== undefined) write('--svg', options.svg, chart(report));
  process.stdout.write(`${table(report)}\n`);
  const good = report.failures.length === 0 && report.rows.every((row) => row.wrong.length === 0);
  return good
    ? { status: STATUS.success, reason: 'finished' }
    : { status: STATUS.usage, reason: 'usage', message: 'not every benchmark ran as it should: see above' };
}

function engineNames(list: string): EngineName[] {
  return list.split(',').map((name) => {
    const found = ENGINES.find((engine) => engine === name.trim());
    if (!found) throw new UserError(`--engines: there is no engine '${name}'; give some of ${ENGINES.join(',')}`);
    return found;
  });
}

/** Makes the directory of `--profile`, if it is not there; its absolute path. */
function directory(path: string): string {
  try {
    mkdirSync(path, { recursive: true });
    return resolve(path);
  } catch (error) {
    throw new UserError(`--profile ${path}: ${(error as Error).message}`);
  }
}

function write(option: string, path: string, text: string): void {
  try {
    writeFileSync(path, text);
  } catch (error) {
    throw new UserError(`${option} ${path}: ${(error as Error).message}`);
  }
}
