// The translation cache: regions by number, made when the interpreter finds a head hot, entered while their code and
// its mapping stand, thrown out when the guest writes over it.

import { NEVER, type RegionHost, type Regions } from '../src/cpu/regions.ts';
import type { int } from '../src/isa/insn.ts';
import type { Cpu } from '../src/isa/state.ts';
import type { Memory } from '../src/memory/memory.ts';
import { compile, moduleText, type RegionFunction } from './compile.ts';
import type { Observer } from './observer.ts';
import { type Graph, scan } from './scan.ts';
import { translate } from './translate.ts';
import type { Abi } from './verify.ts';
import type { Stack } from './x87.ts';

/** Largest region, in guest instructions: V8's compile time is linear to about 1,400. */
const MAX_INSTRUCTIONS = 200;
const BATCH_ENTRIES = 10_000;
const MAX_BATCH = 32;
const PAGE = 4096;

interface Region {
  readonly number: int;
  readonly name: string;
  readonly run: RegionFunction;
  readonly graph: Graph;
  /** Pages besides the entry's: distance in pages and guest-physical frame. */
  readonly others: readonly (readonly [page: int, frame: int])[];
  /** Guest-physical address and length of each piece of its code. */
  readonly pieces: readonly { readonly physical: int; readonly length: int }[];
  readonly user: int;
  /** State of the mappings, and the entry's linear page, for which `others` was found to hold. */
  stamp: int;
  page: int;
  entries: int;
}

interface Hot {
  readonly key: string;
  readonly physical: int;
  readonly linear: int;
  readonly mode: int;
  readonly user: int;
  /** The x87's, when it was found hot. */
  readonly stack: Stack;
}

export interface TranslationsPolicy {
  /** Entries (1 or more) that a queued head waits before its batch is compiled, so that what is hot together is together. */
  readonly batchEntries?: number;
  /** Regions compiled at once: 1 or more. */
  readonly maxBatch?: number;
  /** Proves that a module's text is closed over the ABI before it is compiled, or throws: `verify` of verify.ts. */
  readonly verify?: (text: string, abi: Abi) => void;
}

export interface TranslationsOptions extends TranslationsPolicy {
  readonly cpu: Cpu;
  readonly memory: Memory;
  readonly host: RegionHost;
  readonly observer?: Observer;
}

