// Memory accesses of a region: places, which look an address up in the shadow page table and leave where that has no
// answer, and loads and stores through them.

import { WORD } from '../src/isa/state.ts';
import { type AsmNames, asm, double, value, word32 } from './asm.ts';
import { anyAlignment, assign, at, binary, id, iff, int, lit, type Node, plus, wordOf } from './estree.ts';
import type { Expr, Stmt } from './ir.ts';

const NOT_DIRECT = -0x80000000;
const NOT_WRITABLE = 0x40000000;
const HOST_OFFSET = 0x3fffffff;
const PAGE = 4096;
/** Where memory operands of SIMD instructions are staged: behind the last XMM register. */
const STAGED = WORD.xmm + 32;

const TAB = id('tab');
const ADDRESS = id('a');
const H8 = id('H8');
const H16 = id('H16');
const H32 = id('H32');
const F64 = id('F64');

/** The register file by words, and by doubles. */
interface RegisterFile {
  word(n: number): Node;
  double(n: number): Node;
}

type Of<K> = Extract<Stmt, { k: K }>;

export class MemoryPrinter {
  readonly #names: AsmNames;
  readonly #registers: RegisterFile;
  /** Places checked for writing: the others have a mark, which must be masked off. */
  readonly #writable = new Set<number>();
  /** Places that were checked for the alignment of doubles; those that were not even for that of words. */
  readonly #aligned = new Set<number>();
  readonly #loose = new Set<number>();

  constructor(names: AsmNames, registers: RegisterFile) {
    this.#names = names;
    this.#registers = registers;
  }

  /** Checks an address; `slow` is done where it is not plain memory at hand. */
  place(s: Of<'place'>, slow: Node[], out: Node[]): void {
    let address = asm(s.a, this.#names);
    if (s.a.k !== 't' && s.a.k !== 'r') {
      out.push(assign(ADDRESS, value(s.a, this.#names)));
      address = ADDRESS;
    }
    if (s.write) this.#writable.add(s.i);
    if (s.aligned) this.#aligned.add(s.i);
    if (s.aligned === false) this.#loose.add(s.i);
    const t = this.#names.temp(s.i);
    const entry = word32(int(binary('+', TAB, binary('<<', binary('>>>', address, lit(12)), lit(2)))));
    out.push(assign(t, binary('^', entry, address)));
    const bytes = s.size / 8;
    // What is wider than a word is accessed by words.
    const alignedTo = s.aligned === false ? 1 : s.aligned ? bytes : Math.min(bytes, 4);
    const mask = NOT_DIRECT | (s.write ? NOT_WRITABLE : 0) | (alignedTo - 1);
    const isAny = (bits: Node): Node => binary('!=', int(bits), lit(0));
    const masked = binary('&', t, lit(mask));
    if (alignedTo === bytes) {
      out.push(iff(mask === NOT_DIRECT ? binary('<', int(t), lit(0)) : isAny(masked), slow));
      return;
    }
    const crosses = binary('>', binary('&', t, lit(PAGE - 1)), lit(PAGE - bytes));
    const leaves = iff(isAny(binary('|', masked, crosses)), slow);
    // What is aligned to a power of two is on one page.
    const power = 1 << (32 - Math.clz32(bytes - 1));
    out.push(s.aligned === false ? leaves : iff(isAny(binary('&', t, lit(mask | (power - 1)))), [leaves]));
  }

  /** Of 8 to 64 bits, into its temporary. */
  load({ i, p, size, at: offset }: Of<'load'>): Node {
    if (size === 64) return this.#loadDouble(i, p, offset);
    const t = this.#names.temp(i);
    const direct = assign(t, int(this.#memory(p, size, offset)));
    if (!this.#isLoose(p, size)) return direct;
    const last = size / 8 - 1;
    let joined = binary('<<', int(this.#memory(p, 8, offset + last)), lit(8 * last));
    for (let k = last - 1; k >= 0; k--) {
      const byte = binary('&', this.#memory(p, 8, offset + k), lit(255));
      joined = binary('|', joined, k ? binary('<<', byte, lit(8 * k)) : byte);
    }
    return this.#unlessAligned(p, size, [assign(t, joined)], direct);
  }

  /** Of 8 to 64 bits. */
  store({ p, size, at: offset, e }: Of<'store'>): Node {
    if (size === 64) return this.#storeDouble(p, offset, e);
    const direct = assign(this.#memory(p, size, offset), value(e, this.#names));
    if (!this.#isLoose(p, size)) return direct;
    const bytes = [assign(ADDRESS, int(value(e, this.#names)))];
    for (let k = 0; k < size / 8; k++)
      bytes.push(assign(this.#memory(p, 8, offset + k), k ? binary('>>', ADDRESS, lit(8 * k)) : ADDRESS));
    return this.#unlessAligned(p, size, bytes, direct);
  }

  /** A word of the double `e` into temporary `i`, through the staging register. */
  wordOf(i: number, e: Expr, high: boolean): Node {
    const of = double(e, this.#names);
    const to = this.#names.temp(i);
    const word = int(this.#registers.word(STAGED + (high ? 1 : 0)));
    return wordOf([assign(this.#registers.double(STAGED / 2), of), assign(to, word)], to, of, high);
  }

  /** The byte `offset` bytes into a place. */
  #byte(p: Expr, offset: number): Node {
    let place = asm(p, this.#names);
    if (p.k === 't' && !this.#writable.has(p.i)) place = binary('&', place, lit(HOST_OFFSET));
    return offset ? int(binary('+', place, lit(offset))) : place;
  }

  #memory(p: Expr, size: number, offset: number): Node {
    const place = this.#byte(p, offset);
    const shift = size === 8 ? 0 : size === 16 ? 1 : 2;
    return at(shift === 2 ? H32 : shift === 1 ? H16 : H8, binary('>>', place, lit(shift)));
  }

  #isLoose(p: Expr, size: number): boolean {
    return size > 8 && p.k === 't' && this.#loose.has(p.i);
  }

  /** `direct` where the place is aligned to `size` bits. */
  #unlessAligned(p: Expr, size: number, bytes: Node[], direct: Node): Node {
    return anyAlignment(binary('&', asm(p, this.#names), lit(size / 8 - 1)), bytes, direct);
  }

  /** Doubles are often aligned to four bytes only. */
  #loadDouble(i: number, p: Expr, offset: number): Node {
    const t = this.#names.temp(i);
    const direct = assign(t, plus(at(F64, binary('>>', this.#byte(p, offset), lit(3)))));
    if (p.k === 't' && this.#aligned.has(p.i)) return direct;
    // Through memory, a load would wait for the stores of its halves.
    const halves = [4, 0].map((half) => int(word32(this.#byte(p, offset + half))));
    const joined = [assign(t, plus(this.#names.primitive('joined', halves)))];
    return anyAlignment(binary('&', asm(p, this.#names), lit(4)), joined, direct);
  }

  #storeDouble(p: Expr, offset: number, e: Expr): Node {
    const d = value(e, this.#names);
    const direct = assign(at(F64, binary('>>', this.#byte(p, offset), lit(3))), d);
    if (p.k === 't' && this.#aligned.has(p.i)) return direct;
    const { word, double: doubleAt } = this.#registers;
    const staged = [
      assign(doubleAt(STAGED / 2), d),
      assign(word32(this.#byte(p, offset)), int(word(STAGED))),
      assign(word32(this.#byte(p, offset + 4)), int(word(STAGED + 1))),
    ];
    return anyAlignment(binary('&', asm(p, this.#names), lit(4)), staged, direct);
  }
}
