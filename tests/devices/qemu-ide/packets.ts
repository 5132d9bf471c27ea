// Scripts for a CD-ROM drive: the PACKET command by PIO and by DMA, and command packets whose answers the standards fix.

import { type IdeStep, STATUS } from './script.ts';

const BASE = 0x170;
const CONTROL = 0x376;
const MASTER = 0xc000;
const CHANNEL = MASTER + 8;
const PRDT = 0x1000;
/** In the error register; ABRT beside it is up to the drive. */
const SENSE_KEY = 0xf0;
/** The response code of sense data, without the bit that says whether the information field is valid. */
const SENSE_CODE = 0xff7f;

const out = (port: number, ...values: number[]): IdeStep[] => values.map((value) => ['out', 8, port, value]);
const read = (port: number): IdeStep[] => [['in', 8, port, 1]];
const words = (count: number): IdeStep[] => [['in', 16, BASE, count]];
const ready: IdeStep[] = [['ready', CONTROL, 0x80]];

/** Error, interrupt reason, byte count, device, alternate status and the line; then status, which clears it. */
const state: IdeStep[] = [
  ...[1, 2, 4, 5, 6].flatMap((offset) => read(BASE + offset)),
  ['bits', 8, CONTROL, STATUS],
  ['irq', 15],
  ['bits', 8, BASE + 7, STATUS],
  ['irq', 15],
];
/** After a command the byte count means nothing. */
const end: IdeStep[] = [
  ['bits', 8, BASE + 1, SENSE_KEY],
  ...read(BASE + 2),
  ['bits', 8, CONTROL, STATUS],
  ['irq', 15],
  ['bits', 8, BASE + 7, STATUS],
  ['irq', 15],
];
/** The registers ask for the packet; that line may go up for it or not. */
const asked: IdeStep[] = [...ready, ...read(BASE + 2), ['bits', 8, BASE + 7, STATUS]];

function packet(limit: number, bytes: readonly number[], feature = 0): IdeStep[] {
  const padded = [...bytes, ...new Array(12).fill(0)].slice(0, 12);
  return [
    ...out(BASE + 6, 0xa0),
    ...out(BASE + 1, feature),
    ...out(BASE + 4, limit & 255),
    ...out(BASE + 5, limit >> 8),
    ...out(BASE + 7, 0xa0),
    ...asked,
    ...[0, 2, 4, 6, 8, 10].map(
      (at): IdeStep => ['out', 16, BASE, (padded[at] as number) | ((padded[at + 1] as number) << 8)],
    ),
    ...ready,
  ];
}

const SENSE = [0x03, 0, 0, 0, 18];
/** Sense key, code and qualifier are in it. */
const sense: IdeStep[] = [...packet(18, SENSE), ...state, ['bits', 16, BASE, SENSE_CODE], ...words(8), ...end];
/** Whatever is to be told after power-on is told. */
const settled: IdeStep[] = [0, 1, 2, 3].flatMap(() => [
  ...out(BASE + 6, 0xa0),
  ...out(BASE + 7, 0xa0),
  ...ready,
  ...[0, 1, 2, 3, 4, 5].map((): IdeStep => ['out', 16, BASE, 0]),
  ...ready,
]);

/** A packet whose answer of `bytes` bytes comes in one block. */
const answer = (bytes: number, ...cdb: number[]): IdeStep[] => [
  ...settled,
  ...packet(0xfffe, cdb),
  ...state,
  ...words(bytes / 2),
  ...end,
];
/** One that fails. */
const refused = (...cdb: number[]): IdeStep[] => [...settled, ...packet(0xfffe, cdb), ...end, ...sense];

const configure = (offset: number, size: 8 | 16 | 32, value: number): IdeStep[] => [
  ['out', 32, 0xcf8, 0x80000900 + (offset & ~3)],
  ['out', size, 0xcfc + (offset & 3), value],
];
const prd = (address: number, count: number): Uint8Array => {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setUint32(0, address, true);
  new DataView(bytes.buffer).setUint32(4, count | 0x80000000, true);
  return bytes;
};

