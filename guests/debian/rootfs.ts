// A Debian root file system as a directory: packages unpacked as `dpkg --unpack` leaves them, to be configured by
// `dpkg --configure -a` inside the guest. The method of multistrap; documents: Debian Policy 6.5 (unpacking), dpkg(1),
// deb(5), and the merged /usr of Debian 12 (base-files).
//
// Deviation: conffiles are put in their place at once, and dpkg does not know their checksums.

import { execFile } from 'node:child_process';
import { appendFile, chmod, copyFile, mkdir, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { GuestUnavailable } from './apt.ts';

/** Who owns a path, where that is not root. */
export interface Ownership {
  readonly path: string;
  readonly uid: number;
  readonly gid: number;
}

/** Directories that are links into /usr before anything is unpacked. */
const MERGED = ['bin', 'lib', 'sbin'];

/** Unpacks package files into `directory`; returns what does not belong to root. */
export async function unpackAll(debs: readonly string[], directory: string): Promise<readonly Ownership[]> {
  const info = join(directory, 'var/lib/dpkg/info');
  for (const name of MERGED) {
    await mkdir(join(directory, 'usr', name), { recursive: true });
    await symlink(`usr/${name}`, join(directory, name));
  }
  await mkdir(info, { recursive: true });
  await mkdir(join(directory, 'var/lib/dpkg/updates'), { recursive: true });
  const status = join(directory, 'var/lib/dpkg/status');
  await writeFile(status, '');
  const owned: Ownership[] = [];
  for (const deb of debs) {
    await unpackFiles(deb, directory);
    const listing = await listed(deb);
    owned.push(...listing.owned);
    await register(deb, info, status, listing.paths);
  }
  await writeFile(join(directory, 'var/lib/dpkg/arch'), 'i386\n');
  return owned;
}

/** Links of the merged /usr stay links, which `dpkg-deb --extract` does not promise. */
async function unpackFiles(deb: string, directory: string): Promise<void> {
  await tarOf(deb, '-x', '-p', '--keep-directory-symlink', '--warning=no-timestamp', '-C', directory);
}

/** Paths of a package file, as `dpkg -L` prints them, and those that are not root's. */
async function listed(deb: string): Promise<{ paths: string[]; owned: Ownership[] }> {
  const paths: string[] = [];
  const owned: Ownership[] = [];
  // `mode owner/group size date time ./path -> target`, with numbers for names.
  const listing = await tarOf(deb, '-t', '-v', '--numeric-owner', '--quoting-style=literal');
  for (const line of listing.split('\n')) {
    const match = /^\S+ +(\d+)\/(\d+) +\S+ +\S+ +\S+ \.(\/.*?)(?: -> .*| link to .*)?$/.exec(line);
    if (!match) continue;
    const [, uid = '0', gid = '0', name = ''] = match;
    const path = name.length > 1 ? name.replace(/\/$/, '') : '/.';
    paths.push(path);
    if (uid !== '0' || gid !== '0') owned.push({ path, uid: Number(uid), gid: Number(gid) });
  }
  return { paths, owned };
}

/** Tells dpkg's database of an unpacked package. */
async function register(deb: string, info: string, status: string, paths: readonly string[]): Promise<void> {
  const control = `${info}/../control.${process.pid}`;
  await promisify(execFile)('dpkg-deb', ['-e', deb, control]);
  const text = (await readFile(join(control, 'control'), 'utf8')).trimEnd();
  const name = /^Package: *(\S+)/m.exec(text)?.[1] as string;
  const title = /^Multi-Arch: *same/m.test(text) ? `${name}:i386` : name;
  for (const file of await readdir(control)) {
    if (file === 'control') continue;
    await copyFile(join(control, file), join(info, `${title}.${file}`));
    if (/^(pre|post)(inst|rm)$|^config$/.test(file)) await chmod(join(info, `${title}.${file}`), 0o755);
  }
  await writeFile(join(info, `${title}.list`), paths.map((path) => `${path}\n`).join(''));
  await appendFile(status, `${text.replace(/\n/, '\nStatus: install ok unpacked\n')}\n\n`);
  await rm(control, { recursive: true });
}

/** What tar prints about the files of a package file. */
async function tarOf(deb: string, ...options: readonly string[]): Promise<string> {
  // tar stops reading at the end mark, before dpkg-deb stops writing: only a shell takes that for granted.
  const script = 'deb=$1; shift; dpkg-deb --fsys-tarfile "$deb" | tar "$@"';
  const { stdout } = await promisify(execFile)('sh', ['-c', script, 'sh', deb, ...options], {
    maxBuffer: 1 << 26,
    env: { ...process.env, LC_ALL: 'C' },
  }).catch((error: Error) => {
    throw new GuestUnavailable(`${basename(deb)} cannot be unpacked: ${error.message.split('\n')[1] ?? error.message}`);
  });
  return stdout;
}
