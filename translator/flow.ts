// The order of a graph's blocks, and which of them dominate which.

import type { Block, Graph } from './graph.ts';
import type { ControlFlow } from './passes/addresses.ts';

/** Reverse postorder, dominators and what follows from them. */
export class Flow implements ControlFlow {
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
      b.succ = b.succ.filter((s) => this.#at(s) > this.#at(b.at) || this.dominates(s, b.at));
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

  dominates(a: number, b: number): boolean {
    let x = b;
    while (this.#at(x) > this.#at(a)) x = this.#idom.get(x) as number;
    return x === a;
  }
}
