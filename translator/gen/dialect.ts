// Reads the semantics and checks that they keep to the dialect: what the specialiser can evaluate partially.
// Locals are bound once, state is assigned with `=`, calls name functions, no loops. What follows from effects
// (nothing may leave after a commit) is checked on each residual, in specialise.ts.

import { readFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { posix } from 'node:path';
import { parse } from 'acorn';
import type { Node } from '../estree.ts';
import { RESIDUAL } from './effects.ts';

/** The files that are written in the dialect, below src/isa. */
const FILES = [
  'insn.ts',
  'fault.ts',
  'system-bits.ts',
  'register-file.ts',
  'state.ts',
  'semantics/flags.ts',
  'semantics/operand.ts',
  'semantics/arithmetic.ts',
  'semantics/shift.ts',
  'semantics/multiply.ts',
  'semantics/bits.ts',
  'semantics/decimal.ts',
  'semantics/move.ts',
  'semantics/stack.ts',
  'semantics/transfer.ts',
  'semantics/exchange.ts',
  'semantics/eflags.ts',
  'semantics/flag-control.ts',
  'semantics/segment-store.ts',
  'semantics/control-store.ts',
  'semantics/time-stamp.ts',
  'semantics/string-single.ts',
  'semantics/simd/operand.ts',
  'semantics/simd/words.ts',
  'semantics/simd/logic.ts',
  'semantics/simd/move.ts',
  'semantics/simd/packed-add.ts',
  'semantics/simd/packed-compare.ts',
  'semantics/simd/packed-multiply.ts',
  'semantics/simd/packed-quadword.ts',
  'semantics/simd/packed-shift.ts',
  'semantics/simd/interleave.ts',
  'semantics/simd/shuffle.ts',
  'semantics/simd/mxcsr.ts',
  'semantics/simd/plain.ts',
  'semantics/simd/scalar-double.ts',
  'semantics/simd/packed-double.ts',
  'semantics/simd/single.ts',
  'semantics/x87/bits.ts',
  'semantics/x87/plain.ts',
  'semantics/x87/plain-arithmetic.ts',
  'semantics/x87/plain-compare.ts',
  'semantics/x87/plain-control.ts',
  'semantics/x87/plain-transfer.ts',
];

const ALLOWED = new Set([
  'BlockStatement',
  'ExpressionStatement',
  'VariableDeclaration',
  'VariableDeclarator',
  'ReturnStatement',
  'IfStatement',
  'AssignmentExpression',
  'BinaryExpression',
  'UnaryExpression',
  'ConditionalExpression',
  'LogicalExpression',
  'CallExpression',
  'MemberExpression',
  'Identifier',
  'Literal',
]);

export interface Dialect {
  readonly functions: ReadonlyMap<string, Node>;
  /** By `file:name`, and by name. */
  readonly constants: ReadonlyMap<string, number>;
}

/** A breach of the dialect, with file and line. */
export function breach(n: Node, rule: string): never {
  throw new Error(`${n.file ?? '?'}:${n.loc?.start.line ?? '?'}: ${rule}`);
}

/** The text of a file below src/isa. */
export function readSemantics(file: string): string {
  return readFileSync(new URL(`../../src/isa/${file}`, import.meta.url), 'utf8');
}

/** Parses and checks all files. */
export function readDialect(read: (file: string) => string = readSemantics): Dialect {
  const functions = new Map<string, Node>();
  const constants = new Map<string, number>();
  const imports = new Map<string, string>();
  for (const file of FILES) {
    const tree = parse(stripTypeScriptTypes(read(file)), {
      ecmaVersion: 2024,
      sourceType: 'module',
      locations: true,
    }) as unknown as Node;
    for (const statement of tree.body) {
      if (statement.type === 'ImportDeclaration') {
        const from = posix.join(posix.dirname(file), statement.source.value);
        for (const s of statement.specifiers) imports.set(`${file}:${s.local.name}`, `${from}:${s.local.name}`);
      }
      const d = statement.type === 'ExportNamedDeclaration' ? statement.declaration : statement;
      if (d?.type === 'FunctionDeclaration') {
        if (!RESIDUAL.has(d.id.name) && file.startsWith('semantics/')) check(d, file);
        if (functions.has(d.id.name)) breach(d, `a second ${d.id.name}`);
        functions.set(d.id.name, d);
      } else if (d?.type === 'VariableDeclaration') {
        for (const v of d.declarations) {
          const value = constant(v.init, constants);
          constants.set(v.id.name, value);
          constants.set(`${file}:${v.id.name}`, value);
        }
      }
    }
  }
  // Files may have different constants of the same name: what is imported is meant.
  for (const [name, from] of imports) {
    const value = constants.get(from);
    if (value !== undefined) constants.set(name, value);
  }
  return { functions, constants };
}

/** Value of a constant expression over literals and the constants before it; NaN if it is something else. */
function constant(n: Node, known: ReadonlyMap<string, number>): number {
  switch (n?.type) {
    case 'Literal':
      return n.value;
    case 'Identifier':
      return known.get(n.name) ?? Number.NaN;
    case 'UnaryExpression':
      return n.operator === '-' ? -constant(n.argument, known) : Number.NaN;
    case 'BinaryExpression': {
      const a = constant(n.left, known);
      const b = constant(n.right, known);
      const both = !Number.isNaN(a) && !Number.isNaN(b);
      if (n.operator === '<<') return both ? a << b : Number.NaN;
      if (n.operator === '|') return both ? a | b : Number.NaN;
      return n.operator === '+' ? a + b : n.operator === '*' ? a * b : n.operator === '**' ? a ** b : Number.NaN;
    }
  }
  return Number.NaN;
}

function check(f: Node, file: string): void {
  const walk = (n: Node): void => {
    n.file = file;
    if (!ALLOWED.has(n.type)) breach(n, `${n.type} is not in the dialect`);
    if (n.type === 'VariableDeclaration' && n.kind !== 'const') breach(n, 'a local is bound once: const');
    if (n.type === 'AssignmentExpression' && (n.operator !== '=' || n.left.type !== 'MemberExpression')) {
      breach(n, 'only state is assigned, with =');
    }
    if (n.type === 'CallExpression' && n.callee.type !== 'Identifier') breach(n, 'calls are of named functions');
    for (const key of Object.keys(n)) {
      const v = n[key];
      if (key === 'loc' || !v || typeof v !== 'object') continue;
      for (const x of Array.isArray(v) ? v : [v]) if (x?.type) walk(x);
    }
  };
  walk(f.body);
}
