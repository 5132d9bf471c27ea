// Structure: the control-flow graph as loops and labelled blocks (the dominator-tree construction: each merge point
// becomes a label around what leads to it, each loop head a loop). An irreducible edge leaves the region.
// On the way, flag words sink to where they are wanted: exits and merges.

import { B, C, type Expr, exit, let_, N, S, type Stmt, T } from './ir.ts';
import { settleChecks } from './passes/checks.ts';
import { liveFlags, SUNK, sunkIn, sunkReadBy } from './passes/liveness.ts';
import { type Block, ENTRY, type Graph, RETURN } from './scan.ts';
import { type Callout, RETURN_EIP, type SpecialisedBlock, type Step } from './specialise.ts';
import { guardOf } from './x87.ts';

/** Where an exit leaves to: an offset from the entry's page, or a value (an EIP). */
/** Where a region is left to: an offset, or a value, then with the instruction (RETURN for all returns) that leaves. */
export type Target = { readonly at: number } | { readonly value: Expr; readonly site: number };

export type Item =
  /** A residual statement; `arm`: flag words to set if it leaves. */
  | { readonly k: 'step'; readonly s: Step; readonly arm: readonly Stmt[] }
  | { readonly k: 'callout'; readonly c: Callout }
  /** Steps that leave for the callout instead of the region. */
  | { readonly k: 'guarded'; readonly body: readonly Item[]; readonly c: Callout }
  | { readonly k: 'count'; readonly n: number }
  /** The block at an offset begins: nothing, unless its executions are counted. */
  | { readonly k: 'mark'; readonly at: number }
  /** At a loop head: leaves if the budget is used up. */
  | { readonly k: 'poll'; readonly to: Target }
  | { readonly k: 'leave'; readonly to: Target; readonly arm: readonly Stmt[] }
  | { readonly k: 'goto'; readonly kind: 'break' | 'continue'; readonly to: number; readonly arm: readonly Stmt[] }
  | { readonly k: 'fork'; readonly test: Expr; readonly yes: readonly Item[]; readonly no: readonly Item[] }
  | { readonly k: 'loop'; readonly at: number; readonly body: readonly Item[] }
  | { readonly k: 'label'; readonly at: number; readonly body: readonly Item[] };

/** Flag words whose values have been computed, but not set yet, in the order in which they came. */
class Pending {
  /** Their bits: see SUNK. */
  words = 0;
  readonly #sets: (Stmt & { k: 'set' })[] = [];
  /** All of them as statements, until something changes: many exits share them. */
  #all: readonly Stmt[] | undefined = NOTHING;

  copy(): Pending {
    const made = new Pending();
    made.words = this.words;
    for (const s of this.#sets) made.#sets.push(s);
    made.#all = this.#all;
    return made;
  }

  add(s: Stmt & { k: 'set' }, bit: number): void {
    this.#all = undefined;
    if ((this.words & bit) === 0) this.#sets.push(s);
    else this.#sets[this.#find(bit)] = s;
    this.words |= bit;
  }

  /** What sets the word is taken out. */
  take(bit: number): Stmt & { k: 'set' } {
    this.#all = undefined;
    this.words &= ~bit;
    return this.#sets.splice(this.#find(bit), 1)[0] as Stmt & { k: 'set' };
  }

  clear(): void {
    this.words = 0;
    this.#sets.length = 0;
    this.#all = NOTHING;
  }

  /** What sets all of them, or those of `wanted`. */
  settle(wanted?: number): readonly Stmt[] {
    if (wanted === undefined || (this.words & ~wanted) === 0) {
      this.#all ??= this.#sets.slice();
      return this.#all;
    }
    return this.#sets.filter((s) => (bitOf(s.to) & wanted) !== 0);
  }

  #find(bit: number): number {
    return this.#sets.findIndex((s) => bitOf(s.to) === bit);
  }
}

const NOTHING: readonly Stmt[] = [];

/** The bit of a sunk word, or 0. */
const bitOf = (to: Expr): number => (to.k === 's' ? (SUNK.get(to.name) ?? 0) : 0);

/** Reverse postorder, dominators and what follows from them. */
class Flow {
  readonly order: Block[] = [];
  readonly index = new Map<number, number>();
  readonly preds = new Map<number, number[]>();
  readonly children = new Map<number, number[]>();
  readonly #idom = new Map<number, number>();

