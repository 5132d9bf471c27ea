// Bootable media and firmware from Debian's packages, ready to be given as --bios, --cdrom and --fda.

import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type Architecture, GuestUnavailable } from './apt.ts';
import { cacheDirectory, madeDirectory } from './cache.ts';
import { debianPackage, type FetchOptions } from './package.ts';

export type MediumName = 'seabios' | 'memtest' | 'grub-rescue' | 'syslinux' | 'ipxe';

export const mediumNames: readonly MediumName[] = ['seabios', 'memtest', 'grub-rescue', 'syslinux', 'ipxe'];

/** Files of one package by what they are for. All paths are absolute. */
export interface Medium {
  readonly name: MediumName;
  readonly bios?: string;
  readonly vgaBios?: string;
  readonly cdrom?: string;
  /** A floppy of 1.44 MB. */
  readonly floppy?: string;
}

const FLOPPY_BYTES = 2880 * 512;

/** What SYSLINUX is told: a prompt on the screen and on COM1. */
const SYSLINUX_CONFIGURATION = `serial 0 115200
prompt 1
timeout 0
say Transvisor boots SYSLINUX.
default none
label none
  localboot -1
`;

/**
 * The medium of that name, fetched and built on first use; later calls use no network.
 * @throws {GuestUnavailable} apt is missing, its mirror cannot be reached, or a tool of the recipe does not run here
 */
export async function medium(name: MediumName, options: FetchOptions = {}): Promise<Medium> {
  switch (name) {
    case 'seabios': {
      const directory = join(await debianPackage('seabios', 'i386', options), 'usr/share/seabios');
      return {
        name,
        bios: join(directory, 'bios-256k.bin'),
        vgaBios: join(directory, 'vgabios-stdvga.bin'),
      };
    }
    case 'memtest': {
      const unpacked = await debianPackage('memtest86+', 'i386', options);
      // Its kernel begins with a boot sector of its own, which loads the rest.
      const floppy = await padded('memtest', join(unpacked, 'boot/memtest86+ia32.bin'));
      return { name, cdrom: join(unpacked, 'usr/lib/memtest86+/memtest86+ia32.iso'), floppy };
    }
    case 'grub-rescue': {
      const unpacked = await debianPackage('grub-rescue-pc', 'i386', options);
      const directory = join(unpacked, 'usr/lib/grub-rescue');
      const floppy = await padded('grub-rescue', join(directory, 'grub-rescue-floppy.img'));
      return { name, cdrom: join(directory, 'grub-rescue-cdrom.iso'), floppy };
    }
    case 'ipxe':
      return { name, cdrom: join(await debianPackage('ipxe', 'i386', options), 'usr/lib/ipxe/ipxe.iso') };
    case 'syslinux':
      return { name, floppy: await syslinuxFloppy(options) };
  }
}

/** For tests, which skip where there is no Debian mirror: the medium, or the reason. Under `CI` it is thrown. */
export async function mediumOrReason(name: MediumName, options: FetchOptions = {}): Promise<Medium | string> {
  try {
    return await medium(name, options);
  } catch (error) {
    if (error instanceof GuestUnavailable && !process.env.CI) return error.message;
    throw error;
  }
}

/** The image, filled up with zeros to the size of a floppy. */
async function padded(title: string, image: string): Promise<string> {
  const bytes = await readFile(image);
  if (bytes.length > FLOPPY_BYTES) throw new GuestUnavailable(`${image} does not fit on a floppy`);
  const directory = await madeDirectory(media(), `${title}-${bytes.length}`, async (into) => {
    const floppy = new Uint8Array(FLOPPY_BYTES);
    floppy.set(bytes);
    await writeFile(join(into, 'floppy.img'), floppy);
  });
  return join(directory, 'floppy.img');
}

/** A FAT12 floppy, formatted by mtools and made bootable by SYSLINUX's own installer: tools of the host's architecture. */
async function syslinuxFloppy(options: FetchOptions): Promise<string> {
  const mtools = await debianPackage('mtools', hostArchitecture(), options);
  const syslinux = await debianPackage('syslinux', hostArchitecture(), options);
  const tools = `${join(mtools, 'usr/bin')}:${join(syslinux, 'usr/bin')}`;
  const environment = { ...process.env, PATH: `${tools}:${process.env.PATH ?? ''}`, MTOOLS_SKIP_CHECK: '1' };
  const directory = await madeDirectory(media(), 'syslinux-1', async (into) => {
    const image = join(into, 'floppy.img');
    await writeFile(image, new Uint8Array(FLOPPY_BYTES));
    await writeFile(join(into, 'syslinux.cfg'), SYSLINUX_CONFIGURATION);
    const run = (program: string, ...args: string[]): Promise<unknown> =>
      promisify(execFile)(program, args, { env: environment, cwd: into }).catch((error: Error) => {
        throw new GuestUnavailable(`${program}: ${error.message.split('\n')[0]}`);
      });
    await run('mformat', '-i', image, '-f', '1440', '-v', 'SYSLINUX', '::');
    await run('mcopy', '-i', image, join(into, 'syslinux.cfg'), '::');
    await run('syslinux', '--install', image);
  });
  return join(directory, 'floppy.img');
}

function hostArchitecture(): Architecture {
  if (process.arch === 'x64') return 'amd64';
  if (process.arch === 'ia32') return 'i386';
  throw new GuestUnavailable(`SYSLINUX's installer does not run on a host of architecture ${process.arch}`);
}

function media(): string {
  return join(cacheDirectory(), 'media');
}
