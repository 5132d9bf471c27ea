// A writer of small ISO 9660 images (ECMA-119): one directory, level 1 names, one extent for each file.

const BLOCK = 2048;
const DESCRIPTORS_AT = 16;
const PATH_TABLE_AT = 18;
const ROOT_AT = 20;
const FILES_AT = 21;
const DIRECTORY = 2;

/** `files`: contents by name, such as `HELLO.TXT`. The directory has to fit a block. */
export function iso9660(volume: string, files: Readonly<Record<string, Uint8Array | string>>): Uint8Array {
  const contents = Object.entries(files).map(([name, data]) => ({
    name: `${name};1`,
    data: typeof data === 'string' ? new TextEncoder().encode(data) : data,
  }));
  let next = FILES_AT;
  const placed = contents.map(({ name, data }) => {
    const at = next;
    next += Math.ceil(data.length / BLOCK);
    return { name, data, at };
  });
  const image = new Uint8Array(next * BLOCK);
  const root = (name: string): number[] => record(name, ROOT_AT, BLOCK, DIRECTORY);
  image.set(primaryDescriptor(volume, next, root('\0')), DESCRIPTORS_AT * BLOCK);
  image.set([255, ...ascii('CD001', 5), 1], (DESCRIPTORS_AT + 1) * BLOCK);
  for (const [k, little] of [true, false].entries()) {
    image.set([1, 0, ...u32(ROOT_AT, little), ...u16(1, little), 0, 0], (PATH_TABLE_AT + k) * BLOCK);
  }
  const entries = placed.flatMap(({ name, data, at }) => record(name, at, data.length, 0));
  image.set([...root('\0'), ...root('\x01'), ...entries], ROOT_AT * BLOCK);
  for (const { data, at } of placed) image.set(data, at * BLOCK);
  return image;
}

/** ECMA-119, 8.4. */
function primaryDescriptor(volume: string, blocks: number, root: readonly number[]): Uint8Array {
  const it = new Uint8Array(BLOCK);
  it.set([1, ...ascii('CD001', 5), 1]);
  it.set([...ascii('', 32), ...ascii(volume, 32)], 8);
  it.set(both32(blocks), 80);
  it.set([...both16(1), ...both16(1), ...both16(BLOCK), ...both32(10)], 120);
  it.set(u32(PATH_TABLE_AT, true), 140);
  it.set(u32(PATH_TABLE_AT + 1, false), 148);
  it.set(root, 156);
  it.set(ascii('', 623), 190);
  for (const at of [813, 830, 847, 864]) it.set(ascii('0'.repeat(16), 16), at);
  it[881] = 1;
  return it;
}

/** Directory record: ECMA-119, 9.1. */
function record(name: string, at: number, bytes: number, flags: number): number[] {
  const length = 33 + name.length + ((33 + name.length) & 1);
  const date = [126, 11, 21, 0, 0, 0, 0];
  const it = [length, 0, ...both32(at), ...both32(bytes), ...date, flags, 0, 0, ...both16(1), name.length];
  it.push(...ascii(name, name.length));
  while (it.length < length) it.push(0);
  return it;
}

const ascii = (text: string, length: number): number[] =>
  Array.from({ length }, (_, k) => (k < text.length ? text.charCodeAt(k) : 0x20));
const u16 = (v: number, little: boolean): number[] => (little ? [v & 255, v >> 8] : [v >> 8, v & 255]);
const u32 = (v: number, little: boolean): number[] => {
  const bytes = [v & 255, (v >> 8) & 255, (v >> 16) & 255, v >>> 24];
  return little ? bytes : bytes.reverse();
};
const both16 = (v: number): number[] => [...u16(v, true), ...u16(v, false)];
const both32 = (v: number): number[] => [...u32(v, true), ...u32(v, false)];
