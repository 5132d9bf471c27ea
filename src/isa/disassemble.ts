// Disassembly in Intel syntax, from what the decoder produces. Source for the spelling: Intel SDM vol. 2.
//
// Deviations: mnemonics in lower case; numbers below ten decimal, others with 0x; a byte that the CPU sign-extends is
// printed at the operand size; a shift count is printed as masked; undefined encodings are all `ud`.

import {
  CREG,
  DREG,
  DS,
  EBP,
  EDI,
  ES,
  ESI,
  ESP,
  FAR,
  IMM,
  type Insn,
  type int,
  MEM,
  MMX,
  NO_OPERAND,
  NONE,
  type Operand,
  REG,
  REG8,
  REPE,
  REPNE,
  SREG,
  SS,
  ST,
  XMM,
} from './insn.ts';
import { STRINGS } from './opcodes.ts';

const REGISTERS = ['eax', 'ecx', 'edx', 'ebx', 'esp', 'ebp', 'esi', 'edi'];
const BYTE_REGISTERS = ['al', 'cl', 'dl', 'bl', 'ah', 'ch', 'dh', 'bh'];
const SEGMENTS = ['es', 'cs', 'ss', 'ds', 'fs', 'gs'];
const CONDITIONS = ['o', 'no', 'b', 'ae', 'z', 'nz', 'be', 'a', 's', 'ns', 'p', 'np', 'l', 'ge', 'le', 'g'];
/** FCMOVcc by the integer condition's nibble. */
const X87_CONDITIONS: Readonly<Record<int, string>> = {
  2: 'b',
  3: 'nb',
  4: 'e',
  5: 'ne',
  6: 'be',
  7: 'nbe',
  10: 'u',
  11: 'nu',
};
const SIZES: Readonly<Record<int, string>> = {
  8: 'byte',
  16: 'word',
  32: 'dword',
  48: 'fword',
  64: 'qword',
  80: 'tbyte',
  128: 'xmmword',
};
const STRING_SUFFIX: Readonly<Record<int, string>> = { 8: 'b', 16: 'w', 32: 'd' };

/** Operations whose manual mnemonic is not their name. */
const MNEMONICS: Readonly<Record<string, string>> = {
  JMPn: 'jmp',
  JMPF: 'jmp',
  CALLn: 'call',
  CALLF: 'call',
  IMUL1: 'imul',
  MOVSEG: 'mov',
  MOVCR: 'mov',
  MOVDR: 'mov',
  PUSHSEG: 'push',
  POPSEG: 'pop',
  CMPSDX: 'cmpsd',
  MOVSDX: 'movsd',
  XLAT: 'xlatb',
  FWAIT: 'wait',
  TOOLONG: '(too long)',
};
/** Operations with one mnemonic for each operand size: 16 and 32. */
const BY_SIZE: Readonly<Record<string, readonly [string, string]>> = {
  CBW: ['cbw', 'cwde'],
  CWD: ['cwd', 'cdq'],
  PUSHA: ['pusha', 'pushad'],
  POPA: ['popa', 'popad'],
  PUSHF: ['pushf', 'pushfd'],
  POPF: ['popf', 'popfd'],
  IRET: ['iret', 'iretd'],
};
/** Operations whose memory operand has no size worth telling. */
const UNSIZED: ReadonlySet<string> = new Set(
  'LEA LFP LGDT LIDT SGDT SIDT INVLPG CLFLUSH FLDENV FNSTENV FRSTOR FNSAVE FXSAVE FXRSTOR'.split(' '),
);
/** x87 operations that the manual writes without their first operand, ST(0). */
const IMPLICIT_ST0: ReadonlySet<string> = new Set('FCOM FCOMP FUCOM FUCOMP FXCH'.split(' '));
/** Operations whose register operand says nothing about the width of their memory operand. */
const OWN_WIDTH: ReadonlySet<string> = new Set('ROL ROR RCL RCR SHL SHR SAR INS OUTS'.split(' '));

/**
 * Text of an instruction.
 *
 * @param address linear or logical address of its first byte; when left out, a relative target is printed as `$+n`,
 *   counted from there
 */
export function disassemble(insn: Insn, address?: number): string {
  if (STRINGS.has(insn.op)) return repeatPrefix(insn) + stringText(insn);
  let text = (insn.lock ? 'lock ' : '') + mnemonic(insn);
  const list = operands(insn);
  if (isRelative(insn.op)) list.push(target(insn, address));
  if (list.length) text += ` ${list.join(',')}`;
  return text;
}

function mnemonic(insn: Insn): string {
  const { op, cc } = insn;
  switch (op) {
    case 'Jcc':
    case 'SETcc':
    case 'CMOVcc':
      return op.slice(0, -2).toLowerCase() + CONDITIONS[cc];
    case 'FCMOVcc':
      return `fcmov${X87_CONDITIONS[cc]}`;
    case 'JCXZ':
      return insn.asize === 16 ? 'jcxz' : 'jecxz';
    case 'LFP':
      return `l${SEGMENTS[insn.src2.n]}`;
  }
  const bySize = BY_SIZE[op];
  if (bySize) return bySize[insn.size === 16 ? 0 : 1];
  return MNEMONICS[op] ?? op.toLowerCase();
}

const isRelative = (op: string): boolean =>
  op === 'Jcc' || op === 'JMP' || op === 'CALL' || op === 'JCXZ' || op.startsWith('LOOP');

function target(insn: Insn, address: number | undefined): string {
  const from = insn.length + insn.rel;
  if (address === undefined) return from < 0 ? `$-${number(-from)}` : `$+${number(from)}`;
  const to = address + from;
  return number(insn.osize === 16 ? to & 0xffff : to >>> 0);
}

