// Memory accesses of a region: places, which look an address up in the shadow page table and leave where that has no
// answer, and what is known of the operands that are loaded and stored through them.

import { NOT_DIRECT, NOT_WRITABLE } from '../src/memory/shadow.ts';
import { B, C, type Expr, N, type Stmt, T } from './ir.ts';
import type { Local, Operand, Writer } from './writer.ts';

const PAGE = 4096;

type Of<K> = Extract<Stmt, { k: K }>;

export class MemoryPrinter {
  readonly #writer: Writer<unknown>;
  /** Places checked for writing: the others have a mark, which must be masked off. */
  readonly #writable = new Set<number>();
  /** Places that were checked for the alignment of doubles; those that were not even for that of words. */
  readonly #aligned = new Set<number>();
  readonly #loose = new Set<number>();

  constructor(writer: Writer<unknown>) {
    this.#writer = writer;
  }

  /** Looks an address up; `slow` is written where it is not plain memory at hand. */
  place({ i, a, size, write, aligned }: Of<'place'>, to: Local, slow: () => void): void {
    const w = this.#writer;
    w.lookUp(to, a);
    if (write) this.#writable.add(i);
    if (aligned) this.#aligned.add(i);
    if (aligned === false) this.#loose.add(i);
    const bytes = size / 8;
    // What is wider than a word is accessed by words.
    const alignedTo = aligned === false ? 1 : aligned ? bytes : Math.min(bytes, 4);
    const mask = NOT_DIRECT | (write ? NOT_WRITABLE : 0) | (alignedTo - 1);
    const t = T(i);
    const masked = B('&', t, N(mask));
    if (alignedTo === bytes) {
      w.if(mask === NOT_DIRECT ? C('lt', [t, N(0)]) : masked);
      slow();
      w.end();
      return;
    }
    // What is aligned to a power of two is on one page.
    const power = 1 << (32 - Math.clz32(bytes - 1));
    if (aligned !== false) w.if(B('&', t, N(mask | (power - 1))));
    w.if(B('|', masked, C('gt', [B('&', t, N(PAGE - 1)), N(PAGE - bytes)])));
    slow();
    w.end();
    if (aligned !== false) w.end();
  }

  /** An operand of 8 to 64 bits, `offset` bytes into a place. */
  operand(p: Expr, size: number, offset: number): Operand {
    const place = p.k === 't' ? p.i : -1;
    const isAligned = size === 64 ? this.#aligned.has(place) : size === 8 || !this.#loose.has(place);
    return { p, offset, size, isMarked: p.k === 't' && !this.#writable.has(place), isAligned };
  }
}
