// Runs the benchmarks on several engines, interleaved, each run in a process of its own, and takes medians.

import { execFile } from 'node:child_process';
import { enableCompileCache, getCompileCacheDir } from 'node:module';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import { NODE_ARGUMENTS } from '../src/cli/host.ts';
import { UserError } from '../src/lib/errors.ts';
import type { Images } from './images.ts';
import type { Reading } from './markers.ts';
import type { Translation } from './peers/peer.ts';
import type { EngineName, Outcome, Specification } from './worker.ts';

export type { EngineName } from './worker.ts';

export const ENGINES: readonly EngineName[] = ['native', 'qemu', 'v86', 'interpreter', 'asm.js', 'translator'];
/** Engines of ours. */
export const OWN_ENGINES: readonly EngineName[] = ['interpreter', 'asm.js', 'translator'];

export interface SuiteOptions {
  readonly engines: readonly EngineName[];
  /** Runs of each engine; the median of them counts. */
  readonly runs: number;
  /** Names of benchmarks; all of them where none is given. */
  readonly only: readonly string[];
  /** Times through all benchmarks within a run, in the same guest. */
  readonly repeat: number;
  /** Percent of each benchmark's usual work. */
  readonly scale: number;
  /** Under Linux, with what needs a kernel, rather than on bare metal. */
  readonly linux: boolean;
  /** Seconds for one run of one engine. */
  readonly timeout: number;
  readonly verbose?: boolean;
  /** Directory for profiles of the engines of JavaScript. */
  readonly profile?: string;
  /** Told about each run as it begins and ends. */
  readonly progress?: (text: string) => void;
}

/** Medians over the runs. Seconds. */
export interface Cell {
  readonly cpu: number;
  readonly wall: number;
  /** The processor time of each run. */
  readonly runs: readonly number[];
  /** Of our own translator, summed over the runs. */
  readonly translation?: Translation;
}

export type Group = 'boot' | 'user' | 'kernel';

export interface Row {
  readonly name: string;
  readonly group: Group;
  readonly checksum?: string;
  /** Engines whose checksum is another one than the first engine's. */
  readonly wrong: readonly EngineName[];
  readonly cells: Readonly<Partial<Record<EngineName, Cell>>>;
}

export interface Report {
  readonly suite: 'bare metal' | 'linux';
  /** ISO 8601. */
  readonly date: string;
  readonly host: { readonly processor: string; readonly node: string; readonly v8: string };
  readonly guest: string;
  /** The guest's memory, in MiB. */
  readonly guestMebibytes: number;
  readonly options: Pick<SuiteOptions, 'engines' | 'runs' | 'repeat' | 'scale' | 'only'>;
  readonly rows: readonly Row[];
  /** Largest resident set of all runs, in MiB. */
  readonly peakMebibytes: Readonly<Partial<Record<EngineName, number>>>;
  /** Resident set at the end of each time through the suite, in the last run, in MiB. */
  readonly rounds: Readonly<Partial<Record<EngineName, readonly number[]>>>;
  /** Runs that did not come to their end, in one line each. */
  readonly failures: readonly string[];
  /** What our own engines counted in their last run. */
  readonly statistics: Readonly<Partial<Record<EngineName, object>>>;
}

/** Benchmarks that spend their time in the guest's kernel. */
const KERNEL_BOUND: ReadonlySet<string> = new Set([
  ...['syscall', 'pipe', 'fork', 'exec', 'faults', 'cow', 'signals', 'files', 'shell-fork'],
]);

