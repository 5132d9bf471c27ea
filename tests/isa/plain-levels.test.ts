// The plain way of exceptions and IRET against the general one. Two machines are the same but for the accessed bits of their
// descriptors: where one is clear, the plain way is refused, and what is left must be the same bit by bit, with the bit set.
// LEVELS_CASES=N runs N cases.

import { expect, test } from 'vitest';
import { GP, GuestFault, PF } from '../../src/isa/fault.ts';
import { CS, DS, ES, ESP, FS, GS, SS, TR } from '../../src/isa/insn.ts';
import { WORD } from '../../src/isa/register-file.ts';
import { getEflags, setEflags } from '../../src/isa/semantics/eflags.ts';
import { deliverFault, deliverInterrupt } from '../../src/isa/semantics/exception.ts';
import { INT } from '../../src/isa/semantics/interrupt.ts';
import { IRET } from '../../src/isa/semantics/iret.ts';
import { entersPlainly, returnsPlainly } from '../../src/isa/semantics/plain-levels.ts';
import { setFromDescriptor, setNullSegment, setSegment } from '../../src/isa/semantics/segments.ts';
import { Machine as RealMachine } from '../../src/machine/machine.ts';
import { describe, descriptor, gate, imm, insn, type Machine, machine, run } from './system-machine.ts';
import { Random } from './x87/cases.ts';

const CASES = Number(process.env.LEVELS_CASES ?? 8000);

const BYTES = 0x10000;
const GDT = 0x1000;
const TSS = 0x2000;
const IDT = 0x3000;
const VECTORS = 16;
/** Below it lies the stack of a level, and above it another page. */
const STACKS = [0x6000, 0x8000, 0xa000, 0xc000];
/** Flat code and data of each level, and, of level 0 and 3, what is not flat or not plain in another way. */
const DESCRIPTORS = 24;
const SELECTORS = Array.from({ length: DESCRIPTORS }, (_, k) => 8 * k);
const ODD = [
  [0, 0xffffe, 0xc09a],
  [0, 0xfffff, 0xc09e],
  [0, 0xfffff, 0xc098],
  [0, 0xfffff, 0x409a],
  [0x10, 0xfffff, 0xc092],
  [0, 0xfffff, 0xc096],
  [0, 0xfffff, 0xc090],
  [0, 0xfffff, 0x8092],
  [0, 0xfffff, 0xd09a],
  [0, 0xfffff, 0xc01a],
  [0, 0xfffff, 0xc0f2],
  [0, 0xfffff, 0xc0fa],
] as const;

const codeOf = (level: number): number => 8 + 16 * level;
const dataOf = (level: number): number => 16 + 16 * level;

