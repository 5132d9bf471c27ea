// Real boot media from Debian's packages, through SeaBIOS and through the built-in BIOS: boot sectors, INT 13h, El Torito,
// the floppy controller, text modes and the keyboard, by loaders that were made for real PCs.

import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, test } from 'vitest';
import { type Medium, mediumOrReason } from '../../guests/debian/media.ts';
import { Machine } from '../../src/machine/machine.ts';
import type { EngineChoice, MachineOptions } from '../../src/machine/options.ts';
import type { BlockDevice } from '../../src/storage/contract.ts';
import { openImage } from '../../src/storage/node/index.ts';
import { Translator } from '../../translator/engine.ts';
import { LONG, LONG_MILLIS, LONG_TITLE } from './long.ts';

const MIB = 1 << 20;
/** Far more than any of this takes; what does not come by then does not come. */
const PATIENCE = { timeout: 200_000 };

const media = {
  seabios: await mediumOrReason('seabios'),
  memtest: await mediumOrReason('memtest'),
  grub: await mediumOrReason('grub-rescue'),
  syslinux: await mediumOrReason('syslinux'),
  ipxe: await mediumOrReason('ipxe'),
};
const reason = Object.values(media).find((medium) => typeof medium === 'string') as string | undefined;
const { seabios, memtest, grub, syslinux, ipxe } = media as Record<keyof typeof media, Medium>;

type Firmware = 'SeaBIOS' | 'the built-in BIOS';
const ENGINES: Readonly<Record<'translator' | 'interpreter', EngineChoice>> = {
  translator: (cpu, memory) => new Translator(cpu, memory),
  interpreter: 'interpreter',
};

let machine: Machine | undefined;
let medium: BlockDevice | undefined;
afterEach(async () => {
  await machine?.[Symbol.asyncDispose]();
  await medium?.close();
});

/** Starts a machine with that floppy or CD-ROM. */
async function boot(
  firmware: Firmware,
  engine: keyof typeof ENGINES,
  drive: 'fda' | 'cdrom',
  path: string | undefined,
  memoryBytes = 32 * MIB,
): Promise<Machine> {
  medium = await openImage(path as string, { readOnly: true });
  const named = (file: string) => ({ name: file, bytes: readFileSync(file) });
  const options: MachineOptions = {
    memoryBytes,
    engine: ENGINES[engine],
    [drive]: medium,
    bootOrder: [drive === 'fda' ? 'floppy' : 'cdrom'],
    ...(firmware === 'SeaBIOS' && {
      bios: named(seabios.bios as string),
      vgaBios: named(seabios.vgaBios as string),
    }),
  };
  machine = await Machine.create(options);
  void machine.run();
  return machine;
}

/** Key after key, each when the screen shows what it is for. */
async function steps(m: Machine, list: readonly (readonly [shown: RegExp, key: string])[]): Promise<void> {
  for (const [shown, key] of list) {
    await m.waitForScreen(shown, PATIENCE);
    await m.keyboard.keys(key);
  }
}

