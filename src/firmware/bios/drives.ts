// INT 13h: floppies from 00h, disks from 80h, the CD-ROM at E0h. IBM PS/2 and PC BIOS Interface Technical Reference,
// INT 13h; BIOS Enhanced Disk Drive Specification 1.1 (Phoenix, 1995) for the functions from 41h on; El Torito for 4Bh.
//
// Deviations: tracks are not formatted; nothing is cached, so that a medium may change at any time.

import { DATA } from './data-area.ts';
import { type BootEntry, CD_SECTOR, PER_CD_SECTOR } from './el-torito.ts';
import type { Frame } from './frame.ts';
import type { BiosAnswer, BiosHost, BiosMedium } from './host.ts';
import { disketteTable } from './stubs.ts';

const SECTOR = 512;
const FIRST_DISK = 0x80;
export const CDROM_DRIVE = 0xe0;

// Status codes.
const DONE = 0x00;
const BAD_COMMAND = 0x01;
const WRITE_PROTECTED = 0x03;
const NOT_FOUND = 0x04;
const ECC_ERROR = 0x10;
const NOT_READY = 0xaa;
const NO_MEDIUM = 0x80;

// Extensions.
const VERSION_EDD_1_1 = 0x21;
const SUBSETS = 0x01 | 0x04;
const PARAMETERS_BYTES = 0x1a;

/** Cylinders that a CHS address reaches. */
const MAX_CYLINDERS = 1024;

/** Sectors of 512 bytes, heads and sectors a track of the floppies that there are, and the BIOS's type. */
const FLOPPY_SHAPES: readonly (readonly [sectors: number, heads: number, perTrack: number, type: number])[] = [
  [320, 1, 8, 1],
  [360, 1, 9, 1],
  [640, 2, 8, 1],
  [720, 2, 9, 1],
  [1440, 2, 9, 3],
  [2400, 2, 15, 2],
  [2880, 2, 18, 4],
  [5760, 2, 36, 5],
];

export interface Shape {
  readonly cylinders: number;
  readonly heads: number;
  readonly perTrack: number;
  /** Of a floppy; 0 for a disk. */
  readonly type: number;
}

/** A drive as the services address it. */
interface Drive {
  readonly medium: BiosMedium | undefined;
  readonly shape: Shape | undefined;
  /** Bytes of a sector. */
  readonly sectorBytes: number;
  readonly floppy: boolean;
}

/** A floppy that is a part of a CD. */
class Emulated implements BiosMedium {
  readonly sectors: number;
  readonly readOnly = true;
  readonly #cdrom: BiosMedium;
  readonly #first: number;

  constructor(cdrom: BiosMedium, entry: BootEntry) {
    this.#cdrom = cdrom;
    this.#first = entry.sector * PER_CD_SECTOR;
    this.sectors = entry.floppySectors;
  }

  read(sector: number, into: Uint8Array): Promise<void> {
    return this.#cdrom.read(this.#first + sector, into);
  }

  write(): Promise<void> {
    return Promise.reject(new Error('an emulated floppy is read-only'));
  }
}

export class Drives {
  readonly #host: BiosHost;
  /** What was booted from CD, if anything. */
  #emulated: { readonly entry: BootEntry; readonly drive: number; readonly medium: BiosMedium | undefined } | undefined;

  constructor(host: BiosHost) {
    this.#host = host;
  }

