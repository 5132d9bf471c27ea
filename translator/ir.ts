// The residual language: what is left of the semantics once an instruction's shape is known. Some ten kinds of
// expression and of statement; ESTree appears only when printing. Constructors fold.

export type Expr =
  /** Literal, temporary, hole (filled when a template is instantiated). */
  | { readonly k: 'n'; readonly v: number }
  /** Literal that is a double. */
  | { readonly k: 'd'; readonly v: number }
  | { readonly k: 't'; readonly i: number }
  | { readonly k: 'h'; readonly name: string }
  /**
   * Word of the state; element of a state array (`reg[n]`, `base[n]`; views of it all: `words[n]`, `singles[n]`,
   * `doubles[n]`; the locals of lanes.ts: `wordLanes[n]`, `doubleLanes[n]`).
   */
  | { readonly k: 's'; readonly name: string }
  | { readonly k: 'r'; readonly array: string; readonly n: Expr }
  /** Binary operator, complement, call of a pure primitive, selection. */
  | { readonly k: 'b'; readonly op: string; readonly a: Expr; readonly b: Expr }
  | { readonly k: 'u'; readonly a: Expr }
  | { readonly k: 'c'; readonly f: string; readonly args: readonly Expr[] }
  | { readonly k: 'q'; readonly test: Expr; readonly a: Expr; readonly b: Expr };

export type Stmt =
  | { readonly k: 'let'; readonly i: number; readonly e: Expr }
  | { readonly k: 'set'; readonly to: Expr; readonly e: Expr }
  | { readonly k: 'load'; readonly i: number; readonly p: Expr; readonly size: number; readonly at: number }
  | { readonly k: 'store'; readonly p: Expr; readonly size: number; readonly at: number; readonly e: Expr }
  /** A checked memory operand: offset `a` in segment `seg`; may leave the instruction. */
  | {
      readonly k: 'place';
      readonly i: number;
      readonly seg: Expr;
      readonly a: Expr;
      readonly size: number;
      readonly write: boolean;
      /** Operands of more than 32 bits: whether they must be aligned to their size. */
      readonly aligned?: boolean;
    }
  /** Leaves the instruction if `e` is not zero, and all of `unless`, which are looked at first, are. */
  | { readonly k: 'exit'; readonly e: Expr; readonly unless?: readonly Expr[] }
  /** A quick way of the engine: it changes state or memory and answers 0, or answers 1 and the instruction is left. */
  | { readonly k: 'quick'; readonly f: string; readonly args: readonly Expr[] }
  /** State `to` has the value `e` already, in another view of it. */
  | { readonly k: 'holds'; readonly to: Expr; readonly e: Expr }
  | { readonly k: 'if'; readonly e: Expr; readonly then: readonly Stmt[]; readonly else: readonly Stmt[] }
  /** Ends: relative transfer if `e`; relative transfer; transfer to a value. */
  | { readonly k: 'branch'; readonly e: Expr }
  | { readonly k: 'jump' }
  | { readonly k: 'jumpTo'; readonly e: Expr };

export const N = (v: number): Expr => ({ k: 'n', v: v | 0 });
/** A number as the literal that it is. */
export const literal = (v: number): Expr => (v === (v | 0) ? N(v) : { k: 'd', v });
export const T = (i: number): Expr => ({ k: 't', i });
export const H = (name: string): Expr => ({ k: 'h', name });

/** The hole of a shift count: masked to five bits and not zero, because the packer and the translator see to it. */
export const COUNT = 'count';

export const atom = (e: Expr): boolean => e.k === 'n' || e.k === 't' || e.k === 'h' || e.k === 'd';
export const isZero = (e: Expr): boolean => e.k === 'n' && e.v === 0;

/** Whether two expressions are the same atom or the same piece of state. */
export function same(a: Expr, b: Expr): boolean {
  if (a.k === 't') return b.k === 't' && a.i === b.i;
  if (a.k === 'n') return b.k === 'n' && a.v === b.v;
  if (a.k === 'h') return b.k === 'h' && a.name === b.name;
  if (a.k === 's') return b.k === 's' && a.name === b.name;
  if (a.k === 'r') return b.k === 'r' && a.array === b.array && same(a.n, b.n);
  return false;
}

/** Name of a piece of state, for maps: a word, `reg3`; with a `?` where the index is not known, `reg?dn`. */
export function stateKey(e: Expr): string {
  if (e.k === 's') return e.name;
  if (e.k === 'r') return e.n.k === 'n' ? e.array + e.n.v : `${e.array}?${spell(e.n)}`;
  return '';
}

/** An expression as text: equal for equal expressions only. */
export function spell(e: Expr): string {
  switch (e.k) {
    case 'n':
      return String(e.v);
    case 'd':
      return `${e.v}.0`;
    case 't':
      return `t${e.i}`;
    case 'h':
    case 's':
      return e.name;
    case 'r':
      return `${e.array}[${spell(e.n)}]`;
    case 'b':
      return `(${spell(e.a)}${e.op}${spell(e.b)})`;
    case 'u':
      return `~${spell(e.a)}`;
    case 'c':
      return `${e.f}(${e.args.map(spell).join()})`;
    case 'q':
      return `(${spell(e.test)}?${spell(e.a)}:${spell(e.b)})`;
  }
}

