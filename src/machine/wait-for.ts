// Waiting for what the guest prints, or shows.

import type { Machine } from './machine.ts';
import type { Exit } from './options.ts';

export interface WaitOptions {
  /** Milliseconds of the host. */
  readonly timeout?: number;
}

/** Characters of output that an error quotes. */
const QUOTED = 200;

/** What was waited for did not come. */
export class WaitError extends Error {
  override readonly name = 'WaitError';
}

/** Where text appears. */
interface Source {
  watch(pattern: string | RegExp, found: (match: RegExpExecArray) => void): () => void;
  /** The end of the text. */
  tail(count: number): string;
}

/** See `Machine.waitFor`. */
export function waitFor(machine: Machine, pattern: string | RegExp, options: WaitOptions): Promise<RegExpExecArray> {
  return waitForText(machine, machine.serial, 'the output', pattern, options);
}

/** See `Machine.waitForScreen`. */
export function waitForScreen(
  machine: Machine,
  pattern: string | RegExp,
  options: WaitOptions,
): Promise<RegExpExecArray> {
  return waitForText(machine, machine.screen, 'the screen', pattern, options);
}

function waitForText(
  machine: Machine,
  source: Source,
  what: string,
  pattern: string | RegExp,
  options: WaitOptions,
): Promise<RegExpExecArray> {
  const { promise, resolve, reject } = Promise.withResolvers<RegExpExecArray>();
  const { timeout } = options;
  const cleanups: (() => void)[] = [];
  const clean = (): void => {
    for (const cleanup of cleanups) cleanup();
  };
  const give = (why: string): void => {
    clean();
    const tail = JSON.stringify(source.tail(QUOTED));
    reject(new WaitError(`${why} before ${what} matched ${quoted(pattern)}; it ends in ${tail}`));
  };
  const stopped = (exit: Exit): void => give(`the machine stopped (${exit.reason})`);
  let found = false;
  cleanups.push(
    source.watch(pattern, (match) => {
      found = true;
      clean();
      resolve(match);
    }),
  );
  if (found) return promise;
  if (machine.ended) {
    stopped(machine.ended);
    return promise;
  }
  cleanups.push(machine.on('exit', stopped));
  if (timeout !== undefined) {
    const timer = setTimeout(() => give(`${timeout} ms went by`), timeout);
    cleanups.push(() => clearTimeout(timer));
  }
  return promise;
}

function quoted(pattern: string | RegExp): string {
  return typeof pattern === 'string' ? JSON.stringify(pattern) : String(pattern);
}
