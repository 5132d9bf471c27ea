// The host's errors about images, as one line that says what is wrong and how to mend it.

import { StorageError, type StorageFault } from '../contract.ts';

/** Error codes of the host: the fault that the guest's drive sees, what happened, what to do. */
const CODES: Readonly<Record<string, readonly [fault: StorageFault, reason: string, mend: string]>> = {
  ENOENT: ['io', 'no such file', 'check the path'],
  ENOTDIR: ['io', 'a part of the path is not a directory', 'check the path'],
  EISDIR: ['io', 'is a directory', 'give a disk image'],
  ELOOP: ['io', 'too many symbolic links', 'check the path'],
  ENAMETOOLONG: ['io', 'the name is too long', 'give a shorter one'],
  EEXIST: ['io', 'exists already', 'remove it or give another name'],
  EACCES: ['read-only', 'permission denied', 'change its mode or give another file'],
  EPERM: ['read-only', 'not permitted', 'change its attributes or give another file'],
  EROFS: ['read-only', 'on a read-only file system', 'open it read-only or with --snapshot'],
  EBUSY: ['io', 'in use by the host (mounted?) or another process', 'unmount it, or end that process'],
  ENXIO: ['io', 'no such device', 'check the path'],
  ENODEV: ['io', 'no such device', 'check the path'],
  ENOMEDIUM: ['io', 'no medium in the drive', 'insert one'],
  ENOSPC: ['no-space', "the host's disk is full", 'make room'],
  EDQUOT: ['no-space', 'disk quota exceeded', 'make room'],
  EFBIG: ['no-space', 'larger than the host lets a file be', 'raise the limit (ulimit -f) or use another file system'],
  EMFILE: ['io', 'too many open files', 'raise the limit (ulimit -n)'],
  ENFILE: ['io', 'too many open files on the host', 'close some programs'],
  EIO: ['io', 'the host failed to read or write it', 'check the disk that it is on'],
  ESTALE: ['io', 'the file server lost it', 'check that it still exists'],
};

/** A host's error about the file `name`, as a {@link StorageError}. Other errors pass. */
export function hostError(name: string, error: unknown): unknown {
  if (error instanceof StorageError || !(error instanceof Error)) return error;
  // Node throws these for paths that no file can have: with a zero byte in them, for one.
  const code = 'code' in error ? String(error.code) : undefined;
  if (code === undefined) return error;
  const [fault, reason, mend] = CODES[code] ?? ['io', `${code}: ${error.message.replaceAll(/\s+/g, ' ')}`, 'check it'];
  return new StorageError(fault, `${name}: ${reason}; ${mend}`, { cause: error });
}
