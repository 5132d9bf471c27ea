// String instructions against a model that takes one element at a time, on a paged address space with holes,
// read-only pages, shared frames, a device page and traced pages; segments that end; 16- and 32-bit addresses;
// both directions.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Platform } from '../../src/isa/environment.ts';
import { GP, GuestFault, PF } from '../../src/isa/fault.ts';
import {
  DS,
  EAX,
  ECX,
  EDI,
  ES,
  ESI,
  type Insn,
  MEM,
  NO_OPERAND,
  NONE,
  type Operand,
  REG,
  REP_NONE,
  REPE,
  REPNE,
} from '../../src/isa/insn.ts';
import { updateSpans } from '../../src/isa/segment.ts';
import { getEflags, STATUS_FLAGS } from '../../src/isa/semantics/eflags.ts';
import { CMPS, LODS, MOVS, SCAS, STOS } from '../../src/isa/semantics/string-single.ts';
import { Cpu } from '../../src/isa/state.ts';
import {
  ACCESS_PRESENT,
  ACCESS_SEGMENT,
  ACCESS_WRITABLE_OR_READABLE,
  CR0_PE,
  CR0_PG,
} from '../../src/isa/system-bits.ts';
import { Memory } from '../../src/memory/memory.ts';

const RAM = 1 << 20;
/** Page directory, page table and a page whose writes are traced. */
const DIRECTORY = 0x1000;
const TABLE = 0x2000;
const CODE_PAGE = 0x9000;
/** The linear pages in play: 0x80000 and up; frames 0x8000 and up. */
const FIRST_PAGE = 0x80;
const PAGES = 18;
const DEVICE = 0x00800000;

type Name = 'MOVS' | 'STOS' | 'LODS' | 'SCAS' | 'CMPS';
const functions = { MOVS, STOS, LODS, SCAS, CMPS };

/** What a linear page is: a frame (0..7), read-only or not; a device page; nothing. */
type PageSpec = { readonly frame: number; readonly writable: boolean } | 'device' | 'absent';

interface Case {
  readonly name: Name;
  readonly size: 8 | 16 | 32;
  readonly asize: 16 | 32;
  readonly rep: number;
  readonly down: boolean;
  readonly user: boolean;
  readonly pages: readonly PageSpec[];
  readonly esi: number;
  readonly edi: number;
  readonly ecx: number;
  readonly eax: number;
  readonly limit: number;
  readonly fill: number;
  /** Of both segments, from the first page. */
  readonly base: number;
}

function operand(kind: number, base: number, seg: number, size: 8 | 16 | 32, address: 16 | 32): Operand {
  return { kind, size, n: 0, up: 24, value: 0, base, index: NONE, scale: 0, disp: 0, seg, address };
}

function instruction(name: Name, size: 8 | 16 | 32, asize: 16 | 32, rep: number): Insn {
  const source = operand(MEM, ESI, DS, size, asize);
  const destination = operand(MEM, EDI, ES, size, asize);
  const accumulator = operand(REG, NONE, 0, size, asize);
  const none = operand(NO_OPERAND, NONE, 0, size, asize);
  const [dst, src] = {
    MOVS: [destination, source],
    STOS: [destination, accumulator],
    LODS: [accumulator, source],
    SCAS: [accumulator, destination],
    CMPS: [source, destination],
  }[name];
  return {
    op: name,
    size,
    osize: size === 32 ? 32 : 16,
    asize,
    ssize: 32,
    dst,
    src,
    src2: none,
    cc: 0,
    rep,
    lock: false,
    rel: 0,
    length: 2,
  };
}

/** One machine for all cases: a heap is costly to make. */
const shared = build();

function build() {
  const device: number[] = [];
  const codeWrites: number[] = [];
  const memory: Memory = new Memory({
    ramBytes: RAM,
    raisePageFault(linear, code): never {
      cpu.cr2 = linear;
      throw new GuestFault(PF, code);
    },
    onCodeWrite: (physical, bytes) => {
      for (let k = 0; k < bytes; k++) codeWrites.push(physical + k);
    },
  });
  memory.map.add({ start: 0, bytes: RAM, name: 'RAM', backing: { kind: 'ram', host: 0 } });
  memory.map.add({
    start: DEVICE,
    bytes: 4096,
    name: 'device',
    backing: {
      kind: 'mmio',
      handler: {
        read: (offset, size) => (size === 32 ? -1 : (1 << size) - 1) & (offset * 0x01010101),
        write: (offset, size, value) => device.push(offset, size, value),
      },
    },
  });
  const cpu: Cpu = new Cpu(memory.heap, memory.layout.registersAt, memory, undefined as unknown as Platform);
  memory.traceCode(CODE_PAGE + 0x100, 0x200);
  return { memory, cpu, device, codeWrites };
}

