// The second tier of the interpreter: regions are made when it finds a head hot, entered while their code and its mapping
// stand, thrown out when the guest writes over it.

import { ALONE, CHAINED, ENTERED, NO_SITE, SITE } from '../src/cpu/engine-words.ts';
import { linkedRegion } from '../src/cpu/links.ts';
import { NEVER, type RegionHost, type Regions } from '../src/cpu/regions.ts';
import type { int } from '../src/isa/insn.ts';
import type { Cpu } from '../src/isa/state.ts';
import { codeOf } from '../src/memory/heap.ts';
import type { Memory } from '../src/memory/memory.ts';
import { Batch } from './batch.ts';
import { Chain } from './chain.ts';
import type { RegionFunction } from './compile.ts';
import { type Graph, RETURN } from './graph.ts';
import { graphOf, type Knowledge, MAX_LARGE } from './graph-of.ts';
import { KnownCode } from './known-code.ts';
import { Leaving } from './leaving.ts';
import type { Observer } from './observer.ts';
import { CACHE_BYTES, type TranslationsPolicy } from './policy.ts';
import { Profiles } from './profiles.ts';
import {
  apartFrom,
  blockKeys,
  describe,
  type Hot,
  isEnteredAtAll,
  isGained,
  isInside,
  keyOf,
  madeAgain,
  profileKey,
  type Region,
} from './region.ts';
import { emptyModule, type Module, RegionCache } from './region-cache.ts';

/** Instructions that a region may retire between two looks at the budget. */
export const OVERSHOOT = MAX_LARGE + 1;
/**
 * Samples that stand for links (SAMPLE_LINKS each, of some 25 ns) which cost as much as to translate an instruction again
 * (some 25 us, besides what V8 takes): a region is made again, to be led to from less often, when that many were taken for
 * each of its instructions.
 */
const SAMPLES_PER_INSTRUCTION = 1;
const BATCH_ENTRIES = 10_000;
const MAX_BATCH = 32;
const PAGE = 4096;

