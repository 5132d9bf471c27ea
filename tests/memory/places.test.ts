// Places: fast host offsets, tickets over page boundaries, device widths, ROM, holes.

import { describe, expect, test } from 'vitest';
import type { GuestMemory } from '../../src/isa/environment.ts';
import { Memory } from '../../src/memory/memory.ts';
import type { AccessSize } from '../../src/memory/physical-map.ts';

const RAM = 1 << 20;
/** A device range of 16 bytes; the rest of its page is empty. */
const DEVICE = 0x00e00000;
const ROM = 0x00f00000;

class PageFault {
  readonly linear: number;
  readonly code: number;
  constructor(linear: number, code: number) {
    this.linear = linear;
    this.code = code;
  }
}

function machine() {
  const log: string[] = [];
  const memory = new Memory({
    ramBytes: RAM,
    extraBytes: 8192,
    raisePageFault: (linear, code) => {
      throw new PageFault(linear, code);
    },
  });
  memory.map.add({ start: 0, bytes: RAM, name: 'RAM', backing: { kind: 'ram', host: 0 } });
  memory.map.add({ start: ROM, bytes: 4096, name: 'ROM', backing: { kind: 'rom', host: memory.layout.extraAt } });
  memory.map.add({
    start: DEVICE,
    bytes: 16,
    name: 'device',
    backing: {
      kind: 'mmio',
      handler: {
        read(offset: number, size: AccessSize) {
          log.push(`r${size} ${offset}`);
          return 0x80 + offset;
        },
        write(offset: number, size: AccessSize, value: number) {
          log.push(`w${size} ${offset} ${value.toString(16)}`);
        },
      },
    },
  });
  const guest: GuestMemory = memory;
  return { memory, guest, log };
}

