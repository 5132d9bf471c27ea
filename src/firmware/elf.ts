// ELF for 32-bit x86 executables: System V ABI, edition 4.1, chapters 4 and 5, with the Intel386 supplement.
// Headers only: nothing is relocated, and dynamic linking is refused by nobody since kernels are static.
// Every offset and count comes from the file and is checked against it.

import { UserError } from '../lib/errors.ts';
import { Reader } from './bytes.ts';
import type { NamedFile } from './plan.ts';

const ELF_MAGIC = 0x464c457f;
const ELFCLASS32 = 1;
const ELFCLASS64 = 2;
const ELFDATA2LSB = 1;
const ET_EXEC = 2;
const EM_386 = 3;
const EHDR_SIZE = 52;
const PHDR_SIZE = 32;
const SHDR_SIZE = 40;

export const PT_LOAD = 1;
export const PF_X = 1;
export const SHT_NOBITS = 8;

/** e_machine values worth a name in a message. */
const MACHINES: Readonly<Record<number, string>> = {
  2: 'SPARC',
  4: '68000',
  8: 'MIPS',
  20: 'PowerPC',
  21: 'PowerPC 64',
  22: 'S/390',
  40: 'ARM',
  43: 'SPARC 64',
  50: 'IA-64',
  62: 'x86-64',
  183: 'AArch64',
  243: 'RISC-V',
  258: 'LoongArch',
};

/** A program header: file offset and sizes in bytes, addresses as the file gives them. */
export interface ElfSegment {
  readonly type: number;
  readonly offset: number;
  readonly virtualAddress: number;
  readonly physicalAddress: number;
  readonly fileSize: number;
  readonly memorySize: number;
  readonly flags: number;
}

export interface ElfSection {
  readonly type: number;
  readonly address: number;
  readonly offset: number;
  readonly size: number;
  readonly alignment: number;
}

export interface Elf {
  readonly entry: number;
  readonly segments: readonly ElfSegment[];
  readonly sections: readonly ElfSection[];
  /** The section header table as it stands in the file; empty if it has none. */
  readonly sectionTable: Uint8Array;
  /** Index of the section with the names of sections. */
  readonly namesIndex: number;
}

export function isElf(bytes: Uint8Array): boolean {
  return bytes.length >= 4 && new Reader(bytes, '').u32(0) === ELF_MAGIC;
}

/**
 * Says what keeps an ELF file from running here.
 * @returns the reason as a noun phrase, or undefined for a 32-bit x86 executable.
 */
export function foreignElf({ name, bytes }: NamedFile): string | undefined {
  const file = new Reader(bytes, name);
  const machine = file.u16(18);
  const architecture = MACHINES[machine] ?? `machine ${machine}`;
  if (file.u8(5) !== ELFDATA2LSB) return 'a big-endian ELF file';
  if (file.u8(4) === ELFCLASS64) return `a 64-bit ELF file for ${architecture}`;
  if (file.u8(4) !== ELFCLASS32) return 'an ELF file of unknown class';
  if (machine !== EM_386) return `an ELF file for ${architecture}`;
  if (file.u16(16) !== ET_EXEC) return 'an ELF file that is not an executable';
  return undefined;
}

/**
 * Reads the headers of a 32-bit x86 executable.
 * @throws UserError if it is another kind of file or truncated.
 */
export function parseElf(kernel: NamedFile): Elf {
  const { name, bytes } = kernel;
  if (!isElf(bytes)) throw new UserError(`${name}: not an ELF file; give an ELF32 kernel for i386`);
  const file = new Reader(bytes, name);
  file.slice(0, EHDR_SIZE);
  const foreign = foreignElf(kernel);
  if (foreign) throw new UserError(`${name}: ${foreign}; give an ELF32 kernel for i386`);

  const segmentsAt = file.u32(28);
  const segmentSize = file.u16(42);
  const segmentCount = file.u16(44);
  const sectionsAt = file.u32(32);
  const sectionSize = file.u16(46);
  const sectionCount = sectionsAt === 0 ? 0 : file.u16(48);
  if (segmentCount > 0 && segmentSize !== PHDR_SIZE) {
    throw new UserError(`${name}: program headers of ${segmentSize} bytes instead of ${PHDR_SIZE}; build it again`);
  }
  if (sectionCount > 0 && sectionSize !== SHDR_SIZE) {
    throw new UserError(`${name}: section headers of ${sectionSize} bytes instead of ${SHDR_SIZE}; build it again`);
  }

  const segments: ElfSegment[] = [];
  for (let k = 0, at = segmentsAt; k < segmentCount; k++, at += PHDR_SIZE) {
    const segment: ElfSegment = {
      type: file.u32(at),
      offset: file.u32(at + 4),
      virtualAddress: file.u32(at + 8),
      physicalAddress: file.u32(at + 12),
      fileSize: file.u32(at + 16),
      memorySize: file.u32(at + 20),
      flags: file.u32(at + 24),
    };
    if (segment.type === PT_LOAD) file.slice(segment.offset, segment.fileSize);
    if (segment.type === PT_LOAD && segment.fileSize > segment.memorySize) {
      throw new UserError(`${name}: segment ${k} is larger in the file than in memory; build it again`);
    }
    segments.push(segment);
  }

  const sections: ElfSection[] = [];
  const sectionTable = file.slice(sectionCount ? sectionsAt : 0, sectionCount * SHDR_SIZE);
  for (let k = 0, at = sectionsAt; k < sectionCount; k++, at += SHDR_SIZE) {
    const section: ElfSection = {
      type: file.u32(at + 4),
      address: file.u32(at + 12),
      offset: file.u32(at + 16),
      size: file.u32(at + 20),
      alignment: file.u32(at + 32),
    };
    if (section.type !== 0 && section.type !== SHT_NOBITS) file.slice(section.offset, section.size);
    sections.push(section);
  }
  return { entry: file.u32(24), segments, sections, sectionTable, namesIndex: file.u16(50) };
}
