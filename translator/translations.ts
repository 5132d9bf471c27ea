// The translation cache: regions by number, made when the interpreter finds a head hot, entered while their code and
// its mapping stand, thrown out when the guest writes over it.

import { type Executable, semanticOf } from '../src/cpu/decoded.ts';
import { ALONE, CHAINED, linkedRegion, NO_SITE, SITE } from '../src/cpu/links.ts';
import { placeOf } from '../src/cpu/pack.ts';
import { NEVER, NO_NEXT, type RegionHost, type Regions } from '../src/cpu/regions.ts';
import type { int } from '../src/isa/insn.ts';
import type { Cpu } from '../src/isa/state.ts';
import { codeOf } from '../src/memory/heap.ts';
import type { Memory } from '../src/memory/memory.ts';
import { Chain } from './chain.ts';
import { compile, compileBinary, type FunctionSource, moduleText, type RegionFunction } from './compile.ts';
import { Leaving } from './leaving.ts';
import type { Observer } from './observer.ts';
import { Profiles } from './profiles.ts';
import type { Placements } from './reader.ts';
import { type Block, finish, type Graph, isLoop, RETURN, type Survey, survey } from './scan.ts';
import { translate } from './translate.ts';
import type { Abi } from './verify.ts';
import { ModuleEncoder } from './wasm-module.ts';
import type { Stack } from './x87.ts';

/** Largest region, in guest instructions: V8's compile time is linear to about 1,400, but much of a path may be cold. */
export const MAX_INSTRUCTIONS = 200;
/** The same for a loop that had to be cut, once so many samples (of one in 256 links) led to it. */
const MAX_LARGE = 400;
const LARGE_SAMPLES = 256;
/** Instructions that a region may retire between two looks at the budget. */
export const OVERSHOOT = MAX_LARGE + 1;
const BATCH_ENTRIES = 10_000;
/** Regions of at most so many instructions are taken in by others, rather than led to. */
const SMALL = 24;
const MAX_BATCH = 32;
const PAGE = 4096;
/** Bound of the cache, unless told otherwise. */
const DEFAULT_BYTES = 32 << 20;
/**
 * What a region takes, itself and what V8 makes of it: by the length of its text, or of WebAssembly by the number of
 * guest instructions. See docs/performance.md.
 */
const BYTES_PER_REGION = 4096;
const BYTES_PER_CHARACTER = 3;
const BYTES_PER_INSTRUCTION = 400;

interface Region {
  readonly number: int;
  /** The region in whose place it was made. */
  readonly again: int | undefined;
  /** Of its entries, the first one first: guest-physical addresses, keys. */
  readonly heads: readonly int[];
  readonly keys: readonly string[];
  /** What it takes of the cache. */
  readonly bytes: number;
  /** Numbers of its sites: the first, and how many. */
  readonly firstSite: int;
  readonly sites: int;
  readonly name: string;
  /** Guest-linear address of its entry when it was scanned. */
  readonly linear: int;
  /** Once it is compiled. */
  run: RegionFunction | undefined;
  readonly graph: Graph;
  /** Pages besides the entry's: distance in pages and guest-physical frame. */
  readonly others: readonly (readonly [page: int, frame: int])[];
  /** Guest-physical addresses of its entry, of its blocks, and of those that it leaves to. */
  readonly physical: int;
  readonly inside: ReadonlySet<int>;
  readonly outside: readonly int[];
  /** Guest-physical address and length of each piece of its code. */
  readonly pieces: readonly { readonly physical: int; readonly length: int }[];
  readonly user: int;
  readonly mode: int;
  readonly stack: Stack;
  /** Samples that led to it; those of them that the last eviction knew of. */
  samples: int;
  samplesBefore: int;
  readonly isLarge: boolean;
  /** State of the mappings, and the entry's linear page, for which `others` was found to hold. */
  stamp: int;
  page: int;
}

interface KnownCallout {
  readonly next: int;
  readonly known: Executable;
  readonly place: int;
}

