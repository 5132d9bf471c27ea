// Counters of a run, as `--stats` and the API give them.

import type { MemoryStats } from '../memory/contract.ts';

/** Why the engine returned to the monitor. */
export interface MonitorExits {
  /** The instructions that it was given, or those until the next timer, were executed. */
  readonly budget: number;
  /** An interrupt can be delivered. */
  readonly interrupt: number;
  /** HLT. */
  readonly halt: number;
  /** A timer was set, an NMI, a reset, the end. */
  readonly other: number;
}

export interface MachineStatistics {
  /** Guest time since power-on. */
  readonly guestSeconds: number;
  readonly instructions: {
    readonly retired: number;
    readonly byEngine: Readonly<Record<string, number>>;
  };
  /** Counters of the engine. */
  readonly engine: Readonly<Record<string, number>>;
  readonly exits: MonitorExits;
  /** How often the guest reset the machine. */
  readonly resets: number;
  readonly memory: MemoryStats;
  readonly interrupts: {
    /** Delivered to the processor, by vector. */
    readonly byVector: Readonly<Record<string, number>>;
    /** Rising edges of the interrupt lines 0 to 15. */
    readonly byLine: Readonly<Record<string, number>>;
  };
}
