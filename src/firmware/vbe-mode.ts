// Frame buffers for Linux: the boot loader's option `vga=` and `struct screen_info` of a VESA mode, as a boot loader that
// asked a video BIOS would leave them.
//
// Documentation/fb/vesafb.rst and Documentation/arch/x86/boot.rst (special command line options) of the kernel;
// include/uapi/linux/screen_info.h.

import { Builder } from './bytes.ts';

export interface VbeMode {
  readonly width: number;
  readonly height: number;
  /** 8, 15, 16 or 24. */
  readonly bitsPerPixel: number;
}

/** Sizes, and the numbers of their modes in 8, 15, 16 and 24 bits: VESA's, with the bit that asks for a frame buffer. */
const MODES: readonly (readonly [width: number, height: number, numbers: readonly number[]])[] = [
  [640, 480, [0x301, 0x310, 0x311, 0x312]],
  [800, 600, [0x303, 0x313, 0x314, 0x315]],
  [1024, 768, [0x305, 0x316, 0x317, 0x318]],
  [1280, 1024, [0x307, 0x319, 0x31a, 0x31b]],
];
const DEPTHS = [8, 15, 16, 24] as const;
/** Size and position of red, green, blue. */
const COMPONENTS: Readonly<Record<number, readonly number[]>> = {
  8: [6, 0, 6, 0, 6, 0],
  15: [5, 10, 5, 5, 5, 0],
  16: [5, 11, 6, 5, 5, 0],
  24: [8, 16, 8, 8, 8, 0],
};
const VIDEO_TYPE_VLFB = 0x23;
/** Offset of the first field that `screenInfo` gives: those before are not about the screen. */
export const SCREEN_INFO_FROM = 6;

/** The mode that `vga=` on the command line names; undefined: none, or one that is not a frame buffer. */
export function vbeModeOf(commandLine: string): VbeMode | undefined {
  const [, value] = /(?:^|\s)vga=(0x[\da-f]+|\d+)(?=\s|$)/i.exec(commandLine) ?? [];
  if (value === undefined) return undefined;
  for (const [width, height, numbers] of MODES) {
    const at = numbers.indexOf(Number(value));
    if (at >= 0) return { width, height, bitsPerPixel: DEPTHS[at] as number };
  }
  return undefined;
}

/** `struct screen_info` from offset 6 on. `base`: guest-physical address of the frame buffer; `bytes` of it there are. */
export function screenInfo({ width, height, bitsPerPixel }: VbeMode, base: number, bytes: number): Uint8Array {
  const lineBytes = width * ((bitsPerPixel + 7) >> 3);
  return new Builder()
    .padTo(0x0f - SCREEN_INFO_FROM)
    .u8(VIDEO_TYPE_VLFB)
    .u16(16, width, height, bitsPerPixel) // points, and the frame buffer's size
    .u32(base, bytes / 0x10000)
    .u32(0) // of the old protocol's command line
    .u16(lineBytes)
    .u8(...(COMPONENTS[bitsPerPixel] as readonly number[]))
    .padTo(0x32 - SCREEN_INFO_FROM)
    .u16(1) // pages
    .finish();
}
