// Images without a host's file: bytes in memory, and a Blob (a File of the browser's picker), which is read piece by piece
// and never loaded whole.

import { type ByteFile, notWritable } from './byte-file.ts';
import { StorageError } from './contract.ts';

/** Bytes in memory. Grows by doubling when written past its end. */
export class MemoryFile implements ByteFile {
  readonly name: string;
  readonly readOnly: boolean;
  #bytes: Uint8Array;
  #size: number;

  /** Uses `bytes` itself, not a copy, until the file grows. */
  constructor(bytes: Uint8Array | ArrayBuffer, options: { name?: string; readOnly?: boolean } = {}) {
    this.#bytes = bytes instanceof ArrayBuffer ? new Uint8Array(bytes) : bytes;
    this.#size = this.#bytes.length;
    this.name = options.name ?? 'memory';
    this.readOnly = options.readOnly ?? false;
  }

  get size(): number {
    return this.#size;
  }

  /** The contents, in place. */
  get bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#size);
  }

  read(at: number, into: Uint8Array): Promise<void> {
    if (at + into.length > this.#size) return Promise.reject(endsBefore(this.name, at + into.length));
    into.set(this.#bytes.subarray(at, at + into.length));
    return Promise.resolve();
  }

  write(at: number, from: Uint8Array): Promise<void> {
    if (this.readOnly) return Promise.reject(notWritable(this.name));
    const end = at + from.length;
    if (end > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(end, 2 * this.#bytes.length));
      grown.set(this.#bytes);
      this.#bytes = grown;
    }
    this.#bytes.set(from, at);
    if (end > this.#size) this.#size = end;
    return Promise.resolve();
  }

  flush(): Promise<void> {
    return Promise.resolve();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

/** A Blob, read-only. */
export class BlobFile implements ByteFile {
  readonly name: string;
  readonly readOnly = true;
  readonly size: number;
  readonly #blob: Blob;

  constructor(blob: Blob, name = 'name' in blob ? String(blob.name) : 'blob') {
    this.#blob = blob;
    this.size = blob.size;
    this.name = name;
  }

  async read(at: number, into: Uint8Array): Promise<void> {
    if (at + into.length > this.size) throw endsBefore(this.name, at + into.length);
    let bytes: ArrayBuffer;
    try {
      bytes = await this.#blob.slice(at, at + into.length).arrayBuffer();
    } catch (cause) {
      // The browser says NotReadableError when the file behind a Blob changed or went away.
      const reason = cause instanceof Error ? cause.message.replaceAll(/\s+/g, ' ') : String(cause);
      throw new StorageError('io', `${this.name}: cannot be read any more (${reason}); choose the file again`, {
        cause,
      });
    }
    if (bytes.byteLength !== into.length) throw endsBefore(this.name, at + into.length);
    into.set(new Uint8Array(bytes));
  }

  write(): Promise<void> {
    return Promise.reject(notWritable(this.name));
  }

  flush(): Promise<void> {
    return Promise.resolve();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

const endsBefore = (name: string, end: number): StorageError =>
  new StorageError('io', `${name}: ends before byte ${end}; it became shorter while in use`);
