// The partial evaluator: one semantic function over one operand shape leaves a residual (a template). What the shape
// knows is folded away; what it leaves open is a hole.

import { WORD } from '../../src/isa/register-file.ts';
import type { Node } from '../estree.ts';
import { bin, call, isOperator, not, select } from '../fold.ts';
import { atom, type Expr, H, literal, N, type Stmt, T } from '../ir.ts';
import { removeDeadTemporaries } from '../passes/dead.ts';
import { propagate } from '../passes/propagate.ts';
import { visit } from '../walk.ts';
import { breach, type Dialect } from './dialect.ts';
import { EFFECTS, RESIDUAL } from './effects.ts';
import type { Shape } from './shapes.ts';

export interface Template {
  readonly body: readonly Stmt[];
  /** Temporaries are numbered below this. */
  readonly temporaries: number;
  /** Only where the x87 is ready, and TOP and tags are known: see translator/x87.ts. */
  readonly x87?: true;
}

/** What an expression of the dialect is while it is evaluated: a residual expression, or an object known now. */
type Value = Expr | { readonly k: 'object'; readonly v: object } | undefined;
type Environment = Map<string, Value>;

const CPU = { name: 'the processor' };
const STATE_ARRAYS = new Set(['reg', 'base', 'limit', 'sel']);
/** Views of the register file, or of a part of it, and where they begin. */
const VIEWS: Record<string, { readonly array: string; readonly first: number }> = {
  words: { array: 'words', first: 0 },
  xmm: { array: 'words', first: WORD.xmm },
  xmmF32: { array: 'singles', first: WORD.xmm },
  xmmF64: { array: 'doubles', first: WORD.xmm / 2 },
  fpr: { array: 'words', first: WORD.fpr },
};
const STAGED = WORD.xmm + 32;
/** Words of the staging register: nobody reads them after the instruction. */
const isScratch = (to: Expr): boolean => to.k === 'r' && to.array === 'words' && to.n.k === 'n' && to.n.v >= STAGED;

/** `effectiveAddress`: leave `offset(c, o)` to the engine as the hole 'ea' (the interpreter computes it once for all). */
export interface Options {
  readonly effectiveAddress: boolean;
}

export function specialise(dialect: Dialect, shape: Shape, options: Options): Template {
  const state = new Specialiser(dialect, options);
  state.invoke(
    shape.op,
    [
      { k: 'object', v: CPU },
      { k: 'object', v: shape.insn },
    ],
    { file: shape.op } as Node,
  );
  const body = removeDeadTemporaries(propagate(state.out));
  checkCommits(shape.key, body);
  return { body, temporaries: state.temporaries, ...(state.usesX87 && { x87: true as const }) };
}

/** The rule that makes side exits exact: nothing is committed before the last statement that may leave. */
function checkCommits(key: string, body: readonly Stmt[]): void {
  let committed = false;
  for (const s of body) {
    if ((s.k === 'set' && !isScratch(s.to)) || s.k === 'store') committed = true;
    if (mayLeave(s) && committed) throw new Error(`${key}: may leave after a commit`);
    if (s.k === 'quick') committed = true;
    if (s.k !== 'if') continue;
    for (const x of [...s.then, ...s.else]) {
      if (mayLeave(x)) throw new Error(`${key}: may leave under an if`);
    }
  }
}

class Specialiser {
  readonly #dialect: Dialect;
  readonly #options: Options;
  out: Stmt[] = [];
  temporaries = 0;
  usesX87 = false;
  /** Temporaries known to be zero, since the instruction was not left. */
  readonly #zero = new Set<number>();

  constructor(dialect: Dialect, options: Options) {
    this.#dialect = dialect;
    this.#options = options;
  }

  invoke(name: string, args: readonly Value[], n: Node): Value {
    const f = this.#dialect.functions.get(name);
    if (!f || RESIDUAL.has(name)) return breach(n, `${name} is neither a primitive nor in the dialect`);
    const env: Environment = new Map();
    f.params.forEach((p: Node, k: number) => {
      const a = args[k];
      env.set(p.name, a && a.k !== 'object' ? this.#bind(a) : a);
    });
    return this.#block(f.body.body, env);
  }

  #bind(e: Expr): Expr {
    if (atom(e)) return e;
    const i = this.temporaries++;
    this.out.push({ k: 'let', i, e });
    return T(i);
  }

