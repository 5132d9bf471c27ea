// Scripts of port and memory accesses that bring a VGA to show something: they run on ours and on QEMU's.

/**
 * A byte or a word to a port; a byte from a port, which is not recorded; bytes to memory; so many bytes read from
 * memory and recorded.
 */
export type Step =
  | readonly ['out8' | 'out16', port: number, value: number]
  | readonly ['in8', port: number, mask: 0]
  | readonly ['write', address: number, bytes: Uint8Array]
  | readonly ['read', address: number, count: number];

/** Where the scripts put the linear frame buffer. */
export const FRAME_BUFFER = 0xe0000000;

/** Register values of IBM's modes: misc, sequencer, CRT controller, graphics controller, attribute controller. */
interface Mode {
  readonly misc: number;
  readonly sequencer: string;
  readonly crtc: string;
  readonly graphics: string;
  readonly attribute: string;
}

const COLOURS_16 = '00 01 02 03 04 05 14 07 38 39 3a 3b 3c 3d 3e 3f';
const COLOURS_EGA = '00 01 02 03 04 05 06 07 10 11 12 13 14 15 16 17';
const TEXT_GRAPHICS = '00 00 00 00 00 10 0e 00 ff';
const EMPTY = '00 00 00 00 00 00';

const MODES = {
  text40: {
    misc: 0x67,
    sequencer: '03 08 03 00 02',
    crtc: '2d 27 28 90 2b a0 bf 1f 00 4f 20 0e 00 00 00 00 9c 8e 8f 14 1f 96 b9 a3 ff',
    graphics: TEXT_GRAPHICS,
    attribute: `${COLOURS_16} 04 00 0f 08 00`,
  },
  text80: {
    misc: 0x67,
    sequencer: '03 00 03 00 02',
    crtc: '5f 4f 50 82 55 81 bf 1f 00 4f 20 0e 00 00 00 00 9c 8e 8f 28 1f 96 b9 a3 ff',
    graphics: TEXT_GRAPHICS,
    attribute: `${COLOURS_16} 04 00 0f 08 00`,
  },
  cga4: {
    misc: 0x63,
    sequencer: '03 09 03 00 02',
    crtc: `2d 27 28 90 2b 80 bf 1f 00 c1 ${EMPTY} 9c 8e 8f 14 00 96 b9 a2 ff`,
    graphics: '00 00 00 00 00 30 0f 00 ff',
    attribute: '00 13 15 17 02 04 06 07 10 11 12 13 14 15 16 17 01 00 03 00 00',
  },
  cga2: {
    misc: 0x63,
    sequencer: '03 01 01 00 06',
    crtc: `5f 4f 50 82 54 80 bf 1f 00 c1 ${EMPTY} 9c 8e 8f 28 00 96 b9 c2 ff`,
    graphics: '00 00 00 00 00 00 0d 00 ff',
    attribute: '00 17 17 17 17 17 17 17 17 17 17 17 17 17 17 17 01 00 01 00 00',
  },
  planar320: {
    misc: 0x63,
    sequencer: '03 09 0f 00 06',
    crtc: `2d 27 28 90 2b 80 bf 1f 00 c0 ${EMPTY} 9c 8e 8f 14 00 96 b9 e3 ff`,
    graphics: '00 00 00 00 00 00 05 0f ff',
    attribute: `${COLOURS_EGA} 01 00 0f 00 00`,
  },
  planar640: {
    misc: 0xe3,
    sequencer: '03 01 0f 00 06',
    crtc: `5f 4f 50 82 54 80 0b 3e 00 40 ${EMPTY} ea 8c df 28 00 e7 04 e3 ff`,
    graphics: '00 00 00 00 00 00 05 0f ff',
    attribute: `${COLOURS_16} 01 00 0f 00 00`,
  },
  packed320: {
    misc: 0x63,
    sequencer: '03 01 0f 00 0e',
    crtc: `5f 4f 50 82 54 80 bf 1f 00 41 ${EMPTY} 9c 8e 8f 28 40 96 b9 a3 ff`,
    graphics: '00 00 00 00 00 40 05 0f ff',
    attribute: '00 01 02 03 04 05 06 07 08 09 0a 0b 0c 0d 0e 0f 41 00 0f 00 00',
  },
} as const satisfies Record<string, Mode>;

const hex = (text: string): number[] => text.split(' ').map((byte) => Number.parseInt(byte, 16));
const indexed = (port: number, index: number, value: number): Step => ['out16', port, index | (value << 8)];
const sequencer = (index: number, value: number): Step => indexed(0x3c4, index, value);
const graphics = (index: number, value: number): Step => indexed(0x3ce, index, value);
const crtc = (index: number, value: number): Step => indexed(0x3d4, index, value);
const vbe = (index: number, value: number): Step[] => [
  ['out16', 0x1ce, index],
  ['out16', 0x1cf, value],
];

