// XMM registers in a region: their lanes, quadwords, as locals. A lane on which the region does arithmetic of doubles is
// a local that is a double; one that it treats as words only is two locals that are words. Any other stays in the
// register file, where each view of it may be had. In WebAssembly a whole register may be one local, a vector
// (vectors.ts).
//
// Semantics move quadwords as pairs of words, so that the bits of NaNs survive. Between lanes that are doubles, and
// memory, such a pair is moved as one double: loads and stores of a Float64Array keep all bits in translated code, which
// is asm.js.

import { type Insn, type int, MEM } from '../src/isa/insn.ts';
import { WORD } from '../src/isa/register-file.ts';
import type { Graph, Placed } from './graph.ts';
import { D, type Expr, holds, isZero, let_, load, N, R, type Stmt, set, store, T } from './ir.ts';
import { removeDeadTemporaries } from './passes/dead.ts';
import { propagate } from './passes/propagate.ts';
import type { Ready } from './templates.ts';
import type { Temporaries } from './temporaries.ts';
import { doubleOf, isClear, throughVectors, vector, vectorRegisters, vectorUse, withWord, wordOf } from './vectors.ts';
import { map, mapStmt, uses } from './walk.ts';

/** What a lane is. A register is a vector whole, or not at all. */
export type Lane = 'double' | 'words' | 'file' | 'vector';

/** By the lanes' numbers, the low lane of XMM0 first. */
export type Lanes = readonly Lane[];

/** Lanes of the eight registers; the one behind them is that of the staging register. */
const LANES = 16;
const FIRST_WORD = WORD.xmm;
const FIRST_DOUBLE = WORD.xmm / 2;

/** The arrays of the residual language that stand for locals, with the indices of `doubles` and `words`. */
export const DOUBLE_LANES = 'doubleLanes';
export const WORD_LANES = 'wordLanes';

const element = (array: string, n: int): Expr => R(array, N(n));
/** A lane in the register file, as a double. */
const file = (lane: int): Expr => element('doubles', FIRST_DOUBLE + lane);
const ZERO = D(0);

/** The lane that a piece of state is in, or -1. */
function laneOf(e: Expr): int {
  if (e.k !== 'r' || e.n.k !== 'n') return -1;
  let lane = -1;
  if (e.array === 'doubles') lane = e.n.v - FIRST_DOUBLE;
  else if (e.array === 'words' || e.array === 'singles') lane = (e.n.v - FIRST_WORD) >> 1;
  return lane < LANES ? lane : -1;
}

/** The word of a vector that a piece of state is. */
function wordIn(e: Expr & { k: 'r' }): int {
  if (e.array !== 'words' || e.n.k !== 'n') throw new Error(`${e.array} of a vector`);
  return (e.n.v - FIRST_WORD) & 3;
}

// What lanes are.

interface Uses {
  doubles: int;
  words: int;
  singles: int;
  /** Moves from and to memory of unknown alignment. */
  unaligned: int;
  /** Lanes that it is moved from and to. */
  readonly moves: Set<int>;
}

/** Whether words are moved only: all that is set was read, loaded or zero. */
const isMove = new WeakMap<Ready, boolean>();

function movesOnly(template: Ready): boolean {
  let is = isMove.get(template);
  if (is === undefined) {
    const moved = new Set<int>();
    is = template.body.every((s) => {
      if (s.k === 'load' || (s.k === 'let' && s.e.k === 'r' && s.e.array === 'words')) moved.add(s.i);
      if (s.k === 'if') return false;
      if (s.k === 'store') return s.e.k === 't' && moved.has(s.e.i);
      return s.k !== 'set' || (s.e.k === 't' ? moved.has(s.e.i) : s.e.k === 'n' && s.e.v === 0);
    });
    isMove.set(template, is);
  }
  return is;
}

