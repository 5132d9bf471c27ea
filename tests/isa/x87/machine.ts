// A processor with flat segments and two small regions of memory, laid out as the recorded cases were.

import type { GuestMemory, Platform } from '../../../src/isa/environment.ts';
import { GuestFault, PF } from '../../../src/isa/fault.ts';
import { CS, DS, type Insn, SS } from '../../../src/isa/insn.ts';
import { REGISTER_FILE_BYTES } from '../../../src/isa/register-file.ts';
import { updateSpans } from '../../../src/isa/segment.ts';
import * as x87 from '../../../src/isa/semantics/x87/index.ts';
import { giveWords } from '../../../src/isa/semantics/x87/stack.ts';
import { Cpu } from '../../../src/isa/state.ts';
import { CR0_NE, CR0_PE } from '../../../src/isa/system-bits.ts';

export const DATA = 0x10000000;
export const CODE = 0x20000000;
const BYTES = 0x1000;

/** Memory at DATA and CODE; everything else faults. A place is an offset into `bytes`. */
export class SmallMemory implements GuestMemory {
  readonly bytes = new Uint8Array(2 * BYTES);
  private readonly view = new DataView(this.bytes.buffer);

  readPlace(linear: number, bytes: number): number {
    const at = linear - (linear < CODE ? DATA : CODE);
    if (at < 0 || at + bytes > BYTES) throw new GuestFault(PF, 0);
    return at + (linear < CODE ? 0 : BYTES);
  }
  writePlace(linear: number, bytes: number): number {
    return this.readPlace(linear, bytes);
  }
  load8(p: number, at: number): number {
    return this.view.getInt8(p + at);
  }
  load16(p: number, at: number): number {
    return this.view.getInt16(p + at, true);
  }
  load32(p: number, at: number): number {
    return this.view.getInt32(p + at, true);
  }
  store8(p: number, at: number, v: number): void {
    this.view.setInt8(p + at, v);
  }
  store16(p: number, at: number, v: number): void {
    this.view.setInt16(p + at, v, true);
  }
  store32(p: number, at: number, v: number): void {
    this.view.setInt32(p + at, v, true);
  }
  contextChanged(): void {}
  loadCr3(): void {}
  loadPdptes(): boolean {
    return true;
  }
  invalidatePage(): void {}
}

export const memory = new SmallMemory();
export const cpu = new Cpu(new ArrayBuffer(REGISTER_FILE_BYTES), 0, memory, {} as Platform);
cpu.cr0 = CR0_PE | CR0_NE;
for (const s of [0, CS, SS, DS, 4, 5]) {
  cpu.sel[s] = s === CS ? 0x23 : 0x2b;
  cpu.limit[s] = -1;
  cpu.access[s] = s === CS ? 0xc0fb : 0xc0f3;
  updateSpans(cpu, s);
}

const functions = x87 as unknown as Record<string, (c: Cpu, i: Insn) => void>;

/** Executes one instruction that stands at CODE. Returns the vector of the fault it raised, or -1. */
export function execute(i: Insn): number {
  cpu.eip = CODE + i.length;
  try {
    functions[i.op](cpu, i);
    return -1;
  } catch (e) {
    if (e instanceof GuestFault) return e.vector;
    throw e;
  }
}

export function implemented(op: string): boolean {
  return functions[op] !== undefined;
}

/** ST(n) = ten bytes, least significant first; the tag is not touched. */
export function setRegister(n: number, b: Uint8Array, at: number): void {
  const d = new DataView(b.buffer, b.byteOffset + at, 10);
  giveWords(cpu, (cpu.ftop + n) & 7, d.getUint16(8, true), d.getInt32(4, true), d.getInt32(0, true));
}

/** ST(n) as ten bytes. */
export function getRegister(n: number, b: Uint8Array, at: number): void {
  const p = (cpu.ftop + n) & 7;
  const d = new DataView(b.buffer, b.byteOffset + at, 10);
  d.setInt32(0, cpu.fpr[4 * p], true);
  d.setInt32(4, cpu.fpr[4 * p + 1], true);
  d.setUint16(8, cpu.fpr[4 * p + 2], true);
  giveWords(cpu, p, d.getUint16(8, true), d.getInt32(4, true), d.getInt32(0, true));
}
