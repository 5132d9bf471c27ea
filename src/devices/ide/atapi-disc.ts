// What a drive tells of the disc: one session, one data track, from an image of 2048-byte blocks.
//
// MMC-5 (T10/1675-D), sections 6.22 to 6.28. Builders return undefined for a packet field that is not valid.
//
// Deviations: every DVD is reported with one layer, whatever its size.

/** Bytes of a block: the user data of a sector. */
export const BLOCK = 2048;

/** Larger images are DVDs: more than any CD holds. */
const CD_MAX_BLOCKS = (900 * 1024 * 1024) / BLOCK;

/** Track descriptor: position information in the Q channel; a data track. */
const ADR_CONTROL = 0x14;
const LEAD_OUT = 0xaa;
/** The first block is two seconds into the disc. */
const MSF_OFFSET = 150;
const FRAMES = 75;
/** Start of the data area of a DVD, in physical sectors. */
const DVD_DATA_START = 0x30000;

export function isDvd(blocks: number): boolean {
  return blocks > CD_MAX_BLOCKS;
}

/** Address as minute, second, frame in the low three bytes; the last one that there is for what lies beyond. */
function msf(lba: number): number {
  const frames = lba + MSF_OFFSET;
  const minute = Math.floor(frames / (60 * FRAMES));
  if (minute > 255) return 0xff3b4a;
  return (minute << 16) | ((Math.floor(frames / FRAMES) % 60) << 8) | (frames % FRAMES);
}

const address = (lba: number, inMsf: boolean): number => (inMsf ? msf(lba) : lba);

/** READ CAPACITY: the last block, and the bytes of one. */
export function capacity(blocks: number): Uint8Array {
  const data = new Uint8Array(8);
  const view = new DataView(data.buffer);
  view.setUint32(0, Math.max(blocks - 1, 0));
  view.setUint32(4, BLOCK);
  return data;
}

/** READ TOC/PMA/ATIP: format 0 TOC, 1 session information, 2 full TOC. `track` is where format 0 begins. */
export function tableOfContents(
  blocks: number,
  format: number,
  track: number,
  inMsf: boolean,
): Uint8Array<ArrayBuffer> | undefined {
  if (format === 0) return shortToc(blocks, track, inMsf);
  if (format === 1) return tocOf([[0, ADR_CONTROL, 1, 0, ...bytes32(address(0, inMsf))]]);
  if (format === 2 && track <= 1) return fullToc(blocks);
  return undefined;
}

function shortToc(blocks: number, track: number, inMsf: boolean): Uint8Array<ArrayBuffer> | undefined {
  if (track > 1 && track !== LEAD_OUT) return undefined;
  const entries = [[0, ADR_CONTROL, LEAD_OUT, 0, ...bytes32(address(blocks, inMsf))]];
  if (track !== LEAD_OUT) entries.unshift([0, ADR_CONTROL, 1, 0, ...bytes32(address(0, inMsf))]);
  return tocOf(entries);
}

function fullToc(blocks: number): Uint8Array<ArrayBuffer> {
  const [, ...leadOut] = bytes32(msf(blocks));
  const [, ...start] = bytes32(msf(0));
  const entry = (point: number, p: readonly number[]): number[] => [1, ADR_CONTROL, 0, point, 0, 0, 0, 0, ...p];
  // A0 and A1: the first and the last track (and the disc type, 0: data); A2: the lead-out.
  return tocOf([entry(0xa0, [1, 0, 0]), entry(0xa1, [1, 0, 0]), entry(0xa2, leadOut), entry(1, start)]);
}

/** With its header: first and last track, or session: both are 1. */
function tocOf(entries: readonly (readonly number[])[]): Uint8Array<ArrayBuffer> {
  const body = entries.flat();
  return Uint8Array.of((body.length + 2) >> 8, (body.length + 2) & 255, 1, 1, ...body);
}

const bytes32 = (value: number): number[] => [value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255];

/** READ DISC INFORMATION, standard. */
export function discInformation(): Uint8Array<ArrayBuffer> {
  const data = new Uint8Array(34);
  data[1] = data.length - 2;
  data[2] = 0x0e; // last session complete, disc finalized
  data[3] = 1; // first track
  data[4] = 1; // sessions
  data[5] = 1; // first and last track of the last session
  data[6] = 1;
  data[7] = 0x20; // unrestricted use
  data.fill(0xff, 16, 24); // a complete disc has no next lead-in nor lead-out
  return data;
}

/** READ TRACK INFORMATION by block (0), track (1) or session (2). */
export function trackInformation(blocks: number, by: number, which: number): Uint8Array<ArrayBuffer> | undefined {
  const found = by === 0 ? which < blocks : (by === 1 || by === 2) && which === 1;
  if (!found) return undefined;
  const data = new Uint8Array(36);
  data[1] = data.length - 2;
  data[2] = 1; // track
  data[3] = 1; // session
  data[5] = 4; // data track
  data[6] = 1; // mode 1
  new DataView(data.buffer).setUint32(24, blocks);
  return data;
}

/** READ SUB-CHANNEL: format 1 position, 2 media catalogue number, 3 ISRC; only the header without `subQ`. */
export function subChannel(
  position: number,
  format: number,
  subQ: boolean,
  inMsf: boolean,
): Uint8Array<ArrayBuffer> | undefined {
  if (subQ && (format < 1 || format > 3)) return undefined;
  const data = new Uint8Array(subQ ? (format === 1 ? 16 : 24) : 4);
  data[1] = 0x15; // no audio status
  data[3] = data.length - 4;
  if (!subQ) return data;
  data[4] = format;
  if (format !== 2) data[5] = ADR_CONTROL;
  if (format !== 2) data[6] = 1; // track
  if (format !== 1) return data; // neither number is on the disc
  data[7] = 1; // index
  const view = new DataView(data.buffer);
  view.setUint32(8, address(position, inMsf));
  // The relative address counts from the track's start, without the two seconds before it.
  view.setUint32(12, inMsf ? msf(position - MSF_OFFSET) : position);
  return data;
}

/** Formats of READ DVD STRUCTURE, and their bytes after the header. */
const DVD_FORMATS: readonly (readonly [format: number, bytes: number])[] = [
  [0x00, 2048], // physical format
  [0x01, 4], // copyright: none
  [0x04, 2048], // disc manufacturing
  [0xff, 16], // this list
];

/** READ DVD STRUCTURE of layer 0. */
export function dvdStructure(blocks: number, format: number): Uint8Array<ArrayBuffer> | undefined {
  const found = DVD_FORMATS.find(([f]) => f === format);
  if (!found) return undefined;
  const data = new Uint8Array(4 + found[1]);
  const view = new DataView(data.buffer);
  view.setUint16(0, data.length - 2);
  if (format === 0x00) {
    data[4] = 0x01; // DVD-ROM, part version 1
    data[5] = 0x0f; // 120 mm; no maximum rate
    data[6] = 0x01; // one layer, embossed
    view.setUint32(8, DVD_DATA_START);
    view.setUint32(12, DVD_DATA_START + blocks - 1);
  } else if (format === 0xff) {
    for (const [k, [f, bytes]] of DVD_FORMATS.entries()) {
      data.set([f, 0x40], 4 + 4 * k); // readable
      view.setUint16(4 + 4 * k + 2, bytes + 4);
    }
  }
  return data;
}
