// Print: a structured region as one asm.js function. Guest registers and flag words live in locals: loaded at entry,
// written back in one epilogue. No call stands on the hot path: what is not the common case sets the EIP and breaks to
// the epilogue before the instruction has committed anything.

import { SITE } from '../src/cpu/links.ts';
import { REGION_CHAIN, REGION_SLOW } from '../src/cpu/regions.ts';
import { WORD } from '../src/isa/state.ts';
import { type AsmNames, asm, condition, double, signed, value, word32 } from './asm.ts';
import {
  anyAlignment,
  assign,
  at,
  binary,
  block,
  brk,
  decimal,
  id,
  iff,
  int,
  invoke,
  lit,
  type Node,
  plus,
  text,
  wordOf,
} from './estree.ts';
import { type Expr, type Stmt, uses } from './ir.ts';
import { DOUBLE_LANES, WORD_LANES } from './lanes.ts';
import { SUNK } from './passes/liveness.ts';
import { assignSlots } from './passes/slots.ts';
import type { Callout } from './specialise.ts';
import type { Item, Target } from './structure.ts';

const REGISTERS = ['eax', 'ecx', 'edx', 'ebx', 'esp', 'ebp', 'esi', 'edi'];
const NOT_DIRECT = -0x80000000;
const NOT_WRITABLE = 0x40000000;
const HOST_OFFSET = 0x3fffffff;
const PAGE = 4096;
/** Where memory operands of SIMD instructions are staged: behind the last XMM register. */
const STAGED = WORD.xmm + 32;

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
  readonly callouts: readonly Pick<Callout, 'next' | 'insn'>[];
  /** Sites in the order of their numbers: offsets of instructions, or RETURN. */
  readonly sites: readonly number[];
}

export function print(items: readonly Item[], options: PrintOptions): Printed {
  return new Printer(items, options).print();
}

class Printer implements AsmNames {
  readonly #items: readonly Item[];
  readonly #options: PrintOptions;
  readonly #live: ReadonlySet<number>;
  /** Locals of temporaries. */
  readonly #slots: ReadonlyMap<number, string>;
  /** Locals that are state: loaded at entry, stored in the epilogue. */
  readonly #state = new Map<string, Node>();
  readonly #temporaries = new Set<string>();
  readonly #imports = new Set<string>();
  readonly #callouts: Callout[] = [];
  readonly #sites: number[] = [];
  /** Filled once all state is known. */
  readonly #spills: { nodes: Node[]; load: boolean }[] = [];
  /** Places checked for reading only: their mark must be masked off. */
  readonly #writable = new Set<number>();
  /** Places that were checked for the alignment of doubles. */
  readonly #aligned = new Set<number>();
  /** Exits of several steps. */
  #exits = 0;

  constructor(items: readonly Item[], options: PrintOptions) {
    this.#items = items;
    this.#options = options;
    this.#live = liveTemporaries(items);
    this.#slots = assignSlots(items, this.#live);
  }

