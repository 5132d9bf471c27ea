// Specialise: templates with their holes filled, block by block, and copies propagated through the block.

import { isCounted } from '../src/cpu/shape.ts';
import { IMM, type Insn, type int, MEM, type Operand } from '../src/isa/insn.ts';
import { isCalledOut } from './classify.ts';
import type { Block, Placed } from './graph.ts';
import { splitPlaces } from './halves.ts';
import { B, C, type Expr, exit, let_, N, place as placeAt, R, S, type Stmt, set, T } from './ir.ts';
import { throughLanes } from './lanes.ts';
import { Propagation, propagate } from './passes/propagate.ts';
import { isStaging } from './templates.ts';
import type { Temporaries } from './temporaries.ts';
import { mapStmt, uses } from './walk.ts';
import { guardOf } from './x87.ts';

/** A residual statement with what an exit from it needs to know. */
export type Step = Stmt & {
  /** Offset of its instruction from the entry's page. */
  at?: int;
  /** Instructions of the block not yet retired when it is reached, its own included. */
  undo?: int;
};

/** A callout: the reference executes this instruction. */
export interface Callout {
  readonly k: 'callout';
  readonly at: int;
  readonly undo: int;
  /** Offset of the next instruction. */
  readonly next: int;
  readonly insn: Insn;
  /** Whether the region ends here. */
  readonly ends: boolean;
}

/** An instruction that is a callout where it would leave. */
export interface Guarded {
  readonly k: 'guarded';
  readonly body: readonly Step[];
  readonly callout: Callout;
}

/** What a block does: residual statements, and what the reference executes. */
export type Body = readonly (Step | Callout | Guarded)[];

export interface SpecialisedBlock {
  readonly block: Block;
  readonly body: Body;
  /** Condition of a `branch`; value of an `indirect`. */
  readonly test: Expr | undefined;
}

/** Value that the pseudo block RETURN dispatches on. */
export const RETURN_EIP = S('rpc');

/** EIP of the entry's page. */
const PAGE_BASE = S('pb');

/** Bit s of `bent` says that segment register s is not flat. `hasVectors`: XMM registers may be such. */
export function specialise(block: Block, bent: int, temporaries: Temporaries, hasVectors = false): SpecialisedBlock {
  const body: (Step | Callout | Guarded)[] = [];
  const { insns } = block;
  let run = new Propagation(temporaries);
  let stages = false;
  let test: Expr | undefined;
  const flush = (): void => {
    for (const s of stages ? removeStaging(run.out) : run.out) body.push(s);
    run = new Propagation(temporaries);
  };
  for (let k = 0; k < insns.length; k++) {
    const placed = insns[k] as Placed;
    const { at, insn, template } = placed;
    const undo = insns.length - k;
    // Behind an STI that ends a block an interrupt might come too early: the monitor sees to it.
    if (isCalledOut(placed.class) || (insn.op === 'STI' && undo === 1)) {
      flush();
      body.push({ k: 'callout', at, undo, next: at + insn.length, insn, ends: placed.class === 'leave' });
      continue;
    }
    stages ||= template?.stages === true;
    const isShadow = k > 0 && (insns[k - 1] as Placed).insn.op === 'STI';
    if (!placed.lanes && !placed.guarded && !isShadow) {
      if (placed.stack?.guard) run.through(exit(guardOf(placed.stack)), at, undo);
      filler.fill(placed, bent, temporaries, run, undo);
      continue;
    }
    const whole = instantiate(placed, bent, temporaries);
    const lanes = hasVectors ? placed.withVectors : placed.lanes;
    const isSplit = placed.guarded && !isShadow;
    const made = lanes ? throughLanes(whole, insn, lanes, temporaries, isSplit) : whole;
    if (placed.stack?.guard) made.unshift(exit(guardOf(placed.stack)));
    if (isSplit) {
      flush();
      const callout = { k: 'callout', at, undo, next: at + insn.length, insn, ends: false } as const;
      const inner = removeStaging(propagate(splitPlaces(made, temporaries), temporaries));
      body.push({ k: 'guarded', body: inner, callout });
      continue;
    }
    if (isShadow) endShadow(made);
    for (const s of made) run.through(s, at, undo);
  }
  flush();
  const last = body[body.length - 1];
  if (last?.k === 'branch') {
    test = last.e;
    body.pop();
  } else if (last?.k === 'jump') body.pop();
  else if (last?.k === 'jumpTo') {
    body.pop();
    if (block.term === 'jump') body.push(set(RETURN_EIP, last.e));
    else test = last.e;
  }
  return { block, body, test };
}

/** The interrupt shadow of an STI ends with the instruction after it. */
function endShadow(body: Stmt[]): void {
  const last = body[body.length - 1];
  const ends = last && (last.k === 'branch' || last.k === 'jump' || last.k === 'jumpTo');
  body.splice(ends ? body.length - 1 : body.length, 0, set(S('shadow'), N(0)));
}