/** The same machine for the same seed, but for the accessed bits. */
function build(seed: number, accessed: number): Machine {
  const random = new Random(seed);
  const mostly = <T>(usual: T, others: readonly T[]): T => (random.below(12) === 0 ? random.of(others) : usual);
  const m = machine(BYTES);
  const { c, memory } = m;
  const entries = [
    [0, 0, 0],
    ...[0, 1, 2, 3].flatMap((level) => [
      [0, 0xfffff, 0xc09a | (level << 5)],
      [0, 0xfffff, 0xc092 | (level << 5)],
    ]),
    ...ODD,
  ] as [number, number, number][];
  for (const [k, [base, limit, access]] of entries.entries())
    descriptor(m, GDT + 8 * k, base, limit, k > 0 ? access | accessed : 0);
  c.gdtBase = GDT;
  c.gdtLimit = mostly(8 * DESCRIPTORS - 1, [0x17, 0x2f]);
  c.idtBase = IDT;
  c.idtLimit = mostly(8 * VECTORS - 1, [0x3f]);
  for (let k = 0; k < VECTORS; k++) {
    const type = mostly(random.of([0x8e, 0x8f, 0xee, 0xef]), [0x86, 0xe7, 0x0e, 0x85, 0x8c]);
    const selector = mostly(codeOf(0), [...SELECTORS, codeOf(3) | 3, codeOf(1) | 3, 4, 0]);
    gate(m, IDT + 8 * k, selector, random.u32() | 0, type);
  }
  c.cr0 = 1;
  const cpl = random.of([0, 0, 1, 3, 3, 3]);
  const pointer = (level: number): number =>
    (STACKS[level] as number) + mostly(0, [-1, -2, -4096 + 8, -4096 + 16, 4, 12, 20]);
  for (let level = 0; level < 3; level++) {
    memory.store32(TSS + 4 + 8 * level, 0, pointer(level));
    memory.store32(TSS + 8 + 8 * level, 0, mostly(dataOf(level) | level, [0, dataOf(3) | 3, ...SELECTORS]));
  }
  setSegment(c, TR, 0x28, TSS, mostly(0x67, [9, 3]), mostly(0x8b, [0x83, 0x10000]));
  c.cpl = cpl;
  const load = (seg: number, selector: number): void => {
    const at = GDT + (selector & 0xfff8);
    setFromDescriptor(c, seg, selector, memory.load32(at, 0), memory.load32(at, 4));
  };
  load(CS, codeOf(cpl) | cpl);
  load(SS, mostly(dataOf(cpl) | cpl, [8 * (9 + 4), 8 * (9 + 7)]));
  for (const seg of [DS, ES, FS, GS]) {
    if (random.below(4) === 0) setNullSegment(c, seg, random.below(4));
    else load(seg, random.of([dataOf(0), dataOf(3) | 3, codeOf(3) | 3, 8 * 10]));
  }
  c.reg[ESP] = pointer(cpl);
  c.eip = random.u32() | 0;
  // All but VM and NT, and seldom TF.
  setEflags(c, random.u32() & ~0x24000 & ~(random.below(8) ? 0x100 : 0), -1);
  if (random.below(40) === 0) c.NT = 1;
  if (random.below(6) === 0) memory.absent.add(random.of([...STACKS.map((at) => (at - 1) >> 12), TSS >> 12]));
  return m;
}

/** What goes back finds a frame that is mostly right. */
function buildReturn(seed: number, accessed: number): Machine {
  const m = build(seed, accessed);
  const random = new Random(seed ^ 0x5bd1e995);
  const mostly = <T>(usual: T, others: readonly T[]): T => (random.below(12) === 0 ? random.of(others) : usual);
  const { c, memory } = m;
  const usual = random.below(3) === 0 ? c.cpl : Math.max(c.cpl, random.of([1, 3, 3]));
  const level = mostly(usual, [0, 1, 2, 3]);
  const words = [
    random.u32() | 0,
    mostly(codeOf(level) | level, [...SELECTORS, codeOf(3) | 3, codeOf(0), 4, codeOf(level)]) | (random.below(9) << 16),
    random.u32() & ~(random.below(12) ? 0x24000 : 0x4000),
    random.u32() | 0,
    mostly(dataOf(level) | level, [0, dataOf(0), dataOf(3) | 3, ...SELECTORS]),
  ];
  c.reg[ESP] = (c.reg[ESP] as number) - mostly(32, [12, 20, 2048]);
  for (const [k, word] of words.entries()) memory.store32((c.reg[ESP] as number) + 4 * k, 0, word);
  if (random.below(40) === 0) {
    // A breakpoint on what is read or written there.
    c.dr[0] = (c.reg[ESP] as number) + 4 * random.below(5);
    c.dr7 = 0x000f0002;
  }
  return m;
}

