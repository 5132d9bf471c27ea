// Records what QEMU's devices answer to the scripts: `node tests/devices/qemu/record.ts` writes qemu.vectors.json.

import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { toRom } from './script.ts';
import { scripts } from './scripts.ts';

const QEMU = 'qemu-system-i386';
const folder = mkdtempSync(join(tmpdir(), 'device-scripts-'));
try {
  const version = execFileSync(QEMU, ['--version'], { encoding: 'utf8' }).split('\n')[0];
  const results: Record<string, string> = {};
  for (const [name, steps] of Object.entries(scripts)) {
    const rom = join(folder, 'rom.bin');
    const log = join(folder, 'log.bin');
    writeFileSync(rom, toRom(steps));
    writeFileSync(log, '');
    const options = `-machine pc -m 16 -nodefaults -display none -serial null -device isa-debug-exit,iobase=0xf4`;
    const { status } = spawnSync(QEMU, [...options.split(' '), '-bios', rom, '-debugcon', `file:${log}`], {
      timeout: 10_000,
    });
    if (status !== 1) throw new Error(`${name}: QEMU ended with ${status}, after ${readFileSync(log).toString('hex')}`);
    results[name] = readFileSync(log).toString('hex');
  }
  const file = new URL('../qemu.vectors.json', import.meta.url);
  writeFileSync(file, JSON.stringify({ recordedFrom: version, results }, null, 2) + '\n');
} finally {
  rmSync(folder, { recursive: true });
}
