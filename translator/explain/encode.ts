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

/** Bytes of an entry with the line's operands, or undefined where they do not fit. */
export function encode(
  entry: Entry,
  modrm: number,
  prefixes: readonly number[],
  opcode: readonly number[],
  line: Line,
  mode: DecodeMode,
  address: number,
  resized: boolean,
): number[] | undefined {
  const osize = mode.code32 !== resized ? 32 : 16;
  const sized = entry.size > 0 ? entry.size : osize;
  const before = [...prefixes];
  if (line.head.startsWith('lock')) before.push(0xf0);
  let reg = (modrm >> 3) & 7;
  let rm: number[] = [modrm & 0xc7];
  const tail: number[] = [];
  let target: { readonly distance: number; readonly bytes: number } | undefined;
  let next = 0;
  const put = (value: number, bytes: number): void => {
    for (let k = 0; k < bytes; k++) tail.push((value >> (8 * k)) & 255);
  };
  const register = (names: readonly string[], o: OperandText): number =>
    o.kind === 'register' ? names.indexOf(o.name) : -1;
  /** Takes the operand, or says that it does not fit. */
  const take = (f: Field, o: OperandText): boolean => {
    const width = f.width > 0 ? f.width : osize;
    const general = width === 8 ? REGISTERS_8 : width === 16 ? REGISTERS_16 : REGISTERS_32;
    switch (f.form) {
      case F_E:
      case F_Q:
      case F_W: {
        if (o.kind === 'memory') {
          if (modrm >= 0xc0) return false;
          const place = addressed(o, mode, before);
          if (place) rm = place;
          return place !== undefined;
        }
        const n = register(f.form === F_E ? general : eight(f.form === F_Q ? 'mm' : 'xmm'), o);
        rm = [0xc0 | n];
        return n >= 0;
      }
      case F_R:
        rm = [0xc0 | register(REGISTERS_32, o)];
        return register(REGISTERS_32, o) >= 0;
      case F_STI:
        rm = [0xc0 | register(eight('st('), o)];
        return register(eight('st('), o) >= 0;
      case F_G:
        return (reg = register(general, o)) >= 0;
      case F_P:
        return (reg = register(eight('mm'), o)) >= 0;
      case F_V:
        return (reg = register(eight('xmm'), o)) >= 0;
      case F_S:
        return (reg = register(SEGMENTS, o)) >= 0;
      case F_C:
        return (reg = register(eight('cr'), o)) >= 0;
      case F_D:
        return (reg = register(eight('dr'), o)) >= 0;
      case F_IZ:
        if (o.kind === 'number') put(o.value, sized / 8);
        return o.kind === 'number';
      case F_IB:
      case F_UB:
      case F_COUNT:
        if (o.kind === 'number') put(o.value, 1);
        return o.kind === 'number';
      case F_UW:
        if (o.kind === 'number') put(o.value, 2);
        return o.kind === 'number';
      case F_A:
        if (o.kind !== 'far') return false;
        put(o.offset, osize / 8);
        put(o.selector, 2);
        return true;
      case F_O:
        if (o.kind !== 'memory' || o.base !== NONE || o.index !== NONE) return false;
        override(o, DS, before);
        put(o.displacement, mode.code32 ? 4 : 2);
        return true;
      case F_JB:
      case F_JZ:
        if (o.kind !== 'here' && o.kind !== 'number') return false;
        target = {
          distance: o.kind === 'here' ? o.distance : (o.value - address) | 0,
          bytes: f.form === F_JB ? 1 : osize / 8,
        };
        return true;
      case F_X:
      case F_BX:
      case F_BD:
        if (o.kind === 'memory') implicit(o, mode, before);
        return o.kind === 'memory';
      case F_Y:
        return o.kind === 'memory' && implicit({ ...o, segment: DS }, mode, before);
      default:
        return true;
    }
  };
  for (const f of [entry.dst, entry.src, entry.src2]) {
    if (f.form === F_NONE) continue;
    const o = line.operands[next];
    if (isImplicit(f)) {
      // Written or not: what is wrong is found when the bytes are read again.
      if (o && fits(f, o, osize)) {
        if (!take(f, o)) return undefined;
        next++;
      }
    } else if (o === undefined) {
      // IMUL with two operands: the first is the third.
      if (f !== entry.dst || entry.src2 !== f) return undefined;
    } else {
      if (!take(f, o)) return undefined;
      next++;
    }
  }
  if (next < line.operands.length) return undefined;
  const bytes = [...before, ...opcode];
  if (entry.modrm !== MODRM_NONE) bytes.push((rm[0] as number) | (reg << 3), ...rm.slice(1));
  bytes.push(...tail);
  if (target) {
    const rel = target.distance - bytes.length - target.bytes;
    for (let k = 0; k < target.bytes; k++) bytes.push((rel >> (8 * k)) & 255);
  }
  return bytes;
}

const eight = (stem: string): string[] =>
  [0, 1, 2, 3, 4, 5, 6, 7].map((n) => (stem === 'st(' ? `st(${n})` : `${stem}${n}`));

/** Forms that an opcode implies. */
const IMPLICIT = new Set([F_FIXED, F_CONST, F_X, F_Y, F_BX, F_BD, F_SREG, F_ST]);

const isImplicit = (f: Field): boolean => IMPLICIT.has(f.form);

/** Whether an operand of the text is the one that an opcode implies. */
function fits(f: Field, o: OperandText, osize: number): boolean {
  switch (f.form) {
    case F_FIXED: {
      const width = f.width > 0 ? f.width : osize;
      const names = width === 8 ? REGISTERS_8 : width === 16 ? REGISTERS_16 : REGISTERS_32;
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

function implicit(o: Memory, mode: DecodeMode, before: number[]): boolean {
  override(o, DS, before);
  if (!before.includes(0x67)) resize(o, mode, before);
  return true;
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
  const bytes = (n: number): number[] => [0, 8, 16, 24].slice(0, n).map((shift) => (d >> shift) & 255);
  if (!wide) {
    if (o.base === NONE) return [0x06, ...bytes(2)];
    const isPair = (a: number, b: number): boolean => a === o.base && b === o.index;
    let rm = BASES_16.findIndex(([a, b]) => isPair(a, b));
    if (rm < 0) rm = BASES_16.findIndex(([a, b]) => isPair(b, a));
    if (rm < 0 || o.scale !== 0) return undefined;
    if (d === 0 && rm !== 6) return [rm];
    return d >= -128 && d < 128 ? [0x40 | rm, ...bytes(1)] : [0x80 | rm, ...bytes(2)];
  }
  if (o.index === ESP) return undefined;
  if (o.base === NONE && o.index === NONE) return [0x05, ...bytes(4)];
  const sib = (o.scale << 6) | ((o.index === NONE ? 4 : o.index) << 3);
  if (o.base === NONE) return [0x04, sib | 5, ...bytes(4)];
  const needsSib = o.index !== NONE || o.base === ESP;
  const length = d === 0 && o.base !== EBP ? 0 : d >= -128 && d < 128 ? 1 : 4;
  const mod = length === 0 ? 0 : length === 1 ? 0x40 : 0x80;
  return [mod | (needsSib ? 4 : o.base), ...(needsSib ? [sib | o.base] : []), ...bytes(length)];
}
