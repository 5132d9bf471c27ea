// The way from a path to a medium: open, lock, find the format, put a snapshot on top.

import type { ByteFile } from '../byte-file.ts';
import { type BlockDevice, StorageError } from '../contract.ts';
import { detectFormat, HEAD_BYTES } from '../format.ts';
import { RawImage } from '../raw.ts';
import { SnapshotOverlay } from '../snapshot.ts';
import { openFile, type Warn } from './open-file.ts';
import { makeSpill } from './spill.ts';

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
  const file = await openFile(path, readOnly || snapshot, warn);
  try {
    const image = await openFormat(file, format);
    return snapshot && !readOnly ? new SnapshotOverlay(image, { name: path, spill: makeSpill }) : image;
  } catch (error) {
    await file.close();
    throw error;
  }
}

async function openFormat(file: ByteFile, wanted: ImageFormat | undefined): Promise<BlockDevice> {
  if (file.size === 0) throw new StorageError('corrupt', `${file.name}: is empty; give a disk image`);
  const head = new Uint8Array(Math.min(HEAD_BYTES, file.size));
  await file.read(0, head);
  const found = detectFormat(head);
  if (wanted === 'raw' || found === 'raw') return new RawImage(file, { probed: wanted !== 'raw' });
  const text = `${file.name}: is ${found.article} ${found.name} image, which is not supported; convert it: qemu-img convert -O qcow2`;
  throw new StorageError('corrupt', text);
}