/** The machine with the pages and registers of a case. */
function machine(c: Case) {
  const { memory, cpu, device, codeWrites } = shared;
  memory.reset();
  memory.u8.fill(0, 0, RAM);
  cpu.words.fill(0);
  device.length = 0;
  codeWrites.length = 0;
  const dword = (at: number, value: number) => (memory.i32[at >> 2] = value);
  dword(DIRECTORY, TABLE | 7);
  for (const [k, page] of c.pages.entries()) {
    const at = TABLE + 4 * (FIRST_PAGE + k);
    if (page === 'device') dword(at, DEVICE | 7);
    else if (page !== 'absent') dword(at, (0x8000 + page.frame * 0x1000) | (page.writable ? 7 : 5));
  }
  for (let k = 0; k < 0x8000; k++) memory.u8[0x8000 + k] = c.fill === 0 ? (k * 7 + (k >> 8)) & 255 : c.fill;
  cpu.cr0 = CR0_PE | CR0_PG;
  cpu.cr3 = DIRECTORY;
  cpu.cpl = c.user ? 3 : 0;
  memory.contextChanged(cpu, true);
  for (const seg of [DS, ES]) {
    cpu.base[seg] = (FIRST_PAGE << 12) + c.base;
    cpu.limit[seg] = c.limit;
    cpu.access[seg] = ACCESS_PRESENT | ACCESS_SEGMENT | ACCESS_WRITABLE_OR_READABLE;
    updateSpans(cpu, seg);
  }
  cpu.reg[ESI] = c.esi;
  cpu.reg[EDI] = c.edi;
  cpu.reg[ECX] = c.ecx;
  cpu.reg[EAX] = c.eax;
  cpu.DF = c.down ? 1 : 0;
  cpu.eip = 0x1002;
  return { memory, cpu, device, codeWrites };
}

/** Runs until the instruction is over or faults. */
function run(cpu: Cpu, c: Case): string {
  const insn = instruction(c.name, c.size, c.asize, c.rep);
  for (let chunks = 0; chunks < 100; chunks++) {
    cpu.eip = 0x1002;
    try {
      functions[c.name](cpu, insn);
    } catch (fault) {
      if (!(fault instanceof GuestFault)) throw fault;
      return `fault ${fault.vector} ${fault.code} ${fault.vector === PF ? cpu.cr2 : 0}`;
    }
    if (cpu.eip === 0x1002) return 'done';
    expect(cpu.eip).toBe(0x1000);
  }
  throw new Error('does not end');
}

