// Encode: a region's function as WebAssembly (WebAssembly core specification 2.0, chapter 5.4). The tree is the one that
// `print` makes, whose asm.js types say all there is to know: an int is an i32, a double an f64. Engines compile
// WebAssembly in two tiers, the first of which costs a tenth of what asm.js does.
//
// Deviations from the text: `~~x` of what is no int32 saturates; a float is kept as the double of the same value.

import { REGION_STOPS } from '../src/cpu/regions.ts';
import { F64, I32, unsigned } from '../src/isa/wasm.ts';
import type { Node } from './estree.ts';
import type { Bytes } from './wasm-bytes.ts';

/** A function from outside: all of its parameters are ints, and so is the result, unless there is none. */
export interface Import {
  readonly name: string;
  readonly parameters: number;
  readonly results: number;
  readonly index: number;
}

/** Of a module, by their names. */
export type Imports = Map<string, Import>;

/** Number of the type of regions and of `next`: no parameters, an int. */
export const REGION_TYPE = 0;

/** The type of a block that leaves no value. */
const EMPTY = 0x40;

/** How a view is accessed: opcode of the load, of the store, power of two of the size. */
interface View {
  readonly load: number;
  readonly store: number;
  readonly power: number;
}

const view = (load: number, store: number, power: number): View => ({ load, store, power });
const VIEWS: ReadonlyMap<string, View> = new Map([
  ['H8', view(0x2c, 0x3a, 0)],
  ['H16', view(0x2e, 0x3b, 1)],
  ['H32', view(0x28, 0x36, 2)],
  ['F32', view(0x2a, 0x38, 2)],
  ['F64', view(0x2b, 0x39, 3)],
]);
const INT: ReadonlyMap<string, number> = new Map([
  ['+', 0x6a],
  ['-', 0x6b],
  ['&', 0x71],
  ['|', 0x72],
  ['^', 0x73],
  ['<<', 0x74],
  ['>>', 0x75],
  ['>>>', 0x76],
  ['==', 0x46],
  ['!=', 0x47],
]);
const DOUBLE: ReadonlyMap<string, number> = new Map([
  ['+', 0xa0],
  ['-', 0xa1],
  ['*', 0xa2],
  ['/', 0xa3],
  ['==', 0x61],
  ['!=', 0x62],
  ['<', 0x63],
  ['>', 0x64],
  ['<=', 0x65],
  ['>=', 0x66],
]);
/** Signed and unsigned. */
const ORDER: ReadonlyMap<string, readonly [number, number]> = new Map([
  ['<', [0x48, 0x49]],
  ['>', [0x4a, 0x4b]],
  ['<=', [0x4c, 0x4d]],
  ['>=', [0x4e, 0x4f]],
]);
const COMPARES = new Set(['<', '>', '<=', '>=', '==', '!=']);
/** Functions that are instructions; of doubles unless they are of ints. */
const INSTRUCTIONS: ReadonlyMap<string, readonly number[]> = new Map([
  ['imul', [0x6c]],
  ['clz', [0x67]],
  ['fabs', [0x99]],
  ['fsqrt', [0x9f]],
  ['fround', [0xb6, 0xbb]],
]);
const OF_INTS = new Set(['imul', 'clz']);
// i64.extend_i32_s and _u; i64.const 32; the word as the high one; the two as one; i32.wrap_i64.
const SIGNED = 0xac;
const UNSIGNED = 0xad;
const BY_32 = [0x42, 0x20];
const AS_HIGH = [UNSIGNED, ...BY_32, 0x86];
const AS_LOW = [UNSIGNED, 0x84];
const WRAP = 0xa7;
/**
 * Functions of src/isa/wide.ts, which are a few instructions here: what follows each argument. (i64.mul and shr_u;
 * i64.div_u, div_s; f64.reinterpret_i64.)
 */
const WIDE: ReadonlyMap<string, readonly (readonly number[])[]> = new Map([
  ['mulhu', [[UNSIGNED], [UNSIGNED, 0x7e, ...BY_32, 0x88, WRAP]]],
  ['divu', [AS_HIGH, AS_LOW, [UNSIGNED, 0x80, WRAP]]],
  ['divs', [AS_HIGH, AS_LOW, [SIGNED, 0x7f, WRAP]]],
  ['joined', [AS_HIGH, [...AS_LOW, 0xbf]]],
]);

