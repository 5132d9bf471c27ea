// Processor time from the start of an engine to a guest's user space, side by side: every engine in a process of its
// own, all of them in turn, as often as asked for.
//
//   node bench/boot.ts [--guest linux-686] [--runs 1] [--engines interpreter,asm.js,translator,v86-interpreter,v86,qemu]
//
// v86 and QEMU take part where they are installed (bench/peers/): name v86's libv86.mjs in TRANSVISOR_V86.

import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { guest, guestNames } from '../guests/debian/guests.ts';
import { NODE_ARGUMENTS } from '../src/cli/host.ts';
import { UserError } from '../src/lib/errors.ts';
import type { Cost } from './peers/peer.ts';

/** The script of bench/peers/ that boots, and its own options. */
const ENGINES: Readonly<Record<string, readonly string[]>> = {
  interpreter: ['transvisor.ts', '--interpreter'],
  'asm.js': ['transvisor.ts', '--asm.js'],
  translator: ['transvisor.ts'],
  'v86-interpreter': ['v86.ts', '--no-jit'],
  v86: ['v86.ts'],
  qemu: ['qemu.ts'],
};
/** Arguments of Node: those of the script `transvisor` in package.json. */
const NODE = [...NODE_ARGUMENTS, '--disable-warning=ExperimentalWarning'] as const;

interface Measured {
  readonly name: string;
  readonly costs: Cost[];
  /** Why it does not take part. */
  absent?: string;
}

function boot(name: string, guestName: string, timeout: string): Cost | string {
  const [script = '', ...options] = ENGINES[name] as readonly string[];
  const path = fileURLToPath(new URL(`peers/${script}`, import.meta.url));
  const node = script === 'transvisor.ts' ? NODE : NODE.slice(NODE_ARGUMENTS.length);
  const { stderr } = spawnSync(
    process.execPath,
    [...node, path, '--guest', guestName, '--timeout', timeout, ...options],
    {
      encoding: 'utf8',
      maxBuffer: 1 << 26,
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  // QEMU says behind it that it was ended.
  const lines = stderr.trim().split('\n');
  const made = lines.findLast((line) => line.startsWith('{'));
  if (made === undefined) return (lines.at(-1) ?? '').replace(/^peer: /, '');
  const cost = JSON.parse(made) as Cost;
  return cost.reached ? cost : `user space was not reached in ${timeout} s`;
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2
    ? (sorted[middle] as number)
    : ((sorted[middle - 1] as number) + (sorted[middle] as number)) / 2;
}

/** Medians, and each engine's processor time over that of the first. */
function report(measured: readonly Measured[]): void {
  const seconds = ({ costs }: Measured): number => median(costs.map((cost) => cost.cpuSeconds));
  const first = measured.find(({ costs }) => costs.length > 0);
  if (!first) throw new UserError('no engine reached user space');
  console.log(`| engine | CPU s | wall s | RSS MiB | / ${first.name} |\n|:--|--:|--:|--:|--:|`);
  for (const one of measured) {
    if (one.costs.length === 0) {
      console.log(`| ${one.name} | ${one.absent} | | | |`);
      continue;
    }
    const cells = [
      seconds(one).toFixed(2),
      median(one.costs.map((cost) => cost.wallSeconds)).toFixed(2),
      median(one.costs.map((cost) => cost.residentMebibytes)).toFixed(0),
      (seconds(one) / seconds(first)).toFixed(2),
    ];
    console.log(`| ${one.name} | ${cells.join(' | ')} |`);
  }
}

try {
  const { values } = parseArgs({
    options: {
      guest: { type: 'string', default: 'linux-686' },
      runs: { type: 'string', default: '1' },
      engines: { type: 'string', default: Object.keys(ENGINES).join(',') },
      timeout: { type: 'string', default: '600' },
    },
  });
  const names = values.engines.split(',');
  const unknown = names.find((name) => !Object.hasOwn(ENGINES, name));
  if (unknown !== undefined)
    throw new UserError(`no engine '${unknown}': there are ${Object.keys(ENGINES).join(', ')}`);
  const name = guestNames.find((one) => one === values.guest);
  if (!name) throw new UserError(`no guest '${values.guest}': there are ${guestNames.join(', ')}`);
  const { version, memory } = await guest(name);
  console.log(`${name} ${version}, ${memory / 2 ** 20} MiB, ${values.runs} run(s), Node ${process.version}`);
  const measured = names.map((engine): Measured => ({ name: engine, costs: [] }));
  for (let run = 0; run < Number(values.runs); run++) {
    for (const one of measured) {
      if (one.absent) continue;
      const cost = boot(one.name, name, values.timeout);
      if (typeof cost === 'string') one.absent = cost;
      else one.costs.push(cost);
    }
  }
  report(measured);
} catch (error) {
  if (!(error instanceof UserError) && !(error instanceof TypeError && 'code' in error)) throw error;
  console.error(`boot: ${error.message}`);
  process.exitCode = 1;
}
