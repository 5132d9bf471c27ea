// The Linux/x86 boot protocol, 32-bit entry: Documentation/arch/x86/boot.rst and zero-page.rst of the kernel.
//
// Deviations: protocols before 2.02 (kernels before 2.4.0) and zImages are refused; the real-mode setup code is never
// run, so what it would ask a BIOS (EDD, APM, video modes) stays zero. The RSDP address goes to offset 70h of the zero
// page, where kernels since 5.0 look (the header field of protocol 2.14 was withdrawn); others search F0000h.

import { UserError } from '../lib/errors.ts';
import { alignDown, alignUp, Builder, cString, formatBytes, Reader } from './bytes.ts';
import { bootGdt, flatState, registers } from './flat-state.ts';
import {
  biosData,
  COMMAND_LINE,
  COMMAND_LINE_END,
  checkMemory,
  e820,
  HIGH_MEMORY,
  isUsable,
  ZERO_PAGE,
} from './memory-map.ts';
import type { BootPlan, BootRequest, Load, NamedFile } from './plan.ts';

// The setup header: offsets in the file and in the zero page.
const SETUP_SECTS = 0x1f1;
const SYSSIZE = 0x1f4;
const VID_MODE = 0x1fa;
const BOOT_FLAG = 0x1fe;
const JUMP = 0x200;
const HEADER = 0x202;
const VERSION = 0x206;
const KERNEL_VERSION = 0x20e;
const TYPE_OF_LOADER = 0x210;
const LOADFLAGS = 0x211;
const CODE32_START = 0x214;
const RAMDISK_IMAGE = 0x218;
const RAMDISK_SIZE = 0x21c;
const CMD_LINE_PTR = 0x228;
const INITRD_ADDR_MAX = 0x22c;
const KERNEL_ALIGNMENT = 0x230;
const RELOCATABLE_KERNEL = 0x234;
const XLOADFLAGS = 0x236;
const CMDLINE_SIZE = 0x238;
const PREF_ADDRESS = 0x258;
const INIT_SIZE = 0x260;

const HDRS = 0x53726448;
const LOADED_HIGH = 1 << 0;
const XLF_KERNEL_64 = 1 << 0;
/** Unit of `syssize`, in bytes. */
const PARAGRAPH = 16;
const SECTOR = 512;
/** A loader without an assigned number. */
const UNKNOWN_LOADER = 0xff;
const VID_MODE_NORMAL = 0xffff;

// The zero page, `struct boot_params`.
const ZERO_PAGE_SIZE = 4096;
const SCREEN_INFO = 0x000;
const EXT_MEM_K = 0x002;
const ACPI_RSDP_ADDR = 0x070;
const ALT_MEM_K = 0x1e0;
const E820_ENTRIES = 0x1e8;
const E820_TABLE = 0x2d0;
/** End of the part of the zero page that the setup header may fill. */
const HEADER_END = 0x290;

/** What the setup header says, with the protocol's defaults for fields that its version does not have. */
export interface LinuxHeader {
  /** (major << 8) | minor */
  readonly version: number;
  /** Offset in the file of the protected-mode kernel, and its bytes. */
  readonly kernelOffset: number;
  readonly kernelSize: number;
  readonly relocatable: boolean;
  /** Where the kernel wants to be, bytes; the code is loaded there. */
  readonly loadAddress: number;
  /** Bytes from `loadAddress` that the kernel uses before it reads the memory map. */
  readonly initSize: number;
  /** Highest address of the initrd's last byte. */
  readonly initrdMax: number;
  /** Command line in bytes without the NUL. */
  readonly commandLineMax: number;
  /** The kernel's own version string, or empty. */
  readonly release: string;
}

/** Whether the file carries the signature of a Linux/x86 kernel. */
export function isLinux(bytes: Uint8Array): boolean {
  const file = new Reader(bytes, '');
  return file.length >= HEADER + 4 && file.u16(BOOT_FLAG) === 0xaa55 && file.u32(HEADER) === HDRS;
}

/**
 * Reads and checks the setup header.
 * @throws UserError if the file is truncated, too old, or not a 32-bit kernel.
 */
