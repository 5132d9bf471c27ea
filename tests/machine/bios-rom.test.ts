// ROM shadowing by the PAM registers, as firmware uses it: Intel 440FX datasheet (290549), section 3.2.18.

import { expect, test } from 'vitest';
import { I440fx } from '../../src/devices/i440fx.ts';
import { BiosRom, biosProblem } from '../../src/machine/bios-rom.ts';
import { Memory } from '../../src/memory/memory.ts';

const ROM_BYTES = 0x40000;
const PAM0 = 0x59;
const PAM1 = 0x5a;
/** Byte k of the ROM, so that each of its 16 KiB tells where it comes from. */
const romByte = (k: number) => ((k >> 14) + 0xa0) & 255;

function make() {
  const memory = new Memory({
    ramBytes: 2 << 20,
    extraBytes: ROM_BYTES,
    raisePageFault: () => expect.unreachable('a page fault'),
  });
  memory.map.add({ start: 0, bytes: 0xa0000, name: 'RAM', backing: { kind: 'ram', host: 0 } });
  const rom = new BiosRom(
    memory,
    memory.layout.extraAt,
    Uint8Array.from({ length: ROM_BYTES }, (_, k) => romByte(k)),
  );
  const bridge = new I440fx({ shadow: (...range) => rom.shadow(...range) });
  memory.reset();
  const read = (linear: number) => memory.load8(memory.readPlace(linear | 0, 1, 0), 0) & 255;
  const write = (linear: number, value: number) => memory.store8(memory.writePlace(linear | 0, 1, 0), 0, value);
  return { memory, bridge, read, write };
}

test('after reset the ROM is below 4 GiB, its last 128 KiB below 1 MiB, and nothing at C0000h', () => {
  const { read, write } = make();
  expect([read(0xfffc0000), read(0xfffffff0)]).toEqual([romByte(0), romByte(0x3fff0)]);
  expect([read(0xe0000), read(0xffff0)]).toEqual([romByte(0x20000), romByte(0x3fff0)]);
  expect([read(0xc0000), read(0xdffff)]).toEqual([0xff, 0xff]);
  write(0xf0000, 0x11);
  write(0xfffc0000, 0x11);
  expect([read(0xf0000), read(0xfffc0000)]).toEqual([romByte(0x30000), romByte(0)]);
});

test('reading ROM and writing RAM, firmware copies itself; then RAM alone; then RAM that cannot be written', () => {
  const { bridge, read, write } = make();
  bridge.writeConfig(PAM0, 8, 0x20); // F0000h: write RAM, read ROM
  for (const at of [0xf0000, 0xf4001, 0xfffff]) {
    write(at, read(at));
    write(at + (at & 1 ? -1 : 1), 0x5a);
    expect(read(at)).toBe(romByte(at - 0xc0000));
  }
  bridge.writeConfig(PAM0, 8, 0x30);
  expect([read(0xf0000), read(0xf0001), read(0xf4001), read(0xf4000)]).toEqual([
    romByte(0x30000),
    0x5a,
    romByte(0x34000),
    0x5a,
  ]);
  bridge.writeConfig(PAM0, 8, 0x10);
  write(0xf0000, 0x77);
  expect(read(0xf0000)).toBe(romByte(0x30000));
  bridge.writeConfig(PAM0, 8, 0x00); // the ROM again
  expect(read(0xf0001)).toBe(romByte(0x30001));
});

test('wide writes to RAM under ROM arrive whole', () => {
  const { memory, bridge } = make();
  bridge.writeConfig(PAM0, 8, 0x20);
  memory.store32(memory.writePlace(0xf0101, 4, 0), 0, 0x12345678);
  bridge.writeConfig(PAM0, 8, 0x30);
  expect(memory.load32(memory.readPlace(0xf0101, 4, 0), 0)).toBe(0x12345678);
});

test('each nibble is 16 KiB of its own, and reset takes the RAM away', () => {
  const { bridge, read, write } = make();
  bridge.writeConfig(PAM1, 8, 0x30); // C4000h
  write(0xc4000, 0x42);
  write(0xc0000, 0x42);
  write(0xc8000, 0x42);
  expect([read(0xc0000), read(0xc4000), read(0xc8000)]).toEqual([0xff, 0x42, 0xff]);
  bridge.reset();
  expect(read(0xc4000)).toBe(0xff);
});

test('files that are no BIOS', () => {
  expect(biosProblem(new Uint8Array(0))).toMatch(/empty/);
  expect(biosProblem(new Uint8Array(1000))).toMatch(/64 KiB/);
  expect(biosProblem(new Uint8Array(0x10000))).toBeUndefined();
});
