// Sum, product, quotient, square root and comparison of extended numbers.

import {
  answer,
  type Code,
  f64,
  get,
  I32,
  I64,
  i32,
  i64,
  int32,
  int64,
  pick,
  set,
  type WasmFunction,
  when,
} from '../wasm.ts';
import {
  BIAS,
  DOWN,
  EQUAL,
  exponent,
  high,
  isOdd,
  isZero,
  joined,
  LESS,
  Locals,
  low,
  MSB,
  NOT_PLAIN,
  RC,
  rest,
  result,
  SIGN,
  type Value,
  WORD,
  zeroFactor,
} from './extended.ts';
import { pack, type Rounding, rounding } from './rounding.ts';

/** Rounds a number as it is: the other operand of the sum was zero. */
const justRound = (r: Rounding, v: Value): Code[] => [
  set(r.sign, i32.and(get(v.se), int32(SIGN))),
  set(r.e, exponent(v.se)),
  set(r.m, get(v.m)),
  set(r.below, int64(0n)),
];

export function sum(l: Locals, a: Value, b: Value, fcw: number): Code {
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

export function product(l: Locals, a: Value, b: Value, fcw: number): Code {
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

export function quotient(l: Locals, a: Value, b: Value, fcw: number): Code {
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
export function squareRoot(l: Locals, a: Value, fcw: number): Code {
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

export function compare(): WasmFunction {
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
