// The firmware configuration device by the accesses of its specification: QEMU's docs/specs/fw_cfg.rst.

import { expect, test } from 'vitest';
import { FW_CFG, FwCfg } from '../../src/devices/fw-cfg.ts';
import { inb } from './wires.ts';

const RAM_BYTES = 0x40000;

function make() {
  const ram = new Uint8Array(RAM_BYTES);
  const device = new FwCfg({
    memory: {
      read: (address, into) => into.set(ram.subarray(address, address + into.length)),
      write: (address, from) => ram.set(from, address),
    },
    items: new Map([[FW_CFG.cpuCount, Uint8Array.of(3, 0)]]),
    files: new Map([
      ['etc/first', Uint8Array.of(0x11, 0x22, 0x33)],
      ['etc/second', Uint8Array.from({ length: 70_000 }, (_, k) => k & 255)],
    ]),
  });
  const select = (key: number) => device.registers.write(0, 16, key);
  const read = (count: number) => Array.from({ length: count }, () => inb(device.registers, 1));
  /** A DMA access with its descriptor at 100h; returns the control word that it leaves. */
  const dma = (control: number, length: number, address: number) => {
    const view = new DataView(ram.buffer);
    view.setUint32(0x100, control);
    view.setUint32(0x104, length);
    view.setUint32(0x108, 0);
    view.setUint32(0x10c, address);
    device.dma.write(0, 32, 0);
    device.dma.write(4, 32, 0x00010000); // 100h, big-endian
    return view.getUint32(0x100);
  };
  return { device, ram, select, read, dma };
}

test('says QEMU, and that it has the DMA interface', () => {
  const { device, select, read } = make();
  select(FW_CFG.signature);
  expect(String.fromCharCode(...read(4))).toBe('QEMU');
  select(FW_CFG.id);
  expect(read(4)).toEqual([3, 0, 0, 0]);
  expect([device.dma.read(0, 32), device.dma.read(4, 32)]).toEqual([0x554d4551, 0x47464320]); // "QEMU CFG"
});

test('the directory leads to the files, and past the end come zeros', () => {
  const { select, read } = make();
  select(FW_CFG.fileDirectory);
  expect(read(4)).toEqual([0, 0, 0, 2]);
  const entries = [read(64), read(64)];
  expect(entries.map((e) => String.fromCharCode(...e.slice(8)).replace(/\0+$/, ''))).toEqual([
    'etc/first',
    'etc/second',
  ]);
  expect(entries.map((e) => e.slice(0, 4))).toEqual([
    [0, 0, 0, 3],
    [0, 1, 0x11, 0x70],
  ]);
  const [first] = entries as [number[], number[]];
  select(((first[4] as number) << 8) | (first[5] as number));
  expect(read(5)).toEqual([0x11, 0x22, 0x33, 0, 0]);
});

test('selecting again starts over; an unknown key reads zeros', () => {
  const { select, read } = make();
  select(FW_CFG.cpuCount);
  expect(read(1)).toEqual([3]);
  select(FW_CFG.cpuCount);
  expect(read(2)).toEqual([3, 0]);
  select(0x7777);
  expect(read(2)).toEqual([0, 0]);
});

test('DMA: select and read in one access, skip, go on', () => {
  const { ram, dma } = make();
  const SECOND = 0x21;
  expect(dma((SECOND << 16) | 0x08 | 0x02, 66_000, 0x1000)).toBe(0);
  expect([ram[0x1000], ram[0x1000 + 65_999], ram[0x1000 + 66_000]]).toEqual([0, 65_999 & 255, 0]);
  expect(dma(0x04, 999, 0)).toBe(0); // skip
  expect(dma(0x02, 4, 0x20)).toBe(0);
  expect([...ram.subarray(0x20, 0x24)]).toEqual([66_999, 67_000, 67_001, 67_002].map((v) => v & 255));
});

test('DMA: writing is refused, and a length without end ends', () => {
  const { ram, dma } = make();
  expect(dma((0x20 << 16) | 0x08 | 0x10, 1, 0x20)).toBe(1);
  ram.fill(0xee, 0x200, 0x400);
  expect(dma((0x20 << 16) | 0x08 | 0x02, 0x200, 0x200)).toBe(0);
  expect([...ram.subarray(0x200, 0x204), ram[0x3ff]]).toEqual([0x11, 0x22, 0x33, 0, 0]);
});
