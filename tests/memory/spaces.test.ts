// Address spaces: what survives a CR3 load, what a write to a page table costs, when a space is given up.

import { beforeEach, describe, expect, test } from 'vitest';
import { checkInvariants } from '../../src/memory/invariants.ts';
import { Memory } from '../../src/memory/memory.ts';

const RAM = 4 << 20;
/** Page directories of four processes; the kernel's page table; page tables of the processes. */
const DIRECTORY = 0x10000;
const KERNEL_TABLE = 0x20000;
const USER_TABLE = 0x30000;
/** Their data frames: 0x100000 and up, 64 KiB each. */
const DATA = 0x100000;
const KERNEL = 0xc0000000;
const CODE = 0x00400000;

const lost: [number, number][] = [];
let memory: Memory;

const poke = (at: number, value: number) => {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setInt32(0, value, true);
  memory.writePhysical(at, bytes);
};

/** What the kernel does: a store through its mapping of all memory at 3 GiB. */
const guestStore = (physical: number, value: number) =>
  memory.store32(memory.writePlace((KERNEL + physical) | 0, 4, 0), 0, value);

const load = (process: number) => memory.loadCr3({ cr0: 0, cr3: DIRECTORY + process * 0x1000, cr4: 0, efer: 0 });
const fills = () => memory.stats.hiddenFills;

beforeEach(() => {
  lost.length = 0;
  memory = new Memory({
    ramBytes: RAM,
    userTables: 3,
    raisePageFault: (linear, code) => {
      throw new Error(`page fault at ${(linear >>> 0).toString(16)}, ${code}`);
    },
    onMappingLost: (user, word) => lost.push([user, word]),
  });
  memory.map.add({ start: 0, bytes: RAM, name: 'RAM', backing: { kind: 'ram', host: 0 } });
  for (let k = 0; k < 1024; k++) poke(KERNEL_TABLE + 4 * k, (k << 12) | 0x63);
  for (let process = 0; process < 4; process++) {
    const directory = DIRECTORY + process * 0x1000;
    poke(directory + 4 * 768, KERNEL_TABLE | 0x63);
    poke(directory + 4, (USER_TABLE + process * 0x1000) | 0x67);
    for (let k = 0; k < 16; k++)
      poke(USER_TABLE + process * 0x1000 + 4 * k, (DATA + (process << 16) + (k << 12)) | 0x67);
  }
  memory.contextChanged({ cr0: (1 << 31) | (1 << 16) | 1, cr3: DIRECTORY, cr4: 0, efer: 0 }, true);
});

