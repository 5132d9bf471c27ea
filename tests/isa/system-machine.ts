// A bench for the system half of the semantics: flat memory without paging, a recording platform, descriptors and
// instructions put together by hand. No decoder and no engine: a test calls the semantic function.

import type { GuestMemory, Platform } from '../../src/isa/environment.ts';
import { GuestFault } from '../../src/isa/fault.ts';
import {
  CREG,
  DREG,
  FAR,
  IMM,
  type Insn,
  MEM,
  NO_OPERAND,
  NONE,
  type Operand,
  REG,
  REG8,
  SREG,
} from '../../src/isa/insn.ts';
import { REGISTER_FILE_BYTES } from '../../src/isa/register-file.ts';
import { resetCpu } from '../../src/isa/semantics/exception.ts';
import { Cpu } from '../../src/isa/state.ts';

export type Semantic = (c: Cpu, i: Insn) => void;

/** Flat memory: guest-linear address = offset. Accesses with user rights can be refused from an address on. */
export class FlatMemory implements GuestMemory {
  readonly view: DataView;
  readonly events: string[] = [];
  /** Pages (linear >> 12) that fault. */
  readonly absent = new Set<number>();
  pdptesValid = true;
  cpu!: Cpu;

  constructor(bytes: number) {
    this.view = new DataView(new ArrayBuffer(bytes));
  }

  readPlace(linear: number, bytes: number, user: number): number {
    return this.#place(linear, bytes, user, 0);
  }
  writePlace(linear: number, bytes: number, user: number): number {
    return this.#place(linear, bytes, user, 2);
  }
  load8(place: number, at: number): number {
    return this.view.getInt8(place + at);
  }
  load16(place: number, at: number): number {
    return this.view.getInt16(place + at, true);
  }
  load32(place: number, at: number): number {
    return this.view.getInt32(place + at, true);
  }
  store8(place: number, at: number, value: number): void {
    this.view.setInt8(place + at, value);
  }
  store16(place: number, at: number, value: number): void {
    this.view.setInt16(place + at, value, true);
  }
  store32(place: number, at: number, value: number): void {
    this.view.setInt32(place + at, value, true);
  }
  contextChanged(_cpu: Cpu, flushGlobal: boolean): void {
    this.events.push(flushGlobal ? 'context, global' : 'context');
  }
  loadCr3(cpu: Cpu): void {
    this.events.push(`cr3 ${(cpu.cr3 >>> 0).toString(16)}`);
  }
  loadPdptes(cr3: number): boolean {
    this.events.push(`pdptes ${(cr3 >>> 0).toString(16)}`);
    return this.pdptesValid;
  }
  invalidatePage(linear: number): void {
    this.events.push(`invlpg ${(linear >>> 0).toString(16)}`);
  }

  #place(linear: number, bytes: number, user: number, write: number): number {
    const first = linear >>> 0;
    const last = first + bytes - 1;
    for (let page = first >>> 12; page <= last >>> 12; page++) {
      const at = Math.max(first, page * 4096);
      if (this.absent.has(page) || this.translate(at, user) < 0 || this.translate(last, user) < 0) {
        this.cpu.cr2 = at | 0;
        throw new GuestFault(14, write | (user << 2));
      }
    }
    return this.translate(first, user);
  }

  /** Offset in `view` of a linear address, -1 if nothing is there. */
  translate(linear: number, _user: number): number {
    return linear < this.view.byteLength ? linear : -1;
  }
}

export class RecordingPlatform implements Platform {
  readonly events: string[] = [];
  readonly ports = new Map<number, number>();
  time = 0;
  apic = 0xfee00900;
  portRead(port: number, size: number): number {
    this.events.push(`in ${port.toString(16)} ${size}`);
    return this.ports.get(port) ?? -1 >>> (32 - size);
  }
  portWrite(port: number, size: number, value: number): void {
    this.events.push(`out ${port.toString(16)} ${size} ${(value >>> 0).toString(16)}`);
  }
  cycles(): number {
    return this.time;
  }
  setCycles(value: number): void {
    this.time = value;
  }
  acknowledge(): number {
    return 0;
  }
  apicBase(): number {
    return this.apic | 0;
  }
  setApicBase(value: number): boolean {
    if (value & 0xff) return false;
    this.apic = value;
    return true;
  }
  shutdown(reason: string): void {
    this.events.push(reason);
  }
}

