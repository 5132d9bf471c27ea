// A world for one instruction of the system half: descriptor tables with one of everything, task-state segments, stacks
// of four levels, and the form in which states are written down and compared.
//
// Memory (128 KiB, linear = physical): 0 IVT, 1000H GDT, 2000H LDT, 3000H IDT, 4000H current TSS, 5000H a 32-bit TSS,
// 6000H a 16-bit one, stacks of levels 0..3 below 9000H A000H B000H C000H, data at D000H, the instruction right below
// 20000H. What an instruction may lead to lies at 40000H and up.

import { CS, LDTR, SS, TR } from '../../src/isa/insn.ts';
import { getEflags, setEflags } from '../../src/isa/semantics/eflags.ts';
import { setFromDescriptor, setSegment, setVm86Segment } from '../../src/isa/semantics/segments.ts';
import { ACCESS_PRESENT, ACCESS_UNUSABLE } from '../../src/isa/system-bits.ts';
import { descriptor, gate, type Machine, machine } from './system-machine.ts';

export const BYTES = 0x20000;
export const GDT = 0x1000;
export const LDT = 0x2000;
export const IDT = 0x3000;
export const TSS = 0x4000;
export const OTHER_TSS = 0x5000;
export const SMALL_TSS = 0x6000;
export const DATA = 0xd000;
/** Where the code is that may be reached. */
export const BEYOND = 0x40000;

/** Selectors of the GDT's entries. */
export const S = {
  code0: 0x08,
  data0: 0x10,
  code1: 0x18,
  data1: 0x20,
  code2: 0x28,
  data2: 0x30,
  code3: 0x38,
  data3: 0x40,
  conforming0: 0x48,
  conforming3: 0x50,
  conforming1: 0x58,
  executeOnly0: 0x60,
  /** 16-bit code with base 40000H. */
  word3: 0x68,
  absentCode0: 0x70,
  absentCode3: 0x78,
  readOnly3: 0x80,
  readOnly0: 0x88,
  expandDown3: 0x90,
  absentData3: 0x98,
  absentData0: 0xa0,
  stack0: 0xa8,
  stack3: 0xb0,
  ldt: 0xb8,
  absentLdt: 0xc0,
  tss: 0xc8,
  otherTss: 0xd0,
  otherTss3: 0xd8,
  smallTss3: 0xe0,
  absentTss3: 0xe8,
  busySmallTss3: 0xf0,
  shortTss3: 0xf8,
  taskGate3: 0x100,
  taskGate0: 0x108,
  absentTaskGate: 0x110,
  badTaskGate: 0x118,
  /** Call gates, DPL 3, to what they are named after. */
  gateCode0: 0x120,
  gateParameters: 0x128,
  gateCode3: 0x130,
  gateConforming: 0x138,
  gateCode1: 0x140,
  gateData: 0x148,
  gateNull: 0x150,
  gateAbsentCode: 0x158,
  absentGate: 0x160,
  gate0: 0x168,
  wordGate: 0x170,
  gateBeyond: 0x178,
  gateWord3: 0x180,
  /** Code of 17 bytes. */
  short0: 0x188,
  gateShort: 0x190,
  interruptGate: 0x198,
  type0: 0x1a0,
  type8: 0x1a8,
  type10: 0x1b0,
  type13: 0x1b8,
  short3: 0x1c0,
  word0: 0x1c8,
  gateCode2: 0x1d0,
  wordGateSame: 0x1d8,
  executeOnly3: 0x1e0,
  /** A stack of 32 bits with a limit of 10H. */
  tiny0: 0x1e8,
  last: 0x1f0,
  ldtCode3: 0x0c,
  ldtData3: 0x14,
  ldtCode0: 0x1c,
  ldtData0: 0x24,
} as const;

