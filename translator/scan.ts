// Scan: from a hot entry, follow guest code into a control-flow graph of blocks. Calls within reach are edges; a return
// goes to the calls seen. Addresses are offsets from the entry's page, so that a region holds wherever its pages are
// mapped one after the other as they were when it was scanned.

import { DECODE_MODES } from '../src/cpu/decoded.ts';
import { isTransfer } from '../src/isa/control.ts';
import { decode } from '../src/isa/decode.ts';
import type { Insn, int } from '../src/isa/insn.ts';
import type { Memory } from '../src/memory/memory.ts';
import { type Class, classify } from './classify.ts';
import { findPassed } from './invariants.ts';
import type { Expr } from './ir.ts';
import { type Lanes, typeLanes } from './lanes.ts';
import { type Prediction, predictStacks, type Stack, usesX87 } from './x87.ts';

const PAGE = 4096;
const MAX_LENGTH = 15;
const MAX_ENTRIES = 32;

/** An instruction at an offset from the entry's page. */
export interface Placed {
  readonly at: int;
  readonly insn: Insn;
  class: Class;
  /** Whether its template is one of the x87; if so, the stack that it is inlined for. */
  readonly usesX87?: boolean;
  stack?: Prediction;
  /** It often could not be executed inline: then it is a callout, and the region goes on. */
  readonly guarded?: boolean;
  /** Exits of its template, by their indices, that are known not to be taken. */
  needless?: ReadonlySet<int>;
  /** If it uses XMM registers: what their lanes are in the region. */
  lanes?: Lanes;
}

export type Terminator =
  /** Two successors; falls into one; by a value; leaves the region. */
  'branch' | 'jump' | 'indirect' | 'exit';

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
  /** The x87's stack, if it is looked at before everything else. */
  stack?: Stack;
  /** Conditions under which it is left before everything else. */
  guards?: readonly Expr[];
  /** Whether more may be looked at before everything else. */
  ahead?: boolean;
}

export interface ScanOptions {
  readonly maxInstructions: int;
  /** Whether calls are followed. */
  readonly inline: boolean;
  /** Whether code at an offset was ever reached: what was not stays out. */
  isWarm(at: int): boolean;
  /** Targets of indirect jumps and calls, by the instruction's offset, as a profile has them; of returns, by RETURN. */
  targetsOf?(at: int): readonly int[];
  /** The x87's stack at the entry; empty unless told otherwise. */
  readonly stack?: Stack;
  /** Whether it may be entered where calls out of it return to. */
  readonly reentered?: boolean;
  /** Whether the instruction at an offset is to be guarded. */
  isGuarded?(at: int): boolean;
}

const EMPTY: Stack = { top: 0, tags: 0 };

/** Pseudo block: where returns go on. */
export const RETURN = 0x40000000;

/** Pseudo block: leads to the entry that is at EIP. */
export const ENTRY = 0x40000001;

/** Where guest code is read from. */
export type Code = Pick<Memory, 'u8' | 'hostOf'>;

/** Guest-physical frame of a page of guest-linear addresses for fetching, or -1. */
export type FrameOf = (linearPage: int) => int;

/**
 * @param linear guest-linear address of the entry.
 * @param frameOf never faults; -1 where nothing is mapped for fetching.
 */
