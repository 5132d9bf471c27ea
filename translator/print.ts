// Print: a structured region as one function, whatever it is written as (writer.ts). Guest registers and flag words live
// in locals: loaded at entry, written back in one epilogue. No call stands on the hot path: what is not the common case
// sets the EIP and leaves for the epilogue before the instruction has committed anything.

import { BUDGET, PAGE_EIP, SITE, TABLE } from '../src/cpu/engine-words.ts';
import { REGION_CHAIN, REGION_SLOW } from '../src/cpu/regions.ts';
import { TIMED } from '../src/isa/prims.ts';
import { WORD } from '../src/isa/register-file.ts';
import { B, C, type Expr, N, R, S, type Stmt } from './ir.ts';
import { liveTemporaries } from './passes/live-temporaries.ts';
import { assignSlots } from './passes/slots.ts';
import { MemoryPrinter } from './print-memory.ts';
import { RegionNames } from './print-names.ts';
import type { Callout, Step } from './specialise.ts';
import type { Item, Target } from './structure.ts';
import type { ByTemporary } from './temporaries.ts';
import type { MakeWriter, Writer } from './writer.ts';

export interface PrintOptions {
  /** Name of the function. */
  readonly name: string;
  /** Byte offset of the register file in the heap. */
  readonly registersAt: number;
  /** Number of the function's first callout. */
  readonly firstCallout: number;
  /** Number of the function's first site: SITE in src/cpu/engine-words.ts. 1 or more. */
  readonly firstSite: number;
  /** Instructions that may be retired between two polls: a region leaves when less is left. */
  readonly overshoot: number;
  /**
   * Numbers the function's entry (no offset) and its blocks; each then tells `visit` its number when it is executed. For
   * counting: without it, the text has no trace of it.
   */
  readonly visit?: (at?: number) => number;
}

export interface Printed<Made> {
  readonly made: Made;
  /** Callouts in the order of their numbers: the instruction, the offset of the one behind it. */
  readonly callouts: readonly Pick<Callout, 'next' | 'insn' | 'ends'>[];
  /** Sites in the order of their numbers: offsets of instructions, or RETURN. */
  readonly sites: readonly number[];
}

export function print<Made>(items: readonly Item[], options: PrintOptions, make: MakeWriter<Made>): Printed<Made> {
  return new Printer(items, options, make).print();
}

// Locals that are no state: the answer, where it goes on, the budget, the EIP of the entry's page.
const RC = S('rc');
const IP = S('ip');
const CNT = S('cnt');
const PB = S('pb');
/** Where memory operands of SIMD instructions are staged: behind the last XMM register. */
const STAGED = WORD.xmm + 32;

// Labels: the epilogue; behind it; what is common to the packed exits, which is before it.
const LEAVE = 'X';
const END = 'Y';
const LEAVE_SLOWLY = 'Z';
/** Bits of a packed exit for the instructions to take back: see `packed`. */
const UNDO_BITS = 9;
const NO_ARM: readonly Stmt[] = [];

class Printer<Made> {
  readonly #items: readonly Item[];
  readonly #options: PrintOptions;
  readonly #live: ByTemporary<true>;
  readonly #names: RegionNames;
  readonly #callouts: Callout[] = [];
  readonly #sites: number[] = [];
  readonly #writer: Writer<Made>;
  readonly #accesses: MemoryPrinter;
  /** Exits of several steps. */
  #exits = 0;
  #hasPacked = false;

  constructor(items: readonly Item[], options: PrintOptions, make: MakeWriter<Made>) {
    this.#items = items;
    this.#options = options;
    this.#live = liveTemporaries(items);
    const names = new RegionNames(assignSlots(items, this.#live), options.registersAt);
    this.#names = names;
    this.#writer = make(names, {
      table: names.own('tab'),
      scratch: names.own('a'),
      words: [names.word(STAGED), names.word(STAGED + 1)],
      double: names.double('F64', STAGED / 2),
    });
    this.#accesses = new MemoryPrinter(this.#writer);
  }

