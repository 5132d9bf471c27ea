// A file or block device of the host, through Node's asynchronous file handles. What is written goes to the host's page
// cache; `flush` is fdatasync(2).
//
// After a failed fdatasync Linux marks the lost pages clean, and the next call succeeds without them. So one failure
// makes every later flush fail, as in QEMU and PostgreSQL.

import type { FileHandle } from 'node:fs/promises';
import { type ByteFile, notWritable } from '../byte-file.ts';
import { StorageError } from '../contract.ts';
import { hostError } from './host-error.ts';

/** What is used of a `FileHandle`. A test hands in one that fails. */
export type Handle = Pick<FileHandle, 'read' | 'write' | 'datasync' | 'stat' | 'close'>;

export interface HostFileOptions {
  readonly name: string;
  readonly readOnly: boolean;
  /** Bytes at the time of opening. */
  readonly size: number;
  /** A plain file that has a name: flushing fails once it was deleted, as nothing will be left of it. */
  readonly named?: boolean;
}

/** An open file. Owns the handle. */
export class HostFile implements ByteFile {
  readonly name: string;
  readonly readOnly: boolean;
  readonly #handle: Handle;
  readonly #named: boolean;
  #size: number;
  #failedFlush: unknown;

  constructor(handle: Handle, options: HostFileOptions) {
    this.#handle = handle;
    this.name = options.name;
    this.readOnly = options.readOnly;
    this.#named = options.named ?? false;
    this.#size = options.size;
  }

  get size(): number {
    return this.#size;
  }

  async read(at: number, into: Uint8Array): Promise<void> {
    try {
      for (let done = 0; done < into.length; ) {
        const { bytesRead } = await this.#handle.read(into, done, into.length - done, at + done);
        if (bytesRead === 0) {
          const text = `${this.name}: ends at byte ${at + done}; it became shorter while in use, or was cut when it was copied`;
          throw new StorageError('io', text);
        }
        done += bytesRead;
      }
    } catch (error) {
      throw hostError(this.name, error);
    }
  }

  async write(at: number, from: Uint8Array): Promise<void> {
    if (this.readOnly) throw notWritable(this.name);
    try {
      for (let done = 0; done < from.length; ) {
        done += (await this.#handle.write(from, done, from.length - done, at + done)).bytesWritten;
      }
    } catch (error) {
      // Part of it may be there, and past the known end zeros are expected.
      const { size } = await this.#handle.stat().catch(() => ({ size: 0 }));
      if (size > this.#size) this.#size = size;
      throw hostError(this.name, error);
    }
    if (at + from.length > this.#size) this.#size = at + from.length;
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
    try {
      await this.#handle.close();
    } catch (error) {
      throw hostError(this.name, error);
    }
  }
}