/** Decides what the lanes are in a graph, and notes it at the instructions that use some. */
export function typeLanes(graph: Graph): void {
  const candidates: Placed[] = [];
  for (const b of graph.blocks.values())
    for (const p of b.insns) if (p.template?.views && p.class !== 'callout') candidates.push(p);
  if (candidates.length === 0) return;
  const all: Uses[] = Array.from({ length: LANES }, () => ({
    doubles: 0,
    words: 0,
    singles: 0,
    unaligned: 0,
    moves: new Set(),
  }));
  const touching: Placed[] = [];
  for (const p of candidates) if (count(p.template as Ready, p.insn, all)) touching.push(p);
  if (touching.length === 0) return;
  const lanes = all.map((u): Lane | undefined => {
    if (u.doubles > 0) return u.doubles * 2 >= u.words + u.singles ? 'double' : 'file';
    if (u.singles > 0) return 'file';
    return u.words > 0 || u.unaligned > 0 ? 'words' : undefined;
  });
  // What is moved only is as what it is moved to.
  for (let changed = true; changed; ) {
    changed = false;
    all.forEach(({ moves }, lane) => {
      if (lanes[lane] !== undefined) return;
      const other = [...moves].map((to) => lanes[to]).find((is) => is === 'double' || is === 'words');
      if (!other) return;
      lanes[lane] = other;
      changed = true;
    });
  }
  const typed = lanes.map((is) => is ?? 'double');
  const withVectors = vectorsAmong(touching, all, typed);
  for (const p of touching) {
    p.lanes = typed;
    p.withVectors = withVectors;
  }
}

/**
 * What lanes are where there are vectors: those of registers with which something is computed as vectors, or that are
 * moved whole from or to memory, and that have no part in arithmetic of doubles or floats.
 */
function vectorsAmong(touching: readonly Placed[], all: readonly Uses[], typed: Lanes): Lanes {
  const computes = new Set<int>();
  const moved = new Set<int>();
  for (const { insn } of touching) {
    const use = vectorUse(insn);
    if (!use) continue;
    const isMove = use === 'moves' && (insn.dst.kind === MEM || insn.src.kind === MEM);
    for (const n of vectorRegisters(insn)) {
      if (use === 'computes') computes.add(n);
      else if (isMove) moved.add(n);
    }
  }
  const isFloat = (lane: int): boolean => (all[lane] as Uses).doubles + (all[lane] as Uses).singles > 0;
  const isVector = (n: int): boolean => {
    const own = [2 * n, 2 * n + 1];
    if (own.some(isFloat)) return false;
    return computes.has(n) || (moved.has(n) && !own.some((lane) => [...(all[lane] as Uses).moves].some(isFloat)));
  };
  return typed.map((is, lane) => (isVector(lane >> 1) ? 'vector' : is));
}

/** Notes the uses of an instruction; whether it has any. */
function count(template: Ready, i: Insn, all: readonly Uses[]): boolean {
  // Indices may be temporaries.
  const indices = new Map<int, Expr>();
  const leaf = (e: Expr): Expr => {
    if (e.k === 't') return indices.get(e.i) ?? e;
    if (e.k !== 'h') return e;
    return e.name === 'dn' ? N(i.dst.n) : e.name === 'sn' ? N(i.src.n) : e.name === 'imm' ? N(i.src2.value) : e;
  };
  const clears = isClear(i);
  const moves = clears || movesOnly(template);
  const touched = new Set<int>();
  const cleared = new Set<int>();
  const note = (x: Expr): void => {
    const e = map(x, leaf);
    const lane = laneOf(e);
    if (lane < 0 || e.k !== 'r') return;
    touched.add(lane);
    const u = all[lane] as Uses;
    if (e.array === 'doubles') u.doubles++;
    else if (e.array === 'singles') u.singles++;
    else if (!moves) u.words++;
  };
  let aligned = true;
  for (const s of template.body) {
    if (s.k === 'holds') continue;
    if (s.k === 'place' && s.size >= 64) aligned = s.aligned === true;
    if (s.k === 'let') {
      const index = map(s.e, leaf);
      if (index.k === 'n') indices.set(s.i, index);
    }
    uses(s, (e) => e.k === 'r' && note(e));
    if (s.k !== 'set') continue;
    note(s.to);
    const to = laneOf(map(s.to, leaf));
    if (to >= 0 && isZero(s.e)) cleared.add(to);
  }
  if (!moves || clears) return touched.size > 0;
  for (const lane of touched) {
    const u = all[lane] as Uses;
    if (!aligned && !cleared.has(lane)) u.unaligned++;
    for (const other of touched) if ((other & 1) === (lane & 1)) u.moves.add(other);
  }
  return touched.size > 0;
}

// Instructions over lanes.

/** A word of the register file, or one loaded, by the temporary that has it. */
type Word = { readonly word: int } | { readonly p: Expr; readonly at: int };

/** Whether a register of the instruction is a vector in WebAssembly. */
export function hasVectors({ insn, withVectors }: Placed): boolean {
  return withVectors !== undefined && vectorRegisters(insn).some((n) => withVectors[2 * n] === 'vector');
}

