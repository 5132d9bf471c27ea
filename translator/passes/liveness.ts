// Dead flags: backward liveness of the six flag words, and of some of the x87's, over the graph. Whatever may leave the region reads them all,
// since they must be exact wherever the interpreter goes on.
//   live-in(b) = use(b) + (live-out(b) - def(b)),  live-out(b) = union of live-in over successors

import { type Expr, uses } from '../ir.ts';
import type { Graph } from '../scan.ts';
import type { SpecialisedBlock } from '../specialise.ts';

const FLAGS = ['fz', 'fr', 'oa', 'ob', 'ca', 'cb'];
/** Of the x87: written by nearly every of its instructions, read by few. */
const X87 = ['fsw', 'ftop', 'ftag', 'fip', 'fcs', 'fdp', 'fds'];

/** Words whose writes sink to where they are needed. */
export const SUNK: ReadonlySet<string> = new Set([...FLAGS, ...X87]);

/** Words live into each block. `heads`: loop heads, which poll and so may leave. */
export function liveFlags(
  graph: Graph,
  specialised: ReadonlyMap<number, SpecialisedBlock>,
  heads: ReadonlySet<number>,
): Map<number, Set<string>> {
  const defined = new Map<number, Set<string>>();
  const live = new Map<number, Set<string>>();
  const words = [...graph.blocks.values()].some((b) => b.insns.some((p) => p.stack)) ? [...SUNK] : FLAGS;
  for (const b of graph.blocks.values()) {
    const used = new Set<string>();
    const killed = new Set<string>();
    const read = (e: Expr): void => {
      if (e.k === 's' && SUNK.has(e.name) && !killed.has(e.name)) used.add(e.name);
    };
    const leave = (): void => {
      for (const f of words) if (!killed.has(f)) used.add(f);
    };
    if (heads.has(b.at)) leave();
    const s = specialised.get(b.at) as SpecialisedBlock;
    for (const step of s.body) {
      if (step.k === 'callout' || step.k === 'guarded') {
        leave();
        continue;
      }
      uses(step, read);
      if (step.k === 'place' || step.k === 'exit' || step.k === 'quick') leave();
      if (step.k === 'set' && step.to.k === 's') killed.add(step.to.name);
    }
    if (s.test) uses({ k: 'branch', e: s.test }, read);
    const leaves = b.term === 'exit' || b.term === 'indirect' || (b.term === 'branch' && leavesByBranch(b, graph));
    if (leaves || (b.term === 'jump' && b.succ.length === 0)) leave();
    defined.set(b.at, killed);
    live.set(b.at, used);
  }
  for (let changed = true; changed; ) {
    changed = false;
    for (const b of graph.blocks.values()) {
      const own = live.get(b.at) as Set<string>;
      for (const s of b.succ) {
        for (const f of live.get(s) as Set<string>) {
          if (own.has(f) || (defined.get(b.at) as Set<string>).has(f)) continue;
          own.add(f);
          changed = true;
        }
      }
    }
  }
  return live;
}

function leavesByBranch(b: { succ: readonly number[]; taken: number; fall: number }, _graph: Graph): boolean {
  return !b.succ.includes(b.taken) || !b.succ.includes(b.fall);
}
