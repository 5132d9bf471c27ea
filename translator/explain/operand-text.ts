// Operands in Intel syntax, as the disassembler writes them and people type them: `eax`, `byte ptr fs:[ebx+esi*4-8]`,
// `0x1f`, `1fh`, `0x10:0x1000`, `$+5`.

import { DS, EBP, ESP, NONE, SS } from '../../src/isa/insn.ts';

export type OperandText =
  | { readonly kind: 'register'; readonly name: string }
  | { readonly kind: 'number'; readonly value: number }
  /** A place counted from the start of the instruction. */
  | { readonly kind: 'here'; readonly distance: number }
  | { readonly kind: 'far'; readonly selector: number; readonly offset: number }
  | {
      readonly kind: 'memory';
      /** In bits; 0 where the text does not say. */
      readonly size: number;
      /** Segment register: said, or the usual one. */
      readonly segment: number;
      readonly base: number;
      readonly index: number;
      /** log2 of the factor. */
      readonly scale: number;
      /** An int32. */
      readonly displacement: number;
      /** Address size: that of its registers, 0 where it has none. */
      readonly address: 0 | 16 | 32;
    };

/** A line of text that is not understood: says what, and what would be. */
export class SyntaxProblem extends Error {}

const SIZES: Readonly<Record<string, number>> = {
  byte: 8,
  word: 16,
  dword: 32,
  fword: 48,
  qword: 64,
  tbyte: 80,
  xmmword: 128,
};
export const REGISTERS_32 = ['eax', 'ecx', 'edx', 'ebx', 'esp', 'ebp', 'esi', 'edi'];
export const REGISTERS_16 = REGISTERS_32.map((name) => name.slice(1));
export const REGISTERS_8 = ['al', 'cl', 'dl', 'bl', 'ah', 'ch', 'dh', 'bh'];
export const SEGMENTS = ['es', 'cs', 'ss', 'ds', 'fs', 'gs'];
const OTHERS = /^(?:st(?:\([0-7]\))?|x?mm[0-7]|[cd]r[0-7])$/;

export function parseOperand(text: string): OperandText {
  const t = text.trim();
  if (t.includes('[')) return parseMemory(t);
  if ([...REGISTERS_32, ...REGISTERS_16, ...REGISTERS_8, ...SEGMENTS].includes(t) || OTHERS.test(t)) {
    return { kind: 'register', name: t };
  }
  if (t.startsWith('$')) return { kind: 'here', distance: t === '$' ? 0 : parseNumber(t.slice(1), t) };
  const [selector, offset] = t.split(':');
  if (selector !== undefined && offset !== undefined) {
    return { kind: 'far', selector: parseNumber(selector, t), offset: parseNumber(offset, t) };
  }
  return { kind: 'number', value: parseNumber(t, t) };
}

/** `5`, `-5`, `+5`, `0x1f`, `1fh`. */
function parseNumber(text: string, whole: string): number {
  const [, sign, hex, hexH, decimal] =
    /^\s*([+-]?)\s*(?:0x([0-9a-f]{1,8})|([0-9][0-9a-f]{0,8})h|(\d{1,10}))\s*$/.exec(text) ?? [];
  const digits = hex ?? hexH;
  const value = digits === undefined ? Number(decimal) : Number.parseInt(digits, 16);
  if (!(value <= 0xffffffff)) throw new SyntaxProblem(`'${whole}' is not an operand`);
  return sign === '-' ? -value : value;
}

function parseMemory(text: string): OperandText {
  const [, size, segment, inside] = /^(?:(\w+)\s+(?:ptr\s+)?)?(?:([c-gs]s|es)\s*:\s*)?\[([^[\]]+)\]$/.exec(text) ?? [];
  if (inside === undefined || (size !== undefined && !(size in SIZES))) {
    throw new SyntaxProblem(`'${text}' is not a memory operand such as dword ptr [ebx+esi*4+8]`);
  }
  let base = NONE;
  let index = NONE;
  let scale = 0;
  let displacement = 0;
  let address: 0 | 16 | 32 = 0;
  const registerOf = (name: string): number => {
    const wide = REGISTERS_32.indexOf(name);
    const n = wide >= 0 ? wide : REGISTERS_16.indexOf(name);
    const own = wide >= 0 ? 32 : 16;
    if (n < 0 || (address !== 0 && address !== own)) throw new SyntaxProblem(`'${name}' in '${text}' cannot be there`);
    address = own;
    return n;
  };
  for (const [, sign, term] of inside.matchAll(/([+-]?)\s*([^+\-\s]+)\s*/g)) {
    const [, name, factor] = /^([a-z]+)(?:\*([1248]))?$/.exec(term as string) ?? [];
    if (name === undefined) {
      const value = parseNumber(term as string, text);
      displacement = (displacement + (sign === '-' ? -value : value)) | 0;
    } else if (sign === '-') throw new SyntaxProblem(`a register cannot be subtracted in '${text}'`);
    else if (factor === undefined && base === NONE) base = registerOf(name);
    else if (index === NONE) {
      index = registerOf(name);
      scale = Math.log2(Number(factor ?? 1));
    } else if (base === NONE && factor === '1') base = registerOf(name);
    else throw new SyntaxProblem(`too many registers in '${text}'`);
  }
  // ESP has no place as an index: the other one is.
  if (index === ESP && scale === 0 && base !== ESP) [base, index] = [index, base];
  const usual = base === EBP || base === ESP ? SS : DS;
  return {
    kind: 'memory',
    size: size === undefined ? 0 : (SIZES[size] as number),
    segment: segment === undefined ? usual : SEGMENTS.indexOf(segment),
    base,
    index,
    scale,
    displacement,
    address,
  };
}
