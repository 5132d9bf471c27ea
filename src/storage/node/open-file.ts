// Opening the file of an image: what it is, how large it is, and whether it may be had.

import { constants } from 'node:fs';
import { open, readFile, stat } from 'node:fs/promises';
import { SECTOR, StorageError } from '../contract.ts';
import { hostError } from './host-error.ts';
import { HostFile } from './host-file.ts';
import { lock, majorOf, minorOf } from './lock.ts';

/** Hears what the user should know and what does not stop the run, as one line. */
export type Warn = (line: string) => void;

export interface OpenFile {
  readonly file: HostFile;
  /** The same for every path that leads to the file. */
  readonly identity: string;
}

/** Opens and locks the file of an image. Rejects with a {@link StorageError}. */
export async function openFile(path: string, readOnly: boolean, warn: Warn): Promise<OpenFile> {
  try {
    const kind = await stat(path);
    if (kind.isDirectory()) throw new StorageError('io', `${path}: is a directory; give a disk image`);
    // Opening a pipe would wait for its other end.
    if (!kind.isFile() && !kind.isBlockDevice()) {
      throw new StorageError('io', `${path}: neither a file nor a block device; give a disk image`);
    }
    // O_EXCL on a block device: not while the host has it mounted.
    const exclusive = kind.isBlockDevice() ? constants.O_EXCL : 0;
    const handle = await open(path, readOnly ? constants.O_RDONLY : constants.O_RDWR | exclusive);
    try {
      const status = await handle.stat();
      const answer = await lock(handle.fd, status, !readOnly);
      if (answer === 'in use') throw inUse(path, readOnly);
      if (answer === 'unavailable') {
        warn(
          `${path}: cannot be locked here (no flock program, or a file system without locks); use it once at a time`,
        );
      }
      const size = status.isBlockDevice() ? await deviceSize(path, status.rdev) : status.size;
      const file = new HostFile(handle, { name: path, readOnly, size, named: status.isFile() });
      return { file, identity: `${status.dev}:${status.ino}` };
    } catch (error) {
      await handle.close();
      throw error;
    }
  } catch (error) {
    throw openError(path, readOnly, error);
  }
}

function inUse(path: string, readOnly: boolean): StorageError {
  const mend = readOnly
    ? 'end the one that writes to it'
    : 'end the other one, or open it with --snapshot in both (many may read an image)';
  return new StorageError('io', `${path}: in use by another process; ${mend}`);
}

/** Refused writing is often meant to be reading. */
function openError(path: string, readOnly: boolean, error: unknown): unknown {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (!readOnly && (code === 'EACCES' || code === 'EPERM')) {
    const text = `${path}: may not be written; change its mode, open it read-only, or use --snapshot`;
    return new StorageError('read-only', text, { cause: error });
  }
  return hostError(path, error);
}

/** Linux tells a block device's size in units of 512 bytes, whatever its sectors are. */
async function deviceSize(path: string, device: number): Promise<number> {
  try {
    return SECTOR * Number(await readFile(`/sys/dev/block/${majorOf(device)}:${minorOf(device)}/size`, 'latin1'));
  } catch (cause) {
    throw new StorageError('io', `${path}: the host does not tell this device's size; copy it to a file`, { cause });
  }
}
