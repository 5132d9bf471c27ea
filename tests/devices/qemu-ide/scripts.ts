// The scripts: what ATA/ATAPI-6 and SFF-8038i leave to a controller, command by command.

import { type IdeStep, STATUS } from './script.ts';

const BASE = 0x1f0;
const CONTROL = 0x3f6;
const MASTER = 0xc000;
const PRDT = 0x1000;

const out = (port: number, ...values: number[]): IdeStep[] => values.map((value) => ['out', 8, port, value]);
const read = (port: number): IdeStep[] => [['in', 8, port, 1]];
const status = (port: number): IdeStep[] => [['bits', 8, port, STATUS]];
const words = (count: number): IdeStep[] => [['in', 16, BASE, count]];
const ready: IdeStep[] = [['ready', CONTROL, 0x80]];
const transferred: IdeStep[] = [['ready', CONTROL, 0x88]];
const irq: IdeStep[] = [['irq', 14]];

/** Error, device, alternate status and the line; then status, which clears it. */
const state: IdeStep[] = [
  ...[1, 6].flatMap((offset) => read(BASE + offset)),
  ...status(CONTROL),
  ...irq,
  ...status(BASE + 7),
  ...irq,
];

/** Count and address as well, where the standard says what they hold after a command. */
const registers: IdeStep[] = [...[2, 3, 4, 5].flatMap((offset) => read(BASE + offset)), ...state];

interface Parameters {
  readonly feature?: number;
  readonly count?: number;
  readonly lba?: number;
  readonly device?: number;
}

function command(code: number, { feature = 0, count = 0, lba = 0, device = 0xe0 }: Parameters = {}): IdeStep[] {
  return [
    ...out(BASE + 6, device | (device & 0x40 ? (lba >>> 24) & 15 : 0)),
    ...out(BASE + 1, feature),
    ...out(BASE + 2, count),
    ...out(BASE + 3, lba & 255),
    ...out(BASE + 4, (lba >>> 8) & 255),
    ...out(BASE + 5, (lba >>> 16) & 255),
    ...out(BASE + 7, code),
  ];
}

/** Commands of 48 bits: each register twice, the upper byte first. */
function extended(code: number, count: number, lba: number): IdeStep[] {
  const upper = Math.floor(lba / 2 ** 24);
  return [
    ...out(BASE + 6, 0xe0),
    ...out(BASE + 2, count >> 8, count & 255),
    ...out(BASE + 3, upper & 255, lba & 255),
    ...out(BASE + 4, (upper >> 8) & 255, (lba >>> 8) & 255),
    ...out(BASE + 5, (upper >> 16) & 255, (lba >>> 16) & 255),
    ...out(BASE + 7, code),
  ];
}

/** A sector whose bytes depend on `seed`, by 16-bit writes. */
function writeWords(count: number, seed: number): IdeStep[] {
  return Array.from({ length: count }, (_, k): IdeStep => ['out', 16, BASE, (seed * 257 + k * 31) & 0xffff]);
}

const configure = (offset: number, size: 8 | 16 | 32, value: number): IdeStep[] => [
  ['out', 32, 0xcf8, 0x80000900 + (offset & ~3)],
  ['out', size, 0xcfc + (offset & 3), value],
];
const busMaster: IdeStep[] = [...configure(0x20, 32, MASTER | 1), ...configure(0x04, 16, 5)];

/** A table of regions; the last one ends it. */
function prds(...regions: readonly (readonly [address: number, count: number])[]): IdeStep[] {
  const bytes = new Uint8Array(regions.length * 8);
  const view = new DataView(bytes.buffer);
  for (const [k, [address, count]] of regions.entries()) {
    view.setUint32(8 * k, address, true);
    view.setUint32(8 * k + 4, (count & 0xffff) | (k === regions.length - 1 ? 0x80000000 : 0), true);
  }
  return [
    ['poke', PRDT, bytes],
    ['out', 32, MASTER + 4, PRDT],
  ];
}

const TO_MEMORY = 8;
const START = 1;
const masterState: IdeStep[] = [...read(MASTER), ...read(MASTER + 2)];
/** What an interrupt handler does: looks, stops, clears. */
const dmaEnd: IdeStep[] = [
  ...transferred,
  ...irq,
  ...masterState,
  ...status(BASE + 7),
  ...irq,
  ...masterState,
  ...out(MASTER, 0),
  ...out(MASTER + 2, 0x66),
  ...masterState,
  ...state,
];
const zeros = (address: number, count: number): IdeStep => ['poke', address, new Uint8Array(count)];
const bytes = (count: number, seed: number): Uint8Array => Uint8Array.from({ length: count }, (_, k) => k * 7 + seed);

