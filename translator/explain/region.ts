// What `dump` says of a region, as plain data: the same for text, JSON and HTML.

import { disassemble } from '../../src/isa/disassemble.ts';
import type { Insn, int } from '../../src/isa/insn.ts';
import { type Class, isCalledOut } from '../classify.ts';
import { type Block, ENTRY, RETURN } from '../graph.ts';
import { hasVectors } from '../lanes.ts';
import { instantiate, specialise } from '../specialise.ts';
import type { Item, Target } from '../structure.ts';
import { Temporaries } from '../temporaries.ts';
import { asAsm, translate } from '../translate.ts';
import { endOf, physicalOf, type RecordedRegion, type Recorder } from './recorder.ts';
import { residualLines } from './residual.ts';
import { type Line, markedLines, treeLines } from './tree.ts';

/** Addresses are guest-linear unless named otherwise, and unsigned. */
export interface InstructionReport {
  readonly address: number;
  /** Hexadecimal. */
  readonly bytes: string;
  readonly text: string;
  readonly class: Class;
  /** Symbol of a relative transfer's target. */
  readonly target?: string;
}

export interface BlockReport {
  /** `return`: the pseudo block that returns go through. */
  /** Code of the guest; where returns go on; what leads to the entry that is at EIP. */
  readonly kind: 'code' | 'return' | 'entries';
  readonly address: number;
  readonly symbol?: string;
  readonly executions: number;
  readonly instructions: readonly InstructionReport[];
  /** Addresses of the blocks of the region that may follow; the return block's is -1. */
  readonly successors: readonly number[];
  readonly stages?: {
    /** The residual with holes filled, and after the passes of the block. */
    readonly specialised: readonly string[];
    readonly passes: readonly string[];
    /** The same in WebAssembly, where XMM registers are vectors in it. */
    readonly vectors?: readonly string[];
  };
}

export interface ExitReport {
  /**
   * `chain` goes on at an address; `value` at a computed one; `poll` when the budget is used up; `slow`: the reference
   * executes the instruction there; `callout` likewise, and comes back.
   */
  readonly kind: 'chain' | 'value' | 'poll' | 'slow' | 'callout';
  readonly address: number;
  readonly symbol?: string;
  /** How often it was taken. */
  readonly count: number;
  /** Region whose entry is there. */
  readonly region?: string;
}

export interface RegionReport {
  readonly number: number;
  readonly name: string;
  /** Whether it was thrown out before the end of the run. */
  readonly dropped: boolean;
  readonly entry: { readonly linear: number; readonly physical: number; readonly symbol?: string };
  /** Mode bits of its key by name. */
  readonly key: readonly string[];
  readonly heat: {
    readonly entries: number;
    /** Guest instructions that it executed, and their share of those of all regions: 0 to 1. */
    readonly instructions: number;
    readonly share: number;
  };
  readonly size: {
    readonly instructions: number;
    readonly blocks: number;
    readonly guestBytes: number;
    readonly pages: number;
    readonly javascriptBytes: number;
  };
  readonly blocks: readonly BlockReport[];
  readonly exits: readonly ExitReport[];
  /** The function: lines with the address of the block that each comes from. */
  readonly javascript: readonly { readonly text: string; readonly block?: number }[];
  readonly estree?: readonly string[];
}

export interface ReportOptions {
  /** Residuals and ESTree too. */
  readonly stages: boolean;
}

const PAGE = 4096;
const SEGMENTS = ['ES', 'CS', 'SS', 'DS', 'FS', 'GS'];
/** Addresses of the return block and of the one that leads to the entries: no code is there. */
const RETURN_ADDRESS = -1;
const ENTRY_ADDRESS = -2;
/** Observed targets of computed exits that are told one by one. */
const MAX_VALUES = 8;

/** Guest instructions that a region executed. */
export function instructionsOf(region: RecordedRegion, recorder: Recorder): number {
  let sum = 0;
  for (const b of region.graph.blocks.values()) sum += b.insns.length * executions(region, recorder, b.at);
  return sum;
}

