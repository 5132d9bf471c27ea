// Who the CD-ROM drive is: IDENTIFY PACKET DEVICE (ATA/ATAPI-6, T13/1410D, section 8.16), INQUIRY (SPC-3, section 6.4, in
// the form of SFF-8020i, section 10.8.1) and REPORT LUNS (SPC-3).

const MODEL = 'Transvisor DVD-ROM';
const VENDOR = 'TRANSVIS';
const PRODUCT = 'DVD-ROM';
const FIRMWARE = '1.0';
const SERIAL = 'TV00000000000000CD';

/** Cycle times in nanoseconds: multiword DMA mode 2 and PIO mode 4. */
const CYCLE = 120;

/** Words of IDENTIFY PACKET DEVICE that are neither zero nor text. */
const IDENTITY: readonly (readonly [word: number, value: number])[] = [
  [0, 0x85c0], // packet device, CD-ROM, removable, data within 50 us, packets of 12 bytes
  [49, 0x0b00], // IORDY, LBA, DMA
  [50, 0x4000],
  [53, 0x0006], // words 64 to 70 and 88 are valid
  [63, 0x0007], // multiword DMA modes 0 to 2
  [64, 0x0003], // PIO modes 3 and 4
  [65, CYCLE],
  [66, CYCLE],
  [67, CYCLE],
  [68, CYCLE],
  [80, 0x0070], // ATA/ATAPI-4 to 6
  [82, 0x0210], // DEVICE RESET, PACKET
  [83, 0x4000],
  [84, 0x4000],
  [85, 0x0210],
  [87, 0x4000],
  [88, 0x0007], // Ultra DMA modes 0 to 2
];

/** 512 bytes, words little-endian. No transfer mode is marked as selected: each works at any time. */
export function identityOf(): Uint8Array {
  const data = new Uint8Array(512);
  const words = new DataView(data.buffer);
  for (const [word, value] of IDENTITY) words.setUint16(2 * word, value, true);
  text(data, 20, 20, SERIAL, 1);
  text(data, 46, 8, FIRMWARE, 1);
  text(data, 54, 40, MODEL, 1);
  return data;
}

/** Standard INQUIRY data. */
export function inquiryData(): Uint8Array {
  const data = new Uint8Array(36);
  data[0] = 0x05; // CD-ROM device
  data[1] = 0x80; // removable medium
  data[3] = 0x21; // ATAPI version 2, response data format 1: version 0 above means "no SCSI, ATAPI"
  data[4] = data.length - 5;
  text(data, 8, 8, VENDOR);
  text(data, 16, 16, PRODUCT);
  text(data, 32, 4, FIRMWARE);
  return data;
}

/** ASCII, padded with blanks. ATA strings have the bytes of each word swapped (`swap` 1). */
function text(data: Uint8Array, at: number, length: number, value: string, swap: 0 | 1 = 0): void {
  for (let k = 0; k < length; k++) data[(at + k) ^ swap] = k < value.length ? value.charCodeAt(k) : 0x20;
}

/** REPORT LUNS: one unit, 0. */
export function logicalUnits(): Uint8Array {
  const data = new Uint8Array(16);
  data[3] = 8;
  return data;
}