describe.skipIf(reason !== undefined)(`boot media${reason ? ` (skipped: ${reason})` : ''}`, () => {
  /** A pass of all tests but bit fade, which waits for minutes. */
  async function memtestPass(engine: keyof typeof ENGINES, patience: { readonly timeout: number }): Promise<void> {
    const m = await boot('SeaBIOS', engine, 'fda', memtest.floppy, 8 * MIB);
    await steps(m, [
      [/<F1> to configure/, 'f1'],
      [/<F1> {2}Test selection/, 'f1'],
      [/<F2> {2}Remove one test/, 'f2'],
      [/Enter test #/, '1'],
      [/Enter test #1/, '0'],
      [/Enter test #10/, 'enter'],
      [/\*\.\*{8}\./, 'f10'], // bit fade is off
      [/<F10> Exit menu/, 'f10'],
    ]);
    await m.keyboard.keys('enter');
    const [, errors] = await m.waitForScreen(/Pass: {2}[1-9]\d* +Errors: (\d+)/, patience);
    expect(errors).toBe('0');
    expect(m.screen.text()).toContain('Memtest86+ v6');
  }

  test('memtest86+ from a floppy through SeaBIOS: a pass of all tests but bit fade, no error', () =>
    memtestPass('translator', PATIENCE));

  test.skipIf(!LONG)(
    `memtest86+ on the interpreter: the same pass${LONG_TITLE}`,
    () => memtestPass('interpreter', { timeout: LONG_MILLIS }),
    LONG_MILLIS,
  );

  const cdFirmwares: readonly (readonly [Firmware, keyof typeof ENGINES])[] = [
    ['SeaBIOS', 'translator'],
    ['the built-in BIOS', 'interpreter'],
  ];

  test.each(cdFirmwares)('memtest86+ from a CD-ROM tests memory without an error: %s, %s', async (firmware, engine) => {
    const m = await boot(firmware, engine, 'cdrom', memtest.cdrom);
    await m.waitForScreen(/Test #\d.*\n.*Testing: .*of 31\.\d+MB/, PATIENCE);
    await m.waitForScreen(/Pass: {2}0 +Errors: 0/, PATIENCE);
  });

  const firmwares: readonly (readonly [Firmware, keyof typeof ENGINES])[] = [
    ['SeaBIOS', 'translator'],
    ['SeaBIOS', 'interpreter'],
    ['the built-in BIOS', 'translator'],
    ['the built-in BIOS', 'interpreter'],
  ];

  test.each(firmwares)('a GRUB floppy reaches its menu and its shell: %s, %s', async (firmware, engine) => {
    const m = await boot(firmware, engine, 'fda', grub.floppy);
    await steps(m, [[/GNU GRUB {2}version 2\.[\s\S]*GNU\/Linux/, 'c']]);
    await m.waitForScreen(/grub> *$/, PATIENCE);
    await m.keyboard.type('ls\n');
    await m.waitForScreen(/\(fd0\)/, PATIENCE);
    // A warm reset starts the firmware again, from its ROM.
    await m.keyboard.type('reboot\n');
    await m.waitForScreen(/GNU GRUB {2}version 2\.[\s\S]*GNU\/Linux/, PATIENCE);
    expect(m.statistics().resets).toBe(firmware === 'SeaBIOS' ? 1 : 0); // the built-in one just boots again
  });

  test.each(firmwares)('a SYSLINUX floppy reaches its prompt and reads keys: %s, %s', async (firmware, engine) => {
    const m = await boot(firmware, engine, 'fda', syslinux.floppy);
    await m.waitForScreen(/SYSLINUX 6[\s\S]*Transvisor boots SYSLINUX\.\nboot:/, PATIENCE);
    await m.keyboard.type('nothing\n');
    await m.waitForScreen(/Loading nothing\.\.\. failed: No such file or directory\nboot:/, PATIENCE);
  });

  test.each(cdFirmwares)('a GRUB CD-ROM reaches its menu: %s, %s', async (firmware, engine) => {
    const m = await boot(firmware, engine, 'cdrom', grub.cdrom);
    await m.waitForScreen(/GNU GRUB {2}version 2\.[\s\S]*GNU\/Linux/, PATIENCE);
  });

  // iPXE unpacks itself in segments that are not flat: 120 million instructions by the reference engine.
  const reachesBanner = async (engine: 'interpreter' | 'translator'): Promise<void> => {
    const m = await boot('SeaBIOS', engine, 'cdrom', ipxe.cdrom);
    await m.waitForScreen(/iPXE 1\.[\s\S]*Open Source Network Boot Firmware/, { timeout: 550_000 });
  };
  test('the iPXE CD-ROM reaches its banner: SeaBIOS, translator', () => reachesBanner('translator'));
  test.skipIf(!LONG)(`the iPXE CD-ROM reaches its banner: SeaBIOS, interpreter${LONG_TITLE}`, () =>
    reachesBanner('interpreter'),
  );
});
