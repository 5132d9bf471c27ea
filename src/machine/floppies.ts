// The floppy drives and the images in them. A disk is read whole when it is put in, so that the guest's reads never
// wait for the host; writes go to the image at once, and the controller waits for them.

import {
  type DriveType,
  FloppyDrive,
  type FloppyMedium,
  floppyFormat,
  formatBytes,
} from '../devices/floppy/floppy-drive.ts';
import { UserError } from '../lib/errors.ts';
import { type BlockDevice, SECTOR } from '../storage/contract.ts';

const NAMES = ['floppy A', 'floppy B'] as const;

export class Floppies {
  /** Drives A and B. */
  readonly drives: readonly [FloppyDrive, FloppyDrive | undefined];
  readonly #waiting: readonly (BlockDevice | undefined)[];

  /** Drive A is always there; B if there is an image for it. Each is of the kind that its first image needs. */
  constructor(a: BlockDevice | undefined, b: BlockDevice | undefined) {
    this.drives = [new FloppyDrive(a ? driveFor(a, 0) : '1.44M'), b && new FloppyDrive(driveFor(b, 1))];
    this.#waiting = [a, b];
  }

  /** Puts in what the constructor was given. */
  async load(): Promise<void> {
    for (const [k, image] of this.#waiting.entries()) if (image) await this.change(k as 0 | 1, image);
  }

  /**
   * Puts another disk in, or takes it out.
   * @throws UserError if there is no such drive, or no such format; StorageError if the image cannot be read.
   */
  async change(drive: 0 | 1, image: BlockDevice | undefined): Promise<void> {
    const into = this.drives[drive];
    if (!into) throw new UserError(`${NAMES[drive]}: the machine has no such drive; give it an image at the start`);
    into.insert(image && (await medium(image, drive)));
  }
}

function driveFor(image: BlockDevice, drive: 0 | 1): DriveType {
  const found = floppyFormat(image.sectors * SECTOR);
  if (found) return found.drive;
  throw new UserError(`${NAMES[drive]}: ${image.sectors * SECTOR} bytes are too many; give an image of 160K to 2.88M`);
}

/** An image that ends within its format has zeros behind, which are not kept. */
async function medium(image: BlockDevice, drive: 0 | 1): Promise<FloppyMedium> {
  driveFor(image, drive);
  const size = image.sectors * SECTOR;
  const format = floppyFormat(size)?.format;
  const bytes = new Uint8Array(format ? formatBytes(format) : size);
  await image.read(0, bytes.subarray(0, size));
  return {
    bytes,
    readOnly: image.readOnly,
    written: async (at, count) => {
      if (at < size) await image.write(at / SECTOR, bytes.slice(at, Math.min(at + count, size)));
    },
  };
}
