// Debian's kernel with its own drivers at the display adapter, the keyboard and the floppy drives.

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { type Guest, guestOrReason } from '../../guests/debian/guests.ts';
import { hostTrained, prepareHost } from '../../src/cli/host.ts';
import { Machine } from '../../src/machine/machine.ts';
import type { MachineOptions } from '../../src/machine/options.ts';
import { SECTOR } from '../../src/storage/contract.ts';
import { Translator } from '../../translator/engine.ts';

const PATIENCE = { timeout: 150_000 };
const PROMPT = /guest:\/root# /;
const modules = ['bochs', 'floppy'];
const found = await guestOrReason('linux-686', { modules });
const reason = typeof found === 'string' ? found : '';
const guest = found as Guest;

async function boot(commandLine: string, options: MachineOptions = {}): Promise<Machine> {
  prepareHost();
  const file = (name: string) => ({ name, bytes: readFileSync(name) });
  const machine = await Machine.create({
    engine: (cpu, memory) => new Translator(cpu, memory),
    kernel: file(guest.kernel),
    modules: [file(guest.initrd)],
    commandLine,
    ...options,
  });
  hostTrained();
  void machine.run();
  return machine;
}

/** A floppy image in memory, with sectors that all differ. */
function floppy(bytes: number, readOnly = false) {
  const contents = new Uint8Array(bytes);
  const view = new DataView(contents.buffer);
  for (let at = 0; at < bytes; at += 4) view.setUint32(at, Math.imul(at + 1, 2_654_435_761));
  return {
    contents,
    full: false,
    sectors: bytes / SECTOR,
    readOnly,
    async read(sector: number, into: Uint8Array) {
      into.set(contents.subarray(sector * SECTOR, sector * SECTOR + into.length));
    },
    async write(sector: number, from: Uint8Array) {
      if (this.full) throw new Error('no space');
      contents.set(from, sector * SECTOR);
    },
    async flush() {},
    async close() {},
  };
}

const md5 = (bytes: Uint8Array) => createHash('md5').update(bytes).digest('hex');

describe.skipIf(reason)(`Debian's drivers ${reason && `(skipped: ${reason})`}`, () => {
  test('VGA console and keyboard, then the frame buffer of bochs-drm', async () => {
    await using machine = await boot('console=tty0');
    await machine.waitForScreen(/Console: colour VGA\+ 80x25/, PATIENCE);
    // The module takes the console over when the initramfs loads it: text mode ends.
    const deadline = performance.now() + PATIENCE.timeout;
    while (machine.screen.frame().width !== 1024) {
      expect(performance.now(), 'bochs-drm set its mode').toBeLessThan(deadline);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    expect(machine.screen.cells()).toBeUndefined();
    expect(machine.screen.frame().height).toBe(768);
    // What is typed appears, and scrolls: pixels change.
    const lit = () => {
      const { rgba } = machine.screen.frame();
      let count = 0;
      for (let k = 0; k < rgba.length; k += 4) if (rgba[k] !== 0) count++;
      return count;
    };
    const litIs = async (wanted: (count: number) => boolean, what: string) => {
      while (!wanted(lit())) {
        expect(performance.now(), what).toBeLessThan(deadline);
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    };
    await litIs((count) => count > 5000, 'the boot messages are drawn');
    await machine.keyboard.type('clear\n');
    await litIs((count) => count > 0 && count < 2000, 'what was typed was obeyed');
  });

  test('floppy: reads and writes two drives, sees changed, protected and full disks', async () => {
    const [a, b] = [floppy(1440 * 1024), floppy(360 * 1024)];
    await using machine = await boot('console=ttyS0', { fda: a, fdb: b });
    const keyboard = machine.serial.writable.getWriter();
    const shell = async (line: string): Promise<string> => {
      await keyboard.write(new TextEncoder().encode(`${line}; echo "[$?]"\n`));
      const [text] = await machine.waitFor(/\r\n[\s\S]*?\[\d+\]\r\n[\s\S]*?guest:\/root# /, PATIENCE);
      return text;
    };
    await machine.waitFor(PROMPT, PATIENCE);
    expect(await shell('stty columns 1000; dmesg | grep -iE "floppy|fdc"')).toMatch(
      /fd0 is 1\.44M, fd1 is 360K PC[\s\S]*FDC 0 is a post-1991 82077/,
    );
    expect(await shell('md5sum < /dev/fd0')).toContain(md5(a.contents));
    expect(await shell('md5sum < /dev/fd1')).toContain(md5(b.contents));
    expect(await shell('dd if=/bin/busybox of=/dev/fd0 bs=1k count=200 seek=77 conv=notrunc; sync')).toContain('[0]');
    const digest = md5(a.contents.subarray(77 * 1024, 277 * 1024));
    expect(await shell('dd if=/bin/busybox bs=1k count=200 | md5sum')).toContain(digest);
    expect(await shell('fdisk -l /dev/fd0')).toContain('80 cylinders, 2 heads, 18 sectors/track');

    const other = floppy(720 * 1024, true);
    await machine.changeFloppy(0, other);
    // In its first five minutes Linux notices a change at the first access only, which fails.
    await shell('dd if=/dev/fd0 of=/dev/null count=1');
    expect(await shell('md5sum < /dev/fd0')).toContain(md5(other.contents));
    expect(await shell('dd if=/bin/busybox of=/dev/fd0 count=1')).toContain('Read-only');

    b.full = true;
    await shell('dd if=/bin/busybox of=/dev/fd1 count=1; sync');
    expect(await shell('dmesg | tail -n 20')).toMatch(/I\/O error on dev fd1/);
  });
});
