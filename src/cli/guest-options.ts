// Options that say which guest runs, in which machine, and for how long: those of every command that runs one.

import { type Command, Option } from 'commander';
import { CODE_KINDS, DEFAULT_CODE } from '../memory/heap.ts';
import {
  oneOf,
  parseBootOrder,
  parseMedium,
  parseMemory,
  parsePattern,
  parseSeconds,
  parseSerial,
} from './arguments.ts';

/** Adds them. `serial`: where COM1 goes unless told. */
export function guestOptions(command: Command, serial: 'stdio' | 'none' = 'stdio'): Command {
  return command
    .argument('[image]', 'kernel to boot: the same as --kernel')
    .addOption(
      new Option('-m, --memory <size>', 'guest memory, 1M to 1G').argParser(parseMemory).default(2 ** 28, '256M'),
    )
    .option('--kernel <file>', 'kernel to boot: bzImage or Multiboot')
    .option('--initrd <file>', 'initrd of Linux; for Multiboot a module, and it may be given again', append)
    .option('--append <text>', "the kernel's command line")
    .option('--hda <file>', 'disk image: raw or qcow2; --hdb, --hdc and --hdd too', parseMedium)
    .addOption(new Option('--hdb <file>').argParser(parseMedium).hideHelp())
    .addOption(new Option('--hdc <file>').argParser(parseMedium).hideHelp())
    .addOption(new Option('--hdd <file>').argParser(parseMedium).hideHelp())
    .option('--cdrom <file>', 'CD-ROM image (ISO), in place of --hdc', parseMedium)
    .option('--fda <file>', 'floppy image; --fdb too', parseMedium)
    .addOption(new Option('--fdb <file>').argParser(parseMedium).hideHelp())
    .option('--boot <order>', 'start from c (disk), d (CD-ROM), a (floppy), n (network): such as cda', parseBootOrder)
    .option('--snapshot', 'keep nothing of what the guest writes to disks and floppies')
    .option('--bios <file>', 'system BIOS to start in, or builtin; SeaBIOS where it is installed')
    .option('--vgabios <file>', "the display adapter's BIOS; the one beside the system BIOS")
    .addOption(
      new Option('--serial <where>', 'COM1: stdio, file:NAME or none')
        .argParser(parseSerial)
        .default({ kind: serial }, serial),
    )
    .addOption(
      new Option('--display <where>', 'the screen: none, or terminal (text modes, and the keyboard)')
        .argParser(oneOf(['none', 'terminal']))
        .default('none'),
    )
    .option('--screenshot <file>', 'write what the screen shows at the end, as PNG')
    .option('--debugcon <file>', 'write what the guest writes to port E9h')
    .option('--debug-exit', 'port F4h ends the run: a write of v with status (v << 1) | 1')
    .addOption(
      new Option('--code <kind>', 'what the translator makes of the guest: webassembly, or asm.js (JavaScript)')
        .argParser(oneOf(CODE_KINDS))
        .default(DEFAULT_CODE),
    )
    .addOption(
      new Option('--clock <name>', 'host, or virtual (reproducible: time is the count of instructions)')
        .argParser(oneOf(['host', 'virtual']))
        .default('host'),
    )
    .option('--until <regex>', 'stop with status 0 once the serial output matches', parsePattern)
    .option('--timeout <seconds>', 'stop with status 124 after that time of the host', parseSeconds)
    .option('--stats <file>', 'write a JSON object of counters at the end')
    .option('--trace <channels>', 'log to standard error: io, irq, mmu, ... or all');
}

function append(value: string, list: readonly string[] = []): readonly string[] {
  return [...list, value];
}