export const scripts: Record<string, readonly IdeStep[]> = {
  'software reset and signature': [...out(CONTROL, 4), ...status(CONTROL), ...out(CONTROL, 0), ...ready, ...registers],
  'device diagnostic': [...command(0x90), ...ready, ...registers],
  'the device that is not there': [
    ...out(BASE + 6, 0xb0),
    ...status(CONTROL),
    ...status(BASE + 7),
    ...out(BASE + 2, 0x55),
    ...read(BASE + 2),
    ...out(BASE + 7, 0xec),
    ...status(CONTROL),
    ...irq,
    ...out(BASE + 6, 0xa0),
    ...status(CONTROL),
    ...read(BASE + 2),
  ],
  'READ SECTORS': [
    ...command(0x20, { lba: 5, count: 3 }),
    ...ready,
    ...state,
    ...words(256),
    ...ready,
    ...state,
    ...words(256),
    ...ready,
    ...state,
    ...words(256),
    ...state,
  ],
  'READ SECTORS with 32-bit reads': [
    ...command(0x20, { lba: 77, count: 1 }),
    ...ready,
    ...status(BASE + 7),
    ['in', 32, BASE, 128],
    ...state,
  ],
  'READ SECTORS with nIEN': [
    ...out(CONTROL, 2),
    ...command(0x20, { lba: 5, count: 1 }),
    ...ready,
    ...state,
    ...words(256),
    ...state,
    ...out(CONTROL, 0),
    ...irq,
  ],
  'READ SECTORS of 256': [
    ...command(0x20, { lba: 1000 }),
    ...Array.from({ length: 256 }, () => [...ready, ...status(BASE + 7), ...words(256)]).flat(),
    ...state,
  ],
  'READ SECTORS by cylinder, head and sector': [
    ...command(0x20, { lba: (3 << 8) | 7, count: 2, device: 0xa5 }),
    ...ready,
    ...words(256),
    ...ready,
    ...words(256),
    ...state,
  ],
  'WRITE SECTORS': [
    ...command(0x30, { lba: 9, count: 2 }),
    ...ready,
    ...state,
    ...writeWords(256, 1),
    ...ready,
    ...state,
    ...writeWords(256, 2),
    ...ready,
    ...state,
    ['disk', 8, 4],
  ],
  'READ and WRITE MULTIPLE': [
    ...command(0xc6, { count: 8 }),
    ...ready,
    ...state,
    ...command(0xc4, { lba: 100, count: 11 }),
    ...ready,
    ...state,
    ...words(8 * 256),
    ...ready,
    ...state,
    ...words(3 * 256),
    ...state,
    ...command(0xc5, { lba: 200, count: 9 }),
    ...ready,
    ...state,
    ...writeWords(8 * 256, 3),
    ...ready,
    ...state,
    ...writeWords(256, 4),
    ...ready,
    ...state,
    ['disk', 199, 11],
  ],
  'SET MULTIPLE of what is not a power of two': [...command(0xc6, { count: 3 }), ...ready, ...state],
  'READ SECTORS EXT': [
    ...extended(0x24, 2, 39_000),
    ...ready,
    ...state,
    ...words(256),
    ...ready,
    ...words(256),
    ...state,
    ...out(CONTROL, 0x80),
    ...read(BASE + 2),
    ...read(BASE + 3),
    ...read(BASE + 4),
    ...read(BASE + 5),
  ],
  'WRITE SECTORS EXT': [
    ...extended(0x34, 1, 39_001),
    ...ready,
    ...writeWords(256, 5),
    ...ready,
    ...state,
    ['disk', 39_000, 3],
  ],
  'behind the end': [
    ...command(0x20, { lba: 40_000, count: 1 }),
    ...ready,
    ...registers,
    ...extended(0x24, 1, 2 ** 40),
    ...ready,
    ...read(BASE + 1),
    ...status(CONTROL),
    ...irq,
  ],
  'unknown and refused commands': [
    ...command(0xb0, { feature: 0xd8, lba: 0xc24f00 }),
    ...ready,
    ...read(BASE + 1),
    ...status(BASE + 7),
    ...command(0xa1),
    ...ready,
    ...read(BASE + 1),
    ...status(BASE + 7),
    ...command(0xff),
    ...ready,
    ...read(BASE + 1),
    ...status(BASE + 7),
    ...command(0x00),
    ...ready,
    ...read(BASE + 1),
    ...status(BASE + 7),
  ],
  'commands without data': [
    ...[0x10, 0xe7, 0xea, 0xe1, 0xe0, 0x91].flatMap((code) => [
      ...command(code, { count: 63, device: 0xaf }),
      ...ready,
      ...irq,
      ...status(BASE + 7),
      ...irq,
    ]),
    ...command(0xe5),
    ...ready,
    ...registers,
    ...command(0xf8),
    ...ready,
    ...registers,
    ...command(0x40, { lba: 3, count: 4 }),
    ...ready,
    ...status(BASE + 7),
    ...read(BASE + 1),
  ],
  'SET FEATURES': [
    ...[
      [0x03, 0x0c],
      [0x03, 0x22],
      [0x03, 0x45],
      [0x02, 0],
      [0x82, 0],
      [0xaa, 0],
      [0x55, 0],
    ].flatMap(([feature, count]) => [
      ...command(0xef, { feature: feature as number, count: count as number }),
      ...ready,
      ...irq,
      ...status(BASE + 7),
      ...read(BASE + 1),
    ]),
  ],
  'READ DMA': [
    ...busMaster,
    zeros(0x10000, 8192),
    ...prds([0x10000, 1024], [0x11002, 3072]),
    ...out(MASTER + 2, 0x66),
    ...out(MASTER, TO_MEMORY),
    ...masterState,
    ...command(0xc8, { lba: 50, count: 8 }),
    ...status(CONTROL),
    ...irq,
    ...out(MASTER, TO_MEMORY | START),
    ...dmaEnd,
    ['peek', 0x10000, 8192],
  ],
  'WRITE DMA': [
    ...busMaster,
    ['poke', 0x20000, bytes(4096, 3)],
    ...prds([0x20000, 2048], [0x20800, 2048]),
    ...out(MASTER + 2, 0x66),
    ...out(MASTER, 0),
    ...command(0xca, { lba: 60, count: 8 }),
    ...out(MASTER, START),
    ...dmaEnd,
    ['disk', 59, 10],
  ],
  'READ DMA EXT of 64 KiB in one region': [
    ...busMaster,
    zeros(0x30000, 0x10000),
    ...prds([0x30000, 0]),
    ...out(MASTER + 2, 0x66),
    ...extended(0x25, 128, 38_000),
    ...out(MASTER, TO_MEMORY | START),
    ...dmaEnd,
    ['peek', 0x30000, 0x10000],
  ],
  'WRITE DMA EXT': [
    ...busMaster,
    ['poke', 0x20000, bytes(1024, 9)],
    ...prds([0x20000, 512], [0x20200, 512]),
    ...out(MASTER + 2, 0x66),
    ...extended(0x35, 2, 39_500),
    ...out(MASTER, START),
    ...dmaEnd,
    ['disk', 39_499, 4],
  ],
  'a table longer than the transfer': [
    ...busMaster,
    zeros(0x10000, 4096),
    ...prds([0x10000, 512], [0x10200, 2048]),
    ...out(MASTER + 2, 0x66),
    ...command(0xc8, { lba: 50, count: 2 }),
    ...out(MASTER, TO_MEMORY | START),
    ...dmaEnd,
    ['peek', 0x10000, 4096],
  ],
  'DMA started before the command': [
    ...busMaster,
    zeros(0x10000, 1024),
    ...prds([0x10000, 1024]),
    ...out(MASTER + 2, 0x66),
    ...out(MASTER, TO_MEMORY | START),
    ...masterState,
    ...command(0xc8, { lba: 20, count: 2 }),
    ...dmaEnd,
    ['peek', 0x10000, 1024],
  ],
  'READ DMA behind the end': [
    ...busMaster,
    ...prds([0x10000, 512]),
    ...out(MASTER + 2, 0x66),
    ...command(0xc8, { lba: 40_000, count: 1 }),
    ...out(MASTER, TO_MEMORY | START),
    ...ready,
    ...irq,
    ...read(BASE + 1),
    ...status(BASE + 7),
  ],
  'bus master registers': [
    ...busMaster,
    ['out', 32, MASTER + 4, 0x12345677],
    ['in', 32, MASTER + 4, 1],
    ['in', 16, MASTER + 4, 1],
    ...out(MASTER + 2, 0x60),
    ...read(MASTER + 2),
    ...out(MASTER + 2, 0x06),
    ...read(MASTER + 2),
    ...out(MASTER, 0x08),
    ...read(MASTER),
    ...out(MASTER + 8 + 2, 0x20),
    ...read(MASTER + 2),
    ...read(MASTER + 8 + 2),
  ],
};
