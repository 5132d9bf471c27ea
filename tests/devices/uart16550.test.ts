import { beforeEach, describe, expect, test } from 'vitest';
import { Uart16550, type Uart16550Options } from '../../src/devices/uart16550.ts';
import { ManualClock } from '../../src/lib/clock.ts';
import { inb, outb, Probe } from './wires.ts';

const [DATA, IER, IIR, LCR, MCR, LSR, MSR, SCR] = [0, 1, 2, 3, 4, 5, 6, 7] as const;
const FCR = IIR;
const DTR_RTS_OUT2 = 0x0b;

let clock: ManualClock;
let irq: Probe;
let sent: number[];
let uart: Uart16550;

function make(options: Partial<Uart16550Options> = {}): void {
  clock = new ManualClock();
  irq = new Probe();
  sent = [];
  uart = new Uart16550({ clock, irq, sink: { write: (byte) => sent.push(byte) }, ...options });
}

const out = (offset: number, value: number) => outb(uart.registers, offset, value);
const input = (offset: number) => inb(uart.registers, offset);
const send = (text: string) => uart.receive(new TextEncoder().encode(text));
const sentText = () => String.fromCharCode(...sent);

/** 9600 8N1, FIFOs with a trigger level of 8, modem lines up, the given interrupts. */
function open(interrupts: number, fcr = 0x87): void {
  out(LCR, 0x83);
  out(0, 12);
  out(1, 0);
  out(LCR, 0x03);
  out(FCR, fcr);
  out(MCR, DTR_RTS_OUT2);
  out(IER, interrupts);
}

function readAll(): string {
  let text = '';
  while (input(LSR) & 1) text += String.fromCharCode(input(DATA));
  return text;
}

beforeEach(() => make());

describe('registers', () => {
  test('after reset: no interrupt, transmitter empty, modem ready', () => {
    expect([IER, IIR, LCR, MCR, LSR, MSR].map(input)).toEqual([0, 1, 0, 0, 0x60, 0xb0]);
  });

  test('DLAB puts the divisor latch in the place of data and IER', () => {
    out(LCR, 0x80);
    out(0, 0x0c);
    out(1, 0x34);
    expect([input(0), input(1)]).toEqual([0x0c, 0x34]);
    expect(uart.registers.read(0, 16)).toBe(0x340c);
    out(LCR, 0x03);
    expect(input(IER)).toBe(0);
    expect(sent).toEqual([]);
  });

  test('LSR and MSR cannot be written', () => {
    out(LSR, 0xff);
    out(MSR, 0xff);
    expect([input(LSR), input(MSR)]).toEqual([0x60, 0xb0]);
  });
});

describe('the probe of the 8250 driver of Linux (autoconfig)', () => {
  test('IER holds four bits', () => {
    out(IER, 0);
    expect(input(IER) & 0x0f).toBe(0);
    out(IER, 0x0f);
    expect(input(IER)).toBe(0x0f);
    out(IER, 0xff);
    expect(input(IER)).toBe(0x0f); // no XScale UUE, no sleep mode
  });

  test('loopback shows RTS and OUT2 as CTS and DCD', () => {
    out(MCR, 0x10 | 0x0a);
    expect(input(MSR) & 0xf0).toBe(0x90);
    out(MCR, 0);
    expect(input(MSR) & 0xf0).toBe(0xb0);
  });

  test('IIR shows a 16550A: FIFOs enabled, and no sign of the chips with more', () => {
    out(FCR, 0x01);
    expect(input(IIR) >> 6).toBe(3);
    out(LCR, 0x80); // EFR of a 16650 would read as zero here
    expect(input(IIR)).not.toBe(0);
    out(LCR, 0xbf);
    expect(input(IIR)).not.toBe(0);
    // EXCR1 of a National Super I/O would follow MCR's loop bit.
    out(LCR, 0);
    const mcr = input(MCR);
    out(MCR, mcr ^ 0x10);
    out(LCR, 0xe0);
    expect(input(IIR) & 0x10).toBe(0);
    out(LCR, 0);
    out(MCR, mcr);
    // A TI16750 shows bit 5 after FIFO64 was set under DLAB.
    out(LCR, 0x80);
    out(FCR, 0x21);
    expect(input(IIR) >> 5).toBe(6);
    out(LCR, 0);
    out(FCR, 0);
    expect(input(IIR) >> 6).toBe(0);
  });

  test('the scratch register keeps what is written', () => {
    for (const value of [0xa5, 0x5a]) {
      out(SCR, value);
      expect(input(SCR)).toBe(value);
    }
  });

  test('THRE test: enabling ETBEI with an empty transmitter interrupts, and does so again', () => {
    open(0);
    for (let k = 0; k < 2; k++) {
      out(IER, 0x02);
      expect(irq.level).toBe(true);
      expect(input(IIR) & 0x0f).toBe(0x02);
      expect(irq.level).toBe(false);
      out(IER, 0);
    }
  });

  test('TXEN test: with ETBEI, TEMT in LSR and the interrupt come together', () => {
    open(0x02);
    expect(input(LSR) & 0x40).toBe(0x40);
    expect(input(IIR) & 1).toBe(0);
  });

  test('clearing the interrupt registers at startup leaves nothing pending', () => {
    send('x');
    open(0);
    for (const register of [LSR, DATA, IIR, MSR]) input(register);
    out(IER, 0x05);
    expect(irq.level).toBe(false);
    expect(input(IIR) & 1).toBe(1);
  });
});

