// qcow2 against qemu-img and qemu-io: what one writes the other reads, the image is consistent, and nothing leaks.

import { execFileSync, spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, linkSync, mkdirSync, readFileSync, rmSync, statSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { BlobFile, createQcow2, MemoryFile, Qcow2Image, SnapshotOverlay } from '../../src/storage/index.ts';
import { createImage, openImage } from '../../src/storage/node/index.ts';
import {
  failure,
  file,
  HAS_QEMU_IMG,
  HAS_QEMU_IO,
  NEEDS_QEMU_IMG,
  pattern,
  qemuImg,
  read,
  temporaryFolder,
} from './files.ts';

const folder = temporaryFolder();
let files = 0;
const fresh = (suffix: string): string => join(folder, `${++files}${suffix}`);

/** Throws when qemu-img finds an error or a leak. */
const check = (path: string): string => qemuImg('check', '-f', 'qcow2', path);
/** Throws when the two differ. */
const compare = (a: string, aFormat: string, b: string, bFormat: string): string =>
  qemuImg('compare', '-f', aFormat, '-F', bFormat, a, b);

const SECTORS = 3000;

/** A request: a place and a length in sectors. */
const request = fc.record({
  write: fc.boolean(),
  sector: fc.nat(SECTORS - 1),
  count: fc.integer({ min: 1, max: 200 }),
  flush: fc.boolean(),
});
type Request = typeof request extends fc.Arbitrary<infer T> ? T : never;

/** Does the requests, compares each read and at last the whole with an array. Leaves the image closed. */
async function behavesLikeAnArray(
  path: string,
  requests: readonly Request[],
  model: Uint8Array = new Uint8Array(SECTORS * 512),
): Promise<Uint8Array> {
  const disk = await openImage(path, { format: 'qcow2' });
  expect(disk.sectors).toBe(SECTORS);
  for (const [i, { write, sector, count, flush }] of requests.entries()) {
    const n = Math.min(count, SECTORS - sector);
    if (write) {
      const bytes = pattern(n * 512, i + 7);
      await disk.write(sector, bytes);
      model.set(bytes, sector * 512);
    } else {
      expect(Buffer.compare(await read(disk, sector, n), model.subarray(sector * 512, (sector + n) * 512))).toBe(0);
    }
    if (flush) await disk.flush();
  }
  expect(Buffer.compare(await read(disk, 0, SECTORS), model)).toBe(0);
  await disk.close();
  return model;
}

/** A fixed, long sequence of requests. */
const [busy] = fc.sample(fc.array(request, { minLength: 60, maxLength: 60 }), { numRuns: 1, seed: 11 }) as [Request[]];

describe.skipIf(!HAS_QEMU_IMG)(`with qemu-img${NEEDS_QEMU_IMG}`, () => {
  test.each([
    ['the usual', []],
    ['version 2', ['compat=0.10']],
    ['clusters of 512 bytes', ['cluster_size=512']],
    ['clusters of 512 bytes, version 2', ['cluster_size=512,compat=0.10']],
    ['clusters of 2 MiB', ['cluster_size=2M']],
    ['lazy refcounts', ['lazy_refcounts=on']],
    ...[1, 2, 4, 8, 16, 32, 64].map((bits) => [`refcounts of ${bits} bits`, [`refcount_bits=${bits},cluster_size=1k`]]),
    ['preallocated metadata', ['preallocation=metadata']],
    ['preallocated data', ['preallocation=falloc']],
  ] as [string, string[]][])('an image that it made, %s: written here, read there', async (_, options) => {
    const path = fresh('.qcow2');
    qemuImg('create', '-f', 'qcow2', ...options.flatMap((o) => ['-o', o]), path, String(SECTORS * 512));
    const model = await behavesLikeAnArray(path, busy);
    check(path);
    compare(path, 'qcow2', file(folder, `${files}.raw`, model), 'raw');
    // And once more over what is there now.
    await behavesLikeAnArray(path, busy.slice(0, 20).reverse(), model);
    check(path);
    compare(path, 'qcow2', file(folder, `${files}.raw`, model), 'raw');
  });

  test.each([
    ['deflate', []],
    ['zstd', ['-o', 'compression_type=zstd']],
  ])('clusters compressed by %s are read, and replaced without a leak', async (_, options) => {
    const bytes = pattern(SECTORS * 512)
      .fill(0x41, 0, 500_000)
      .map((b, i) => (i % 3000 < 1000 ? 7 : b & 0x1f));
    const raw = file(folder, `${++files}.raw`, bytes);
    const path = fresh('.qcow2');
    qemuImg('convert', '-c', '-f', 'raw', '-O', 'qcow2', ...options, raw, path);
    expect(statSync(path).size).toBeLessThan(SECTORS * 400);
    const reading = await openImage(path, { readOnly: true });
    expect(Buffer.compare(await read(reading, 0, SECTORS), bytes)).toBe(0);
    expect(await read(reading, 1000, 3)).toEqual(bytes.subarray(1000 * 512, 1003 * 512));
    await reading.close();
    const model = await behavesLikeAnArray(path, busy, bytes.slice());
    check(path);
    compare(path, 'qcow2', file(folder, `${files}.raw`, model), 'raw');
  });

  test.each(['raw', 'qcow2'])('a backing file, %s: read through, copied on write, left as it was', async (format) => {
    const bytes = pattern(2000 * 512, 5);
    const base = fresh('.base');
    qemuImg('convert', '-f', 'raw', '-O', format, file(folder, `${++files}.raw`, bytes), base);
    const before = readFileSync(base);
    const path = fresh('.qcow2');
    // The overlay is larger than what is below it.
    qemuImg('create', '-f', 'qcow2', '-b', base, '-F', format, path, String(SECTORS * 512));
    const whole = new Uint8Array(SECTORS * 512);
    whole.set(bytes);
    const model = await behavesLikeAnArray(path, busy, whole);
    check(path);
    compare(path, 'qcow2', file(folder, `${files}.raw`, model), 'raw');
    expect(Buffer.compare(readFileSync(base), before)).toBe(0);
  });

  test('a chain made here, with relative names and a folder that moved', async () => {
    const there = join(folder, 'chain');
    mkdirSync(there);
    const bytes = pattern(SECTORS * 512, 3);
    file(there, 'base.raw', bytes);
    const was = process.cwd();
    process.chdir(there);
    try {
      await createImage('middle.qcow2', { backing: 'base.raw' });
      await createImage('top.qcow2', { backing: 'middle.qcow2', clusterBytes: 4096 });
    } finally {
      process.chdir(was);
    }
    const info = JSON.parse(qemuImg('info', '--output=json', join(there, 'top.qcow2')));
    expect(info['backing-filename']).toBe('middle.qcow2');
    expect(info['backing-filename-format']).toBe('qcow2');
    const model = await behavesLikeAnArray(join(there, 'top.qcow2'), busy, bytes.slice());
    execFileSync('mv', [there, join(folder, 'moved')]);
    const top = join(folder, 'moved', 'top.qcow2');
    check(top);
    compare(top, 'qcow2', file(folder, 'chain.raw', model), 'raw');
    const disk = await openImage(top, { snapshot: true });
    expect(Buffer.compare(await read(disk, 0, SECTORS), model)).toBe(0);
    await disk.close();
  });

  test.each([512, 4096, 65536, 2 << 20])('an image made here, clusters of %i bytes', async (clusterBytes) => {
    const path = fresh('.qcow2');
    await createImage(path, { size: SECTORS * 512, clusterBytes });
    check(path);
    const model = await behavesLikeAnArray(path, busy);
    check(path);
    compare(path, 'qcow2', file(folder, `${files}.raw`, model), 'raw');
  });

  test('an image that outgrows its refcount table', async () => {
    const path = fresh('.qcow2');
    // One cluster of refcount table with 64 entries, blocks of 64 counts: 2 MiB can be counted at first.
    qemuImg('create', '-f', 'qcow2', '-o', 'cluster_size=512,refcount_bits=64', path, '24M');
    const bytes = pattern(24 << 20, 4);
    const disk = await openImage(path);
    for (let sector = 0; sector < disk.sectors; sector += 256) {
      await disk.write(sector, bytes.subarray(sector * 512, (sector + 256) * 512));
      if (sector % 4096 === 0) await disk.flush();
    }
    await disk.close();
    check(path);
    compare(path, 'qcow2', file(folder, `${files}.raw`, bytes), 'raw');
  });

  test('zero clusters read as zeros over a backing file, and are written', async () => {
    if (!HAS_QEMU_IO) return;
    const bytes = pattern(SECTORS * 512, 3);
    const base = file(folder, `${++files}.raw`, bytes);
    const path = fresh('.qcow2');
    await createImage(path, { backing: base });
    // One stretch without host clusters, one whose host clusters are kept.
    execFileSync('qemu-io', ['-c', 'write -z 128k 256k', '-c', 'write 512k 128k', '-c', 'write -z 512k 128k', path], {
      stdio: 'pipe',
    });
    const model = bytes
      .slice()
      .fill(0, 128 << 10, 384 << 10)
      .fill(0, 512 << 10, 640 << 10);
    await behavesLikeAnArray(path, busy, model);
    check(path);
    compare(path, 'qcow2', file(folder, `${files}.raw`, model), 'raw');
  });

  test('internal snapshots keep what they had when the disk is written', async () => {
    const path = fresh('.qcow2');
    qemuImg('create', '-f', 'qcow2', '-o', 'cluster_size=4k', path, String(SECTORS * 512));
    const before = await behavesLikeAnArray(path, busy.slice(0, 30));
    qemuImg('snapshot', '-c', 'one', path);
    const after = await behavesLikeAnArray(path, busy.slice(30), before.slice());
    check(path);
    qemuImg('snapshot', '-c', 'two', path);
    await behavesLikeAnArray(path, busy.slice(10, 40), after.slice());
    check(path);
    for (const [name, model] of [
      ['one', before],
      ['two', after],
    ] as const) {
      const was = fresh('.raw');
      qemuImg('convert', '-l', `snapshot.name=${name}`, '-f', 'qcow2', '-O', 'raw', path, was);
      expect(Buffer.compare(readFileSync(was), model)).toBe(0);
    }
    qemuImg('snapshot', '-d', 'one', path);
    qemuImg('snapshot', '-d', 'two', path);
    check(path);
  });

  test('any sequence of requests', () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(request, { maxLength: 30 }),
        fc.constantFrom(512, 4096, 65536),
        async (requests, clusterBytes) => {
          const path = fresh('.qcow2');
          await createImage(path, { size: SECTORS * 512, clusterBytes });
          const model = await behavesLikeAnArray(path, requests);
          check(path);
          compare(path, 'qcow2', file(folder, 'any.raw', model), 'raw');
        },
      ),
      { numRuns: 15, seed: 6 },
    ));

  test('a disk of 5 TiB, written beyond 2 GiB and 4 GiB of disk and of file', async () => {
    const path = fresh('.qcow2');
    await createImage(path, { size: 5 * 2 ** 40 });
    const disk = await openImage(path);
    const places = [2 ** 22 - 1, 2 ** 23 - 4, 2 ** 31, 2 ** 33, disk.sectors - 8];
    for (const [i, sector] of places.entries()) await disk.write(sector, pattern(4096, i));
    await disk.close();
    // The host file is made longer than 4 GiB, as if it had been written to so far.
    truncateSync(path, 5 * 2 ** 30);
    const again = await openImage(path);
    await again.write(2 ** 32, pattern(4096, 9));
    for (const [i, sector] of places.entries()) expect(await read(again, sector, 8)).toEqual(pattern(4096, i));
    await again.close();
    check(path);
  });

  test('features that are not supported are refused by one line each', async () => {
    const made = (...options: string[]): string => {
      const path = fresh('.qcow2');
      qemuImg('create', '-f', 'qcow2', ...options, path, '1M');
      return path;
    };
    const refused = async (path: string): Promise<string> =>
      (await failure(openImage(path, { readOnly: true }))).message;
    expect(await refused(made('-o', 'extended_l2=on'))).toMatch(
      /extended L2 entries, which is not supported; convert it/,
    );
    expect(await refused(made('-o', `data_file=${fresh('.data')}`))).toMatch(/external data file/);
    expect(
      await refused(made('--object', 'secret,id=s,data=x', '-o', 'encrypt.format=aes,encrypt.key-secret=s')),
    ).toMatch(/encrypted/);
  });

  test('a dirty image is read, not written, until it is repaired', async () => {
    if (!HAS_QEMU_IO) return;
    const path = fresh('.qcow2');
    qemuImg('create', '-f', 'qcow2', '-o', 'lazy_refcounts=on', path, '1M');
    // It ends by a signal.
    spawnSync('qemu-io', ['-c', 'write -P 5 0 128k', '-c', 'flush', '-c', 'abort', path], { stdio: 'pipe' });
    const error = await failure(openImage(path));
    expect(error.fault).toBe('corrupt');
    expect(error.message).toMatch(
      /was not closed and its refcounts may be wrong; repair it: qemu-img check -r all, or/,
    );
    const disk = await openImage(path, { readOnly: true });
    expect(await read(disk, 255)).toEqual(new Uint8Array(512).fill(5));
    await disk.close();
    qemuImg('check', '-r', 'all', path);
    await (await openImage(path)).close();
  });
});

