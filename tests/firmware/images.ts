// Synthetic kernel images for the tests of the loaders: the smallest that are valid, every field adjustable.

import { Builder } from '../../src/firmware/bytes.ts';
import type { BootPlan } from '../../src/firmware/plan.ts';

export const MIB = 1024 * 1024;

export interface BzImageOptions {
  version?: number;
  loadflags?: number;
  xloadflags?: number;
  relocatable?: boolean;
  alignment?: number;
  prefAddress?: number;
  initSize?: number;
  initrdMax?: number;
  commandLineMax?: number;
  kernelBytes?: number;
  release?: string;
}

/** A bzImage with two sectors of setup whose protected-mode code is F4h (HLT) throughout. */
export function bzImage(options: BzImageOptions = {}): Uint8Array {
  const kernelBytes = options.kernelBytes ?? 4096;
  const release = options.release ?? '6.1.0-test';
  const image = new Builder()
    .padTo(0x1f1)
    .u8(2)
    .u16(1)
    .u32(kernelBytes / 16);
  image
    .padTo(0x1fe)
    .u16(0xaa55)
    .u8(0xeb, 0x6a)
    .text('HdrS')
    .u16(options.version ?? 0x20f);
  image.padTo(0x20e).u16(0x300); // the release string at 200h + 300h
  image.padTo(0x211).u8(options.loadflags ?? 1);
  image.padTo(0x214).u32(0x100000);
  image.padTo(0x22c).u32(options.initrdMax ?? 0x7fffffff);
  image.u32(options.alignment ?? 0x1000000).u8((options.relocatable ?? true) ? 1 : 0, 13);
  image.u16(options.xloadflags ?? 0).u32(options.commandLineMax ?? 2047);
  image
    .padTo(0x258)
    .u64(options.prefAddress ?? 0x1000000)
    .u32(options.initSize ?? 0x1000000);
  image
    .padTo(0x500)
    .text(release)
    .padTo(3 * 512);
  for (let k = 0; k < kernelBytes; k++) image.u8(0xf4);
  return image.finish();
}

export interface ElfOptions {
  multibootFlags?: number;
  addressFields?: readonly [header: number, load: number, loadEnd: number, bssEnd: number, entry: number];
  physical?: number;
  virtual?: number;
  memorySize?: number;
  entry?: number;
  elfClass?: number;
  machine?: number;
  symbols?: boolean;
}

/** Where the Multiboot header of `multibootElf` stands in the file. */
export const ELF_HEADER_AT = 0x1000;
/** Bytes that `multibootElf` loads. */
export const ELF_FILE_SIZE = 0x40;

/** An ELF32 kernel: one segment of 40h bytes that begins with a Multiboot header, and optionally a string section. */
export function multibootElf(options: ElfOptions = {}): Uint8Array {
  const physical = options.physical ?? 0x100000;
  const virtual = options.virtual ?? physical;
  const flags = (options.multibootFlags ?? 3) | (options.addressFields ? 0x10000 : 0);
  const image = new Builder()
    .u8(0x7f)
    .text('ELF')
    .u8(options.elfClass ?? 1, 1, 1)
    .padTo(16);
  image.u16(2, options.machine ?? 3).u32(1, options.entry ?? virtual + 0x20, 52);
  image.u32(options.symbols ? ELF_HEADER_AT + 0x100 : 0, 0).u16(52, 32, 1, 40, options.symbols ? 2 : 0, 1);
  image.u32(1, ELF_HEADER_AT, virtual, physical, ELF_FILE_SIZE, options.memorySize ?? 0x2000, 7, 0x1000);
  image.padTo(ELF_HEADER_AT).u32(0x1badb002, flags, -(0x1badb002 + flags));
  image.u32(...(options.addressFields ?? [])).padTo(ELF_HEADER_AT + ELF_FILE_SIZE);
  if (options.symbols) {
    image.text('\0.shstrtab\0').padTo(ELF_HEADER_AT + 0x100 + 40); // section 0 is the null section
    image.u32(1, 3, 0, 0, ELF_HEADER_AT + ELF_FILE_SIZE, 11, 0, 0, 1, 0);
  }
  return image.finish();
}

/** Guest-physical memory after a plan was applied, as far as the plan says: reads of what it does not set fail. */
export function applied(plan: BootPlan) {
  const find = (address: number) => {
    for (let k = plan.loads.length - 1; k >= 0; k--) {
      const load = plan.loads[k] as (typeof plan.loads)[number];
      if (address >= load.address && address < load.address + load.size) return load.bytes[address - load.address] ?? 0;
    }
    throw new Error(`nothing loaded at ${address.toString(16)}`);
  };
  const u8 = find;
  const u16 = (at: number) => u8(at) | (u8(at + 1) << 8);
  const u32 = (at: number) => (u16(at) | (u16(at + 2) << 16)) >>> 0;
  const text = (at: number) => {
    let result = '';
    for (let k = at; u8(k) !== 0; k++) result += String.fromCharCode(u8(k));
    return result;
  };
  return { u8, u16, u32, text };
}