interface Local {
  readonly index: number;
  readonly double: boolean;
}

const NO_LABEL = '';

export class FunctionEncoder {
  readonly #out: Bytes;
  readonly #imports: Imports;
  readonly #locals = new Map<string, Local>();
  /** Enclosing blocks, innermost last: labels that break out of them, that go on with them. */
  readonly #breaks: string[] = [];
  readonly #continues: string[] = [];

  /** `imports`: of the module; what is called is added. */
  constructor(imports: Imports, out: Bytes) {
    this.#imports = imports;
    this.#out = out;
  }

  /**
   * Writes the locals and the instructions of a function (chapter 5.5.13), without its size. `leadsOn`: it is a region,
   * which ends by calling the next one in its place, where there is one (see chain.ts).
   */
  encode(tree: Node, leadsOn: boolean): void {
    const [declared, ...rest] = tree.body.body as Node[];
    const last = rest.pop();
    // Ints first, so that there are two groups.
    const isDouble = (d: Node): boolean => d.init.raw?.includes('.') === true;
    const all = declared.declarations as Node[];
    const doubles = all.filter(isDouble);
    const declarations = [...all.filter((d) => !isDouble(d)), ...doubles];
    const ints = declarations.length - doubles.length;
    declarations.forEach((d: Node, index: number) => {
      this.#locals.set(d.id.name, { index, double: index >= ints });
    });
    const out = this.#out;
    out.put([0x02, ...unsigned(ints), I32, ...unsigned(doubles.length), F64]);
    this.#list(rest);
    if (leadsOn) this.#leadOn(last.argument.left.name, 'ip');
    else this.#int(last.argument);
    out.byte(0x0b);
  }

  /**
   * Each region has an indirect jump of its own, which processors predict where one for all of them is missed. `answer`:
   * the local that has the region's; `free`: one that is not used any more.
   */
  #leadOn(answer: string, free: string): void {
    const out = this.#out;
    const rc = unsigned(this.#local(answer).index);
    const next = unsigned(this.#local(free).index);
    // i32.const; i32.and; if
    const ifStopped = [0x41, REGION_STOPS, 0x71, 0x04, EMPTY];
    const giveBack = [0x20, ...rc, 0x0f, 0x0b];
    out.put([0x20, ...rc, ...ifStopped, 0x20, ...rc, 0x10]);
    out.unsigned(this.#imported('stopped', 1));
    out.put([0x22, ...rc, ...ifStopped, ...giveBack, 0x0b]);
    out.byte(0x10);
    out.unsigned(this.#imported('next', 0));
    // local.tee; i32.const 0; i32.lt_s; if: there is none
    out.put([0x22, ...next, 0x41, 0x00, 0x48, 0x04, EMPTY, ...giveBack]);
    out.put([0x20, ...next, 0x13, REGION_TYPE, 0x00]);
  }

  #list(list: readonly Node[]): void {
    for (let k = 0; k < list.length; k++) this.#statement(list[k]);
  }

  #statement(s: Node): void {
    const out = this.#out;
    switch (s.type) {
      case 'ExpressionStatement':
        if (s.expression.type === 'AssignmentExpression') this.#assignment(s.expression);
        else this.#call(s.expression);
        return;
      case 'BlockStatement':
        if (s.wordOf) {
          this.#double(s.wordOf.of);
          // i64.reinterpret_f64; the high word: i64.const 32, i64.shr_u; i32.wrap_i64; local.set
          out.put(s.wordOf.high ? [0xbd, 0x42, 0x20, 0x88, 0xa7, 0x21] : [0xbd, 0xa7, 0x21]);
          out.unsigned(this.#local(s.wordOf.to.name).index);
          return;
        }
        this.#list(s.body);
        return;
      case 'IfStatement':
        if (s.direct) {
          this.#statement(s.direct);
          return;
        }
        this.#int(s.test);
        this.#begin(0x04, NO_LABEL, NO_LABEL);
        this.#list(s.consequent.body);
        if (s.alternate) {
          out.byte(0x05);
          this.#list(s.alternate.body);
        }
        this.#end();
        return;
      case 'LabeledStatement':
        this.#begin(0x02, s.label.name, NO_LABEL);
        if (s.body.type === 'ForStatement') this.#loop(s.label.name, s.body.body);
        else this.#list(s.body.body);
        this.#end();
        return;
      case 'ReturnStatement':
        this.#int(s.argument);
        out.byte(0x0f);
        return;
      case 'BreakStatement':
        this.#branch(this.#breaks, s.label.name);
        return;
      case 'ContinueStatement':
        this.#branch(this.#continues, s.label.name);
        return;
    }
    throw new Error(`${s.type} in a region`);
  }

  #loop(name: string, body: Node): void {
    this.#begin(0x03, NO_LABEL, name);
    this.#list(body.body);
    this.#branch(this.#continues, name);
    this.#end();
  }

  #begin(opcode: number, breaks: string, continues: string): void {
    this.#out.byte(opcode);
    this.#out.byte(EMPTY);
    this.#breaks.push(breaks);
    this.#continues.push(continues);
  }

