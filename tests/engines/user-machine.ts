// A machine for user-mode code, as the recorded cases want it (tests/vectors/integer-format.ts): PAE paging with data at
// 10000000H and code at 20000000H for the user, tables and handlers at C0000000H for the supervisor. An exception ends a
// run: its handler halts, and the frame on the supervisor's stack tells what happened.

import type { Engine } from '../../src/cpu/engine.ts';
import type { Platform } from '../../src/isa/environment.ts';
import { GuestFault, PF } from '../../src/isa/fault.ts';
import { CS, LDTR, SS, TR } from '../../src/isa/insn.ts';
import { WORD } from '../../src/isa/register-file.ts';
import { setCr3 } from '../../src/isa/semantics/control.ts';
import { getEflags, setEflags } from '../../src/isa/semantics/eflags.ts';
import { resetCpu, resetFloatingPoint } from '../../src/isa/semantics/exception.ts';
import { loadSegment, setFromDescriptor, setSegment } from '../../src/isa/semantics/segments.ts';
import { Cpu } from '../../src/isa/state.ts';
import {
  CR0_AM,
  CR0_ET,
  CR0_MP,
  CR0_NE,
  CR0_PE,
  CR0_PG,
  CR0_WP,
  CR4_OSFXSR,
  CR4_PAE,
  EFER_NXE,
} from '../../src/isa/system-bits.ts';
import type { CodeKind } from '../../src/memory/heap.ts';
import { Memory } from '../../src/memory/memory.ts';
import {
  CODE,
  CODE_BYTES,
  DATA,
  DATA_BYTES,
  dataImage,
  FILLER,
  LDT_ENTRIES,
  MODES,
  type Mode,
} from '../vectors/integer-format.ts';

// Guest-physical.
const PDPT = 0x1000;
const DIRECTORIES = 0x2000;
/** Another address space, in which the code pages have changed places. */
const OTHER_PDPT = 0x9000;
const OTHER_DIRECTORY = 0xa000;
const OTHER_CODE_TABLE = 0xb000;
const SYSTEM_FRAMES = 0x40000;
export const DATA_FRAMES = 0x100000;
export const CODE_FRAMES = 0x200000;

// Guest-linear, of the supervisor.
const SYSTEM = 0xc0000000;
const SYSTEM_BYTES = 0x8000;
const GDT = SYSTEM;
const LDT = SYSTEM + 0x1000;
const TSS = SYSTEM + 0x2000;
const IDT = SYSTEM + 0x5000;
const STACK_TOP = SYSTEM + 0x7000;
const HANDLERS = SYSTEM + 0x7000;
/** Of a handler: one HLT. */
const HANDLER_BYTES = 16;

const PRESENT = 1;
const WRITABLE = 2;
const USER = 4;
/** Accessed and dirty already: no engine writes page tables. */
const USED = 0x60;
const NO_EXECUTE = -0x80000000;

const HAS_CODE = new Set([8, 10, 11, 12, 13, 14, 17]);
/** Words of the register file that are the processor's, not the engine's. */
const STATE_WORDS = WORD.engine;

/** What ended a run, as the frame tells it. */
export interface Ending {
  readonly vector: number;
  readonly error: number;
  readonly cr2: number;
  readonly eip: number;
  readonly eflags: number;
  readonly cs: number;
  readonly ss: number;
  readonly esp: number;
}

const nothing: Platform = {
  portRead: () => -1,
  portWrite: () => {},
  cycles: () => 0,
  setCycles: () => {},
  acknowledge: () => 0,
  apicBase: () => 0xfee00900 | 0,
  setApicBase: () => false,
  shutdown: (reason) => {
    throw new Error(reason);
  },
};

export class UserMachine {
  readonly memory: Memory;
  readonly cpu: Cpu;
  readonly engine: Engine;
  /** Processor state at the start of a case, by mode. */
  readonly #starts: Int32Array[];