  /** Counts the drives for the data area. */
  reset(f: Frame): void {
    this.#emulated = undefined;
    f.put8(DATA.diskCount, this.#host.media().disks.length);
    f.put8(DATA.diskStatus, 0);
    f.put8(DATA.floppyStatus, 0);
  }

  /** From now on the CD's image is booted; returns the drive number that it has. */
  emulate(entry: BootEntry): number {
    const { cdrom } = this.#host.media();
    const floppy = entry.emulation === 'floppy' && cdrom !== undefined;
    const drive = floppy ? 0 : CDROM_DRIVE;
    this.#emulated = { entry, drive, medium: floppy ? new Emulated(cdrom, entry) : undefined };
    return drive;
  }

  /** The medium in a drive. */
  medium(number: number): BiosMedium | undefined {
    return this.#drive(number)?.medium;
  }

  service(f: Frame): BiosAnswer {
    const drive = this.#drive(f.dl);
    if (!drive) return this.#end(f, f.dl === CDROM_DRIVE ? NOT_READY : BAD_COMMAND);
    switch (f.ah) {
      case 0x00:
      case 0x09:
      case 0x0c:
      case 0x0d:
      case 0x10:
      case 0x11:
      case 0x14:
        return this.#end(f, DONE);
      case 0x01:
        f.ah = f.u8(drive.floppy ? DATA.floppyStatus : DATA.diskStatus);
        f.carry(f.ah !== 0);
        return undefined;
      case 0x02:
      case 0x03:
      case 0x04:
        return this.#byCylinder(f, drive);
      case 0x08:
        return this.#parameters(f, drive);
      case 0x15:
        return this.#type(f, drive);
      case 0x16:
        return this.#end(f, drive.medium ? DONE : NO_MEDIUM);
      case 0x41:
        return this.#extensions(f, drive);
      case 0x42:
      case 0x43:
      case 0x44:
      case 0x47:
        return this.#byBlock(f, drive);
      case 0x48:
        return this.#extendedParameters(f, drive);
      case 0x4b:
        return this.#emulation(f);
      default:
        return this.#end(f, BAD_COMMAND);
    }
  }

  #drive(number: number): Drive | undefined {
    const { floppies, disks, cdrom } = this.#host.media();
    const emulated = this.#emulated;
    if (emulated?.medium && number < FIRST_DISK) {
      const medium = number === emulated.drive ? emulated.medium : floppies[number - 1];
      return number <= floppies.length ? floppyDrive(medium) : undefined;
    }
    if (number < FIRST_DISK) return number < floppies.length ? floppyDrive(floppies[number]) : undefined;
    if (number === CDROM_DRIVE) {
      return cdrom && { medium: cdrom, shape: undefined, sectorBytes: CD_SECTOR, floppy: false };
    }
    const medium = disks[number - FIRST_DISK];
    return medium && { medium, shape: diskShape(medium.sectors), sectorBytes: SECTOR, floppy: false };
  }

