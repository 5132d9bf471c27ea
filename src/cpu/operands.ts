// Memory operands of instructions that packed or translated code left: where they are, and whether a page that is not at
// hand is all that they were left for.

import { GuestFault, PF } from '../isa/fault.ts';
import { IMM, type Insn, type int, MEM, type Operand } from '../isa/insn.ts';
import { deliverFault } from '../isa/semantics/interrupt.ts';
import type { Cpu } from '../isa/state.ts';
import type { Memory } from '../memory/memory.ts';
import { NOT_DIRECT, NOT_WRITABLE } from '../memory/shadow.ts';
import { isBent, NEVER_FLAT } from './mode.ts';
import { placeOf } from './pack.ts';
import { PLACE_WRITTEN } from './shape.ts';
import type { Situation } from './situation.ts';

// Answers of `touch`: the reference has to execute the instruction; it can be tried again; its page fault is delivered.
export const REFERENCE = 0;
export const AGAIN = 1;
export const FAULTED = 2;

export class Operands {
  readonly #situation: Situation;
  readonly #cpu: Cpu;
  readonly #memory: Memory;
  readonly #places = new WeakMap<Insn, int>();

  constructor(situation: Situation, memory: Memory) {
    this.#situation = situation;
    this.#cpu = situation.cpu;
    this.#memory = memory;
  }

  /** The operand that it accesses first (see `placeOf` of pack.ts); 0 where its segment is not flat in `mode`. */
  placeOf(insn: Insn, mode: int): int {
    let place = this.#places.get(insn);
    if (place === undefined) {
      place = placeOf(insn, NEVER_FLAT);
      this.#places.set(insn, place);
    }
    return place !== 0 && !isBent(mode, operandOf(insn).seg) ? place : 0;
  }

  /** Where its operand in memory is, in a segment that is flat. */
  addressOf(insn: Insn): int {
    const reg = this.#cpu.words;
    const m = operandOf(insn);
    return (reg[m.base] + (reg[m.index] << m.scale) + m.disp) | 0;
  }

  /** Whether it is aligned, and the shadow page table answers for it. */
  isAtHand(linear: int, place: int): boolean {
    return isAligned(linear, place) && this.#isMapped(linear, place);
  }

  /**
   * Looks at the operand `place` at `linear` of the instruction at EIP. Mostly its page is not at hand, and that is all
   * it takes: the shadow page table is filled, or the page fault delivered, without an exception of the host's, which
   * takes microseconds.
   */
  touch(linear: int, place: int): int {
    // If it is at hand, it is another operand that the instruction was left for.
    if (!isAligned(linear, place) || this.#isMapped(linear, place)) return REFERENCE;
    const c = this.#cpu;
    const error = this.#memory.touch(linear, c.cpl === 3 ? 1 : 0, (place & PLACE_WRITTEN) !== 0);
    // The code may be what has changed: by page tables that are written.
    if (error < 0) return this.#isMapped(linear, place) && !this.#situation.codeChanged ? AGAIN : REFERENCE;
    c.shadow = 0;
    c.RF = 0;
    c.cr2 = linear;
    deliverFault(c, new GuestFault(PF, error));
    return FAULTED;
  }

  /**
   * Executes a MOV of a doubleword at EIP, whose operand is at `linear`, if it is one to a page table: the most common of
   * the stores that somebody watches. Whether it did.
   */
  storeToTable(linear: int, insn: Insn): boolean {
    const { dst, src } = insn;
    if (insn.op !== 'MOV' || dst.kind !== MEM || dst.size !== 32) return false;
    const c = this.#cpu;
    const value = src.kind === IMM ? src.value : (c.words[src.n] as int);
    if (!this.#memory.storeToTable(linear, c.cpl === 3 ? 1 : 0, value)) return false;
    c.shadow = 0;
    c.RF = 0;
    c.eip = (c.eip + insn.length) | 0;
    return true;
  }

  #isMapped(linear: int, place: int): boolean {
    const entry = this.#memory.tableWord(this.#cpu.cpl === 3 ? 1 : 0) + (linear >>> 12);
    const bad = (place & PLACE_WRITTEN) !== 0 ? NOT_DIRECT | NOT_WRITABLE : NOT_DIRECT;
    return ((this.#memory.i32[entry] ^ linear) & bad) === 0;
  }
}

function isAligned(linear: int, place: int): boolean {
  return (linear & ((place & (PLACE_WRITTEN - 1)) - 1)) === 0;
}

/** Its operand in memory, if it has one. */
function operandOf(insn: Insn): Operand {
  return insn.dst.kind === MEM ? insn.dst : insn.src;
}
