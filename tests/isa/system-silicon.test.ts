// The system half against a real processor, as far as user mode reaches: 3000 instructions recorded on an AMD EPYC
// (family 25) under 64-bit Linux. The GDT here is laid out as that system's.

import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { CS, LDTR, SS, TR } from '../../src/isa/insn.ts';
import { REGISTER_FILE_BYTES } from '../../src/isa/register-file.ts';
import { getEflags, setEflags } from '../../src/isa/semantics/eflags.ts';
import { resetCpu } from '../../src/isa/semantics/exception.ts';
import { loadSegment, setFromDescriptor, setSegment } from '../../src/isa/semantics/segments.ts';
import { Cpu } from '../../src/isa/state.ts';
import { type Case, CODE, cases, DATA, LDT_ENTRIES } from './system-cases.ts';
import { descriptor, FlatMemory, gate, type Machine, RecordingPlatform, run } from './system-machine.ts';

const GDT = 0xc0000000;
const LDT = 0xc0001000;
const TSS = 0xc0002000;
const IDT = 0xc0003000;
const KERNEL_STACK = 0xc0005000;
const HANDLERS = 0xc0100000;

/** Data at 10000000H, code at 20000000H, tables at C0000000H for the supervisor. */
class Regions extends FlatMemory {
  override translate(linear: number, user: number): number {
    if (linear >= DATA && linear < DATA + 0x10000) return linear - DATA;
    if (linear >= CODE && linear < CODE + 0x2000) return linear - CODE + 0x10000;
    if (user === 0 && linear >= GDT && linear < GDT + 0x5000) return linear - GDT + 0x12000;
    return -1;
  }
}

const TABLES = 0x12000 - GDT;
const REGISTERS = ['eax', 'ecx', 'edx', 'ebx', 'esp', 'ebp', 'esi', 'edi'];
const SEGMENTS = ['es', 'cs', 'ss', 'ds', 'fs', 'gs'];
const memory = new Regions(0x17000);
const platform = new RecordingPlatform();
const c = new Cpu(new ArrayBuffer(REGISTER_FILE_BYTES), 0, memory, platform);
const m: Machine = { c, memory, platform };
memory.cpu = c;

/** Linux' GDT as far as a program can see it; what has the L bit serves as data here. */
function prepare(one: Case): void {
  resetCpu(c);
  new Uint8Array(memory.view.buffer).fill(0);
  new Uint8Array(memory.view.buffer, 0x10000, 0x2000).fill(0xf4);
  const entry = (n: number, base: number, limit: number, access: number) =>
    descriptor(m, GDT + TABLES + 8 * n, base, limit, access);
  entry(1, 0, 0xfffff, 0xc09b);
  entry(2, 0, 0xfffff, 0xa09b);
  entry(3, 0, 0xfffff, 0xc093);
  entry(4, 0, 0xfffff, 0xc0fb);
  entry(5, 0, 0xfffff, 0xc0f3);
  entry(6, 0, 0xfffff, 0xa0fb);
  entry(8, TSS, 0x206f, 0x008b);
  entry(12, 0, 0xfffff, 0xd0f3);
  for (const [n, [base, limit, bits]] of LDT_ENTRIES.entries()) {
    const type = (((bits >> 1) & 3) << 2) | (bits & 8 ? 0 : 2) | 1;
    const access = type | 0x70 | (bits & 0x20 ? 0 : 0x80) | (bits & 1 ? 0x4000 : 0) | (bits & 0x10 ? 0x8000 : 0);
    descriptor(m, LDT + TABLES + 8 * n, base, limit, access);
  }
  // Gates of level 0, but those that Linux opens to programs.
  for (let n = 0; n < 256; n++) {
    gate(m, IDT + TABLES + 8 * n, 8, HANDLERS + 16 * n, n === 3 || n === 4 || n === 0x80 ? 0xee : 0x8e);
  }
  memory.store32(TSS + TABLES, 4, KERNEL_STACK);
  memory.store16(TSS + TABLES, 8, 0x18);
  memory.store16(TSS + TABLES, 0x66, 0xffff);
  for (const [at, value] of one.memory) if (at + 4 <= DATA + 0x10000) memory.store32(at - DATA, 0, value);
  new Uint8Array(memory.view.buffer, 0x10000).set(Buffer.from(one.code, 'hex'));

  c.cr0 = 0x80050033 | 0;
  c.gdtBase = GDT | 0;
  c.gdtLimit = 0x7f;
  c.idtBase = IDT | 0;
  c.idtLimit = 0xfff;
  setSegment(c, LDTR, 0x50, LDT | 0, 8 * LDT_ENTRIES.length - 1, 0x82);
  setSegment(c, TR, 0x40, TSS | 0, 0x206f, 0x8b);
  const put = (seg: number, selector: number) => {
    if (seg !== CS) return loadSegment(c, seg, selector);
    const at = GDT + TABLES + (selector & ~7);
    setFromDescriptor(c, seg, selector, memory.load32(at, 0), memory.load32(at, 4));
  };
  c.cpl = 3;
  const values: Record<string, number> = {
    esp: DATA + 0x8000,
    es: 0x2b,
    ss: 0x2b,
    ds: 0x2b,
    fs: 0,
    gs: 0x63,
    ...one.registers,
  };
  for (const [n, name] of REGISTERS.entries()) c.reg[n] = values[name] ?? 0;
  put(CS, 0x23);
  for (const [seg, name] of SEGMENTS.entries()) if (seg !== CS) put(seg, values[name] as number);
  c.eip = CODE;
  setEflags(c, one.registers.eflags ?? 0x202, -1);
}

