// Packed instructions, as the generated interpreter reads them: `o` is the offset of a slot in CODE, `w` its first word.
//
// An instruction is four words of CODE:
//   0  case number (10 bits), register numbers dst src base index (4 each), scale (2), high-byte marks of dst and src,
//      a segment mark, a memory mark (the sign)
//   1  immediate, or the EIP of the next instruction relative to its page, or the link to a branch's target
//   2  displacement, or the link of the other successor
//   3  position in its block, from 1 (8 bits); the words of the segment registers that the operand goes through

import { hashShift, MULTIPLIER } from '../../src/cpu/hash.ts';
import { LINK_ENTRIES, LINK_WORDS } from '../../src/cpu/links.ts';
import { TAG_ENTRIES, TAG_WORDS } from '../../src/cpu/tags.ts';
import { at, binary, id, int, invoke, lit, type Node } from '../estree.ts';

/** First word of the entry for EIP `a` in a table: see hash.ts. */
const entryOfA = (entries: number, words: number): Node =>
  int(binary('*', binary('>>>', invoke('Math.imul', [id('a'), lit(MULTIPLIER)]), lit(hashShift(entries))), lit(words)));
export const TAG_OF_A = entryOfA(TAG_ENTRIES, TAG_WORDS);
export const LINK_OF_A = entryOfA(LINK_ENTRIES, LINK_WORDS);
export const code = (k: number): Node => at(id('CODE'), k ? binary('+', id('o'), lit(k)) : id('o'));
export const field = (shift: number, mask: number): Node =>
  binary('&', shift ? binary('>>', id('w'), lit(shift)) : id('w'), lit(mask));

export function hole(name: string): Node {
  switch (name) {
    case 'dn':
      return field(10, 15);
    case 'sn':
      return field(14, 15);
    case 'dup':
      return binary('-', lit(24), field(25, 8));
    case 'sup':
      return binary('-', lit(24), field(26, 8));
    case 'imm':
    case 'count':
      return code(1);
    case 'next':
      return int(binary('+', id('pb'), code(1)));
    case 'ea':
      return id('a');
  }
  throw new Error(`no such hole: ${name}`);
}
