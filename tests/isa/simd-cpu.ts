// A processor for the SIMD tests: flat segments at CPL 3, and as memory the data pages of the recorded cases alone.

import type { GuestMemory, Platform } from '../../src/isa/environment.ts';
import { GuestFault, PF } from '../../src/isa/fault.ts';
import { CS, DS, ES, SS } from '../../src/isa/insn.ts';
import { REGISTER_FILE_BYTES } from '../../src/isa/register-file.ts';
import { updateSpans } from '../../src/isa/segment.ts';
import { Cpu } from '../../src/isa/state.ts';
import {
  ACCESS_BIG,
  ACCESS_CODE,
  ACCESS_PRESENT,
  ACCESS_SEGMENT,
  ACCESS_WRITABLE_OR_READABLE,
  CR0_NE,
  CR0_PE,
  CR4_OSFXSR,
  CR4_OSXMMEXCPT,
} from '../../src/isa/system-bits.ts';

/** Memory from `first` on for `length` bytes; everything else is not present. A place is an offset. */
export class FlatMemory implements GuestMemory {
  readonly bytes: Uint8Array;
  readonly #view: DataView;
  readonly #first: number;

  constructor(first: number, length: number) {
    this.#first = first;
    this.bytes = new Uint8Array(length);
    this.#view = new DataView(this.bytes.buffer);
  }

  readPlace(linear: number, bytes: number, user: number): number {
    return this.#place(linear, bytes, user << 2);
  }
  writePlace(linear: number, bytes: number, user: number): number {
    return this.#place(linear, bytes, (user << 2) | 2);
  }
  load8(place: number, at: number): number {
    return this.#view.getInt8(place + at);
  }
  load16(place: number, at: number): number {
    return this.#view.getInt16(place + at, true);
  }
  load32(place: number, at: number): number {
    return this.#view.getInt32(place + at, true);
  }
  store8(place: number, at: number, value: number): void {
    this.#view.setInt8(place + at, value);
  }
  store16(place: number, at: number, value: number): void {
    this.#view.setInt16(place + at, value, true);
  }
  store32(place: number, at: number, value: number): void {
    this.#view.setInt32(place + at, value, true);
  }
  contextChanged(): void {}
  loadCr3(): void {}
  loadPdptes(): boolean {
    return true;
  }
  invalidatePage(): void {}

  #place(linear: number, bytes: number, code: number): number {
    const at = linear - this.#first;
    if (at < 0 || at + bytes > this.bytes.length) throw new GuestFault(PF, code);
    return at;
  }
}

const nothing = (): never => {
  throw new Error('the SIMD instructions have no business with the platform');
};

export function simdCpu(memory: GuestMemory): Cpu {
  const platform = {
    portRead: nothing,
    portWrite: nothing,
    cycles: nothing,
    setCycles: nothing,
    acknowledge: nothing,
    apicBase: nothing,
    setApicBase: nothing,
    shutdown: nothing,
  } satisfies Platform;
  const c = new Cpu(new ArrayBuffer(REGISTER_FILE_BYTES), 0, memory, platform);
  c.cr0 = CR0_PE | CR0_NE;
  c.cr4 = CR4_OSFXSR | CR4_OSXMMEXCPT;
  c.cpl = 3;
  for (const seg of [ES, CS, SS, DS]) {
    c.access[seg] =
      ACCESS_PRESENT | ACCESS_SEGMENT | ACCESS_WRITABLE_OR_READABLE | ACCESS_BIG | (seg === CS ? ACCESS_CODE : 0);
    c.limit[seg] = -1;
    updateSpans(c, seg);
  }
  return c;
}
