// Raw images: in memory, in a Blob, in a file; sizes that are not whole sectors; sizes beyond 2 and 4 GiB; hosts that fail.

import { spawnSync } from 'node:child_process';
import { readFileSync, rmSync, statSync, truncateSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { BlobFile, MemoryFile, RawImage } from '../../src/storage/index.ts';
import { type Handle, HostFile, openImage } from '../../src/storage/node/index.ts';
import { failure, file, pattern, read, temporaryFolder } from './files.ts';

const folder = temporaryFolder();

test('memory: writes are read back, and the bytes given are the medium', async () => {
  const bytes = new Uint8Array(4 * 512);
  const disk = new RawImage(new MemoryFile(bytes));
  expect(disk.sectors).toBe(4);
  await disk.write(1, pattern(1024));
  expect(await read(disk, 1, 2)).toEqual(pattern(1024));
  expect(bytes.subarray(512, 1536)).toEqual(pattern(1024));
  expect(await read(disk, 3)).toEqual(new Uint8Array(512));
});

test('a request that is not within the medium is refused and changes nothing', async () => {
  const bytes = pattern(4 * 512);
  const disk = new RawImage(new MemoryFile(bytes.slice()));
  for (const [sector, count] of [
    [4, 1],
    [3, 2],
    [-1, 1],
    [2 ** 47, 1],
    [Number.NaN, 1],
  ] as const) {
    expect((await failure(disk.read(sector, new Uint8Array(512 * count)))).fault).toBe('range');
    expect((await failure(disk.write(sector, new Uint8Array(512 * count)))).fault).toBe('range');
  }
  expect(await read(disk, 0, 4)).toEqual(bytes);
});

test('read-only media refuse writes', async () => {
  const memory = new RawImage(new MemoryFile(new Uint8Array(512), { name: 'boot.iso', readOnly: true }));
  const error = await failure(memory.write(0, new Uint8Array(512)));
  expect(error.fault).toBe('read-only');
  expect(error.message).toContain('boot.iso');
  const path = file(folder, 'read-only.img', pattern(1024));
  const disk = await openImage(path, { readOnly: true });
  expect(disk.readOnly).toBe(true);
  expect((await failure(disk.write(0, new Uint8Array(512)))).fault).toBe('read-only');
  await disk.close();
  expect(new Uint8Array(readFileSync(path))).toEqual(pattern(1024));
});

test('a Blob is read in pieces, its short last sector padded with zeros', async () => {
  const bytes = pattern(5 * 512 + 100);
  const disk = new RawImage(new BlobFile(new Blob([bytes.slice()]), 'live.iso'));
  expect(disk.sectors).toBe(6);
  expect(disk.readOnly).toBe(true);
  expect(await read(disk, 1, 3)).toEqual(bytes.subarray(512, 4 * 512));
  const padded = new Uint8Array(2 * 512);
  padded.set(bytes.subarray(4 * 512));
  expect(await read(disk, 4, 2)).toEqual(padded);
});

test('a file whose size is not whole sectors: zeros fill the last one, and writing it makes the file whole', async () => {
  const path = file(folder, 'odd.img', pattern(1000));
  const disk = await openImage(path);
  expect(disk.sectors).toBe(2);
  const last = await read(disk, 1);
  expect(last.subarray(0, 488)).toEqual(pattern(1000).subarray(512));
  expect(last.subarray(488)).toEqual(new Uint8Array(24));
  expect(statSync(path).size).toBe(1000);
  await disk.write(1, pattern(512, 9));
  expect(await read(disk, 1)).toEqual(pattern(512, 9));
  await disk.close();
  expect(statSync(path).size).toBe(1024);
  expect(new Uint8Array(readFileSync(path).subarray(512))).toEqual(pattern(512, 9));
});

test('sizes beyond 2 GiB and 4 GiB', async () => {
  const path = file(folder, 'large.img', '');
  truncateSync(path, 9 * 2 ** 30);
  const disk = await openImage(path);
  expect(disk.sectors).toBe(9 * 2 ** 21);
  // Around 2^31 and 2^32 bytes, around 2^32 bytes less one sector, and the end.
  const places = [2 ** 22 - 1, 2 ** 22, 2 ** 23 - 1, 2 ** 23, 9 * 2 ** 21 - 1];
  for (const [i, sector] of places.entries()) await disk.write(sector, pattern(512, i));
  for (const [i, sector] of places.entries()) expect(await read(disk, sector)).toEqual(pattern(512, i));
  expect(await read(disk, 0)).toEqual(new Uint8Array(512));
  await disk.close();
  const handle = await open(path);
  const bytes = Buffer.alloc(512);
  await handle.read(bytes, 0, 512, 2 ** 32);
  await handle.close();
  expect(new Uint8Array(bytes)).toEqual(pattern(512, 3));
});

test('a file that is cut while in use fails with io where it ends', async () => {
  const path = file(folder, 'cut.img', pattern(8 * 512));
  const disk = await openImage(path);
  truncateSync(path, 3 * 512 + 10);
  expect(await read(disk, 0, 3)).toEqual(pattern(3 * 512));
  const error = await failure(disk.read(2, new Uint8Array(1024)));
  expect(error.fault).toBe('io');
  expect(error.message).toContain(path);
  await disk.close();
});

test('a file that is deleted while in use fails at the flush', async () => {
  const path = file(folder, 'deleted.img', pattern(1024));
  const disk = await openImage(path);
  await disk.write(0, pattern(512, 2));
  await disk.flush();
  rmSync(path);
  await disk.write(0, pattern(512, 3));
  const error = await failure(disk.flush());
  expect(error.fault).toBe('io');
  expect(error.message).toContain('deleted while in use');
  await failure(disk.close());
});

/** A handle that counts and fails on purpose. */
class FailingHandle {
  writes = 0;
  readonly #code: string;

  constructor(code: string) {
    this.#code = code;
  }

  fail = (): Promise<never> =>
    Promise.reject(Object.assign(new Error(`${this.#code}: injected`), { code: this.#code }));

  asHandle(working: Partial<Record<keyof Handle, unknown>> = {}): Handle {
    const { fail } = this;
    return {
      read: fail,
      write: fail,
      datasync: fail,
      stat: fail,
      close: () => Promise.resolve(),
      ...working,
    } as Handle;
  }
}

test.each([
  ['ENOSPC', 'no-space'],
  ['EDQUOT', 'no-space'],
  ['EFBIG', 'no-space'],
  ['EIO', 'io'],
  ['ESTALE', 'io'],
  ['EROFS', 'read-only'],
])('%s of the host is the fault %s', async (code, fault) => {
  const handle = new FailingHandle(code).asHandle();
  const disk = new RawImage(new HostFile(handle, { name: 'disk.img', readOnly: false, size: 4096 }));
  for (const request of [disk.write(0, new Uint8Array(512)), disk.read(0, new Uint8Array(512)), disk.flush()]) {
    const error = await failure(request);
    expect(error.fault).toBe(fault);
    expect(error.message).toMatch(/^disk\.img: /);
  }
});

test('after one failed flush no later one succeeds', async () => {
  let syncs = 0;
  const handle = new FailingHandle('EIO').asHandle({
    datasync: () =>
      syncs++ === 0 ? Promise.reject(Object.assign(new Error('EIO'), { code: 'EIO' })) : Promise.resolve(),
  });
  const disk = new RawImage(new HostFile(handle, { name: 'disk.img', readOnly: false, size: 4096 }));
  expect((await failure(disk.flush())).fault).toBe('io');
  expect((await failure(disk.flush())).fault).toBe('io');
});

test('short reads and writes of the host are continued', async () => {
  const bytes = pattern(4096);
  const written: number[] = [];
  const handle = new FailingHandle('EIO').asHandle({
    read: async (into: Uint8Array, offset: number, length: number, at: number) => {
      const count = Math.min(100, length);
      into.set(bytes.subarray(at, at + count), offset);
      return { bytesRead: count };
    },
    write: async (_: Uint8Array, offset: number, length: number, at: number) => {
      expect(offset).toBe(at - 512);
      written.push(at);
      return { bytesWritten: Math.min(200, length) };
    },
  });
  const disk = new RawImage(new HostFile(handle, { name: 'disk.img', readOnly: false, size: 4096 }));
  expect(await read(disk, 1, 2)).toEqual(bytes.subarray(512, 1536));
  await disk.write(1, new Uint8Array(512));
  expect(written).toEqual([512, 712, 912]);
});

const DEV_FULL = statSync('/dev/full', { throwIfNoEntry: false }) !== undefined;
test.skipIf(!DEV_FULL)(
  `a full disk of the host, as /dev/full plays it${DEV_FULL ? '' : ' (skipped: none)'}`,
  async () => {
    const disk = new RawImage(
      new HostFile(await open('/dev/full', 'r+'), { name: 'full', readOnly: false, size: 4096 }),
    );
    expect((await failure(disk.write(0, new Uint8Array(512)))).fault).toBe('no-space');
    await failure(disk.close()).catch(() => {});
  },
);

test.skipIf(process.platform === 'win32')("a file beyond the host's limit (ulimit -f) is the fault no-space", () => {
  const path = file(folder, 'limited.img', new Uint8Array(512 * 4));
  // The file has 2 KiB; 1 block of 1 KiB is the limit for what is written.
  const program = fileURLToPath(new URL('write-once.ts', import.meta.url));
  const { stdout, status } = spawnSync(
    'sh',
    ['-c', `ulimit -f 1; exec "$0" "$@"`, process.execPath, program, path, '3'],
    {
      encoding: 'utf8',
    },
  );
  expect({ stdout: stdout.trim(), status }).toEqual({ stdout: 'no-space', status: 0 });
});

test('a guest cannot make a probed raw image look like another format', async () => {
  const path = file(folder, 'probed.img', new Uint8Array(4096));
  const sector = new Uint8Array(512);
  sector.set([0x51, 0x46, 0x49, 0xfb, 0, 0, 0, 3]);
  const probed = await openImage(path);
  const error = await failure(probed.write(0, sector));
  expect(error.fault).toBe('read-only');
  expect(error.message).toContain('qcow2');
  await probed.write(1, sector);
  await probed.close();
  const chosen = await openImage(path, { format: 'raw' });
  await chosen.write(0, sector);
  await chosen.close();
});
