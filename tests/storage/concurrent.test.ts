// Requests that overlap in time: any order in which the host may answer gives the same data, for as long as those in flight
// are about different sectors, which may well be of the same cluster.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  type BlockDevice,
  type ByteFile,
  createQcow2,
  MemoryFile,
  Qcow2Image,
  RawImage,
  SnapshotOverlay,
} from '../../src/storage/index.ts';
import { file, HAS_QEMU_IMG, NEEDS_QEMU_IMG, pattern, qemuImg, read, temporaryFolder } from './files.ts';

const folder = temporaryFolder();
const SECTORS = 400;

/** A host that answers late: each request takes effect somewhere within a random number of turns. */
class LateFile implements ByteFile {
  readonly name = 'late.qcow2';
  readonly readOnly = false;
  readonly inner: MemoryFile;
  #random: number;

  constructor(inner: MemoryFile, seed: number) {
    this.inner = inner;
    this.#random = seed;
  }

  get size(): number {
    return this.inner.size;
  }

  async read(at: number, into: Uint8Array): Promise<void> {
    await this.#turns();
    await this.inner.read(at, into);
    await this.#turns();
  }

  async write(at: number, from: Uint8Array): Promise<void> {
    await this.#turns();
    await this.inner.write(at, from);
    await this.#turns();
  }

  flush(): Promise<void> {
    return this.#turns();
  }

  async close(): Promise<void> {}

  async #turns(): Promise<void> {
    this.#random = (Math.imul(this.#random, 1103515245) + 12345) >>> 0;
    for (let n = (this.#random >>> 16) % 40; n > 0; n--) await undefined;
  }
}

/** Requests of one round are about different sectors: each has its own lane of 8 of every 64. */
const round = fc.record({
  requests: fc.array(
    fc.record({ write: fc.boolean(), group: fc.nat(5), from: fc.nat(7), count: fc.integer({ min: 1, max: 8 }) }),
    {
      minLength: 8,
      maxLength: 8,
    },
  ),
  flush: fc.boolean(),
});

async function worksConcurrently(
  disk: BlockDevice,
  model: Uint8Array,
  rounds: readonly {
    requests: readonly { write: boolean; group: number; from: number; count: number }[];
    flush: boolean;
  }[],
): Promise<void> {
  for (const [i, { requests, flush }] of rounds.entries()) {
    const running = requests.map(async ({ write, group, from, count }, lane) => {
      const sector = group * 64 + lane * 8 + from;
      const n = Math.min(count, 8 - from);
      if (write) {
        const bytes = pattern(n * 512, i * 8 + lane + 1);
        model.set(bytes, sector * 512);
        await disk.write(sector, bytes);
      } else {
        const expected = model.slice(sector * 512, (sector + n) * 512);
        expect(Buffer.compare(await read(disk, sector, n), expected)).toBe(0);
      }
    });
    if (flush) running.push(disk.flush());
    await Promise.all(running);
  }
  expect(Buffer.compare(await read(disk, 0, SECTORS), model)).toBe(0);
}

test('a new image over a backing file', () =>
  fc.assert(
    fc.asyncProperty(
      fc.array(round, { maxLength: 12 }),
      fc.constantFrom(512, 4096, 65536),
      fc.nat(),
      async (rounds, clusterBytes, seed) => {
        const base = pattern(SECTORS * 512, 99);
        const inner = new MemoryFile(new Uint8Array(0));
        await createQcow2(inner, {
          size: SECTORS * 512,
          clusterBytes,
          backing: { name: file(folder, 'base.raw', base), format: 'raw' },
        });
        const openBacking = async (): Promise<BlockDevice> =>
          new RawImage(new LateFile(new MemoryFile(base), seed + 1));
        const disk = await Qcow2Image.open(new LateFile(inner, seed), { openBacking });
        await worksConcurrently(disk, base.slice(), rounds);
        await disk.close();
        if (HAS_QEMU_IMG) qemuImg('check', file(folder, 'new.qcow2', inner.bytes));
      },
    ),
    { numRuns: 60, seed: 12 },
  ));

test.skipIf(!HAS_QEMU_IMG)(`compressed clusters and clusters shared with an internal snapshot${NEEDS_QEMU_IMG}`, () => {
  const base = pattern(SECTORS * 512, 98).map((b, i) => (i % 4096 < 2048 ? 1 : b));
  const source = join(folder, 'source.qcow2');
  qemuImg(
    'convert',
    '-c',
    '-f',
    'raw',
    '-O',
    'qcow2',
    '-o',
    'cluster_size=4k',
    file(folder, 'source.raw', base),
    source,
  );
  const compressed = new Uint8Array(readFileSync(source));
  qemuImg('snapshot', '-c', 'one', source);
  const shared = new Uint8Array(readFileSync(source));
  return fc.assert(
    fc.asyncProperty(
      fc.array(round, { maxLength: 12 }),
      fc.constantFrom(compressed, shared),
      fc.nat(),
      async (rounds, image, seed) => {
        const inner = new MemoryFile(image.slice());
        const disk = await Qcow2Image.open(new LateFile(inner, seed));
        await worksConcurrently(disk, base.slice(), rounds);
        await disk.close();
        qemuImg('check', file(folder, 'shared.qcow2', inner.bytes));
      },
    ),
    { numRuns: 60, seed: 13 },
  );
});

test('a snapshot that spills', () =>
  fc.assert(
    fc.asyncProperty(fc.array(round, { maxLength: 12 }), fc.nat(), async (rounds, seed) => {
      const base = pattern(SECTORS * 512, 97);
      const overlay = new SnapshotOverlay(new RawImage(new LateFile(new MemoryFile(base.slice()), seed)), {
        memoryBytes: 0,
        spill: async () => new LateFile(new MemoryFile(new Uint8Array(0)), seed + 1),
      });
      await worksConcurrently(overlay, base.slice(), rounds);
    }),
    { numRuns: 60, seed: 14 },
  ));

test('a cluster is not given out anew while a read of it is on its way', async () => {
  const inner = new MemoryFile(new Uint8Array(0));
  await createQcow2(inner, { size: 1 << 20, clusterBytes: 4096 });
  const first = await Qcow2Image.open(inner);
  await first.write(0, pattern(4096, 1));
  await first.close();
  // Without the flag that it is this image's alone, a write of any part moves the cluster and frees the old place.
  const view = new DataView(inner.bytes.buffer);
  const table = view.getUint32(view.getUint32(44) + 4);
  view.setUint32(table, 0);

  let release = (): void => {};
  let hold = false;
  const held: ByteFile = {
    name: 'held.qcow2',
    readOnly: false,
    get size() {
      return inner.size;
    },
    write: (at, from) => inner.write(at, from),
    flush: () => inner.flush(),
    close: () => inner.close(),
    read: async (at, into) => {
      if (hold) {
        hold = false;
        await new Promise<void>((resolve) => (release = resolve));
      }
      await inner.read(at, into);
    },
  };
  const disk = await Qcow2Image.open(held);
  await read(disk, 8);
  hold = true;
  const reading = read(disk, 0);
  await disk.write(1, pattern(512, 2));
  await disk.flush();
  await disk.flush();
  for (let i = 1; i < 9; i++) await disk.write(8 * i, pattern(4096, 10 + i));
  release();
  expect(await reading).toEqual(pattern(4096, 1).subarray(0, 512));
  // Once it has arrived, the place is used again, and nothing leaks.
  await disk.flush();
  const size = inner.size;
  await disk.write(80, pattern(4096, 30));
  expect(inner.size).toBe(size);
  await disk.close();
});
