// How a guest stops or resets its machine. Each guest here is a Multiboot kernel of a few instructions.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { Builder } from '../../src/firmware/bytes.ts';
import { bootOptions, found } from './debian.ts';
import { type Ended, inDirectory, runToEnd, type Stats } from './transvisor.ts';

const { reason, title, guest } = await found('linux-686');

const LOAD = 0x100000;
const HEADER_BYTES = 32;
/** Multiboot: the header has the addresses of a flat image. */
const ADDRESS_FIELDS = 0x10000;

/** Runs flat 32-bit code with `args`; interrupts are off and there is no IDT. */
function runCode(code: readonly number[], ...args: string[]): Promise<Ended & { readonly stats: Stats }> {
  const end = LOAD + HEADER_BYTES + code.length;
  const image = new Builder()
    .u32(0x1badb002, ADDRESS_FIELDS, -(0x1badb002 + ADDRESS_FIELDS))
    .u32(LOAD, LOAD, end, end, LOAD + HEADER_BYTES)
    .u8(...code)
    .finish();
  return inDirectory((directory) => {
    const kernel = join(directory, 'kernel');
    writeFileSync(kernel, image);
    return runToEnd(['-m', '4M', '--kernel', kernel, ...args]);
  });
}

/** Bytes of a dword, lowest first. */
const dword = (value: number): number[] => [0, 8, 16, 24].map((shift) => (value >>> shift) & 255);

describe('a guest that cannot go on', () => {
  // lidt [end]; int3; end: a limit and a base of zero
  const TRIPLE_FAULT = [0x0f, 0x01, 0x1d, ...dword(LOAD + HEADER_BYTES + 8), 0xcc, 0, 0, 0, 0, 0, 0];

  test('a triple fault: one line, status 126', async () => {
    const { status, output, errors, stats } = await runCode(TRIPLE_FAULT);
    expect(status).toBe(126);
    expect(stats.exit.reason).toBe('triple-fault');
    expect(errors).toMatch(/^transvisor: [^\n]+\n$/);
    expect(output).toBe('');
  });

  test('halted for ever, with interrupts off: one line that says where, status 126', async () => {
    const { status, errors, stats } = await runCode([0xfa, 0xf4]); // cli; hlt
    expect(status).toBe(126);
    expect(stats.exit.reason).toBe('halted-for-ever');
    expect(errors).toMatch(/^transvisor: [^\n]*00100022h[^\n]*\n$/);
    expect(stats.instructions.retired).toBe(2);
  });

  test('the same on the virtual clock and under the reference', async () => {
    const { status, stats } = await runCode([0xfa, 0xf4], '--clock', 'virtual', '--engine', 'reference');
    expect(status).toBe(126);
    expect(stats.instructions.retired).toBe(2);
  });
});

describe('a guest that resets the machine starts again', () => {
  // RAM keeps its contents: the second time, the counter at 200000h is 2.
  const again = (...reset: number[]): number[] => [
    ...[0xff, 0x05, ...dword(0x200000)], // inc dword [200000h]
    ...[0x83, 0x3d, ...dword(0x200000), 2], // cmp dword [200000h], 2
    ...[0x74, reset.length + 2], // je second
    ...reset,
    ...[0xeb, 0xfe], // jmp $
    ...[0xb0, 21, 0xe6, 0xf4], // second: mov al, 21; out 0F4h, al
  ];
  const STATUS = (21 << 1) | 1;

  const ways: readonly (readonly [string, readonly number[]])[] = [
    ['the keyboard controller: FEh to port 64h', [0xb0, 0xfe, 0xe6, 0x64]],
    ['port 92h, bit 0', [0xb0, 0x01, 0xe6, 0x92]],
    ['port CF9h: 02h, then 06h', [0x66, 0xba, 0xf9, 0x0c, 0xb0, 0x02, 0xee, 0xb0, 0x06, 0xee]],
  ];
  for (const [name, code] of ways) {
    test(name, async () => {
      const { status, stats } = await runCode(again(...code), '--debug-exit');
      expect(status).toBe(STATUS);
      expect(stats.resets).toBe(1);
    });
  }

  test.skipIf(reason)(`Debian ${title}: reboot -f`, async () => {
    const until = ['--until', 'reboot: Restarting system[^]*Linux version'];
    const { status, output, stats } = await runToEnd([...bootOptions(guest, 'tv_run=true tv_quit=reboot'), ...until]);
    expect(status).toBe(0);
    expect(stats.resets).toBe(1);
    expect(output.match(/Linux version/g)?.length).toBe(2);
  });
});
