// What a program at CPL 3 can do to the system half, as cases for a real processor: loads of segment registers, looks at
// descriptors, far transfers, interrupts, flags, ports, privileged instructions.
// Run by itself, it prints the input of the oracle, a program that executes each line's code in user mode of a 32-bit
// Linux process; what that answered is in tests/vectors/system.txt.gz, line by line.

import { argv } from 'node:process';
import { fileURLToPath } from 'node:url';
import type { Insn } from '../../src/isa/insn.ts';
import * as control from '../../src/isa/semantics/control.ts';
import * as debug from '../../src/isa/semantics/debug-registers.ts';
import * as far from '../../src/isa/semantics/far.ts';
import * as flags from '../../src/isa/semantics/flag-control.ts';
import * as interrupt from '../../src/isa/semantics/interrupt.ts';
import * as io from '../../src/isa/semantics/io.ts';
import * as iret from '../../src/isa/semantics/iret.ts';
import * as msr from '../../src/isa/semantics/msr.ts';
import * as segments from '../../src/isa/semantics/segments.ts';
import * as sysenter from '../../src/isa/semantics/sysenter.ts';
import * as system from '../../src/isa/semantics/system.ts';
import { creg, dreg, far as farOperand, imm, insn, mem, reg, reg8, type Semantic, sreg } from './system-machine.ts';

export const DATA = 0x10000000;
export const CODE = 0x20000000;

export interface Case {
  readonly id: string;
  /** Machine code, hexadecimal. */
  readonly code: string;
  readonly op: Semantic;
  readonly insn: Insn;
  /** Registers by the oracle's names; what is not named is 0, ESP DATA + 8000H, selectors those of Linux. */
  readonly registers: Readonly<Record<string, number>>;
  /** Doublewords in data memory. */
  readonly memory: readonly (readonly [number, number])[];
  /** Bytes from here on are compared. */
  readonly dump?: readonly [number, number];
}

/**
 * The LDT of every case: base, limit, and the flags of Linux' user_desc (1 32-bit, 2 expand-down, 4 code, 8 read or
 * execute only, 10H pages, 20H not present).
 */
export const LDT_ENTRIES = [
  [DATA, 0xffff, 0x1],
  [DATA, 0xffff, 0x9],
  [DATA, 0xfff, 0x3],
  [CODE, 0x1fff, 0x5],
  [CODE, 0x1fff, 0xd],
  [CODE, 0x1fff, 0x4],
  [DATA, 0xffff, 0x21],
  [CODE, 0x1fff, 0x25],
  [DATA, 0xfff, 0x2],
  [DATA, 0xffff, 0x0],
  [DATA, 0xf, 0x11],
  [CODE, 0x100, 0x5],
] as const;

/** Selector of an LDT entry. */
export const ldt = (n: number, rpl = 3): number => (n << 3) | 4 | rpl;

/** Null, Linux' user segments and its kernel's with every RPL, TSS, beyond the GDT, all of the LDT, beyond the LDT. */
const SELECTORS: readonly number[] = [
  ...[0, 1, 2, 3],
  ...[0x08, 0x10, 0x18, 0x20, 0x28, 0x40].flatMap((s) => [s, s | 1, s | 2, s | 3]),
  ...[0xff00, 0xfff8, 0xfffb],
  ...LDT_ENTRIES.flatMap((_, n) => [0, 1, 2, 3].map((rpl) => ldt(n, rpl))),
  ...[ldt(12), ldt(12, 0), 0xffff, 0xfffc],
];

const le = (value: number, bytes: number): string =>
  Array.from({ length: bytes }, (_, k) => ((value >>> (8 * k)) & 255).toString(16).padStart(2, '0')).join('');
const hex = (n: number): string => (n >>> 0).toString(16);

/** All cases, in the order of the recorded answers. */
export function cases(): Case[] {
  const all: Case[] = [];
  const add = (
    name: string,
    code: string,
    op: Semantic,
    fields: Partial<Insn>,
    registers: Record<string, number> = {},
    memory: (readonly [number, number])[] = [],
    dump?: readonly [number, number],
  ) => {
    const i = insn({ length: code.length / 2, ...fields });
    all.push({ id: `${all.length}-${name}`, code, op, insn: i, registers, memory, dump });
  };
  addSegmentLoads(add);
  addInspection(add);
  addFarTransfers(add);
  addInterrupts(add);
  addFlags(add);
  addPrivileged(add);
  return all;
}

