// Verify: proves that a module's text is closed over the ABI, whatever the printer did: that it touches nothing but its
// locals, constant words of the register file, guest memory behind a check against the shadow page table, and the
// primitives it imports; and that it comes to an end, since every loop polls the budget and uses some of it up.
//
// The text is read anew, by acorn. What it may consist of is listed; anything else is refused.
//
// What it trusts: that shadow page table entries that are direct lead to guest memory and fit in the heap (memory/), the
// primitives, and that nothing but a callout changes the tables while a region runs.

import type {
  AssignmentExpression,
  Expression,
  ForStatement,
  IfStatement,
  LabeledStatement,
  Node,
  Statement,
} from 'acorn';
import { BUDGET, PAGE_EIP, TABLE } from '../src/cpu/engine-words.ts';
import { REGION_LEFT } from '../src/cpu/regions.ts';
import { meet, START, type State, withChecked, without, withUnchecked } from './verify-flow.ts';
import { constantOf, isNumber, nameOf, Refused, refuse, sumOf, sumOfBits } from './verify-match.ts';
import { type ModuleNames, verifyModule } from './verify-module.ts';
import { checkedPlace, Expressions, tableLookup } from './verify-places.ts';

export { Refused };

/** What the text is compiled into. */
export interface Abi {
  /** Byte offset of the register file in the heap. */
  readonly registersAt: number;
}

/** Characters of the text in a refusal. */
const QUOTED = 80;

/** @throws Refused, which quotes the place and says what is wrong there. */
export function verify(text: string, abi: Abi): void {
  try {
    verifyModule(text, (name, body, names) => new Verifier(names, abi).region(name, body));
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    throw new Refused(error.at, `${error.message}: ${text.slice(error.at, error.at + QUOTED).replace(/\s+/g, ' ')}`);
  }
}

interface Label {
  readonly isLoop: boolean;
  /** What holds behind it: where the breaks to it meet. */
  after: State | undefined;
  /** Where the ways on to a loop's next turn meet. */
  turn: State | undefined;
}

class Verifier {
  readonly #names: ModuleNames;
  readonly #abi: Abi;
  readonly #locals = new Set<string>();
  readonly #labels = new Map<string, Label>();
  readonly #expressions: Expressions;

  constructor(names: ModuleNames, abi: Abi) {
    this.#names = names;
    this.#abi = abi;
    this.#expressions = new Expressions(names, this.#locals, abi.registersAt);
  }

  region(name: string, body: readonly Statement[]): void {
    const [first, ...rest] = body;
    const last = rest.pop();
    if (first?.type !== 'VariableDeclaration' || last?.type !== 'ReturnStatement') {
      throw new Refused(body[0]?.start ?? 0, `${name} does not begin with its locals and end with its answer`);
    }
    for (const d of first.declarations) {
      if (d.id.type !== 'Identifier' || !d.init || !isNumber(d.init, 0)) refuse(d, 'a local is declared as 0');
      if (this.#names.all.has(d.id.name) || this.#locals.has(d.id.name)) refuse(d, 'the name is taken');
      this.#locals.add(d.id.name);
    }
    this.#list(rest, START);
    if (!last.argument || this.#coerced(last.argument) !== 'rc') refuse(last, 'the answer is rc');
  }

  /** The statements one after the other; undefined if their end is never reached. */
  #list(list: readonly Statement[], before: State): State | undefined {
    let state = before;
    let reached = true;
    for (const s of list) {
      const next = this.#statement(s, state);
      // What is never reached is held to the same rules, with nothing known.
      if (!next) reached = false;
      state = next ?? {
        ...START,
        gained: new Map([...state.gained].map(([name]) => [name, Number.POSITIVE_INFINITY])),
      };
    }
    return reached ? state : undefined;
  }

  #statement(s: Statement, state: State): State | undefined {
    switch (s.type) {
      case 'ExpressionStatement':
        if (s.expression.type === 'AssignmentExpression') return this.#assignment(s.expression, state);
        if (s.expression.type === 'CallExpression') return this.#visit(s.expression, state);
        return refuse(s, 'an expression that is no assignment');
      case 'BlockStatement':
        return this.#list(s.body, state);
      case 'IfStatement':
        return this.#if(s, state);
      case 'LabeledStatement':
        return this.#labelled(s, state);
      case 'BreakStatement': {
        const label = this.#label(s.label, s);
        label.after = meet(label.after, state);
        return undefined;
      }
      case 'ContinueStatement':
        if (!this.#label(s.label, s).isLoop) refuse(s, 'not a loop');
        this.#turn((s.label as { name: string }).name, s, state);
        return undefined;
      default:
        return refuse(s, `a ${s.type}`);
    }
  }

  #label(name: { name: string } | null | undefined, s: Node): Label {
    const label = name && this.#labels.get(name.name);
    return label || refuse(s, 'no such label');
  }

