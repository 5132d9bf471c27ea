// Conditions on the processor's mode, such as those before every SSE instruction (CR0.EM, CR0.TS, CR4.OSFXSR; MXCSR of
// arithmetic): what was looked at once need not be looked at again, until something may have changed it.
//
// Where many instructions of a region have such a condition, it is looked at before everything else.

import type { int } from '../src/isa/insn.ts';
import type { Block, Graph } from './graph.ts';
import { type Expr, type Stmt, spell } from './ir.ts';
import { map, visit } from './walk.ts';

/** Words that nothing changes while a region runs but callouts, and instructions that set them. */
const WORDS: ReadonlySet<string> = new Set(['cr0', 'cr4', 'mxcsr']);
/** Where more than one instruction in so many has a condition, it is looked at ahead. */
const DENSITY = 10;

/** An exit of a template whose condition is one on those words alone. */
interface Condition {
  readonly key: string;
  readonly e: Expr;
  /** The words it is one on. */
  readonly words: readonly string[];
}

export interface Conditions {
  /** By the index of the exit in the template's body. */
  readonly exits: ReadonlyMap<int, Condition>;
  /** Which of those words it sets. */
  readonly sets: readonly string[];
}

const NONE: Conditions = { exits: new Map(), sets: [] };

/** The conditions of a template. */
export function conditionsIn(body: readonly Stmt[]): Conditions {
  const values = new Map<int, Expr>();
  const exits = new Map<int, Condition>();
  const sets: string[] = [];
  /** The expression over those words, or undefined. */
  const over = (e: Expr): Expr | undefined => {
    let is = true;
    const value = map(e, (x) => {
      if (x.k === 't' && values.has(x.i)) return values.get(x.i) as Expr;
      if (x.k !== 's' || !WORDS.has(x.name)) is = false;
      return x;
    });
    return is && wordsOf(value).length > 0 ? value : undefined;
  };
  body.forEach((s, k) => {
    if (s.k === 'let') {
      const value = over(s.e);
      if (value) values.set(s.i, value);
    } else if (s.k === 'exit') {
      const e = over(s.e);
      if (e) exits.set(k, { key: spell(e), e, words: wordsOf(e) });
    } else if (s.k === 'set' && s.to.k === 's' && WORDS.has(s.to.name)) sets.push(s.to.name);
  });
  return exits.size + sets.length > 0 ? { exits, sets } : NONE;
}

function wordsOf(e: Expr): string[] {
  const names: string[] = [];
  visit(e, (x) => x.k === 's' && names.push(x.name));
  return names;
}

/** Conditions that are known not to hold, by their keys. */
type Passed = Map<string, Condition>;

/**
 * Notes what each instruction need not look at.
 * @param ahead whether conditions may be looked at before everything else; it is good for nothing where they hold.
 */
export function findPassed(graph: Graph, ahead: boolean): void {
  const counts = new Map<string, { n: number; condition: Condition }>();
  for (const b of graph.blocks.values()) {
    for (const p of b.insns) {
      if (p.class === 'callout' || !p.template || p.template.conditions === NONE) continue;
      for (const condition of p.template.conditions.exits.values()) {
        const count = counts.get(condition.key) ?? { n: 0, condition };
        count.n++;
        counts.set(condition.key, count);
      }
    }
  }
  if (counts.size === 0) return;
  const first: Passed = new Map();
  for (const [key, { n, condition }] of counts)
    if (ahead && n * DENSITY > graph.instructions) first.set(key, condition);
  graph.guards = [...first.values()].map(({ e }) => e);
  const before = new Map<int, Passed>([[graph.entry, first]]);
  const work = [graph.entry];
  for (let at = work.pop(); at !== undefined; at = work.pop()) {
    const b = graph.blocks.get(at) as Block;
    const after = through(b, before.get(at) as Passed);
    for (const s of b.succ) {
      const there = before.get(s);
      const both = there ? new Map([...there].filter(([key]) => after.has(key))) : after;
      if (there && both.size === there.size) continue;
      before.set(s, both);
      work.push(s);
    }
  }
  for (const [at, passed] of before) through(graph.blocks.get(at) as Block, passed, true);
}

/** What is passed behind a block. Notes what its instructions need not look at if asked to. */
function through(b: Block, before: Passed, notes = false): Passed {
  const passed = new Map(before);
  for (const p of b.insns) {
    if (p.class === 'callout') {
      passed.clear();
      continue;
    }
    const { exits, sets } = p.template?.conditions ?? NONE;
    const needless: int[] = [];
    for (const [k, condition] of exits) {
      if (passed.has(condition.key)) needless.push(k);
      passed.set(condition.key, condition);
    }
    if (notes && needless.length > 0) p.needless = new Set(needless);
    for (const [key, { words }] of passed) if (words.some((w) => sets.includes(w))) passed.delete(key);
    // If it was called out, anything may have changed.
    if (p.guarded) passed.clear();
  }
  return passed;
}
