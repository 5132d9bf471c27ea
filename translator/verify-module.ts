// The frame of a module: the views of the heap, the imports, the functions, the exports. See compile.ts, which writes it.

import {
  type Expression,
  type FunctionDeclaration,
  type Node,
  parse,
  type Statement,
  type VariableDeclaration,
} from 'acorn';
import { QUICK } from '../src/isa/prims.ts';
import { wide } from '../src/isa/wide.ts';
import { x87 } from '../src/isa/x87/unit.ts';
import { constantOf, nameOf, Refused, refuse } from './verify-match.ts';

/** What the functions of a module may refer to. */
export interface ModuleNames {
  readonly views: ReadonlyMap<string, View>;
  readonly functions: ReadonlySet<string>;
  /** All of these, and the functions of the module: no local may have such a name. */
  readonly all: ReadonlySet<string>;
}

export interface View {
  readonly bytes: number;
  readonly integer: boolean;
}

/** Views by the constructor they are made of. */
const VIEWS: Readonly<Record<string, View>> = {
  Int8Array: { bytes: 1, integer: true },
  Int16Array: { bytes: 2, integer: true },
  Int32Array: { bytes: 4, integer: true },
  Float32Array: { bytes: 4, integer: false },
  Float64Array: { bytes: 8, integer: false },
};

/** Pure functions of the standard library; functions of ours, which a module gets from `compile`. */
const MATH = new Set(['imul', 'clz32', 'sqrt', 'abs', 'fround', 'floor', 'ceil']);
const FOREIGN = new Set([...Object.keys(wide), ...Object.keys(x87), 'callout', 'visit', ...QUICK]);
const PARAMETERS = ['stdlib', 'foreign', 'heap'];

/** Checks the frame, then calls `region` for each function. */
export function verifyModule(
  text: string,
  region: (name: string, body: readonly Statement[], names: ModuleNames) => void,
): void {
  const body = parsed(text);
  const functions = body.filter((s): s is FunctionDeclaration => s.type === 'FunctionDeclaration');
  const [directive, ...rest] = body;
  if (directive?.type !== 'ExpressionStatement' || directive.directive !== 'use asm') {
    throw new Refused(0, 'it does not begin with "use asm"');
  }
  const exported = rest.pop();
  if (!exported) throw new Refused(0, 'an empty module');
  const views = new Map<string, View>();
  const imports = new Set<string>();
  const all = new Set(PARAMETERS);
  for (const s of rest) {
    const name = s.type === 'FunctionDeclaration' ? s.id.name : declare(s, views, imports);
    if (all.has(name)) refuse(s, `a second ${name}`);
    all.add(name);
  }
  exports(exported, functions);
  for (const f of functions) {
    if (f.params.length > 0 || f.async || f.generator) refuse(f, 'a function with parameters, or no plain one');
    region(f.id.name, f.body.body, { views, functions: imports, all });
  }
}

/** The statements of the module: those of the body of a function. */
function parsed(text: string): readonly Statement[] {
  try {
    const program = parse(text, { ecmaVersion: 5, allowReturnOutsideFunction: true });
    return program.body as Statement[];
  } catch (error) {
    if (error instanceof SyntaxError) throw new Refused((error as { pos?: number }).pos ?? 0, error.message);
    throw error;
  }
}

/** `var H8 = new stdlib.Int8Array(heap)`, `var imul = stdlib.Math.imul` or `var f = foreign.f`; its name. */
function declare(s: Statement, views: Map<string, View>, imports: Set<string>): string {
  if (s.type !== 'VariableDeclaration') return refuse(s, `a ${s.type} in the module`);
  const { name, init } = single(s);
  if (init.type === 'NewExpression') {
    const path = pathOf(init.callee as Expression);
    const view = path.length === 2 && path[0] === 'stdlib' ? VIEWS[path[1] as string] : undefined;
    const [argument] = init.arguments;
    if (!view || init.arguments.length !== 1 || nameOf(argument as Expression) !== 'heap')
      refuse(s, 'no view of the heap');
    views.set(name, view);
    return name;
  }
  const [object, ...path] = pathOf(init);
  const isMath = object === 'stdlib' && path[0] === 'Math' && path.length === 2 && MATH.has(path[1] as string);
  const isOurs = object === 'foreign' && path.length === 1 && FOREIGN.has(path[0] as string) && path[0] === name;
  if (!isMath && !isOurs) refuse(s, 'an import that is none of the ABI');
  imports.add(name);
  return name;
}

function single(s: VariableDeclaration): { name: string; init: Expression } {
  const [d] = s.declarations;
  if (s.declarations.length !== 1 || d?.id.type !== 'Identifier' || !d.init)
    return refuse(s, 'not one name with a value');
  return { name: d.id.name, init: d.init };
}

/** Names of `a.b.c`; none for anything else. */
function pathOf(e: Expression): string[] {
  if (e.type === 'Identifier') return [e.name];
  if (e.type !== 'MemberExpression' || e.computed || e.property.type !== 'Identifier') return [];
  if (e.object.type === 'Super') return [];
  const path = pathOf(e.object);
  return path.length > 0 ? [...path, e.property.name] : [];
}

/** `return { region0: region0, ... }`: the functions, all of them. */
function exports(s: Node & Statement, functions: readonly FunctionDeclaration[]): void {
  if (s.type !== 'ReturnStatement' || s.argument?.type !== 'ObjectExpression') refuse(s, 'no exports');
  const names = s.argument.properties.map((p) => {
    if (p.type !== 'Property' || p.computed || p.kind !== 'init') return refuse(p, 'no plain export');
    const name = nameOf(p.value);
    if (name === undefined || nameOf(p.key) !== name || constantOf(p.value) !== undefined) refuse(p, 'no plain export');
    return name;
  });
  const declared = functions.map((f) => f.id.name);
  if (names.length !== declared.length || names.some((n, k) => n !== declared[k])) refuse(s, 'not the functions');
}
