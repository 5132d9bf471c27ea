// One run of one engine, in a process of its own: takes a specification as its argument, prints the outcome as JSON.

import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { Session } from 'node:inspector';
import { join } from 'node:path';
import { Markers, type Sample } from './markers.ts';
import { type Boot, type Cost, type Meter, ownMeter } from './peers/peer.ts';
import { bootQemu } from './peers/qemu.ts';
import { bootTransvisor, type TransvisorOptions } from './peers/transvisor.ts';
import { bootV86 } from './peers/v86.ts';

/** `asm.js` is the translator with `--code asm.js`. */
export type EngineName = 'interpreter' | 'asm.js' | 'translator' | 'v86' | 'qemu' | 'native';

/** What to run: a guest, or a program of the host's. */
export interface Specification {
  readonly engine: EngineName;
  readonly kernel: string;
  readonly initrd?: string;
  readonly append: string;
  /** Bytes. */
  readonly memory: number;
  /** Output at which booting is over, a regular expression. */
  readonly booted?: string;
  /** Seconds of wall time after which the run is given up. */
  readonly timeout: number;
  /** For `native`: the program and its arguments. */
  readonly program?: readonly string[];
  /** Show the console on standard error. */
  readonly verbose: boolean;
  /**
   * Directory for V8's profile of all benchmarks without the boot, of engines of JavaScript; what the engine runs on is
   * shown in the developer tools of any Chromium.
   */
  readonly profile?: string;
}

/** What came of it. */
export interface Outcome {
  readonly engine: EngineName;
  readonly samples: readonly Sample[];
  /** Whether the guest came to the end of the suite. */
  readonly done: boolean;
  /** From the start of the engine's process to `booted`. */
  readonly boot?: { readonly cpu: number; readonly wall: number };
  /** Largest resident set of the engine's process, in MiB. */
  readonly peakMebibytes: number;
  /** Resident set of the engine's process at the end of each time through the suite, in MiB. */
  readonly rounds: readonly number[];
  /** Counters of our own engines. */
  readonly statistics?: object;
  /** End of the console, where the suite did not come to its end. */
  readonly console?: string;
  readonly error?: string;
}

type OwnEngine = Exclude<EngineName, 'v86' | 'qemu' | 'native'>;
const OWN: Readonly<Record<OwnEngine, TransvisorOptions>> = {
  interpreter: { engine: 'interpreter' },
  translator: { engine: 'translator' },
  'asm.js': { engine: 'translator', code: 'asm.js' },
};

const CONSOLE_TAIL = 600;
/** Time between two samples of the profiler. */
const PROFILE_MICROS = 500;

/** Runs it, in this process where the engine is one of JavaScript. */
export async function runOne(spec: Specification): Promise<Outcome> {
  const started = performance.now();
  let meter = ownMeter;
  let tail = '';
  let boot: Outcome['boot'];
  const booted = spec.booted === undefined ? undefined : new RegExp(spec.booted);
  const rounds: number[] = [];
  const profiler = spec.profile === undefined || !inThisProcess(spec.engine) ? undefined : new Profiler(spec.profile);
  const read = () => {
    const { cpuSeconds, translation } = meter();
    return { cpu: cpuSeconds, wall: performance.now() / 1000, translation };
  };
  const markers = new Markers(read, () => {
    // Of a program of the host's, nobody knows.
    if (spec.engine !== 'native') rounds.push(meter().residentMebibytes);
  });
  const output = (text: string, used: () => Meter): void => {
    meter = used;
    tail = (tail + text).slice(-CONSOLE_TAIL);
    if (spec.verbose) process.stderr.write(text);
    if (booted && !boot && booted.test(tail))
      boot = { cpu: used().cpuSeconds, wall: (performance.now() - started) / 1000 };
    markers.feed(text);
    if (profiler && markers.current !== undefined) profiler.start();
    if (profiler && markers.done) profiler.stop(spec.engine);
  };
  let statistics: object | undefined;
  let peak = Number.NaN;
  if (spec.engine === 'native') {
    peak = await runProgram(spec.program!, (text) => output(text, ownMeter));
  } else {
    const given: Boot = { ...spec, until: /bench done\r?\n/, output };
    const cost: Cost & { readonly statistics?: object } =
      spec.engine === 'v86'
        ? await bootV86(given, { jit: true })
        : spec.engine === 'qemu'
          ? await bootQemu(given)
          : await bootTransvisor(given, { ...OWN[spec.engine as OwnEngine], named: profiler !== undefined });
    statistics = cost.statistics;
    peak = cost.peakMebibytes;
  }
  return {
    engine: spec.engine,
    samples: markers.samples,
    done: markers.done,
    boot,
    peakMebibytes: peak,
    rounds,
    statistics,
    ...(!markers.done && { console: tail }),
  };
}

function inThisProcess(engine: EngineName): boolean {
  return engine !== 'native' && engine !== 'qemu';
}

/** V8's sampling profiler, on this process. */
class Profiler {
  readonly #directory: string;
  readonly #session = new Session();
  #running = false;

  constructor(directory: string) {
    this.#directory = directory;
    this.#session.connect();
  }

  start(): void {
    if (this.#running) return;
    this.#running = true;
    this.#session.post('Profiler.enable');
    this.#session.post('Profiler.setSamplingInterval', { interval: PROFILE_MICROS });
    this.#session.post('Profiler.start');
  }

  stop(name: string): void {
    if (!this.#running) return;
    this.#running = false;
    this.#session.post('Profiler.stop', (_error, result) => {
      writeFileSync(join(this.#directory, `${name}.cpuprofile`), JSON.stringify(result.profile));
    });
  }
}

/** Runs a program of the host's; its largest resident set in MiB. */
async function runProgram([file, ...words]: readonly string[], output: (text: string) => void): Promise<number> {
  const child = spawn(file!, words, { stdio: ['ignore', 'pipe', 'inherit'] });
  let peak = Number.NaN;
  child.stdout.on('data', (chunk: Buffer) => {
    peak = peakOf(child.pid!, peak);
    output(chunk.toString('latin1'));
  });
  await new Promise<void>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', () => resolve());
  });
  return peak;
}

/** The largest resident set of a process so far (proc(5), VmHWM), in MiB; `otherwise` where that is not known. */
function peakOf(pid: number, otherwise: number): number {
  try {
    const found = /^VmHWM:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
    return found ? Math.round(Number(found[1]) / 1024) : otherwise;
  } catch {
    return otherwise;
  }
}

if (import.meta.main) {
  const spec = JSON.parse(process.argv[2] ?? '') as Specification;
  let outcome: Outcome;
  try {
    outcome = await runOne(spec);
  } catch (error) {
    outcome = {
      engine: spec.engine,
      samples: [],
      done: false,
      peakMebibytes: Number.NaN,
      rounds: [],
      error: error instanceof Error ? error.message : String(error),
    };
  }
  process.stdout.write(`${JSON.stringify(outcome)}\n`, () => process.exit(0));
}
