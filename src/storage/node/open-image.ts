// The way from a path to a medium: open, lock, find the format, open what lies below, put a snapshot on top.

import { dirname, resolve } from 'node:path';
import { type BlockDevice, StorageError } from '../contract.ts';
import { detectFormat, HEAD_BYTES, QCOW2 } from '../format.ts';
import { Qcow2Image } from '../qcow2/image.ts';
import { RawImage } from '../raw.ts';
import { SnapshotOverlay } from '../snapshot.ts';
import { openFile, type Warn } from './open-file.ts';
import { makeSpill } from './spill.ts';
import { unzstd } from './zstd.ts';

export type ImageFormat = 'raw' | 'qcow2';

export interface ImageOptions {
  /** Opens for reading only; many may do so at once. */
  readonly readOnly?: boolean;
  /** Takes writes and drops them at the end; the file is opened for reading only. */
  readonly snapshot?: boolean;
  /** The format; found by the first bytes when left out. */
  readonly format?: ImageFormat;
  /** Hears what the user should know, as one line; nobody when left out. */
  readonly warn?: Warn;
}

/**
 * Opens a disk, CD-ROM or floppy image, or a block device of the host. Rejects with a {@link StorageError} whose message
 * is one line that names the file and the mend.
 */
export async function openImage(path: string, options: ImageOptions = {}): Promise<BlockDevice> {
  const { readOnly = false, snapshot = false, format, warn = () => {} } = options;
  const image = await openLayer(path, { readOnly: readOnly || snapshot, format, warn, above: [] });
  return snapshot && !readOnly ? new SnapshotOverlay(image, { name: path, spill: makeSpill }) : image;
}

interface Layer {
  readonly readOnly: boolean;
  readonly format: ImageFormat | undefined;
  readonly warn: Warn;
  /** Identities of the images that lie above. */
  readonly above: readonly string[];
}

async function openLayer(path: string, { readOnly, format, warn, above }: Layer): Promise<BlockDevice> {
  const { file, identity } = await openFile(path, readOnly, warn);
  try {
    if (above.includes(identity)) {
      throw new StorageError(
        'corrupt',
        `${path}: is its own backing file; give the overlay another: qemu-img rebase -u`,
      );
    }
    if (file.size === 0) throw new StorageError('corrupt', `${path}: is empty; give a disk image`);
    const head = new Uint8Array(Math.min(HEAD_BYTES, file.size));
    await file.read(0, head);
    const found = detectFormat(head);
    if (format === 'raw' || (found === 'raw' && !format)) return new RawImage(file, { probed: format === undefined });
    if (found === QCOW2) {
      const openBacking = (name: string, its: string | undefined): Promise<BlockDevice> =>
        openBackingFile(path, name, its, { warn, above: [...above, identity] });
      return await Qcow2Image.open(file, { openBacking, unzstd });
    }
    if (found === 'raw') {
      throw new StorageError('corrupt', `${path}: is not a qcow2 image; leave the format out, or give raw`);
    }
    const text = `${path}: is ${found.article} ${found.name} image, which is not supported; convert it: qemu-img convert -O qcow2`;
    throw new StorageError('corrupt', text);
  } catch (error) {
    await file.close();
    throw error;
  }
}

/** Opens the backing file that the image at `path` names: relative to the image's folder, as in QEMU. */
async function openBackingFile(
  path: string,
  name: string,
  format: string | undefined,
  rest: Pick<Layer, 'warn' | 'above'>,
): Promise<BlockDevice> {
  if (/\p{Cc}/u.test(name)) {
    const text = `${path}: the name of its backing file is not text; give it another: qemu-img rebase -u`;
    throw new StorageError('corrupt', text);
  }
  const file = name.startsWith('file:') ? name.slice(5) : name;
  // As in QEMU, a colon before the first slash makes a protocol of what stands before it.
  const protocol = /^([^/:]+):/.exec(file)?.[1];
  if (protocol !== undefined) {
    const text = `${path}: its backing file is reached by ${JSON.stringify(protocol)}, which is not supported; give it a file: qemu-img rebase`;
    throw new StorageError('corrupt', text);
  }
  const its = format === undefined ? undefined : BACKING_FORMATS[format];
  if (format !== undefined && its === undefined) {
    const text = `${path}: its backing file has the format ${JSON.stringify(format)}, which is not supported; convert it: qemu-img convert -O qcow2`;
    throw new StorageError('corrupt', text);
  }
  try {
    return await openLayer(resolve(dirname(path), file), { ...rest, readOnly: true, format: its });
  } catch (error) {
    if (!(error instanceof StorageError)) throw error;
    throw new StorageError(error.fault, `${error.message} (it is the backing file of ${path})`, { cause: error });
  }
}

const BACKING_FORMATS: Readonly<Record<string, ImageFormat>> = {
  __proto__: null as never,
  raw: 'raw',
  qcow2: 'qcow2',
  file: 'raw',
  host_device: 'raw',
};
