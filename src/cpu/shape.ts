// The shape of an instruction: operation, width and kinds of its operands, without their numbers. It names the case
// of the fast interpreter and the translator's template.

import {
  CREG,
  IMM,
  type Insn,
  type int,
  MEM,
  NO_OPERAND,
  type Operand,
  REG,
  REG8,
  REP_NONE,
  SREG,
  ST,
  XMM,
} from '../isa/insn.ts';

/** One letter a kind: d w b registers of 32, 16, 8 bits; c the count register CL; i immediate; m8.. memory; s segment; k control; x XMM; t ST(n). */
function kindOf(o: Operand): string {
  switch (o.kind) {
    case NO_OPERAND:
      return '';
    case REG:
      return o.size === 32 ? 'd' : 'w';
    case REG8:
      return 'b';
    case IMM:
      return 'i';
    case MEM:
      return `m${o.size}`;
    case SREG:
      return 's';
    case CREG:
      return 'k';
    case XMM:
      return 'x';
    case ST:
      return 't';
    default:
      return '?';
  }
}

const COUNTED = new Set(['SHL', 'SHR', 'SAR', 'ROL', 'ROR', 'RCL', 'RCR', 'SHLD', 'SHRD']);

const CONDITIONAL = new Set(['SETcc', 'CMOVcc', 'FCMOVcc']);

/** Whether the last operand is a shift count. */
export function isCounted(op: string): boolean {
  return COUNTED.has(op);
}

/** String instructions whose repeated forms have shapes. */
const REPEATED = new Set(['MOVS', 'STOS', 'SCAS', 'CMPS', 'LODS', 'INS', 'OUTS']);
const ENDS_ON_ZF = new Set(['SCAS', 'CMPS']);

/** Whether it is a string instruction, whose repeated forms have shapes. */
export function isString(op: string): boolean {
  return REPEATED.has(op);
}

/** Whether it is a string instruction with a repeat prefix. */
export function isRepeated(i: Insn): boolean {
  return i.rep !== REP_NONE && REPEATED.has(i.op);
}

/** For instance `ADD32.d,m32`. Jcc comes without the lowest bit of its condition: the odd ones swap their successors. */
export function shapeKey(i: Insn): string {
  const repeat = i.rep === REP_NONE || !REPEATED.has(i.op) ? '' : ENDS_ON_ZF.has(i.op) ? `REP${i.rep} ` : 'REP ';
  const cc = i.op === 'Jcc' ? i.cc & ~1 : CONDITIONAL.has(i.op) ? i.cc : '';
  let key = `${repeat}${i.op}${cc === '' ? '' : `:${cc}:`}${i.size}.${kindOf(i.dst)},`;
  const last = isCounted(i.op) ? (i.src2.kind === NO_OPERAND ? i.src : i.src2) : null;
  key += last === i.src && last.kind === REG8 ? 'c' : kindOf(i.src);
  if (i.src2.kind !== NO_OPERAND) key += `,${last === i.src2 && last.kind === REG8 ? 'c' : kindOf(i.src2)}`;
  return key;
}

/** A value for each shape, made when it is first asked for. The name of a shape is a long string to make; this is a number. */
export class ByShape<T> {
  readonly #make: (i: Insn) => T;
  /** By operation, by condition and repeat prefix, by the rest. */
  readonly #values = new Map<string, Map<int, T>[]>();

  constructor(make: (i: Insn) => T) {
    this.#make = make;
  }

  /** Of an instruction's shape: what was made for the first instruction that has it. */
  of(i: Insn): T {
    let rows = this.#values.get(i.op);
    if (!rows) {
      rows = [];
      this.#values.set(i.op, rows);
    }
    const row = (i.cc << 2) | i.rep;
    let known = rows[row];
    if (!known) {
      known = new Map();
      rows[row] = known;
    }
    const shape = (operandCode(i.dst) << 20) | (operandCode(i.src) << 11) | (operandCode(i.src2) << 2) | (i.size >> 4);
    let value = known.get(shape);
    if (value === undefined && !known.has(shape)) {
      value = this.#make(i);
      known.set(shape, value);
    }
    return value as T;
  }
}

/** Kind (4 bits) and size (5 bits: the power of two, and whether it is one) of an operand. */
function operandCode({ kind, size }: Operand): int {
  return (kind << 5) | ((31 - Math.clz32(size)) << 1) | ((size & (size - 1)) === 0 ? 0 : 1);
}

/** Instructions that do nothing here. */
export const NOTHING: ReadonlySet<string> = new Set(['NOP', 'PAUSE', 'LFENCE', 'MFENCE', 'SFENCE']);

/** In a case's entry of PLACES: the operand is written. The other bits are its size in bytes. */
export const PLACE_WRITTEN = 8;
