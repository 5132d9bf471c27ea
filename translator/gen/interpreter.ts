// Prints the fast interpreter from the templates: one switch over operation and operand shape. As JavaScript, for machines
// whose heap is a plain buffer; else it is WebAssembly (wasm.ts).
//
// An instruction is four words of CODE:
//   0  case number (10 bits), register numbers dst src base index (4 each), scale (2), high-byte marks of dst and src,
//      a segment mark, a memory mark (the sign)
//   1  immediate, or the EIP of the next instruction relative to its page, or the link to a branch's target
//   2  displacement, or the link of the other successor
//   3  position in its block, from 1 (8 bits); the words of the segment registers that the operand goes through
// Everything uncommon (a miss in the shadow table, an unaligned access, a fault, a residual) breaks to `slow`.

import { hashShift, MULTIPLIER } from '../../src/cpu/hash.ts';
import { PLACE_WRITTEN } from '../../src/cpu/shape.ts';
import { OTHER_WAY, TAG_ENTRIES, TAG_WORDS } from '../../src/cpu/tags.ts';
import { WORD } from '../../src/isa/state.ts';
import { HOST_BITS, NOT_DIRECT, NOT_WRITABLE } from '../../src/memory/shadow.ts';
import {
  assign,
  at,
  binary,
  block,
  brk,
  conditional,
  expression,
  id,
  iff,
  int,
  invoke,
  lit,
  type Names,
  type Node,
  text,
  typed,
} from '../estree.ts';
import { type Expr, type Stmt, T } from '../ir.ts';
import { removeDeadTemporaries } from '../passes/dead.ts';
import { forward } from '../passes/forward.ts';
import { propagate } from '../passes/propagate.ts';
import { mapStmt } from '../walk.ts';
import { FREQUENT, WHOLE } from './frequent.ts';
import type { Template } from './specialise.ts';
import { DISPATCH, type Encoded, encode, PLACED } from './wasm.ts';

export interface Case {
  readonly key: string;
  readonly body: readonly Stmt[];
  readonly fused: boolean;
  /** Of a pair: what the next slot does. */
  readonly second?: readonly Stmt[];
}

/** The cases in order: every template, then the compares fused with each condition, then the pairs. */
export function makeCases(
  templates: ReadonlyMap<string, Template>,
  fused: readonly string[],
  pairs: readonly (readonly [first: string, second: string])[],
): Case[] {
  const cases: Case[] = [...templates].map(([key, t]) => ({ key, body: t.body, fused: false }));
  for (const key of fused) {
    for (let cc = 0; cc < 16; cc += 2) {
      const a = templates.get(key) as Template;
      const b = templates.get(`Jcc:${cc}:32.,`) as Template;
      const second = b.body.map((s) => mapStmt(s, (e) => (e.k === 't' ? T(e.i + a.temporaries) : e), a.temporaries));
      const body = removeDeadTemporaries(propagate([...a.body, ...second]));
      cases.push({ key: `${key}+${cc}`, body, fused: true });
    }
  }
  const bodyOf = (key: string): readonly Stmt[] => (templates.get(key) as Template).body;
  for (const [a, b] of pairs) cases.push({ key: `${a};${b}`, body: bodyOf(a), fused: false, second: bodyOf(b) });
  return cases;
}

/** First word of the tag for EIP `a`. */
const TAG_OF_A = int(
  binary(
    '*',
    binary('>>>', invoke('Math.imul', [id('a'), lit(MULTIPLIER)]), lit(hashShift(TAG_ENTRIES))),
    lit(TAG_WORDS),
  ),
);
const code = (k: number): Node => at(id('CODE'), k ? binary('+', id('o'), lit(k)) : id('o'));
const field = (shift: number, mask: number): Node =>
  binary('&', shift ? binary('>>', id('w'), lit(shift)) : id('w'), lit(mask));

