// The fast interpreter: packed blocks, run by a function that is generated from the semantics. Whatever is not the
// common case it leaves to the reference, which executes that one instruction.

import type { int } from '../isa/insn.ts';
import type { Cpu } from '../isa/state.ts';
import { wide } from '../isa/wide.ts';
import type { Memory } from '../memory/memory.ts';
import { GRANULE_BYTES } from '../memory/traces.ts';
import { BlockCache } from './block-cache.ts';
import type { Engine } from './engine.ts';
import { BUDGET, ENOUGH, PAGE_EIP, STAMP, TABLE } from './engine-words.ts';
import { Entries, LEAVE } from './entries.ts';
import { type Environment, type Interpret, PLACES } from './generated/interpreter.js';
import { makeInterpret, mustTrain } from './interpret.ts';
import { Links } from './links.ts';
import { modeOf } from './mode.ts';
import { AGAIN, FAULTED, Operands, REFERENCE } from './operands.ts';
import { CASE } from './pack.ts';
import {
  MAX_BLOCK,
  NO_HEADS,
  type PackedCode,
  POSITION,
  SLOT_END,
  SLOT_HEAD,
  SLOT_STALE,
  SLOT_STUB,
} from './packed-code.ts';
import { Quick } from './quick.ts';
import { Reference } from './reference.ts';
import { RegionRunner } from './region-runner.ts';
import { REGION_CHAIN, REGION_LEFT, type RegionHost, type Regions } from './regions.ts';
import { Situation } from './situation.ts';
import { TRAINING_EXIT, train } from './training.ts';

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

type Ways = Pick<Environment, 'slow' | 'lookup' | 'region' | 'run' | 'left'>;

export class Interpreter implements Engine {
  readonly name: string = 'interpreter';
  readonly cpu: Cpu;
  readonly #memory: Memory;
  readonly #situation: Situation;
  readonly #reference: Reference;
  readonly #blocks: BlockCache;
  readonly #code: PackedCode;
  readonly #links: Links;
  readonly #entries: Entries;
  readonly #operands: Operands;
  readonly #quick: Quick;
  /** The second tier, if there is one. */
  readonly #runner: RegionRunner | undefined;
  readonly #interpret: Interpret;
  #training = false;
  /** One past the guest-physical address of the last byte of code that was written. */
  #writtenTo = -1;
  readonly #counts = { slow: 0, stepped: 0 };