function executions(region: RecordedRegion, recorder: Recorder, at: int | undefined): number {
  const counter = region.counters.get(at);
  return counter === undefined ? 0 : (recorder.counts[counter] as number);
}

/** @param total guest instructions that all regions executed. */
export function reportRegion(
  region: RecordedRegion,
  recorder: Recorder,
  total: number,
  options: ReportOptions,
): RegionReport {
  return new Reporter(region, recorder, options).report(total);
}

class Reporter {
  readonly #region: RecordedRegion;
  readonly #recorder: Recorder;
  readonly #options: ReportOptions;
  readonly #base: number;

  constructor(region: RecordedRegion, recorder: Recorder, options: ReportOptions) {
    this.#region = region;
    this.#recorder = recorder;
    this.#options = options;
    this.#base = region.linear & -PAGE;
  }

  report(total: number): RegionReport {
    const region = this.#region;
    const { graph, mode, number, linear } = region;
    const name = this.#recorder.regionName(number, linear);
    const marks: (int | undefined)[] = [];
    const visit = (at?: int): number => marks.push(at) - 1;
    const marked = translate(graph, mode, { ...region.options, name, visit }, asAsm);
    const plain = translate(graph, mode, { ...region.options, name, visit: undefined }, asAsm);
    const blocks = [...graph.blocks.values()].sort((a, b) => a.at - b.at);
    const instructions = instructionsOf(region, this.#recorder);
    return {
      number,
      name,
      dropped: region.dropped,
      entry: {
        linear: linear >>> 0,
        physical: physicalOf(graph, graph.entry),
        ...this.#symbol(linear >>> 0),
      },
      key: keyOf(mode, region.user),
      heat: {
        entries: executions(region, this.#recorder, undefined),
        instructions,
        share: total > 0 ? instructions / total : 0,
      },
      size: {
        instructions: graph.instructions,
        blocks: blocks.filter((b) => b.at < RETURN).length,
        guestBytes: graph.bytes.reduce((sum, { length }) => sum + length, 0),
        pages: graph.pages.size,
        javascriptBytes: plain.printed.made.text.length,
      },
      blocks: blocks.map((b) => this.#block(b)),
      exits: this.#exits(plain.items),
      javascript: markedLines(marked.printed.made.tree, (mark) => marks[mark]).map((line) => this.#line(line)),
      ...(this.#options.stages && { estree: treeLines(plain.printed.made.tree) }),
    };
  }

  #address(at: int): number {
    if (at === RETURN) return RETURN_ADDRESS;
    return at === ENTRY ? ENTRY_ADDRESS : (this.#base + at) >>> 0;
  }

  #symbol(address: number): { symbol?: string } {
    const symbol = address < 0 ? undefined : this.#recorder.symbols.text(address);
    return symbol === undefined ? {} : { symbol };
  }

  #line({ text, block }: Line): { text: string; block?: number } {
    return block === undefined ? { text } : { text, block: this.#address(block) };
  }

  #block(b: Block): BlockReport {
    const region = this.#region;
    const instructions = b.insns.map(({ at, insn, class: kind }) =>
      this.#instruction(at, insn, region.code.get(at) as Uint8Array, kind),
    );
    const address = this.#address(b.at);
    return {
      kind: b.at === RETURN ? 'return' : b.at === ENTRY ? 'entries' : 'code',
      address,
      ...this.#symbol(address),
      executions: executions(region, this.#recorder, b.at),
      instructions,
      successors: b.succ.map((s) => this.#address(s)),
      ...(this.#options.stages && { stages: this.#stages(b) }),
    };
  }

  #instruction(at: int, insn: Insn, bytes: Uint8Array, kind: Class): InstructionReport {
    const address = this.#address(at);
    const transfer = insn.op === 'Jcc' || insn.op === 'JMP' || insn.op === 'CALL' || insn.op.startsWith('LOOP');
    const target = transfer ? this.#symbol((address + insn.length + insn.rel) >>> 0).symbol : undefined;
    return {
      address,
      bytes: [...bytes].map((b) => b.toString(16).padStart(2, '0')).join(''),
      text: disassemble(insn, address),
      class: kind,
      ...(target !== undefined && { target }),
    };
  }

  #stages(b: Block): NonNullable<BlockReport['stages']> {
    const bent = this.#region.mode >> 2;
    const holes = { n: 0 };
    const specialised = b.insns.flatMap((placed) =>
      isCalledOut(placed.class) ? ['callout'] : residualLines(instantiate(placed, bent, holes)),
    );
    const { body, test } = specialise(b, bent, new Temporaries());
    const end = test ? residualLines([{ k: b.term === 'branch' ? 'branch' : 'jumpTo', e: test }]) : [];
    const passes = [...residualLines(body), ...end];
    if (!b.insns.some(hasVectors)) return { specialised, passes };
    return { specialised, passes, vectors: residualLines(specialise(b, bent, new Temporaries(), true).body) };
  }

  // Exits.

  #exits(items: readonly Item[]): ExitReport[] {
    const exits = new Map<string, ExitReport>();
    const taken = new Map(this.#region.exits);
    let computed = false;
    const add = (kind: ExitReport['kind'], at: int, count?: number): void => {
      const address = this.#address(at);
      const key = `${kind} ${address}`;
      if (exits.has(key)) return;
      const observed = taken.get(address | 0) ?? 0;
      // What was taken at an address is told once: the slow exit of an instruction comes before a chain to it.
      if (count === undefined) taken.delete(address | 0);
      exits.set(key, { kind, address, ...this.#symbol(address), count: count ?? observed, ...this.#regionAt(address) });
    };
    const to = (kind: 'chain' | 'poll', target: Target): void => {
      if ('at' in target) add(kind, target.at);
      else computed = true;
    };
    const walk = (list: readonly Item[]): void => {
      for (const item of list) {
        if (item.k === 'step' && (item.s.k === 'place' || item.s.k === 'exit' || item.s.k === 'quick'))
          add('slow', item.s.at as int);
        else if (item.k === 'callout' || item.k === 'guarded') {
          add('callout', item.c.at, this.#executionsAt(item.c.at));
          computed ||= item.c.ends;
        } else if (item.k === 'poll') to('poll', item.to);
        else if (item.k === 'leave') to('chain', item.to);
        else if (item.k === 'fork') {
          walk(item.yes);
          walk(item.no);
        } else if (item.k === 'loop' || item.k === 'label') walk(item.body);
      }
    };
    walk(items);
    if (computed) {
      const values = [...taken].sort((a, b) => b[1] - a[1]);
      for (const [eip, count] of values.slice(0, MAX_VALUES)) {
        const address = eip >>> 0;
        const report = { kind: 'value' as const, address, ...this.#symbol(address), count, ...this.#regionAt(address) };
        exits.set(`value ${address}`, report);
      }
      if (values.length === 0) exits.set('value', { kind: 'value', address: RETURN_ADDRESS, count: 0 });
    }
    return [...exits.values()].sort((a, b) => b.count - a.count || a.address - b.address);
  }

  /** How often the block with that instruction was executed. */
  #executionsAt(at: int): number {
    const { graph } = this.#region;
    for (const b of graph.blocks.values()) {
      if (b.at <= at && at < endOf(b)) return executions(this.#region, this.#recorder, b.at);
    }
    return 0;
  }

  #regionAt(address: number): { region?: string } {
    const { user } = this.#region;
    const found = this.#recorder.regions.find((r) => r.linear >>> 0 === address && r.user === user && !r.dropped);
    return found ? { region: this.#recorder.regionName(found.number, found.linear) } : {};
  }
}

/** The bits of a region's key: see `modeOf` in src/cpu/interpreter.ts. */
export function keyOf(mode: int, user: int): string[] {
  const bent = SEGMENTS.filter((_, s) => ((mode >> 2) >> s) & 1);
  return [
    mode & 1 ? 'CS.D' : 'CS.D=0',
    mode & 2 ? 'SS.B' : 'SS.B=0',
    user ? 'CPL 3' : 'CPL 0-2',
    bent.length ? `${bent.join(', ')} through base and limit` : 'all segments flat',
  ];
}
