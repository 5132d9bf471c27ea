// An ATAPI DVD-ROM drive: executes command packets on an image of 2048-byte blocks.
//
// MMC-5 (T10/1675-D) and SPC-3 (T10/1416-D); where they left ATAPI behind, SFF-8020i (1997). The channel does the PACKET
// protocol (ATA/ATAPI-6, section 9.8).
//
// Deviations: no audio; a disc is one data track; a read of more than 128 MiB by one packet is refused; nothing takes
// time, so the drive is never "becoming ready". Instead the first command that needs the medium after a change is told
// that there is none, the next one that there is another, as when somebody opened and closed the tray in between.

import type { Device } from '../contract.ts';
import {
  BLOCK,
  discInformation,
  dvdStructure,
  isDvd,
  subChannel,
  tableOfContents,
  trackInformation,
} from './atapi-disc.ts';
import { configuration } from './atapi-features.ts';
import { identityOf, inquiryData } from './atapi-identity.ts';
import { MAX_SPEED, ModePages, type ModeView } from './atapi-modes.ts';
import { RAW_SECTOR, rawSector, selectedBytes } from './atapi-sector.ts';
import {
  ADDRESS_OUT_OF_RANGE,
  errorBits,
  ILLEGAL_MODE_FOR_TRACK,
  INCOMPATIBLE_MEDIUM,
  INVALID_COMMAND,
  INVALID_FIELD_IN_PACKET,
  MEDIUM_MAY_HAVE_CHANGED,
  MEDIUM_NOT_PRESENT,
  MEDIUM_NOT_PRESENT_TRAY_OPEN,
  NO_SENSE,
  REMOVAL_PREVENTED,
  RESET_OCCURRED,
  SAVING_NOT_SUPPORTED,
  type Sense,
  senseData,
  UNRECOVERED_READ_ERROR,
} from './atapi-sense.ts';
import type { PacketDevice, PacketResult } from './drive.ts';

const TEST_UNIT_READY = 0x00;
const REQUEST_SENSE = 0x03;
const INQUIRY = 0x12;
const MODE_SELECT_6 = 0x15;
const MODE_SENSE_6 = 0x1a;
const START_STOP_UNIT = 0x1b;
const PREVENT_ALLOW_MEDIUM_REMOVAL = 0x1e;
const READ_CAPACITY = 0x25;
const READ_10 = 0x28;
const SEEK_10 = 0x2b;
const VERIFY_10 = 0x2f;
const READ_SUB_CHANNEL = 0x42;
const READ_TOC = 0x43;
const GET_CONFIGURATION = 0x46;
const GET_EVENT_STATUS_NOTIFICATION = 0x4a;
const STOP_PLAY_SCAN = 0x4e;
const READ_DISC_INFORMATION = 0x51;
const READ_TRACK_INFORMATION = 0x52;
const MODE_SELECT_10 = 0x55;
const MODE_SENSE_10 = 0x5a;
const REPORT_LUNS = 0xa0;
const READ_12 = 0xa8;
const READ_DVD_STRUCTURE = 0xad;
const SET_CD_SPEED = 0xbb;
const MECHANISM_STATUS = 0xbd;
const READ_CD = 0xbe;

/** Executed although a unit attention is to be told (SPC-3, 4.5.6; MMC-5, 4.1.6.1). */
const BEFORE_ATTENTION = new Set([
  REQUEST_SENSE,
  INQUIRY,
  GET_CONFIGURATION,
  GET_EVENT_STATUS_NOTIFICATION,
  REPORT_LUNS,
]);
const NEED_MEDIUM = new Set([
  TEST_UNIT_READY,
  READ_CAPACITY,
  READ_10,
  SEEK_10,
  VERIFY_10,
  READ_SUB_CHANNEL,
  READ_TOC,
  READ_DISC_INFORMATION,
  READ_TRACK_INFORMATION,
  READ_12,
  READ_DVD_STRUCTURE,
  READ_CD,
]);

