// The arithmetic of the x87 in 64-bit integers: functions of a small WebAssembly module of ours, called by the semantics
// and imported by translated code. They take numbers in the extended format as three words (significand low, high; sign
// and exponent) and the control word, and know what is plain (SDM vol. 1, sections 4.8, 8.1.5 and 8.5):
//   operands are zero or normal, and so is the result; nothing but #P comes about, and that is masked.
//
// What is not plain they answer with a negative number. Otherwise bits 0..15 of the answer are the sign and exponent of
// the result (0 where it is no extended number) and bits 16..31 what is raised in the status word: PE and C1. `x87lo`
// and `x87hi` then give the result's two words.

import type { int } from './insn.ts';
import {
  answer,
  type Code,
  f64,
  get,
  getGlobal,
  I32,
  I64,
  i32,
  i64,
  int32,
  int64,
  pick,
  set,
  setGlobal,
  type ValueType,
  type WasmFunction,
  wasmModule,
  when,
} from './wasm.ts';

// Declared here so that no library of browser types is needed for three names.
declare const WebAssembly: {
  Module: new (bytes: Uint8Array) => object;
  Instance: new (module: object) => { exports: object };
};

type Binary = (alo: int, ahi: int, ase: int, blo: int, bhi: int, bse: int, fcw: int) => int;
type Unary = (alo: int, ahi: int, ase: int, fcw: int) => int;

export interface X87Unit {
  /** a + b. */
  x87add: Binary;
  /** a - b. */
  x87sub: Binary;
  x87mul: Binary;
  /** a / b; division by zero is not plain. */
  x87div: Binary;
  x87sqrt: Unary;
  /** To a double / single that is zero or normal; its words are the result. */
  x87double: Unary;
  x87single: Unary;
  /** To an integer of `size` (16, 32, 64) bits. The least one of 64 bits is not plain. */
  x87integer: (alo: int, ahi: int, ase: int, fcw: int, size: int) => int;
  /** To an integer in the extended format. */
  x87round: Unary;
  /** From an integer of 64 bits. */
  x87load: (lo: int, hi: int) => int;
  /** The condition codes of a comparison in the answer's place: C3 equal, C0 less, 0 greater. */
  x87compare: (alo: int, ahi: int, ase: int, blo: int, bhi: int, bse: int) => int;
  /** The words of the last result. `t`: the answer that came with it. */
  x87lo: (t: int) => int;
  x87hi: (t: int) => int;
}

const SIGN = 0x8000;
const EXPONENT = 0x7fff;
const BIAS = 16383;
const MSB = 1n << 63n;
const WORD = 0xffffffffn;
const PE = 0x20;
const LESS = 0x100;
const EQUAL = 0x4000;
const NEAREST = 0x000;
const DOWN = 0x400;
const UP = 0x800;
const RC = 0xc00;
/** Where the result's words are. */
const RESULT = 0;

const NOT_PLAIN = answer(int32(-1));
const result = (value: Code): Code => setGlobal(RESULT, value);

/** Locals of a function, by name: its parameters first. */
class Locals {
  readonly types: ValueType[] = [];
  readonly #parameters: number;

  constructor(parameters: number) {
    this.#parameters = parameters;
  }

  new(type: ValueType): number {
    this.types.push(type);
    return this.#parameters + this.types.length - 1;
  }
}

interface Value {
  /** Locals: significand of 64 bits; sign and exponent. */
  readonly m: number;
  readonly se: number;
}

const exponent = (se: number): Code => i32.and(get(se), int32(EXPONENT));
const joined = (lo: number, hi: number): Code =>
  i64.or(i64.extendU(get(lo)), i64.shl(i64.extendU(get(hi)), int64(32n)));
