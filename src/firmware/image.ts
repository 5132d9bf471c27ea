// Tells kernel images apart and plans their boot.

import { UserError } from '../lib/errors.ts';
import { foreignElf, isElf } from './elf.ts';
import { isLinux, planLinux } from './linux.ts';
import { findMultiboot, planMultiboot } from './multiboot.ts';
import type { BootPlan, BootRequest } from './plan.ts';

export type ImageKind = 'linux' | 'multiboot';

/** First bytes of files that are given as kernels by mistake: offset, bytes, what it is and what to do. */
const MISTAKES: readonly (readonly [offset: number, bytes: readonly number[], what: string])[] = [
  [0, [0x1f, 0x8b], 'a gzip file; decompress it first, or give it as --initrd'],
  [0, [0x28, 0xb5, 0x2f, 0xfd], 'a Zstandard file; decompress it first, or give it as --initrd'],
  [0, [0xfd, 0x37, 0x7a, 0x58, 0x5a], 'an xz file; decompress it first, or give it as --initrd'],
  [0, [0x30, 0x37, 0x30, 0x37, 0x30], 'a cpio archive; give it as --initrd'],
  [0, [0x51, 0x46, 0x49, 0xfb], 'a qcow2 disk image; give it as --hda'],
  [0x38, [0x41, 0x52, 0x4d, 0x64], 'an AArch64 Linux kernel; give one for i386 (vmlinuz-*-686)'],
  [0x30, [0x52, 0x49, 0x53, 0x43], 'a RISC-V Linux kernel; give one for i386 (vmlinuz-*-686)'],
  [0x24, [0x18, 0x28, 0x6f, 0x01], 'an ARM Linux kernel; give one for i386 (vmlinuz-*-686)'],
  [0x8001, [0x43, 0x44, 0x30, 0x30, 0x31], 'a CD-ROM image; give it as --cdrom'],
];

/**
 * Decides by which protocol a kernel boots.
 * @throws UserError if by none; the line says what the file is, as far as that can be told.
 */
export function identify(bytes: Uint8Array, name: string): ImageKind {
  if (bytes.length === 0) throw new UserError(`${name}: the file is empty; give a bzImage or a Multiboot kernel`);
  if (isLinux(bytes)) return 'linux';
  if (findMultiboot(bytes)) return 'multiboot';
  if (isElf(bytes)) {
    const what = foreignElf({ name, bytes }) ?? 'an ELF file without a Multiboot header in its first 8 KiB';
    throw new UserError(`${name}: ${what}; give a bzImage or a Multiboot kernel for i386`);
  }
  for (const [offset, magic, what] of MISTAKES) {
    if (magic.every((value, k) => bytes[offset + k] === value)) throw new UserError(`${name}: ${what}`);
  }
  if (bytes[510] === 0x55 && bytes[511] === 0xaa) {
    throw new UserError(`${name}: a boot sector or a disk image; give it as --fda or --hda`);
  }
  throw new UserError(`${name}: not a kernel that can be booted; give a bzImage or a Multiboot kernel for i386`);
}

/**
 * Plans the boot of a kernel by the protocol that fits it.
 * @throws UserError with one line that names the file at fault and the mend.
 */
export function planBoot(request: BootRequest): BootPlan {
  const kind = identify(request.kernel.bytes, request.kernel.name);
  return kind === 'linux' ? planLinux(request) : planMultiboot(request);
}