/** Sectors of the medium in a block. */
const SECTORS_PER_BLOCK = 4;
const SECTOR = BLOCK / SECTORS_PER_BLOCK;
/** Most blocks of one packet: of READ (10). */
const MOST_BLOCKS = 65535;
const VERIFY_BLOCKS = 64;

/** Media event codes, and the class of them. */
const NO_EVENT = 0;
const EJECT_REQUEST = 1;
const NEW_MEDIA = 2;
const MEDIA_REMOVAL = 3;
const MEDIA_CLASS = 4;

const FASTEST = 0xffff;

/** What a disc has to be: an image of 512-byte sectors. The last block is filled up with zeros. */
export interface CdromMedium {
  readonly sectors: number;
  /** Fills `into` from that sector on; rejects if the image cannot be read. */
  read(sector: number, into: Uint8Array): Promise<void>;
}

export interface AtapiCdromOptions {
  /** The disc that is in at the start. */
  readonly medium?: CdromMedium;
  /** The guest opened or closed the tray. The disc stays on it. */
  readonly onTray?: (open: boolean) => void;
  /** The image could not be read: why. The guest is told by sense data. */
  readonly onReadError?: (error: unknown) => void;
}

/** What the guest is yet to be told: that there is no medium, then that there is another. */
type Change = 'none' | 'absent' | 'changed' | 'reset';

export interface AtapiCdromState {
  sense: Sense;
  change: Change;
  event: number;
  locked: boolean;
  trayOpen: boolean;
  /** The guest was told that there is no medium. */
  absenceTold: boolean;
  position: number;
  speed: number;
  pages: number[][];
}

export class AtapiCdrom implements PacketDevice, Device<AtapiCdromState> {
  #medium: CdromMedium | undefined;
  readonly #onTray: (open: boolean) => void;
  readonly #onReadError: (error: unknown) => void;
  readonly #modes = new ModePages();
  #sense = NO_SENSE;
  #change: Change = 'reset';
  #event = NO_EVENT;
  #locked = false;
  #trayOpen = false;
  #absenceTold: boolean;
  /** Block after the last one read. */
  #position = 0;
  #speed = MAX_SPEED;
  /** Counts resets: what was under way before has no effect. */
  #life = 0;

  constructor({ medium, onTray, onReadError }: AtapiCdromOptions = {}) {
    this.#medium = medium;
    this.#absenceTold = !medium;
    this.#onTray = onTray ?? (() => {});
    this.#onReadError = onReadError ?? (() => {});
  }

  /** The disc, in the drive or on its open tray. */
  get medium(): CdromMedium | undefined {
    return this.#medium;
  }

  get trayOpen(): boolean {
    return this.#trayOpen;
  }

  /** The guest prevents the removal of the disc. */
  get locked(): boolean {
    return this.#locked;
  }

