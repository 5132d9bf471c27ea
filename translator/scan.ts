// Scan: from a hot entry, follow guest code into a control-flow graph of blocks. Calls within reach are edges; a return
// goes to the calls seen. Addresses are offsets from the entry's page, so that a region holds wherever its pages are
// mapped one after the other as they were when it was scanned.

import type { int } from '../src/isa/insn.ts';
import { type Block, ENTRY, type Graph, type Placed, RETURN } from './graph.ts';
import { findPassed } from './invariants.ts';
import type { KnownCode } from './known-code.ts';
import { typeLanes } from './lanes.ts';
import { type Code, type FrameOf, type Placements, Reader } from './reader.ts';
import { predictStacks, type Stack } from './x87.ts';

const PAGE = 4096;
const MAX_ENTRIES = 32;

export interface ScanOptions {
  readonly maxInstructions: int;
  /** The same of the graph, where some of them are in two blocks; as many unless told otherwise. */
  readonly most?: int;
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

/** A graph of which nothing is known yet but its shape. */
export interface Survey {
  readonly graph: Graph;
  readonly seen: ReadonlyMap<int, Placed>;
  readonly options: ScanOptions;
}

/** Where guest code is read from, for a region that begins at a guest-linear address. */
export interface Source {
  readonly memory: Code;
  readonly linear: int;
  /** As the interpreter packs it: see src/cpu/mode.ts. */
  readonly mode: int;
  /** Never faults; -1 where nothing is mapped for fetching. */
  readonly frameOf: FrameOf;
  /** Of all surveys. */
  readonly placements: Placements;
  /** What was read for other regions. */
  readonly known?: KnownCode;
}

export function scan(source: Source, options: ScanOptions): Graph {
  return finish(survey(source, options));
}

/** Finds out what is known about the instructions of a graph, and where it may be entered. */
export function finish({ graph, seen, options }: Survey): Graph {
  // Where it was often left at its entry, what is looked at ahead there is not as expected.
  const ahead = options.isGuarded?.(graph.entry) !== true;
  predictStacks(graph, options.stack ?? EMPTY, ahead);
  findPassed(graph, ahead);
  graph.ahead = ahead;
  typeLanes(graph);
  if (options.reentered) reenter(graph, seen);
  return graph;
}

/** The first step of `scan`: follows the code. */
export function survey(source: Source, options: ScanOptions): Survey {
  const entry = source.linear & (PAGE - 1);
  const reader = new Reader(source, options);
  const { seen, leaders, returns } = walk(reader, entry, options);
  const graph = build(entry, seen, leaders, returns, reader.pages, options);
  graph.isCut = seen.size >= options.maxInstructions;
  return { graph, seen, options };
}

interface Walked {
  readonly seen: ReadonlyMap<int, Placed>;
  /** Offsets at which blocks begin, if anything was seen there. */
  readonly leaders: ReadonlySet<int>;
  /** Where returns go on. */
  readonly returns: ReadonlySet<int>;
}

function walk(reader: Reader, entry: int, options: ScanOptions): Walked {
  const seen = new Map<int, Placed>();
  const leaders = new Set<int>([entry]);
  const returns = new Set<int>();
  const work = [entry];
  const lead = (at: int): void => {
    if (leaders.has(at) || !options.isWarm(at)) return;
    leaders.add(at);
    work.push(at);
  };
  for (let k = 0; k < work.length; k++) {
    let at = work[k] as int;
    while (!seen.has(at) && seen.size < options.maxInstructions) {
      const placed = reader.at(at);
      if (!placed) break;
      seen.set(at, placed);
      const { insn } = placed;
      at += insn.length;
      if (placed.class === 'leave') {
        // It may be entered again there: see `reenter`.
        if (!placed.ends) lead(at);
        break;
      }
      if (placed.ends && follow(placed, at, lead, returns, options)) break;
    }
  }
  return { seen, leaders, returns };
}

/** Where a transfer leads to; whether it is one that is followed. */
function follow(
  { at, insn }: Placed,
  next: int,
  lead: (at: int) => void,
  returns: Set<int>,
  options: ScanOptions,
): boolean {
  switch (insn.op) {
    case 'Jcc':
    case 'LOOP':
    case 'LOOPE':
    case 'LOOPNE':
    case 'JCXZ':
      lead(next + insn.rel);
      lead(next);
      return true;
    case 'JMP':
      lead(next + insn.rel);
      return true;
    case 'CALL':
      returns.add(next);
      if (options.inline) lead(next + insn.rel);
      lead(next);
      return true;
    case 'JMPn':
    case 'CALLn':
      if (insn.op === 'CALLn') {
        returns.add(next);
        lead(next);
      }
      for (const to of options.targetsOf?.(at) ?? []) lead(to);
      return true;
    case 'RET':
      for (const to of options.targetsOf?.(RETURN) ?? []) {
        returns.add(to);
        lead(to);
      }
      return true;
  }
  return false;
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
  let roomForCopies = (options.most ?? options.maxInstructions) - seen.size;
  for (const start of leaders) {
    if (!seen.has(start)) continue;
    const b: Block = { at: start, insns: [], term: 'exit', succ: [], taken: start, fall: 0 };
    let at = start;
    // Whether what is read is the start of another block as well.
    let isCopy = false;
    for (;;) {
      const placed = seen.get(at);
      if (!placed) {
        b.taken = at;
        break;
      }
      b.insns.push(isCopy ? { ...placed } : placed);
      at += placed.insn.length;
      if (placed.class === 'leave') {
        b.term = 'leave';
        break;
      }
      if (placed.ends && terminate(b, placed, at, options)) {
        hasReturn ||= b.taken === RETURN;
        break;
      }
      if (!leaders.has(at)) continue;
      // An interrupt shadow ends with the instruction behind it, which is part of the same block therefore, with its own
      // block to the end: most kernels have STI where two ways meet, since interrupts may have been off before.
      const copied = placed.insn.op === 'STI' ? lengthOf(at, seen, leaders) : 0;
      if (copied > 0 && copied <= roomForCopies) {
        roomForCopies -= copied;
        isCopy = true;
        continue;
      }
      b.term = 'jump';
      b.taken = at;
      b.succ.push(at);
      break;
    }
    instructions += b.insns.length;
    // Where nothing was seen, it is left.
    if (b.term === 'jump' && b.taken !== RETURN && !seen.has(b.taken)) b.term = 'exit';
    for (let from = start; from < at; ) {
      const length = Math.min(at - from, PAGE - (from & (PAGE - 1)));
      bytes.push({ at: from, length });
      from += length;
    }
    blocks.set(start, b);
  }
  if (hasReturn) blocks.set(RETURN, { at: RETURN, insns: [], term: 'indirect', succ: [...returns], taken: 0, fall: 0 });
  for (const b of blocks.values()) b.succ = among(b.succ, blocks);
  return { entry, entries: [entry], root: entry, blocks, pages, bytes, instructions };
}

/** Instructions of the block at an offset; 0 if nothing was seen there. */
function lengthOf(at: int, seen: ReadonlyMap<int, Placed>, leaders: ReadonlySet<int>): int {
  let length = 0;
  for (let next = at, placed = seen.get(at); placed; placed = seen.get(next)) {
    length++;
    next += placed.insn.length;
    if (placed.ends || placed.class === 'leave' || leaders.has(next)) break;
  }
  return length;
}

/** Ends a block with a transfer that is followed; whether it is one. */
function terminate(b: Block, { at: own, insn }: Placed, at: int, options: ScanOptions): boolean {
  switch (insn.op) {
    case 'Jcc':
    case 'LOOP':
    case 'LOOPE':
    case 'LOOPNE':
    case 'JCXZ': {
      b.term = 'branch';
      // The template is that of the even condition: the odd one has its successors swapped.
      const odd = insn.op === 'Jcc' && (insn.cc & 1) !== 0;
      b.taken = odd ? at : at + insn.rel;
      b.fall = odd ? at + insn.rel : at;
      b.succ.push(b.taken, b.fall);
      return true;
    }
    case 'JMP':
    case 'CALL':
      b.term = 'jump';
      b.taken = at + insn.rel;
      b.succ.push(b.taken);
      return true;
    case 'RET':
      b.term = 'jump';
      b.taken = RETURN;
      b.succ.push(RETURN);
      return true;
    case 'JMPn':
    case 'CALLn':
      b.term = 'indirect';
      b.succ.push(...(options.targetsOf?.(own) ?? []));
      return true;
  }
  return false;
}

/** Those that are blocks, each once. */
function among(succ: readonly int[], blocks: ReadonlyMap<int, Block>): int[] {
  const found: int[] = [];
  for (const s of succ) if (blocks.has(s) && !found.includes(s)) found.push(s);
  return found;
}

/**
 * Lets it be entered where calls that leave it return to, and behind callouts that end it; and at the heads of loops,
 * which these may lead around. Only in the entry's page: a region knows by its EIP where it begins. And only where nothing
 * is known, or looked at ahead, of what is so at the one entry.
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
    const isCalling = op === 'CALLn' || (op === 'CALL' && !seen.has(next + last.insn.rel));
    if (isCalling || (last.class === 'leave' && !last.ends)) add(found, next);
  }
  if (found.size === 0) return;
  graph.entries = [entry, ...[...new Set([...found, ...heads])].slice(0, MAX_ENTRIES)];
  graph.root = ENTRY;
  blocks.set(ENTRY, { at: ENTRY, insns: [], term: 'indirect', succ: [...graph.entries], taken: 0, fall: 0 });
}
