import { execFileSync } from 'node:child_process';
import { lstatSync, mkdirSync, mkdtempSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { type CpioEntry, cpio } from '../../guests/debian/cpio.ts';

const directory = mkdtempSync(join(tmpdir(), 'transvisor-cpio-'));
afterAll(() => rmSync(directory, { recursive: true }));

const entries: CpioEntry[] = [
  { kind: 'directory', path: 'bin' },
  // Lengths 0 to 5 of names and of data reach every case of the padding to four bytes.
  ...[0, 1, 2, 3, 4, 5].map(
    (length): CpioEntry => ({
      kind: 'file',
      path: `bin/${'n'.repeat(length + 1)}`,
      data: new Uint8Array(length).fill(65 + length),
      mode: 0o751,
    }),
  ),
  { kind: 'link', path: 'bin/link', target: '../bin/nn' },
];

test('equal input gives equal bytes, in whole words, ending with the trailer', () => {
  const archive = cpio(entries);
  expect(archive).toEqual(cpio(entries));
  expect(archive.length % 4).toBe(0);
  expect(Buffer.from(archive.subarray(0, 6)).toString()).toBe('070701');
  expect(Buffer.from(archive).toString('latin1')).toMatch(/TRAILER!!!\0+$/);
});

test('a device node carries its type, mode and numbers', () => {
  const archive = Buffer.from(cpio([{ kind: 'character device', path: 'console', major: 5, minor: 1 }]));
  const field = (index: number) => parseInt(archive.toString('latin1', 6 + index * 8, 14 + index * 8), 16);
  expect(field(1)).toBe(0o020600);
  expect([field(9), field(10)]).toEqual([5, 1]);
});

const unpacker = findUnpacker();

test.skipIf(!unpacker)('cpio unpacks what was packed (skipped without a cpio tool)', () => {
  const [command, ...args] = unpacker!;
  const target = join(directory, 'out');
  mkdirSync(target);
  execFileSync(command!, [...args, '-i', '-d'], { cwd: target, input: cpio(entries), stdio: ['pipe', 'pipe', 'pipe'] });
  for (const entry of entries) {
    const path = join(target, entry.path);
    if (entry.kind === 'file') {
      expect(new Uint8Array(readFileSync(path))).toEqual(entry.data);
      expect(lstatSync(path).mode & 0o777).toBe(0o751);
    }
    if (entry.kind === 'link') expect(readlinkSync(path)).toBe(entry.target);
    if (entry.kind === 'directory') expect(lstatSync(path).isDirectory()).toBe(true);
  }
});

/** cpio itself or somebody's reimplementation of it. */
function findUnpacker(): string[] | undefined {
  for (const candidate of [['cpio'], ['bsdcpio'], ['busybox', 'cpio']]) {
    try {
      execFileSync(candidate[0]!, [...candidate.slice(1), '-i'], { input: cpio([]), stdio: ['pipe', 'pipe', 'pipe'] });
      return candidate;
    } catch {
      // Not on this machine.
    }
  }
  return undefined;
}
