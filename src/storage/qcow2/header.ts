// The header of a qcow2 image, versions 2 and 3: QEMU docs/interop/qcow2.txt, "Header" and "Header extensions".
//
// Everything in it may be wrong. What is accepted here bounds what the rest allocates: clusters of 512 bytes to 2 MiB,
// tables no larger than QEMU's own limits and no longer than the file.

import { type ByteFile, readPadded } from '../byte-file.ts';
import { SECTOR, StorageError } from '../contract.ts';

/** `QFI\xfb` */
export const MAGIC = 0x514649fb;
export const HEADER_BYTES_V2 = 72;
/** Fields up to `header_length`. */
export const HEADER_BYTES_V3 = 104;

/** Offsets of the fields that are written after creation. */
export const REFCOUNT_TABLE_OFFSET_AT = 48;
export const INCOMPATIBLE_AT = 72;
export const AUTOCLEAR_AT = 88;

/** Bits of `incompatible_features`. */
export const DIRTY = 1;
export const CORRUPT = 2;
const EXTERNAL_DATA = 4;
const COMPRESSION_TYPE = 8;
const EXTENDED_L2 = 16;

export const EXTENSION_BACKING_FORMAT = 0xe2792aca;

/** Limits of QEMU's block/qcow2.h. */
const MAX_L1_BYTES = 32 << 20;
const MAX_REFCOUNT_TABLE_BYTES = 8 << 20;
const MAX_SNAPSHOTS = 65536;
const MAX_BACKING_NAME = 1023;

export interface Header {
  readonly version: 2 | 3;
  /** log2 of the bytes of a cluster: 9 to 21. */
  readonly clusterBits: number;
  /** Virtual size in bytes. */
  readonly size: number;
  /** Entries of the L1 table that the virtual size needs. */
  readonly l1Entries: number;
  readonly l1Offset: number;
  readonly refcountTableOffset: number;
  readonly refcountTableClusters: number;
  /** log2 of the bits of a refcount: 0 to 6. */
  readonly refcountOrder: number;
  readonly snapshots: number;
  readonly snapshotsOffset: number;
  /** The image was open for writing when its writer died: refcounts may be wrong. */
  readonly dirty: boolean;
  /** Somebody found the image to contradict itself. */
  readonly corrupt: boolean;
  /** The low word of the feature bits, to write back with a bit more. */
  readonly incompatible: number;
  /** Some autoclear bit is set: what it speaks of is void once this program writes. */
  readonly autoclear: boolean;
  readonly compression: 'deflate' | 'zstd';
  readonly backing: { readonly name: string; readonly format: string | undefined } | undefined;
}

/** An image that contradicts itself. */
export function corrupt(name: string, what: string): StorageError {
  return new StorageError('corrupt', `${name}: corrupt qcow2 image (${what}); check it: qemu-img check`);
}

const unsupported = (name: string, what: string): StorageError =>
  new StorageError('corrupt', `${name}: ${what}, which is not supported; convert it: qemu-img convert -O qcow2`);

