// The commands of the 82077AA: their codes, how many bytes each takes, and the fields in those bytes.
//
// Intel 82077AA data sheet (290166), chapter 5.

export const READ_TRACK = 0x02;
export const SPECIFY = 0x03;
export const SENSE_DRIVE_STATUS = 0x04;
export const WRITE_DATA = 0x05;
export const READ_DATA = 0x06;
export const RECALIBRATE = 0x07;
export const SENSE_INTERRUPT_STATUS = 0x08;
export const WRITE_DELETED_DATA = 0x09;
export const READ_ID = 0x0a;
export const READ_DELETED_DATA = 0x0c;
export const FORMAT_TRACK = 0x0d;
export const DUMPREG = 0x0e;
export const SEEK = 0x0f;
export const VERSION = 0x10;
export const PERPENDICULAR_MODE = 0x12;
export const CONFIGURE = 0x13;
export const LOCK = 0x14;
export const VERIFY = 0x16;

const CODE = 0x1f;
const MULTI_TRACK = 0x80;
const SEEK_RELATIVE = 0x80;
const SEEK_RELATIVE_UP = 0x40;
const LOCK_SET = 0x80;
// The byte that selects head and drive.
const DRIVE = 0x03;
const HEAD = 0x04;
const UNIT = HEAD | DRIVE;
const ENABLE_COUNT = 0x80;

/** Bytes that follow the command. */
const PARAMETERS: Readonly<Record<number, number>> = {
  [READ_TRACK]: 8,
  [SPECIFY]: 2,
  [SENSE_DRIVE_STATUS]: 1,
  [WRITE_DATA]: 8,
  [READ_DATA]: 8,
  [RECALIBRATE]: 1,
  [SENSE_INTERRUPT_STATUS]: 0,
  [WRITE_DELETED_DATA]: 8,
  [READ_ID]: 1,
  [READ_DELETED_DATA]: 8,
  [FORMAT_TRACK]: 5,
  [DUMPREG]: 0,
  [SEEK]: 2,
  [VERSION]: 0,
  [PERPENDICULAR_MODE]: 1,
  [CONFIGURE]: 3,
  [LOCK]: 0,
  [VERIFY]: 8,
};

/**
 * The bytes of one command as the processor writes them, and their fields by name. A field that the command does not
 * have, or that was not written yet, is 0. Reading and writing move the address in them from sector to sector: what the
 * result phase tells is where that ended.
 */
export class Command {
  /** 0 to 255 each; the command itself first. */
  bytes: number[] = [];

  /** Takes the next byte, 0 to 255. */
  push(byte: number): void {
    this.bytes.push(byte);
  }

  clear(): void {
    this.bytes = [];
  }

  /** Whether its first byte was written. */
  get begun(): boolean {
    return this.bytes.length > 0;
  }

  /** Whether all of its bytes were written. A command that there is not has one. */
  get complete(): boolean {
    return this.bytes.length > (PARAMETERS[this.code] ?? 0);
  }

  get code(): number {
    return this.#byte(0) & CODE;
  }

  /** Whether bytes go from the processor to the disk. */
  get writes(): boolean {
    const { code } = this;
    return code === WRITE_DATA || code === WRITE_DELETED_DATA || code === FORMAT_TRACK;
  }

  /** LOCK: set rather than clear. */
  get lock(): boolean {
    return (this.#byte(0) & LOCK_SET) !== 0;
  }

  /** Bytes [from, to) as they are: the parameters of SPECIFY, CONFIGURE and PERPENDICULAR MODE. */
  parameters(from: number, to: number): number[] {
    return this.bytes.slice(from, to);
  }

  /** DS1 and DS0: 0 to 3. */
  get drive(): number {
    return this.#byte(1) & DRIVE;
  }

  /** HDS: the head that is selected, 0 or 1. */
  get head(): number {
    return (this.#byte(1) & HEAD) >> 2;
  }

  /** HDS, DS1 and DS0, as status 0 and 3 repeat them: 0 to 7. */
  get unit(): number {
    return this.#byte(1) & UNIT;
  }

  /** SEEK: the cylinder to go to, 0 to 255, from the one where the heads are. */
  seekTarget(from: number): number {
    const code = this.#byte(0);
    const value = this.#byte(2);
    if ((code & SEEK_RELATIVE) === 0) return value;
    return Math.max(0, Math.min(255, code & SEEK_RELATIVE_UP ? from + value : from - value));
  }

  /** C of the sector that is meant. */
  get cylinder(): number {
    return this.#byte(2);
  }

  /** H of that sector, which is not always the head that is selected. */
  get sectorHead(): number {
    return this.#byte(3);
  }

  /** R of that sector: from 1. */
  get sector(): number {
    return this.#byte(4);
  }

  /** N of that sector: it has 128 << N bytes. */
  get sizeCode(): number {
    return this.#byte(5);
  }

  /** EOT: the last sector of the track. */
  get endOfTrack(): number {
    return this.#byte(6);
  }

  /** C, H, R and N, as the result has them. */
  get address(): number[] {
    return [this.cylinder, this.sectorHead, this.sector, this.sizeCode];
  }

  /** FORMAT TRACK: SC, sectors to make. */
  get sectorsToFormat(): number {
    return this.#byte(3);
  }

  /** FORMAT TRACK: D, the byte to fill them with. */
  get fill(): number {
    return this.#byte(5);
  }

  /** READ TRACK begins at the index hole. */
  startAtIndex(): void {
    this.bytes[4] = 1;
  }

  /** VERIFY: counts a sector. Whether it was the last: the last field counts sectors if EC is set. */
  countVerified(): boolean {
    return (this.#byte(1) & ENABLE_COUNT) !== 0 && (this.bytes[8] = this.#byte(8) - 1) === 0;
  }

  /**
   * Moves the address to the next sector, on the other side if the command is for several tracks and was on side 0:
   * section 5.1. Returns whether the cylinder ended.
   */
  advance(): boolean {
    const { bytes } = this;
    if (this.sector !== this.endOfTrack) {
      bytes[4] = this.sector + 1;
      return false;
    }
    bytes[4] = 1;
    const multiTrack = (this.#byte(0) & MULTI_TRACK) !== 0;
    const toOtherHead = multiTrack && this.sectorHead === 0;
    if (multiTrack) {
      bytes[3] = this.sectorHead ^ 1;
      bytes[1] = this.#byte(1) ^ HEAD;
    }
    if (!toOtherHead) bytes[2] = this.cylinder + 1;
    return !toOtherHead;
  }

  #byte(index: number): number {
    return this.bytes[index] ?? 0;
  }
}
