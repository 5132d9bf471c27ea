// Operands that are not where they mostly are, of an instruction that keeps leaving its region. One of 64 or 128 bits, which
// may straddle two pages, has each of its words checked by itself: they are aligned, and so on one page each. One of 16 or
// 32 bits may lie anywhere in a page.

import { bin, call } from './fold.ts';
import { type Expr, let_, load, loosePlace, N, place, type Stmt, store, T } from './ir.ts';

/** The places of an operand's words. */
type Words = readonly Expr[];

export function splitPlaces(body: readonly Stmt[], temporaries: { n: number }): Stmt[] {
  const out: Stmt[] = [];
  const split = new Map<number, Words>();
  const make = (e: (i: number) => Stmt): Expr => {
    const i = temporaries.n++;
    out.push(e(i));
    return T(i);
  };
  const wordsOf = (p: Expr): Words | undefined => (p.k === 't' ? split.get(p.i) : undefined);
  for (const s of body) {
    if (s.k === 'place' && (s.size === 64 || s.size === 128) && !s.aligned) {
      split.set(s.i, places(s, make));
      continue;
    }
    if (s.k === 'place' && (s.size === 16 || s.size === 32)) {
      out.push(loosePlace(s));
      continue;
    }
    const words = s.k === 'load' || s.k === 'store' ? wordsOf(s.p) : undefined;
    if (!words || (s.k !== 'load' && s.k !== 'store')) {
      out.push(s);
      continue;
    }
    const p = words[s.at >> 2] as Expr;
    if (s.size < 64) {
      out.push(s.k === 'load' ? load(s.i, p, s.size, s.at & 3) : store(p, s.size, s.at & 3, s.e));
      continue;
    }
    const next = words[(s.at >> 2) + 1] as Expr;
    if (s.k === 'load') {
      const low = make((i) => load(i, p, 32, 0));
      const high = make((i) => load(i, next, 32, 0));
      out.push(let_(s.i, call('joined', [high, low])));
    } else {
      const low = make((i) => let_(i, call('lowWord', [s.e])));
      const high = make((i) => let_(i, call('highWord', [s.e])));
      out.push(store(p, 32, 0, low), store(next, 32, 0, high));
    }
  }
  return out;
}

function places(s: Stmt & { k: 'place' }, make: (e: (i: number) => Stmt) => Expr): Expr[] {
  const words = [];
  for (let at = 0; at < s.size / 8; at += 4) {
    const a = at === 0 ? s.a : make((i) => let_(i, bin('|', bin('+', s.a, N(at)), N(0))));
    words.push(make((i) => place(s, i, s.seg, a, 32)));
  }
  return words;
}
