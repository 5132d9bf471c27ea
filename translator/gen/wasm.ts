// Encodes the fast interpreter as WebAssembly (WebAssembly core specification 2.0, chapter 5): the tree that is printed as
// JavaScript, which is of few constructs. All values are ints. H8, H16 and H32 are the heap; R, CODE, TAGS and LINKS are parts of
// it that lie elsewhere in each machine: their offsets are as wide as any, and src/cpu/interpret.ts adds where they begin.

import { parse } from 'acorn';
import { I32, padded, unsigned } from '../../src/isa/wasm.ts';
import { binary, id, lit, type Node } from '../estree.ts';
import { Bytes } from '../wasm-bytes.ts';
import { Imports } from '../wasm-expressions.ts';
import { encodeModule } from '../wasm-module.ts';
import {
  accessOf,
  BLOCK,
  BR,
  BR_IF,
  BR_TABLE,
  CALL,
  ELSE,
  EMPTY,
  END,
  I32_AND,
  I32_CONST,
  I32_EQZ,
  I32_OR,
  I32_SUB,
  I32_XOR,
  IF,
  INT,
  LOCAL_GET,
  LOCAL_SET,
  LOOP,
  OF_INTS,
  RETURN,
  SELECT,
  UNREACHABLE,
  WIDE,
} from '../wasm-opcodes.ts';

/** What is only known once there is a machine: where arrays of words begin in the heap; a number. */
export const PLACED = ['R', 'CODE', 'TAGS', 'LINKS', 'overshoot'] as const;
export type Placed = (typeof PLACED)[number];

export interface Encoded {
  readonly bytes: Uint8Array;
  /** Positions in `bytes` of padded numbers to which it is added. */
  readonly positions: Readonly<Record<Placed, readonly number[]>>;
}

const VIEWS: Readonly<Record<string, number>> = { H8: 8, H16: 16, H32: 32 };
/** Comparisons by JavaScript's operators: of ints, and of what `>>> 0` makes. */
const COMPARED: Readonly<Record<string, readonly [signed: string, unsigned: string]>> = {
  '===': ['eq', 'eq'],
  '!==': ['ne', 'ne'],
  '<': ['lt', 'ltu'],
  '>': ['gt', 'gtu'],
  '<=': ['le', 'leu'],
  '>=': ['ge', 'geu'],
};
/** Conditions, where nothing that is looked at changes anything; the quotient, which is that of `>>> 0`. */
const OTHERS: Readonly<Record<string, number>> = { '&&': I32_AND, '||': I32_OR, '/': OF_INTS.get('divw') as number };
/** The call that stands for the dispatch; the arms lead on behind the block with this label. */
export const DISPATCH = 'dispatch';
const NEXT = 'next';
/** The loop, and an `if`: they have no label in JavaScript. */
const AGAIN = 'for';
const OF_IF = 'if';

/** `made`: a module whose first declaration is a function that returns the function to encode; `arms`, by number from 1. */
export function encode(made: string, arms: readonly (readonly Node[])[]): Encoded {
  const [declared] = parse(made, { ecmaVersion: 2022, sourceType: 'module' }).body as Node[];
  const maker = declared.declaration;
  const { id: own, params, body } = maker.body.body[0].argument;
  const encoder = new Encoder(
    params.map((p: Node) => p.name),
    arms,
  );
  encoder.statements(body.body);
  return encoder.module(own.name);
}

class Encoder {
  readonly #arms: readonly (readonly Node[])[];
  readonly #parameters: number;
  readonly #locals = new Map<string, number>();
  readonly #imports = new Imports();
  readonly #out = new Bytes();
  readonly #positions: Record<Placed, number[]> = { R: [], CODE: [], TAGS: [], LINKS: [], overshoot: [] };
  /** Enclosing blocks, innermost last. */
  readonly #labels: string[] = [];

  constructor(parameters: readonly string[], arms: readonly (readonly Node[])[]) {
    this.#arms = arms;
    this.#parameters = parameters.length;
    for (const p of parameters) this.#locals.set(p, this.#locals.size);
  }

  statements(list: readonly Node[]): void {
    for (const s of list) this.#statement(s);
  }

