// Multiboot 1: "The Multiboot Specification", version 0.6.96, sections 3.1 (image), 3.2 (machine state) and 3.3
// (boot information).
//
// Deviations: a requested video mode (header flag 2) is a preference, as section 3.1.4 has it for the mode's values:
// the kernel is told of the text mode that is there. No APM table, drives, ROM configuration or VBE information.

import { UserError } from '../lib/errors.ts';
import { hex } from '../lib/hex.ts';
import { alignUp, Builder, cString, formatBytes, Reader } from './bytes.ts';
import { type Elf, isElf, PF_X, PT_LOAD, parseElf, SHT_NOBITS } from './elf.ts';
import { bootGdt, flatState, registers } from './flat-state.ts';
import {
  biosData,
  checkMemory,
  EBDA,
  e820,
  HIGH_MEMORY,
  isUsable,
  MULTIBOOT_INFO,
  MULTIBOOT_INFO_END,
} from './memory-map.ts';
import type { BootPlan, BootRequest, Load, NamedFile } from './plan.ts';

// Header, section 3.1: at a multiple of 4 in the first 8 KiB.
const HEADER_MAGIC = 0x1badb002;
const SEARCH_LIMIT = 8192;
const PAGE_ALIGN = 1 << 0;
const MEMORY_INFO = 1 << 1;
const VIDEO_MODE = 1 << 2;
const ADDRESS_FIELDS = 1 << 16;
/** Flags in the low half must be understood. */
const REQUIRED_FLAGS = 0xffff;
const UNDERSTOOD_FLAGS = PAGE_ALIGN | MEMORY_INFO | VIDEO_MODE;

/** What EAX holds at the kernel's entry. */
const LOADER_MAGIC = 0x2badb002;

// Boot information, section 3.3.
const INFO_SIZE = 116;
const INFO_MEMORY = 1 << 0;
const INFO_COMMAND_LINE = 1 << 2;
const INFO_MODULES = 1 << 3;
const INFO_ELF_SECTIONS = 1 << 5;
const INFO_MEMORY_MAP = 1 << 6;
const INFO_LOADER_NAME = 1 << 9;
const INFO_FRAMEBUFFER = 1 << 12;
const FRAMEBUFFER_EGA_TEXT = 2;
const LOADER_NAME = 'Transvisor';
const PAGE = 4096;

/** The Multiboot header of a kernel. */
export interface MultibootHeader {
  /** Offset in the file. */
  readonly offset: number;
  readonly flags: number;
}

/** The loaded kernel: its loads, where it ends in memory, and where it starts. */
interface Image {
  readonly loads: Load[];
  readonly end: number;
  readonly entry: number;
  readonly elf?: Elf;
}

/** Looks for a header in the first 8 KiB. */
export function findMultiboot(bytes: Uint8Array): MultibootHeader | undefined {
  const file = new Reader(bytes, '');
  const end = Math.min(file.length, SEARCH_LIMIT) - 12;
  for (let offset = 0; offset <= end; offset += 4) {
    if (file.u32(offset) !== HEADER_MAGIC) continue;
    const flags = file.u32(offset + 4);
    if (((HEADER_MAGIC + flags + file.u32(offset + 8)) | 0) === 0) return { offset, flags };
  }
  return undefined;
}

/**
 * Plans the boot of a Multiboot kernel.
 * @throws UserError if it is none, if it is damaged, or if something does not fit.
 */
export function planMultiboot(request: BootRequest): BootPlan {
  const { kernel, memoryBytes } = request;
  checkMemory(memoryBytes);
  const header = findMultiboot(kernel.bytes);
  if (!header) {
    throw new UserError(`${kernel.name}: no Multiboot header in its first 8 KiB; give a Multiboot 1 kernel`);
  }
  const unknown = header.flags & REQUIRED_FLAGS & ~UNDERSTOOD_FLAGS;
  if (unknown !== 0) {
    throw new UserError(
      `${kernel.name}: asks for unknown Multiboot features (flags ${hex(unknown)}); build it for Multiboot 0.6.96`,
    );
  }

  const image = header.flags & ADDRESS_FIELDS ? loadByAddresses(kernel, header) : loadElf(kernel);
  for (const { address, size } of image.loads) {
    if (!isUsable(memoryBytes, address, size)) {
      throw new UserError(
        `${kernel.name}: wants ${formatBytes(size)} at ${hex(address)}, where there is no RAM; ` +
          `give more with --memory (it is ${formatBytes(memoryBytes)}) or link it elsewhere`,
      );
    }
  }
  const space = new Space(request, image);
  const sections = image.elf ? placeSections(space, kernel, image.elf) : undefined;
  const modules = (request.modules ?? []).map((file) => ({ file, at: space.place(file.bytes, PAGE, file.name) }));
  const info = bootInformation(request, modules, sections, space);
  return {
    ...flatState,
    protocol: 'multiboot',
    description: `Multiboot kernel ${baseName(kernel.name)}`,
    loads: [
      ...biosData(request.textMode ?? false).map((data) => load(data.address, data.bytes, 'BIOS data')),
      bootGdt(),
      ...image.loads,
      ...space.loads,
    ],
    entry: image.entry,
    registers: registers({ eax: LOADER_MAGIC, ebx: info }),
  };
}

