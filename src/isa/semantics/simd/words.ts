// Packed-integer algorithms on one 32-bit word: four bytes, two words or a doubleword at once, values in, value out
// (SDM vol. 1, sections 9.4 and 11.4.1). Bytes and words are computed inside the 32-bit word with carries kept from
// crossing lanes (SWAR): the top bits of the lanes are put aside and added back without carry.

import type { int } from '../../insn.ts';
import { eq, gt, imul, lt, ltu } from '../../prims.ts';

/** Top bit of each byte, of each word (0x80808080, 0x80008000 as int32); the bits below them. */
const BYTE_TOPS = -2139062144;
const WORD_TOPS = -2147450880;
const BYTE_REST = 0x7f7f7f7f;
const WORD_REST = 0x7fff7fff;
/** All bits but the lowest of each byte, of each word (0xfefefefe, 0xfffefffe as int32). */
const EACH_BYTE_BUT_LOWEST = -16843010;
const EACH_WORD_BUT_LOWEST = -65538;

/** All ones in each byte whose top bit is set in `tops`, which has top bits only. */
function fillBytes(tops: int): int {
  return imul(tops >>> 7, 255);
}
function fillWords(tops: int): int {
  return imul(tops >>> 15, 65535);
}
/** a where the mask is set, b elsewhere. */
function select(mask: int, a: int, b: int): int {
  return (a & mask) | (b & ~mask);
}

// Halves of a word as signed and unsigned 16-bit values.
function lowSigned(a: int): int {
  return (a << 16) >> 16;
}
function highSigned(a: int): int {
  return a >> 16;
}
function lowUnsigned(a: int): int {
  return a & 65535;
}
function highUnsigned(a: int): int {
  return a >>> 16;
}
function pair(lo: int, hi: int): int {
  return (lo & 65535) | (hi << 16);
}

// Wraparound arithmetic.

export function addBytes(a: int, b: int): int {
  return ((a & BYTE_REST) + (b & BYTE_REST)) ^ ((a ^ b) & BYTE_TOPS);
}
export function addWords(a: int, b: int): int {
  return ((a & WORD_REST) + (b & WORD_REST)) ^ ((a ^ b) & WORD_TOPS);
}
export function addDoublewords(a: int, b: int): int {
  return (a + b) | 0;
}
export function subBytes(a: int, b: int): int {
  return ((a | BYTE_TOPS) - (b & BYTE_REST)) ^ ((a ^ ~b) & BYTE_TOPS);
}
export function subWords(a: int, b: int): int {
  return ((a | WORD_TOPS) - (b & WORD_REST)) ^ ((a ^ ~b) & WORD_TOPS);
}
export function subDoublewords(a: int, b: int): int {
  return (a - b) | 0;
}
/** High word of a 64-bit sum, given its low word. */
export function addHigh(ah: int, bh: int, al: int, sum: int): int {
  return (ah + bh + ltu(sum, al)) | 0;
}
/** High word of a 64-bit difference, given the low words. */
export function subHigh(ah: int, bh: int, al: int, bl: int): int {
  return (ah - bh - ltu(al, bl)) | 0;
}

// Saturating arithmetic: unsigned lanes that carry (borrow) become all ones (zero); signed lanes that overflow become
// the largest value of the first operand's sign.

