// The passes over residuals, each on a small one.

import { describe, expect, test } from 'vitest';
import { bin, call, not, select } from '../../translator/fold.ts';
import { COUNT, type Expr, H, N, type Stmt, T } from '../../translator/ir.ts';
import { removeDeadTemporaries } from '../../translator/passes/dead.ts';
import { forward } from '../../translator/passes/forward.ts';
import { fuse } from '../../translator/passes/fuse.ts';
import { propagate } from '../../translator/passes/propagate.ts';
import { show, showExpr } from './notation.ts';

const s = (name: string): Expr => ({ k: 's', name });
const reg = (n: Expr): Expr => ({ k: 'r', array: 'reg', n });
const let_ = (i: number, e: Expr): Stmt => ({ k: 'let', i, e });
const set = (to: Expr, e: Expr): Stmt => ({ k: 'set', to, e });
const if_ = (e: Expr, then: Stmt[], other: Stmt[] = []): Stmt => ({ k: 'if', e, then, else: other });

describe('folding', () => {
  test.each([
    ['constants, in 32 bits', bin('+', N(0x7fffffff), N(1)), '-2147483648'],
    ['a product', bin('*', N(0x10001), N(0x10001)), '131073'],
    ['x + 0', bin('+', T(0), N(0)), 't0'],
    ['x & 0', bin('&', T(0), N(0)), '0'],
    ['x & -1, which coerces', bin('&', bin('+', T(0), T(1)), N(-1)), '((t0 + t1) | 0)'],
    ['x ^ x', bin('^', T(0), T(0)), '0'],
    ['two masks', bin('&', bin('&', T(0), N(0xff)), N(0x3f)), '(t0 & 63)'],
    ['two displacements', bin('+', bin('+', T(0), N(4)), N(-8)), '(t0 + -4)'],
    ['a count that is masked already', bin('&', H(COUNT), N(31)), 'count'],
    ['a count is not zero', call('ne', [H(COUNT), N(0)]), '1'],
    ['the complement of a comparison', bin('^', call('ltu', [T(0), T(1)]), N(1)), 'geu(t0, t1)'],
    ['x < x', call('lt', [T(0), T(0)]), '0'],
    ['an unsigned comparison', call('ltu', [N(1), N(-1)]), '1'],
    ['a known selection', select(N(0), T(0), T(1)), 't1'],
    ['a complement', not(N(0)), '-1'],
    ['a sum stays one where it must be coerced', bin('|', bin('+', T(0), T(1)), N(0)), '((t0 + t1) | 0)'],
  ])('%s', (_name, e, text) => {
    expect(showExpr(e)).toBe(text);
  });
});

describe('propagate: state that was just set or read is the temporary that holds it', () => {
  test('after a write', () => {
    const body = [let_(0, s('oa')), set(s('fz'), T(0)), let_(1, s('fz')), set(s('fr'), T(1))];
    expect(show(propagate(body))).toEqual(['t0 = oa', 'fz := t0', 'fr := t0']);
  });

  test('after a read', () => {
    const body = [let_(0, reg(N(3))), let_(1, reg(N(3))), set(s('fz'), bin('^', T(0), T(1)))];
    expect(show(propagate(body))).toEqual(['t0 = reg[3]', 'fz := 0']);
  });

  test('a register named by a hole may be any', () => {
    const body = [let_(0, reg(N(3))), set(reg(H('dn')), N(1)), let_(1, reg(N(3))), set(s('fz'), T(1))];
    expect(show(propagate(body))).toEqual(['t0 = reg[3]', 'reg[dn] := 1', 't1 = reg[3]', 'fz := t1']);
  });

  test('a known register spares others, but not those named by holes', () => {
    const body = [
      let_(0, reg(N(3))),
      let_(1, reg(H('sn'))),
      set(reg(N(0)), N(1)),
      let_(2, reg(N(3))),
      let_(3, reg(H('sn'))),
      set(s('fz'), bin('+', T(2), T(3))),
    ];
    expect(show(propagate(body))).toEqual([
      't0 = reg[3]',
      't1 = reg[sn]',
      'reg[0] := 1',
      't3 = reg[sn]',
      'fz := (t0 + t3)',
    ]);
  });

  test('what an arm sets is not known behind it', () => {
    const body = [set(s('fz'), N(1)), if_(s('cb'), [set(s('fz'), N(2))]), set(s('fr'), s('fz'))];
    expect(show(propagate(body))).toEqual(['fz := 1', 'if cb', '  fz := 2', 'fr := fz']);
  });

  test('a condition that is known leaves one arm', () => {
    const body = [if_(call('ne', [H(COUNT), N(0)]), [set(s('fz'), N(1))], [set(s('fz'), N(2))])];
    expect(show(propagate(body))).toEqual(['fz := 1']);
  });

  test('a fault that cannot be is gone', () => {
    expect(show(propagate([{ k: 'exit', e: N(0) }, set(s('fz'), N(1))]))).toEqual(['fz := 1']);
  });
});

