// Inflate against zlib: levels, strategies, streams with bytes behind them, and damaged streams.

import { constants, deflateRawSync } from 'node:zlib';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { InflateError, inflate } from '../../src/storage/qcow2/inflate.ts';

const STRATEGIES = [constants.Z_DEFAULT_STRATEGY, constants.Z_FIXED, constants.Z_HUFFMAN_ONLY, constants.Z_RLE];

/** Bytes with repetitions, near and far, and with noise. */
const compressible = fc
  .array(fc.tuple(fc.uint8Array({ maxLength: 40 }), fc.integer({ min: 1, max: 400 })), { maxLength: 30 })
  .map(
    (pieces) =>
      new Uint8Array(pieces.flatMap(([piece, times]) => Array.from({ length: times }, () => [...piece]).flat())),
  );

test('what zlib compressed comes back, whatever follows it', () =>
  fc.assert(
    fc.property(
      fc.oneof(compressible, fc.uint8Array({ maxLength: 70_000, size: 'max' })),
      fc.integer({ min: 0, max: 9 }),
      fc.constantFrom(...STRATEGIES),
      fc.uint8Array({ maxLength: 511 }),
      (bytes, level, strategy, behind) => {
        const input = Buffer.concat([deflateRawSync(bytes, { level, strategy, windowBits: 12 }), behind]);
        const into = new Uint8Array(bytes.length);
        inflate(input, into);
        expect(Buffer.compare(into, bytes)).toBe(0);
      },
    ),
    { numRuns: 300, seed: 1 },
  ));

test('a stream that is too short is an error', () => {
  const bytes = new Uint8Array(1000).map((_, i) => (i * i) >> 3);
  const input = deflateRawSync(bytes);
  expect(() => inflate(input, new Uint8Array(1001))).toThrow(InflateError);
  for (let length = 0; length < input.length; length++) {
    expect(() => inflate(input.subarray(0, length), new Uint8Array(1000))).toThrow(InflateError);
  }
});

test('damaged streams end with a result or an error', () =>
  fc.assert(
    fc.property(
      compressible,
      fc.array(fc.tuple(fc.nat(), fc.integer({ min: 1, max: 255 })), { minLength: 1, maxLength: 8 }),
      (bytes, damages) => {
        const input = Uint8Array.from(deflateRawSync(bytes));
        for (const [at, flip] of damages) input[at % input.length]! ^= flip;
        try {
          inflate(input, new Uint8Array(bytes.length));
        } catch (error) {
          expect(error).toBeInstanceOf(InflateError);
        }
      },
    ),
    { numRuns: 1000, seed: 2 },
  ));