/** An instruction that leaves a region by a value (RETURN for all of its returns). */
interface Site {
  readonly region: int;
  readonly at: int;
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
  readonly run: (region: int) => int;
  readonly #cpu: Cpu;
  readonly #memory: Memory;
  readonly #host: RegionHost;
  readonly #batchEntries: int;
  readonly #maxBatch: int;
  readonly #samplesPerInstruction: number;
  readonly #knowledge: Knowledge;
  readonly #verifyText: TranslationsPolicy['verify'];
  readonly #observer: Observer | undefined;
  readonly #chain: Chain;
  readonly #cache: RegionCache;
  #nextNumber = 0;
  /** Heads inside of regions, that wait for the second time. */
  readonly #sides = new Set<number>();
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
  };

  constructor(options: TranslationsOptions) {
    this.#batchEntries = options.batchEntries ?? BATCH_ENTRIES;
    this.#sideEntries = options.sideEntries;
    this.#maxBatch = options.maxBatch ?? MAX_BATCH;
    this.#samplesPerInstruction = options.samplesPerInstruction ?? SAMPLES_PER_INSTRUCTION;
    this.#verifyText = options.verify;
    this.#observer = options.observer;
    this.#cpu = options.cpu;
    this.#memory = options.memory;
    this.#host = options.host;
    this.#cache = new RegionCache(options.cacheBytes ?? CACHE_BYTES);
    this.#knowledge = {
      cache: this.#cache,
      code: new KnownCode(),
      isWarm: (physical, mode) => options.host.isWarm(physical, mode),
      likely: (key) => this.#profiles.likely(key),
      isGuarded: (physical) => options.guardAll === true || this.#leaving.isGuarded(physical),
    };
    const { heap, layout } = options.memory;
    const chain = new Chain(heap, layout, this.overshoot, (answer) => options.host.stopped(answer));
    this.#chain = chain;
    // That of asm.js may turn out to be another one.
    this.run = codeOf(heap) === 'asm.js' ? (region) => chain.run(region) : chain.run;
  }

  hot(physical: int, eip: int, mode: int): int {
    const user = this.#cpu.cpl === 3 ? 1 : 0;
    const key = keyOf(physical, mode);
    const known = this.#cache.at(key);
    if (known) return known.number;
    const { ftop, ftag } = this.#cpu;
    const hot: Hot = { key, physical, linear: eip, mode, user, stack: { top: ftop, tags: ftag } };
    // All of a loop is hot at once, and most of it never again once there is a region for its head.
    if (this.#cache.isInside(physical, mode) && !this.#sides.has(key)) {
      this.#sides.add(key);
      return -this.#sideEntries;
    }
    if (!this.#queue.some((h) => h.key === key)) {
      this.#queue.push(hot);
      if (this.#queue.length < this.#maxBatch) return -this.#batchEntries;
    }
    this.#compileQueue();
    return this.#cache.at(key)?.number ?? (this.#cache.isInside(physical, mode) ? -this.#batchEntries : NEVER);
  }

  at(physical: int, mode: int): int {
    return this.#cache.at(keyOf(physical, mode))?.number ?? -1;
  }

  mayEnter(number: int): boolean {
    const region = this.#cache.get(number) as Region;
    if (region.pages.size === 1) return true;
    if (this.#cpu.cr3 !== this.#cr3) {
      this.#cr3 = this.#cpu.cr3;
      this.#stamps[1]++;
    }
    const stamp = this.#stamps[region.user] as int;
    const page = this.#cpu.eip & -PAGE;
    return (region.stamp === stamp && region.page === page) || this.#verify(region, stamp, page);
  }

  enterAlone(number: int): int {
    const { words } = this.#cpu;
    words[ALONE] = 1;
    const answer = (this.#cache.get(number) as Region & { run: RegionFunction }).run();
    words[ALONE] = 0;
    return answer;
  }

  sampled(): void {
    this.#ledTo();
    const site = this.#sites.get(this.#cpu.words[SITE] as int);
    const region = site && this.#cache.get(site.region);
    if (!region) return;
    const from = site.at === RETURN ? (region.entries[0] as int) : site.at;
    const distance = (this.#cpu.eip - (region.linear & -PAGE) - from) | 0;
    const has = (d: int): boolean => isInside(region, from + d);
    const key = profileKey(region, site.at);
    const wanted = this.#profiles.sampled(key, distance, has, this.#price(region));
    if (!wanted) return;
    const targets = wanted.distances.map((d) => from + d);
    const paid = wanted.samples / this.#samplesPerInstruction;
    const unpaid = this.#compile([{ ...madeAgain(region), targets, paid }]);
    if (unpaid) this.#profiles.postpone(key, wanted, this.#price(unpaid));
  }

  /** Counts a sample for the region that the link at EIP leads to. */
  #ledTo(): void {
    const { i32, layout } = this.#memory;
    const region = this.#cache.get(linkedRegion(i32, layout.linksAt, this.#cpu.eip));
    if (!region) return;
    region.samples++;
    if (region.isLarge || !region.isCutLoop || region.samples !== this.#price(region)) return;
    this.#compile([{ ...madeAgain(region), isLarge: true }]);
  }

  /** Samples (1 or more) that cost as much as to make a region. */
  #price({ instructions }: Pick<Region, 'instructions'>): number {
    return Math.ceil(instructions * this.#samplesPerInstruction);
  }

  left(page: int): void {
    const guards = this.#leaving.left(this.#cpu.eip, page);
    if (guards === undefined) return;
    const user = this.#cpu.cpl === 3 ? 1 : 0;
    const again = new Set<Region>();
    for (const [eip, walks] of guards) {
      const physical = this.#memory.probeFetch(eip, user);
      if (physical === -1 || this.#leaving.isGuarded(physical)) continue;
      const regions = this.#cache.overlapping(physical, 1);
      if (walks && regions.some((region) => region.sharing.includes(physical))) continue;
      this.#leaving.guard(physical);
      for (const region of regions) again.add(region);
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
    const written = this.#cache.overlapping(physical, bytes);
    for (const region of written) this.#drop(region);
    this.#counts.regionsInvalidated += written.length;
    return written.length > 0;
  }

  mappingLost(user: int): void {
    this.#stamps[user]++;
  }

  flush(): void {
    for (const region of this.#cache.all()) this.#drop(region);
    this.#sides.clear();
    this.#profiles.clear();
    this.#leaving.clear();
    this.#queue = [];
  }

  statistics(): Readonly<Record<string, number>> {
    const chained = this.#cpu.words[CHAINED] as int;
    const entered = this.#cpu.words[ENTERED] as int;
    return {
      ...this.#counts,
      regionEntries: entered + chained,
      regionsChained: chained,
      regionsHeld: this.#cache.size,
      cacheBytes: this.#cache.bytes,
    };
  }

  /** Whether the other pages are mapped as they were when the region was scanned, and code may be fetched there. */
  #verify(region: Region, stamp: int, page: int): boolean {
    const memory = this.#memory;
    for (const [distance, frame] of region.pages) {
      if (distance === 0) continue;
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
    this.#compile(queue);
  }

  /** Makes regions. The graph of one that would be larger than is paid for, which is not made. */
  #compile(wanted: readonly Hot[]): Graph | undefined {
    const observer = this.#observer;
    const started = performance.now();
    const batch = new Batch(this.#memory, this.#verifyText);
    const made: Region[] = [];
    let unpaid: Graph | undefined;
    const queue = [...wanted];
    for (let k = 0; k < queue.length; k++) {
      const hot = queue[k] as Hot;
      if (this.#isNeedless(hot)) continue;
      const found = graphOf(hot, this.#memory, this.#knowledge);
      const old = hot.again === undefined ? undefined : this.#cache.get(hot.again);
      if (!found || (old && !isGained(hot, found.graph, old))) continue;
      if (hot.paid !== undefined && found.graph.instructions > hot.paid) {
        unpaid = found.graph;
        continue;
      }
      for (const [physical, linear] of found.apart) {
        const own = apartFrom(hot, physical, linear);
        if (!this.#cache.at(own.key) && !queue.some((h) => h.key === own.key)) queue.push(own);
      }
      const region = this.#translate(hot, found.graph, old, batch);
      this.#cache.announce(region);
      made.push(region);
    }
    batch.verify();
    const translated = performance.now();
    this.#counts.translateMillis += translated - started;
    if (made.length === 0) return unpaid;
    const foreign = { ...this.#host.quick, ...this.#chain.imports, visit: observer?.count };
    const runs = batch.compile(foreign, (next, known, place) => this.#host.callout(next, known, place));
    const module = emptyModule();
    made.forEach((region, k) => {
      region.run = runs[k];
      observer?.compiled?.(region.number, runs[k] as RegionFunction);
      const old = this.#cache.get(region.again ?? region.number);
      if (old) this.#drop(old);
      this.#add(region, module);
    });
    this.#counts.modules++;
    this.#evict();
    this.#counts.compileMillis += performance.now() - translated;
    return unpaid;
  }

  /** Makes the region of a graph; `old` is the one that it replaces. */
  #translate(hot: Hot, graph: Graph, old: Region | undefined, batch: Batch): Region {
    const observer = this.#observer;
    const number = old && isEnteredAtAll(old, graph) ? old.number : this.#nextNumber++;
    const name = observer?.name(number, hot.linear) ?? `region${number}`;
    const firstSite = this.#nextSite;
    const options = {
      name,
      registersAt: this.#memory.layout.registersAt,
      firstCallout: batch.firstCallout,
      firstSite,
      overshoot: this.overshoot,
    };
    const visit = observer?.counter && ((at?: int) => observer.counter?.(number, at) as int);
    const { sites, characters } = batch.add(graph, hot.mode, options, visit);
    observer?.translated({ number, ...hot, graph, options });
    for (const at of sites) this.#sites.set(this.#nextSite++, { region: number, at });
    return describe(hot, graph, { number, name, firstSite, sites: sites.length }, characters);
  }

  /** Whether regions have it by now that were made since it was found hot. */
  #isNeedless({ again, isApart, physical, mode, key }: Hot): boolean {
    if (again !== undefined || isApart) return false;
    return this.#cache.isInside(physical, mode) && !this.#sides.has(key);
  }

  #add(region: Region, module: Module): void {
    const { number, mode } = region;
    this.#chain.add(number, region.run as RegionFunction);
    for (const physical of this.#cache.add(region, module)) this.#host.made(physical, mode, number);
    for (const { physical, length } of region.pieces) this.#memory.traceCode(physical, length);
    this.#counts.regions++;
    if (region.again !== undefined) this.#counts.regionsAgain++;
    this.#counts.reentries += region.keys.length - 1;
    this.#counts.regionInstructions += region.instructions;
  }

  #evict(): void {
    for (const region of this.#cache.excess()) {
      this.#drop(region);
      this.#counts.regionsEvicted++;
    }
  }

  #drop(region: Region): void {
    this.#cache.remove(region);
    // First the links to it, then itself.
    this.#host.gone(region.number, region.heads, region.mode);
    this.#chain.remove(region.number);
    this.#observer?.dropped?.(region.number);
    for (let k = 0; k < region.sites; k++) this.#sites.delete(region.firstSite + k);
    for (const key of blockKeys(region)) this.#sides.delete(key);
  }
}
