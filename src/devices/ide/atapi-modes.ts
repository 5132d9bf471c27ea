// Mode pages of the CD-ROM drive: MODE SENSE and MODE SELECT.
//
// MMC-5 (T10/1675-D), section 7: read/write error recovery (01h), CD device parameters (0Dh, of SFF-8020i 10.8.6), CD
// audio control (0Eh), capabilities and mechanical status (2Ah). SPC-3, section 7.4: the mode parameter header.
//
// Deviations: what MODE SELECT writes is kept and read back, and has no other effect.

import { BLOCK } from './atapi-disc.ts';
import { INVALID_FIELD_IN_PARAMETERS, PARAMETER_LIST_LENGTH_ERROR, type Sense } from './atapi-sense.ts';

/** 48 times 176.4 kB/s. */
export const MAX_SPEED = 8467;
const BUFFER_KILOBYTES = 512;

const ALL_PAGES = 0x3f;
const CAPABILITIES = 0x2a;

/** Page control. */
const CHANGEABLE = 1;
const DEFAULT = 2;

const MEDIUM_DATA_120MM = 0x01;
const MEDIUM_NONE = 0x70;
const MEDIUM_TRAY_OPEN = 0x71;

/** Pages that a host may write: defaults, and the mask of what it may change. */
const PAGES: readonly { readonly defaults: readonly number[]; readonly mask: readonly number[] }[] = [
  {
    defaults: [0x01, 10, 0, 5, 0, 0, 0, 0, 0, 0, 0, 0],
    mask: [0x01, 10, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0, 0],
  },
  { defaults: [0x0d, 6, 0, 0, 0, 60, 0, 75], mask: [0x0d, 6, 0, 0x0f, 0, 0, 0, 0] },
  {
    defaults: [0x0e, 14, 4, 0, 0, 0, 0, 75, 1, 255, 2, 255, 0, 0, 0, 0],
    mask: [0x0e, 14, 2, 0, 0, 0, 0, 0, 15, 255, 15, 255, 0, 0, 0, 0],
  },
];

/** What the pages say of the drive. */
export interface ModeView {
  readonly trayOpen: boolean;
  readonly present: boolean;
  readonly locked: boolean;
  /** Selected speed, kB/s. */
  readonly speed: number;
}

export class ModePages {
  /** Current values of {@link PAGES}. */
  #pages = PAGES.map(({ defaults }) => [...defaults]);

  reset(): void {
    this.#pages = PAGES.map(({ defaults }) => [...defaults]);
  }

  save(): number[][] {
    return this.#pages.map((page) => [...page]);
  }

  load(pages: readonly (readonly number[])[]): void {
    this.#pages = pages.map((page) => [...page]);
  }

  /** MODE SENSE with a header of 4 bytes (the 6-byte packet) or 8. Undefined: no such page. */
  sense(page: number, control: number, header: 4 | 8, drive: ModeView): Uint8Array<ArrayBuffer> | undefined {
    const found = [
      ...this.#pages.map((values, k) => this.#view(values, k, control)),
      capabilities(drive, control),
    ].filter(([code]) => page === ALL_PAGES || code === page);
    if (found.length === 0) return undefined;
    const body = found.flat();
    const medium = drive.trayOpen ? MEDIUM_TRAY_OPEN : drive.present ? MEDIUM_DATA_120MM : MEDIUM_NONE;
    if (header === 4) return Uint8Array.of(body.length + 3, medium, 0, 0, ...body);
    return Uint8Array.of(0, body.length + 6, medium, 0, 0, 0, 0, 0, ...body);
  }

  #view(values: readonly number[], k: number, control: number): readonly number[] {
    const { defaults, mask } = PAGES[k]!;
    return control === CHANGEABLE ? mask : control === DEFAULT ? defaults : values;
  }

  /** MODE SELECT: header, block descriptor, pages. Changes nothing unless the whole list is good. */
  select(list: Uint8Array, header: 4 | 8): Sense | undefined {
    if (list.length === 0) return undefined;
    if (list.length < header) return PARAMETER_LIST_LENGTH_ERROR;
    const descriptor = header === 4 ? list[3]! : (list[6]! << 8) | list[7]!;
    let at = header + descriptor;
    if (at > list.length) return PARAMETER_LIST_LENGTH_ERROR;
    if (descriptor !== 0 && !isBlockDescriptor(list.subarray(header, at))) return INVALID_FIELD_IN_PARAMETERS;
    const next = this.save();
    while (at < list.length) {
      const k = PAGES.findIndex(({ defaults }) => defaults[0] === (list[at]! & 0x3f));
      const page = PAGES[k];
      if (!page || list[at + 1] !== page.defaults[1]) return INVALID_FIELD_IN_PARAMETERS;
      const end = at + page.defaults.length;
      if (end > list.length) return PARAMETER_LIST_LENGTH_ERROR;
      const values = next[k]!;
      // What cannot be changed is not compared: drivers send back what they read, and older ones zeros.
      for (let j = 2; at + j < end; j++) values[j] = (values[j]! & ~page.mask[j]!) | (list[at + j]! & page.mask[j]!);
      at = end;
    }
    this.#pages = next;
    return undefined;
  }
}

/** Of any number of blocks, each of the one length that there is. */
function isBlockDescriptor(bytes: Uint8Array): boolean {
  return bytes.length === 8 && ((bytes[5]! << 16) | (bytes[6]! << 8) | bytes[7]!) === BLOCK;
}

/** Page 2Ah, nothing of which can be changed. */
function capabilities({ locked, speed }: ModeView, control: number): readonly number[] {
  const page = new Array<number>(22).fill(0);
  page[0] = CAPABILITIES;
  page[1] = page.length - 2;
  if (control === CHANGEABLE) return page;
  page[2] = 0x0b; // reads CD-R, CD-RW, DVD-ROM
  page[6] = 0x29 | (locked && control !== DEFAULT ? 2 : 0); // tray; ejects; locks, and is locked
  const word = (at: number, value: number): void => {
    page[at] = value >> 8;
    page[at + 1] = value & 255;
  };
  word(8, MAX_SPEED);
  word(12, BUFFER_KILOBYTES);
  word(14, control === DEFAULT ? MAX_SPEED : speed);
  return page;
}
