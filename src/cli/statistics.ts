// The JSON object of `--stats`; its schema is in docs/cli.md.

import type { Machine } from '../machine/machine.ts';
import { version } from './package.ts';
import type { RunOptions } from './run.ts';
import type { Verdict } from './status.ts';

export function statisticsText(machine: Machine, options: RunOptions, end: Verdict, wallSeconds: number): string {
  const { user, system } = process.cpuUsage();
  const statistics = {
    transvisor: version,
    node: process.version,
    exit: { status: end.status, reason: end.reason, ...(end.message !== undefined && { message: end.message }) },
    machine: { memoryBytes: options.memory, engine: options.engine, clock: options.clock },
    seconds: { wall: wallSeconds, cpu: (user + system) / 1e6 },
    peakResidentBytes: process.resourceUsage().maxRSS * 1024,
    ...machine.statistics(),
  };
  return `${JSON.stringify(statistics, null, 2)}\n`;
}