  /**
   * Puts a disc in, or takes it out, and leaves the tray closed. False if the guest has locked the tray over a disc: it
   * is told that somebody wants the disc. With `force` this is the hole for a paper clip.
   */
  insert(medium: CdromMedium | undefined, force = false): boolean {
    if (!this.#mayOpen(force)) return false;
    const had = this.#present;
    this.#medium = medium;
    this.#trayOpen = false;
    if (medium) this.#arrived(had);
    else if (had) this.#left();
    return true;
  }

  /** The button: opens the tray, with the disc on it. False, and the guest is asked, if it has locked the tray. */
  eject(force = false): boolean {
    if (!this.#mayOpen(force)) return false;
    if (!this.#trayOpen) this.#open();
    return true;
  }

  /** Reset, by the channel or of the machine. Disc and tray stay as they are. */
  reset(): void {
    this.#life++;
    this.#sense = NO_SENSE;
    this.#change = 'reset';
    this.#locked = false;
    this.#position = 0;
    this.#speed = MAX_SPEED;
    this.#modes.reset();
  }

  /** The medium is not part of it. */
  save(): AtapiCdromState {
    return {
      sense: this.#sense,
      change: this.#change,
      event: this.#event,
      locked: this.#locked,
      trayOpen: this.#trayOpen,
      absenceTold: this.#absenceTold,
      position: this.#position,
      speed: this.#speed,
      pages: this.#modes.save(),
    };
  }

  load(state: AtapiCdromState): void {
    this.#life++;
    this.#sense = state.sense;
    this.#change = state.change;
    this.#event = state.event;
    this.#locked = state.locked;
    this.#trayOpen = state.trayOpen;
    this.#absenceTold = state.absenceTold;
    this.#position = state.position;
    this.#speed = state.speed;
    this.#modes.load(state.pages);
  }

  identify(): Uint8Array {
    return identityOf();
  }

  async packet(cdb: Uint8Array): Promise<PacketResult> {
    const command = cdb[0]!;
    if (!BEFORE_ATTENTION.has(command)) {
      const attention = this.#attention(NEED_MEDIUM.has(command));
      if (attention) return this.#fail(attention);
    }
    // Sense data last until the command after the one that they are about.
    if (command !== REQUEST_SENSE) this.#sense = NO_SENSE;
    const packet = new DataView(cdb.buffer, cdb.byteOffset, cdb.byteLength);
    return this.#execute(command, packet);
  }

  /** The parameter list of MODE SELECT: nothing else wants data. */
  async accept(packet: Uint8Array, list: Uint8Array): Promise<PacketResult> {
    const sense = this.#modes.select(list, packet[0] === MODE_SELECT_6 ? 4 : 8);
    return sense ? this.#fail(sense) : GOOD;
  }

  #execute(command: number, packet: DataView): PacketResult | Promise<PacketResult> {
    switch (command) {
      case TEST_UNIT_READY:
        return GOOD;
      case REQUEST_SENSE:
        return this.#requestSense(packet.getUint8(4));
      case INQUIRY:
        return this.#inquiry(packet);
      case MODE_SELECT_6:
        return this.#modeSelect(packet, packet.getUint8(4));
      case MODE_SENSE_6:
        return this.#modeSense(packet, packet.getUint8(4), 4);
      case START_STOP_UNIT:
        return this.#startStopUnit(packet.getUint8(4));
      case PREVENT_ALLOW_MEDIUM_REMOVAL:
        this.#locked = (packet.getUint8(4) & 1) !== 0;
        return GOOD;
      case READ_CAPACITY:
        return this.#readCapacity();
      case READ_10:
        return this.#read(packet.getUint32(2), packet.getUint16(7));
      case READ_12:
        return this.#read(packet.getUint32(2), packet.getUint32(6));
      case READ_CD:
        return this.#readCd(packet);
      case SEEK_10:
        return this.#seek(packet.getUint32(2));
      case VERIFY_10:
        return this.#verify(packet);
      case READ_SUB_CHANNEL:
        return this.#readSubChannel(packet);
      case READ_TOC:
        return this.#readToc(packet);
      case GET_CONFIGURATION:
        return this.#getConfiguration(packet);
      case GET_EVENT_STATUS_NOTIFICATION:
        return this.#getEventStatusNotification(packet);
      case STOP_PLAY_SCAN: // there is nothing to stop
        return GOOD;
      case READ_DISC_INFORMATION:
        return this.#answer((packet.getUint8(1) & 7) === 0 ? discInformation() : undefined, packet.getUint16(7));
      case READ_TRACK_INFORMATION:
        return this.#answer(
          trackInformation(this.#blocks, packet.getUint8(1) & 3, packet.getUint32(2)),
          packet.getUint16(7),
        );
      case MODE_SELECT_10:
        return this.#modeSelect(packet, packet.getUint16(7));
      case MODE_SENSE_10:
        return this.#modeSense(packet, packet.getUint16(7), 8);
      case REPORT_LUNS:
        return this.#reportLuns(packet.getUint32(6));
      case READ_DVD_STRUCTURE:
        return this.#readDvdStructure(packet);
      case SET_CD_SPEED:
        return this.#setCdSpeed(packet.getUint16(2));
      case MECHANISM_STATUS:
        return this.#mechanismStatus(packet.getUint16(8));
      default:
        return this.#fail(INVALID_COMMAND);
    }
  }

  // Commands.

  /** Pending sense data, or else the condition that the next command would meet: either is told once. */
  #requestSense(allocation: number): PacketResult {
    const sense = this.#sense.key === 0 ? (this.#attention(false) ?? NO_SENSE) : this.#sense;
    this.#sense = NO_SENSE;
    return this.#answer(senseData(sense), allocation);
  }

  #inquiry(packet: DataView): PacketResult {
    // No vital product data.
    const plain = (packet.getUint8(1) & 1) === 0 && packet.getUint8(2) === 0;
    return this.#answer(plain ? inquiryData() : undefined, packet.getUint16(3));
  }