export function addUnsignedBytes(a: int, b: int): int {
  const r = addBytes(a, b);
  return r | fillBytes(((a & b) | ((a | b) & ~r)) & BYTE_TOPS);
}
export function addUnsignedWords(a: int, b: int): int {
  const r = addWords(a, b);
  return r | fillWords(((a & b) | ((a | b) & ~r)) & WORD_TOPS);
}
export function subUnsignedBytes(a: int, b: int): int {
  const r = subBytes(a, b);
  return r & ~fillBytes(((~a & b) | ((~a | b) & r)) & BYTE_TOPS);
}
export function subUnsignedWords(a: int, b: int): int {
  const r = subWords(a, b);
  return r & ~fillWords(((~a & b) | ((~a | b) & r)) & WORD_TOPS);
}
export function addSignedBytes(a: int, b: int): int {
  const r = addBytes(a, b);
  return select(fillBytes(~(a ^ b) & (a ^ r) & BYTE_TOPS), ((a >>> 7) & 0x01010101) + BYTE_REST, r);
}
export function addSignedWords(a: int, b: int): int {
  const r = addWords(a, b);
  return select(fillWords(~(a ^ b) & (a ^ r) & WORD_TOPS), ((a >>> 15) & 0x00010001) + WORD_REST, r);
}
export function subSignedBytes(a: int, b: int): int {
  const r = subBytes(a, b);
  return select(fillBytes((a ^ b) & (a ^ r) & BYTE_TOPS), ((a >>> 7) & 0x01010101) + BYTE_REST, r);
}
export function subSignedWords(a: int, b: int): int {
  const r = subWords(a, b);
  return select(fillWords((a ^ b) & (a ^ r) & WORD_TOPS), ((a >>> 15) & 0x00010001) + WORD_REST, r);
}

// Comparison: all ones or zero in each lane.

export function equalBytes(a: int, b: int): int {
  const x = a ^ b;
  return fillBytes(~(((x & BYTE_REST) + BYTE_REST) | x) & BYTE_TOPS);
}
export function equalWords(a: int, b: int): int {
  const x = a ^ b;
  return fillWords(~(((x & WORD_REST) + WORD_REST) | x) & WORD_TOPS);
}
export function equalDoublewords(a: int, b: int): int {
  return 0 - eq(a, b);
}
/** Signed a > b: the borrow of b - a, with the signs flipped. */
export function greaterBytes(a: int, b: int): int {
  const x = b ^ BYTE_TOPS;
  const y = a ^ BYTE_TOPS;
  return fillBytes(((~x & y) | ((~x | y) & subBytes(x, y))) & BYTE_TOPS);
}
export function greaterWords(a: int, b: int): int {
  const x = b ^ WORD_TOPS;
  const y = a ^ WORD_TOPS;
  return fillWords(((~x & y) | ((~x | y) & subWords(x, y))) & WORD_TOPS);
}
export function greaterDoublewords(a: int, b: int): int {
  return 0 - gt(a, b);
}

// Minimum, maximum, average.

export function minUnsignedBytes(a: int, b: int): int {
  return (a - subUnsignedBytes(a, b)) | 0;
}
export function maxUnsignedBytes(a: int, b: int): int {
  return (b + subUnsignedBytes(a, b)) | 0;
}
export function minSignedWords(a: int, b: int): int {
  return select(greaterWords(a, b), b, a);
}
export function maxSignedWords(a: int, b: int): int {
  return select(greaterWords(a, b), a, b);
}
/** (a + b + 1) >> 1 in each unsigned lane. */
export function averageBytes(a: int, b: int): int {
  return ((a | b) - (((a ^ b) & EACH_BYTE_BUT_LOWEST) >>> 1)) | 0;
}
export function averageWords(a: int, b: int): int {
  return ((a | b) - (((a ^ b) & EACH_WORD_BUT_LOWEST) >>> 1)) | 0;
}

// Multiplication.

export function mulLowWords(a: int, b: int): int {
  return pair(imul(a, b), imul(highSigned(a), highSigned(b)));
}
export function mulHighWords(a: int, b: int): int {
  return pair(imul(lowSigned(a), lowSigned(b)) >>> 16, imul(highSigned(a), highSigned(b)) >>> 16);
}
export function mulHighUnsignedWords(a: int, b: int): int {
  return pair(imul(lowUnsigned(a), lowUnsigned(b)) >>> 16, imul(highUnsigned(a), highUnsigned(b)) >>> 16);
}
/** Sum of the products of the two signed words. */
export function mulAddWords(a: int, b: int): int {
  return (imul(lowSigned(a), lowSigned(b)) + imul(highSigned(a), highSigned(b))) | 0;
}
/** Sum of the absolute differences of the four unsigned bytes. */
export function sumOfDifferences(a: int, b: int): int {
  const d = subUnsignedBytes(a, b) | subUnsignedBytes(b, a);
  const halves = (d & 0x00ff00ff) + ((d >>> 8) & 0x00ff00ff);
  return (halves & 65535) + (halves >>> 16);
}