  /** The module, once all statements are written: it exports the function. */
  module(own: string): Encoded {
    const body = new Bytes();
    body.put([1, ...unsigned(this.#locals.size - this.#parameters), I32]);
    const first = body.length;
    body.put(this.#out.bytes());
    body.byte(END);
    const code = new Bytes();
    code.sized(body);
    const exported = { name: own, parameters: this.#parameters, results: 1 };
    const { bytes, codeAt } = encodeModule(this.#imports, [exported], code.bytes(), false);
    const moved = codeAt + code.length - body.length + first;
    const positions = Object.fromEntries(PLACED.map((p) => [p, this.#positions[p].map((at) => at + moved)]));
    return { bytes, positions: positions as Record<Placed, number[]> };
  }

  #statement(s: Node): void {
    const out = this.#out;
    switch (s.type) {
      case 'VariableDeclaration':
        for (const { id: own, init } of s.declarations) {
          this.#locals.set(own.name, this.#locals.size);
          this.#setLocal(own.name, init);
        }
        return;
      case 'ExpressionStatement':
        if (s.expression.type === 'CallExpression' && s.expression.callee.name === DISPATCH) this.#dispatch();
        else this.#assign(s.expression);
        return;
      case 'BlockStatement':
        this.statements(s.body);
        return;
      case 'IfStatement':
        this.#if(s);
        return;
      case 'LabeledStatement':
        this.#open(BLOCK, s.label.name);
        this.#statement(s.body);
        this.#close();
        return;
      case 'ForStatement':
        this.#open(LOOP, AGAIN);
        this.#statement(s.body);
        this.#branch(BR, AGAIN);
        this.#close();
        out.byte(UNREACHABLE);
        return;
      case 'ContinueStatement':
        this.#branch(BR, AGAIN);
        return;
      case 'BreakStatement':
        this.#branch(BR, s.label.name);
        return;
      case 'ReturnStatement':
        this.#value(s.argument);
        out.byte(RETURN);
        return;
    }
    throw new Error(`${s.type} in the interpreter`);
  }

  #if({ test, consequent, alternate }: Node): void {
    this.#value(test);
    const only = consequent.type === 'BlockStatement' && consequent.body.length === 1 ? consequent.body[0] : consequent;
    if (only.type === 'BreakStatement' && !alternate) {
      this.#branch(BR_IF, only.label.name);
      return;
    }
    this.#open(IF, OF_IF);
    this.#statement(consequent);
    if (alternate) {
      this.#out.byte(ELSE);
      this.#statement(alternate);
    }
    this.#close();
  }

  #assign({ left, right }: Node): void {
    if (left.type === 'Identifier') {
      this.#setLocal(left.name, right);
      return;
    }
    const offset = this.#address(left);
    this.#value(right);
    this.#access(left, offset, false);
  }

  #setLocal(own: string, e: Node): void {
    this.#value(e);
    this.#out.byte(LOCAL_SET);
    this.#out.unsigned(this.#local(own));
  }

  #local(own: string): number {
    const index = this.#locals.get(own);
    if (index === undefined) throw new Error(`${own} is no local`);
    return index;
  }

  /** To the arm of the case in `w`: one jump through a table. */
  #dispatch(): void {
    const arms = this.#arms;
    // Each ends where its arm begins; the innermost is the first.
    for (let k = arms.length; k >= 1; k--) this.#open(BLOCK, String(k));
    this.#value(CASE);
    this.#out.byte(BR_TABLE);
    this.#out.unsigned(arms.length + 1);
    const slow = this.#depth('slow');
    this.#out.unsigned(slow);
    for (let k = 0; k < arms.length; k++) this.#out.unsigned(k);
    this.#out.unsigned(slow);
    for (const arm of arms) {
      this.#close();
      this.statements(arm);
      this.#branch(BR, NEXT);
    }
  }

  #open(opcode: number, label: string): void {
    this.#out.put([opcode, EMPTY]);
    this.#labels.push(label);
  }

  #close(): void {
    this.#labels.pop();
    this.#out.byte(END);
  }

  #branch(opcode: number, label: string): void {
    this.#out.byte(opcode);
    this.#out.unsigned(this.#depth(label));
  }