test('a backing file that is missing, is itself, or is reached by a protocol', async () => {
  const base = file(folder, 'below.raw', pattern(4096));
  const path = fresh('.qcow2');
  await createImage(path, { backing: base });
  copyFileSync(base, `${base}.copy`);
  rmSync(base);
  const missing = await failure(openImage(path));
  expect(missing.message).toBe(`${base}: no such file; check the path (it is the backing file of ${path})`);
  // The image says that what is below is raw; without that it would be itself, again and again.
  linkSync(path, base);
  expect((await failure(openImage(path, { readOnly: true }))).message).toMatch(/is its own backing file/);
  const bytes = new Uint8Array(readFileSync(path));
  const at = Buffer.from(bytes).indexOf(base);
  bytes.set(new TextEncoder().encode('nbd://x/'), at);
  expect((await failure(openImage(file(folder, 'nbd.qcow2', bytes)))).message).toMatch(
    /reached by "nbd", which is not/,
  );
});

test('a qcow2 image in a Blob over one in memory, without the host', async () => {
  const below = new MemoryFile(new Uint8Array(0));
  await createQcow2(below, { size: 64 << 10, clusterBytes: 512 });
  const written = await Qcow2Image.open(below);
  await written.write(3, pattern(4096));
  await written.close();
  const above = new MemoryFile(new Uint8Array(0));
  await createQcow2(above, { size: 128 << 10, backing: { name: 'below', format: 'qcow2' } });
  const blob = new BlobFile(new Blob([above.bytes.slice()]), 'above.qcow2');
  expect((await failure(Qcow2Image.open(blob))).message).toMatch(/its backing file below cannot be opened here/);
  const disk = await Qcow2Image.open(blob, {
    openBacking: (name) => {
      expect(name).toBe('below');
      return Qcow2Image.open(new MemoryFile(below.bytes, { readOnly: true }));
    },
  });
  expect(await read(disk, 3, 8)).toEqual(pattern(4096));
  expect(await read(disk, 127, 2)).toEqual(new Uint8Array(1024));
  expect((await failure(disk.write(0, new Uint8Array(512)))).fault).toBe('read-only');
  const overlay = new SnapshotOverlay(disk);
  await overlay.write(4, pattern(512, 2));
  expect(await read(overlay, 4)).toEqual(pattern(512, 2));
});

test("a new image takes nobody's place and leaves nothing when it fails", async () => {
  const taken = file(folder, 'taken.qcow2', 'mine');
  expect((await failure(createImage(taken, { size: 1 << 20 }))).message).toMatch(/exists already/);
  expect(readFileSync(taken, 'utf8')).toBe('mine');
  const path = join(folder, 'none.qcow2');
  for (const bad of [
    {},
    { size: 0 },
    { size: 1000 },
    { size: Number.NaN },
    { size: 2 ** 60 },
    { size: 512, clusterBytes: 1000 },
  ]) {
    expect((await failure(createImage(path, bad))).fault).toBe('range');
    expect(existsSync(path)).toBe(false);
  }
});
