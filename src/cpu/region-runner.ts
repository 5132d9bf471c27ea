// Runs the regions of the second tier for the fast interpreter, and does for them what only the reference can: it is
// their host.

import { GuestFault } from '../isa/fault.ts';
import type { int } from '../isa/insn.ts';
import { isWatched } from '../isa/prims.ts';
import { deliverFault } from '../isa/semantics/interrupt.ts';
import type { Memory } from '../memory/memory.ts';
import type { BlockCache } from './block-cache.ts';
import type { Decoded, Executable } from './decoded.ts';
import { BUDGET, ENOUGH, ENTERED, IN_REGIONS, NO_SITE, PAGE_EIP, SAMPLED, SITE, STAMP, TABLE } from './engine-words.ts';
import { type Entries, LEAVE } from './entries.ts';
import { type Links, SAMPLE_LINKS } from './links.ts';
import { modeOf } from './mode.ts';
import { FAULTED, type Operands } from './operands.ts';
import type { QuickWays } from './quick.ts';
import type { Reference } from './reference.ts';
import {
  NEVER,
  NO_NEXT,
  NO_PAGE,
  REGION_LEFT,
  REGION_SLOW,
  REGION_SWITCHED,
  type RegionHost,
  type Regions,
} from './regions.ts';
import { COUNT, type Situation } from './situation.ts';

/** What the interpreter has for it. */
interface Parts {
  readonly situation: Situation;
  readonly memory: Memory;
  readonly reference: Reference;
  readonly blocks: BlockCache;
  readonly links: Links;
  readonly entries: Entries;
  readonly operands: Operands;
  readonly quick: QuickWays;
}

export class RegionRunner implements RegionHost {
  readonly regions: Regions;
  readonly quick: QuickWays;
  /** Called after each region, which is then entered alone, with its answer: see interpreter.ts. */
  onExit: ((region: int, answer: int) => void) | undefined;
  readonly counts = { slow: 0, callouts: 0 };
  readonly #situation: Situation;
  readonly #memory: Memory;
  readonly #reference: Reference;
  readonly #blocks: BlockCache;
  readonly #links: Links;
  readonly #entries: Entries;
  readonly #operands: Operands;
  /** Instructions retired from the entries of regions to where they were left, callouts among them. */
  #retired: number = COUNT;
  /** Regions that were entered one by one. */
  #alone = 0;

  constructor(parts: Parts, makeRegions: (host: RegionHost) => Regions) {
    this.quick = parts.quick;
    this.#situation = parts.situation;
    this.#memory = parts.memory;
    this.#reference = parts.reference;
    this.#blocks = parts.blocks;
    this.#links = parts.links;
    this.#entries = parts.entries;
    this.#operands = parts.operands;
    const regions = makeRegions(this);
    this.regions = regions;
    // A block that is packed when there is a region already, as after all blocks were forgotten, leads to that.
    parts.blocks.regionAt = (physical, mode) => regions.at(physical, mode);
  }

  /** Instructions retired from the entries of regions to where they were left: by translated code, but for `counts`. */
  retired(): number {
    this.settle();
    return this.#retired;
  }

  /** Takes the count of instructions out of the register file, where there is room for that of one run. */
  settle(): void {
    const { words } = this.#situation;
    this.#retired += words[IN_REGIONS];
    words[IN_REGIONS] = 0;
  }

  /** A head was entered often: the tier decides. */
  hot(o: int, eip: int): void {
    const c = this.#situation.cpu;
    const physical = this.#memory.fetch(eip, c.cpl === 3 ? 1 : 0);
    const answer = this.regions.hot(physical, eip, modeOf(c));
    if (answer >= 0) this.#blocks.code.setRegion(o, answer);
    else this.#blocks.code.setHeat(o, answer === NEVER ? 0x7fffffff : -answer);
  }