  print(): Printed<Made> {
    const w = this.#writer;
    w.set(this.#names.cell(CNT), word(BUDGET));
    w.set(this.#names.cell(PB), word(PAGE_EIP));
    w.set(this.#names.cell(S('tab')), B('<<', word(TABLE), N(2)));
    w.fill();
    this.#visit();
    w.block(END);
    w.block(LEAVE);
    w.block(LEAVE_SLOWLY);
    this.#list(this.#items);
    w.end();
    if (this.#hasPacked) {
      w.set(this.#names.cell(CNT), B('+', CNT, B('&', IP, N((1 << UNDO_BITS) - 1))));
      w.set(this.#names.cell(IP), B('+', PB, B('>>', IP, N(UNDO_BITS))));
      w.set(this.#names.cell(RC), N(REGION_SLOW));
    }
    w.end();
    w.spill();
    w.set(this.#names.word(BUDGET), CNT);
    w.set(this.#names.word(WORD.eip), IP);
    w.end();
    const { name } = this.#options;
    const made = w.finish({ name, locals: this.#names.locals, held: this.#names.held, answer: RC });
    return { made, callouts: this.#callouts, sites: this.#sites };
  }

  #list(items: readonly Item[]): void {
    for (let k = 0; k < items.length; ) {
      const item = items[k] as Item;
      const end = item.k === 'step' ? endOfExits(items, k) : k;
      if (end > k + 1) this.#together(items, k, end);
      else this.#item(item);
      k = Math.max(end, k + 1);
    }
  }

  /**
   * Steps that leave with the same flags: `G: { S: { steps, which pack their exit and leave S where they would leave;
   * leave G; } flags; leave Z; }`. What sets the flags is a large part of a region's code otherwise.
   */
  #together(items: readonly Item[], first: number, end: number): void {
    const w = this.#writer;
    const { s, arm } = items[first] as LeavingStep;
    const number = this.#exits++;
    const go = `${label('G', s.at)}_${number}`;
    const stop = `${label('S', s.at)}_${number}`;
    w.block(go);
    w.block(stop);
    for (let k = first; k < end; k++) this.#step((items[k] as LeavingStep).s, NO_ARM, { label: stop, packs: true });
    w.break(go);
    w.end();
    this.#plain(arm);
    w.break(LEAVE_SLOWLY);
    w.end();
  }

  #item(item: Item): void {
    const w = this.#writer;
    switch (item.k) {
      case 'step':
        this.#step(item.s, item.arm);
        return;
      case 'callout':
        this.#callout(item.c);
        return;
      case 'guarded':
        this.#guarded(item.body, item.c);
        return;
      case 'count':
        w.set(this.#names.cell(CNT), B('-', CNT, N(item.n)));
        return;
      case 'mark':
        this.#visit(item.at);
        return;
      case 'poll':
        w.if(C('lt', [CNT, N(this.#options.overshoot)]));
        this.#leave(item.to, NO_ARM, REGION_CHAIN);
        w.end();
        return;
      case 'leave':
        this.#leave(item.to, item.arm, REGION_CHAIN);
        return;
      case 'goto':
        this.#plain(item.arm);
        if (item.kind === 'break') w.break(label('B', item.to));
        else w.continue(label('L', item.to));
        return;
      case 'fork':
        w.if(item.test);
        this.#list(item.yes);
        if (item.no.length > 0) w.else();
        this.#list(item.no);
        w.end();
        return;
      case 'loop':
        w.loop(label('L', item.at));
        this.#list(item.body);
        w.end();
        return;
      case 'label':
        w.block(label('B', item.at));
        this.#list(item.body);
        w.end();
        return;
    }
  }

  #visit(at?: number): void {
    const { visit } = this.#options;
    if (visit) this.#writer.call('visit', [N(visit(at))]);
  }

  #plain(list: readonly Stmt[]): void {
    for (let k = 0; k < list.length; k++) this.#step(list[k] as Stmt, NO_ARM);
  }

  #leave(to: Target, arm: readonly Stmt[], code: number, undo = 0): void {
    const w = this.#writer;
    this.#plain(arm);
    if (undo) w.set(this.#names.cell(CNT), B('+', CNT, N(undo)));
    w.set(this.#names.cell(IP), 'at' in to ? B('+', PB, N(to.at)) : to.value);
    if (to.site !== undefined) w.set(this.#names.word(SITE), N(this.#site(to.site)));
    if (code !== REGION_CHAIN) w.set(this.#names.cell(RC), N(code));
    w.break(LEAVE);
  }

  /** The number of a site. */
  #site(at: number): number {
    let k = this.#sites.indexOf(at);
    if (k < 0) k = this.#sites.push(at) - 1;
    return this.#options.firstSite + k;
  }

  /** `G: { S: { steps, which leave S where they would leave; leave G; } callout }`. */
  #guarded(body: readonly Item[], c: Callout): void {
    const w = this.#writer;
    const go = label('G', c.at);
    const stop = label('S', c.at);
    w.block(go);
    w.block(stop);
    for (const item of body) if (item.k === 'step') this.#step(item.s, NO_ARM, { label: stop, packs: false });
    w.break(go);
    w.end();
    this.#callout(c);
    w.end();
  }

  /** What is done where a step leaves: for `stop`, if given. */
  #slow(s: Step, arm: readonly Stmt[], stop: Stop | undefined): void {
    const w = this.#writer;
    const exit = packed(s);
    if (stop) {
      if (stop.packs) w.set(this.#names.cell(IP), N(exit as number));
      w.break(stop.label);
    } else if (exit === undefined) this.#leave({ at: s.at as number }, arm, REGION_SLOW, s.undo);
    else {
      w.set(this.#names.cell(IP), N(exit));
      this.#plain(arm);
      w.break(LEAVE_SLOWLY);
    }
    if (exit !== undefined && (!stop || stop.packs)) this.#hasPacked = true;
  }

  #step(s: Step, arm: readonly Stmt[], stop?: Stop): void {
    const w = this.#writer;
    switch (s.k) {
      case 'let':
        if (!this.#live.has(s.i)) return;
        if (s.e.k === 'c' && (s.e.f === 'highWord' || s.e.f === 'lowWord'))
          w.setWord(this.#names.temporary(s.i), s.e.args[0] as Expr, s.e.f === 'highWord');
        else w.set(this.#names.temporary(s.i), s.e);
        return;
      case 'set':
        w.set(this.#names.cell(s.to), s.e);
        return;
      case 'load':
        if (this.#live.has(s.i)) w.load(this.#names.temporary(s.i), this.#accesses.operand(s.p, s.size, s.at));
        return;
      case 'store':
        w.store(this.#accesses.operand(s.p, s.size, s.at), s.e);
        return;
      case 'place':
        this.#accesses.place(s, this.#names.temporary(s.i), () => this.#slow(s, arm, stop));
        return;
      case 'exit': {
        const unless = s.unless ?? NONE;
        for (let k = 0; k < unless.length; k++) w.if(C('eq', [unless[k] as Expr, N(0)]));
        w.if(s.e);
        this.#slow(s, arm, stop);
        for (let k = 0; k <= unless.length; k++) w.end();
        return;
      }
      case 'quick':
        if (TIMED.has(s.f)) w.set(this.#names.word(BUDGET), B('+', CNT, N(s.undo ?? 0)));
        w.if(C(s.f, s.args));
        this.#slow(s, arm, stop);
        w.end();
        return;
      case 'if':
        w.if(s.e);
        this.#plain(s.then);
        if (s.else.length > 0) w.else();
        this.#plain(s.else);
        w.end();
        return;
      default:
        throw new Error(`${s.k} inside a block`);
    }
  }

  /** Everything goes to the heap, the reference executes the instruction, everything comes back unless the region ends. */
  #callout(c: Callout): void {
    const w = this.#writer;
    const number = this.#options.firstCallout + this.#callouts.length;
    this.#callouts.push(c);
    w.spill();
    w.set(this.#names.word(BUDGET), B('+', CNT, N(c.undo)));
    w.set(this.#names.word(WORD.eip), B('+', PB, N(c.at)));
    w.set(this.#names.cell(RC), C('callout', [N(number)]));
    if (c.ends) {
      w.break(END);
      return;
    }
    w.if(RC);
    w.break(END);
    w.end();
    w.fill();
    w.set(this.#names.cell(CNT), B('-', word(BUDGET), N(c.undo)));
    w.set(this.#names.cell(S('tab')), B('<<', word(TABLE), N(2)));
  }
}

const NONE: readonly Expr[] = [];

/** A word of the register file. */
const word = (n: number): Expr => R('words', N(n));

/** Where steps break out to, instead of leaving; whether they pack their exit. */
interface Stop {
  readonly label: string;
  readonly packs: boolean;
}

/** A step that may leave. */
type LeavingStep = Item & { k: 'step'; s: { at: number } };

const leaves = (item: Item | undefined): item is LeavingStep =>
  item?.k === 'step' &&
  (item.s.k === 'place' || item.s.k === 'exit' || item.s.k === 'quick') &&
  item.s.at !== undefined;

/** An exit to the reference as one number: where, and how many instructions to take back; undefined where it is too far. */
function packed({ at = 0, undo = 0 }: Step): number | undefined {
  const value = at * (1 << UNDO_BITS) + undo;
  return value === (value | 0) && undo < 1 << UNDO_BITS ? value : undefined;
}

const areSame = (a: readonly Stmt[], b: readonly Stmt[]): boolean =>
  a === b || (a.length === b.length && a.every((s, k) => s === b[k]));

/** Behind the last of the steps from `first` on that leave with the same flags; `first` if there is none. */
function endOfExits(items: readonly Item[], first: number): number {
  const item = items[first];
  let end = first;
  if (!leaves(item)) return end;
  for (let k = first; k < items.length; k++) {
    const next = items[k] as Item;
    if (next.k !== 'step') break;
    if (!leaves(next)) continue;
    if (!areSame(item.arm, next.arm) || packed(next.s) === undefined) break;
    end = k + 1;
  }
  return end;
}

const label = (kind: string, at: number): string => `${kind}${at < 0 ? `_${-at}` : at}`;
