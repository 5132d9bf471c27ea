// A sector of a CD-ROM in mode 1, around the user data of an image: synchronization, header, EDC and ECC.
//
// ECMA-130 (1996), section 14 and annex A: RSPC over GF(2^8) with x^8 + x^4 + x^3 + x^2 + 1; section 14.3: the EDC.
// MMC-5 (T10/1675-D), section 6.20: which of its parts READ CD transfers.

import { BLOCK } from './atapi-disc.ts';

export const RAW_SECTOR = 2352;

const HEADER_AT = 12;
const USER_DATA_AT = 16;
const EDC_AT = 2064;
const ECC_AT = 2076;
const MODE_1 = 1;

/** Main channel selection bits of READ CD: the parts of a mode 1 sector, in order. A subheader has no bytes. */
const PARTS: readonly (readonly [bit: number, from: number, to: number])[] = [
  [0x80, 0, HEADER_AT],
  [0x20, HEADER_AT, USER_DATA_AT],
  [0x10, USER_DATA_AT, EDC_AT],
  [0x08, EDC_AT, RAW_SECTOR],
];

/** The bytes of a raw sector that a selection means; undefined if they do not follow one another. */
export function selectedBytes(selection: number): { readonly from: number; readonly to: number } | undefined {
  let from = 0;
  let to = 0;
  for (const [bit, start, end] of PARTS) {
    if ((selection & bit) === 0) continue;
    if (to !== 0 && to !== start) return undefined;
    if (to === 0) from = start;
    to = end;
  }
  return { from, to };
}

/** The whole sector at `lba`, from 2048 bytes of user data. */
export function rawSector(lba: number, user: Uint8Array): Uint8Array {
  const sector = new Uint8Array(RAW_SECTOR);
  sector.fill(0xff, 1, HEADER_AT - 1);
  const frames = lba + 150;
  sector[HEADER_AT] = bcd(Math.floor(frames / 4500));
  sector[HEADER_AT + 1] = bcd(Math.floor(frames / 75) % 60);
  sector[HEADER_AT + 2] = bcd(frames % 75);
  sector[HEADER_AT + 3] = MODE_1;
  sector.set(user.subarray(0, BLOCK), USER_DATA_AT);
  new DataView(sector.buffer).setUint32(EDC_AT, edc(sector.subarray(0, EDC_AT)), true);
  errorCorrection(sector);
  return sector;
}

const bcd = (value: number): number => (Math.floor(value / 10) << 4) | (value % 10);

/** (x^16 + x^15 + x^2 + 1)(x^16 + x^2 + x + 1), least significant bit first. */
const EDC_POLYNOMIAL = 0xd8018001;
const EDC_TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let rest = byte;
  for (let k = 0; k < 8; k++) rest = (rest >>> 1) ^ (rest & 1 ? EDC_POLYNOMIAL : 0);
  return rest;
});

export function edc(bytes: Uint8Array): number {
  let rest = 0;
  for (const byte of bytes) rest = (rest >>> 8) ^ EDC_TABLE[(rest ^ byte) & 255]!;
  return rest >>> 0;
}

const FIELD_POLYNOMIAL = 0x11d;
/** 1 / (alpha + 1). */
const INVERSE_OF_THREE = 0xf4;

/** Multiplies by alpha. */
const timesAlpha = (value: number): number => (value << 1) ^ (value & 0x80 ? FIELD_POLYNOMIAL : 0);

/** Products with {@link INVERSE_OF_THREE}. */
const BY_INVERSE = Uint8Array.from({ length: 256 }, (_, value) => {
  let product = 0;
  for (let k = 7; k >= 0; k--) product = timesAlpha(product) ^ ((INVERSE_OF_THREE >> k) & 1 ? value : 0);
  return product;
});

/** The words (pairs of bytes, one of each plane) that P and Q parity cover, as rows of 43. */
const P_VECTORS = 43;
const P_LENGTH = 24;
const Q_VECTORS = 26;
const Q_LENGTH = 43;
const Q_WORDS = Q_VECTORS * Q_LENGTH;

/** P over the columns, then Q over the diagonals of data and P. */
function errorCorrection(sector: Uint8Array): void {
  for (const plane of [0, 1]) {
    for (let n = 0; n < P_VECTORS; n++) {
      parity(sector, plane, P_LENGTH, (m) => P_VECTORS * m + n, ECC_AT + 2 * n, 2 * P_VECTORS);
    }
    for (let n = 0; n < Q_VECTORS; n++) {
      const at = HEADER_AT + 2 * (Q_WORDS + n);
      parity(sector, plane, Q_LENGTH, (m) => (44 * m + 43 * n) % Q_WORDS, at, 2 * Q_VECTORS);
    }
  }
}

/** Two symbols p, q behind the vector v, such that its sum, and its sum weighted by falling powers of alpha, are 0. */
function parity(
  sector: Uint8Array,
  plane: number,
  length: number,
  word: (m: number) => number,
  at: number,
  distance: number,
): void {
  let sum = 0;
  let weighted = 0;
  for (let m = 0; m < length; m++) {
    const symbol = sector[HEADER_AT + 2 * word(m) + plane]!;
    sum ^= symbol;
    weighted = timesAlpha(weighted) ^ symbol;
  }
  weighted = timesAlpha(timesAlpha(weighted));
  // sum + p + q = 0 and weighted + alpha p + q = 0.
  const p = BY_INVERSE[sum ^ weighted]!;
  sector[at + plane] = p;
  sector[at + distance + plane] = sum ^ p;
}
