#!/usr/bin/env node
// The command line: options, help, and the one place where errors become a line and an exit status.

import { Command, CommanderError, Option } from 'commander';
import { UserError } from '../lib/errors.ts';
import { oneOf, parseMemory, parsePattern, parseSeconds, parseSerial } from './arguments.ts';
import { KEYS_HELP } from './keys.ts';
import { version } from './package.ts';
import type { RunOptions } from './run.ts';
import { internalError, STATUS, type Verdict } from './status.ts';

const RUN_HELP = `
The image is a Linux kernel (bzImage) or a Multiboot kernel for i386. Without one, the demo guest runs.

Examples:
  transvisor run
  transvisor run -m 256M --kernel vmlinuz --initrd initrd.gz --append 'console=ttyS0'
  transvisor run --until 'login:' --timeout 120 --stats boot.json vmlinuz
  transvisor run --debug-exit --serial file:test.log --timeout 10 kernel.elf
  echo 'uname -a; poweroff -f' | transvisor run --kernel vmlinuz --initrd initrd.gz --append 'console=ttyS0'

Keys, when a terminal is at both ends:
${KEYS_HELP.map((line) => `  ${line}`).join('\n')}

Exit status: 0 power-off, or --until matched; 1 usage or host error; 124 timeout; 125 the monitor failed;
126 triple fault, or halted for ever; with --debug-exit the guest's; 128 + n signal n.`;

function program(done: (end: Verdict) => void): Command {
  const root = new Command('transvisor')
    .description('An x86 hypervisor: runs unmodified operating systems by binary translation.')
    .version(version);
  root
    .command('run')
    .description('run a guest; without an image, the demo guest')
    .argument('[image]', 'kernel to boot: the same as --kernel')
    .addOption(
      new Option('-m, --memory <size>', 'guest memory, 1M to 1G').argParser(parseMemory).default(2 ** 28, '256M'),
    )
    .option('--kernel <file>', 'kernel to boot: bzImage or Multiboot')
    .option('--initrd <file>', 'initrd of Linux; for Multiboot a module, and it may be given again', append)
    .option('--append <text>', "the kernel's command line")
    .addOption(
      new Option('--serial <where>', 'COM1: stdio, file:NAME or none')
        .argParser(parseSerial)
        .default({ kind: 'stdio' }, 'stdio'),
    )
    .option('--debugcon <file>', 'write what the guest writes to port E9h')
    .option('--debug-exit', 'port F4h ends the run: a write of v with status (v << 1) | 1')
    .addOption(
      new Option('--engine <name>', 'translator, interpreter, or reference (slow, for comparison)')
        .argParser(oneOf(['translator', 'interpreter', 'reference']))
        .default('translator'),
    )
    .addOption(
      new Option('--clock <name>', 'host, or virtual (reproducible: time is the count of instructions)')
        .argParser(oneOf(['host', 'virtual']))
        .default('host'),
    )
    .option('--until <regex>', 'stop with status 0 once the serial output matches', parsePattern)
    .option('--timeout <seconds>', 'stop with status 124 after that time of the host', parseSeconds)
    .option('--stats <file>', 'write a JSON object of counters at the end')
    .option('--trace <channels>', 'log to standard error: io, irq, mmu, ... or all')
    .addHelpText('after', RUN_HELP)
    .action(async (image: string | undefined, options: RunOptions) => {
      // The machine is loaded when there is something to run: help and mistakes are answered at once.
      const { run } = await import('./run.ts');
      done(await run(image, options));
    });
  for (const command of [root, ...root.commands]) {
    command
      .exitOverride()
      .configureOutput({ outputError: () => {} })
      .showSuggestionAfterError(true);
  }
  return root;
}

function append(value: string, list: readonly string[] = []): readonly string[] {
  return [...list, value];
}

async function main(): Promise<Verdict> {
  let end: Verdict = { status: STATUS.success, reason: 'help' };
  try {
    await program((verdict) => {
      end = verdict;
    }).parseAsync();
    return end;
  } catch (error) {
    return explain(error);
  }
}

function explain(error: unknown): Verdict {
  if (error instanceof UserError) return { status: STATUS.usage, reason: 'usage', message: error.message };
  if (error instanceof CommanderError) {
    if (error.exitCode === 0) return { status: STATUS.success, reason: 'help' };
    if (error.code === 'commander.help') return { status: STATUS.usage, reason: 'usage' };
    const line = error.message.replace(/^error: /, '').replaceAll(/\s*\n\s*/g, ' ');
    return { status: STATUS.usage, reason: 'usage', message: `${line.replace(/\.$/, '')}; see transvisor run --help` };
  }
  return { status: STATUS.monitor, reason: 'failed', message: internalError(error) };
}

function finish(end: Verdict): never {
  if (end.message !== undefined) process.stderr.write(`transvisor: ${end.message}\n`);
  process.exit(end.status);
}

// Whoever reads our output may go away; the write that fails says so to its caller. Nothing can be said on stderr.
process.stdout.on('error', () => {});
process.stderr.on('error', () => {});
process.on('uncaughtException', (error) => finish(explain(error)));
process.on('unhandledRejection', (error) => finish(explain(error)));
finish(await main());
