// Print: a structured region as one asm.js function. Guest registers and flag words live in locals: loaded at entry,
// written back in one epilogue. No call stands on the hot path: what is not the common case sets the EIP and breaks to
// the epilogue before the instruction has committed anything.

import { SITE } from '../src/cpu/links.ts';
import { REGION_CHAIN, REGION_SLOW } from '../src/cpu/regions.ts';
import { WORD } from '../src/isa/state.ts';
import { type AsmNames, allSigned, asm, condition, value } from './asm.ts';
import {
  answer,
  assign,
  at,
  binary,
  block,
  brk,
  decimal,
  forever,
  goOn,
  id,
  iff,
  int,
  invoke,
  labelled,
  lit,
  type Node,
  perform,
  plus,
  text,
} from './estree.ts';
import type { Expr, Stmt } from './ir.ts';
import { DOUBLE_LANES, WORD_LANES } from './lanes.ts';
import { liveTemporaries } from './passes/live-temporaries.ts';
import { SUNK } from './passes/liveness.ts';
import { assignSlots } from './passes/slots.ts';
import { MemoryPrinter } from './print-memory.ts';
import type { Callout, Step } from './specialise.ts';
import type { Item, Target } from './structure.ts';

const REGISTERS = ['eax', 'ecx', 'edx', 'ebx', 'esp', 'ebp', 'esi', 'edi'];

// Words that regions share with the interpreter: see src/cpu/interpreter.ts.
const BUDGET = WORD.engine;
const PAGE_EIP = WORD.engine + 1;
const TABLE = WORD.engine + 2;

export interface PrintOptions {
  /** Name of the function. */
  readonly name: string;
  /** Byte offset of the register file in the heap. */
  readonly registersAt: number;
  /** Number of the function's first callout. */
  readonly firstCallout: number;
  /** Number of the function's first site: see src/cpu/links.ts. 1 or more. */
  readonly firstSite: number;
  /** Instructions that may be retired between two polls: a region leaves when less is left. */
  readonly overshoot: number;
  /**
   * Numbers the function's entry (no offset) and its blocks; each then tells `visit` its number when it is executed. For
   * counting: without it, the text has no trace of it.
   */
  readonly visit?: (at?: number) => number;
}

export interface Printed {
  /** The function's ESTree, whose text is `text`. */
  readonly tree: Node;
  readonly text: string;
  /** Primitives that the module must import: names of prims.ts, and `callout`. */
  readonly imports: ReadonlySet<string>;
  /** Callouts in the order of their numbers: the instruction, the offset of the one behind it. */
  readonly callouts: readonly Pick<Callout, 'next' | 'insn' | 'ends'>[];
  /** Sites in the order of their numbers: offsets of instructions, or RETURN. */
  readonly sites: readonly number[];
}

export function print(items: readonly Item[], options: PrintOptions): Printed {
  return new Printer(items, options).print();
}

/** A local that is state, and where it is in the register file. */
interface Held {
  readonly local: Node;
  readonly at: Node;
}

const CNT = id('cnt');
const PB = id('pb');
const TAB = id('tab');
const IP = id('ip');
const RC = id('rc');
const H32 = id('H32');
const F32 = id('F32');
const F64 = id('F64');
const LEAVE = brk('X');
/** Leaves for the reference, with a packed exit in `ip`. */
const LEAVE_SLOWLY = brk('Z');
/** Bits of a packed exit for the instructions to take back: see `packed`. */
const UNDO_BITS = 9;
const NO_ARM: readonly Stmt[] = [];

