// Encodes an entry of the opcode tables with the operands of a line, in as few bytes as there are (SDM volume 2, chapter 2).

import {
  type Entry,
  F_A,
  F_BD,
  F_BX,
  F_C,
  F_CONST,
  F_COUNT,
  F_D,
  F_E,
  F_FIXED,
  F_G,
  F_IB,
  F_IZ,
  F_JB,
  F_JZ,
  F_NONE,
  F_O,
  F_P,
  F_Q,
  F_R,
  F_S,
  F_SREG,
  F_ST,
  F_STI,
  F_UB,
  F_UW,
  F_V,
  F_W,
  F_X,
  F_Y,
  type Field,
  MODRM_NONE,
} from '../../src/isa/decode-entries.ts';
import { type DecodeMode, DS, EBP, EBX, EDI, ESI, ESP, NONE, SS } from '../../src/isa/insn.ts';
import type { Line } from './line.ts';
import { type OperandText, REGISTERS_8, REGISTERS_16, REGISTERS_32, SEGMENTS } from './operand-text.ts';

type Memory = OperandText & { kind: 'memory' };

const SEGMENT_PREFIXES = [0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65];

/** A way to write an instruction, but for its operands. */
export interface Form {
  readonly entry: Entry;
  /** Selects the entry, where it takes a ModRM byte for that; its other fields are the operands'. */
  readonly modrm: number;
  /** Bytes before the opcode. */
  readonly prefixes: readonly number[];
  readonly opcode: readonly number[];
  /** Whether an operand size prefix is one of them. */
  readonly resized: boolean;
}

/** Bytes of a form with the line's operands, or undefined where they do not fit. `address`: of its first byte. */
export function encode(form: Form, line: Line, mode: DecodeMode, address: number): number[] | undefined {
  const { dst, src, src2 } = form.entry;
  const encoding = new Encoding(form, mode, address);
  if (line.head.startsWith('lock')) encoding.lock();
  let next = 0;
  for (const f of [dst, src, src2]) {
    if (f.form === F_NONE) continue;
    const o = line.operands[next];
    if (isImplicit(f)) {
      // Written or not: what is wrong is found when the bytes are read again.
      if (!o || !fits(f, o, encoding.osize)) continue;
    } else if (o === undefined) {
      // IMUL with two operands: the first is the third.
      if (f !== dst || src2 !== f) return undefined;
      continue;
    }
    if (!encoding.take(f, o)) return undefined;
    next++;
  }
  return next < line.operands.length ? undefined : encoding.bytes();
}

/** An instruction that gets its operands one after the other. */
class Encoding {
  /** Operand size in bits. */
  readonly osize: number;
  readonly #form: Form;
  readonly #mode: DecodeMode;
  readonly #address: number;
  readonly #prefixes: number[];
  #reg: number;
  /** ModRM without reg, and what belongs to its operand. */
  #rm: readonly number[];
  /** Immediates. */
  readonly #tail: number[] = [];
  /** Of a jump: from the first byte, and the bytes that it is written in. */
  #target: { readonly distance: number; readonly bytes: number } | undefined;

  constructor(form: Form, mode: DecodeMode, address: number) {
    this.osize = mode.code32 !== form.resized ? 32 : 16;
    this.#form = form;
    this.#mode = mode;
    this.#address = address;
    this.#prefixes = [...form.prefixes];
    this.#reg = (form.modrm >> 3) & 7;
    this.#rm = [form.modrm & 0xc7];
  }

  lock(): void {
    this.#prefixes.push(0xf0);
  }

