// Addresses of operands in memory as values that are a constant away from each other: what a register holds at the
// beginning of a block, or a temporary, and a constant more. Values flow through the graph of a region; where ways meet
// that do not agree, it is a value of its own.

import type { int } from '../../src/isa/insn.ts';
import type { Block } from '../graph.ts';
import { type Expr, isZero } from '../ir.ts';
import type { Body, SpecialisedBlock, Step } from '../specialise.ts';
import { ByTemporary } from '../temporaries.ts';

export const PAGE = 4096;
const REGISTERS = 8;

// Roots: what addresses are a constant away from. A temporary is its number; -1 - n is what register n holds where the
// region is entered; from CONSTANTS on are pages of constant addresses; the others are numbered below OTHERS.
export const CONSTANTS = 2 ** 32;
const OTHERS = -1 - REGISTERS;

export type PlaceStep = Step & { k: 'place' };

/** What an address or a register is: a root, and a constant more. */
export interface Value {
  readonly root: number;
  readonly offset: number;
}

/** How the blocks of a region follow each other. A block is named by its offset. */
export interface ControlFlow {
  /** Reverse postorder; the first one is the root. */
  readonly order: readonly Block[];
  readonly preds: ReadonlyMap<number, readonly number[]>;
  /** Whether a block is the head of a loop. */
  isHead(at: number): boolean;
  /** Whether an edge leads back to the head of a loop. */
  isBack(from: number, to: number): boolean;
  /** Whether every way to `b` leads through `a`; a block dominates itself. */
  dominates(a: number, b: number): boolean;
}

/** An operand whose address is a value. */
export interface Place {
  readonly s: PlaceStep;
  /** Its address. */
  readonly value: Value;
  /** Callouts of the block before it. */
  readonly callouts: number;
}

/** Addresses in the blocks of a region. */
export class Addresses {
  readonly #flow: ControlFlow;
  readonly #scans = new Map<number, Scan>();
  readonly #before = new Map<number, readonly Value[]>();

  /** `alone`: offsets of instructions that are not looked at. */
  constructor(flow: ControlFlow, blocks: ReadonlyMap<number, SpecialisedBlock>, alone: ReadonlySet<int>) {
    this.#flow = flow;
    const made = { n: OTHERS - REGISTERS * flow.order.length };
    const temporaries = new ByTemporary<Value>();
    for (const { at } of flow.order) {
      this.#scans.set(at, new Scan((blocks.get(at) as SpecialisedBlock).body, alone, made, temporaries));
    }
    this.#follow();
  }

  /** Places of a block, in their order. */
  places(at: number): readonly Place[] {
    return this.#scan(at).places;
  }

  /** Callouts of a block. */
  callouts(at: number): number {
    return this.#scan(at).callouts;
  }

  /** What the address of a place of a block is throughout the region. */
  resolved(v: Value, at: number): Value {
    if (v.root >= 0 || v.root <= OTHERS) return v;
    return sum((this.#before.get(at) as readonly Value[])[-1 - v.root] as Value, v.offset);
  }

  /** Finds what registers hold at the beginning of each block: where ways meet that do not agree, it is a root of its own. */
  #follow(): void {
    const { order } = this.#flow;
    const behind = new Map<number, readonly Value[]>();
    for (let changed = true; changed; ) {
      changed = false;
      for (let k = 0; k < order.length; k++) {
        const { at } = order[k] as Block;
        const old = this.#before.get(at);
        const now = this.#met(k, behind, old);
        if (now === old) continue;
        this.#before.set(at, now);
        const { registers } = this.#scan(at);
        behind.set(at, registers === UNTOUCHED ? now : registers.map((v) => this.resolved(v, at)));
        // Only what a loop leads back to has been looked at before.
        if (old || this.#flow.isHead(at)) changed = true;
      }
    }
  }

  #scan(at: number): Scan {
    return this.#scans.get(at) as Scan;
  }

  /** The registers behind all that leads to the block with that number in the order; `old`, if they are the same. */
  #met(k: number, behind: ReadonlyMap<number, readonly Value[]>, old?: readonly Value[]): readonly Value[] {
    const { at } = this.#flow.order[k] as Block;
    const preds = this.#flow.preds.get(at) as readonly number[];
    const first = OTHERS - REGISTERS * k;
    let now: readonly Value[] | undefined = k === 0 ? UNTOUCHED : undefined;
    let own: Value[] | undefined;
    for (let j = 0; j < preds.length; j++) {
      const there = behind.get(preds[j] as number);
      if (!there || there === now) continue;
      if (!now) {
        now = there;
        continue;
      }
      for (let n = 0; n < REGISTERS; n++) {
        if (areSame(now[n] as Value, there[n] as Value)) continue;
        if (!own) now = own = now.slice();
        own[n] = { root: first - n, offset: 0 };
      }
    }
    if (!old || !now) return now ?? UNTOUCHED;
    let isOld = true;
    for (let n = 0; n < REGISTERS; n++) {
      const before = old[n] as Value;
      if (areSame(now[n] as Value, before)) continue;
      // What is a root of its own remains one.
      if (before.root === first - n) {
        if (!own) now = own = now.slice();
        own[n] = before;
      } else isOld = false;
    }
    return isOld ? old : now;
  }
}