/** All that can be seen, with every accessed bit set. */
function outcome({ c, memory, platform }: Machine): string {
  for (let k = 1; k < DESCRIPTORS; k++) {
    const at = GDT + 8 * k + 5;
    if (memory.load8(at, 0) !== 0) memory.store8(at, 0, memory.load8(at, 0) | 1);
  }
  const words = [...c.words.slice(0, WORD.engine)].map((w, k) => (k >= WORD.fz && k <= WORD.cb ? 0 : w >>> 0));
  const bytes = new Uint8Array(memory.view.buffer);
  const nonzero: string[] = [];
  for (let at = 0; at < bytes.length; at += 4) {
    const word = memory.view.getUint32(at, true);
    if (word !== 0) nonzero.push(`${at.toString(16)}=${word.toString(16)}`);
  }
  return [words.join(' '), getEflags(c).toString(16), nonzero.join(' '), ...platform.events].join('\n');
}

const EVENTS: readonly ((m: Machine, random: Random) => unknown)[] = [
  (m, random) => deliverFault(m.c, new GuestFault(PF, random.below(8))),
  (m, random) => deliverFault(m.c, new GuestFault(GP, random.below(0x10000))),
  (m) => deliverFault(m.c, new GuestFault(6)),
  (m, random) => deliverInterrupt(m.c, 2 + random.below(VECTORS - 2)),
  (m, random) => run(m, INT, insn({ src: imm(random.below(VECTORS + 1), 8) })),
];

test('exceptions and interrupts end where they do on the general way', () => {
  let plain = 0;
  for (let seed = 1; seed <= CASES; seed++) {
    const [first, second] = [1, 0].map((accessed) => {
      const m = build(seed, accessed);
      const random = new Random(seed ^ 0x9e3779b9);
      return `${random.of(EVENTS)(m, random)}\n${outcome(m)}`;
    });
    if (first !== second) expect(first, `seed ${seed}`).toBe(second);
    const m = build(seed, 1);
    plain += succeeds(() => entersPlainly(m.c, 14, 2, 0, 1));
  }
  expect(plain).toBeGreaterThan(CASES / 4);
});

test('IRET ends where it does on the general way', () => {
  let plain = 0;
  for (let seed = 1; seed <= CASES; seed++) {
    const [first, second] = [1, 0].map((accessed) => {
      const m = buildReturn(seed, accessed);
      return `${run(m, IRET, insn({ osize: seed % 8 ? 32 : 16 }))}\n${outcome(m)}`;
    });
    if (first !== second) expect(first, `seed ${seed}`).toBe(second);
    const m = buildReturn(seed, 1);
    plain += succeeds(() => returnsPlainly(m.c, -1));
  }
  expect(plain).toBeGreaterThan(CASES / 4);
});

test('a frame that reaches down into code is written as code is', () => {
  const { cpu: c, memory } = new RealMachine({ memoryBytes: 1 << 20 });
  const GRANULE = 0x7f80;
  const write = (at: number, words: readonly number[]): void =>
    memory.writePhysical(at, new Uint8Array(Int32Array.from(words).buffer));
  write(GDT + 8, [0xffff, 0x00cf9b00, 0xffff, 0x00cf9300]);
  write(IDT + 8 * 13, [0x80000, 0x8e00]);
  c.cr0 |= 1;
  c.gdtBase = GDT;
  c.gdtLimit = 0x17;
  c.idtBase = IDT;
  c.idtLimit = 0xff;
  c.cpl = 0;
  setFromDescriptor(c, CS, 8, 0xffff, 0x00cf9b00);
  setFromDescriptor(c, SS, 16, 0xffff, 0x00cf9300);
  memory.traceCode(GRANULE, 64);
  // The first value lies in the granule above.
  c.reg[ESP] = GRANULE + 64 + 4;
  const before = memory.stats.traceHits.code;
  deliverFault(c, new GuestFault(GP, 0));
  expect(c.reg[ESP]).toBe(GRANULE + 64 - 12);
  // The first of three: there is no code any more then.
  expect(memory.stats.traceHits.code).toBe(before + 1);
});

function succeeds(plain: () => boolean): number {
  try {
    return plain() ? 1 : 0;
  } catch (fault) {
    if (!(fault instanceof GuestFault)) throw fault;
    expect(describe(fault)).toMatch(/^#14/);
    return 0;
  }
}
