// The fast interpreter: packed blocks, run by a function that is generated from the semantics. Whatever is not the
// common case it leaves to the reference, which executes that one instruction.

import { GuestFault } from '../isa/fault.ts';
import type { int } from '../isa/insn.ts';
import { isWatched } from '../isa/prims.ts';
import { deliverFault } from '../isa/semantics/interrupt.ts';
import { type Cpu, WORD } from '../isa/state.ts';
import { wide } from '../isa/wide.ts';
import type { Memory } from '../memory/memory.ts';
import { GRANULE_BYTES } from '../memory/traces.ts';
import { BlockCache, MAX_BLOCK, NO_HEADS, SLOT_END, SLOT_HEAD, SLOT_STALE, SLOT_STUB } from './block-cache.ts';
import type { Decoded, Executable } from './decoded.ts';
import type { Engine } from './engine.ts';
import { type Interpret, PLACES } from './generated/interpreter.js';
import { makeInterpret, mustTrain } from './interpret.ts';
import { Links, NO_SITE, SAMPLE_LINKS, SAMPLED, SITE, STAMP } from './links.ts';
import { isFlatCode, modeOf } from './mode.ts';
import { AGAIN, FAULTED, Operands, REFERENCE } from './operands.ts';
import { Quick } from './quick.ts';
import { Reference } from './reference.ts';
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
import { findTag, setTag, TAG_ENTRIES, TAG_WORDS } from './tags.ts';
import { TRAINING_EXIT, train } from './training.ts';

// Words that the generated function shares with this file.
const BUDGET = WORD.engine;
const PAGE_EIP = WORD.engine + 1;
const TABLE = WORD.engine + 2;

/**
 * Zero, as what V8 keeps as a double: a field that starts as a small integer changes the object's map when it gets
 * larger, and everything that was compiled for the map is thrown away, the generated interpreter (half a second) too.
 */
const COUNT = -0;

const LEAVE = -1;
/** A run may only end early if it is so many times as long as what it may leave out: see `run` of engine.ts. */
const ROUGH_SHARE = 8;
/** Instructions that may be retired behind a block before it is left: one in an interrupt shadow, a fault on a fetch. */
const BLOCK_MARGIN = 2;
/** In an instruction's first word: its operand goes through a segment register, or has an address of 16 bits. */
const WITH_SEGMENT = 0x40000000;

/** Page of RAM that training plays with; it is zero afterwards. */
const TRAINING_PAGE = 0x1000;
/** What V8 learns of the generated function it knows for every machine of the process. */
let trained = false;

export class Interpreter implements Engine {
  readonly name: string = 'interpreter';
  readonly cpu: Cpu;
  /** Called after each region with its answer, and the whole state in the register file: for the lock-step differ. */
  onRegionExit: ((region: number, answer: int) => void) | undefined;
  readonly #memory: Memory;
  readonly #reference: Reference;
  readonly #blocks: BlockCache;
  readonly #regions: Regions | undefined;
  readonly #links: Links;
  readonly #tags: Int32Array;
  readonly #interpret: Interpret;
  /** Budget below which a region that was left ends the run: see `run`. */
  #enough = 0;
  /** Mode of the block that runs. */
  #mode = -1;
  #codeChanged = false;
  #training = false;
  readonly #quick: Quick;
  readonly #operands: Operands;
  /** Where `#enter` found the code. */
  #physical = 0;
  /** Instructions retired before the current run of the generated function, less its budget then: see `retired`. */
  #before: number = COUNT;
  /** Budget word while the generated function runs; the position in the block of the instruction that runs slowly. */
  #left = 0;
  #position = 1;
  /** Instructions retired from the entries of regions to where they were left, callouts among them. */
  #inRegions: number = COUNT;
  /** Regions that were entered one by one, for `onRegionExit`. */
  #alone = 0;
  readonly #counts = { slow: 0, regionSlow: 0, lookups: 0, stepped: 0, callouts: 0 };