describe('transmitter', () => {
  test('bytes reach the sink in order', () => {
    open(0);
    for (const c of 'boot log') out(DATA, c.charCodeAt(0));
    expect(sentText()).toBe('boot log');
    expect(input(LSR)).toBe(0x60);
    expect(uart.drained).toBe(true);
  });

  test('an interrupt-driven driver: one edge for each burst, quiet when ETBEI goes', () => {
    const text = 'sixteen bytes at a time, as a FIFO is long';
    let position = 0;
    open(0x02);
    let bursts = 0;
    while (irq.level) {
      expect(input(IIR) & 0x0f).toBe(0x02);
      if (position >= text.length) out(IER, 0);
      for (let k = 0; k < 16 && position < text.length; k++) out(DATA, text.charCodeAt(position++));
      bursts++;
    }
    expect(sentText()).toBe(text);
    expect(bursts).toBe(4);
  });

  test('a driver that writes without reading IIR still sees an edge for each byte', () => {
    open(0x02);
    const { rises } = irq;
    out(DATA, 0x41);
    out(DATA, 0x42);
    expect(irq.rises - rises).toBe(2);
  });

  test('a sink that is full keeps the transmitter busy; drain empties it and interrupts', () => {
    let room = 2;
    const write = (byte: number) => {
      sent.push(byte);
      room--;
    };
    make({ sink: { write, writable: () => room > 0 } });
    open(0x02);
    input(IIR);
    for (const c of 'abcde') out(DATA, c.charCodeAt(0));
    expect(sentText()).toBe('ab');
    expect(input(LSR) & 0x60).toBe(0);
    expect(uart.drained).toBe(false);
    expect(irq.level).toBe(false);
    room = 2;
    uart.drain();
    expect(irq.level).toBe(false);
    room = 10;
    uart.drain();
    expect(sentText()).toBe('abcde');
    expect(input(LSR) & 0x60).toBe(0x60);
    expect(irq.level).toBe(true);
  });

  test('FCR clears what waits', () => {
    make({ sink: { write: (byte) => sent.push(byte), writable: () => false } });
    open(0);
    out(DATA, 0x41);
    out(FCR, 0x05);
    expect(input(LSR)).toBe(0x60);
    expect(sent).toEqual([]);
  });
});

describe('receiver', () => {
  test('polled: DR until the last byte is read', () => {
    open(0);
    send('hello');
    expect(readAll()).toBe('hello');
    expect(input(LSR)).toBe(0x60);
  });

  test('nothing is lost when the host sends more than the FIFO holds', () => {
    open(0);
    const text = 'x'.repeat(1000) + 'y';
    send(text);
    send('z');
    expect(uart.backlog).toBe(1002 - 16);
    expect(readAll()).toBe(text + 'z');
    expect(uart.backlog).toBe(0);
  });

  test('the trigger level interrupts, below it the timeout of four characters does', () => {
    open(0x01);
    send('1234567');
    expect(irq.level).toBe(false);
    send('8');
    expect(irq.level).toBe(true);
    expect(input(IIR)).toBe(0xc4);
    expect(input(DATA)).toBe(0x31);
    expect(irq.level).toBe(false);
    const fourCharacters = (4 * 10 * 1e9) / 9600;
    clock.advanceBy(fourCharacters - 1000);
    expect(irq.level).toBe(false);
    clock.advanceBy(2000);
    expect(irq.level).toBe(true);
    expect(input(IIR)).toBe(0xcc);
    input(DATA); // one read clears the timeout
    expect(input(IIR)).toBe(0xc1);
    clock.advanceBy(2 * fourCharacters);
    expect(input(IIR)).toBe(0xcc);
  });

  test('a new character postpones the timeout', () => {
    open(0x01);
    const character = (10 * 1e9) / 9600;
    for (let k = 0; k < 5; k++) {
      send('a');
      clock.advanceBy(3 * character);
    }
    expect(irq.level).toBe(false);
    clock.advanceBy(2 * character);
    expect(irq.level).toBe(true);
  });

  test('trigger levels 1, 4, 8 and 14', () => {
    for (const [bits, level] of [
      [0x01, 1],
      [0x41, 4],
      [0x81, 8],
      [0xc1, 14],
    ] as const) {
      make();
      open(0x01, bits);
      send('x'.repeat(level - 1));
      expect(input(IIR) & 0x0f).toBe(1);
      send('x');
      expect(input(IIR) & 0x0f).toBe(4);
    }
  });

  test('without FIFOs every byte gives its own edge', () => {
    open(0x01, 0);
    send('abc');
    expect(irq.rises).toBe(1);
    expect(input(IIR)).toBe(0x04);
    expect(input(DATA)).toBe(0x61);
    expect(irq.rises).toBe(2);
    expect(input(DATA)).toBe(0x62);
    expect(input(DATA)).toBe(0x63);
    expect([irq.rises, irq.level]).toEqual([3, false]);
  });

  test('with flow control the host waits for RTS, so that a driver that clears the FIFO loses nothing', () => {
    make({ flowControl: 'rts' });
    send('poweroff\n');
    expect(input(LSR) & 1).toBe(0);
    open(0);
    expect(readAll()).toBe('poweroff\n');
  });

  test('a break is a zero byte with BI; reading LSR clears the error', () => {
    open(0x04);
    uart.receiveBreak();
    expect(input(IIR)).toBe(0xc6);
    expect(input(LSR)).toBe(0xf1);
    expect(input(IIR)).toBe(0xc1);
    expect(input(LSR)).toBe(0x61);
    expect(input(DATA)).toBe(0);
  });
});