interface Hot {
  /** The number of the region that is to be replaced. */
  readonly again?: int;
  /** It was cut, and is worth to be larger. */
  readonly isLarge?: boolean;
  readonly key: string;
  readonly physical: int;
  readonly linear: int;
  readonly mode: int;
  readonly user: int;
  /** The x87's, when it was found hot. */
  readonly stack: Stack;
}

/** An instruction that leaves a region by a value (RETURN for all of its returns). */
interface Site {
  readonly region: int;
  readonly at: int;
}

export interface TranslationsPolicy {
  /** Entries (1 or more) that a queued head waits before its batch is compiled, so that what is hot together is together. */
  readonly batchEntries?: number;
  /** Entries (1 or more) of a head inside a region, after it is hot, before it is a region's head itself: the heat, unless given. */
  readonly sideEntries?: number;
  /** Samples (1 or more, each of 256 links) that lead to a loop that was cut, before it is made again, larger. */
  readonly largeSamples?: number;
  /** Regions compiled at once: 1 or more. */
  readonly maxBatch?: number;
  /** Bytes (about) that regions may take: the oldest ones are evicted where it is more. */
  readonly cacheBytes?: number;
  /** Proves that a module's text is closed over the ABI before it is compiled, or throws: `verify` of verify.ts. */
  readonly verify?: (text: string, abi: Abi) => void;
  /** Guards every instruction from the start: for tests. */
  readonly guardAll?: boolean;
}

export interface TranslationsOptions extends TranslationsPolicy {
  /** Entries of a side head, as in the policy: the engine gives its heat where the policy says nothing. */
  readonly sideEntries: number;
  readonly cpu: Cpu;
  readonly memory: Memory;
  readonly host: RegionHost;
  readonly observer?: Observer;
}

