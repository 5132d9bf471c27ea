// The guests of the folder guests/ as Multiboot images: prelude.asm, then one of the others at MAIN.

import { fileURLToPath } from 'node:url';
import type { NamedFile } from '../../src/firmware/plan.ts';
import { pieces } from './assembly.ts';

const LOAD = 0x100000;
const BYTES = 0x8000;

/** Path of a guest's source. */
export const sourceOf = (name: string): string => fileURLToPath(new URL(`guests/${name}.asm`, import.meta.url));

export function guestImage(name: string): NamedFile {
  const bytes = new Uint8Array(BYTES);
  for (const piece of [...pieces(sourceOf('prelude')), ...pieces(sourceOf(name))])
    bytes.set(piece.bytes, piece.at - LOAD);
  return { name, bytes };
}
