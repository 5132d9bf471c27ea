// Checks that doubles are plain, before arithmetic on them and behind it: what has been looked at is not looked at again,
// also where it is in a lane of an XMM register at the end of a block, and whatever way led there. Lanes that a region
// takes for doubles from its beginning are looked at before everything else.
//
// What is left is done in two steps: the exponent, in the high word, tells that nearly every number is plain; for zeros
// and what is close to the limits, the numbers are compared.

import { bin, call } from '../fold.ts';
import type { Graph } from '../graph.ts';
import { C, D, type Expr, exit, let_, load, N, R, type Stmt, T } from '../ir.ts';
import { DOUBLE_LANES } from '../lanes.ts';
import type { Body, Callout, Guarded, SpecialisedBlock, Step } from '../specialise.ts';

const LEAST_NORMAL: Expr = D(2 ** -1022);
const MOST_FINITE: Expr = D(Number.MAX_VALUE);
/**
 * The exponent e is in bits 20 to 30 of the high word. e + 1 is in 0 to 3, but for bit 11, where e is 7ff (infinite, NaN),
 * 0 (zero, denormal), 1 (the least normal number), and 2.
 */
const ONE_EXPONENT = 0x00100000;
const PLAIN_EXPONENTS = 0x7fc00000;

/** Numbers of elements of DOUBLE_LANES. */
type Plain = ReadonlySet<number>;

const laneOf = (e: Expr): number => (e.k === 'r' && e.array === DOUBLE_LANES && e.n.k === 'n' ? e.n.v : -1);
export const isCheck = (e: Expr): boolean =>
  e.k === 'c' && (e.f === 'oddDouble' || e.f === 'oddProduct' || e.f === 'oddQuotient');

/**
 * Drops the checks that are needless, and puts the others as they are printed.
 * @param ahead whether lanes may be looked at before everything else.
 * @return what is to be done before everything else.
 */
export function settleChecks(
  graph: Graph,
  blocks: Map<number, SpecialisedBlock>,
  ahead: boolean,
  temporaries: { n: number },
): Step[] {
  if (!hasChecks(graph)) return [];
  const first = ahead ? wantedAtEntry(graph, blocks) : new Set<number>();
  const before = new Map<number, Plain>([[graph.root, first]]);
  const work = [graph.root];
  for (let at = work.pop(); at !== undefined; at = work.pop()) {
    const { block, body } = blocks.get(at) as SpecialisedBlock;
    const after = new Walk(before.get(at) as Plain, temporaries).through(body).plainBehind();
    for (const s of block.succ) {
      const there = before.get(s);
      const both = there ? new Set([...there].filter((lane) => after.has(lane))) : after;
      if (there && both.size === there.size) continue;
      before.set(s, both);
      work.push(s);
    }
  }
  for (const [at, plain] of before) {
    const b = blocks.get(at) as SpecialisedBlock;
    blocks.set(at, { ...b, body: new Walk(plain, temporaries).through(b.body).out });
  }
  const guards = new Walk(new Set(), temporaries);
  for (const lane of first) {
    const i = temporaries.n++;
    const t = T(i);
    const e = R(DOUBLE_LANES, N(lane));
    guards.through([let_(i, e), exit(call('oddDouble', [t]), undefined, { at: graph.entry, undo: 0 }) as Step]);
  }
  return guards.out as Step[];
}

function hasChecks(graph: Graph): boolean {
  for (const b of graph.blocks.values()) for (const p of b.insns) if (p.template?.checks) return true;
  return false;
}

/** Lanes that are checked before they are set, on some way from the entry. */
function wantedAtEntry(graph: Graph, blocks: ReadonlyMap<number, SpecialisedBlock>): Set<number> {
  const wanted = new Map<number, Set<number>>();
  const own = new Map([...blocks].map(([at, { body }]) => [at, demands(body)] as const));
  for (const [at, { asks }] of own) wanted.set(at, new Set(asks));
  for (let changed = true; changed; ) {
    changed = false;
    for (const [at, { block }] of blocks) {
      const mine = wanted.get(at) as Set<number>;
      const { sets, calls } = own.get(at) as Demands;
      if (calls) continue;
      for (const s of block.succ) {
        for (const lane of wanted.get(s) ?? []) {
          if (mine.has(lane) || sets.has(lane)) continue;
          mine.add(lane);
          changed = true;
        }
      }
    }
  }
  return wanted.get(graph.root) ?? new Set();
}

interface Demands {
  readonly asks: Set<number>;
  readonly sets: Set<number>;
  /** Whether there is a callout: nothing is known behind it. */
  calls: boolean;
}