/** Runs the suite. A run that fails is reported, not thrown. */
export async function runSuite(options: SuiteOptions, images: Images): Promise<Report> {
  const { engines, runs, repeat, scale, only } = options;
  const outcomes: Outcome[] = [];
  const failures: string[] = [];
  for (let run = 1; run <= options.runs; run++) {
    for (const engine of options.engines) {
      options.progress?.(`run ${run} of ${options.runs}: ${engine}`);
      const outcome = await inProcess(specification(engine, options, images));
      if (!outcome.done) failures.push(complaint(outcome));
      outcomes.push(outcome);
    }
  }
  return {
    suite: options.linux ? 'linux' : 'bare metal',
    date: new Date().toISOString(),
    host: { processor: cpus()[0]?.model ?? 'unknown', node: process.versions.node, v8: process.versions.v8 },
    guest: images.title,
    guestMebibytes: images.memory / 2 ** 20,
    options: { engines, runs, repeat, scale, only },
    rows: rowsOf(outcomes, options.engines),
    peakMebibytes: perEngine(options.engines, outcomes, peakOf),
    rounds: perEngine(options.engines, outcomes, (of) => of.at(-1)?.rounds),
    failures,
    statistics: perEngine(options.engines, outcomes, (of) => of.at(-1)?.statistics),
  };
}

function specification(engine: EngineName, options: SuiteOptions, images: Images): Specification {
  const words = [`scale=${options.scale}`, `repeat=${options.repeat}`, ...options.only];
  const { program, ...guest } = images;
  if (engine === 'native' && !program) throw new UserError('no native program: gcc with its 32-bit C library makes it');
  return {
    engine,
    kernel: guest.kernel,
    initrd: guest.initrd,
    append: guest.append(words),
    memory: guest.memory,
    booted: guest.booted,
    timeout: options.timeout,
    program: engine === 'native' ? program!(words) : undefined,
    verbose: options.verbose ?? false,
    profile: options.profile,
  };
}

/** Runs the worker; how it fails is part of the outcome. */
function inProcess(spec: Specification): Promise<Outcome> {
  // The same file in a checkout and when built.
  const worker = fileURLToPath(import.meta.url).replace(/suite(\.[jt]s)$/, 'worker$1');
  const own = OWN_ENGINES.includes(spec.engine);
  const words = [...(own ? NODE_ARGUMENTS : []), '--disable-warning=ExperimentalWarning', worker, JSON.stringify(spec)];
  // Like the program (src/cli/main.ts), every engine of JavaScript finds what V8 made of its text the last time.
  enableCompileCache();
  const env = { ...process.env, NODE_COMPILE_CACHE: getCompileCacheDir() };
  return new Promise((resolve) => {
    const child = execFile(process.execPath, words, { maxBuffer: 1 << 26, env }, (error, stdout) => {
      try {
        resolve(JSON.parse(stdout) as Outcome);
      } catch {
        const lines = error?.message.trim().split('\n') ?? [];
        const why = lines.find((line) => /Error|error/.test(line) && !line.startsWith('Command failed')) ?? lines[0];
        const { engine } = spec;
        resolve({
          engine,
          samples: [],
          rounds: [],
          done: false,
          peakMebibytes: Number.NaN,
          error: why ?? 'it printed nothing',
        });
      }
    });
    if (spec.verbose) child.stderr?.pipe(process.stderr);
  });
}

function complaint({ engine, error, samples, console }: Outcome): string {
  if (error) return `${engine}: ${error}`;
  const last = samples.at(-1)?.name ?? 'nothing';
  return `${engine}: stopped after ${last}; its console ends in ${JSON.stringify((console ?? '').slice(-160))}`;
}

function rowsOf(outcomes: readonly Outcome[], engines: readonly EngineName[]): Row[] {
  const names = [...new Set(outcomes.flatMap((outcome) => outcome.samples.map((sample) => sample.name)))];
  const booted = outcomes.some((outcome) => outcome.boot);
  const bootRow: Row[] = booted
    ? [{ name: 'boot', group: 'boot', wrong: [], cells: perEngine(engines, outcomes, bootCell) }]
    : [];
  const rest = names.map((name): Row => {
    const samplesOf = (of: readonly Outcome[]) => of.flatMap((o) => o.samples.filter((sample) => sample.name === name));
    const checksum = samplesOf(outcomes)[0]?.checksum;
    const wrong = engines.filter((engine) =>
      samplesOf(outcomes.filter((o) => o.engine === engine)).some((sample) => sample.checksum !== checksum),
    );
    const cells = perEngine(engines, outcomes, (of) => cell(samplesOf(of)));
    return { name, group: KERNEL_BOUND.has(name) ? 'kernel' : 'user', checksum, wrong, cells };
  });
  return [...bootRow, ...rest];
}