// Shifts by n: more than a lane's width gives zero, or the sign (arithmetic).

export function shiftLeftWords(a: int, n: int): int {
  return gt(n, 15) ? 0 : (a << n) & imul((65535 << n) & 65535, 0x00010001);
}
export function shiftRightWords(a: int, n: int): int {
  return gt(n, 15) ? 0 : (a >>> n) & imul(65535 >>> n, 0x00010001);
}
export function shiftRightSignedWords(a: int, n: int): int {
  return pair(lowSigned(a) >> n, highSigned(a) >> n);
}
export function shiftLeftDoublewords(a: int, n: int): int {
  return gt(n, 31) ? 0 : a << n;
}
export function shiftRightDoublewords(a: int, n: int): int {
  return gt(n, 31) ? 0 : a >>> n;
}
export function shiftRightSignedDoublewords(a: int, n: int): int {
  return a >> n;
}
/** High and low words of hi:lo << n, n of 0..63 or more. */
export function shiftLeftHigh(hi: int, lo: int, n: int): int {
  const far = gt(n, 63) ? 0 : lo << (n - 32);
  const near = (hi << n) | ((lo >>> 1) >>> (31 - n));
  return gt(n, 31) ? far : near;
}
export function shiftRightLow(hi: int, lo: int, n: int): int {
  const far = gt(n, 63) ? 0 : hi >>> (n - 32);
  const near = (lo >>> n) | ((hi << 1) << (31 - n));
  return gt(n, 31) ? far : near;
}

// Narrowing with saturation: the lanes of x (low half of the result) and y.

function clamp(v: int, least: int, most: int): int {
  const atMost = gt(v, most) ? most : v;
  return lt(v, least) ? least : atMost;
}

export function packSignedBytes(x: int, y: int): int {
  return (
    (clamp(lowSigned(x), -128, 127) & 255) |
    ((clamp(highSigned(x), -128, 127) & 255) << 8) |
    ((clamp(lowSigned(y), -128, 127) & 255) << 16) |
    (clamp(highSigned(y), -128, 127) << 24)
  );
}
export function packUnsignedBytes(x: int, y: int): int {
  return (
    clamp(lowSigned(x), 0, 255) |
    (clamp(highSigned(x), 0, 255) << 8) |
    (clamp(lowSigned(y), 0, 255) << 16) |
    (clamp(highSigned(y), 0, 255) << 24)
  );
}
export function packSignedWords(x: int, y: int): int {
  return pair(clamp(x, -32768, 32767), clamp(y, -32768, 32767));
}

// Interleaving of the lanes of a (even places) and b (odd places): the lower two bytes, the upper two, words.

export function interleaveLowBytes(a: int, b: int): int {
  return (a & 255) | ((b & 255) << 8) | ((a & 0xff00) << 8) | ((b & 0xff00) << 16);
}
export function interleaveHighBytes(a: int, b: int): int {
  return interleaveLowBytes(a >>> 16, b >>> 16);
}
export function interleaveLowWords(a: int, b: int): int {
  return (a & 65535) | (b << 16);
}
export function interleaveHighWords(a: int, b: int): int {
  return (a >>> 16) | (b & -65536);
}

/** The top bits of the four bytes, in bits 0..3. */
export function byteSigns(a: int): int {
  return imul((a & BYTE_TOPS) >>> 7, 0x10204080) >>> 28;
}
