// Words of the register file that are the engines' own: packed and translated code, and what runs them, meet here.

import { WORD } from '../isa/register-file.ts';

/** Instructions that may still be retired; behind the end of a block it may be negative. */
export const BUDGET = WORD.engine;
/** Guest-linear address of the page that packed or translated code is in. */
export const PAGE_EIP = WORD.engine + 1;
/** Index in the heap by words of the shadow page table in use. */
export const TABLE = WORD.engine + 2;
/** The stamp that holds now: see links.ts. */
export const STAMP = WORD.engine + 4;
/** Counts the regions that were entered from a region. */
export const CHAINED = WORD.engine + 5;
/** Names where a region was left by a value: for profiles. NO_SITE: it was left otherwise. */
export const SITE = WORD.engine + 6;
export const NO_SITE = 0;
/** Is set when the way from region to region is to be looked at. */
export const SAMPLED = WORD.engine + 7;
/** Is not 0 while regions are not to lead to each other. */
export const ALONE = WORD.engine + 8;
/** Counts the regions that were entered from the interpreter. */
export const ENTERED = WORD.engine + 9;
/** Instructions retired between the entries of regions and where they were left: since it was last taken away. */
export const IN_REGIONS = WORD.engine + 10;
/** A run may end where a region was left with less of a budget. */
export const ENOUGH = WORD.engine + 11;
