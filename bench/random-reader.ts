// A program for i386 Linux that reads pages of 4 KiB at random from /dev/sda, past the page cache: the smallest ELF file
// that does it. System calls: open (5), pread64 (180), exit (1), by INT 80h.

/** Pages that it reads. */
export const RANDOM_READS = 10_000;

const BASE = 0x08048000;
const HEADERS = 52 + 32;
/** Within the zeros behind the file. */
const BUFFER = BASE + 0x2000;
const O_DIRECT = 0o40000;
const PATH = '/dev/sda\0';

/** The file, at most 512 bytes, for a disk of `pages` pages, a power of two. */
export function randomReader(pages: number): Uint8Array {
  const path = BASE + HEADERS;
  const entry = path + PATH.length;
  const long = (value: number): number[] => [value & 255, (value >> 8) & 255, (value >> 16) & 255, (value >> 24) & 255];
  const loop = [
    [0x69, 0xf6, ...long(1664525)], // IMUL ESI, ESI, 1664525
    [0x81, 0xc6, ...long(1013904223)], // ADD ESI, 1013904223
    [0x56], // PUSH ESI
    [0x57], // PUSH EDI
    [0xc1, 0xee, 32 - Math.log2(pages)], // SHR ESI, to a page
    [0xc1, 0xe6, 12], // SHL ESI, to its first byte
    [0x31, 0xff], // XOR EDI, EDI
    [0x89, 0xeb], // MOV EBX, EBP: the file
    [0xb9, ...long(BUFFER)], // MOV ECX, buffer
    [0xba, ...long(4096)], // MOV EDX, 4096
    [0xb8, ...long(180)], // MOV EAX, pread64
    [0xcd, 0x80],
    [0x5f], // POP EDI
    [0x5e], // POP ESI
    [0x3d, ...long(4096)], // CMP EAX, 4096
    [0x75, 7], // JNE end
    [0x4f], // DEC EDI
  ].flat();
  const code = [
    [0xb8, ...long(5)], // MOV EAX, open
    [0xbb, ...long(path)], // MOV EBX, path
    [0xb9, ...long(O_DIRECT)], // MOV ECX, O_DIRECT
    [0x31, 0xd2], // XOR EDX, EDX
    [0xcd, 0x80],
    [0x89, 0xc5], // MOV EBP, EAX
    [0xbe, ...long(1)], // MOV ESI, 1
    [0xbf, ...long(RANDOM_READS)], // MOV EDI, count
    loop,
    [0x0f, 0x85, ...long(-(loop.length + 6))], // JNZ loop
    [0x89, 0xfb], // end: MOV EBX, EDI: reads that are missing
    [0xb8, ...long(1)], // MOV EAX, exit
    [0xcd, 0x80],
  ].flat();
  const bytes = new Uint8Array(512);
  const view = new DataView(bytes.buffer);
  bytes.set([0x7f, 0x45, 0x4c, 0x46, 1, 1, 1]);
  const header = [
    [16, 2, 2], // executable
    [18, 2, 3], // i386
    [20, 4, 1],
    [24, 4, entry],
    [28, 4, 52], // program headers
    [40, 2, 52],
    [42, 2, 32],
    [44, 2, 1],
    [52, 4, 1], // PT_LOAD
    [60, 4, BASE],
    [64, 4, BASE],
    [68, 4, bytes.length],
    [72, 4, 0x4000],
    [76, 4, 7],
    [80, 4, 4096],
  ] as const;
  for (const [at, size, value] of header) {
    if (size === 2) view.setUint16(at, value, true);
    else view.setUint32(at, value, true);
  }
  bytes.set(new TextEncoder().encode(PATH), HEADERS);
  bytes.set(code, HEADERS + PATH.length);
  return bytes;
}
