// Paging in all modes against a model that walks on every access, while page tables, modes, address spaces and traces
// change at random; and after each run, the invariants of the shadow tables.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { checkInvariants } from '../../src/memory/invariants.ts';
import { Memory } from '../../src/memory/memory.ts';
import { type Access, type Mode, PagingModel } from './paging-model.ts';

const RAM = 1 << 20;
const ROM_PAGE = 0x180;
/** Frames that hold page tables, or data, as the random entries will have it. */
const FRAMES = 24;
const TABLE_FRAMES = 10;

class PageFault {
  readonly linear: number;
  readonly code: number;
  constructor(linear: number, code: number) {
    this.linear = linear;
    this.code = code;
  }
}

const reported: [number, number][] = [];
/** What an engine keeps: physical pages of code by table word and linear page, until it is told. */
const code = new Map<number, Map<number, number>>();
const memory: Memory = new Memory({
  ramBytes: RAM,
  extraBytes: 4096,
  userTables: 2,
  raisePageFault: (linear, code) => {
    throw new PageFault(linear, code);
  },
  onCodeWrite: (physical, bytes) => reported.push([physical, bytes]),
  onMappingLost: (_user, word) => code.delete(word),
});
memory.map.add({ start: 0, bytes: RAM, name: 'RAM', backing: { kind: 'ram', host: 0 } });
memory.map.add({
  start: ROM_PAGE * 4096,
  bytes: 4096,
  name: 'ROM',
  backing: { kind: 'rom', host: memory.layout.extraAt },
});
const rom = { at: ROM_PAGE * 4096, bytes: new Uint8Array(4096).map((_, k) => k * 3) };
memory.u8.set(rom.bytes, memory.layout.extraAt);

type Operation =
  | { readonly do: 'access'; readonly linear: number; readonly access: Access; user: boolean; bytes: number }
  | {
      readonly do: 'entry';
      readonly frame: number;
      readonly index: number;
      readonly low: number;
      high: number;
      dma: boolean;
    }
  | { readonly do: 'bits'; readonly frame: number; readonly index: number; readonly bits: number }
  | { readonly do: 'cr3'; readonly cr3: number }
  | { readonly do: 'pdpte'; readonly at: number; readonly value: number }
  | { readonly do: 'mode'; readonly paging: boolean; pae: boolean; pse: boolean; nxe: boolean; wp: boolean }
  | { readonly do: 'wp'; readonly wp: boolean }
  | { readonly do: 'invlpg'; readonly linear: number }
  | { readonly do: 'a20'; readonly open: boolean }
  | { readonly do: 'trace'; readonly physical: number; readonly bytes: number; on: boolean };

/** Indices of dwords in a table frame that accesses use, at either size of entry. */
const INDICES = [0, 1, 2, 3, 4, 5, 6, 7, 510, 511, 512, 513, 514, 515, 1016, 1017, 1018, 1019, 1020, 1021, 1022, 1023];
const PDPT = TABLE_FRAMES << 12;

// Few of each, so that they meet.
const frame = fc.oneof(
  { weight: 6, arbitrary: fc.nat(TABLE_FRAMES - 1) },
  { weight: 6, arbitrary: fc.integer({ min: TABLE_FRAMES, max: FRAMES - 1 }) },
  { weight: 1, arbitrary: fc.constantFrom(ROM_PAGE, 0x300, 0xfffff) },
);
const flags = fc.oneof(
  { weight: 12, arbitrary: fc.constantFrom(0x7, 0x7, 0x67, 0x27, 0x47, 0x5, 0x3, 0x1, 0x107) },
  { weight: 1, arbitrary: fc.nat(0xfff).map((bits) => bits & ~0x80) },
);
const largeFlags = fc.constantFrom(0x87, 0xe7, 0x83, 0x85, 0x187);
const entryLow = fc.oneof(
  { weight: 20, arbitrary: fc.tuple(frame, flags).map(([f, bits]) => (f << 12) | bits) },
  { weight: 2, arbitrary: largeFlags },
  { weight: 1, arbitrary: fc.tuple(frame, largeFlags).map(([f, bits]) => (f << 12) | bits) },
  { weight: 2, arbitrary: fc.constant(0) },
);
const entryHigh = fc.oneof(
  { weight: 12, arbitrary: fc.constant(0) },
  { weight: 3, arbitrary: fc.constant(-0x80000000) },
  { weight: 1, arbitrary: fc.constantFrom(0x10, 0x1, 0x40000000) },
);
const index = fc.constantFrom(...INDICES);
const pdpte = fc.oneof(
  { weight: 10, arbitrary: fc.nat(TABLE_FRAMES - 1).map((f) => (f << 12) | 1) },
  { weight: 1, arbitrary: fc.constantFrom(0, 0x1003, 0x2021, 0x300001, 0x1e1) },
);
const linear = fc
  .tuple(
    fc.constantFrom(0, 0, 1, 2, 3, 0x3fc, 0x3ff, 0x400, 0x402, 0x7fc, 0x7fe, 0x7ff),
    fc.constantFrom(0, 1, 2, 3, 0x1fe, 0x1ff),
    fc.constantFrom(0, 4, 0x7fc, 0x7fe, 0xff8, 0xffd, 0xfff),
  )
  .map(([region, page, offset]) => (region << 21) | (page << 12) | offset);
