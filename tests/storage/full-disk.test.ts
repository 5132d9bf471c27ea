// The host's disk is full while a guest writes to a qcow2 image: the request fails with `no-space`, everything else stays as
// it was, and when there is room again the work goes on.

import { spawnSync } from 'node:child_process';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  type BlockDevice,
  type ByteFile,
  createQcow2,
  MemoryFile,
  Qcow2Image,
  RawImage,
  StorageError,
} from '../../src/storage/index.ts';
import { failure, file, HAS_QEMU_IMG, pattern, read, temporaryFolder } from './files.ts';

const folder = temporaryFolder();
const SECTORS = 2000;

/** A file on a disk with so much room. What does not fit is written in part, as hosts do. */
class CrampedFile implements ByteFile {
  readonly name = 'cramped.qcow2';
  readonly readOnly = false;
  readonly inner: MemoryFile;
  room: number;

  constructor(inner: MemoryFile, room: number) {
    this.inner = inner;
    this.room = room;
  }

  get size(): number {
    return this.inner.size;
  }

  read(at: number, into: Uint8Array): Promise<void> {
    return this.inner.read(at, into);
  }

  async write(at: number, from: Uint8Array): Promise<void> {
    const fits = Math.max(0, Math.min(from.length, this.room - at));
    if (fits) await this.inner.write(at, from.subarray(0, fits));
    if (fits < from.length) throw new StorageError('no-space', `${this.name}: the host's disk is full; make room`);
  }

  async flush(): Promise<void> {}
  async close(): Promise<void> {}
}

const step = fc.record({ sector: fc.nat(SECTORS - 1), count: fc.integer({ min: 1, max: 120 }), flush: fc.boolean() });

test('any sequence of requests on a disk that fills up and is then cleared', () =>
  fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 3, maxLength: 25 }),
      fc.nat(300_000),
      fc.constantFrom(512, 4096, 65536),
      fc.boolean(),
      async (steps, room, clusterBytes, backed) => {
        const base = backed ? pattern(SECTORS * 512, 9) : new Uint8Array(SECTORS * 512);
        const openBacking = async (): Promise<BlockDevice> => new RawImage(new MemoryFile(base, { readOnly: true }));
        const inner = new MemoryFile(new Uint8Array(0));
        const backing = backed ? ({ name: file(folder, 'base.raw', base), format: 'raw' } as const) : undefined;
        await createQcow2(inner, { size: SECTORS * 512, clusterBytes, backing });
        const cramped = new CrampedFile(inner, inner.size + room);
        const disk = await Qcow2Image.open(cramped, { openBacking });
        const model = base.slice();
        const torn = new Set<number>();

        for (const [i, { sector, count, flush }] of steps.entries()) {
          const n = Math.min(count, SECTORS - sector);
          const bytes = pattern(n * 512, i + 20);
          try {
            await disk.write(sector, bytes);
            model.set(bytes, sector * 512);
            for (let s = sector; s < sector + n; s++) torn.delete(s);
          } catch (error) {
            expect((error as StorageError).fault).toBe('no-space');
            for (let s = sector; s < sector + n; s++) torn.add(s);
          }
          if (flush) {
            await disk.flush().catch((error: unknown) => expect((error as StorageError).fault).toBe('no-space'));
          }
        }
        cramped.room = Number.POSITIVE_INFINITY;
        await disk.flush();
        // What a failed request was about may be old or new; nothing else may have changed.
        const found = await read(disk, 0, SECTORS);
        for (const s of torn) model.set(found.subarray(s * 512, (s + 1) * 512), s * 512);
        expect(Buffer.compare(found, model)).toBe(0);
        await disk.write(0, pattern(SECTORS * 512, 3));
        await disk.close();
        const again = await Qcow2Image.open(new MemoryFile(inner.bytes.slice()), { openBacking });
        expect(Buffer.compare(await read(again, 0, SECTORS), pattern(SECTORS * 512, 3))).toBe(0);
        if (HAS_QEMU_IMG) {
          const path = file(folder, 'cramped.qcow2', inner.bytes);
          expect(spawnSync('qemu-img', ['check', path], { encoding: 'utf8' })).toMatchObject({ status: 0 });
        }
      },
    ),
    { numRuns: 120, seed: 3 },
  ));

test('a full disk is the fault no-space of the write, not of a later request', async () => {
  const inner = new MemoryFile(new Uint8Array(0));
  await createQcow2(inner, { size: 1 << 20 });
  const disk = await Qcow2Image.open(new CrampedFile(inner, inner.size + 100));
  const error = await failure(disk.write(0, pattern(4096)));
  expect(error.fault).toBe('no-space');
  expect(await read(disk, 0, 8)).toEqual(new Uint8Array(4096));
  await disk.flush().catch(() => {});
});
