// An IDE disk whose driver may not use DMA: every word goes through the data register, by REP INSW and REP OUTSW.

import { createHash, randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { bootOptions, COMPLAINT, found } from './debian.ts';
import { inDirectory, runToEnd } from './transvisor.ts';

const { reason, title, guest } = await found('linux-686', { modules: ['ata_piix', 'sd_mod'] });

const MEBIBYTE = 1 << 20;

function md5(data: Uint8Array): string {
  return createHash('md5').update(data).digest('hex');
}

describe.skipIf(reason)(`Debian ${title} with an IDE disk without DMA`, () => {
  test.each(['interpreter', 'translator'])('%s: reads and writes in blocks of READ and WRITE MULTIPLE', (engine) =>
    inDirectory(async (directory) => {
      const image = join(directory, 'disk.img');
      const before = randomBytes(8 * MEBIBYTE);
      writeFileSync(image, before);
      const command = [
        'rmmod ata_piix libata',
        'cd /lib/modules',
        'insmod $(find . -name libata.ko) dma=0',
        'insmod $(find . -name ata_piix.ko)',
        'while ! test -b /dev/sda; do usleep 10000; done',
        'md5sum /dev/sda',
        'dd if=/dev/sda of=/dev/sda bs=64k count=32 seek=64 conv=fsync',
        'cat /sys/class/ata_device/dev1.0/xfer_mode',
      ].join('; ');
      const args = [...bootOptions(guest, `tv_run="${command}"`), '--engine', engine, '--hda', image];
      const { output, status, stats } = await runToEnd(args);
      expect(status).toBe(0);
      expect(COMPLAINT.exec(output)?.[0]).toBeUndefined();
      expect(output).not.toMatch(/ata\d.*(?:exception|failed|lost interrupt|error)|I\/O error/);
      expect(output).toMatch(/^XFER_PIO_4\r$/m);
      expect(output).toContain(`${md5(before)}  /dev/sda\r\n`);
      // 8 MiB read and 2 MiB written, an interrupt for each 16 sectors.
      expect(stats.interrupts.byLine[14]).toBeGreaterThan((10 * MEBIBYTE) / 8192);
      const expected = Buffer.from(before);
      expected.copy(expected, 4 * MEBIBYTE, 0, 2 * MEBIBYTE);
      expect(md5(readFileSync(image))).toBe(md5(expected));
    }),
  );
});
