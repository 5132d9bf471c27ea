// Which format an image has, by its first bytes. Signatures are those that the formats' own documents give; a file with
// none of them is raw. Formats that are known and not supported are named, so that nobody boots a container as a disk.

/** Bytes of an image's head that {@link detectFormat} looks at. */
export const HEAD_BYTES = 512;

/** A format other than raw. */
export interface NamedFormat {
  readonly name: string;
  /** The article before the name. */
  readonly article: 'a' | 'an';
}

export const QCOW2: NamedFormat = { name: 'qcow2', article: 'a' };

interface Signature {
  readonly format: NamedFormat;
  readonly at: number;
  readonly bytes: string;
  /** Bytes that follow at another place, where the first ones alone say too little. */
  readonly version?: { readonly at: number; readonly among: readonly number[] };
}

const SIGNATURES: readonly Signature[] = [
  // QEMU docs/interop/qcow2.txt, "Header"; the big-endian version is 2 or 3.
  { format: QCOW2, at: 0, bytes: 'QFI\xfb', version: { at: 4, among: [2, 3] } },
  { format: { name: 'qcow (version 1)', article: 'a' }, at: 0, bytes: 'QFI\xfb', version: { at: 4, among: [1] } },
  { format: { name: 'qcow (of an unknown version)', article: 'a' }, at: 0, bytes: 'QFI\xfb' },
  { format: { name: 'QED', article: 'a' }, at: 0, bytes: 'QED\0' },
  // VMware Virtual Disk Format 5.0: sparse extent, ESX extent, descriptor.
  { format: { name: 'VMDK', article: 'a' }, at: 0, bytes: 'KDMV' },
  { format: { name: 'VMDK', article: 'a' }, at: 0, bytes: 'COWD' },
  { format: { name: 'VMDK', article: 'a' }, at: 0, bytes: '# Disk DescriptorFile' },
  // VirtualBox: BEDA107Fh, little-endian, behind a line of text.
  { format: { name: 'VDI', article: 'a' }, at: 64, bytes: '\x7f\x10\xda\xbe' },
  // Microsoft Virtual Hard Disk specification; [MS-VHDX] 2.2.1.
  { format: { name: 'VHD', article: 'a' }, at: 0, bytes: 'conectix' },
  { format: { name: 'VHDX', article: 'a' }, at: 0, bytes: 'vhdxfile' },
  { format: { name: 'Parallels', article: 'a' }, at: 0, bytes: 'WithoutFreeSpace' },
  { format: { name: 'Parallels', article: 'a' }, at: 0, bytes: 'WithouFreSpacExt' },
  { format: { name: 'LUKS', article: 'a' }, at: 0, bytes: 'LUKS\xba\xbe' },
];

/** The format of an image with these first bytes (up to {@link HEAD_BYTES}). */
export function detectFormat(head: Uint8Array): 'raw' | NamedFormat {
  for (const { format, at, bytes, version } of SIGNATURES) {
    if (!holds(head, at, bytes)) continue;
    if (!version || version.among.includes(bigEndian32(head, version.at))) return format;
  }
  return 'raw';
}

function holds(head: Uint8Array, at: number, bytes: string): boolean {
  for (let i = 0; i < bytes.length; i++) if (head[at + i] !== bytes.charCodeAt(i)) return false;
  return true;
}

/** Minus one where the head is too short. */
const bigEndian32 = (head: Uint8Array, at: number): number =>
  head.length < at + 4 ? -1 : new DataView(head.buffer, head.byteOffset).getUint32(at);
