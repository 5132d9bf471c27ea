// A Debian 12 disk, through firmware and GRUB to its login, with work on it that has to be there afterwards: first by
// SeaBIOS, then by the built-in BIOS, and with the screen in sight.

import { execFileSync } from 'node:child_process';
import { cpSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { GuestUnavailable } from '../../guests/debian/apt.ts';
import { type Disk, debianDisk } from '../../guests/debian/disk.ts';
import { medium } from '../../guests/debian/media.ts';
import { Machine } from '../../src/machine/machine.ts';
import type { MachineOptions } from '../../src/machine/options.ts';
import { openImage } from '../../src/storage/node/index.ts';
import { Translator } from '../../translator/engine.ts';
import { COMPLAINT } from './debian.ts';
import { LONG, LONG_MILLIS, LONG_TITLE } from './long.ts';
import { inDirectory, Run } from './transvisor.ts';

/** Where the partition begins. */
const PARTITION_BYTES = 2048 * 512;
const PROMPT = /root@transvisor:~# /;
const PROGRAM = 'int printf(const char *, ...); int main(void) { printf("%d from C\\\\n", 6 * 7); return 0; }';

/** Two boots, on a slow host. */
const TEST_MILLIS = 1_500_000;
const PATIENCE = { timeout: 500_000 };
const engine: MachineOptions['engine'] = (cpu, memory) => new Translator(cpu, memory);

let disk: Disk | undefined;
let reason = '';
try {
  disk = await debianDisk();
} catch (error) {
  if (!(error instanceof GuestUnavailable) || process.env.CI) throw error;
  reason = error.message;
}

/** From firmware to a shell on COM1. */
async function login(run: Run, { user, password }: Disk): Promise<void> {
  await run.waitFor(/GNU GRUB/);
  await run.waitFor(/transvisor login: /);
  run.type(`${user}\n`);
  await run.waitFor(/Password: /);
  run.type(`${password}\n`);
  await run.waitFor(PROMPT);
}

/** Runs a command in the shell; returns what it printed, when it succeeded. */
async function command(run: Run, text: string): Promise<string> {
  // The mark is not in the echo of the line.
  run.type(`${text}; echo "ma""rk $?"\n`);
  const match = await run.waitFor(/\r\n([\s\S]*?)mark (\d+)\r\n/);
  expect(match[2], text).toBe('0');
  await run.waitFor(PROMPT);
  return match[1] ?? '';
}

/** Both the screen and COM1 show GRUB's menu, the kernel's messages and a login. */
async function loginsOnBothConsoles(machine: Machine): Promise<void> {
  const serial = machine.waitFor(/transvisor login: /, PATIENCE);
  await machine.waitForScreen(/GNU GRUB {2}version 2\.[\s\S]*\*Debian/, PATIENCE);
  await machine.waitForScreen(/Debian GNU\/Linux 12 transvisor tty1\s+transvisor login: *$/, PATIENCE);
  await serial;
}

/** The file system's checker finds nothing to mend. */
function checked(image: string): string {
  const env = { ...process.env, LC_ALL: 'C', PATH: `${process.env.PATH}:/usr/sbin:/sbin` };
  return execFileSync('e2fsck', ['-f', '-n', `${image}?offset=${PARTITION_BYTES}`], { encoding: 'utf8', env });
}

test.skipIf(reason !== '')(
  `a Debian 12 disk boots, works, and keeps what was written${reason}`,
  () =>
    inDirectory(async (directory) => {
      const image = join(directory, 'disk.img');
      cpSync((disk as Disk).path, image);
      let sum = '';
      {
        await using run = new Run(['-m', '256M', '--hda', image, '--timeout', '500'], 'pipe');
        await login(run, disk as Disk);
        expect(run.output).not.toMatch(COMPLAINT);
        await command(run, `echo '${PROGRAM}' > answer.c && tcc -o answer answer.c`);
        expect(await command(run, './answer')).toContain('42 from C');
        expect(await command(run, 'apt list --installed 2>/dev/null | head -4')).toMatch(/installed/);
        await command(run, 'dd if=/dev/urandom of=data bs=1M count=64');
        [sum = ''] = /[0-9a-f]{64}/.exec(await command(run, 'sha256sum data')) ?? [];
        expect(sum).toHaveLength(64);
        await command(run, 'sync');
        run.type('poweroff\n');
        expect(await run.ended).toMatchObject({ status: 0, errors: '' });
      }
      expect(checked(image)).toMatch(/debian: \d+\/\d+ files/);
      {
        const hda = await openImage(image);
        await using machine = await Machine.create({ hda, bios: 'builtin', engine });
        const ended = machine.run();
        await loginsOnBothConsoles(machine);
        // Where this terminal shows nothing, that one does.
        await machine.keyboard.type(`${(disk as Disk).user}\n`);
        await machine.waitForScreen(/Password: *$/, PATIENCE);
        await machine.keyboard.type(`${(disk as Disk).password}\n`);
        await machine.waitForScreen(/root@transvisor:~# *$/, PATIENCE);
        await machine.keyboard.type('clear; echo 3 > /proc/sys/vm/drop_caches; sha256sum data\n');
        const [, again] = await machine.waitForScreen(/([0-9a-f]{64}) {2}data\n/, PATIENCE);
        expect(again).toBe(sum);
        await machine.keyboard.type('poweroff\n');
        expect(await ended).toEqual({ reason: 'power-off' });
        await hda.close();
      }
      expect(checked(image)).toMatch(/debian: \d+\/\d+ files/);
    }),
  TEST_MILLIS,
);

test.skipIf(reason !== '' || !LONG)(
  `the interpreter boots the Debian disk to its login, through SeaBIOS${reason}${LONG_TITLE}`,
  async () => {
    const hda = await openImage((disk as Disk).path, { snapshot: true });
    const seabios = await medium('seabios');
    const named = (path: string | undefined) => ({ name: 'firmware', bytes: readFileSync(path as string) });
    const firmware = { bios: named(seabios.bios), vgaBios: named(seabios.vgaBios) };
    await using machine = await Machine.create({ hda, ...firmware, engine: 'interpreter' });
    void machine.run();
    await machine.waitFor(/transvisor login: /, { timeout: LONG_MILLIS });
    await machine.waitForScreen(/tty1\s+transvisor login: *$/, { timeout: LONG_MILLIS });
  },
  LONG_MILLIS,
);
