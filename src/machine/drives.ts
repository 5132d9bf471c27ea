// Media of the machine's drives, by the names that they have for its user.

import type { BiosMedia } from '../firmware/bios/host.ts';
import type { BlockDevice } from '../storage/contract.ts';

/** Media of the drives; a drive without one is not there, but for floppies and the CD-ROM, which may be empty. */
export interface DriveMedia {
  /** IDE disks: master and slave of the first channel, then of the second. */
  readonly hda?: BlockDevice;
  readonly hdb?: BlockDevice;
  readonly hdc?: BlockDevice;
  readonly hdd?: BlockDevice;
  /** The CD-ROM drive, master of the second channel. */
  readonly cdrom?: BlockDevice;
  /** Floppies. */
  readonly fda?: BlockDevice;
  readonly fdb?: BlockDevice;
}

/** Whether there is anything to start from. */
export function hasDrives({ hda, hdb, hdc, hdd, cdrom, fda, fdb }: DriveMedia): boolean {
  return [hda, hdb, hdc, hdd, cdrom, fda, fdb].some((medium) => medium !== undefined);
}

/** As a BIOS numbers them. */
export function biosMedia({ hda, hdb, hdc, hdd, cdrom, fda, fdb }: DriveMedia): BiosMedia {
  const disks = [hda, hdb, hdc, hdd].flatMap((medium) => medium ?? []);
  return { floppies: fdb ? [fda, fdb] : fda ? [fda] : [], disks, cdrom };
}
