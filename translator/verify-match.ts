// Small patterns over acorn's tree, and the refusal.

import type { Expression, Node } from 'acorn';

/** The text is not what a translation may be. */
export class Refused extends Error {
  override readonly name = 'Refused';
  /** Offset in the text. */
  readonly at: number;

  constructor(at: number, why: string) {
    super(why);
    this.at = at;
  }
}

export function refuse(n: Node, why: string): never {
  throw new Refused(n.start, why);
}

type Maybe = Expression | { type: 'PrivateIdentifier' } | undefined | null;

/** Value of a number, perhaps below zero; undefined if it is none. */
export function constantOf(e: Maybe): number | undefined {
  if (e?.type === 'Literal') return typeof e.value === 'number' ? e.value : undefined;
  if (e?.type === 'UnaryExpression' && e.operator === '-') {
    const value = constantOf(e.argument);
    return value === undefined ? undefined : -value;
  }
  return undefined;
}

export const isNumber = (e: Maybe, value: number): boolean => constantOf(e) === value;

/** `left op right` with that operator and a constant to the right. */
export function withConstant(e: Maybe, operator: string): { left: Expression; constant: number } | undefined {
  if (e?.type !== 'BinaryExpression' || e.operator !== operator || e.left.type === 'PrivateIdentifier')
    return undefined;
  const constant = constantOf(e.right);
  return constant === undefined ? undefined : { left: e.left, constant };
}

/** `left + n` or `left - n`, n whole. */
export function sumOf(e: Maybe): { left: Expression; constant: number } | undefined {
  const minus = withConstant(e, '-');
  const sum = minus ? { left: minus.left, constant: -minus.constant } : withConstant(e, '+');
  return sum && Number.isInteger(sum.constant) ? sum : undefined;
}

/** `left + (bits & n)`, as the most that it can be: `left + n`, n zero or more. */
export function sumOfBits(e: Maybe): { left: Expression; constant: number } | undefined {
  if (e?.type !== 'BinaryExpression' || e.operator !== '+' || e.left.type === 'PrivateIdentifier') return undefined;
  const bits = withConstant(e.right, '&');
  return bits && bits.constant >= 0 ? { left: e.left, constant: bits.constant } : undefined;
}

/** Name of an identifier. */
export const nameOf = (e: Maybe): string | undefined => (e?.type === 'Identifier' ? e.name : undefined);
