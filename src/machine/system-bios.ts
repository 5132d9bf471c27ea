// A system BIOS that the user gave, such as SeaBIOS. It runs in the guest: the machine has its ROM, and what it asks for
// at the firmware configuration device.

import { VGA_IDENTITY } from '../devices/vga/vga.ts';
import { firmwareConfiguration } from '../firmware/fw-cfg-files.ts';
import { UserError } from '../lib/errors.ts';
import { channel } from '../lib/log.ts';
import { biosProblem } from './bios-rom.ts';
import type { BoardFirmware } from './board.ts';
import { PLATFORM } from './layout.ts';
import { LineLog } from './line-log.ts';
import type { MachineOptions } from './options.ts';
import { both } from './sinks.ts';

const firmwareLog = channel('firmware');

/**
 * The ROM that the machine starts in; undefined if it starts otherwise.
 * @throws UserError if the file cannot be a system BIOS.
 */
export function systemBiosRom({ kernel, bios }: MachineOptions): Uint8Array | undefined {
  if (kernel || bios === undefined || bios === 'builtin') return undefined;
  const problem = biosProblem(bios.bytes);
  if (problem) throw new UserError(`${bios.name}: ${problem}; give a system BIOS such as SeaBIOS's bios-256k.bin`);
  return bios.bytes;
}

/**
 * What the board needs for it.
 * @param host host offset of memory for the ROM.
 * @param ramBytes size of RAM in bytes.
 */
export function systemBios(
  rom: Uint8Array,
  host: number,
  ramBytes: number,
  { vgaBios, firmwareLog: log }: MachineOptions,
): BoardFirmware {
  const configuration = firmwareConfiguration({
    memoryBytes: ramBytes,
    romBytes: rom.length,
    platform: PLATFORM,
    ...(vgaBios && { vgaBios: vgaBios.bytes, vga: VGA_IDENTITY }),
  });
  const lines = firmwareLog.enabled ? new LineLog(firmwareLog) : undefined;
  const sink = lines && log ? both(lines, log) : (lines ?? log);
  return {
    rom,
    host,
    ...configuration,
    ...(sink && { log: sink }),
  };
}
