// The CD-ROM drive under Linux: found by ata_piix and sr_mod, mounted by isofs, ejected and changed at run time.

import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { UserError } from '../../src/lib/errors.ts';
import { Machine } from '../../src/machine/machine.ts';
import type { EngineChoice } from '../../src/machine/options.ts';
import { type BlockDevice, SECTOR, StorageError } from '../../src/storage/contract.ts';
import { Translator } from '../../translator/engine.ts';
import { bootOptions, found } from './debian.ts';
import { iso9660 } from './iso9660.ts';
import { inDirectory, runToEnd } from './transvisor.ts';

const MODULES = ['ata_piix', 'sr_mod', 'isofs'];
const { reason, title, guest } = await found('linux-686', { modules: MODULES });

/** A disc in memory. Reads from `badSector` on fail. */
function disc(image: Uint8Array, badSector = Number.POSITIVE_INFINITY): BlockDevice {
  return {
    sectors: image.length / SECTOR,
    readOnly: true,
    read: async (sector, into) => {
      if (sector + into.length / SECTOR > badSector) throw new StorageError('io', 'scratched.iso: cannot be read');
      into.set(image.subarray(sector * SECTOR, sector * SECTOR + into.length));
    },
    write: () => Promise.reject(new StorageError('read-only', 'a pressed disc')),
    flush: async () => {},
    close: async () => {},
  };
}

/** Bytes that no block of the disc has twice. */
const big = Uint8Array.from({ length: 3_000_001 }, (_, k) => (k * 167 + (k >> 8) * 13 + (k >> 16)) & 255);
const bigSum = createHash('md5').update(big).digest('hex');

/** Of the guest's shell, which may ask where the cursor is. */
const PROMPT = /guest:\S*# \S*$/;

let machine: Machine | undefined;
afterEach(async () => {
  await machine?.[Symbol.asyncDispose]();
});

async function boot(engine: EngineChoice, cdrom: BlockDevice | undefined): Promise<Machine> {
  machine = await Machine.create({
    kernel: { name: 'vmlinuz', bytes: readFileSync(guest.kernel) },
    modules: [{ name: 'initrd', bytes: readFileSync(guest.initrd) }],
    commandLine: guest.append,
    engine,
    ...(cdrom && { cdrom }),
  });
  void machine.run();
  await machine.waitFor(guest.ready);
  await machine.waitFor(PROMPT);
  return machine;
}

/** Runs a command in the guest's shell; returns what it printed. */
async function shell(machine: Machine, command: string): Promise<string> {
  machine.receive(new TextEncoder().encode(`${command}; echo "status=$?"\n`));
  const [output] = await machine.waitFor(/\r\n([\s\S]*?)status=\d+\r\n/);
  await machine.waitFor(PROMPT);
  return output.replaceAll('\r', '').trim();
}

const translator: EngineChoice = (cpu, memory) => new Translator(cpu, memory);
describe.skipIf(reason)(`a CD-ROM under Debian's ${title}`, () => {
  test('is mounted and read by the interpreter', () =>
    inDirectory(async (directory) => {
      const image = join(directory, 'disc.iso');
      writeFileSync(image, iso9660('FIRST', { 'HELLO.TXT': 'Hello from the first disc.\n', 'BIG.BIN': big }));
      const command = 'mkdir /cd; mount -r /dev/sr0 /cd; cat /cd/hello.txt; md5sum /cd/big.bin';
      const args = [...bootOptions(guest, `tv_run="${command}"`), '--engine', 'interpreter', '--cdrom', image];
      const { output, status } = await runToEnd(args);
      expect(status).toBe(0);
      expect(output).toContain('Hello from the first disc.');
      expect(output).toContain(`${bigSum}  /cd/big.bin`);
    }));

  test('is mounted and read, ejected, and changed: translator', async () => {
    const first = disc(iso9660('FIRST', { 'HELLO.TXT': 'Hello from the first disc.\n', 'BIG.BIN': big }));
    const machine = await boot(translator, first);
    const trays: boolean[] = [];
    machine.on('tray', (open) => trays.push(open));

    expect(await shell(machine, 'dmesg | grep -c "ATAPI: Transvisor DVD-ROM"')).toMatch(/^1\n/);
    expect(await shell(machine, 'mkdir -p /cd; mount -r /dev/sr0 /cd; cat /cd/hello.txt')).toContain(
      'Hello from the first disc.\nstatus=0',
    );
    expect(await shell(machine, 'md5sum /cd/big.bin')).toContain(bigSum);

    // The driver locks the tray while the disc is in use, and opens it afterwards if it is told to.
    expect(() => machine.cdrom?.insert(undefined)).toThrow(UserError);
    expect(trays).toEqual([]);
    await shell(machine, 'echo 1 > /proc/sys/dev/cdrom/autoeject');
    expect(await shell(machine, 'umount /cd')).toContain('status=0');
    expect(trays).toEqual([true]);
    expect(machine.cdrom?.trayOpen).toBe(true);
    await shell(machine, 'echo 0 > /proc/sys/dev/cdrom/autoeject');

    machine.cdrom?.insert(disc(iso9660('SECOND', { 'OTHER.TXT': 'Another disc.\n' })));
    await shell(machine, 'mount -r /dev/sr0 /cd');
    expect(await shell(machine, 'ls /cd | cat; cat /cd/*')).toContain('other.txt\nAnother disc.\nstatus=0');
    expect(await shell(machine, 'umount /cd')).toContain('status=0');

    // Taken out and put in by the user, while nobody uses it.
    machine.cdrom?.insert(undefined);
    expect(await shell(machine, 'mount -r /dev/sr0 /cd')).toContain('No medium found');
    machine.cdrom?.insert(first);
    expect(await shell(machine, 'mount -r /dev/sr0 /cd; ls /cd | cat')).toContain('big.bin\nhello.txt\nstatus=0');
    expect(await shell(machine, 'dmesg | grep -cE "exception|resetting|I/O error"')).toMatch(/^0\n/);
  });

  test('a scratch is an I/O error of the guest, and a line for the user', async () => {
    const complaints: string[] = [];
    const machine = await boot(translator, disc(iso9660('FIRST', { 'A.TXT': 'whole\n', 'BIG.BIN': big }), 2000));
    machine.on('complaint', (line) => complaints.push(line));
    expect(await shell(machine, 'mkdir -p /cd; mount -r /dev/sr0 /cd; cat /cd/a.txt')).toContain('whole\nstatus=0');
    expect(await shell(machine, 'cat /cd/big.bin > /dev/null')).toMatch(/I\/O error[\s\S]*status=1/);
    expect(await shell(machine, 'dmesg | grep -c "Sense Key : Medium Error"')).toMatch(/^[1-9]/);
    expect(complaints[0]).toBe('CD-ROM: scratched.iso: cannot be read');
    expect(await shell(machine, 'cat /cd/a.txt')).toContain('whole\nstatus=0');
  });

  test('the drive is there without a disc', async () => {
    const machine = await boot(translator, undefined);
    expect(await shell(machine, 'cat /proc/sys/dev/cdrom/info | grep "drive name"')).toContain('sr0');
    expect(await shell(machine, 'dd if=/dev/sr0 of=/dev/null count=1')).toContain('No medium found');
  });
});
