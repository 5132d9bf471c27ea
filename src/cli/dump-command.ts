// `transvisor dump` on the command line: options and help. What it does is in dump.ts.

import { type Command, InvalidArgumentError } from 'commander';
import type { DumpOptions } from './dump.ts';
import { guestOptions } from './guest-options.ts';
import type { Verdict } from './status.ts';

const HELP = `
The guest is that of transvisor run, with the same options; its serial output is not shown unless --serial says so. When
it ends, by itself or by --until or --timeout, the regions that the translator made are shown, hottest first.

Symbols are those of --symbols, of an ELF kernel, or what is found in the memory of a Linux guest.

Examples:
  transvisor dump
  transvisor dump --top 1 --stages
  transvisor dump --address memcpy --kernel vmlinuz --initrd initrd.gz --append 'console=ttyS0' --until 'login:'
  transvisor dump --html boot.html --top 100 --timeout 60 --kernel vmlinuz --initrd initrd.gz
  transvisor dump --json -o regions.json kernel.elf

Exit status: that of transvisor run, but 0 when --timeout ended the run.`;

export function addDump(root: Command, done: (end: Verdict) => void): void {
  guestOptions(root.command('dump').description('run a guest, then show its translated regions'), 'none')
    .option('--top <number>', 'how many regions', parseTop, 20)
    .option('--address <where>', 'only regions with code there: a hexadecimal address or a symbol')
    .option('--symbols <file>', 'symbols: System.map, /proc/kallsyms, nm, or an ELF file')
    .option('--stages', 'also the residual before and after the passes, and the ESTree')
    .option('--json', 'as JSON')
    .option('--html <file>', 'write one HTML page that needs nothing else')
    .option('-o, --output <file>', 'write there instead of to standard output')
    .addHelpText('after', HELP)
    .action(async (image: string | undefined, options: DumpOptions) => {
      const { dump } = await import('./dump.ts');
      done(await dump(image, options));
    });
}

function parseTop(text: string): number {
  const top = /^\d+$/.test(text) ? Number(text) : 0;
  if (top < 1) throw new InvalidArgumentError('Give a number of regions, such as 20.');
  return top;
}
