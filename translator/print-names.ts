// What a region's cells are called: temporaries and state live in locals of its function, or have a fixed place in the
// register file.

import { WORD } from '../src/isa/register-file.ts';
import type { Expr, Type } from './ir.ts';
import { DOUBLE_LANES, WORD_LANES } from './lanes.ts';
import { SUNK } from './passes/liveness.ts';
import { typeOfSlot } from './passes/slots.ts';
import { ByTemporary } from './temporaries.ts';
import { VECTOR_LANES } from './vectors.ts';
import type { Cell, Fixed, Held, Local, Names } from './writer.ts';

const REGISTERS = ['eax', 'ecx', 'edx', 'ebx', 'esp', 'ebp', 'esi', 'edi'];

/** Locals that are no state: the answer, where it goes on, the budget, the entry's page, the shadow table, a scratch. */
const OWN_LOCALS = ['rc', 'ip', 'cnt', 'pb', 'tab', 'a'] as const;

export class RegionNames implements Names {
  /** By their indices. */
  readonly locals: Local[] = [];
  /** Locals that are state: loaded at entry, stored in the epilogue. */
  readonly held: Held[] = [];
  /** Locals of temporaries: what they are called; those that were asked for. */
  readonly #slots: ByTemporary<string>;
  readonly #temporaries = new ByTemporary<Local>();
  readonly #registersAt: number;
  readonly #byName = new Map<string, Local>();
  /** Words of the register file. */
  readonly #words = new Map<number, Fixed>();

  /**
   * `slots`: names of the locals for temporaries; several may share one (see passes/slots.ts). `registersAt`: byte offset
   * of the register file in the heap.
   */
  constructor(slots: ByTemporary<string>, registersAt: number) {
    this.#slots = slots;
    this.#registersAt = registersAt;
    for (const name of OWN_LOCALS) this.#local(name, 'int');
  }

  own(name: (typeof OWN_LOCALS)[number]): Local {
    return this.#byName.get(name) as Local;
  }

  cell(e: Expr): Cell {
    switch (e.k) {
      case 't':
        return this.temporary(e.i);
      case 's':
        return this.#state(e.name);
      case 'r':
        if (e.n.k !== 'n') throw new Error('a register that is not known at translation time');
        return this.#element(e.array, e.n.v);
    }
    throw new Error(`${e.k} is no cell`);
  }

  /** @throws Error for one that is never live. */
  temporary(i: number): Local {
    const known = this.#temporaries.get(i);
    if (known) return known;
    const name = this.#slots.get(i);
    if (name === undefined) throw new Error(`temporary ${i} is never live`);
    const local = this.#byName.get(name) ?? this.#local(name, typeOfSlot(name));
    this.#temporaries.set(i, local);
    return local;
  }

  #state(name: string): Cell {
    const known = this.#byName.get(name);
    if (known) return known;
    if (name === 'rpc') return this.#local(name, 'int');
    const at = (WORD as Record<string, number>)[name];
    if (at === undefined) throw new Error(`no word for ${name}`);
    return SUNK.has(name) || name === 'fcw' ? this.#hold(name, this.word(at)) : this.word(at);
  }

  #element(array: string, n: number): Cell {
    if (array === 'reg') {
      const name = REGISTERS[n] as string;
      return this.#byName.get(name) ?? this.#hold(name, this.word(n));
    }
    if (array === 'words')
      return n >= WORD.fpr && n < WORD.fpr + 32 ? this.#hold(x87Name(n), this.word(n)) : this.word(n);
    // By their indices: see word.
    if (array === 'doubles') return this.double('F64', n);
    if (array === DOUBLE_LANES) return this.#hold(doubleName(n), this.double('F64', n));
    if (array === WORD_LANES) return this.#hold(wordName(n), this.word(n));
    if (array === VECTOR_LANES)
      return this.#hold(`x${n - WORD.xmm / 4}`, { k: 'fixed', view: 'V128', index: this.#registersAt / 16 + n });
    if (array === 'singles') return this.double('F32', n);
    return this.word(((WORD as Record<string, number>)[array] as number) + n);
  }

  #local(name: string, type: Type): Local {
    const made: Local = { k: 'local', name, index: this.locals.length, type };
    this.locals.push(made);
    this.#byName.set(name, made);
    return made;
  }

  /** A local that is state, and where in the register file. */
  #hold(name: string, at: Fixed): Local {
    const known = this.#byName.get(name);
    if (known) return known;
    const local = this.#local(name, at.view === 'V128' ? 'vector' : at.view === 'F64' ? 'double' : 'int');
    this.held.push({ local, at });
    return local;
  }

  /** A float of the register file, by its index in that view of it. */
  double(view: 'F32' | 'F64', n: number): Fixed {
    return { k: 'fixed', view, index: this.#registersAt / (view === 'F64' ? 8 : 4) + n };
  }

  /** A word of the register file, by its number. */
  word(word: number): Fixed {
    let made = this.#words.get(word);
    if (!made) {
      made = { k: 'fixed', view: 'H32', index: this.#registersAt / 4 + word };
      this.#words.set(word, made);
    }
    return made;
  }
}

/** Names of the locals for the lanes of XMM registers: x0l, x0h; as words, x0w0 to x0w3. */
const doubleName = (n: number): string => `x${(n - WORD.xmm / 2) >> 1}${n & 1 ? 'h' : 'l'}`;
const wordName = (n: number): string => `x${(n - WORD.xmm) >> 2}w${n & 3}`;

/** Name of the local for a word of an x87 register: st3lo, st3hi, st3se for physical register 3. */
const x87Name = (n: number): string => `st${(n - WORD.fpr) >> 2}${['lo', 'hi', 'se', ''][n & 3]}`;