/** The state in the oracle's form. */
function outcome(one: Case, result: string): string {
  const hex = (n: number) => (n >>> 0).toString(16);
  const parts = [`eip=${hex(c.eip)}`];
  for (const [n, name] of REGISTERS.entries()) parts.push(`${name}=${hex(c.reg[n])}`);
  parts.push(`efl=${hex(getEflags(c) & ~0x10100)}`);
  for (const seg of [1, 2, 3, 0, 4, 5]) parts.push(`${SEGMENTS[seg]}=${hex(c.sel[seg])}`);
  if (one.dump && result === 'ok') {
    const bytes = new Uint8Array(memory.view.buffer, one.dump[0] - DATA, one.dump[1]);
    parts.push(`mem@${hex(one.dump[0])}=${Buffer.from(bytes).toString('hex')}`);
  }
  return parts.join(' ');
}

/** The result of one instruction: its fault, or `ok`, and the state. A handler entered by INT counts as a fault. */
function simulate(one: Case): string {
  prepare(one);
  const result = run(m, one.op, one.insn);
  if (c.cpl === 3) return `${result} ${outcome(one, result)}`;
  const vector = (c.eip - (HANDLERS | 0)) >> 4;
  // Back to the interrupted place, as the oracle reports it.
  c.cpl = 3;
  const top = c.reg[4] - (GDT | 0) + 0x12000;
  c.eip = memory.load32(top, 0);
  c.sel[CS] = memory.load32(top, 4);
  setEflags(c, memory.load32(top, 8), -1);
  c.reg[4] = memory.load32(top, 12);
  c.sel[SS] = memory.load32(top, 16);
  return `#${vector} ${outcome(one, 'fault')}`;
}

/** The oracle's line in the same form. An instruction that went through ended at the HLT after it. */
function recorded(line: string): { id: string; result: string } {
  const fields = new Map(line.split(' ').map((f) => f.split('=') as [string, string]));
  const flags = (Number.parseInt(fields.get('efl') as string, 16) & ~0x10100) >>> 0;
  fields.set('efl', flags.toString(16));
  const trap = Number(fields.get('trap'));
  const start = fields.get('eip') === CODE.toString(16) && fields.get('cs') === '23';
  const hasCode = trap === 8 || (trap >= 10 && trap <= 14) || trap === 17;
  const result = trap === 13 && !start ? 'ok' : hasCode ? `#${trap}(${fields.get('err')})` : `#${trap}`;
  const names = ['eip', ...REGISTERS, 'efl', 'cs', 'ss', 'ds', 'es', 'fs', 'gs'];
  // A call that faults on its target has already pushed there; the stack pointer tells that it does not count.
  for (const name of fields.keys()) if (name.startsWith('mem@') && result === 'ok') names.push(name);
  return { id: fields.get('id') as string, result: `${result} ${names.map((n) => `${n}=${fields.get(n)}`).join(' ')}` };
}

test('every case as on silicon', () => {
  const lines = gunzipSync(readFileSync('tests/vectors/system.txt.gz')).toString().trim().split('\n');
  const all = cases();
  expect(lines.length).toBe(all.length);
  const differences: string[] = [];
  for (const [n, one] of all.entries()) {
    const silicon = recorded(lines[n] as string);
    expect(silicon.id).toBe(one.id.replaceAll(' ', '_'));
    const own = simulate(one);
    if (own !== silicon.result) differences.push(`${one.id}\n  own     ${own}\n  silicon ${silicon.result}`);
  }
  expect(differences.length, differences.slice(0, 40).join('\n')).toBe(0);
});
