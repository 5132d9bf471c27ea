// A line of assembly language, taken apart: its mnemonic as the disassembler writes it, and its operands.

import { type OperandText, parseOperand } from './operand-text.ts';

/** Mnemonics that the disassembler writes otherwise: condition codes with several names, and others. */
const CONDITIONS: Readonly<Record<string, string>> = {
  c: 'b',
  nae: 'b',
  nb: 'ae',
  nc: 'ae',
  e: 'z',
  ne: 'nz',
  na: 'be',
  nbe: 'a',
  pe: 'p',
  po: 'np',
  nge: 'l',
  nl: 'ge',
  ng: 'le',
  nle: 'g',
};
const SYNONYMS: Readonly<Record<string, string>> = {
  sal: 'shl',
  repz: 'repe',
  repnz: 'repne',
  retn: 'ret',
  xlat: 'xlatb',
  fwait: 'wait',
  loopz: 'loope',
  loopnz: 'loopne',
};
const PREFIXED = /^(lock|repn?e|rep)$/;
export interface Line {
  /** Prefix words and mnemonic, as the disassembler writes them. */
  readonly head: string;
  readonly operands: readonly OperandText[];
}

/**
 * Splits a line into mnemonic and operands.
 * @throws SyntaxProblem for an operand that is none
 */
export function parseLine(text: string): Line {
  const words = text.trim().toLowerCase().replaceAll(/\s+/g, ' ');
  const head: string[] = [];
  let rest = words;
  while (rest !== '') {
    const [word = ''] = rest.split(' ');
    head.push(canonical(word));
    rest = rest.slice(word.length).trimStart();
    if (!PREFIXED.test(head[head.length - 1] as string)) break;
  }
  const operands = rest === '' ? [] : rest.split(',').map(parseOperand);
  const [first, second] = operands;
  // A register times a number is written short: the first operand is the second one too.
  const isShort = head[0] === 'imul' && operands.length === 2 && second?.kind === 'number';
  return { head: head.join(' '), operands: first && isShort ? [first, ...operands] : operands };
}

function canonical(word: string): string {
  const [, family, condition] = /^(j|set|cmov)([a-z]+)$/.exec(word) ?? [];
  if (family !== undefined && condition !== undefined && condition in CONDITIONS) return family + CONDITIONS[condition];
  return SYNONYMS[word] ?? word;
}