describe('address spaces', () => {
  test('a CR3 load keeps the kernel and every process that is cached', () => {
    for (const process of [0, 1, 2]) {
      load(process);
      expect(memory.readPlace(CODE, 4, 1)).toBe(DATA + (process << 16));
      memory.writePlace((KERNEL + DATA) | 0, 4, 0);
    }
    const before = fills();
    for (const process of [0, 1, 2, 0, 2, 1]) {
      load(process);
      expect(memory.readPlace(CODE, 4, 1)).toBe(DATA + (process << 16));
      expect(memory.writePlace((KERNEL + DATA) | 0, 4, 0)).toBe(DATA);
    }
    expect(fills()).toBe(before);
    expect(memory.stats.spaces).toMatchObject({ cached: 3, misses: 3 });
    checkInvariants(memory);
  });

  test('the kernel sees user memory of the current process only', () => {
    for (const process of [0, 1, 0]) {
      load(process);
      expect(memory.readPlace(CODE + 0x1000, 4, 0)).toBe(DATA + (process << 16) + 0x1000);
    }
    checkInvariants(memory);
  });

  test('the space not used for longest is evicted', () => {
    for (const process of [0, 1, 2, 0, 3]) {
      load(process);
      memory.readPlace(CODE, 4, 1);
    }
    expect(memory.stats.spaces.evictions).toBe(1);
    const { misses } = memory.stats.spaces;
    load(0);
    load(2);
    expect(memory.stats.spaces.misses).toBe(misses);
    load(1);
    expect(memory.stats.spaces.misses).toBe(misses + 1);
    checkInvariants(memory);
  });

  test('a store to a page table of another process is seen when that one runs', () => {
    load(1);
    memory.readPlace(CODE + 0x2000, 4, 1);
    load(0);
    guestStore(USER_TABLE + 0x1000 + 8, (DATA + 0x5000) | 0x67);
    load(1);
    expect(memory.readPlace(CODE + 0x2000, 4, 1)).toBe(DATA + 0x5000);
    checkInvariants(memory);
  });

  test('taking write access away (as fork does) keeps the page readable', () => {
    memory.writePlace(CODE, 4, 1);
    memory.writePlace(CODE + 0x1000, 4, 1);
    guestStore(USER_TABLE, DATA | 0x65);
    const before = fills();
    expect(memory.readPlace(CODE, 4, 1)).toBe(DATA);
    expect(fills()).toBe(before);
    expect(() => memory.writePlace(CODE, 4, 1)).toThrow('page fault at 400000, 7');
    expect(memory.writePlace(CODE + 0x1000, 4, 1)).toBe(DATA + 0x1000);
    checkInvariants(memory);
  });

  test('clearing the dirty bit traps the next write, which sets it again', () => {
    memory.writePlace(CODE, 4, 1);
    guestStore(USER_TABLE, DATA | 0x27);
    memory.readPlace(CODE, 4, 1);
    expect(memory.readPhysical32(USER_TABLE)).toBe(DATA | 0x27);
    memory.writePlace(CODE, 4, 1);
    expect(memory.readPhysical32(USER_TABLE)).toBe(DATA | 0x67);
  });

  test('a page table that its directory lets go of is written without traces', () => {
    memory.readPlace(CODE, 4, 1);
    memory.readPlace(CODE, 4, 0);
    guestStore(USER_TABLE + 100, 0);
    const { pageTable } = memory.stats.traceHits;
    guestStore(DIRECTORY + 4, 0);
    expect(memory.stats.traceHits.pageTable).toBe(pageTable + 1);
    guestStore(USER_TABLE + 100, 7);
    expect(memory.stats.traceHits.pageTable).toBe(pageTable + 1);
    expect(memory.writePlace((KERNEL + USER_TABLE) | 0, 4, 0)).toBe(USER_TABLE);
    expect(() => memory.readPlace(CODE, 4, 1)).toThrow('page fault at 400000, 4');
    checkInvariants(memory);
  });

  test('a page directory that is filled with something else is given up', () => {
    load(1);
    memory.readPlace(CODE, 4, 1);
    load(0);
    memory.readPlace(KERNEL | 0, 4, 0);
    for (let k = 0; k < 100; k++) guestStore(DIRECTORY + 0x1000 + 4 * k, 0x12345 + k);
    expect(memory.stats.traceHits.pageTable).toBeLessThan(40);
    expect(memory.stats.spaces).toMatchObject({ cached: 1, evictions: 1 });
    checkInvariants(memory);
  });

  test('a page table that is written again and again, and used no more, is given up', () => {
    memory.readPlace(CODE, 4, 1);
    for (let k = 0; k < 1000; k++) guestStore(USER_TABLE + 4 * (100 + (k % 900)), k << 12);
    expect(memory.stats.traceHits.pageTable).toBeLessThan(200);
    expect(memory.readPlace(CODE, 4, 1)).toBe(DATA);
    checkInvariants(memory);
  });

  test('losing a page that code was fetched from is told, with the table', () => {
    expect(memory.fetch(CODE, 1)).toBe(DATA);
    expect(memory.fetch(KERNEL | 0, 0)).toBe(0);
    memory.readPlace(CODE + 0x1000, 4, 1);
    const word = memory.tableWord(1);
    guestStore(USER_TABLE + 4, 0);
    expect(lost).toEqual([]);
    load(1);
    expect(lost).toEqual([]);
    expect(memory.tableWord(1)).not.toBe(word);
    guestStore(USER_TABLE, 0);
    expect(lost).toEqual([[1, word]]);
    poke(KERNEL_TABLE, 0);
    expect(lost).toEqual([
      [1, word],
      [0, memory.tableWord(0)],
    ]);
  });

  test('a directory that maps itself as a page table', () => {
    poke(DIRECTORY + 4 * 1023, DIRECTORY | 0x63);
    const window = 0xffc00000 | (1023 << 12) | 0;
    expect(memory.load32(memory.readPlace((window + 4 * 768) | 0, 4, 0), 0)).toBe(KERNEL_TABLE | 0x63);
    // Through the window: entry 1 of the directory, then the page table it points to.
    memory.readPlace(CODE, 4, 1);
    const tableWindow = 0xffc00000 | (1 << 12) | 0;
    memory.store32(memory.writePlace(tableWindow, 4, 0), 0, (DATA + 0x9000) | 0x67);
    expect(memory.readPlace(CODE, 4, 1)).toBe(DATA + 0x9000);
    memory.store32(memory.writePlace((window + 4) | 0, 4, 0), 0, (USER_TABLE + 0x1000) | 0x67);
    expect(memory.readPlace(CODE, 4, 1)).toBe(DATA + 0x10000);
    expect(memory.load32(memory.readPlace(tableWindow, 4, 0), 0)).toBe((DATA + 0x10000) | 0x67);
    checkInvariants(memory);
  });

  test('a snapshot of the registers, RAM replaced, and back', () => {
    memory.readPlace(CODE, 4, 1);
    const state = memory.save();
    const ram = memory.u8.slice(0, RAM);
    poke(USER_TABLE, 0);
    memory.u8.set(ram, 0);
    memory.load(state);
    memory.contextChanged({ cr0: (1 << 31) | 1, cr3: DIRECTORY, cr4: 0, efer: 0 }, true);
    expect(memory.readPlace(CODE, 4, 1)).toBe(DATA);
    checkInvariants(memory);
  });
});