const low = (x: Code): Code => i64.and(x, int64(WORD));
const high = (x: Code): Code => i64.shrU(x, int64(32n));
const isZero = (v: Value): Code => i64.eqz(i64.or(get(v.m), i64.extendU(exponent(v.se))));
/** Neither infinite nor a NaN, and the top bit of the significand set. */
const isOdd = (v: Value): Code =>
  i32.or(i64.geS(get(v.m), int64(0n)), i32.gtU(i32.sub(exponent(v.se), int32(1)), int32(EXPONENT - 2)));
/** The top n bits of x, n = 0..63, as an integer. */
const rest = (x: Code, n: Code): Code => i64.shrU(i64.shrU(x, int64(1n)), i64.sub(int64(63n), n));

/** What a rounding works on, in locals: it is changed. */
interface Rounding {
  /** Sign in bit 15, and nothing else. */
  readonly sign: number;
  readonly e: number;
  /** Significand with its top bit set; what is below it. */
  readonly m: number;
  readonly below: number;
  readonly fcw: number;
}

/** In `up`: 1 if the magnitude is rounded up, 0 if not. `last`: the last place, 0 or 1. */
function decide(r: { sign: number; below: number; fcw: number }, last: Code, up: number): Code {
  const rc = i32.and(get(r.fcw), int32(RC));
  const isInexact = i64.ne(get(r.below), int64(0n));
  return when(
    i32.eq(rc, int32(NEAREST)),
    // More than a half, or a half and odd. Data decide here and below: no branches.
    [set(up, i64.extendU(i64.gtU(get(r.below), i64.sub(int64(MSB), last))))],
    [set(up, i64.extendU(i32.and(isInexact, i32.eq(rc, pick(get(r.sign), int32(DOWN), int32(UP))))))],
  );
}

/** What is raised where `below` is left out, and `up` says how. */
const inexactness = (below: number, up: number): Code =>
  i32.shl(i32.or(i32.shl(i64.ne(get(below), int64(0n)), int32(5)), i32.shl(i32.wrap(get(up)), int32(9))), int32(16));

/**
 * Rounds to `bits` (0: as the control word says), and leaves where that is not plain. `m` and `e` are the result's, the
 * local `flags` what is raised.
 */
function round(l: Locals, r: Rounding, bits: 0 | 24 | 53, maxExponent: number): { code: Code; flags: number } {
  const flags = l.new(I32);
  const drop = l.new(I64);
  const up = l.new(I64);
  const narrow = (n: Code): Code[] => [
    set(drop, n),
    set(
      r.below,
      i64.or(i64.shl(get(r.m), i64.sub(int64(64n), get(drop))), i64.extendU(i64.ne(get(r.below), int64(0n)))),
    ),
    set(r.m, i64.shrU(get(r.m), get(drop))),
  ];
  const precision = i32.and(get(r.fcw), int32(0x300));
  const code = [
    set(drop, int64(0n)),
    ...(bits
      ? narrow(int64(64n - BigInt(bits)))
      : [
          when(i32.ne(precision, int32(0x300)), [
            when(i32.eq(precision, int32(0x100)), [NOT_PLAIN]),
            ...narrow(i64.extendU(pick(i32.eqz(precision), int32(40), int32(11)))),
          ]),
        ]),
    when(
      i32.or(
        i32.ltS(get(r.e), int32(1)),
        i32.and(i64.ne(get(r.below), int64(0n)), i32.eqz(i32.and(get(r.fcw), int32(PE)))),
      ),
      [NOT_PLAIN],
    ),
    decide(r, i64.and(get(r.m), int64(1n)), up),
    set(flags, inexactness(r.below, up)),
    set(r.m, i64.shl(i64.add(get(r.m), get(up)), get(drop))),
    // A carry out of the top leaves zero.
    when(i64.eqz(get(r.m)), [set(r.m, int64(MSB)), set(r.e, i32.add(get(r.e), int32(1)))]),
    when(i32.gtS(get(r.e), int32(maxExponent)), [NOT_PLAIN]),
  ].flat();
  return { code, flags };
}

