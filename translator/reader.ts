// Reads guest code for the scan: each instruction once, with what is known of it by itself.

import { DECODE_MODES } from '../src/cpu/decoded.ts';
import { decode, MAX_LENGTH } from '../src/isa/decode.ts';
import type { Insn, int } from '../src/isa/insn.ts';
import type { Memory } from '../src/memory/memory.ts';
import type { Placed } from './graph.ts';
import { examine, type KnownCode, type KnownInsn } from './known-code.ts';
import type { ScanOptions, Source } from './scan.ts';

const PAGE = 4096;

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
  readonly #known: KnownCode | undefined;
  readonly #hosts = new Map<int, int>();
  /** The page that was read last, and where it is in the host's memory. */
  #page = -0x80000000;
  #host = -1;

  constructor({ memory, linear, mode, frameOf, placements, known }: Source, options: ScanOptions) {
    this.#memory = memory;
    this.#base = linear & -PAGE;
    this.#mode = mode;
    this.#decodeMode = DECODE_MODES[mode & 3] as (typeof DECODE_MODES)[number];
    this.#frameOf = frameOf;
    this.#options = options;
    this.#placements = placements;
    this.#known = known;
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
    const found = this.#read(at, host);
    if (!found) return undefined;
    const placed = placedAt(at, found, this.#options.isGuarded?.(at));
    this.#placements.set(at, placed);
    return placed;
  }

  #read(at: int, host: int): KnownInsn | undefined {
    const { u8 } = this.#memory;
    const physical = this.#known ? ((this.pages.get(at >> 12) as int) << 12) | (at & (PAGE - 1)) : 0;
    const known = this.#known?.at(physical, this.#mode, u8, host);
    if (known) return known;
    const insn = this.#decode(at, host);
    if (!insn) return undefined;
    const made = examine(insn, this.#mode);
    if ((at & (PAGE - 1)) + insn.length <= PAGE) this.#known?.keep(physical, made, u8, host);
    return made;
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
  return placedAt(at, examine(insn, mode), isGuarded);
}

function placedAt(
  at: int,
  { insn, class: way, template, ends, usesX87, isStraight }: KnownInsn,
  isGuarded = false,
): Placed {
  return {
    at,
    insn,
    class: way,
    template,
    ends,
    usesX87,
    // A callout would leave the x87's stack unknown to what follows.
    guarded: isGuarded && isStraight,
    stack: undefined,
    needless: undefined,
    lanes: undefined,
    withVectors: undefined,
  };
}
