// Keeps what `dump` shows of regions while a guest runs: their graphs and code as they were, how often their blocks were
// executed, and where they went on.

import type { int } from '../../src/isa/insn.ts';
import type { Memory } from '../../src/memory/memory.ts';
import type { Block, Graph } from '../graph.ts';
import type { ObservedRegion, Observer } from '../observer.ts';
import { RegionNames } from './names.ts';
import type { Symbols } from './symbols.ts';

const PAGE = 4096;

export interface RecordedRegion extends ObservedRegion {
  /** Bytes of each instruction by its offset from the entry's page. */
  readonly code: ReadonlyMap<int, Uint8Array>;
  /** Numbers of its counters: of its entry (undefined) and its blocks. */
  readonly counters: Map<int | undefined, int>;
  /** Exits by the EIP where the guest went on. */
  readonly exits: Map<int, number>;
  dropped: boolean;
}

export class Recorder implements Observer {
  readonly regions: RecordedRegion[] = [];
  /** Executions by counter. */
  readonly counts: number[] = [];
  readonly count = (counter: int): void => {
    this.counts[counter]++;
  };
  readonly #memory: Memory;
  readonly #names: RegionNames;
  readonly #counters = new Map<int, Map<int | undefined, int>>();
  readonly #byNumber = new Map<int, RecordedRegion>();

  /** Without `symbols`, those of a Linux guest are searched for in its memory. */
  constructor(memory: Memory, symbols?: Symbols) {
    this.#memory = memory;
    this.#names = new RegionNames(memory, symbols);
  }

  /** Symbols that were given, or were found in the guest. */
  get symbols(): Symbols {
    return this.#names.symbols;
  }

  name(region: int, linear: int): string {
    return this.#names.name(region, linear);
  }

  /** `region12_memcpy`, as far as symbols are known. */
  regionName(region: int, linear: int): string {
    return this.#names.text(region, linear);
  }

  /** Searches guest memory, unless there are symbols. */
  findSymbols(): void {
    this.#names.findSymbols();
  }

  counter(region: int, at?: int): int {
    let own = this.#counters.get(region);
    if (!own) {
      own = new Map();
      this.#counters.set(region, own);
    }
    const counter = this.counts.length;
    this.counts.push(0);
    own.set(at, counter);
    return counter;
  }

  translated(observed: ObservedRegion): void {
    const { graph, number } = observed;
    const region: RecordedRegion = {
      ...observed,
      code: this.#codeOf(graph),
      counters: this.#counters.get(number) ?? new Map(),
      exits: new Map(),
      dropped: false,
    };
    this.regions.push(region);
    this.#byNumber.set(number, region);
  }

  dropped(number: int): void {
    const region = this.#byNumber.get(number);
    if (region) region.dropped = true;
  }

  /** A region was left, and the guest goes on at `eip`. */
  left(number: int, eip: int): void {
    const exits = this.#byNumber.get(number)?.exits;
    exits?.set(eip, (exits.get(eip) ?? 0) + 1);
  }

  #codeOf(graph: Graph): Map<int, Uint8Array> {
    const code = new Map<int, Uint8Array>();
    for (const b of graph.blocks.values()) {
      for (const { at, insn } of b.insns) code.set(at, this.#bytes(graph, at, insn.length));
    }
    return code;
  }

  #bytes(graph: Graph, at: int, length: int): Uint8Array {
    const bytes = new Uint8Array(length);
    this.#memory.readPhysical(physicalOf(graph, at), bytes);
    return bytes;
  }
}

/** Offset behind a block's last instruction. */
export function endOf(b: Block): int {
  const last = b.insns[b.insns.length - 1];
  return last ? last.at + last.insn.length : b.at;
}

/** Guest-physical address of an offset from the entry's page. */
export function physicalOf(graph: Graph, at: int): number {
  return (graph.pages.get(at >> 12) as int) * PAGE + (at & (PAGE - 1));
}