export const packetScripts: Record<string, readonly IdeStep[]> = {
  'cdrom: signature': [
    ...out(CONTROL, 4),
    ...out(CONTROL, 0),
    ...ready,
    ...[1, 2, 3, 4, 5, 6].flatMap((offset) => read(BASE + offset)),
  ],
  'cdrom: IDENTIFY DEVICE is refused with the signature': [
    ...out(BASE + 6, 0xa0),
    ...out(BASE + 7, 0xec),
    ...ready,
    ...read(BASE + 1),
    ...[2, 3, 4, 5].flatMap((offset) => read(BASE + offset)),
    ['bits', 8, BASE + 7, STATUS],
  ],
  'cdrom: TEST UNIT READY': [...settled, ...packet(0, [0]), ...end, ...sense],
  'cdrom: READ CAPACITY': answer(8, 0x25),
  'cdrom: READ (10)': answer(4096, 0x28, 0, 0, 0, 0, 100, 0, 0, 2),
  'cdrom: READ (12)': answer(2048, 0xa8, 0, 0, 0, 7, 0xcf, 0, 0, 0, 1),
  'cdrom: READ (10) in blocks of the byte count limit': [
    ...settled,
    ...packet(1500, [0x28, 0, 0, 0, 0, 5, 0, 0, 2]),
    ...state,
    ...words(750),
    ...ready,
    ...state,
    ...words(750),
    ...ready,
    ...state,
    ...words(548),
    ...ready,
    ...end,
  ],
  'cdrom: READ (10) behind the end': refused(0x28, 0, 0, 0, 7, 0xd0, 0, 0, 1),
  'cdrom: READ CD of user data': answer(2048, 0xbe, 0, 0, 0, 0, 3, 0, 0, 1, 0x10),
  'cdrom: READ CD of whole sectors, their first 16 bytes': [
    ...settled,
    ...packet(2352, [0xbe, 0, 0, 0, 0, 3, 0, 0, 1, 0xf8]),
    ...state,
    ...words(8),
    ...words(1024),
  ],
  'cdrom: READ TOC': answer(20, 0x43, 0, 0, 0, 0, 0, 0, 0, 20),
  'cdrom: READ TOC, times': answer(20, 0x43, 2, 0, 0, 0, 0, 1, 0, 20),
  'cdrom: READ TOC, the lead-out': answer(12, 0x43, 0, 0, 0, 0, 0, 0xaa, 0, 12),
  'cdrom: READ TOC, sessions': answer(12, 0x43, 0, 1, 0, 0, 0, 0, 0, 12, 0x40),
  'cdrom: READ TOC, raw': answer(48, 0x43, 2, 2, 0, 0, 0, 0, 0, 48, 0x80),
  'cdrom: READ TOC of a track that is not there': refused(0x43, 0, 0, 0, 0, 0, 5, 0, 20),
  'cdrom: MECHANISM STATUS': answer(8, 0xbd, 0, 0, 0, 0, 0, 0, 0, 0, 8),
  'cdrom: GET EVENT STATUS NOTIFICATION': answer(8, 0x4a, 1, 0, 0, 0x10, 0, 0, 0, 8),
  'cdrom: GET EVENT STATUS NOTIFICATION without polling': refused(0x4a, 0, 0, 0, 0x10, 0, 0, 0, 8),
  'cdrom: an unknown packet': refused(0xdf),
  'cdrom: START STOP UNIT, locked': [
    ...settled,
    ...packet(0, [0x1e, 0, 0, 0, 1]),
    ...end,
    ...packet(0, [0x1b, 0, 0, 0, 2]),
    ...end,
    ...sense,
  ],
  'cdrom: READ (10) by DMA': [
    ...settled,
    ...configure(0x20, 32, MASTER | 1),
    ...configure(0x04, 16, 5),
    ['poke', 0x10000, new Uint8Array(4096)],
    ['poke', PRDT, prd(0x10000, 4096)],
    ['out', 32, CHANNEL + 4, PRDT],
    ...out(CHANNEL + 2, 0x66),
    ...packet(0, [0x28, 0, 0, 0, 0, 40, 0, 0, 2], 1).slice(0, -1),
    ...out(CHANNEL, 9),
    ['ready', CONTROL, 0x88],
    ['irq', 15],
    ...read(CHANNEL),
    ...read(CHANNEL + 2),
    ...end,
    ...out(CHANNEL, 0),
    ...out(CHANNEL + 2, 0x66),
    ...read(CHANNEL + 2),
    ['peek', 0x10000, 4096],
  ],
};