  /** Takes the operand, or says that it does not fit. */
  take(f: Field, o: OperandText): boolean {
    const { osize } = this;
    const { size } = this.#form.entry;
    switch (f.form) {
      case F_E:
        return this.#takeRm(this.#general(f), o);
      case F_Q:
        return this.#takeRm(eight('mm'), o);
      case F_W:
        return this.#takeRm(eight('xmm'), o);
      case F_R:
        return this.#takeRegister(REGISTERS_32, o);
      case F_STI:
        return this.#takeRegister(eight('st('), o);
      case F_G:
        return this.#takeReg(this.#general(f), o);
      case F_P:
        return this.#takeReg(eight('mm'), o);
      case F_V:
        return this.#takeReg(eight('xmm'), o);
      case F_S:
        return this.#takeReg(SEGMENTS, o);
      case F_C:
        return this.#takeReg(eight('cr'), o);
      case F_D:
        return this.#takeReg(eight('dr'), o);
      case F_IZ:
        return this.#takeNumber(o, (size > 0 ? size : osize) / 8);
      case F_IB:
      case F_UB:
      case F_COUNT:
        return this.#takeNumber(o, 1);
      case F_UW:
        return this.#takeNumber(o, 2);
      case F_A:
        if (o.kind !== 'far') return false;
        this.#put(o.offset, osize / 8);
        this.#put(o.selector, 2);
        return true;
      case F_O:
        if (o.kind !== 'memory' || o.base !== NONE || o.index !== NONE) return false;
        override(o, DS, this.#prefixes);
        this.#put(o.displacement, this.#mode.code32 ? 4 : 2);
        return true;
      case F_JB:
      case F_JZ: {
        if (o.kind !== 'here' && o.kind !== 'number') return false;
        const distance = o.kind === 'here' ? o.distance : (o.value - this.#address) | 0;
        this.#target = { distance, bytes: f.form === F_JB ? 1 : osize / 8 };
        return true;
      }
      case F_X:
      case F_BX:
      case F_BD:
        if (o.kind !== 'memory') return false;
        implicit(o, this.#mode, this.#prefixes);
        return true;
      case F_Y:
        if (o.kind !== 'memory') return false;
        implicit({ ...o, segment: DS }, this.#mode, this.#prefixes);
        return true;
      default:
        return true;
    }
  }

  bytes(): number[] {
    const { opcode, entry } = this.#form;
    const bytes = [...this.#prefixes, ...opcode];
    const [first = 0, ...rest] = this.#rm;
    if (entry.modrm !== MODRM_NONE) bytes.push(first | (this.#reg << 3), ...rest);
    bytes.push(...this.#tail);
    const target = this.#target;
    if (target) bytes.push(...littleEndian(target.distance - bytes.length - target.bytes, target.bytes));
    return bytes;
  }

  #general(f: Field): readonly string[] {
    return generalOf(f.width > 0 ? f.width : this.osize);
  }

  /** A register or an operand in memory. */
  #takeRm(names: readonly string[], o: OperandText): boolean {
    if (o.kind !== 'memory') return this.#takeRegister(names, o);
    if (this.#form.modrm >= 0xc0) return false;
    const place = addressed(o, this.#mode, this.#prefixes);
    if (place) this.#rm = place;
    return place !== undefined;
  }

  /** A register that the r/m field names. */
  #takeRegister(names: readonly string[], o: OperandText): boolean {
    const n = registerOf(names, o);
    this.#rm = [0xc0 | n];
    return n >= 0;
  }

  /** A register that the reg field names. */
  #takeReg(names: readonly string[], o: OperandText): boolean {
    this.#reg = registerOf(names, o);
    return this.#reg >= 0;
  }

  #takeNumber(o: OperandText, bytes: number): boolean {
    if (o.kind === 'number') this.#put(o.value, bytes);
    return o.kind === 'number';
  }

  #put(value: number, bytes: number): void {
    this.#tail.push(...littleEndian(value, bytes));
  }
}

const littleEndian = (value: number, bytes: number): number[] =>
  [0, 8, 16, 24].slice(0, bytes).map((shift) => (value >> shift) & 255);

/** General registers by their width in bits. */
const generalOf = (width: number): readonly string[] =>
  width === 8 ? REGISTERS_8 : width === 16 ? REGISTERS_16 : REGISTERS_32;

/** Number of the register that an operand is, or -1. */
const registerOf = (names: readonly string[], o: OperandText): number =>
  o.kind === 'register' ? names.indexOf(o.name) : -1;

const eight = (stem: string): string[] =>
  [0, 1, 2, 3, 4, 5, 6, 7].map((n) => (stem === 'st(' ? `st(${n})` : `${stem}${n}`));

/** Forms that an opcode implies. */
const IMPLICIT = new Set([F_FIXED, F_CONST, F_X, F_Y, F_BX, F_BD, F_SREG, F_ST]);

const isImplicit = (f: Field): boolean => IMPLICIT.has(f.form);

/** Whether an operand of the text is the one that an opcode implies. */
function fits(f: Field, o: OperandText, osize: number): boolean {
  switch (f.form) {
    case F_FIXED: {
      const names = generalOf(f.width > 0 ? f.width : osize);
      return o.kind === 'register' && o.name === names[f.n];
    }
    case F_SREG:
      return o.kind === 'register' && o.name === SEGMENTS[f.n];
    case F_ST:
      return o.kind === 'register' && o.name === 'st';
    case F_X:
    case F_Y:
    case F_BX:
    case F_BD:
      return o.kind === 'memory' && [EBX, ESI, EDI].includes(o.base);
    default:
      return o.kind === 'number' && o.value === f.n;
  }
}

function override(o: Memory, usual: number, before: number[]): void {
  if (o.segment !== usual) before.push(SEGMENT_PREFIXES[o.segment] as number);
}

function resize(o: Memory, mode: DecodeMode, before: number[]): void {
  if (o.address !== 0 && o.address !== (mode.code32 ? 32 : 16)) before.push(0x67);
}

function implicit(o: Memory, mode: DecodeMode, before: number[]): void {
  override(o, DS, before);
  if (!before.includes(0x67)) resize(o, mode, before);
}

const BASES_16: readonly (readonly [number, number])[] = [
  [EBX, ESI],
  [EBX, EDI],
  [EBP, ESI],
  [EBP, EDI],
  [ESI, NONE],
  [EDI, NONE],
  [EBP, NONE],
  [EBX, NONE],
];

/** ModRM (without reg), SIB and displacement, in as few bytes as there are; prefixes go to `before`. */
function addressed(o: Memory, mode: DecodeMode, before: number[]): number[] | undefined {
  resize(o, mode, before);
  override(o, o.base === EBP || o.base === ESP ? SS : DS, before);
  const wide = o.address === 0 ? mode.code32 : o.address === 32;
  const d = o.displacement;
  if (!wide) {
    if (o.base === NONE) return [0x06, ...littleEndian(d, 2)];
    const isPair = (a: number, b: number): boolean => a === o.base && b === o.index;
    let rm = BASES_16.findIndex(([a, b]) => isPair(a, b));
    if (rm < 0) rm = BASES_16.findIndex(([a, b]) => isPair(b, a));
    if (rm < 0 || o.scale !== 0) return undefined;
    if (d === 0 && rm !== 6) return [rm];
    return d >= -128 && d < 128 ? [0x40 | rm, ...littleEndian(d, 1)] : [0x80 | rm, ...littleEndian(d, 2)];
  }
  if (o.index === ESP) return undefined;
  if (o.base === NONE && o.index === NONE) return [0x05, ...littleEndian(d, 4)];
  const sib = (o.scale << 6) | ((o.index === NONE ? 4 : o.index) << 3);
  if (o.base === NONE) return [0x04, sib | 5, ...littleEndian(d, 4)];
  const needsSib = o.index !== NONE || o.base === ESP;
  const length = d === 0 && o.base !== EBP ? 0 : d >= -128 && d < 128 ? 1 : 4;
  const mod = length === 0 ? 0 : length === 1 ? 0x40 : 0x80;
  return [mod | (needsSib ? 4 : o.base), ...(needsSib ? [sib | o.base] : []), ...littleEndian(d, length)];
}
