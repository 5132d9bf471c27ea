// The residual language: what is left of the semantics once an instruction's shape is known. Some ten kinds of
// expression and of statement; ESTree appears only when printing. Constructors fold.

export type Expr =
  /** Literal, temporary, hole (filled when a template is instantiated). */
  | { readonly k: 'n'; readonly v: number }
  /** Literal that is a double. */
  | { readonly k: 'd'; readonly v: number }
  | { readonly k: 't'; readonly i: number }
  | { readonly k: 'h'; readonly name: string; readonly v?: number }
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
      /**
       * Operands of more than 32 bits: whether they must be aligned to their size. Smaller ones must, unless it is false:
       * then they may lie anywhere in a page.
       */
      readonly aligned?: boolean;
      /** Of several operands (see passes/places.ts): bytes that it is aligned to, a power of two up to 16. */
      readonly alignment?: number;
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

// Constructors. Kinds share four layouts of expressions, and three of statements: engines look properties up by layout,
// and passes, which see all kinds, would pay for each of them. What passes run on is made by these only.

const leaf = (k: string, v?: number, i?: number, name?: string): Expr => ({ k, v, i, name }) as Expr;
const operation = (k: string, op: string | undefined, a: Expr, b?: Expr): Expr => ({ k, op, a, b }) as Expr;
const other = (k: string, f?: string, args?: readonly Expr[], test?: Expr, a?: Expr, b?: Expr): Expr =>
  ({ k, f, args, test, a, b }) as Expr;

/** Numbers of registers, shifts, bits: shared. */
const small: readonly Expr[] = Array.from({ length: 32 }, (_, v) => leaf('n', v));

export const N = (v: number): Expr => {
  const int = v | 0;
  return int >= 0 && int < 32 ? (small[int] as Expr) : leaf('n', int);
};
export const D = (v: number): Expr => leaf('d', v);
/** A number as the literal that it is. */
export const literal = (v: number): Expr => (v === (v | 0) ? N(v) : D(v));
export const T = (i: number): Expr => leaf('t', undefined, i);
export const H = (name: string): Expr => leaf('h', undefined, undefined, name);
export const S = (name: string): Expr => leaf('s', undefined, undefined, name);
const element = (array: string, n: Expr): Expr => ({ k: 'r', array, n });
const registers: readonly Expr[] = Array.from({ length: 9 }, (_, n) => element('reg', N(n)));
export const R = (array: string, n: Expr): Expr =>
  array === 'reg' && n.k === 'n' && n.v >= 0 && n.v < 9 ? (registers[n.v] as Expr) : element(array, n);
/** As they are: nothing is folded. */
export const B = (op: string, a: Expr, b: Expr): Expr => operation('b', op, a, b);
export const C = (f: string, args: readonly Expr[]): Expr => other('c', f, args);

type Simple = 'let' | 'set' | 'holds' | 'exit' | 'branch' | 'jump' | 'jumpTo';
type Access = 'load' | 'store' | 'place';
type Of<K> = Extract<Stmt, { k: K }>;

const simple = <K extends Simple>(
  k: K,
  i: number | undefined,
  to: Expr | undefined,
  e: Expr | undefined,
  unless?: readonly Expr[],
  at?: number,
  undo?: number,
): Of<K> => ({ k, i, to, e, unless, at, undo }) as unknown as Of<K>;

const access = <K extends Access>(
  k: K,
  i: number | undefined,
  seg: Expr | undefined,
  a: Expr | undefined,
  p: Expr | undefined,
  size: number,
  e: Expr | undefined,
  at: number | undefined,
  write?: boolean,
  aligned?: boolean,
  undo?: number,
  alignment?: number,
): Of<K> => ({ k, i, seg, a, p, size, e, at, write, aligned, undo, alignment }) as unknown as Of<K>;