type Add = (
  name: string,
  code: string,
  op: Semantic,
  fields: Partial<Insn>,
  registers?: Record<string, number>,
  memory?: (readonly [number, number])[],
  dump?: readonly [number, number],
) => void;

const TOP = DATA + 0x8000;

function addSegmentLoads(add: Add): void {
  const names = ['es', 'cs', 'ss', 'ds', 'fs', 'gs'];
  for (const seg of [0, 2, 3, 4, 5]) {
    const modrm = le(0xc0 | (seg << 3), 1);
    for (const s of SELECTORS) {
      add(`mov ${names[seg]},ax`, `8e${modrm}`, segments.MOVSEG, { dst: sreg(seg), src: reg(0, 16) }, { eax: s });
    }
  }
  const pops: [number, string][] = [
    [0, '07'],
    [2, '17'],
    [3, '1f'],
    [4, '0fa1'],
    [5, '0fa9'],
  ];
  for (const [seg, code] of pops) {
    for (const s of [0, 3, 0x2b, 0x28, 0x18, ldt(0), ldt(1), ldt(4), ldt(6), ldt(9), ldt(12)]) {
      add(`pop ${names[seg]}`, code, segments.POPSEG, { dst: sreg(seg) }, {}, [[TOP, s | 0xabcd0000]]);
      const word = { dst: sreg(seg), osize: 16 } as const;
      add(`pop ${names[seg]} word`, `66${code}`, segments.POPSEG, word, {}, [[TOP, s]]);
    }
  }
  const pushes: [number, string][] = [
    [0, '06'],
    [1, '0e'],
    [2, '16'],
    [3, '1e'],
    [4, '0fa0'],
    [5, '0fa8'],
  ];
  for (const [seg, code] of pushes) {
    const below: [number, number][] = [[TOP - 4, -1]];
    add(`push ${names[seg]}`, code, segments.PUSHSEG, { src: sreg(seg) }, {}, below, [TOP - 4, 4]);
    const word = { src: sreg(seg), osize: 16 } as const;
    add(`push ${names[seg]} word`, `66${code}`, segments.PUSHSEG, word, {}, below, [TOP - 4, 4]);
    const modrm = le(0xc0 | (seg << 3), 1);
    const old = { eax: -1 };
    add(`mov eax,${names[seg]}`, `8c${modrm}`, segments.MOVSEG, { dst: reg(0), src: sreg(seg) }, old);
    add(`mov ax,${names[seg]}`, `668c${modrm}`, segments.MOVSEG, { dst: reg(0, 16), src: sreg(seg) }, old);
  }
  const loads: [number, string][] = [
    [0, 'c405'],
    [2, '0fb205'],
    [3, 'c505'],
    [4, '0fb405'],
    [5, '0fb505'],
  ];
  for (const [seg, code] of loads) {
    for (const s of [0, 0x2b, 0x18, ldt(0), ldt(6), ldt(9), ldt(12)]) {
      const at = DATA + 0x100;
      const src = mem(at);
      const memory: [number, number][] = [
        [at, 0x12345678],
        [at + 4, s],
      ];
      add(`l${names[seg]} eax`, code + le(at, 4), segments.LFP, { dst: reg(0), src, src2: sreg(seg) }, {}, memory);
      memory[0] = [at, (s << 16) | 0x5678];
      const word = { dst: reg(0, 16), src: mem(at, 16), src2: sreg(seg), osize: 16 } as const;
      add(`l${names[seg]} ax`, `66${code}${le(at, 4)}`, segments.LFP, word, { eax: -1 }, memory);
      const edge: [number, number][] = [[DATA + 0xfffc, 0x12345678]];
      const far = { dst: reg(0), src: mem(DATA + 0xfffc), src2: sreg(seg) };
      if (s === 0) add(`l${names[seg]} page`, code + le(DATA + 0xfffc, 4), segments.LFP, far, {}, edge);
    }
  }
}