/** An instruction's residual over lanes as they are in the region. `isSplit`: its operand may lie on two pages. */
export function throughLanes(
  made: readonly Stmt[],
  insn: Insn,
  lanes: Lanes,
  temporaries: Temporaries,
  isSplit = false,
): Stmt[] {
  const areVectors = !isSplit && vectorUse(insn) && vectorRegisters(insn).every((n) => lanes[2 * n] === 'vector');
  if (areVectors) return throughVectors(made, insn, temporaries);
  return new Rewriter(propagate(made, temporaries), lanes, temporaries).rewritten();
}

class Rewriter {
  readonly #body: readonly Stmt[];
  readonly #lanes: Lanes;
  readonly #temporaries: { n: number };
  readonly #words = new Map<int, Word>();
  /** What is written to words of double lanes. */
  readonly #written = new Map<int, Expr>();
  /** Double lanes at the instruction's beginning. */
  readonly #before = new Map<int, Expr>();
  /** Doubles loaded already. */
  readonly #loaded: { readonly p: Expr; readonly at: int; readonly t: Expr }[] = [];
  /** Lanes whose words are written to the register file, since they make no double. */
  readonly #reload = new Set<int>();
  /** Lanes of which only one word is written. */
  readonly #half = new Set<int>();
  readonly #out: Stmt[] = [];

  constructor(body: readonly Stmt[], lanes: Lanes, temporaries: { n: number }) {
    this.#body = body;
    this.#lanes = lanes;
    this.#temporaries = temporaries;
  }

  rewritten(): Stmt[] {
    for (const s of this.#body) {
      if (s.k === 'let' && s.e.k === 'r' && s.e.array === 'words' && s.e.n.k === 'n')
        this.#words.set(s.i, { word: s.e.n.v });
      if (s.k === 'load' && s.size === 32) this.#words.set(s.i, { p: s.p, at: s.at });
      if (s.k === 'set' && this.#isDouble(s.to) && s.to.k === 'r' && s.to.array === 'words' && s.to.n.k === 'n')
        this.#written.set(s.to.n.v, s.e);
    }
    this.#body.forEach((s, k) => {
      this.#statement(s, k);
    });
    for (const lane of this.#reload) this.#out.push(set(this.#lane(lane), file(lane)));
    return this.#begun(removeDeadTemporaries(this.#out));
  }