const rare = <K extends 'if' | 'quick'>(
  k: K,
  f: string | undefined,
  args: readonly Expr[] | undefined,
  e?: Expr,
  then?: readonly Stmt[],
  otherwise?: readonly Stmt[],
  at?: number,
  undo?: number,
): Of<K> => ({ k, f, args, e, then, else: otherwise, at, undo }) as unknown as Of<K>;

/** Of a statement that may leave: see Step of specialise.ts. */
interface Leaves {
  readonly at?: number | undefined;
  readonly undo?: number | undefined;
}

export const let_ = (i: number, e: Expr): Of<'let'> => simple('let', i, undefined, e);
export const set = (to: Expr, e: Expr): Of<'set'> => simple('set', undefined, to, e);
export const holds = (to: Expr, e: Expr): Of<'holds'> => simple('holds', undefined, to, e);
export const exit = (e: Expr, unless?: readonly Expr[], by?: Leaves): Of<'exit'> & Leaves =>
  simple('exit', undefined, undefined, e, unless, by?.at, by?.undo);
export const branch = (e: Expr): Of<'branch'> => simple('branch', undefined, undefined, e);
export const jumpTo = (e: Expr): Of<'jumpTo'> => simple('jumpTo', undefined, undefined, e);
export const jump = (): Of<'jump'> => simple('jump', undefined, undefined, undefined);
export const load = (i: number, p: Expr, size: number, at: number): Of<'load'> =>
  access('load', i, undefined, undefined, p, size, undefined, at);
export const store = (p: Expr, size: number, at: number, e: Expr): Of<'store'> =>
  access('store', undefined, undefined, undefined, p, size, e, at);
/** As `s`, but for its temporary, segment and offset. */
export const place = (s: Of<'place'> & Leaves, i: number, seg: Expr, a: Expr, size = s.size): Of<'place'> & Leaves =>
  access('place', i, seg, a, undefined, size, undefined, s.at, s.write, s.aligned, s.undo);
/** A place that may lie anywhere in a page. */
export const loosePlace = (s: Of<'place'> & Leaves): Of<'place'> & Leaves =>
  access('place', s.i, s.seg, s.a, undefined, s.size, undefined, s.at, s.write, false, s.undo);
/** A place of `bytes` at `a` for several operands, in the place of `s`. */
export const sharedPlace = (
  s: Of<'place'> & Leaves,
  a: Expr,
  bytes: number,
  write: boolean,
  alignment: number,
): Of<'place'> & Leaves =>
  access('place', s.i, s.seg, a, undefined, 8 * bytes, undefined, s.at, write, undefined, s.undo, alignment);
export const quick = (f: string, args: readonly Expr[], by?: Leaves): Of<'quick'> & Leaves =>
  rare('quick', f, args, undefined, undefined, undefined, by?.at, by?.undo);
export const if_ = (e: Expr, then: readonly Stmt[], otherwise: readonly Stmt[]): Of<'if'> =>
  rare('if', undefined, undefined, e, then, otherwise);

/** The statement with where it leaves to, if it may leave. */
export function leaving(s: Stmt, at: number, undo: number): Stmt & Leaves {
  switch (s.k) {
    case 'place':
      return access('place', s.i, s.seg, s.a, undefined, s.size, undefined, at, s.write, s.aligned, undo);
    case 'exit':
      return simple('exit', undefined, undefined, s.e, s.unless, at, undo);
    case 'quick':
      return rare('quick', s.f, s.args, undefined, undefined, undefined, at, undo);
  }
  return s;
}

/** Bytes that a place must be aligned to: what is wider than a word is accessed by words, unless it must be aligned. */
export function alignmentOf({ size, aligned, alignment }: Of<'place'>): number {
  if (alignment !== undefined) return alignment;
  if (aligned === false) return 1;
  return aligned ? size / 8 : Math.min(size / 8, 4);
}

/** What an instruction fills in. A hole that was laid out has its number as `v`. */
export const HOLES: readonly string[] = 'dn dup sn sup imm count next here base index scale disp seg sseg'.split(' ');

