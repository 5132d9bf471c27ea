// Expressions of the residual language as WebAssembly: each pushes its value.

import { type Expr, isDouble } from './ir.ts';
import type { Bytes } from './wasm-bytes.ts';
import {
  BY_32,
  BY_64,
  CALL,
  DOUBLE_OF_DOUBLES,
  FROM_INT,
  FROM_UNSIGNED,
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
} from './wasm-opcodes.ts';
import type { Cell, Local, Names } from './writer.ts';

/** A function from outside: all of its parameters are ints, and so is the result, unless there is none. */
export interface Import {
  readonly name: string;
  readonly parameters: number;
  readonly results: number;
  readonly index: number;
}

/** Of a module, by their names. */
export type Imports = Map<string, Import>;

/** The number of an import of the module, which has it from then on. */
export function importIndex(imports: Imports, name: string, parameters: number, results: number): number {
  let known = imports.get(name);
  if (!known) {
    known = { name, parameters, results, index: imports.size };
    imports.set(name, known);
  }
  return known.index;
}

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
          if (cell.isDouble) throw new Error('a double for an int');
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
    else if (!this.#wide(f, args)) this.callImport(f, args, 1);
  }

  /** Doubles, and what is done with them. */
  #ofDoubles(args: readonly Expr[], code: readonly number[]): void {
    for (let k = 0; k < args.length; k++) this.double(args[k] as Expr);
    this.#out.put(code);
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
          if (!cell.isDouble) out.byte(FROM_INT);
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
    } else if (!this.#wide(f, args)) throw new Error(`${f} in a region`);
  }

  /** Calls an import with ints; `results`: 0 or 1, which it pushes. */
  callImport(f: string, args: readonly Expr[], results: number): void {
    for (let k = 0; k < args.length; k++) this.int(args[k] as Expr);
    this.call(f, args.length, results);
  }

  /** The same with arguments that were pushed. */
  call(name: string, parameters: number, results: number): void {
    this.#out.byte(CALL);
    this.#out.unsigned(importIndex(this.#imports, name, parameters, results));
  }
}

/** Loads from or stores to an address that was pushed, and `offset` bytes more. */
export function access(opcode: number, power: number, offset: number, out: Bytes): void {
  out.byte(opcode);
  out.unsigned(power);
  out.unsigned(offset);
}

/** The same at address 0, for a place that is always the same. */
export function fixed({ view, index }: Cell & { k: 'fixed' }, out: Bytes, isLoad: boolean): void {
  const by = view === 'H32' ? BY_32 : view === 'F64' ? BY_64 : SINGLE;
  access(isLoad ? by.load : by.store, by.power, index * (1 << by.power), out);
}
