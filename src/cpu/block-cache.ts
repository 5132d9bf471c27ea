// Blocks of packed instructions, found by guest-physical address: code that is mapped at several addresses is packed
// once. Within a page blocks are linked to each other on first use; what leaves the page is looked up each time, since
// the mapping of another page may have changed.

import { endsBlock } from '../isa/control.ts';
import { decode } from '../isa/decode.ts';
import type { Insn, int } from '../isa/insn.ts';
import { PACKED_BYTES } from '../memory/layout.ts';
import type { Memory } from '../memory/memory.ts';
import { DECODE_MODES, type Executable, semanticOf } from './decoded.ts';
import { NO_STAMP } from './links.ts';
import { CROSS, ENTER, fusedCase, HEAT, JUMP, pack, SLOW, sequenceCase, UNSHADOW } from './pack.ts';
import { EXIT_HEAT } from './regions.ts';

const PAGE = 4096;
const MAX_LENGTH = 15;
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
/** Blocks that are found without a search: a power of two. */
const RECENT_ENTRIES = 16384;
const RECENT_WORDS = 4;

// What a slot is, besides an instruction.
/** The last instruction of its block: what follows in CODE is something else. */
export const SLOT_END = 1;
/** A link not made yet: word 1 is the target's offset in the page, word 2 the word to patch, word 3 the frame << 8. */
export const SLOT_STUB = 2;
/** The start of a block that was invalidated. */
export const SLOT_STALE = 4;
/** The head of a block, where entries are counted: word 1 is the count or the number of a region. */
export const SLOT_HEAD = 8;

interface Block {
  /** Offset in its page, and one past its last byte. */
  readonly start: int;
  readonly end: int;
  readonly offset: int;
  /** In its page's `offsets`. */
  readonly key: int;
}

interface CodePage {
  /** Code offsets by (mode << 12 | offset in the page). */
  readonly offsets: Map<int, int>;
  readonly blocks: Block[];
}

export class BlockCache {
  /** Part of the heap, which WebAssembly works on. */
  readonly code: Int32Array;
  /** By slot: EIP relative to the page's EIP. */
  readonly eips = new Int32Array(CODE_WORDS >> 2);
  /** By slot: SLOT_ flags. */
  readonly slots = new Uint8Array(CODE_WORDS >> 2);
  /** Instructions that have no case, by word 1 of their slots; the first stands for what is not known. */
  readonly residuals: (Executable | undefined)[] = [undefined];
  readonly #memory: Memory;
  readonly #pages = new Map<int, CodePage>();
  /** Blocks that were asked for: guest-physical address, mode, code offset, nothing. -1: not known. */
  readonly #recent = new Int32Array(RECENT_ENTRIES * RECENT_WORDS).fill(-1);
  #top = 4;
  readonly counts = { blocks: 0, instructions: 0, invalidated: 0, flushes: 0 };

  /** Entries before a head asks the second tier, or NO_HEADS. */
  readonly #heat: int;

  constructor(memory: Memory, heat: int) {
    this.#memory = memory;
    this.code = new Int32Array(memory.heap, memory.layout.codeAt, CODE_WORDS);
    this.#heat = heat;
  }

  /** Whether a block starts there that was entered often enough to be worth translating with a hot one. */
  isWarm(physical: int, mode: int): boolean {
    const o = this.#known(physical, mode);
    if (o === undefined) return false;
    if ((this.slots[o >> 2] & SLOT_HEAD) === 0 || (this.code[o] & 1023) !== HEAT) return true;
    return this.code[o + 1] <= this.#heat - this.#heat * WARM_SHARE;
  }

  /** Makes the head at a guest-physical address, if there is one, and it only counts, enter a region. */
  lead(physical: int, mode: int, region: int): void {
    const o = this.#known(physical, mode);
    if (o !== undefined && (this.code[o] & 1023) === HEAT) this.setRegion(o, region);
  }

  /** The head there, if it enters that region, counts anew. */
  unlead(physical: int, mode: int, region: int): void {
    const o = this.#known(physical, mode);
    if (o !== undefined && (this.code[o] & 1023) === ENTER && this.code[o + 1] === region) this.cool(o);
  }

