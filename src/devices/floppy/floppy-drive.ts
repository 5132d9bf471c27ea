// Floppy drives and what is in them.
//
// ECMA-78, ECMA-125 and ISO 8860, 9529, 10994 for the formats; IBM PC/AT Technical Reference (1986) for the change line.
//
// Deviations: sectors are those of the format, in order, 512 bytes each: no deleted data, no interleave, no bad sectors.

/** Contents of a disk. */
export interface FloppyMedium {
  /** All sectors. The drive writes here first. */
  readonly bytes: Uint8Array;
  readonly readOnly: boolean;
  /** Bytes [at, at + count) were written: resolves when the host has them, rejects if it fails. */
  written(at: number, count: number): Promise<void>;
}

/** How a disk is recorded. */
export interface FloppyFormat {
  readonly cylinders: number;
  readonly heads: number;
  readonly sectors: number;
  /** Thousand bits a second on a drive made for it; 250 may be 300 as well, in a drive that turns faster. */
  readonly rate: 250 | 500 | 1000;
}

export type DriveType = '360K' | '1.2M' | '720K' | '1.44M' | '2.88M';

/** Cylinders, and the drive's number in CMOS RAM. */
const DRIVES: Record<DriveType, { readonly cylinders: number; readonly cmos: number }> = {
  '360K': { cylinders: 40, cmos: 1 },
  '1.2M': { cylinders: 80, cmos: 2 },
  '720K': { cylinders: 80, cmos: 3 },
  '1.44M': { cylinders: 80, cmos: 4 },
  '2.88M': { cylinders: 80, cmos: 5 },
};
/** A drive steps a little further than its disks. */
const SPARE_CYLINDERS = 3;

export const SECTOR_BYTES = 512;

const format = (cylinders: number, heads: number, sectors: number, rate: 250 | 500 | 1000): FloppyFormat => ({
  cylinders,
  heads,
  sectors,
  rate,
});
/** By size, each with the drive that it goes into. */
const FORMATS: readonly (readonly [FloppyFormat, DriveType])[] = [
  [format(40, 1, 8, 250), '360K'],
  [format(40, 1, 9, 250), '360K'],
  [format(40, 2, 8, 250), '360K'],
  [format(40, 2, 9, 250), '360K'],
  [format(80, 2, 9, 250), '1.44M'],
  [format(80, 2, 15, 500), '1.2M'],
  [format(80, 2, 18, 500), '1.44M'],
  [format(80, 2, 21, 500), '1.44M'], // Microsoft's distribution format
  [format(80, 2, 36, 1000), '2.88M'],
];

/** Bytes of a disk of that format. */
export function formatBytes({ cylinders, heads, sectors }: FloppyFormat): number {
  return cylinders * heads * sectors * SECTOR_BYTES;
}

/** The format of an image of so many bytes, and the drive for it: the smallest that holds it. Undefined: too large. */
export function floppyFormat(bytes: number): { readonly format: FloppyFormat; readonly drive: DriveType } | undefined {
  const found = FORMATS.find(([format]) => formatBytes(format) >= bytes);
  return found && { format: found[0], drive: found[1] };
}

/** What CMOS location 10h says of a drive. */
export function cmosType(drive: DriveType | undefined): number {
  return drive === undefined ? 0 : DRIVES[drive].cmos;
}

export interface FloppyDriveState {
  track: number;
  changed: boolean;
}

export class FloppyDrive {
  readonly type: DriveType;
  medium: FloppyMedium | undefined;
  format: FloppyFormat | undefined;
  /** Cylinder of the drive that the heads are at. */
  track = 0;
  /** The change line: a disk was put in or taken out, and no step was made with a disk since. */
  changed = true;

  constructor(type: DriveType) {
    this.type = type;
  }

  /** Puts a disk in, or takes it out. Its bytes are those of one of the formats. */
  insert(medium: FloppyMedium | undefined): void {
    this.medium = medium;
    this.format = medium && floppyFormat(medium.bytes.length)?.format;
    this.changed = true;
  }

  /** The heads and the change line; not the disk. */
  save(): FloppyDriveState {
    return { track: this.track, changed: this.changed };
  }

  load({ track, changed }: FloppyDriveState): void {
    this.track = track;
    this.changed = changed;
  }

  /** Steps to a cylinder. The last one is where steps end. */
  seek(track: number): void {
    const to = Math.min(track, DRIVES[this.type].cylinders + SPARE_CYLINDERS - 1);
    if (to !== this.track && this.medium) this.changed = false;
    this.track = to;
  }

  /** Cylinder of the disk under the heads; -1 if the disk has none there. */
  get cylinder(): number {
    if (!this.format) return -1;
    // Disks of 40 cylinders lie under every other one of 80.
    const cylinder = DRIVES[this.type].cylinders > 40 && this.format.cylinders === 40 ? this.track >> 1 : this.track;
    return cylinder < this.format.cylinders ? cylinder : -1;
  }

  /** Where a sector of the cylinder under the heads lies in the medium; -1: there is none. Sectors count from 1. */
  offset(head: number, sector: number): number {
    const { format, cylinder } = this;
    if (!format || cylinder < 0 || head >= format.heads || sector < 1 || sector > format.sectors) return -1;
    return ((cylinder * format.heads + head) * format.sectors + sector - 1) * SECTOR_BYTES;
  }

  /** Whether the disk can be read at that data rate (thousand bits a second). */
  readableAt(rate: number): boolean {
    if (!this.format) return false;
    return this.format.rate === rate || (this.format.rate === 250 && rate === 300);
  }
}
