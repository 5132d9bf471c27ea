// The media that the user named: opened before the run, given back after it.

import { UserError } from '../lib/errors.ts';
import { type BlockDevice, StorageError } from '../storage/contract.ts';
import { type ImageFormat, openImage } from '../storage/node/index.ts';

/** Options that name a medium; the machine's are the same. */
export const DRIVES = ['hda', 'hdb', 'hdc', 'hdd', 'cdrom', 'fda', 'fdb'] as const;
export type DriveName = (typeof DRIVES)[number];

/** `--hda FILE` and its like; FILE may say its format. */
export interface MediumOption {
  readonly path: string;
  readonly format?: ImageFormat;
}

export type DriveOptions = { readonly [name in DriveName]?: MediumOption };

export type Media = { readonly [name in DriveName]?: BlockDevice };

/** Whether the user named any medium. */
export function hasMedia(options: DriveOptions): boolean {
  return DRIVES.some((name) => options[name] !== undefined);
}

/**
 * Opens what the options name.
 * @throws UserError for a medium that cannot be had; those opened before are closed again.
 */
export async function openMedia(options: DriveOptions & { readonly snapshot?: true }): Promise<Media> {
  if (options.cdrom && options.hdc) {
    throw new UserError('--cdrom and --hdc are the same drive, master of the second channel; give one, or use --hdd');
  }
  const media: { [name in DriveName]?: BlockDevice } = {};
  try {
    for (const name of DRIVES) {
      const medium = options[name];
      if (!medium) continue;
      media[name] = await openImage(medium.path, {
        readOnly: name === 'cdrom',
        snapshot: options.snapshot === true && name !== 'cdrom',
        ...(medium.format && { format: medium.format }),
        warn: (line) => void process.stderr.write(`transvisor: --${name} ${line}\n`),
      }).catch((error: unknown) => {
        throw error instanceof StorageError ? new UserError(`--${name} ${error.message}`, { cause: error }) : error;
      });
    }
  } catch (error) {
    await closeMedia(media);
    throw error;
  }
  return media;
}

/**
 * Flushes and closes all of them.
 * @throws UserError if the host could not keep what the guest wrote; the others are closed all the same.
 */
export async function closeMedia(media: Media): Promise<void> {
  const closed = await Promise.allSettled(Object.values(media).map((medium) => medium.close()));
  const failed = closed.find((result) => result.status === 'rejected');
  if (!failed) return;
  const { reason } = failed as PromiseRejectedResult;
  throw reason instanceof StorageError ? new UserError(reason.message, { cause: reason }) : reason;
}