  #end(): void {
    this.#breaks.pop();
    this.#continues.pop();
    this.#out.byte(0x0b);
  }

  #branch(labels: readonly string[], name: string): void {
    const at = labels.lastIndexOf(name);
    if (at < 0) throw new Error('a branch to no label');
    this.#out.byte(0x0c);
    this.#out.unsigned(labels.length - 1 - at);
  }

  #assignment({ left, right }: Node): void {
    const out = this.#out;
    if (left.type === 'Identifier') {
      const local = this.#local(left.name);
      if (local.double) this.#double(right);
      else this.#int(right);
      out.byte(0x21);
      out.unsigned(local.index);
      return;
    }
    const { store, power } = VIEWS.get(left.object.name) as View;
    const offset = this.#address(left, power);
    if (left.object.name === 'F64') this.#double(right);
    else if (left.object.name === 'F32') {
      this.#double(right);
      out.byte(0xb6);
    } else this.#int(right);
    out.byte(store);
    out.unsigned(power);
    out.unsigned(offset);
  }

  /** Pushes the address of an element; returns what is to be added to it. */
  #address(e: Node, power: number): number {
    const index = e.property;
    if (index.type === 'Literal') {
      this.#constant(0);
      return index.value * (1 << power);
    }
    if (index.type !== 'BinaryExpression' || index.operator !== '>>') throw new Error('an index without a shift');
    this.#int(index.left);
    return 0;
  }

  #load(e: Node): void {
    const { load, power } = VIEWS.get(e.object.name) as View;
    const offset = this.#address(e, power);
    this.#out.byte(load);
    this.#out.unsigned(power);
    this.#out.unsigned(offset);
  }

  #local(name: string): Local {
    const local = this.#locals.get(name);
    if (!local) throw new Error(`no local ${name}`);
    return local;
  }

  #constant(v: number): void {
    this.#out.byte(0x41);
    this.#out.signed(v | 0);
  }

  #int(e: Node): void {
    const out = this.#out;
    switch (e.type) {
      case 'Literal':
        this.#constant(e.value);
        return;
      case 'Identifier': {
        const local = this.#local(e.name);
        if (local.double) throw new Error('a double for an int');
        out.byte(0x20);
        out.unsigned(local.index);
        return;
      }
      case 'UnaryExpression':
        this.#unary(e);
        return;
      case 'BinaryExpression':
        this.#binary(e);
        return;
      case 'ConditionalExpression':
        this.#int(e.consequent);
        this.#int(e.alternate);
        this.#int(e.test);
        out.byte(0x1b);
        return;
      case 'CallExpression':
        this.#call(e);
        return;
      case 'MemberExpression':
        this.#load(e);
        return;
    }
    throw new Error(`${e.type} in a region`);
  }

  #unary(e: Node): void {
    if (e.operator === '~' && e.argument.type === 'UnaryExpression' && e.argument.operator === '~') {
      if (this.#isDouble(e.argument.argument)) {
        this.#double(e.argument.argument);
        this.#out.put([0xfc, 0x02]);
        return;
      }
    }
    if (e.operator === '-' && e.argument.type === 'Literal') {
      this.#constant(-e.argument.value);
      return;
    }
    if (e.operator === '-') {
      this.#constant(0);
      this.#int(e.argument);
      this.#out.byte(0x6b);
      return;
    }
    if (e.operator !== '~') throw new Error(`unary ${e.operator}`);
    this.#int(e.argument);
    this.#constant(-1);
    this.#out.byte(0x73);
  }

  #binary(e: Node): void {
    const { operator, left, right } = e;
    const out = this.#out;
    // A coercion is for asm.js only.
    if ((operator === '|' || operator === '>>>') && right.type === 'Literal' && right.value === 0) {
      this.#int(left);
      return;
    }
    if (COMPARES.has(operator) && (this.#isDouble(left) || this.#isDouble(right))) {
      this.#double(left);
      this.#double(right);
      out.byte(DOUBLE.get(operator) as number);
      return;
    }
    this.#int(left);
    this.#int(right);
    const order = ORDER.get(operator);
    if (order) out.byte(order[isUnsigned(left) || isUnsigned(right) ? 1 : 0]);
    else if (operator === '/') out.byte(isUnsigned(left) ? 0x6e : 0x6d);
    else out.byte(INT.get(operator) as number);
  }

  #call(e: Node): void {
    const { name } = e.callee;
    const wide = WIDE.get(name);
    if (wide) {
      e.arguments.forEach((a: Node, k: number) => {
        this.#int(a);
        this.#out.put(wide[k] as readonly number[]);
      });
      return;
    }
    const instruction = INSTRUCTIONS.get(name);
    for (const a of e.arguments) {
      if (instruction && !OF_INTS.has(name)) this.#double(a);
      else this.#int(a);
    }
    if (instruction) {
      this.#out.put(instruction);
      return;
    }
    this.#out.byte(0x10);
    this.#out.unsigned(this.#imported(name, e.arguments.length));
  }

  #imported(name: string, parameters: number): number {
    const known = this.#imports.get(name);
    if (known) return known.index;
    const index = this.#imports.size;
    this.#imports.set(name, { name, parameters, results: name === 'visit' ? 0 : 1, index });
    return index;
  }

  #isDouble(e: Node): boolean {
    switch (e.type) {
      case 'Literal':
        return e.raw !== undefined && /[.e]/.test(e.raw);
      case 'Identifier':
        return this.#local(e.name).double;
      case 'UnaryExpression':
        return e.operator === '+' || (e.operator === '-' && this.#isDouble(e.argument));
      case 'BinaryExpression':
        return (
          DOUBLE.has(e.operator) && !COMPARES.has(e.operator) && (this.#isDouble(e.left) || this.#isDouble(e.right))
        );
      case 'CallExpression':
        return e.callee.name === 'joined' || (INSTRUCTIONS.has(e.callee.name) && !OF_INTS.has(e.callee.name));
      case 'MemberExpression':
        return e.object.name === 'F64' || e.object.name === 'F32';
      case 'ConditionalExpression':
        return this.#isDouble(e.consequent);
    }
    return false;
  }

  #double(e: Node): void {
    const out = this.#out;
    switch (e.type) {
      case 'Literal':
        out.double(e.value);
        return;
      case 'Identifier':
        out.byte(0x20);
        out.unsigned(this.#local(e.name).index);
        if (!this.#local(e.name).double) out.byte(0xb7);
        return;
      case 'UnaryExpression':
        if (e.operator === '+') {
          if (this.#isDouble(e.argument)) this.#double(e.argument);
          else {
            this.#int(e.argument);
            out.byte(isUnsigned(e.argument) ? 0xb8 : 0xb7);
          }
        } else {
          this.#double(e.argument);
          out.byte(0x9a);
        }
        return;
      case 'BinaryExpression':
        this.#double(e.left);
        this.#double(e.right);
        out.byte(DOUBLE.get(e.operator) as number);
        return;
      case 'CallExpression':
        this.#call(e);
        return;
      case 'ConditionalExpression':
        this.#double(e.consequent);
        this.#double(e.alternate);
        this.#int(e.test);
        out.byte(0x1b);
        return;
      case 'MemberExpression':
        this.#load(e);
        if (e.object.name === 'F32') out.byte(0xbb);
        return;
    }
    throw new Error(`${e.type} for a double`);
  }
}

function isUnsigned(e: Node): boolean {
  return e.type === 'BinaryExpression' && e.operator === '>>>';
}