/** The model: bytes of RAM, one element at a time. */
function model(c: Case, ram: Uint8Array) {
  const step = c.size / 8;
  const mask = c.asize === 16 ? 0xffff : 0xffffffff;
  const regs = { esi: c.esi, edi: c.edi, ecx: c.ecx, eax: c.eax };
  const device: number[] = [];
  const written: number[] = [];
  let compared: [number, number] | undefined;
  const part = (old: number, value: number) => (c.asize === 16 ? (old & ~0xffff) | (value & 0xffff) : value | 0);
  /** Physical addresses of an element's bytes, or a fault. */
  const translate = (offset: number, write: boolean): number[] | string => {
    if (offset + step - 1 > c.limit) return `fault ${GP} 0 0`;
    const out: number[] = [];
    for (let k = 0; k < step; k++) {
      const linear = (FIRST_PAGE << 12) + c.base + offset + k;
      const page = c.pages[(linear >>> 12) - FIRST_PAGE] ?? 'absent';
      const code = (write ? 2 : 0) | (c.user ? 4 : 0);
      if (page === 'absent') return `fault ${PF} ${code} ${linear | 0}`;
      if (page !== 'device' && write && !page.writable && c.user) return `fault ${PF} ${code | 1} ${linear | 0}`;
      out.push((page === 'device' ? DEVICE : 0x8000 + page.frame * 0x1000) + (linear & 0xfff));
    }
    return out;
  };
  const deviceByte = (address: number, k: number, whole: boolean) => {
    const at = whole ? address - k : address;
    const value = (at & 0xfff) * 0x01010101;
    return (whole ? value >>> (8 * k) : value) & 255;
  };
  const readBytes = (at: number[]) => {
    const whole = at[0] % step === 0;
    let value = 0;
    for (const [k, address] of at.entries())
      value |= (address >= DEVICE ? deviceByte(address, k, whole) : ram[address]) << (8 * k);
    return (value << (32 - c.size)) >> (32 - c.size);
  };
  const writeBytes = (at: number[], value: number) => {
    if (at[0] >= DEVICE && at[0] % step === 0 && at[step - 1] >= DEVICE) {
      device.push(at[0] - DEVICE, c.size, c.size === 32 ? value : value & ((1 << c.size) - 1));
      return;
    }
    for (const [k, address] of at.entries()) {
      const byte = (value >>> (8 * k)) & 255;
      if (address >= DEVICE) device.push(address - DEVICE, 8, byte);
      else {
        ram[address] = byte;
        if (address >= CODE_PAGE + 0x100 && address < CODE_PAGE + 0x300) written.push(address);
      }
    }
  };
  const accumulator = () => (regs.eax << (32 - c.size)) >> (32 - c.size);
  const by = c.down ? -step : step;
  const element = (): string | undefined => {
    const from = (regs.esi & mask) >>> 0;
    const to = (regs.edi & mask) >>> 0;
    const reads: number[] = [];
    let destination: number[] | undefined;
    const takes = { MOVS: ['s', 'w'], STOS: ['w'], LODS: ['s'], SCAS: ['d'], CMPS: ['s', 'd'] }[c.name];
    const places: number[][] = [];
    for (const take of takes) {
      const at = translate(take === 's' ? from : to, take === 'w');
      if (typeof at === 'string') return at;
      if (take === 'w') destination = at;
      else places.push(at);
    }
    for (const at of places) reads.push(readBytes(at));
    if (destination) writeBytes(destination, c.name === 'STOS' ? accumulator() : reads[0]);
    if (c.name === 'LODS')
      regs.eax = c.size === 32 ? reads[0] : (regs.eax & (-1 << c.size)) | (reads[0] & ((1 << c.size) - 1));
    if (c.name === 'SCAS') compared = [accumulator(), reads[0]];
    if (c.name === 'CMPS') compared = [reads[0], reads[1]];
    if (takes.includes('s')) regs.esi = part(regs.esi, regs.esi + by);
    if (takes.includes('d') || takes.includes('w')) regs.edi = part(regs.edi, regs.edi + by);
    return undefined;
  };
  let outcome = 'done';
  if (c.rep === REP_NONE) outcome = element() ?? 'done';
  else
    while ((regs.ecx & mask) !== 0) {
      const fault = element();
      if (fault) {
        outcome = fault;
        break;
      }
      regs.ecx = part(regs.ecx, regs.ecx - 1);
      if (compared && (compared[0] === compared[1]) !== (c.rep === REPE)) break;
    }
  return { outcome, regs, device, written, compared };
}

/** CF PF AF ZF SF OF of a - b, from the manual's definitions. */
function subFlags([a, b]: [number, number], size: number): number {
  const mask = 2 ** size - 1;
  const ua = (size === 32 ? a >>> 0 : a & mask) >>> 0;
  const ub = (size === 32 ? b >>> 0 : b & mask) >>> 0;
  const exact = a - b;
  const r = (ua - ub) & mask;
  let ones = 0;
  for (let k = 0; k < 8; k++) ones += (r >>> k) & 1;
  const overflow = exact < -(2 ** (size - 1)) || exact >= 2 ** (size - 1);
  return (
    (ua < ub ? 1 : 0) |
    (ones % 2 === 0 ? 4 : 0) |
    ((ua & 15) < (ub & 15) ? 16 : 0) |
    (r === 0 ? 64 : 0) |
    ((r >>> (size - 1)) & 1 ? 128 : 0) |
    (overflow ? 0x800 : 0)
  );
}

const pageSpec: fc.Arbitrary<PageSpec> = fc.oneof(
  { weight: 10, arbitrary: fc.record({ frame: fc.nat(7), writable: fc.constant(true) }) },
  { weight: 1, arbitrary: fc.record({ frame: fc.nat(7), writable: fc.constant(false) }) },
  { weight: 1, arbitrary: fc.constant<PageSpec>('device') },
  { weight: 1, arbitrary: fc.constant<PageSpec>('absent') },
);

/** Offsets near page boundaries, the end of the segment and zero, or anywhere. */
const offset = fc.oneof(
  fc.nat(PAGES * 4096),
  fc.nat(40),
  fc.integer({ min: 65500, max: 65535 }),
  fc.tuple(fc.nat(PAGES), fc.integer({ min: -9, max: 9 })).map(([page, by]) => Math.max(0, page * 4096 + by)),
);

