// Raw sectors: the parity of ECMA-130 checked by its definition, and the EDC by its generator polynomial.

import { expect, test } from 'vitest';
import { edc, rawSector, selectedBytes } from '../../src/devices/ide/atapi-sector.ts';

const user = Uint8Array.from({ length: 2048 }, (_, k) => (k * 37 + (k >> 5)) & 255);

test('sync, header in BCD with two seconds added, mode 1, user data', () => {
  const sector = rawSector(75 * 60 * 12 + 75 * 34 + 56, user);
  expect([...sector.subarray(0, 16)]).toEqual([0, ...Array(10).fill(0xff), 0, 0x12, 0x36, 0x56, 1]);
  expect(sector.subarray(16, 2064)).toEqual(user);
  expect([...sector.subarray(2068, 2076)]).toEqual(Array(8).fill(0));
});

test('the EDC makes the remainder of the sector with it zero', () => {
  expect(edc(rawSector(100, user).subarray(0, 2068))).toBe(0);
  expect(edc(rawSector(100, user).subarray(0, 2067))).not.toBe(0);
});

/** Product in GF(2^8) modulo x^8 + x^4 + x^3 + x^2 + 1, by the school method. */
function times(a: number, b: number): number {
  let product = 0;
  for (let k = 0; k < 8; k++) if ((b >> k) & 1) product ^= a << k;
  for (let k = 14; k >= 8; k--) if ((product >> k) & 1) product ^= 0x11d << (k - 8);
  return product;
}

/** Both syndromes of a vector: its sum, and the sum weighted with alpha^(length - 1) to 1. */
function syndromes(vector: readonly number[]): readonly [number, number] {
  return [vector.reduce((s, v) => s ^ v, 0), vector.reduce((s, v) => times(s, 2) ^ v, 0)];
}

test('every P and Q vector of the sector is a code word', () => {
  const sector = rawSector(4711, user);
  const word = (n: number, plane: number): number => sector[12 + 2 * n + plane]!;
  for (const plane of [0, 1]) {
    for (let n = 0; n < 43; n++) {
      const p = Array.from({ length: 26 }, (_, m) => word(43 * m + n, plane));
      expect(syndromes(p), `P ${n}`).toEqual([0, 0]);
    }
    for (let n = 0; n < 26; n++) {
      const q = Array.from({ length: 43 }, (_, m) => word((44 * m + 43 * n) % 1118, plane));
      q.push(word(1118 + n, plane), word(1118 + 26 + n, plane));
      expect(syndromes(q), `Q ${n}`).toEqual([0, 0]);
    }
  }
  expect(sector.subarray(2076).some((byte) => byte !== 0)).toBe(true);
});

test('parts of a sector follow one another', () => {
  expect(selectedBytes(0xf8)).toEqual({ from: 0, to: 2352 });
  expect(selectedBytes(0x10)).toEqual({ from: 16, to: 2064 });
  expect(selectedBytes(0x20)).toEqual({ from: 12, to: 16 });
  expect(selectedBytes(0x18)).toEqual({ from: 16, to: 2352 });
  expect(selectedBytes(0x90)).toBeUndefined(); // synchronization and user data without the header
  expect(selectedBytes(0x28)).toBeUndefined();
});
