// New images: an empty disk, or an overlay that is kept, which is a qcow2 image with the image to preserve below it.

import { type FileHandle, open, unlink } from 'node:fs/promises';
import { dirname, isAbsolute, relative } from 'node:path';
import { SECTOR, StorageError } from '../contract.ts';
import { createQcow2 } from '../qcow2/create.ts';
import { Qcow2Image } from '../qcow2/image.ts';
import { hostError } from './host-error.ts';
import { HostFile } from './host-file.ts';
import { type ImageFormat, openImage } from './open-image.ts';

export interface NewImage {
  /** Virtual size in bytes, a multiple of 512; the backing image's when left out. */
  readonly size?: number;
  /** Path of the image below, as this process would open it. It is not written from now on. */
  readonly backing?: string;
  /** The backing image's format; found by its first bytes when left out. */
  readonly backingFormat?: ImageFormat;
  /** Bytes of a cluster: a power of two from 512 to 2 MiB; 64 KiB when left out. */
  readonly clusterBytes?: number;
}

/**
 * Makes a qcow2 image at `path`, where no file may be. Rejects with a {@link StorageError}, and then leaves none. A
 * relative `backing` is kept relative to the new image, so that both may move together.
 */
export async function createImage(
  path: string,
  { size, backing, backingFormat, clusterBytes }: NewImage,
): Promise<void> {
  let below: { name: string; format: ImageFormat } | undefined;
  let bytes = size;
  if (backing !== undefined) {
    const image = await openImage(backing, { readOnly: true, format: backingFormat });
    bytes ??= image.sectors * SECTOR;
    const format = image instanceof Qcow2Image ? 'qcow2' : 'raw';
    await image.close();
    below = { name: isAbsolute(backing) ? backing : relative(dirname(path), backing), format };
    // What stands before a colon would be taken for a protocol.
    if (/^[^/]*:/.test(below.name)) below.name = `./${below.name}`;
  }
  if (bytes === undefined) throw new StorageError('range', `${path}: its size is missing; give one, or a backing file`);
  let handle: FileHandle;
  try {
    handle = await open(path, 'wx+');
  } catch (error) {
    throw hostError(path, error);
  }
  const file = new HostFile(handle, { name: path, readOnly: false, size: 0 });
  try {
    await createQcow2(file, { size: bytes, clusterBytes, backing: below });
  } catch (error) {
    await unlink(path).catch(() => {});
    throw error;
  } finally {
    await file.close();
  }
}
