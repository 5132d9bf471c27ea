// Crashes. The host loses power: of what was written since the last flush of the file any part may be there, in any order,
// torn at sectors. The process is killed: everything that it wrote is there, up to some moment. In both cases what the guest
// flushed is in the image, the rest is either old or new, and qemu-img finds leaks at worst.

import { spawn, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type BlockDevice,
  type ByteFile,
  createQcow2,
  MemoryFile,
  Qcow2Image,
  RawImage,
} from '../../src/storage/index.ts';
import { createImage, openImage } from '../../src/storage/node/index.ts';
import { file, HAS_QEMU_IMG, NEEDS_QEMU_IMG, pattern, qemuImg, read, temporaryFolder } from './files.ts';

const folder = temporaryFolder();
const SECTORS = 600;

/** A file on a host that may lose power: knows what is durable, and what is written and may or may not become so. */
class UnsafeFile implements ByteFile {
  readonly name = 'unsafe.qcow2';
  readonly readOnly = false;
  readonly #now: MemoryFile;
  #durable: Uint8Array;
  #pending: { at: number; bytes: Uint8Array }[] = [];
  /** Requests left until the power goes. */
  #left: number;

  constructor(contents: Uint8Array, requestsLeft: number) {
    this.#now = new MemoryFile(contents.slice());
    this.#durable = contents;
    this.#left = requestsLeft;
  }

  get size(): number {
    return this.#now.size;
  }

  read(at: number, into: Uint8Array): Promise<void> {
    return this.#now.read(at, into);
  }