/** Section 3.1.3, the address fields: for images that are not ELF, or whose headers should not be read. */
function loadByAddresses(kernel: NamedFile, { offset }: MultibootHeader): Image {
  const file = new Reader(kernel.bytes, kernel.name);
  const headerAddress = file.u32(offset + 12);
  const loadAddress = file.u32(offset + 16);
  const loadEnd = file.u32(offset + 20);
  const bssEnd = file.u32(offset + 24);
  const entry = file.u32(offset + 28);
  const start = offset - (headerAddress - loadAddress);
  const length = loadEnd === 0 ? file.length - start : loadEnd - loadAddress;
  if (headerAddress < loadAddress || start < 0 || length <= 0) {
    throw new UserError(`${kernel.name}: the address fields of its Multiboot header disagree; build it again`);
  }
  const bytes = file.slice(start, length);
  const end = Math.max(loadAddress + length, bssEnd);
  return { loads: [{ address: loadAddress, bytes, size: end - loadAddress, what: 'kernel' }], end, entry };
}

function loadElf(kernel: NamedFile): Image {
  if (!isElf(kernel.bytes)) {
    throw new UserError(`${kernel.name}: a Multiboot kernel without address fields has to be ELF; link it as ELF32`);
  }
  const elf = parseElf(kernel);
  const segments = elf.segments.filter((segment) => segment.type === PT_LOAD && segment.memorySize > 0);
  if (segments.length === 0)
    throw new UserError(`${kernel.name}: nothing to load in it; link it with PT_LOAD segments`);
  const loads = segments.map((segment) => ({
    address: segment.physicalAddress,
    bytes: kernel.bytes.subarray(segment.offset, segment.offset + segment.fileSize),
    size: segment.memorySize,
    what: 'kernel',
  }));
  // The entry point is a linear address; a kernel linked high is entered at the physical one.
  const home = segments.find(
    ({ flags, virtualAddress: start, memorySize }) =>
      flags & PF_X && elf.entry >= start && elf.entry < start + memorySize,
  );
  const entry = home ? elf.entry - home.virtualAddress + home.physicalAddress : elf.entry;
  return { loads, end: Math.max(...loads.map((part) => part.address + part.size)), entry, elf };
}

/** Hands out memory behind the kernel, and conventional memory for the information structure. */
class Space {
  readonly loads: Load[] = [];
  readonly #memoryBytes: number;
  readonly #image: Image;
  #next: number;

  constructor(request: BootRequest, image: Image) {
    this.#memoryBytes = request.memoryBytes;
    this.#image = image;
    this.#next = Math.max(image.end, HIGH_MEMORY);
  }