describe('fuse: conditions over a difference', () => {
  const difference = bin('|', bin('-', T(0), T(1)), N(0));
  const narrow = bin('>>', bin('<<', bin('-', T(0), T(1)), N(24)), N(24));
  const overflow = bin('&', bin('^', T(0), T(1)), bin('^', T(0), T(2)));
  const less = call('lt', [bin('^', overflow, T(2)), N(0)]);
  const defined =
    (e: Expr) =>
    (i: number): Expr | undefined =>
      i === 2 ? e : undefined;

  test.each([
    ['equal', call('eq', [T(2), N(0)]), difference, 'eq(t0, t1)'],
    ['not equal, narrow', call('ne', [T(2), N(0)]), narrow, 'ne(t0, t1)'],
    ['less', less, difference, 'lt(t0, t1)'],
    ['less, narrow', less, narrow, 'lt(t0, t1)'],
    ['less or equal', bin('|', less, call('eq', [T(2), N(0)])), difference, 'le(t0, t1)'],
    ['below or equal', bin('|', call('ltu', [T(0), T(1)]), call('eq', [T(2), N(0)])), difference, 'leu(t0, t1)'],
    ['greater', bin('^', bin('|', less, call('eq', [T(2), N(0)])), N(1)), difference, 'gt(t0, t1)'],
    ['what is no difference stays', call('eq', [T(2), N(0)]), bin('+', T(0), T(1)), 'eq(t2, 0)'],
    ['less of another difference stays', less, bin('-', T(1), T(0)), 'lt((((t0 ^ t1) & (t0 ^ t2)) ^ t2), 0)'],
  ])('%s', (_name, e, definition, text) => {
    expect(showExpr(fuse(e, defined(definition)))).toBe(text);
  });
});

describe('dead: what nobody reads is not computed', () => {
  test('temporaries and loads, but not places, which may leave', () => {
    const body: Stmt[] = [
      let_(0, s('fz')),
      { k: 'place', i: 1, seg: N(3), a: H('ea'), size: 32, write: false },
      { k: 'load', i: 2, p: T(1), size: 32, at: 0 },
      let_(3, bin('+', T(2), T(0))),
      set(s('fr'), N(1)),
    ];
    expect(show(removeDeadTemporaries(body))).toEqual(['t1 = readPlace32 ea', 'fr := 1']);
  });

  test('a condition without arms, and what it tested', () => {
    const body = [let_(0, s('fz')), if_(T(0), [let_(1, N(1))]), set(s('fr'), N(1))];
    expect(show(removeDeadTemporaries(body))).toEqual(['fr := 1']);
  });
});

describe('forward: what is read once is written where it is read', () => {
  test('through several temporaries', () => {
    const body = [let_(0, s('oa')), let_(1, bin('+', T(0), N(1))), set(s('fz'), T(1))];
    expect(show(forward(body))).toEqual(['fz := (oa + 1)']);
  });

  test('not across a change of what it reads', () => {
    const body = [let_(0, s('oa')), set(s('oa'), N(1)), set(s('fz'), T(0))];
    expect(show(forward(body))).toEqual(['t0 = oa', 'oa := 1', 'fz := t0']);
  });

  test('not across a change of a register that may be the same', () => {
    const body = [let_(0, reg(N(3))), set(reg(H('dn')), N(1)), set(s('fz'), T(0))];
    expect(show(forward(body))).toEqual(['t0 = reg[3]', 'reg[dn] := 1', 'fz := t0']);
  });

  test('across a change of another register', () => {
    const body = [let_(0, reg(N(3))), set(reg(N(1)), N(1)), set(s('fz'), T(0))];
    expect(show(forward(body))).toEqual(['reg[1] := 1', 'fz := reg[3]']);
  });

  test('not what is read twice', () => {
    const body = [let_(0, bin('+', s('oa'), N(1))), set(s('fz'), T(0)), set(s('fr'), T(0))];
    expect(show(forward(body))).toEqual(['t0 = (oa + 1)', 'fz := t0', 'fr := t0']);
  });

  test('not into the arms of a condition, nor across what they set', () => {
    const body = [
      let_(0, s('oa')),
      let_(1, s('ob')),
      if_(s('cb'), [set(s('fz'), T(0)), set(s('ob'), N(1))]),
      set(s('fr'), T(1)),
    ];
    expect(show(forward(body))).toEqual(['t0 = oa', 't1 = ob', 'if cb', '  fz := t0', '  ob := 1', 'fr := t1']);
  });

  test('loads stay where they are', () => {
    const body: Stmt[] = [
      { k: 'load', i: 0, p: T(9), size: 32, at: 0 },
      { k: 'store', p: T(9), size: 32, at: 0, e: N(1) },
      set(s('fz'), T(0)),
    ];
    expect(show(forward(body))).toEqual(['t0 = load32 t9 + 0', 'store32 t9 + 0, 1', 'fz := t0']);
  });
});
