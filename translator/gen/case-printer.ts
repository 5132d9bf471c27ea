// Prints what an instruction does, over its slot of packed code. Everything uncommon (a miss in the shadow table, an
// unaligned access, a fault, a residual) breaks to `slow`.

import { WORD } from '../../src/isa/register-file.ts';
import { HOST_BITS, NOT_DIRECT, NOT_WRITABLE } from '../../src/memory/shadow.ts';
import {
  assign,
  at,
  binary,
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
  typed,
} from '../estree.ts';
import type { Expr, Stmt } from '../ir.ts';
import { uses, visit } from '../walk.ts';
import { code, field, hole } from './packed.ts';

/** One case. Temporaries are renamed t0, t1 ...: the switch shares them. */
export class CasePrinter implements Names {
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

/** To the next instruction of a sequence, whose slot is as it would be alone: its word, and the address of its operand, if it has one. */
export function nextSlot(body: readonly Stmt[]): Node[] {
  const next = [assign(id('o'), int(binary('+', id('o'), lit(4)))), assign(id('w'), code(0))];
  let hasAddress = false;
  for (const s of body) uses(s, (e) => visit(e, (leaf) => void (hasAddress ||= leaf.k === 'h' && leaf.name === 'ea')));
  if (!hasAddress) return next;
  const register = (shift: number): Node => at(id('R'), field(shift, 15));
  const index = binary('<<', register(22), field(26, 3));
  return [...next, assign(id('a'), int(binary('+', binary('+', register(18), index), code(2))))];
}
