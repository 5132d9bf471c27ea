import { beforeEach, describe, expect, test } from 'vitest';
import { Dma8237 } from '../../src/devices/dma8237.ts';
import { inb, outb } from './wires.ts';

const WRITE_TO_MEMORY = 0x44; // single mode, write, increment
const READ_FROM_MEMORY = 0x48;

let ram: Uint8Array;
let dma: Dma8237;

beforeEach(() => {
  ram = new Uint8Array(1 << 24);
  dma = new Dma8237({
    memory: {
      read: (address, into) => into.set(ram.subarray(address, address + into.length)),
      write: (address, from) => ram.set(from, address),
    },
  });
  outb(dma.secondary, 0x1a, 0); // master clear, second controller
  outb(dma.secondary, 0x16, 0xc0); // channel 4: cascade
  outb(dma.secondary, 0x14, 0x00); // and unmasked
});

/** The sequence of Linux's fd_dma_setup for channels 0 to 3: mask, flip-flop, mode, address, page, count, unmask. */
function program(channel: number, mode: number, address: number, bytes: number): void {
  const pagePort = [0x87, 0x83, 0x81, 0x82][channel]!;
  outb(dma.primary, 10, 4 | channel);
  outb(dma.primary, 12, 0);
  outb(dma.primary, 11, mode | channel);
  outb(dma.primary, 2 * channel, address & 0xff);
  outb(dma.primary, 2 * channel, (address >> 8) & 0xff);
  outb(dma.pages, pagePort - 0x81, address >> 16);
  outb(dma.primary, 12, 0);
  outb(dma.primary, 2 * channel + 1, (bytes - 1) & 0xff);
  outb(dma.primary, 2 * channel + 1, (bytes - 1) >> 8);
  outb(dma.primary, 10, channel);
}

function readWord(offset: number): number {
  outb(dma.primary, 12, 0);
  return inb(dma.primary, offset) | (inb(dma.primary, offset) << 8);
}

const bytes = (...values: number[]) => Uint8Array.from(values);

describe('registers', () => {
  test('addresses and counts go through the flip-flop', () => {
    program(2, WRITE_TO_MEMORY, 0x12_3456, 512);
    expect(readWord(4)).toBe(0x3456);
    expect(readWord(5)).toBe(511);
  });

  test('the second controller has a register every two ports', () => {
    outb(dma.secondary, 0x18, 0);
    outb(dma.secondary, 0x04, 0x34); // channel 5, address
    outb(dma.secondary, 0x04, 0x12);
    outb(dma.secondary, 0x18, 0);
    expect(inb(dma.secondary, 0x04)).toBe(0x34);
    expect(inb(dma.secondary, 0x04)).toBe(0x12);
  });

  test('every page register reads back', () => {
    for (let offset = 0; offset < 15; offset++) outb(dma.pages, offset, 0xa0 + offset);
    for (let offset = 0; offset < 15; offset++) expect(inb(dma.pages, offset)).toBe(0xa0 + offset);
  });

  test('master clear masks all, single and all mask set and clear', () => {
    outb(dma.primary, 13, 0);
    expect(inb(dma.primary, 15) & 15).toBe(0x0f);
    outb(dma.primary, 10, 2);
    expect(inb(dma.primary, 15) & 15).toBe(0x0b);
    outb(dma.primary, 15, 0x05);
    expect(inb(dma.primary, 15) & 15).toBe(0x05);
    outb(dma.primary, 14, 0);
    expect(inb(dma.primary, 15) & 15).toBe(0);
  });

  test('status shows requests, and terminal counts until it is read', () => {
    program(1, WRITE_TO_MEMORY, 0x1000, 2);
    dma.request(1, true);
    expect(inb(dma.primary, 8)).toBe(0x20);
    dma.write(1, bytes(1, 2));
    expect(inb(dma.primary, 8)).toBe(0x22);
    dma.request(1, false);
    expect(inb(dma.primary, 8)).toBe(0x00);
  });
});

