// An ATAPI DVD-ROM drive: executes command packets on an image of 2048-byte blocks.
//
// MMC-5 (T10/1675-D) and SPC-3 (T10/1416-D); where they left ATAPI behind, SFF-8020i (1997). The channel does the PACKET
// protocol (ATA/ATAPI-6, section 9.8).
//
// Deviations: no audio; a disc is one data track. Others are those of the mechanism, of reading and of the mode pages: their
// files have them.

import type { Device } from '../contract.ts';
import {
  capacity,
  discInformation,
  dvdStructure,
  isDvd,
  subChannel,
  tableOfContents,
  trackInformation,
} from './atapi-disc.ts';
import { configuration } from './atapi-features.ts';
import { identityOf, inquiryData, logicalUnits } from './atapi-identity.ts';
import { type CdromMedium, Mechanism, type MechanismState } from './atapi-mechanism.ts';
import { MAX_SPEED, ModePages, type ModeView } from './atapi-modes.ts';
import {
  BEFORE_ATTENTION,
  GET_CONFIGURATION,
  GET_EVENT_STATUS_NOTIFICATION,
  INQUIRY,
  MECHANISM_STATUS,
  MODE_SELECT_6,
  MODE_SELECT_10,
  MODE_SENSE_6,
  MODE_SENSE_10,
  NEED_MEDIUM,
  PREVENT_ALLOW_MEDIUM_REMOVAL,
  READ_10,
  READ_12,
  READ_CAPACITY,
  READ_CD,
  READ_DISC_INFORMATION,
  READ_DVD_STRUCTURE,
  READ_SUB_CHANNEL,
  READ_TOC,
  READ_TRACK_INFORMATION,
  REPORT_LUNS,
  REQUEST_SENSE,
  SEEK_10,
  SET_CD_SPEED,
  START_STOP_UNIT,
  STOP_PLAY_SCAN,
  TEST_UNIT_READY,
  VERIFY_10,
} from './atapi-operations.ts';
import { DiscReader } from './atapi-reader.ts';
import { failed, GOOD, wanting } from './atapi-results.ts';
import {
  INCOMPATIBLE_MEDIUM,
  INVALID_COMMAND,
  INVALID_FIELD_IN_PACKET,
  NO_SENSE,
  REMOVAL_PREVENTED,
  SAVING_NOT_SUPPORTED,
  type Sense,
  senseData,
} from './atapi-sense.ts';
import type { PacketDevice, PacketResult } from './drive.ts';

/** The class of media events. */
const MEDIA_CLASS = 4;

const FASTEST = 0xffff;

export interface AtapiCdromOptions {
  /** The disc that is in at the start. */
  readonly medium?: CdromMedium;
  /** The guest opened or closed the tray. The disc stays on it. */
  readonly onTray?: (open: boolean) => void;
  /** The image could not be read: why. The guest is told by sense data. */
  readonly onReadError?: (error: unknown) => void;
}

export interface AtapiCdromState extends MechanismState {
  sense: Sense;
  speed: number;
  pages: number[][];
}

export class AtapiCdrom implements PacketDevice, Device<AtapiCdromState> {
  readonly #mechanism: Mechanism;
  readonly #reader: DiscReader;
  readonly #onTray: (open: boolean) => void;
  readonly #modes = new ModePages();
  #sense = NO_SENSE;
  #speed = MAX_SPEED;

