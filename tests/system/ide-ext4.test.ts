// An ext4 file system on an IDE disk, made and checked by the host's e2fsprogs: Linux writes files, syncs, and is shut
// down, cut off, or killed together with its machine.

import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { closeSync, copyFileSync, ftruncateSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { bootOptions, COMPLAINT, found } from './debian.ts';
import { inDirectory, Run, runToEnd } from './transvisor.ts';

const MEBIBYTE = 1 << 20;
const PATHS = { ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/sbin` };
/** What e2fsck adds up to its exit status. */
const FSCK_CORRECTED = 1;

const modules = ['ata_piix', 'sd_mod', 'crc32c_generic', 'ext4'];
const { reason, title, guest } = await found('linux-686', { modules });
const tools = spawnSync('mke2fs', ['-V'], { env: PATHS }).status === 0;
if (!tools && process.env.CI) throw new Error('e2fsprogs are missing');

/** An empty ext4 file system in a file of 64 MiB. */
function makeDisk(directory: string): string {
  const image = join(directory, 'disk.img');
  const file = openSync(image, 'w');
  ftruncateSync(file, 64 * MEBIBYTE);
  closeSync(file);
  execFileSync('mke2fs', ['-q', '-F', '-t', 'ext4', image], { env: PATHS });
  return image;
}

/** A full check that repairs nothing. */
function expectClean(image: string): void {
  const { status, stdout } = spawnSync('e2fsck', ['-f', '-n', image], { env: PATHS, encoding: 'utf8' });
  expect({ status, stdout }).toEqual({ status: 0, stdout: expect.stringContaining('files') });
}

/** Replays the journal; anything else to repair is a failure. */
function recover(image: string): void {
  const { status, stdout } = spawnSync('e2fsck', ['-p', image], { env: PATHS, encoding: 'utf8' });
  expect({ status: (status ?? -1) & ~FSCK_CORRECTED, stdout }).toEqual({ status: 0, stdout: expect.anything() });
  expectClean(image);
}

/** A file of the file system, read without Linux. */
function contents(image: string, path: string): Buffer {
  return execFileSync('debugfs', ['-R', `cat ${path}`, image], {
    env: PATHS,
    maxBuffer: 64 * MEBIBYTE,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
}

function md5(data: Uint8Array): string {
  return createHash('md5').update(data).digest('hex');
}

/** Mounts the disk; there is no other file system in this guest but the one in its memory. */
const MOUNT = 'mkdir -p /mnt && mount -t ext4 /dev/sda /mnt';

function options(engine: string, image: string, command: string): string[] {
  return [...bootOptions(guest, `tv_run="${command}"`), '--engine', engine, '--hda', image];
}

const lacking = tools ? '' : ' (skipped: needs e2fsprogs)';
describe.skipIf(reason !== '' || !tools)(`Debian ${title} with ext4 on an IDE disk${lacking}`, () => {
  test.each(['interpreter', 'translator'])('%s: what it wrote is there, and the file system is clean', (engine) =>
    inDirectory(async (directory) => {
      const image = makeDisk(directory);
      const command = [
        MOUNT,
        'dd if=/dev/urandom of=/mnt/random bs=1M count=16',
        'mkdir /mnt/many',
        'for k in $(seq 200); do echo $k $k > /mnt/many/$k; done',
        'rm /mnt/many/1*',
        'cp /bin/busybox /mnt/copy',
        'md5sum /mnt/random /mnt/copy',
        'umount /mnt && echo unmounted',
      ].join('; ');
      const { output, status } = await runToEnd(options(engine, image, command));
      expect(status).toBe(0);
      expect(output).toMatch(/^unmounted\r$/m);
      expect(COMPLAINT.exec(output)?.[0]).toBeUndefined();
      expectClean(image);
      for (const name of ['random', 'copy']) {
        expect(output).toContain(`${md5(contents(image, name))}  /mnt/${name}`);
      }
      expect(contents(image, 'many/200').toString()).toBe('200 200\n');
      expect(contents(image, 'many/100').toString()).toBe('');
    }),
  );

  test('cut off behind a sync: the journal brings everything back', () =>
    inDirectory(async (directory) => {
      const image = makeDisk(directory);
      const command = `${MOUNT}; dd if=/dev/urandom of=/mnt/random bs=1M count=8; md5sum /mnt/random; sync; poweroff -f`;
      const { output } = await runToEnd(options('translator', image, command));
      const sum = /^([0-9a-f]{32}) {2}\/mnt\/random/m.exec(output)?.[1];
      recover(image);
      expect(md5(contents(image, 'random'))).toBe(sum);
    }));

  test('killed while it writes: every file that was synced is there, and only the journal is replayed', () =>
    inDirectory(async (directory) => {
      const empty = makeDisk(directory);
      const moments = Number(process.env.TRANSVISOR_KILLS ?? 3);
      for (let moment = 0; moment < moments; moment++) {
        const image = join(directory, 'killed.img');
        copyFileSync(empty, image);
        const command = [
          MOUNT,
          // Each file says what it is and is synced before its number is told. Something else is written all the time.
          '(while true; do dd if=/dev/urandom of=/mnt/noise bs=64k count=40 conv=notrunc 2>/dev/null; done) & k=0',
          'while true; do k=$((k+1)); seq $k $((k+999)) > /mnt/f$k; sync /mnt/f$k; echo synced $k; done',
        ].join('; ');
        const run = new Run(options('translator', image, command));
        let last = 0;
        const files = 3 + Math.floor(Math.random() * 30);
        for (; last < files; last++) await run.waitFor(/synced \d+\r/);
        // Somewhere in the work for the next one.
        await new Promise((resolve) => setTimeout(resolve, Math.random() * 100));
        await run[Symbol.asyncDispose]();
        for (const [, told] of run.output.matchAll(/^synced (\d+)\r/gm)) last = Math.max(last, Number(told));
        recover(image);
        for (let k = 1; k <= last; k++) {
          const lines = Array.from({ length: 1000 }, (_, line) => `${k + line}\n`);
          expect(contents(image, `f${k}`).toString()).toBe(lines.join(''));
        }
      }
    }));
});
