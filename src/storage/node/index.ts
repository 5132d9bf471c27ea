// Images in the files of a host that runs Node.

/** Making images. */
export { createImage, type NewImage } from './create-image.ts';
/** A file of the host as bytes by position. */
export { type Handle, HostFile, type HostFileOptions } from './host-file.ts';
export type { Warn } from './open-file.ts';
/** From a path to a medium. */
export { type ImageFormat, type ImageOptions, openImage } from './open-image.ts';
/** What portable code asks the host for: room for snapshots, zstd. */
export { makeSpill } from './spill.ts';
export { unzstd } from './zstd.ts';
