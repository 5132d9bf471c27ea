// Runs the real program as a process of its own, with the Node that runs the tests.

import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { NODE_ARGUMENTS } from '../../src/cli/host.ts';

const MAIN = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));
/** Arguments of Node that start the program: those of the script `transvisor` in package.json. */
export const PROGRAM = [...NODE_ARGUMENTS, '--disable-warning=ExperimentalWarning', MAIN] as const;

export interface Result {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A run of the program that goes on. */
export class Running {
  readonly process: ChildProcess;
  /** Resolves when the process ended and its output is read to the end. */
  readonly result: Promise<Result>;
  readonly #out: Buffer[] = [];
  readonly #err: Buffer[] = [];
  #changed: () => void = () => {};
  #ended = false;

  constructor(args: readonly string[], env: NodeJS.ProcessEnv = {}) {
    this.process = spawn(process.execPath, [...PROGRAM, ...args], { env: { ...process.env, ...env } });
    this.process.stdout?.on('data', (chunk: Buffer) => this.#take(this.#out, chunk));
    this.process.stderr?.on('data', (chunk: Buffer) => this.#take(this.#err, chunk));
    // Writing to a program that has ended is no failure of a test.
    this.process.stdin?.on('error', () => {});
    this.result = new Promise((resolve) => {
      this.process.on('close', (status) => {
        this.#ended = true;
        this.#changed();
        resolve({ status, stdout: this.stdout, stderr: Buffer.concat(this.#err).toString() });
      });
    });
  }

  get stdout(): string {
    return Buffer.concat(this.#out).toString('latin1');
  }

  /** Resolves when standard output holds `text`. */
  async printed(text: string): Promise<void> {
    while (!this.stdout.includes(text)) {
      if (this.#ended) throw new Error(`it ended without printing ${text}: ${JSON.stringify(await this.result)}`);
      await new Promise<void>((resolve) => {
        this.#changed = resolve;
      });
    }
  }

  #take(list: Buffer[], chunk: Buffer): void {
    list.push(chunk);
    this.#changed();
  }
}

/** Runs the program to its end; its input is empty unless given. */
export function transvisor(args: readonly string[], input: string | Uint8Array = ''): Promise<Result> {
  const running = new Running(args);
  running.process.stdin?.end(input);
  return running.result;
}

/** Files for one test file. */
export class Folder {
  readonly path = mkdtempSync(join(tmpdir(), 'transvisor-test-'));

  /** Path of a file in it; with contents, the file is written. */
  file(name: string, contents?: Uint8Array | string): string {
    const path = join(this.path, name);
    if (contents !== undefined) writeFileSync(path, contents);
    return path;
  }

  remove(): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}
