// Booting from CD-ROM: "El Torito" Bootable CD-ROM Format Specification 1.0 (Phoenix, IBM, 1995), over ISO 9660
// (ECMA-119), section 8: volume descriptors from sector 16 on.
//
// Deviations: the initial entry only; hard disk emulation is not supported.

import type { BiosMedium } from './host.ts';

export const CD_SECTOR = 2048;
/** Sectors of 512 bytes in one of a CD. */
export const PER_CD_SECTOR = 4;
const FIRST_DESCRIPTOR = 16;
const MAX_DESCRIPTORS = 16;
const BOOT_RECORD = 0;
const SET_TERMINATOR = 255;
const SYSTEM = 'EL TORITO SPECIFICATION';
const CATALOG_POINTER = 0x47;
const VALIDATION = 1;
const BOOTABLE = 0x88;
const X86 = 0;

export interface BootEntry {
  /** Emulated drive: none, or a floppy of so many sectors of 512 bytes. */
  readonly emulation: 'none' | 'floppy';
  readonly floppySectors: number;
  /** Media type byte of the entry. */
  readonly mediaType: number;
  /** Real-mode segment of the image. */
  readonly segment: number;
  /** Sectors of 512 bytes to load. */
  readonly count: number;
  /** First sector of the image, in sectors of the CD. */
  readonly sector: number;
}

/** Sectors of 512 bytes of the emulated floppies: 1.2, 1.44 and 2.88 MB. */
const FLOPPIES: Readonly<Record<number, number>> = { 1: 2400, 2: 2880, 3: 5760 };

/** The default entry of a CD's boot catalog; a reason if it cannot be booted. */
export async function bootEntry(cdrom: BiosMedium): Promise<BootEntry | string> {
  const catalog = await findCatalog(cdrom);
  if (catalog === undefined) return 'the CD has no boot record';
  const bytes = await readCd(cdrom, catalog);
  const view = new DataView(bytes.buffer);
  let sum = 0;
  for (let at = 0; at < 32; at += 2) sum += view.getUint16(at, true);
  if (bytes[0] !== VALIDATION || (sum & 0xffff) !== 0 || bytes[1] !== X86) return 'its boot catalog is not valid';
  if (bytes[32] !== BOOTABLE) return 'its boot catalog has nothing to boot';
  const mediaType = (bytes[33] as number) & 0x0f;
  const floppySectors = FLOPPIES[mediaType] ?? 0;
  if (mediaType !== 0 && floppySectors === 0) return 'it emulates a hard disk, which is not supported';
  return {
    emulation: floppySectors ? 'floppy' : 'none',
    floppySectors,
    mediaType,
    segment: view.getUint16(34, true) || 0x07c0,
    count: view.getUint16(38, true),
    sector: view.getUint32(40, true),
  };
}

/** One sector of a CD. */
export async function readCd(cdrom: BiosMedium, sector: number, count = 1): Promise<Uint8Array> {
  const bytes = new Uint8Array(CD_SECTOR * count);
  await cdrom.read(sector * PER_CD_SECTOR, bytes);
  return bytes;
}

async function findCatalog(cdrom: BiosMedium): Promise<number | undefined> {
  for (let sector = FIRST_DESCRIPTOR; sector < FIRST_DESCRIPTOR + MAX_DESCRIPTORS; sector++) {
    if ((sector + 1) * PER_CD_SECTOR > cdrom.sectors) return undefined;
    const bytes = await readCd(cdrom, sector);
    const text = (at: number, length: number): string => String.fromCharCode(...bytes.subarray(at, at + length));
    if (text(1, 5) !== 'CD001' || bytes[0] === SET_TERMINATOR) return undefined;
    if (bytes[0] === BOOT_RECORD && text(7, SYSTEM.length) === SYSTEM) {
      return new DataView(bytes.buffer).getUint32(CATALOG_POINTER, true);
    }
  }
  return undefined;
}