export class Translations implements Regions {
  readonly overshoot = OVERSHOOT;
  readonly #cpu: Cpu;
  readonly #memory: Memory;
  readonly #host: RegionHost;
  readonly #batchEntries: int;
  readonly #maxBatch: int;
  readonly #largeSamples: int;
  readonly #guardAll: boolean;
  readonly #verifyText: TranslationsPolicy['verify'];
  readonly #observer: Observer | undefined;
  readonly #cacheBytes: number;
  readonly #chain: Chain;
  /** Whether regions are compiled from text, not as WebAssembly. */
  readonly #isText: boolean;
  /** By number, the oldest first. */
  readonly #regions = new Map<int, Region>();
  #nextNumber = 0;
  #bytes = 0;
  readonly #byHead = new Map<string, int>();
  readonly #byFrame = new Map<int, Set<int>>();
  /** Regions by the guest-physical addresses of their blocks, and of the blocks that they leave to. */
  readonly #byBlock = new Map<int, Set<Region>>();
  /** Heads inside of regions, that wait for the second time. */
  readonly #sides = new Set<string>();
  readonly #sideEntries: number;
  #queue: Hot[] = [];
  /** Where regions are left by a value, by their numbers. */
  readonly #sites = new Map<int, Site>();
  #nextSite: int = NO_SITE + 1;
  /** By guest-physical address of the instruction, less one for the returns of a region with that entry. */
  readonly #profiles = new Profiles();
  readonly #leaving = new Leaving();
  /** Raised whenever supervisor (0) or user (1) mappings may have changed. */
  readonly #stamps = [0, 0];
  #cr3 = 0;
  readonly #counts = {
    regions: 0,
    regionInstructions: 0,
    reentries: 0,
    regionsInvalidated: 0,
    regionsEvicted: 0,
    regionsAgain: 0,
    regionsGuarded: 0,
    modules: 0,
    translateMillis: 0,
    compileMillis: 0,
    regionEntries: 0,
  };

  constructor(options: TranslationsOptions) {
    this.#batchEntries = options.batchEntries ?? BATCH_ENTRIES;
    this.#sideEntries = options.sideEntries;
    this.#maxBatch = options.maxBatch ?? MAX_BATCH;
    this.#largeSamples = options.largeSamples ?? LARGE_SAMPLES;
    this.#verifyText = options.verify;
    this.#guardAll = options.guardAll ?? false;
    this.#observer = options.observer;
    this.#cpu = options.cpu;
    this.#memory = options.memory;
    this.#host = options.host;
    this.#cacheBytes = options.cacheBytes ?? DEFAULT_BYTES;
    this.#isText = codeOf(options.memory.heap) === 'asm.js';
    this.#chain = new Chain(options.memory.heap, options.memory.layout, this.overshoot, options.host.stopped);
  }

  hot(physical: int, eip: int, mode: int): int {
    const user = this.#cpu.cpl === 3 ? 1 : 0;
    const key = keyOf(physical, mode, user);
    const known = this.#byHead.get(key);
    if (known !== undefined) return this.#regions.has(known) ? known : NEVER;
    const { ftop, ftag } = this.#cpu;
    const hot: Hot = { key, physical, linear: eip, mode, user, stack: { top: ftop, tags: ftag } };
    // All of a loop is hot at once, and most of it never again once there is a region for its head.
    if (this.#isInside(hot) && !this.#sides.has(key)) {
      this.#sides.add(key);
      return -this.#sideEntries;
    }
    if (!this.#queue.some((h) => h.key === key)) {
      this.#queue.push(hot);
      if (this.#queue.length < this.#maxBatch) return -this.#batchEntries;
    }
    this.#compileQueue();
    return this.#byHead.get(key) ?? (this.#isInside(hot) ? -this.#batchEntries : NEVER);
  }

  mayEnter(number: int): boolean {
    const region = this.#regions.get(number);
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
    return this.#regions.has(number);
  }

  enter(number: int): int {
    this.#counts.regionEntries++;
    return this.#chain.run(number);
  }

  enterAlone(number: int): int {
    this.#counts.regionEntries++;
    const { words } = this.#cpu;
    words[ALONE] = 1;
    const answer = (this.#regions.get(number) as Region & { run: RegionFunction }).run();
    words[ALONE] = 0;
    return answer;
  }

  sampled(): void {
    this.#ledTo();
    const site = this.#sites.get(this.#cpu.words[SITE] as int);
    const region = site && this.#regions.get(site.region);
    if (!region) return;
    const from = site.at === RETURN ? region.graph.entry : site.at;
    const distance = (this.#cpu.eip - (region.linear & -PAGE) - from) | 0;
    const isInside = (d: int): boolean => region.graph.blocks.has(from + d);
    if (!this.#profiles.sampled(profileKey(region, site.at), distance, isInside)) return;
    this.#compile([madeAgain(region)]);
    this.#counts.regionsAgain++;
  }

  /** Counts a sample for the region that the link at EIP leads to. */
  #ledTo(): void {
    const { i32, layout } = this.#memory;
    const region = this.#regions.get(linkedRegion(i32, layout.linksAt, this.#cpu.eip));
    if (!region) return;
    region.samples++;
    if (region.isLarge || !region.graph.isCut) return;
    if (region.samples !== this.#largeSamples || !isLoop(region.graph)) return;
    this.#compile([{ ...madeAgain(region), isLarge: true }]);
    this.#counts.regionsAgain++;
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
        const region = this.#regions.get(number);
        if (region?.pieces.some((p) => p.physical <= physical && physical < p.physical + p.length)) again.add(region);
      }
    }
    const { ftop, ftag, eip } = this.#cpu;
    const made = [...again].map((region) => {
      const hot = madeAgain(region);
      // Where it is left at its entry, the x87's stack there may not be what it was.
      return region.linear === eip ? { ...hot, stack: { top: ftop, tags: ftag } } : hot;
    });
    this.#compile(made);
    this.#counts.regionsGuarded += again.size;
  }

  codeWritten(physical: int, bytes: int): boolean {
    let any = false;
    for (let frame = physical >>> 12; frame <= (physical + bytes - 1) >>> 12; frame++) {
      for (const number of this.#byFrame.get(frame) ?? []) {
        const region = this.#regions.get(number);
        if (region?.pieces.some((p) => p.physical < physical + bytes && p.physical + p.length > physical)) {
          this.#drop(region);
          this.#counts.regionsInvalidated++;
          any = true;
        }
      }
    }
    return any;
  }

  mappingLost(user: int): void {
    this.#stamps[user]++;
  }

  flush(): void {
    for (const region of this.#regions.values()) this.#drop(region);
    this.#byHead.clear();
    this.#sides.clear();
    this.#profiles.clear();
    this.#leaving.clear();
    this.#queue = [];
  }

  statistics(): Readonly<Record<string, number>> {
    const chained = this.#cpu.words[CHAINED] as int;
    const { regionEntries } = this.#counts;
    return {
      ...this.#counts,
      regionEntries: regionEntries + chained,
      regionsChained: chained,
      regionsHeld: this.#regions.size,
      cacheBytes: this.#bytes,
    };
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

  /** Whether a head is a block of a region. */
  #isInside(hot: Hot): boolean {
    for (const r of this.#byBlock.get(hot.physical) ?? [])
      if (r.mode === hot.mode && r.inside.has(hot.physical)) return true;
    return false;
  }

  #compileQueue(): void {
    const queue = this.#queue;
    this.#queue = [];
    this.#compile(queue);
  }

  #compile(queue: readonly Hot[]): void {
    const observer = this.#observer;
    const started = performance.now();
    const encoder = this.#isText ? undefined : new ModuleEncoder(true);
    // Only where something reads them: the text of a region takes longer to make than its binary.
    const texts: FunctionSource[] | undefined = this.#isText || this.#verifyText ? [] : undefined;
    const imports = new Set<string>();
    const made: Region[] = [];
    // What callouts of this module execute, and the offsets behind them, by their numbers.
    const callouts: KnownCallout[] = [];
    for (const hot of queue) {
      if (hot.again === undefined && this.#isInside(hot) && !this.#sides.has(hot.key)) continue;
      const graph = this.#scan(hot);
      if (!graph) continue;
      const old = hot.again === undefined ? undefined : this.#regions.get(hot.again);
      const number = old && isEnteredAtAll(old.graph, graph) ? old.number : this.#nextNumber++;
      const name = observer?.name(number, hot.linear) ?? `region${number}`;
      const options = {
        name,
        registersAt: this.#memory.layout.registersAt,
        firstCallout: callouts.length,
        firstSite: this.#nextSite,
        overshoot: this.overshoot,
      };
      const visit = observer?.counter && ((at?: int) => observer.counter?.(number, at) as int);
      const { printed } = translate(graph, hot.mode, { ...options, visit });
      observer?.translated({ number, ...hot, graph, options });
      for (const { next, insn, ends } of printed.callouts)
        callouts.push({
          next: ends ? NO_NEXT : next,
          known: { insn, run: semanticOf(insn) },
          place: placeOf(insn, { bent: hot.mode >> 2 }),
        });
      for (const at of printed.sites) this.#sites.set(this.#nextSite++, { region: number, at });
      // Trees are large, and a batch may have many.
      encoder?.add(name, printed.tree);
      texts?.push({ name, text: printed.text });
      for (const i of printed.imports) imports.add(i);
      const { firstSite } = options;
      const sites = printed.sites.length;
      const characters = this.#isText ? printed.text.length : undefined;
      made.push(this.#describe(hot, graph, { number, name, firstSite, sites }, characters));
    }
    const functions = texts ?? [];
    if (this.#verifyText)
      this.#verifyText(moduleText({ functions, imports }), { registersAt: this.#memory.layout.registersAt });
    const translated = performance.now();
    this.#counts.translateMillis += translated - started;
    if (made.length === 0) return;
    const first = made[0] as Region;
    const sourceUrl = `transvisor/${first.name}${made.length > 1 ? `-and-${made.length - 1}` : ''}`;
    const foreign = {
      ...this.#host.quick,
      ...this.#chain.imports,
      visit: observer?.count,
      callout: (number: int) => {
        const { next, known, place } = callouts[number] as KnownCallout;
        return this.#host.callout(next, known, place);
      },
    };
    const { heap } = this.#memory;
    const names = made.map((region) => region.name);
    const runs = encoder
      ? compileBinary(names, encoder.bytes(), heap, foreign)
      : compile({ functions, imports, sourceUrl }, heap, foreign);
    made.forEach((region, k) => {
      region.run = runs[k];
      observer?.compiled?.(region.number, runs[k] as RegionFunction);
      const old = this.#regions.get(region.again ?? region.number);
      if (old) this.#drop(old);
      this.#add(region);
    });
    this.#counts.modules++;
    this.#evict();
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
    // A side entry, or a way out, of another region: it leads back to that one, rather than around in a copy of it.
    const stops = new Set<int>();
    if (hot.again === undefined) {
      for (const r of this.#byBlock.get(hot.physical) ?? []) if (r.mode === hot.mode) stops.add(r.physical);
    }
    // What has a region is led to, unless it is small.
    const stopsAt = (physical: int): boolean => {
      if (physical === hot.physical) return false;
      const number = this.#byHead.get(keyOf(physical, hot.mode, hot.user));
      if (number === undefined || number === hot.again) return false;
      return (this.#regions.get(number) as Region).graph.instructions > SMALL;
    };
    // Whether something was followed that has a region.
    let isLed = false;
    const isWarm = (at: int, isPath: boolean): boolean => {
      const frame = frameOf((base + (at & -PAGE)) | 0);
      if (frame < 0) return false;
      const physical = (frame << 12) | (at & (PAGE - 1));
      if (stops.has(physical) || !this.#host.isWarm(physical, hot.mode)) return false;
      if (!stopsAt(physical)) return true;
      isLed = true;
      return !isPath;
    };
    const targetsOf = (at: int): readonly int[] => {
      const from = at === RETURN ? hot.linear & (PAGE - 1) : at;
      const frame = frameOf((base + (from & -PAGE)) | 0);
      const key = ((frame << 12) | (from & (PAGE - 1))) - (at === RETURN ? 1 : 0);
      return this.#profiles.likely(key).map((distance) => from + distance);
    };
    const options = {
      maxInstructions: hot.isLarge ? MAX_LARGE : MAX_INSTRUCTIONS,
      inline: true,
      targetsOf,
      stack: hot.stack,
      isGuarded: (at: int) => {
        if (this.#guardAll) return true;
        const frame = frameOf((base + (at & -PAGE)) | 0);
        return frame >= 0 && this.#leaving.isGuarded((frame << 12) | (at & (PAGE - 1)));
      },
    };
    // Kernels are paths through much code that all meet: each would have a copy of it if they did not lead to each other.
    // What a loop calls had better be inside.
    const placements: Placements = new Map();
    const surveyed = (isPath: boolean): Survey => {
      const warm = (at: int): boolean => isWarm(at, isPath);
      const all = { ...options, isWarm: warm, reentered: isPath };
      return survey(memory, hot.linear, hot.mode, frameOf, all, placements);
    };
    const whole = surveyed(false);
    const asPath = (): Survey =>
      isLed ? surveyed(true) : { ...whole, options: { ...whole.options, reentered: true } };
    const graph = finish(isLoop(whole.graph) ? whole : asPath());
    // A region must get on: one whose first instruction leaves would be entered again at once.
    const first = graph.blocks.get(graph.entry);
    return first && first.insns.length > 0 && graph.instructions > 0 ? graph : undefined;
  }

  /** What is known of a region before it is compiled; its blocks are known from now on. */
  #describe(
    hot: Hot,
    graph: Graph,
    numbered: Pick<Region, 'number' | 'name' | 'firstSite' | 'sites'>,
    characters: int | undefined,
  ): Region {
    const physicalOf = (at: int): int => ((graph.pages.get(at >> 12) as int) << 12) | (at & (PAGE - 1));
    const blocks = [...graph.blocks.values()].filter((b) => b.at < RETURN);
    const known = (at: int): boolean => graph.pages.has(at >> 12);
    const heads = graph.entries.map(physicalOf);
    const region: Region = {
      ...numbered,
      again: hot.again,
      heads,
      keys: heads.map((at) => keyOf(at, hot.mode, hot.user)),
      bytes:
        BYTES_PER_REGION +
        (characters === undefined ? graph.instructions * BYTES_PER_INSTRUCTION : characters * BYTES_PER_CHARACTER),
      linear: hot.linear,
      run: undefined,
      graph,
      others: [...graph.pages].filter(([page]) => page !== 0),
      physical: hot.physical,
      inside: new Set(blocks.map((b) => physicalOf(b.at))),
      outside: blocks.flatMap(exitsOf).filter(known).map(physicalOf),
      pieces: graph.bytes.map(({ at, length }) => ({ physical: physicalOf(at), length })),
      user: hot.user,
      mode: hot.mode,
      stack: hot.stack,
      samples: 0,
      samplesBefore: 0,
      isLarge: hot.isLarge === true,
      stamp: -1,
      page: 0,
    };
    for (const at of [...region.inside, ...region.outside]) {
      const set = this.#byBlock.get(at);
      if (set) set.add(region);
      else this.#byBlock.set(at, new Set([region]));
    }
    return region;
  }

  #add(region: Region): void {
    const { number } = region;
    this.#bytes += region.bytes;
    this.#chain.add(number, region.run as RegionFunction);
    this.#regions.set(number, region);
    // Another region may have a place that this one can be entered at too.
    for (const [k, key] of region.keys.entries()) {
      if (this.#byHead.has(key)) continue;
      this.#byHead.set(key, number);
      this.#host.made(region.heads[k] as int, region.mode, number);
    }
    for (const { physical, length } of region.pieces) {
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
    this.#counts.reentries += region.keys.length - 1;
    this.#counts.regionInstructions += region.graph.instructions;
  }

  /** The oldest regions go until a quarter of the cache is free, but those that were seen in use since the last time. */
  #evict(): void {
    if (this.#bytes <= this.#cacheBytes) return;
    // What has its second chance is the youngest, and comes up again if there is nothing else.
    for (const region of this.#regions.values()) {
      if (this.#bytes <= this.#cacheBytes * 0.75) break;
      if (region.samples > region.samplesBefore) {
        region.samplesBefore = region.samples;
        this.#regions.delete(region.number);
        this.#regions.set(region.number, region);
        continue;
      }
      this.#drop(region);
      this.#counts.regionsEvicted++;
    }
  }

  #drop(region: Region): void {
    this.#bytes -= region.bytes;
    this.#regions.delete(region.number);
    for (const key of region.keys) if (this.#byHead.get(key) === region.number) this.#byHead.delete(key);
    // First the links to it, then itself.
    this.#host.gone(region.number, region.heads, region.mode);
    this.#chain.remove(region.number);
    this.#observer?.dropped?.(region.number);
    for (let k = 0; k < region.sites; k++) this.#sites.delete(region.firstSite + k);
    for (const at of [...region.inside, ...region.outside]) {
      const set = this.#byBlock.get(at);
      if (set?.delete(region) && set.size === 0) this.#byBlock.delete(at);
    }
    for (const at of region.inside) this.#sides.delete(keyOf(at, region.mode, region.user));
    for (const { physical } of region.pieces) this.#byFrame.get(physical >>> 12)?.delete(region.number);
  }
}

/** Name of a head: where it is, what it was packed for, whose rights it has. */
function keyOf(physical: int, mode: int, user: int): string {
  return `${physical >>> 0}:${mode}:${user}`;
}

/** Whether all entries of the one are entries of the other too: then it can have its number. */
function isEnteredAtAll(old: Graph, graph: Graph): boolean {
  return old.entries.every((at) => graph.entries.includes(at));
}

/** The head of a region that is to be replaced. */
function madeAgain({ keys, physical, linear, mode, user, stack, isLarge, number }: Region): Hot {
  return { key: keys[0] as string, physical, linear, mode, user, stack, isLarge, again: number };
}

/** Where its samples are kept: see Translations. */
function profileKey(region: Region, at: int): int {
  if (at === RETURN) return region.physical - 1;
  return (((region.graph.pages.get(at >> 12) as int) << 12) | (at & (PAGE - 1))) as int;
}

/** Offsets that a block leaves its region to. */
function exitsOf(b: Block): int[] {
  if (b.term === 'exit') return [b.taken];
  if (b.term === 'branch') return [b.taken, b.fall].filter((at) => !b.succ.includes(at));
  return [];
}