  #modeSense(packet: DataView, allocation: number, header: 4 | 8): PacketResult {
    const control = packet.getUint8(2) >> 6;
    if (control === 3) return this.#fail(SAVING_NOT_SUPPORTED);
    return this.#answer(this.#modes.sense(packet.getUint8(2) & 0x3f, control, header, this.#view), allocation);
  }

  #modeSelect(packet: DataView, length: number): PacketResult {
    // Pages of the standard's format, not saved.
    if ((packet.getUint8(1) & 0x11) !== 0x10) return this.#fail(INVALID_FIELD_IN_PACKET);
    if (length === 0) return GOOD;
    return { data: NOTHING, wants: length, senseKey: 0 };
  }

  #startStopUnit(what: number): PacketResult {
    const [loadEject, start] = [(what & 2) !== 0, (what & 1) !== 0];
    if (what >> 4 !== 0 || !loadEject) {
      // A power condition, or the motor only.
      return GOOD;
    }
    if (start) {
      if (this.#trayOpen) this.#load();
      return GOOD;
    }
    if (this.#locked) return this.#fail(REMOVAL_PREVENTED);
    if (!this.#trayOpen) {
      this.#open();
      // Who ejects needs not be told.
      this.#absenceTold = true;
      this.#onTray(true);
    }
    return GOOD;
  }

  #readCapacity(): PacketResult {
    const data = new Uint8Array(8);
    const view = new DataView(data.buffer);
    view.setUint32(0, Math.max(this.#blocks - 1, 0));
    view.setUint32(4, BLOCK);
    return { data, senseKey: 0 };
  }

  async #read(lba: number, count: number): Promise<PacketResult> {
    if (!this.#has(lba, count)) return this.#fail(ADDRESS_OUT_OF_RANGE);
    if (count > MOST_BLOCKS) return this.#fail(INVALID_FIELD_IN_PACKET);
    if (count === 0) return GOOD;
    return this.#blocksAt(lba, count);
  }

  async #readCd(packet: DataView): Promise<PacketResult> {
    const lba = packet.getUint32(2);
    const count = packet.getUint32(5) & 0xffffff;
    const expected = (packet.getUint8(1) >> 2) & 7;
    const selection = packet.getUint8(9);
    const selected = selectedBytes(selection);
    // Error flags and sub-channels are not on the image.
    if (!selected || (selection & 0x06) !== 0 || (packet.getUint8(10) & 7) !== 0) {
      return this.#fail(INVALID_FIELD_IN_PACKET);
    }
    if (isDvd(this.#blocks)) return this.#fail(INCOMPATIBLE_MEDIUM);
    // Any type, or mode 1.
    if (expected !== 0 && expected !== 2) return this.#fail(ILLEGAL_MODE_FOR_TRACK);
    if (!this.#has(lba, count)) return this.#fail(ADDRESS_OUT_OF_RANGE);
    if (count * RAW_SECTOR > MOST_BLOCKS * BLOCK) return this.#fail(INVALID_FIELD_IN_PACKET);
    const { from, to } = selected;
    if (count === 0 || to === from) return GOOD;
    const result = await this.#blocksAt(lba, count);
    if (result.senseKey !== 0 || selection === 0x10) return result;
    const data = new Uint8Array(count * (to - from));
    for (let k = 0; k < count; k++) {
      const sector = rawSector(lba + k, result.data.subarray(k * BLOCK, (k + 1) * BLOCK));
      data.set(sector.subarray(from, to), k * (to - from));
    }
    return { data, senseKey: 0 };
  }

  #seek(lba: number): PacketResult {
    if (!this.#has(lba, 1)) return this.#fail(ADDRESS_OUT_OF_RANGE);
    this.#position = lba;
    return GOOD;
  }

  async #verify(packet: DataView): Promise<PacketResult> {
    const lba = packet.getUint32(2);
    const count = packet.getUint16(7);
    // Comparing with data of the host is not for a drive that cannot write.
    if ((packet.getUint8(1) & 2) !== 0) return this.#fail(INVALID_FIELD_IN_PACKET);
    if (!this.#has(lba, count)) return this.#fail(ADDRESS_OUT_OF_RANGE);
    const life = this.#life;
    for (let k = 0; k < count && life === this.#life; k += VERIFY_BLOCKS) {
      const result = await this.#blocksAt(lba + k, Math.min(VERIFY_BLOCKS, count - k));
      if (result.senseKey !== 0) return result;
    }
    return GOOD;
  }

  #readSubChannel(packet: DataView): PacketResult {
    const inMsf = (packet.getUint8(1) & 2) !== 0;
    const subQ = (packet.getUint8(2) & 0x40) !== 0;
    return this.#answer(subChannel(this.#position, packet.getUint8(3), subQ, inMsf), packet.getUint16(7));
  }

  #readToc(packet: DataView): PacketResult {
    const inMsf = (packet.getUint8(1) & 2) !== 0;
    // SFF-8020i has the format in the last byte, where later standards have the control byte.
    const format = packet.getUint8(2) & 15 || packet.getUint8(9) >> 6;
    return this.#answer(tableOfContents(this.#blocks, format, packet.getUint8(6), inMsf), packet.getUint16(7));
  }

  #getConfiguration(packet: DataView): PacketResult {
    const blocks = this.#present ? this.#blocks : undefined;
    return this.#answer(configuration(blocks, packet.getUint8(1) & 3, packet.getUint16(2)), packet.getUint16(7));
  }

  #getEventStatusNotification(packet: DataView): PacketResult {
    const polled = (packet.getUint8(1) & 1) !== 0;
    if (!polled) return this.#fail(INVALID_FIELD_IN_PACKET);
    const allocation = packet.getUint16(7);
    const wanted = (packet.getUint8(4) >> MEDIA_CLASS) & 1;
    if (!wanted) return this.#answer(Uint8Array.of(0, 2, 0x80, 1 << MEDIA_CLASS), allocation);
    const status = (this.#present ? 2 : 0) | (this.#trayOpen ? 1 : 0);
    const data = Uint8Array.of(0, 6, MEDIA_CLASS, 1 << MEDIA_CLASS, this.#event, status, 0, 0);
    // An event is told once, and only to who has room for it.
    if (allocation > 4) this.#event = NO_EVENT;
    return this.#answer(data, allocation);
  }

  #reportLuns(allocation: number): PacketResult {
    const data = new Uint8Array(16); // one unit, 0
    data[3] = 8;
    return this.#answer(data, allocation);
  }

  #readDvdStructure(packet: DataView): PacketResult {
    if (!isDvd(this.#blocks)) return this.#fail(INCOMPATIBLE_MEDIUM);
    const layer = packet.getUint8(6);
    const data = layer === 0 ? dvdStructure(this.#blocks, packet.getUint8(7)) : undefined;
    return this.#answer(data, packet.getUint16(8));
  }

  /** In kB/s. */
  #setCdSpeed(speed: number): PacketResult {
    this.#speed = speed === FASTEST ? MAX_SPEED : Math.min(speed, MAX_SPEED);
    return GOOD;
  }

  #mechanismStatus(allocation: number): PacketResult {
    const data = new Uint8Array(8);
    new DataView(data.buffer).setUint32(1, this.#position); // of which three bytes are sent: the first is the door's
    data[1] = this.#trayOpen ? 0x10 : 0;
    return this.#answer(data, allocation);
  }

  // Medium and tray.

  get #present(): boolean {
    return this.#medium !== undefined && !this.#trayOpen;
  }

  get #blocks(): number {
    return this.#medium ? Math.ceil(this.#medium.sectors / SECTORS_PER_BLOCK) : 0;
  }

  get #view(): ModeView {
    return { trayOpen: this.#trayOpen, present: this.#present, locked: this.#locked, speed: this.#speed };
  }

  #has(lba: number, count: number): boolean {
    return lba + count <= this.#blocks;
  }

  #mayOpen(force: boolean): boolean {
    if (!this.#locked || !this.#present || force) return true;
    this.#event = EJECT_REQUEST;
    return false;
  }

  #open(): void {
    const had = this.#present;
    this.#trayOpen = true;
    if (had) this.#left();
  }

  /** By command of the guest. */
  #load(): void {
    this.#trayOpen = false;
    if (this.#medium) this.#arrived(false);
    this.#onTray(false);
  }

  #left(): void {
    this.#event = MEDIA_REMOVAL;
    this.#locked = false;
    this.#absenceTold = false;
    this.#position = 0;
    if (this.#change !== 'reset') this.#change = 'none';
  }

  /** `had`: another one was in until now. */
  #arrived(had: boolean): void {
    if (had) this.#left();
    this.#event = NEW_MEDIA;
    this.#position = 0;
    this.#change = this.#absenceTold ? 'changed' : 'absent';
  }

  /** What a command is refused with before it is looked at; told once, but for a medium that is not there. */
  #attention(needsMedium: boolean): Sense | undefined {
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
        if (!needsMedium || this.#present) return undefined;
        this.#absenceTold = true;
        return this.#trayOpen ? MEDIUM_NOT_PRESENT_TRAY_OPEN : MEDIUM_NOT_PRESENT;
    }
  }

  /** The user data of blocks that the medium has. */
  async #blocksAt(lba: number, count: number): Promise<PacketResult> {
    const medium = this.#medium as CdromMedium;
    const life = this.#life;
    const data = new Uint8Array(count * BLOCK);
    const sector = lba * SECTORS_PER_BLOCK;
    const sectors = Math.min(count * SECTORS_PER_BLOCK, medium.sectors - sector);
    try {
      await medium.read(sector, data.subarray(0, sectors * SECTOR));
    } catch (error) {
      this.#onReadError(error);
      return life === this.#life ? this.#fail(UNRECOVERED_READ_ERROR) : failed(UNRECOVERED_READ_ERROR);
    }
    if (life === this.#life) this.#position = lba + count;
    return { data, senseKey: 0 };
  }

  // Results.

  /** As much of the data as the host has room for; undefined: a field of the packet is not valid. */
  #answer(data: Uint8Array | undefined, allocation: number): PacketResult {
    if (!data) return this.#fail(INVALID_FIELD_IN_PACKET);
    return { data: data.subarray(0, allocation), senseKey: 0 };
  }

  #fail(sense: Sense): PacketResult {
    this.#sense = sense;
    return failed(sense);
  }
}

const NOTHING = new Uint8Array(0);
const GOOD: PacketResult = { data: NOTHING, senseKey: 0 };

function failed(sense: Sense): PacketResult {
  return { data: NOTHING, senseKey: sense.key, error: errorBits(sense) };
}