/** The same to an extended number, which is the answer. */
function pack(l: Locals, r: Rounding): Code {
  const { code, flags } = round(l, r, 0, EXPONENT - 1);
  return [...code, ...result(get(r.m)), ...i32.or(i32.or(get(r.sign), get(r.e)), get(flags))];
}

const PARAMETERS_2: ValueType[] = [I32, I32, I32, I32, I32, I32, I32];

/** A function of two numbers and the control word. */
function binary(name: string, make: (l: Locals, a: Value, b: Value, fcw: number) => Code): WasmFunction {
  const l = new Locals(7);
  const a = { m: l.new(I64), se: 2 };
  const b = { m: l.new(I64), se: 5 };
  const body = [...set(a.m, joined(0, 1)), ...set(b.m, joined(3, 4)), ...make(l, a, b, 6)];
  return { name, parameters: PARAMETERS_2, result: I32, locals: l.types, body };
}

/** A function of one number and the control word. */
function unary(name: string, make: (l: Locals, a: Value, fcw: number) => Code): WasmFunction {
  const l = new Locals(4);
  const a = { m: l.new(I64), se: 2 };
  const body = [...set(a.m, joined(0, 1)), ...make(l, a, 3)];
  return { name, parameters: [I32, I32, I32, I32], result: I32, locals: l.types, body };
}

/** A rounding whose parts are new locals. */
function rounding(l: Locals, fcw: number): Rounding {
  return { sign: l.new(I32), e: l.new(I32), m: l.new(I64), below: l.new(I64), fcw };
}

/** Rounds a number as it is: the other operand of the sum was zero. */
const justRound = (r: Rounding, v: Value): Code[] => [
  set(r.sign, i32.and(get(v.se), int32(SIGN))),
  set(r.e, exponent(v.se)),
  set(r.m, get(v.m)),
  set(r.below, int64(0n)),
];

