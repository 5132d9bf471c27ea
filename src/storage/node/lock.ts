// One writer or many readers of an image, across processes.
//
// The lock is flock(2). It belongs to the open file, the kernel drops it when the process ends however it ends, and it
// follows the file whatever path led to it. Node has no call for it, so util-linux's (or BusyBox's) flock(1) is run once
// with the descriptor inherited: the lock is on the open file description, which stays with us when that program is gone.
//
// QEMU and qemu-img lock byte ranges by fcntl(2), which flock(2) does not meet. /proc/locks shows them: an image that they
// use is refused here. They do not see our lock.

import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';

/** What stands in the way of a lock, or 'unavailable' where the host has none. */
export type LockAnswer = 'taken' | 'in use' | 'unavailable';

/** Locks the file of a descriptor, shared by readers or for one writer. It is given back by closing the descriptor. */
export async function lock(fd: number, file: { dev: number; ino: number }, exclusive: boolean): Promise<LockAnswer> {
  const answer = await flock(fd, exclusive);
  return answer === 'in use' || (await usedByQemu(file, exclusive)) ? 'in use' : answer;
}

function flock(fd: number, exclusive: boolean): Promise<LockAnswer> {
  return new Promise((resolve) => {
    try {
      const child = spawn('flock', ['-n', exclusive ? '-x' : '-s', '3'], { stdio: ['ignore', 'ignore', 'ignore', fd] });
      child.once('error', () => resolve('unavailable'));
      // 1 is a conflict; other statuses say that the file system has no locks.
      child.once('exit', (status) => resolve(status === 0 ? 'taken' : status === 1 ? 'in use' : 'unavailable'));
    } catch {
      resolve('unavailable');
    }
  });
}

/** QEMU include/block/raw-posix: byte 101 is locked while the image is written, 201 while others must not write. */
const WRITING = 101;
const NO_WRITING = 201;

async function usedByQemu({ dev, ino }: { dev: number; ino: number }, exclusive: boolean): Promise<boolean> {
  let table: string;
  try {
    table = await readFile('/proc/locks', 'latin1');
  } catch {
    return false;
  }
  // 1: OFDLCK ADVISORY  READ -1 fe:00:2375765 100 101
  for (const line of table.split('\n')) {
    const found = /\b(?:OFDLCK|POSIX)\b.* ([0-9a-f]+):([0-9a-f]+):(\d+) (\d+) (\d+|EOF)$/.exec(line);
    if (!found) continue;
    const [, major, minor, inode, first, last] = found as unknown as [string, string, string, string, string, string];
    if (
      Number(inode) !== ino ||
      Number.parseInt(major, 16) !== majorOf(dev) ||
      Number.parseInt(minor, 16) !== minorOf(dev)
    )
      continue;
    const covers = (byte: number): boolean => Number(first) <= byte && (last === 'EOF' || byte <= Number(last));
    if (covers(WRITING) || (exclusive && covers(NO_WRITING))) return true;
  }
  return false;
}

/** The halves of a Linux device number, as gnu_dev_major(3) and gnu_dev_minor(3) take it apart. */
export const majorOf = (dev: number): number => (Math.floor(dev / 2 ** 32) & ~0xfff) | ((dev >>> 8) & 0xfff);
export const minorOf = (dev: number): number => (Math.floor(dev / 2 ** 12) & ~0xff) | (dev & 0xff);
