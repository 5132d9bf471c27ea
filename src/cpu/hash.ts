// Multiplicative hashing of code addresses: functions begin at multiples of 16, so that plain bits would leave most of a
// table empty (Knuth, The Art of Computer Programming, vol. 3, section 6.4).

import type { int } from '../isa/insn.ts';

/** 2^32 over the golden ratio, as an int32. */
export const MULTIPLIER = -1640531527;

/** Number of the entry for an address in a table of `entries`, a power of two. */
export const hash = (address: int, entries: int): int => Math.imul(address, MULTIPLIER) >>> hashShift(entries);

/** What the product is shifted by: its top bits are the best ones. */
export const hashShift = (entries: int): int => Math.clz32(entries) + 1;
