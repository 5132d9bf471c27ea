// A small assembler, for `explain`: the decoder's opcode tables turned round. Every entry that could hold the operands is
// encoded, decoded and disassembled again; what reads as the text that was given is an encoding of it, and the shortest
// is taken, so that nothing here knows a mnemonic.
//
// Deviations: one instruction, no labels; sizes of memory operands must be told where no register does.

import { decode } from '../../src/isa/decode.ts';
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
  ONE_BYTE_ENTRIES,
  TWO_BYTE_ENTRIES,
} from '../../src/isa/decode-entries.ts';
import { disassemble } from '../../src/isa/disassemble.ts';
import { type DecodeMode, DS, EBP, EBX, EDI, ESI, ESP, IMM, type Insn, MEM, NONE, SS } from '../../src/isa/insn.ts';
import {
  type OperandText,
  parseOperand,
  REGISTERS_8,
  REGISTERS_16,
  REGISTERS_32,
  SEGMENTS,
  SyntaxProblem,
} from './operand-text.ts';

export { SyntaxProblem };

type Memory = OperandText & { kind: 'memory' };

/** Mnemonics that the disassembler writes otherwise: condition codes with several names, and others. */
const CONDITIONS: Readonly<Record<string, string>> = {
  c: 'b',
  nae: 'b',
  nb: 'ae',
  nc: 'ae',
  e: 'z',
  ne: 'nz',
  na: 'be',
  nbe: 'a',
  pe: 'p',
  po: 'np',
  nge: 'l',
  nl: 'ge',
  ng: 'le',
  nle: 'g',
};
const SYNONYMS: Readonly<Record<string, string>> = {
  sal: 'shl',
  repz: 'repe',
  repnz: 'repne',
  retn: 'ret',
  xlat: 'xlatb',
  fwait: 'wait',
  loopz: 'loope',
  loopnz: 'loopne',
};
const PREFIXED = /^(lock|repn?e|rep)$/;
const SEGMENT_PREFIXES = [0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65];

interface Line {
  /** Prefix words and mnemonic, as the disassembler writes them. */
  readonly head: string;
  readonly operands: readonly OperandText[];
}

/** Splits a line into mnemonic and operands. */
function parseLine(text: string): Line {
  const words = text.trim().toLowerCase().replaceAll(/\s+/g, ' ');
  const head: string[] = [];
  let rest = words;
  while (rest !== '') {
    const [word = ''] = rest.split(' ');
    head.push(canonical(word));
    rest = rest.slice(word.length).trimStart();
    if (!PREFIXED.test(head[head.length - 1] as string)) break;
  }
  return { head: head.join(' '), operands: rest === '' ? [] : rest.split(',').map(parseOperand) };
}

function canonical(word: string): string {
  const [, family, condition] = /^(j|set|cmov)([a-z]+)$/.exec(word) ?? [];
  if (family !== undefined && condition !== undefined && condition in CONDITIONS) return family + CONDITIONS[condition];
  return SYNONYMS[word] ?? word;
}

/**
 * The shortest encoding of one instruction in Intel syntax.
 * @param address of its first byte: absolute targets of jumps are counted from there
 * @throws SyntaxProblem with one line on what is not understood
 */
export function assemble(text: string, mode: DecodeMode, address = 0): Uint8Array {
  const line = parseLine(text);
  if (line.head === '') throw new SyntaxProblem('no instruction; give one such as "add eax,[ebx+8]", or hex bytes');
  const found = candidates(line, mode, address);
  if (found.length === 0) {
    throw new SyntaxProblem(`cannot assemble '${text.trim()}'; check it, or give its bytes in hex`);
  }
  // The size that the mode has comes first: a prefix may change what a text means that does not tell it.
  found.sort((a, b) => Number(a.resized) - Number(b.resized) || a.bytes.length - b.bytes.length);
  const [best] = found as [Candidate];
  // Without an operand size prefix, the sizes that the instruction may have are told apart by nothing but the text.
  const sizes = new Set(found.filter((c) => !c.resized).map((c) => memorySize(c.insn)));
  const untold = line.operands.some((o) => o.kind === 'memory' && o.size === 0);
  if (untold && sizes.size > 1) {
    throw new SyntaxProblem(
      `the size of the memory operand of '${text.trim()}' is not told; write for instance dword ptr`,
    );
  }
  return best.bytes;
}

