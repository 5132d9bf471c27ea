// The scripts, one for each chip: sequences of real drivers and of the data sheets, free of races with time.

import type { Step } from './script.ts';

const out = (port: number, ...values: number[]): Step[] => values.map((value) => ['out', port, value]);
const read = (port: number, times = 1): Step[] => Array.from({ length: times }, () => ['in', port]);
const wait = (port: number, mask: number, value: number): Step[] => [['wait', port, mask, value]];

const picInit: Step[] = [
  ...out(0x20, 0x11),
  ...out(0x21, 0x20, 0x04, 0x01),
  ...out(0xa0, 0x11),
  ...out(0xa1, 0x28, 0x02, 0x01),
];

/** OCW3: IRR, then ISR, of both chips. */
const picState: Step[] = [
  ...out(0x20, 0x0a),
  ...read(0x20),
  ...out(0x20, 0x0b),
  ...read(0x20),
  ...out(0xa0, 0x0a),
  ...read(0xa0),
  ...out(0xa0, 0x0b),
  ...read(0xa0),
  ...read(0x21),
  ...read(0xa1),
];

/** COM1 with its interrupt raised by ETBEI: a request line that a script can drive. */
const raiseIrq4: Step[] = [...out(0x3fc, 0x08), ...out(0x3f9, 0x00, 0x02)];
const lowerIrq4: Step[] = out(0x3f9, 0x00);
/** The auxiliary loop byte of the keyboard controller drives IRQ 12. */
const raiseIrq12: Step[] = [...out(0x64, 0x60), ...out(0x60, 0x47), ...out(0x64, 0xd3), ...out(0x60, 0x5a)];
const lowerIrq12: Step[] = read(0x60);

/** A byte for the keyboard, and its answers. */
const keyboard = (value: number, answers: number): Step[] => [
  ...out(0x60, value),
  ...Array.from({ length: answers }, () => [...wait(0x64, 0x21, 0x01), ...read(0x60)]).flat(),
];
const mouse = (value: number, answers: number): Step[] => [
  ...out(0x64, 0xd4),
  ...out(0x60, value),
  ...Array.from({ length: answers }, () => [...wait(0x64, 0x21, 0x21), ...read(0x60)]).flat(),
];
const cmosRead = (index: number): Step[] => [...out(0x70, index), ...read(0x71)];
const cmosWrite = (index: number, value: number): Step[] => [...out(0x70, index), ...out(0x71, value)];

const latched = (counter: number): Step[] => [...out(0x43, counter << 6), ...read(0x40 + counter, 2)];
const status = (counter: number): Step[] => [...out(0x43, 0xe0 | (2 << counter)), ...read(0x40 + counter)];