/** Views of the whole register file: words that an element takes. */
const VIEWS: Record<string, number> = { words: 1, singles: 1, doubles: 2 };

/** Whether a write to one piece of state may change the other. */
export function mayAlias(a: Expr, b: Expr): boolean {
  if (a.k === 's' || b.k === 's') return a.k === 's' && b.k === 's' && a.name === b.name;
  if (a.k !== 'r' || b.k !== 'r') return false;
  if (a.array === b.array) return a.n.k !== 'n' || b.n.k !== 'n' || a.n.v === b.n.v;
  const x = VIEWS[a.array];
  const y = VIEWS[b.array];
  if (!x || !y) return false;
  if (a.n.k !== 'n' || b.n.k !== 'n') return true;
  return a.n.v * x < (b.n.v + 1) * y && b.n.v * y < (a.n.v + 1) * x;
}

/** Functions whose value is a double. */
const DOUBLES = new Set(['fadd', 'fsub', 'fmul', 'fdiv', 'fsqrt', 'fabs', 'fneg', 'fround', 'fromInt', 'joined']);

/** Whether the value is a double, not an int32; of temporaries the one who defined it knows. */
export function isDouble(e: Expr): boolean {
  if (e.k === 'r') return e.array === 'doubles' || e.array === 'singles' || e.array === 'doubleLanes';
  return e.k === 'd' || (e.k === 'c' && DOUBLES.has(e.f));
}

const OPERATORS: Record<string, (a: number, b: number) => number> = {
  '+': (a, b) => a + b,
  '-': (a, b) => a - b,
  '*': Math.imul,
  '&': (a, b) => a & b,
  '|': (a, b) => a | b,
  '^': (a, b) => a ^ b,
  '<<': (a, b) => a << b,
  '>>': (a, b) => a >> b,
  '>>>': (a, b) => a >>> b,
};

const COMPARISONS: Record<string, (a: number, b: number) => boolean> = {
  lt: (a, b) => a < b,
  ltu: (a, b) => a >>> 0 < b >>> 0,
  le: (a, b) => a <= b,
  leu: (a, b) => a >>> 0 <= b >>> 0,
  gt: (a, b) => a > b,
  gtu: (a, b) => a >>> 0 > b >>> 0,
  ge: (a, b) => a >= b,
  geu: (a, b) => a >>> 0 >= b >>> 0,
  eq: (a, b) => a === b,
  ne: (a, b) => a !== b,
};

const NEGATED: Record<string, string> = {
  lt: 'ge',
  ge: 'lt',
  le: 'gt',
  gt: 'le',
  ltu: 'geu',
  geu: 'ltu',
  leu: 'gtu',
  gtu: 'leu',
  eq: 'ne',
  ne: 'eq',
};

export const isComparison = (f: string): boolean => f in COMPARISONS;
export const isOperator = (op: string): boolean => op in OPERATORS;

/** Whether the value is an int32 as it stands (a sum, or a logical shift, is not). */
const isInt = (e: Expr): boolean => !(e.k === 'b' && (e.op === '+' || e.op === '-' || e.op === '*' || e.op === '>>>'));

export function bin(op: string, a: Expr, b: Expr): Expr {
  if (a.k === 'n' && b.k === 'n') return N((OPERATORS[op] as (a: number, b: number) => number)(a.v, b.v));
  if (b.k === 'n') {
    const v = b.v;
    if (v === 0 && (op === '+' || op === '-' || op === '^' || op === '<<' || op === '>>')) return a;
    if (v === 0 && op === '|' && isInt(a)) return a;
    if (v === 0 && (op === '&' || op === '*')) return b;
    if (v === 1 && op === '*') return a;
    if (v === -1 && op === '&') return bin('|', a, N(0));
    if (op === '&' && a.k === 'h' && a.name === COUNT && v === 31) return a;
    if (op === '&' && a.k === 'b' && a.op === '&' && a.b.k === 'n') return bin('&', a.a, N(a.b.v & v));
    if (v === 1 && op === '^' && a.k === 'c' && a.f in NEGATED)
      return { k: 'c', f: NEGATED[a.f] as string, args: a.args };
    if (op === '+' && a.k === 'b' && a.op === '+' && a.b.k === 'n') return bin('+', a.a, N(a.b.v + v));
  }
  if (a.k === 'n') {
    if (a.v === 0 && (op === '+' || op === '^')) return b;
    if (a.v === 0 && op === '|' && isInt(b)) return b;
    if (a.v === 0 && (op === '&' || op === '<<' || op === '>>' || op === '>>>' || op === '*')) return a;
  }
  if (same(a, b)) {
    if (op === '^') return N(0);
    if (op === '&' || op === '|') return a;
  }
  return { k: 'b', op, a, b };
}