/** With PAE, a PDPT; otherwise a table frame. */
const cr3 = fc.nat(3);

const operation: fc.Arbitrary<Operation> = fc.oneof(
  {
    weight: 24,
    arbitrary: fc.record({
      do: fc.constant('access' as const),
      linear,
      access: fc.constantFrom<Access>('read', 'write', 'fetch'),
      user: fc.boolean(),
      bytes: fc.constantFrom(1, 2, 4, 8),
    }),
  },
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant('entry' as const),
      frame: fc.nat(TABLE_FRAMES - 1),
      index,
      low: entryLow,
      high: entryHigh,
      dma: fc.boolean(),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('bits' as const),
      frame: fc.nat(TABLE_FRAMES - 1),
      index,
      bits: fc.constantFrom(0x1, 0x2, 0x4, 0x20, 0x40, 0x42, 0x62, 0x100),
    }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('cr3' as const), cr3 }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('pdpte' as const), at: fc.nat(15), value: pdpte }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('mode' as const),
      paging: fc.constantFrom(true, true, true, false),
      pae: fc.boolean(),
      pse: fc.boolean(),
      nxe: fc.boolean(),
      wp: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('wp' as const), wp: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('invlpg' as const), linear }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('a20' as const), open: fc.constantFrom(true, true, false) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('trace' as const),
      physical: fc.tuple(fc.nat(FRAMES - 1), fc.constantFrom(0, 0x7c0, 0xfc0)).map(([f, offset]) => (f << 12) | offset),
      bytes: fc.constantFrom(1, 64, 200),
      on: fc.boolean(),
    }),
  },
);

/** Runs the operations on both. */
class Run {
  readonly ram = new Uint8Array(RAM);
  readonly mode: Mode = {
    paging: false,
    pae: false,
    pse: false,
    nxe: false,
    wp: false,
    a20: true,
    cr3: 0,
    pdptes: [0n, 0n, 0n, 0n],
  };
  readonly model = new PagingModel({ ram: this.ram, rom }, this.mode);
  readonly traced = new Set<number>();

  constructor(tables: readonly number[], pdptes: readonly number[], pae: boolean) {
    memory.reset();
    memory.untraceCode(0, RAM);
    const view = new DataView(this.ram.buffer);
    for (let at = TABLE_FRAMES << 12; at < FRAMES << 12; at++) this.ram[at] = (at * 7 + (at >> 12)) & 255;
    let next = 0;
    for (let f = 0; f < TABLE_FRAMES; f++)
      for (const k of INDICES) {
        const low = tables[next++ % tables.length];
        // With PAE, every other dword is a high one: no-execute here and there.
        view.setInt32((f << 12) + 4 * k, pae && k % 2 === 1 ? ((low & 0x40) === 0 ? 0 : -0x80000000) : low, true);
      }
    for (const [k, entry] of pdptes.entries()) {
      view.setInt32(PDPT + 8 * k, entry, true);
      view.setInt32(PDPT + 8 * k + 4, 0, true);
    }
    memory.u8.set(this.ram, 0);
    reported.length = 0;
    code.clear();
  }