  async write(at: number, from: Uint8Array): Promise<void> {
    const bytes = from.slice();
    this.#pending.push({ at, bytes });
    if (this.#left-- <= 0) throw POWER_LOST;
    await this.#now.write(at, bytes);
  }

  async flush(): Promise<void> {
    if (this.#left-- <= 0) throw POWER_LOST;
    this.#durable = this.#now.bytes.slice();
    this.#pending = [];
  }

  async close(): Promise<void> {}

  get lost(): boolean {
    return this.#left < 0;
  }

  /** What the disk holds when the power is back. `keep` decides for each sector of each write, the oldest being 0. */
  afterCrash(keep: (write: number, writes: number) => boolean): Uint8Array {
    const disk = new MemoryFile(this.#durable.slice());
    for (const [i, { at, bytes }] of this.#pending.entries()) {
      for (let from = 0; from < bytes.length; ) {
        const to = Math.min(bytes.length, from + 512 - ((at + from) % 512));
        if (keep(i, this.#pending.length)) disk.write(at + from, bytes.subarray(from, to));
        from = to;
      }
    }
    return disk.bytes;
  }
}

const POWER_LOST = new Error('the power is lost');

const step = fc.record({
  sector: fc.nat(SECTORS - 1),
  count: fc.integer({ min: 1, max: 40 }),
  flush: fc.integer({ min: 0, max: 3 }).map((n) => n === 0),
});

const crash = fc.record({
  steps: fc.array(step, { minLength: 1, maxLength: 25 }),
  requests: fc.nat(60),
  clusterBytes: fc.constantFrom(512, 4096, 65536),
  backed: fc.boolean(),
  /** Of 8 pending sectors so many get through. */
  keep: fc.integer({ min: 0, max: 8 }),
  seed: fc.nat(),
});

/** Throws when qemu-img finds errors (status 2). Leaks (3) are allowed. */
function consistent(path: string): void {
  const { status, stdout } = spawnSync('qemu-img', ['check', path], { encoding: 'utf8' });
  expect([0, 3], stdout).toContain(status);
}

/** A sector that names its place and its version. */
function stamp(sector: number, version: number): Uint8Array {
  return pattern(512, sector * 1000 + version + 1);
}

/** Writes and flushes until the power goes; `versions` tells for each sector what it may hold: the flushed version and newer. */
async function work(
  disk: BlockDevice,
  steps: readonly { sector: number; count: number; flush: boolean }[],
): Promise<number[][]> {
  const versions: number[][] = Array.from({ length: SECTORS }, () => [0]);
  try {
    for (const [i, { sector, count, flush }] of steps.entries()) {
      const n = Math.min(count, SECTORS - sector);
      const bytes = new Uint8Array(n * 512);
      for (let k = 0; k < n; k++) {
        bytes.set(stamp(sector + k, i + 1), k * 512);
        versions[sector + k]?.push(i + 1);
      }
      await disk.write(sector, bytes);
      if (!flush) continue;
      await disk.flush();
      for (const possible of versions) possible.splice(0, possible.length - 1);
    }
  } catch (error) {
    if (error !== POWER_LOST) throw error;
  }
  return versions;
}

async function expectOneOf(disk: BlockDevice, versions: readonly number[][], original: Uint8Array): Promise<void> {
  const all = await read(disk, 0, SECTORS);
  for (const [sector, possible] of versions.entries()) {
    const found = all.subarray(sector * 512, (sector + 1) * 512);
    const holds = (version: number): boolean =>
      Buffer.compare(found, version ? stamp(sector, version) : original.subarray(sector * 512, (sector + 1) * 512)) ===
      0;
    if (!possible.some(holds)) throw new Error(`sector ${sector} holds none of its versions ${possible}`);
  }
}

describe.skipIf(!HAS_QEMU_IMG)(`the power fails${NEEDS_QEMU_IMG}`, () => {
  test('what was flushed is there, nothing else changed, and the image is consistent', () =>
    fc.assert(
      fc.asyncProperty(crash, async ({ steps, requests, clusterBytes, backed, keep, seed }) => {
        const original = backed ? pattern(SECTORS * 512, 77) : new Uint8Array(SECTORS * 512);
        const openBacking = (): Promise<BlockDevice> =>
          Promise.resolve(new RawImage(new MemoryFile(original, { readOnly: true })));
        const empty = new MemoryFile(new Uint8Array(0));
        const backing = backed ? ({ name: file(folder, 'base.raw', original), format: 'raw' } as const) : undefined;
        await createQcow2(empty, { size: SECTORS * 512, clusterBytes, backing });

        const unsafe = new UnsafeFile(empty.bytes.slice(), requests);
        const versions = await work(await Qcow2Image.open(unsafe, { openBacking }), steps);

        let random = seed;
        const after = unsafe.afterCrash(() => {
          random = (Math.imul(random, 1103515245) + 12345) >>> 0;
          return (random >>> 16) % 8 < keep;
        });
        const path = file(folder, 'crashed.qcow2', after);
        consistent(path);
        const survivor = await Qcow2Image.open(new MemoryFile(after), { openBacking });
        await expectOneOf(survivor, versions, original);
        // What is there can be worked with.
        await survivor.write(0, pattern(SECTORS * 512, 5));
        await survivor.flush();
        expect(Buffer.compare(await read(survivor, 0, SECTORS), pattern(SECTORS * 512, 5))).toBe(0);
      }),
      { numRuns: 80, seed: 8 },
    ));

  /** Few and small, so that every moment can be tried: three flushes, a table of refcounts that grows. */
  const STEPS = [
    { sector: 3, count: 9, flush: false },
    { sector: 300, count: 1, flush: true },
    { sector: 5, count: 30, flush: false },
    { sector: 590, count: 10, flush: true },
    { sector: 0, count: 300, flush: true },
  ];

  /** What gets through of the writes that were not flushed: the worst are those that let the newest pass alone. */
  const KEEP: Readonly<Record<string, (write: number, writes: number) => boolean>> = {
    'the newest only': (write, writes) => write === writes - 1,
    'all but the oldest': (write) => write > 0,
    'the newer half': (write, writes) => write >= writes / 2,
    'every other one': (write) => write % 2 === 0,
    none: () => false,
  };

  test.each(['new', 'with an internal snapshot and compressed clusters'])('at every moment, %s', async (kind) => {
    const isNew = kind === 'new';
    const original = isNew
      ? new Uint8Array(SECTORS * 512)
      : pattern(SECTORS * 512, 78).map((b, i) => (i % 4096 < 2048 ? 1 : b));
    const source = join(folder, 'source.qcow2');
    if (isNew) {
      // Its first refcount table counts 2 MiB, of which not much is left.
      qemuImg('create', '-f', 'qcow2', '-o', 'cluster_size=512,refcount_bits=64', source, '4M');
      const disk = await openImage(source);
      await disk.write(2048, pattern(1850 << 10));
      await disk.close();
    } else {
      qemuImg(
        'convert',
        '-c',
        '-f',
        'raw',
        '-O',
        'qcow2',
        '-o',
        'cluster_size=4k',
        file(folder, 'source.raw', original),
        source,
      );
      qemuImg('snapshot', '-c', 'before', source);
    }
    const image = new Uint8Array(readFileSync(source));
    const tableAt = Buffer.from(image).readBigUInt64BE(48);
    let crashes = 0;
    for (let requests = 0; ; requests++) {
      const unsafe = new UnsafeFile(image, requests);
      const versions = await work(await Qcow2Image.open(unsafe), STEPS);
      for (const [name, keep] of Object.entries(KEEP)) {
        const after = unsafe.afterCrash(keep);
        const path = file(folder, 'crashed.qcow2', after);
        try {
          consistent(path);
          await expectOneOf(await Qcow2Image.open(new MemoryFile(after)), versions, original);
        } catch (error) {
          throw new Error(`power lost at request ${requests}, ${name} got through`, { cause: error });
        }
      }
      if (!isNew) {
        const was = join(folder, 'was.raw');
        qemuImg('convert', '-l', 'snapshot.name=before', '-O', 'raw', join(folder, 'crashed.qcow2'), was);
        expect(Buffer.compare(readFileSync(was), original)).toBe(0);
      }
      if (!unsafe.lost) {
        const moved = Buffer.from(unsafe.afterCrash(() => true)).readBigUInt64BE(48) !== tableAt;
        expect(moved).toBe(isNew);
        break;
      }
      crashes++;
    }
    expect(crashes).toBeGreaterThan(15);
  });
});

/** Runs a writer in a process of its own, kills it after it has flushed so often, and gives the last round it flushed. */
async function killed(path: string, flushes: number): Promise<number> {
  const program = fileURLToPath(new URL('write-rounds.ts', import.meta.url));
  const child = spawn(process.execPath, [program, path, String(SECTORS)], { stdio: ['ignore', 'pipe', 'inherit'] });
  let last = 0;
  for await (const line of createInterface({ input: child.stdout })) {
    last = Number(line);
    // Lines may come in bunches: the kill is at whatever the writer does by then.
    if (last >= flushes) child.kill('SIGKILL');
  }
  return last;
}

test.each(['raw', 'qcow2'])('killed while it writes, %s: every flushed round is there', async (format) => {
  for (let run = 0; run < 12; run++) {
    const path = join(folder, `killed-${run}.${format}`);
    if (format === 'raw') file(folder, `killed-${run}.raw`, new Uint8Array(SECTORS * 512));
    else await createImage(path, { size: SECTORS * 512, clusterBytes: run % 2 ? 512 : 65536 });
    const flushed = await killed(path, 1 + run * 2);
    if (format === 'qcow2' && HAS_QEMU_IMG) {
      consistent(path);
    }
    const disk = await openImage(path);
    const rounds = new Uint32Array((await read(disk, 0, SECTORS)).buffer);
    // Round r writes its number to the sectors that writtenIn tells, so each holds the last round that wrote it, or a later one.
    for (let sector = 0; sector < SECTORS; sector++) {
      let expected = 0;
      for (let round = 1; round <= flushed; round++) if ((sector * 7 + round * 13) % 5 === 0) expected = round;
      expect(rounds[sector * 128]).toBeGreaterThanOrEqual(expected);
    }
    await disk.close();
  }
});
