// Shared places: operands in memory that are a constant away from each other are looked up once. What several
// instructions have off one register (the stack, the fields of a structure) is a single place, from the lowest byte to the
// highest; it is checked where the first of them is, for all of them: that its page answers, that it can be written if one
// of the same block writes, that it is aligned, that it ends on its page.
//
// Blocks share what others checked that dominate them. A callout ends it all: behind it, the shadow page table may be
// another one.
//
// A place that is left at leaves for all. Where that happens again and again, since the frame of a function straddles two
// pages, the instruction is guarded (see leaving.ts), and the region shares nothing off its base register any more.

import { ESP, type Insn, type int, MEM } from '../../src/isa/insn.ts';
import { bin } from '../fold.ts';
import type { Block } from '../graph.ts';
import { alignmentOf, if_, load, N, type Stmt, sharedPlace, store, T } from '../ir.ts';
import type { Body, Callout, Guarded, SpecialisedBlock, Step } from '../specialise.ts';
import { Addresses, CONSTANTS, type ControlFlow, PAGE, type PlaceStep, type Value } from './addresses.ts';

/** Most bytes of a shared place: the more, the oftener it straddles two pages. */
const MOST_BYTES = 256;

/** Shares the places of a region. Offsets of the instructions that look them up. */
export function sharePlaces(flow: ControlFlow, blocks: Map<number, SpecialisedBlock>): readonly int[] {
  const addresses = new Addresses(flow, blocks, notShared(flow.order));
  const moved = new Sharing(flow, addresses).moved();
  if (moved.size === 0) return NONE;
  for (const [at, b] of blocks) {
    if (addresses.places(at).some(({ s }) => moved.has(s.i))) blocks.set(at, { ...b, body: rewritten(b.body, moved) });
  }
  return [...new Set([...moved.values()].map(({ shared }) => shared.first.at as int))];
}

const NONE: readonly int[] = [];

/** Instructions that use the stack besides their operand. */
const ON_STACK = new Set(['PUSH', 'POP', 'CALL', 'CALLn']);

/** Registers that an instruction addresses memory by. */
function bases({ dst, src, op }: Insn): readonly int[] {
  const operand = dst.kind === MEM ? dst : src.kind === MEM ? src : undefined;
  if (!operand) return [ESP];
  return ON_STACK.has(op) ? [operand.base, ESP] : [operand.base];
}

/** Offsets of instructions with the base register of one that is guarded. */
function notShared(order: readonly Block[]): ReadonlySet<int> {
  const registers = new Set<int>();
  for (const { insns } of order) {
    for (const { guarded, insn } of insns) if (guarded) for (const n of bases(insn)) registers.add(n);
  }
  const found = new Set<int>();
  if (registers.size === 0) return found;
  for (const { insns } of order)
    for (const { at, insn } of insns) if (bases(insn).some((n) => registers.has(n))) found.add(at);
  return found;
}

/** A place that is looked up once for all of its members. */
class Shared {
  readonly root: number;
  readonly first: PlaceStep;
  readonly block: number;
  /** Operands besides the first one. */
  others = 0;
  /** Of the first one. */
  readonly #offset: number;
  #write: boolean;
  #low: number;
  #high: number;
  /** Its operands are to be `#residue` more than a multiple of it. */
  #alignment: number;
  #residue: number;

  constructor(first: PlaceStep, { root, offset }: Value, block: number) {
    this.root = root;
    this.first = first;
    this.block = block;
    this.#offset = offset;
    this.#write = first.write;
    this.#low = offset;
    this.#high = offset + first.size / 8;
    this.#alignment = alignmentOf(first);
    this.#residue = offset & (this.#alignment - 1);
  }

