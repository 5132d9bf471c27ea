// Help for tests of images: a folder that goes away, patterns, programs of the host.

import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { type BlockDevice, StorageError } from '../../src/storage/index.ts';

/** A folder for the files of one test file. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'transvisor-storage-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Writes a file and gives its path. */
export function file(folder: string, name: string, contents: Uint8Array | string): string {
  const path = join(folder, name);
  writeFileSync(path, contents);
  return path;
}

/** Bytes that tell where they are from: each 32-bit word mixes its index and a seed. */
export function pattern(bytes: number, seed = 1): Uint8Array {
  const words = new Uint32Array(Math.ceil(bytes / 4));
  for (let i = 0; i < words.length; i++) words[i] = Math.imul(i + 1, 0x9e3779b1) ^ Math.imul(seed, 0x85ebca6b);
  return new Uint8Array(words.buffer, 0, bytes);
}

/** Reads `count` sectors. */
export async function read(device: BlockDevice, sector: number, count = 1): Promise<Uint8Array> {
  const into = new Uint8Array(512 * count).fill(0xee);
  await device.read(sector, into);
  return into;
}

/** The StorageError of a promise that must fail with one, whose message must be one line. */
export async function failure(promise: Promise<unknown>): Promise<StorageError> {
  const error = await promise.then(
    () => new Error('it did not fail'),
    (e: unknown) => e,
  );
  if (!(error instanceof StorageError)) throw error;
  if (/[\n\r]/.test(error.message)) throw new Error(`not one line: ${error.message}`);
  return error;
}

const has = (program: string): boolean => spawnSync(program, ['--version'], { stdio: 'ignore' }).error === undefined;

export const HAS_QEMU_IMG = has('qemu-img');
export const HAS_QEMU_IO = has('qemu-io');
export const HAS_FLOCK = has('flock');

/** What is added to the name of a test that is skipped where qemu-img is missing. */
export const NEEDS_QEMU_IMG = HAS_QEMU_IMG ? '' : ' (skipped: qemu-img is not installed)';

/** Runs qemu-img; throws with its output when it fails. */
export const qemuImg = (...words: string[]): string =>
  execFileSync('qemu-img', words, { encoding: 'utf8', stdio: 'pipe' });
