// What every peer does: boots a Linux kernel, shows its serial console, stops when a marker appears, says what it cost.

import { parseArgs } from 'node:util';
import { type GuestName, guest, guestNames } from '../../guests/debian/guests.ts';
import { UserError } from '../../src/lib/errors.ts';

/** What to boot, and when to stop. */
export interface Boot {
  readonly kernel: string;
  readonly initrd?: string;
  readonly append: string;
  /** A raw image, the first IDE disk. What the guest writes is not kept. */
  readonly disk?: string;
  /** Bytes. */
  readonly memory: number;
  /** Output of the serial console that ends the run. */
  readonly until: RegExp;
  /** Seconds of wall-clock time after which it ends anyway. */
  readonly timeout: number;
  /**
   * Gets the serial console's output, as it comes. `meter` tells what the engine's process has used up to then.
   */
  readonly output: (text: string, meter: () => Meter) => void;
}

/** What a process has used so far. */
export interface Meter {
  /** Processor time, user and system, all threads, in seconds. */
  readonly cpuSeconds: number;
  /** Resident memory, in MiB. */
  readonly residentMebibytes: number;
  /** Of our own translator. */
  readonly translation?: Translation;
}

/** What a translator has done so far, or for a while. */
export interface Translation {
  /** Instructions retired. */
  readonly instructions: number;
  /** Those that were executed in translated code. */
  readonly translated: number;
  /** Time spent on making translations, V8's compilation included, in seconds. */
  readonly seconds: number;
}

/** What a run cost. */
export interface Cost {
  readonly peer: string;
  /** Whether the marker appeared. */
  readonly reached: boolean;
  /** Processor time of the engine's process from its start to the marker, user and system, all threads, in seconds. */
  readonly cpuSeconds: number;
  readonly wallSeconds: number;
  /** Resident memory of the engine's process at the marker, in MiB. */
  readonly residentMebibytes: number;
  /** The largest it was, in MiB. */
  readonly peakMebibytes: number;
}

/** Watches console output for a marker that may arrive in pieces. */
export class Marker {
  readonly #until: RegExp;
  #tail = '';

  constructor(until: RegExp) {
    this.#until = until;
  }

  /** Takes what was printed; true once the marker has been. Only the last 256 characters are looked at. */
  seen(text: string): boolean {
    this.#tail = (this.#tail + text).slice(-256);
    return this.#until.test(this.#tail);
  }
}

const usage = `options: [--guest NAME] [--kernel F --initrd F] [--append S] [--memory MIB] [--until REGEX] [--timeout SECONDS]
--guest NAME: one of ${guestNames.join(', ')} (default linux-686), from Debian; its kernel, initrd, command line,
memory and marker are what the other options replace`;

/**
 * The command line of every peer's script: boots, prints the console to standard output and the cost as one line of
 * JSON to standard error; exit status 0 if the marker appeared, 124 if not. `flags` are the peer's own.
 */
export async function peerMain<const Flag extends string>(
  flags: readonly Flag[],
  run: (boot: Boot, given: Record<Flag, boolean>) => Promise<Cost>,
): Promise<void> {
  try {
    const text = { type: 'string' } as const;
    const own = Object.fromEntries(flags.map((flag) => [flag, { type: 'boolean' as const }]));
    const common = { guest: text, kernel: text, initrd: text, append: text, memory: text, until: text, timeout: text };
    const { values } = parseArgs({ options: { help: { type: 'boolean' as const }, ...common, ...own } });
    if (values.help) {
      console.log([usage, ...flags.map((flag) => `--${flag}`)].join('\n'));
      return;
    }
    const option = values as Record<keyof typeof common, string | undefined>;
    const name = option.guest ?? 'linux-686';
    if (!(guestNames as readonly string[]).includes(name)) throw new UserError(`no guest '${name}'`);
    const base = option.kernel ? undefined : await guest(name as GuestName);
    const cost = await run(
      {
        kernel: option.kernel ?? base!.kernel,
        initrd: option.initrd ?? base?.initrd,
        append: option.append ?? base?.append ?? 'console=ttyS0',
        memory: option.memory ? Number(option.memory) * 2 ** 20 : (base?.memory ?? 256 * 2 ** 20),
        until: option.until ? new RegExp(option.until) : (base?.ready ?? /login:/),
        timeout: Number(option.timeout ?? 600),
        output: (chunk) => void process.stdout.write(chunk),
      },
      Object.fromEntries(flags.map((flag) => [flag, Boolean((values as Record<string, unknown>)[flag])])) as Record<
        Flag,
        boolean
      >,
    );
    process.stderr.write(`\n${JSON.stringify(cost)}\n`);
    process.exit(cost.reached ? 0 : 124);
  } catch (error) {
    if (!(error instanceof UserError) && !(error instanceof TypeError && 'code' in error)) throw error;
    process.stderr.write(`peer: ${error.message}\n`);
    process.exit(1);
  }
}

/** What this process has used. */
export function ownMeter(): Meter {
  const { user, system } = process.cpuUsage();
  return {
    cpuSeconds: (user + system) / 1e6,
    residentMebibytes: Math.round(process.memoryUsage.rss() / 2 ** 20),
  };
}

/** The largest resident set of this process so far, in MiB. */
export function ownPeak(): number {
  return Math.round(process.resourceUsage().maxRSS / 1024);
}

/** Rounds to two decimals: more would promise more than a shared machine keeps. */
export function rounded(value: number): number {
  return Math.round(value * 100) / 100;
}
