// Structure: the control-flow graph as loops and labelled blocks (the dominator-tree construction: each merge point
// becomes a label around what leads to it, each loop head a loop). An irreducible edge leaves the region.
// On the way, flag words sink to where they are wanted: exits and merges.

import { Flow } from './flow.ts';
import { type Block, ENTRY, type Graph, isLoop, RETURN } from './graph.ts';
import { B, C, type Expr, exit, let_, N, S, type Stmt, T } from './ir.ts';
import { settleChecks } from './passes/checks.ts';
import { liveFlags, sunkIn, sunkReadBy } from './passes/liveness.ts';
import { sharePlaces } from './passes/places.ts';
import { bitOf, NOTHING, Pending } from './pending.ts';
import { type Callout, RETURN_EIP, type SpecialisedBlock, type Step } from './specialise.ts';
import { guardOf } from './x87.ts';

/**
 * Where a region is left to: an offset, or a value; with the instruction (RETURN for all returns) that leaves, where it is
 * of interest which way it goes.
 */
export type Target = { readonly at: number; readonly site?: number } | { readonly value: Expr; readonly site: number };

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

export function structure(
  graph: Graph,
  specialise: (b: Block) => SpecialisedBlock,
  temporaries: { n: number },
): readonly Item[] {
  const flow = new Flow(graph);
  const specialised = new Map(flow.order.map((b) => [b.at, specialise(b)] as const));
  const heads = new Set(flow.order.filter((b) => flow.isHead(b.at)).map((b) => b.at));
  const checks = settleChecks(graph, specialised, graph.ahead === true, temporaries);
  graph.sharing = sharePlaces(flow, specialised);
  const live = liveFlags(graph, specialised, heads);
  const out: Item[] = [];
  for (const e of guards(graph)) out.push(step(exit(e, undefined, { at: graph.entry, undo: 0 }) as Step, NOTHING));
  for (const s of checks) out.push(step(s, NOTHING));
  new Builder(graph, flow, specialised, live, temporaries).tree(graph.root, new Pending(), out);
  return out;
}

/** What is looked at before everything else. */
function guards(graph: Graph): readonly Expr[] {
  const own = graph.guards ?? [];
  return graph.stack ? [guardOf(graph.stack), ...own] : own;
}

// Items: steps, and all others, are laid out alike. See the constructors of ir.ts.

type Of<K> = Extract<Item, { k: K }>;
type Other = Exclude<Item['k'], 'step'>;

const step = (s: Step, arm: readonly Stmt[]): Item => ({ k: 'step', s, arm });
const other = <K extends Other>(
  k: K,
  at: number | undefined,
  to: Of<'leave'>['to'] | number | undefined,
  arm: readonly Stmt[] | undefined,
  body?: readonly Item[],
  test?: Expr,
  yes?: readonly Item[],
  no?: readonly Item[],
  c?: Callout,
  n?: number,
  kind?: 'break' | 'continue',
): Of<K> => ({ k, at, to, arm, body, test, yes, no, c, n, kind }) as unknown as Of<K>;

const leave = (to: Target, arm: readonly Stmt[]): Item => other('leave', undefined, to, arm);
const goto = (kind: 'break' | 'continue', to: number, arm: readonly Stmt[]): Item =>
  other('goto', undefined, to, arm, undefined, undefined, undefined, undefined, undefined, undefined, kind);
const nested = (k: 'loop' | 'label', at: number, body: readonly Item[]): Item =>
  other(k, at, undefined, undefined, body);
const fork = (test: Expr, yes: readonly Item[], no: readonly Item[]): Item =>
  other('fork', undefined, undefined, undefined, undefined, test, yes, no);
const called = (k: 'callout' | 'guarded', c: Callout, body?: readonly Item[]): Item =>
  other(k, undefined, undefined, undefined, body, undefined, undefined, undefined, c);
const count = (n: number): Item =>
  other('count', undefined, undefined, undefined, undefined, undefined, undefined, undefined, undefined, n);

/** Adds steps that leave nowhere. */
function plain(list: readonly Stmt[], out: Item[]): void {
  for (let k = 0; k < list.length; k++) out.push(step(list[k] as Stmt, NOTHING));
}