interface Candidate {
  readonly bytes: Uint8Array;
  readonly insn: Insn;
  /** It has an operand size prefix. */
  readonly resized: boolean;
}

function memorySize(insn: Insn): number {
  const m = [insn.dst, insn.src, insn.src2].find((o) => o.kind === MEM);
  return m ? m.size : 0;
}

function candidates(line: Line, mode: DecodeMode, address: number): Candidate[] {
  const found: Candidate[] = [];
  const seen = new Set<string>();
  const consider = (bytes: number[] | undefined, resized: boolean): void => {
    if (!bytes || bytes.length > 15) return;
    const code = Uint8Array.from(bytes);
    const key = code.join();
    if (seen.has(key)) return;
    seen.add(key);
    const insn = decode(code, 0, code.length, mode);
    if (insn && insn.length === code.length && isLine(insn, line, address)) found.push({ bytes: code, insn, resized });
  };
  for (const [map, entries] of [
    [[], ONE_BYTE_ENTRIES],
    [[0x0f], TWO_BYTE_ENTRIES],
  ] as const) {
    entries.forEach((slot, at) => {
      // Columns are 66 (1), F3 (2) and F2 (3): an operand size prefix may stand beside the latter two.
      const column = at >> 8;
      for (const resized of column === 1 ? [true] : column === 0 ? [false] : [false, true]) {
        const prefixes = [[], [], [0xf3], [0xf2]][column] as number[];
        const opcode = [...map, at & 255];
        for (const [entry, modrm] of variants(slot)) {
          consider(
            encode(entry, modrm, [...(resized ? [0x66] : []), ...prefixes], opcode, line, mode, address, resized),
            resized,
          );
        }
      }
    });
  }
  return found;
}

/** An opcode's entries, each with a ModRM byte that selects it: with mod 3 and without. */
function variants(slot: Entry): readonly (readonly [Entry, number])[] {
  if (slot.by === null) return [[slot, 0]];
  const all: [Entry, number][] = [];
  for (let modrm = 0; modrm < 256; modrm++) {
    // The r/m field is the operands' to fill in, unless each register has an instruction of its own (x87).
    const entry = slot.by[modrm] as Entry;
    if (entry.op === 'UD') continue;
    if ((modrm & 0xc7) === 0 || modrm >= 0xc0) all.push([entry, modrm]);
  }
  return all;
}

/** Bytes of an entry with the line's operands, or undefined where they do not fit. */
function encode(
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

// Whether an instruction reads as the line.

function isLine(insn: Insn, line: Line, address: number): boolean {
  if (insn.op === 'UD') return false;
  let read: Line;
  try {
    read = parseLine(disassemble(insn, address));
  } catch (error) {
    if (error instanceof SyntaxProblem) return false;
    throw error;
  }
  return (
    read.head === line.head &&
    read.operands.length === line.operands.length &&
    read.operands.every((o, k) => isSame(o, line.operands[k] as OperandText, insn, address))
  );
}

/** `a` is what the disassembler wrote, `b` what was asked for. */
function isSame(a: OperandText, b: OperandText, insn: Insn, address: number): boolean {
  if (a.kind === 'number' && b.kind === 'here') return a.value === (address + b.distance) >>> 0;
  if (a.kind === 'number' && b.kind === 'number') {
    const size = [insn.dst, insn.src, insn.src2].find((o) => o.kind === IMM)?.size ?? 32;
    const span = 2 ** size;
    return b.value >= -span / 2 && b.value < span && (a.value - b.value) % span === 0;
  }
  if (a.kind !== 'memory' || b.kind !== 'memory') return JSON.stringify(a) === JSON.stringify(b);
  const size = a.size || memorySize(insn);
  // LEA has no segment.
  if (a.segment !== b.segment && insn.op !== 'LEA') return false;
  if (b.size !== 0 && b.size !== size) return false;
  const displacement = insn.asize === 16 ? (a.displacement - b.displacement) & 0xffff : a.displacement - b.displacement;
  if (displacement !== 0) return false;
  const straight = a.base === b.base && a.index === b.index && a.scale === b.scale;
  // Without a factor, base and index may change places.
  const turned = a.base === b.index && a.index === b.base && a.scale === 0 && b.scale === 0;
  return straight || turned;
}
