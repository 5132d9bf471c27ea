// What an embedder may say of the translation cache.

import type { Abi } from './verify.ts';

/** Bound of the translation cache in bytes (about), unless told otherwise. */
export const CACHE_BYTES = 64 << 20;

export interface TranslationsPolicy {
  /** Entries (1 or more) that a queued head waits before its batch is compiled, so that what is hot together is together. */
  readonly batchEntries?: number;
  /** Entries (1 or more) of a head inside a region, after it is hot, before it is a region's head itself: the heat, unless given. */
  readonly sideEntries?: number;
  /** Samples (see SAMPLE_LINKS in src/cpu/links.ts; above 0) that cost as much as to translate an instruction: what a region is made again for. */
  readonly samplesPerInstruction?: number;
  /** Regions compiled at once: 1 or more. */
  readonly maxBatch?: number;
  /** Bytes (about) that regions may take, CACHE_BYTES unless given: where it is more, some are evicted. */
  readonly cacheBytes?: number;
  /** Proves that a module's text is closed over the ABI before it is compiled, or throws: `verify` of verify.ts. */
  readonly verify?: (text: string, abi: Abi) => void;
  /** Guards every instruction from the start: for tests. */
  readonly guardAll?: boolean;
}
