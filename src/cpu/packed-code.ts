// Packed code: slots of four words that the fast interpreter runs on, with what is known of each beside them. Blocks are
// packed one behind the other, links are made and broken in place, and an instruction whose operands the guest wrote over
// is packed anew where it is. What lies where in guest memory is the business of block-cache.ts.

import { endsBlock } from '../isa/control.ts';
import { decode, MAX_LENGTH } from '../isa/decode.ts';
import type { Insn, int } from '../isa/insn.ts';
import { PACKED_BYTES } from '../memory/layout.ts';
import type { Memory } from '../memory/memory.ts';
import { DECODE_MODES, type Executable, semanticOf } from './decoded.ts';
import { NO_STAMP } from './links.ts';
import { CASE, CROSS, ENTER, fusedCase, HEAT, JUMP, pack, SLOW, sequenceCase, UNSHADOW } from './pack.ts';
import { EXIT_HEAT } from './regions.ts';

const PAGE = 4096;
/** Longest block, in instructions: the engine overshoots its budget by less than this. */
export const MAX_BLOCK = 32;
/** Instead of a number of entries: there is no second tier, and blocks have no heads. */
export const NO_HEADS = -1;
/** Entries of a block that take about as long as an instruction by the reference. */
const SLOW_HEAT = 4;
/** Share of a hot head's entries that make a block warm. */
const WARM_SHARE = 1 / 32;
/** Words of packed code; when they are used up, everything is forgotten. */
const CODE_WORDS = PACKED_BYTES / 4;
/** Of a slot's word 3: the position of its instruction in the block, from 1. */
export const POSITION = 255;

// What a slot is, besides an instruction.
/** The last instruction of its block: what follows in CODE is something else. */
export const SLOT_END = 1;
/** A link not made yet: word 1 is the target's offset in the page, word 2 the word to patch, word 3 the frame << 8. */
export const SLOT_STUB = 2;
/** The start of a block that was invalidated. */
export const SLOT_STALE = 4;
/** The head of a block, where entries are counted: word 1 is the count or the number of a region. */
export const SLOT_HEAD = 8;

/** A link that is yet to be made: the word that holds it, and where it leads to, by the offset in the page. */
interface Link {
  readonly word: int;
  readonly target: int;
}

export class PackedCode {
  /** Part of the heap, which WebAssembly works on. */
  readonly words: Int32Array;
  /** By slot: EIP relative to the page's EIP. */
  readonly eips = new Int32Array(CODE_WORDS >> 2);
  /** By slot: SLOT_ flags. */
  readonly slots = new Uint8Array(CODE_WORDS >> 2);
  /** By slot: the case of its instruction alone. */
  readonly #cases = new Uint16Array(CODE_WORDS >> 2);
  /** Instructions that have no case, by word 1 of their slots; the first stands for what is not known. */
  readonly #residuals: (Executable | undefined)[] = [undefined];
  readonly #memory: Memory;
  /** Entries before a head asks the second tier, or NO_HEADS. */
  readonly #heat: int;
  /** One slot, to compare with. */
  readonly #anew = new Int32Array(4);
  #top = 4;
  #instructions = 0;

  /** `heat`: entries before a head asks the second tier, or NO_HEADS. */
  constructor(memory: Memory, heat: int) {
    this.#memory = memory;
    this.words = new Int32Array(memory.heap, memory.layout.codeAt, CODE_WORDS);
    this.#heat = heat;
  }

  /** Instructions packed so far. */
  get instructions(): number {
    return this.#instructions;
  }

  /** Bytes of packed code, stale blocks included. */
  get bytes(): number {
    return 4 * this.#top;
  }

  /** Whether there may be no room for another block. */
  isFull(): boolean {
    return this.#top > CODE_WORDS - (MAX_BLOCK + 4) * 8;
  }

  /** Forgets all of it: no offset holds any more. */
  clear(): void {
    this.#residuals.length = 1;
    this.#top = 4;
    this.slots.fill(0);
  }

  /** Whether the head at `o` was entered often enough to be worth translating with a hot one. */
  isWarm(o: int): boolean {
    if ((this.slots[o >> 2] & SLOT_HEAD) === 0 || (this.words[o] & CASE) !== HEAT) return true;
    return this.words[o + 1] <= this.#heat - this.#heat * WARM_SHARE;
  }

  /** Whether the head at `o` only counts. */
  isCounting(o: int): boolean {
    return (this.words[o] & CASE) === HEAT;
  }

  /** Whether the head at `o` enters that region. */
  isLedTo(o: int, region: int): boolean {
    return (this.words[o] & CASE) === ENTER && this.words[o + 1] === region;
  }

  /** Makes the head at `o` enter a region. */
  setRegion(o: int, region: int): void {
    this.words[o] = ENTER | (this.eips[o >> 2] << 10);
    this.words[o + 1] = region;
    // Stamp and page that it may be entered for.
    this.words[o + 2] = NO_STAMP;
    this.words[o + 3] = 0;
  }