/** Vectors with gates worth a case; the others have 32-bit interrupt gates of level 0 to code0. */
export const V = {
  interrupt: 0x20,
  trap: 0x21,
  interrupt16: 0x22,
  trap16: 0x23,
  level0: 0x24,
  absent: 0x25,
  task: 0x26,
  callGate: 0x27,
  null: 0x28,
  data: 0x29,
  absentCode: 0x2a,
  code1: 0x2b,
  conforming0: 0x2c,
  code3: 0x2d,
  beyond: 0x2e,
  short: 0x2f,
  conforming3: 0x30,
  absentTask: 0x31,
  busyTask: 0x32,
  smallTask: 0x33,
  code2: 0x34,
  taskNull: 0x35,
  word3: 0x36,
  last: 0x3f,
} as const;

/** Real-address mode at 1800:8000 minus the instruction, with an IVT. */
export function realWorld(): Machine {
  const m = machine(BYTES);
  const { c, memory } = m;
  c.cr0 = 0x10;
  for (let n = 0; n < 64; n++) memory.store32(4 * n, 0, (0x4000 << 16) | (16 * n));
  setSegment(c, CS, 0x1800, 0x18000, 0xffff, 0x9b);
  for (const seg of [0, 3, 4, 5]) setSegment(c, seg, DATA >> 4, DATA, 0xffff, 0x93);
  setSegment(c, SS, 0x800, 0x8000, 0xffff, 0x93);
  c.reg[4] = 0xfff0;
  c.idtLimit = 0x3ff;
  common(m);
  return m;
}

/** Protected mode at a privilege level, all tables in place. */
export function protectedWorld(cpl: number): Machine {
  const m = machine(BYTES);
  const { c, memory } = m;
  tables(m);
  // QEMU leaves accessed bits alone: all are set here; tests of their own see to them.
  for (let at = GDT; at < LDT + 0x28; at += 8) {
    const high = memory.load32(at, 4);
    if (high & 0x1000) memory.store32(at, 4, high | 0x100);
  }
  c.cr0 = 0x11;
  c.gdtBase = GDT;
  c.gdtLimit = S.last + 7;
  c.idtBase = IDT;
  c.idtLimit = 8 * V.last + 7;
  c.cpl = cpl;
  take(m, CS, (8 + 16 * cpl) | cpl);
  for (const seg of [0, 2, 3, 4, 5]) take(m, seg, (16 + 16 * cpl) | cpl);
  setSegment(c, LDTR, S.ldt, LDT, 0x27, 0x82);
  setSegment(c, TR, S.tss, TSS, 0x8f, 0x8b);
  c.reg[4] = 0x9000 + 0x1000 * cpl - 0x100;
  memory.store32(TSS, 4, 0x9000);
  memory.store32(TSS, 8, S.data0);
  memory.store32(TSS, 12, 0xa000);
  memory.store32(TSS, 16, S.data1 | 1);
  memory.store32(TSS, 20, 0xb000);
  memory.store32(TSS, 24, S.data2 | 2);
  // I/O bitmap at 88H after a redirection bitmap at 68H: ports 10H..17H free but 13H.
  memory.store16(TSS, 0x66, 0x88);
  memory.store32(TSS, 0x88, 0xff08ffff);
  common(m);
  return m;
}

/** Virtual-8086 mode at 1800:8000 minus the instruction, under `protectedWorld`. */
export function virtualWorld(iopl: number): Machine {
  const m = protectedWorld(3);
  const { c } = m;
  c.VM = 1;
  c.IOPL = iopl;
  setVm86Segment(c, CS, 0x1800);
  setVm86Segment(c, SS, 0x800);
  for (const [seg, selector] of [
    [0, 0xd00],
    [3, 0xd01],
    [4, 0xd02],
    [5, 0xd03],
  ]) {
    setVm86Segment(c, seg as number, selector as number);
  }
  c.reg[4] = 0x3ff0;
  for (let n = 0; n < 64; n++) m.memory.store32(4 * n, 0, (0x4000 << 16) | (16 * n));
  return m;
}