  #isDouble(e: Expr): boolean {
    const lane = laneOf(e);
    return lane >= 0 && this.#lanes[lane] === 'double';
  }

  #lane(lane: int): Expr {
    return element(DOUBLE_LANES, FIRST_DOUBLE + lane);
  }

  #statement(s: Stmt, k: int): void {
    if (s.k === 'holds' && laneOf(s.to) >= 0 && this.#lanes[laneOf(s.to)] !== 'file') return;
    if (s.k === 'load' && s.size === 64) this.#loaded.push({ p: s.p, at: s.at, t: T(s.i) });
    if (s.k === 'store' && s.size === 32 && this.#store(s, k)) return;
    if (s.k === 'set' && s.to.k === 'r' && s.to.array !== 'doubles' && this.#isDouble(s.to)) {
      this.#setWord(s);
      return;
    }
    const leaf = (e: Expr): Expr => {
      const lane = laneOf(e);
      if (lane < 0 || e.k !== 'r') return e;
      const is = this.#lanes[lane];
      if (is === 'vector') return wordOf(lane >> 1, wordIn(e));
      if (is === 'double') return e.array === 'doubles' ? R(DOUBLE_LANES, e.n) : e;
      return is === 'words' ? R(WORD_LANES, e.n) : e;
    };
    const made = mapStmt(s, leaf);
    const to = made.k === 'set' ? laneOf(made.to) : -1;
    if (made.k === 'set' && made.to.k === 'r' && to >= 0 && this.#lanes[to] === 'vector') {
      this.#out.push(set(vector(to >> 1), withWord(to >> 1, wordIn(made.to), made.e)));
    } else if (made.k === 'set') this.#out.push(set(leaf(made.to), made.e));
    else this.#out.push(made.k === 'holds' ? holds(leaf(made.to), made.e) : made);
  }

  /** A store of the two words of a double lane is one of a double. */
  #store(s: Stmt & { k: 'store' }, k: int): boolean {
    const word = this.#wordOf(s.e);
    if (word === undefined || !this.#isDouble(element('words', word))) return false;
    const half = word & 1;
    if (((s.at ^ (half << 2)) & 7) !== 0) return false;
    const other = this.#body.find((o, at) => {
      if (o.k !== 'store' || o.size !== 32 || o.p !== s.p || (half ? at >= k : at <= k)) return false;
      return o.at === s.at + (half ? -4 : 4) && this.#wordOf(o.e) === (word ^ 1);
    });
    if (!other) return false;
    if (!half) this.#out.push(store(s.p, 64, s.at, this.#start((word - FIRST_WORD) >> 1)));
    return true;
  }

  #wordOf(e: Expr): int | undefined {
    const word = e.k === 't' ? this.#words.get(e.i) : undefined;
    return word && 'word' in word ? word.word : undefined;
  }

  /** A lane's double at the instruction's beginning. */
  #start(lane: int): Expr {
    let t = this.#before.get(lane);
    if (!t) {
      t = T(this.#temporaries.n++);
      this.#before.set(lane, t);
    }
    return t;
  }

  /** The second of the two words of a double lane makes it, if they are a double from somewhere else. */
  #setWord(s: Stmt & { k: 'set' }): void {
    const { n } = s.to as Expr & { k: 'r' };
    const word = (n as Expr & { k: 'n' }).v;
    const lane = (word - FIRST_WORD) >> 1;
    const low = this.#written.get(word & ~1);
    const high = this.#written.get(word | 1);
    const made = low && high && (s.to as { array: string }).array === 'words' ? this.#joined(low, high) : undefined;
    if (made) {
      // Whichever is the second one: both have been computed.
      if (this.#isLast(s, word ^ 1)) this.#out.push(set(this.#lane(lane), made()));
      return;
    }
    if (!low || !high) this.#half.add(lane);
    this.#out.push(s);
    this.#reload.add(lane);
  }

  /** Whether the other word was set before. */
  #isLast(s: Stmt, other: int): boolean {
    const of = (x: Stmt): boolean =>
      x.k === 'set' && x.to.k === 'r' && x.to.array === 'words' && x.to.n.k === 'n' && x.to.n.v === other;
    return this.#body.findIndex(of) < this.#body.indexOf(s);
  }

  /** What makes the double that two words are, or undefined. */
  #joined(low: Expr, high: Expr): (() => Expr) | undefined {
    if (low.k === 'n' && low.v === 0 && high.k === 'n' && high.v === 0) return () => ZERO;
    const a = low.k === 't' ? this.#words.get(low.i) : undefined;
    const b = high.k === 't' ? this.#words.get(high.i) : undefined;
    if (!a || !b) return undefined;
    if ('word' in a && 'word' in b) {
      if (b.word !== a.word + 1 || (a.word & 1) !== 0) return undefined;
      const lane = laneOf(element('words', a.word));
      if (lane < 0 || this.#lanes[lane] === 'words') return undefined;
      if (this.#lanes[lane] === 'vector') return () => doubleOf(lane >> 1, lane & 1);
      return () => (this.#lanes[lane] === 'double' ? this.#start(lane) : element('doubles', a.word >> 1));
    }
    if ('p' in a && 'p' in b) {
      if (a.p !== b.p && !(a.p.k === 't' && b.p.k === 't' && a.p.i === b.p.i)) return undefined;
      return b.at === a.at + 4 && (a.at & 7) === 0 ? () => this.#load(a.p, a.at) : undefined;
    }
    return undefined;
  }

  #load(p: Expr, at: int): Expr {
    const same = this.#loaded.find((l) => l.at === at && l.p.k === 't' && p.k === 't' && l.p.i === p.i);
    if (same) return same.t;
    const i = this.#temporaries.n++;
    this.#out.push(load(i, p, 64, at));
    this.#loaded.push({ p, at, t: T(i) });
    return T(i);
  }

  /** With what is needed of the lanes as they were at the beginning: as doubles, and as words in the register file. */
  #begun(body: readonly Stmt[]): Stmt[] {
    const files = new Set<int>();
    for (const s of body) {
      uses(s, (e) => {
        if (e.k === 'r' && e.array !== 'doubles' && this.#isDouble(e)) files.add(laneOf(e));
      });
    }
    for (const lane of this.#half) files.add(lane);
    const flushes = [...files].map((lane): Stmt => set(file(lane), this.#start(lane)));
    const before = [...this.#before].map(([lane, t]): Stmt => let_((t as { i: int }).i, this.#lane(lane)));
    return [...before, ...flushes, ...body];
  }
}
