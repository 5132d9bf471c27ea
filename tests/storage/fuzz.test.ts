// 10,000 damaged qcow2 images: every request ends with data or a StorageError of one line, touches no byte that it should
// not, and does no more work than the size of the image allows.

import { deflateRawSync } from 'node:zlib';
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
import { pattern } from './files.ts';

/** What the guest writes; nothing of the format looks like it. */
const GUEST = 0xd7;
const DISK = 256 << 10;
const CASES = 10_000;

/** Bytes that one case may move: a few of the largest clusters, as often as it has requests. */
const WORK = 256 << 20;

/** Watches every access. */
class WatchedFile implements ByteFile {
  readonly name = 'fuzz.qcow2';
  readonly readOnly: boolean;
  readonly #file: MemoryFile;
  #work = 0;

  constructor(bytes: Uint8Array, readOnly: boolean) {
    this.#file = new MemoryFile(bytes, { readOnly });
    this.readOnly = readOnly;
  }

  get size(): number {
    return this.#file.size;
  }

  read(at: number, into: Uint8Array): Promise<void> {
    if (!Number.isSafeInteger(at) || at < 0 || at + into.length > this.size)
      throw new Error(`read of ${into.length} at ${at}`);
    this.#count(into.length);
    return this.#file.read(at, into);
  }

  write(at: number, from: Uint8Array): Promise<void> {
    if (!Number.isSafeInteger(at) || at < 0) throw new Error(`write at ${at}`);
    // Clusters have 2 MiB at most; a hole before a new one is what a refcount block can count, and is not made here.
    if (at > this.size + (64 << 20)) throw new Error(`write at ${at}, far past the end at ${this.size}`);
    const isField =
      (at === 48 && from.length === 12) || (at === 76 && from.length === 4) || (at === 88 && from.length === 8);
    if (at < 512 && !isField) throw new Error(`write of ${from.length} to the header at ${at}`);
    this.#count(from.length);
    return this.#file.write(at, from);
  }

  async flush(): Promise<void> {}
  async close(): Promise<void> {}

  #count(bytes: number): void {
    this.#work += bytes + 4096;
    if (this.#work > WORK) throw new Error('too much work');
  }
}

const openBacking = (): Promise<BlockDevice> =>
  Promise.resolve(new RawImage(new MemoryFile(pattern(DISK / 2), { readOnly: true })));

/** A good image: a bit of everything, so that damage finds something. */
async function makeImage(clusterBytes: number): Promise<Uint8Array> {
  const file = new MemoryFile(new Uint8Array(0));
  await createQcow2(file, { size: DISK, clusterBytes, backing: { name: 'base.raw', format: 'raw' } });
  const image = await Qcow2Image.open(file, { openBacking });
  await image.write(0, pattern(8 * clusterBytes));
  await image.write(200, pattern(4 * clusterBytes));
  await image.flush();
  // The second cluster becomes compressed, the third reads as zeros, the fourth is shared with a snapshot.
  const view = new DataView(file.bytes.buffer);
  const l1 = view.getUint32(44);
  const l2 = view.getUint32(l1 + 4);
  const packed = deflateRawSync(new Uint8Array(clusterBytes).fill(65), { windowBits: 12 });
  file.bytes.set(packed, view.getUint32(l2 + 8 + 4));
  view.setUint32(l2 + 8, 0x40000000);
  view.setUint32(l2 + 20, view.getUint32(l2 + 20) | 1);
  view.setUint32(l2 + 24, 0);
  await image.close();
  return file.bytes.slice();
}

const images = [await makeImage(512), await makeImage(4096)];

const word = fc.oneof(
  fc.constantFrom(
    0,
    1,
    2,
    3,
    9,
    16,
    21,
    22,
    63,
    64,
    0x7f,
    0x200,
    0x201,
    0x400,
    0x1000,
    0x10000,
    0x40000000,
    0x7fffffff,
    0x80000000,
    0xffffffff,
  ),
  fc.nat(0xffffffff),
  // Offsets within the image.
  fc.nat(100).map((n) => n * 512),
);

/** Positions of the words that mean something: header fields, entries of tables in use, and the words after them. */
const targets = images.map((bytes) => {
  const view = new DataView(bytes.buffer);
  const cluster = 2 ** view.getUint32(20);
  const l1 = view.getUint32(44);
  const tables = [view.getUint32(52), view.getUint32(view.getUint32(52) + 4), l1];
  for (let at = l1; view.getUint32(at + 4); at += 8) tables.push(view.getUint32(at + 4));
  const header = Array.from({ length: 28 }, (_, i) => i * 4);
  const entries = tables.map((table) => {
    const words = Array.from({ length: cluster / 4 }, (_, i) => table + i * 4);
    return words.filter((at) => view.getUint32(at) || (at > table && view.getUint32(at - 4)) || at % 64 === 0);
  });
  return [header, ...entries];
});

/** A kind of table, and a word of it, each taken modulo what there is. */
const place = fc.tuple(fc.nat(1000), fc.nat(100_000));

const damage = fc.record({
  image: fc.nat(images.length - 1),
  words: fc.array(fc.tuple(place, word), { minLength: 1, maxLength: 5 }),
  cut: fc.oneof({ weight: 9, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat(60_000) }),
  readOnly: fc.boolean(),
});

const counts = { opened: 0, refused: 0, failed: 0, fine: 0 };

/** True when the request succeeded; throws when it failed in a way that it may not. */
async function tried(request: () => Promise<unknown>): Promise<boolean> {
  try {
    await request();
    return true;
  } catch (error) {
    if (!(error instanceof StorageError) || !/^[^\n\r]+$/.test(error.message)) throw error;
    return false;
  }
}

test(`${CASES} damaged images`, async () => {
  await fc.assert(
    fc.asyncProperty(damage, async ({ image, words, cut, readOnly }) => {
      const bytes = (images[image] as Uint8Array).slice();
      const view = new DataView(bytes.buffer);
      for (const [[kind, index], value] of words) {
        const kinds = targets[image] as number[][];
        const entries = kinds[kind % kinds.length] as number[];
        view.setUint32(entries[index % entries.length] as number, value);
      }
      const file = new WatchedFile(bytes.slice(0, bytes.length - (cut % bytes.length)), readOnly);
      let disk: Qcow2Image | undefined;
      await tried(
        async () =>
          (disk = await Qcow2Image.open(file, { openBacking, unzstd: () => Promise.reject(new Error('bad')) })),
      );
      if (!disk) {
        counts.refused++;
        return;
      }
      counts.opened++;
      const { sectors } = disk;
      let good = true;
      for (const sector of [0, 1, 8, 25, 200, sectors - 16]) {
        const count = Math.min(16, sectors);
        const at = Math.max(0, Math.min(sector, sectors - count));
        good = (await tried(() => (disk as Qcow2Image).read(at, new Uint8Array(count * 512)))) && good;
        if (readOnly) continue;
        good = (await tried(() => (disk as Qcow2Image).write(at, new Uint8Array(count * 512).fill(GUEST)))) && good;
        if (sector === 8) good = (await tried(() => (disk as Qcow2Image).flush())) && good;
      }
      good = (await tried(() => (disk as Qcow2Image).close())) && good;
      counts[good ? 'fine' : 'failed']++;
    }),
    { numRuns: CASES, seed: 2024 },
  );
  // The damage must neither be harmless nor stop at the header.
  expect(counts.refused).toBeGreaterThan(CASES / 10);
  expect(counts.failed).toBeGreaterThan(CASES / 20);
  expect(counts.fine).toBeGreaterThan(CASES / 10);
});
