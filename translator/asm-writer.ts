// Writes a region's function as an ESTree, whose text is asm.js: what `--code asm.js` compiles, and what people read.

import { HOST_BITS } from '../src/memory/shadow.ts';
import { type AsmNames, allSigned, asm, condition, double, signed, value } from './asm.ts';
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
import type { Expr } from './ir.ts';
import type { Cell, Ending, Held, Local, Names, Operand, Own, View, Writer } from './writer.ts';

const TAB = id('tab');
/** There are no vectors in asm.js. */
type AsmView = Exclude<View, 'V128'>;
const SHIFTS: Readonly<Record<AsmView, number>> = { H8: 0, H16: 1, H32: 2, F32: 2, F64: 3 };
const VIEWS: Readonly<Record<AsmView, Node>> = {
  H8: id('H8'),
  H16: id('H16'),
  H32: id('H32'),
  F32: id('F32'),
  F64: id('F64'),
};

/** A region's function in the form that people read. */
export interface AsmFunction {
  readonly tree: Node;
  /** Of the tree. */
  readonly text: string;
  /** Primitives that the module must import: names of prims.ts, and `callout`. */
  readonly imports: ReadonlySet<string>;
}

/** What `end` makes of the statements since the beginning. */
type Opened =
  | { readonly k: 'block' | 'loop'; readonly label: string; readonly body: Node[] }
  | { readonly k: 'if'; readonly test: Node; readonly body: Node[]; other: Node[] | undefined };

export class AsmWriter implements Writer<AsmFunction>, AsmNames {
  readonly #names: Names;
  readonly #own: Own;
  readonly #imports = new Set<string>();
  readonly #opened: Opened[] = [];
  readonly #first: Node[] = [];
  #out = this.#first;
  /** Where statements are put in once all that is held is known. */
  readonly #moves: { readonly list: Node[]; readonly at: number; readonly isLoad: boolean }[] = [];
  readonly #nodes = new Map<Cell, Node>();

  constructor(names: Names, own: Own) {
    this.#names = names;
    this.#own = own;
  }

  leaf(e: Expr): Node {
    return this.#node(this.#names.cell(e));
  }

  primitive(f: string, args: Node[]): Node {
    this.#imports.add(f);
    return invoke(f, args);
  }

  set(to: Cell, e: Expr): void {
    this.#out.push(assign(this.#node(to), value(e, this)));
  }