function sum(l: Locals, a: Value, b: Value, fcw: number): Code {
  const r = rounding(l, fcw);
  const n = l.new(I64);
  const aOdd = l.new(I32);
  const bOdd = l.new(I32);
  const zero = i32.shl(i32.eq(i32.and(get(fcw), int32(RC)), int32(DOWN)), int32(15));
  const exchange = (type: typeof i64 | typeof i32, x: number, y: number, by: number): Code[] => [
    set(by, type.and(get(by), type.xor(get(x), get(y)))),
    set(x, type.xor(get(x), get(by))),
    set(y, type.xor(get(y), get(by))),
  ];
  const bothNormal: Code[] = [
    // The greater magnitude in a; without branches, since they would often be mispredicted.
    set(
      r.e,
      i32.sub(
        int32(0),
        i32.or(
          i32.ltU(exponent(a.se), exponent(b.se)),
          i32.and(i32.eq(exponent(a.se), exponent(b.se)), i64.ltU(get(a.m), get(b.m))),
        ),
      ),
    ),
    set(n, i64.extendS(get(r.e))),
    ...exchange(i64, a.m, b.m, n),
    ...exchange(i32, a.se, b.se, r.e),
    set(r.sign, i32.and(get(a.se), int32(SIGN))),
    set(r.e, exponent(a.se)),
    set(n, i64.extendU(i32.sub(get(r.e), exponent(b.se)))),
    // b shifted to a's exponent, what falls out in `below`, its last bit sticky.
    when(
      i64.ltU(get(n), int64(64n)),
      [
        set(r.below, i64.shl(i64.shl(get(b.m), int64(1n)), i64.sub(int64(63n), get(n)))),
        set(b.m, i64.shrU(get(b.m), get(n))),
      ],
      [
        set(r.below, int64(1n)),
        when(i64.eq(get(n), int64(64n)), [set(r.below, get(b.m))]),
        when(i32.and(i64.gtU(get(n), int64(64n)), i64.ltU(get(n), int64(128n))), [
          set(
            r.below,
            i64.or(
              i64.shrU(get(b.m), i64.sub(get(n), int64(64n))),
              i64.extendU(i64.ne(i64.shl(get(b.m), i64.sub(int64(128n), get(n))), int64(0n))),
            ),
          ),
        ]),
        set(b.m, int64(0n)),
      ],
    ),
    when(
      i32.eqz(i32.and(i32.xor(get(a.se), get(b.se)), int32(SIGN))),
      [
        set(r.m, i64.add(get(a.m), get(b.m))),
        // One place down if there was a carry.
        set(n, i64.extendU(i64.ltU(get(r.m), get(a.m)))),
        set(
          r.below,
          i64.or(
            i64.or(i64.shrU(get(r.below), get(n)), i64.and(get(r.below), get(n))),
            i64.shl(i64.and(get(r.m), get(n)), int64(63n)),
          ),
        ),
        set(r.m, i64.or(i64.shrU(get(r.m), get(n)), i64.shl(get(n), int64(63n)))),
        set(r.e, i32.add(get(r.e), i32.wrap(get(n)))),
      ],
      [
        set(r.m, i64.sub(i64.sub(get(a.m), get(b.m)), i64.extendU(i64.ne(get(r.below), int64(0n))))),
        set(r.below, i64.sub(int64(0n), get(r.below))),
        when(i64.eqz(get(r.m)), [
          when(i64.eqz(get(r.below)), [result(int64(0n)), answer(zero)]),
          set(r.m, get(r.below)),
          set(r.below, int64(0n)),
          set(r.e, i32.sub(get(r.e), int32(64))),
        ]),
        set(n, i64.clz(get(r.m))),
        set(r.m, i64.or(i64.shl(get(r.m), get(n)), rest(get(r.below), get(n)))),
        set(r.below, i64.shl(get(r.below), get(n))),
        set(r.e, i32.sub(get(r.e), i32.wrap(get(n)))),
      ],
    ),
  ];
  return [
    ...set(aOdd, isOdd(a)),
    ...set(bOdd, isOdd(b)),
    ...when(
      i32.or(get(aOdd), get(bOdd)),
      [
        when(get(aOdd), [when(i32.eqz(isZero(a)), [NOT_PLAIN])]),
        when(get(bOdd), [when(i32.eqz(isZero(b)), [NOT_PLAIN])]),
        when(get(aOdd), justRound(r, b), justRound(r, a)),
        when(i32.and(get(aOdd), get(bOdd)), [
          result(int64(0n)),
          when(i32.eq(get(a.se), get(b.se)), [answer(get(a.se))]),
          answer(zero),
        ]),
      ],
      bothNormal,
    ),
    ...pack(l, r),
  ];
}

function product(l: Locals, a: Value, b: Value, fcw: number): Code {
  const r = rounding(l, fcw);
  const x = l.new(I64);
  const y = l.new(I64);
  return [
    set(r.sign, i32.and(i32.xor(get(a.se), get(b.se)), int32(SIGN))),
    when(i32.or(isOdd(a), isOdd(b)), [zeroFactor(a, b), result(int64(0n)), answer(get(r.sign))]),
    set(r.e, i32.sub(i32.add(exponent(a.se), exponent(b.se)), int32(BIAS - 1))),
    // 64 x 64 -> 128 bits by halves.
    set(r.below, i64.mul(low(get(a.m)), low(get(b.m)))),
    set(x, i64.add(i64.mul(low(get(a.m)), high(get(b.m))), high(get(r.below)))),
    set(y, i64.add(i64.mul(high(get(a.m)), low(get(b.m))), low(get(x)))),
    set(r.m, i64.add(i64.add(i64.mul(high(get(a.m)), high(get(b.m))), high(get(x))), high(get(y)))),
    set(r.below, i64.or(i64.shl(get(y), int64(32n)), low(get(r.below)))),
    // The top bit set.
    set(x, i64.xor(i64.shrU(get(r.m), int64(63n)), int64(1n))),
    set(r.m, i64.or(i64.shl(get(r.m), get(x)), i64.and(i64.shrU(get(r.below), int64(63n)), get(x)))),
    set(r.below, i64.shl(get(r.below), get(x))),
    set(r.e, i32.sub(get(r.e), i32.wrap(get(x)))),
    pack(l, r),
  ].flat();
}