const NOTHING: Operand = {
  kind: NO_OPERAND,
  size: 32,
  n: 0,
  up: 0,
  value: 0,
  base: NONE,
  index: NONE,
  scale: 0,
  disp: 0,
  seg: 3,
  address: 32,
};

export const reg = (n: number, size: 16 | 32 = 32): Operand => ({ ...NOTHING, kind: REG, n, size });
export const reg8 = (n: number): Operand => ({ ...NOTHING, kind: REG8, n, up: 24, size: 8 });
export const imm = (value: number, size: Operand['size'] = 16): Operand => ({ ...NOTHING, kind: IMM, value, size });
export const sreg = (n: number): Operand => ({ ...NOTHING, kind: SREG, n, size: 16 });
export const creg = (n: number): Operand => ({ ...NOTHING, kind: CREG, n });
export const dreg = (n: number): Operand => ({ ...NOTHING, kind: DREG, n });
export const far = (n: number, value: number): Operand => ({ ...NOTHING, kind: FAR, n, value });
/** [seg:disp]. */
export const mem = (disp: number, size: Operand['size'] = 32, seg = 3): Operand => ({
  ...NOTHING,
  kind: MEM,
  disp,
  size,
  seg,
});

/** An instruction with these fields; 32-bit operands, addresses and stack unless it says otherwise. */
export function insn(fields: Partial<Insn> = {}): Insn {
  return {
    op: '',
    size: 32,
    osize: 32,
    asize: 32,
    ssize: 32,
    dst: NOTHING,
    src: NOTHING,
    src2: NOTHING,
    cc: 0,
    rep: 0,
    lock: false,
    rel: 0,
    length: 2,
    ...fields,
  };
}

export interface Machine {
  readonly c: Cpu;
  readonly memory: FlatMemory;
  readonly platform: RecordingPlatform;
}

/** A processor after reset, with `bytes` of memory. */
export function machine(bytes = 0x20000): Machine {
  const memory = new FlatMemory(bytes);
  const platform = new RecordingPlatform();
  const c = new Cpu(new ArrayBuffer(REGISTER_FILE_BYTES), 0, memory, platform);
  memory.cpu = c;
  resetCpu(c);
  memory.events.length = 0;
  return { c, memory, platform };
}

/** Runs a semantic function; returns `ok`, or the fault as `#13(8)`. EIP goes back as the engine puts it. */
export function run(m: Machine, op: Semantic, i: Insn): string {
  const start = m.c.eip;
  m.c.eip = (start + i.length) | 0;
  try {
    op(m.c, i);
    return 'ok';
  } catch (fault) {
    if (!(fault instanceof GuestFault)) throw fault;
    m.c.eip = start;
    return describe(fault);
  }
}

export function describe(fault: GuestFault): string {
  return fault.code < 0 ? `#${fault.vector}` : `#${fault.vector}(${fault.code.toString(16)})`;
}

/** Writes a descriptor. `access` as in `c.access`: type, S, DPL and P in the low byte, flags in bits 12..15. */
export function descriptor(m: Machine, at: number, base: number, limit: number, access: number): void {
  m.memory.store32(at, 0, ((base & 0xffff) << 16) | (limit & 0xffff));
  m.memory.store32(
    at,
    4,
    (base & 0xff000000) |
      ((access & 0xf000) << 8) |
      (limit & 0xf0000) |
      ((access & 0xff) << 8) |
      ((base >>> 16) & 0xff),
  );
}

/** Writes a gate. `type` with DPL and P, 8 bits. */
export function gate(m: Machine, at: number, selector: number, offset: number, type: number, count = 0): void {
  m.memory.store32(at, 0, (selector << 16) | (offset & 0xffff));
  m.memory.store32(at, 4, (offset & 0xffff0000) | (type << 8) | count);
}

/** The doublewords from ESP upwards. */
export function stack(m: Machine, count: number): string {
  const at = m.c.base[2] + (m.c.access[2] & 0x4000 ? m.c.reg[4] : m.c.reg[4] & 0xffff);
  return Array.from({ length: count }, (_, k) => (m.memory.load32(at, 4 * k) >>> 0).toString(16)).join(' ');
}

/** Registers for assertions: CS:EIP SS:ESP CPL. */
export function place(m: Machine): string {
  const hex = (n: number) => (n >>> 0).toString(16);
  const { c } = m;
  return `${hex(c.sel[1])}:${hex(c.eip)} ${hex(c.sel[2])}:${hex(c.reg[4])} cpl ${c.cpl}`;
}
