// The local vector table: what a local APIC does with the events of its own, and the local interrupt pins LINT0 and
// LINT1, which are two of its sources.
//
// Intel SDM volume 3A, chapter "Advanced Programmable Interrupt Controller (APIC)", section "Local Vector Table".
//
// Deviations: the thermal and performance-counter entries can be programmed and never fire.

import { EXT_INT, FIXED, NMI } from './message.ts';

// Entries, in the order of their registers from 320h.
export const TIMER = 0;
const LINT0 = 3;
const LINT1 = 4;
export const ERROR = 5;
const LVT_COUNT = 6;
/** What software may write: vector and mask everywhere, then what the entry has. */
const LVT_WRITABLE = [0x000700ff, 0x000107ff, 0x000107ff, 0x0001a7ff, 0x0001a7ff, 0x000100ff] as const;
const LVT_VECTOR = 0xff;
const LVT_MODE = 0x700;
const LVT_MASKED = 1 << 16;
const LVT_LEVEL = 1 << 15;
const LVT_REMOTE_IRR = 1 << 14;

/**
 * Delivers an interrupt of the table's: `mode` is the delivery mode, 0 to 7, `level` its trigger mode. Returns whether it
 * was accepted.
 */
export type Deliver = (vector: number, mode: number, level: boolean) => boolean;

export interface LocalVectorTableState {
  /** Levels of the LINT pins. */
  pins: [boolean, boolean];
  lvt: number[];
}

export class LocalVectorTable {
  readonly #deliver: Deliver;
  #pins: [boolean, boolean] = [false, false];
  #entries: number[] = masked();

  constructor(deliver: Deliver) {
    this.#deliver = deliver;
  }

  /** All entries are masked. The pins keep the levels that are driven. */
  reset(): void {
    this.#entries = masked();
  }

  save(): LocalVectorTableState {
    return { pins: [...this.#pins], lvt: [...this.#entries] };
  }

  load({ pins, lvt }: LocalVectorTableState): void {
    this.#pins = [...pins];
    this.#entries = [...lvt];
  }

  /** The entry with that number, 0 to 5. */
  entry(index: number): number {
    return this.#entries[index] as number;
  }

  /** Writes an entry. While the APIC is disabled by software, it stays masked. */
  write(index: number, value: number, enabled: boolean): void {
    let entry = value & (LVT_WRITABLE[index] as number);
    if (!enabled) entry |= LVT_MASKED;
    if (entry & LVT_LEVEL) entry |= this.entry(index) & LVT_REMOTE_IRR;
    this.#entries[index] = entry;
    if (index === LINT0 || index === LINT1) this.#offerLevel(index);
  }

  maskAll(): void {
    for (let k = 0; k < LVT_COUNT; k++) this.#entries[k] = this.entry(k) | LVT_MASKED;
  }

  /** Virtual wire mode: LINT0 takes the 8259's INTR, LINT1 NMI. */
  enterVirtualWire(): void {
    this.#entries[LINT0] = EXT_INT << 8;
    this.#entries[LINT1] = NMI << 8;
  }

  /** Bits 17 and 18 of the timer's entry. */
  get timerMode(): number {
    return (this.entry(TIMER) >> 17) & 3;
  }

  /** Signals the event of an entry, unless it is masked. */
  signal(index: number): void {
    const entry = this.entry(index);
    if (entry & LVT_MASKED) return;
    this.#deliver(entry & LVT_VECTOR, index === TIMER || index === ERROR ? FIXED : modeOf(entry), false);
  }

  /** Level of LINT0 or LINT1. */
  pin(pin: 0 | 1): boolean {
    return this.#pins[pin];
  }

  /** Notes the level of a pin; `signalPin` says it to the entry. Returns whether it changed. */
  setPin(pin: 0 | 1, level: boolean): boolean {
    if (this.#pins[pin] === level) return false;
    this.#pins[pin] = level;
    return true;
  }

  /** The level of a pin changed: what its entry makes of that. */
  signalPin(pin: 0 | 1): void {
    const index = LINT0 + pin;
    const entry = this.entry(index);
    const mode = modeOf(entry);
    if (mode === FIXED && entry & LVT_LEVEL) this.#offerLevel(index);
    else if (this.#pins[pin] && mode !== EXT_INT) this.signal(index);
  }

  /** Whether LINT0 asks for an interrupt whose vector the 8259 has. */
  get extInt(): boolean {
    return this.#pins[0] && (this.entry(LINT0) & (LVT_MASKED | LVT_MODE)) === EXT_INT << 8;
  }

  /** A level-triggered interrupt of this vector was ended. */
  endOfInterrupt(vector: number): void {
    for (let index = LINT0; index <= LINT1; index++) {
      const entry = this.entry(index);
      if ((entry & (LVT_REMOTE_IRR | LVT_VECTOR)) !== (LVT_REMOTE_IRR | vector)) continue;
      this.#entries[index] = entry & ~LVT_REMOTE_IRR;
      this.#offerLevel(index);
    }
  }

  /** A level-sensitive pin asks again until it has been accepted, and again after its EOI. */
  #offerLevel(index: number): void {
    const entry = this.entry(index);
    const asks =
      this.#pins[index - LINT0] && (entry & (LVT_MASKED | LVT_REMOTE_IRR | LVT_MODE | LVT_LEVEL)) === LVT_LEVEL;
    if (asks && this.#deliver(entry & LVT_VECTOR, FIXED, true)) this.#entries[index] = entry | LVT_REMOTE_IRR;
  }
}

function masked(): number[] {
  return new Array<number>(LVT_COUNT).fill(LVT_MASKED);
}

/** Delivery mode of an entry. */
function modeOf(entry: number): number {
  return (entry & LVT_MODE) >> 8;
}
