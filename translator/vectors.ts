// Instructions on whole XMM registers as operations of WebAssembly's vectors (SIMD; core specification 2.0, chapter 5.4.9):
// what the semantics spell out word by word is one of them. Where a region is asm.js, which has no vectors, and where a
// register is not a vector in the region (lanes.ts), the residual of the semantics stands. What is said here is held
// against it by the tests, which run each instruction both ways.

import { IMM, type Insn, type int, MEM, type Operand, REG, XMM } from '../src/isa/insn.ts';
import { WORD } from '../src/isa/register-file.ts';
import { C, type Expr, let_, load, N, R, type Stmt, set, store, T } from './ir.ts';
import { removeDeadTemporaries } from './passes/dead.ts';

/** The array of the residual language that stands for locals of 128 bits, by what the registers are in rows of four words. */
export const VECTOR_LANES = 'vectorLanes';
const FIRST_VECTOR = WORD.xmm / 4;
const ZERO = C('v128.zero', []);

/** The local of an XMM register. */
export const vector = (register: int): Expr => R(VECTOR_LANES, N(FIRST_VECTOR + register));

/** What an instruction does with vectors: computes one, or moves it. */
export type VectorUse = 'computes' | 'moves';

type Make = (d: Expr, s: Expr) => Expr;

const both =
  (f: string): Make =>
  (d, s) =>
    C(f, [d, s]);
/** Bytes by their numbers: 0 to 15 of `a`, then those of `b`. */
const shuffle = (a: Expr, b: Expr, bytes: readonly int[]): Expr => C('i8x16.shuffle', [a, b, ...bytes.map(N)]);
/** Elements of so many bytes by their numbers, those of `b` behind those of `a`. */
const elements = (a: Expr, b: Expr, bytes: int, which: readonly int[]): Expr =>
  shuffle(
    a,
    b,
    which.flatMap((n) => Array.from({ length: bytes }, (_, k) => n * bytes + k)),
  );
/** The elements of one half of each, in turns. */
const interleave =
  (bytes: int, isHigh: boolean): Make =>
  (d, s) => {
    const all = 16 / bytes;
    const first = isHigh ? all / 2 : 0;
    const which = Array.from({ length: all / 2 }, (_, k) => [first + k, all + first + k]);
    return elements(d, s, bytes, which.flat());
  };
/** Elements from `first` on, by the pairs of bits of an immediate. */
const pairs = (v: int, first: int): int[] => [0, 2, 4, 6].map((bit) => first + ((v >> bit) & 3));

const COMPUTED: ReadonlyMap<string, Make> = new Map<string, Make>([
  ...[
    'PADDB i8x16.add',
    'PADDW i16x8.add',
    'PADDD i32x4.add',
    'PADDQ i64x2.add',
    'PADDSB i8x16.add_sat_s',
    'PADDUSB i8x16.add_sat_u',
    'PADDSW i16x8.add_sat_s',
    'PADDUSW i16x8.add_sat_u',
    'PSUBB i8x16.sub',
    'PSUBW i16x8.sub',
    'PSUBD i32x4.sub',
    'PSUBQ i64x2.sub',
    'PSUBSB i8x16.sub_sat_s',
    'PSUBUSB i8x16.sub_sat_u',
    'PSUBSW i16x8.sub_sat_s',
    'PSUBUSW i16x8.sub_sat_u',
    'PMULLW i16x8.mul',
    'PMADDWD i32x4.dot_i16x8_s',
    'PCMPEQB i8x16.eq',
    'PCMPEQW i16x8.eq',
    'PCMPEQD i32x4.eq',
    'PCMPGTB i8x16.gt_s',
    'PCMPGTW i16x8.gt_s',
    'PCMPGTD i32x4.gt_s',
    'PMINUB i8x16.min_u',
    'PMAXUB i8x16.max_u',
    'PMINSW i16x8.min_s',
    'PMAXSW i16x8.max_s',
    'PAVGB i8x16.avgr_u',
    'PAVGW i16x8.avgr_u',
    'PACKSSWB i8x16.narrow_i16x8_s',
    'PACKUSWB i8x16.narrow_i16x8_u',
    'PACKSSDW i16x8.narrow_i32x4_s',
    'PAND v128.and',
    'ANDPS v128.and',
    'ANDPD v128.and',
    'POR v128.or',
    'ORPS v128.or',
    'ORPD v128.or',
    'PXOR v128.xor',
    'XORPS v128.xor',
    'XORPD v128.xor',
  ].map((row): [string, Make] => {
    const [op, f] = row.split(' ') as [string, string];
    return [op, both(f)];
  }),
  ...['PANDN', 'ANDNPS', 'ANDNPD'].map((op): [string, Make] => [op, (d, s) => C('v128.andnot', [s, d])]),
  ['PUNPCKLBW', interleave(1, false)],
  ['PUNPCKLWD', interleave(2, false)],
  ['PUNPCKLDQ', interleave(4, false)],
  ['PUNPCKLQDQ', interleave(8, false)],
  ['UNPCKLPS', interleave(4, false)],
  ['UNPCKLPD', interleave(8, false)],
  ['PUNPCKHBW', interleave(1, true)],
  ['PUNPCKHWD', interleave(2, true)],
  ['PUNPCKHDQ', interleave(4, true)],
  ['PUNPCKHQDQ', interleave(8, true)],
  ['UNPCKHPS', interleave(4, true)],
  ['UNPCKHPD', interleave(8, true)],
]);