  do(operation: Operation): void {
    const { mode } = this;
    switch (operation.do) {
      case 'access':
        this.#access(operation);
        break;
      case 'entry':
        this.#entry(operation);
        break;
      case 'bits': {
        // A read-modify-write of one entry's low word, by DMA.
        const at = (operation.frame << 12) | (operation.index << 2);
        const old = new DataView(this.ram.buffer).getInt32(at, true);
        this.#poke(at, old ^ operation.bits);
        break;
      }
      case 'cr3':
        this.#loadCr3(this.#root(operation.cr3));
        break;
      case 'mode':
        Object.assign(mode, { pse: operation.pse, nxe: operation.nxe, wp: operation.wp });
        if (operation.pae !== mode.pae || operation.paging !== mode.paging) {
          // As a guest must: paging off, then the new mode.
          mode.paging = false;
          this.#context();
          mode.pae = operation.pae;
          mode.paging = operation.paging;
          mode.cr3 = this.#root(0);
          if (mode.paging && mode.pae && !this.#loadPdptes(mode.cr3)) mode.paging = false;
        }
        this.#context();
        break;
      case 'pdpte':
        this.#poke(PDPT + 8 * operation.at, operation.value);
        break;
      case 'wp':
        mode.wp = operation.wp;
        this.#context();
        break;
      case 'invlpg':
        memory.invalidatePage(operation.linear);
        break;
      case 'a20':
        mode.a20 = operation.open;
        memory.setA20(operation.open);
        break;
      case 'trace': {
        const bytes = Math.min(operation.bytes, RAM - operation.physical);
        const first = operation.physical >> 6;
        const last = (operation.physical + bytes - 1) >> 6;
        for (let g = first; g <= last; g++) operation.on ? this.traced.add(g) : this.traced.delete(g);
        if (operation.on) memory.traceCode(operation.physical, bytes);
        else memory.untraceCode(operation.physical, bytes);
      }
    }
  }

  #root(k: number): number {
    return this.mode.pae ? PDPT + 32 * k : k << 12;
  }

