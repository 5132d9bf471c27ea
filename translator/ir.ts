// The residual language: what is left of the semantics once an instruction's shape is known. Some ten kinds of
// expression and of statement; ESTree appears only when printing. The constructors make what they are told; those that
// fold are in fold.ts.

export type Expr =
  /** Literal, temporary, hole (filled when a template is instantiated). */
  | { readonly k: 'n'; readonly v: number }
  /** Literal that is a double. */
  | { readonly k: 'd'; readonly v: number }
  | { readonly k: 't'; readonly i: number }
  | { readonly k: 'h'; readonly name: string; readonly v?: number }
  /**
   * Word of the state; element of a state array (`reg[n]`, `base[n]`; views of it all: `words[n]`, `singles[n]`,
   * `doubles[n]`; the locals of lanes.ts: `wordLanes[n]`, `doubleLanes[n]`, `vectorLanes[n]`).
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
export const B = (op: string, a: Expr, b: Expr): Expr => operation('b', op, a, b);
export const C = (f: string, args: readonly Expr[]): Expr => other('c', f, args);
export const complement = (a: Expr): Expr => operation('u', undefined, a);
export const choice = (test: Expr, a: Expr, b: Expr): Expr => other('q', undefined, undefined, test, a, b);

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
export interface Leaves {
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
      return complement(remade(e.a));
    case 'c':
      return C(e.f, e.args.map(remade));
    case 'q':
      return choice(remade(e.test), remade(e.a), remade(e.b));
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
const DOUBLES = new Set('fadd fsub fmul fdiv fsqrt fabs fneg fround fromInt joined f64x2.lane'.split(' '));

/** What a value is: an int32, a double, 128 bits. */
export type Type = 'int' | 'double' | 'vector';

/** Of temporaries the one who defined it knows. */
export function typeOf(e: Expr): Type {
  if (isDouble(e)) return 'double';
  return isVector(e) ? 'vector' : 'int';
}

/** What a load makes. */
export const typeLoaded = (size: number): Type => (size === 128 ? 'vector' : size === 64 ? 'double' : 'int');

/** Functions on vectors are called as in WebAssembly; these make no vector. */
const OF_VECTORS = /\.(lane|bitmask)$/;

function isVector(e: Expr): boolean {
  if (e.k === 'r') return e.array === 'vectorLanes';
  return e.k === 'c' && e.f.includes('.') && !OF_VECTORS.test(e.f);
}

/** Whether the value is a double; of temporaries the one who defined it knows. */
export function isDouble(e: Expr): boolean {
  if (e.k === 'r') return e.array === 'doubles' || e.array === 'singles' || e.array === 'doubleLanes';
  return e.k === 'd' || (e.k === 'c' && DOUBLES.has(e.f));
}
