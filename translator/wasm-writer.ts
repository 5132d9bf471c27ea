// Writes a region's function as WebAssembly (WebAssembly core specification 2.0, chapter 5.4), straight from the residual:
// engines compile it in two tiers, the first of which costs a tenth of what asm.js does.
//
// Deviations from the text of asm.js: `~~x` of what is no int32 saturates; a float is kept as the double of the same
// value; an unaligned operand is taken as it is.

import { REGION_STOPS } from '../src/cpu/regions.ts';
import { F64, I32, unsigned, V128 } from '../src/isa/wasm.ts';
import { HOST_BITS } from '../src/memory/shadow.ts';
import { type Expr, type Type, typeLoaded } from './ir.ts';
import type { Bytes } from './wasm-bytes.ts';
import { access, fixed, type Imports, WasmExpressions } from './wasm-expressions.ts';
import {
  accessOf,
  BLOCK,
  BR,
  BY_32,
  DEMOTE,
  ELSE,
  EMPTY,
  END,
  HIGH_WORD,
  I32_ADD,
  I32_AND,
  I32_CONST,
  I32_LOAD,
  I32_LT_S,
  I32_SHL,
  I32_SHR_U,
  I32_XOR,
  IF,
  LOCAL_GET,
  LOCAL_SET,
  LOCAL_TEE,
  LOOP,
  LOW_WORD,
  RETURN,
  RETURN_CALL_INDIRECT,
} from './wasm-opcodes.ts';
import type { Cell, Ending, Held, Local, Names, Operand, Writer } from './writer.ts';

/** Number of the type of regions and of `next`: no parameters, an int. */
export const REGION_TYPE = 0;

const NO_LABEL = '';

/** Where in the body all that is held goes to the register file, or comes from there. */
interface Move {
  readonly at: number;
  readonly isLoad: boolean;
}

export class WasmWriter implements Writer<void> {
  readonly #names: Names;
  readonly #push: WasmExpressions;
  /** Of the whole function, with its locals; of what is inside, as long as it is not known what is held. */
  readonly #function: Bytes;
  readonly #out: Bytes;
  readonly #moves: Move[] = [];
  /** The shadow page table. */
  readonly #table: Local;
  readonly #leadsOn: boolean;
  /** Enclosing blocks, innermost last: labels that lead out of them, that lead to their beginning. */
  readonly #leaves: string[] = [];
  readonly #agains: string[] = [];

  /**
   * `imports`: of the module; what is called is added. `out` has the function then (chapter 5.5.13), without its size;
   * `scratch` is used. `leadsOn`: it is a region, which ends by calling the next one in its place, where there is one (see
   * chain.ts).
   */
  constructor(names: Names, table: Local, imports: Imports, out: Bytes, scratch: Bytes, leadsOn: boolean) {
    this.#names = names;
    this.#table = table;
    this.#push = new WasmExpressions(names, imports, scratch);
    this.#function = out;
    this.#out = scratch;
    this.#leadsOn = leadsOn;
    scratch.clear();
  }

  set(to: Cell, e: Expr): void {
    const out = this.#out;
    if (to.k === 'local') {
      this.#push.value(to.type, e);
      this.#push.local(LOCAL_SET, to);
      return;
    }
    this.#push.constant(0);
    this.#push.value(to.view === 'H32' ? 'int' : to.view === 'V128' ? 'vector' : 'double', e);
    if (to.view === 'F32') out.byte(DEMOTE);
    fixed(to, out, false);
  }

  setWord(to: Local, e: Expr, isHigh: boolean): void {
    this.#push.double(e);
    this.#out.put(isHigh ? HIGH_WORD : LOW_WORD);
    this.#push.local(LOCAL_SET, to);
  }

  lookUp(to: Local, address: Expr): void {
    const out = this.#out;
    this.#push.local(LOCAL_GET, this.#table);
    this.#push.int(address);
    // `to` may be what the address is computed from: it is computed before it is set.
    this.#push.local(LOCAL_TEE, to);
    this.#push.constant(12);
    out.byte(I32_SHR_U);
    this.#push.constant(2);
    out.byte(I32_SHL);
    out.byte(I32_ADD);
    access(I32_LOAD, BY_32.power, 0, out);
    this.#push.local(LOCAL_GET, to);
    out.byte(I32_XOR);
    this.#push.local(LOCAL_SET, to);
  }