  /** Makes the head at `o` count `entries` more. */
  setHeat(o: int, entries: int): void {
    this.words[o] = HEAT;
    this.words[o + 1] = entries;
  }

  /** A head starts to count anew: its region is gone, or it would not last. */
  cool(o: int): void {
    this.setHeat(o, this.#heat);
  }

  /** The instruction at `o`, `position` in its block, took the slow path: its block's head is hotter by that. */
  warm(o: int, position: int): void {
    const head = o - 4 * position;
    if (this.#heat === NO_HEADS || (this.slots[head >> 2] & SLOT_HEAD) === 0) return;
    if (this.isCounting(head)) this.words[head + 1] = Math.max(0, this.words[head + 1] - SLOW_HEAT);
  }

  /** A region was left to the head at `o`: it is hotter by that, since it costs more than to go on. */
  leftTo(o: int): void {
    if (this.isCounting(o)) this.words[o + 1] = Math.max(0, this.words[o + 1] - EXIT_HEAT);
  }

  /** What the reference executes for the instruction at `o`, if it is known without looking. */
  residual(o: int): Executable | undefined {
    return (this.words[o] & CASE) === SLOW ? this.#residuals[this.words[o + 1]] : undefined;
  }

  /** Instructions of the block at `o`, the most that it retires; 0 if it leads to another one first. */
  lengthAt(o: int): int {
    let k = o >> 2;
    while (this.slots[k] === 0 || this.slots[k] === SLOT_HEAD) k++;
    return (this.slots[k] & SLOT_END) !== 0 ? this.words[4 * k + 3] & POSITION : 0;
  }

  /** Links the word that refers to a stub to the stub's target, if that (still) lies in the stub's own page. */
  link(stub: int, physical: int, target: int): void {
    if (physical >>> 12 === this.words[stub + 3] >>> 8) this.words[this.words[stub + 2]] = target;
  }

  /** Makes the block at `o` a stale one: what leads to it looks for its successor. */
  drop(o: int): void {
    this.words[o] = SLOW;
    this.slots[o >> 2] = SLOT_STALE;
  }

  /** Makes the stale start of an invalidated block lead to its successor. */
  forward(stale: int, o: int): void {
    this.words[stale] = JUMP;
    this.words[stale + 2] = o;
    this.words[stale + 3] = 0;
    this.slots[stale >> 2] = SLOT_END;
  }

  /**
   * Packs the block at an offset of a page: `page` is the page's host offset, `frame` its guest-physical frame, `mode` as in
   * mode.ts. Its code offset, and the offset in the page one past its last byte.
   */
  add(page: int, frame: int, at: int, mode: int): { readonly offset: int; readonly end: int } {
    const code = this.words;
    const offset = this.#top;
    const links: Link[] = [];
    let q = at;
    let o = offset;
    if (this.#heat !== NO_HEADS) {
      this.eips[o >> 2] = at;
      this.slots[o >> 2] = SLOT_HEAD;
      this.cool(o);
      code[o + 3] = 0;
      o += 4;
    }
    const first = o;
    let position = 0;
    let previous: Insn | undefined;
    /** An STI that comes just before. */
    let sti: { readonly slot: int; readonly insn: Insn } | undefined;
    for (;;) {
      const i = this.#decode(page, q, mode);
      if (!i) {
        // An instruction that lies across the page's end goes slow; the next page is another block.
        if (sti) this.#residual(sti.slot, sti.insn);
        if (q >= PAGE) this.#goOn(o, q, position, links);
        else this.#slow(o, q, ++position);
        o += 4;
        break;
      }
      const next = q + i.length;
      this.eips[o >> 2] = q;
      this.slots[o >> 2] = 0;
      code[o + 3] = ++position | pack(code, o, i, mode >> 2);
      this.#cases[o >> 2] = code[o] & CASE;
      const ends = endsBlock(i);
      // The shadow ends behind the next instruction, if that is in the block.
      if (sti && ends) this.#residual(sti.slot, sti.insn);
      const isShadowed = sti !== undefined && !ends;
      sti = i.op === 'STI' ? { slot: o, insn: i } : undefined;
      if ((code[o] & CASE) === SLOW) this.#residual(o, i);
      else if (ends) this.#leadOn(o, i, next, links);
      if (i.op === 'Jcc' && previous) {
        const fused = fusedCase(code[o - 4], i);
        if (fused !== undefined && (code[o - 4] & CASE) !== SLOW) code[o - 4] = (code[o - 4] & ~CASE) | fused;
      }
      previous = i;
      o += 4;
      q = next;
      if (isShadowed) {
        code[o] = UNSHADOW;
        code[o + 3] = position;
        this.eips[o >> 2] = q;
        this.slots[o >> 2] = 0;
        previous = undefined;
        o += 4;
      }
      if (ends) {
        this.slots[(o - 4) >> 2] |= SLOT_END;
        break;
      }
      if (position === MAX_BLOCK - 1) {
        if (sti) this.#residual(sti.slot, sti.insn);
        this.#goOn(o, q, position, links);
        o += 4;
        break;
      }
    }
    this.#join(first, o);
    for (const { word, target } of links) o = this.#stub(o, word, target, frame);
    this.#top = o;
    this.#instructions += position;
    return { offset, end: q };
  }

  /**
   * The bytes [from, to) of the page at host offset `page` were written, of which the block at code offset `offset` has some,
   * packed for `mode`. Where they are part of one instruction, and what it is has not changed but for its immediate, its
   * displacement or its registers, its slot is made right. Whether that was all.
   */
  repack(offset: int, page: int, from: int, to: int, mode: int): boolean {
    let o = this.#heat === NO_HEADS ? offset : offset + 4;
    while (this.slots[o >> 2] === 0 && this.eips[(o >> 2) + 1] <= from) o += 4;
    const start = this.eips[o >> 2];
    const number = this.#cases[o >> 2];
    // The last one of a block leads on, and its end is not known.
    if (from < start || this.slots[o >> 2] !== 0 || (this.words[o] & CASE) === SLOW) return false;
    const end = this.eips[(o >> 2) + 1];
    const i = to <= end ? this.#decode(page, start, mode) : null;
    if (!i || i.length !== end - start || endsBlock(i)) return false;
    const anew = this.#anew;
    const third = pack(anew, 0, i, mode >> 2);
    const isSame = (anew[0] & CASE) === number && (this.words[o + 3] & ~POSITION) === third;
    if (!isSame) return false;
    // What is joined or fused with it stays so.
    this.words[o] = (anew[0] & ~CASE) | (this.words[o] & CASE);
    this.words[o + 1] = anew[1];
    this.words[o + 2] = anew[2];
    if (this.#heat !== NO_HEADS && this.isCounting(offset)) this.cool(offset);
    return true;
  }

  /** The instruction at an offset in the page at `page`, unless it lies across its end. */
  #decode(page: int, q: int, mode: int): Insn | null {
    if (q >= PAGE) return null;
    const decodeMode = DECODE_MODES[mode & 3] as (typeof DECODE_MODES)[number];
    return decode(this.#memory.u8, page + q, Math.min(PAGE - q, MAX_LENGTH), decodeMode);
  }

  /** The words of an instruction that ends its block say where to go on. */
  #leadOn(o: int, i: Insn, next: int, links: Link[]): void {
    if (i.op === 'CALL' || i.op === 'CALLn') this.words[o + 1] = next;
    if (isConditional(i)) {
      const swap = i.op === 'Jcc' && (i.cc & 1) !== 0 ? 1 : 0;
      links.push({ word: o + 1 + swap, target: next + i.rel }, { word: o + 2 - swap, target: next });
    } else if (i.op === 'JMP' || i.op === 'CALL') links.push({ word: o + 2, target: next + i.rel });
  }

  /** Where there is a case for what follows each other in the slots from `from` to `to`, the first one does it all. */
  #join(from: int, to: int): void {
    const code = this.words;
    for (let o = from; o < to; ) {
      let joined = code[o] & CASE;
      let next = o + 4;
      for (; next < to; next += 4) {
        const longer = sequenceCase(joined, code[next]);
        if (longer === undefined) break;
        joined = longer;
      }
      code[o] = (code[o] & ~CASE) | joined;
      o = next;
    }
  }

  /** Leaves the instruction in a slot to the reference. */
  #residual(o: int, insn: Insn): void {
    this.words[o] = SLOW;
    this.words[o + 1] = this.#residuals.length;
    this.#residuals.push({ insn, run: semanticOf(insn) });
  }