function hole(name: string): Node {
  switch (name) {
    case 'dn':
      return field(10, 15);
    case 'sn':
      return field(14, 15);
    case 'dup':
      return binary('-', lit(24), field(25, 8));
    case 'sup':
      return binary('-', lit(24), field(26, 8));
    case 'imm':
    case 'count':
      return code(1);
    case 'next':
      return int(binary('+', id('pb'), code(1)));
    case 'ea':
      return id('a');
  }
  throw new Error(`no such hole: ${name}`);
}

/** One case. Temporaries are renamed t0, t1 ...: the switch shares them. */
class CasePrinter implements Names {
  readonly #names = new Map<number, string>();
  readonly #fused: boolean;
  /** Places that were checked for writing. */
  readonly #writable = new Set<number>();
  ended = false;

  constructor(fused: boolean) {
    this.#fused = fused;
  }

  get temporaries(): number {
    return this.#names.size;
  }

  temp(i: number): Node {
    let name = this.#names.get(i);
    if (!name) {
      name = `t${this.#names.size}`;
      this.#names.set(i, name);
    }
    return id(name);
  }

  hole(name: string): Node {
    return hole(name);
  }

  state(name: string): Node {
    const word = (WORD as Record<string, number>)[name];
    if (word === undefined) throw new Error(`no word for ${name}`);
    return at(id('R'), lit(word));
  }

  element(array: string, n: Expr): Node {
    const first = (WORD as Record<string, number>)[array] as number;
    if (n.k === 'n') return at(id('R'), lit(first + n.v));
    const index = expression(n, this);
    return at(id('R'), first ? binary('+', index, lit(first)) : index);
  }

  primitive(f: string, args: Node[]): Node {
    if (f === 'imul' || f === 'clz') return invoke(f === 'imul' ? 'Math.imul' : 'Math.clz32', args);
    return invoke(f, args);
  }

