// What an image lies in: bytes by position. A file of the host, a Blob or plain memory; raw images and image formats
// are written against this alone, and so run in the browser and over a file that a test breaks on purpose.

import { StorageError } from './contract.ts';

/** Bytes by position. Requests may overlap in time. A buffer belongs to the file until its promise settles. */
export interface ByteFile {
  /** What messages call it. */
  readonly name: string;
  readonly readOnly: boolean;
  /** Length in bytes as far as this object knows; a write beyond the end raises it. */
  readonly size: number;
  /** Fills `into` from byte `at`. Rejects with a {@link StorageError} ('io' when the file ends before). */
  read(at: number, into: Uint8Array): Promise<void>;
  /** Writes all of `from` at byte `at`; what a gap leaves reads as zeros. Rejects with a {@link StorageError}. */
  write(at: number, from: Uint8Array): Promise<void>;
  /** Resolves when every write that had resolved before the call is on stable storage. */
  flush(): Promise<void>;
  /** Gives the file and its lock back. Does not flush. */
  close(): Promise<void>;
}

/** Reads as if zeros followed the end of the file. */
export function readPadded(file: ByteFile, at: number, into: Uint8Array): Promise<void> {
  const there = file.size - at;
  if (there >= into.length) return file.read(at, into);
  if (there <= 0) {
    into.fill(0);
    return Promise.resolve();
  }
  into.fill(0, there);
  return file.read(at, into.subarray(0, there));
}

/** The error of a request past the end of an image. */
export function beyondEnd(name: string, sector: number, count: number, sectors: number): StorageError {
  return new StorageError(
    'range',
    `${name}: ${count} sectors at ${sector} are not within its ${sectors}; ask for sectors that exist`,
  );
}

/** The error of a write to what is open for reading only. */
export function notWritable(name: string): StorageError {
  return new StorageError('read-only', `${name}: open for reading only; open it for writing, or with a snapshot`);
}
