// Media for drives: images in files, in memory and in Blobs, and what lies over them. Nothing here needs Node; files of
// the host are in node/.

/** Bytes by position: what an image lies in. */
export type { ByteFile } from './byte-file.ts';
/** What a drive sees of its medium. */
export { type BlockDevice, SECTOR, StorageError, type StorageFault } from './contract.ts';
/** Which format an image has. */
export { detectFormat, HEAD_BYTES, type NamedFormat } from './format.ts';
/** Images in memory and in a Blob. */
export { BlobFile, MemoryFile } from './memory-file.ts';
export type { Unzstd } from './qcow2/compressed.ts';
/** qcow2: reading, writing, making one. */
export { createQcow2, type NewQcow2 } from './qcow2/create.ts';
export { type OpenBacking, Qcow2Image, type Qcow2Options } from './qcow2/image.ts';
/** Sector n is byte 512 n. */
export { RawImage, type RawOptions } from './raw.ts';
/** Writes that are forgotten at the end. */
export { type SnapshotOptions, SnapshotOverlay } from './snapshot.ts';
