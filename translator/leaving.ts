// Which instructions leave their regions again and again: unaligned accesses, writes to page tables, devices. Counted by
// EIP; a region is then made again with them guarded, so that it calls out there and goes on.

import type { int } from '../src/isa/insn.ts';

/** Exits of an instruction that cost about as much as to translate its region again. */
const EXITS = 8192;
/** Exits that are enough once a region is made again anyway. */
const FEW_EXITS = 512;
/** Instructions that are counted; when there are more, the count starts anew. */
const COUNTED = 4096;

export class Leaving {
  #counts = new Map<int, int>();
  readonly #guarded = new Set<int>();

  /** Counts an exit at EIP. Returns the EIPs to be guarded, if it is time. */
  left(eip: int): int[] | undefined {
    const count = (this.#counts.get(eip) ?? 0) + 1;
    if (count === 1 && this.#counts.size >= COUNTED) this.#counts.clear();
    this.#counts.set(eip, count);
    if (count !== EXITS) return undefined;
    const often = [...this.#counts].filter(([, n]) => n >= FEW_EXITS).map(([at]) => at);
    for (const at of often) this.#counts.delete(at);
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