/** The same made by the constructors: of what comes from elsewhere. */
export function laidOut(s: Stmt): Stmt {
  switch (s.k) {
    case 'let':
      return let_(s.i, remade(s.e));
    case 'set':
      return set(remade(s.to), remade(s.e));
    case 'holds':
      return holds(remade(s.to), remade(s.e));
    case 'load':
      return load(s.i, remade(s.p), s.size, s.at);
    case 'store':
      return store(remade(s.p), s.size, s.at, remade(s.e));
    case 'place':
      return place(s, s.i, remade(s.seg), remade(s.a));
    case 'if':
      return if_(remade(s.e), s.then.map(laidOut), s.else.map(laidOut));
    case 'quick':
      return quick(s.f, s.args.map(remade), s as Leaves);
    case 'exit':
      return exit(remade(s.e), s.unless?.map(remade), s as Leaves);
    case 'branch':
      return branch(remade(s.e));
    case 'jumpTo':
      return jumpTo(remade(s.e));
    case 'jump':
      return jump();
  }
}

function remade(e: Expr): Expr {
  switch (e.k) {
    case 'n':
    case 'd':
      return leaf(e.k, e.v);
    case 't':
      return T(e.i);
    case 'h':
      return leaf('h', HOLES.indexOf(e.name), undefined, e.name);
    case 's':
      return S(e.name);
    case 'r':
      return R(e.array, remade(e.n));
    case 'b':
      return B(e.op, remade(e.a), remade(e.b));
    case 'u':
      return operation('u', undefined, remade(e.a));
    case 'c':
      return C(e.f, e.args.map(remade));
    case 'q':
      return other('q', undefined, undefined, remade(e.test), remade(e.a), remade(e.b));
  }
}

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

const OPERATORS: ReadonlyMap<string, (a: number, b: number) => number> = new Map<
  string,
  (a: number, b: number) => number
>([
  ['+', (a, b) => a + b],
  ['-', (a, b) => a - b],
  ['*', Math.imul],
  ['&', (a, b) => a & b],
  ['|', (a, b) => a | b],
  ['^', (a, b) => a ^ b],
  ['<<', (a, b) => a << b],
  ['>>', (a, b) => a >> b],
  ['>>>', (a, b) => a >>> b],
]);

const COMPARISONS: ReadonlyMap<string, (a: number, b: number) => boolean> = new Map<
  string,
  (a: number, b: number) => boolean
>([
  ['lt', (a, b) => a < b],
  ['ltu', (a, b) => a >>> 0 < b >>> 0],
  ['le', (a, b) => a <= b],
  ['leu', (a, b) => a >>> 0 <= b >>> 0],
  ['gt', (a, b) => a > b],
  ['gtu', (a, b) => a >>> 0 > b >>> 0],
  ['ge', (a, b) => a >= b],
  ['geu', (a, b) => a >>> 0 >= b >>> 0],
  ['eq', (a, b) => a === b],
  ['ne', (a, b) => a !== b],
]);

const NEGATED: ReadonlyMap<string, string> = new Map<string, string>([
  ['lt', 'ge'],
  ['ge', 'lt'],
  ['le', 'gt'],
  ['gt', 'le'],
  ['ltu', 'geu'],
  ['geu', 'ltu'],
  ['leu', 'gtu'],
  ['gtu', 'leu'],
  ['eq', 'ne'],
  ['ne', 'eq'],
]);

export const isComparison = (f: string): boolean => COMPARISONS.has(f);
export const isOperator = (op: string): boolean => OPERATORS.has(op);

/** Whether the value is an int32 as it stands (a sum, or a logical shift, is not). */
const isInt = (e: Expr): boolean => !(e.k === 'b' && (e.op === '+' || e.op === '-' || e.op === '*' || e.op === '>>>'));