/** Reads and checks the header. Rejects with a {@link StorageError}. */
export async function readHeader(file: ByteFile): Promise<Header> {
  const { name } = file;
  const fixed = new Uint8Array(HEADER_BYTES_V3 + 8);
  if (file.size < HEADER_BYTES_V2) throw corrupt(name, 'it ends within the header');
  await readPadded(file, 0, fixed);
  const view = new DataView(fixed.buffer);
  const u32 = (at: number): number => view.getUint32(at);
  // Beyond 2^53 the lowest bits go, and no file reaches there.
  const u64 = (at: number): number => u32(at) * 2 ** 32 + u32(at + 4);

  const version = u32(4);
  if (u32(0) !== MAGIC) throw corrupt(name, 'its signature is missing');
  if (version !== 2 && version !== 3) throw unsupported(name, `qcow2 version ${version}`);
  const clusterBits = u32(20);
  if (clusterBits < 9 || clusterBits > 21) throw corrupt(name, `clusters of 2^${clusterBits} bytes`);
  if (u32(32) !== 0) throw unsupported(name, 'an encrypted qcow2 image');

  const v3 = version === 3;
  const headerBytes = v3 ? u32(100) : HEADER_BYTES_V2;
  const cluster = 2 ** clusterBits;
  if (headerBytes < (v3 ? HEADER_BYTES_V3 : HEADER_BYTES_V2) || headerBytes > cluster || headerBytes % 8 !== 0) {
    throw corrupt(name, `a header of ${headerBytes} bytes`);
  }
  if (file.size < headerBytes) throw corrupt(name, 'it ends within the header');
  const incompatible = v3 ? u32(INCOMPATIBLE_AT + 4) : 0;
  refuseFeatures(name, incompatible, v3 ? u32(INCOMPATIBLE_AT) : 0);
  const compressionType = (incompatible & COMPRESSION_TYPE) !== 0 && headerBytes > 104 ? (fixed[104] as number) : 0;
  if (compressionType > 1) throw unsupported(name, `qcow2 compression type ${compressionType}`);
  const refcountOrder = v3 ? u32(96) : 4;
  if (refcountOrder > 6) throw corrupt(name, `refcounts of 2^${refcountOrder} bits`);

  /** A table starts at a cluster, and its last byte is in a cluster of the file (which may end within that). */
  const end = Math.ceil(file.size / cluster) * cluster;
  const checkTable = (what: string, offset: number, bytes: number, limit: number): void => {
    if (bytes > limit) throw corrupt(name, `${what} of ${bytes} bytes`);
    if (bytes > 0 && (offset === 0 || offset % cluster !== 0 || offset + bytes > end)) {
      throw corrupt(name, `${what} at byte ${offset}, not within the file`);
    }
  };

  const size = u64(24);
  if (size === 0 || size / SECTOR > 2 ** 48) throw corrupt(name, `a virtual size of ${size} bytes`);
  const l1Entries = Math.ceil(size / (cluster * (cluster / 8)));
  if (u32(36) < l1Entries) throw corrupt(name, `an L1 table of ${u32(36)} entries, where its size needs ${l1Entries}`);
  checkTable('an L1 table', u64(40), l1Entries * 8, MAX_L1_BYTES);
  checkTable('a refcount table', u64(48), u32(56) * cluster, MAX_REFCOUNT_TABLE_BYTES);
  const snapshots = u32(60);
  if (snapshots > MAX_SNAPSHOTS) throw corrupt(name, `${snapshots} internal snapshots`);
  // An entry of the snapshot table has 40 bytes at least.
  checkTable('a snapshot table', u64(64), snapshots * 40, MAX_SNAPSHOTS * 40);

  return {
    version,
    clusterBits,
    size,
    l1Entries,
    l1Offset: u64(40),
    refcountTableOffset: u64(48),
    refcountTableClusters: u32(56),
    refcountOrder,
    snapshots,
    snapshotsOffset: u64(64),
    dirty: (incompatible & DIRTY) !== 0,
    corrupt: (incompatible & CORRUPT) !== 0,
    incompatible,
    autoclear: v3 && (u32(AUTOCLEAR_AT) | u32(AUTOCLEAR_AT + 4)) !== 0,
    compression: compressionType === 1 ? 'zstd' : 'deflate',
    backing: await readBacking(file, headerBytes, cluster, u64(8), u32(16)),
  };
}

function refuseFeatures(name: string, low: number, high: number): void {
  if (low & EXTERNAL_DATA) throw unsupported(name, 'a qcow2 image with an external data file');
  if (low & EXTENDED_L2) throw unsupported(name, 'a qcow2 image with extended L2 entries');
  const unknown = low & ~(DIRTY | CORRUPT | EXTERNAL_DATA | COMPRESSION_TYPE | EXTENDED_L2);
  for (let bit = 0; bit < 64; bit++) {
    if (((bit < 32 ? unknown : high) >>> (bit % 32)) & 1) throw unsupported(name, `qcow2 feature ${bit}`);
  }
}

/** The name of the backing file, and its format from the header extensions, which lie before it. */
async function readBacking(
  file: ByteFile,
  headerBytes: number,
  cluster: number,
  offset: number,
  length: number,
): Promise<Header['backing']> {
  if (offset === 0 || length === 0) return undefined;
  const { name } = file;
  if (length > MAX_BACKING_NAME) throw corrupt(name, `a backing file name of ${length} bytes`);
  if (offset < headerBytes || offset + length > Math.min(cluster, file.size)) {
    throw corrupt(name, `a backing file name at byte ${offset}`);
  }
  const bytes = new Uint8Array(offset + length);
  await file.read(0, bytes);
  const text = new TextDecoder();
  const view = new DataView(bytes.buffer);
  let format: string | undefined;
  for (let at = headerBytes; at + 8 <= offset; ) {
    const [type, size] = [view.getUint32(at), view.getUint32(at + 4)];
    if (type === 0) break;
    if (size > offset - at - 8) throw corrupt(name, `a header extension of ${size} bytes`);
    if (type === EXTENSION_BACKING_FORMAT) format = text.decode(bytes.subarray(at + 8, at + 8 + size));
    at += 8 + Math.ceil(size / 8) * 8;
  }
  return { name: text.decode(bytes.subarray(offset)), format };
}