/** Takes out what is said for the passes only, and stores to the staging register that nothing reads. */
function removeStaging(body: readonly Step[]): Step[] {
  let isRead = false;
  for (const s of body) {
    uses(s, (e) => {
      if (isStaging(e)) isRead = true;
    });
  }
  return body.filter((s) => s.k !== 'holds' && (isRead || s.k !== 'set' || !isStaging(s.to)));
}

/** The instruction's template with its holes filled: the residual before any pass. */
export function instantiate(placed: Placed, bent: int, temporaries: { n: number }): Stmt[] {
  const out: Stmt[] = [];
  filler.fill(placed, bent, temporaries, out);
  return out;
}

/** Fills the holes of templates: one for all, since most instructions make a few statements only. */
class Filler {
  #placed: Placed | undefined;
  /** The temporaries of the template are numbered from here. */
  #first = 0;
  #run: Propagation | undefined;

  /** `into`: what is known there is filled in on the way. `undo`: see Step. */
  fill(placed: Placed, bent: int, temporaries: { n: number }, into: Propagation | Stmt[], undo = 0): void {
    const { template, needless, at } = placed;
    if (!template) throw new Error(`no template for ${placed.insn.op}`);
    this.#placed = placed;
    this.#first = temporaries.n;
    this.#run = Array.isArray(into) ? undefined : into;
    temporaries.n += template.temporaries;
    const { body } = template;
    for (let k = 0; k < body.length; k++) {
      if (needless?.has(k)) continue;
      const made = mapStmt(body[k] as Stmt, this.#leaf, this.#first);
      if (bent !== 0 && made.k === 'place' && made.seg.k === 'n' && ((bent >> made.seg.v) & 1) !== 0) {
        for (const s of throughSegment(made, made.seg.v, temporaries)) {
          if (Array.isArray(into)) into.push(s);
          else into.through(s, at, undo);
        }
      } else if (Array.isArray(into)) into.push(made);
      else into.add(made, at, undo);
    }
  }

  readonly #leaf = (e: Expr): Expr => {
    const run = this.#run;
    switch (e.k) {
      case 't':
        return run ? run.temporary(e.i + this.#first) : T(e.i + this.#first);
      case 'r':
        if (e.array === 'reg' && e.n.k === 'n' && e.n.v === 8) return N(0);
        return run ? run.leaf(e) : e;
      case 's': {
        const stack = this.#placed?.stack;
        if (stack && e.name === 'ftop') return N(stack.top);
        if (stack && e.name === 'ftag') return N(stack.tags);
        return run ? run.leaf(e) : e;
      }
      case 'h':
        return this.#hole(e, this.#placed as Placed);
    }
    return e;
  };

  /** By the hole's number: see HOLES. */
  #hole(e: Expr & { k: 'h' }, { insn: i, at }: Placed): Expr {
    switch (e.v) {
      case 0: // dn
        return N(i.dst.n);
      case 1: // dup
        return N(i.dst.up);
      case 2: // sn
        return N(i.src.n);
      case 3: // sup
        return N(i.src.up);
      case 4: // imm
      case 5: // count
        return N(immediate(i));
      case 6: // next
        return B('+', this.#leaf(PAGE_BASE), N(at + i.length));
      case 7: // here
        return B('+', this.#leaf(PAGE_BASE), N(at));
      case 8: // base
        return N(placeOf(i)?.base ?? 8);
      case 9: // index
        return N(placeOf(i)?.index ?? 8);
      case 10: // scale
        return N(placeOf(i)?.scale ?? 0);
      case 11: // disp
        return N(placeOf(i)?.disp ?? 0);
      case 12: // seg
        return N(placeOf(i)?.seg ?? 3);
      case 13: // sseg
        return N(i.src.seg);
    }
    return e;
  }
}

const filler = new Filler();

/** Its operand in memory. */
function placeOf(i: Insn): Operand | undefined {
  return i.dst.kind === MEM ? i.dst : i.src.kind === MEM ? i.src : undefined;
}

/** A place in a segment that is not flat: its span is checked, its base added. */
function throughSegment(place: Stmt & { k: 'place' }, seg: int, temporaries: { n: number }): Stmt[] {
  const offset = temporaries.n++;
  const linear = temporaries.n++;
  const span = R(place.write ? 'writeSpan' : 'readSpan', N(seg));
  return [
    let_(offset, place.a),
    exit(C('geu', [T(offset), span])),
    let_(linear, B('+', T(offset), R('base', N(seg)))),
    placeAt(place, place.i, place.seg, T(linear)),
  ];
}

function immediate(i: Insn): int {
  if (i.op === 'SHLD' || i.op === 'SHRD') return i.src2.value & 31;
  if (isCounted(i.op)) return i.src.value & 31;
  return i.src.kind === IMM ? i.src.value : i.src2.kind === IMM ? i.src2.value : 0;
}
