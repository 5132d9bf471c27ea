// A frame of values pushed on a stack that may not be the current one yet: far calls and interrupts build it
// (SDM vol. 3, sections 5.8.5 and 6.12.1). Every place is checked as it is pushed; nothing is written before `store`.

import type { Place } from '../environment.ts';
import { GuestFault, SS_FAULT } from '../fault.ts';
import { ESP, type int, SS } from '../insn.ts';
import type { Cpu } from '../state.ts';
import { ACCESS_BIG, ACCESS_CODE, ACCESS_DOWN_OR_CONFORMING, ACCESS_PRESENT, ACCESS_UNUSABLE } from '../system-bits.ts';

/** The longest: an interrupt with an error code out of virtual-8086 mode, or a call with 31 parameters. */
const MAX_VALUES = 36;
/** Place, value and size of what the frame that is being built has: there is one at a time. */
const pushed = new Int32Array(3 * MAX_VALUES);

export class Frame {
  readonly #c: Cpu;
  readonly #base: int;
  readonly #limit: int;
  readonly #access: int;
  readonly #user: int;
  /** Error code of #SS when there is no room. */
  readonly #code: int;
  #length = 0;
  /** The stack pointer as it will be; of a 16-bit stack, the low half counts. */
  pointer: int;

  constructor(c: Cpu, base: int, limit: int, access: int, pointer: int, user: int, code: int) {
    this.#c = c;
    this.#base = base;
    this.#limit = limit;
    this.#access = access;
    this.#user = user;
    this.#code = code;
    this.pointer = pointer;
  }

  /** A frame on the current stack, with the rights of the current level. */
  static current(c: Cpu, code: int): Frame {
    return new Frame(c, c.base[SS], c.limit[SS], c.access[SS], c.reg[ESP], c.cpl === 3 ? 1 : 0, code);
  }

  /** Pushes the low `size` (16 or 32) bits. #SS(code), #PF. */
  push(value: int, size: int): void {
    const bytes = size >> 3;
    const big = (this.#access & ACCESS_BIG) !== 0;
    const offset = big ? (this.pointer - bytes) | 0 : (this.pointer - bytes) & 0xffff;
    if (!this.#holds(offset, bytes)) throw new GuestFault(SS_FAULT, this.#code);
    const at = 3 * this.#length;
    pushed[at] = this.#c.memory.writePlace((this.#base + offset) | 0, bytes, this.#user);
    pushed[at + 1] = value;
    pushed[at + 2] = size;
    this.#length++;
    this.pointer = big ? offset : (this.pointer & ~0xffff) | offset;
  }

  /** Writes the frame. The stack pointer is the caller's to set. */
  store(): void {
    const memory = this.#c.memory;
    for (let at = 0; at < 3 * this.#length; at += 3) {
      const place = pushed[at] as Place;
      if (pushed[at + 2] === 32) memory.store32(place, 0, pushed[at + 1] as int);
      else memory.store16(place, 0, pushed[at + 1] as int);
    }
  }

  #holds(offset: int, bytes: int): boolean {
    const access = this.#access;
    if ((access & (ACCESS_UNUSABLE | ACCESS_PRESENT)) !== ACCESS_PRESENT) return false;
    const first = offset >>> 0;
    const last = first + bytes - 1;
    const limit = this.#limit >>> 0;
    if ((access & (ACCESS_CODE | ACCESS_DOWN_OR_CONFORMING)) === ACCESS_DOWN_OR_CONFORMING) {
      return first > limit && last <= ((access & ACCESS_BIG) !== 0 ? 0xffffffff : 0xffff);
    }
    return last <= limit;
  }
}