  #context(): void {
    const { mode } = this;
    const registers = {
      cr0: 1 | (mode.paging ? 1 << 31 : 0) | (mode.wp ? 1 << 16 : 0),
      cr3: mode.cr3,
      cr4: (mode.pae ? 1 << 5 : 0) | (mode.pse ? 1 << 4 : 0),
      efer: mode.nxe ? 1 << 11 : 0,
    };
    memory.contextChanged(registers, true);
  }

  #loadCr3(cr3: number): void {
    const { mode } = this;
    if (mode.paging && mode.pae && !this.#loadPdptes(cr3)) return;
    mode.cr3 = cr3;
    memory.loadCr3({ cr0: 0, cr3, cr4: 0, efer: 0 });
  }

  #loadPdptes(cr3: number): boolean {
    const loaded = this.model.pdptesAt(cr3);
    expect(memory.loadPdptes(cr3)).toBe(loaded !== undefined);
    if (loaded) this.mode.pdptes = loaded;
    return loaded !== undefined;
  }

  #access({ linear, access, user, bytes }: Extract<Operation, { do: 'access' }>): void {
    const count = access === 'fetch' ? 1 : bytes;
    let expected: { fault: number; linear: number } | undefined;
    const physical: bigint[] = [];
    for (let k = 0; k < count && !expected; k++) {
      const byte = (linear + k) | 0;
      const result = this.model.translate(byte, access, user);
      if ('fault' in result) expected = { fault: result.fault, linear: byte };
      else physical.push(result.physical);
    }
    const word = memory.tableWord(user ? 1 : 0);
    let outcome: unknown;
    reported.length = 0;
    // The engine looks first, mostly.
    if (access === 'fetch' && (linear & 1) === 0)
      expect(memory.touchCode(linear, user ? 1 : 0)).toBe(expected?.fault ?? -1);
    try {
      if (access === 'fetch') outcome = memory.fetch(linear, user ? 1 : 0);
      else if (access === 'read') outcome = this.#load(memory.readPlace(linear, count, user ? 1 : 0), count);
      else outcome = this.#store(memory.writePlace(linear, count, user ? 1 : 0), count);
    } catch (fault) {
      if (!(fault instanceof PageFault)) throw fault;
      expect({ fault: fault.code, linear: fault.linear }).toEqual(expected);
      return;
    }
    expect(memory.tableWord(user ? 1 : 0)).toBe(word);
    expect(expected).toBeUndefined();
    if (access === 'fetch') {
      const address = Number(physical[0]);
      if (address >= 2 ** 32) return;
      expect(outcome).toBe(address | 0);
      if (!memory.isRam(address)) return;
      const known = code.get(word) ?? new Map<number, number>();
      code.set(word, known.set((linear >>> 12) | (user ? 1 << 20 : 0), address >>> 12));
    } else if (access === 'read') expect(outcome).toEqual(physical.map((at) => this.model.readByte(at)));
    else {
      const touched = new Set<number>();
      for (const [k, at] of physical.entries()) {
        this.model.writeByte(at, 0xa1 + k);
        if (at < BigInt(RAM) && this.traced.has(Number(at >> 6n))) touched.add(Number(at));
      }
      const told = new Set<number>();
      for (const [at, length] of reported) for (let k = 0; k < length; k++) told.add(at + k);
      for (const at of touched) expect(told.has(at)).toBe(true);
      for (const [at, length] of reported)
        expect(this.traced.has(at >> 6) || this.traced.has((at + length - 1) >> 6)).toBe(true);
    }
  }

  #load(place: number, bytes: number): number[] {
    const out: number[] = [];
    const put = (value: number, count: number) => {
      for (let k = 0; k < count; k++) out.push((value >>> (8 * k)) & 255);
    };
    if (bytes === 1) put(memory.load8(place, 0), 1);
    else if (bytes === 2) put(memory.load16(place, 0), 2);
    else for (let at = 0; at < bytes; at += 4) put(memory.load32(place, at), 4);
    return out;
  }

  /** Stores A1, A2, A3 ... */
  #store(place: number, bytes: number): void {
    if (bytes === 1) memory.store8(place, 0, 0xa1);
    else if (bytes === 2) memory.store16(place, 0, 0xa2a1);
    else for (let at = 0; at < bytes; at += 4) memory.store32(place, at, 0xa4a3a2a1 + at * 0x01010101);
  }

  /** A new entry (with PAE both words), by DMA or through whatever linear page maps it for writing. */
  #entry({ frame, index, low, high, dma }: Extract<Operation, { do: 'entry' }>): void {
    const at = (frame << 12) | (index << 2);
    if (dma || !this.#guestStore(at, low)) this.#poke(at, low);
    if (this.mode.pae && (index & 1) === 0) this.#poke(at + 4, high);
  }

  /** Stores a dword through a supervisor mapping of its frame, if one of a few linear pages is one. */
  #guestStore(physical: number, value: number): boolean {
    for (let region = 0; region < 2048; region += 0x200)
      for (let page = 0; page < 3; page++) {
        const linear = (region << 21) | (page << 12) | (physical & 0xfff);
        const result = this.model.translate(linear, 'read', false);
        if ('fault' in result) continue;
        memory.readPlace(linear, 4, 0);
        if (result.physical !== BigInt(physical)) continue;
        if ('fault' in this.model.translate(linear, 'write', false)) continue;
        const place = memory.writePlace(linear, 4, 0);
        memory.store32(place, 0, value);
        for (let k = 0; k < 4; k++) this.model.writeByte(result.physical + BigInt(k), (value >>> (8 * k)) & 255);
        return true;
      }
    return false;
  }

  #poke(at: number, value: number): void {
    const bytes = new Uint8Array(4);
    new DataView(bytes.buffer).setInt32(0, value, true);
    this.ram.set(bytes, at);
    memory.writePhysical(at, bytes);
  }

  /** RAM is the same on both sides, accessed and dirty bits included. */
  check(): void {
    const bytes = FRAMES << 12;
    if (Buffer.compare(memory.u8.subarray(0, bytes), this.ram.subarray(0, bytes)) !== 0) {
      const at = this.ram.findIndex((byte, k) => byte !== memory.u8[k]);
      throw new Error(
        `RAM differs at ${at.toString(16)}: ${memory.u8[at].toString(16)}, not ${this.ram[at].toString(16)}`,
      );
    }
  }

  /** Code that was fetched is still where it was, unless the engine was told. */
  checkCode(): void {
    for (const user of [false, true])
      for (const [key, page] of code.get(memory.tableWord(user ? 1 : 0)) ?? []) {
        if (key >>> 20 !== (user ? 1 : 0)) continue;
        const result = this.model.translate(key << 12, 'fetch', user, true);
        expect(result).toEqual({ physical: BigInt(page) << 12n });
      }
  }
}

const scenario = fc.record({
  // A prime number of them, repeated over the frames.
  tables: fc.array(entryLow, { minLength: 97, maxLength: 97 }),
  pdptes: fc.array(fc.nat(TABLE_FRAMES - 1), { minLength: 16, maxLength: 16 }),
  start: fc.record({ pae: fc.boolean(), pse: fc.boolean(), nxe: fc.boolean(), wp: fc.boolean() }),
  operations: fc.array(operation, { minLength: 1, maxLength: 150, size: 'max' }),
});

describe('paging', () => {
  test('equals a walk on every access, whatever changes meanwhile', () => {
    fc.assert(
      fc.property(scenario, ({ tables, pdptes, start, operations }) => {
        const run = new Run(
          tables,
          pdptes.map((f) => (f << 12) | 1),
          start.pae,
        );
        run.do({ do: 'mode', paging: true, ...start });
        for (const operation of operations) {
          run.do(operation);
          run.check();
          run.checkCode();
        }
        checkInvariants(memory);
      }),
      { numRuns: Number(process.env.RUNS ?? 150) },
    );
  });
});
