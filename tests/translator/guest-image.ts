// The guests of the folder guests/ as Multiboot images: prelude.asm, then one of the others at MAIN.

import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { NamedFile } from '../../src/firmware/plan.ts';
import type { CodeKind } from '../../src/memory/heap.ts';
import { pieces } from './assembly.ts';

const MIB = 1 << 20;
const LOAD = 0x100000;
const BYTES = 0x8000;

/** Addresses of guests/layout.inc: what a guest leaves behind, and where it ends. */
export const RESULTS = 0x70000;
export const END = 0x100112;
/** Instructions: more than any of the guests retires. */
export const MOST = 5_000_000;

/** The guests' names. */
export const NAMES: readonly string[] = readdirSync(new URL('guests', import.meta.url))
  .filter((file) => file.endsWith('.asm') && file !== 'prelude.asm')
  .map((file) => file.slice(0, -'.asm'.length));

/** Path of a guest's source. */
export const sourceOf = (name: string): string => fileURLToPath(new URL(`guests/${name}.asm`, import.meta.url));

export function guestImage(name: string): NamedFile {
  const bytes = new Uint8Array(BYTES);
  for (const piece of [...pieces(sourceOf('prelude')), ...pieces(sourceOf(name))])
    bytes.set(piece.bytes, piece.at - LOAD);
  return { name, bytes };
}

/** The machine that a guest is made for. */
export const guestMachine = (name: string, code: CodeKind) => ({
  memoryBytes: 4 * MIB,
  kernel: guestImage(name),
  code,
});