export function parseLinux({ name, bytes }: NamedFile): LinuxHeader {
  const file = new Reader(bytes, name);
  if (!isLinux(bytes)) {
    throw new UserError(`${name}: not a Linux/x86 kernel (no HdrS signature); give a bzImage, such as vmlinuz-*-686`);
  }
  const version = file.u16(VERSION);
  if (version < 0x202) {
    throw new UserError(`${name}: boot protocol ${protocol(version)} is too old; give a kernel of 2.4.0 or later`);
  }
  if ((file.u8(LOADFLAGS) & LOADED_HIGH) === 0) {
    throw new UserError(`${name}: a zImage, which loads low; give a bzImage`);
  }
  if (version >= 0x20c && file.u16(XLOADFLAGS) & XLF_KERNEL_64) {
    throw new UserError(`${name}: an x86-64 kernel, and this is a 32-bit machine; give an i386 kernel (vmlinuz-*-686)`);
  }

  const kernelOffset = ((file.u8(SETUP_SECTS) || 4) + 1) * SECTOR;
  if (kernelOffset >= file.length) {
    throw new UserError(`${name}: truncated within its setup code (${file.length} bytes); fetch it again`);
  }
  // Before 2.04 only the low half of syssize counts, and a bzImage's size is whatever the file holds.
  const promised = version >= 0x204 ? file.u32(SYSSIZE) * PARAGRAPH : file.length - kernelOffset;
  // The last paragraph may be cut short: memtest86+ 6 is.
  const missing = kernelOffset + promised - file.length;
  const kernelSize = missing > 0 && missing < PARAGRAPH ? promised - missing : promised;
  if (kernelSize === 0) throw new UserError(`${name}: its header says that there is no kernel in it; fetch it again`);
  if (kernelOffset + kernelSize > file.length) {
    throw new UserError(
      `${name}: truncated: its header promises ${kernelOffset + kernelSize} bytes, the file has ${file.length}; fetch it again`,
    );
  }

  // 2.10 says where the kernel will run and how much it uses there; before, it runs at 1 MiB and says nothing.
  const preferred = version >= 0x20a ? file.u64(PREF_ADDRESS) : 0;
  const relocatable = version >= 0x205 && file.u8(RELOCATABLE_KERNEL) !== 0;
  const alignment = version >= 0x205 ? file.u32(KERNEL_ALIGNMENT) : 0;
  const loadAddress = relocatable && preferred >= HIGH_MEMORY ? preferred : HIGH_MEMORY;
  if (relocatable && (alignment === 0 || (alignment & (alignment - 1)) !== 0 || loadAddress % alignment !== 0)) {
    throw new UserError(
      `${name}: its header asks for alignment ${alignment} at address ${loadAddress}; fetch it again`,
    );
  }
  const runAddress = Math.max(preferred, loadAddress);
  const initSize = version >= 0x20a ? runAddress - loadAddress + file.u32(INIT_SIZE) : 0;

  const releaseAt = file.u16(KERNEL_VERSION);
  return {
    version,
    kernelOffset,
    kernelSize,
    relocatable,
    loadAddress,
    initSize: Math.max(initSize, kernelSize),
    initrdMax: version >= 0x203 ? file.u32(INITRD_ADDR_MAX) : 0x37ffffff,
    commandLineMax: version >= 0x206 ? file.u32(CMDLINE_SIZE) : 255,
    release: releaseAt === 0 ? '' : file.text(SECTOR + releaseAt, 255),
  };
}

/**
 * Plans the boot of a bzImage.
 * @throws UserError if an image is damaged, or if something does not fit.
 */
export function planLinux(request: BootRequest): BootPlan {
  const { kernel, memoryBytes } = request;
  checkMemory(memoryBytes);
  const header = parseLinux(kernel);
  if (!isUsable(memoryBytes, header.loadAddress, header.initSize)) {
    const need = formatBytes(header.loadAddress + header.initSize);
    throw new UserError(`${kernel.name}: needs ${need} of memory to start; give more with --memory`);
  }
  const initrd = placeInitrd(request, header);
  const commandLine = placeCommandLine(request, header);
  const code = kernel.bytes.subarray(header.kernelOffset, header.kernelOffset + header.kernelSize);

  const loads: Load[] = biosData(request.textMode ?? false).map((data) => load(data.address, data.bytes, 'BIOS data'));
  loads.push(bootGdt(), commandLine, load(header.loadAddress, code, 'kernel'));
  if (initrd) loads.push(initrd);
  loads.push(load(ZERO_PAGE, zeroPage(request, header, initrd), 'zero page'));
  return {
    ...flatState,
    protocol: 'linux',
    description: `Linux ${header.release || `boot protocol ${protocol(header.version)}`}`,
    loads,
    entry: header.loadAddress,
    registers: registers({ esi: ZERO_PAGE }),
  };
}

