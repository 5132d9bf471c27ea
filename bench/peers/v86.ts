// v86 as a peer: boots a Linux kernel headless in this Node process, with its translator or (--no-jit) without.
//
// v86 is a development dependency; another build of it is named by its entry file in TRANSVISOR_V86. Its firmware is
// Debian's SeaBIOS and VGA BIOS, as v86 has no own copy in its package.

import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { debianPackage } from '../../guests/debian/package.ts';
import { UserError } from '../../src/lib/errors.ts';
import { type Boot, type Cost, Marker, ownMeter, ownPeak, peerMain, rounded } from './peer.ts';

/** As much of v86's interface as is used here. */
interface V86 {
  add_listener(event: 'serial0-output-byte', listener: (byte: number) => void): void;
  stop(): Promise<void>;
}
type V86Constructor = new (options: Record<string, unknown>) => V86;

/** Boots in this process. Its processor time is counted from the process's start: use a process for each run. */
export async function bootV86(boot: Boot, { jit }: { readonly jit: boolean }): Promise<Cost> {
  const entry = locate();
  const { V86 } = (await import(pathToFileURL(entry).href)) as { V86: V86Constructor };
  const firmware = join(await debianPackage('seabios'), 'usr/share/seabios');
  const started = performance.now();
  const kernel = await bytes(boot.kernel);
  const machine = new V86({
    wasm_path: join(dirname(entry), 'v86.wasm'),
    bios: { buffer: await bytes(join(firmware, 'bios.bin')) },
    vga_bios: { buffer: await bytes(join(firmware, 'vgabios-stdvga.bin')) },
    [isElf(kernel) ? 'multiboot' : 'bzimage']: { buffer: kernel },
    initrd: boot.initrd ? { buffer: await bytes(boot.initrd) } : undefined,
    cmdline: boot.append,
    hda: boot.disk ? { buffer: await bytes(boot.disk) } : undefined,
    memory_size: boot.memory,
    vga_memory_size: 2 ** 21,
    acpi: true,
    disable_jit: !jit,
    disable_speaker: true,
    autostart: true,
  });
  const marker = new Marker(boot.until);
  const reached = await new Promise<boolean>((resolve) => {
    const deadline = setTimeout(() => resolve(false), boot.timeout * 1000);
    machine.add_listener('serial0-output-byte', (byte) => {
      const character = String.fromCharCode(byte);
      boot.output(character, ownMeter);
      if (!marker.seen(character)) return;
      clearTimeout(deadline);
      resolve(true);
    });
  });
  const cost: Cost = {
    peer: jit ? 'v86' : 'v86 without its translator',
    reached,
    cpuSeconds: rounded(ownMeter().cpuSeconds),
    wallSeconds: rounded((performance.now() - started) / 1000),
    residentMebibytes: ownMeter().residentMebibytes,
    peakMebibytes: ownPeak(),
  };
  await machine.stop();
  return cost;
}

/** Path of v86's module. */
function locate(): string {
  const named = process.env.TRANSVISOR_V86;
  if (named) return named;
  try {
    return createRequire(import.meta.url).resolve('v86');
  } catch {
    throw new UserError('v86 is not installed: npm ci installs it, or name its libv86.mjs in TRANSVISOR_V86');
  }
}

/** Whether it is an ELF file: our bare-metal images are, and Linux's are not. */
function isElf(file: ArrayBuffer): boolean {
  return new DataView(file).getUint32(0) === 0x7f454c46;
}

async function bytes(path: string): Promise<ArrayBuffer> {
  return new Uint8Array(await readFile(path)).buffer;
}

if (import.meta.main) {
  await peerMain(['no-jit'], (boot, given) => bootV86(boot, { jit: !given['no-jit'] }));
}
