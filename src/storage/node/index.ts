// Images in the files of a host that runs Node.

export { type Handle, HostFile, type HostFileOptions } from './host-file.ts';
export type { Warn } from './open-file.ts';
export { type ImageFormat, type ImageOptions, openImage } from './open-image.ts';
export { makeSpill } from './spill.ts';