export function scan(memory: Code, linear: int, mode: int, frameOf: FrameOf, options: ScanOptions): Graph {
  const base = linear & -PAGE;
  const entry = linear & (PAGE - 1);
  const decodeMode = DECODE_MODES[mode & 3] as (typeof DECODE_MODES)[number];
  const pages = new Map<int, int>();
  const hosts = new Map<int, int>();
  const hostOf = (at: int): int => {
    const page = at >> 12;
    let host = hosts.get(page);
    if (host === undefined) {
      const frame = frameOf((base + page * PAGE) | 0);
      host = frame < 0 ? -1 : memory.hostOf((frame << 12) >>> 0);
      hosts.set(page, host);
      if (host >= 0) pages.set(page, frame);
    }
    return host < 0 ? -1 : host + (at & (PAGE - 1));
  };
  const decodeAt = (at: int, host: int): Insn | null => {
    const rest = PAGE - (at & (PAGE - 1));
    const insn = decode(memory.u8, host, Math.min(rest, MAX_LENGTH), decodeMode);
    if (insn || rest >= MAX_LENGTH) return insn;
    // It goes on in the next page.
    const next = hostOf(at + rest);
    if (next < 0) return null;
    const bytes = new Uint8Array(MAX_LENGTH);
    bytes.set(memory.u8.subarray(host, host + rest));
    bytes.set(memory.u8.subarray(next, next + MAX_LENGTH - rest), rest);
    return decode(bytes, 0, MAX_LENGTH, decodeMode);
  };
  const seen = new Map<int, Placed>();
  const leaders = new Set<int>([entry]);
  const returns = new Set<int>();
  const work = [entry];
  const lead = (at: int): void => {
    if (leaders.has(at) || !options.isWarm(at)) return;
    leaders.add(at);
    work.push(at);
  };
  while (work.length > 0) {
    let at = work.shift() as int;
    while (!seen.has(at) && seen.size < options.maxInstructions) {
      const host = hostOf(at);
      if (host < 0) break;
      const insn = decodeAt(at, host);
      if (!insn) break;
      const way = classify(insn, mode);
      const onX87 = usesX87(insn);
      // A callout would leave the x87's stack unknown to what follows.
      const guarded = options.isGuarded?.(at) === true && isStraight(insn, way);
      const placed: Placed = { at, insn, class: way, usesX87: onX87, ...(guarded && { guarded }) };
      seen.set(at, placed);
      const next = at + insn.length;
      if (placed.class === 'leave') break;
      if (insn.op === 'Jcc' || isLoopInstruction(insn)) {
        lead(next + insn.rel);
        lead(next);
        break;
      }
      if (insn.op === 'JMP') {
        lead(next + insn.rel);
        break;
      }
      if (insn.op === 'CALL') {
        returns.add(next);
        if (options.inline) lead(next + insn.rel);
        lead(next);
        break;
      }
      if (insn.op === 'JMPn' || insn.op === 'CALLn') {
        if (insn.op === 'CALLn') {
          returns.add(next);
          lead(next);
        }
        for (const to of options.targetsOf?.(at) ?? []) lead(to);
        break;
      }
      if (insn.op === 'RET') {
        for (const to of options.targetsOf?.(RETURN) ?? []) {
          returns.add(to);
          lead(to);
        }
        break;
      }
      at = next;
    }
  }
  const graph = build(entry, seen, leaders, returns, pages, options);
  // Where it was often left at its entry, what is looked at ahead there is not as expected.
  const ahead = options.isGuarded?.(entry) !== true;
  predictStacks(graph, options.stack ?? EMPTY, ahead);
  findPassed(graph, ahead);
  graph.ahead = ahead;
  typeLanes(graph);
  if (options.reentered) reenter(graph, seen);
  return graph;
}

/** Whether the entry is part of a loop; calls return. */
export function isLoop(graph: Graph): boolean {
  const seen = new Set<int>();
  const work = [graph.entry];
  for (let at = work.pop(); at !== undefined; at = work.pop()) {
    const b = graph.blocks.get(at);
    if (!b) continue;
    const last = b.insns[b.insns.length - 1];
    const isCall = last && (last.insn.op === 'CALL' || last.insn.op === 'CALLn');
    for (const s of isCall ? [...b.succ, last.at + last.insn.length] : b.succ) {
      if (s === graph.entry) return true;
      if (seen.has(s)) continue;
      seen.add(s);
      work.push(s);
    }
  }
  return false;
}

/** Whether it has a template that goes on with the next instruction. */
function isStraight(i: Insn, way: Class): boolean {
  return (way === 'ident' || way === 'inline') && !isTransfer(i) && i.op !== 'STI';
}

function isLoopInstruction(i: Insn): boolean {
  return i.op === 'LOOP' || i.op === 'LOOPE' || i.op === 'LOOPNE' || i.op === 'JCXZ';
}

