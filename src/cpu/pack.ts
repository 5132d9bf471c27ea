// Packs decoded instructions into the words that the fast interpreter runs on. The layout of a word is described in
// translator/gen/packed.ts, which prints the other side.

import { endsBlock } from '../isa/control.ts';
import { DS, ES, IMM, type Insn, type int, MEM, NONE, type Operand, REG, REG8, REP_NONE, SREG } from '../isa/insn.ts';
import { WORD } from '../isa/register-file.ts';
import { CASES, PLACES } from './generated/interpreter.js';
import { ByShape, isCounted, isString, NOTHING, shapeKey } from './shape.ts';

/** Case numbers by shape; 0, the slow path, is not among them. */
const NUMBERS: ReadonlyMap<string, number> = new Map(CASES.map((key, k) => [key, k + 1]));
/** Cases of compares with the conditional jump behind them, by the compare's and its condition. */
const FUSED: ReadonlyMap<int, int> = new Map(
  CASES.filter((key) => /^[^;]*\+/.test(key)).map((key) => {
    const [compare, cc] = key.split('+') as [string, string];
    return [((NUMBERS.get(compare) as int) << 4) | Number(cc), NUMBERS.get(key) as int];
  }),
);
/** Cases of sequences, by the case of all but the last instruction and that of the last one. */
const SEQUENCES: ReadonlyMap<int, int> = new Map(
  CASES.filter((key) => key.includes(';')).map((key) => {
    const before = key.lastIndexOf(';');
    const [first, last] = [key.slice(0, before), key.slice(before + 1)].map((k) => NUMBERS.get(k) as int) as [int, int];
    return [(first << 10) | last, NUMBERS.get(key) as int];
  }),
);
const MEMORY_MARK = -0x80000000;
const SEGMENT_MARK = 0x40000000;
const ADDRESS_16 = 0x100;

/** Of a slot's first word: the number of its case. */
export const CASE = 1023;
export const SLOW = 0;
export const CROSS = NUMBERS.get('cross') as number;
export const HEAT = NUMBERS.get('heat') as number;
export const ENTER = NUMBERS.get('enter') as number;
/** Ends the interrupt shadow of an STI, behind the instruction after it. */
export const UNSHADOW = NUMBERS.get('unshadow') as number;
export const JUMP = NUMBERS.get('JMP32.,') as number;
const IDLE = NUMBERS.get('NOP32.,') as number;

/** Case that does the instruction whose word 0 is `word` and the conditional jump behind it, or undefined. */
export function fusedCase(word: int, next: Insn): number | undefined {
  return FUSED.get(((word & CASE) << 4) | (next.cc & ~1));
}

/** Case that does what the case `first` does, and then the instruction whose word 0 is `next`, or undefined. */
export function sequenceCase(first: int, next: int): int | undefined {
  return (next & SEGMENT_MARK) === 0 ? SEQUENCES.get((first << 10) | (next & CASE)) : undefined;
}

/**
 * Writes words 0 to 2 of an instruction at CODE[o]; returns the flags for word 3. The links of transfers are filled
 * by the caller. What has no case gets SLOW. Bit s of `bent`: segment register s is not flat (base 0, limit 4 GiB,
 * readable and writable).
 */
export function pack(code: Int32Array, o: int, i: Insn, bent: int): int {
  const number = caseOf(i, bent);
  const m = i.dst.kind === MEM ? i.dst : i.src.kind === MEM ? i.src : undefined;
  const s = i.src.kind === IMM && i.src2.kind === REG ? i.src2 : i.src;
  let word = number | (registerOf(i.dst) << 10) | (registerOf(s) << 14);
  let third = 0;
  if (highByte(i.dst)) word |= 1 << 28;
  if (highByte(i.src)) word |= 1 << 29;
  code[o + 1] = immediateOf(i);
  code[o + 2] = 0;
  if (m && number !== SLOW) {
    word |= (m.base << 18) | (m.index << 22) | (m.scale << 26) | MEMORY_MARK;
    code[o + 2] = m.disp;
    const isBent = ((bent >> m.seg) & 1) !== 0 && i.op !== 'LEA';
    if (isBent || m.address === 16) {
      if (!segmentCase(i, m)) {
        code[o] = SLOW;
        return 0;
      }
      word |= SEGMENT_MARK;
      const span = (reads(i) ? WORD.readSpan : WORD.writeSpan) + m.seg;
      third = (span << 16) | ((WORD.base + m.seg) << 9) | (m.address === 16 ? ADDRESS_16 : 0);
    }
  } else if (number !== SLOW) word |= (NONE << 18) | (NONE << 22);
  code[o] = word;
  return third;
}