function demands(body: Body): Demands {
  const made: Demands = { asks: new Set(), sets: new Set(), calls: false };
  const origins = new Map<number, number>();
  const checks = new Map<number, Expr>();
  for (const s of body) {
    if (s.k === 'callout' || s.k === 'guarded') {
      made.calls = true;
      break;
    }
    if (s.k === 'let') {
      const lane = laneOf(s.e);
      if (lane >= 0 && !made.sets.has(lane)) origins.set(s.i, lane);
      if (isCheck(s.e)) checks.set(s.i, s.e);
    } else if (s.k === 'set') {
      const lane = laneOf(s.to);
      if (lane >= 0) made.sets.add(lane);
    } else if (s.k === 'exit' && s.e.k === 't') {
      const check = checks.get(s.e.i);
      const [v] = check?.k === 'c' ? check.args : [];
      const lane = v?.k === 't' ? origins.get(v.i) : undefined;
      if (lane !== undefined) made.asks.add(lane);
    }
  }
  return made;
}

class Walk {
  out: (Step | Callout | Guarded)[] = [];
  readonly #plain: Set<number>;
  readonly #temporaries: { n: number };
  /** What lanes hold that were read or set. */
  readonly #held = new Map<number, Expr>();
  /** Temporaries that are plain. */
  readonly #passed = new Set<number>();
  readonly #checks = new Map<number, Expr>();
  /** High words of doubles that were loaded. */
  readonly #high = new Map<number, Expr>();

  constructor(plain: Plain, temporaries: { n: number }) {
    this.#plain = new Set(plain);
    this.#temporaries = temporaries;
  }

  plainBehind(): Set<number> {
    const plain = new Set(this.#plain);
    for (const [lane, e] of this.#held) {
      if (this.#isPlain(e)) plain.add(lane);
      else plain.delete(lane);
    }
    return plain;
  }

  through(body: Body): this {
    const wanted = checkedIn(body);
    for (const s of body) {
      if (s.k === 'callout') {
        this.#forget();
        this.out.push(s);
      } else if (s.k === 'guarded') {
        const inner = new Walk(this.plainBehind(), this.#temporaries).through(s.body).out as Step[];
        this.#forget();
        this.out.push({ ...s, body: inner });
      } else this.#step(s, wanted);
    }
    return this;
  }

  #forget(): void {
    this.#plain.clear();
    this.#held.clear();
  }

  #isPlain(e: Expr): boolean {
    return (e.k === 'd' && e.v === 0) || (e.k === 't' && this.#passed.has(e.i));
  }

  #step(s: Step, wanted: ReadonlySet<number>): void {
    if (s.k === 'exit') {
      this.#exit(s);
      return;
    }
    this.out.push(s);
    if (s.k === 'let') {
      const lane = laneOf(s.e);
      if (lane >= 0) {
        const held = this.#held.get(lane);
        if (held ? this.#isPlain(held) : this.#plain.has(lane)) this.#passed.add(s.i);
        if (!held) this.#held.set(lane, T(s.i));
      } else if (isCheck(s.e)) this.#checks.set(s.i, s.e);
      else if (s.e.k === 'c' && s.e.f === 'fromInt') this.#passed.add(s.i);
    } else if (s.k === 'set') {
      const lane = laneOf(s.to);
      if (lane >= 0) this.#held.set(lane, s.e);
    } else if (s.k === 'load' && s.size === 64 && wanted.has(s.i)) {
      const i = this.#temporaries.n++;
      this.out.push(load(i, s.p, 32, s.at + 4));
      this.#high.set(s.i, T(i));
    }
  }

  #exit(s: Step & { k: 'exit' }): void {
    const check = isCheck(s.e) ? s.e : s.e.k === 't' ? this.#checks.get(s.e.i) : undefined;
    if (check?.k !== 'c') {
      this.out.push(s);
      return;
    }
    const [v, a, b] = check.args as [Expr, Expr?, Expr?];
    if (this.#isPlain(v)) return;
    let high = v.k === 't' ? this.#high.get(v.i) : undefined;
    if (!high) {
      const i = this.#temporaries.n++;
      this.out.push(let_(i, C('highWord', [v])));
      high = T(i);
    }
    const isZero = (e: Expr): Expr => call('feq', [e, N(0)]);
    const size = call('fabs', [v]);
    const normal = bin('&', call('flt', [LEAST_NORMAL, size]), call('fle', [size, MOST_FINITE]));
    // Zero is plain, but for a product or quotient that is too small.
    let zero = isZero(v);
    if (a) zero = bin('&', zero, b ? bin('|', isZero(a), isZero(b)) : isZero(a));
    const plain = bin('&', bin('+', high, N(ONE_EXPONENT)), N(PLAIN_EXPONENTS));
    this.out.push(exit(bin('^', normal, N(1)), [plain, zero], s) as Step);
    if (v.k === 't') this.#passed.add(v.i);
  }
}

/** Temporaries that are checked. */
function checkedIn(body: Body): Set<number> {
  const wanted = new Set<number>();
  const note = (s: Stmt): void => {
    if (s.k === 'let' && s.e.k === 'c' && isCheck(s.e) && s.e.args[0]?.k === 't') wanted.add(s.e.args[0].i);
  };
  for (const s of body) {
    if (s.k !== 'callout' && s.k !== 'guarded') note(s);
  }
  return wanted;
}