function addInspection(add: Add): void {
  for (const s of SELECTORS) {
    // In IA-32e mode, in which the oracle ran, LAR and LSL know other system descriptors.
    const words = { dst: reg(0, 16), src: reg(1, 16), osize: 16 } as const;
    const longs = { dst: reg(0), src: reg(1, 16) } as const;
    const registers = { eax: 0x5a5a5a5a, ecx: s, eflags: 0x202 };
    add('lar', '0f02c1', system.LAR, longs, registers);
    add('lar word', '660f02c1', system.LAR, words, { ...registers, eflags: 0xad7 });
    add('lsl', '0f03c1', system.LSL, longs, { ...registers, eflags: 0xad7 });
    add('lsl word', '660f03c1', system.LSL, words, registers);
    add('verr', '0f00e1', system.VERR, { src: reg(1, 16) }, { ...registers, eflags: 0xad7 });
    add('verw', '0f00e9', system.VERW, { src: reg(1, 16) }, registers);
  }
  for (let to = 0; to < 4; to++) {
    for (let from = 0; from < 4; from++) {
      const registers = { eax: 0x12345678 + to, ecx: 0x76543210 + from, eflags: from & 1 ? 0x202 : 0xad7 };
      add('arpl', '63c8', system.ARPL, { dst: reg(0, 16), src: reg(1, 16) }, registers);
    }
  }
  const at = DATA + 0x200;
  for (const ecx of [0, 3]) {
    // A data segment that cannot be written.
    const registers = { ecx, ds: ldt(1) };
    add('arpl read-only', `630d${le(0x200, 4)}`, system.ARPL, { dst: mem(0x200, 16), src: reg(1, 16) }, registers);
  }
  const absent = { dst: mem(DATA + 0xffff, 16), src: reg(1, 16) };
  add('arpl page', `630d${le(DATA + 0xffff, 4)}`, system.ARPL, absent, { ecx: 3 });
  add(
    'arpl mem',
    `630d${le(at, 4)}`,
    system.ARPL,
    { dst: mem(at, 16), src: reg(1, 16) },
    { ecx: 2 },
    [[at, 9]],
    [at, 4],
  );
  for (const index of [-9, -8, -1, 0, 7, 8, 0x7fffffff, -0x80000000]) {
    const bounds: [number, number][] = [
      [at, -8],
      [at + 4, 7],
    ];
    add('bound', `6205${le(at, 4)}`, system.BOUND, { dst: reg(0), src: mem(at, 64) }, { eax: index }, bounds);
    const word = { dst: reg(0, 16), src: mem(at, 32), osize: 16 } as const;
    add('bound word', `666205${le(at, 4)}`, system.BOUND, word, { eax: index }, [[at, 0x0007fff8]]);
  }
  add('bound page', `6205${le(DATA + 0xfffc, 4)}`, system.BOUND, { dst: reg(0), src: mem(DATA + 0xfffc, 64) });
}

/** Selectors for CS without a 64-bit code segment, which leads out of the oracle's world. */
const TARGETS = SELECTORS.filter((s) => s >> 3 !== 6);