export class Translations implements Regions {
  readonly overshoot = MAX_INSTRUCTIONS + 1;
  readonly #cpu: Cpu;
  readonly #memory: Memory;
  readonly #host: RegionHost;
  readonly #batchEntries: int;
  readonly #maxBatch: int;
  readonly #verifyText: TranslationsPolicy['verify'];
  readonly #observer: Observer | undefined;
  readonly #regions: (Region | undefined)[] = [];
  readonly #byHead = new Map<string, int>();
  readonly #byFrame = new Map<int, Set<int>>();
  #queue: Hot[] = [];
  /** Offsets behind callouts, by callout number. */
  readonly #callouts: int[] = [];
  /** Raised whenever supervisor (0) or user (1) mappings may have changed. */
  readonly #stamps = [0, 0];
  #cr3 = 0;
  readonly #counts = {
    regions: 0,
    regionInstructions: 0,
    regionsInvalidated: 0,
    modules: 0,
    translateMillis: 0,
    compileMillis: 0,
    regionEntries: 0,
  };

  constructor(options: TranslationsOptions) {
    this.#batchEntries = options.batchEntries ?? BATCH_ENTRIES;
    this.#maxBatch = options.maxBatch ?? MAX_BATCH;
    this.#verifyText = options.verify;
    this.#observer = options.observer;
    this.#cpu = options.cpu;
    this.#memory = options.memory;
    this.#host = options.host;
  }

  hot(physical: int, eip: int, mode: int): int {
    const user = this.#cpu.cpl === 3 ? 1 : 0;
    const key = `${physical >>> 0}:${mode}:${user}`;
    const known = this.#byHead.get(key);
    if (known !== undefined) return this.#regions[known] ? known : NEVER;
    if (!this.#queue.some((h) => h.key === key)) {
      const { ftop, ftag } = this.#cpu;
      this.#queue.push({ key, physical, linear: eip, mode, user, stack: { top: ftop, tags: ftag } });
      if (this.#queue.length < this.#maxBatch) return -this.#batchEntries;
    }
    this.#compileQueue();
    return this.#byHead.get(key) ?? NEVER;
  }

  mayEnter(number: int): boolean {
    const region = this.#regions[number];
    if (!region) return false;
    if (region.others.length === 0) return true;
    if (this.#cpu.cr3 !== this.#cr3) {
      this.#cr3 = this.#cpu.cr3;
      this.#stamps[1]++;
    }
    const stamp = this.#stamps[region.user] as int;
    const page = this.#cpu.eip & -PAGE;
    return (region.stamp === stamp && region.page === page) || this.#verify(region, stamp, page);
  }

  exists(number: int): boolean {
    return this.#regions[number] !== undefined;
  }

  enter(number: int): int {
    const region = this.#regions[number] as Region;
    this.#counts.regionEntries++;
    return region.run();
  }

  codeWritten(physical: int, bytes: int): void {
    for (let frame = physical >>> 12; frame <= (physical + bytes - 1) >>> 12; frame++) {
      for (const number of this.#byFrame.get(frame) ?? []) {
        const region = this.#regions[number];
        if (region?.pieces.some((p) => p.physical < physical + bytes && p.physical + p.length > physical)) {
          this.#drop(region);
        }
      }
    }
  }

  mappingLost(user: int): void {
    this.#stamps[user]++;
  }

  flush(): void {
    for (const region of this.#regions) if (region) this.#observer?.dropped?.(region.number);
    this.#regions.fill(undefined);
    this.#byHead.clear();
    this.#byFrame.clear();
    this.#queue = [];
  }

  statistics(): Readonly<Record<string, number>> {
    return { ...this.#counts };
  }

  /** Whether the other pages are mapped as they were when the region was scanned, and code may be fetched there. */
  #verify(region: Region, stamp: int, page: int): boolean {
    const memory = this.#memory;
    for (const [distance, frame] of region.others) {
      const linear = (page + distance * PAGE) | 0;
      const physical = memory.probeFetch(linear, region.user);
      if (physical === -1 || physical >>> 12 !== frame) return false;
      // Marks the page as executed from, so that a change is told. The guest sees nothing of it.
      memory.fetch(linear, region.user);
    }
    region.stamp = stamp;
    region.page = page;
    return true;
  }

  #compileQueue(): void {
    const queue = this.#queue;
    this.#queue = [];
    const observer = this.#observer;
    const started = performance.now();
    const functions: { name: string; text: string }[] = [];
    const imports = new Set<string>();
    const made: { hot: Hot; graph: Graph; number: int; name: string }[] = [];
    for (const hot of queue) {
      const graph = this.#scan(hot);
      if (!graph) continue;
      const number = this.#regions.length + made.length;
      const name = observer?.name(number, hot.linear) ?? `region${number}`;
      const options = {
        name,
        registersAt: this.#memory.layout.registersAt,
        firstCallout: this.#callouts.length,
        overshoot: this.overshoot,
      };
      const visit = observer?.counter && ((at?: int) => observer.counter?.(number, at) as int);
      const { printed } = translate(graph, hot.mode, { ...options, visit });
      observer?.translated({ number, ...hot, graph, options });
      this.#callouts.push(...printed.callouts);
      functions.push({ name, text: printed.text });
      for (const i of printed.imports) imports.add(i);
      made.push({ hot, graph, number, name });
    }
    this.#verifyText?.(moduleText({ functions, imports }), { registersAt: this.#memory.layout.registersAt });
    const translated = performance.now();
    this.#counts.translateMillis += translated - started;
    if (made.length === 0) return;
    const first = made[0] as (typeof made)[number];
    const sourceUrl = `transvisor/${first.name}${made.length > 1 ? `-and-${made.length - 1}` : ''}`;
    const runs = compile({ functions, imports, sourceUrl }, this.#memory.heap, {
      visit: observer?.count,
      callout: (number: int) => this.#host.callout(this.#callouts[number] as int),
    });
    made.forEach((m, k) => {
      this.#add(m.hot, m.graph, m.number, m.name, runs[k] as RegionFunction);
    });
    this.#counts.modules++;
    this.#counts.compileMillis += performance.now() - translated;
  }

  /** The region's graph, or undefined if it is not worth a region. */
  #scan(hot: Hot): Graph | undefined {
    const memory = this.#memory;
    const frames = new Map<int, int>();
    const frameOf = (linearPage: int): int => {
      let frame = frames.get(linearPage);
      if (frame === undefined) {
        const physical = memory.probeFetch(linearPage, hot.user);
        frame = physical === -1 ? -1 : physical >>> 12;
        frames.set(linearPage, frame);
      }
      return frame;
    };
    const base = hot.linear & -PAGE;
    // Something else may be mapped there by now.
    if (frameOf(base) !== hot.physical >>> 12) return undefined;
    const isWarm = (at: int): boolean => {
      const frame = frameOf((base + (at & -PAGE)) | 0);
      return frame >= 0 && this.#host.isWarm((frame << 12) | (at & (PAGE - 1)), hot.mode);
    };
    const graph = scan(memory, hot.linear, hot.mode, frameOf, {
      maxInstructions: MAX_INSTRUCTIONS,
      inline: true,
      isWarm,
      stack: hot.stack,
    });
    // A region must get on: one whose first instruction leaves would be entered again at once.
    const first = graph.blocks.get(graph.entry);
    return first && first.insns.length > 0 && graph.instructions > 0 ? graph : undefined;
  }

  #add(hot: Hot, graph: Graph, number: int, name: string, run: RegionFunction): void {
    const pieces = graph.bytes.map(({ at, length }) => {
      const frame = graph.pages.get(at >> 12) as int;
      return { physical: (frame << 12) | (at & (PAGE - 1)), length };
    });
    const others = [...graph.pages].filter(([page]) => page !== 0);
    this.#regions[number] = {
      number,
      name,
      run,
      graph,
      others,
      pieces,
      user: hot.user,
      stamp: -1,
      page: 0,
      entries: 0,
    };
    this.#byHead.set(hot.key, number);
    for (const { physical, length } of pieces) {
      this.#memory.traceCode(physical, length);
      const frame = physical >>> 12;
      let set = this.#byFrame.get(frame);
      if (!set) {
        set = new Set();
        this.#byFrame.set(frame, set);
      }
      set.add(number);
    }
    this.#counts.regions++;
    this.#counts.regionInstructions += graph.instructions;
  }

  #drop(region: Region): void {
    this.#regions[region.number] = undefined;
    this.#observer?.dropped?.(region.number);
    for (const [key, number] of this.#byHead) if (number === region.number) this.#byHead.delete(key);
    for (const { physical } of region.pieces) this.#byFrame.get(physical >>> 12)?.delete(region.number);
    this.#counts.regionsInvalidated++;
  }
}
