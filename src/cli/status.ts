// Exit statuses of the program: the contract is in docs/cli.md.

import type { Exit } from '../machine/options.ts';

export const STATUS = {
  /** The guest powered off, `--until` matched, or the user quit. */
  success: 0,
  /** Usage or host error. */
  usage: 1,
  /** `--timeout`, as timeout(1). */
  timeout: 124,
  /** The monitor itself failed. */
  monitor: 125,
  /** Triple fault, or stopped with no wake-up. */
  guest: 126,
  /** Plus the signal's number: as a shell reports a signal. */
  signal: 128,
} as const;

/** Why a run ended before the guest did. */
export type Cause =
  | { readonly kind: 'matched' }
  | { readonly kind: 'quit' }
  | { readonly kind: 'timeout'; readonly seconds: number }
  | { readonly kind: 'signal'; readonly name: string; readonly number: number }
  | { readonly kind: 'host'; readonly message: string };

export interface Verdict {
  readonly status: number;
  /** The reason by name, for `--stats`. */
  readonly reason: string;
  /** One line for standard error. */
  readonly message?: string;
}

/** What the end of a run means: `cause`, if the program stopped the machine, else how the guest ended. */
export function verdict(exit: Exit, cause: Cause | undefined): Verdict {
  if (exit.reason === 'stopped' && cause) return stopped(cause);
  switch (exit.reason) {
    case 'power-off':
      return { status: STATUS.success, reason: exit.reason };
    case 'debug-exit':
      return { status: exit.status & 0xff, reason: exit.reason };
    case 'triple-fault':
      return {
        status: STATUS.guest,
        reason: exit.reason,
        message: `the guest shut its processor down: ${exit.detail}`,
      };
    case 'halted-for-ever':
      return { status: STATUS.guest, reason: exit.reason, message: `the guest halted for ever: ${exit.detail}` };
    case 'failed':
      return { status: STATUS.monitor, reason: exit.reason, message: internalError(exit.error) };
    case 'stopped':
      return { status: STATUS.monitor, reason: exit.reason, message: internalError(new Error('stopped by nobody')) };
  }
}

function stopped(cause: Cause): Verdict {
  switch (cause.kind) {
    case 'matched':
      return { status: STATUS.success, reason: 'until' };
    case 'quit':
      return { status: STATUS.success, reason: 'quit' };
    case 'timeout':
      return {
        status: STATUS.timeout,
        reason: 'timeout',
        message: `the guest still ran after ${cause.seconds} s (--timeout)`,
      };
    case 'signal':
      return { status: STATUS.signal + cause.number, reason: cause.name };
    case 'host':
      return { status: STATUS.usage, reason: 'host-error', message: cause.message };
  }
}

/** One line on an error that is nobody's fault but ours; the stack too with TRANSVISOR_DEBUG=1. */
export function internalError(error: unknown): string {
  if (process.env.TRANSVISOR_DEBUG === '1' && error instanceof Error && error.stack) return error.stack;
  const what = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return (
    `the monitor failed: ${what.replaceAll(/\s+/g, ' ')}; ` +
    'please report it with the output of --trace all (TRANSVISOR_DEBUG=1 adds the stack)'
  );
}