/** The operands that the manual writes. */
function operands(insn: Insn): string[] {
  const { op, dst, src, src2 } = insn;
  if ((op === 'RET' || op === 'RETF') && src.value === 0) return [];
  if (op === 'XLAT') return usualPointer(src, insn) ? [] : [operandText(src, insn)];
  if ((op === 'AAM' || op === 'AAD') && src.value === 10) return [];
  let written = [dst, src, src2];
  if (op === 'IMUL' && src2 === dst) written = [dst, src];
  else if (op === 'LFP') written = [dst, src];
  else if (op.startsWith('MASKMOV')) written = usualPointer(dst, insn) ? [src, src2] : [dst, src, src2];
  else if (dst.kind === ST && src.kind === ST && !IMPLICIT_ST0.has(op)) {
    // ST is the implicit one of the two.
    return dst.n === 0 ? ['st', `st(${src.n})`] : [`st(${dst.n})`, 'st'];
  } else if (dst.kind === ST && (src.kind === MEM || IMPLICIT_ST0.has(op))) written = [src];
  return written.filter((o) => o.kind !== NO_OPERAND).map((o) => operandText(o, insn));
}

function operandText(operand: Operand, insn: Insn): string {
  switch (operand.kind) {
    case REG:
      return operand.size === 16 ? (REGISTERS[operand.n] as string).slice(1) : (REGISTERS[operand.n] as string);
    case REG8:
      return BYTE_REGISTERS[operand.up === 16 ? operand.n + 4 : operand.n] as string;
    case IMM:
      return number(
        operand.size === 8 ? operand.value & 0xff : operand.size === 16 ? operand.value & 0xffff : operand.value >>> 0,
      );
    case MEM:
      return (tellsSize(operand, insn) ? sizeText(operand, insn) : '') + memoryText(operand, insn);
    case SREG:
      return SEGMENTS[operand.n] as string;
    case CREG:
      return `cr${operand.n}`;
    case DREG:
      return `dr${operand.n}`;
    case MMX:
      return `mm${operand.n}`;
    case XMM:
      return `xmm${operand.n}`;
    case ST:
      return `st(${operand.n})`;
    case FAR:
      return `${number(operand.n)}:${number(operand.value >>> 0)}`;
    default:
      throw new Error(`disassembler: operand kind ${operand.kind}`);
  }
}

/** Whether the width of a memory operand has to be written: no register beside it has the same. */
function tellsSize(operand: Operand, insn: Insn): boolean {
  if (UNSIZED.has(insn.op)) return false;
  if (OWN_WIDTH.has(insn.op)) return true;
  const other = operand === insn.dst ? insn.src : insn.dst;
  const register = other.kind === REG || other.kind === REG8 || other.kind === XMM || other.kind === MMX;
  return !(register && other.size === operand.size);
}

function sizeText(operand: Operand, insn: Insn): string {
  if (insn.op === 'CALLF' || insn.op === 'JMPF') return operand.size === 16 ? 'dword ptr ' : 'fword ptr ';
  const size = SIZES[operand.size];
  return size ? `${size} ptr ` : '';
}

function memoryText(operand: Operand, insn: Insn): string {
  const { index, scale, disp, seg, address } = operand;
  const parts: string[] = [];
  if (operand.base !== NONE) parts.push(base(operand));
  // A factor of one is written where it tells an index from a base.
  if (index !== NONE) parts.push(registerAt(index, address) + (scale || !parts.length ? `*${1 << scale}` : ''));
  let text = parts.join('+');
  if (text === '') text = number(address === 16 ? disp & 0xffff : disp >>> 0);
  else if (disp !== 0) text += disp < 0 ? `-${number(-disp)}` : `+${number(disp)}`;
  const usual = operand.base === EBP || operand.base === ESP ? SS : DS;
  return `${seg === usual || insn.op === 'LEA' ? '' : segment(seg)}[${text}]`;
}

/**
 * Whether an implicit memory operand goes without saying: through DS, and with the usual address size. That of the
 * stack stands for the latter, since an instruction does not know the default of its code segment.
 */
const usualPointer = (operand: Operand, insn: Insn): boolean => operand.seg === DS && operand.address === insn.ssize;

const segment = (seg: int): string => `${SEGMENTS[seg]}:`;

const base = (operand: Operand): string => registerAt(operand.base, operand.address);

const registerAt = (n: int, address: 16 | 32): string =>
  address === 16 ? (REGISTERS[n] as string).slice(1) : (REGISTERS[n] as string);

function repeatPrefix(insn: Insn): string {
  if (insn.rep === REPNE) return 'repne ';
  if (insn.rep === REPE) return insn.op === 'CMPS' || insn.op === 'SCAS' ? 'repe ' : 'rep ';
  return '';
}

/** A string instruction: the short mnemonic, or with operands where a segment or address size is not the usual one. */
function stringText(insn: Insn): string {
  const { op, dst, src } = insn;
  const source = src.kind === MEM ? src : dst;
  const name = op.toLowerCase();
  if (source.base === ESI ? usualPointer(source, insn) : source.address === insn.ssize)
    return name + STRING_SUFFIX[insn.size];
  // CMPS is written source first.
  const written =
    op === 'CMPS' ? [src, dst] : op === 'LODS' ? [src] : op === 'STOS' || op === 'SCAS' ? [dst] : [dst, src];
  const texts = written.map((o) =>
    o.kind === MEM
      ? `${SIZES[o.size]} ptr ${o.base === EDI ? segment(ES) : o.seg === DS ? '' : segment(o.seg)}[${base(o)}]`
      : operandText(o, insn),
  );
  return `${name} ${texts.join(',')}`;
}

/** Small numbers in decimal, others hexadecimal. */
const number = (value: number): string => (value < 10 ? `${value}` : `0x${value.toString(16)}`);