export const scripts: Record<string, readonly Step[]> = {
  'pic: initialisation and masks': [
    ...picInit,
    ...picState,
    ...out(0x21, 0xfb),
    ...out(0xa1, 0xfe),
    ...picState,
    ...out(0x20, 0x11),
    ...read(0x21),
    ...out(0x21, 0x40, 0x04, 0x01, 0x5a),
    ...read(0x21),
  ],
  'pic: request, poll, service, end': [
    ...picInit,
    ...raiseIrq4,
    ...picState,
    ...out(0x20, 0x0c),
    ...read(0x20), // poll: acknowledges IRQ 4
    ...picState,
    ...out(0x20, 0x0c),
    ...read(0x20), // nothing of higher priority
    ...out(0x20, 0x20),
    ...picState,
    ...lowerIrq4,
    ...raiseIrq4,
    ...picState,
    ...out(0x21, 0x10), // masked: a poll finds nothing
    ...out(0x20, 0x0c),
    ...read(0x20),
    ...picState,
    ...out(0x21, 0x00),
    ...out(0x20, 0x0c),
    ...read(0x20),
    ...out(0x20, 0x64), // specific EOI of 4
    ...picState,
    ...lowerIrq4,
  ],
  'pic: the slave': [
    ...picInit,
    ...raiseIrq12,
    ...picState,
    ...out(0x20, 0x0c),
    ...read(0x20), // the master: IR2
    ...out(0xa0, 0x0c),
    ...read(0xa0), // the slave: IR4
    ...picState,
    ...out(0xa0, 0x20),
    ...out(0x20, 0x20),
    ...picState,
    ...lowerIrq12,
    ...picState,
  ],
  'pic: priorities': [
    ...picInit,
    ...raiseIrq4,
    ...raiseIrq12,
    ...out(0x20, 0xc0 | 3), // IR4 becomes the highest
    ...out(0x20, 0x0c),
    ...read(0x20),
    ...picState,
    ...out(0x20, 0xa0), // rotate on non-specific EOI: IR4 is the lowest
    ...picState,
    ...out(0x20, 0x0c),
    ...read(0x20),
    ...out(0x20, 0xe0 | 2), // rotate on specific EOI
    ...picState,
    ...lowerIrq4,
    ...lowerIrq12,
  ],
  'pic: special mask mode': [
    ...picInit,
    ...raiseIrq4,
    ...out(0x20, 0x0c),
    ...read(0x20), // IRQ 4 in service
    ...out(0x20, 0xc0 | 4), // and of lowest priority: everything else may come
    ...raiseIrq12,
    ...out(0x20, 0xc0 | 1), // IR2 the highest
    ...out(0x20, 0x0c),
    ...read(0x20),
    ...out(0x20, 0xc0 | 7), // fixed order: IR2 in service blocks IR4
    ...lowerIrq4,
    ...raiseIrq4,
    ...out(0x20, 0x0c),
    ...read(0x20),
    ...out(0x20, 0x64), // end of IR4
    ...out(0x21, 0x04), // IR2 masked
    ...out(0x20, 0x0c),
    ...read(0x20),
    ...out(0x20, 0x68), // special mask mode
    ...out(0x20, 0x0c),
    ...read(0x20),
    ...picState,
    ...out(0x20, 0x20), // ends IR4, not the masked IR2
    ...picState,
    ...lowerIrq4,
    ...lowerIrq12,
  ],
  'pic: poll under auto EOI, with rotation': [
    ...out(0x20, 0x11),
    ...out(0x21, 0x20, 0x04, 0x03),
    ...out(0x20, 0x80), // rotate in auto EOI
    ...raiseIrq4,
    ...out(0x20, 0x0c),
    ...read(0x20),
    ...picState,
    ...lowerIrq4,
    ...out(0x20, 0x00),
  ],
  'pic: ELCR': [...out(0x4d0, 0xff), ...out(0x4d1, 0xff), ...read(0x4d0), ...read(0x4d1)],
  'pit: formats, status and BCD': [
    ...out(0x61, 0x00), // gate of counter 2 low: it stands still
    ...out(0x43, 0xb6),
    ...status(2),
    ...out(0x42, 0x34, 0x12),
    ...out(0x43, 0xb0),
    ...status(2),
    ...out(0x42, 0x00, 0x80),
    ...latched(2),
    ...out(0x43, 0x98), // LSB, mode 4
    ...out(0x42, 0x77),
    ...read(0x42, 2),
    ...out(0x43, 0xa8), // MSB, mode 4
    ...out(0x42, 0x66),
    ...read(0x42, 2),
    ...out(0x43, 0xb1), // BCD, mode 0
    ...out(0x42, 0x99, 0x45),
    ...latched(2),
    ...out(0x43, 0xba), // mode 5
    ...out(0x42, 0x10, 0x00),
  ],
  'pit: one-shot of counter 2 through port 61h': [
    ...out(0x61, 0x00),
    ...out(0x43, 0xb0),
    ...out(0x42, 0x00, 0x10),
    ...wait(0x61, 0x20, 0x00),
    ...out(0x61, 0x01),
    ...wait(0x61, 0x20, 0x20),
    ...status(2),
  ],
  'uart: the probe of Linux': [
    ...read(0x3fd),
    ...read(0x3fe),
    ...out(0x3f9, 0x00),
    ...read(0x3f9),
    ...out(0x3f9, 0x0f),
    ...read(0x3f9),
    ...out(0x3f9, 0x00),
    ...out(0x3fc, 0x1a),
    ...read(0x3fe),
    ...out(0x3fc, 0x00),
    ...read(0x3fe),
    ...out(0x3fa, 0x01),
    ...read(0x3fa),
    ...out(0x3fb, 0x80),
    ...read(0x3fa),
    ...out(0x3fb, 0xbf),
    ...read(0x3fa),
    ...out(0x3fb, 0xe0),
    ...read(0x3fa),
    ...out(0x3fb, 0x80),
    ...out(0x3fa, 0x21),
    ...read(0x3fa),
    ...out(0x3fb, 0x03),
    ...out(0x3fa, 0x00),
    ...read(0x3fa),
    ...out(0x3ff, 0xa5),
    ...read(0x3ff),
  ],
  'uart: THRE and TXEN tests': [
    ...out(0x3fb, 0x03),
    ...out(0x3fc, 0x0b),
    ...out(0x3f9, 0x02),
    ...read(0x3fa, 2),
    ...out(0x3f9, 0x00),
    ...out(0x3f9, 0x02),
    ...read(0x3fa, 2),
    ...out(0x3f9, 0x00),
    ...out(0x3f9, 0x02),
    ...read(0x3fd),
    ...read(0x3fa),
    ...out(0x3f9, 0x00),
  ],
  'uart: divisor latch': [
    ...out(0x3fb, 0x83),
    ...out(0x3f8, 0x0c),
    ...out(0x3f9, 0x01),
    ...read(0x3f8),
    ...read(0x3f9),
    ...out(0x3fb, 0x03),
    ...read(0x3f9),
    ...read(0x3fb),
  ],
  'uart: loopback data': [
    ...out(0x3fb, 0x83),
    ...out(0x3f8, 0x01),
    ...out(0x3f9, 0x00),
    ...out(0x3fb, 0x03),
    ...out(0x3fa, 0x07),
    ...out(0x3fc, 0x10),
    ...out(0x3f8, 0x41),
    ...wait(0x3fd, 0x61, 0x61),
    ...read(0x3fd),
    ...read(0x3f8),
    ...read(0x3fd),
    ...out(0x3f9, 0x01),
    ...out(0x3f8, 0x42),
    ...wait(0x3fd, 0x61, 0x61),
    ...read(0x3fa), // trigger level 1
    ...read(0x3f8),
    ...read(0x3fa),
    ...out(0x3f9, 0x00),
    ...out(0x3fc, 0x00),
  ],
  'uart: overrun of the FIFO in loopback': [
    ...out(0x3fb, 0x83),
    ...out(0x3f8, 0x01),
    ...out(0x3f9, 0x00),
    ...out(0x3fb, 0x03),
    ...out(0x3fa, 0x87), // trigger level 8
    ...out(0x3fc, 0x18),
    ...out(0x3f9, 0x05),
    ...read(0x3fa),
    ...Array.from({ length: 17 }, (_, k) => [...out(0x3f8, 0x30 + k), ...wait(0x3fd, 0x60, 0x60)]).flat(),
    ...read(0x3fd),
    ...read(0x3fa),
    ...read(0x3f8, 16),
    ...read(0x3fd),
    ...read(0x3fa),
    ...out(0x3f9, 0x00),
    ...out(0x3fc, 0x00),
  ],
  'uart: modem status in loopback': [
    ...out(0x3fc, 0x10),
    ...wait(0x3fe, 0x00, 0x00), // reads once: clears the deltas
    ...[0x11, 0x12, 0x14, 0x18, 0x1f].flatMap((mcr) => [...out(0x3fc, mcr), ...read(0x3fe)]),
    ...out(0x3fc, 0x00),
  ],
  'rtc: registers': [
    ...cmosRead(0x8d),
    ...cmosWrite(0x0b, 0x82),
    ...cmosRead(0x0b),
    ...cmosWrite(0x0a, 0x26),
    ...cmosRead(0x0a),
    ...[0x12, 0x34, 0x11, 0x05, 0x21, 0x06, 0x24].flatMap((value, k) => cmosWrite([0, 2, 4, 6, 7, 8, 9][k]!, value)),
    ...[0, 2, 4, 6, 7, 8, 9].flatMap(cmosRead),
    ...cmosWrite(0x0d, 0x00),
    ...cmosRead(0x0d),
    ...cmosWrite(0x7f, 0x99),
    ...cmosRead(0x7f),
    ...read(0x70),
    ...cmosWrite(0x0b, 0x92), // SET clears UIE
    ...cmosRead(0x0b),
    ...cmosWrite(0x0b, 0x02),
  ],
  'rtc: periodic, update and alarm flags': [
    ...cmosWrite(0x0b, 0x02),
    ...cmosWrite(0x0a, 0x26),
    ...[1, 3, 5].flatMap((index) => cmosWrite(index, 0xc0)),
    ...out(0x70, 0x0c),
    ...wait(0x71, 0x00, 0x00), // reads once: clears the flags
    ...cmosWrite(0x0b, 0x32),
    ...out(0x70, 0x0c),
    ...wait(0x71, 0xb0, 0xb0), // alarm and update together, once a second
    ...cmosWrite(0x0b, 0x02),
  ],
  'i8042: the probe of Linux': [
    ...out(0x64, 0xaa),
    ...wait(0x64, 0x01, 0x01),
    ...read(0x60),
    ...out(0x64, 0x60),
    ...out(0x60, 0x47),
    ...out(0x64, 0x20),
    ...read(0x64),
    ...read(0x60),
    ...out(0x64, 0xd3),
    ...out(0x60, 0x5a),
    ...wait(0x64, 0x21, 0x21),
    ...read(0x60),
    ...out(0x64, 0xa7),
    ...out(0x64, 0x20),
    ...read(0x60),
    ...out(0x64, 0xa8),
    ...out(0x64, 0x20),
    ...read(0x60),
    ...out(0x64, 0xa9),
    ...read(0x60),
    ...out(0x64, 0xab),
    ...read(0x60),
    ...out(0x64, 0xd2),
    ...out(0x60, 0x1e),
    ...read(0x64),
    ...read(0x60),
    ...read(0x64),
  ],
  'i8042: keyboard commands, untranslated': [
    ...out(0x64, 0x60),
    ...out(0x60, 0x05),
    ...keyboard(0xff, 2),
    ...keyboard(0xf2, 3),
    ...keyboard(0xed, 1),
    ...keyboard(0x02, 1),
    ...keyboard(0xf3, 1),
    ...keyboard(0x20, 1),
    ...keyboard(0xf0, 1),
    ...keyboard(0x00, 2),
    ...keyboard(0xf5, 1),
    ...keyboard(0xf4, 1),
    ...keyboard(0xee, 1),
    ...keyboard(0xe9, 1),
  ],
  'i8042: keyboard identity, translated': [
    ...out(0x64, 0x60),
    ...out(0x60, 0x45),
    ...keyboard(0xff, 2),
    ...keyboard(0xf2, 3),
  ],
  'i8042: mouse': [
    ...out(0x64, 0x60),
    ...out(0x60, 0x47),
    ...mouse(0xff, 3),
    ...mouse(0xf2, 2),
    ...mouse(0xe9, 4),
    ...[200, 100, 80].flatMap((rate) => [...mouse(0xf3, 1), ...mouse(rate, 1)]),
    ...mouse(0xf2, 2),
    ...[200, 200, 80].flatMap((rate) => [...mouse(0xf3, 1), ...mouse(rate, 1)]),
    ...mouse(0xf2, 2),
    ...mouse(0xe8, 1),
    ...mouse(0x03, 1),
    ...mouse(0xe7, 1),
    ...mouse(0xf4, 1),
    ...mouse(0xe9, 4),
    ...mouse(0xf5, 1),
    ...mouse(0xee, 1),
    ...mouse(0x55, 1),
    ...mouse(0xec, 1),
    ...mouse(0xe6, 1),
  ],
  'dma: registers': [
    ...out(0x0d, 0x00),
    ...read(0x0f),
    ...out(0x0c, 0x00),
    ...out(0x04, 0x56, 0x34),
    ...out(0x05, 0xff, 0x01),
    ...out(0x0c, 0x00),
    ...read(0x04, 2),
    ...read(0x05, 2),
    ...out(0x81, 0x12),
    ...read(0x81),
    ...out(0x0a, 0x02),
    ...read(0x0f),
    ...out(0x0f, 0x05),
    ...read(0x0f),
    ...out(0xda, 0x00),
    ...out(0xd8, 0x00),
    ...out(0xc4, 0x34, 0x12),
    ...out(0xd8, 0x00),
    ...read(0xc4, 2),
    ...read(0xde),
    ...read(0x08),
  ],
  'port 92h': [...read(0x92), ...out(0x92, 0x02), ...read(0x92), ...out(0x92, 0x00), ...read(0x92)],
  'port 61h': [
    ...out(0x61, 0x00),
    ...out(0x43, 0xb0),
    ...out(0x42, 0xff, 0xff),
    ...out(0x61, 0x03),
    ...wait(0x61, 0x2f, 0x03),
    ...out(0x61, 0x00),
    ...wait(0x61, 0x2f, 0x00),
  ],
};