  statements(body: readonly Stmt[]): Node[] {
    return body.flatMap((s) => this.#statement(s));
  }

  #statement(s: Stmt): Node[] {
    switch (s.k) {
      case 'let':
        return [assign(this.temp(s.i), typed(s.e, this))];
      case 'set':
        return [assign(expression(s.to, this), typed(s.e, this))];
      case 'load':
        return [assign(this.temp(s.i), this.#memory(s.p, s.size, s.at))];
      case 'store':
        return [assign(this.#memory(s.p, s.size, s.at), typed(s.e, this))];
      case 'place':
        return this.#place(s);
      case 'exit':
        return [iff(expression(s.e, this, true), [brk('slow')])];
      case 'quick': {
        const answer = invoke(
          s.f,
          s.args.map((a) => typed(a, this)),
        );
        return [iff(binary('!==', answer, lit(0)), [brk('slow')])];
      }
      case 'holds':
        return [];
      case 'if':
        return [iff(expression(s.e, this, true), this.statements(s.then), this.statements(s.else))];
      case 'branch': {
        this.ended = true;
        const first = this.#fused ? 4 : 0;
        const to = conditional(expression(s.e, this, true), code(first + 1), code(first + 2));
        return [this.#retire(first), assign(id('o'), to), brk('jump')];
      }
      case 'jump':
        this.ended = true;
        return [this.#retire(0), assign(id('o'), code(2)), brk('jump')];
      case 'jumpTo':
        this.ended = true;
        return [assign(id('a'), typed(s.e, this)), this.#retire(0), brk('indirect')];
    }
  }

  /** Counts the block's instructions, all retired now. */
  #retire(first: number): Node {
    return assign(id('n'), int(binary('-', id('n'), binary('&', code(first + 3), lit(255)))));
  }

  #memory(p: Expr, size: number, offset: number): Node {
    let place = expression(p, this);
    // A place that may only be read has its mark in it.
    if (p.k === 't' && !this.#writable.has(p.i)) place = binary('&', place, lit(HOST_BITS));
    const byte = offset ? binary('+', place, lit(offset)) : place;
    if (size === 8) return at(id('H8'), byte);
    return size === 16 ? at(id('H16'), binary('>>', byte, lit(1))) : at(id('H32'), binary('>>', byte, lit(2)));
  }

  #place(s: Stmt & { k: 'place' }): Node[] {
    const out: Node[] = [];
    // The operand's address is in `a` already; others are computed into `b`.
    let address = id('a');
    if (s.a.k !== 'h') {
      address = id('b');
      out.push(assign(address, typed(s.a, this)));
    }
    const t = this.temp(s.i);
    if (s.write) this.#writable.add(s.i);
    const entry = at(id('H32'), binary('+', id('tab'), binary('>>>', address, lit(12))));
    out.push(assign(t, binary('^', entry, address)));
    const mask = NOT_DIRECT | (s.write ? NOT_WRITABLE : 0) | (s.size / 8 - 1);
    const bad = mask === NOT_DIRECT ? binary('<', t, lit(0)) : binary('!==', binary('&', t, lit(mask)), lit(0));
    out.push(iff(bad, [brk('slow')]));
    return out;
  }
}

/** To the second instruction of a pair, whose slot is as it would be alone: its word, and its operand's address. */
function nextSlot(): Node[] {
  const register = (shift: number): Node => at(id('R'), field(shift, 15));
  const index = binary('<<', register(22), field(26, 3));
  return [
    assign(id('o'), int(binary('+', id('o'), lit(4)))),
    assign(id('w'), code(0)),
    assign(id('a'), int(binary('+', binary('+', register(18), index), code(2)))),
  ];
}

export interface Interpreter {
  /** The module's text. */
  readonly text: string;
  /** The text of a module that holds the same function as WebAssembly. */
  readonly encoded: string;
}

/** Case numbers are positions in the dispatch, from 1; 0 is the slow path. */
export function makeInterpreter(cases: readonly Case[]): Interpreter {
  let temporaries = 0;
  const arms: Arm[] = cases.map((c) => {
    const printer = new CasePrinter(c.fused);
    const body = printer.statements(forward(c.body));
    if (c.second) {
      // What the first one did is done: where the second leaves, it leaves from its own slot.
      if (printer.ended) throw new Error(`${c.key}: the first one is a transfer`);
      body.push(...nextSlot(), ...printer.statements(forward(c.second)));
    }
    temporaries = Math.max(temporaries, printer.temporaries);
    return { key: c.key, body, place: firstPlace(c.body) };
  });
  arms.push(crossArm());
  arms.push(...headArms(), unshadowArm());
  const { table, keys } = dispatch(arms);
  const heat = keys.indexOf('heat') + 1;
  const bodies = keys.map((key) => (arms.find((arm) => arm.key === key) as Arm).body);
  return {
    text: HEAD + skeleton(text(table), temporaries, heat) + caseList(keys, arms),
    encoded: HEAD + binaryModule(encode(skeleton(`{ ${DISPATCH}(); }`, temporaries, heat), bodies)),
  };
}

/** Distances between the positions, which are smaller than they are. */
function binaryModule({ bytes, positions }: Encoded): string {
  const steps = PLACED.map(
    (p) => `${p}: ${JSON.stringify(positions[p].map((at, k) => at - (positions[p][k - 1] ?? 0)))}`,
  );
  const binary = Buffer.from(bytes).toString('base64');
  return `export const BINARY = '${binary}';\nexport const STEPS = { ${steps.join(', ')} };\n`;
}

const HEAD = `// Generated by translator/gen from src/isa/semantics. Do not edit.
// biome-ignore-all lint: generated
`;

/** One arm of the dispatch; at its end the next instruction follows. */
interface Arm {
  readonly key: string;
  readonly body: Node[];
  readonly place?: number;
}

/**
 * The memory operand of a case, where nothing leaves the instruction before it: its size in bytes, and PLACE_WRITTEN.
 * 0 where there is none, or its address is another than that of the packed operand.
 */
function firstPlace(body: readonly Stmt[]): number {
  const first = body.find((s) => s.k === 'place' || s.k === 'exit' || s.k === 'quick' || s.k === 'if');
  if (first?.k !== 'place' || first.a.k !== 'h' || first.a.name !== 'ea' || first.size > 32) return 0;
  return first.size / 8 + (first.write ? PLACE_WRITTEN : 0);
}

/** A tree over the frequent cases: a leaf, or two halves. */
type Tree =
  | { readonly weight: number; readonly arm: Arm | undefined }
  | { readonly weight: number; readonly halves: readonly [Tree, Tree] };

/**
 * The dispatch, and the names of the cases in order of their numbers, from 1. Conditional branches come first, for a
 * processor predicts them where its predictor of indirect ones is long exhausted: FREQUENT in a Huffman tree, whose
 * leaves are numbered from left to right; then one switch for the others.
 */
function dispatch(arms: readonly Arm[]): { table: Node; keys: string[] } {
  const byKey = new Map(arms.map((arm) => [arm.key, arm]));
  const trees: Tree[] = FREQUENT.map(([key, weight]) => {
    const arm = byKey.get(key);
    if (!arm) throw new Error(`no case for ${key}`);
    byKey.delete(key);
    return { weight, arm };
  });
  const rest = WHOLE - FREQUENT.reduce((sum, [, share]) => sum + share, 0);
  trees.push({ weight: Math.max(1, rest), arm: undefined });
  while (trees.length > 1) {
    trees.sort((a, b) => b.weight - a.weight);
    const [b, a] = [trees.pop() as Tree, trees.pop() as Tree];
    trees.push({ weight: a.weight + b.weight, halves: [a, b] });
  }
  const keys: string[] = [];
  const others: Arm[] = [...byKey.values()];
  // The others come last, so that what is greatest is theirs: the half that holds them is the right one.
  const print = (tree: Tree): Node[] => {
    if ('arm' in tree) {
      if (tree.arm) {
        keys.push(tree.arm.key);
        return tree.arm.body;
      }
      const first = keys.length + 1;
      keys.push(...others.map((arm) => arm.key));
      const cases: Node[] = others.map((arm, k) => ({
        type: 'SwitchCase',
        test: lit(first + k),
        consequent: [block([...arm.body, brk('next')])],
      }));
      cases.push({ type: 'SwitchCase', test: null, consequent: [brk('slow')] });
      return [{ type: 'SwitchStatement', discriminant: field(0, 1023), cases }];
    }
    const [a, b] = tree.halves[0] && holdsOthers(tree.halves[0]) ? [tree.halves[1], tree.halves[0]] : tree.halves;
    const left = print(a);
    const bound = keys.length + 1;
    const right = print(b);
    return [iff(binary('<', field(0, 1023), lit(bound)), left, right)];
  };
  const [table] = print(trees[0] as Tree);
  // 0, the slow path, is less than any.
  return { table: block([iff(binary('===', field(0, 1023), lit(0)), [brk('slow')]), table]), keys };
}

function holdsOthers(tree: Tree): boolean {
  return 'arm' in tree ? tree.arm === undefined : tree.halves.some(holdsOthers);
}

/**
 * Block heads, where there is a second tier: `heat` counts entries down in word 1 and asks what to do at the end;
 * `enter` runs the region whose number is in word 1, if the budget is enough for it.
 */
function headArms(): Arm[] {
  const heat = [
    assign(id('b'), int(binary('-', code(1), lit(1)))),
    assign(code(1), id('b')),
    iff(binary('<', id('b'), lit(0)), [brk('slow')]),
  ];
  const enter = [iff(binary('<', id('n'), id('overshoot')), [brk('next')]), brk('region')];
  return [
    { key: 'heat', body: heat },
    { key: 'enter', body: enter },
  ];
}

/**
 * A direct transfer to another page. Its mapping may have changed, and the code may lie at another linear address too:
 * what is found by the tags is kept for the page that it was found from and the stamp that holds.
 */
function crossArm(): Arm {
  const target = int(binary('+', id('pb'), code(1)));
  const page = assign(id('pb'), binary('&', id('a'), lit(-4096)));
  const known = binary('&&', binary('===', code(3), id('pb')), binary('===', code(4), id('stamp')));
  const tag = (k: number): Node => at(id('TAGS'), k ? binary('+', id('b'), lit(k)) : id('b'));
  const found = binary('&&', binary('===', tag(0), id('a')), binary('===', tag(1), id('stamp')));
  return {
    key: 'cross',
    body: [
      assign(id('a'), target),
      iff(known, [assign(id('o'), code(2)), page, brk('jump')]),
      assign(id('b'), TAG_OF_A),
      iff(found, [assign(code(2), tag(2)), assign(code(3), id('pb')), assign(code(4), id('stamp'))]),
      brk('indirect'),
    ],
  };
}

/** Behind the instruction that follows an STI: its shadow is over. No instruction of the guest's. */
function unshadowArm(): Arm {
  return { key: 'unshadow', body: [assign(at(id('R'), lit(WORD.shadow)), lit(0))] };
}

function caseList(keys: readonly string[], arms: readonly Arm[]): string {
  const places = keys.map((key) => arms.find((arm) => arm.key === key)?.place ?? 0);
  return `/** Memory operands by number: see firstPlace in translator/gen/interpreter.ts. */\nexport const PLACES = ${JSON.stringify([0, ...places])};\n/** Names of the cases: number k + 1 is the k-th. */\nexport const CASES = ${JSON.stringify(keys)};\n`;
}

function skeleton(table: string, temporaries: number, heat: number): string {
  const locals = Array.from({ length: temporaries }, (_, k) => `, t${k} = 0`).join('');
  const E = WORD.engine;
  return `export function makeInterpreter({ R, H8, H16, H32, CODE, TAGS, mulhu, divu, quickMoves, quickStores, quickScans, quickCompares, quickSegment, slow, lookup, region, overshoot }) {
return function interpret(o, n) {
o = o | 0; n = n | 0;
let a = 0, b = 0, w = 0, pb = R[${E + 1}], tab = R[${E + 2}], stamp = R[${E + 4}]${locals};
for (;;) {
jump: {
indirect: {
region: {
slow: {
w = CODE[o];
if (w < 0) {
a = R[w >> 18 & 15] + (R[w >> 22 & 15] << (w >> 26 & 3)) + CODE[o + 2] | 0;
if ((w & 0x40000000) !== 0) {
// Not a flat segment: base, limit and a 16-bit wrap, whose registers word 3 names.
b = CODE[o + 3];
if ((b & 0x100) !== 0) a = a & 65535;
if (a >>> 0 >= R[b >>> 16] >>> 0) break slow;
a = a + R[b >>> 9 & 127] | 0;
}
}
next: ${table}
o = o + 4 | 0;
continue;
}
// The reference executes this one: a miss, a fault, an unaligned access, a residual.
R[${E}] = n; R[${E + 1}] = pb;
o = slow(o) | 0;
if (o < 0) return o;
n = R[${E}]; pb = R[${E + 1}]; tab = R[${E + 2}]; stamp = R[${E + 4}];
break jump;
}
// Translated code: everything is in the register file meanwhile.
R[${E}] = n; R[${E + 1}] = pb;
o = region(o) | 0;
if (o < 0) return o;
n = R[${E}]; pb = R[${E + 1}]; tab = R[${E + 2}]; stamp = R[${E + 4}];
break jump;
}
// A return, an indirect or a cross-page transfer to EIP a.
b = ${text(TAG_OF_A)};
if (TAGS[b] === a && TAGS[b + 1] === stamp) {
o = TAGS[b + 2];
pb = a & -4096;
} else if (TAGS[b ^ ${OTHER_WAY}] === a && TAGS[(b ^ ${OTHER_WAY}) + 1] === stamp) {
o = TAGS[(b ^ ${OTHER_WAY}) + 2];
pb = a & -4096;
} else {
R[${E}] = n;
o = lookup(a) | 0;
if (o < 0) return o;
n = R[${E}]; pb = R[${E + 1}]; tab = R[${E + 2}]; stamp = R[${E + 4}];
}
}
if (n < 0) { R[${E}] = n; R[${E + 1}] = pb; return o; }
// A head that counts is mostly passed: without a turn of its own.
if (CODE[o] === ${heat}) {
b = CODE[o + 1] - 1 | 0;
CODE[o + 1] = b;
if (b >= 0) o = o + 4 | 0;
}
}
};
}
`;
}
