// What executes guest code, as the machine's monitor loop sees it.

/** An engine runs one processor. It returns to the monitor between instructions only. */
export interface Engine {
  readonly name: string;
  /**
   * Executes at most `budget` (1 or more) instructions. Returns earlier when the processor asks for attention: it
   * halted, shut down, or an interrupt can be taken. Deterministic: what is executed depends on the guest's state alone.
   * `isRough`: it may also return with less than an eighth of the budget left, where going on to the end would be slow.
   */
  run(budget: number, isRough?: boolean): void;
  /** Before the first run, with the processor in its reset state: makes the host ready. Costs some milliseconds once. */
  warmUp?(): void;
  /** Instructions retired since the engine was made. Exact at any time, also during an access to a device. */
  retired(): number;
  /**
   * The guest wrote over code: `bytes` at a guest-physical address that were traced. Since traces have the grain of
   * GRANULE_BYTES, an engine forgets whole granules before it takes the trace away.
   */
  codeWritten(physical: number, bytes: number): void;
  /**
   * A mapping went away through which supervisor (0) or user (1) code was fetched, in the shadow page table with that
   * word (see `Memory.tableWord`).
   */
  mappingLost(user: number, tableWord: number): void;
  /** Forgets everything derived from guest code, e.g. after a snapshot was loaded. */
  flush(): void;
  /** The same by what executed them: `translator` (regions), `interpreter` (packed blocks), `reference`. */
  retiredBy(): Readonly<Record<string, number>>;
  /** Counters for `--stats`. */
  statistics(): Readonly<Record<string, number>>;
}