/** Bytes without a short period, the same everywhere. */
function noise(count: number, seed = 1): Uint8Array {
  let state = seed;
  return Uint8Array.from({ length: count }, () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) | 0;
    return state >>> 16;
  });
}

/** A palette of 256 colours that differ. */
const PALETTE: readonly Step[] = [
  ['out8', 0x3c6, 0xff],
  ['out8', 0x3c8, 0],
  ...Array.from({ length: 256 }, (_, k): Step[] =>
    [k & 63, (k * 5) & 63, (k >> 2) ^ 21].map((component): Step => ['out8', 0x3c9, component]),
  ).flat(),
];

function setMode(name: keyof typeof MODES): Step[] {
  const mode = MODES[name];
  return [
    ['out8', 0x3c2, mode.misc],
    ...hex(mode.sequencer).map((value, k) => sequencer(k, value)),
    crtc(0x11, 0x0e),
    ...hex(mode.crtc).map((value, k) => crtc(k, value)),
    ...hex(mode.graphics).map((value, k) => graphics(k, value)),
    // Every index write follows a data write here: no read of status 1 is needed after the first.
    ...hex(mode.attribute).flatMap((value, k): Step[] => [
      ['out8', 0x3c0, k],
      ['out8', 0x3c0, value],
    ]),
    ['out8', 0x3c0, 0x20],
    ...PALETTE,
  ];
}

/** Loads a font of noise into plane 2 at `offset`, as BIOSes do. */
function loadFont(offset: number, seed: number): Step[] {
  return [
    sequencer(2, 4),
    sequencer(4, 7),
    graphics(4, 2),
    graphics(5, 0),
    graphics(6, 4),
    ['write', 0xa0000 + offset, noise(0x2000, seed)],
    sequencer(2, 3),
    sequencer(4, 2),
    graphics(4, 0),
    graphics(5, 0x10),
    graphics(6, 0x0e),
  ];
}

const planesOfNoise = (bytes: number): Step[] => [
  ...[1, 2, 4, 8].flatMap((plane, k): Step[] => [sequencer(2, plane), ['write', 0xa0000, noise(bytes, 11 + k)]]),
  sequencer(2, 15),
];

const setVbe = (width: number, height: number, bpp: number, enable = 0x41): Step[] => [
  ...vbe(4, 0),
  ...vbe(1, width),
  ...vbe(2, height),
  ...vbe(3, bpp),
  ...vbe(4, enable),
  ['in8', 0x3da, 0],
  ['out8', 0x3c0, 0x20], // not blanked
];

