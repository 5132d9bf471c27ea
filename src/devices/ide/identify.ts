// The data of IDENTIFY DEVICE, and what SET FEATURES changes in it: ATA/ATAPI-6 (T13/1410D), sections 8.15 and 8.46.

/** Sectors of a DRQ block of READ and WRITE MULTIPLE, at most. */
export const MOST_MULTIPLE = 16;

/** The geometry that a disk has after power-on; cylinders are what is left. */
const HEADS = 16;
const SECTORS_PER_TRACK = 63;
const MOST_CYLINDERS = 16383;
const MOST_LBA28 = 2 ** 28 - 1;

// Subcommands of SET FEATURES.
const ENABLE_WRITE_CACHE = 0x02;
const SET_TRANSFER_MODE = 0x03;
const DISABLE_LOOK_AHEAD = 0x55;
const DISABLE_REVERTING = 0x66;
const DISABLE_WRITE_CACHE = 0x82;
const ENABLE_LOOK_AHEAD = 0xaa;
const ENABLE_REVERTING = 0xcc;

// Transfer modes: the kind in bits 7 to 3, the number in bits 2 to 0.
const PIO_DEFAULT = 0;
const PIO = 1;
const MULTIWORD_DMA = 4;
const ULTRA_DMA = 8;
const MOST_PIO = 4;
const MOST_MULTIWORD_DMA = 2;
const MOST_ULTRA_DMA = 5;

// Words 82 and 85, 83 and 86.
const HAS_WRITE_CACHE = 1 << 5;
const HAS_POWER_MANAGEMENT = 1 << 3;
const HAS_NOP = 1 << 14;
const HAS_LBA48 = 1 << 10;
const HAS_FLUSH = 1 << 12;
const HAS_FLUSH_EXT = 1 << 13;
/** Bits 15 and 14 of words that say so: valid. */
const VALID = 1 << 14;

/** What SET FEATURES and its like have chosen. */
export class DiskFeatures {
  /** Sectors of a block of READ and WRITE MULTIPLE; 0: off. */
  multiple = MOST_MULTIPLE;
  writeCache = true;
  /** As SET FEATURES has it; Ultra DMA 5 after power-on. */
  transferMode = (ULTRA_DMA << 3) | MOST_ULTRA_DMA;
  heads = HEADS;
  sectorsPerTrack = SECTORS_PER_TRACK;

  /** Executes SET FEATURES; false: no such feature. */
  set(feature: number, value: number): boolean {
    switch (feature) {
      case ENABLE_WRITE_CACHE:
      case DISABLE_WRITE_CACHE:
        this.writeCache = feature === ENABLE_WRITE_CACHE;
        return true;
      case SET_TRANSFER_MODE:
        if (!isTransferMode(value)) return false;
        this.transferMode = value;
        return true;
      case ENABLE_LOOK_AHEAD:
      case DISABLE_LOOK_AHEAD:
      case ENABLE_REVERTING:
      case DISABLE_REVERTING:
        return true;
      default:
        return false;
    }
  }
}

/** The 512 bytes about a disk. */
export function identifyDisk(sectors: number, serial: string, features: DiskFeatures): Uint8Array {
  const words = new Uint16Array(256);
  const { heads, sectorsPerTrack } = features;
  const cylinders = (of: number): number => Math.min(MOST_CYLINDERS, Math.floor(sectors / of));
  const current = cylinders(heads * sectorsPerTrack);
  words[0] = 0x0040; // fixed
  words[1] = cylinders(HEADS * SECTORS_PER_TRACK);
  words[3] = HEADS;
  words[6] = SECTORS_PER_TRACK;
  setText(words, 10, 10, serial);
  setText(words, 23, 4, '1.0');
  setText(words, 27, 20, 'Transvisor disk');
  words[47] = 0x8000 | MOST_MULTIPLE;
  words[49] = 0x0f00; // IORDY, LBA, DMA
  words[50] = VALID;
  words[51] = 0x0200; // PIO mode of old
  words[53] = 0x0007; // words 54 to 58, 64 to 70 and 88 are valid
  words[54] = current;
  words[55] = heads;
  words[56] = sectorsPerTrack;
  setLong(words, 57, current * heads * sectorsPerTrack);
  words[59] = features.multiple ? 0x0100 | features.multiple : 0;
  setLong(words, 60, Math.min(sectors, MOST_LBA28));
  words[63] = supported(MOST_MULTIWORD_DMA) | selected(features, MULTIWORD_DMA);
  words[64] = 0x0003; // PIO modes 3 and 4
  words.fill(120, 65, 69); // nanoseconds of a cycle
  words[80] = 0x007e; // ATA-1 to ATA/ATAPI-6
  words[82] = HAS_NOP | HAS_WRITE_CACHE | HAS_POWER_MANAGEMENT;
  words[83] = VALID | HAS_FLUSH_EXT | HAS_FLUSH | HAS_LBA48;
  words[84] = VALID;
  words[85] = HAS_NOP | HAS_POWER_MANAGEMENT | (features.writeCache ? HAS_WRITE_CACHE : 0);
  words[86] = HAS_FLUSH_EXT | HAS_FLUSH | HAS_LBA48;
  words[87] = VALID;
  words[88] = supported(MOST_ULTRA_DMA) | selected(features, ULTRA_DMA);
  words[93] = VALID | 0x2001; // cable with 80 conductors; device 0 passed
  setLong(words, 100, sectors % 2 ** 32);
  words[102] = Math.floor(sectors / 2 ** 32);
  return sealed(words);
}

function isTransferMode(mode: number): boolean {
  const number = mode & 7;
  switch (mode >> 3) {
    case PIO_DEFAULT:
      return number <= 1;
    case PIO:
      return number <= MOST_PIO;
    case MULTIWORD_DMA:
      return number <= MOST_MULTIWORD_DMA;
    case ULTRA_DMA:
      return number <= MOST_ULTRA_DMA;
    default:
      return false;
  }
}

function supported(most: number): number {
  return 2 ** (most + 1) - 1;
}

function selected({ transferMode }: DiskFeatures, kind: number): number {
  return transferMode >> 3 === kind ? 0x100 << (transferMode & 7) : 0;
}

/** ASCII, two characters a word, the first in the upper byte, padded with spaces. */
function setText(words: Uint16Array, at: number, count: number, text: string): void {
  const padded = text.padEnd(2 * count).slice(0, 2 * count);
  for (let k = 0; k < count; k++) {
    words[at + k] = (padded.charCodeAt(2 * k) << 8) | padded.charCodeAt(2 * k + 1);
  }
}

function setLong(words: Uint16Array, at: number, value: number): void {
  words[at] = value % 65536;
  words[at + 1] = Math.floor(value / 65536);
}

/** As bytes, with the signature and checksum of word 255. */
function sealed(words: Uint16Array): Uint8Array {
  const bytes = new Uint8Array(512);
  const view = new DataView(bytes.buffer);
  for (let k = 0; k < 255; k++) view.setUint16(2 * k, words[k] as number, true);
  bytes[510] = 0xa5;
  let sum = 0;
  for (const byte of bytes) sum += byte;
  bytes[511] = -sum;
  return bytes;
}
