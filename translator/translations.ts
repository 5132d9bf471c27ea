// The translation cache: regions by number, made when the interpreter finds a head hot, entered while their code and
// its mapping stand, thrown out when the guest writes over it.

import { type Executable, semanticOf } from '../src/cpu/decoded.ts';
import { NEVER, type RegionHost, type Regions } from '../src/cpu/regions.ts';
import type { int } from '../src/isa/insn.ts';
import type { Cpu } from '../src/isa/state.ts';
import type { Memory } from '../src/memory/memory.ts';
import { compile, moduleText, type RegionFunction } from './compile.ts';
import { Leaving } from './leaving.ts';
import type { Observer } from './observer.ts';
import { type Graph, scan } from './scan.ts';
import { translate } from './translate.ts';
import type { Abi } from './verify.ts';

/** Largest region, in guest instructions: V8's compile time is linear to about 1,400. */
const MAX_INSTRUCTIONS = 200;
const BATCH_ENTRIES = 10_000;
const MAX_BATCH = 32;
/** Entries after which a block inside a region, which got hot before the region was there, is a head after all. */
const INTERIOR_ENTRIES = 20_000;
const PAGE = 4096;

interface Region {
  readonly number: int;
  readonly hot: Hot;
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

interface KnownCallout {
  readonly next: int;
  readonly known: Executable;
}

interface Hot {
  readonly key: string;
  readonly physical: int;
  readonly linear: int;
  readonly mode: int;
  readonly user: int;
}

export interface TranslationsPolicy {
  /** Entries (1 or more) that a queued head waits before its batch is compiled, so that what is hot together is together. */
  readonly batchEntries?: number;
  /** Regions compiled at once: 1 or more. */
  readonly maxBatch?: number;
  /** Proves that a module's text is closed over the ABI before it is compiled, or throws: `verify` of verify.ts. */
  readonly verify?: (text: string, abi: Abi) => void;
  /** Guards every instruction from the start: for tests. */
  readonly guardAll?: boolean;
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
  readonly #guardAll: boolean;
  readonly #verifyText: TranslationsPolicy['verify'];
  readonly #observer: Observer | undefined;
  readonly #regions: (Region | undefined)[] = [];
  readonly #byHead = new Map<string, int>();
  readonly #byFrame = new Map<int, Set<int>>();
  #queue: Hot[] = [];
  readonly #leaving = new Leaving();
  /** Numbers of regions that were made again, by their old ones. */
  readonly #successors = new Map<int, int>();
  /** Blocks inside regions, by the keys of heads; whether they were asked for since. */
  readonly #interior = new Map<string, boolean>();
  /** Heads of the last queue that no region begins at. */
  readonly #unfit = new Set<string>();
  /** What callouts execute, and the offsets behind them, by callout number. */
  readonly #callouts: KnownCallout[] = [];
  /** Raised whenever supervisor (0) or user (1) mappings may have changed. */
  readonly #stamps = [0, 0];
  #cr3 = 0;
  readonly #counts = {
    regions: 0,
    regionInstructions: 0,
    regionsInvalidated: 0,
    regionsGuarded: 0,
    modules: 0,
    translateMillis: 0,
    compileMillis: 0,
    regionEntries: 0,
  };

  constructor(options: TranslationsOptions) {
    this.#batchEntries = options.batchEntries ?? BATCH_ENTRIES;
    this.#maxBatch = options.maxBatch ?? MAX_BATCH;
    this.#verifyText = options.verify;
    this.#guardAll = options.guardAll ?? false;
    this.#observer = options.observer;
    this.#cpu = options.cpu;
    this.#memory = options.memory;
    this.#host = options.host;
  }