describe('PAE', () => {
  const PDPT = 0x50000;
  const PAE_DIRECTORY = 0x60000;
  const PAE_TABLE = 0x70000;
  const CR4_PAE = 1 << 5;
  const context = { cr0: (1 << 31) | (1 << 16) | 1, cr3: PDPT, cr4: CR4_PAE, efer: 1 << 11 };

  beforeEach(() => {
    memory.contextChanged({ cr0: 1, cr3: 0, cr4: 0, efer: 0 }, true);
    for (const space of [0, 1]) {
      poke(PDPT + 32 * space, (PAE_DIRECTORY + space * 0x1000) | 1);
      poke(PAE_DIRECTORY + space * 0x1000, PAE_TABLE | 0x67);
    }
    poke(PAE_TABLE, DATA | 0x67);
    expect(memory.loadPdptes(PDPT)).toBe(true);
    memory.contextChanged(context, true);
  });

  test('a directory entry of the next space that differs in its high word only is another', () => {
    poke(PAE_DIRECTORY + 0x1004, -0x80000000);
    expect(memory.fetch(0, 0)).toBe(DATA);
    expect(memory.loadPdptes(PDPT + 32)).toBe(true);
    memory.loadCr3({ ...context, cr3: PDPT + 32 });
    // No-execute now: P and I.
    expect(() => memory.fetch(0, 0)).toThrow('page fault at 0, 17');
    expect(memory.readPlace(0, 4, 0)).toBe(DATA);
    checkInvariants(memory);
  });

  test('PDPTEs are those of the last load, not those in memory', () => {
    memory.readPlace(0, 4, 1);
    poke(PDPT, 0);
    expect(memory.readPlace(0, 4, 1)).toBe(DATA);
    expect(memory.loadPdptes(PDPT)).toBe(true);
    memory.loadCr3(context);
    expect(() => memory.readPlace(0, 4, 1)).toThrow('page fault at 0, 4');
  });

  test('PDPTEs with reserved bits are refused and change nothing', () => {
    poke(PDPT + 32 + 8, 0x3);
    expect(memory.loadPdptes(PDPT + 32)).toBe(false);
    memory.loadCr3(context);
    expect(memory.readPlace(0, 4, 1)).toBe(DATA);
    poke(PDPT + 32 + 8, 0x2);
    expect(memory.loadPdptes(PDPT + 32)).toBe(true);
  });
});
