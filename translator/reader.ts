// Reads guest code for the scan: each instruction once, with what is known of it by itself.

import { DECODE_MODES } from '../src/cpu/decoded.ts';
import { isTransfer } from '../src/isa/control.ts';
import { decode } from '../src/isa/decode.ts';
import type { Insn, int } from '../src/isa/insn.ts';
import type { Memory } from '../src/memory/memory.ts';
import { type Class, classify } from './classify.ts';
import type { Placed, ScanOptions } from './scan.ts';
import { templateFor } from './templates.ts';

const PAGE = 4096;
const MAX_LENGTH = 15;

/** Where guest code is read from. */
export type Code = Pick<Memory, 'u8' | 'hostOf'>;

/** Guest-physical frame of a page of guest-linear addresses for fetching, or -1. */
export type FrameOf = (linearPage: int) => int;

/** Instructions at their offsets, which several surveys of the same code share. */
export type Placements = Map<int, Placed>;

/** Reads the guest's code, page by page. */
export class Reader {
  /** Pages that were read: offset from the entry's page in pages, guest-physical frame. */
  readonly pages = new Map<int, int>();
  readonly #memory: Code;
  readonly #base: int;
  readonly #mode: int;
  readonly #decodeMode: (typeof DECODE_MODES)[number];
  readonly #frameOf: FrameOf;
  readonly #options: ScanOptions;
  readonly #placements: Placements;
  readonly #hosts = new Map<int, int>();
  /** The page that was read last, and where it is in the host's memory. */
  #page = -0x80000000;
  #host = -1;

  constructor(memory: Code, base: int, mode: int, frameOf: FrameOf, options: ScanOptions, placements: Placements) {
    this.#memory = memory;
    this.#base = base;
    this.#mode = mode;
    this.#decodeMode = DECODE_MODES[mode & 3] as (typeof DECODE_MODES)[number];
    this.#frameOf = frameOf;
    this.#options = options;
    this.#placements = placements;
  }

  /** The instruction at an offset, or undefined where none can be fetched. */
  at(at: int): Placed | undefined {
    const host = this.#hostOf(at);
    if (host < 0) return undefined;
    const known = this.#placements.get(at);
    if (known) {
      // The page that it goes on in is one of those that are read.
      const last = at + known.insn.length - 1;
      return last >> 12 === at >> 12 || this.#hostOf(last) >= 0 ? known : undefined;
    }
    const insn = this.#decode(at, host);
    if (!insn) return undefined;
    const placed = place(at, insn, this.#mode, this.#options.isGuarded?.(at));
    this.#placements.set(at, placed);
    return placed;
  }

  #decode(at: int, host: int): Insn | null {
    const { u8 } = this.#memory;
    const rest = PAGE - (at & (PAGE - 1));
    const insn = decode(u8, host, rest, this.#decodeMode);
    if (insn || rest >= MAX_LENGTH) return insn;
    // It goes on in the next page.
    const next = this.#hostOf(at + rest);
    if (next < 0) return null;
    const bytes = new Uint8Array(MAX_LENGTH);
    bytes.set(u8.subarray(host, host + rest));
    bytes.set(u8.subarray(next, next + MAX_LENGTH - rest), rest);
    return decode(bytes, 0, MAX_LENGTH, this.#decodeMode);
  }

  #hostOf(at: int): int {
    const page = at >> 12;
    if (page !== this.#page) {
      this.#page = page;
      this.#host = this.#hosts.get(page) ?? this.#find(page);
    }
    return this.#host < 0 ? -1 : this.#host + (at & (PAGE - 1));
  }

  #find(page: int): int {
    const frame = this.#frameOf((this.#base + page * PAGE) | 0);
    const host = frame < 0 ? -1 : this.#memory.hostOf((frame << 12) >>> 0);
    this.#hosts.set(page, host);
    if (host >= 0) this.pages.set(page, frame);
    return host;
  }
}

/**
 * An instruction at an offset, of which nothing else is known yet. All properties are there from the start, so that all
 * instructions are laid out alike.
 */
export function place(at: int, insn: Insn, mode: int, isGuarded = false): Placed {
  const template = templateFor(insn);
  const way = classify(insn, mode, template !== undefined);
  // A callout would leave the x87's stack unknown to what follows.
  const guarded = isGuarded && isStraight(insn, way);
  return {
    at,
    insn,
    class: way,
    template,
    ends: isTransfer(insn),
    usesX87: template?.x87 === true,
    guarded,
    stack: undefined,
    needless: undefined,
    lanes: undefined,
    withVectors: undefined,
  };
}

/** Whether it has a template that goes on with the next instruction. */
function isStraight(i: Insn, way: Class): boolean {
  return (way === 'ident' || way === 'inline') && !isTransfer(i) && i.op !== 'STI';
}
