// Which instructions leave their regions again and again: unaligned accesses, writes to page tables, devices. Counted by
// EIP; a region is then made again with them guarded, so that it calls out there and goes on.
//
// An instruction whose operand is at hand leaves for operands that are looked up with its own (see passes/places.ts) and
// are on the next page. Where that is always the same page, it counts. Something that walks through memory comes to the
// end of a page now and then, and is better off without a guard.

import { NO_PAGE } from '../src/cpu/regions.ts';
import type { int } from '../src/isa/insn.ts';

/** Exits of an instruction that cost about as much as to translate its region again. */
const EXITS = 8192;
/** Exits that are enough once a region is made again anyway. */
const FEW_EXITS = 512;
/** Instructions that are counted; when there are more, the count starts anew. */
const COUNTED = 4096;

interface Count {
  /** Exits for its own operand, or at the same page as before. */
  n: number;
  /** Exits at other pages than before. */
  walked: number;
  page: int;
}

/** What is to be guarded: by EIP, whether it leaves at ever other pages. */
export type Guards = ReadonlyMap<int, boolean>;

export class Leaving {
  readonly #counts = new Map<int, Count>();
  readonly #guarded = new Set<int>();

  /** Counts an exit at EIP; `page`: see Regions. What is to be guarded, if it is time. */
  left(eip: int, page: int): Guards | undefined {
    let count = this.#counts.get(eip);
    if (!count) {
      if (this.#counts.size >= COUNTED) this.#counts.clear();
      count = { n: 0, walked: 0, page };
      this.#counts.set(eip, count);
    }
    if (page !== NO_PAGE && page !== count.page) {
      count.page = page;
      return ++count.walked === EXITS ? new Map([[eip, true]]) : undefined;
    }
    if (++count.n !== EXITS) return undefined;
    const often = new Map<int, boolean>();
    for (const [at, { n }] of this.#counts) if (n >= FEW_EXITS) often.set(at, false);
    for (const at of often.keys()) this.#counts.delete(at);
    return often;
  }

  /** The instruction at a guest-physical address is guarded from now on. */
  guard(physical: int): void {
    this.#guarded.add(physical);
  }

  isGuarded(physical: int): boolean {
    return this.#guarded.has(physical);
  }

  clear(): void {
    this.#counts.clear();
    this.#guarded.clear();
  }
}
