// The program as a user starts it: a process of its own, with pipes or files at its ends.

import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { MachineStatistics } from '../../src/index.ts';
import { PROGRAM } from '../cli/program.ts';

export const root = fileURLToPath(new URL('../..', import.meta.url));
/** What a wait quotes of the output when it fails. */
const QUOTED = 2000;
/** Far more than any step takes on a slow host: what does not come by then does not come. */
const PATIENCE_SECONDS = 400;

/** Part of what `--stats` writes. */
export interface Stats extends MachineStatistics {
  readonly exit: { readonly status: number; readonly reason: string };
  readonly seconds: { readonly wall: number; readonly cpu: number };
}

/** How a run ended. */
export interface Ended {
  /** Exit status of the program. */
  readonly status: number | null;
  /** All of standard output, a character for each byte. */
  readonly output: string;
  readonly errors: string;
}

/** A run of `transvisor run`. */
export class Run implements AsyncDisposable {
  /** All of standard output so far, a character for each byte. */
  output = '';
  errors = '';
  readonly ended: Promise<Ended>;
  readonly #child: ChildProcess;
  /** Where the next wait looks from. */
  #from = 0;
  #changed: () => void = () => {};
  #closed = false;

  /** Starts it. `stdin`: nothing at all, or a pipe that `type` writes to. */
  constructor(args: readonly string[], stdin: 'nothing' | 'pipe' = 'nothing') {
    this.#child = spawn(process.execPath, [...PROGRAM, 'run', ...args], {
      stdio: [stdin === 'pipe' ? 'pipe' : 'ignore', 'pipe', 'pipe'],
    });
    this.#child.stdout?.setEncoding('latin1').on('data', (text: string) => {
      this.output += text;
      this.#changed();
    });
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.errors += text;
    });
    this.ended = new Promise((resolve, reject) => {
      this.#child.once('error', reject);
      this.#child.once('close', (status) => {
        this.#closed = true;
        this.#changed();
        resolve({ status, output: this.output, errors: this.errors });
      });
    });
  }

  /** Types on the guest's console. */
  type(text: string): void {
    this.#child.stdin?.write(text);
  }

  /**
   * Waits until the output behind the last match matches; returns the match.
   * @throws Error with the end of the output, when the run ends or patience does
   */
  async waitFor(pattern: RegExp): Promise<RegExpExecArray> {
    const deadline = performance.now() + PATIENCE_SECONDS * 1000;
    for (;;) {
      const match = pattern.exec(this.output.slice(this.#from));
      if (match) {
        this.#from += match.index + match[0].length;
        return match;
      }
      const left = deadline - performance.now();
      if (this.#closed || left <= 0) {
        const why = this.#closed ? 'the run ended' : `${PATIENCE_SECONDS} s went by`;
        throw new Error(`${why} before ${pattern} was printed:\n${this.output.slice(-QUOTED)}\n${this.errors}`);
      }
      await this.#change(left);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#closed) this.#child.kill('SIGKILL');
    await this.ended;
  }

  #change(millis: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, millis);
      this.#changed = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

/** Runs to its end with nothing to read; with the counters that `--stats` gives. */
export async function runToEnd(args: readonly string[]): Promise<Ended & { readonly stats: Stats }> {
  return inDirectory(async (directory) => {
    const file = join(directory, 'stats.json');
    await using run = new Run([...args, '--stats', file, '--timeout', `${PATIENCE_SECONDS}`]);
    const ended = await run.ended;
    return { ...ended, stats: JSON.parse(readFileSync(file, 'utf8')) as Stats };
  });
}

/** Does `work` in a directory of its own, which is gone afterwards. */
export async function inDirectory<T>(work: (directory: string) => Promise<T>): Promise<T> {
  const directory = mkdtempSync(join(tmpdir(), 'transvisor-system-'));
  try {
    return await work(directory);
  } finally {
    rmSync(directory, { recursive: true });
  }
}
