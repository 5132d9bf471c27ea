// The guest-physical memory of a PC as firmware leaves it, for a direct boot: who owns which range, where the loaders
// put their own tables, the E820 map (ACPI 6.5, chapter 15) and the BIOS data area at 400h (IBM PS/2 and PC BIOS
// Interface Technical Reference, section 3) as far as 32-bit kernels read it.
//
// Deviation: no BIOS runs. The interrupt vector table stays zero and there are no INT services.

import { UserError } from '../lib/errors.ts';
import { Builder } from './bytes.ts';

const KIB = 1024;
const MIB = 1024 * KIB;

/** Smallest and largest RAM in bytes. Above 3 GiB the PCI hole begins; nothing is remapped above 4 GiB. */
export const MIN_RAM = 1 * MIB;
export const MAX_RAM = 3072 * MIB;

/** BIOS data area. */
export const BIOS_DATA = 0x400;
/** GDT of the boot state: below the zero page, where no kernel of either protocol is loaded. */
export const BOOT_GDT = 0x1000;
/** Linux `struct boot_params`, one page. */
export const ZERO_PAGE = 0x2000;
/** Stack of the boot state, growing down from here; 16 KiB. */
export const BOOT_STACK_TOP = 0x8000;
/** Multiboot information, memory map and strings. */
export const MULTIBOOT_INFO = 0x10000;
export const MULTIBOOT_INFO_END = 0x20000;
/** Linux command line. */
export const COMMAND_LINE = 0x20000;
export const COMMAND_LINE_END = 0x30000;
/** Extended BIOS data area: 1 KiB under 640 KiB. Conventional memory ends here. */
export const EBDA = 0x9fc00;
/** Adapter space: display memory and option ROMs. */
export const ADAPTERS = 0xa0000;
/** ACPI and MP tables in direct boot, the system BIOS otherwise. */
export const BIOS_SEGMENT = 0xf0000;
export const HIGH_MEMORY = 0x100000;
/** Memory window of PCI: from here to the I/O APIC. */
export const PCI_HOLE = 0xc0000000;
export const PCI_HOLE_END = 0xfec00000;
export const IO_APIC = 0xfec00000;
export const LOCAL_APIC = 0xfee00000;
/** The BIOS ROM under 4 GiB. */
export const BIOS_ROM = 0xfffc0000;

/** E820 address range types. */
export const E820_USABLE = 1;
export const E820_RESERVED = 2;
export const E820_ACPI_RECLAIMABLE = 3;
export const E820_ACPI_NVS = 4;

/** One range of the E820 map: bytes, type. */
export interface MemoryRange {
  readonly base: number;
  readonly length: number;
  readonly type: number;
}

/** Throws a UserError unless a machine can have that much RAM. */
export function checkMemory(memoryBytes: number): void {
  if (!Number.isInteger(memoryBytes) || memoryBytes < MIN_RAM || memoryBytes > MAX_RAM || memoryBytes % 4096 !== 0) {
    throw new UserError(
      `--memory: ${memoryBytes} bytes is not possible; give a multiple of 4 KiB from ${MIN_RAM / MIB}M to ${MAX_RAM / MIB}M`,
    );
  }
}

/** The E820 map of a machine with that much RAM: sorted, no overlaps, holes left out. */
export function e820(memoryBytes: number): MemoryRange[] {
  checkMemory(memoryBytes);
  const map = [
    range(0, EBDA, E820_USABLE),
    range(EBDA, ADAPTERS, E820_RESERVED),
    range(BIOS_SEGMENT, HIGH_MEMORY, E820_RESERVED),
    range(HIGH_MEMORY, memoryBytes, E820_USABLE),
    range(BIOS_ROM, 2 ** 32, E820_RESERVED),
  ];
  return map.filter((entry) => entry.length > 0);
}

/** Whether [base, base + length) lies wholly in RAM that the map calls usable. */
export function isUsable(memoryBytes: number, base: number, length: number): boolean {
  const end = base + length;
  return (base >= 0 && end <= EBDA) || (base >= HIGH_MEMORY && end <= memoryBytes);
}

/** BIOS data area and the first byte of the EBDA: what kernels look at without a BIOS call. */
export function biosData(textMode: boolean): { address: number; bytes: Uint8Array }[] {
  const data = new Builder();
  data.u16(0x3f8).padTo(0x0e); // 40:00 base of COM1
  data.u16(EBDA >> 4); // 40:0E segment of the EBDA
  data.u16(textMode ? 0x0226 : 0x0206); // 40:10 equipment: one serial port, pointing device, coprocessor, 80x25 colour
  data.padTo(0x13).u16(EBDA / KIB); // 40:13 conventional memory in KiB
  data.padTo(0x49);
  if (textMode) data.u8(3).u16(80, 4096).padTo(0x63).u16(0x3d4).padTo(0x84).u8(24, 16); // mode, columns, CRTC, rows - 1
  data.padTo(0x100);
  return [
    { address: BIOS_DATA, bytes: data.finish() },
    { address: EBDA, bytes: Uint8Array.of((ADAPTERS - EBDA) / KIB) },
  ];
}

function range(base: number, end: number, type: number): MemoryRange {
  return { base, length: end - base, type };
}