/** With an immediate behind the source. */
const SELECTED: ReadonlyMap<string, (d: Expr, s: Expr, imm: int) => Expr> = new Map([
  ['PSHUFD', (_d, s, v) => elements(s, s, 4, pairs(v, 0))],
  ['PSHUFLW', (_d: Expr, s: Expr, v: int) => elements(s, s, 2, [...pairs(v, 0), 4, 5, 6, 7])],
  ['PSHUFHW', (_d: Expr, s: Expr, v: int) => elements(s, s, 2, [0, 1, 2, 3, ...pairs(v, 4)])],
  ['SHUFPS', (d: Expr, s: Expr, v: int) => elements(d, s, 4, [...pairs(v, 0).slice(0, 2), ...pairs(v, 4).slice(2)])],
  ['SHUFPD', (d: Expr, s: Expr, v: int) => elements(d, s, 8, [v & 1, 2 + ((v >> 1) & 1)])],
]);

/** By an immediate: the shape, the bits of an element, whether the sign comes in. */
const SHIFTED: ReadonlyMap<string, readonly [f: string, bits: int, isSigned?: true]> = new Map([
  ['PSLLW', ['i16x8.shl', 16]],
  ['PSLLD', ['i32x4.shl', 32]],
  ['PSLLQ', ['i64x2.shl', 64]],
  ['PSRLW', ['i16x8.shr_u', 16]],
  ['PSRLD', ['i32x4.shr_u', 32]],
  ['PSRLQ', ['i64x2.shr_u', 64]],
  ['PSRAW', ['i16x8.shr_s', 16, true]],
  ['PSRAD', ['i32x4.shr_s', 32, true]],
]);

/** Of their signs, to a general register. */
const MASKS: ReadonlyMap<string, string> = new Map([
  ['PMOVMSKB', 'i8x16.bitmask'],
  ['MOVMSKPS', 'i32x4.bitmask'],
  ['MOVMSKPD', 'i64x2.bitmask'],
]);

const MOVES = new Set([
  'MOVAPS',
  'MOVAPD',
  'MOVUPS',
  'MOVUPD',
  'MOVDQA',
  'MOVDQU',
  'MOVNTPS',
  'MOVNTPD',
  'MOVNTDQ',
  'LDDQU',
]);

/** Instructions that clear a register where both operands are the same. */
const CLEARS = new Set(['PXOR', 'XORPS', 'XORPD', 'PSUBB', 'PSUBW', 'PSUBD', 'PSUBQ']);

/** Whether it makes zero of its register, whatever that was. */
export const isClear = ({ op, dst, src }: Insn): boolean => CLEARS.has(op) && dst.kind === src.kind && dst.n === src.n;

