// The link table: for an EIP, the region that may be entered there at once. A region that is left looks here for the
// next one (translator/chain.ts), before the interpreter is asked. It is direct-mapped; an entry holds for one stamp.
//
// A stamp stands for everything that a region's entry depends on besides its EIP and its code: mode, privilege, address
// space and mappings. Whoever changes one of these takes a new stamp; a region whose code is written has its links taken.

import type { int } from '../isa/insn.ts';
import { LINKS_BYTES } from '../memory/layout.ts';
import { hash } from './hash.ts';

/** Words of an entry: EIP, stamp, number of the region, nothing. */
export const LINK_WORDS = 4;
export const LINK_ENTRIES = LINKS_BYTES / (4 * LINK_WORDS);

/** One of so many links is not taken: it is looked at, for the profile of indirect jumps. A power of two. */
export const SAMPLE_LINKS = 1024;
/** A stamp that never holds. */
export const NO_STAMP = -1;

/** Number of the entry for an EIP. */
function linkEntry(eip: int): int {
  return hash(eip, LINK_ENTRIES);
}

/** The region that was last linked at an EIP, for whatever stamp; -1 if there is none. `linksAt` as in the heap's layout. */
export function linkedRegion(heap: Int32Array, linksAt: int, eip: int): int {
  const at = (linksAt >> 2) + linkEntry(eip) * LINK_WORDS;
  return heap[at] === eip ? (heap[at + 2] as int) : -1;
}

/** What a stamp was given for. */
interface Known {
  readonly stamp: int;
  readonly mode: int;
  /** Word of the shadow page table that code was fetched through. */
  readonly table: int;
}

export class Links {
  /** Part of the heap, which generated code works on. */
  readonly table: Int32Array;
  /** Stamps begin at 1: entries that nobody has written, of links and of tags, have EIP 0 and stamp 0. */
  #last = 0;
  #supervisor: Known | undefined;
  /** User stamps by CR3: an address space that comes back finds its links. */
  readonly #user = new Map<int, Known>();
  /** The last of them that was asked for. */
  #latest: Known | undefined;
  #latestCr3: int = 0;

  /** `linksAt` as in the heap's layout. */
  constructor(heap: ArrayBuffer, linksAt: int) {
    this.table = new Int32Array(heap, linksAt, LINK_ENTRIES * LINK_WORDS);
  }

  /** The stamp for a mode, and for an address space if `user`; `table` is the word of the shadow page table in use. */
  stamp(mode: int, user: int, cr3: int, table: int): int {
    const known = user ? this.#ofUser(cr3) : this.#supervisor;
    if (known?.mode === mode && known.table === table) return known.stamp;
    // Far from ever wrapping: a stamp lasts for microseconds at least.
    const stamp = ++this.#last;
    if (user) this.#user.set(cr3, { stamp, mode, table });
    else this.#supervisor = { stamp, mode, table };
    if (user) this.#latest = undefined;
    return stamp;
  }

  #ofUser(cr3: int): Known | undefined {
    if (this.#latest === undefined || this.#latestCr3 !== cr3) {
      this.#latest = this.#user.get(cr3);
      this.#latestCr3 = cr3;
    }
    return this.#latest;
  }

  /** No link of user or supervisor code holds any more that was made under a shadow page table. Whether `running` was its stamp. */
  lose(user: int, table: int, running: int): boolean {
    if (!user) {
      const lost = this.#supervisor?.stamp === running;
      this.#supervisor = undefined;
      return lost;
    }
    let lost = false;
    this.#latest = undefined;
    for (const [cr3, known] of this.#user) {
      if (known.table !== table) continue;
      if (known.stamp === running) lost = true;
      this.#user.delete(cr3);
    }
    return lost;
  }

  /** A stamp that no link has: for what runs on when its own is lost. */
  fresh(): int {
    return ++this.#last;
  }

  /** No link holds any more. */
  loseAll(): void {
    this.#supervisor = undefined;
    this.#user.clear();
    this.#latest = undefined;
  }

  /** No link leads to the region any more. */
  forget(region: int): void {
    const { table } = this;
    for (let at = 0; at < table.length; at += LINK_WORDS) {
      if (table[at + 2] === region) table[at + 1] = NO_STAMP;
    }
  }

  /** The region may be entered at EIP. */
  set(eip: int, stamp: int, region: int): void {
    const at = linkEntry(eip) * LINK_WORDS;
    this.table[at] = eip;
    this.table[at + 1] = stamp;
    this.table[at + 2] = region;
  }
}