  hot(physical: int, eip: int, mode: int): int {
    const user = this.#cpu.cpl === 3 ? 1 : 0;
    const key = keyOf(physical, mode, user);
    const known = this.#byHead.get(key);
    if (known !== undefined) return this.#regions[known] ? known : NEVER;
    // It got hot before a region had it.
    if (this.#maxBatch > 1 && this.#interior.get(key) === false) {
      this.#interior.set(key, true);
      return -INTERIOR_ENTRIES;
    }
    if (!this.#queue.some((h) => h.key === key)) {
      this.#queue.push({ key, physical, linear: eip, mode, user });
      if (this.#queue.length < this.#maxBatch) return -this.#batchEntries;
    }
    this.#unfit.clear();
    const queue = this.#queue;
    this.#queue = [];
    this.#compile(this.#worthwhile(queue));
    return this.#byHead.get(key) ?? (this.#unfit.has(key) ? NEVER : -this.#batchEntries);
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

  left(): void {
    const at = this.#leaving.left(this.#cpu.eip);
    if (at === undefined) return;
    const user = this.#cpu.cpl === 3 ? 1 : 0;
    const again = new Set<Region>();
    for (const eip of at) {
      const physical = this.#memory.probeFetch(eip, user);
      if (physical === -1 || this.#leaving.isGuarded(physical)) continue;
      this.#leaving.guard(physical);
      for (const number of this.#byFrame.get(physical >>> 12) ?? []) {
        const region = this.#regions[number];
        if (region?.pieces.some((p) => p.physical <= physical && physical < p.physical + p.length)) again.add(region);
      }
    }
    this.#compile(
      [...again].flatMap(({ hot }) => {
        const graph = this.#scan(hot);
        return graph ? [{ hot, graph }] : [];
      }),
    );
    for (const region of again) {
      this.#drop(region);
      const successor = this.#byHead.get(region.hot.key);
      if (successor !== undefined) this.#successors.set(region.number, successor);
    }
    this.#counts.regionsGuarded += again.size;
  }

  successor(number: int): int {
    return this.#successors.get(number) ?? -1;
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
    this.#interior.clear();
    this.#successors.clear();
    this.#leaving.clear();
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

  #compile(list: readonly { readonly hot: Hot; readonly graph: Graph }[]): void {
    const observer = this.#observer;
    const started = performance.now();
    const functions: { name: string; text: string }[] = [];
    const imports = new Set<string>();
    const made: { hot: Hot; graph: Graph; number: int; name: string }[] = [];
    for (const { hot, graph } of list) {
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
      for (const { next, insn } of printed.callouts)
        this.#callouts.push({ next, known: { insn, run: semanticOf(insn) } });
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
      ...this.#host.quick,
      visit: observer?.count,
      callout: (number: int) => {
        const { next, known } = this.#callouts[number] as KnownCallout;
        return this.#host.callout(next, known);
      },
    });
    made.forEach((m, k) => {
      this.#add(m.hot, m.graph, m.number, m.name, runs[k] as RegionFunction);
    });
    this.#counts.modules++;
    this.#counts.compileMillis += performance.now() - translated;
  }

  /**
   * Graphs for the heads of a queue, the large ones first. What became hot together mostly runs together: a head inside
   * another's region is left out, and counts anew, so that it gets a region if it is still entered from elsewhere.
   */
  #worthwhile(queue: readonly Hot[]): { hot: Hot; graph: Graph }[] {
    const scanned: { hot: Hot; graph: Graph }[] = [];
    for (const hot of queue) {
      const graph = this.#scan(hot);
      if (graph) scanned.push({ hot, graph });
      else this.#unfit.add(hot.key);
    }
    scanned.sort((a, b) => b.graph.instructions - a.graph.instructions);
    const covered = new Set<string>();
    return scanned.filter(({ hot, graph }) => {
      if (covered.has(hot.key)) return false;
      for (const key of blockKeys(hot, graph)) {
        covered.add(key);
        if (!this.#interior.has(key)) this.#interior.set(key, false);
      }
      return true;
    });
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
      isGuarded: (at) => {
        if (this.#guardAll) return true;
        const frame = frameOf((base + (at & -PAGE)) | 0);
        return frame >= 0 && this.#leaving.isGuarded((frame << 12) | (at & (PAGE - 1)));
      },
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
      hot,
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
    if (this.#byHead.get(region.hot.key) === region.number) this.#byHead.delete(region.hot.key);
    for (const { physical } of region.pieces) this.#byFrame.get(physical >>> 12)?.delete(region.number);
    for (const key of blockKeys(region.hot, region.graph)) this.#interior.delete(key);
    this.#counts.regionsInvalidated++;
  }
}

/** Name of a head: where it is, what it was packed for, whose rights it has. */
function keyOf(physical: int, mode: int, user: int): string {
  return `${physical >>> 0}:${mode}:${user}`;
}

/** Names of a graph's blocks, as if they were heads. */
function blockKeys({ mode, user }: Hot, graph: Graph): string[] {
  return [...graph.blocks.keys()].flatMap((at) => {
    const frame = graph.pages.get(at >> 12);
    return frame === undefined ? [] : [keyOf((frame << 12) | (at & (PAGE - 1)), mode, user)];
  });
}
