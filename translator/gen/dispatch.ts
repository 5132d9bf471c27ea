// The dispatch of the interpreter in JavaScript, and the numbers of the cases. In WebAssembly it is one jump through a
// table.

import { binary, block, brk, iff, lit, type Node } from '../estree.ts';
import type { Arm } from './arms.ts';
import { FREQUENT, WHOLE } from './frequent.ts';
import { field } from './packed.ts';

/** A tree over the frequent cases: a leaf, or two halves. */
type Tree =
  | { readonly weight: number; readonly arm: Arm | undefined }
  | { readonly weight: number; readonly halves: readonly [Tree, Tree] };

/**
 * The dispatch, and the names of the cases in order of their numbers, from 1. Conditional branches come first, for a
 * processor predicts them where its predictor of indirect ones is long exhausted: FREQUENT in a Huffman tree, whose
 * leaves are numbered from left to right; then one switch for the others.
 */
export function dispatch(arms: readonly Arm[]): { table: Node; keys: string[] } {
  const byKey = new Map(arms.map((arm) => [arm.key, arm]));
  const trees: Tree[] = FREQUENT.map(([key, weight]) => {
    const arm = byKey.get(key);
    if (!arm) throw new Error(`no case for ${key}`);
    byKey.delete(key);
    return { weight, arm };
  });
  const rest = WHOLE - FREQUENT.reduce((sum, [, share]) => sum + share, 0);
  trees.push({ weight: Math.max(1, rest), arm: undefined });
  while (trees.length > 1) {
    trees.sort((a, b) => b.weight - a.weight);
    const [b, a] = [trees.pop() as Tree, trees.pop() as Tree];
    trees.push({ weight: a.weight + b.weight, halves: [a, b] });
  }
  const keys: string[] = [];
  const others: Arm[] = [...byKey.values()];
  // The others come last, so that what is greatest is theirs: the half that holds them is the right one.
  const print = (tree: Tree): Node[] => {
    if ('arm' in tree) {
      if (tree.arm) {
        keys.push(tree.arm.key);
        return tree.arm.body;
      }
      const first = keys.length + 1;
      keys.push(...others.map((arm) => arm.key));
      const cases: Node[] = others.map((arm, k) => ({
        type: 'SwitchCase',
        test: lit(first + k),
        consequent: [block([...arm.body, brk('next')])],
      }));
      cases.push({ type: 'SwitchCase', test: null, consequent: [brk('slow')] });
      return [{ type: 'SwitchStatement', discriminant: field(0, 1023), cases }];
    }
    const [a, b] = tree.halves[0] && holdsOthers(tree.halves[0]) ? [tree.halves[1], tree.halves[0]] : tree.halves;
    const left = print(a);
    const bound = keys.length + 1;
    const right = print(b);
    return [iff(binary('<', field(0, 1023), lit(bound)), left, right)];
  };
  const [table] = print(trees[0] as Tree);
  // 0, the slow path, is less than any.
  return { table: block([iff(binary('===', field(0, 1023), lit(0)), [brk('slow')]), table]), keys };
}

function holdsOthers(tree: Tree): boolean {
  return 'arm' in tree ? tree.arm === undefined : tree.halves.some(holdsOthers);
}
