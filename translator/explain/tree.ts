// ESTree for people: the function as JavaScript with its blocks told apart, and its tree with one statement a line.

import { generate } from 'astring';
import type { Node } from '../estree.ts';

/** A line of JavaScript and the offset of the guest block that it comes from; the function's frame has none. */
export interface Line {
  readonly text: string;
  readonly block: number | undefined;
}

const MARK = /^\s*visit\((-?\d+)\);$/;

/** JavaScript of a tree, indented. */
export const javascript = (tree: Node): string => generate(tree, { indent: '  ' }).trimEnd();

/**
 * JavaScript of a function printed with marks, without them: each line belongs to the last block whose mark stands
 * before it at its depth or above.
 * @param blockOf the block of a mark's number, undefined for the entry's
 */
export function markedLines(tree: Node, blockOf: (mark: number) => number | undefined): Line[] {
  const lines: Line[] = [];
  const stack: { readonly depth: number; readonly block: number }[] = [];
  for (const text of javascript(tree).split('\n')) {
    const depth = (text.length - text.trimStart().length) / 2;
    while (stack.length > 0 && (stack[stack.length - 1] as { depth: number }).depth > depth) stack.pop();
    const mark = MARK.exec(text);
    if (mark) {
      const block = blockOf(Number(mark[1]));
      if (block === undefined) continue;
      if (stack[stack.length - 1]?.depth === depth) stack.pop();
      stack.push({ depth, block });
      continue;
    }
    lines.push({ text, block: stack[stack.length - 1]?.block });
  }
  return lines;
}

/** A tree in ESTree's words: `AssignmentExpression(eax = BinaryExpression(ecx | 0))`, one statement a line. */
export function treeLines(node: Node, indent = ''): string[] {
  const nested = (n: Node | null): string[] => (n ? treeLines(n, `${indent}  `) : []);
  switch (node.type) {
    case 'BlockStatement':
      return node.body.flatMap((n: Node) => treeLines(n, indent));
    case 'FunctionDeclaration':
      return [`${indent}FunctionDeclaration ${node.id.name}`, ...nested(node.body)];
    case 'LabeledStatement':
      return [`${indent}LabeledStatement ${node.label.name}`, ...nested(node.body)];
    case 'ForStatement':
      return [`${indent}ForStatement`, ...nested(node.body)];
    case 'IfStatement': {
      const head = `${indent}IfStatement ${inline(node.test)}`;
      const other = node.alternate ? [`${indent}else`, ...nested(node.alternate)] : [];
      return [head, ...nested(node.consequent), ...other];
    }
    default:
      return [indent + inline(node)];
  }
}

function inline(n: Node): string {
  switch (n.type) {
    case 'Identifier':
      return n.name;
    case 'Literal':
      return n.raw ?? String(n.value);
    case 'MemberExpression':
      return n.computed ? `${inline(n.object)}[${inline(n.property)}]` : `${inline(n.object)}.${inline(n.property)}`;
    case 'BinaryExpression':
      return `Binary(${inline(n.left)} ${n.operator} ${inline(n.right)})`;
    case 'AssignmentExpression':
      return `Assignment(${inline(n.left)} ${n.operator} ${inline(n.right)})`;
    case 'UnaryExpression':
      return `Unary(${n.operator}${inline(n.argument)})`;
    case 'ConditionalExpression':
      return `Conditional(${inline(n.test)} ? ${inline(n.consequent)} : ${inline(n.alternate)})`;
    case 'CallExpression':
      return `Call(${[n.callee, ...n.arguments].map(inline).join(', ')})`;
    case 'ExpressionStatement':
      return inline(n.expression);
    case 'VariableDeclaration':
      return `VariableDeclaration ${n.declarations.map((d: Node) => d.id.name).join(' ')}`;
    case 'ReturnStatement':
      return `Return ${n.argument ? inline(n.argument) : ''}`.trimEnd();
    case 'BreakStatement':
    case 'ContinueStatement':
      return `${n.type.slice(0, -'Statement'.length)} ${n.label?.name ?? ''}`.trimEnd();
    default:
      return n.type;
  }
}
