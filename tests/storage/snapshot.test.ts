// The snapshot layer against a plain array: any mix of reads and writes, in memory and spilled, and a base that stays as
// it was.

import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type BlockDevice, MemoryFile, RawImage, SnapshotOverlay, StorageError } from '../../src/storage/index.ts';
import { makeSpill, openImage } from '../../src/storage/node/index.ts';
import { failure, file, pattern, read, temporaryFolder } from './files.ts';

const folder = temporaryFolder();

/** Sectors of the base: two leaves of the index and a bit. */
const SECTORS = 2 * 8192 + 5;
const baseBytes = pattern(SECTORS * 512);
const base = (): RawImage => new RawImage(new MemoryFile(baseBytes, { readOnly: true }));

/** Requests near the start, near the border of two leaves, and near the end. */
const request = fc.record({
  write: fc.boolean(),
  sector: fc.oneof(
    fc.nat(40),
    fc.nat(40).map((n) => 8192 - 20 + n),
    fc.nat(20).map((n) => SECTORS - 1 - n),
  ),
  count: fc.integer({ min: 1, max: 40 }),
});

async function behavesLikeAnArray(
  overlay: BlockDevice,
  requests: readonly { write: boolean; sector: number; count: number }[],
) {
  const model = baseBytes.slice();
  for (const [i, { write, sector, count }] of requests.entries()) {
    const n = Math.min(count, SECTORS - sector);
    if (write) {
      const bytes = pattern(n * 512, i + 7);
      await overlay.write(sector, bytes);
      model.set(bytes, sector * 512);
    } else {
      const found = await read(overlay, sector, n);
      expect(Buffer.compare(found, model.subarray(sector * 512, (sector + n) * 512))).toBe(0);
    }
  }
  expect(Buffer.compare(await read(overlay, 0, SECTORS), model)).toBe(0);
}

test('in memory it behaves like an array', () =>
  fc.assert(
    fc.asyncProperty(fc.array(request, { maxLength: 40 }), async (requests) => {
      await behavesLikeAnArray(new SnapshotOverlay(base()), requests);
    }),
    { numRuns: 60, seed: 4 },
  ));

test('spilled to a file it behaves like an array', () =>
  fc.assert(
    fc.asyncProperty(fc.array(request, { maxLength: 40 }), async (requests) => {
      const overlay = new SnapshotOverlay(base(), { memoryBytes: 0, spill: makeSpill });
      await behavesLikeAnArray(overlay, requests);
      await overlay.close();
    }),
    { numRuns: 30, seed: 5 },
  ));

test('memory is bounded: the rest is in the spill file', async () => {
  const spill = new MemoryFile(new Uint8Array(0));
  const overlay = new SnapshotOverlay(base(), { memoryBytes: 1 << 20, spill: () => Promise.resolve(spill) });
  const bytes = pattern(3 << 20, 3);
  await overlay.write(0, bytes);
  expect(overlay.heldBytes).toBe(3 << 20);
  expect(spill.size).toBe(2 << 20);
  expect(Buffer.compare(await read(overlay, 0, 6144), bytes)).toBe(0);
});

test('a full snapshot without a spill file says so, and what was written stays', async () => {
  const overlay = new SnapshotOverlay(base(), { name: 'disk.img', memoryBytes: 1 << 20 });
  await overlay.write(0, pattern(1 << 20, 3));
  const error = await failure(overlay.write(4096, pattern(512)));
  expect(error.fault).toBe('no-space');
  expect(error.message).toContain('disk.img');
  await overlay.write(8, pattern(4096, 5));
  expect(await read(overlay, 8, 8)).toEqual(pattern(4096, 5));
  expect(await read(overlay, 4096)).toEqual(baseBytes.subarray(4096 * 512, 4097 * 512));
});

test('a spill file that cannot be made fails the write with its reason, and is asked for again', async () => {
  let full = true;
  const overlay = new SnapshotOverlay(base(), {
    memoryBytes: 0,
    spill: () =>
      full ? Promise.reject(new StorageError('no-space', 'full')) : Promise.resolve(new MemoryFile(new Uint8Array(0))),
  });
  expect((await failure(overlay.write(0, pattern(512)))).fault).toBe('no-space');
  expect(await read(overlay, 0)).toEqual(baseBytes.subarray(0, 512));
  full = false;
  await overlay.write(0, pattern(512, 2));
  expect(await read(overlay, 0)).toEqual(pattern(512, 2));
});

test('the file under --snapshot stays as it was', async () => {
  const path = file(folder, 'base.img', pattern(1 << 16));
  const disk = await openImage(path, { snapshot: true });
  expect(disk.readOnly).toBe(false);
  await disk.write(3, pattern(2048, 8));
  await disk.flush();
  expect(await read(disk, 3, 4)).toEqual(pattern(2048, 8));
  await disk.close();
  expect(new Uint8Array(readFileSync(path))).toEqual(pattern(1 << 16));
});