const sum = (v: Value, n: number): Value => (n === 0 ? v : { root: v.root, offset: (v.offset + n) | 0 });
const areSame = (a: Value, b: Value): boolean => a.root === b.root && a.offset === b.offset;

/** The registers where nothing has been done to them. */
const UNTOUCHED: readonly Value[] = Array.from({ length: REGISTERS }, (_, n) => ({ root: -1 - n, offset: 0 }));

/** What there is to know of a block by itself: for roots below zero, take what registers hold at its beginning. */
class Scan {
  readonly places: Place[] = [];
  callouts = 0;
  /** Registers, in the end those behind the block. */
  registers: readonly Value[] = UNTOUCHED;
  readonly #temporaries: ByTemporary<Value>;
  readonly #made: { n: number };
  readonly #alone: ReadonlySet<int>;

  /** `alone`: offsets of instructions that share nothing; `made`: the next root; `temporaries`: of all blocks. */
  constructor(body: Body, alone: ReadonlySet<int>, made: { n: number }, temporaries: ByTemporary<Value>) {
    this.#temporaries = temporaries;
    this.#made = made;
    this.#alone = alone;
    for (let k = 0; k < body.length; k++) {
      const s = body[k] as Body[number];
      if (s.k === 'callout' || s.k === 'guarded') {
        this.callouts++;
        this.#forget();
      } else this.#step(s);
    }
  }

  #unknown(): Value {
    return { root: this.#made.n--, offset: 0 };
  }

  #forget(): void {
    this.registers = UNTOUCHED.map(() => this.#unknown());
  }

  #step(s: Step): void {
    switch (s.k) {
      case 'let':
        if (s.e.k === 'b' || s.e.k === 'r') {
          const value = this.#value(s.e);
          if (value) this.#temporaries.set(s.i, value);
        }
        return;
      case 'set':
        this.#set(s.to, s.e);
        return;
      case 'place': {
        const value = this.#alone.has(s.at as int) ? undefined : this.#value(s.a);
        if (value) this.places.push({ s, value, callouts: this.callouts });
        return;
      }
      case 'if':
        for (const x of s.then) if (x.k === 'set') this.#set(x.to);
        for (const x of s.else) if (x.k === 'set') this.#set(x.to);
    }
  }

  #set(to: Expr, e?: Expr): void {
    if (to.k !== 'r' || to.array !== 'reg') return;
    if (to.n.k !== 'n') this.#forget();
    else {
      const value = (e && this.#value(e)) ?? this.#unknown();
      if (this.registers === UNTOUCHED) this.registers = UNTOUCHED.slice();
      (this.registers as Value[])[to.n.v] = value;
    }
  }

  #value(e: Expr): Value | undefined {
    switch (e.k) {
      case 'n':
        return { root: CONSTANTS + (e.v >>> 12), offset: e.v & (PAGE - 1) };
      case 't':
        return this.#temporaries.get(e.i) ?? { root: e.i, offset: 0 };
      case 'r':
        return e.array === 'reg' && e.n.k === 'n' ? this.registers[e.n.v] : undefined;
      case 'b': {
        const isSum = e.op === '+' || e.op === '-' || (e.op === '|' && isZero(e.b));
        if (e.b.k !== 'n' || !isSum) return undefined;
        const value = this.#value(e.a);
        return value && sum(value, e.op === '-' ? -e.b.v : e.b.v);
      }
    }
    return undefined;
  }
}
