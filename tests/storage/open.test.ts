// What a user gives by mistake: one line that names the file, what is wrong with it, and the mend.

import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openImage } from '../../src/storage/node/index.ts';
import { failure, file, pattern, read, temporaryFolder } from './files.ts';

const folder = temporaryFolder();

/** A signature and version 3, nothing else. */
const ZEROS = new Uint8Array(4096);
ZEROS.set([0x51, 0x46, 0x49, 0xfb, 0, 0, 0, 3]);

/** A line of text, then BEDA107Fh at byte 64. */
const VDI = Buffer.from(`${'<<< Oracle VM VirtualBox Disk Image >>>\n'.padEnd(64, '\0')}\x7f\x10\xda\xbe`, 'latin1');

test.each([
  ['a missing file', () => join(folder, 'none.img'), /no such file; check the path/],
  ['a path through a file', () => join(file(folder, 'plain', 'x'), 'none.img'), /not a directory/],
  ['an empty file', () => file(folder, 'empty.img', ''), /is empty; give a disk image/],
  [
    'a directory',
    () => mkdirSync(join(folder, 'dir'), { recursive: true }) as string,
    /is a directory; give a disk image/,
  ],
  ['a character device', () => '/dev/null', /neither a file nor a block device/],
  ['VMDK', () => file(folder, 'a.vmdk', 'KDMV and more'), /is a VMDK image, which is not supported; convert it/],
  ['a VMDK descriptor', () => file(folder, 'b.vmdk', '# Disk DescriptorFile\nversion=1\n'), /VMDK/],
  ['VHDX', () => file(folder, 'a.vhdx', 'vhdxfile'), /VHDX/],
  ['VHD', () => file(folder, 'a.vhd', 'conectix'), /VHD/],
  ['QED', () => file(folder, 'a.qed', 'QED\0'), /QED/],
  ['qcow version 1', () => file(folder, 'a.qcow', new Uint8Array([0x51, 0x46, 0x49, 0xfb, 0, 0, 0, 1])), /version 1/],
  [
    'a cut qcow2 header',
    () => file(folder, 'cut.qcow2', new Uint8Array([0x51, 0x46, 0x49, 0xfb, 0, 0, 0, 3, 0])),
    /corrupt qcow2 image \(it ends within the header\); check it/,
  ],
  [
    'a qcow2 header of zeros',
    () => file(folder, 'zeros.qcow2', ZEROS),
    /corrupt qcow2 image \(clusters of 2\^0 bytes\); check it: qemu-img check/,
  ],
  ['VDI', () => file(folder, 'a.vdi', VDI), /VDI/],
])('%s', async (_, make, message) => {
  const path = make();
  const error = await failure(openImage(path));
  expect(error.message).toMatch(message);
  expect(error.message.startsWith(`${path}: `)).toBe(true);
});

test.skipIf(process.platform === 'win32')('a pipe is refused, not waited for', async () => {
  const path = join(folder, 'pipe');
  expect(spawnSync('mkfifo', [path]).status).toBe(0);
  expect((await failure(openImage(path))).message).toContain('neither a file nor a block device');
});

const seteuid = process.seteuid?.bind(process);

/** Root may write anything: for the length of the call it is somebody else. */
async function unprivileged<T>(call: () => Promise<T>): Promise<T> {
  if (process.geteuid?.() !== 0) return call();
  chmodSync(folder, 0o755);
  seteuid?.(65534);
  try {
    return await call();
  } finally {
    seteuid?.(0);
  }
}

test.skipIf(!seteuid)(
  'a file that may only be read: refused for writing, taken for reading and with a snapshot',
  async () => {
    const path = file(folder, 'mine.img', pattern(1024));
    chmodSync(path, 0o444);
    await unprivileged(async () => {
      const error = await failure(openImage(path));
      expect(error.fault).toBe('read-only');
      expect(error.message).toBe(`${path}: may not be written; change its mode, open it read-only, or use --snapshot`);
      for (const options of [{ readOnly: true }, { snapshot: true }]) {
        const disk = await openImage(path, options);
        expect(await read(disk, 0, 2)).toEqual(pattern(1024));
        await disk.close();
      }
    });
  },
);

test.skipIf(!seteuid)('a file that may not even be read', async () => {
  const path = file(folder, 'theirs.img', pattern(1024));
  chmodSync(path, 0o000);
  await unprivileged(async () => {
    const error = await failure(openImage(path, { readOnly: true }));
    expect(error.message).toBe(`${path}: permission denied; change its mode or give another file`);
  });
});

test('a raw file that is said to be qcow2', async () => {
  const path = file(folder, 'raw.img', pattern(1024));
  expect((await failure(openImage(path, { format: 'qcow2' }))).message).toBe(
    `${path}: is not a qcow2 image; leave the format out, or give raw`,
  );
});
