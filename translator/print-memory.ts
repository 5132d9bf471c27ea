// Memory accesses of a region: places, which look an address up in the shadow page table and leave where that has no
// answer, and what is known of the operands that are loaded and stored through them.

import { NOT_DIRECT, NOT_WRITABLE } from '../src/memory/shadow.ts';
import { alignmentOf, B, C, type Expr, N, type Stmt, T } from './ir.ts';
import type { Local, Operand, Writer } from './writer.ts';

const PAGE = 4096;

type Of<K> = Extract<Stmt, { k: K }>;

export class MemoryPrinter {
  readonly #writer: Writer<unknown>;
  /** Places checked for writing: the others have a mark, which must be masked off. */
  readonly #writable = new Set<number>();
  /** Bytes that places are aligned to. */
  readonly #alignments = new Map<number, number>();

  constructor(writer: Writer<unknown>) {
    this.#writer = writer;
  }

  /** Looks an address up; `slow` is written where it is not plain memory at hand. */
  place(s: Of<'place'>, to: Local, slow: () => void): void {
    const w = this.#writer;
    const { i, write } = s;
    w.lookUp(to, s.a);
    const bytes = s.size / 8;
    const alignment = alignmentOf(s);
    if (write) this.#writable.add(i);
    this.#alignments.set(i, alignment);
    const mask = NOT_DIRECT | (write ? NOT_WRITABLE : 0) | (alignment - 1);
    const t = T(i);
    const masked = B('&', t, N(mask));
    if (alignment === bytes) {
      w.if(mask === NOT_DIRECT ? C('lt', [t, N(0)]) : masked);
      slow();
      w.end();
      return;
    }
    // What is aligned to a power of two is on one page: operands of more than a word mostly are.
    const isMostly = s.aligned !== false && s.alignment === undefined;
    const power = 1 << (32 - Math.clz32(bytes - 1));
    if (isMostly) w.if(B('&', t, N(mask | (power - 1))));
    w.if(B('|', masked, C('gt', [B('&', t, N(PAGE - 1)), N(PAGE - bytes)])));
    slow();
    w.end();
    if (isMostly) w.end();
  }

  /** An operand of 8 to 64 bits, `offset` bytes into a place. */
  operand(p: Expr, size: number, offset: number): Operand {
    const place = p.k === 't' ? p.i : -1;
    const alignment = this.#alignments.get(place) ?? 4;
    const isAligned = size <= 8 * alignment && (offset & (size / 8 - 1)) === 0;
    return { p, offset, size, isMarked: p.k === 't' && !this.#writable.has(place), isAligned };
  }
}
