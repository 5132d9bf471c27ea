// Fetching and decoding single instructions, with a cache by guest-physical address. Every engine that executes an
// instruction by its semantic function gets it here.

import { decode, MAX_LENGTH } from '../isa/decode.ts';
import { GP, GuestFault, UD } from '../isa/fault.ts';
import { CS, type Insn, type int, SS } from '../isa/insn.ts';
import { SEMANTICS, type Semantic } from '../isa/semantics/index.ts';
import type { Cpu } from '../isa/state.ts';
import { ACCESS_BIG } from '../isa/system-bits.ts';
import type { Memory } from '../memory/memory.ts';

/** An instruction and the function that executes it. */
export interface Executable {
  readonly insn: Insn;
  readonly run: Semantic;
}

export interface Decoded extends Executable {
  /** Guest-physical address of its first byte, as an int32. */
  readonly physical: int;
  /** Frame of its last byte if that is another one, else -1. */
  readonly secondFrame: int;
  /** CS.D and SS.B that it was decoded for: 2 bits. */
  readonly mode: int;
}

const PAGE = 4096;
const ENTRIES = 1 << 14;

const undefinedOpcode: Semantic = () => {
  throw new GuestFault(UD);
};

/** The function that executes an instruction. */
export function semanticOf(insn: Insn): Semantic {
  return SEMANTICS[insn.op] ?? undefinedOpcode;
}

/** CS.D in bit 0, SS.B in bit 1. */
export function decodeModeOf(c: Cpu): int {
  return ((c.access[CS] & ACCESS_BIG) !== 0 ? 1 : 0) | ((c.access[SS] & ACCESS_BIG) !== 0 ? 2 : 0);
}

export const DECODE_MODES = [
  { code32: false, stack32: false },
  { code32: true, stack32: false },
  { code32: false, stack32: true },
  { code32: true, stack32: true },
] as const;

export class DecodedInstructions {
  readonly #memory: Memory;
  #entries: (Decoded | undefined)[] = new Array(ENTRIES).fill(undefined);
  readonly #window = new Uint8Array(2 * MAX_LENGTH);

  constructor(memory: Memory) {
    this.#memory = memory;
  }

  /** The instruction at CS:EIP. #PF, and #GP(0) beyond the limit of CS. */
  at(c: Cpu): Decoded {
    const eip = c.eip;
    if (eip >>> 0 > c.limit[CS] >>> 0) throw new GuestFault(GP, 0);
    const linear = (c.base[CS] + eip) | 0;
    const user = c.cpl === 3 ? 1 : 0;
    const physical = this.#memory.fetch(linear, user) | 0;
    const mode = decodeModeOf(c);
    const index = (physical ^ (physical >>> 14)) & (ENTRIES - 1);
    const known = this.#entries[index];
    if (known !== undefined && known.physical === physical && known.mode === mode) {
      if (known.secondFrame === -1) {
        if (this.#fits(c, eip, known.insn.length)) return known;
      } else {
        const second = this.#memory.fetch((linear + known.insn.length - 1) | 0, user);
        if (second >>> 12 === known.secondFrame && this.#fits(c, eip, known.insn.length)) return known;
      }
    }
    const made = this.#decode(c, linear, physical, mode, user);
    if (!this.#fits(c, eip, made.insn.length)) throw new GuestFault(GP, 0);
    if (made.physical !== -1) this.#entries[index] = made;
    return made;
  }

  /** Forgets what was decoded from `bytes` at a guest-physical address. */
  invalidate(physical: int, bytes: int): void {
    for (let p = physical - MAX_LENGTH + 1; p < physical + bytes; p++) {
      const index = ((p | 0) ^ ((p | 0) >>> 14)) & (ENTRIES - 1);
      this.#entries[index] = undefined;
    }
  }

  flush(): void {
    this.#entries.fill(undefined);
  }

  #fits(c: Cpu, eip: int, length: int): boolean {
    return (eip >>> 0) + length - 1 <= c.limit[CS] >>> 0;
  }

  #decode(c: Cpu, linear: int, physical: int, mode: int, user: int): Decoded {
    const memory = this.#memory;
    const host = memory.hostOf(physical);
    const inPage = PAGE - (linear & (PAGE - 1));
    const decodeMode = DECODE_MODES[mode] as (typeof DECODE_MODES)[number];
    if (host >= 0) {
      const insn = decode(memory.u8, host, Math.min(inPage, MAX_LENGTH), decodeMode);
      if (insn) {
        memory.traceCode(physical, insn.length);
        return this.#made(insn, physical, -1, mode);
      }
    }
    // Across a page, or code that is not in memory: byte by byte.
    const window = this.#window;
    const first = Math.min(inPage, MAX_LENGTH);
    memory.readPhysical(physical >>> 0, window.subarray(0, first));
    let insn = decode(window, 0, first, decodeMode);
    if (insn) return this.#made(insn, -1, -1, mode);
    // What lies beyond the limit is not fetched.
    if (c.eip >>> 0 > (c.limit[CS] >>> 0) - inPage) throw new GuestFault(GP, 0);
    const next = memory.fetch((linear + inPage) | 0, user) | 0;
    memory.readPhysical(next >>> 0, window.subarray(first, MAX_LENGTH));
    insn = decode(window, 0, MAX_LENGTH, decodeMode);
    if (!insn) throw new Error('the decoder asked for more than 15 bytes');
    if (memory.hostOf(physical) < 0 || memory.hostOf(next) < 0) return this.#made(insn, -1, -1, mode);
    memory.traceCode(physical, first);
    memory.traceCode(next, insn.length - first);
    return this.#made(insn, physical, next >>> 12, mode);
  }

  #made(insn: Insn, physical: int, secondFrame: int, mode: int): Decoded {
    return { insn, run: semanticOf(insn), physical, secondFrame, mode };
  }
}