  constructor(makeEngine: (cpu: Cpu, memory: Memory) => Engine, code: CodeKind = 'asm.js') {
    const memory = new Memory({
      code,
      ramBytes: 4 << 20,
      raisePageFault: (linear, code) => {
        this.cpu.cr2 = linear;
        throw new GuestFault(PF, code);
      },
      onCodeWrite: (physical, bytes) => this.engine.codeWritten(physical, bytes),
      onMappingLost: (user, tableWord) => this.engine.mappingLost(user, tableWord),
    });
    memory.map.add({ start: 0, bytes: 4 << 20, name: 'RAM', backing: { kind: 'ram', host: 0 } });
    this.memory = memory;
    this.cpu = new Cpu(memory.heap, memory.layout.registersAt, memory, nothing);
    this.engine = makeEngine(this.cpu, memory);
    memory.reset();
    resetCpu(this.cpu);
    resetFloatingPoint(this.cpu);
    this.#pageTables();
    this.#tables();
    this.#supervisor();
    this.#starts = MODES.map((mode) => this.#stateOf(mode));
    this.data.set(dataImage());
    this.code.fill(FILLER);
    this.engine.flush();
  }

  /** The data and code pages. Write code by `writeCode` only. */
  get data(): Uint8Array {
    return this.memory.u8.subarray(DATA_FRAMES, DATA_FRAMES + DATA_BYTES);
  }
  get code(): Uint8Array {
    return this.memory.u8.subarray(CODE_FRAMES, CODE_FRAMES + CODE_BYTES);
  }

  /** Writes bytes that fit on the data or code pages, at a guest-linear address; engines notice. */
  write(linear: number, bytes: Uint8Array): void {
    const physical = linear >= CODE ? linear - CODE + CODE_FRAMES : linear - DATA + DATA_FRAMES;
    this.memory.writePhysical(physical, bytes);
  }

  /** The state that a mode starts with: registers and EIP are the caller's to set. */
  start(mode: number, registers: Int32Array, eip: number, eflags: number): void {
    const c = this.cpu;
    const { cr3 } = c;
    c.words.set(this.#starts[mode] as Int32Array);
    c.cr3 = cr3;
    c.reg.set(registers);
    c.eip = eip | 0;
    setEflags(c, eflags, -1);
  }

  /** Runs until an exception; undefined if there is none within `budget` instructions. */
  run(budget: number): Ending | undefined {
    const c = this.cpu;
    this.engine.run(budget);
    if (c.halted === 0) return undefined;
    // HLT is done: EIP is behind it.
    const vector = ((c.eip - 1 - HANDLERS) | 0) / HANDLER_BYTES;
    if (c.cpl !== 0 || !Number.isInteger(vector)) throw new Error(`halted at ${(c.eip >>> 0).toString(16)}`);
    const top = SYSTEM_FRAMES + ((c.reg[4] as number) - (SYSTEM | 0));
    const word = (n: number): number => this.memory.i32[(top >> 2) + n] as number;
    const code = HAS_CODE.has(vector) ? 1 : 0;
    return {
      vector,
      error: code ? word(0) : 0,
      cr2: vector === PF ? c.cr2 >>> 0 : 0,
      eip: word(code) >>> 0,
      cs: word(code + 1) & 0xffff,
      eflags: word(code + 2),
      esp: word(code + 3),
      ss: word(code + 4) & 0xffff,
    };
  }

  /** Changes the rights of a data page: present and writable, present, or absent. */
  protect(linear: number, rights: 'write' | 'read' | 'none'): void {
    const frame = DATA_FRAMES + (linear & 0xf000);
    const low = rights === 'none' ? 0 : frame | PRESENT | USER | USED | (rights === 'write' ? WRITABLE : 0);
    this.#entry(linear, low, NO_EXECUTE);
    this.memory.invalidatePage(linear);
  }

  /** MOV CR3: the machine's own address space, or the other. */
  select(space: 0 | 1): void {
    setCr3(this.cpu, space === 0 ? PDPT : OTHER_PDPT);
  }

  /** Which of the two code frames each of the code pages shows in the machine's own address space, or -1 for none. */
  mapCode(frames: readonly [number, number]): void {
    for (const [page, frame] of frames.entries()) {
      const linear = CODE + 4096 * page;
      const low = frame < 0 ? 0 : (CODE_FRAMES + 4096 * frame) | PRESENT | USER | USED | WRITABLE;
      this.#entry(linear, low, 0);
      this.memory.invalidatePage(linear);
    }
  }

  /**
   * Handlers that go on with the next 64 bytes of code, round about the code pages, instead of halting: the code is to
   * be in units of that size.
   */
  resumeAfterFaults(): void {
    const at = (vector: number): number => SYSTEM_FRAMES + HANDLERS - SYSTEM + HANDLER_BYTES * vector;
    const common = 0x40;
    // add dword [esp], 64; and dword [esp], CODE_BYTES - 64; or dword [esp], CODE; iret
    const go = [0x83, 0x04, 0x24, 64, 0x81, 0x24, 0x24, 0xc0, 0x1f, 0, 0, 0x81, 0x0c, 0x24, 0, 0, 0, 0x20, 0xcf];
    this.memory.writePhysical(at(common), Uint8Array.from(go));
    for (let vector = 0; vector < 32; vector++) {
      // add esp, 4 for an error code; jmp
      const skip = HAS_CODE.has(vector) ? [0x83, 0xc4, 4] : [];
      const rel = at(common) - at(vector) - skip.length - 5;
      this.memory.writePhysical(at(vector), Uint8Array.from([...skip, 0xe9, rel, rel >> 8, rel >> 16, rel >> 24]));
    }
  }

  #entry(linear: number, low: number, high: number): void {
    const page = linear >>> 12;
    const table = this.#table(linear);
    const at = table + 8 * (page & 511);
    const bytes = new Uint8Array(8);
    new DataView(bytes.buffer).setInt32(0, low, true);
    new DataView(bytes.buffer).setInt32(4, high, true);
    this.memory.writePhysical(at, bytes);
  }

