// Sequences of port accesses to IDE controllers, for ours and for QEMU's.

/** Sectors of the disk, and what is in it before a script. */
export const DISK_SECTORS = 40_000;
/** Sectors of the disc in the CD-ROM drive, master of the second channel: of 512 bytes, as those of the disk. */
export const DISC_SECTORS = 8_000;

export type IdeStep =
  | readonly ['out', size: 8 | 16 | 32, port: number, value: number]
  /** The answer is part of the result; of several, their bytes. */
  | readonly ['in', size: 8 | 16 | 32, port: number, times: number]
  /** The same of one value, whose other bits the standards leave open. */
  | readonly ['bits', size: 8 | 16, port: number, mask: number]
  /** Waits until these bits are clear in the alternate status at this port: BSY, and DRQ where DMA is asked for. */
  | readonly ['ready', port: number, bits: 0x80 | 0x88]
  /** The level of IRQ 14 or 15 is part of the result. */
  | readonly ['irq', line: 14 | 15]
  /** Guest-physical memory. */
  | readonly ['poke', address: number, bytes: Uint8Array]
  | readonly ['peek', address: number, count: number]
  /** Sectors of the first disk, after the script, are part of the result. */
  | readonly ['disk', sector: number, count: number];

/** Bytes of `count` sectors from `sector` on: each differs from the others. */
export function pattern(sector: number, count: number): Uint8Array {
  const words = new Uint32Array(count * 128);
  for (let k = 0; k < words.length; k++) words[k] = Math.imul(sector * 128 + k + 1, 0x9e3779b1) >>> 0;
  return new Uint8Array(words.buffer);
}

/** Status without DSC, which ATA/ATAPI-6 leaves to each command. */
export const STATUS = 0xef;

/** Long results by their checksum (FNV-1a), short ones in full. */
export function digest(bytes: Uint8Array): string {
  if (bytes.length <= 32) return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  let hash = 0x811c9dc5;
  for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x01000193);
  return `${bytes.length} bytes ${(hash >>> 0).toString(16).padStart(8, '0')}`;
}
