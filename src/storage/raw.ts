// Raw images: sector n is byte 512 n. Hard disks, floppies, ISO files (whose 2048-byte sectors are the drive's business)
// and the host's block devices.
//
// A size that is not a multiple of 512 is rounded up, as QEMU does: the missing bytes of the last sector read as zeros,
// and writing that sector makes the file whole.

import { type ByteFile, beyondEnd, notWritable, readPadded } from './byte-file.ts';
import { type BlockDevice, SECTOR, StorageError } from './contract.ts';
import { detectFormat, HEAD_BYTES } from './format.ts';

export interface RawOptions {
  /**
   * The format was found by looking. Then a write that gives sector 0 the signature of another format is refused: at
   * the next start the guest's bytes would be taken for an image whose backing file could be any file of the host.
   */
  readonly probed?: boolean;
}

/** A raw image over any {@link ByteFile}. */
export class RawImage implements BlockDevice {
  readonly sectors: number;
  readonly readOnly: boolean;
  readonly #file: ByteFile;
  readonly #probed: boolean;

  constructor(file: ByteFile, options: RawOptions = {}) {
    this.#file = file;
    this.sectors = Math.ceil(file.size / SECTOR);
    this.readOnly = file.readOnly;
    this.#probed = options.probed ?? false;
  }

  read(sector: number, into: Uint8Array): Promise<void> {
    const count = into.length / SECTOR;
    if (!(sector >= 0 && sector + count <= this.sectors)) return Promise.reject(this.#beyond(sector, count));
    // The last sector may be short.
    if (sector + count === this.sectors) return readPadded(this.#file, sector * SECTOR, into);
    return this.#file.read(sector * SECTOR, into);
  }

  write(sector: number, from: Uint8Array): Promise<void> {
    const count = from.length / SECTOR;
    if (!(sector >= 0 && sector + count <= this.sectors)) return Promise.reject(this.#beyond(sector, count));
    if (this.readOnly) return Promise.reject(notWritable(this.#file.name));
    if (sector === 0 && this.#probed && from.length > 0) {
      const format = detectFormat(from.subarray(0, HEAD_BYTES));
      if (format !== 'raw') {
        const text = `${this.#file.name}: the guest wrote the signature of ${format.article} ${format.name} image to sector 0; give the format raw to allow it`;
        return Promise.reject(new StorageError('read-only', text));
      }
    }
    return this.#file.write(sector * SECTOR, from);
  }

  flush(): Promise<void> {
    return this.readOnly ? Promise.resolve() : this.#file.flush();
  }

  async close(): Promise<void> {
    try {
      await this.flush();
    } finally {
      await this.#file.close();
    }
  }

  #beyond(sector: number, count: number): StorageError {
    return beyondEnd(this.#file.name, sector, count, this.sectors);
  }
}
