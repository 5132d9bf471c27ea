// Specialise: templates with their holes filled, block by block, and copies propagated through the block.

import { isCounted } from '../src/cpu/shape.ts';
import { IMM, type Insn, type int, MEM } from '../src/isa/insn.ts';
import { WORD } from '../src/isa/state.ts';
import { templateOf } from './classify.ts';
import { TEMPLATES } from './generated/templates.js';
import { splitPlaces } from './halves.ts';
import { type Expr, mapStmt, N, type Stmt, T, uses } from './ir.ts';
import { throughLanes } from './lanes.ts';
import { propagate } from './passes/propagate.ts';
import type { Block, Placed } from './scan.ts';
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
}

/** An instruction that is a callout where it would leave. */
export interface Guarded {
  readonly k: 'guarded';
  readonly body: readonly Step[];
  readonly callout: Callout;
}

export interface SpecialisedBlock {
  readonly block: Block;
  readonly body: readonly (Step | Callout | Guarded)[];
  /** Condition of a `branch`; value of an `indirect`. */
  readonly test: Expr | undefined;
}

/** First word of the staging register, behind the last XMM register. */
const STAGED = WORD.xmm + 32;

/** Value that the pseudo block RETURN dispatches on. */
export const RETURN_EIP: Expr = { k: 's', name: 'rpc' };

/** `flat`: bit s of `bent` says that segment register s is not flat. */
export function specialise(block: Block, bent: int, temporaries: { n: number }): SpecialisedBlock {
  const body: (Step | Callout | Guarded)[] = [];
  let run: Step[] = [];
  let test: Expr | undefined;
  const flush = (): void => {
    body.push(...removeStaging(propagate(run)));
    run = [];
  };
  block.insns.forEach((placed, k) => {
    const undo = block.insns.length - k;
    // Behind an STI that ends a block an interrupt might come too early: the monitor sees to it.
    if (placed.class === 'callout' || (placed.insn.op === 'STI' && undo === 1)) {
      flush();
      body.push({ k: 'callout', at: placed.at, undo, next: placed.at + placed.insn.length, insn: placed.insn });
      return;
    }
    const whole = instantiate(placed, bent, temporaries);
    const made = placed.lanes ? throughLanes(whole, placed.lanes, temporaries) : whole;
    if (placed.stack?.guard) made.unshift({ k: 'exit', e: guardOf(placed.stack) });
    if (placed.guarded && block.insns[k - 1]?.insn.op !== 'STI') {
      flush();
      const callout = {
        k: 'callout',
        at: placed.at,
        undo,
        next: placed.at + placed.insn.length,
        insn: placed.insn,
      } as const;
      body.push({ k: 'guarded', body: removeStaging(propagate(splitPlaces(made, temporaries))), callout });
      return;
    }
    if (block.insns[k - 1]?.insn.op === 'STI') endShadow(made);
    for (const s of made)
      run.push(s.k === 'place' || s.k === 'exit' || s.k === 'quick' ? { ...s, at: placed.at, undo } : s);
  });
  flush();
  const last = body[body.length - 1];
  if (last?.k === 'branch') {
    test = last.e;
    body.pop();
  } else if (last?.k === 'jump') body.pop();
  else if (last?.k === 'jumpTo') {
    body.pop();
    if (block.term === 'jump') body.push({ k: 'set', to: RETURN_EIP, e: last.e });
    else test = last.e;
  }
  return { block, body, test };
}

/** The interrupt shadow of an STI ends with the instruction after it. */
function endShadow(body: Stmt[]): void {
  const last = body[body.length - 1];
  const ends = last && (last.k === 'branch' || last.k === 'jump' || last.k === 'jumpTo');
  body.splice(ends ? body.length - 1 : body.length, 0, { k: 'set', to: { k: 's', name: 'shadow' }, e: N(0) });
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

function isStaging(e: Expr): boolean {
  if (e.k !== 'r' || e.n.k !== 'n') return false;
  return e.array === 'doubles'
    ? e.n.v >= STAGED >> 1
    : (e.array === 'words' || e.array === 'singles') && e.n.v >= STAGED;
}

/** The instruction's template with its holes filled: the residual before any pass. */
export function instantiate(placed: Placed, bent: int, temporaries: { n: number }): Stmt[] {
  const i = placed.insn;
  const template = TEMPLATES[templateOf(i) as string];
  if (!template) throw new Error(`no template for ${i.op}`);
  const first = temporaries.n;
  temporaries.n += template.temporaries;
  const m = i.dst.kind === MEM ? i.dst : i.src.kind === MEM ? i.src : undefined;
  const leaf = (e: Expr): Expr => {
    if (e.k === 't') return T(e.i + first);
    if (e.k === 'r') return e.array === 'reg' && e.n.k === 'n' && e.n.v === 8 ? N(0) : e;
    if (e.k === 's' && placed.stack) {
      return e.name === 'ftop' ? N(placed.stack.top) : e.name === 'ftag' ? N(placed.stack.tags) : e;
    }
    if (e.k !== 'h') return e;
    switch (e.name) {
      case 'dn':
        return N(i.dst.n);
      case 'dup':
        return N(i.dst.up);
      case 'sn':
        return N(i.src.n);
      case 'sup':
        return N(i.src.up);
      case 'imm':
      case 'count':
        return N(immediate(i));
      case 'next':
        return { k: 'b', op: '+', a: { k: 's', name: 'pb' }, b: N(placed.at + i.length) };
      case 'here':
        return { k: 'b', op: '+', a: { k: 's', name: 'pb' }, b: N(placed.at) };
      case 'base':
        return N(m ? m.base : 8);
      case 'index':
        return N(m ? m.index : 8);
      case 'scale':
        return N(m ? m.scale : 0);
      case 'disp':
        return N(m ? m.disp : 0);
      case 'seg':
        return N(m ? m.seg : 3);
      case 'sseg':
        return N(i.src.seg);
    }
    return e;
  };
  const out: Stmt[] = [];
  for (const [k, s] of template.body.entries()) {
    if (placed.needless?.has(k)) continue;
    const made = mapStmt(s, leaf, (t) => t + first);
    if (made.k === 'place' && made.seg.k === 'n' && ((bent >> made.seg.v) & 1) !== 0) {
      out.push(...throughSegment(made, made.seg.v, temporaries));
    } else out.push(made);
  }
  return out;
}

/** A place in a segment that is not flat: its span is checked, its base added. */
function throughSegment(place: Stmt & { k: 'place' }, seg: int, temporaries: { n: number }): Stmt[] {
  const offset = temporaries.n++;
  const linear = temporaries.n++;
  const span: Expr = { k: 'r', array: place.write ? 'writeSpan' : 'readSpan', n: N(seg) };
  const base: Expr = { k: 'r', array: 'base', n: N(seg) };
  return [
    { k: 'let', i: offset, e: place.a },
    { k: 'exit', e: { k: 'c', f: 'geu', args: [T(offset), span] } },
    { k: 'let', i: linear, e: { k: 'b', op: '+', a: T(offset), b: base } },
    { ...place, a: T(linear) },
  ];
}

function immediate(i: Insn): int {
  if (i.op === 'SHLD' || i.op === 'SHRD') return i.src2.value & 31;
  if (isCounted(i.op)) return i.src.value & 31;
  return i.src.kind === IMM ? i.src.value : i.src2.kind === IMM ? i.src2.value : 0;
}
