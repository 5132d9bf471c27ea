// Which firmware a machine with drives starts in: the one that the user names, or SeaBIOS where Debian's package or this
// project's guests recipe put it.

import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { NamedFile } from '../firmware/plan.ts';
import { UserError } from '../lib/errors.ts';
import { readImage } from './files.ts';
import { packageFile } from './package.ts';

const BIOS = 'bios-256k.bin';
const VGA_BIOS = 'vgabios-stdvga.bin';

export interface FirmwareOptions {
  readonly bios?: string;
  readonly vgabios?: string;
}

export interface Firmware {
  readonly bios: NamedFile | 'builtin';
  readonly vgaBios?: NamedFile;
}

/** Folders where SeaBIOS is found without being named. */
function folders(): readonly string[] {
  const cache = process.env.TRANSVISOR_CACHE ?? packageFile('.cache');
  return [
    '/usr/share/seabios',
    '/usr/share/qemu',
    join(cache, 'guests', 'packages', 'seabios_i386', 'usr', 'share', 'seabios'),
  ];
}

/**
 * Reads the firmware; the built-in one where there is none on this host, or the user wants it.
 * @throws UserError for files that cannot be read.
 */
export function findFirmware(options: FirmwareOptions): Firmware {
  const bios = options.bios ?? existing(folders().map((folder) => join(folder, BIOS))) ?? 'builtin';
  if (bios === 'builtin') {
    if (options.vgabios === undefined) return { bios };
    throw new UserError('--vgabios without a system BIOS, which would call it; give one with --bios');
  }
  const beside = join(dirname(bios), VGA_BIOS);
  const vgaBios = options.vgabios ?? existing([beside, ...folders().map((folder) => join(folder, VGA_BIOS))]);
  return {
    bios: readImage('--bios', bios),
    ...(vgaBios !== undefined && { vgaBios: readImage('--vgabios', vgaBios) }),
  };
}

function existing(paths: readonly string[]): string | undefined {
  return paths.find((path) => existsSync(path));
}