/** As high as the kernel allows; where that is too small, between 1 MiB and a kernel that runs higher. */
function placeInitrd({ kernel, modules = [], memoryBytes }: BootRequest, header: LinuxHeader): Load | undefined {
  const [file, ...others] = modules;
  if (!file) return undefined;
  if (file.bytes.length === 0) throw new UserError(`${file.name}: the initrd is empty; build it again or leave it out`);
  if (others.length > 0) throw new UserError(`${kernel.name}: Linux takes one initrd, not ${modules.length}`);
  const size = file.bytes.length;
  const ceiling = Math.min(memoryBytes, header.initrdMax + 1);
  const kernelEnd = header.loadAddress + header.initSize;
  let address = alignDown(ceiling - size, 4096);
  if (address < kernelEnd) address = alignDown(Math.min(ceiling, header.loadAddress) - size, 4096);
  if (address < HIGH_MEMORY) {
    const need = formatBytes(alignUp(kernelEnd, 4096) + alignUp(size, 4096));
    const mend = ceiling < memoryBytes ? 'give a smaller one' : `give at least ${need} with --memory`;
    throw new UserError(`${file.name}: initrd of ${formatBytes(size)} does not fit beside the kernel; ${mend}`);
  }
  return load(address, file.bytes, 'initrd');
}

function placeCommandLine({ kernel, commandLine = '' }: BootRequest, header: LinuxHeader): Load {
  const bytes = cString(commandLine);
  const max = Math.min(header.commandLineMax, COMMAND_LINE_END - COMMAND_LINE - 1);
  if (bytes.length - 1 > max) {
    throw new UserError(
      `--append: ${bytes.length - 1} bytes are too many, ${kernel.name} takes ${max}; shorten the command line`,
    );
  }
  if (bytes.indexOf(0) !== bytes.length - 1) throw new UserError('--append: the command line holds a NUL; remove it');
  return load(COMMAND_LINE, bytes, 'command line');
}

function zeroPage(request: BootRequest, header: LinuxHeader, initrd: Load | undefined): Uint8Array {
  const { bytes } = request.kernel;
  const page = new Uint8Array(ZERO_PAGE_SIZE);
  const view = new DataView(page.buffer);
  // The header ends where its jump instruction leads. All else must be zero: the kernel tells loaders that copy too
  // much by the sentinel at 1EFh.
  const headerEnd = Math.min(JUMP + 2 + (bytes[JUMP + 1] as number), HEADER_END, bytes.length);
  page.set(bytes.subarray(SETUP_SECTS, headerEnd), SETUP_SECTS);

  view.setUint16(VID_MODE, VID_MODE_NORMAL, true);
  page[TYPE_OF_LOADER] = UNKNOWN_LOADER;
  view.setUint32(CODE32_START, header.loadAddress, true);
  view.setUint32(CMD_LINE_PTR, COMMAND_LINE, true);
  view.setUint32(RAMDISK_IMAGE, initrd?.address ?? 0, true);
  view.setUint32(RAMDISK_SIZE, initrd?.size ?? 0, true);

  if (request.textMode) page.set(screenInfo(), SCREEN_INFO);
  const aboveKib = Math.max(0, request.memoryBytes - HIGH_MEMORY) / 1024;
  view.setUint16(EXT_MEM_K, Math.min(aboveKib, 0xffff), true);
  view.setUint32(ALT_MEM_K, aboveKib, true);
  if (request.rsdp !== undefined) view.setUint32(ACPI_RSDP_ADDR, request.rsdp, true);

  const map = e820(request.memoryBytes);
  const table = new Builder();
  for (const { base, length, type } of map) table.u64(base).u64(length).u32(type);
  page[E820_ENTRIES] = map.length;
  page.set(table.finish(), E820_TABLE);
  return page;
}

/** `struct screen_info` of an 80x25 colour text mode, as INT 10h would report it. */
function screenInfo(): Uint8Array {
  return new Builder()
    .padTo(6)
    .u8(3, 80) // orig_video_mode, orig_video_cols
    .padTo(10)
    .u16(3) // orig_video_ega_bx: colour, 256 KiB
    .padTo(14)
    .u8(25, 1) // orig_video_lines, orig_video_isVGA
    .u16(16) // orig_video_points
    .finish();
}

function load(address: number, bytes: Uint8Array, what: string): Load {
  return { address, bytes, size: bytes.length, what };
}

function protocol(version: number): string {
  return `${version >> 8}.${String(version & 255).padStart(2, '0')}`;
}
