// What a disk, CD-ROM or floppy drive knows of its medium: sectors, read and written asynchronously. Image formats and
// overlays implement it, one over the other; devices/ use it and know nothing of files.

/** Bytes of a sector, the unit of every address and size here. */
export const SECTOR = 512;

/**
 * A medium. Requests may overlap in time; requests for the same sectors are ordered by who makes them (a drive does one
 * command at a time). A buffer belongs to the medium until its promise settles.
 */
export interface BlockDevice {
  /** Capacity in sectors; up to 2^48. */
  readonly sectors: number;
  readonly readOnly: boolean;
  /** Fills `into` (a whole number of sectors). Rejects with a {@link StorageError}; `into` is undefined then. */
  read(sector: number, into: Uint8Array): Promise<void>;
  /** Writes whole sectors; durable only after {@link flush}. Rejects with a {@link StorageError}. */
  write(sector: number, from: Uint8Array): Promise<void>;
  /** Resolves when every write that had resolved before the call survives a crash of the host (`fsync`). */
  flush(): Promise<void>;
  /** Flushes, and gives the file and its lock back. */
  close(): Promise<void>;
}

/** Why a request failed, as far as a drive has to tell its guest. */
export type StorageFault =
  /** The host failed to read or write: an uncorrectable error of the medium. */
  | 'io'
  /** The host's disk is full. */
  | 'no-space'
  | 'read-only'
  /** Outside the medium. */
  | 'range'
  /** The image contradicts itself. */
  | 'corrupt';

/** A failed request, or an image that cannot be opened. The message is one line that names the file and the mend. */
export class StorageError extends Error {
  override readonly name = 'StorageError';
  readonly fault: StorageFault;

  constructor(fault: StorageFault, message: string, options?: ErrorOptions) {
    super(message, options);
    this.fault = fault;
  }
}
