// Quick ways (see isa/prims.ts) of the engines that run packed or translated code: repeated strings over pages that the
// current shadow page table answers for, loads of segment registers from the GDT, the time-stamp counter. Whatever is not
// common is refused before anything has changed: a page that is not direct, a direction down, a selector that raises
// something.
//
// They are for code whose segments are flat; the packer and the translator see to that.

import { DS, ES, type int, SS } from '../isa/insn.ts';
import { WORD } from '../isa/register-file.ts';
import {
  DESCRIPTOR_ACCESSED,
  descriptorDpl,
  isCode,
  isConforming,
  isNull,
  isPresent,
  isReadable,
} from '../isa/semantics/descriptors.ts';
import { setFromDescriptor, setNullSegment } from '../isa/semantics/segments.ts';
import type { Cpu } from '../isa/state.ts';
import { CR0_PE, CR4_TSD } from '../isa/system-bits.ts';
import type { Memory } from '../memory/memory.ts';
import { TABLE } from './engine-words.ts';
import { isFlatData } from './mode.ts';

const PAGE = 4096;
const HOST_OFFSET = 0x3fffffff;
/** Bits of an entry, exclusive-or the address, that a page to be written has clear. */
const NOT_FOR_WRITING = ~HOST_OFFSET;
/** Most bytes of a string done at once: less than the reference does in one execution, so that both retire the same. */
const MAX_BYTES = 61440;

/** High doubleword of a descriptor: base, granularity, limit, present, S, code, expand-down, writable. */
const FLAT_MASK = 0xff8f9eff | 0;
const FLAT = 0x008f9200;

/** The functions by the names that code calls them by. */
export interface QuickWays {
  readonly quickMoves: (size: int, to: int, from: int, count: int) => int;
  readonly quickStores: (size: int, to: int, count: int, value: int) => int;
  readonly quickScans: (size: int, at: int, count: int, value: int, equal: int) => int;
  readonly quickCompares: (size: int, a: int, b: int, count: int, equal: int) => int;
  readonly quickSegment: (seg: int, selector: int) => int;
  readonly quickCycles: () => int;
}

export class Quick {
  /** While the interpreter trains: nothing is done, and the answer is now 0, now 1. */
  training = false;
  #turn: int = 0;
  readonly #cpu: Cpu;
  readonly #memory: Memory;
  readonly #words: Int32Array;
  readonly #h32: Int32Array;
  readonly #u8: Uint8Array;
  readonly #beforeTime: () => void;

  /** `beforeTime`: called before the time is asked for, so that the engine knows how many instructions are retired. */
  constructor(cpu: Cpu, memory: Memory, beforeTime: () => void) {
    this.#cpu = cpu;
    this.#memory = memory;
    this.#beforeTime = beforeTime;
    this.#words = cpu.words;
    this.#h32 = memory.i32;
    this.#u8 = memory.u8;
  }

  ways(): QuickWays {
    return {
      quickMoves: (size, to, from, count) => this.#moves(size, to, from, count),
      quickStores: (size, to, count, value) => this.#stores(size, to, count, value),
      quickScans: (size, at, count, value, equal) => this.#scans(size, at, count, value, equal),
      quickCompares: (size, a, b, count, equal) => this.#compares(size, a, b, count, equal),
      quickSegment: (seg, selector) => this.#segment(seg, selector),
      quickCycles: () => this.#cycles(),
    };
  }

