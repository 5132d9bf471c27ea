// What a video BIOS does at power-on, for boots without one: mode 3, 80x25 characters in 16 colours, and a font.
//
// IBM Personal System/2 Hardware Interface Technical Reference (1988), "Video Subsystem": register values of mode 3+
// (720x400) and the colours that the BIOS loads.

import { FONT_BYTES, font8x16 } from './font.ts';
import type { Vga } from './vga.ts';

const MISC_WRITE = 0x12;
const SEQUENCER = 0x14;
const GRAPHICS = 0x1e;
const CRTC = 0x24;
const ATTRIBUTE = 0x10;
const STATUS = 0x2a;
const DAC_MASK = 0x16;
const DAC_WRITE_INDEX = 0x18;
const DAC_DATA = 0x19;

/** Colour addresses, memory on, 28.322 MHz, 400 lines. */
const MISC = 0x67;
const SEQUENCER_VALUES = [0x03, 0x00, 0x03, 0x00, 0x02];
const GRAPHICS_VALUES = [0x00, 0x00, 0x00, 0x00, 0x00, 0x10, 0x0e, 0x00, 0xff];
// biome-ignore format: eight in a row
const CRTC_VALUES = [
  0x5f, 0x4f, 0x50, 0x82, 0x55, 0x81, 0xbf, 0x1f,
  0x00, 0x4f, 0x0d, 0x0e, 0x00, 0x00, 0x00, 0x00,
  0x9c, 0x8e, 0x8f, 0x28, 0x1f, 0x96, 0xb9, 0xa3,
  0xff,
];
/** Brown is dark yellow with half the green; bright colours are 38h to 3Fh. */
const PALETTE = [0, 1, 2, 3, 4, 5, 0x14, 7, 0x38, 0x39, 0x3a, 0x3b, 0x3c, 0x3d, 0x3e, 0x3f];
const ATTRIBUTE_VALUES = [...PALETTE, 0x0c, 0x00, 0x0f, 0x08, 0x00];
const SCREEN_ON = 0x20;
const CRTC_UNPROTECTED = 0x0e;
const CHARACTERS = 80 * 25;
const LIGHT_GREY_ON_BLACK = 0x07;
const SPACE = 0x20;
const GLYPH_SPACING = 32;

/** Sets a mode of the Bochs interface, and clears its picture. */
export function setFrameBufferMode(vga: Vga, width: number, height: number, bitsPerPixel: number): void {
  const ENABLED_LINEAR = 0x41;
  for (const [index, value] of [
    [4, 0],
    [1, width],
    [2, height],
    [3, bitsPerPixel],
    [4, ENABLED_LINEAR],
  ] as const) {
    vga.dispi.write(0, 16, index);
    vga.dispi.write(1, 16, value);
  }
}

/** Sets mode 3 with an empty screen and the font of the adapter. */
export function setMode3(vga: Vga): void {
  const { ports, memory } = vga;
  const out = (port: number, value: number): void => ports.write(port, 8, value);
  const bank = (index: number, values: readonly number[]): void => {
    for (const [k, value] of values.entries()) {
      out(index, k);
      out(index + 1, value);
    }
  };
  out(MISC_WRITE, MISC);
  bank(SEQUENCER, SEQUENCER_VALUES);
  bank(GRAPHICS, GRAPHICS_VALUES);
  out(CRTC, 0x11);
  out(CRTC + 1, CRTC_UNPROTECTED);
  bank(CRTC, CRTC_VALUES);
  ports.read(STATUS, 8);
  for (const [k, value] of ATTRIBUTE_VALUES.entries()) {
    out(ATTRIBUTE, k);
    out(ATTRIBUTE, value);
  }
  out(ATTRIBUTE, SCREEN_ON);
  out(DAC_MASK, 0xff);
  out(DAC_WRITE_INDEX, 0);
  for (let colour = 0; colour < 64; colour++) {
    for (const shift of [2, 1, 0]) {
      // Bits 2 to 0: two thirds of red, green, blue; bits 5 to 3: a third.
      out(DAC_DATA, ((colour >> shift) & 1) * 0x2a + ((colour >> (shift + 3)) & 1) * 0x15);
    }
  }
  // The planes directly: characters and attributes in 0 and 1, the font in 2.
  const font = font8x16();
  for (let k = 0; k < FONT_BYTES; k++) memory[4 * ((k >> 4) * GLYPH_SPACING + (k & 15)) + 2] = font[k] as number;
  const text = new Uint16Array(CHARACTERS).fill((LIGHT_GREY_ON_BLACK << 8) | SPACE);
  vga.writeText(new Uint8Array(text.buffer));
}
