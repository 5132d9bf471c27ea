// Rounding of what the x87's arithmetic makes (SDM vol. 1, section 4.8.4).

import { type Code, get, I32, I64, i32, i64, int32, int64, pick, set, when } from '../wasm.ts';
import { DOWN, EXPONENT, type Locals, MSB, NEAREST, NOT_PLAIN, PE, RC, result, UP } from './extended.ts';

/** What a rounding works on, in locals: it is changed. */
export interface Rounding {
  /** Sign in bit 15, and nothing else. */
  readonly sign: number;
  readonly e: number;
  /** Significand with its top bit set; what is below it. */
  readonly m: number;
  readonly below: number;
  readonly fcw: number;
}

/** A rounding whose parts are new locals. */
export function rounding(l: Locals, fcw: number): Rounding {
  return { sign: l.new(I32), e: l.new(I32), m: l.new(I64), below: l.new(I64), fcw };
}

/** In `up`: 1 if the magnitude is rounded up, 0 if not. `last`: the last place, 0 or 1. */
export function decide(r: { sign: number; below: number; fcw: number }, last: Code, up: number): Code {
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
export const inexactness = (below: number, up: number): Code =>
  i32.shl(i32.or(i32.shl(i64.ne(get(below), int64(0n)), int32(5)), i32.shl(i32.wrap(get(up)), int32(9))), int32(16));

/**
 * Rounds to `bits` (0: as the control word says), and leaves where that is not plain. `m` and `e` are the result's, the
 * local `flags` what is raised.
 */
export function round(l: Locals, r: Rounding, bits: 0 | 24 | 53, maxExponent: number): { code: Code; flags: number } {
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
export function pack(l: Locals, r: Rounding): Code {
  const { code, flags } = round(l, r, 0, EXPONENT - 1);
  return [...code, ...result(get(r.m)), ...i32.or(i32.or(get(r.sign), get(r.e)), get(flags))];
}
