// From the DAC to pixels: red, green, blue, alpha as the bytes of a little-endian word.

import { ATTRIBUTE_MODE, ATTRIBUTE_PALETTE_5_4, COLOUR_SELECT, OVERSCAN, PLANE_ENABLE } from './names.ts';
import type { VgaRegisters } from './registers.ts';

export const OPAQUE = 0xff000000 | 0;
export const BLACK = OPAQUE;

export class Colours {
  /** Pixels of the 256 values that reach the DAC. */
  readonly dac = new Int32Array(256);
  /** Pixels of the attribute controller's 16 values, after the plane enable mask. */
  readonly attribute = new Int32Array(16);
  overscan = BLACK;

  update({ state, wideDac }: VgaRegisters): void {
    const { dac, dacMask, attribute } = state;
    for (let k = 0; k < 256; k++) {
      const at = 3 * (k & dacMask);
      const [red, green, blue] = [dac[at] as number, dac[at + 1] as number, dac[at + 2] as number];
      this.dac[k] = wideDac ? rgb(red, green, blue) : rgb(widen(red), widen(green), widen(blue));
    }
    const mode = attribute[ATTRIBUTE_MODE] as number;
    const select = attribute[COLOUR_SELECT] as number;
    const enable = attribute[PLANE_ENABLE] as number;
    for (let k = 0; k < 16; k++) {
      const low = attribute[k & enable] as number;
      const six = mode & ATTRIBUTE_PALETTE_5_4 ? (low & 0x0f) | ((select & 3) << 4) : low;
      this.attribute[k] = this.dac[six | ((select & 0x0c) << 4)] as number;
    }
    this.overscan = this.dac[attribute[OVERSCAN] as number] as number;
  }
}

/** An opaque pixel of components of 8 bits. */
export function rgb(red: number, green: number, blue: number): number {
  return OPAQUE | (blue << 16) | (green << 8) | red;
}

/** Six bits to eight: full intensity stays full. */
function widen(six: number): number {
  return ((six & 0x3f) << 2) | ((six & 0x3f) >> 4);
}