describe('transfers', () => {
  test('device to memory, in pieces, to the terminal count', () => {
    program(2, WRITE_TO_MEMORY, 0x12_3456, 5);
    expect(dma.write(2, bytes(1, 2, 3))).toEqual({ bytes: 3, terminalCount: false });
    expect(readWord(4)).toBe(0x3459);
    expect(dma.write(2, bytes(4, 5, 6))).toEqual({ bytes: 2, terminalCount: true });
    expect([...ram.subarray(0x12_3456, 0x12_345c)]).toEqual([1, 2, 3, 4, 5, 0]);
    expect(readWord(5)).toBe(0xffff);
    // The channel masks itself.
    expect(dma.enabled(2)).toBe(false);
    expect(dma.write(2, bytes(7))).toEqual({ bytes: 0, terminalCount: false });
  });

  test('memory to device', () => {
    ram.set([9, 8, 7], 0x0f_0000);
    program(2, READ_FROM_MEMORY, 0x0f_0000, 3);
    const sector = new Uint8Array(4);
    expect(dma.read(2, sector)).toEqual({ bytes: 3, terminalCount: true });
    expect([...sector]).toEqual([9, 8, 7, 0]);
  });

  test('autoinitialize starts over', () => {
    program(1, WRITE_TO_MEMORY | 0x10, 0x2000, 2);
    expect(dma.write(1, bytes(1, 2)).terminalCount).toBe(true);
    expect(dma.write(1, bytes(3, 4)).terminalCount).toBe(true);
    expect([...ram.subarray(0x2000, 0x2003)]).toEqual([3, 4, 0]);
  });

  test('decrement', () => {
    program(3, WRITE_TO_MEMORY | 0x20, 0x3002, 3);
    dma.write(3, bytes(1, 2, 3));
    expect([...ram.subarray(0x3000, 0x3003)]).toEqual([3, 2, 1]);
  });

  test('the address wraps inside its page of 64 KiB', () => {
    program(2, WRITE_TO_MEMORY, 0x01_ffff, 2);
    dma.write(2, bytes(0x11, 0x22));
    expect([ram[0x01_ffff], ram[0x01_0000], ram[0x02_0000]]).toEqual([0x11, 0x22, 0]);
  });

  test('a verify transfer counts and moves nothing', () => {
    program(2, 0x40, 0x4000, 2);
    expect(dma.write(2, bytes(1, 2))).toEqual({ bytes: 2, terminalCount: true });
    expect(ram[0x4000]).toBe(0);
  });

  test('16-bit channels count words in pages of 128 KiB', () => {
    outb(dma.secondary, 0x16, WRITE_TO_MEMORY | 1);
    outb(dma.secondary, 0x18, 0);
    for (const byte of [0x00, 0x80]) outb(dma.secondary, 0x04, byte); // word address 8000h
    for (const byte of [0x01, 0x00]) outb(dma.secondary, 0x06, byte); // two words
    outb(dma.pages, 0x8b - 0x81, 0x05); // bit 0 does not count
    outb(dma.secondary, 0x14, 1);
    expect(dma.write(5, bytes(1, 2, 3, 4, 5))).toEqual({ bytes: 4, terminalCount: true });
    expect([...ram.subarray(0x05_0000, 0x05_0005)]).toEqual([1, 2, 3, 4, 0]);
  });

  test('nothing moves while the controller, the channel or the cascade is off', () => {
    program(2, WRITE_TO_MEMORY, 0x1000, 2);
    outb(dma.primary, 8, 0x04);
    expect(dma.enabled(2)).toBe(false);
    outb(dma.primary, 8, 0x00);
    expect(dma.enabled(2)).toBe(true);
    outb(dma.secondary, 0x14, 4); // mask channel 4
    expect(dma.enabled(2)).toBe(false);
    expect(dma.write(2, bytes(1))).toEqual({ bytes: 0, terminalCount: false });
  });
});

test('save and load', () => {
  program(2, WRITE_TO_MEMORY, 0x5000, 4);
  dma.write(2, bytes(1));
  const state = JSON.parse(JSON.stringify(dma.save()));
  dma.reset();
  expect(dma.enabled(2)).toBe(false);
  dma.load(state);
  expect(dma.write(2, bytes(2, 3, 4)).terminalCount).toBe(true);
  expect([...ram.subarray(0x5000, 0x5004)]).toEqual([1, 2, 3, 4]);
});