/** Leaves unless one operand is zero and the other plain: for a product, one or the other; for a quotient, a alone. */
function zeroFactor(a: Value, b: Value): Code {
  const plain = (v: Value): Code => i32.or(i32.eqz(isOdd(v)), isZero(v));
  return when(i32.eqz(i32.and(plain(a), plain(b))), [NOT_PLAIN]);
}

function quotient(l: Locals, a: Value, b: Value, fcw: number): Code {
  const r = rounding(l, fcw);
  const h = l.new(I64);
  const q = l.new(I64);
  const part = l.new(I64);
  const divisor = l.new(I64);
  /** `part` = a digit of 32 bits of h:digit / b, h the remainder (Knuth, TAOCP vol. 2, section 4.3.1, algorithm D). */
  const digit = (next: Code): Code[] => {
    const isTooGreat = i32.or(
      i64.ne(high(get(part)), int64(0n)),
      i64.gtU(i64.mul(get(part), low(get(b.m))), i64.or(i64.shl(get(q), int64(32n)), next)),
    );
    const less = [set(part, i64.sub(get(part), int64(1n))), set(q, i64.add(get(q), get(divisor)))];
    // Twice at most, and not where the remainder has got beyond a digit.
    const correct = when(isTooGreat, [...less, when(i64.eqz(high(get(q))), [when(isTooGreat, less)])]);
    return [
      set(part, i64.divU(get(h), get(divisor))),
      set(q, i64.sub(get(h), i64.mul(get(part), get(divisor)))),
      correct,
      set(h, i64.sub(i64.or(i64.shl(get(h), int64(32n)), next), i64.mul(get(part), get(b.m)))),
    ];
  };
  return [
    set(r.sign, i32.and(i32.xor(get(a.se), get(b.se)), int32(SIGN))),
    when(i32.or(isOdd(a), isOdd(b)), [
      zeroFactor(a, b),
      when(isZero(b), [NOT_PLAIN]),
      result(int64(0n)),
      answer(get(r.sign)),
    ]),
    set(r.e, i32.add(i32.sub(exponent(a.se), exponent(b.se)), int32(BIAS))),
    set(divisor, high(get(b.m))),
    // The dividend's high 64 bits are less than the divisor; its low ones are one bit or none.
    set(q, i64.extendU(i64.geU(get(a.m), get(b.m)))),
    set(h, i64.shrU(get(a.m), get(q))),
    set(r.below, i64.shl(i64.and(get(a.m), get(q)), int64(31n))),
    set(r.e, i32.add(i32.sub(get(r.e), int32(1)), i32.wrap(get(q)))),
    ...digit(get(r.below)),
    set(r.m, i64.shl(get(part), int64(32n))),
    ...digit(int64(0n)),
    set(r.m, i64.add(get(r.m), get(part))),
    // What is below the last place: nothing, less than a half, a half, or more, by the remainder.
    set(q, i64.sub(get(b.m), get(h))),
    set(
      r.below,
      i64.or(
        i64.extendU(i32.and(i64.ne(get(h), int64(0n)), i64.ne(get(h), get(q)))),
        i64.shl(i64.extendU(i64.geU(get(h), get(q))), int64(63n)),
      ),
    ),
    pack(l, r),
  ].flat();
}