  #slow(o: int, q: int, position: int): void {
    this.words[o] = SLOW;
    this.words[o + 1] = 0;
    this.words[o + 3] = position;
    this.eips[o >> 2] = q;
    this.slots[o >> 2] = SLOT_END;
  }

  /** Falls into another block: a jump that is not the guest's. */
  #goOn(o: int, q: int, position: int, links: Link[]): void {
    this.words[o] = JUMP;
    this.words[o + 3] = position;
    this.eips[o >> 2] = q;
    this.slots[o >> 2] = SLOT_END;
    links.push({ word: o + 2, target: q });
  }

  /** A slot that the word links to until its target is known; the next free offset. */
  #stub(o: int, word: int, target: int, frame: int): int {
    const code = this.words;
    code[word] = o;
    this.eips[o >> 2] = target;
    code[o + 3] = frame << 8;
    code[o + 1] = target;
    if (target >= 0 && target < PAGE) {
      code[o] = SLOW;
      code[o + 2] = word;
      this.slots[o >> 2] = SLOT_STUB;
    } else {
      // A slot more: words 2 to 4 are the generated function's, and hold for no stamp yet.
      code[o] = CROSS;
      code[o + 4] = NO_STAMP;
      this.slots[o >> 2] = SLOT_END;
      return o + 8;
    }
    return o + 4;
  }
}

function isConditional(i: Insn): boolean {
  return i.op === 'Jcc' || i.op === 'LOOP' || i.op === 'LOOPE' || i.op === 'LOOPNE' || i.op === 'JCXZ';
}