  #train(): int {
    this.#turn ^= 1;
    return this.#turn;
  }

  #moves(size: int, to: int, from: int, count: int): int {
    if (this.training) return this.#train();
    if (count >>> 0 > MAX_BYTES || this.#cpu.DF !== 0) return 1;
    const bytes = count * (size >> 3);
    if ((to & (PAGE - 1)) + bytes <= PAGE && (from & (PAGE - 1)) + bytes <= PAGE) {
      if (bytes === 0) return 0;
      const p = this.#entry(from);
      const q = this.#entry(to);
      if (p < 0 || (q & NOT_FOR_WRITING) !== 0) return 1;
      this.#memory.bulk.copy(q, p & HOST_OFFSET, bytes, size, false);
      return 0;
    }
    if (bytes > MAX_BYTES || !this.#answers(from, bytes, 0) || !this.#answers(to, bytes, NOT_FOR_WRITING)) return 1;
    this.#movePages(size, to, from, bytes);
    return 0;
  }

  /** Page by page; an element that lies across a page's end is read before it is written. */
  #movePages(size: int, to: int, from: int, bytes: int): void {
    const step = size >> 3;
    const u8 = this.#u8;
    for (let done = 0; done < bytes; ) {
      const source = (from + done) | 0;
      const target = (to + done) | 0;
      const inPage = PAGE - Math.max(source & (PAGE - 1), target & (PAGE - 1));
      const part = Math.min(inPage, bytes - done) & -step;
      if (part !== 0) {
        this.#memory.bulk.copy(this.#host(target), this.#host(source), part, size, false);
        done += part;
        continue;
      }
      let value = 0;
      for (let k = 0; k < step; k++) value |= (u8[this.#host((source + k) | 0)] as int) << (8 * k);
      for (let k = 0; k < step; k++) u8[this.#host((target + k) | 0)] = value >> (8 * k);
      done += step;
    }
  }

  #stores(size: int, to: int, count: int, value: int): int {
    if (this.training) return this.#train();
    if (count >>> 0 > MAX_BYTES || this.#cpu.DF !== 0) return 1;
    const bytes = count * (size >> 3);
    if ((to & (PAGE - 1)) + bytes <= PAGE) {
      if (bytes === 0) return 0;
      const q = this.#entry(to);
      if ((q & NOT_FOR_WRITING) !== 0) return 1;
      this.#memory.bulk.fill(q, bytes, size, value);
      return 0;
    }
    if (bytes > MAX_BYTES || !this.#answers(to, bytes, NOT_FOR_WRITING)) return 1;
    const step = size >> 3;
    for (let done = 0; done < bytes; ) {
      const target = (to + done) | 0;
      const part = Math.min(PAGE - (target & (PAGE - 1)), bytes - done) & -step;
      if (part !== 0) this.#memory.bulk.fill(this.#host(target), part, size, value);
      else for (let k = 0; k < step; k++) this.#u8[this.#host((target + k) | 0)] = value >> (8 * k);
      done += part || step;
    }
    return 0;
  }

  #scans(size: int, at: int, count: int, value: int, equal: int): int {
    if (this.training) return this.#train();
    if (count === 0 || this.#cpu.DF !== 0) return 1;
    const step = size >> 3;
    // What lies beyond is not looked at: the string mostly ends long before.
    const most = count >>> 0 > MAX_BYTES ? MAX_BYTES : count;
    let done = 0;
    while (done < most) {
      const place = (at + done * step) | 0;
      const n = Math.min(((PAGE - (place & (PAGE - 1))) / step) | 0, most - done);
      const p = this.#entry(place);
      if (n === 0 || p < 0) return 1;
      const host = p & HOST_OFFSET;
      const same = this.#memory.bulk.scan(host, n * step, size, false, value, equal !== 0);
      if (same < n || done + n === count) {
        const last = Math.min(same, n - 1);
        return this.#examined(done + last + 1, this.#element(host + last * step, size), 0);
      }
      done += n;
    }
    return 1;
  }

  #compares(size: int, a: int, b: int, count: int, equal: int): int {
    if (this.training) return this.#train();
    if (count === 0 || this.#cpu.DF !== 0) return 1;
    const step = size >> 3;
    const most = count >>> 0 > MAX_BYTES ? MAX_BYTES : count;
    let done = 0;
    while (done < most) {
      const first = (a + done * step) | 0;
      const second = (b + done * step) | 0;
      const inPage = PAGE - Math.max(first & (PAGE - 1), second & (PAGE - 1));
      const n = Math.min((inPage / step) | 0, most - done);
      const p = this.#entry(first);
      const q = this.#entry(second);
      if (n === 0 || p < 0 || q < 0) return 1;
      const x = p & HOST_OFFSET;
      const y = q & HOST_OFFSET;
      const same = this.#memory.bulk.compare(x, y, n * step, size, false, equal !== 0);
      if (same < n || done + n === count) {
        const last = Math.min(same, n - 1) * step;
        return this.#examined(
          done + Math.min(same, n - 1) + 1,
          this.#element(x + last, size),
          this.#element(y + last, size),
        );
      }
      done += n;
    }
    return 1;
  }

  #examined(elements: int, value: int, other: int): int {
    const words = this.#words;
    words[WORD.quickCount] = elements;
    words[WORD.quickValue] = value;
    words[WORD.quickOther] = other;
    return 0;
  }

  #element(host: int, size: int): int {
    if (size === 8) return this.#memory.load8(host, 0);
    return size === 32 ? this.#memory.load32(host, 0) : this.#memory.load16(host, 0);
  }

  #segment(seg: int, selector: int): int {
    if (this.training) return this.#train();
    const c = this.#cpu;
    if (seg === SS || (c.cr0 & CR0_PE) === 0 || c.VM !== 0) return 1;
    const isData = seg === DS || seg === ES;
    if (isNull(selector)) {
      if (isData && isFlatData(c, seg)) return 1;
      setNullSegment(c, seg, selector);
      return 0;
    }
    if ((selector & 4) !== 0 || (selector | 7) > c.gdtLimit >>> 0) return 1;
    const at = (c.gdtBase + (selector & 0xfff8)) | 0;
    const p = this.#h32[this.#memory.tableWord(0) + (at >>> 12)] ^ at;
    if (p < 0 || (p & 7) !== 0) return 1;
    const word = (p & HOST_OFFSET) >> 2;
    const low = this.#h32[word] as int;
    const high = this.#h32[word + 1] as int;
    if (!isPresent(high) || !isReadable(high) || (high & DESCRIPTOR_ACCESSED) === 0) return 1;
    const dpl = descriptorDpl(high);
    if (!(isCode(high) && isConforming(high)) && (c.cpl > dpl || (selector & 3) > dpl)) return 1;
    // Code was packed for a flat segment, or for one that is not: that must stay.
    if (isData && (!isFlatDescriptor(low, high) || !isFlatData(c, seg))) return 1;
    setFromDescriptor(c, seg, selector, low, high);
    return 0;
  }

  /** Only translated code asks: it says before what is left of the budget. */
  #cycles(): int {
    const c = this.#cpu;
    if ((c.cr4 & CR4_TSD) !== 0) return 1;
    this.#beforeTime();
    const cycles = c.platform.cycles();
    c.words[WORD.quickValue] = cycles % 0x100000000;
    c.words[WORD.quickOther] = Math.floor(cycles / 0x100000000);
    return 0;
  }

  /** The entry of a page, exclusive-or the address. */
  #entry(linear: int): int {
    return (this.#h32[(this.#words[TABLE] as int) + (linear >>> 12)] as int) ^ linear;
  }

  /** Host offset of an address whose page answers. */
  #host(linear: int): int {
    return this.#entry(linear) & HOST_OFFSET;
  }

  /** Whether all pages of `bytes` at `linear` are direct, without any of the `bad` bits. */
  #answers(linear: int, bytes: int, bad: int): boolean {
    const first = linear & -PAGE;
    const pages = ((linear & (PAGE - 1)) + bytes + PAGE - 1) >>> 12;
    for (let k = 0; k < pages; k++) {
      const p = this.#entry((first + k * PAGE) | 0);
      if (p < 0 || (p & bad) !== 0) return false;
    }
    return true;
  }
}

/** Present, writable data up, from 0 to 4 GiB. */
function isFlatDescriptor(low: int, high: int): boolean {
  return low === 0xffff && (high & FLAT_MASK) === FLAT;
}
