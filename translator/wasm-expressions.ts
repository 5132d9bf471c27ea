// Expressions of the residual language as WebAssembly: each pushes its value.

import { X87_RESULT } from '../src/isa/x87/unit.ts';
import { type Expr, isDouble, type Type } from './ir.ts';
import type { Bytes } from './wasm-bytes.ts';
import {
  BY_32,
  BY_64,
  BY_128,
  CALL,
  DOUBLE_OF_DOUBLES,
  FROM_INT,
  FROM_UNSIGNED,
  GLOBAL_GET,
  I32_CONST,
  I32_XOR,
  INT,
  INT_OF_DOUBLES,
  LOCAL_GET,
  OF_INTS,
  PROMOTE,
  SELECT,
  SINGLE,
  WIDE,
  WRAPPED,
  WRAPPED_HIGH,
} from './wasm-opcodes.ts';
import { VECTOR_OPERATIONS } from './wasm-vectors.ts';
import type { Cell, Local, Names } from './writer.ts';

/** A function from outside: all of its parameters are ints, and so is the result, unless there is none. */
export interface Import {
  readonly name: string;
  readonly parameters: number;
  readonly results: number;
  readonly index: number;
}

/** What a module has from outside. */
export class Imports {
  readonly functions = new Map<string, Import>();
  /** Names of variables of 64 bits, in the order of their numbers. */
  readonly globals: string[] = [];

  /** The number of a function, which the module has from then on. */
  functionIndex(name: string, parameters: number, results: number): number {
    let known = this.functions.get(name);
    if (!known) {
      known = { name, parameters, results, index: this.functions.size };
      this.functions.set(name, known);
    }
    return known.index;
  }

  /** The number of a variable, which the module has from then on. */
  globalIndex(name: string): number {
    const known = this.globals.indexOf(name);
    return known >= 0 ? known : this.globals.push(name) - 1;
  }
}

const isX87Word = (f: string): f is 'x87lo' | 'x87hi' => f === 'x87lo' || f === 'x87hi';

export class WasmExpressions {
  readonly #names: Names;
  readonly #imports: Imports;
  readonly #out: Bytes;

  /** `imports`: of the module; what is called is added. `out`: the function's body. */
  constructor(names: Names, imports: Imports, out: Bytes) {
    this.#names = names;
    this.#imports = imports;
    this.#out = out;
  }

  /** LOCAL_GET, LOCAL_SET or LOCAL_TEE of a local. */
  local(opcode: number, { index }: Local): void {
    this.#out.byte(opcode);
    this.#out.unsigned(index);
  }

  /** Pushes an int32. */
  constant(v: number): void {
    this.#out.byte(I32_CONST);
    this.#out.signed(v | 0);
  }

  /**
   * Pushes an int.
   * @throws Error for an expression that is none
   */
  int(e: Expr): void {
    const out = this.#out;
    switch (e.k) {
      case 'n':
        this.constant(e.v);
        return;
      case 't':
      case 's':
      case 'r': {
        const cell = this.#names.cell(e);
        if (cell.k === 'local') {
          if (cell.type !== 'int') throw new Error(`a ${cell.type} for an int`);
          this.local(LOCAL_GET, cell);
          return;
        }
        this.constant(0);
        fixed(cell, out, true);
        return;
      }
      case 'b':
        this.int(e.a);
        this.int(e.b);
        out.byte(INT.get(e.op) as number);
        return;
      case 'u':
        this.int(e.a);
        this.constant(-1);
        out.byte(I32_XOR);
        return;
      case 'q':
        this.int(e.a);
        this.int(e.b);
        this.int(e.test);
        out.byte(SELECT);
        return;
      case 'c':
        this.#intCall(e);
        return;
    }
    throw new Error(`${e.k} for an int`);
  }

  #intCall({ f, args }: Expr & { k: 'c' }): void {
    const out = this.#out;
    const ofInts = OF_INTS.get(f);
    const ofDoubles = INT_OF_DOUBLES.get(f);
    if (ofInts !== undefined) {
      for (let k = 0; k < args.length; k++) this.int(args[k] as Expr);
      out.byte(ofInts);
    } else if (ofDoubles) this.#ofDoubles(args, ofDoubles);
    else if (isX87Word(f)) this.#x87Word(f);
    else if (!this.#wide(f, args) && !this.#ofVectors(f, args)) this.callImport(f, args, 1);
  }

