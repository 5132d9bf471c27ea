// Media of the machine's drives, by the names that they have for its user.

import type { FloppyMedium } from '../devices/floppy/floppy-drive.ts';
import { AtaDisk } from '../devices/ide/ata-disk.ts';
import type { BiosMedia, BiosMedium } from '../firmware/bios/host.ts';
import { type BlockDevice, SECTOR } from '../storage/contract.ts';
import type { IdePair } from './board.ts';
import type { CdromDrive } from './cdrom-drive.ts';
import type { Floppies } from './floppies.ts';

/** Media of the drives; a drive without one is not there, but for floppies and the CD-ROM, which may be empty. */
export interface DriveMedia {
  /** IDE disks: master and slave of the first channel, then of the second. */
  readonly hda?: BlockDevice;
  readonly hdb?: BlockDevice;
  readonly hdc?: BlockDevice;
  readonly hdd?: BlockDevice;
  /** The disc in the CD-ROM drive, which is master of the second channel unless `hdc` is there. */
  readonly cdrom?: BlockDevice;
  /** What is in the floppy drives; `Machine.create` reads it. Images of 160K to 2.88M. */
  readonly fda?: BlockDevice;
  readonly fdb?: BlockDevice;
}

/** Whether there is anything to start from. */
export function hasDrives({ hda, hdb, hdc, hdd, cdrom, fda, fdb }: DriveMedia): boolean {
  return [hda, hdb, hdc, hdd, cdrom, fda, fdb].some((medium) => medium !== undefined);
}

/** As a BIOS numbers them. */
export function biosMedia({ hda, hdb, hdc, hdd }: DriveMedia, floppies: Floppies, cdrom?: CdromDrive): BiosMedia {
  const drives = floppies.drives.flatMap((drive) => drive ?? []);
  return {
    floppies: drives.map(({ medium }) => medium && biosFloppy(medium)),
    disks: [hda, hdb, hdc, hdd].flatMap((medium) => medium ?? []),
    cdrom: cdrom?.trayOpen ? undefined : cdrom?.disc,
  };
}

/** The drives of the two IDE channels; the CD-ROM drive, if there is one, is master of the second. */
export function ideDrives(
  { hda, hdb, hdc, hdd }: DriveMedia,
  cdrom: CdromDrive | undefined,
): readonly [IdePair, IdePair] {
  const disk = (medium: BlockDevice | undefined, name: string): AtaDisk | undefined =>
    medium && new AtaDisk(medium, `TV-${name.toUpperCase()}`);
  return [
    [disk(hda, 'hda'), disk(hdb, 'hdb')],
    [cdrom?.device ?? disk(hdc, 'hdc'), disk(hdd, 'hdd')],
  ];
}

/** A floppy by sectors: the bytes that its controller reads and writes. */
function biosFloppy({ bytes, readOnly, written }: FloppyMedium): BiosMedium {
  return {
    sectors: bytes.length / SECTOR,
    readOnly,
    read: async (sector, into) => into.set(bytes.subarray(sector * SECTOR, sector * SECTOR + into.length)),
    write: async (sector, from) => {
      bytes.set(from, sector * SECTOR);
      await written(sector * SECTOR, from.length);
    },
  };
}
