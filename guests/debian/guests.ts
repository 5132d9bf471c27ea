// The real guests: unmodified kernels and installer images of Debian, ready to boot.

import { createHash } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { GuestUnavailable } from './apt.ts';
import { cacheDirectory, exists } from './cache.ts';
import { initramfs } from './initramfs.ts';
import { debianPackage, type FetchOptions } from './package.ts';

/** A kernel, what it boots into, and how. All paths are absolute. */
export interface Guest {
  readonly name: GuestName;
  /** The kernel's own version, such as `6.1.0-9-686`; the package's for the installer. */
  readonly version: string;
  /** bzImage. */
  readonly kernel: string;
  readonly initrd: string;
  /**
   * Debian's System.map. Since kernel 4.x the package carries a stub of one line that points to the debug package;
   * the guest's own /proc/kallsyms (boot with `nokaslr tv_run="cat /proc/kallsyms"`) has the real one.
   */
  readonly systemMap?: string;
  /** Kernel command line that brings the console to the first serial port. */
  readonly append: string;
  /** Memory in bytes that it is comfortable with. */
  readonly memory: number;
  /** What it prints on the serial console when it has got to user space and waits for input; `installer-gtk` draws. */
  readonly ready: RegExp;
}

export type GuestName = 'linux-686' | 'linux-686-pae' | 'installer' | 'installer-gtk';

export const guestNames: readonly GuestName[] = ['linux-686', 'linux-686-pae', 'installer', 'installer-gtk'];

const MEBIBYTE = 1 << 20;

export interface GuestOptions extends FetchOptions {
  /** Kernel modules that the initramfs loads before its shell (not for the installers). */
  readonly modules?: readonly string[];
}

/**
 * The guest of that name, fetched and built on first use; later calls use no network.
 * @throws {GuestUnavailable} apt is missing or its mirror cannot be reached
 */
export async function guest(name: GuestName, options: GuestOptions = {}): Promise<Guest> {
  switch (name) {
    case 'installer':
      return installer(options);
    case 'installer-gtk':
      return graphicalInstaller(options);
    default:
      return linux(name, options);
  }
}

/**
 * For tests, which skip where there is no Debian mirror: the guest, or the reason in one line. Where the environment
 * says `CI`, nothing may be skipped and the error is thrown.
 */
export async function guestOrReason(name: GuestName, options: GuestOptions = {}): Promise<Guest | string> {
  try {
    return await guest(name, options);
  } catch (error) {
    if (error instanceof GuestUnavailable && !process.env.CI) return error.message;
    throw error;
  }
}

async function linux(name: 'linux-686' | 'linux-686-pae', options: GuestOptions): Promise<Guest> {
  // The metapackage depends on the package of the newest kernel.
  const meta = await debianPackage(name.replace('linux-', 'linux-image-'), 'i386', options);
  const control = await readFile(join(meta, 'DEBIAN/control'), 'utf8');
  const image = control.match(/^Depends:.*?\blinux-image-(\S+)/m);
  if (!image?.[1]) throw new GuestUnavailable(`${meta}: the metapackage names no kernel package`);
  const version = image[1];
  const unpacked = await debianPackage(`linux-image-${version}`, 'i386', options);
  const busybox = await debianPackage('busybox-static', 'i386', options);
  const initrd = await stored(
    'busybox',
    await initramfs({
      busybox: join(busybox, 'bin/busybox'),
      modules: options.modules,
      moduleDirectory: join(unpacked, 'lib/modules', version, 'kernel'),
    }),
  );
  const systemMap = join(unpacked, `boot/System.map-${version}`);
  return {
    name,
    version,
    kernel: join(unpacked, `boot/vmlinuz-${version}`),
    initrd,
    ...((await exists(systemMap)) && { systemMap }),
    append: 'console=ttyS0',
    memory: 256 * MEBIBYTE,
    ready: /transvisor: user space reached/,
  };
}

async function installer(options: FetchOptions): Promise<Guest> {
  return {
    name: 'installer',
    ...(await netboot('text', options)),
    append: 'console=ttyS0 vga=normal',
    memory: 512 * MEBIBYTE,
    ready: /Select a language/,
  };
}

/** It draws with X and GTK on the screen, in the mode that the loader sets: 800x600 in 16 bits a pixel. */
async function graphicalInstaller(options: FetchOptions): Promise<Guest> {
  return {
    name: 'installer-gtk',
    ...(await netboot('gtk', options)),
    append: 'vga=788 nomodeset',
    memory: 1024 * MEBIBYTE,
    ready: /Select a language/,
  };
}

/** One of the two sets of images of Debian's package. */
async function netboot(
  flavour: 'text' | 'gtk',
  options: FetchOptions,
): Promise<Pick<Guest, 'version' | 'kernel' | 'initrd'>> {
  const unpacked = await debianPackage('debian-installer-12-netboot-i386', 'i386', options);
  const images = join(unpacked, 'usr/lib/debian-installer/images/12/i386', flavour, 'debian-installer/i386');
  const control = await readFile(join(unpacked, 'DEBIAN/control'), 'utf8');
  return {
    version: control.match(/^Version: *(.*)$/m)?.[1] ?? 'unknown',
    kernel: join(images, 'linux'),
    initrd: join(images, 'initrd.gz'),
  };
}

/** Writes an initramfs to the cache under a name made of its content; returns the path. */
async function stored(title: string, data: Uint8Array): Promise<string> {
  const directory = join(cacheDirectory(), 'initramfs');
  const digest = createHash('sha256').update(data).digest('hex').slice(0, 16);
  const path = join(directory, `${title}-${digest}.cpio.gz`);
  if (!(await exists(path))) {
    await mkdir(directory, { recursive: true });
    const temporary = `${path}.${process.pid}`;
    await writeFile(temporary, data);
    await rename(temporary, path);
  }
  return path;
}