export function bin(op: string, a: Expr, b: Expr): Expr {
  if (a.k === 'n' && b.k === 'n') return N((OPERATORS.get(op) as (a: number, b: number) => number)(a.v, b.v));
  if (b.k === 'n') {
    const v = b.v;
    if (v === 0 && (op === '+' || op === '-' || op === '^' || op === '<<' || op === '>>')) return a;
    if (v === 0 && op === '|' && isInt(a)) return a;
    if (v === 0 && (op === '&' || op === '*')) return b;
    if (v === 1 && op === '*') return a;
    if (v === -1 && op === '&') return bin('|', a, N(0));
    if (op === '&' && a.k === 'h' && a.name === COUNT && v === 31) return a;
    if (op === '&' && a.k === 'b' && a.op === '&' && a.b.k === 'n') return bin('&', a.a, N(a.b.v & v));
    if (v === 1 && op === '^' && a.k === 'c' && NEGATED.has(a.f)) return C(NEGATED.get(a.f) as string, a.args);
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
  return B(op, a, b);
}

export function call(f: string, args: readonly Expr[]): Expr {
  const a = args[0] as Expr;
  const b = args[1] as Expr;
  const compare = COMPARISONS.get(f);
  if (compare) {
    if (a.k === 'n' && b.k === 'n') return N(compare(a.v, b.v) ? 1 : 0);
    if (same(a, b)) return N(compare(0, 0) ? 1 : 0);
    if (a.k === 'h' && a.name === COUNT && isZero(b)) return N(f === 'ne' ? 1 : 0);
  }
  return C(f, args);
}

export function not(a: Expr): Expr {
  return a.k === 'n' ? N(~a.v) : operation('u', undefined, a);
}

export function select(test: Expr, a: Expr, b: Expr): Expr {
  return test.k === 'n' ? (test.v ? a : b) : other('q', undefined, undefined, test, a, b);
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
      return f(n === e.n ? e : R(e.array, n));
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
      const args = mapAll(e.args, f);
      return args === e.args ? e : call(e.f, args);
    }
    case 'q':
      return select(map(e.test, f), map(e.a, f), map(e.b, f));
  }
}

/** Of all; the same array where all are the same. */
function mapAll(list: readonly Expr[], f: (leaf: Expr) => Expr): readonly Expr[] {
  let made: Expr[] | undefined;
  for (let k = 0; k < list.length; k++) {
    const e = list[k] as Expr;
    const to = map(e, f);
    if (to !== e && !made) made = list.slice();
    if (made) made[k] = to;
  }
  return made ?? list;
}

/** The same over a statement, whose temporaries are renumbered from `first` on. */
export function mapStmt(s: Stmt, f: (leaf: Expr) => Expr, first = 0): Stmt {
  switch (s.k) {
    case 'let':
      return let_(first + s.i, map(s.e, f));
    case 'set':
      return set(mapIndex(s.to, f), map(s.e, f));
    case 'holds':
      return holds(mapIndex(s.to, f), map(s.e, f));
    case 'load':
      return load(first + s.i, map(s.p, f), s.size, s.at);
    case 'store':
      return store(map(s.p, f), s.size, s.at, map(s.e, f));
    case 'place':
      return place(s, first + s.i, map(s.seg, f), map(s.a, f));
    case 'if': {
      const then = s.then.map((x) => mapStmt(x, f, first));
      const otherwise = s.else.map((x) => mapStmt(x, f, first));
      return if_(map(s.e, f), then, otherwise);
    }
    case 'quick':
      return quick(s.f, mapAll(s.args, f), s as Leaves);
    case 'exit':
      return exit(map(s.e, f), s.unless && mapAll(s.unless, f), s as Leaves);
    case 'branch':
      return branch(map(s.e, f));
    case 'jumpTo':
      return jumpTo(map(s.e, f));
    case 'jump':
      return s;
  }
}

/** What is set: its index only. */
function mapIndex(to: Expr, f: (leaf: Expr) => Expr): Expr {
  return to.k === 'r' && to.n.k !== 'n' ? R(to.array, map(to.n, f)) : to;
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
      for (let k = 0; k < e.args.length; k++) visit(e.args[k] as Expr, f);
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
