// Replays recorded cases on an engine and says what differs.

import { decode } from '../../src/isa/decode.ts';
import type { Insn } from '../../src/isa/insn.ts';
import {
  type Bytes,
  type Case,
  CODE,
  CODE_BYTES,
  DATA,
  DATA_BYTES,
  dataImage,
  FILLER,
  MODES,
  type Mode,
  startEip,
} from '../vectors/integer-format.ts';
import { PARTIAL, undefinedFlags } from '../vectors/undefined.ts';
import type { Ending, UserMachine } from './user-machine.ts';

/** Enough for every case: the longest string instruction, the HLT, the handler. */
const BUDGET = 4096;
const NOP = 0x90;
const REGISTERS = ['EAX', 'ECX', 'EDX', 'EBX', 'ESP', 'EBP', 'ESI', 'EDI'];
const SEGMENTS = ['ES', 'CS', 'SS', 'DS', 'FS', 'GS'];
/** RF is set in the frame of a fault, and not recorded; TF neither. */
const RECORDED_FLAGS = ~0x10100;

const hex = (n: number): string => (n >>> 0).toString(16);

/** The instruction of a case, as the engines decode it. */
export function instruction(one: Case): Insn {
  const bytes = new Uint8Array(64).fill(FILLER);
  bytes.set(one.code);
  return decode(bytes, 0, 64, MODES[one.mode] as Mode) as Insn;
}

export class Replay {
  readonly #machine: UserMachine;
  readonly #image = dataImage();
  readonly #data = dataImage();
  readonly #code = new Uint8Array(CODE_BYTES).fill(FILLER);

  constructor(machine: UserMachine) {
    this.#machine = machine;
  }

  /**
   * What differs from the recorded outcome; undefined if nothing does. `warm`: behind a NOP, and after so many runs that
   * are not looked at.
   */
  difference(one: Case, i: Insn, warm = 0): string | undefined {
    const m = this.#machine;
    const { outcome } = one;
    for (const b of one.memory) this.#write(b);
    const fits = Math.min(one.code.length, CODE + CODE_BYTES - one.at);
    const lead = warm > 0 ? [NOP] : [];
    const code = { at: one.at - lead.length, bytes: Uint8Array.from([...lead, ...one.code.subarray(0, fits)]) };
    this.#write(code);
    let ending: Ending | undefined;
    for (let run = 0; run <= warm; run++) {
      if (run > 0)
        for (const b of outcome.memory) m.write(b.at, this.#data.slice(b.at - DATA, b.at - DATA + b.bytes.length));
      m.start(one.mode, one.registers, startEip(one) - lead.length, one.eflags | (one.step ? 0x100 : 0));
      ending = m.run(BUDGET);
    }
    for (const b of outcome.memory) this.#expect(b);
    const faulted = outcome.eip === startEip(one) && one.code.length > 0;
    const partial = faulted ? PARTIAL[i.op] : undefined;
    if (partial === 'memory') this.#data.set(m.data);
    const dataDiffers = Buffer.compare(m.data, this.#data) !== 0;
    const codeDiffers = Buffer.compare(m.code, this.#code) !== 0;
    const list: string[] = [];
    if (dataDiffers) list.push(firstDifference(DATA, m.data, this.#data));
    if (codeDiffers) list.push(firstDifference(CODE, m.code, this.#code));
    this.#restore([...one.memory, code, ...outcome.memory], dataDiffers || codeDiffers || partial === 'memory');
    if (!ending) return `no end within ${BUDGET} instructions: EIP ${hex(m.cpu.eip)}`;
    const expect = (name: string, own: number, real: number): void => {
      if (own !== real) list.push(`${name} ${hex(own)}, not ${hex(real)}`);
    };
    expect('vector', ending.vector, outcome.vector);
    expect('error code', ending.error, outcome.error);
    expect('CR2', ending.cr2, outcome.cr2);
    expect('EIP', ending.eip, outcome.eip);
    for (let r = 0; r < 8; r++) {
      if (partial === 'registers' && r !== 4) continue;
      const own = r === 4 ? ending.esp : (m.cpu.reg[r] as number);
      expect(REGISTERS[r] as string, own, outcome.registers[r] as number);
    }
    // A fault before the instruction is done leaves the flags alone.
    const defined = RECORDED_FLAGS & (faulted ? -1 : ~undefinedFlags(i, one.registers[1] as number));
    expect('EFLAGS', ending.eflags & defined, outcome.eflags & defined);
    const selectors = m.selectors(ending);
    for (let s = 0; s < 6; s++) expect(SEGMENTS[s] as string, selectors[s] as number, outcome.selectors[s] as number);
    return list.length > 0 ? list.join('; ') : undefined;
  }

  #write(b: Bytes): void {
    this.#machine.write(b.at, b.bytes);
    this.#expect(b);
  }

  #expect(b: Bytes): void {
    if (b.at >= CODE) this.#code.set(b.bytes, b.at - CODE);
    else this.#data.set(b.bytes, b.at - DATA);
  }

  /** Undoes what a case wrote; everything, if it wrote more than it should have. */
  #restore(pieces: readonly Bytes[], all: boolean): void {
    if (all) {
      this.#write({ at: DATA, bytes: this.#image });
      this.#write({ at: CODE, bytes: new Uint8Array(CODE_BYTES).fill(FILLER) });
      return;
    }
    for (const { at, bytes } of pieces) {
      const n = bytes.length;
      if (at >= CODE) this.#write({ at, bytes: new Uint8Array(n).fill(FILLER) });
      else this.#write({ at, bytes: this.#image.subarray(at - DATA, Math.min(at - DATA + n, DATA_BYTES)) });
    }
  }
}

function firstDifference(base: number, own: Uint8Array, real: Uint8Array): string {
  const k = own.findIndex((b, n) => b !== real[n]);
  const part = (bytes: Uint8Array): string => Buffer.from(bytes.subarray(k, k + 8)).toString('hex');
  return `memory at ${hex(base + k)}: ${part(own)}, not ${part(real)}`;
}

/** A case in a line, for reports. */
export function describeCase(one: Case, form: string): string {
  const registers = REGISTERS.map((name, r) => `${name}=${hex(one.registers[r] as number)}`).join(' ');
  const memory = one.memory.map((m) => ` [${hex(m.at)}]=${Buffer.from(m.bytes).toString('hex')}`).join('');
  const code = Buffer.from(one.code).toString('hex');
  return `${form} (${code}) at ${hex(one.at)}, ${(MODES[one.mode] as Mode).name}: ${registers} EFLAGS=${hex(one.eflags)}${memory}${one.step ? ' TF' : ''}`;
}
