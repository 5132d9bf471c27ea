// Instructions as they are read, wherever they are: much of a guest's code is part of several regions, and is looked at for
// more of them. Kept by guest-physical address, and found again if the same bytes are there.

import { hash } from '../src/cpu/hash.ts';
import { isTransfer } from '../src/isa/control.ts';
import { MAX_LENGTH } from '../src/isa/decode.ts';
import type { Insn, int } from '../src/isa/insn.ts';
import { type Class, classify } from './classify.ts';
import { type Ready, templateFor } from './templates.ts';

/** Instructions that are kept, a power of two: while Linux boots, three of four are found. */
const ENTRIES = 1 << 13;

/** What is known of an instruction by itself. `mode`: as the interpreter packs it (see src/cpu/mode.ts). */
export interface KnownInsn {
  readonly insn: Insn;
  readonly mode: int;
  readonly class: Class;
  /** What it instantiates, if anything. */
  readonly template: Ready | undefined;
  /** Whether it is a transfer of control. */
  readonly ends: boolean;
  /** Whether its template is one of the x87. */
  readonly usesX87: boolean;
  /** Whether it has a template that goes on with the next instruction. */
  readonly isStraight: boolean;
}

/** Finds out what is known of an instruction by itself, in a mode. */
export function examine(insn: Insn, mode: int): KnownInsn {
  const template = templateFor(insn);
  const way = classify(insn, mode, template !== undefined);
  const ends = isTransfer(insn);
  const isStraight = (way === 'ident' || way === 'inline') && !ends && insn.op !== 'STI';
  return { insn, mode, class: way, template, ends, usesX87: template?.x87 === true, isStraight };
}

/** A direct-mapped table. Addresses are guest-physical, as int32. */
export class KnownCode {
  readonly #addresses = new Int32Array(ENTRIES);
  readonly #insns: (KnownInsn | undefined)[] = new Array(ENTRIES).fill(undefined);
  readonly #bytes = new Uint8Array(ENTRIES * MAX_LENGTH);

  /** What is at an address, which is `host` in `u8`, if it was kept for the mode and its bytes are still the same. */
  at(physical: int, mode: int, u8: Uint8Array, host: int): KnownInsn | undefined {
    const entry = hash(physical, ENTRIES);
    const known = this.#insns[entry];
    if (!known || this.#addresses[entry] !== physical || known.mode !== mode) return undefined;
    const first = entry * MAX_LENGTH;
    for (let k = known.insn.length - 1; k >= 0; k--) {
      if (this.#bytes[first + k] !== u8[host + k]) return undefined;
    }
    return known;
  }

  /** Keeps what is at an address, and lies in one page. */
  keep(physical: int, known: KnownInsn, u8: Uint8Array, host: int): void {
    const entry = hash(physical, ENTRIES);
    this.#addresses[entry] = physical;
    this.#insns[entry] = known;
    for (let k = 0; k < known.insn.length; k++) this.#bytes[entry * MAX_LENGTH + k] = u8[host + k] as int;
  }
}
