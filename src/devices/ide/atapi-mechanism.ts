// The mechanism of the CD-ROM drive: disc, tray, lock and pickup, and what the guest is yet to be told of them: by a unit
// attention (SPC-3, T10/1416-D, 4.5.6; MMC-5, T10/1675-D, 4.1.6.1) or as a media event (MMC-5, GET EVENT STATUS
// NOTIFICATION).
//
// Deviations: nothing takes time, so the drive is never "becoming ready". Instead the first command that needs the medium
// after a change is told that there is none, the next one that there is another, as when somebody opened and closed the
// tray in between.

import { BLOCK } from './atapi-disc.ts';
import {
  MEDIUM_MAY_HAVE_CHANGED,
  MEDIUM_NOT_PRESENT,
  MEDIUM_NOT_PRESENT_TRAY_OPEN,
  RESET_OCCURRED,
  type Sense,
} from './atapi-sense.ts';

/** Sectors of the medium in a block. */
export const SECTORS_PER_BLOCK = 4;
/** Bytes of one. */
export const MEDIUM_SECTOR = BLOCK / SECTORS_PER_BLOCK;

/** Media event codes. */
const NO_EVENT = 0;
const EJECT_REQUEST = 1;
const NEW_MEDIA = 2;
const MEDIA_REMOVAL = 3;

/** Media status. */
const STATUS_TRAY_OPEN = 0x01;
const STATUS_PRESENT = 0x02;

/** What a disc has to be: an image of 512-byte sectors. The last block is filled up with zeros. */
export interface CdromMedium {
  readonly sectors: number;
  /** Fills `into` from that sector on; rejects if the image cannot be read. */
  read(sector: number, into: Uint8Array): Promise<void>;
}

/** What the guest is yet to be told: that there is no medium, then that there is another. */
type Change = 'none' | 'absent' | 'changed' | 'reset';

export interface MechanismState {
  change: Change;
  event: number;
  locked: boolean;
  trayOpen: boolean;
  /** The guest was told that there is no medium. */
  absenceTold: boolean;
  position: number;
}

export class Mechanism {
  #medium: CdromMedium | undefined;
  #change: Change = 'reset';
  #event = NO_EVENT;
  /** The guest prevents the removal of the disc. */
  locked = false;
  #trayOpen = false;
  #absenceTold: boolean;
  /** Of the pickup: the block after the last one read. */
  position = 0;

  constructor(medium: CdromMedium | undefined) {
    this.#medium = medium;
    this.#absenceTold = !medium;
  }

  /** The disc, in the drive or on its open tray. */
  get medium(): CdromMedium | undefined {
    return this.#medium;
  }

  get trayOpen(): boolean {
    return this.#trayOpen;
  }

  /** There is a disc, and the tray is closed. */
  get present(): boolean {
    return this.#medium !== undefined && !this.#trayOpen;
  }

  /** Blocks of the disc, in the drive or on its open tray. */
  get blocks(): number {
    return this.#medium ? Math.ceil(this.#medium.sectors / SECTORS_PER_BLOCK) : 0;
  }

  // By hand.

  /** The disc is changed, or taken out, and the tray closed. False, and the guest is asked, if it has locked the tray. */
  insert(medium: CdromMedium | undefined, force: boolean): boolean {
    if (!this.#mayOpen(force)) return false;
    const had = this.present;
    this.#medium = medium;
    this.#trayOpen = false;
    if (medium) this.#arrived(had);
    else if (had) this.#left();
    return true;
  }

  /** The button. False, and the guest is asked, if it has locked the tray. */
  eject(force: boolean): boolean {
    if (!this.#mayOpen(force)) return false;
    if (!this.#trayOpen) this.#open();
    return true;
  }

  // By command of the guest.

  /** False: it was open. */
  openTray(): boolean {
    if (this.#trayOpen) return false;
    this.#open();
    // Who ejects needs not be told.
    this.#absenceTold = true;
    return true;
  }

  /** False: it was closed. */
  closeTray(): boolean {
    if (!this.#trayOpen) return false;
    this.#trayOpen = false;
    if (this.#medium) this.#arrived(false);
    return true;
  }

  /** What a command is refused with before it is looked at; told once, but for a medium that is not there. */
  attention(needsMedium: boolean): Sense | undefined {
    switch (this.#change) {
      case 'reset':
        this.#change = 'none';
        return RESET_OCCURRED;
      case 'changed':
        this.#change = 'none';
        return MEDIUM_MAY_HAVE_CHANGED;
      case 'absent':
        if (!needsMedium) return undefined;
        this.#change = 'changed';
        this.#absenceTold = true;
        return MEDIUM_NOT_PRESENT;
      default:
        if (!needsMedium || this.present) return undefined;
        this.#absenceTold = true;
        return this.#trayOpen ? MEDIUM_NOT_PRESENT_TRAY_OPEN : MEDIUM_NOT_PRESENT;
    }
  }

  /** The media event that is to be told, and the media status: two bytes of GET EVENT STATUS NOTIFICATION. */
  get mediaEvent(): readonly [event: number, status: number] {
    return [this.#event, (this.present ? STATUS_PRESENT : 0) | (this.#trayOpen ? STATUS_TRAY_OPEN : 0)];
  }

  /** The guest knows the media event. */
  eventTold(): void {
    this.#event = NO_EVENT;
  }

  /** MECHANISM STATUS. */
  status(): Uint8Array {
    const data = new Uint8Array(8);
    new DataView(data.buffer).setUint32(1, this.position); // of which three bytes are sent: the first is the door's
    data[1] = this.#trayOpen ? 0x10 : 0;
    return data;
  }

  /** Disc and tray stay as they are. */
  reset(): void {
    this.#change = 'reset';
    this.locked = false;
    this.position = 0;
  }

  /** The medium is not part of it. */
  save(): MechanismState {
    return {
      change: this.#change,
      event: this.#event,
      locked: this.locked,
      trayOpen: this.#trayOpen,
      absenceTold: this.#absenceTold,
      position: this.position,
    };
  }

  load(state: MechanismState): void {
    this.#change = state.change;
    this.#event = state.event;
    this.locked = state.locked;
    this.#trayOpen = state.trayOpen;
    this.#absenceTold = state.absenceTold;
    this.position = state.position;
  }

  #mayOpen(force: boolean): boolean {
    if (!this.locked || !this.present || force) return true;
    this.#event = EJECT_REQUEST;
    return false;
  }

  #open(): void {
    const had = this.present;
    this.#trayOpen = true;
    if (had) this.#left();
  }

  #left(): void {
    this.#event = MEDIA_REMOVAL;
    this.locked = false;
    this.#absenceTold = false;
    this.position = 0;
    if (this.#change !== 'reset') this.#change = 'none';
  }

  /** `had`: another one was in until now. */
  #arrived(had: boolean): void {
    if (had) this.#left();
    this.#event = NEW_MEDIA;
    this.position = 0;
    this.#change = this.#absenceTold ? 'changed' : 'absent';
  }
}