/** Zimmermann, Karatsuba Square Root (INRIA RR-3805): the root of the high half, then one division. */
function squareRoot(l: Locals, a: Value, fcw: number): Code {
  const r = rounding(l, fcw);
  const n = l.new(I64);
  const s = l.new(I64);
  const q = l.new(I64);
  const u = l.new(I64);
  const top = l.new(I64);
  const odd = l.new(I32);
  const fixed: Code[] = [
    // The host's root of 64 bits is off by one at most.
    set(s, i64.truncU(f64.sqrt(f64.fromU64(get(n))))),
    when(i64.gtU(get(s), int64(WORD)), [set(s, int64(WORD))]),
    when(i64.gtU(i64.mul(get(s), get(s)), get(n)), [set(s, i64.sub(get(s), int64(1n)))]),
    set(u, i64.sub(get(n), i64.mul(get(s), get(s)))),
    when(i64.gtU(get(u), i64.shl(get(s), int64(1n))), [
      set(u, i64.sub(i64.sub(get(u), i64.shl(get(s), int64(1n))), int64(1n))),
      set(s, i64.add(get(s), int64(1n))),
    ]),
  ];
  return [
    set(r.sign, int32(0)),
    when(isOdd(a), [when(i32.eqz(isZero(a)), [NOT_PLAIN]), result(int64(0n)), answer(get(a.se))]),
    when(i32.and(get(a.se), int32(SIGN)), [NOT_PLAIN]),
    // The radicand n:below has an even exponent; the bias is odd.
    set(odd, i32.and(i32.add(get(a.se), int32(1)), int32(1))),
    set(r.e, i32.shrU(i32.add(get(a.se), int32(BIAS)), int32(1))),
    when(
      get(odd),
      [set(n, get(a.m)), set(r.below, int64(0n))],
      [set(n, i64.shrU(get(a.m), int64(1n))), set(r.below, i64.shl(get(a.m), int64(63n)))],
    ),
    ...fixed,
    // q = (u : high word of below) / 2s, and u what remains.
    set(top, i64.or(i64.shl(get(u), int64(31n)), i64.shrU(get(r.below), int64(33n)))),
    set(q, i64.divU(get(top), get(s))),
    set(
      u,
      i64.or(i64.shl(i64.sub(get(top), i64.mul(get(q), get(s))), int64(1n)), i64.and(high(get(r.below)), int64(1n))),
    ),
    set(r.m, i64.add(i64.shl(get(s), int64(32n)), get(q))),
    // The remainder top:n = (u : low word of below) - q * q.
    set(n, i64.or(i64.shl(get(u), int64(32n)), low(get(r.below)))),
    set(top, i64.sub(high(get(u)), high(get(q)))),
    set(q, i64.mul(get(q), get(q))),
    set(top, i64.sub(get(top), i64.extendU(i64.ltU(get(n), get(q))))),
    set(n, i64.sub(get(n), get(q))),
    when(i64.ltS(get(top), int64(0n)), [
      set(r.m, i64.sub(get(r.m), int64(1n))),
      set(q, i64.or(i64.shl(get(r.m), int64(1n)), int64(1n))),
      set(n, i64.add(get(n), get(q))),
      set(top, i64.add(i64.add(get(top), i64.shrU(get(r.m), int64(63n))), i64.extendU(i64.ltU(get(n), get(q))))),
    ]),
    // Half a unit more is below the root if the remainder is greater than the root; it is never equal to it.
    set(r.below, i64.extendU(i64.ne(i64.or(get(n), get(top)), int64(0n)))),
    when(i32.or(i64.ne(get(top), int64(0n)), i64.gtU(get(n), get(r.m))), [
      set(r.below, i64.or(get(r.below), int64(MSB))),
    ]),
    pack(l, r),
  ].flat();
}