/** Loads a segment register from the GDT or LDT without any check; the descriptor counts as accessed. */
export function take(m: Machine, seg: number, selector: number): void {
  const at = (selector & 4 ? LDT : GDT) + (selector & 0xfff8);
  const high = m.memory.load32(at, 4) | 0x100;
  m.memory.store32(at, 4, high);
  setFromDescriptor(m.c, seg, selector, m.memory.load32(at, 0), high);
}

/** Puts the instruction where it ends at the end of memory. */
export function place(m: Machine, code: string): void {
  const length = code.length / 2;
  new Uint8Array(m.memory.view.buffer, BYTES - length).set(Buffer.from(code, 'hex'));
  m.c.eip = BYTES - length - m.c.base[CS];
}

/** A frame on the current stack, for RET and IRET. */
export function frame(m: Machine, size: number, ...values: number[]): void {
  const at = m.c.base[SS] + m.c.reg[4];
  for (const [k, value] of values.entries()) {
    if (size === 32) m.memory.store32(at, 4 * k, value);
    else m.memory.store16(at, 2 * k, value);
  }
}

/** Writes a 32-bit TSS image. */
export function task(m: Machine, at: number, fields: Partial<Record<keyof typeof TASK, number>>): void {
  for (const [name, offset] of Object.entries(TASK)) {
    m.memory.store32(at, offset, fields[name as keyof typeof TASK] ?? DEFAULT_TASK[name] ?? 0);
  }
}

const TASK = {
  link: 0,
  cr3: 0x1c,
  eip: 0x20,
  eflags: 0x24,
  eax: 0x28,
  ecx: 0x2c,
  edx: 0x30,
  ebx: 0x34,
  esp: 0x38,
  ebp: 0x3c,
  esi: 0x40,
  edi: 0x44,
  es: 0x48,
  cs: 0x4c,
  ss: 0x50,
  ds: 0x54,
  fs: 0x58,
  gs: 0x5c,
  ldt: 0x60,
  trap: 0x64,
} as const;

const DEFAULT_TASK: Record<string, number> = {
  eip: BEYOND + 0x1000,
  eflags: 2,
  eax: 0x11,
  esp: 0x8800,
  edi: 0x77,
  es: S.data0,
  cs: S.code0,
  ss: S.data0,
  ds: S.data3,
  fs: 0,
  gs: S.readOnly3 | 3,
  ldt: S.ldt,
};

function common(m: Machine): void {
  const { c } = m;
  for (let n = 0; n < 8; n++) if (n !== 4) c.reg[n] = 0x1010101 * (n + 1);
  setEflags(c, 2, -1);
}

