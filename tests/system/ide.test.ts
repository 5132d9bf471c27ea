// An IDE disk as Debian's ata_piix driver has it: partitions, reads and writes by DMA, and what is in the image
// afterwards, which this file reads by itself.

import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { bootOptions, COMPLAINT, found } from './debian.ts';
import { type Ended, inDirectory, runToEnd, type Stats } from './transvisor.ts';

const { reason, title, guest } = await found('linux-686', { modules: ['ata_piix', 'sd_mod'] });

const MEBIBYTE = 1 << 20;
const SECTOR = 512;

/** Bytes that no two sectors share. */
function noise(bytes: number): Buffer {
  const data = Buffer.alloc(bytes);
  let state = 0x2545f491;
  for (let at = 0; at < bytes; at += 4) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    data.writeInt32LE(state, at);
  }
  return data;
}

/** A disk with an MBR and one partition of type 83h. */
function partitioned(bytes: number, first: number, sectors: number): Buffer {
  const disk = noise(bytes);
  disk.fill(0, 0, SECTOR);
  disk.set([0, 0, 2, 0, 0x83, 0, 0, 0], 446);
  disk.writeUInt32LE(first, 454);
  disk.writeUInt32LE(sectors, 458);
  disk.writeUInt16LE(0xaa55, 510);
  return disk;
}

function md5(data: Uint8Array): string {
  return createHash('md5').update(data).digest('hex');
}

async function boot(engine: string, disks: readonly string[], command: string, extra: readonly string[] = []) {
  const args = [...bootOptions(guest, `tv_run="${command}"`), '--engine', engine, ...disks, ...extra];
  const ended: Ended & { readonly stats: Stats } = await runToEnd(args);
  expect(COMPLAINT.exec(ended.output)?.[0]).toBeUndefined();
  expect(ended.output).not.toMatch(/ata\d.*(?:exception|failed|lost interrupt|error)|I\/O error/);
  return ended;
}

describe.skipIf(reason)(`Debian ${title} with an IDE disk`, () => {
  test.each(['interpreter', 'translator'])(
    '%s: finds the partition, reads and writes by DMA, what it synced is in the image',
    (engine) =>
      inDirectory(async (directory) => {
        const image = join(directory, 'disk.img');
        const before = partitioned(32 * MEBIBYTE, 2048, 40960);
        writeFileSync(image, before);
        const command = [
          'cat /proc/partitions',
          'md5sum /dev/sda /dev/sda1',
          // 3 MiB from the first mebibyte of the partition to its tenth, and a sector that straddles no page.
          'dd if=/dev/sda1 of=/dev/sda1 bs=64k count=48 skip=16 seek=160 conv=fsync',
          'dd if=/dev/sda1 of=/dev/sda1 bs=512 count=1 skip=3 seek=40001 conv=fsync',
          'sync',
          'grep ata_piix /proc/interrupts',
        ].join('; ');
        const { output, status, stats } = await boot(engine, ['--hda', image], command);
        expect(status).toBe(0);
        expect(output).toMatch(/ata1\.00: ATA-6: Transvisor disk, 1\.0, max UDMA\/100/);
        expect(output).toMatch(/ata1: PATA max MWDMA2 cmd 0x1f0 ctl 0x3f6 bmdma 0x[0-9a-f]+ irq 14/);
        expect(output).toMatch(/8 +0 +32768 sda\r\n +8 +1 +20480 sda1\r\n/);
        const partition = before.subarray(2048 * SECTOR, (2048 + 40960) * SECTOR);
        expect(output).toContain(`${md5(before)}  /dev/sda\r\n`);
        expect(output).toContain(`${md5(partition)}  /dev/sda1\r\n`);
        // 32 MiB in pieces of at most 128 KiB: an interrupt each.
        expect(stats.interrupts.byLine[14]).toBeGreaterThan(256);
        // The CD-ROM drive, which is empty, is asked what it is.
        expect(stats.interrupts.byLine[15] ?? 0).toBeLessThan(32);

        const expected = Buffer.from(before);
        const start = 2048 * SECTOR;
        expected.copy(expected, start + 10 * MEBIBYTE, start + MEBIBYTE, start + 4 * MEBIBYTE);
        expected.copy(expected, start + 40001 * SECTOR, start + 3 * SECTOR, start + 4 * SECTOR);
        expect(md5(readFileSync(image))).toBe(md5(expected));
      }),
  );

  test('four disks, each on its place', () =>
    inDirectory(async (directory) => {
      const options = ['hda', 'hdb', 'hdc', 'hdd'].flatMap((name, k) => {
        const path = join(directory, name);
        writeFileSync(path, Buffer.alloc((k + 1) * MEBIBYTE, k + 1));
        return [`--${name}`, path];
      });
      const command = 'for d in a b c d; do dd if=/dev/sd$d bs=1M | tail -c 2 | od -t x1; done; cat /proc/partitions';
      const { output } = await boot('translator', options, command);
      for (const [k, disk] of ['sda', 'sdb', 'sdc', 'sdd'].entries()) {
        expect(output).toMatch(new RegExp(`8 +${16 * k} +${1024 * (k + 1)} ${disk}\r\n`));
        expect(output).toContain(`0000000 0${k + 1} 0${k + 1}`);
      }
    }));

  test('on the virtual clock, two runs are one', () =>
    inDirectory(async (directory) => {
      const image = join(directory, 'disk.img');
      writeFileSync(image, noise(8 * MEBIBYTE));
      const command = 'dd if=/dev/sda of=/dev/sda bs=64k count=16 seek=64 conv=fsync; cat /proc/uptime /proc/diskstats';
      const run = () => boot('translator', ['--hda', image, '--snapshot'], command, ['--clock', 'virtual']);
      const first = await run();
      const second = await run();
      expect(second.output).toBe(first.output);
      expect(second.stats.instructions.retired).toBe(first.stats.instructions.retired);
      expect(second.stats.interrupts).toEqual(first.stats.interrupts);
    }));
});
