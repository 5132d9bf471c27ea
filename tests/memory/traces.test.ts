// Traces of code, dirty pages and ROM; code found by physical address; the physical map changing under them.

import { beforeEach, describe, expect, test } from 'vitest';
import { checkInvariants } from '../../src/memory/invariants.ts';
import { Memory } from '../../src/memory/memory.ts';

const RAM = 1 << 20;
const ROM_HIGH = 0xffff0000;
const ROM_LOW = 0x000f0000;
const VRAM = 0xe0000000;

const codeWrites: [number, number, number][] = [];
const lost: [number, number][] = [];

function build(): Memory {
  const memory: Memory = new Memory({
    ramBytes: RAM,
    extraBytes: 0x20000,
    userTables: 2,
    raisePageFault: (linear, code) => {
      throw new Error(`page fault at ${linear.toString(16)}, ${code}`);
    },
    onCodeWrite: (physical, bytes) => codeWrites.push([physical, bytes, memory.readPhysical8(physical)]),
    onMappingLost: (user, word) => lost.push([user, word]),
  });
  const { extraAt } = memory.layout;
  memory.map.add({ start: 0, bytes: 0xf0000, name: 'RAM', backing: { kind: 'ram', host: 0 } });
  memory.map.add({ start: ROM_LOW, bytes: 0x10000, name: 'BIOS', backing: { kind: 'rom', host: extraAt } });
  memory.map.add({ start: ROM_HIGH, bytes: 0x10000, name: 'BIOS top', backing: { kind: 'rom', host: extraAt } });
  memory.map.add({ start: VRAM, bytes: 0x10000, name: 'VRAM', backing: { kind: 'ram', host: extraAt + 0x10000 } });
  return memory;
}

let memory: Memory;

beforeEach(() => {
  memory = build();
  codeWrites.length = 0;
  lost.length = 0;
});

function store(linear: number, bytes: 1 | 2 | 4, value: number): number {
  const place = memory.writePlace(linear, bytes, 0);
  if (bytes === 1) memory.store8(place, 0, value);
  else if (bytes === 2) memory.store16(place, 0, value);
  else memory.store32(place, 0, value);
  return place;
}

describe('code traces', () => {
  test('a write that touches a marked granule is reported once it is done; others are not', () => {
    store(0x5000, 1, 1);
    memory.traceCode(0x5040, 10);
    store(0x503c, 4, 2);
    store(0x5080, 4, 2);
    expect(codeWrites).toEqual([]);
    store(0x507f, 1, 0x33);
    store(0x503e, 4, 0x77777777);
    expect(codeWrites).toEqual([
      [0x507f, 1, 0x33],
      [0x503e, 4, 0x77],
    ]);
    memory.untraceCode(0x5040, 1);
    expect(store(0x5041, 4, 0)).toBe(0x5041);
    expect(codeWrites.length).toBe(2);
    checkInvariants(memory);
  });

  test('a write over a page boundary reports the page that has code', () => {
    memory.traceCode(0x7000, 64);
    store(0x6ffe, 4, -1);
    expect(codeWrites).toEqual([
      [0x7000, 1, 0xff],
      [0x7001, 1, 0xff],
    ]);
  });

  test('DMA is reported too, and reads are not', () => {
    memory.traceCode(0x7000, 64);
    memory.readPhysical(0x6ff0, new Uint8Array(64));
    memory.writePhysical(0x6ff0, new Uint8Array(0x1100).fill(9));
    expect(codeWrites).toEqual([[0x7000, 0x1000, 9]]);
    expect(memory.readPhysical32(0x80ee)).toBe(0x00000909);
  });

  test('granules of all 64 positions', () => {
    for (let granule = 0; granule < 64; granule++) {
      memory.traceCode(0x9000 + granule * 64, 64);
      store(0x9000 + granule * 64 + 63, 1, 0);
      if (granule > 0) store(0x9000 + granule * 64 - 1, 1, 0);
      if (granule < 63) store(0x9000 + granule * 64 + 64, 1, 0);
      expect(codeWrites).toEqual([[0x9000 + granule * 64 + 63, 1, 0]]);
      codeWrites.length = 0;
      memory.untraceCode(0x9000, 4096);
    }
  });
});

describe('code addresses', () => {
  test('RAM is known by its physical address, memory at two addresses by one of them', () => {
    expect(memory.fetch(0x1234, 0)).toBe(0x1234);
    const low = memory.fetch(ROM_LOW + 0x10, 0);
    const high = memory.fetch((ROM_HIGH + 0x10) | 0, 0);
    expect(low).toBe(high);
    expect(memory.isRam(low)).toBe(true);
    expect(memory.isRam(0xd0000000)).toBe(false);
    expect(memory.fetch(0xd0000004 | 0, 0)).toBe(0xd0000004 | 0);
  });

  test('shadowing ROM by RAM gives up the code there, and what was fetched through it', () => {
    const address = memory.fetch(ROM_LOW, 0) >>> 0;
    memory.traceCode(address, 128);
    memory.map.remap(ROM_LOW, 0x10000, 'shadow', { kind: 'ram', host: ROM_LOW });
    expect(codeWrites.map(([at, bytes]) => [at, bytes])).toEqual([[address, 4096]]);
    expect(lost).toContainEqual([0, memory.tableWord(0)]);
    expect(memory.fetch(ROM_LOW, 0)).toBe(ROM_LOW);
    expect(memory.fetch(ROM_HIGH | 0, 0)).toBe(ROM_HIGH | 0);
    store(ROM_LOW, 4, 0x12345678);
    expect(memory.readPhysical32(ROM_LOW)).toBe(0x12345678);
    checkInvariants(memory);
  });
});

describe('dirty traces', () => {
  test('the first write to each page is reported, once, with its address', () => {
    const dirty: number[] = [];
    const subscriber = (physical: number) => dirty.push(physical);
    store(VRAM | 0, 4, 1);
    memory.traceDirty(VRAM, 0x4000, subscriber);
    expect(memory.readPlace((VRAM + 8) | 0, 4, 0)).toBeGreaterThan(0);
    store((VRAM + 0x1008) | 0, 4, 1);
    store((VRAM + 0x1004) | 0, 4, 1);
    memory.writePhysical(VRAM + 0x3000, new Uint8Array(4));
    store((VRAM + 0x5000) | 0, 4, 1);
    expect(dirty).toEqual([VRAM + 0x1000, VRAM + 0x3000]);
    memory.traceDirty(VRAM + 0x1000, 4096, subscriber);
    store((VRAM + 0x1004) | 0, 4, 1);
    expect(dirty).toEqual([VRAM + 0x1000, VRAM + 0x3000, VRAM + 0x1000]);
    memory.untraceDirty(subscriber);
    store((VRAM + 0x2000) | 0, 4, 1);
    expect(dirty.length).toBe(3);
    expect(memory.stats.traceHits.dirty).toBe(3);
    checkInvariants(memory);
  });
});