function tables(m: Machine): void {
  const code = (selector: number, access: number) => descriptor(m, GDT + selector, 0, 0xfffff, access);
  for (let level = 0; level < 4; level++) {
    const dpl = level << 5;
    code(S.code0 + 16 * level, 0xc09a | dpl);
    code(S.data0 + 16 * level, 0xc092 | dpl);
  }
  code(S.conforming0, 0xc09e);
  code(S.conforming3, 0xc0fe);
  code(S.conforming1, 0xc0be);
  code(S.executeOnly0, 0xc098);
  code(S.executeOnly3, 0xc0f8);
  descriptor(m, GDT + S.word3, BEYOND, 0xffff, 0x00fa);
  descriptor(m, GDT + S.word0, BEYOND, 0xffff, 0x009a);
  code(S.absentCode0, 0xc01a);
  code(S.absentCode3, 0xc07a);
  code(S.readOnly3, 0xc0f0);
  code(S.readOnly0, 0xc090);
  descriptor(m, GDT + S.expandDown3, 0, 0, 0xc0f6);
  code(S.absentData3, 0xc072);
  code(S.absentData0, 0xc012);
  descriptor(m, GDT + S.stack0, 0, 0xffff, 0x0092);
  descriptor(m, GDT + S.stack3, 0, 0xffff, 0x00f2);
  descriptor(m, GDT + S.tiny0, 0xd000, 0x10, 0x4092);
  descriptor(m, GDT + S.short0, BEYOND, 0x10, 0x409a);
  descriptor(m, GDT + S.short3, BEYOND, 0x10, 0x40fa);
  descriptor(m, GDT + S.ldt, LDT, 0x27, 0x82);
  descriptor(m, GDT + S.absentLdt, LDT, 0x27, 0x02);
  descriptor(m, GDT + S.tss, TSS, 0x8f, 0x8b);
  descriptor(m, GDT + S.otherTss, OTHER_TSS, 0x67, 0x89);
  descriptor(m, GDT + S.otherTss3, OTHER_TSS, 0x67, 0xe9);
  descriptor(m, GDT + S.smallTss3, SMALL_TSS, 0x2b, 0xe1);
  descriptor(m, GDT + S.absentTss3, OTHER_TSS, 0x67, 0x69);
  descriptor(m, GDT + S.busySmallTss3, SMALL_TSS, 0x2b, 0xe3);
  descriptor(m, GDT + S.shortTss3, OTHER_TSS, 0x66, 0xe9);
  const toTask = (selector: number, tss: number, type: number) => gate(m, GDT + selector, tss, 0, type);
  toTask(S.taskGate3, S.otherTss, 0xe5);
  toTask(S.taskGate0, S.otherTss, 0x85);
  toTask(S.absentTaskGate, S.otherTss, 0x65);
  toTask(S.badTaskGate, S.code0, 0xe5);
  const call = (selector: number, target: number, type = 0xec, count = 0) =>
    gate(m, GDT + selector, target, (type & 8 ? BEYOND : 0) + selector, type, count);
  call(S.gateCode0, S.code0);
  call(S.gateParameters, S.code0 | 3, 0xec, 3);
  call(S.gateCode3, S.code3);
  call(S.gateConforming, S.conforming0);
  call(S.gateCode1, S.code1);
  call(S.gateCode2, S.code2 | 2, 0xec, 1);
  call(S.gateData, S.data0);
  call(S.gateNull, 0);
  call(S.gateAbsentCode, S.absentCode0);
  call(S.absentGate, S.code0, 0x6c);
  call(S.gate0, S.code0, 0x8c);
  call(S.wordGate, S.word0, 0xe4, 2);
  call(S.wordGateSame, S.word3, 0xe4);
  call(S.gateBeyond, 0x4000);
  gate(m, GDT + S.gateWord3, S.word3, 0x1234, 0xec);
  gate(m, GDT + S.gateShort, S.short0, 0x10, 0xec);
  call(S.interruptGate, S.code0, 0xee);
  for (const [selector, type] of [
    [S.type0, 0],
    [S.type8, 8],
    [S.type10, 10],
    [S.type13, 13],
  ] as const) {
    gate(m, GDT + selector, S.code0, BEYOND, 0xe0 | type);
  }
  const local = (selector: number, access: number) => descriptor(m, LDT + (selector & ~7), 0, 0xfffff, access);
  local(S.ldtCode3, 0xc0fa);
  local(S.ldtData3, 0xc0f2);
  local(S.ldtCode0, 0xc09a);
  local(S.ldtData0, 0xc092);

  const vector = (n: number, selector: number, type: number, offset = BEYOND + 16 * n) =>
    gate(m, IDT + 8 * n, selector, offset, type);
  for (let n = 0; n <= V.last; n++) vector(n, S.code0, 0x8e);
  vector(V.interrupt, S.code0, 0xee);
  vector(V.trap, S.code0, 0xef);
  vector(V.interrupt16, S.word0, 0xe6, 0x220);
  vector(V.trap16, S.word0, 0xe7, 0x230);
  vector(V.absent, S.code0, 0x6e);
  vector(V.task, S.otherTss, 0xe5);
  vector(V.callGate, S.code0, 0xec);
  vector(V.null, 0, 0xee);
  vector(V.data, S.data0, 0xee);
  vector(V.absentCode, S.absentCode0, 0xee);
  vector(V.code1, S.code1, 0xee);
  vector(V.code2, S.code2, 0xef);
  vector(V.conforming0, S.conforming0, 0xee);
  vector(V.conforming3, S.conforming3, 0xee);
  vector(V.code3, S.code3, 0xee);
  vector(V.beyond, 0x4000, 0xee);
  vector(V.short, S.short0, 0xee, 0x10);
  vector(V.absentTask, S.absentTss3, 0xe5);
  vector(V.busyTask, S.tss, 0xe5);
  vector(V.smallTask, S.smallTss3, 0xe5);
  vector(V.taskNull, 0, 0xe5);
  vector(V.word3, S.word3, 0xe7, 0x360);

  task(m, OTHER_TSS, {});
  const small = [
    0,
    0,
    0,
    0,
    0,
    0,
    0,
    0x1000,
    2,
    1,
    2,
    3,
    4,
    0x8800,
    6,
    7,
    8,
    S.data0,
    S.word0,
    S.data0,
    S.data3,
    S.ldt,
  ];
  for (const [k, value] of small.entries()) m.memory.store16(SMALL_TSS, 2 * k, value);
  // Parameters for call gates, and something to see in frames.
  for (let level = 0; level < 4; level++) {
    const top = 0x9000 + 0x1000 * level - 0x100;
    for (let k = 0; k < 8; k++) m.memory.store32(top, 4 * k, 0xa0 + k + 16 * level);
  }
}