/** To a narrower format of `bits` bits of significand, whose bias and greatest exponent are given. */
function narrow(bits: 24 | 53, bias: number, maxExponent: number) {
  return (l: Locals, a: Value, fcw: number): Code => {
    const r = rounding(l, fcw);
    const { code, flags } = round(l, r, bits, maxExponent);
    // The significand without its top bit, behind sign and exponent.
    const fields = 64 - (bits === 53 ? 11 : 8) - 1;
    const at = (v: Code, n: number): Code => i64.shl(i64.extendU(v), int64(BigInt(n)));
    const word = i64.or(
      i64.or(at(i32.shrU(get(r.sign), int32(15)), 63), at(get(r.e), fields)),
      i64.shrU(i64.shl(get(r.m), int64(1n)), int64(64n - BigInt(fields))),
    );
    const down = (v: Code): Code => (bits === 53 ? v : i64.shrU(v, int64(32n)));
    return [
      set(r.sign, i32.and(get(a.se), int32(SIGN))),
      when(isOdd(a), [
        when(i32.eqz(isZero(a)), [NOT_PLAIN]),
        result(down(at(i32.shrU(get(r.sign), int32(15)), 63))),
        answer(int32(0)),
      ]),
      set(r.e, i32.sub(exponent(a.se), int32(BIAS - bias))),
      set(r.m, get(a.m)),
      set(r.below, int64(0n)),
      code,
      result(down(word)),
      get(flags),
    ].flat();
  };
}

/** The magnitude of `a`, less than 2^63, to an integer in `m`; leaves where it is not plain. */
function integral(l: Locals, a: Value, fcw: number): { code: Code; r: Rounding; flags: number } {
  const r = rounding(l, fcw);
  const flags = l.new(I32);
  const n = l.new(I64);
  const up = l.new(I64);
  const code = [
    set(r.sign, i32.and(get(a.se), int32(SIGN))),
    set(r.e, i32.sub(exponent(a.se), int32(BIAS))),
    when(i32.gtS(get(r.e), int32(62)), [NOT_PLAIN]),
    set(r.m, int64(0n)),
    set(r.below, int64(1n)),
    when(
      i32.geS(get(r.e), int32(0)),
      [
        set(n, i64.extendS(get(r.e))),
        set(r.m, i64.shrU(get(a.m), i64.sub(int64(63n), get(n)))),
        set(r.below, i64.shl(i64.shl(get(a.m), get(n)), int64(1n))),
      ],
      [when(i32.eq(get(r.e), int32(-1)), [set(r.below, get(a.m))])],
    ),
    when(i32.and(i64.ne(get(r.below), int64(0n)), i32.eqz(i32.and(get(fcw), int32(PE)))), [NOT_PLAIN]),
    decide(r, i64.and(get(r.m), int64(1n)), up),
    set(flags, inexactness(r.below, up)),
    set(r.m, i64.add(get(r.m), get(up))),
  ].flat();
  return { code, r, flags };
}

function toInteger(): WasmFunction {
  const l = new Locals(5);
  const a = { m: l.new(I64), se: 2 };
  const { code, r, flags } = integral(l, a, 3);
  const t = l.new(I64);
  const body = [
    set(a.m, joined(0, 1)),
    when(isOdd(a), [when(i32.eqz(isZero(a)), [NOT_PLAIN]), result(int64(0n)), answer(int32(0))]),
    code,
    when(i64.ltS(get(r.m), int64(0n)), [NOT_PLAIN]),
    when(get(r.sign), [set(r.m, i64.sub(int64(0n), get(r.m)))]),
    // It fits if the bits from the sign on are all alike.
    set(t, i64.shr(get(r.m), i64.extendU(i32.sub(get(4), int32(1))))),
    when(i64.ne(get(t), i64.shr(get(t), int64(63n))), [NOT_PLAIN]),
    result(get(r.m)),
    get(flags),
  ].flat();
  return { name: 'x87integer', parameters: [I32, I32, I32, I32, I32], result: I32, locals: l.types, body };
}

/** m = 2^(-n) m with its top bit set, and the answer: an integer as an extended number. */
const normalised = (m: number, n: number, sign: Code): Code =>
  [
    when(i64.eqz(get(m)), [result(int64(0n)), answer(sign)]),
    set(n, i64.clz(get(m))),
    result(i64.shl(get(m), get(n))),
    i32.or(sign, i32.sub(int32(BIAS + 63), i32.wrap(get(n)))),
  ].flat();