  constructor(graph: Graph) {
    this.#number(graph);
    this.#findPreds();
    this.#findDominators(graph.root);
    // A back edge to what does not dominate its source is irreducible: it leaves the region.
    for (const b of this.order) {
      b.succ = b.succ.filter((s) => this.#at(s) > this.#at(b.at) || this.#dominates(s, b.at));
    }
    this.#findPreds();
    for (const b of this.order) this.children.set(b.at, []);
    for (const b of this.order) {
      if (b.at !== graph.root) (this.children.get(this.#idom.get(b.at) as number) as number[]).push(b.at);
    }
  }

  isHead(at: number): boolean {
    return (this.preds.get(at) as number[]).some((p) => this.#at(p) >= this.#at(at));
  }

  isMerge(at: number): boolean {
    return (this.preds.get(at) as number[]).filter((p) => this.#at(p) < this.#at(at)).length > 1;
  }

  isBack(from: number, to: number): boolean {
    return this.#at(to) <= this.#at(from);
  }

  #at(b: number): number {
    return this.index.get(b) as number;
  }

  /** Depth first, without recursion: regions may be deep. Blocks that are not reached go. */
  #number(graph: Graph): void {
    const marked = new Set<number>([graph.root]);
    const stack: { b: Block; next: number }[] = [{ b: graph.blocks.get(graph.root) as Block, next: 0 }];
    while (stack.length > 0) {
      const top = stack[stack.length - 1] as { b: Block; next: number };
      if (top.next < top.b.succ.length) {
        const s = top.b.succ[top.next++] as number;
        if (marked.has(s)) continue;
        marked.add(s);
        stack.push({ b: graph.blocks.get(s) as Block, next: 0 });
      } else {
        this.order.push(top.b);
        stack.pop();
      }
    }
    this.order.reverse();
    this.order.forEach((b, k) => {
      this.index.set(b.at, k);
    });
    for (const at of [...graph.blocks.keys()]) if (!marked.has(at)) graph.blocks.delete(at);
  }

  #findPreds(): void {
    for (const b of this.order) this.preds.set(b.at, []);
    for (const b of this.order) for (const s of b.succ) (this.preds.get(s) as number[]).push(b.at);
  }

  /** Cooper, Harvey, Kennedy: A Simple, Fast Dominance Algorithm. */
  #findDominators(entry: number): void {
    this.#idom.set(entry, entry);
    for (let changed = true; changed; ) {
      changed = false;
      for (const b of this.order) {
        if (b.at === entry) continue;
        let dominator: number | undefined;
        for (const p of this.preds.get(b.at) as number[]) {
          if (!this.#idom.has(p)) continue;
          dominator = dominator === undefined ? p : this.#intersect(p, dominator);
        }
        if (dominator === undefined || this.#idom.get(b.at) === dominator) continue;
        this.#idom.set(b.at, dominator);
        changed = true;
      }
    }
  }

  #intersect(p: number, q: number): number {
    let x = p;
    let y = q;
    while (x !== y) {
      while (this.#at(x) > this.#at(y)) x = this.#idom.get(x) as number;
      while (this.#at(y) > this.#at(x)) y = this.#idom.get(y) as number;
    }
    return x;
  }

  #dominates(a: number, b: number): boolean {
    let x = b;
    while (this.#at(x) > this.#at(a)) x = this.#idom.get(x) as number;
    return x === a;
  }
}

export function structure(
  graph: Graph,
  specialise: (b: Block) => SpecialisedBlock,
  temporaries: { n: number },
): readonly Item[] {
  const flow = new Flow(graph);
  const specialised = new Map(flow.order.map((b) => [b.at, specialise(b)] as const));
  const heads = new Set(flow.order.filter((b) => flow.isHead(b.at)).map((b) => b.at));
  const checks = settleChecks(graph, specialised, graph.ahead === true, temporaries);
  const live = liveFlags(graph, specialised, heads);
  const items = new Builder(graph, flow, specialised, live, temporaries).tree(graph.root, new Pending());
  const guards = [...(graph.stack ? [guardOf(graph.stack)] : []), ...(graph.guards ?? [])];
  const ahead: Step[] = guards.map((e) => exit(e, undefined, { at: graph.entry, undo: 0 }) as Step);
  return [...steps([...ahead, ...checks]), ...items];
}

const step = (s: Step, arm: readonly Stmt[]): Item => ({ k: 'step', s, arm });
const steps = (list: readonly Stmt[]): Item[] => list.map((s) => step(s, NOTHING));

class Builder {
  constructor(
    graph: Graph,
    flow: Flow,
    specialised: ReadonlyMap<number, SpecialisedBlock>,
    live: ReadonlyMap<number, number>,
    temporaries: { n: number },
  ) {
    this.#graph = graph;
    this.#flow = flow;
    this.#specialised = specialised;
    this.#live = live;
    this.#temporaries = temporaries;
  }
  readonly #graph: Graph;
  readonly #flow: Flow;
  readonly #specialised: ReadonlyMap<number, SpecialisedBlock>;
  readonly #live: ReadonlyMap<number, number>;
  readonly #temporaries: { n: number };

  /** The block and all that it dominates. */
  tree(at: number, pending: Pending): Item[] {
    const merges = (this.#flow.children.get(at) as number[])
      .filter((c) => this.#flow.isMerge(c))
      .sort((a, b) => (this.#flow.index.get(b) as number) - (this.#flow.index.get(a) as number));
    if (!this.#flow.isHead(at)) return this.#within(at, merges, pending);
    const body: Item[] = [{ k: 'poll', to: outside(at) }, ...this.#within(at, merges, new Pending())];
    return [...steps(pending.settle(this.#live.get(at))), { k: 'loop', at, body }];
  }

  #within(at: number, merges: readonly number[], pending: Pending): Item[] {
    const [first, ...rest] = merges;
    if (first !== undefined) {
      return [{ k: 'label', at: first, body: this.#within(at, rest, pending) }, ...this.tree(first, new Pending())];
    }
    return this.#block(this.#graph.blocks.get(at) as Block, pending.copy());
  }

  #block(b: Block, pending: Pending): Item[] {
    const { body, test } = this.#specialised.get(b.at) as SpecialisedBlock;
    const out: Item[] = [{ k: 'mark', at: b.at }];
    if (b.insns.length > 0) out.push({ k: 'count', n: b.insns.length });
    for (const s of body) {
      if (s.k === 'callout') {
        out.push(...steps(pending.settle()), { k: 'callout', c: s });
        pending.clear();
      } else if (s.k === 'guarded') {
        // Its flags are there on both ways on.
        out.push(...steps(pending.settle()), { k: 'guarded', body: steps(s.body), c: s.callout });
        pending.clear();
      } else this.#step(s, pending, out);
    }
    this.#end(b, test, pending, out);
    return out;
  }

  #step(s: Step, pending: Pending, out: Item[]): void {
    if (s.k === 'set') {
      const bit = bitOf(s.to);
      if (bit !== 0) {
        pending.add(s, bit);
        return;
      }
    }
    if (s.k === 'place' || s.k === 'exit' || s.k === 'quick') {
      out.push(step(s, pending.settle()));
      return;
    }
    if (s.k === 'if') {
      // What an arm may set must have its value before.
      for (const x of [...s.then, ...s.else]) {
        const bit = x.k === 'set' ? bitOf(x.to) & pending.words : 0;
        if (bit !== 0) out.push(step(pending.take(bit), NOTHING));
      }
    }
    if (pending.words !== 0 && (sunkReadBy(s) & pending.words) !== 0) {
      out.push(...steps(pending.settle()));
      pending.clear();
    }
    out.push(step(s, NOTHING));
  }

  #end(b: Block, test: Expr | undefined, pending: Pending, out: Item[]): void {
    if (b.term === 'exit') out.push({ k: 'leave', to: { at: b.taken }, arm: pending.settle() });
    else if (b.term === 'jump') out.push(...this.#edge(b, b.taken, pending));
    else if (b.term === 'branch') {
      const condition = test as Expr;
      if ((sunkIn(condition) & pending.words) !== 0) {
        out.push(...steps(pending.settle()));
        pending.clear();
      }
      const yes = this.#edge(b, b.taken, pending.copy());
      const no = this.#edge(b, b.fall, pending.copy());
      out.push({ k: 'fork', test: condition, yes, no });
    } else if (b.at === ENTRY) this.#dispatch(b, S('eip'), pending, out);
    else this.#dispatch(b, test ?? RETURN_EIP, pending, out);
  }

  /** A value picks the successor: a binary tree of compares with the offsets that are known. */
  #dispatch(b: Block, value: Expr, pending: Pending, out: Item[]): void {
    let e = value;
    if (e.k !== 't' && e.k !== 's') {
      const i = this.#temporaries.n++;
      out.push(step(let_(i, e), NOTHING));
      e = T(i);
    }
    if (b.succ.length > 0) {
      const i = this.#temporaries.n++;
      out.push(step(let_(i, B('-', e, S('pb'))), NOTHING));
      const targets = [...b.succ].sort((x, y) => x - y);
      const pick = (low: number, high: number): Item[] => {
        if (low === high) return [];
        if (high - low === 1) {
          const to = targets[low] as number;
          const is = C('eq', [T(i), N(to)]);
          // It was entered at one of them.
          if (b.at === ENTRY && high === targets.length) return this.#edge(b, to, pending.copy());
          return [{ k: 'fork', test: is, yes: this.#edge(b, to, pending.copy()), no: [] }];
        }
        const middle = (low + high) >> 1;
        const below = C('lt', [T(i), N(targets[middle] as number)]);
        return [{ k: 'fork', test: below, yes: pick(low, middle), no: pick(middle, high) }];
      };
      out.push(...pick(0, targets.length));
    }
    if (b.at === ENTRY) return;
    const site = b.insns[b.insns.length - 1]?.at ?? RETURN;
    out.push({ k: 'leave', to: { value: e, site }, arm: pending.settle() });
  }

  #edge(from: Block, to: number, pending: Pending): Item[] {
    if (!from.succ.includes(to)) return [{ k: 'leave', to: outside(to), arm: pending.settle() }];
    const wanted = this.#live.get(to);
    if (this.#flow.isBack(from.at, to)) return [{ k: 'goto', kind: 'continue', to, arm: pending.settle(wanted) }];
    if (this.#flow.isMerge(to)) return [{ k: 'goto', kind: 'break', to, arm: pending.settle(wanted) }];
    return this.tree(to, pending);
  }
}

/** Where a block is for the interpreter: returns go on at the EIP that was popped. */
function outside(at: number): Target {
  return at === RETURN ? { value: RETURN_EIP, site: RETURN } : { at };
}