  /** Doubles, and what is done with them. */
  #ofDoubles(args: readonly Expr[], code: readonly number[]): void {
    for (let k = 0; k < args.length; k++) this.double(args[k] as Expr);
    this.#out.put(code);
  }

  /** A word of the x87's last result, which a call has left in its variable: no call is needed for it. */
  #x87Word(f: 'x87lo' | 'x87hi'): void {
    this.#out.byte(GLOBAL_GET);
    this.#out.unsigned(this.#imports.globalIndex(X87_RESULT));
    this.#out.put(f === 'x87lo' ? WRAPPED : WRAPPED_HIGH);
  }

  /** Whether it is one of the functions that are a few instructions. */
  #wide(f: string, args: readonly Expr[]): boolean {
    const wide = WIDE.get(f);
    if (!wide) return false;
    for (let k = 0; k < args.length; k++) {
      this.int(args[k] as Expr);
      this.#out.put(wide[k] as readonly number[]);
    }
    return true;
  }

  /** Pushes a double: of an int, the same number. */
  double(e: Expr): void {
    const out = this.#out;
    switch (e.k) {
      case 'n':
      case 'd':
        out.double(e.v);
        return;
      case 't':
      case 's':
      case 'r': {
        const cell = this.#names.cell(e);
        if (cell.k === 'local') {
          this.local(LOCAL_GET, cell);
          if (cell.type === 'int') out.byte(FROM_INT);
          return;
        }
        this.constant(0);
        fixed(cell, out, true);
        if (cell.view === 'F32') out.byte(PROMOTE);
        else if (cell.view === 'H32') out.byte(FROM_INT);
        return;
      }
      case 'c':
        if (isDouble(e)) {
          this.#doubleCall(e);
          return;
        }
    }
    this.int(e);
    out.byte(e.k === 'b' && e.op === '>>>' ? FROM_UNSIGNED : FROM_INT);
  }

  #doubleCall({ f, args }: Expr & { k: 'c' }): void {
    const ofDoubles = DOUBLE_OF_DOUBLES.get(f);
    if (ofDoubles) this.#ofDoubles(args, ofDoubles);
    else if (f === 'fromInt') {
      this.int(args[0] as Expr);
      this.#out.byte(FROM_INT);
    } else if (!this.#wide(f, args) && !this.#ofVectors(f, args)) throw new Error(`${f} in a region`);
  }

  /** Pushes a value of a type. */
  value(type: Type, e: Expr): void {
    if (type === 'int') this.int(e);
    else if (type === 'double') this.double(e);
    else this.vector(e);
  }

  /** Pushes a vector. */
  vector(e: Expr): void {
    if (e.k === 'c') {
      if (!this.#ofVectors(e.f, e.args)) throw new Error(`${e.f} for a vector`);
      return;
    }
    const cell = this.#names.cell(e);
    if (cell.k !== 'local' || cell.type !== 'vector') throw new Error(`${e.k} for a vector`);
    this.local(LOCAL_GET, cell);
  }

  /** Whether it is a function on vectors; its last arguments may be numbers, which are part of its code. */
  #ofVectors(f: string, args: readonly Expr[]): boolean {
    const known = VECTOR_OPERATIONS.get(f);
    if (!known) return false;
    const { takes, code } = known;
    takes.forEach((type, k) => {
      this.value(type, args[k] as Expr);
    });
    this.#out.put(code);
    for (let k = takes.length; k < args.length; k++) this.#out.byte((args[k] as Expr & { k: 'n' }).v);
    return true;
  }

  /** Calls an import with ints; `results`: 0 or 1, which it pushes. */
  callImport(f: string, args: readonly Expr[], results: number): void {
    for (let k = 0; k < args.length; k++) this.int(args[k] as Expr);
    this.call(f, args.length, results);
  }

  /** The same with arguments that were pushed. */
  call(name: string, parameters: number, results: number): void {
    this.#out.byte(CALL);
    this.#out.unsigned(this.#imports.functionIndex(name, parameters, results));
  }
}

/** Loads from or stores to an address that was pushed, and `offset` bytes more. */
export function access(opcode: number, power: number, offset: number, out: Bytes): void {
  if (opcode > 0xff) out.byte(opcode >> 8);
  out.byte(opcode & 0xff);
  out.unsigned(power);
  out.unsigned(offset);
}

/** The same at address 0, for a place that is always the same. */
export function fixed({ view, index }: Cell & { k: 'fixed' }, out: Bytes, isLoad: boolean): void {
  const by = view === 'H32' ? BY_32 : view === 'F64' ? BY_64 : view === 'V128' ? BY_128 : SINGLE;
  access(isLoad ? by.load : by.store, by.power, index * (1 << by.power), out);
}