function addFarTransfers(add: Add): void {
  const at = DATA + 0x300;
  const frame = (...values: number[]): [number, number][] => values.map((v, k) => [TOP + 4 * k, v]);
  for (const s of TARGETS) {
    const flat = s >> 3 === 4;
    for (const to of flat ? [CODE + 0x80] : [0x80, 0x101, 0x2000]) {
      const src = farOperand(s, to);
      add('jmpf', `ea${le(to, 4)}${le(s, 2)}`, far.JMPF, { src });
      const saved = [TOP - 8, 8] as const;
      add('callf', `9a${le(to, 4)}${le(s, 2)}`, far.CALLF, { src }, {}, [], saved);
      add('retf', 'cb', far.RETF, { src: imm(0) }, {}, frame(to, s));
      add('iret', 'cf', iret.IRET, {}, {}, frame(to, s, 0xad7));
    }
    const to = flat ? CODE + 0x80 : 0x80;
    const memory: [number, number][] = [
      [at, to],
      [at + 4, s],
    ];
    add('jmpf mem', `ff2d${le(at, 4)}`, far.JMPF, { src: mem(at) }, {}, memory);
    add('callf mem', `ff1d${le(at, 4)}`, far.CALLF, { src: mem(at) }, {}, memory, [TOP - 8, 8]);
    add('retf imm', 'ca1000', far.RETF, { src: imm(16) }, {}, frame(to, s | 0x55550000));
    if (flat) continue;
    const src = farOperand(s, 0x80);
    const word = { src, osize: 16 } as const;
    add('jmpf word', `66ea${le(0x80, 2)}${le(s, 2)}`, far.JMPF, word);
    add('callf word', `669a${le(0x80, 2)}${le(s, 2)}`, far.CALLF, word, {}, [[TOP - 4, -1]], [TOP - 4, 4]);
    add('retf word', '66cb', far.RETF, { src: imm(0), osize: 16 }, {}, frame((s << 16) | 0x80));
    add('iret word', '66cf', iret.IRET, { osize: 16 }, {}, frame((s << 16) | 0x80, 0xad7));
  }
  // Stacks of 16 bits and of little room.
  const small = ldt(9);
  for (const esp of [0x8000, 0x55558000, 4, 0x55550004, 0, 2, 6, 8]) {
    const registers = { ss: small, esp };
    const top = DATA + (esp & 0xffff);
    const seg = { src: farOperand(ldt(3), 0x80), ssize: 16 } as const;
    add('callf stack16', `9a${le(0x80, 4)}${le(ldt(3), 2)}`, far.CALLF, seg, registers, [], [DATA, 16]);
    const values: [number, number][] = [
      [top, 0x80],
      [top + 4, ldt(3)],
    ];
    add('retf stack16', 'cb', far.RETF, { src: imm(0), ssize: 16 }, registers, values);
    add('retf imm stack16', 'caf07f', far.RETF, { src: imm(0x7ff0), ssize: 16 }, registers, values);
    add('push stack16', '06', segments.PUSHSEG, { src: sreg(0), ssize: 16 }, registers, [], [DATA, 16]);
    add('pop stack16', '07', segments.POPSEG, { dst: sreg(0), ssize: 16 }, registers, [[top, 0x2b]]);
  }
  for (const esp of [0x1004, 0x1008, 0x1000, 0x100a, 0xfffc, 0xffff]) {
    const seg = { src: farOperand(ldt(3), 0x80), ssize: 32 } as const;
    const registers = { ss: ldt(2), esp };
    add('callf expand-down', `9a${le(0x80, 4)}${le(ldt(3), 2)}`, far.CALLF, seg, registers, [], [DATA + 0xff0, 32]);
    add('pop expand-down', '07', segments.POPSEG, { dst: sreg(0) }, registers, []);
  }
  add('retf page', 'cb', far.RETF, { src: imm(0) }, { esp: DATA + 0xfffc });
  add('iret page', 'cf', iret.IRET, {}, { esp: DATA + 0xfff8 });
  add(
    'callf page',
    `9a${le(CODE + 0x80, 4)}2300`,
    far.CALLF,
    { src: farOperand(0x23, CODE + 0x80) },
    { esp: DATA + 4 },
  );
  add('jmpf page', `ff2d${le(DATA + 0xfffc, 4)}`, far.JMPF, { src: mem(DATA + 0xfffc) });
}

function addInterrupts(add: Add): void {
  for (let n = 0; n < 256; n++) {
    if (n !== 0x80) add(`int ${n}`, `cd${le(n, 1)}`, interrupt.INT, { src: imm(n, 8) });
  }
  add('int3', 'cc', interrupt.INT3, {});
  add('into', 'ce', interrupt.INTO, {}, { eflags: 0xa02 });
  add('into not', 'ce', interrupt.INTO, {}, { eflags: 0x202 });
}

function addFlags(add: Add): void {
  const values = [0, -1 & ~0x100, 0x3200, 0x3000, 0x200, 0x20000, 0x10000, 0x180000, 0x200000, 0x40000, 0x4000, 0xcd5];
  for (const value of values) {
    for (const before of [0x202, 0xad7]) {
      const memory: [number, number][] = [[TOP, value]];
      add('popf', '9d', flags.POPF, {}, { eflags: before }, memory);
      add('popf word', '669d', flags.POPF, { osize: 16 }, { eflags: before }, memory);
      const frame: [number, number][] = [
        [TOP, CODE + 0x80],
        [TOP + 4, 0x23],
        [TOP + 8, value],
      ];
      add('iret flags', 'cf', iret.IRET, {}, { eflags: before }, frame);
      const words: [number, number][] = [
        [TOP, (ldt(3) << 16) | 0x80],
        [TOP + 4, value],
      ];
      add('iret flags word', '66cf', iret.IRET, { osize: 16 }, { eflags: before }, words);
    }
  }
  for (const value of [0x202, 0xad7, 0x40202, 0x200202, 0x4ed7]) {
    add('pushf', '9c', flags.PUSHF, {}, { eflags: value }, [], [TOP - 4, 4]);
    add('pushf word', '669c', flags.PUSHF, { osize: 16 }, { eflags: value }, [], [TOP - 4, 4]);
  }
  add('cli', 'fa', flags.CLI, {});
  add('sti', 'fb', flags.STI, {});
  add('popf page', '9d', flags.POPF, {}, { esp: DATA + 0x10000 });
  add('pushf page', '9c', flags.PUSHF, {}, { esp: DATA });
}

