// Tags: a table of two ways that finds packed code by EIP and stamp (see links.ts). The generated interpreter looks
// here on returns, indirect transfers and new ones to another page, before it asks for a walk and the block cache.
// Programs that were forked are at the same EIPs in turns, and so have a way each.

import type { int } from '../isa/insn.ts';
import { TAGS_BYTES } from '../memory/layout.ts';
import { hash } from './hash.ts';

/** Words of an entry: EIP, stamp, code offset, nothing. */
export const TAG_WORDS = 4;
/** Entries: a power of two. */
export const TAG_ENTRIES = TAGS_BYTES / (4 * TAG_WORDS);

/** Exclusive-or this, the first word of the other way. */
export const OTHER_WAY = TAG_WORDS;

/** First word of the entry for an EIP where it is looked for first. */
export function tagOf(eip: int): int {
  return hash(eip, TAG_ENTRIES) * TAG_WORDS;
}

/** Code offset for an EIP, or -1. */
export function findTag(tags: Int32Array, eip: int, stamp: int): int {
  const at = tagOf(eip);
  if (tags[at] === eip && tags[at + 1] === stamp) return tags[at + 2];
  const other = at ^ OTHER_WAY;
  return tags[other] === eip && tags[other + 1] === stamp ? tags[other + 2] : -1;
}

/** Enters a code offset; what was there goes to the other way. */
export function setTag(tags: Int32Array, eip: int, stamp: int, o: int): void {
  const at = tagOf(eip);
  const other = at ^ OTHER_WAY;
  tags[other] = tags[at];
  tags[other + 1] = tags[at + 1];
  tags[other + 2] = tags[at + 2];
  tags[at] = eip;
  tags[at + 1] = stamp;
  tags[at + 2] = o;
}
