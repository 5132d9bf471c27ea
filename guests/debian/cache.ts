// Where fetched and built guests live: `.cache/guests/` of the checkout, outside version control.
//
// Everything enters under its final name by a rename, so that an interrupted run leaves nothing half-made, and is made
// under one lock file, so that test workers that start together do the work once.

import { mkdir, open, readFile, realpath, rename, rm, symlink, unlink } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const LOCK_POLL_MILLIS = 200;

/** Root of the guest cache: $TRANSVISOR_CACHE/guests where that is set, else `.cache/guests` of this checkout. */
export function cacheDirectory(): string {
  const chosen = process.env.TRANSVISOR_CACHE;
  return chosen ? join(chosen, 'guests') : fileURLToPath(new URL('../../.cache/guests', import.meta.url));
}

/**
 * Makes directory `name` below `parent` by letting `fill` work in a temporary sibling and renaming it when it is
 * complete. A directory that is there already is left alone and `fill` is not called. Returns its path.
 */
export async function madeDirectory(
  parent: string,
  name: string,
  fill: (directory: string) => Promise<void>,
): Promise<string> {
  const final = join(parent, name);
  if (await exists(final)) return final;
  const temporary = join(parent, `.${name}.${process.pid}`);
  await rm(temporary, { recursive: true, force: true });
  await mkdir(temporary, { recursive: true });
  try {
    await fill(temporary);
    await rename(temporary, final);
  } catch (error) {
    await rm(temporary, { recursive: true, force: true });
    throw error;
  }
  return final;
}

/** Makes symbolic link `link` lead to `target`, a name in the same directory; an older link is replaced in one step. */
export async function pointTo(link: string, target: string): Promise<void> {
  const temporary = `${link}.${process.pid}`;
  await rm(temporary, { force: true });
  await symlink(basename(target), temporary);
  await rename(temporary, link);
}

/** Runs `work` while no other process of this machine is inside `locked`. A lock whose owner has died is taken over. */
export async function locked<T>(work: () => Promise<T>): Promise<T> {
  const root = cacheDirectory();
  await mkdir(root, { recursive: true });
  const path = join(root, 'lock');
  while (!(await taken(path))) {
    const owner = Number(await readFile(path, 'utf8').catch(() => ''));
    if (owner > 0 && !alive(owner)) await unlink(path).catch(() => undefined);
    else await delay(LOCK_POLL_MILLIS);
  }
  try {
    return await work();
  } finally {
    await unlink(path);
  }
}

/** The path with symbolic links resolved, or undefined where there is nothing. */
export async function resolved(path: string): Promise<string | undefined> {
  return realpath(path).catch(() => undefined);
}

export async function exists(path: string): Promise<boolean> {
  return (await resolved(path)) !== undefined;
}

/** Creates the lock file and writes our process id to it; false where it exists. */
async function taken(path: string): Promise<boolean> {
  try {
    const file = await open(path, 'wx');
    await file.write(String(process.pid));
    await file.close();
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