  /** Puts bytes behind everything that is there. Returns their address. */
  place(bytes: Uint8Array, alignment: number, what: string): number {
    const address = alignUp(this.#next, alignment);
    const end = address + bytes.length;
    if (end > this.#memoryBytes) {
      throw new UserError(
        `${what}: ${formatBytes(bytes.length)} do not fit behind the kernel; ` +
          `give at least ${formatBytes(alignUp(end, PAGE))} with --memory`,
      );
    }
    this.#next = end;
    this.loads.push(load(address, bytes, what));
    return address;
  }

  /** Where the information goes: its place in conventional memory, or behind the rest if the kernel is there. */
  informationAddress(length: number): number {
    const taken = this.#image.loads.some(
      ({ address, size }) => address < MULTIBOOT_INFO_END && address + size > MULTIBOOT_INFO,
    );
    return taken || length > MULTIBOOT_INFO_END - MULTIBOOT_INFO ? alignUp(this.#next, PAGE) : MULTIBOOT_INFO;
  }

  placeAt(address: number, bytes: Uint8Array, what: string): void {
    if (address >= HIGH_MEMORY) this.#next = address;
    if (address >= HIGH_MEMORY) this.place(bytes, PAGE, what);
    else this.loads.push(load(address, bytes, what));
  }
}

interface Sections {
  readonly count: number;
  readonly address: number;
  readonly namesIndex: number;
}

/** Flag 5: the section header table, with sections that no segment loads (symbols, names) brought into memory. */
function placeSections(space: Space, kernel: NamedFile, elf: Elf): Sections | undefined {
  if (elf.sections.length === 0) return undefined;
  const table = new Uint8Array(elf.sectionTable); // a copy, which slice() of a Buffer would not be
  const view = new DataView(table.buffer);
  elf.sections.forEach((section, k) => {
    if (section.address !== 0 || section.type === 0 || section.type === SHT_NOBITS || section.size === 0) return;
    const bytes = kernel.bytes.subarray(section.offset, section.offset + section.size);
    view.setUint32(k * 40 + 12, space.place(bytes, alignmentOf(section.alignment), 'ELF section'), true);
  });
  const address = space.place(table, 4, 'ELF section headers');
  return { count: elf.sections.length, address, namesIndex: elf.namesIndex };
}

/** Builds the information structure and everything it points to in one run of bytes. Returns its address. */
function bootInformation(
  request: BootRequest,
  modules: readonly { file: NamedFile; at: number }[],
  sections: Sections | undefined,
  space: Space,
): number {
  const { kernel, commandLine = '', memoryBytes } = request;
  const strings = [
    cString(commandLine === '' ? baseName(kernel.name) : `${baseName(kernel.name)} ${commandLine}`),
    cString(LOADER_NAME),
    ...modules.map(({ file }) => cString([baseName(file.name), file.arguments].filter(Boolean).join(' '))),
  ];
  const map = e820(memoryBytes);
  const mapAt = INFO_SIZE;
  const modulesAt = mapAt + map.length * 24;
  const stringsAt = modulesAt + modules.length * 16;
  const total = strings.reduce((sum, text) => sum + text.length, stringsAt);
  const base = space.informationAddress(total);
  const stringAddresses = strings.map((_, k) =>
    strings.slice(0, k).reduce((sum, text) => sum + text.length, base + stringsAt),
  );

  let flags = INFO_MEMORY | INFO_COMMAND_LINE | INFO_MODULES | INFO_MEMORY_MAP | INFO_LOADER_NAME;
  if (sections) flags |= INFO_ELF_SECTIONS;
  if (request.textMode) flags |= INFO_FRAMEBUFFER;
  const info = new Builder();
  info.u32(flags, EBDA / 1024, (memoryBytes - HIGH_MEMORY) / 1024, 0, stringAddresses[0] as number);
  info.u32(modules.length, base + modulesAt);
  if (sections) info.u32(sections.count, 40, sections.address, sections.namesIndex);
  info.padTo(44).u32(map.length * 24, base + mapAt);
  info.padTo(64).u32(stringAddresses[1] as number);
  if (request.textMode) info.padTo(88).u64(0xb8000).u32(160, 80, 25).u8(16, FRAMEBUFFER_EGA_TEXT);
  info.padTo(INFO_SIZE);
  // An entry's size does not count its size field.
  for (const { base, length, type } of map) info.u32(20).u64(base).u64(length).u32(type);
  modules.forEach(({ file, at }, k) => {
    info.u32(at, at + file.bytes.length, stringAddresses[k + 2] as number, 0);
  });
  for (const text of strings) info.bytes(text);
  space.placeAt(base, info.finish(), 'Multiboot information');
  return base;
}

/** A section's alignment, if it is one. */
function alignmentOf(alignment: number): number {
  return alignment > 0 && alignment <= PAGE && (alignment & (alignment - 1)) === 0 ? alignment : 4;
}

function baseName(name: string): string {
  return name.slice(Math.max(name.lastIndexOf('/'), name.lastIndexOf('\\')) + 1);
}

function load(address: number, bytes: Uint8Array, what: string): Load {
  return { address, bytes, size: bytes.length, what };
}
