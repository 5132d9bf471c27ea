// Prints the fast interpreter from the templates: one switch over operation and operand shape.
//
// An instruction is four words of CODE:
//   0  case number (10 bits), register numbers dst src base index (4 each), scale (2), high-byte marks of dst and src,
//      a segment mark, a memory mark (the sign)
//   1  immediate, or the EIP of the next instruction relative to its page, or the link to a branch's target
//   2  displacement, or the link of the other successor
//   3  position in its block, from 1 (8 bits); the words of the segment registers that the operand goes through
// Everything uncommon (a miss in the shadow table, an unaligned access, a fault, a residual) breaks to `slow`.

import { hashShift, MULTIPLIER } from '../../src/cpu/hash.ts';
import { TAG_ENTRIES, TAG_WORDS } from '../../src/cpu/tags.ts';
import { WORD } from '../../src/isa/state.ts';
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
import { type Expr, mapStmt, type Stmt, T } from '../ir.ts';
import { removeDeadTemporaries } from '../passes/dead.ts';
import { forward } from '../passes/forward.ts';
import { propagate } from '../passes/propagate.ts';
import type { Template } from './specialise.ts';

const FLAGS = ['fz', 'fr', 'oa', 'ob', 'ca', 'cb'] as const;
const NOT_DIRECT = -0x80000000;
const NOT_WRITABLE = 0x40000000;
const HOST_OFFSET = 0x3fffffff;

export interface Case {
  readonly key: string;
  readonly body: readonly Stmt[];
  readonly fused: boolean;
}

/** The cases in order: every template, then the compares fused with each condition. */
export function makeCases(templates: ReadonlyMap<string, Template>, fused: readonly string[]): Case[] {
  const cases: Case[] = [...templates].map(([key, t]) => ({ key, body: t.body, fused: false }));
  for (const key of fused) {
    for (let cc = 0; cc < 16; cc += 2) {
      const a = templates.get(key) as Template;
      const b = templates.get(`Jcc:${cc}:32.,`) as Template;
      const second = b.body.map((s) =>
        mapStmt(
          s,
          (e) => (e.k === 't' ? T(e.i + a.temporaries) : e),
          (i) => i + a.temporaries,
        ),
      );
      const body = removeDeadTemporaries(propagate([...a.body, ...second]));
      cases.push({ key: `${key}+${cc}`, body, fused: true });
    }
  }
  return cases;
}

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
    if ((FLAGS as readonly string[]).includes(name)) return id(name);
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
    if (p.k === 't' && !this.#writable.has(p.i)) place = binary('&', place, lit(HOST_OFFSET));
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

/** The module's text. Case numbers are positions in `cases`, from 1; 0 is the slow path. */
export function printInterpreter(cases: readonly Case[]): string {
  let temporaries = 0;
  const arms: Node[] = cases.map((c, k) => {
    const printer = new CasePrinter(c.fused);
    const body = printer.statements(forward(c.body));
    if (!printer.ended) body.push(brk());
    temporaries = Math.max(temporaries, printer.temporaries);
    return { type: 'SwitchCase', test: lit(k + 1), consequent: [block(body)] };
  });
  // A direct transfer to another page: its mapping may have changed, so it is looked up like an indirect one.
  const target = int(binary('+', id('pb'), code(1)));
  arms.push({
    type: 'SwitchCase',
    test: lit(cases.length + 1),
    consequent: [assign(id('a'), target), brk('indirect')],
  });
  arms.push(...headArms(cases.length + 2));
  arms.push(unshadowArm(cases.length + 4));
  arms.push({ type: 'SwitchCase', test: null, consequent: [brk('slow')] });
  const table = text({ type: 'SwitchStatement', discriminant: field(0, 1023), cases: arms });
  return skeleton(table, temporaries, cases.length + 2) + caseList(cases);
}

/**
 * Block heads, where there is a second tier: `heat` counts entries down in word 1 and asks what to do at the end;
 * `enter` runs the region whose number is in word 1, if the budget is enough for it.
 */
function headArms(first: number): Node[] {
  const count = [
    assign(id('b'), int(binary('-', code(1), lit(1)))),
    assign(code(1), id('b')),
    iff(binary('<', id('b'), lit(0)), [brk('slow')]),
    brk(),
  ];
  const enter = [iff(binary('<', id('n'), id('overshoot')), [brk()]), brk('region')];
  return [count, enter].map((body, k) => ({ type: 'SwitchCase', test: lit(first + k), consequent: [block(body)] }));
}

/** Behind the instruction that follows an STI: its shadow is over. No instruction of the guest's. */
function unshadowArm(number: number): Node {
  const body = [assign(at(id('R'), lit(WORD.shadow)), lit(0)), brk()];
  return { type: 'SwitchCase', test: lit(number), consequent: [block(body)] };
}

function caseList(cases: readonly Case[]): string {
  const names = [...cases.map((c) => c.key), 'cross', 'heat', 'enter', 'unshadow'];
  return `/** Names of the cases: number k + 1 is the k-th. */\nexport const CASES = ${JSON.stringify(names)};\n`;
}

function skeleton(table: string, temporaries: number, heat: number): string {
  const words = FLAGS.map((f) => [f, WORD[f]] as const);
  const spill = words.map(([f, k]) => `R[${k}] = ${f};`).join(' ');
  const fill = words.map(([f, k]) => `${f} = R[${k}];`).join(' ');
  const locals = Array.from({ length: temporaries }, (_, k) => `, t${k} = 0`).join('');
  const E = WORD.engine;
  return `// Generated by translator/gen from src/isa/semantics. Do not edit.
// biome-ignore-all lint: generated
export function makeInterpreter({ R, H8, H16, H32, CODE, TAGS, mulhu, divu, quickMoves, quickStores, quickScans, quickCompares, quickSegment, slow, lookup, region, overshoot }) {
return function interpret(o, n) {
o = o | 0; n = n | 0;
let a = 0, b = 0, w = 0, pb = R[${E + 1}], tab = R[${E + 2}], stamp = R[${E + 4}], ${words.map(([f, k]) => `${f} = R[${k}]`).join(', ')}${locals};
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
${table}
o = o + 4 | 0;
continue;
}
// The reference executes this one: a miss, a fault, an unaligned access, a residual.
${spill} R[${E}] = n; R[${E + 1}] = pb;
o = slow(o) | 0;
if (o < 0) return o;
n = R[${E}]; pb = R[${E + 1}]; tab = R[${E + 2}]; stamp = R[${E + 4}];
${fill}
break jump;
}
// Translated code: everything is in the register file meanwhile.
${spill} R[${E}] = n; R[${E + 1}] = pb;
o = region(o) | 0;
if (o < 0) return o;
n = R[${E}]; pb = R[${E + 1}]; tab = R[${E + 2}]; stamp = R[${E + 4}];
${fill}
break jump;
}
// A return, an indirect or a cross-page transfer to EIP a.
b = (Math.imul(a, ${MULTIPLIER}) >>> ${hashShift(TAG_ENTRIES)}) * ${TAG_WORDS} | 0;
if (TAGS[b] === a && TAGS[b + 1] === stamp) {
o = TAGS[b + 2];
pb = a & -4096;
} else {
${spill} R[${E}] = n;
o = lookup(a) | 0;
if (o < 0) return o;
n = R[${E}]; pb = R[${E + 1}]; tab = R[${E + 2}]; stamp = R[${E + 4}];
${fill}
}
}
if (n < 0) { ${spill} R[${E}] = n; R[${E + 1}] = pb; return o; }
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
