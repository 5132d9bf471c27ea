// Blocks of packed instructions, found by guest-physical address: code that is mapped at several addresses is packed
// once. Within a page blocks are linked to each other on first use; what leaves the page is looked up each time, since
// the mapping of another page may have changed.

import type { int } from '../isa/insn.ts';
import type { Memory } from '../memory/memory.ts';
import { PackedCode } from './packed-code.ts';

const PAGE = 4096;
/** Blocks that are found without a search: a power of two. */
const RECENT_ENTRIES = 16384;
const RECENT_WORDS = 4;

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
  readonly code: PackedCode;
  readonly #memory: Memory;
  readonly #pages = new Map<int, CodePage>();
  /** Blocks that were asked for: guest-physical address, mode, code offset, nothing. -1: not known. */
  readonly #recent = new Int32Array(RECENT_ENTRIES * RECENT_WORDS).fill(-1);
  /** Number of the region whose head is at a guest-physical address, for a mode; -1 if there is none. Set by its owner. */
  regionAt: (physical: int, mode: int) => int = () => -1;
  readonly #counts = { blocks: 0, invalidated: 0, repacked: 0, flushes: 0 };

  /** `heat`: entries before a head asks the second tier, or NO_HEADS. */
  constructor(memory: Memory, heat: int) {
    this.#memory = memory;
    this.code = new PackedCode(memory, heat);
  }

  /** How often everything was forgotten. */
  get flushes(): number {
    return this.#counts.flushes;
  }

  statistics(): Readonly<Record<string, number>> {
    return { ...this.#counts, instructions: this.code.instructions, packedBytes: this.code.bytes };
  }

  /** Whether a block starts there that was entered often enough to be worth translating with a hot one. */
  isWarm(physical: int, mode: int): boolean {
    const o = this.#known(physical, mode);
    return o !== undefined && this.code.isWarm(o);
  }

  /** Makes the head at a guest-physical address, if there is one, and it only counts, enter a region. */
  lead(physical: int, mode: int, region: int): void {
    const o = this.#known(physical, mode);
    if (o !== undefined && this.code.isCounting(o)) this.code.setRegion(o, region);
  }

  /** The head there, if it enters that region, counts anew. */
  unlead(physical: int, mode: int, region: int): void {
    const o = this.#known(physical, mode);
    if (o !== undefined && this.code.isLedTo(o, region)) this.code.cool(o);
  }

  #known(physical: int, mode: int): int | undefined {
    return this.#pages.get(physical >>> 12)?.offsets.get((mode << 12) | (physical & (PAGE - 1)));
  }

  /** Whether there may be no room for another block. The owner then calls `clear` and forgets all offsets. */
  isFull(): boolean {
    return this.code.isFull();
  }

  clear(): void {
    this.#pages.clear();
    this.#recent.fill(-1);
    this.code.clear();
    this.#counts.flushes++;
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
    this.#counts.invalidated += dropped;
    return dropped > 0;
  }

  /**
   * `bytes` at a guest-physical address, within one page, were written. Whether there are blocks that overlap them, and it
   * was enough in each to pack one instruction anew (see PackedCode). If not, they are to be invalidated.
   */
  repack(physical: int, bytes: int): boolean {
    const page = this.#pages.get(physical >>> 12);
    const host = this.#memory.hostOf(physical & -PAGE);
    if (!page || host < 0) return false;
    const from = physical & (PAGE - 1);
    const to = from + bytes;
    let repacked = 0;
    for (const { start, end, offset, key } of page.blocks) {
      if (end <= from || start >= to) continue;
      if (!this.code.repack(offset, host, from, to, key >> 12)) return false;
      repacked++;
    }
    this.#counts.repacked += repacked;
    return repacked > 0;
  }

  #drop({ offsets }: CodePage, frame: int, { offset, key }: Block): void {
    this.code.drop(offset);
    offsets.delete(key);
    this.#recent[recentEntry((frame << 12) | (key & (PAGE - 1)), key >> 12) + 2] = -1;
  }

  #pack(page: CodePage, physical: int, at: int, mode: int, key: int): int {
    const host = this.#memory.hostOf(physical);
    if (host < 0) return -1;
    const { offset, end } = this.code.add(host - at, physical >>> 12, at, mode);
    const region = this.regionAt(physical, mode);
    if (region >= 0) this.code.setRegion(offset, region);
    page.offsets.set(key, offset);
    page.blocks.push({ start: at, end, offset, key });
    this.#memory.traceCode(physical, Math.min(end, PAGE) - at);
    this.#counts.blocks++;
    return offset;
  }
}

function recentEntry(physical: int, mode: int): int {
  return ((physical ^ (physical >>> 13) ^ (mode << 3)) & (RECENT_ENTRIES - 1)) * RECENT_WORDS;
}