  print(): Printed {
    const body = this.#list(this.#items);
    const state = [...this.#state];
    const load = state.map(([name, at]) => assign(id(name), isDoubleLane(name) ? plus(at) : int(at)));
    const store = state.map(([name, at]) => assign(at, id(name)));
    for (const s of this.#spills) s.nodes.push(...(s.load ? load : store));
    const locals = ['rc', 'ip', 'cnt', 'pb', 'tab', 'a', ...this.#state.keys(), ...this.#temporaries];
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
        assign(id('cnt'), int(this.#word(BUDGET))),
        assign(id('pb'), int(this.#word(PAGE_EIP))),
        assign(id('tab'), binary('<<', this.#word(TABLE), lit(2))),
        ...load,
        ...this.#visit(),
        labelled('Y', [
          labelled('X', body),
          ...store,
          assign(this.#word(BUDGET), id('cnt')),
          assign(this.#word(WORD.eip), id('ip')),
        ]),
        { type: 'ReturnStatement', argument: int(id('rc')) },
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
    this.#temporaries.add(name);
    return id(name);
  }

  state(name: string): Node {
    if (SUNK.has(name) || name === 'fcw') return this.#local(name, (WORD as Record<string, number>)[name]);
    if (name === 'pb') return id('pb');
    if (name === 'rpc') {
      this.#temporaries.add('rpc');
      return id('rpc');
    }
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
    if (array === 'singles') return at(id('F32'), lit(this.#options.registersAt / 4 + n));
    return this.#word(((WORD as Record<string, number>)[array] as number) + n);
  }

  primitive(f: string, args: Node[]): Node {
    this.#imports.add(f);
    return invoke(f, args);
  }

  #local(name: string, word: number | undefined): Node {
    return this.#held(name, this.#word(word as number));
  }

  /** A local that is state, and where in the register file. */
  #held(name: string, at: Node): Node {
    this.#state.set(name, at);
    return id(name);
  }

  #double(n: number): Node {
    return at(id('F64'), lit(this.#options.registersAt / 8 + n));
  }

  #word(word: number): Node {
    // By its index: V8 takes a constant before a shift for an index, and refuses those of large heaps.
    return at(id('H32'), lit(this.#options.registersAt / 4 + word));
  }

  // Items.

  #list(items: readonly Item[]): Node[] {
    const out: Node[] = [];
    for (let k = 0; k < items.length; ) {
      const end = endOfExits(items, k);
      if (end > k + 1) out.push(this.#together(items.slice(k, end) as LeavingStep[]));
      else out.push(...this.#item(items[k] as Item));
      k = Math.max(end, k + 1);
    }
    return out;
  }

  /**
   * Steps of one instruction that leave alike: `G: { S: { steps, which break S where they would leave; break G; } leave }`.
   * V8's compile time grows with the exits of a region.
   */
  #together(items: readonly (Item & { k: 'step' })[]): Node {
    const { s, arm } = items[0] as LeavingStep;
    const number = this.#exits++;
    const [go, stop] = [`${label('G', s.at)}_${number}`, `${label('S', s.at)}_${number}`];
    const steps = items.flatMap((item) => this.#step(item.s, [], () => [brk(stop)]));
    return labelled(go, [labelled(stop, [...steps, brk(go)]), ...this.#leave({ at: s.at }, arm, REGION_SLOW, s.undo)]);
  }

  #item(item: Item): Node[] {
    switch (item.k) {
      case 'step':
        return this.#step(item.s, item.arm);
      case 'callout':
        return this.#callout(item.c);
      case 'guarded':
        return this.#guarded(item.body, item.c);
      case 'count':
        return [assign(id('cnt'), int(binary('-', id('cnt'), lit(item.n))))];
      case 'mark':
        return this.#visit(item.at);
      case 'poll':
        return [iff(binary('<', int(id('cnt')), lit(this.#options.overshoot)), this.#leave(item.to, [], REGION_CHAIN))];
      case 'leave':
        return this.#leave(item.to, item.arm, REGION_CHAIN);
      case 'goto':
        return [...this.#plain(item.arm), this.#jump(item.kind, item.to)];
      case 'fork':
        return [iff(condition(item.test, this), this.#list(item.yes), this.#list(item.no))];
      case 'loop':
        return [
          {
            type: 'LabeledStatement',
            label: id(label('L', item.at)),
            body: { type: 'ForStatement', init: null, test: null, update: null, body: block(this.#list(item.body)) },
          },
        ];
      case 'label':
        return [{ type: 'LabeledStatement', label: id(label('B', item.at)), body: block(this.#list(item.body)) }];
    }
  }

  #visit(at?: number): Node[] {
    const { visit } = this.#options;
    if (!visit) return [];
    this.#imports.add('visit');
    return [{ type: 'ExpressionStatement', expression: invoke('visit', [lit(visit(at))]) }];
  }

  #jump(kind: 'break' | 'continue', to: number): Node {
    if (kind === 'break') return brk(label('B', to));
    return { type: 'ContinueStatement', label: id(label('L', to)) };
  }

  #plain(list: readonly Stmt[]): Node[] {
    return list.flatMap((s) => this.#step(s, []));
  }

  #leave(to: Target, arm: readonly Stmt[], code: number, undo = 0): Node[] {
    const ip = 'at' in to ? int(binary('+', id('pb'), lit(to.at))) : value(to.value, this);
    const out = [...this.#plain(arm)];
    if (undo) out.push(assign(id('cnt'), int(binary('+', id('cnt'), lit(undo)))));
    out.push(assign(id('ip'), ip));
    if ('site' in to) out.push(assign(this.#word(SITE), lit(this.#site(to.site))));
    if (code !== REGION_CHAIN) out.push(assign(id('rc'), lit(code)));
    out.push(brk('X'));
    return out;
  }

  /** The number of a site. */
  #site(at: number): number {
    let k = this.#sites.indexOf(at);
    if (k < 0) k = this.#sites.push(at) - 1;
    return this.#options.firstSite + k;
  }

  /** `G: { S: { steps, which break S where they would leave; break G; } callout }`. */
  #guarded(body: readonly Item[], c: Callout): Node[] {
    const [go, stop] = [label('G', c.at), label('S', c.at)];
    const steps = body.flatMap((item) => (item.k === 'step' ? this.#step(item.s, [], () => [brk(stop)]) : []));
    return [labelled(go, [labelled(stop, [...steps, brk(go)]), ...this.#callout(c)])];
  }

  #step(s: Stmt & { at?: number; undo?: number }, arm: readonly Stmt[], leave?: () => Node[]): Node[] {
    const slow = (): Node[] => leave?.() ?? this.#leave({ at: s.at as number }, arm, REGION_SLOW, s.undo);
    switch (s.k) {
      case 'let':
        if (!this.#live.has(s.i)) return [];
        if (s.e.k === 'c' && (s.e.f === 'highWord' || s.e.f === 'lowWord'))
          return [this.#wordOf(s.i, s.e.args[0] as Expr, s.e.f === 'highWord')];
        return [assign(this.temp(s.i), value(s.e, this))];
      case 'set':
        return [assign(asm(s.to, this), value(s.e, this))];
      case 'load':
        if (s.size === 64 && this.#live.has(s.i)) return this.#loadDouble(s.i, s.p, s.at);
        return this.#live.has(s.i) ? [assign(this.temp(s.i), int(this.#memory(s.p, s.size, s.at)))] : [];
      case 'store':
        if (s.size === 64) return this.#storeDouble(s.p, s.at, s.e);
        return [assign(this.#memory(s.p, s.size, s.at), value(s.e, this))];
      case 'place':
        return this.#place(s, slow());
      case 'exit': {
        let out = [iff(condition(s.e, this), slow())];
        for (const e of [...(s.unless ?? [])].reverse()) out = [iff(binary('==', int(asm(e, this)), lit(0)), out)];
        return out;
      }
      case 'quick': {
        const args = s.args.map((a) => signed(a, this));
        return [iff(int(this.primitive(s.f, args)), slow())];
      }
      case 'if':
        return [iff(condition(s.e, this), this.#plain(s.then), this.#plain(s.else))];
      default:
        throw new Error(`${s.k} inside a block`);
    }
  }

  /** The byte `offset` bytes into a place. */
  #byte(p: Expr, offset: number): Node {
    let place = asm(p, this);
    if (p.k === 't' && !this.#writable.has(p.i)) place = binary('&', place, lit(HOST_OFFSET));
    return offset ? int(binary('+', place, lit(offset))) : place;
  }

  #memory(p: Expr, size: number, offset: number): Node {
    const place = this.#byte(p, offset);
    const shift = size === 8 ? 0 : size === 16 ? 1 : 2;
    return at(id(`H${size}`), binary('>>', place, lit(shift)));
  }

  /** Doubles are often aligned to four bytes only. */
  #loadDouble(i: number, p: Expr, offset: number): Node[] {
    const t = this.temp(i);
    const direct = assign(t, plus(at(id('F64'), binary('>>', this.#byte(p, offset), lit(3)))));
    if (p.k === 't' && this.#aligned.has(p.i)) return [direct];
    // Through memory, a load would wait for the stores of its halves.
    const halves = [4, 0].map((half) => int(word32(this.#byte(p, offset + half))));
    const joined = [assign(t, plus(this.primitive('joined', halves)))];
    return [anyAlignment(iff(binary('&', asm(p, this), lit(4)), joined, [direct]), direct)];
  }

  /** Through the staging register. */
  #wordOf(i: number, e: Expr, high: boolean): Node {
    const of = double(e, this);
    const to = this.temp(i);
    const word = int(this.#word(STAGED + (high ? 1 : 0)));
    return wordOf([assign(this.#double(STAGED / 2), of), assign(to, word)], to, of, high);
  }

  #storeDouble(p: Expr, offset: number, e: Expr): Node[] {
    const d = value(e, this);
    const direct = assign(at(id('F64'), binary('>>', this.#byte(p, offset), lit(3))), d);
    if (p.k === 't' && this.#aligned.has(p.i)) return [direct];
    const staged = [
      assign(this.#double(STAGED / 2), d),
      assign(word32(this.#byte(p, offset)), int(this.#word(STAGED))),
      assign(word32(this.#byte(p, offset + 4)), int(this.#word(STAGED + 1))),
    ];
    return [anyAlignment(iff(binary('&', asm(p, this), lit(4)), staged, [direct]), direct)];
  }

  #place(s: Stmt & { k: 'place' }, slow: Node[]): Node[] {
    const out: Node[] = [];
    let address = asm(s.a, this);
    if (s.a.k !== 't' && s.a.k !== 'r') {
      out.push(assign(id('a'), value(s.a, this)));
      address = id('a');
    }
    if (s.write) this.#writable.add(s.i);
    if (s.aligned) this.#aligned.add(s.i);
    const t = this.temp(s.i);
    const entry = word32(int(binary('+', id('tab'), binary('<<', binary('>>>', address, lit(12)), lit(2)))));
    out.push(assign(t, binary('^', entry, address)));
    // What is wider than a word is accessed by words.
    const bytes = s.size / 8;
    const mask = NOT_DIRECT | (s.write ? NOT_WRITABLE : 0) | (s.aligned ? bytes - 1 : Math.min(bytes, 4) - 1);
    const isAny = (bits: Node): Node => binary('!=', int(bits), lit(0));
    const masked = binary('&', t, lit(mask));
    if (bytes > 4 && !s.aligned) {
      // What is aligned to a power of two is on one page.
      const power = 1 << (32 - Math.clz32(bytes - 1));
      const crosses = binary('>', binary('&', t, lit(PAGE - 1)), lit(PAGE - bytes));
      out.push(iff(isAny(binary('&', t, lit(mask | (power - 1)))), [iff(isAny(binary('|', masked, crosses)), slow)]));
    } else out.push(iff(mask === NOT_DIRECT ? binary('<', int(t), lit(0)) : isAny(masked), slow));
    return out;
  }

  /** Everything goes to the heap, the reference executes the instruction, everything comes back. */
  #callout(c: Callout): Node[] {
    this.#imports.add('callout');
    const number = this.#options.firstCallout + this.#callouts.length;
    this.#callouts.push(c);
    const spill = block([]);
    const fill = block([]);
    this.#spills.push({ nodes: spill.body, load: false }, { nodes: fill.body, load: true });
    return [
      spill,
      assign(this.#word(BUDGET), int(binary('+', id('cnt'), lit(c.undo)))),
      assign(this.#word(WORD.eip), int(binary('+', id('pb'), lit(c.at)))),
      assign(id('rc'), int(invoke('callout', [lit(number)]))),
      iff(id('rc'), [brk('Y')]),
      fill,
      assign(id('cnt'), int(binary('-', int(this.#word(BUDGET)), lit(c.undo)))),
      assign(id('tab'), binary('<<', this.#word(TABLE), lit(2))),
    ];
  }
}

/** Names of the locals for the lanes of XMM registers: x0l, x0h; as words, x0w0 to x0w3. */
const doubleName = (n: number): string => `x${(n - WORD.xmm / 2) >> 1}${n & 1 ? 'h' : 'l'}`;
const wordName = (n: number): string => `x${(n - WORD.xmm) >> 2}w${n & 3}`;
const isDoubleLane = (name: string): boolean => /^x\d[lh]$/.test(name);

/** Name of the local for a word of an x87 register: st3lo, st3hi, st3se for physical register 3. */
const x87Name = (n: number): string => `st${(n - WORD.fpr) >> 2}${['lo', 'hi', 'se', ''][n & 3]}`;

/** A step that may leave. */
type LeavingStep = Item & { k: 'step'; s: { at: number } };

const leaves = (item: Item | undefined): item is LeavingStep =>
  item?.k === 'step' && (item.s.k === 'place' || item.s.k === 'exit') && item.s.at !== undefined;

/** Behind the last of the steps from `first` on that leave at the same instruction; `first` if there is none. */
function endOfExits(items: readonly Item[], first: number): number {
  const item = items[first];
  let end = first;
  if (!leaves(item)) return end;
  for (let k = first; k < items.length; k++) {
    const next = items[k] as Item;
    // What is committed is committed behind the last one.
    if (next.k !== 'step' || next.s.k === 'store' || next.s.k === 'quick' || next.s.k === 'if') break;
    if (next.s.k === 'set' && next.s.to.k === 's') break;
    if (!leaves(next)) continue;
    if (next.s.at !== item.s.at || next.s.undo !== item.s.undo) break;
    end = k + 1;
  }
  return end;
}

const labelled = (name: string, nodes: Node[]): Node => ({
  type: 'LabeledStatement',
  label: id(name),
  body: block(nodes),
});

const label = (kind: string, at: number): string => `${kind}${at < 0 ? `_${-at}` : at}`;

/** Temporaries that something reads which is not itself dead. */
function liveTemporaries(items: readonly Item[]): Set<number> {
  const definitions = new Map<number, Expr>();
  const live = new Set<number>();
  const work: number[] = [];
  const use = (e: Expr): void => {
    if (e.k !== 't' || live.has(e.i)) return;
    live.add(e.i);
    work.push(e.i);
  };
  const visitStmt = (s: Stmt): void => {
    if (s.k === 'let') definitions.set(s.i, s.e);
    else if (s.k === 'load') definitions.set(s.i, s.p);
    else if (s.k === 'if') {
      uses({ ...s, then: [], else: [] }, use);
      for (const x of [...s.then, ...s.else]) visitStmt(x);
    } else uses(s, use);
  };
  const visitItems = (list: readonly Item[]): void => {
    for (const item of list) {
      switch (item.k) {
        case 'step':
          visitStmt(item.s);
          item.arm.forEach(visitStmt);
          break;
        case 'poll':
          if ('value' in item.to) uses({ k: 'branch', e: item.to.value }, use);
          break;
        case 'leave':
          item.arm.forEach(visitStmt);
          if ('value' in item.to) uses({ k: 'branch', e: item.to.value }, use);
          break;
        case 'goto':
          item.arm.forEach(visitStmt);
          break;
        case 'fork':
          uses({ k: 'branch', e: item.test }, use);
          visitItems(item.yes);
          visitItems(item.no);
          break;
        case 'loop':
        case 'label':
        case 'guarded':
          visitItems(item.body);
          break;
      }
    }
  };
  visitItems(items);
  while (work.length > 0) {
    const e = definitions.get(work.pop() as number);
    if (e) uses({ k: 'branch', e }, use);
  }
  return live;
}