function build(
  entry: int,
  seen: ReadonlyMap<int, Placed>,
  leaders: ReadonlySet<int>,
  returns: ReadonlySet<int>,
  pages: ReadonlyMap<int, int>,
  options: ScanOptions,
): Graph {
  const blocks = new Map<int, Block>();
  const bytes: { at: int; length: int }[] = [];
  let hasReturn = false;
  let instructions = 0;
  for (const start of leaders) {
    if (!seen.has(start)) continue;
    const b: Block = { at: start, insns: [], term: 'exit', succ: [], taken: start, fall: 0 };
    const go = (to: int): void => {
      b.taken = to;
      if (!seen.has(to)) return;
      b.term = 'jump';
      b.succ = [to];
    };
    for (let at = start; ; ) {
      const placed = seen.get(at);
      if (!placed || placed.class === 'leave') {
        b.taken = at;
        break;
      }
      const { insn } = placed;
      b.insns.push(placed);
      instructions++;
      at += insn.length;
      if (insn.op === 'Jcc' || isLoopInstruction(insn)) {
        b.term = 'branch';
        // The template is that of the even condition: the odd one has its successors swapped.
        const odd = insn.op === 'Jcc' && (insn.cc & 1) !== 0;
        b.taken = odd ? at : at + insn.rel;
        b.fall = odd ? at + insn.rel : at;
        b.succ = [b.taken, b.fall].filter((s) => seen.has(s));
        break;
      }
      if (insn.op === 'JMP' || insn.op === 'CALL') {
        go(at + insn.rel);
        break;
      }
      if (insn.op === 'RET') {
        hasReturn = true;
        b.term = 'jump';
        b.taken = RETURN;
        b.succ = [RETURN];
        break;
      }
      if (insn.op === 'JMPn' || insn.op === 'CALLn') {
        b.term = 'indirect';
        b.succ = [...(options.targetsOf?.(placed.at) ?? [])];
        break;
      }
      if (leaders.has(at)) {
        go(at);
        break;
      }
    }
    const last = b.insns[b.insns.length - 1];
    const end = last ? last.at + last.insn.length : start;
    for (let at = start; at < end; ) {
      const length = Math.min(end - at, PAGE - (at & (PAGE - 1)));
      bytes.push({ at, length });
      at += length;
    }
    blocks.set(start, b);
  }
  if (hasReturn) {
    const succ = [...returns].filter((r) => blocks.has(r));
    blocks.set(RETURN, { at: RETURN, insns: [], term: 'indirect', succ, taken: 0, fall: 0 });
  }
  for (const b of blocks.values()) b.succ = [...new Set(b.succ)].filter((s) => blocks.has(s));
  return { entry, entries: [entry], root: entry, blocks, pages, bytes, instructions };
}

/**
 * Lets it be entered where calls that leave it return to, and at the heads of loops, which such returns may lead around.
 * Only in the entry's page: a region knows by its EIP where it begins. And only where nothing is known, or looked at
 * ahead, of what is so at the one entry.
 */
function reenter(graph: Graph, seen: ReadonlyMap<int, Placed>): void {
  const { entry, blocks } = graph;
  if (graph.stack || graph.guards?.length) return;
  const found = new Set<int>();
  const heads = new Set<int>();
  const add = (set: Set<int>, at: int): void => {
    if (at !== entry && at >> 12 === 0 && (blocks.get(at)?.insns.length ?? 0) > 0) set.add(at);
  };
  for (const b of blocks.values()) {
    if (b.insns.some((p) => p.usesX87 || p.lanes || p.needless)) return;
    for (const s of b.succ) if (s <= b.at) add(heads, s);
    const last = b.insns[b.insns.length - 1];
    if (!last) continue;
    const next = last.at + last.insn.length;
    const { op } = last.insn;
    if (op === 'CALLn' || (op === 'CALL' && !seen.has(next + last.insn.rel))) add(found, next);
  }
  if (found.size === 0) return;
  graph.entries = [entry, ...[...new Set([...found, ...heads])].slice(0, MAX_ENTRIES)];
  graph.root = ENTRY;
  blocks.set(ENTRY, { at: ENTRY, insns: [], term: 'indirect', succ: [...graph.entries], taken: 0, fall: 0 });
}