export const scripts: Readonly<Record<string, readonly Step[]>> = {
  'text, 80 columns': [
    ...setMode('text80'),
    ...loadFont(0, 5),
    // QEMU also stretches B0h to BFh into the ninth dot; IBM's adapters do not.
    ['write', 0xb8000, noise(4000, 2).map((byte) => (byte >> 4 === 0xb ? byte ^ 0x80 : byte))],
    ['read', 0xb8000, 64],
  ],
  // Eight dots: of nine, QEMU shows sixteen for the eighteen.
  'text, 40 columns': [...setMode('text40'), sequencer(1, 9), ...loadFont(0, 5), ['write', 0xb8000, noise(2000, 3)]],
  'text, two fonts, scrolled, 8 dots': [
    ...setMode('text80'),
    ...loadFont(0x4000, 5),
    ...loadFont(0x2000, 6),
    sequencer(3, 0b100001), // attribute bit 3: map 4 (8 KiB); without: map 1 (16 KiB)
    sequencer(1, 1),
    ['write', 0xb8000, noise(16384, 4)],
    crtc(0x0c, 0x01),
    crtc(0x0d, 0x40),
    crtc(0x13, 0x30),
  ],
  'text, line graphics': [
    ...setMode('text80'),
    ...loadFont(0, 9),
    ['write', 0xb8000, Uint8Array.from({ length: 4000 }, (_, k) => (k & 1 ? 0x1e : 0xc0 + ((k >> 1) & 63)))],
  ],
  'CGA 320x200 in four colours': [...setMode('cga4'), ['write', 0xb8000, noise(16384, 7)]],
  'CGA 640x200': [...setMode('cga2'), ['write', 0xb8000, noise(16384, 8)]],
  'planar 320x200': [...setMode('planar320'), ...planesOfNoise(8000)],
  'planar 640x480': [...setMode('planar640'), ...planesOfNoise(38400)],
  'write modes and logical operations': [
    ...setMode('planar640'),
    ...planesOfNoise(38400),
    // Write mode 0: rotation, set/reset of two planes, bit mask, each operation.
    ...[0, 1, 2, 3].flatMap((operation): Step[] => [
      graphics(0, 0b0101),
      graphics(1, 0b0011),
      graphics(3, (operation << 3) | 3),
      graphics(8, 0xb6),
      ['read', 0xa0100 + 80 * operation, 1],
      ['write', 0xa1000 + 400 * operation, noise(300, 20 + operation)],
    ]),
    graphics(1, 0),
    graphics(3, 0),
    graphics(8, 0xff),
    // Write mode 1 copies what was read.
    graphics(5, 1),
    ...Array.from({ length: 40 }, (_, k): Step[] => [
      ['read', 0xa0000 + k, 1],
      ['write', 0xa2000 + 3 * k, Uint8Array.of(0)],
    ]).flat(),
    // Write mode 2: colours; write mode 3: set/reset through a mask.
    graphics(5, 2),
    graphics(8, 0x3c),
    graphics(3, 0x18),
    ['read', 0xa0200, 1],
    ['write', 0xa3000, noise(500, 31)],
    graphics(5, 3),
    graphics(0, 0b1010),
    graphics(3, 2),
    ['read', 0xa0300, 1],
    ['write', 0xa4000, noise(500, 32)],
    graphics(5, 0),
    graphics(3, 0),
    graphics(8, 0xff),
  ],
  'read modes': [
    ...setMode('planar640'),
    ...planesOfNoise(256),
    ...[0, 1, 2, 3].flatMap((plane): Step[] => [graphics(4, plane), ['read', 0xa0000, 32]]),
    graphics(5, 8),
    graphics(2, 0b0110),
    ['read', 0xa0000, 64],
    graphics(7, 0b1011),
    ['read', 0xa0000, 64],
    graphics(7, 0),
    ['read', 0xa0000, 16],
  ],
  'split screen': [
    ...setMode('planar640'),
    ...planesOfNoise(38400),
    crtc(0x0c, 0x10),
    crtc(0x18, 0x60), // line 160h
    crtc(0x07, 0x3e),
    crtc(0x09, 0x00),
  ],
  'packed 320x200': [...setMode('packed320'), ['write', 0xa0000, noise(64000, 13)], ['read', 0xa1234, 32]],
  'unchained 320x200 (mode X), second page': [
    ...setMode('packed320'),
    sequencer(4, 6),
    crtc(0x14, 0),
    crtc(0x17, 0xe3),
    ...[1, 2, 4, 8].flatMap((plane, k): Step[] => [sequencer(2, plane), ['write', 0xa0000, noise(32000, 41 + k)]]),
    crtc(0x0c, 0x3e),
    crtc(0x0d, 0x80),
  ],
  'VBE 640x480, 8 bits': [
    ...setMode('packed320'),
    ...setVbe(640, 480, 8),
    ['write', FRAME_BUFFER, noise(640 * 480, 51)],
  ],
  'VBE 8 bits, wide DAC, through banks': [
    ...setMode('packed320'),
    ...setVbe(320, 240, 8, 0x61),
    ['out8', 0x3c8, 7],
    ...[0x12, 0x9a, 0xff].map((component): Step => ['out8', 0x3c9, component]),
    ['write', 0xa0000, noise(65536, 52).map((byte) => byte & 15)],
    ...vbe(5, 1),
    ['write', 0xa0000, noise(11264, 53).map((byte) => byte & 7)],
    ['read', 0xa0010, 8],
  ],
  'VBE 15 bits': [...setVbe(320, 200, 15), ['write', FRAME_BUFFER, noise(128000, 54)]],
  'VBE 16 bits, virtual screen': [
    ...setVbe(400, 300, 16),
    ...vbe(6, 512),
    ...vbe(8, 24),
    ...vbe(9, 100),
    ['write', FRAME_BUFFER, noise(512 * 2 * 400, 55)],
  ],
  'VBE 24 bits': [...setVbe(320, 200, 24), ['write', FRAME_BUFFER, noise(192000, 56)]],
  'VBE 32 bits': [...setVbe(320, 200, 32), ['write', FRAME_BUFFER, noise(256000, 57)]],
  'VBE keeps memory if asked': [
    ...setVbe(320, 200, 32),
    ['write', FRAME_BUFFER, noise(4096, 58)],
    ...setVbe(320, 200, 16, 0xc1),
  ],
};
