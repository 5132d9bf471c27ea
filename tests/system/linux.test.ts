// Debian's unmodified i386 kernels, as a user runs them: from the first instruction to a shell on the serial console,
// which computes what this file knows the answer to, and to power-off.

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { bootOptions, COMPLAINT, found } from './debian.ts';
import { Run } from './transvisor.ts';

const kernels = [await found('linux-686'), await found('linux-686-pae')];

for (const { reason, title, guest } of kernels) {
  describe.skipIf(reason)(`Debian ${title}`, () => {
    test('boots to a shell, runs what is typed, powers off', async () => {
      await using run = new Run(bootOptions(guest), 'pipe');
      const shell = async (line: string): Promise<string> => {
        run.type(`${line}\n`);
        // The terminal's echo of the line, the answer, the next prompt.
        const [, answer = ''] = await run.waitFor(/^.*\r\n([\s\S]*?)guest:\/root# /);
        return answer.replaceAll('\r\n', '\n');
      };
      await run.waitFor(/guest:\/root# /);
      // The shell's editor breaks lines at 80 columns, unless it knows better.
      await shell('stty columns 1000');

      expect(await shell('uname -a')).toMatch(new RegExp(`^Linux \\S+ ${guest.version} .* i686 GNU/Linux\n$`));

      const cpu = await shell('cat /proc/cpuinfo');
      expect(cpu).toMatch(/^vendor_id\t: GenuineIntel$/m);
      expect(cpu).toMatch(/^fpu_exception\t: yes$/m);
      const flags = /^flags\t+: (.*)$/m.exec(cpu)?.[1]?.split(' ');
      expect(flags).toEqual(
        expect.arrayContaining('fpu pse tsc msr pae cx8 sep pge cmov mmx fxsr sse sse2 pni'.split(' ')),
      );

      expect(await shell('echo $((6 * 7)) $((-7 / 2)) $((1 << 40)) $((0x7fffffff * 0x7fffffff % 1000003))')).toBe(
        `42 -3 ${2 ** 40} ${(0x7fffffffn * 0x7fffffffn) % 1000003n}\n`,
      );
      expect(await shell('i=0; n=0; while [ $i -lt 2000 ]; do i=$((i + 1)); n=$((n + i * i)); done; echo $n')).toBe(
        `${(2000 * 2001 * 4001) / 6}\n`,
      );
      // x87: awk computes in doubles, and so does JavaScript.
      expect(
        await shell(
          `awk 'BEGIN { for (k = 1; k < 500; k++) s += 1 / (k * k); printf "%.15g %.17g %d\\n", s, 355 / 113, 1e9 / 7 }'`,
        ),
      ).toBe(`${inverseSquares(500).toPrecision(15)} ${(355 / 113).toPrecision(17)} ${Math.trunc(1e9 / 7)}\n`);
      // The initramfs arrived whole, and integer code over megabytes is right: the digest is Node's.
      expect(await shell('sha256sum < /bin/busybox; gzip < /bin/busybox | gunzip | md5sum')).toBe(
        `${digest('sha256', busyboxIn(guest.initrd))}  -\n${digest('md5', busyboxIn(guest.initrd))}  -\n`,
      );
      const names = (await shell('ls /')).split(/\s+/);
      expect(names).toEqual(expect.arrayContaining(['bin', 'dev', 'init', 'proc', 'sys', 'tmp']));
      // Children that end in each way: by exit, by a signal, after a sleep.
      const children = '(exit 7); echo $?; sh -c "kill -9 \\$\\$"; echo $?; (sleep 1; exit 3) & wait $!; echo $?';
      expect(await shell(`sh -c '${children}'`)).toMatch(/^7\n(Killed\n)?137\n3\n$/);

      run.type('poweroff -f\n');
      const { status, output, errors } = await run.ended;
      expect(output).toMatch(/reboot: Power down\r\n$/);
      expect(errors).toBe('');
      expect(status).toBe(0);
      expect(COMPLAINT.exec(output)?.[0]).toBeUndefined();
    });
  });
}

function inverseSquares(end: number): number {
  let sum = 0;
  for (let k = 1; k < end; k++) sum += 1 / (k * k);
  return sum;
}

function digest(algorithm: 'md5' | 'sha256', data: Uint8Array): string {
  return createHash(algorithm).update(data).digest('hex');
}

/** The file `bin/busybox` of the initramfs: a newc archive (see guests/debian/cpio.ts). */
function busyboxIn(initrd: string): Uint8Array {
  const archive = gunzipSync(readFileSync(initrd));
  for (let at = 0; ; ) {
    const field = (index: number) =>
      Number.parseInt(archive.toString('latin1', at + 6 + 8 * index, at + 14 + 8 * index), 16);
    const [size, nameBytes] = [field(6), field(11)];
    const data = (at + 110 + nameBytes + 3) & ~3;
    if (archive.toString('latin1', at + 110, at + 110 + nameBytes - 1) === 'bin/busybox') {
      return archive.subarray(data, data + size);
    }
    at = (data + size + 3) & ~3;
  }
}