  /**
   * Runs the region of the head at `o`, then finds where to go on. From then on the head knows for which page and stamp
   * it may be entered, and the generated function enters it without asking.
   */
  enter(o: int): int {
    const { cpu: c, words } = this.#situation;
    const { words: code, eips } = this.#blocks.code;
    const region = code[o + 1];
    c.eip = (words[PAGE_EIP] + eips[o >> 2]) | 0;
    if (!this.regions.mayEnter(region)) return o + 4;
    const budget = words[BUDGET];
    words[SITE] = NO_SITE;
    let answer: int;
    if (this.onExit) {
      answer = this.regions.enterAlone(region);
      words[SAMPLED] = (++this.#alone & (SAMPLE_LINKS - 1)) === 0 ? 1 : 0;
      this.#situation.atBoundary();
      this.onExit(region, answer);
      if (answer === REGION_SLOW) answer = this.#slow();
    } else {
      code[o + 2] = words[STAMP];
      code[o + 3] = words[PAGE_EIP];
      this.#links.set(c.eip, words[STAMP], region);
      answer = this.regions.run(region);
    }
    words[ENTERED] += 1;
    words[IN_REGIONS] += budget - words[BUDGET];
    return this.left(answer);
  }

  /** A region was left with an answer, and the ways on from it are to be looked at. Where to go on. */
  left(answer: int): int {
    const { words } = this.#situation;
    this.#situation.atBoundary();
    if (answer === REGION_LEFT) return this.#entries.resume();
    if (words[SAMPLED] !== 0) {
      words[SAMPLED] = 0;
      this.regions.sampled();
    }
    return words[BUDGET] < words[ENOUGH] ? LEAVE : this.#entries.ledTo();
  }

  isWarm(physical: int, mode: int): boolean {
    return this.#blocks.isWarm(physical, mode);
  }

  made(physical: int, mode: int, region: int): void {
    this.#blocks.lead(physical, mode, region);
  }

  gone(region: int, heads: readonly int[], mode: int): void {
    for (const physical of heads) this.#blocks.unlead(physical, mode, region);
    this.#links.forget(region);
  }

  stopped(answer: int): int {
    return answer === REGION_SLOW && !this.onExit ? this.#slow() : answer;
  }

  callout(next: int, known: Executable, place: int): int {
    const situation = this.#situation;
    const { cpu: c, words } = situation;
    situation.atBoundary();
    this.counts.callouts++;
    const cpl = c.cpl;
    const linear = place !== 0 ? this.#operands.addressOf(known.insn) : 0;
    if (!this.#perform(known, linear, place)) {
      words[BUDGET] -= 1;
      return this.#switch();
    }
    const goesOn = next !== NO_NEXT && c.eip === ((words[PAGE_EIP] + next) | 0);
    const straight = goesOn && !situation.codeChanged && c.cpl === cpl && c.shadow === 0;
    if (straight && modeOf(c) === situation.mode && !situation.mustReturn() && c.TF === 0 && !isWatched(c)) {
      words[TABLE] = this.#memory.tableWord(cpl === 3 ? 1 : 0);
      return 0;
    }
    words[BUDGET] -= 1;
    return this.#switch();
  }

  /** A region stopped at an instruction that it could not execute inline: the answer after that. */
  #slow(): int {
    const { words } = this.#situation;
    this.#situation.atBoundary();
    this.counts.slow++;
    this.#execute();
    words[BUDGET] -= 1;
    this.#situation.left = words[BUDGET];
    return this.#switch();
  }

  /** The instruction at EIP, of code that can be fetched, by the reference, or its page fault. */
  #execute(): void {
    const c = this.#situation.cpu;
    let known: Decoded;
    try {
      known = this.#reference.instructions.at(c);
    } catch (fault) {
      if (!(fault instanceof GuestFault)) throw fault;
      c.shadow = 0;
      deliverFault(c, fault);
      return;
    }
    const { insn } = known;
    const operands = this.#operands;
    const place = operands.placeOf(insn, this.#situation.mode);
    const linear = place !== 0 ? operands.addressOf(insn) : 0;
    const isAtHand = place !== 0 && operands.isAtHand(linear, place);
    this.regions.left(isAtHand ? linear >>> 12 : NO_PAGE);
    this.#perform(known, linear, place);
  }

  /**
   * Executes the instruction at EIP, whose memory operand `place` (0: none that is looked at) is at `linear`. False if
   * that was a page fault, which is delivered.
   */
  #perform(known: Executable, linear: int, place: int): boolean {
    if (place !== 0) {
      if (this.#operands.storeToTable(linear, known.insn)) return true;
      if (this.#operands.touch(linear, place) === FAULTED) return false;
    }
    this.#reference.execute(known);
    return true;
  }

  /** A callout ended its region: what the next one relies on, if there may be one at once. The region's answer. */
  #switch(): int {
    const situation = this.#situation;
    const { cpu: c, words } = situation;
    const mode = modeOf(c);
    if (c.shadow !== 0 || words[BUDGET] < 0 || situation.mustReturn() || !situation.canRunBlocks(mode))
      return REGION_LEFT;
    situation.codeChanged = false;
    const user = c.cpl === 3 ? 1 : 0;
    const table = this.#memory.tableWord(user);
    situation.mode = mode;
    c.RF = 0;
    words[TABLE] = table;
    words[STAMP] = this.#links.stamp(mode, user, c.cr3, table);
    return REGION_SWITCHED;
  }
}
