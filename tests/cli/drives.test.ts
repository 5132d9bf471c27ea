// Media and firmware on the command line: what is wrong is said in one line before a guest starts.

import { readFileSync, writeFileSync } from 'node:fs';
import { afterAll, describe, expect, test } from 'vitest';
import { guest, powerOff } from './guests.ts';
import { Folder, Running, transvisor } from './program.ts';

const folder = new Folder();
afterAll(() => folder.remove());

const KIB = 1024;
const disk = folder.file('disk.img', new Uint8Array(1024 * KIB));

/** A boot sector: writes its text to COM1, then `last`. */
function bootSector(text: string, last: readonly number[]): Uint8Array {
  const sector = new Uint8Array(512);
  // mov si, text; next: lodsb; or al, al; jz done; mov dx, 3F8h; out dx, al; jmp next; done:
  const loop = [0xbe, 0, 0, 0xac, 0x08, 0xc0, 0x74, 0x06, 0xba, 0xf8, 0x03, 0xee, 0xeb, 0xf5];
  const code = [...loop, ...last, 0xeb, 0xfe];
  sector.set(code);
  new DataView(sector.buffer).setUint16(1, 0x7c00 + code.length, true);
  sector.set(new TextEncoder().encode(text), code.length);
  sector.set([0x55, 0xaa], 510);
  return sector;
}

/** mov al, 10h; out F4h, al: ends the run with status 21h. */
const END = [0xb0, 0x10, 0xe6, 0xf4];
const END_STATUS = 0x21;

function image(name: string, text: string, bytes: number, last: readonly number[] = END): string {
  const contents = new Uint8Array(bytes);
  contents.set(bootSector(text, last));
  return folder.file(name, contents);
}

async function refused(args: readonly string[], says: RegExp): Promise<void> {
  const { status, stdout, stderr } = await transvisor(['run', ...args]);
  expect(stderr).toMatch(says);
  expect(stderr).toMatch(/^transvisor: [^\n]*\n$/);
  expect(stdout).toBe('');
  expect(status).toBe(1);
}

describe('what is refused', () => {
  const kernel = folder.file('kernel', guest(powerOff));
  const cases: readonly [what: string, args: () => readonly string[], says: RegExp][] = [
    ['a missing disk', () => ['--hda', folder.file('missing')], /--hda .*missing: no such file/],
    ['a directory', () => ['--cdrom', folder.path], /--cdrom .*is a directory; give/],
    ['an empty image', () => ['--hdb', folder.file('empty', '')], /--hdb .*empty: is empty; give/],
    ['a pipe', () => ['--fda', '/dev/null'], /--fda \/dev\/null: neither a file/],
    ['CD-ROM and --hdc', () => ['--cdrom', disk, '--hdc', disk], /same drive.*give one/],
    ['one disk in two drives', () => ['--hda', disk, '--hdb', disk], /--hdb .*in use/],
    [
      'a floppy that is too large',
      () => ['--fda', folder.file('large', new Uint8Array(4096 * KIB))],
      /floppy A: .*160K to 2\.88M/,
    ],
    ['an unknown boot device', () => ['--boot', 'cx'], /--boot.*c \(disk\)/],
    ['a boot device twice', () => ['--boot', 'cc'], /--boot/],
    ['no boot device', () => ['--boot', ''], /--boot/],
    ['a BIOS of no size', () => ['--bios', folder.file('bios', 'x')], /bios: 1 bytes is no size of a BIOS/],
    ['a missing BIOS', () => ['--bios', folder.file('nothing')], /--bios .*nothing: no such file/],
    ['a BIOS and a kernel', () => ['--bios', disk, '--kernel', kernel], /--bios with a kernel.*give one/],
    ['a VGA BIOS alone', () => ['--bios', 'builtin', '--vgabios', disk], /--vgabios without a system BIOS.*--bios/],
  ];
  test.each(cases)('%s', (_, args, says) => refused(args(), says));
});

describe('starting from a medium', () => {
  const floppy = image('floppy.img', 'floppy', 1440 * KIB);
  const hard = image('hard.img', 'hard disk', 2048 * KIB);
  const run = (...args: readonly string[]) =>
    transvisor(['run', '-m', '16M', '--debug-exit', '--timeout', '60', '--bios', 'builtin', ...args]);

  test('a floppy, a disk; with both, by the boot order', async () => {
    const ended = (stdout: string) => ({ status: END_STATUS, stdout, stderr: '' });
    expect(await run('--fda', floppy)).toEqual(ended('floppy'));
    expect(await run('--hda', hard)).toEqual(ended('hard disk'));
    expect(await run('--hda', hard, '--fda', floppy)).toEqual(ended('hard disk'));
    expect(await run('--hda', hard, '--fda', floppy, '--boot', 'ac')).toEqual(ended('floppy'));
  });

  test('nothing to start from: the machine waits', async () => {
    const { status } = await transvisor(['run', '--bios', 'builtin', '--timeout', '2']);
    expect(status).toBe(124);
  });

  // mov ax, 0301h; mov bx, 7C00h; mov cx, 2; mov dx, 80h; int 13h: sector 1 becomes a copy of sector 0.
  const copySelf = [0xb8, 0x01, 0x03, 0xbb, 0x00, 0x7c, 0xb9, 0x02, 0x00, 0xba, 0x80, 0x00, 0xcd, 0x13];

  test('what the guest writes is in the image, but not with --snapshot', async () => {
    const path = image('written.img', 'w', 2048 * KIB, [...copySelf, ...END]);
    const before = readFileSync(path);
    expect((await run('--hda', path, '--snapshot')).status).toBe(END_STATUS);
    expect(readFileSync(path).equals(before)).toBe(true);
    expect((await run('--hda', path)).status).toBe(END_STATUS);
    const after = readFileSync(path);
    expect(after.subarray(512, 1024)).toEqual(after.subarray(0, 512));
  });

  test('an image in use is refused by a second process', async () => {
    const path = image('busy.img', 'busy', 2048 * KIB, []);
    const first = new Running(['run', '--bios', 'builtin', '--hda', path]);
    try {
      await first.printed('busy');
      await refused(['--bios', 'builtin', '--hda', path], /busy\.img: in use by another process/);
    } finally {
      first.process.kill();
      await first.result;
    }
    writeFileSync(path, ''); // it is ours again
  });
});