function bootCell(of: readonly Outcome[]): Cell | undefined {
  return cell(of.flatMap((outcome) => (outcome.boot ? [outcome.boot] : [])));
}

function cell(readings: readonly Reading[]): Cell | undefined {
  if (!readings.length) return undefined;
  const runs = readings.map((reading) => reading.cpu);
  const translation = total(readings.flatMap((reading) => reading.translation ?? []));
  return {
    cpu: median(runs),
    wall: median(readings.map((reading) => reading.wall)),
    runs,
    ...(translation && { translation }),
  };
}

function total(list: readonly Translation[]): Translation | undefined {
  if (!list.length) return undefined;
  const sum = (value: (one: Translation) => number): number => list.reduce((all, one) => all + value(one), 0);
  return {
    instructions: sum((one) => one.instructions),
    translated: sum((one) => one.translated),
    seconds: sum((one) => one.seconds),
  };
}

/** NaN where a run could not tell, which JSON makes null. */
function peakOf(of: readonly Outcome[]): number {
  return Math.max(...of.map((outcome) => outcome.peakMebibytes ?? Number.NaN));
}

function perEngine<T>(
  engines: readonly EngineName[],
  outcomes: readonly Outcome[],
  value: (of: readonly Outcome[]) => T | undefined,
): Partial<Record<EngineName, T>> {
  const result: Partial<Record<EngineName, T>> = {};
  for (const engine of engines) {
    const found = value(outcomes.filter((outcome) => outcome.engine === engine));
    if (found !== undefined) result[engine] = found;
  }
  return result;
}

/** The middle value, or the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** The geometric mean; NaN of nothing. */
export function geometricMean(values: readonly number[]): number {
  return Math.exp(values.reduce((sum, value) => sum + Math.log(value), 0) / values.length);
}

/**
 * Processor time of `engine` over that of `base`: for one row; undefined where one of them has none.
 */
export function ratio(row: Row, engine: EngineName, base: EngineName): number | undefined {
  const [over, under] = [row.cells[engine]?.cpu, row.cells[base]?.cpu];
  // What a meter of ten milliseconds shows as nothing is not known.
  return !over || !under ? undefined : over / under;
}

/** Geometric mean of `ratio` over the rows of a group that have one. */
export function meanRatio(report: Report, group: Group, engine: EngineName, base: EngineName): number | undefined {
  const ratios = report.rows
    .filter((row) => row.group === group)
    .map((row) => ratio(row, engine, base))
    .filter((value) => value !== undefined);
  return ratios.length ? geometricMean(ratios) : undefined;
}

/** Of a group: the part of its instructions that ran in translated code, and of its processor time that made it. */
export interface TranslationShares {
  readonly instructions: number;
  readonly seconds: number;
}

/** Undefined for engines that do not translate, or tell nothing. */
export function translationShares(report: Report, group: Group, engine: EngineName): TranslationShares | undefined {
  const cells = report.rows.filter((row) => row.group === group).flatMap((row) => row.cells[engine] ?? []);
  const all = total(cells.flatMap((one) => one.translation ?? []));
  if (!all) return undefined;
  const cpu = cells.reduce((sum, one) => sum + (one.translation ? one.runs.reduce((a, b) => a + b, 0) : 0), 0);
  return { instructions: all.translated / all.instructions, seconds: all.seconds / cpu };
}