  #depth(label: string): number {
    const at = this.#labels.lastIndexOf(label);
    if (at < 0) throw new Error(`${label} is no label`);
    return this.#labels.length - 1 - at;
  }

  /** Pushes the address of an element, less what is returned. */
  #address({ object, property }: Node): number {
    if (VIEWS[object.name]) {
      this.#value(bytesOf(property, object.name));
      return 0;
    }
    if (property.type === 'Literal') {
      this.#constant(0);
      return 4 * property.value;
    }
    const isOffset =
      property.type === 'BinaryExpression' && property.operator === '+' && property.right.type === 'Literal';
    this.#value(binary('<<', isOffset ? property.left : property, lit(2)));
    return isOffset ? 4 * property.right.value : 0;
  }

  #access({ object }: Node, offset: number, isLoad: boolean): void {
    const { load, store, power } = accessOf(VIEWS[object.name] ?? 32);
    this.#out.put([isLoad ? load : store, power]);
    if (VIEWS[object.name]) this.#out.unsigned(offset);
    else this.#placed(object.name, offset);
  }

  #placed(of: Placed, addend: number): void {
    this.#positions[of].push(this.#out.length);
    this.#out.put(padded(addend));
  }

  #constant(v: number): void {
    this.#out.byte(I32_CONST);
    this.#out.signed(v | 0);
  }

  /** Pushes an int. */
  #value(e: Node): void {
    const out = this.#out;
    switch (e.type) {
      case 'Literal':
        this.#constant(e.value);
        return;
      case 'Identifier':
        if (e.name === 'overshoot') {
          out.byte(I32_CONST);
          this.#placed(e.name, 0);
          return;
        }
        out.byte(LOCAL_GET);
        out.unsigned(this.#local(e.name));
        return;
      case 'UnaryExpression':
        this.#unary(e);
        return;
      case 'BinaryExpression':
      case 'LogicalExpression':
        this.#binary(e);
        return;
      case 'ConditionalExpression':
        this.#value(e.consequent);
        this.#value(e.alternate);
        this.#value(e.test);
        out.byte(SELECT);
        return;
      case 'MemberExpression':
        this.#access(e, this.#address(e), true);
        return;
      case 'CallExpression':
        this.#call(e);
        return;
    }
    throw new Error(`${e.type} in the interpreter`);
  }

  #unary({ operator, argument }: Node): void {
    const out = this.#out;
    if (operator === '-') {
      if (argument.type === 'Literal') {
        this.#constant(-argument.value);
        return;
      }
      this.#constant(0);
      this.#value(argument);
      out.byte(I32_SUB);
      return;
    }
    this.#value(argument);
    if (operator === '!') out.byte(I32_EQZ);
    else if (operator === '~') {
      this.#constant(-1);
      out.byte(I32_XOR);
    } else throw new Error(`${operator} in the interpreter`);
  }

  #binary({ operator, left, right }: Node): void {
    this.#value(left);
    // `| 0` and `>>> 0` say to JavaScript what is an int.
    if ((operator === '|' || operator === '>>>') && right.type === 'Literal' && right.value === 0) return;
    this.#value(right);
    const compared = COMPARED[operator];
    const code = compared
      ? OF_INTS.get(compared[isUnsigned(left, right) ? 1 : 0])
      : (OTHERS[operator] ?? INT.get(operator));
    if (code === undefined) throw new Error(`${operator} in the interpreter`);
    this.#out.byte(code);
  }

  #call({ callee, arguments: args }: Node): void {
    const f = functionName(callee);
    const wide = WIDE.get(f);
    args.forEach((a: Node, k: number) => {
      this.#value(a);
      if (wide) this.#out.put(wide[k] as readonly number[]);
    });
    if (wide) return;
    this.#out.byte(CALL);
    this.#out.unsigned(this.#imports.functionIndex(f, args.length, 1));
  }
}

/** The case of an instruction. */
const CASE: Node = binary('&', id('w'), lit(1023));

/** An index of a view of the heap as a number of bytes: mostly it is one that is aligned, `x >> 2` or `x >> 1`. */
function bytesOf(index: Node, view: string): Node {
  if (view === 'H8') return index;
  const power = view === 'H32' ? 2 : 1;
  const isAligned = index.type === 'BinaryExpression' && index.operator === '>>' && index.right.value === power;
  return isAligned ? index.left : binary('<<', index, lit(power));
}

/** Whether a comparison is one of what `>>> 0` makes: then both sides are such, or literals that are the same either way. */
function isUnsigned(left: Node, right: Node): boolean {
  const sides = [left, right];
  if (!sides.some(isShifted)) return false;
  if (sides.every((e) => isShifted(e) || (e.type === 'Literal' && e.value >= 0 && e.value <= 0x7fffffff))) return true;
  throw new Error('an unsigned number is compared with a signed one');
}

function isShifted(e: Node): boolean {
  return e.type === 'BinaryExpression' && e.operator === '>>>';
}

/** Name of a function; of Math's, by the names of the residual language. */
function functionName(callee: Node): string {
  if (callee.type === 'MemberExpression') return callee.property.name === 'clz32' ? 'clz' : callee.property.name;
  return callee.name === 'Math.clz32' ? 'clz' : callee.name.replace('Math.', '');
}