const cases: fc.Arbitrary<Case> = fc.record({
  name: fc.constantFrom<Name>('MOVS', 'STOS', 'LODS', 'SCAS', 'CMPS'),
  size: fc.constantFrom<8 | 16 | 32>(8, 16, 32),
  asize: fc.constantFrom<16 | 32>(16, 32),
  rep: fc.constantFrom(REPE, REPE, REPNE, REP_NONE),
  down: fc.boolean(),
  user: fc.boolean(),
  pages: fc.array(pageSpec, { minLength: PAGES, maxLength: PAGES }),
  esi: offset,
  edi: offset,
  ecx: fc.oneof(fc.nat(40), fc.nat(9000)),
  eax: fc.oneof(fc.integer(), fc.constantFrom(0, 0x07070707, 0x12340707)),
  limit: fc.oneof(fc.constantFrom(0xffff, PAGES * 4096 - 1), fc.nat(PAGES * 4096)),
  fill: fc.constantFrom(0, 0, 7),
  base: fc.constantFrom(0, 0, 0x10, 0x123, 0xffe),
});

describe('string instructions', () => {
  test('equal to one element at a time', () => {
    fc.assert(
      fc.property(cases, (c) => {
        const { memory, cpu, device, codeWrites } = machine(c);
        const ram = memory.u8.slice(0, RAM);
        const flagsBefore = getEflags(cpu) & STATUS_FLAGS;
        const outcome = run(cpu, c);
        const expected = model(c, ram);
        expect(outcome).toBe(expected.outcome);
        expect([cpu.reg[ESI], cpu.reg[EDI], cpu.reg[ECX], cpu.reg[EAX]]).toEqual([
          expected.regs.esi | 0,
          expected.regs.edi | 0,
          expected.regs.ecx | 0,
          expected.regs.eax | 0,
        ]);
        const flags = expected.compared ? subFlags(expected.compared, c.size) : flagsBefore;
        expect(getEflags(cpu) & STATUS_FLAGS).toBe(flags);
        // Accessed and dirty bits aside.
        expect(Buffer.compare(memory.u8.subarray(0x8000, 0x10000), ram.subarray(0x8000, 0x10000))).toBe(0);
        expect(device).toEqual(expected.device);
        expect(codeWrites.filter((at) => at >= CODE_PAGE + 0x100 && at < CODE_PAGE + 0x300)).toEqual(expected.written);
      }),
      { numRuns: 1500 },
    );
  });

  test('a long copy is done in chunks that leave EIP at the instruction', () => {
    const pages = Array.from({ length: PAGES }, (): PageSpec => ({ frame: 0, writable: true }));
    const c: Case = {
      name: 'STOS',
      size: 32,
      asize: 32,
      rep: REPE,
      down: false,
      user: false,
      pages,
      esi: 0,
      edi: 0,
      ecx: 100_000,
      eax: 1,
      limit: -1,
      fill: 0,
      base: 0,
    };
    const { cpu, memory } = machine(c);
    memory.contextChanged({ cr0: CR0_PE, cr3: 0, cr4: 0, efer: 0 }, true);
    cpu.base[ES] = 0x10000;
    const insn = instruction('STOS', 32, 32, REPE);
    let chunks = 0;
    for (cpu.eip = 0x1002; ; chunks++) {
      functions.STOS(cpu, insn);
      if (cpu.eip === 0x1002) break;
      expect(cpu.eip).toBe(0x1000);
      expect(cpu.reg[EDI]).toBeLessThanOrEqual((chunks + 1) * (65536 + 4096));
      cpu.eip = 0x1002;
    }
    expect(chunks).toBe(6);
    expect(cpu.reg[EDI]).toBe(400_000);
    expect(memory.i32[(0x10000 + 400_000 - 4) >> 2]).toBe(1);
    expect(memory.i32[(0x10000 + 400_000) >> 2]).toBe(0);
  });

  test('with TF set, one element at a time', () => {
    const pages = Array.from({ length: PAGES }, (): PageSpec => ({ frame: 0, writable: true }));
    const c: Case = {
      name: 'MOVS',
      size: 8,
      asize: 32,
      rep: REPE,
      down: false,
      user: false,
      pages,
      esi: 0,
      edi: 0x100,
      ecx: 3,
      eax: 0,
      limit: -1,
      fill: 0,
      base: 0,
    };
    const { cpu } = machine(c);
    cpu.TF = 1;
    const insn = instruction('MOVS', 8, 32, REPE);
    const seen: number[][] = [];
    for (let k = 0; k < 3; k++) {
      cpu.eip = 0x1002;
      functions.MOVS(cpu, insn);
      seen.push([cpu.reg[ECX], cpu.eip]);
    }
    expect(seen).toEqual([
      [2, 0x1000],
      [1, 0x1000],
      [0, 0x1002],
    ]);
  });
});
