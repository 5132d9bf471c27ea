#!/usr/bin/env -S node --no-concurrent-recompilation --max-semi-space-size=16 --heap-growing-percent=60 --no-parallel-scavenge
// The command line: options, help, and the one place where errors become a line and an exit status.

import { enableCompileCache } from 'node:module';
import { Command, CommanderError, Option } from 'commander';
import { CACHE_BYTES } from '../../translator/policy.ts';
import { UserError } from '../lib/errors.ts';
import { oneOf, parseCacheSize, parseCount, parseSeconds } from './arguments.ts';
import { BENCH_HELP, type BenchOptions } from './bench-options.ts';
import { addDump } from './dump-command.ts';
import { addExplain } from './explain-command.ts';
import { guestOptions } from './guest-options.ts';
import { KEYS_HELP } from './keys.ts';
import { version } from './package.ts';
import type { RunOptions } from './run.ts';
import { internalError, STATUS, type Verdict } from './status.ts';

const RUN_HELP = `
The image is a Linux kernel (bzImage) or a Multiboot kernel for i386. Without one, a machine with a disk, CD-ROM or
floppy starts from that; with neither, the demo guest runs.

Examples:
  transvisor run
  transvisor run -m 256M --kernel vmlinuz --initrd initrd.gz --append 'console=ttyS0'
  transvisor run --hda disk.qcow2 --cdrom installer.iso --boot dc -m 512M
  transvisor run --until 'login:' --timeout 120 --stats boot.json vmlinuz
  transvisor run --debug-exit --serial file:test.log --timeout 10 kernel.elf
  echo 'uname -a; poweroff -f' | transvisor run --kernel vmlinuz --initrd initrd.gz --append 'console=ttyS0'

Keys, when a terminal is at both ends:
${KEYS_HELP.map((line) => `  ${line}`).join('\n')}

Under a profiler or a debugger of Node (--cpu-prof, --prof, --inspect), translated code has the names of guest functions:
those of --symbols, of an ELF kernel, or what is found in the memory of a Linux guest.

Exit status: 0 power-off, or --until matched; 1 usage or host error; 124 timeout; 125 the monitor failed;
126 triple fault, or halted for ever; with --debug-exit the guest's; 128 + n signal n.`;

function program(done: (end: Verdict) => void): Command {
  const root = new Command('transvisor')
    .description('An x86 hypervisor: runs unmodified operating systems by binary translation.')
    .version(version);
  guestOptions(root.command('run').description('run a guest; without an image, the demo guest'))
    .addOption(
      new Option('--engine <name>', 'translator, interpreter, or reference (slow, for comparison)')
        .argParser(oneOf(['translator', 'interpreter', 'reference']))
        .default('translator'),
    )
    .addOption(
      new Option('--tc-size <size>', 'bound of the translation cache, as an estimate of what it takes')
        .argParser(parseCacheSize)
        .default(CACHE_BYTES, `${CACHE_BYTES >> 20}M`),
    )
    .option('--symbols <file>', 'name translated code for profilers: System.map, /proc/kallsyms, nm, or an ELF file')
    .addHelpText('after', RUN_HELP)
    .action(async (image: string | undefined, options: RunOptions, command: Command) => {
      // The machine is loaded when there is something to run: help and mistakes are answered at once.
      const { run } = await import('./run.ts');
      // The terminal can be the screen or COM1, not both.
      const screen = options.display === 'terminal';
      if (screen && command.getOptionValueSource('serial') !== 'default' && options.serial.kind === 'stdio') {
        throw new UserError('--display terminal and --serial stdio want the same terminal; give --serial file:NAME');
      }
      done(
        await run(
          image,
          screen && options.serial.kind === 'stdio' ? { ...options, serial: { kind: 'none' } } : options,
        ),
      );
    });
  addDump(root, done);
  root
    .command('bench')
    .description('measure the engines, side by side with others that are installed')
    .option('--engines <list>', 'what to measure, by name', 'interpreter,translator')
    .addOption(new Option('--runs <count>', 'runs of each; medians count').argParser(parseCount).default(1))
    .addOption(new Option('--repeat <count>', 'times through the suite in each run').argParser(parseCount).default(1))
    .option('--only <names>', 'some benchmarks only, by name')
    .addOption(
      new Option('--scale <percent>', "percent of each benchmark's usual work").argParser(parseCount).default(100),
    )
    .option('--linux', 'inside a Debian kernel, with what needs one, instead of on bare metal')
    .addOption(new Option('--timeout <seconds>', 'for one run of one engine').argParser(parseSeconds).default(600))
    .option('--json <file>', 'write everything that was measured')
    .option('--svg <file>', 'write a chart')
    .option('--profile <directory>', "write V8's profiles of the benchmarks, without the boot")
    .option('--verbose', "show the guests' consoles")
    .addHelpText('after', BENCH_HELP)
    .action(async (options: BenchOptions) => {
      const { bench } = await import('./bench.ts');
      done(await bench(options));
    });
  addExplain(root, done);
  for (const command of [root, ...root.commands]) {
    command
      .exitOverride()
      .configureOutput({ outputError: () => {} })
      .showSuggestionAfterError(true);
  }
  return root;
}

async function main(): Promise<Verdict> {
  // What is loaded from here on is not parsed again by the next run; where nothing can be kept, it goes on without.
  enableCompileCache();
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
    return {
      status: STATUS.usage,
      reason: 'usage',
      message: `${line.replace(/\.$/, '')}; see ${commandName()} --help`,
    };
  }
  return { status: STATUS.monitor, reason: 'failed', message: internalError(error) };
}

/** The command that was meant, for where its help is. */
function commandName(): string {
  const word = process.argv[2] ?? '';
  return `transvisor ${['dump', 'explain'].includes(word) ? word : 'run'}`;
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