  #labelled(s: LabeledStatement, state: State): State | undefined {
    const { name } = s.label;
    const outer = this.#labels.get(name);
    const label: Label = { isLoop: s.body.type === 'ForStatement', after: undefined, turn: undefined };
    this.#labels.set(name, label);
    if (s.body.type === 'ForStatement') this.#loop(name, s.body, state);
    else if (s.body.type === 'BlockStatement') {
      const end = this.#list(s.body.body, state);
      label.after = meet(label.after, end);
    } else refuse(s, `a label of a ${s.body.type}`);
    if (outer) this.#labels.set(name, outer);
    else this.#labels.delete(name);
    return label.after;
  }

  #loop(name: string, s: ForStatement, state: State): void {
    if (s.init || s.test || s.update) refuse(s, 'a loop with a head');
    if (s.body.type !== 'BlockStatement') refuse(s, 'a loop without a block');
    const [poll, ...rest] = s.body.body;
    if (poll?.type !== 'IfStatement' || poll.alternate || !this.#isPoll(poll.test))
      refuse(s, 'a loop that does not poll');
    // What holds on the first turn need not on the second: what is assigned does not, nor anything behind a callout.
    const assigned = assignedIn(s.body);
    let places = without(state.places, assigned.names);
    for (;;) {
      const head: State = { places, gained: new Map(state.gained).set(name, 0), spilled: undefined };
      if (this.#statement(poll.consequent, head)) refuse(poll, 'a poll that goes on');
      const end = this.#list(rest, head);
      if (end) this.#turn(name, s, end);
      const { turn } = this.#label({ name }, s);
      if (!assigned.hasCallout || !turn) return;
      const kept = (meet(head, turn) as State).places;
      if (kept.size === places.size) return;
      places = kept;
    }
  }

  /** A loop goes on: with less budget, also since the heads of the loops around it. */
  #turn(name: string, s: Node, state: State): void {
    if (!((state.gained.get(name) ?? 0) < 0)) refuse(s, 'a turn of the loop that uses up no budget');
    const label = this.#label({ name }, s);
    label.turn = meet(label.turn, state);
  }

  /** `(cnt | 0) < n` with n above zero. */
  #isPoll(test: Expression): boolean {
    if (test.type !== 'BinaryExpression' || test.operator !== '<' || test.left.type === 'PrivateIdentifier')
      return false;
    return this.#coerced(test.left) === 'cnt' && (constantOf(test.right) ?? 0) > 0;
  }

  #if(s: IfStatement, state: State): State | undefined {
    this.#expressions.check(s.test, state);
    const then = this.#statement(s.consequent, state);
    // Where the condition does not hold, the place is good.
    const checked = checkedPlace(s.test);
    const passed = checked && state.places.has(checked.name) ? withChecked(state, checked) : state;
    return meet(then, s.alternate ? this.#statement(s.alternate, passed) : passed);
  }

  /** A counter of `dump`: a call for its own sake, with a literal. */
  #visit(call: Expression & { type: 'CallExpression' }, state: State): State {
    const isVisit =
      call.callee.type === 'Identifier' && call.callee.name === 'visit' && this.#names.functions.has('visit');
    const [argument] = call.arguments;
    if (
      !isVisit ||
      call.arguments.length !== 1 ||
      argument?.type === 'SpreadElement' ||
      constantOf(argument) === undefined
    ) {
      refuse(call, 'a call for its own sake');
    }
    return state;
  }

  #assignment(a: AssignmentExpression, state: State): State {
    if (a.operator !== '=') refuse(a, `the operator ${a.operator}`);
    if (a.left.type === 'MemberExpression') {
      this.#expressions.check(a.right, state);
      this.#expressions.access(a.left, state, true);
      return this.#word(a.left) === BUDGET ? { ...state, spilled: this.#spilled(a.right) } : state;
    }
    if (a.left.type !== 'Identifier' || !this.#locals.has(a.left.name)) refuse(a, 'an assignment to what is no local');
    const { name } = a.left;
    switch (name) {
      case 'cnt':
        return this.#count(a.right, state);
      case 'pb':
        if (this.#word(this.#uncoerced(a.right)) !== PAGE_EIP) refuse(a, 'pb is the word of that name');
        return state;
      case 'tab': {
        const e = a.right;
        const isTable = e.type === 'BinaryExpression' && e.operator === '<<' && isNumber(e.right, 2);
        if (!isTable || e.left.type === 'PrivateIdentifier' || this.#word(e.left) !== TABLE) {
          refuse(a, 'tab is the word of that name');
        }
        return state;
      }
      case 'rc':
        return this.#answer(a.right, state);
    }
    const lookup = tableLookup(a.right, this.#names);
    if (lookup) {
      this.#expressions.check(lookup, state);
      return withUnchecked(state, name);
    }
    this.#expressions.check(a.right, state);
    return { ...state, places: without(state.places, new Set([name])) };
  }

  /** A constant, or a callout: after that, no place is good any more. */
  #answer(e: Expression, state: State): State {
    const constant = constantOf(e);
    if (constant !== undefined) {
      if (constant < 0 || constant > REGION_LEFT) refuse(e, 'no answer of a region');
      return state;
    }
    const call = this.#uncoerced(e);
    if (call.type !== 'CallExpression' || call.callee.type !== 'Identifier' || call.callee.name !== 'callout') {
      refuse(e, 'rc is an answer or a callout');
    }
    const [argument] = call.arguments;
    if (!this.#names.functions.has('callout') || call.arguments.length !== 1) refuse(e, 'not the callout of the ABI');
    if (argument?.type === 'SpreadElement' || constantOf(argument) === undefined) refuse(e, 'a callout has a number');
    return { ...state, places: new Map() };
  }

  /** The budget goes to the register file, more by this than `cnt` has. */
  #spilled(e: Expression): number {
    if (nameOf(e) === 'cnt') return 0;
    const sum = sumOf(this.#uncoerced(e));
    if (nameOf(sum?.left) !== 'cnt') refuse(e, "the budget's word is cnt, and a constant");
    return (sum as { constant: number }).constant;
  }

  /** `cnt` goes down or up by a constant, or up by some bits of a packed exit, or comes from the register file. */
  #count(e: Expression, state: State): State {
    const inner = this.#uncoerced(e);
    const sum = sumOf(inner) ?? sumOfBits(inner) ?? { left: inner, constant: 0 };
    let change = sum.constant;
    if (nameOf(sum.left) !== 'cnt') {
      const word = sum.left === inner ? inner : this.#uncoerced(sum.left);
      if (this.#word(word) !== BUDGET) refuse(e, 'cnt only counts');
      // What is not known to be what `cnt` was may be anything.
      change = state.spilled === undefined ? Number.POSITIVE_INFINITY : change + state.spilled;
    }
    const gained = new Map([...state.gained].map(([name, n]) => [name, n + change] as const));
    return { places: state.places, gained, spilled: undefined };
  }

  /** `e` of `e | 0`. */
  #uncoerced(e: Expression): Expression {
    if (e.type !== 'BinaryExpression' || e.operator !== '|' || !isNumber(e.right, 0)) return refuse(e, 'not coerced');
    return e.left.type === 'PrivateIdentifier' ? refuse(e, 'a private name') : e.left;
  }

  /** Name of the local in `name | 0`. */
  #coerced(e: Expression): string | undefined {
    const inner = this.#uncoerced(e);
    return inner.type === 'Identifier' ? inner.name : undefined;
  }

  /** Number of the word of the register file in `H32[n]`. */
  #word(e: Expression): number | undefined {
    if (e.type !== 'MemberExpression') return undefined;
    const at = this.#expressions.registerByte(e);
    return at === undefined ? undefined : (at - this.#abi.registersAt) / 4;
  }
}

/** Locals that are assigned, and whether there is a callout. */
function assignedIn(n: Node): { readonly names: ReadonlySet<string>; readonly hasCallout: boolean } {
  const names = new Set<string>();
  let hasCallout = false;
  const walk = (x: unknown): void => {
    if (Array.isArray(x)) x.forEach(walk);
    else if (x && typeof x === 'object') {
      const node = x as { type?: string; left?: { name?: string }; callee?: { name?: string } };
      if (node.type === 'AssignmentExpression' && node.left?.name) names.add(node.left.name);
      if (node.type === 'CallExpression' && node.callee?.name === 'callout') hasCallout = true;
      for (const v of Object.values(x)) if (v && typeof v === 'object') walk(v);
    }
  };
  walk(n);
  return { names, hasCallout };
}
