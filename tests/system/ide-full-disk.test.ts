// The host's disk is full while Linux writes to an IDE disk: the image lies on a tmpfs that is smaller than it, in a mount
// namespace of its own.

import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { closeSync, ftruncateSync, mkdirSync, openSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { PROGRAM } from '../cli/program.ts';
import { bootOptions, found } from './debian.ts';
import { inDirectory } from './transvisor.ts';

const MEBIBYTE = 1 << 20;
const PATHS = { ...process.env, LC_ALL: 'C', PATH: `${process.env.PATH}:/usr/sbin:/sbin` };
/** What e2fsck adds up to its exit status. */
const FSCK_CORRECTED = 1;

const modules = ['ata_piix', 'sd_mod', 'crc32c_generic', 'ext4'];
const { reason, title, guest } = await found('linux-686', { modules });
const NAMESPACE = ['--user', '--map-root-user', '--mount', 'sh', '-c'] as const;
const able =
  spawnSync('unshare', [...NAMESPACE, 'mount -t tmpfs none /mnt && mke2fs -V && debugfs -V'], { env: PATHS }).status ===
  0;
const lacking = able ? '' : ' (skipped: needs unshare, user namespaces and e2fsprogs)';

/** Mounts, copies the image there, runs the program that $2 and the rest are, and brings the image back. */
const IN_NAMESPACE = `
set -e
mount -t tmpfs -o size=12m none "$1/host"
cp --sparse=always "$1/disk.img" "$1/host/disk.img"
directory=$1
shift
status=0
"$@" || status=$?
cp --sparse=always "$directory/host/disk.img" "$directory/after.img"
exit $status
`;

test.skipIf(reason !== '' || !able)(
  `Debian ${title} on a full disk of the host is told of I/O errors, and keeps what it has flushed${lacking}`,
  () =>
    inDirectory(async (directory) => {
      const image = join(directory, 'disk.img');
      const file = openSync(image, 'w');
      ftruncateSync(file, 64 * MEBIBYTE);
      closeSync(file);
      execFileSync('mke2fs', ['-q', '-F', '-t', 'ext4', '-J', 'size=4', image], { env: PATHS });
      mkdirSync(join(directory, 'host'));
      const script = join(directory, 'run.sh');
      writeFileSync(script, IN_NAMESPACE);
      const command = [
        'mkdir -p /mnt && mount -t ext4 /dev/sda /mnt',
        'dd if=/dev/urandom of=/mnt/kept bs=1M count=2 conv=fsync 2>/dev/null && md5sum /mnt/kept',
        'dd if=/dev/zero of=/mnt/much bs=1M count=16 conv=fsync || echo much failed',
        'echo 3 > /proc/sys/vm/drop_caches',
        'md5sum /mnt/kept && echo done',
      ].join('; ');
      const disk = join(directory, 'host', 'disk.img');
      const args = [...bootOptions(guest, `tv_run="${command}"`), '--hda', disk, '--timeout', '100'];
      const run = spawnSync(
        'unshare',
        [...NAMESPACE, 'exec sh "$0" "$@"', script, directory, process.execPath, ...PROGRAM, 'run', ...args],
        { env: PATHS, encoding: 'latin1', maxBuffer: 1 << 26 },
      );
      expect(run.status).toBe(0);
      // The guest knows, and so does its program; what had been flushed can be read.
      expect(run.stdout).toMatch(/status: { DRDY DF ERR }/);
      expect(run.stdout).toMatch(/I\/O error, dev sda, sector \d+ op 0x1:\(WRITE\)/);
      expect(run.stdout).toMatch(/^much failed\r$/m);
      const sums = [...run.stdout.matchAll(/^([0-9a-f]{32}) {2}\/mnt\/kept\r$/gm)].map(([, sum]) => sum);
      expect(sums).toHaveLength(2);
      expect(sums[1]).toBe(sums[0]);
      // The user is told once.
      expect(run.stderr).toBe(`transvisor: ide1 master: ${disk}: the host's disk is full; make room\n`);
      // And so it is in the image, after the journal, without another repair than to count what is free.
      const after = join(directory, 'after.img');
      const check = spawnSync('e2fsck', ['-p', after], { env: PATHS, encoding: 'utf8' });
      expect({ status: (check.status ?? -1) & ~FSCK_CORRECTED, output: check.stdout }).toMatchObject({ status: 0 });
      const kept = execFileSync('debugfs', ['-R', 'cat kept', after], {
        env: PATHS,
        maxBuffer: 4 * MEBIBYTE,
        stdio: 'pipe',
      });
      expect(createHash('md5').update(kept).digest('hex')).toBe(sums[0]);
    }),
);