  /** `makeRegions`: the second tier, if there is one; it is asked after `heat` entries of a block head (0: at the first). */
  constructor(cpu: Cpu, memory: Memory, makeRegions?: (host: RegionHost) => Regions, heat = 0) {
    this.cpu = cpu;
    this.#memory = memory;
    this.#reference = new Reference(cpu, memory);
    this.#tags = new Int32Array(memory.heap, memory.layout.tagsAt, TAG_ENTRIES * TAG_WORDS);
    this.#operands = new Operands(cpu, memory);
    this.#links = new Links(memory.i32, memory.layout.linksAt);
    this.#blocks = new BlockCache(memory, makeRegions ? heat : NO_HEADS);
    this.#quick = new Quick(cpu, memory, () => {
      this.#left = cpu.words[BUDGET];
      this.#position = 1;
    });
    const ways = this.#quick.ways();
    this.#regions = makeRegions?.({
      quick: ways,
      isWarm: (physical, mode) => this.#blocks.isWarm(physical, mode),
      callout: (next, known, place) => this.#callout(next, known, place),
      stopped: (answer) => (answer === REGION_SLOW && !this.onRegionExit ? this.#stopped() : answer),
      made: (physical, mode, region) => this.#blocks.lead(physical, mode, region),
      gone: (region, heads, mode) => {
        for (const physical of heads) this.#blocks.unlead(physical, mode, region);
        this.#links.forget(region);
      },
    });
    this.#interpret = makeInterpret(memory, {
      R: cpu.words,
      H8: memory.i8,
      H16: memory.i16,
      H32: memory.i32,
      CODE: this.#blocks.code,
      TAGS: this.#tags,
      mulhu: wide.mulhu,
      divu: wide.divu,
      ...ways,
      slow: (o) => (this.#training ? (o === TRAINING_EXIT ? LEAVE : TRAINING_EXIT) : this.#slow(o)),
      lookup: (eip) => {
        if (this.#training) return TRAINING_EXIT;
        this.#left = cpu.words[BUDGET];
        this.#position = 1;
        cpu.eip = eip;
        return this.#find();
      },
      region: (o) => (this.#training ? TRAINING_EXIT : this.#region(o)),
      overshoot: this.#regions?.overshoot ?? 0,
    });
  }

  warmUp(): void {
    const memory = this.#memory;
    if (trained || !mustTrain(memory)) return;
    trained = true;
    const words = this.cpu.words;
    // Paging is off: the page is RAM at its own address.
    memory.writePlace(TRAINING_PAGE, 4, 0);
    this.#training = true;
    this.#quick.training = true;
    train({
      run: (o, budget) => {
        words[BUDGET] = budget;
        words[PAGE_EIP] = TRAINING_PAGE;
        words[TABLE] = memory.tableWord(0);
        words[STAMP] = 0;
        // With no budget left too: that way out is seen.
        this.#interpret(o, budget);
      },
      code: this.#blocks.code,
      words,
      tags: this.#tags,
      page: TRAINING_PAGE,
      heap: memory.i32,
    });
    this.#training = false;
    this.#quick.training = false;
    this.flush();
  }

  run(budget: number, isRough = false): void {
    const c = this.cpu;
    const words = c.words;
    const end = this.#before + budget;
    this.#left = 0;
    this.#position = 1;
    // No region is entered with less than they may overshoot by. The interpreter would take that over: at the end of each
    // run some hundred instructions, and what it has no cases for, such as those of SSE, it leaves to the reference.
    const overshoot = this.#regions?.overshoot ?? 0;
    this.#enough = isRough && budget >= ROUGH_SHARE * (overshoot + MAX_BLOCK) ? overshoot : 0;
    while (this.#before < end) {
      if (this.#mustReturn()) return;
      const left = end - this.#before;
      if (this.#enough !== 0 && left < this.#enough + MAX_BLOCK) return;
      if (!this.#canRunBlocks(modeOf(this.cpu)) || (left <= MAX_BLOCK && !this.#runBlock(left))) {
        this.#step();
        continue;
      }
      if (left <= MAX_BLOCK) continue;
      // Until the end of the run, `#before` is ahead by the budget that is left.
      const granted = Math.min(left - MAX_BLOCK, 0x3fffffff);
      this.#before += granted;
      this.#left = granted;
      words[BUDGET] = granted;
      let o = this.#enter();
      if (o >= 0) {
        o = this.#interpret(o, words[BUDGET]);
        if (o >= 0) c.eip = (words[PAGE_EIP] + this.#blocks.eips[o >> 2]) | 0;
      }
      this.#before -= words[BUDGET];
      this.#left = 0;
      this.#position = 1;
    }
  }

  /** Runs the block at EIP alone, if it is shorter than what is `left`. Whether anything was retired. */
  #runBlock(left: number): boolean {
    const c = this.cpu;
    const words = c.words;
    words[BUDGET] = 0;
    let o = this.#enter();
    if (o >= 0 && words[BUDGET] === 0) {
      const length = this.#blocks.lengthAt(o);
      if (length === 0 || length > left - BLOCK_MARGIN) return false;
      o = this.#interpret(o, 0);
      if (o >= 0) c.eip = (words[PAGE_EIP] + this.#blocks.eips[o >> 2]) | 0;
    }
    const retired = -words[BUDGET];
    this.#before += retired;
    this.#left = 0;
    this.#position = 1;
    return retired !== 0;
  }

  retired(): number {
    return this.#before - this.#left + this.#position - 1;
  }

  retiredBy(): Readonly<Record<string, number>> {
    const { slow, stepped, callouts, regionSlow } = this.#counts;
    const reference = slow + stepped + callouts;
    const regions = this.#inRegions - callouts - regionSlow;
    const interpreter = this.retired() - regions - reference;
    return { ...(this.#regions && { translator: regions }), interpreter, reference };
  }

  codeWritten(written: int, count: int): void {
    const physical = written & -GRANULE_BYTES;
    const bytes = ((written + count + GRANULE_BYTES - 1) & -GRANULE_BYTES) - physical;
    this.#reference.instructions.invalidate(physical, bytes);
    if (this.#blocks.invalidate(physical, bytes)) this.#codeChanged = true;
    if (this.#regions?.codeWritten(physical, bytes)) this.#codeChanged = true;
    this.#memory.untraceCode(physical, bytes);
  }

  mappingLost(user: int, tableWord: int): void {
    const words = this.cpu.words;
    this.#regions?.mappingLost(user);
    const running = this.cpu.cpl === 3 ? 1 : 0;
    const isRunning = user === running && tableWord === this.#memory.tableWord(running);
    if (isRunning) this.#codeChanged = true;
    // What is running must not go on with them either.
    if (this.#links.lose(user, tableWord, words[STAMP]) || isRunning) words[STAMP] = this.#links.fresh();
  }

  flush(): void {
    this.#reference.flush();
    this.#regions?.flush();
    this.#blocks.clear();
    this.#loseLinks();
  }

  statistics(): Readonly<Record<string, number>> {
    return { ...this.#counts, ...this.#blocks.counts, ...this.#regions?.statistics() };
  }

  /** One instruction by the reference, outside the generated function. */
  #step(): void {
    this.#counts.stepped++;
    this.#reference.step();
    this.#before++;
  }

  #mustReturn(): boolean {
    const c = this.cpu;
    return c.attention !== 0 || (c.intr !== 0 && c.IF !== 0 && c.shadow === 0);
  }

  /** Single steps, breakpoints, interrupt shadows and code that is not flat 32-bit are the reference's. */
  #canRunBlocks(mode: int): boolean {
    const c = this.cpu;
    return c.TF === 0 && c.shadow === 0 && !isWatched(c) && isFlatCode(c, mode);
  }

  /**
   * Code offset for CS:EIP, and the words that go with it; LEAVE if only the reference can go on. Where the tags know
   * it, `#physical` is not found.
   */
  #enter(): int {
    const c = this.cpu;
    const mode = modeOf(c);
    if (!this.#canRunBlocks(mode)) return LEAVE;
    const eip = c.eip;
    const user = c.cpl === 3 ? 1 : 0;
    const stamp = this.#links.stamp(mode, user, c.cr3, this.#memory.tableWord(user));
    const o = findTag(this.#tags, eip, stamp);
    return o < 0 ? this.#find() : this.#begin(o, eip, mode, user, stamp);
  }

  /** The same, by the guest-physical address of the code. */
  #find(): int {
    const c = this.cpu;
    const words = c.words;
    this.#counts.lookups++;
    for (;;) {
      const mode = modeOf(c);
      if (!this.#canRunBlocks(mode)) return LEAVE;
      const eip = c.eip;
      const user = c.cpl === 3 ? 1 : 0;
      let physical = 0;
      try {
        physical = this.#memory.fetch(eip, user);
      } catch (fault) {
        if (!(fault instanceof GuestFault)) throw fault;
        deliverFault(c, fault);
        words[BUDGET] -= 1;
        this.#left = words[BUDGET];
        if (this.#mustReturn()) return LEAVE;
        continue;
      }
      if (this.#blocks.isFull()) {
        this.#blocks.clear();
        this.#loseLinks();
      }
      const o = this.#blocks.block(physical, mode);
      if (o < 0) return LEAVE;
      this.#physical = physical;
      const stamp = this.#links.stamp(mode, user, c.cr3, this.#memory.tableWord(user));
      setTag(this.#tags, eip, stamp, o);
      return this.#begin(o, eip, mode, user, stamp);
    }
  }

  #begin(o: int, eip: int, mode: int, user: int, stamp: int): int {
    const c = this.cpu;
    const words = c.words;
    this.#mode = mode;
    // It lasts for one instruction, and counts only where there are breakpoints. At least one instruction follows,
    // without the reference, which clears it otherwise.
    c.RF = 0;
    words[PAGE_EIP] = eip & -4096;
    words[TABLE] = this.#memory.tableWord(user);
    words[STAMP] = stamp;
    return o;
  }

  /** The generated function's way out: the instruction (or stub) at code offset `o`. The offset to go on at, or LEAVE. */
  #slow(o: int): int {
    const c = this.cpu;
    const words = c.words;
    const slot = o >> 2;
    const kind = this.#blocks.slots[slot];
    const page = words[PAGE_EIP];
    const eip = (page + this.#blocks.eips[slot]) | 0;
    if ((kind & (SLOT_STUB | SLOT_STALE)) !== 0) return this.#relink(o, kind, eip);
    if ((kind & SLOT_HEAD) !== 0) return this.#hot(o, eip);
    const position = this.#blocks.code[o + 3] & 255;
    this.#left = words[BUDGET];
    this.#position = position;
    this.#blocks.warm(o, position);
    c.eip = eip;
    const cpl = c.cpl;
    const touched = this.#touch(o);
    if (touched === AGAIN) return o;
    if (touched === FAULTED) {
      words[BUDGET] = (words[BUDGET] - position) | 0;
      return this.#resume();
    }
    this.#counts.slow++;
    const residual = this.#blocks.residual(o);
    if (residual !== undefined) this.#reference.execute(residual);
    else this.#reference.step();
    const next = (page + this.#blocks.eips[slot + 1]) | 0;
    const goesOn = (kind & SLOT_END) === 0 && c.eip === next && !this.#codeChanged && c.cpl === cpl;
    if (goesOn && c.shadow === 0 && modeOf(c) === this.#mode && !this.#mustReturn()) {
      words[TABLE] = this.#memory.tableWord(cpl === 3 ? 1 : 0);
      return o + 4;
    }
    words[BUDGET] = (words[BUDGET] - position) | 0;
    return this.#resume();
  }

  /** Looks at the memory operand of the instruction at `o`, which is at EIP: see `touch` of operands.ts. */
  #touch(o: int): int {
    const code = this.#blocks.code;
    const word = code[o];
    const place = PLACES[word & 1023] as int;
    if (place === 0 || (word & WITH_SEGMENT) !== 0) return REFERENCE;
    const reg = this.cpu.words;
    const index = reg[(word >> 22) & 15] << ((word >> 26) & 3);
    return this.#touchPlace((reg[(word >> 18) & 15] + index + code[o + 2]) | 0, place);
  }

  /** The same of an operand that is known; the instruction is not tried AGAIN if code has changed. */
  #touchPlace(linear: int, place: int): int {
    const touched = this.#operands.touch(linear, place);
    return touched === AGAIN && this.#codeChanged ? REFERENCE : touched;
  }

  /** After the end of a block in the slow path: interrupts and shadows first, then the next block. */
  #resume(): int {
    const c = this.cpu;
    const words = c.words;
    this.#codeChanged = false;
    this.#left = words[BUDGET];
    this.#position = 1;
    while (c.shadow !== 0 && c.attention === 0 && c.TF === 0) {
      this.#reference.step();
      words[BUDGET] -= 1;
      this.#left = words[BUDGET];
    }
    if (this.#mustReturn() || words[BUDGET] < 0) return LEAVE;
    return this.#enter();
  }

  #relink(o: int, kind: int, eip: int): int {
    const c = this.cpu;
    const words = c.words;
    c.eip = eip;
    this.#left = words[BUDGET];
    this.#position = 1;
    const flushes = this.#blocks.counts.flushes;
    const target = this.#find();
    // The link is made only if nothing came between: a fault on the fetch, a flush.
    if (target < 0 || c.eip !== eip || flushes !== this.#blocks.counts.flushes) return target;
    if ((kind & SLOT_STUB) !== 0) this.#blocks.link(o, this.#physical, target);
    else this.#blocks.forward(o, target);
    return target;
  }

  /** A head was entered often: the second tier decides. */
  #hot(o: int, eip: int): int {
    const c = this.cpu;
    const physical = this.#memory.fetch(eip, c.cpl === 3 ? 1 : 0);
    const answer = (this.#regions as Regions).hot(physical, eip, modeOf(c));
    if (answer >= 0) this.#blocks.setRegion(o, answer);
    else this.#blocks.setHeat(o, answer === NEVER ? 0x7fffffff : -answer);
    return o;
  }

  /** Runs the region of the head at `o`, then finds where to go on. */
  #region(o: int): int {
    const c = this.cpu;
    const words = c.words;
    const regions = this.#regions as Regions;
    const region = this.#blocks.code[o + 1];
    c.eip = (words[PAGE_EIP] + this.#blocks.eips[o >> 2]) | 0;
    // The head knows for which page and stamp it may be entered.
    const code = this.#blocks.code;
    const isKnown = code[o + 2] === words[STAMP] && code[o + 3] === words[PAGE_EIP];
    if (!isKnown) {
      if (!regions.mayEnter(region)) return o + 4;
      code[o + 2] = words[STAMP];
      code[o + 3] = words[PAGE_EIP];
    }
    const budget = words[BUDGET];
    words[SITE] = NO_SITE;
    let answer: int;
    if (this.onRegionExit) {
      answer = regions.enterAlone(region);
      words[SAMPLED] = (++this.#alone & (SAMPLE_LINKS - 1)) === 0 ? 1 : 0;
    } else {
      this.#links.set(c.eip, words[STAMP], region);
      answer = regions.enter(region);
    }
    this.#left = words[BUDGET];
    this.#position = 1;
    this.onRegionExit?.(region, answer);
    if (answer === REGION_SLOW) answer = this.#stopped();
    this.#inRegions += budget - words[BUDGET];
    if (answer === REGION_LEFT) return this.#resume();
    if (words[SAMPLED] !== 0) {
      words[SAMPLED] = 0;
      regions.sampled();
    }
    if (words[BUDGET] < this.#enough) return LEAVE;
    const eip = c.eip;
    const next = findTag(this.#tags, eip, words[STAMP]);
    if (next < 0) return this.#find();
    words[PAGE_EIP] = eip & -4096;
    this.#blocks.leftTo(next);
    return next;
  }

  /** A region stopped at an instruction that it could not execute inline: the answer after that. */
  #stopped(): int {
    const c = this.cpu;
    const words = c.words;
    this.#left = words[BUDGET];
    this.#position = 1;
    this.#counts.slow++;
    this.#counts.regionSlow++;
    this.#slowly();
    words[BUDGET] -= 1;
    this.#left = words[BUDGET];
    return this.#switch();
  }

  /** The instruction at EIP, of code that can be fetched, by the reference, or its page fault. */
  #slowly(): void {
    const c = this.cpu;
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
    const place = this.#operands.placeOf(insn, this.#mode);
    const linear = place !== 0 ? this.#operands.addressOf(insn) : 0;
    const isAtHand = place !== 0 && this.#operands.isAtHand(linear, place);
    (this.#regions as Regions).left(isAtHand ? linear >>> 12 : NO_PAGE);
    if (place === 0 || this.#touchPlace(linear, place) !== FAULTED) this.#reference.execute(known);
  }

  /** An instruction of a region that only the reference executes: 0 if the region goes on, else a REGION_ answer. */
  #callout(next: int, known: Executable, place: int): int {
    const c = this.cpu;
    const words = c.words;
    this.#left = words[BUDGET];
    this.#position = 1;
    this.#counts.callouts++;
    const cpl = c.cpl;
    if (place !== 0 && this.#touchPlace(this.#operands.addressOf(known.insn), place) === FAULTED) {
      words[BUDGET] -= 1;
      return this.#switch();
    }
    this.#reference.execute(known);
    const goesOn = next !== NO_NEXT && c.eip === ((words[PAGE_EIP] + next) | 0);
    const straight = goesOn && !this.#codeChanged && c.cpl === cpl && c.shadow === 0;
    if (straight && modeOf(c) === this.#mode && !this.#mustReturn() && c.TF === 0 && !isWatched(c)) {
      words[TABLE] = this.#memory.tableWord(cpl === 3 ? 1 : 0);
      return 0;
    }
    words[BUDGET] -= 1;
    return this.#switch();
  }

  /** A callout ended its region: what the next one relies on, if there may be one at once. The region's answer. */
  #switch(): int {
    const c = this.cpu;
    const words = c.words;
    const mode = modeOf(c);
    if (c.shadow !== 0 || words[BUDGET] < 0 || this.#mustReturn() || !this.#canRunBlocks(mode)) return REGION_LEFT;
    this.#codeChanged = false;
    const user = c.cpl === 3 ? 1 : 0;
    const table = this.#memory.tableWord(user);
    this.#mode = mode;
    c.RF = 0;
    words[TABLE] = table;
    words[STAMP] = this.#links.stamp(mode, user, c.cr3, table);
    return REGION_SWITCHED;
  }

  #loseLinks(): void {
    this.#links.loseAll();
    // What is running must not go on with them either.
    this.cpu.words[STAMP] = this.#links.fresh();
  }
}
