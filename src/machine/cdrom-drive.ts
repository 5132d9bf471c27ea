// The CD-ROM drive as its user sees it: a tray for discs.

import { AtapiCdrom } from '../devices/ide/atapi-cdrom.ts';
import { UserError } from '../lib/errors.ts';
import type { BlockDevice } from '../storage/contract.ts';

export interface TrayOptions {
  /** Although the guest has locked the tray: the hole for a paper clip. */
  readonly force?: boolean;
}

export interface CdromDriveOptions {
  /** The guest opened or closed the tray. */
  readonly onTray: (open: boolean) => void;
  /** One line about an image that could not be read. */
  readonly complain: (line: string) => void;
}

export class CdromDrive {
  readonly device: AtapiCdrom;
  #disc: BlockDevice | undefined;

  constructor(disc: BlockDevice | undefined, { onTray, complain }: CdromDriveOptions) {
    checkDisc(disc);
    this.#disc = disc;
    this.device = new AtapiCdrom({
      ...(disc && { medium: disc }),
      onTray,
      onReadError: (error) => complain(`CD-ROM: ${error instanceof Error ? error.message : String(error)}`),
    });
  }

  /** The disc in the drive, or on its open tray. */
  get disc(): BlockDevice | undefined {
    return this.#disc;
  }

  /** The guest does not let the disc go. */
  get locked(): boolean {
    return this.device.locked;
  }

  get trayOpen(): boolean {
    return this.device.trayOpen;
  }

  /**
   * Puts another disc in, or takes it out (undefined), and closes the tray; the guest sees that it changed. The image
   * before is not closed.
   * @throws UserError if the guest has locked the tray (it is told that somebody wants the disc), or the image is empty.
   */
  insert(disc: BlockDevice | undefined, { force = false }: TrayOptions = {}): void {
    checkDisc(disc);
    if (!this.device.insert(disc, force)) throw locked();
    this.#disc = disc;
  }

  /**
   * Opens the tray, with the disc on it.
   * @throws UserError if the guest has locked the tray; it is told that somebody wants the disc.
   */
  eject({ force = false }: TrayOptions = {}): void {
    if (!this.device.eject(force)) throw locked();
  }
}

function checkDisc(disc: BlockDevice | undefined): void {
  if (disc && disc.sectors === 0) throw new UserError('CD-ROM: the image is empty; give an ISO file');
}

function locked(): UserError {
  return new UserError('CD-ROM: the guest has locked the tray; unmount the disc there, or take it by force');
}
