// The initramfs of the small Linux guests: one busybox, a script, and kernel modules where they are asked for.
//
// Documents: the kernel's Documentation/filesystems/ramfs-rootfs-initramfs.rst and early-userspace. The same input gives
// the same bytes (see cpio.ts; gzip's header carries no time).

import { readdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { type CpioEntry, cpio } from './cpio.ts';

const DIRECTORIES = ['bin', 'dev', 'etc', 'lib', 'lib/modules', 'mnt', 'proc', 'root', 'sbin', 'sys', 'usr'];

export interface InitramfsParts {
  /** Path of a statically linked busybox. */
  readonly busybox: string;
  /**
   * Kernel modules to load before the shell, by name (`ata_piix`); what they depend on comes along, but not what they
   * ask for by alias while they run: `ext4` wants `crc32c_generic` beside it to mount anything.
   */
  readonly modules?: readonly string[];
  /** Directory of the modules: `lib/modules/VERSION/kernel` of an unpacked kernel package. */
  readonly moduleDirectory?: string;
  /** Further members, after the built-in ones. A later file replaces an earlier one of the same path. */
  readonly extra?: readonly CpioEntry[];
}

/** Builds the initramfs: a gzip-compressed newc archive. */
export async function initramfs(parts: InitramfsParts): Promise<Uint8Array> {
  const modules = await ordered(parts.modules ?? [], parts.moduleDirectory);
  const order = modules.map(([file]) => file + '\n').join('');
  const text = new TextEncoder();
  const entries: CpioEntry[] = [
    ...DIRECTORIES.map((path): CpioEntry => ({ kind: 'directory', path })),
    { kind: 'directory', path: 'usr/bin' },
    { kind: 'directory', path: 'usr/sbin' },
    { kind: 'directory', path: 'tmp', mode: 0o1777 },
    // The kernel opens it for the first process, before that could mount a devtmpfs.
    { kind: 'character device', path: 'dev/console', major: 5, minor: 1 },
    { kind: 'file', path: 'bin/busybox', mode: 0o755, data: await readFile(parts.busybox) },
    { kind: 'file', path: 'etc/passwd', data: text.encode('root::0:0:root:/root:/bin/sh\n') },
    { kind: 'file', path: 'etc/group', data: text.encode('root:x:0:\n') },
    { kind: 'file', path: 'init', mode: 0o755, data: await readFile(new URL('init.sh', import.meta.url)) },
    ...modules.map(([file, data]): CpioEntry => ({ kind: 'file', path: `lib/modules/${file}`, data })),
    { kind: 'file', path: 'lib/modules/order', data: text.encode(order) },
    ...(parts.extra ?? []),
  ];
  return gzipSync(cpio(entries), { level: 9 });
}

/** File names and contents of the modules and all that they need, each after what it needs. */
async function ordered(names: readonly string[], directory: string | undefined): Promise<[string, Uint8Array][]> {
  const done = new Map<string, [string, Uint8Array]>();
  if (!names.length) return [];
  if (!directory) throw new Error('modules are asked for, but no directory of modules is given');
  const files = new Map<string, string>();
  for (const path of await readdir(directory, { recursive: true })) {
    if (path.endsWith('.ko')) files.set(moduleName(path), join(directory, path));
  }
  const add = async (name: string): Promise<void> => {
    if (done.has(name)) return;
    const path = files.get(name);
    if (!path) throw new Error(`the kernel has no module '${name}'`);
    const data = await readFile(path);
    for (const needed of dependencies(data)) await add(needed);
    done.set(name, [basename(path), data]);
  };
  for (const name of names) await add(name.replaceAll('-', '_'));
  return [...done.values()];
}

/** Modules' names treat a hyphen as an underscore (modprobe(8)). */
function moduleName(path: string): string {
  return basename(path, '.ko').replaceAll('-', '_');
}

/** What a module says in its `.modinfo` section about the modules that it needs. */
function dependencies(module: Buffer): string[] {
  const key = '\0depends=';
  const at = module.indexOf(key, 0, 'latin1');
  if (at < 0) return [];
  const list = module.toString('latin1', at + key.length, module.indexOf(0, at + key.length));
  return list ? list.split(',').map((name) => name.replaceAll('-', '_')) : [];
}
