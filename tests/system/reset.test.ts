// A guest that resets its machine starts again, in each of the ways that a PC has.

import { describe, expect, test } from 'vitest';
import { guest, out8 } from '../cli/guests.ts';
import { Folder } from '../cli/program.ts';
import { bootOptions, found } from './debian.ts';
import { runToEnd } from './transvisor.ts';

/** Bytes of a dword, lowest first. */
const dword = (value: number): number[] => [0, 8, 16, 24].map((shift) => (value >>> shift) & 255);

describe('a small guest', () => {
  // RAM keeps its contents: the second time, the counter at 200000h is 2.
  const again = (reset: readonly number[]): Uint8Array =>
    guest(
      [0xff, 0x05, ...dword(0x200000)], // inc dword [200000h]
      [0x83, 0x3d, ...dword(0x200000), 2], // cmp dword [200000h], 2
      [0x74, reset.length + 2], // je second
      reset,
      [0xeb, 0xfe], // jmp $
      out8(0xf4, 21), // second:
    );
  const STATUS = (21 << 1) | 1;

  const ways: readonly (readonly [string, readonly number[]])[] = [
    ['the keyboard controller: FEh to port 64h', out8(0x64, 0xfe)],
    ['port 92h, bit 0', out8(0x92, 0x01)],
    ['port CF9h: 02h, then 06h', [...out8(0xcf9, 0x02), ...out8(0xcf9, 0x06)]],
  ];
  test.each(ways)('resets by %s', async (_, code) => {
    const folder = new Folder();
    const kernel = folder.file('kernel', again(code));
    const { status, stats } = await runToEnd(['-m', '4M', '--debug-exit', '--kernel', kernel]);
    folder.remove();
    expect(status).toBe(STATUS);
    expect(stats.resets).toBe(1);
  });
});

const linux = await found('linux-686');

describe.skipIf(linux.reason)(`Debian ${linux.title}`, () => {
  test('reboot -f starts the kernel again', async () => {
    const until = ['--until', 'reboot: Restarting system[^]*Linux version'];
    const options = bootOptions(linux.guest, 'tv_run=true tv_quit=reboot');
    const { status, output, stats } = await runToEnd([...options, ...until]);
    expect(status).toBe(0);
    expect(stats.resets).toBe(1);
    expect(output.match(/Linux version/g)?.length).toBe(2);
  });
});
