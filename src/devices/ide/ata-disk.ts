// An ATA hard disk: what its commands mean. ATA/ATAPI-6 (T13/1410D), chapter 8. The channel moves the data.
//
// Deviations: no power states (all are active), no SMART, security or protected area: those commands are aborted, and
// IDENTIFY DEVICE does not announce them. Commands of 28 bits on a larger disk reach its first 128 GiB.

import { type BlockDevice, SECTOR, StorageError } from '../../storage/contract.ts';
import { DiskFeatures, identifyDisk, MOST_MULTIPLE } from './identify.ts';
import { ABRT, DEVICE_HEAD, DEVICE_LBA, DF, ERR, IDNF, type TaskFile, UNC } from './task-file.ts';

const LBA28_SECTORS = 2 ** 28;

/** What a command asks the channel to do. */
export type AtaCommand =
  /** Nothing: it is done. */
  | { readonly kind: 'done' }
  | { readonly kind: 'error'; readonly error: number }
  /** To wait for the host. */
  | { readonly kind: 'wait'; readonly start: () => Promise<void> }
  /** To hand over a block of data. */
  | { readonly kind: 'give'; readonly data: Uint8Array }
  | AtaTransfer;

/** Sectors between disk and host. */
export interface AtaTransfer {
  readonly kind: 'transfer';
  readonly write: boolean;
  readonly dma: boolean;
  readonly sector: number;
  readonly sectors: number;
  /** Sectors of a DRQ block. */
  readonly block: number;
}

const DONE: AtaCommand = { kind: 'done' };
const ABORTED: AtaCommand = { kind: 'error', error: ABRT };

export interface AtaDiskState {
  multiple: number;
  writeCache: boolean;
  transferMode: number;
  heads: number;
  sectorsPerTrack: number;
}

export class AtaDisk {
  readonly medium: BlockDevice;
  readonly #serial: string;
  #features = new DiskFeatures();

  /** `serial`: up to 20 characters that no other disk of the machine has. */
  constructor(medium: BlockDevice, serial: string) {
    this.medium = medium;
    this.#serial = serial;
  }

  /** A hardware reset, or one by software: which keeps the transfer mode and the rest. */
  reset(hard: boolean): void {
    if (hard) this.#features = new DiskFeatures();
  }

