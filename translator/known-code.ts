// Instructions as they are read, wherever they are: much of a guest's code is part of several regions, and is looked at for
// more of them. Kept by guest-physical address, and found again if the same bytes are there.

import { isTransfer } from '../src/isa/control.ts';
import type { Insn, int } from '../src/isa/insn.ts';
import { type Class, classify } from './classify.ts';
import { type Ready, templateFor } from './templates.ts';

const MAX_LENGTH = 15;
/** Instructions that are kept, a power of two: while Linux boots, four of five are found. */
const ENTRIES = 1 << 13;

/** What is known of an instruction by itself. `mode`: as the interpreter packs it (see src/cpu/mode.ts). */
export interface Read {
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

export function read(insn: Insn, mode: int): Read {
  const template = templateFor(insn);
  const way = classify(insn, mode, template !== undefined);
  const ends = isTransfer(insn);
  const isStraight = (way === 'ident' || way === 'inline') && !ends && insn.op !== 'STI';
  return { insn, mode, class: way, template, ends, usesX87: template?.x87 === true, isStraight };
}

export class KnownCode {
  readonly #addresses = new Int32Array(ENTRIES);
  readonly #reads: (Read | undefined)[] = new Array(ENTRIES).fill(undefined);
  readonly #bytes = new Uint8Array(ENTRIES * MAX_LENGTH);

  /** What is at a guest-physical address, `host` in the host's memory, if it was read for the mode. */
  at(physical: int, mode: int, u8: Uint8Array, host: int): Read | undefined {
    const entry = entryOf(physical);
    const known = this.#reads[entry];
    if (!known || this.#addresses[entry] !== physical || known.mode !== mode) return undefined;
    const first = entry * MAX_LENGTH;
    for (let k = known.insn.length - 1; k >= 0; k--) {
      if (this.#bytes[first + k] !== u8[host + k]) return undefined;
    }
    return known;
  }

  /** Keeps what lies in one page. */
  keep(physical: int, read: Read, u8: Uint8Array, host: int): void {
    const entry = entryOf(physical);
    this.#addresses[entry] = physical;
    this.#reads[entry] = read;
    for (let k = 0; k < read.insn.length; k++) this.#bytes[entry * MAX_LENGTH + k] = u8[host + k] as int;
  }
}

const entryOf = (physical: int): int => (physical ^ (physical >>> 13)) & (ENTRIES - 1);
