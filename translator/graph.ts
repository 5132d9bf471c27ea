// A region's code as a graph of blocks, which the scan makes and the passes work on. Addresses are offsets from the entry's
// page.

import type { Insn, int } from '../src/isa/insn.ts';
import type { Class } from './classify.ts';
import type { Expr } from './ir.ts';
import type { Lanes } from './lanes.ts';
import type { Ready } from './templates.ts';
import type { Prediction, Stack } from './x87.ts';

/** Pseudo block: where returns go on. */
export const RETURN = 0x40000000;

/** Pseudo block: leads to the entry that is at EIP. */
export const ENTRY = 0x40000001;

/** An instruction at an offset from the entry's page. */
export interface Placed {
  readonly at: int;
  readonly insn: Insn;
  class: Class;
  /** What it instantiates, if anything. */
  readonly template: Ready | undefined;
  /** Whether it is a transfer of control. */
  readonly ends: boolean;
  /** Whether its template is one of the x87; if so, the stack that it is inlined for. */
  readonly usesX87: boolean;
  stack: Prediction | undefined;
  /** It often could not be executed inline: then it is a callout, and the region goes on. */
  readonly guarded: boolean;
  /** Exits of its template, by their indices, that are known not to be taken. */
  needless: ReadonlySet<int> | undefined;
  /** If it uses XMM registers: what their lanes are in the region. */
  lanes: Lanes | undefined;
  /** The same where generated code has vectors. */
  withVectors: Lanes | undefined;
}

export type Terminator =
  /** Two successors; falls into one; by a value; leaves the region; a callout that ends it. */
  'branch' | 'jump' | 'indirect' | 'exit' | 'leave';

export interface Block {
  readonly at: int;
  readonly insns: Placed[];
  term: Terminator;
  /** Successors inside the region. */
  succ: int[];
  /** `branch`: target and fall-through; `jump`, `exit`: target. */
  taken: int;
  fall: int;
}

export interface Graph {
  /** Where it was hot: the first of its entries. */
  readonly entry: int;
  /** Offsets at which it may be entered. */
  entries: readonly int[];
  /** The block that everything begins with: the entry, or ENTRY where there are several. */
  root: int;
  readonly blocks: Map<int, Block>;
  /** Pages that it spans: offset from the entry's page in pages, guest-physical frame. */
  readonly pages: ReadonlyMap<int, int>;
  /** Bytes of guest code, each piece on one page: offset from the entry's page and length, for traces. */
  readonly bytes: readonly { readonly at: int; readonly length: int }[];
  readonly instructions: int;
  /** Whether code was left out since the graph was as large as it may be. */
  isCut?: boolean;
  /** The x87's stack, if it is looked at before everything else. */
  stack?: Stack;
  /** Conditions under which it is left before everything else. */
  guards?: readonly Expr[];
  /** Whether more may be looked at before everything else. */
  ahead?: boolean;
  /** Offsets of instructions that look up what others share, once that is known: see passes/places.ts. */
  sharing?: readonly int[];
}

/** Where a block leads to; a call also to where it returns to. */
export function leadsTo(b: Block): readonly int[] {
  const last = b.insns[b.insns.length - 1];
  const isCall = last && (last.insn.op === 'CALL' || last.insn.op === 'CALLn');
  return isCall ? [...b.succ, last.at + last.insn.length] : b.succ;
}

/** Whether the entry is part of a loop; calls return. */
export function isLoop(graph: Graph): boolean {
  const seen = new Set<int>();
  const work = [graph.entry];
  for (let at = work.pop(); at !== undefined; at = work.pop()) {
    const b = graph.blocks.get(at);
    if (!b) continue;
    for (const s of leadsTo(b)) {
      if (s === graph.entry) return true;
      if (seen.has(s)) continue;
      seen.add(s);
      work.push(s);
    }
  }
  return false;
}