  setWord(to: Local, e: Expr, isHigh: boolean): void {
    const { words, double: staged } = this.#own;
    const word = int(this.#node(words[isHigh ? 1 : 0]));
    this.#out.push(assign(this.#node(staged), double(e, this)), assign(this.#node(to), word));
  }

  lookUp(to: Local, address: Expr): void {
    let node = asm(address, this);
    if (address.k !== 't' && address.k !== 'r') {
      const scratch = this.#node(this.#own.scratch);
      this.#out.push(assign(scratch, value(address, this)));
      node = scratch;
    }
    const entry = int(binary('+', TAB, binary('<<', binary('>>>', node, lit(12)), lit(2))));
    this.#out.push(assign(this.#node(to), binary('^', element('H32', entry), node)));
  }

  load(to: Local, from: Operand): void {
    const t = this.#node(to);
    if (from.size === 64) {
      const direct = assign(t, plus(this.#element('F64', from)));
      // Through memory, a load would wait for the stores of its halves.
      const halves = (): Node[] => [4, 0].map((half) => int(this.#element('H32', from, half)));
      this.#either(from, 4, direct, () => [assign(t, plus(this.primitive('joined', halves())))]);
      return;
    }
    const direct = assign(t, int(this.#element(viewOf(from), from)));
    this.#either(from, from.size / 8 - 1, direct, () => {
      const last = from.size / 8 - 1;
      let joined = binary('<<', int(this.#element('H8', from, last)), lit(8 * last));
      for (let k = last - 1; k >= 0; k--) {
        const byte = binary('&', this.#element('H8', from, k), lit(255));
        joined = binary('|', joined, k ? binary('<<', byte, lit(8 * k)) : byte);
      }
      return [assign(t, joined)];
    });
  }

  store(to: Operand, e: Expr): void {
    if (to.size === 64) {
      const { words, double: staged } = this.#own;
      const d = value(e, this);
      this.#either(to, 4, assign(this.#element('F64', to), d), () => [
        assign(this.#node(staged), d),
        assign(this.#element('H32', to), int(this.#node(words[0]))),
        assign(this.#element('H32', to, 4), int(this.#node(words[1]))),
      ]);
      return;
    }
    this.#either(to, to.size / 8 - 1, assign(this.#element(viewOf(to), to), value(e, this)), () => {
      const scratch = this.#node(this.#own.scratch);
      const bytes = [assign(scratch, int(value(e, this)))];
      for (let k = 0; k < to.size / 8; k++)
        bytes.push(assign(this.#element('H8', to, k), k ? binary('>>', scratch, lit(8 * k)) : scratch));
      return bytes;
    });
  }

  call(f: string, args: readonly Expr[]): void {
    this.#out.push(perform(this.primitive(f, allSigned(args, this))));
  }

  block(label: string): void {
    this.#open({ k: 'block', label, body: [] });
  }

  loop(label: string): void {
    this.#open({ k: 'loop', label, body: [] });
  }

  if(test: Expr): void {
    this.#open({ k: 'if', test: condition(test, this), body: [], other: undefined });
  }

  else(): void {
    const opened = this.#opened[this.#opened.length - 1];
    if (opened?.k !== 'if') throw new Error('an else without an if');
    opened.other = [];
    this.#out = opened.other;
  }

  end(): void {
    const opened = this.#opened.pop();
    if (!opened) throw new Error('an end without a beginning');
    const around = this.#opened[this.#opened.length - 1];
    this.#out = around ? (around.k === 'if' && around.other) || around.body : this.#first;
    if (opened.k === 'if') this.#out.push(iff(opened.test, opened.body, opened.other));
    else this.#out.push(labelled(opened.label, opened.k === 'loop' ? forever(opened.body) : block(opened.body)));
  }

  break(label: string): void {
    this.#out.push(brk(label));
  }

  continue(label: string): void {
    this.#out.push(goOn(label));
  }

  return(e: Expr): void {
    this.#out.push(answer(signed(e, this)));
  }

  spill(): void {
    this.#move(false);
  }

  fill(): void {
    this.#move(true);
  }

  finish({ name, locals, held, answer: last }: Ending): AsmFunction {
    const from = ({ local, at: place }: Held): Node => {
      const e = this.#node(place);
      return assign(this.#node(local), local.type === 'double' ? plus(e) : int(e));
    };
    const to = ({ local, at: place }: Held): Node => assign(this.#node(place), this.#node(local));
    // The last one first: the places of the others in its list stay.
    for (const { list, at: k, isLoad } of this.#moves.reverse()) list.splice(k, 0, ...held.map(isLoad ? from : to));
    const declarations = locals.map((local) => ({
      type: 'VariableDeclarator',
      id: id(local.name),
      init: local.type === 'double' ? decimal(0) : lit(0),
    }));
    const tree: Node = {
      type: 'FunctionDeclaration',
      id: id(name),
      params: [],
      body: block([
        { type: 'VariableDeclaration', kind: 'var', declarations },
        ...this.#first,
        answer(signed(last, this)),
      ]),
    };
    let printed: string | undefined;
    return {
      tree,
      get text() {
        printed ??= text(tree);
        return printed;
      },
      imports: this.#imports,
    };
  }

  #open(opened: Opened): void {
    this.#opened.push(opened);
    this.#out = opened.body;
  }

  #move(isLoad: boolean): void {
    this.#moves.push({ list: this.#out, at: this.#out.length, isLoad });
  }

  #node(cell: Cell): Node {
    let node = this.#nodes.get(cell);
    if (!node) {
      // By its index: V8 takes a constant before a shift for an index, and refuses those of large heaps.
      node = cell.k === 'local' ? id(cell.name) : at(VIEWS[cell.view as AsmView], lit(cell.index));
      this.#nodes.set(cell, node);
    }
    return node;
  }

  /** What is `more` bytes into an operand, by a view. */
  #element(view: AsmView, { p, offset, isMarked }: Operand, more = 0): Node {
    const place = isMarked ? binary('&', asm(p, this), lit(HOST_BITS)) : asm(p, this);
    return element(view, offset + more ? int(binary('+', place, lit(offset + more))) : place);
  }

  /** `direct` where the bits of the operand's address are 0, or it is known to be aligned: views know no other. */
  #either({ p, offset, isAligned }: Operand, bits: number, direct: Node, others: () => Node[]): void {
    if (isAligned) {
      this.#out.push(direct);
      return;
    }
    const place = asm(p, this);
    const byte = (offset & bits) !== 0 ? int(binary('+', place, lit(offset))) : place;
    this.#out.push(iff(binary('!=', int(binary('&', byte, lit(bits))), lit(0)), others(), [direct]));
  }
}

/** An element of a view, by the address of its first byte. */
const element = (view: AsmView, byte: Node): Node => at(VIEWS[view], binary('>>', byte, lit(SHIFTS[view])));

const viewOf = ({ size }: Operand): AsmView => (size === 8 ? 'H8' : size === 16 ? 'H16' : 'H32');