/**
 * The memory operand that an instruction accesses first, where it has a 32-bit address in a flat segment: its size in
 * bytes, and PLACE_WRITTEN. Else 0.
 */
export function placeOf(i: Insn, bent: int): int {
  const m = i.dst.kind === MEM ? i.dst : i.src.kind === MEM ? i.src : undefined;
  if (m?.address !== 32 || ((bent >> m.seg) & 1) !== 0) return 0;
  return PLACES[caseOf(i, bent)] as int;
}

/** Whether the segment prologue computes this operand's address rightly. */
function segmentCase(i: Insn, m: Operand): boolean {
  // LEA adds no base; a bit string's address depends on its bit; an explicit index may wrap at 16 bits only whole.
  if (i.op === 'LEA') return false;
  if (i.op === 'BT' || i.op === 'BTS' || i.op === 'BTR' || i.op === 'BTC') return false;
  return m.address === 32 || m.scale === 0;
}

/** Only read: its span for reading decides. */
function reads(i: Insn): boolean {
  if (i.dst.kind !== MEM) return true;
  return i.op === 'CMP' || i.op === 'TEST';
}

function caseOf(i: Insn, bent: int): int {
  const operation = operationOf(i.op);
  // Repeated: quick ways are for flat segments and 32-bit addresses.
  if (operation.isString && i.rep !== REP_NONE) {
    const source = i.src.kind === MEM ? i.src.seg : DS;
    if (i.asize !== 32 || (bent & ((1 << ES) | (1 << source))) !== 0) return SLOW;
    return numbers.of(i);
  }
  if (operation.loadsSegment && endsBlock(i)) return SLOW;
  if (operation.isCounted) {
    const count = isDoubleShift(i) ? i.src2 : i.src;
    // A count of zero changes nothing (but checks its memory operand: slow).
    if (count.kind === IMM && (count.value & 31) === 0) return i.dst.kind === MEM ? SLOW : IDLE;
  }
  if (operation.counts && i.asize === 16) return SLOW;
  if (operation.doesNothing) return IDLE;
  if (operation.usesStack && i.ssize === 16) return SLOW;
  return numbers.of(i);
}

/** What packing asks of an operation, found by its name once. */
interface Operation {
  readonly isString: boolean;
  readonly loadsSegment: boolean;
  /** It has a shift count. */
  readonly isCounted: boolean;
  /** It counts CX or ECX, by its address size. */
  readonly counts: boolean;
  readonly doesNothing: boolean;
  readonly usesStack: boolean;
}

const STACK = new Set(['PUSH', 'POP', 'CALL', 'RET', 'LEAVE', 'PUSHF', 'PUSHSEG', 'POPSEG']);
const COUNTING = new Set(['LOOP', 'LOOPE', 'LOOPNE', 'JCXZ']);
const operations = new Map<string, Operation>();
const numbers = new ByShape((i) => NUMBERS.get(shapeKey(i)) ?? SLOW);

function operationOf(op: string): Operation {
  let known = operations.get(op);
  if (!known) {
    known = {
      isString: isString(op),
      loadsSegment: op === 'POPSEG' || op === 'MOVSEG',
      isCounted: isCounted(op),
      counts: COUNTING.has(op),
      doesNothing: NOTHING.has(op),
      usesStack: STACK.has(op),
    };
    operations.set(op, known);
  }
  return known;
}

function isDoubleShift({ op }: Insn): boolean {
  return op === 'SHLD' || op === 'SHRD';
}

function registerOf(o: Operand): int {
  return o.kind === REG || o.kind === REG8 || o.kind === SREG ? o.n : 0;
}

function highByte(o: Operand): boolean {
  return o.kind === REG8 && o.up === 16;
}

function immediateOf(i: Insn): int {
  if (operationOf(i.op).isCounted) return (isDoubleShift(i) ? i.src2 : i.src).value & 31;
  return i.src.kind === IMM ? i.src.value : i.src2.kind === IMM ? i.src2.value : 0;
}