const SEGMENT_NAMES = ['es', 'cs', 'ss', 'ds', 'fs', 'gs', 'ldtr', 'tr'];
const REGISTER_NAMES = ['eax', 'ecx', 'edx', 'ebx', 'esp', 'ebp', 'esi', 'edi'];
const hex = (n: number): string => (n >>> 0).toString(16);

/** The fields of a state in the recorder's words. `whole`: with the attributes that only its input has. */
export function fields(m: Machine, whole: boolean): Map<string, string> {
  const { c } = m;
  const map = new Map<string, string>();
  for (const [n, name] of REGISTER_NAMES.entries()) map.set(name, hex(c.reg[n]));
  map.set('eip', hex(c.eip));
  map.set('efl', hex(getEflags(c)));
  for (const name of ['cr0', 'cr2', 'cr3', 'cr4', 'efer', 'dr6', 'dr7'] as const) map.set(name, hex(c[name]));
  for (const [seg, name] of SEGMENT_NAMES.entries()) {
    const access = c.access[seg];
    const usable = (access & (ACCESS_UNUSABLE | ACCESS_PRESENT)) === ACCESS_PRESENT;
    if (whole) map.set(name, [c.sel[seg], c.base[seg], c.limit[seg], access].map(hex).join(':'));
    else if (!usable) map.set(name, `${hex(c.sel[seg])}:null`);
    else map.set(name, [c.sel[seg], c.base[seg], c.limit[seg], access & 0x40ff].map(hex).join(':'));
  }
  map.set('gdt', `${hex(c.gdtBase)}:${hex(c.gdtLimit)}`);
  map.set('idt', `${hex(c.idtBase)}:${hex(c.idtLimit)}`);
  map.set('sysent', `${hex(c.sysenterCs)}:${hex(c.sysenterEsp)}:${hex(c.sysenterEip)}`);
  return map;
}

/** Runs `body` and writes down what it changed, as the recorder does. */
export function changes(m: Machine, body: () => void): string {
  const old = fields(m, false);
  const before = new Int32Array(m.memory.view.buffer.slice(0));
  body();
  const parts: string[] = [];
  if (m.platform.events.some((e) => e.startsWith('triple'))) return 'shutdown';
  for (const [name, value] of fields(m, false)) if (old.get(name) !== value) parts.push(`${name}=${value}`);
  const after = new Int32Array(m.memory.view.buffer);
  for (let k = 0; k < after.length; k++)
    if (after[k] !== before[k]) parts.push(`m@${hex(4 * k)}=${hex(after[k] as number)}`);
  return ['ok', ...parts].join(' ');
}
