// Which firmware a machine with drives starts in: the one that the user names, or SeaBIOS where Debian's package or this
// project's guests recipe put it.

import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { NamedFile } from '../firmware/plan.ts';
import { readImage } from './files.ts';
import { packageFile } from './package.ts';

const BIOS = 'bios-256k.bin';
const VGA_BIOS = 'vgabios-stdvga.bin';

export interface FirmwareOptions {
  readonly bios?: string;
  readonly vgabios?: string;
}

export interface Firmware {
  readonly bios?: NamedFile;
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
 * Reads the firmware; without `bios` there is none on this host, or the user wants the built-in one.
 * @throws UserError for files that cannot be read.
 */
export function findFirmware(options: FirmwareOptions): Firmware {
  if (options.bios === 'builtin') return {};
  const bios =
    options.bios ??
    folders()
      .map((folder) => join(folder, BIOS))
      .find((path) => existsSync(path));
  if (bios === undefined) return {};
  const beside = join(dirname(bios), VGA_BIOS);
  const vgaBios = options.vgabios ?? [beside, ...folders().map((f) => join(f, VGA_BIOS))].find((p) => existsSync(p));
  return {
    bios: readImage('--bios', bios),
    ...(vgaBios !== undefined && { vgaBios: readImage('--vgabios', vgaBios) }),
  };
}
