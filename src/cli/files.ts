// Files that the user names: read whole before the run, or written during and after it. Every failure is a UserError
// that names the option, the file, and what to do.

import { randomBytes } from 'node:crypto';
import * as fs from 'node:fs';
import { dirname, join } from 'node:path';
import type { NamedFile } from '../firmware/plan.ts';
import { UserError } from '../lib/errors.ts';
import { MAX_RAM_BYTES } from '../memory/layout.ts';

/** Reads an image that goes into guest memory. */
export function readImage(what: string, path: string): NamedFile {
  try {
    const { size } = fs.statSync(path);
    if (size > MAX_RAM_BYTES) throw new UserError(`${what} ${path}: larger than any guest memory; give another file`);
    return { name: path, bytes: fs.readFileSync(path) };
  } catch (error) {
    throw hostError(`${what} ${path}`, error);
  }
}

/** A file that grows during the run. */
export class OutputFile {
  readonly #what: string;
  readonly #fd: number;

  /** Creates or empties it. */
  constructor(option: string, path: string) {
    this.#what = `${option} ${path}`;
    try {
      this.#fd = fs.openSync(path, 'w');
    } catch (error) {
      throw hostError(this.#what, error);
    }
  }

  write(bytes: Uint8Array): void {
    try {
      writeAll(this.#fd, bytes);
    } catch (error) {
      throw hostError(this.#what, error);
    }
  }

  close(): void {
    fs.closeSync(this.#fd);
  }
}

/**
 * A file that appears whole or not at all: written beside its place and moved there. What stands in the way is found
 * when it is opened. A device or a pipe is written in place.
 */
export class AtomicFile {
  readonly #what: string;
  readonly #path: string;
  readonly #temporary: string | undefined;
  readonly #fd: number;

  constructor(option: string, path: string) {
    this.#what = `${option} ${path}`;
    try {
      const found = fs.statSync(path, { throwIfNoEntry: false });
      if (found && !found.isFile()) {
        this.#path = path;
        this.#fd = fs.openSync(path, 'w');
        return;
      }
      // A link stays, and what it leads to is replaced; a file that may not be written is not replaced either.
      this.#path = found ? fs.realpathSync(path) : path;
      if (found) fs.accessSync(this.#path, fs.constants.W_OK);
      this.#temporary = join(dirname(this.#path), `.transvisor-${randomBytes(6).toString('hex')}`);
      this.#fd = fs.openSync(this.#temporary, 'wx');
      if (found) fs.fchmodSync(this.#fd, found.mode);
    } catch (error) {
      throw hostError(this.#what, error);
    }
    process.on('exit', this.#discard);
  }

  /** Writes the contents and puts the file in its place. */
  finish(contents: string | Uint8Array): void {
    try {
      writeAll(this.#fd, typeof contents === 'string' ? Buffer.from(contents) : contents);
      fs.closeSync(this.#fd);
      if (this.#temporary) fs.renameSync(this.#temporary, this.#path);
      process.off('exit', this.#discard);
    } catch (error) {
      throw hostError(this.#what, error);
    }
  }

  readonly #discard = (): void => {
    if (this.#temporary) fs.rmSync(this.#temporary, { force: true });
  };
}

/** A host's error about a file, as one line. Other errors pass. */
export function hostError(what: string, error: unknown): unknown {
  if (!(error instanceof Error) || !('code' in error)) return error;
  const code = String(error.code);
  const [reason, mend] = REASONS[code] ?? [`${code}: ${error.message.replaceAll(/\s+/g, ' ')}`, 'check it'];
  return new UserError(`${what}: ${reason}; ${mend}`);
}

const REASONS: Readonly<Record<string, readonly [reason: string, mend: string]>> = {
  ENOENT: ['no such file or directory', 'check the path'],
  ENOTDIR: ['a part of the path is not a directory', 'check the path'],
  EISDIR: ['is a directory', 'give a file'],
  EACCES: ['permission denied', 'change its mode or give another file'],
  EPERM: ['not permitted', 'give another file'],
  EROFS: ['on a read-only file system', 'give another file'],
  ENOSPC: ['no space left on the device', 'make room'],
  EDQUOT: ['disk quota exceeded', 'make room'],
  EPIPE: ['its reader went away', 'keep the reader of the output running'],
  ENXIO: ['no such device', 'check the path'],
  ELOOP: ['too many symbolic links', 'check the path'],
  ENAMETOOLONG: ['the name is too long', 'give a shorter one'],
  EMFILE: ['too many open files', 'raise the limit (ulimit -n)'],
};

function writeAll(fd: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; ) at += fs.writeSync(fd, bytes, at);
}