  #known(physical: int, mode: int): int | undefined {
    return this.#pages.get(physical >>> 12)?.offsets.get((mode << 12) | (physical & (PAGE - 1)));
  }

  /** Makes the head at `o` enter a region. */
  setRegion(o: int, region: int): void {
    this.code[o] = ENTER | (this.eips[o >> 2] << 10);
    this.code[o + 1] = region;
    // Stamp and page that it may be entered for.
    this.code[o + 2] = NO_STAMP;
    this.code[o + 3] = 0;
  }

  /** Makes the head at `o` count `entries` more. */
  setHeat(o: int, entries: int): void {
    this.code[o] = HEAT;
    this.code[o + 1] = entries;
  }

  /** A head starts to count anew: its region is gone. */
  cool(o: int): void {
    this.setHeat(o, this.#heat);
  }

  /** What the reference executes for the instruction at `o`, if it is known without looking. */
  residual(o: int): Executable | undefined {
    return (this.code[o] & 1023) === SLOW ? this.residuals[this.code[o + 1]] : undefined;
  }

  /** The instruction at `o`, `position` in its block, took the slow path: its block's head is hotter by that. */
  warm(o: int, position: int): void {
    const head = o - 4 * position;
    if (this.#heat === NO_HEADS || (this.slots[head >> 2] & SLOT_HEAD) === 0) return;
    if ((this.code[head] & 1023) === HEAT) this.code[head + 1] = Math.max(0, this.code[head + 1] - SLOW_HEAT);
  }

  /** A region was left to the head at `o`: it is hotter by that, since it costs more than to go on. */
  leftTo(o: int): void {
    if ((this.code[o] & 1023) === HEAT) this.code[o + 1] = Math.max(0, this.code[o + 1] - EXIT_HEAT);
  }

  /** Instructions of the block at `o`, the most that it retires; 0 if it leads to another one first. */
  lengthAt(o: int): int {
    let k = o >> 2;
    while (this.slots[k] === 0 || this.slots[k] === SLOT_HEAD) k++;
    return (this.slots[k] & SLOT_END) !== 0 ? this.code[4 * k + 3] & 255 : 0;
  }

  /** Whether there may be no room for another block. The owner then calls `clear` and forgets all offsets. */
  isFull(): boolean {
    return this.#top > CODE_WORDS - (MAX_BLOCK + 4) * 8;
  }

  clear(): void {
    this.#pages.clear();
    this.#recent.fill(-1);
    this.residuals.length = 1;
    this.#top = 4;
    this.slots.fill(0);
    this.counts.flushes++;
  }

  /** Code offset of the block at a guest-physical address, packed on first use; -1 if it cannot be packed. */
  block(physical: int, mode: int): int {
    const known = recentEntry(physical, mode);
    const recent = this.#recent;
    if (recent[known] === physical && recent[known + 1] === mode && recent[known + 2] >= 0) return recent[known + 2];
    const o = this.#find(physical, mode);
    recent[known] = physical;
    recent[known + 1] = mode;
    recent[known + 2] = o;
    return o;
  }

  #find(physical: int, mode: int): int {
    const frame = physical >>> 12;
    const at = physical & (PAGE - 1);
    let page = this.#pages.get(frame);
    if (!page) {
      page = { offsets: new Map(), blocks: [] };
      this.#pages.set(frame, page);
    }
    const key = (mode << 12) | at;
    return page.offsets.get(key) ?? this.#pack(page, physical, at, mode, key);
  }

  /** Links the word that refers to a stub to the stub's target, if that (still) lies in the stub's own page. */
  link(stub: int, physical: int, target: int): void {
    if (physical >>> 12 === this.code[stub + 3] >>> 8) this.code[this.code[stub + 2]] = target;
  }

  /** Makes the stale start of an invalidated block lead to its successor. */
  forward(stale: int, o: int): void {
    this.code[stale] = JUMP;
    this.code[stale + 2] = o;
    this.code[stale + 3] = 0;
    this.slots[stale >> 2] = SLOT_END;
  }

  /** Drops the blocks that overlap `bytes` at a guest-physical address. Whether there were any. */
  invalidate(physical: int, bytes: int): boolean {
    let dropped = 0;
    const last = (physical >>> 0) + bytes - 1;
    for (let frame = physical >>> 12; frame <= last / PAGE; frame++) {
      const page = this.#pages.get(frame);
      if (!page) continue;
      const from = (physical >>> 0) - frame * PAGE;
      const to = from + bytes;
      const { blocks } = page;
      let kept = 0;
      for (let k = 0; k < blocks.length; k++) {
        const b = blocks[k] as Block;
        if (b.end <= from || b.start >= to) blocks[kept++] = b;
        else this.#drop(page, frame, b);
      }
      dropped += blocks.length - kept;
      blocks.length = kept;
    }
    this.counts.invalidated += dropped;
    return dropped > 0;
  }

  #drop({ offsets }: CodePage, frame: int, { offset, key }: Block): void {
    this.code[offset] = SLOW;
    this.slots[offset >> 2] = SLOT_STALE;
    offsets.delete(key);
    this.#recent[recentEntry((frame << 12) | (key & (PAGE - 1)), key >> 12) + 2] = -1;
  }

  #pack(page: CodePage, physical: int, at: int, mode: int, key: int): int {
    const memory = this.#memory;
    const host = memory.hostOf(physical);
    if (host < 0) return -1;
    const code = this.code;
    const start = this.#top;
    const bent = mode >> 2;
    const decodeMode = DECODE_MODES[mode & 3] as (typeof DECODE_MODES)[number];
    const packMode = { bent };
    const stubs: { word: int; target: int }[] = [];
    let q = at;
    let o = start;
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
      const i = q < PAGE ? decode(memory.u8, host - at + q, Math.min(PAGE - q, MAX_LENGTH), decodeMode) : null;
      if (!i) {
        // An instruction that lies across the page's end goes slow; the next page is another block.
        if (sti) this.#residual(sti.slot, sti.insn);
        if (q >= PAGE) this.#goOn(o, q, position, stubs);
        else this.#slow(o, q, ++position);
        o += 4;
        break;
      }
      const next = q + i.length;
      this.eips[o >> 2] = q;
      this.slots[o >> 2] = 0;
      code[o + 3] = ++position | pack(code, o, i, packMode);
      const ends = endsBlock(i);
      // The shadow ends behind the next instruction, if that is in the block.
      if (sti && ends) this.#residual(sti.slot, sti.insn);
      const isShadowed = sti !== undefined && !ends;
      sti = i.op === 'STI' ? { slot: o, insn: i } : undefined;
      if ((code[o] & 1023) === SLOW) this.#residual(o, i);
      else if (i.op === 'CALL' || i.op === 'CALLn') code[o + 1] = next;
      if (isRelative(i) && (code[o] & 1023) !== SLOW) {
        const target = next + i.rel;
        if (isConditional(i)) {
          const swap = i.op === 'Jcc' && (i.cc & 1) !== 0;
          stubs.push({ word: o + (swap ? 2 : 1), target }, { word: o + (swap ? 1 : 2), target: next });
        } else stubs.push({ word: o + 2, target });
        if (i.op === 'Jcc' && previous) {
          const fused = fusedCase(code[o - 4], i);
          if (fused !== undefined && (code[o - 4] & 1023) !== SLOW) code[o - 4] = (code[o - 4] & ~1023) | fused;
        }
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
        this.#goOn(o, q, position, stubs);
        o += 4;
        break;
      }
    }
    this.#join(first, o);
    for (const s of stubs) o = this.#stub(o, s.word, s.target, physical >>> 12);
    this.#top = o;
    page.offsets.set(key, start);
    page.blocks.push({ start: at, end: q, offset: start, key });
    memory.traceCode(physical, Math.min(q, PAGE) - at);
    this.counts.blocks++;
    this.counts.instructions += position;
    return start;
  }

  /** Where there is a case for what follows each other in the slots from `from` to `to`, the first one does it all. */
  #join(from: int, to: int): void {
    const code = this.code;
    for (let o = from; o < to; ) {
      let joined = code[o] & 1023;
      let next = o + 4;
      for (; next < to; next += 4) {
        const longer = sequenceCase(joined, code[next]);
        if (longer === undefined) break;
        joined = longer;
      }
      code[o] = (code[o] & ~1023) | joined;
      o = next;
    }
  }

  /** Leaves the instruction in a slot to the reference. */
  #residual(o: int, insn: Insn): void {
    this.code[o] = SLOW;
    this.code[o + 1] = this.residuals.length;
    this.residuals.push({ insn, run: semanticOf(insn) });
  }

  #slow(o: int, q: int, position: int): void {
    this.code[o] = SLOW;
    this.code[o + 1] = 0;
    this.code[o + 3] = position;
    this.eips[o >> 2] = q;
    this.slots[o >> 2] = SLOT_END;
  }

  /** Falls into another block: a jump that is not the guest's. */
  #goOn(o: int, q: int, position: int, stubs: { word: int; target: int }[]): void {
    this.code[o] = JUMP;
    this.code[o + 3] = position;
    this.eips[o >> 2] = q;
    this.slots[o >> 2] = SLOT_END;
    stubs.push({ word: o + 2, target: q });
  }

  /** A slot that the word links to until its target is known; the next free offset. */
  #stub(o: int, word: int, target: int, frame: int): int {
    const code = this.code;
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

function recentEntry(physical: int, mode: int): int {
  return ((physical ^ (physical >>> 13) ^ (mode << 3)) & (RECENT_ENTRIES - 1)) * RECENT_WORDS;
}

function isConditional(i: Insn): boolean {
  return i.op === 'Jcc' || i.op === 'LOOP' || i.op === 'LOOPE' || i.op === 'LOOPNE' || i.op === 'JCXZ';
}

function isRelative(i: Insn): boolean {
  return i.op === 'JMP' || i.op === 'CALL' || isConditional(i);
}