describe('loopback', () => {
  beforeEach(() => {
    open(0);
    out(MCR, 0x10 | 0x08);
  });

  test('what is sent is received, and the line sees nothing', () => {
    send('outside');
    for (const c of 'inside') out(DATA, c.charCodeAt(0));
    expect(readAll()).toBe('inside');
    expect(sent).toEqual([]);
    out(MCR, DTR_RTS_OUT2);
    expect(readAll()).toBe('outside');
  });

  test('the seventeenth byte is an overrun, a line status interrupt before the data', () => {
    out(IER, 0x05);
    for (let k = 0; k < 17; k++) out(DATA, k);
    expect(input(IIR)).toBe(0xc6);
    expect(input(LSR)).toBe(0x63);
    expect(input(IIR)).toBe(0xc4);
    expect(readAll().length).toBe(16);
  });

  test('MCR drives the modem status; RI counts at its trailing edge', () => {
    out(MCR, 0x10);
    input(MSR);
    out(IER, 0x08);
    out(MCR, 0x14); // OUT1: RI up
    expect(input(MSR)).toBe(0x40);
    out(MCR, 0x10);
    expect(input(IIR)).toBe(0xc0);
    expect(input(MSR)).toBe(0x04);
    out(MCR, 0x13);
    expect(input(MSR)).toBe(0x33);
    expect(input(MSR)).toBe(0x30);
  });
});

describe('interrupts', () => {
  test('priorities: line status, data, holding register, modem status', () => {
    open(0x0f);
    send('12345678');
    uart.receiveBreak();
    // The break is not at the top of the FIFO yet: read down to it.
    uart.setModemInputs({ cts: false, dsr: true, ri: false, dcd: true });
    expect(input(IIR)).toBe(0xc4);
    for (let k = 0; k < 8; k++) input(DATA);
    expect(input(IIR)).toBe(0xc6);
    input(LSR);
    input(DATA);
    expect(input(IIR)).toBe(0xc2);
    expect(input(IIR)).toBe(0xc0);
    expect(input(MSR)).toBe(0xa1);
    expect(input(IIR)).toBe(0xc1);
    expect(irq.level).toBe(false);
  });

  test('OUT2 gates the line', () => {
    open(0x02);
    out(MCR, 0x03);
    expect(irq.level).toBe(false);
    expect(input(IIR)).toBe(0xc2);
    out(IER, 0);
    out(IER, 2);
    out(MCR, 0x0b);
    expect(irq.level).toBe(true);
  });

  test('an unchanged modem input interrupts nobody', () => {
    open(0x08);
    uart.setModemInputs({ cts: true, dsr: true, ri: false, dcd: true });
    expect(irq.level).toBe(false);
  });
});

test('a boot log of a megabyte goes through in well under a second', () => {
  open(0);
  let count = 0;
  make({ sink: { write: () => void count++ } });
  const start = performance.now();
  for (let k = 0; k < 1 << 20; k++) {
    if (uart.registers.read(LSR, 8) & 0x20) uart.registers.write(DATA, 8, k & 0xff);
  }
  expect(count).toBe(1 << 20);
  expect(performance.now() - start).toBeLessThan(1000);
});

test('save and load carry FIFO, queue and a running timeout', () => {
  open(0x01);
  send('abc');
  send('d'.repeat(20));
  input(DATA);
  out(MCR, DTR_RTS_OUT2);
  const state = JSON.parse(JSON.stringify(uart.save()));
  const before = { clock, text: 'bc' + 'd'.repeat(20) };
  make();
  clock.advanceTo(before.clock.now());
  uart.load(state);
  expect(uart.save()).toEqual(state);
  for (let k = 0; k < 16; k++) input(DATA);
  clock.advanceBy(1e8);
  expect(input(IIR)).toBe(0xcc);
  expect(readAll()).toBe(before.text.slice(16));
});

test('reset keeps scratch, divisor and what the host has queued', () => {
  open(0x0f);
  out(SCR, 0x42);
  send('q'.repeat(30));
  uart.reset();
  expect(irq.level).toBe(false);
  expect([input(IER), input(LCR), input(MCR), input(SCR)]).toEqual([0, 0, 0, 0x42]);
  expect(readAll()).toBe('q'.repeat(14));
});