const isWhole = (o: Operand): boolean => o.kind === XMM || (o.kind === MEM && o.size === 128);

/** What an instruction does with vectors, if it is one that can be done with them. */
export function vectorUse(i: Insn): VectorUse | undefined {
  if (MOVES.has(i.op)) return isWhole(i.dst) && isWhole(i.src) ? 'moves' : undefined;
  if (MASKS.has(i.op)) return i.dst.kind === REG && i.src.kind === XMM ? 'computes' : undefined;
  if (i.dst.kind !== XMM) return undefined;
  if (i.src.kind === IMM) return SHIFTED.has(i.op) || i.op === 'PSLLDQ' || i.op === 'PSRLDQ' ? 'computes' : undefined;
  if (!isWhole(i.src)) return undefined;
  return COMPUTED.has(i.op) || SELECTED.has(i.op) ? 'computes' : undefined;
}

/** The registers of an instruction that does something with vectors. */
export const vectorRegisters = (i: Insn): int[] => [i.dst, i.src].filter((o) => o.kind === XMM).map((o) => o.n);

/**
 * An instruction for which there is a use, and whose XMM registers are vectors, as operations of vectors. `made`: its
 * residual, of which what may leave it stands.
 */
export function throughVectors(made: readonly Stmt[], i: Insn, temporaries: { n: number }): Stmt[] {
  const out: Stmt[] = made.filter((s) => s.k === 'let' || s.k === 'exit' || s.k === 'place');
  const place = made.find((s) => s.k === 'place');
  const p = place?.k === 'place' ? T(place.i) : undefined;
  const value = (o: Operand): Expr => {
    if (o.kind === XMM) return vector(o.n);
    const t = temporaries.n++;
    out.push(load(t, p as Expr, 128, 0));
    return T(t);
  };
  const mask = MASKS.get(i.op);
  if (mask) {
    const t = temporaries.n++;
    out.push(let_(t, C(mask, [vector(i.src.n)])), set(R('reg', N(i.dst.n)), T(t)));
  } else if (i.dst.kind === MEM) out.push(store(p as Expr, 128, 0, vector(i.src.n)));
  else {
    const t = temporaries.n++;
    out.push(let_(t, computed(i, value)), set(vector(i.dst.n), T(t)));
  }
  return removeDeadTemporaries(out);
}

function computed(i: Insn, value: (o: Operand) => Expr): Expr {
  const { op, dst, src } = i;
  if (src.kind === IMM) return shifted(op, vector(dst.n), src.value & 255);
  if (MOVES.has(op)) return value(src);
  if (isClear(i)) return ZERO;
  const selected = SELECTED.get(op);
  if (selected) return selected(vector(dst.n), value(src), i.src2.value);
  return (COMPUTED.get(op) as Make)(vector(dst.n), value(src));
}

function shifted(op: string, d: Expr, count: int): Expr {
  if (op === 'PSLLDQ' || op === 'PSRLDQ') {
    const n = Math.min(count, 16);
    const from = (k: int): int => (op === 'PSLLDQ' ? (k < n ? 16 : k - n) : k + n);
    return shuffle(
      d,
      ZERO,
      Array.from({ length: 16 }, (_, k) => Math.min(from(k), 16)),
    );
  }
  const [f, bits, isSigned] = SHIFTED.get(op) as readonly [string, int, true?];
  if (count < bits) return C(f, [d, N(count)]);
  return isSigned ? C(f, [d, N(bits - 1)]) : ZERO;
}

// A register that is a vector, seen by instructions that have no use for one. Those that take its parts for doubles or
// floats are none of them: then it is no vector.

/** A word of it, by its number. */
export const wordOf = (register: int, n: int): Expr => C('i32x4.lane', [vector(register), N(n)]);
/** It with another value for that word. */
export const withWord = (register: int, n: int, e: Expr): Expr => C('i32x4.with', [vector(register), e, N(n)]);
/** Its low (0) or high (1) half, for a lane that is a double. */
export const doubleOf = (register: int, n: int): Expr => C('f64x2.lane', [vector(register), N(n)]);
