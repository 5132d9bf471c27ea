// A file or block device of the host, through Node's file handles. What is written goes to the host's page cache; `flush`
// is fdatasync(2). Requests that the page cache answers are answered at once, the rest by Node's thread pool: patience.ts.
//
// After a failed fdatasync Linux marks the lost pages clean, and the next call succeeds without them. So one failure
// makes every later flush fail, as in QEMU and PostgreSQL.

import { readSync, writeSync } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { type ByteFile, notWritable } from '../byte-file.ts';
import { StorageError } from '../contract.ts';
import { hostError } from './host-error.ts';
import { Patience } from './patience.ts';

/** What is used of a `FileHandle`; without `fd`, all of it asynchronously. A test hands in one that fails. */
export type Handle = Pick<FileHandle, 'read' | 'write' | 'datasync' | 'stat' | 'close'> & { readonly fd?: number };

export interface HostFileOptions {
  readonly name: string;
  readonly readOnly: boolean;
  /** Bytes at the time of opening. */
  readonly size: number;
  /** A plain file that has a name: flushing fails once it was deleted, as nothing will be left of it. */
  readonly named?: boolean;
}

const DONE = Promise.resolve();

/** An open file. Owns the handle. */
export class HostFile implements ByteFile {
  readonly name: string;
  readonly readOnly: boolean;
  readonly #handle: Handle;
  readonly #named: boolean;
  readonly #reads = new Patience();
  readonly #writes = new Patience();
  #fd: number | undefined;
  #size: number;
  #failedFlush: unknown;

  constructor(handle: Handle, options: HostFileOptions) {
    this.#handle = handle;
    this.#fd = handle.fd;
    this.name = options.name;
    this.readOnly = options.readOnly;
    this.#named = options.named ?? false;
    this.#size = options.size;
  }

  get size(): number {
    return this.#size;
  }

  read(at: number, into: Uint8Array): Promise<void> {
    if (this.#fd === undefined || !this.#reads.allows(into.length)) return this.#read(at, into, 0);
    const start = performance.now();
    let done: number;
    try {
      done = readSync(this.#fd, into, 0, into.length, at);
    } catch (error) {
      return Promise.reject(hostError(this.name, error));
    }
    this.#reads.took(performance.now() - start, into.length);
    return done === into.length ? DONE : this.#read(at, into, done);
  }

  write(at: number, from: Uint8Array): Promise<void> {
    if (this.readOnly) return Promise.reject(notWritable(this.name));
    if (this.#fd === undefined || !this.#writes.allows(from.length)) return this.#write(at, from, 0);
    const start = performance.now();
    let done = 0;
    try {
      done = writeSync(this.#fd, from, 0, from.length, at);
    } catch (error) {
      return this.#failedWrite(error);
    }
    this.#writes.took(performance.now() - start, from.length);
    if (done < from.length) return this.#write(at, from, done);
    if (at + from.length > this.#size) this.#size = at + from.length;
    return DONE;
  }

  async flush(): Promise<void> {
    if (this.#failedFlush !== undefined) throw this.#failedFlush;
    try {
      await this.#handle.datasync();
    } catch (error) {
      throw (this.#failedFlush = hostError(this.name, error));
    }
    if (!this.#named) return;
    const { nlink } = await this.#handle.stat();
    if (nlink === 0) {
      throw new StorageError(
        'io',
        `${this.name}: was deleted while in use; copy the data out of the guest before it ends`,
      );
    }
  }

  async close(): Promise<void> {
    this.#fd = undefined;
    try {
      await this.#handle.close();
    } catch (error) {
      throw hostError(this.name, error);
    }
  }

  /** Reads what is left after `done` bytes. */
  async #read(at: number, into: Uint8Array, done: number): Promise<void> {
    try {
      for (let next = done; next < into.length; ) {
        const { bytesRead } = await this.#handle.read(into, next, into.length - next, at + next);
        if (bytesRead === 0) {
          const text = `${this.name}: ends at byte ${at + next}; it became shorter while in use, or was cut when it was copied`;
          throw new StorageError('io', text);
        }
        next += bytesRead;
      }
    } catch (error) {
      throw hostError(this.name, error);
    }
  }

  /** Writes what is left after `done` bytes. */
  async #write(at: number, from: Uint8Array, done: number): Promise<void> {
    try {
      for (let next = done; next < from.length; ) {
        next += (await this.#handle.write(from, next, from.length - next, at + next)).bytesWritten;
      }
    } catch (error) {
      return this.#failedWrite(error);
    }
    if (at + from.length > this.#size) this.#size = at + from.length;
  }

  /** Part of what failed may be there, and past the end that is known zeros are expected. */
  async #failedWrite(error: unknown): Promise<never> {
    const { size } = await this.#handle.stat().catch(() => ({ size: 0 }));
    if (size > this.#size) this.#size = size;
    throw hostError(this.name, error);
  }
}