  save(): AtaDiskState {
    return { ...this.#features };
  }

  load(state: AtaDiskState): void {
    Object.assign(this.#features, state);
  }

  /** Decodes a command; the parameters are in the task file. */
  command(code: number, file: TaskFile): AtaCommand {
    switch (code) {
      case 0x20: // READ SECTORS
      case 0x21:
        return this.#transfer(file, false, false, false, 1);
      case 0x24: // READ SECTORS EXT
        return this.#transfer(file, true, false, false, 1);
      case 0x30: // WRITE SECTORS
      case 0x31:
        return this.#transfer(file, false, true, false, 1);
      case 0x34: // WRITE SECTORS EXT
        return this.#transfer(file, true, true, false, 1);
      case 0xc4: // READ MULTIPLE
      case 0x29: // READ MULTIPLE EXT
        return this.#multiple(file, code === 0x29, false);
      case 0xc5: // WRITE MULTIPLE
      case 0x39: // WRITE MULTIPLE EXT
        return this.#multiple(file, code === 0x39, true);
      case 0xc8: // READ DMA
      case 0xc9:
        return this.#transfer(file, false, false, true, 1);
      case 0x25: // READ DMA EXT
        return this.#transfer(file, true, false, true, 1);
      case 0xca: // WRITE DMA
      case 0xcb:
        return this.#transfer(file, false, true, true, 1);
      case 0x35: // WRITE DMA EXT
        return this.#transfer(file, true, true, true, 1);
      case 0x40: // READ VERIFY SECTORS
      case 0x41:
      case 0x42: // READ VERIFY SECTORS EXT
        return this.#verify(file, code === 0x42);
      case 0xe7: // FLUSH CACHE
      case 0xea: // FLUSH CACHE EXT
        return { kind: 'wait', start: () => this.medium.flush() };
      case 0xec: // IDENTIFY DEVICE
        return { kind: 'give', data: identifyDisk(this.medium.sectors, this.#serial, this.#features) };
      case 0xc6: // SET MULTIPLE MODE
        return this.#setMultiple(file.count);
      case 0xef: // SET FEATURES
        return this.#features.set(file.feature, file.count) ? this.#afterFeatures(file.feature) : ABORTED;
      case 0x91: // INITIALIZE DEVICE PARAMETERS
        return this.#setGeometry(file);
      case 0xf8: // READ NATIVE MAX ADDRESS
        this.setAddress(file, Math.min(this.medium.sectors, LBA28_SECTORS) - 1, false);
        return DONE;
      case 0x27: // READ NATIVE MAX ADDRESS EXT
        this.setAddress(file, this.medium.sectors - 1, true);
        return DONE;
      case 0xe5: // CHECK POWER MODE
      case 0x98:
        file.count = 0xff; // active or idle
        return DONE;
      case 0xe0: // STANDBY IMMEDIATE
      case 0xe1: // IDLE IMMEDIATE
      case 0xe2: // STANDBY
      case 0xe3: // IDLE
      case 0xe6: // SLEEP
      case 0x94: // the same, obsolete codes
      case 0x95:
      case 0x96:
      case 0x97:
      case 0x99:
        return DONE;
      default:
        // RECALIBRATE and SEEK have no effect.
        return (code & 0xf0) === 0x10 || (code & 0xf0) === 0x70 ? DONE : ABORTED;
    }
  }

  read(sector: number, into: Uint8Array): Promise<void> {
    return this.medium.read(sector, into);
  }

  /** With the write cache off, a write is durable when it ends. */
  write(sector: number, from: Uint8Array): Promise<void> {
    const written = this.medium.write(sector, from);
    return this.#features.writeCache ? written : written.then(() => this.medium.flush());
  }

  /** The first of `count` sectors that cannot be read. */
  async firstBad(sector: number, count: number): Promise<number> {
    const into = new Uint8Array(SECTOR);
    for (let k = 0; k < count; k++) {
      try {
        await this.medium.read(sector + k, into);
      } catch {
        return sector + k;
      }
    }
    return sector;
  }

  /** Puts the address of `sector` into the registers, in the form that the command used. */
  setAddress(file: TaskFile, sector: number, extended: boolean): void {
    if (!extended && (file.device & DEVICE_LBA) === 0) {
      const { heads, sectorsPerTrack } = this.#features;
      const track = Math.floor(sector / sectorsPerTrack);
      const cylinder = Math.floor(track / heads);
      file.low = (sector % sectorsPerTrack) + 1;
      file.mid = cylinder & 255;
      file.high = (cylinder >> 8) & 255;
      file.device = (file.device & ~DEVICE_HEAD) | (track % heads);
      return;
    }
    const upper = Math.floor(sector / 2 ** 24);
    file.low = sector & 255;
    file.mid = (sector >>> 8) & 255;
    file.high = (sector >>> 16) & 255;
    if (extended) {
      file.oldLow = upper & 255;
      file.oldMid = (upper >>> 8) & 255;
      file.oldHigh = (upper >>> 16) & 255;
    } else file.device = (file.device & ~DEVICE_HEAD) | (upper & DEVICE_HEAD);
  }

  /** Whether `code` is a command of 48 bits. */
  static isExtended(code: number): boolean {
    return [0x24, 0x25, 0x27, 0x29, 0x34, 0x35, 0x39, 0x42, 0xea].includes(code);
  }

  #multiple(file: TaskFile, extended: boolean, write: boolean): AtaCommand {
    const { multiple } = this.#features;
    return multiple === 0 ? ABORTED : this.#transfer(file, extended, write, false, multiple);
  }

  #transfer(file: TaskFile, extended: boolean, write: boolean, dma: boolean, block: number): AtaCommand {
    const sector = this.#address(file, extended);
    const sectors = sectorCount(file, extended);
    if (sector < 0 || sector + sectors > this.medium.sectors) return { kind: 'error', error: IDNF };
    if (write && this.medium.readOnly) return ABORTED;
    return { kind: 'transfer', write, dma, sector, sectors, block };
  }

  #verify(file: TaskFile, extended: boolean): AtaCommand {
    const sector = this.#address(file, extended);
    const sectors = sectorCount(file, extended);
    if (sector < 0 || sector + sectors > this.medium.sectors) return { kind: 'error', error: IDNF };
    return {
      kind: 'wait',
      start: async () => {
        const most = 256;
        const into = new Uint8Array(Math.min(sectors, most) * SECTOR);
        for (let done = 0; done < sectors; done += most) {
          await this.medium.read(sector + done, into.subarray(0, Math.min(most, sectors - done) * SECTOR));
        }
      },
    };
  }

  /** The sector that the registers name, or -1: no such cylinder, head or sector. */
  #address(file: TaskFile, extended: boolean): number {
    const low24 = file.low | (file.mid << 8) | (file.high << 16);
    if (extended) {
      return (file.oldLow | (file.oldMid << 8) | (file.oldHigh << 16)) * 2 ** 24 + low24;
    }
    if (file.device & DEVICE_LBA) return (file.device & DEVICE_HEAD) * 2 ** 24 + low24;
    const { heads, sectorsPerTrack } = this.#features;
    const head = file.device & DEVICE_HEAD;
    if (file.low === 0 || file.low > sectorsPerTrack || head >= heads) return -1;
    return ((file.mid | (file.high << 8)) * heads + head) * sectorsPerTrack + file.low - 1;
  }

  /** A power of two, or 0: READ and WRITE MULTIPLE are off. */
  #setMultiple(count: number): AtaCommand {
    if (count > MOST_MULTIPLE || (count & (count - 1)) !== 0) return ABORTED;
    this.#features.multiple = count;
    return DONE;
  }

  #setGeometry(file: TaskFile): AtaCommand {
    if (file.count === 0) return ABORTED;
    this.#features.sectorsPerTrack = file.count;
    this.#features.heads = (file.device & DEVICE_HEAD) + 1;
    return DONE;
  }

  /** What was in the cache is written before it goes. */
  #afterFeatures(feature: number): AtaCommand {
    return feature === 0x82 ? { kind: 'wait', start: () => this.medium.flush() } : DONE;
  }
}

/** Bits of the error register and of status (upper byte) for a request that failed. */
export function errorOf(error: unknown, write: boolean): { readonly error: number; readonly status: number } {
  const fault = error instanceof StorageError ? error.fault : 'io';
  if (fault === 'range') return { error: IDNF, status: ERR };
  if (fault === 'read-only') return { error: ABRT, status: ERR };
  // What cannot be written is the device's fault: there is no bit for it in the error register.
  return write ? { error: ABRT, status: ERR | DF } : { error: UNC, status: ERR };
}

/** 0 means all that the register can hold, and one more. */
function sectorCount(file: TaskFile, extended: boolean): number {
  return extended ? (file.oldCount << 8) | file.count || 65536 : file.count || 256;
}