/** Puts the items of the graph together; each method adds to `out`. */
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
    this.#isLoop = isLoop(graph);
  }
  readonly #isLoop: boolean;
  readonly #graph: Graph;
  readonly #flow: Flow;
  readonly #specialised: ReadonlyMap<number, SpecialisedBlock>;
  readonly #live: ReadonlyMap<number, number>;
  readonly #temporaries: { n: number };

  /** The block and all that it dominates. */
  tree(at: number, pending: Pending, out: Item[]): void {
    const flow = this.#flow;
    const merges = (flow.children.get(at) as number[]).filter((c) => flow.isMerge(c));
    if (merges.length > 1) merges.sort((a, b) => (flow.index.get(b) as number) - (flow.index.get(a) as number));
    if (!flow.isHead(at)) {
      this.#within(at, merges, 0, pending, out);
      return;
    }
    plain(pending.settle(this.#live.get(at)), out);
    const body: Item[] = [other('poll', undefined, outside(at), undefined)];
    this.#within(at, merges, 0, new Pending(), body);
    out.push(nested('loop', at, body));
  }

  /** The block, and the merges from `first` on that it dominates. */
  #within(at: number, merges: readonly number[], first: number, pending: Pending, out: Item[]): void {
    const merge = merges[first];
    if (merge === undefined) {
      this.#block(this.#graph.blocks.get(at) as Block, pending.copy(), out);
      return;
    }
    const body: Item[] = [];
    this.#within(at, merges, first + 1, pending, body);
    out.push(nested('label', merge, body));
    this.tree(merge, new Pending(), out);
  }

  #block(b: Block, pending: Pending, out: Item[]): void {
    const { body, test } = this.#specialised.get(b.at) as SpecialisedBlock;
    out.push(other('mark', b.at, undefined, undefined));
    if (b.insns.length > 0) out.push(count(b.insns.length));
    for (const s of body) {
      if (s.k === 'callout') {
        plain(pending.settle(), out);
        out.push(called('callout', s));
        pending.clear();
      } else if (s.k === 'guarded') {
        // Its flags are there on both ways on.
        plain(pending.settle(), out);
        const inner: Item[] = [];
        plain(s.body, inner);
        out.push(called('guarded', s.callout, inner));
        pending.clear();
      } else this.#step(s, pending, out);
    }
    this.#end(b, test, pending, out);
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
      plain(pending.settle(), out);
      pending.clear();
    }
    out.push(step(s, NOTHING));
  }

  #end(b: Block, test: Expr | undefined, pending: Pending, out: Item[]): void {
    // The callout that it ends with leaves.
    if (b.term === 'leave') return;
    if (b.term === 'exit') out.push(leave(this.#outside(b, b.taken), pending.settle()));
    else if (b.term === 'jump') this.#edge(b, b.taken, pending, out);
    else if (b.term === 'branch') {
      const condition = test as Expr;
      if ((sunkIn(condition) & pending.words) !== 0) {
        plain(pending.settle(), out);
        pending.clear();
      }
      const yes = this.#way(b, b.taken, pending);
      out.push(fork(condition, yes, this.#way(b, b.fall, pending)));
    } else if (b.at === ENTRY) this.#dispatch(b, S('eip'), pending, out);
    else this.#dispatch(b, test ?? RETURN_EIP, pending, out);
  }

  /** One of several edges. */
  #way(from: Block, to: number, pending: Pending): Item[] {
    const out: Item[] = [];
    this.#edge(from, to, pending.copy(), out);
    return out;
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
          if (b.at === ENTRY && high === targets.length) return this.#way(b, to, pending);
          return [fork(is, this.#way(b, to, pending), [])];
        }
        const middle = (low + high) >> 1;
        const below = C('lt', [T(i), N(targets[middle] as number)]);
        const yes = pick(low, middle);
        return [fork(below, yes, pick(middle, high))];
      };
      out.push(...pick(0, targets.length));
    }
    if (b.at === ENTRY) return;
    const site = b.insns[b.insns.length - 1]?.at ?? RETURN;
    out.push(leave({ value: e, site }, pending.settle()));
  }

  #edge(from: Block, to: number, pending: Pending, out: Item[]): void {
    if (!from.succ.includes(to)) {
      out.push(leave(this.#outside(from, to), pending.settle()));
      return;
    }
    const wanted = this.#live.get(to);
    if (this.#flow.isBack(from.at, to)) out.push(goto('continue', to, pending.settle(wanted)));
    else if (this.#flow.isMerge(to)) out.push(goto('break', to, pending.settle(wanted)));
    else this.tree(to, pending, out);
  }

  /** A loop had better have all inside that it comes to often. */
  #outside(from: Block, to: number): Target {
    const site = this.#isLoop ? from.insns[from.insns.length - 1]?.at : undefined;
    return to === RETURN || site === undefined ? outside(to) : { at: to, site };
  }
}

/** Where a block is for the interpreter: returns go on at the EIP that was popped. */
function outside(at: number): Target {
  return at === RETURN ? { value: RETURN_EIP, site: RETURN } : { at };
}
