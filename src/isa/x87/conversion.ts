// Extended numbers to narrower formats and integers, and back.

import { answer, type Code, get, I32, I64, i32, i64, int32, int64, set, type WasmFunction, when } from '../wasm.ts';
import { BIAS, exponent, isOdd, isZero, joined, Locals, NOT_PLAIN, PE, result, SIGN, type Value } from './extended.ts';
import { decide, inexactness, type Rounding, round, rounding } from './rounding.ts';

/** To a narrower format of `bits` bits of significand, whose bias and greatest exponent are given. */
export function narrow(bits: 24 | 53, bias: number, maxExponent: number) {
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

export function toInteger(): WasmFunction {
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

export function roundToInteger(l: Locals, a: Value, fcw: number): Code {
  const { code, r, flags } = integral(l, a, fcw);
  const n = l.new(I64);
  return [
    when(isOdd(a), [when(i32.eqz(isZero(a)), [NOT_PLAIN]), result(int64(0n)), answer(get(a.se))]),
    when(i32.gtS(exponent(a.se), int32(BIAS + 62)), [result(get(a.m)), answer(get(a.se))]),
    code,
    normalised(r.m, n, i32.or(get(r.sign), get(flags))),
  ].flat();
}

export function fromInteger(): WasmFunction {
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