  /** Ends a service with a status: in AH, in the data area, and CF if it is not 0. */
  #end(f: Frame, status: number): undefined {
    f.ah = status;
    f.put8(f.dl < FIRST_DISK ? DATA.floppyStatus : DATA.diskStatus, status);
    f.carry(status !== DONE);
    return undefined;
  }

  #byCylinder(f: Frame, { medium, shape }: Drive): BiosAnswer {
    if (!medium) return this.#end(f, NO_MEDIUM);
    if (!shape) return this.#end(f, BAD_COMMAND);
    const count = f.al;
    const cylinder = f.ch | ((f.cl & 0xc0) << 2);
    const sector = f.cl & 0x3f;
    if (count === 0 || sector === 0 || sector > shape.perTrack || f.dh >= shape.heads) {
      return this.#end(f, count === 0 ? BAD_COMMAND : NOT_FOUND);
    }
    const first = (cylinder * shape.heads + f.dh) * shape.perTrack + sector - 1;
    if (first + count > medium.sectors) return this.#end(f, NOT_FOUND);
    return this.#transfer(f, f.ah & 3, medium, first, count, f.atEs(f.bx), () => {
      f.al = 0;
    });
  }

  /** The disk address packet at DS:SI. */
  #byBlock(f: Frame, { medium, sectorBytes, floppy }: Drive): BiosAnswer {
    if (floppy) return this.#end(f, BAD_COMMAND);
    if (!medium) return this.#end(f, NO_MEDIUM);
    const packet = f.atDs(f.si);
    const count = f.u16(packet + 2);
    const block = f.u32(packet + 8) + f.u32(packet + 12) * 2 ** 32;
    const per = sectorBytes / SECTOR;
    if ((block + count) * per > medium.sectors) return this.#end(f, NOT_FOUND);
    const command = f.ah & 7;
    if (command === 7 || count === 0) return this.#end(f, DONE); // extended seek
    let address = f.u16(packet + 4) + f.u16(packet + 6) * 16;
    if (address === 0xffff + 0xffff * 16) address = f.u32(packet + 0x10);
    return this.#transfer(f, command, medium, block * per, count * per, address, () => f.put16(packet + 2, 0));
  }

  /** Reads (2), writes (3) or verifies (4) sectors of 512 bytes. */
  #transfer(
    f: Frame,
    command: number,
    medium: BiosMedium,
    first: number,
    count: number,
    address: number,
    failed: () => void,
  ): BiosAnswer {
    const write = command === 3;
    if (write && medium.readOnly) return this.#end(f, WRITE_PROTECTED);
    const bytes = write ? f.bytes(address, count * SECTOR) : new Uint8Array(count * SECTOR);
    return (write ? medium.write(first, bytes) : medium.read(first, bytes)).then(
      () => {
        if (command === 2) this.#host.writeMemory(address, bytes);
        this.#end(f, DONE);
      },
      () => {
        failed();
        this.#end(f, ECC_ERROR);
      },
    );
  }

  #parameters(f: Frame, { shape, floppy, medium }: Drive): BiosAnswer {
    const { floppies, disks } = this.#host.media();
    const known = shape ?? (floppy ? shapeOfFloppy(2880) : undefined);
    if (!known) return this.#end(f, medium ? BAD_COMMAND : NO_MEDIUM);
    const last = Math.min(known.cylinders, MAX_CYLINDERS) - 1;
    f.ch = last & 0xff;
    f.cl = ((last >> 2) & 0xc0) | known.perTrack;
    f.dh = known.heads - 1;
    f.dl = floppy ? floppies.length : disks.length;
    if (floppy) {
      f.bx = known.type;
      f.registers.es = 0xf000;
      f.di = disketteTable;
    }
    f.al = 0;
    f.ah = DONE;
    f.carry(false);
    return undefined;
  }

  #type(f: Frame, { medium, floppy }: Drive): BiosAnswer {
    f.carry(false);
    if (floppy) f.ah = 1;
    else {
      f.ah = 3;
      const sectors = Math.min(medium?.sectors ?? 0, 0xffffffff);
      f.cx = Math.floor(sectors / 0x10000);
      f.dx = sectors % 0x10000;
    }
    return undefined;
  }

  #extensions(f: Frame, { floppy }: Drive): BiosAnswer {
    if (floppy || f.bx !== 0x55aa) return this.#end(f, BAD_COMMAND);
    f.bx = 0xaa55;
    f.cx = SUBSETS;
    f.ah = VERSION_EDD_1_1;
    f.carry(false);
    return undefined;
  }

  #extendedParameters(f: Frame, { medium, shape, sectorBytes, floppy }: Drive): BiosAnswer {
    if (floppy || !medium) return this.#end(f, BAD_COMMAND);
    const buffer = f.atDs(f.si);
    if (f.u16(buffer) < PARAMETERS_BYTES) return this.#end(f, BAD_COMMAND);
    const blocks = Math.floor((medium.sectors * SECTOR) / sectorBytes);
    f.put16(buffer, PARAMETERS_BYTES, shape ? 2 : 0x74); // geometry is valid; a CD: removable, lockable, no medium check
    f.put32(buffer + 4, shape?.cylinders ?? 0xffffffff);
    f.put32(buffer + 8, shape?.heads ?? 0xffffffff);
    f.put32(buffer + 12, shape?.perTrack ?? 0xffffffff);
    f.put32(buffer + 16, blocks >>> 0);
    f.put32(buffer + 20, Math.floor(blocks / 2 ** 32));
    f.put16(buffer + 24, sectorBytes);
    return this.#end(f, DONE);
  }

  /** Status of the emulation, and its end, with the specification packet at DS:SI. */
  #emulation(f: Frame): BiosAnswer {
    const emulated = this.#emulated;
    if (!emulated) return this.#end(f, BAD_COMMAND);
    const packet = f.atDs(f.si);
    const { entry, drive } = emulated;
    f.put8(packet, 0x13, entry.mediaType, drive, 0);
    f.put32(packet + 4, entry.sector);
    f.put16(packet + 8, 0, 0, entry.segment, entry.count);
    const shape = entry.emulation === 'floppy' ? shapeOfFloppy(entry.floppySectors) : undefined;
    f.put8(packet + 16, (shape?.cylinders ?? 1) - 1, shape?.perTrack ?? 0, (shape?.heads ?? 1) - 1);
    if (f.al === 0) this.#emulated = undefined;
    return this.#end(f, DONE);
  }
}

function floppyDrive(medium: BiosMedium | undefined): Drive {
  return { medium, shape: medium && shapeOfFloppy(medium.sectors), sectorBytes: SECTOR, floppy: true };
}

/** The shape of a floppy of so many sectors; one that has no shape counts as 1.44 MB. */
export function shapeOfFloppy(sectors: number): Shape {
  const found = FLOPPY_SHAPES.find(([size]) => size >= sectors) ?? FLOPPY_SHAPES[6];
  const [size, heads, perTrack, type] = found as (typeof FLOPPY_SHAPES)[number];
  return { cylinders: size / heads / perTrack, heads, perTrack, type };
}

/** The shape by which a disk is addressed: 63 sectors a track, as few heads as reach it within 1024 cylinders. */
export function diskShape(sectors: number): Shape {
  const perTrack = 63;
  const heads = [16, 32, 64, 128].find((count) => sectors / (count * perTrack) <= MAX_CYLINDERS) ?? 255;
  const cylinders = Math.max(1, Math.min(MAX_CYLINDERS, Math.floor(sectors / (heads * perTrack))));
  return { cylinders, heads, perTrack, type: 0 };
}
