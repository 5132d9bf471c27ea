// `vga=` for Linux: which mode it names, and what the kernel finds at the start of the zero page.

import { expect, test } from 'vitest';
import { SCREEN_INFO_FROM, screenInfo, vbeModeOf } from '../../src/firmware/vbe-mode.ts';

test.each([
  ['vga=788', 800, 600, 16],
  ['console=tty0 vga=0x317 quiet', 1024, 768, 16],
  ['vga=791', 1024, 768, 16],
  ['quiet vga=0x301', 640, 480, 8],
  ['vga=0x31B', 1280, 1024, 24],
])('%s', (commandLine, width, height, bitsPerPixel) => {
  expect(vbeModeOf(commandLine)).toEqual({ width, height, bitsPerPixel });
});

test.each(['', 'vga=normal', 'vga=ask', 'vga=1', 'novga=788', 'vga=7889'])(
  '%j names no frame buffer',
  (commandLine) => {
    expect(vbeModeOf(commandLine)).toBeUndefined();
  },
);

test('struct screen_info', () => {
  const bytes = new Uint8Array(64);
  bytes.set(screenInfo({ width: 800, height: 600, bitsPerPixel: 16 }, 0xc0000000, 16 << 20), SCREEN_INFO_FROM);
  const view = new DataView(bytes.buffer);
  // Offsets of include/uapi/linux/screen_info.h.
  expect({
    orig_video_isVGA: view.getUint8(0x0f),
    lfb_width: view.getUint16(0x12, true),
    lfb_height: view.getUint16(0x14, true),
    lfb_depth: view.getUint16(0x16, true),
    lfb_base: view.getUint32(0x18, true),
    lfb_size: view.getUint32(0x1c, true),
    lfb_linelength: view.getUint16(0x24, true),
    components: [...bytes.subarray(0x26, 0x2e)],
    pages: view.getUint16(0x32, true),
  }).toEqual({
    orig_video_isVGA: 0x23,
    lfb_width: 800,
    lfb_height: 600,
    lfb_depth: 16,
    lfb_base: 0xc0000000,
    lfb_size: 256,
    lfb_linelength: 1600,
    components: [5, 11, 6, 5, 5, 0, 0, 0],
    pages: 1,
  });
});
