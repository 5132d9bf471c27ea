// Dead flags: backward liveness of the six flag words, and of some of the x87's, over the graph. Whatever may leave the region reads them all,
// since they must be exact wherever the interpreter goes on.
//   live-in(b) = use(b) + (live-out(b) - def(b)),  live-out(b) = union of live-in over successors

import type { Block, Graph } from '../graph.ts';
import type { Expr, Stmt } from '../ir.ts';
import type { SpecialisedBlock } from '../specialise.ts';

const FLAGS = ['fz', 'fr', 'oa', 'ob', 'ca', 'cb'];
/** Of the x87: written by nearly every of its instructions, read by few. */
const X87 = ['fsw', 'ftop', 'ftag', 'fip', 'fcs', 'fdp', 'fds'];

/** Words whose writes sink to where they are needed: by name, a bit of a set of them. */
export const SUNK: ReadonlyMap<string, number> = new Map([...FLAGS, ...X87].map((name, k) => [name, 1 << k]));

const ALL_FLAGS = (1 << FLAGS.length) - 1;
const ALL = (1 << SUNK.size) - 1;

/** Those of some sunk words (a set of bits) that a statement reads. */
export function sunkReadBy(s: Stmt): number {
  switch (s.k) {
    case 'let':
    case 'branch':
    case 'jumpTo':
      return sunkIn(s.e);
    case 'set':
    case 'holds':
      return sunkIn(s.e) | (s.to.k === 'r' ? sunkIn(s.to.n) : 0);
    case 'load':
      return sunkIn(s.p);
    case 'store':
      return sunkIn(s.p) | sunkIn(s.e);
    case 'place':
      return sunkIn(s.seg) | sunkIn(s.a);
    case 'exit':
      return sunkIn(s.e) | (s.unless ? sunkInAll(s.unless) : 0);
    case 'quick':
      return sunkInAll(s.args);
    case 'if': {
      let found = sunkIn(s.e);
      for (const x of s.then) found |= sunkReadBy(x);
      for (const x of s.else) found |= sunkReadBy(x);
      return found;
    }
  }
  return 0;
}

export function sunkIn(e: Expr): number {
  switch (e.k) {
    case 's':
      return SUNK.get(e.name) ?? 0;
    case 'r':
      return e.n.k === 'n' ? 0 : sunkIn(e.n);
    case 'b':
      return sunkIn(e.a) | sunkIn(e.b);
    case 'u':
      return sunkIn(e.a);
    case 'c':
      return sunkInAll(e.args);
    case 'q':
      return sunkIn(e.test) | sunkIn(e.a) | sunkIn(e.b);
  }
  return 0;
}

function sunkInAll(list: readonly Expr[]): number {
  let found = 0;
  for (let k = 0; k < list.length; k++) found |= sunkIn(list[k] as Expr);
  return found;
}

/** Words live into each block, as bits. `heads`: loop heads, which poll and so may leave. */
export function liveFlags(
  graph: Graph,
  specialised: ReadonlyMap<number, SpecialisedBlock>,
  heads: ReadonlySet<number>,
): Map<number, number> {
  const defined = new Map<number, number>();
  const live = new Map<number, number>();
  const words = usesStack(graph) ? ALL : ALL_FLAGS;
  for (const b of graph.blocks.values()) {
    let used = heads.has(b.at) ? words : 0;
    let killed = 0;
    const s = specialised.get(b.at) as SpecialisedBlock;
    for (const step of s.body) {
      if (step.k === 'callout' || step.k === 'guarded') {
        used |= words & ~killed;
        continue;
      }
      used |= sunkReadBy(step) & ~killed;
      if (step.k === 'place' || step.k === 'exit' || step.k === 'quick') used |= words & ~killed;
      else if (step.k === 'set' && step.to.k === 's') killed |= SUNK.get(step.to.name) ?? 0;
    }
    if (s.test) used |= sunkIn(s.test) & ~killed;
    if (leaves(b)) used |= words & ~killed;
    defined.set(b.at, killed);
    live.set(b.at, used);
  }
  for (let changed = true; changed; ) {
    changed = false;
    for (const b of graph.blocks.values()) {
      const own = live.get(b.at) as number;
      let all = own;
      for (const s of b.succ) all |= (live.get(s) as number) & ~(defined.get(b.at) as number);
      if (all === own) continue;
      live.set(b.at, all);
      changed = true;
    }
  }
  return live;
}

function usesStack(graph: Graph): boolean {
  for (const b of graph.blocks.values()) for (const p of b.insns) if (p.stack) return true;
  return false;
}

function leaves(b: Block): boolean {
  if (b.term === 'exit' || b.term === 'indirect' || b.term === 'leave') return true;
  if (b.term === 'jump') return b.succ.length === 0;
  return !b.succ.includes(b.taken) || !b.succ.includes(b.fall);
}
