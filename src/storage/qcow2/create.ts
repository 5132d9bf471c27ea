// Makes an empty qcow2 image, version 3: a header, a refcount table of one cluster, one refcount block and the L1 table, in
// this order. Larger tables come when writes need them.

import type { ByteFile } from '../byte-file.ts';
import { SECTOR, StorageError } from '../contract.ts';
import { put64 } from './entry.ts';
import { EXTENSION_BACKING_FORMAT, MAGIC } from './header.ts';

export interface NewQcow2 {
  /** Virtual size in bytes, a multiple of 512. */
  readonly size: number;
  /** Bytes of a cluster: a power of two from 512 to 2 MiB; 64 KiB when left out. */
  readonly clusterBytes?: number;
  /** What lies below: a name as the image will say it (relative to its own folder, or absolute), and its format. */
  readonly backing?: { readonly name: string; readonly format: 'raw' | 'qcow2' };
}

/** Header extensions and the name must fit into the first cluster. */
const HEADER_ROOM = 112;

/** Writes the image into an empty file and flushes it. Rejects with a {@link StorageError}. */
export async function createQcow2(file: ByteFile, { size, clusterBytes = 65536, backing }: NewQcow2): Promise<void> {
  const bits = Math.log2(clusterBytes);
  if (!Number.isInteger(bits) || bits < 9 || bits > 21) {
    throw new StorageError(
      'range',
      `${file.name}: clusters of ${clusterBytes} bytes; give a power of two from 512 to 2097152`,
    );
  }
  const l1Entries = Math.ceil(size / (clusterBytes * (clusterBytes / 8)));
  if (!(size >= SECTOR) || size % SECTOR !== 0 || l1Entries * 8 > 32 << 20) {
    throw new StorageError(
      'range',
      `${file.name}: a size of ${size} bytes; give a multiple of 512, or larger clusters`,
    );
  }
  const name = new TextEncoder().encode(backing?.name ?? '');
  const format = new TextEncoder().encode(backing?.format ?? '');
  const nameAt = HEADER_ROOM + 8 + 8 + 8;
  if (name.length > 1023 || nameAt + name.length > clusterBytes) {
    throw new StorageError(
      'range',
      `${file.name}: the name of its backing file is too long; use a shorter path or larger clusters`,
    );
  }
  const [tableAt, blockAt, l1At] = [clusterBytes, 2 * clusterBytes, 3 * clusterBytes];
  const l1Clusters = Math.ceil((l1Entries * 8) / clusterBytes);
  const used = 3 + l1Clusters;
  if (used > clusterBytes / 2) {
    throw new StorageError('range', `${file.name}: too large for clusters of ${clusterBytes} bytes; give larger ones`);
  }

  const bytes = new Uint8Array(used * clusterBytes);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, MAGIC);
  view.setUint32(4, 3);
  view.setUint32(20, bits);
  put64(view, 24, size);
  view.setUint32(36, l1Entries);
  put64(view, 40, l1At);
  put64(view, 48, tableAt);
  view.setUint32(56, 1);
  view.setUint32(96, 4);
  // The header is followed by its extensions; with 8 bytes for the compression type and its padding.
  view.setUint32(100, HEADER_ROOM);
  if (backing) {
    view.setUint32(HEADER_ROOM, EXTENSION_BACKING_FORMAT);
    view.setUint32(HEADER_ROOM + 4, format.length);
    bytes.set(format, HEADER_ROOM + 8);
    put64(view, 8, nameAt);
    view.setUint32(16, name.length);
    bytes.set(name, nameAt);
  }
  put64(view, tableAt, blockAt);
  for (let i = 0; i < used; i++) view.setUint16(blockAt + 2 * i, 1);
  await file.write(0, bytes);
  await file.flush();
}
