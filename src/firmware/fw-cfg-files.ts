// What a system BIOS reads from the firmware configuration device about this machine: QEMU's items and files, by the
// names that SeaBIOS asks for (its docs/Runtime_config.md).

import { Builder } from './bytes.ts';
import { E820_RESERVED, E820_USABLE } from './memory-map.ts';
import type { Platform } from './platform.ts';
import { smbiosTables } from './smbios.ts';
import { acpiFiles } from './table-loader.ts';

// Keys of items that are not files (devices/fw-cfg.ts has them all).
const RAM_SIZE = 0x03;
const CPU_COUNT = 0x05;
const BOOT_MENU = 0x0e;
const MAX_CPUS = 0x0f;
const IRQ0_OVERRIDE = 0x8002;

export interface FirmwareRequest {
  readonly memoryBytes: number;
  readonly romBytes: number;
  readonly platform: Platform;
  /** The VGA BIOS, for the display adapter of that PCI identity. */
  readonly vgaBios?: Uint8Array;
  readonly vga?: { readonly vendor: number; readonly device: number };
  /** Firmware waits for a key that opens its boot menu. */
  readonly bootMenu?: boolean;
}

export interface FirmwareConfiguration {
  readonly items: ReadonlyMap<number, Uint8Array>;
  readonly files: ReadonlyMap<string, Uint8Array>;
}

export function firmwareConfiguration(request: FirmwareRequest): FirmwareConfiguration {
  const { memoryBytes, romBytes, platform, vgaBios, vga } = request;
  const items = new Map<number, Uint8Array>([
    [RAM_SIZE, new Builder().u64(memoryBytes).finish()],
    [CPU_COUNT, Uint8Array.of(1, 0)],
    [MAX_CPUS, Uint8Array.of(1, 0)],
    [BOOT_MENU, Uint8Array.of(request.bootMenu ? 1 : 0, 0)],
    // IRQ 0 is wired to pin 2 of the I/O APIC, as the MADT says.
    [IRQ0_OVERRIDE, Uint8Array.of(1)],
  ]);
  const smbios = smbiosTables(memoryBytes);
  const files = new Map<string, Uint8Array>([
    ['etc/e820', e820File(memoryBytes, romBytes)],
    ...acpiFiles(platform),
    ['etc/smbios/smbios-anchor', smbios.anchor],
    ['etc/smbios/smbios-tables', smbios.tables],
  ]);
  if (vgaBios) files.set(vga ? `pci${hex4(vga.vendor)},${hex4(vga.device)}.rom` : 'vgaroms/vgabios.bin', vgaBios);
  return { items, files };
}

/** RAM and ROM; firmware takes out of it what it uses itself. */
function e820File(memoryBytes: number, romBytes: number): Uint8Array {
  const map = new Builder();
  map.u64(0).u64(memoryBytes).u32(E820_USABLE);
  map
    .u64(2 ** 32 - romBytes)
    .u64(romBytes)
    .u32(E820_RESERVED);
  return map.finish();
}

function hex4(value: number): string {
  return value.toString(16).padStart(4, '0');
}