class Printer implements AsmNames {
  readonly #items: readonly Item[];
  readonly #options: PrintOptions;
  readonly #live: ReadonlySet<number>;
  /** Locals of temporaries. */
  readonly #slots: ReadonlyMap<number, string>;
  /** Locals that are state: loaded at entry, stored in the epilogue. */
  readonly #state = new Map<string, Held>();
  readonly #temporaries = new Map<string, Node>();
  /** Words of the register file. */
  readonly #words = new Map<number, Node>();
  readonly #imports = new Set<string>();
  readonly #callouts: Callout[] = [];
  readonly #sites: number[] = [];
  /** Filled once all state is known. */
  readonly #spills: { nodes: Node[]; load: boolean }[] = [];
  readonly #accesses = new MemoryPrinter(this, {
    word: (n) => this.#word(n),
    double: (n) => this.#double(n),
  });
  /** Exits of several steps. */
  #exits = 0;
  #hasPacked = false;

  constructor(items: readonly Item[], options: PrintOptions) {
    this.#items = items;
    this.#options = options;
    this.#live = liveTemporaries(items);
    this.#slots = assignSlots(items, this.#live);
  }

  print(): Printed {
    const body: Node[] = [];
    this.#list(this.#items, body);
    const state = [...this.#state];
    const load = state.map(([name, { local, at }]) => assign(local, isDoubleLane(name) ? plus(at) : int(at)));
    const store = state.map(([, { local, at }]) => assign(at, local));
    for (const s of this.#spills) s.nodes.push(...(s.load ? load : store));
    const locals = ['rc', 'ip', 'cnt', 'pb', 'tab', 'a', ...this.#state.keys(), ...this.#temporaries.keys()];
    const declare = (n: string): Node => ({
      type: 'VariableDeclarator',
      id: id(n),
      init: isDoubleLane(n) || (n.startsWith('d') && !this.#state.has(n)) ? decimal(0) : lit(0),
    });
    const fn: Node = {
      type: 'FunctionDeclaration',
      id: id(this.#options.name),
      params: [],
      body: block([
        { type: 'VariableDeclaration', kind: 'var', declarations: locals.map(declare) },
        assign(CNT, int(this.#word(BUDGET))),
        assign(PB, int(this.#word(PAGE_EIP))),
        assign(TAB, binary('<<', this.#word(TABLE), lit(2))),
        ...load,
        ...this.#visit(),
        labelled(
          'Y',
          block([
            labelled('X', block(this.#unpacked(body))),
            ...store,
            assign(this.#word(BUDGET), CNT),
            assign(this.#word(WORD.eip), IP),
          ]),
        ),
        answer(int(RC)),
      ]),
    };
    let printed: string | undefined;
    return {
      tree: fn,
      get text() {
        printed ??= text(fn);
        return printed;
      },
      imports: this.#imports,
      callouts: this.#callouts,
      sites: this.#sites,
    };
  }

  // Names.

  temp(i: number): Node {
    const name = this.#slots.get(i);
    if (name === undefined) throw new Error(`temporary ${i} is never live`);
    return this.#temporaries.get(name) ?? this.#temporary(name);
  }

  #temporary(name: string): Node {
    const local = id(name);
    this.#temporaries.set(name, local);
    return local;
  }

  state(name: string): Node {
    if (name === 'pb') return PB;
    if (SUNK.has(name) || name === 'fcw') return this.#local(name, (WORD as Record<string, number>)[name]);
    if (name === 'rpc') return this.#temporaries.get(name) ?? this.#temporary(name);
    const word = (WORD as Record<string, number>)[name];
    if (word === undefined) throw new Error(`no word for ${name}`);
    return this.#word(word);
  }

  element(array: string, n: number): Node {
    if (array === 'reg') return this.#local(REGISTERS[n] as string, n);
    if (array === 'words') return n >= WORD.fpr && n < WORD.fpr + 32 ? this.#local(x87Name(n), n) : this.#word(n);
    // By their indices: see #word.
    if (array === 'doubles') return this.#double(n);
    if (array === DOUBLE_LANES) return this.#held(doubleName(n), this.#double(n));
    if (array === WORD_LANES) return this.#local(wordName(n), n);
    if (array === 'singles') return at(F32, lit(this.#options.registersAt / 4 + n));
    return this.#word(((WORD as Record<string, number>)[array] as number) + n);
  }

  primitive(f: string, args: Node[]): Node {
    this.#imports.add(f);
    return invoke(f, args);
  }

  #local(name: string, word: number | undefined): Node {
    return this.#state.get(name)?.local ?? this.#held(name, this.#word(word as number));
  }

  /** A local that is state, and where in the register file. */
  #held(name: string, at: Node): Node {
    const known = this.#state.get(name);
    if (known) return known.local;
    const local = id(name);
    this.#state.set(name, { local, at });
    return local;
  }

  #double(n: number): Node {
    return at(F64, lit(this.#options.registersAt / 8 + n));
  }

  #word(word: number): Node {
    let node = this.#words.get(word);
    if (!node) {
      // By its index: V8 takes a constant before a shift for an index, and refuses those of large heaps.
      node = at(H32, lit(this.#options.registersAt / 4 + word));
      this.#words.set(word, node);
    }
    return node;
  }

  /** The body of X. What is common to the packed exits stands behind Z, once. */
  #unpacked(body: readonly Node[]): Node[] {
    if (!this.#hasPacked) return [...body];
    const undo = binary('&', IP, lit((1 << UNDO_BITS) - 1));
    return [
      labelled('Z', block([...body])),
      assign(CNT, int(binary('+', CNT, undo))),
      assign(IP, int(binary('+', PB, binary('>>', IP, lit(UNDO_BITS))))),
      assign(RC, lit(REGION_SLOW)),
    ];
  }

  // Items. Each method adds its statements to `out`.

  #list(items: readonly Item[], out: Node[]): void {
    for (let k = 0; k < items.length; ) {
      const item = items[k] as Item;
      const end = item.k === 'step' ? endOfExits(items, k) : k;
      if (end > k + 1) out.push(this.#together(items.slice(k, end) as LeavingStep[]));
      else this.#item(item, out);
      k = Math.max(end, k + 1);
    }
  }

  #listed(items: readonly Item[]): Node[] {
    const out: Node[] = [];
    this.#list(items, out);
    return out;
  }

  /**
   * Steps that leave with the same flags: `G: { S: { steps, which pack their exit and break S where they would leave;
   * break G; } flags; break Z; }`. What sets the flags is a large part of a region's code otherwise.
   */
  #together(items: readonly (Item & { k: 'step' })[]): Node {
    const { s, arm } = items[0] as LeavingStep;
    const number = this.#exits++;
    const go = `${label('G', s.at)}_${number}`;
    const stop = `${label('S', s.at)}_${number}`;
    const steps: Node[] = [];
    for (const item of items) this.#step(item.s, NO_ARM, steps, { label: stop, packs: true });
    steps.push(brk(go));
    const out = [labelled(stop, block(steps))];
    this.#plain(arm, out);
    out.push(LEAVE_SLOWLY);
    return labelled(go, block(out));
  }

  #item(item: Item, out: Node[]): void {
    switch (item.k) {
      case 'step':
        this.#step(item.s, item.arm, out);
        return;
      case 'callout':
        this.#callout(item.c, out);
        return;
      case 'guarded':
        out.push(this.#guarded(item.body, item.c));
        return;
      case 'count':
        out.push(assign(CNT, int(binary('-', CNT, lit(item.n)))));
        return;
      case 'mark':
        if (this.#options.visit) out.push(...this.#visit(item.at));
        return;
      case 'poll': {
        const leave: Node[] = [];
        this.#leave(item.to, NO_ARM, REGION_CHAIN, leave);
        out.push(iff(binary('<', int(CNT), lit(this.#options.overshoot)), leave));
        return;
      }
      case 'leave':
        this.#leave(item.to, item.arm, REGION_CHAIN, out);
        return;
      case 'goto':
        this.#plain(item.arm, out);
        out.push(item.kind === 'break' ? brk(label('B', item.to)) : goOn(label('L', item.to)));
        return;
      case 'fork': {
        const test = condition(item.test, this);
        const yes = this.#listed(item.yes);
        out.push(iff(test, yes, this.#listed(item.no)));
        return;
      }
      case 'loop':
        out.push(labelled(label('L', item.at), forever(this.#listed(item.body))));
        return;
      case 'label':
        out.push(labelled(label('B', item.at), block(this.#listed(item.body))));
        return;
    }
  }

  #visit(at?: number): Node[] {
    const { visit } = this.#options;
    if (!visit) return [];
    this.#imports.add('visit');
    return [perform(invoke('visit', [lit(visit(at))]))];
  }

  #plain(list: readonly Stmt[], out: Node[]): void {
    for (let k = 0; k < list.length; k++) this.#step(list[k] as Stmt, NO_ARM, out);
  }

  #leave(to: Target, arm: readonly Stmt[], code: number, out: Node[], undo = 0): void {
    const ip = 'at' in to ? int(binary('+', PB, lit(to.at))) : value(to.value, this);
    this.#plain(arm, out);
    if (undo) out.push(assign(CNT, int(binary('+', CNT, lit(undo)))));
    out.push(assign(IP, ip));
    if ('site' in to) out.push(assign(this.#word(SITE), lit(this.#site(to.site))));
    if (code !== REGION_CHAIN) out.push(assign(RC, lit(code)));
    out.push(LEAVE);
  }

  /** The number of a site. */
  #site(at: number): number {
    let k = this.#sites.indexOf(at);
    if (k < 0) k = this.#sites.push(at) - 1;
    return this.#options.firstSite + k;
  }

  /** `G: { S: { steps, which break S where they would leave; break G; } callout }`. */
  #guarded(body: readonly Item[], c: Callout): Node {
    const go = label('G', c.at);
    const stop = label('S', c.at);
    const steps: Node[] = [];
    for (const item of body) if (item.k === 'step') this.#step(item.s, NO_ARM, steps, { label: stop, packs: false });
    steps.push(brk(go));
    const out = [labelled(stop, block(steps))];
    this.#callout(c, out);
    return labelled(go, block(out));
  }

  /** What is done where a step leaves: `stop` is broken out of, if given. */
  #slow(s: Step, arm: readonly Stmt[], stop: Stop | undefined): Node[] {
    const exit = packed(s);
    if (exit !== undefined && (!stop || stop.packs)) this.#hasPacked = true;
    if (stop) return stop.packs ? [assign(IP, lit(exit as number)), brk(stop.label)] : [brk(stop.label)];
    const out: Node[] = [];
    if (exit === undefined) this.#leave({ at: s.at as number }, arm, REGION_SLOW, out, s.undo);
    else {
      out.push(assign(IP, lit(exit)));
      this.#plain(arm, out);
      out.push(LEAVE_SLOWLY);
    }
    return out;
  }

  #step(s: Step, arm: readonly Stmt[], out: Node[], stop?: Stop): void {
    switch (s.k) {
      case 'let':
        if (!this.#live.has(s.i)) return;
        if (s.e.k === 'c' && (s.e.f === 'highWord' || s.e.f === 'lowWord'))
          out.push(this.#accesses.wordOf(s.i, s.e.args[0] as Expr, s.e.f === 'highWord'));
        else out.push(assign(this.temp(s.i), value(s.e, this)));
        return;
      case 'set':
        out.push(assign(asm(s.to, this), value(s.e, this)));
        return;
      case 'load':
        if (!this.#live.has(s.i)) return;
        out.push(this.#accesses.load(s));
        return;
      case 'store':
        out.push(this.#accesses.store(s));
        return;
      case 'place':
        this.#accesses.place(s, this.#slow(s, arm, stop), out);
        return;
      case 'exit': {
        const test = condition(s.e, this);
        let made = iff(test, this.#slow(s, arm, stop));
        const { unless } = s;
        for (let k = (unless?.length ?? 0) - 1; k >= 0; k--)
          made = iff(binary('==', int(asm(unless?.[k] as Expr, this)), lit(0)), [made]);
        out.push(made);
        return;
      }
      case 'quick': {
        const test = int(this.primitive(s.f, allSigned(s.args, this)));
        out.push(iff(test, this.#slow(s, arm, stop)));
        return;
      }
      case 'if': {
        const test = condition(s.e, this);
        const then: Node[] = [];
        this.#plain(s.then, then);
        const other: Node[] = [];
        this.#plain(s.else, other);
        out.push(iff(test, then, other));
        return;
      }
      default:
        throw new Error(`${s.k} inside a block`);
    }
  }

  /** Everything goes to the heap, the reference executes the instruction, everything comes back unless the region ends. */
  #callout(c: Callout, out: Node[]): void {
    this.#imports.add('callout');
    const number = this.#options.firstCallout + this.#callouts.length;
    this.#callouts.push(c);
    const spill = block([]);
    const fill = block([]);
    this.#spills.push({ nodes: spill.body, load: false });
    if (!c.ends) this.#spills.push({ nodes: fill.body, load: true });
    out.push(
      spill,
      assign(this.#word(BUDGET), int(binary('+', CNT, lit(c.undo)))),
      assign(this.#word(WORD.eip), int(binary('+', PB, lit(c.at)))),
      assign(RC, int(invoke('callout', [lit(number)]))),
    );
    if (c.ends) {
      out.push(brk('Y'));
      return;
    }
    out.push(
      iff(RC, [brk('Y')]),
      fill,
      assign(CNT, int(binary('-', int(this.#word(BUDGET)), lit(c.undo)))),
      assign(TAB, binary('<<', this.#word(TABLE), lit(2))),
    );
  }
}

/** Names of the locals for the lanes of XMM registers: x0l, x0h; as words, x0w0 to x0w3. */
const doubleName = (n: number): string => `x${(n - WORD.xmm / 2) >> 1}${n & 1 ? 'h' : 'l'}`;
const wordName = (n: number): string => `x${(n - WORD.xmm) >> 2}w${n & 3}`;
const isDoubleLane = (name: string): boolean => /^x\d[lh]$/.test(name);

/** Name of the local for a word of an x87 register: st3lo, st3hi, st3se for physical register 3. */
const x87Name = (n: number): string => `st${(n - WORD.fpr) >> 2}${['lo', 'hi', 'se', ''][n & 3]}`;

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