  /** What is known of a local by now. */
  #now(v: Value): Value {
    return v?.k === 't' && this.#zero.has(v.i) ? N(0) : v;
  }

  #int(v: Value, n: Node): Expr {
    return !v || v.k === 'object' ? breach(n, 'an int is wanted') : v;
  }

  /** A value: the block returned. */
  #block(body: readonly Node[], env: Environment): Value {
    for (const s of body) {
      const v = this.#statement(s, env);
      if (v) return v;
    }
    return undefined;
  }

  #statement(s: Node, env: Environment): Value {
    switch (s.type) {
      case 'BlockStatement':
        return this.#block(s.body, env);
      case 'VariableDeclaration':
        for (const d of s.declarations) {
          const v = this.#expression(d.init, env);
          env.set(d.id.name, v && v.k !== 'object' ? this.#bind(v) : v);
        }
        return undefined;
      case 'ReturnStatement':
        return this.#expression(s.argument, env);
      case 'ExpressionStatement': {
        const e = s.expression;
        if (e.type !== 'AssignmentExpression') {
          this.#expression(e, env);
          return undefined;
        }
        const v = this.#bind(this.#int(this.#expression(e.right, env), e));
        this.out.push({ k: 'set', to: this.#int(this.#expression(e.left, env), e), e: v });
        return undefined;
      }
      case 'IfStatement':
        return this.#if(s, env);
    }
    return breach(s, 'statement');
  }

  #if(s: Node, env: Environment): Value {
    const t = this.#int(this.#expression(s.test, env), s);
    if (t.k === 'n') {
      if (t.v) return this.#statement(s.consequent, env);
      return s.alternate ? this.#statement(s.alternate, env) : undefined;
    }
    const test = this.#bind(t);
    const outer = this.out;
    const arm = (x: Node): Stmt[] => {
      this.out = [];
      if (x && this.#statement(x, env)) breach(s, 'no return under a dynamic if');
      const made = this.out;
      this.out = outer;
      return made;
    };
    outer.push({ k: 'if', e: test, then: arm(s.consequent), else: arm(s.alternate) });
    return undefined;
  }

  #expression(n: Node, env: Environment): Value {
    switch (n.type) {
      case 'Literal':
        return literal(n.value);
      case 'Identifier': {
        if (env.has(n.name)) return this.#now(env.get(n.name));
        const { constants } = this.#dialect;
        const v = constants.get(`${n.file}:${n.name}`) ?? constants.get(n.name);
        return v === undefined || Number.isNaN(v) ? breach(n, `unbound ${n.name}`) : literal(v);
      }
      case 'UnaryExpression': {
        const a = this.#int(this.#expression(n.argument, env), n);
        if (n.operator === '~') return not(a);
        return n.operator === '-' && a.k === 'n' ? N(-a.v) : breach(n, `unary ${n.operator}`);
      }
      case 'BinaryExpression':
        return this.#binary(n, env);
      case 'LogicalExpression': {
        const a = this.#int(this.#expression(n.left, env), n);
        if (a.k !== 'n') return breach(n, 'the left of || and && is known at translation time');
        return (n.operator === '||') === (a.v !== 0) ? a : this.#expression(n.right, env);
      }
      case 'ConditionalExpression': {
        const t = this.#int(this.#expression(n.test, env), n);
        if (t.k === 'n') return this.#expression(t.v ? n.consequent : n.alternate, env);
        const test = this.#bind(t);
        const a = this.#bind(this.#int(this.#expression(n.consequent, env), n));
        const b = this.#bind(this.#int(this.#expression(n.alternate, env), n));
        return select(test, a, b);
      }
      case 'MemberExpression':
        return this.#member(n, env);
      case 'CallExpression':
        return this.#call(n, env);
    }
    return breach(n, n.type);
  }

  #binary(n: Node, env: Environment): Value {
    const a = this.#int(this.#expression(n.left, env), n);
    const b = this.#int(this.#expression(n.right, env), n);
    if (n.operator === '===' || n.operator === '!==') {
      if (a.k !== 'n' || b.k !== 'n') return breach(n, '=== is for what is known now; eq() for values');
      return N((a.v === b.v) === (n.operator === '===') ? 1 : 0);
    }
    // A word whose top bit is set is written as `0x80000000 | 0`.
    if (n.operator === '|' && a.k === 'd' && b.k === 'n' && b.v === 0) return N(a.v);
    return isOperator(n.operator) ? bin(n.operator, a, b) : breach(n, `operator ${n.operator}`);
  }

  #member(n: Node, env: Environment): Value {
    const o = this.#expression(n.object, env);
    if (o?.k !== 'object') return breach(n, 'a member of what is not an object');
    if (n.computed) {
      const { array, first = 0 } = o.v as { array?: string; first?: number };
      if (!array) return breach(n, 'index');
      const index = bin('+', this.#int(this.#expression(n.property, env), n), N(first));
      return { k: 'r', array, n: isPure(index) ? index : this.#bind(index) };
    }
    const name = n.property.name as string;
    if (o.v === CPU && VIEWS[name]) return { k: 'object', v: VIEWS[name] };
    if (o.v === CPU) return STATE_ARRAYS.has(name) ? { k: 'object', v: { array: name } } : { k: 's', name };
    if (!(name in o.v)) return breach(n, `no ${name} in this shape`);
    const v = (o.v as Record<string, unknown>)[name];
    if (typeof v === 'number') return N(v);
    return v && typeof v === 'object' && 'k' in v ? (v as Expr) : { k: 'object', v: v as object };
  }

  #call(n: Node, env: Environment): Value {
    const name = n.callee.name as string;
    const args = n.arguments.map((a: Node) => this.#expression(a, env)) as Value[];
    if (name === 'offset' && this.#options.effectiveAddress) return H('ea');
    const effect = EFFECTS[name];
    if (!effect) return this.invoke(name, args, n);
    const value = (k: number): Expr => this.#bind(this.#int(args[k], n));
    const known = (k: number, otherwise: number): number => {
      const e = args[k] as Expr | undefined;
      return e ? (e.k === 'n' ? e.v : breach(n, 'known at translation time')) : otherwise;
    };
    switch (effect) {
      case 'pure':
        return call(
          name,
          args.map((_, k) => value(k)),
        );
      case 'place': {
        const seg = value(1);
        const a = value(2);
        const i = this.temporaries++;
        const write = name.startsWith('write');
        const aligned = name.endsWith('Aligned');
        this.out.push({ k: 'place', i, seg, a, size: known(3, 32), write, ...(aligned ? { aligned } : {}) });
        return T(i);
      }
      case 'exit': {
        const e = value(1);
        this.out.push({ k: 'exit', e });
        if (e.k === 't') this.#zero.add(e.i);
        return undefined;
      }
      case 'quick':
        this.out.push({ k: 'quick', f: name, args: args.slice(1).map((_, k) => value(k + 1)) });
        return N(0);
      case 'reach':
        return undefined;
      case 'load': {
        const p = value(1);
        const i = this.temporaries++;
        this.out.push({ k: 'load', i, p, size: known(2, 32), at: known(3, 0) });
        return T(i);
      }
      case 'store': {
        const p = value(1);
        const e = value(3);
        this.out.push({ k: 'store', p, size: known(2, 32), e, at: known(4, 0) });
        return undefined;
      }
      case 'holds': {
        const to: Expr = { k: 'r', array: 'doubles', n: bin('>>', value(1), N(1)) };
        const i = this.temporaries++;
        this.out.push({ k: 'load', i, p: value(2), size: 64, at: known(3, 0) }, { k: 'holds', to, e: T(i) });
        return undefined;
      }
      case 'next':
        return H('next');
      case 'here':
        return H('here');
      case 'ready':
        this.usesX87 = true;
        return undefined;
      case 'control':
        if (name === 'branch') this.out.push({ k: 'branch', e: value(1) });
        else if (name === 'jump') this.out.push({ k: 'jump' });
        else
          this.out.push({ k: 'jumpTo', e: known(2, 32) === 16 ? this.#bind(bin('&', value(1), N(0xffff))) : value(1) });
        return undefined;
    }
  }
}

const mayLeave = (s: Stmt): boolean => s.k === 'place' || s.k === 'exit' || s.k === 'quick';

/** Whether no state is read. */
function isPure(e: Expr): boolean {
  let pure = true;
  visit(e, (x) => {
    if (x.k === 's' || x.k === 'r') pure = false;
  });
  return pure;
}
