// Tags: a direct-mapped table that finds packed code by EIP and stamp (see links.ts). The generated interpreter looks
// here on returns, indirect transfers and those to another page, before it asks for a walk and the block cache.

import type { int } from '../isa/insn.ts';
import { hash } from './hash.ts';

/** Entries: a power of two. */
export const TAG_ENTRIES = 32768;
/** Words of an entry: EIP, stamp, code offset, nothing. */
export const TAG_WORDS = 4;

/** First word of the entry for an EIP. */
export function tagOf(eip: int): int {
  return hash(eip, TAG_ENTRIES) * TAG_WORDS;
}