  constructor({ medium, onTray, onReadError }: AtapiCdromOptions = {}) {
    this.#mechanism = new Mechanism(medium);
    this.#reader = new DiscReader({
      mechanism: this.#mechanism,
      onReadError: onReadError ?? (() => {}),
      refuse: (sense) => this.#fail(sense),
    });
    this.#onTray = onTray ?? (() => {});
  }

  /** The disc, in the drive or on its open tray. */
  get medium(): CdromMedium | undefined {
    return this.#mechanism.medium;
  }

  get trayOpen(): boolean {
    return this.#mechanism.trayOpen;
  }

  /** The guest prevents the removal of the disc. */
  get locked(): boolean {
    return this.#mechanism.locked;
  }

  /**
   * Puts a disc in, or takes it out, and leaves the tray closed. False if the guest has locked the tray over a disc: it
   * is told that somebody wants the disc. With `force` this is the hole for a paper clip.
   */
  insert(medium: CdromMedium | undefined, force = false): boolean {
    return this.#mechanism.insert(medium, force);
  }

  /** The button: opens the tray, with the disc on it. False, and the guest is asked, if it has locked the tray. */
  eject(force = false): boolean {
    return this.#mechanism.eject(force);
  }

  /** Reset, by the channel or of the machine. Disc and tray stay as they are. */
  reset(): void {
    this.#reader.reset();
    this.#mechanism.reset();
    this.#sense = NO_SENSE;
    this.#speed = MAX_SPEED;
    this.#modes.reset();
  }

  /** The medium is not part of it. */
  save(): AtapiCdromState {
    return { sense: this.#sense, ...this.#mechanism.save(), speed: this.#speed, pages: this.#modes.save() };
  }

  load(state: AtapiCdromState): void {
    this.#reader.reset();
    this.#mechanism.load(state);
    this.#sense = state.sense;
    this.#speed = state.speed;
    this.#modes.load(state.pages);
  }

  identify(): Uint8Array {
    return identityOf();
  }

  async packet(cdb: Uint8Array): Promise<PacketResult> {
    const command = cdb[0]!;
    if (!BEFORE_ATTENTION.has(command)) {
      const attention = this.#mechanism.attention(NEED_MEDIUM.has(command));
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
        this.#mechanism.locked = (packet.getUint8(4) & 1) !== 0;
        return GOOD;
      case READ_CAPACITY:
        return { data: capacity(this.#blocks), senseKey: 0 };
      case READ_10:
        return this.#reader.read(packet.getUint32(2), packet.getUint16(7));
      case READ_12:
        return this.#reader.read(packet.getUint32(2), packet.getUint32(6));
      case READ_CD:
        return this.#reader.readCd(packet);
      case SEEK_10:
        return this.#reader.seek(packet.getUint32(2));
      case VERIFY_10:
        return this.#reader.verify(packet);
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
        return this.#answer(logicalUnits(), packet.getUint32(6));
      case READ_DVD_STRUCTURE:
        return this.#readDvdStructure(packet);
      case SET_CD_SPEED:
        return this.#setCdSpeed(packet.getUint16(2));
      case MECHANISM_STATUS:
        return this.#answer(this.#mechanism.status(), packet.getUint16(8));
      default:
        return this.#fail(INVALID_COMMAND);
    }
  }

  // Commands.

  /** Pending sense data, or else the condition that the next command would meet: either is told once. */
  #requestSense(allocation: number): PacketResult {
    const sense = this.#sense.key === 0 ? (this.#mechanism.attention(false) ?? NO_SENSE) : this.#sense;
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
    return wanting(length);
  }

  #startStopUnit(what: number): PacketResult {
    const [loadEject, start] = [(what & 2) !== 0, (what & 1) !== 0];
    if (what >> 4 !== 0 || !loadEject) {
      // A power condition, or the motor only.
      return GOOD;
    }
    if (start) {
      if (this.#mechanism.closeTray()) this.#onTray(false);
      return GOOD;
    }
    if (this.#mechanism.locked) return this.#fail(REMOVAL_PREVENTED);
    if (this.#mechanism.openTray()) this.#onTray(true);
    return GOOD;
  }

  #readSubChannel(packet: DataView): PacketResult {
    const inMsf = (packet.getUint8(1) & 2) !== 0;
    const subQ = (packet.getUint8(2) & 0x40) !== 0;
    return this.#answer(subChannel(this.#mechanism.position, packet.getUint8(3), subQ, inMsf), packet.getUint16(7));
  }

  #readToc(packet: DataView): PacketResult {
    const inMsf = (packet.getUint8(1) & 2) !== 0;
    // SFF-8020i has the format in the last byte, where later standards have the control byte.
    const format = packet.getUint8(2) & 15 || packet.getUint8(9) >> 6;
    return this.#answer(tableOfContents(this.#blocks, format, packet.getUint8(6), inMsf), packet.getUint16(7));
  }

  #getConfiguration(packet: DataView): PacketResult {
    const blocks = this.#mechanism.present ? this.#blocks : undefined;
    return this.#answer(configuration(blocks, packet.getUint8(1) & 3, packet.getUint16(2)), packet.getUint16(7));
  }

  #getEventStatusNotification(packet: DataView): PacketResult {
    const polled = (packet.getUint8(1) & 1) !== 0;
    if (!polled) return this.#fail(INVALID_FIELD_IN_PACKET);
    const allocation = packet.getUint16(7);
    const wanted = (packet.getUint8(4) >> MEDIA_CLASS) & 1;
    if (!wanted) return this.#answer(Uint8Array.of(0, 2, 0x80, 1 << MEDIA_CLASS), allocation);
    const data = Uint8Array.of(0, 6, MEDIA_CLASS, 1 << MEDIA_CLASS, ...this.#mechanism.mediaEvent, 0, 0);
    // An event is told once, and only to who has room for it.
    if (allocation > 4) this.#mechanism.eventTold();
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

  get #blocks(): number {
    return this.#mechanism.blocks;
  }

  get #view(): ModeView {
    const { trayOpen, present, locked } = this.#mechanism;
    return { trayOpen, present, locked, speed: this.#speed };
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