  /** The page table of an address: one for each region. */
  #table(linear: number): number {
    return linear >= SYSTEM ? 0x8000 : linear >= CODE ? 0x7000 : 0x6000;
  }

  #pageTables(): void {
    const { i32 } = this.memory;
    const put = (at: number, low: number): void => {
      i32[at >> 2] = low;
    };
    for (let k = 0; k < 4; k++) put(PDPT + 8 * k, (DIRECTORIES + 4096 * k) | PRESENT);
    const map = (linear: number, bytes: number, frames: number, rights: number, high: number): void => {
      put(DIRECTORIES + 8 * (linear >>> 21), this.#table(linear) | PRESENT | WRITABLE | USER | USED);
      for (let k = 0; k < bytes; k += 4096) this.#entry(linear + k, (frames + k) | rights | PRESENT | USED, high);
    };
    map(DATA, DATA_BYTES, DATA_FRAMES, WRITABLE | USER, NO_EXECUTE);
    map(CODE, CODE_BYTES, CODE_FRAMES, WRITABLE | USER, 0);
    map(SYSTEM, SYSTEM_BYTES, SYSTEM_FRAMES, WRITABLE, 0);
    for (let k = 0; k < 4; k++) put(OTHER_PDPT + 8 * k, (k === 0 ? OTHER_DIRECTORY : DIRECTORIES + 4096 * k) | PRESENT);
    this.memory.u8.copyWithin(OTHER_DIRECTORY, DIRECTORIES, DIRECTORIES + 4096);
    put(OTHER_DIRECTORY + 8 * (CODE >>> 21), OTHER_CODE_TABLE | PRESENT | WRITABLE | USER | USED);
    for (const page of [0, 1]) {
      const at = OTHER_CODE_TABLE + 8 * (((CODE >>> 12) + page) & 511);
      put(at, (CODE_FRAMES + 4096 * (1 - page)) | PRESENT | WRITABLE | USER | USED);
    }
  }

  /** Linux' GDT as far as a program can see it, the cases' LDT, a TSS, gates with the levels that Linux gives them. */
  #tables(): void {
    const { i32, u8 } = this.memory;
    const put = (linear: number, low: number, high: number): void => {
      const at = (linear - SYSTEM + SYSTEM_FRAMES) >> 2;
      i32[at] = low;
      i32[at + 1] = high;
    };
    const descriptor = (at: number, base: number, limit: number, access: number): void =>
      put(
        at,
        ((base & 0xffff) << 16) | (limit & 0xffff),
        (base & 0xff000000) |
          ((access & 0xf000) << 8) |
          (limit & 0xf0000) |
          ((access & 0xff) << 8) |
          ((base >>> 16) & 0xff),
      );
    const gdt: [number, number][] = [
      [1, 0xc09b],
      [2, 0xc09b],
      [3, 0xc093],
      [4, 0xc0fb],
      [5, 0xc0f3],
    ];
    for (const [n, access] of gdt) descriptor(GDT + 8 * n, 0, 0xfffff, access);
    descriptor(GDT + 8 * 8, TSS, 0x206f, 0x008b);
    for (const [n, [base, limit, bits]] of LDT_ENTRIES.entries()) {
      const type = (((bits >> 1) & 3) << 2) | (bits & 8 ? 0 : 2) | 1;
      const access = type | 0x70 | (bits & 0x20 ? 0 : 0x80) | (bits & 1 ? 0x4000 : 0) | (bits & 0x10 ? 0x8000 : 0);
      descriptor(LDT + 8 * n, base, limit, access);
    }
    for (let n = 0; n < 256; n++) {
      const handler = HANDLERS + HANDLER_BYTES * n;
      const access = n === 3 || n === 4 || n === 0x80 ? 0xee00 : 0x8e00;
      put(IDT + 8 * n, (8 << 16) | (handler & 0xffff), (handler & 0xffff0000) | access);
    }
    u8.fill(FILLER, SYSTEM_FRAMES + HANDLERS - SYSTEM, SYSTEM_FRAMES + HANDLERS - SYSTEM + 4096);
    const tss = (TSS - SYSTEM + SYSTEM_FRAMES) >> 2;
    i32[tss + 1] = STACK_TOP | 0;
    i32[tss + 2] = 0x18;
    i32[tss + 25] = -65536;
  }

  #supervisor(): void {
    const c = this.cpu;
    c.cr4 = CR4_PAE | CR4_OSFXSR;
    c.efer = EFER_NXE;
    c.cr3 = PDPT;
    if (!this.memory.loadPdptes(PDPT)) throw new Error('PDPTEs with reserved bits');
    c.cr0 = CR0_PE | CR0_MP | CR0_ET | CR0_NE | CR0_WP | CR0_AM | CR0_PG;
    this.memory.contextChanged(c, true);
    c.gdtBase = GDT | 0;
    c.gdtLimit = 0x7f;
    c.idtBase = IDT | 0;
    c.idtLimit = 0x7ff;
    setSegment(c, LDTR, 0x50, LDT | 0, 8 * LDT_ENTRIES.length - 1, 0x82);
    setSegment(c, TR, 0x40, TSS | 0, 0x206f, 0x8b);
  }

  #stateOf(mode: Mode): Int32Array {
    const c = this.cpu;
    c.cpl = 3;
    const cs = mode.selectors[CS] as number;
    const table = ((cs & 4) !== 0 ? LDT : GDT) - SYSTEM + SYSTEM_FRAMES + (cs & ~7);
    setFromDescriptor(c, CS, cs, this.memory.i32[table >> 2] as number, this.memory.i32[(table >> 2) + 1] as number);
    for (const [seg, selector] of mode.selectors.entries()) if (seg !== CS) loadSegment(c, seg, selector);
    c.halted = 0;
    c.attention = 0;
    c.shadow = 0;
    return c.words.slice(0, STATE_WORDS);
  }

  /** EFLAGS now. */
  get eflags(): number {
    return getEflags(this.cpu);
  }

  /** Selectors ES CS SS DS FS GS after a run that ended so. */
  selectors(ending: Ending): number[] {
    const { sel } = this.cpu;
    return [0, 1, 2, 3, 4, 5].map((s) => (s === CS ? ending.cs : s === SS ? ending.ss : (sel[s] as number)));
  }
}
