// What guest memory is made of, whom it tells, what it counts, and what a snapshot keeps of it.

import type { CodeKind } from './heap.ts';
import type { HeapOptions } from './layout.ts';

type int = number;

export interface MemoryOptions extends HeapOptions {
  /** Bits of physical addresses: 32 to 52; those above are reserved in PAE entries. 36 unless given. */
  readonly physicalAddressBits?: number;
  /** What translated code on this heap will be: `DEFAULT_CODE` unless given. */
  readonly code?: CodeKind;
  /** Sets CR2 to `linear` and throws #PF with the error code. */
  raisePageFault(linear: int, code: int): never;
  /** A write, done by now, touched granules marked by `traceCode`. */
  onCodeWrite?(physical: number, bytes: number): void;
  /**
   * An entry that code was fetched through went away or changed, in the table with that word (see `tableWord`) of the
   * supervisor (0) or of a user (1). A change of CR3 that selects another table is not told: compare `tableWord(1)`.
   */
  onMappingLost?(user: int, tableWord: int): void;
}

/** Counters since the start, for `--stats`. */
export interface MemoryStats {
  readonly hiddenFills: number;
  readonly trueFaults: number;
  readonly traceHits: {
    readonly pageTable: number;
    readonly code: number;
    readonly rom: number;
    readonly dirty: number;
  };
  readonly spaces: {
    readonly cached: number;
    readonly hits: number;
    readonly misses: number;
    readonly evictions: number;
  };
}

/** What a snapshot keeps besides RAM, extra memory and the register file. */
export interface MemoryState {
  readonly a20: boolean;
  readonly pdptes: readonly number[];
}