  load(to: Local, from: Operand): void {
    const { load, power } = accessOf(from.size);
    this.#place(from);
    access(load, power, from.offset, this.#out);
    this.#push.local(LOCAL_SET, to);
  }

  store(to: Operand, e: Expr): void {
    const { store, power } = accessOf(to.size);
    this.#place(to);
    this.#push.value(typeLoaded(to.size), e);
    access(store, power, to.offset, this.#out);
  }

  call(f: string, args: readonly Expr[]): void {
    this.#push.callImport(f, args, 0);
  }

  block(label: string): void {
    this.#begin(BLOCK, label, NO_LABEL);
  }

  loop(label: string): void {
    this.#begin(LOOP, NO_LABEL, label);
  }

  if(test: Expr): void {
    this.#push.int(test);
    this.#begin(IF, NO_LABEL, NO_LABEL);
  }

  else(): void {
    this.#out.byte(ELSE);
  }

  end(): void {
    const loop = this.#agains[this.#agains.length - 1] as string;
    if (loop !== NO_LABEL) this.continue(loop);
    this.#leaves.pop();
    this.#agains.pop();
    this.#out.byte(END);
  }

  break(label: string): void {
    this.#branch(this.#leaves, label);
  }

  continue(label: string): void {
    this.#branch(this.#agains, label);
  }

  return(answer: Expr): void {
    this.#push.int(answer);
    this.#out.byte(RETURN);
  }

  spill(): void {
    this.#moves.push({ at: this.#out.length, isLoad: false });
  }

  fill(): void {
    this.#moves.push({ at: this.#out.length, isLoad: true });
  }

  finish({ locals, held, answer }: Ending): void {
    if (this.#leadsOn) this.#leadOn(answer);
    else this.#push.int(answer);
    this.#out.byte(END);
    const made = this.#function;
    declare(locals, made);
    let done = 0;
    for (const { at, isLoad } of this.#moves) {
      made.put(this.#out.bytes(done, at));
      for (const { local, at: place } of held) move(local, place, isLoad, made);
      done = at;
    }
    made.put(this.#out.bytes(done));
  }

  /** Each region has an indirect jump of its own, which processors predict where one for all of them is missed. */
  #leadOn(answer: Expr): void {
    const out = this.#out;
    const rc = this.#names.cell(answer) as Local;
    const ifStopped = [I32_CONST, REGION_STOPS, I32_AND, IF, EMPTY];
    this.#push.local(LOCAL_GET, rc);
    out.put(ifStopped);
    this.#push.local(LOCAL_GET, rc);
    this.#push.call('stopped', 1, 1);
    this.#push.local(LOCAL_TEE, rc);
    out.put(ifStopped);
    this.#giveBack(rc);
    out.byte(END);
    this.#push.call('next', 0, 1);
    // The shadow page table is not used any more: the region's number, below zero where there is none.
    this.#push.local(LOCAL_TEE, this.#table);
    this.#push.constant(0);
    out.put([I32_LT_S, IF, EMPTY]);
    this.#giveBack(rc);
    this.#push.local(LOCAL_GET, this.#table);
    out.put([RETURN_CALL_INDIRECT, REGION_TYPE, 0]);
  }

  #giveBack(rc: Local): void {
    this.#push.local(LOCAL_GET, rc);
    this.#out.put([RETURN, END]);
  }

  #begin(opcode: number, leaves: string, agains: string): void {
    this.#out.byte(opcode);
    this.#out.byte(EMPTY);
    this.#leaves.push(leaves);
    this.#agains.push(agains);
  }

  #branch(labels: readonly string[], label: string): void {
    const at = labels.lastIndexOf(label);
    if (at < 0) throw new Error('a branch to no label');
    this.#out.byte(BR);
    this.#out.unsigned(labels.length - 1 - at);
  }

  /** Pushes where an operand is, but for its offset. */
  #place({ p, isMarked }: Operand): void {
    this.#push.int(p);
    if (!isMarked) return;
    this.#push.constant(HOST_BITS);
    this.#out.byte(I32_AND);
  }
}

function move(local: Local, at: Held['at'], isLoad: boolean, out: Bytes): void {
  out.byte(I32_CONST);
  out.byte(0);
  if (isLoad) fixed(at, out, true);
  out.byte(isLoad ? LOCAL_SET : LOCAL_GET);
  out.unsigned(local.index);
  if (!isLoad) fixed(at, out, false);
}

const VALUE_TYPES: Readonly<Record<Type, number>> = { int: I32, double: F64, vector: V128 };

/** Groups of locals of the same type. */
function declare(locals: readonly Local[], out: Bytes): void {
  const groups: { count: number; readonly type: Type }[] = [];
  for (const { type } of locals) {
    const last = groups[groups.length - 1];
    if (last?.type === type) last.count++;
    else groups.push({ count: 1, type });
  }
  out.put(unsigned(groups.length));
  for (const { count, type } of groups) {
    out.unsigned(count);
    out.byte(VALUE_TYPES[type]);
  }
}
