// The physical map: order, overlaps, device ranges smaller than a page, remapping at run time.

import { describe, expect, test } from 'vitest';
import { channel } from '../../src/lib/log.ts';
import {
  type MmioHandler,
  PAGE_DEVICE,
  PAGE_HOLE,
  PAGE_RAM,
  PAGE_ROM,
  PhysicalMap,
} from '../../src/memory/physical-map.ts';

/** A device that answers with its own number and the offset. */
function device(number: number): MmioHandler {
  return { read: (offset) => number * 0x1000 + offset, write: () => {} };
}

const ram = (host: number) => ({ kind: 'ram', host }) as const;
const mmio = (number: number) => ({ kind: 'mmio', handler: device(number) }) as const;

describe('physical map', () => {
  test('overlapping ranges are refused, and both named', () => {
    const map = new PhysicalMap();
    map.add({ start: 0x100000, bytes: 0x100000, name: 'RAM', backing: ram(0x100000) });
    expect(() => map.add({ start: 0x1ff000, bytes: 0x2000, name: 'VRAM', backing: ram(0) })).toThrow(
      'physical ranges overlap: VRAM (ram 001ff000h-00200fffh) and RAM (ram 00100000h-001fffffh)',
    );
  });

  test('memory is made of whole pages and lies below 4 GiB', () => {
    const map = new PhysicalMap();
    expect(() => map.add({ start: 0x100, bytes: 4096, name: 'RAM', backing: ram(0) })).toThrow(/whole pages/);
    expect(() => map.add({ start: 0xfffff000, bytes: 8192, name: 'top', backing: mmio(1) })).toThrow(/4 GiB/);
  });

  test('devices that share a page', () => {
    const map = new PhysicalMap();
    map.add({ start: 0xfed00400, bytes: 0x400, name: 'b', backing: mmio(2) });
    map.add({ start: 0xfed00000, bytes: 0x400, name: 'a', backing: mmio(1) });
    expect(map.pages[0xfed00]).toBe(PAGE_DEVICE);
    expect(map.readDevice(0xfed00010, 32)).toBe(0x1010);
    expect(map.readDevice(0xfed00410 | 0, 32)).toBe(0x2010);
    expect(map.readDevice(0xfed00410, 8)).toBe(0x10);
    expect(map.readDevice(0xfed00800, 32)).toBe(-1);
    expect(map.rangeAt(0xfed003ff)?.name).toBe('a');
    expect(map.ranges.map((range) => range.name)).toEqual(['a', 'b']);
  });

  test('remapping splits what was there, and the parts keep their places', () => {
    const map = new PhysicalMap();
    map.add({ start: 0, bytes: 0x100000, name: 'RAM', backing: ram(0) });
    map.remap(0xa0000, 0x20000, 'VGA', mmio(1));
    map.remap(0xc0000, 0x40000, 'ROM', { kind: 'rom', host: 0x200000 });
    map.remap(0xe0000, 0x10000, 'shadow', ram(0xe0000));
    map.remap(0xa8000, 0x8000, 'hole', undefined);
    expect(map.describe().split('\n')).toEqual([
      'RAM (ram 00000000h-0009ffffh)',
      'VGA (mmio 000a0000h-000a7fffh)',
      'VGA (mmio 000b0000h-000bffffh)',
      'ROM (rom 000c0000h-000dffffh)',
      'shadow (ram 000e0000h-000effffh)',
      'ROM (rom 000f0000h-000fffffh)',
    ]);
    expect(map.pages[0x9f]).toBe((0x9f << 2) | PAGE_RAM);
    expect(map.pages[0xa8]).toBe(PAGE_HOLE);
    expect(map.pages[0xf0]).toBe((0x230 << 2) | PAGE_ROM);
    expect(map.pages[0xe0]).toBe((0xe0 << 2) | PAGE_RAM);
    // The second part of the device range still counts offsets from the first's start.
    expect(map.readDevice(0xb0004, 32)).toBe(0x1000 + 0x10004);
  });

  test('accesses to nothing are logged with what is there', () => {
    const map = new PhysicalMap();
    map.add({ start: 0xf0000, bytes: 0x10000, name: 'BIOS', backing: { kind: 'rom', host: 0 } });
    const lines: string[] = [];
    const log = channel('mmu');
    const { sink } = log;
    log.enabled = true;
    log.sink = { write: (line) => lines.push(line) };
    map.readDevice(0x12345678, 32);
    map.writeDevice(0x12345678, 16, 0);
    map.writeDevice(0xf0000, 8, 0);
    log.enabled = false;
    log.sink = sink;
    expect(lines).toEqual([
      'mmu: read of 32 bits at 12345678h: nothing there',
      'mmu: write of 16 bits at 12345678h dropped: nothing there',
      'mmu: write of 8 bits at 000f0000h dropped: BIOS is read-only',
    ]);
  });
});
