// The x87 in a region: TOP and tags are known before each instruction, by dataflow from what they were when the region
// was scanned, so that the registers of the stack are those of the file, and checks of the tags vanish.
//
// What is known is a prediction. Where it has not been looked at since the entry, or since a callout, or where ways with
// different stacks meet, a guard leaves the region unless it is right, and unless the x87 is ready: no #NM, no #MF.

import type { Insn, int } from '../src/isa/insn.ts';
import { CR0_EM, CR0_TS } from '../src/isa/system-bits.ts';
import { bin } from './fold.ts';
import type { Block, Graph, Placed } from './graph.ts';
import { type Expr, N, S } from './ir.ts';

/** TOP, and a bit for each physical register in use. */
export interface Stack {
  readonly top: int;
  readonly tags: int;
}

/** The stack before an instruction. `guard`: it must be looked at. */
export interface Prediction extends Stack {
  readonly guard: boolean;
}

/** ES of the status word: an unmasked exception is pending. */
const PENDING = 0x80;
/** Where a region has more than one x87 instruction in so many, one guard stands before it all. */
const DENSITY = 10;

/** Instructions that only the reference executes, by what they do to the stack if nothing goes wrong. */
const PUSHES = new Set(['FPTAN', 'FSINCOS', 'FXTRACT', 'FBLD', 'FLD', 'FILD']);
const POPS = new Set(['FPATAN', 'FYL2X', 'FYL2XP1', 'FBSTP', 'FSTP', 'FISTP']);
const EMPTIES = new Set(['FNINIT', 'FNSAVE', 'EMMS']);

/** Not zero unless the x87 is ready and the stack as predicted. */
export function guardOf({ top, tags }: Stack): Expr {
  const differs = bin('|', bin('^', S('ftop'), N(top)), bin('^', S('ftag'), N(tags)));
  const obstacles = bin('|', bin('&', S('cr0'), N(CR0_EM | CR0_TS)), bin('&', S('fsw'), N(PENDING)));
  return bin('|', differs, obstacles);
}

interface Effect extends Stack {
  /** It leaves in any case: a register that it needs is empty, or full. */
  readonly leaves: boolean;
}

/**
 * Predicts the stack throughout the graph; what cannot be inlined with it is called out.
 * @param stack at the entry.
 * @param ahead whether one guard may stand before it all; it is good for nothing where the prediction is often wrong.
 */
export function predictStacks(graph: Graph, stack: Stack, ahead = true): void {
  if (!isFound(graph)) return;
  const order = reversePostorder(graph);
  const found = order.reduce((n, b) => n + b.insns.filter((p) => p.usesX87).length, 0);
  if (found === 0) return;
  const before = new Map<int, Stack>([[graph.root, stack]]);
  const after = new Map<int, Stack>();
  for (const b of order) {
    let now = before.get(b.at) as Stack;
    for (const p of b.insns) now = through(p, now);
    after.set(b.at, now);
    for (const s of b.succ) if (!before.has(s)) before.set(s, now);
  }
  if (ahead && found * DENSITY > graph.instructions) graph.stack = stack;
  const sure = new Map(order.map((b) => [b.at, b.at !== graph.root || graph.stack !== undefined]));
  for (let changed = true; changed; ) {
    changed = false;
    for (const b of order) {
      const goesOn = goesOnSure(b, sure.get(b.at) as boolean);
      const own = after.get(b.at) as Stack;
      for (const s of b.succ) {
        const there = before.get(s) as Stack;
        const agrees = own.top === there.top && own.tags === there.tags;
        if ((goesOn && agrees) || !sure.get(s)) continue;
        sure.set(s, false);
        changed = true;
      }
    }
  }
  for (const b of order) goesOnSure(b, sure.get(b.at) as boolean, true);
}

function isFound(graph: Graph): boolean {
  for (const b of graph.blocks.values()) for (const p of b.insns) if (p.usesX87) return true;
  return false;
}

/** The stack behind an instruction; what is before it is noted, and whether it is inlined. */
function through(p: Placed, now: Stack): Stack {
  if (p.usesX87) {
    const effect = effectOf(p, now);
    if (!effect.leaves) {
      p.stack = { ...now, guard: false };
      return effect;
    }
    p.class = 'callout';
  }
  return p.class === 'callout' ? behindCallout(p.insn, now) : now;
}

/** Whether the stack is sure behind the block. Notes the guards if asked to. */
function goesOnSure(b: Block, before: boolean, notes = false): boolean {
  let sure = before;
  for (const p of b.insns) {
    if (p.stack) {
      if (notes) p.stack = { ...p.stack, guard: !sure };
      // If it was called out, something was not plain.
      sure = !p.guarded;
    } else if (p.class === 'callout') sure = false;
  }
  return sure;
}

function behindCallout(i: Insn, { top, tags }: Stack): Stack {
  if (PUSHES.has(i.op)) return { top: (top + 7) & 7, tags: tags | (1 << ((top + 7) & 7)) };
  if (POPS.has(i.op)) return { top: (top + 1) & 7, tags: tags & ~(1 << top) };
  return EMPTIES.has(i.op) ? { top: 0, tags: 0 } : { top, tags };
}

/** What the template does to the stack. */
function effectOf({ insn, template }: Placed, { top, tags }: Stack): Effect {
  const temporaries = new Map<int, int>();
  /** The value, if it follows from the stack and the operands. */
  const value = (e: Expr): int | undefined => {
    switch (e.k) {
      case 'n':
        return e.v;
      case 't':
        return temporaries.get(e.i);
      case 's':
        return e.name === 'ftop' ? top : e.name === 'ftag' ? tags : undefined;
      case 'h':
        return e.name === 'dn' ? insn.dst.n : e.name === 'sn' ? insn.src.n : undefined;
      case 'u': {
        const a = value(e.a);
        return a === undefined ? undefined : ~a;
      }
      case 'b': {
        const a = value(e.a);
        const b = a === undefined ? undefined : value(e.b);
        if (a === undefined || b === undefined) return undefined;
        const folded = bin(e.op, N(a), N(b));
        return folded.k === 'n' ? folded.v : undefined;
      }
    }
    return undefined;
  };
  const effect = { top, tags, leaves: false };
  for (const s of template?.body ?? []) {
    if (s.k !== 'let' && s.k !== 'exit' && (s.k !== 'set' || s.to.k !== 's')) continue;
    const v = value(s.e);
    if (v === undefined) continue;
    if (s.k === 'let') temporaries.set(s.i, v);
    else if (s.k === 'exit') effect.leaves ||= v !== 0;
    else if (s.to.k === 's' && s.to.name === 'ftop') effect.top = v;
    else if (s.to.k === 's' && s.to.name === 'ftag') effect.tags = v;
  }
  return effect;
}

function reversePostorder(graph: Graph): Block[] {
  const order: Block[] = [];
  const first = graph.blocks.get(graph.root);
  if (!first) return order;
  const marked = new Set<int>([graph.root]);
  const stack: { b: Block; next: number }[] = [{ b: first, next: 0 }];
  while (stack.length > 0) {
    const top = stack[stack.length - 1] as { b: Block; next: number };
    const to = top.b.succ[top.next++];
    if (to === undefined) {
      order.push(top.b);
      stack.pop();
    } else if (!marked.has(to)) {
      marked.add(to);
      stack.push({ b: graph.blocks.get(to) as Block, next: 0 });
    }
  }
  return order.reverse();
}