export function call(f: string, args: readonly Expr[]): Expr {
  const a = args[0] as Expr;
  const b = args[1] as Expr;
  const compare = COMPARISONS[f];
  if (compare) {
    if (a.k === 'n' && b.k === 'n') return N(compare(a.v, b.v) ? 1 : 0);
    if (same(a, b)) return N(compare(0, 0) ? 1 : 0);
    if (a.k === 'h' && a.name === COUNT && isZero(b)) return N(f === 'ne' ? 1 : 0);
  }
  return { k: 'c', f, args };
}

export function not(a: Expr): Expr {
  return a.k === 'n' ? N(~a.v) : { k: 'u', a };
}

export function select(test: Expr, a: Expr, b: Expr): Expr {
  return test.k === 'n' ? (test.v ? a : b) : { k: 'q', test, a, b };
}

/** Rebuilds an expression with its leaves replaced; folds on the way. */
export function map(e: Expr, f: (leaf: Expr) => Expr): Expr {
  switch (e.k) {
    case 'n':
    case 'd':
      return e;
    case 't':
    case 'h':
    case 's':
      return f(e);
    case 'r': {
      const n = e.n.k === 'n' ? e.n : map(e.n, f);
      return f(n === e.n ? e : { k: 'r', array: e.array, n });
    }
    case 'b': {
      const a = map(e.a, f);
      const b = map(e.b, f);
      return a === e.a && b === e.b ? e : bin(e.op, a, b);
    }
    case 'u': {
      const a = map(e.a, f);
      return a === e.a ? e : not(a);
    }
    case 'c': {
      const args = e.args.map((x) => map(x, f));
      return args.every((x, i) => x === e.args[i]) ? e : call(e.f, args);
    }
    case 'q':
      return select(map(e.test, f), map(e.a, f), map(e.b, f));
  }
}

/** The same over a statement; `t` renames the temporaries it defines. */
export function mapStmt(s: Stmt, f: (leaf: Expr) => Expr, t: (i: number) => number = (i) => i): Stmt {
  switch (s.k) {
    case 'let':
      return { k: 'let', i: t(s.i), e: map(s.e, f) };
    case 'set':
    case 'holds': {
      const to = s.to.k === 'r' && s.to.n.k !== 'n' ? { ...s.to, n: map(s.to.n, f) } : s.to;
      return { k: s.k, to, e: map(s.e, f) };
    }
    case 'load':
      return { ...s, i: t(s.i), p: map(s.p, f) };
    case 'store':
      return { ...s, p: map(s.p, f), e: map(s.e, f) };
    case 'place':
      return { ...s, i: t(s.i), seg: map(s.seg, f), a: map(s.a, f) };
    case 'if':
      return {
        k: 'if',
        e: map(s.e, f),
        then: s.then.map((x) => mapStmt(x, f, t)),
        else: s.else.map((x) => mapStmt(x, f, t)),
      };
    case 'quick':
      return { ...s, args: s.args.map((a) => map(a, f)) };
    case 'exit':
      return { ...s, e: map(s.e, f), ...(s.unless && { unless: s.unless.map((e) => map(e, f)) }) };
    case 'branch':
    case 'jumpTo':
      return { ...s, e: map(s.e, f) };
    case 'jump':
      return s;
  }
}

/** Calls `f` for every leaf; an element of an array is one, and so are those of its index. */
export function visit(e: Expr, f: (leaf: Expr) => void): void {
  switch (e.k) {
    case 'r':
      if (e.n.k !== 'n') visit(e.n, f);
      f(e);
      break;
    case 'b':
      visit(e.a, f);
      visit(e.b, f);
      break;
    case 'u':
      visit(e.a, f);
      break;
    case 'c':
      for (const x of e.args) visit(x, f);
      break;
    case 'q':
      visit(e.test, f);
      visit(e.a, f);
      visit(e.b, f);
      break;
    default:
      f(e);
  }
}

/** Calls `f` for every leaf that a statement reads. */
export function uses(s: Stmt, f: (leaf: Expr) => void): void {
  switch (s.k) {
    case 'load':
      visit(s.p, f);
      break;
    case 'store':
      visit(s.p, f);
      visit(s.e, f);
      break;
    case 'place':
      visit(s.seg, f);
      visit(s.a, f);
      break;
    case 'if':
      visit(s.e, f);
      for (const x of s.then) uses(x, f);
      for (const x of s.else) uses(x, f);
      break;
    case 'jump':
      break;
    case 'exit':
      for (const e of s.unless ?? []) visit(e, f);
      visit(s.e, f);
      break;
    case 'quick':
      for (const a of s.args) visit(a, f);
      break;
    case 'set':
    case 'holds':
      if (s.to.k === 'r' && s.to.n.k !== 'n') visit(s.to.n, f);
      visit(s.e, f);
      break;
    default:
      visit(s.e, f);
  }
}