function roundToInteger(l: Locals, a: Value, fcw: number): Code {
  const { code, r, flags } = integral(l, a, fcw);
  const n = l.new(I64);
  return [
    when(isOdd(a), [when(i32.eqz(isZero(a)), [NOT_PLAIN]), result(int64(0n)), answer(get(a.se))]),
    when(i32.gtS(exponent(a.se), int32(BIAS + 62)), [result(get(a.m)), answer(get(a.se))]),
    code,
    normalised(r.m, n, i32.or(get(r.sign), get(flags))),
  ].flat();
}

function fromInteger(): WasmFunction {
  const l = new Locals(2);
  const m = l.new(I64);
  const n = l.new(I64);
  const sign = l.new(I32);
  const body = [
    set(m, joined(0, 1)),
    set(sign, int32(0)),
    when(i64.ltS(get(m), int64(0n)), [set(sign, int32(SIGN)), set(m, i64.sub(int64(0n), get(m)))]),
    normalised(m, n, get(sign)),
  ].flat();
  return { name: 'x87load', parameters: [I32, I32], result: I32, locals: l.types, body };
}

function compare(): WasmFunction {
  const l = new Locals(6);
  const a = { m: l.new(I64), se: 2 };
  const b = { m: l.new(I64), se: 5 };
  const x = l.new(I32);
  const y = l.new(I32);
  const isBelow = i32.or(i32.ltU(get(x), get(y)), i32.and(i32.eq(get(x), get(y)), i64.ltU(get(a.m), get(b.m))));
  const body = [
    set(a.m, joined(0, 1)),
    set(b.m, joined(3, 4)),
    when(i32.or(isOdd(a), isOdd(b)), [zeroFactor(a, b)]),
    set(x, exponent(a.se)),
    set(y, exponent(b.se)),
    when(i32.and(i64.eq(get(a.m), get(b.m)), i32.eq(get(x), get(y))), [
      // Zeros are equal whatever their signs.
      when(i32.or(i64.eqz(get(a.m)), i32.eqz(i32.and(i32.xor(get(a.se), get(b.se)), int32(SIGN)))), [
        answer(int32(EQUAL)),
      ]),
    ]),
    when(i32.and(i32.xor(get(a.se), get(b.se)), int32(SIGN)), [
      answer(pick(i32.and(get(a.se), int32(SIGN)), int32(LESS), int32(0))),
    ]),
    pick(i32.xor(isBelow, i32.shrU(i32.and(get(a.se), int32(SIGN)), int32(15))), int32(LESS), int32(0)),
  ].flat();
  return { name: 'x87compare', parameters: [I32, I32, I32, I32, I32, I32], result: I32, locals: l.types, body };
}

const word = (name: string, value: Code): WasmFunction => ({
  name,
  parameters: [I32],
  result: I32,
  locals: [],
  body: i32.wrap(value),
});

const MODULE = wasmModule(
  [
    binary('x87add', sum),
    binary('x87sub', (l, a, b, fcw) => [...set(b.se, i32.xor(get(b.se), int32(SIGN))), ...sum(l, a, b, fcw)]),
    binary('x87mul', product),
    binary('x87div', quotient),
    unary('x87sqrt', squareRoot),
    unary('x87double', narrow(53, 1023, 2046)),
    unary('x87single', narrow(24, 127, 254)),
    toInteger(),
    unary('x87round', roundToInteger),
    fromInteger(),
    compare(),
    word('x87lo', getGlobal(RESULT)),
    word('x87hi', high(getGlobal(RESULT))),
  ],
  1,
);

export const x87: X87Unit = new WebAssembly.Instance(new WebAssembly.Module(MODULE)).exports as unknown as X87Unit;