  /** `makeRegions`: the second tier, if there is one; it is asked after `heat` entries of a block head (0: at the first). */
  constructor(cpu: Cpu, memory: Memory, makeRegions?: (host: RegionHost) => Regions, heat = 0) {
    this.cpu = cpu;
    this.#memory = memory;
    const situation = new Situation(cpu);
    const reference = new Reference(cpu, memory);
    const blocks = new BlockCache(memory, makeRegions ? heat : NO_HEADS);
    const links = new Links(memory.heap, memory.layout.linksAt);
    const entries = new Entries(situation, memory, reference, blocks, links);
    const operands = new Operands(situation, memory);
    this.#situation = situation;
    this.#reference = reference;
    this.#blocks = blocks;
    this.#code = blocks.code;
    this.#links = links;
    this.#entries = entries;
    this.#operands = operands;
    this.#quick = new Quick(cpu, memory, () => situation.atBoundary());
    const quick = this.#quick.ways();
    const parts = { situation, memory, reference, blocks, links, entries, operands, quick };
    const runner = makeRegions && new RegionRunner(parts, makeRegions);
    this.#runner = runner;
    this.#interpret = makeInterpret(memory, {
      R: cpu.words,
      H8: memory.i8,
      H16: memory.i16,
      H32: memory.i32,
      CODE: blocks.code.words,
      TAGS: entries.tags,
      LINKS: links.table,
      mulhu: wide.mulhu,
      divu: wide.divu,
      ...quick,
      ...(mustTrain(memory) ? this.#trainable(runner) : this.#ways(runner)),
      overshoot: runner?.regions.overshoot ?? 0,
    });
  }

  /** What the generated function leaves to us. */
  #ways(runner: RegionRunner | undefined): Ways {
    return {
      slow: (o) => this.#slow(o),
      lookup: (eip) => {
        this.#situation.atBoundary();
        this.cpu.eip = eip;
        return this.#entries.find();
      },
      region: (o) => (runner as RegionRunner).enter(o),
      run: runner?.regions.run ?? (() => REGION_LEFT),
      left: (answer) => (runner as RegionRunner).left(answer),
    };
  }

  /** The same, but while it trains, it is led to an end. */
  #trainable(runner: RegionRunner | undefined): Ways {
    const { slow, lookup, region, run, left } = this.#ways(runner);
    return {
      slow: (o) => (this.#training ? (o === TRAINING_EXIT ? LEAVE : TRAINING_EXIT) : slow(o)),
      lookup: (eip) => (this.#training ? TRAINING_EXIT : lookup(eip)),
      region: (o) => (this.#training ? TRAINING_EXIT : region(o)),
      run: (n) => (this.#training ? ((n & 1) === 0 ? REGION_CHAIN : REGION_LEFT) : run(n)),
      left: (answer) => (this.#training ? TRAINING_EXIT : left(answer)),
    };
  }

  /**
   * Called after each region with its answer, and the whole state in the register file: for the lock-step differ. Regions
   * do not lead to each other then.
   */
  set onRegionExit(looksOn: (region: int, answer: int) => void) {
    if (!this.#runner) return;
    this.#runner.onExit = looksOn;
    // Heads that know where they may be entered are not asked.
    this.#entries.loseLinks();
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
      code: this.#code.words,
      words,
      tags: this.#entries.tags,
      page: TRAINING_PAGE,
      heap: memory.i32,
    });
    this.#training = false;
    this.#quick.training = false;
    this.flush();
  }

  run(budget: number, isRough = false): void {
    const situation = this.#situation;
    const words = this.cpu.words;
    const end = situation.before + budget;
    situation.left = 0;
    situation.position = 1;
    // No region is entered with less than they may overshoot by. The interpreter would take that over: at the end of each
    // run some hundred instructions, and what it has no cases for, such as those of SSE, it leaves to the reference.
    const overshoot = this.#runner?.regions.overshoot ?? 0;
    const enough = isRough && budget >= ROUGH_SHARE * (overshoot + MAX_BLOCK) ? overshoot : 0;
    words[ENOUGH] = enough;
    while (situation.before < end) {
      if (situation.mustReturn()) return;
      const left = end - situation.before;
      if (enough !== 0 && left < enough + MAX_BLOCK) return;
      if (!situation.canRunBlocks(modeOf(this.cpu)) || (left <= MAX_BLOCK && !this.#runBlock(left))) {
        this.#step();
        continue;
      }
      if (left <= MAX_BLOCK) continue;
      // Until the end of the run, `before` is ahead by the budget that is left.
      const granted = Math.min(left - MAX_BLOCK, 0x3fffffff);
      situation.before += granted;
      situation.left = granted;
      words[BUDGET] = granted;
      const o = this.#entries.enter();
      if (o >= 0) this.#runFrom(o, words[BUDGET]);
      this.#settle();
    }
  }

  /** Runs the block at EIP alone, if it is shorter than what is `left`. Whether anything was retired. */
  #runBlock(left: number): boolean {
    const words = this.cpu.words;
    words[BUDGET] = 0;
    const o = this.#entries.enter();
    if (o >= 0 && words[BUDGET] === 0) {
      const length = this.#code.lengthAt(o);
      if (length === 0 || length > left - BLOCK_MARGIN) return false;
      this.#runFrom(o, 0);
    }
    const isIdle = words[BUDGET] === 0;
    this.#settle();
    return !isIdle;
  }

  /** Runs packed code from an offset; EIP is right afterwards. */
  #runFrom(o: int, budget: int): void {
    const end = this.#interpret(o, budget);
    if (end >= 0) this.cpu.eip = (this.cpu.words[PAGE_EIP] + this.#code.eips[end >> 2]) | 0;
  }

  #settle(): void {
    this.#situation.settle();
    this.#runner?.settle();
  }

  retired(): number {
    return this.#situation.retired();
  }

  retiredBy(): Readonly<Record<string, number>> {
    const { slow, stepped } = this.#counts;
    const runner = this.#runner;
    const callouts = runner ? runner.counts.slow + runner.counts.callouts : 0;
    const regions = runner ? runner.retired() - callouts : 0;
    const reference = slow + stepped + callouts;
    const interpreter = this.retired() - regions - reference;
    return { ...(runner && { translator: regions }), interpreter, reference };
  }

  codeWritten(written: int, count: int): void {
    // What is written right behind the last write is code that is being made: of what was there nothing stays.
    const isMade = written === this.#writtenTo;
    this.#writtenTo = written + count;
    if (!isMade && this.#blocks.repack(written, count)) {
      this.#reference.instructions.invalidate(written, count);
      if (this.#runner?.regions.codeWritten(written, count)) this.#situation.codeChanged = true;
      return;
    }
    const physical = written & -GRANULE_BYTES;
    const bytes = ((written + count + GRANULE_BYTES - 1) & -GRANULE_BYTES) - physical;
    this.#reference.instructions.invalidate(physical, bytes);
    if (this.#blocks.invalidate(physical, bytes)) this.#situation.codeChanged = true;
    if (this.#runner?.regions.codeWritten(physical, bytes)) this.#situation.codeChanged = true;
    this.#memory.untraceCode(physical, bytes);
  }

  mappingLost(user: int, tableWord: int): void {
    const words = this.cpu.words;
    this.#runner?.regions.mappingLost(user);
    const running = this.cpu.cpl === 3 ? 1 : 0;
    const isRunning = user === running && tableWord === this.#memory.tableWord(running);
    if (isRunning) this.#situation.codeChanged = true;
    // What is running must not go on with them either.
    if (this.#links.lose(user, tableWord, words[STAMP]) || isRunning) words[STAMP] = this.#links.fresh();
  }

  flush(): void {
    this.#reference.flush();
    this.#runner?.regions.flush();
    this.#blocks.clear();
    this.#entries.loseLinks();
  }

  statistics(): Readonly<Record<string, number>> {
    const { slow, stepped } = this.#counts;
    const { slow: regionSlow, callouts } = this.#runner?.counts ?? { slow: 0, callouts: 0 };
    const { lookups } = this.#entries;
    const counts = { slow: slow + regionSlow, regionSlow, lookups, stepped, callouts };
    return { ...counts, ...this.#blocks.statistics(), ...this.#runner?.regions.statistics() };
  }

  /** One instruction by the reference, outside the generated function. */
  #step(): void {
    this.#counts.stepped++;
    this.#reference.step();
    this.#situation.before++;
  }

  /** The generated function's way out: the instruction (or stub) at code offset `o`. The offset to go on at, or LEAVE. */
  #slow(o: int): int {
    const situation = this.#situation;
    const c = this.cpu;
    const words = c.words;
    const slot = o >> 2;
    const kind = this.#code.slots[slot];
    const page = words[PAGE_EIP];
    const eip = (page + this.#code.eips[slot]) | 0;
    if ((kind & (SLOT_STUB | SLOT_STALE)) !== 0) return this.#relink(o, kind, eip);
    if ((kind & SLOT_HEAD) !== 0) {
      (this.#runner as RegionRunner).hot(o, eip);
      return o;
    }
    const position = this.#code.words[o + 3] & POSITION;
    situation.left = words[BUDGET];
    situation.position = position;
    this.#code.warm(o, position);
    c.eip = eip;
    const cpl = c.cpl;
    const touched = this.#touch(o);
    if (touched === AGAIN) return o;
    if (touched === FAULTED) {
      words[BUDGET] = (words[BUDGET] - position) | 0;
      return this.#entries.resume();
    }
    this.#counts.slow++;
    const residual = this.#code.residual(o);
    if (residual !== undefined) this.#reference.execute(residual);
    else this.#reference.step();
    const next = (page + this.#code.eips[slot + 1]) | 0;
    const goesOn = (kind & SLOT_END) === 0 && c.eip === next && !situation.codeChanged && c.cpl === cpl;
    if (goesOn && c.shadow === 0 && modeOf(c) === situation.mode && !situation.mustReturn()) {
      words[TABLE] = this.#memory.tableWord(cpl === 3 ? 1 : 0);
      return o + 4;
    }
    words[BUDGET] = (words[BUDGET] - position) | 0;
    return this.#entries.resume();
  }

  /** Looks at the memory operand of the instruction at `o`, which is at EIP: see `touch` of operands.ts. */
  #touch(o: int): int {
    const code = this.#code.words;
    const word = code[o];
    const place = PLACES[word & CASE] as int;
    if (place === 0 || (word & WITH_SEGMENT) !== 0) return REFERENCE;
    const reg = this.cpu.words;
    const index = reg[(word >> 22) & 15] << ((word >> 26) & 3);
    return this.#operands.touch((reg[(word >> 18) & 15] + index + code[o + 2]) | 0, place);
  }

  #relink(o: int, kind: int, eip: int): int {
    const c = this.cpu;
    c.eip = eip;
    this.#situation.atBoundary();
    const flushes = this.#blocks.flushes;
    const target = this.#entries.find();
    // The link is made only if nothing came between: a fault on the fetch, a flush.
    if (target < 0 || c.eip !== eip || flushes !== this.#blocks.flushes) return target;
    if ((kind & SLOT_STUB) !== 0) this.#code.link(o, this.#entries.physical, target);
    else this.#code.forward(o, target);
    return target;
  }
}