function addPrivileged(add: Add): void {
  const at = DATA + 0x400;
  const address = le(at, 4);
  add('in al,imm', 'e470', io.IN, { size: 8, dst: reg8(0), src: imm(0x70, 8) });
  add('in eax,imm', 'e570', io.IN, { dst: reg(0), src: imm(0x70, 8) });
  add('out imm,al', 'e680', io.OUT, { size: 8, dst: imm(0x80, 8), src: reg8(0) });
  add('out dx,ax', '66ef', io.OUT, { size: 16, osize: 16, dst: reg(2, 16), src: reg(0, 16) });
  add('insb', '6c', io.INS, { size: 8, dst: mem(0, 8, 0), src: reg(2, 16) }, { edi: at });
  add('outsd', '6f', io.OUTS, { dst: reg(2, 16), src: mem(0, 32, 3) }, { esi: at });
  add('insb absent', '6c', io.INS, { size: 8, dst: mem(0, 8, 0), src: reg(2, 16) }, { edi: 0x30000000 });
  const rep = { size: 8, rep: 1, dst: mem(0, 8, 0), src: reg(2, 16) } as const;
  add('rep insb', 'f36c', io.INS, rep, { edi: at, ecx: 2 });
  add('rep insb 0', 'f36c', io.INS, rep, { edi: at });
  add('hlt', 'f4', system.HLT, {});
  add('clts', '0f06', control.CLTS, {});
  add('lmsw', '0f01f0', control.LMSW, { src: reg(0, 16) });
  add('lgdt', `0f0115${address}`, system.LGDT, { src: mem(at, 48) });
  add('lidt', `0f011d${address}`, system.LIDT, { src: mem(at, 48) });
  add('lgdt absent', '0f011500000030', system.LGDT, { src: mem(0x30000000, 48) });
  add('lldt', '0f00d0', system.LLDT, { src: reg(0, 16) });
  add('lldt absent', '0f001500000030', system.LLDT, { src: mem(0x30000000, 16) });
  add('ltr', '0f00d8', system.LTR, { src: reg(0, 16) });
  add('invlpg', `0f013d${address}`, system.INVLPG, { src: mem(at, 8) });
  add('invd', '0f08', system.INVD, {});
  add('wbinvd', '0f09', system.WBINVD, {});
  add('rdmsr', '0f32', msr.RDMSR, {}, { ecx: 0x10 });
  add('wrmsr', '0f30', msr.WRMSR, {}, { ecx: 0x10 });
  for (const n of [0, 2, 3, 4]) {
    add(`mov eax,cr${n}`, `0f20${le(0xc0 | (n << 3), 1)}`, control.MOVCR, { dst: reg(0), src: creg(n) });
    add(`mov cr${n},eax`, `0f22${le(0xc0 | (n << 3), 1)}`, control.MOVCR, { dst: creg(n), src: reg(0) });
  }
  for (const n of [0, 3, 6, 7]) {
    add(`mov eax,dr${n}`, `0f21${le(0xc0 | (n << 3), 1)}`, debug.MOVDR, { dst: reg(0), src: dreg(n) });
    add(`mov dr${n},eax`, `0f23${le(0xc0 | (n << 3), 1)}`, debug.MOVDR, { dst: dreg(n), src: reg(0) });
  }
  add('sysexit', '0f35', sysenter.SYSEXIT, {});
  add('clflush', `0fae3d${address}`, system.CLFLUSH, { src: mem(at, 8) });
  add('clflush absent', '0fae3d00000030', system.CLFLUSH, { src: mem(0x30000000, 8) });
  add('ud2', '0f0b', system.UD, {});
  const bytes = '66'.repeat(15) + '90';
  add('too long', bytes, system.TOOLONG, { length: 15 });
}

if (argv[1] === fileURLToPath(import.meta.url)) {
  const table = LDT_ENTRIES.map(([base, limit, bits], n) => `ldt${n}=${hex(base)}:${hex(limit)}:${hex(bits)}`).join(
    ' ',
  );
  for (const one of cases()) {
    const registers = Object.entries(one.registers).map(([name, value]) => `${name}=${hex(value)}`);
    const memory = one.memory
      .filter(([at]) => at + 4 <= DATA + 0x10000)
      .map(([at, value]) => `mem@${hex(at)}=${le(value, 4)}`);
    const dump = one.dump ? [`dump=${hex(one.dump[0])}:${hex(one.dump[1])}`] : [];
    const id = one.id.replaceAll(' ', '_');
    console.log([`id=${id}`, `code=${one.code}`, table, ...registers, ...memory, ...dump].join(' '));
  }
}
