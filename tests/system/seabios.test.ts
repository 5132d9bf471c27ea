// SeaBIOS as Debian ships it, on a machine without anything to start from: it finds the chip set, fw_cfg, ACPI tables,
// keyboard and serial ports, and says that there is no bootable device.

import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, test } from 'vitest';
import { mediumOrReason } from '../../guests/debian/media.ts';
import { Machine } from '../../src/machine/machine.ts';
import type { EngineChoice } from '../../src/machine/options.ts';
import { Translator } from '../../translator/engine.ts';

const seabios = await mediumOrReason('seabios');
const reason = typeof seabios === 'string' ? seabios : '';
const bios = typeof seabios === 'string' ? undefined : seabios.bios;

let machine: Machine | undefined;
afterEach(async () => {
  await machine?.[Symbol.asyncDispose]();
});

/** Runs until the log of the firmware has `last`; returns the log. */
async function logUntil(engine: EngineChoice, last: string, memoryBytes = 64 << 20): Promise<string> {
  let log = '';
  const found = Promise.withResolvers<void>();
  const running = new Machine({
    memoryBytes,
    bios: { name: 'SeaBIOS', bytes: readFileSync(bios as string) },
    engine,
    firmwareLog: {
      write: (byte) => {
        log += String.fromCharCode(byte);
        if (log.endsWith(last)) found.resolve();
      },
    },
  });
  machine = running;
  const exit = await Promise.race([found.promise, running.run()]);
  expect(exit, log).toBeUndefined();
  return log;
}

const engines: readonly (readonly [string, EngineChoice])[] = [
  ['reference', 'reference'],
  ['interpreter', 'interpreter'],
  ['translator', (cpu, memory) => new Translator(cpu, memory)],
];

describe.skipIf(reason !== '')(`SeaBIOS${reason && ` (skipped: ${reason})`}`, () => {
  test.each(engines)('finds the machine, and nothing to start from: %s', async (_, engine) => {
    const log = await logUntil(engine, 'No bootable device.');
    expect(log).toContain('Running on QEMU (i440fx)');
    expect(log).toContain('Found QEMU fw_cfg\nQEMU fw_cfg DMA interface supported');
    expect(log).toContain('addr 0x0000000000000000 len 0x0000000004000000 [RAM]');
    expect(log).toMatch(/table\(50434146\)=0x03ff\w{4}/); // the FADT, by RSDP and XSDT
    expect(log).toMatch(/ACPI: parse DSDT at 0x03ff/);
    expect(log).toContain('Using pmtimer, ioport 0x608');
    expect(log).toContain('Found 2 serial ports');
    expect(log).toContain('PS2 keyboard initialized');
    expect(log).toMatch(/00000000fffc0000 - 0000000100000000 = 2 RESERVED/);
  });

  test('takes the smallest memory that it can', async () => {
    expect(await logUntil('interpreter', 'No bootable device.', 2 << 20)).toContain('0000000000200000 [RAM]');
  });
});