describe('places', () => {
  test('ordinary memory is a host offset, unaligned within a page too', () => {
    const { guest, memory } = machine();
    const place = guest.writePlace(0x1ffd, 3, 0);
    expect(place).toBe(0x1ffd);
    guest.store8(place, 0, 0x11);
    guest.store16(place, 1, 0x3322);
    expect(guest.readPlace(0x1ffc, 4, 1)).toBe(0x1ffc);
    expect(guest.load32(0x1ffc, 0)).toBe(0x33221100);
    expect(guest.load16(0x1ffc, 1)).toBe(0x2211);
    expect(guest.load8(0x1ffc, 3)).toBe(0x33);
    expect(memory.readPhysical32(0x1ffc)).toBe(0x33221100);
  });

  test('an access over a page boundary reads and writes both pages', () => {
    const { guest, memory } = machine();
    const place = guest.writePlace(0x2ffd, 8, 0);
    expect(place).toBeLessThan(0);
    guest.store32(place, 0, 0x44332211);
    guest.store32(place, 4, -0x12345678);
    expect(guest.load32(place, 0)).toBe(0x44332211);
    expect(guest.load16(place, 2)).toBe(0x4433);
    expect(guest.load32(place, 4)).toBe(-0x12345678);
    expect([...memory.u8.subarray(0x2ffd, 0x3001)]).toEqual([0x11, 0x22, 0x33, 0x44]);
    const image = guest.writePlace(0x3f00, 512, 0);
    for (let k = 0; k < 512; k += 4) guest.store32(image, k, k * 0x01010101);
    for (let k = 0; k < 512; k += 4) expect(memory.readPhysical32(0x3f00 + k)).toBe((k * 0x01010101) | 0);
  });

  test('eight tickets are valid together', () => {
    const { guest } = machine();
    const places = [1, 2, 3, 4, 5, 6, 7, 8].map((k) => guest.writePlace(0x1000 * k - 2, 4, 0));
    for (const [k, place] of places.entries()) guest.store32(place, 0, k * 0x01030507);
    for (const [k, place] of places.entries()) expect(guest.load32(place, 0)).toBe(k * 0x01030507);
  });

  test('devices see the width of aligned accesses, and bytes of others', () => {
    const { guest, log } = machine();
    expect(guest.load32(guest.readPlace(DEVICE + 4, 4, 0), 0)).toBe(0x84);
    expect(guest.load16(guest.readPlace(DEVICE + 2, 2, 0), 0)).toBe(0x82);
    expect(guest.load8(guest.readPlace(DEVICE, 1, 0), 0)).toBe(-0x80);
    expect(guest.load16(guest.readPlace(DEVICE + 1, 2, 0), 0)).toBe((0x8281 << 16) >> 16);
    guest.store32(guest.writePlace(DEVICE + 8, 4, 0), 0, -2);
    guest.store16(guest.writePlace(DEVICE + 14, 2, 0), 0, -2);
    guest.store8(guest.writePlace(DEVICE + 15, 1, 0), 0, -2);
    expect(log).toEqual(['r32 4', 'r16 2', 'r8 0', 'r8 1', 'r8 2', 'w32 8 -2', 'w16 14 fffe', 'w8 15 fe']);
  });

  test('an access that leaves a device range is split, and what is outside reads as ones', () => {
    const { guest, log } = machine();
    expect(guest.load32(guest.readPlace(DEVICE + 14, 4, 0), 0)).toBe(0xffff8f8e | 0);
    expect(log).toEqual(['r8 14', 'r8 15']);
    expect(guest.load32(guest.readPlace(0x00d00000, 4, 0), 0)).toBe(-1);
    guest.store32(guest.writePlace(0x00d00000, 4, 0), 0, 0);
    expect(guest.load16(guest.readPlace(0x00d00000, 2, 0), 0)).toBe(-1);
  });

  test('ROM is read directly and drops writes', () => {
    const { guest, memory } = machine();
    memory.u8[memory.layout.extraAt + 5] = 0x5a;
    expect(guest.readPlace(ROM + 5, 1, 0)).toBe(memory.layout.extraAt + 5);
    const place = guest.writePlace(ROM + 5, 1, 0);
    expect(place).toBeLessThan(0);
    guest.store8(place, 0, 0);
    expect(guest.load8(place, 0)).toBe(0x5a);
    memory.writePhysical(ROM + 5, new Uint8Array(1));
    expect(memory.readPhysical8(ROM + 5)).toBe(0x5a);
    expect(memory.stats.traceHits.rom).toBe(2);
  });

  test('the last byte of the address space is followed by the first', () => {
    const { guest, memory } = machine();
    memory.u8[0] = 0x77;
    expect(guest.load32(guest.readPlace(-2, 4, 0), 0)).toBe(0x0077ffff | 0);
  });

  test('with the A20 gate shut, address bit 20 is zero', () => {
    const { guest, memory } = machine();
    memory.u8[0x10] = 1;
    expect(guest.load8(guest.readPlace(0x100010, 1, 0), 0)).toBe(-1);
    memory.setA20(false);
    expect(guest.load8(guest.readPlace(0x100010, 1, 0), 0)).toBe(1);
    expect(memory.fetch(0x100010, 0)).toBe(0x10);
    memory.setA20(true);
    expect(guest.load8(guest.readPlace(0x100010, 1, 0), 0)).toBe(-1);
  });

  test('beyond the first GiB of the heap there are no shadow entries, and everything works', () => {
    const ramBytes = 1 << 30;
    const memory = new Memory({
      ramBytes,
      extraBytes: 8192,
      raisePageFault: () => {
        throw new Error('page fault');
      },
    });
    const at = 0xf0000000;
    memory.map.add({ start: 0, bytes: ramBytes, name: 'RAM', backing: { kind: 'ram', host: 0 } });
    memory.map.add({ start: at, bytes: 4096, name: 'VRAM', backing: { kind: 'ram', host: ramBytes } });
    memory.map.add({ start: at + 4096, bytes: 4096, name: 'ROM', backing: { kind: 'rom', host: ramBytes + 4096 } });
    memory.store32(memory.writePlace((at + 0xffe) | 0, 4, 0), 0, -1);
    memory.store8(memory.writePlace(at | 0, 1, 1), 0, 0x12);
    memory.store32(memory.writePlace(ramBytes - 4, 4, 0), 0, 7);
    expect(memory.load32(memory.readPlace((at + 0xffe) | 0, 4, 0), 0)).toBe(0xffff);
    expect(memory.load8(memory.readPlace(at | 0, 1, 0), 0)).toBe(0x12);
    expect(memory.fetch(at | 0, 0)).toBe(at | 0);
    expect(memory.isRam(at)).toBe(false);
    expect(memory.readPhysical8(at)).toBe(0x12);
    expect(memory.readPhysical32(ramBytes - 4)).toBe(7);
    memory.map.remap(at, 4096, 'moved', undefined);
    expect(memory.load8(memory.readPlace(at | 0, 1, 0), 0)).toBe(-1);
  });
});