  /** Makes it good for one more operand off its root, if that is possible, or if it is unless it `mayGrow`. */
  take(s: PlaceStep, offset: number, block: number, mayGrow: boolean): boolean {
    // In another block, it may never come to the write.
    if (s.write && !this.#write && block !== this.block) return false;
    const alignment = alignmentOf(s);
    if (((offset ^ this.#residue) & (Math.min(alignment, this.#alignment) - 1)) !== 0) return false;
    const most = Math.max(alignment, this.#alignment);
    const residue = alignment > this.#alignment ? offset & (alignment - 1) : this.#residue;
    const low = Math.min(this.#low, offset);
    const high = Math.max(this.#high, offset + s.size / 8);
    const start = startOf(low, most, residue);
    const grows = most > this.#alignment || low < this.#low || high > this.#high;
    if (grows && !mayGrow) return false;
    if (high - start > MOST_BYTES || (this.root >= CONSTANTS && (start < 0 || high > PAGE))) return false;
    this.#alignment = most;
    this.#residue = residue;
    this.#low = low;
    this.#high = high;
    this.#write ||= s.write;
    this.others++;
    return true;
  }

  get start(): number {
    return startOf(this.#low, this.#alignment, this.#residue);
  }

  /** What the place of the first one becomes. */
  made(): PlaceStep {
    const { first, start } = this;
    const a = bin('+', first.a, N(start - this.#offset));
    return sharedPlace(first, a, this.#high - start, this.#write, this.#alignment) as PlaceStep;
  }
}

/** The first offset that is as much more than a multiple as it should be, at `low` or before it. */
const startOf = (low: number, alignment: number, residue: number): number => low - ((low - residue) & (alignment - 1));

/** An operand's shared place, and how far from its root the operand is. */
interface Moved {
  readonly shared: Shared;
  readonly offset: number;
}

interface Loop {
  readonly blocks: ReadonlySet<number>;
  /** Those that lead back to its head. */
  readonly ends: readonly number[];
  readonly hasCallout: boolean;
}

class Sharing {
  readonly #flow: ControlFlow;
  readonly #addresses: Addresses;
  /** By their heads; the innermost ones by their blocks. */
  readonly #loops = new Map<number, Loop>();
  readonly #inner = new Map<number, Loop>();

  constructor(flow: ControlFlow, addresses: Addresses) {
    this.#flow = flow;
    this.#addresses = addresses;
    this.#findLoops();
  }

  /** What operands become parts of, by the temporaries of their places. */
  moved(): ReadonlyMap<number, Moved> {
    const { order } = this.#flow;
    const all = new Map<number, Moved>();
    const behind = new Map<number, readonly Shared[]>();
    for (const { at } of order) {
      let known = this.#known(at, behind);
      let callouts = 0;
      for (const place of this.#addresses.places(at)) {
        if (place.callouts !== callouts) known = [];
        callouts = place.callouts;
        const value = this.#addresses.resolved(place.value, at);
        all.set(place.s.i, { shared: this.#sharedBy(place.s, value, at, known), offset: value.offset });
      }
      behind.set(at, this.#addresses.callouts(at) === callouts ? known : []);
    }
    for (const [i, { shared }] of all) if (shared.others === 0) all.delete(i);
    return all;
  }

  /** One of those that are known, or a new one. */
  #sharedBy(s: PlaceStep, value: Value, at: number, known: Shared[]): Shared {
    for (let k = 0; k < known.length; k++) {
      const shared = known[k] as Shared;
      if (shared.root !== value.root) continue;
      // What an inner loop checks at every turn is not to be more for what comes now and then.
      const mayGrow = shared.block === at || this.#isAtEachTurn(at, shared.block);
      if (shared.take(s, value.offset, at, mayGrow)) return shared;
    }
    const made = new Shared(s, value, at);
    known.push(made);
    return made;
  }

  /** What is checked on all ways to a block. */
  #known(at: number, behind: ReadonlyMap<number, readonly Shared[]>): Shared[] {
    const preds = this.#flow.preds.get(at) as readonly number[];
    let known: Shared[] | undefined;
    for (let k = 0; k < preds.length; k++) {
      const p = preds[k] as number;
      if (this.#flow.isBack(p, at)) continue;
      const there = behind.get(p) as readonly Shared[];
      known = known ? known.filter((x) => there.includes(x)) : there.slice();
    }
    // Nothing is lost on the way round a loop, but by callouts.
    return (!this.#loops.get(at)?.hasCallout && known) || [];
  }

  /** Whether a block comes at each turn of the innermost loop around another one. */
  #isAtEachTurn(at: number, other: number): boolean {
    const loop = this.#inner.get(other);
    return !loop || (loop.blocks.has(at) && loop.ends.every((end) => this.#flow.dominates(at, end)));
  }

  #findLoops(): void {
    const { order, preds } = this.#flow;
    for (let k = 0; k < order.length; k++) {
      const { at } = order[k] as Block;
      if (!this.#flow.isHead(at)) continue;
      const ends = (preds.get(at) as readonly number[]).filter((p) => this.#flow.isBack(p, at));
      const work = ends.slice();
      const blocks = new Set<number>([at]);
      for (let b = work.pop(); b !== undefined; b = work.pop()) {
        if (blocks.has(b)) continue;
        blocks.add(b);
        for (const p of preds.get(b) as readonly number[]) work.push(p);
      }
      let hasCallout = false;
      for (const b of blocks) hasCallout ||= this.#addresses.callouts(b) !== 0;
      const loop = { blocks, ends, hasCallout };
      this.#loops.set(at, loop);
      // Heads of inner loops come behind those of the loops around them.
      for (const b of blocks) this.#inner.set(b, loop);
    }
  }
}

function rewritten(body: Body, moved: ReadonlyMap<number, Moved>): Body {
  const out: (Step | Callout | Guarded)[] = [];
  for (const s of body) {
    if (s.k === 'place') {
      const to = moved.get(s.i);
      if (!to) out.push(s);
      else if (to.shared.first === s) out.push(to.shared.made());
    } else out.push(s.k === 'callout' || s.k === 'guarded' ? s : access(s, moved));
  }
  return out;
}

/** A statement whose accesses are through shared places. */
function access(s: Step, moved: ReadonlyMap<number, Moved>): Step {
  if (s.k === 'if') {
    const inner = (x: Stmt): Stmt => access(x, moved);
    return if_(s.e, s.then.map(inner), s.else.map(inner));
  }
  if (s.k !== 'load' && s.k !== 'store') return s;
  const to = s.p.k === 't' ? moved.get(s.p.i) : undefined;
  if (!to) return s;
  const p = T(to.shared.first.i);
  const at = s.at + to.offset - to.shared.start;
  return s.k === 'load' ? load(s.i, p, s.size, at) : store(p, s.size, at, s.e);
}
