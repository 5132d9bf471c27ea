// Code to measure with: the text of the bare-metal image.

import { readFileSync } from 'node:fs';
import { benchImage } from '../../guests/bench/build.ts';

/** Where the image's only segment starts in its file, and how much of it is certainly code. */
const TEXT_OFFSET = 0x1000;
const TEXT_BYTES = 0x1800;

export function guestCode(): Uint8Array {
  return new Uint8Array(readFileSync(benchImage).subarray(TEXT_OFFSET, TEXT_OFFSET + TEXT_BYTES));
}
