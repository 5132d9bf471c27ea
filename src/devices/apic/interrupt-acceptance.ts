// The acceptance logic of the local APIC: what becomes of a message by its delivery mode, the processor's INTR wire,
// the acknowledge cycle and EOI. While the APIC is disabled it accepts no fixed interrupts.
//
// Intel SDM volume 3A, chapter "Advanced Programmable Interrupt Controller (APIC)", sections "Local APIC Status and
// Location", "Handling Interrupts" and "Spurious Interrupt".
//
// Deviations: INIT and start-up messages are ignored (there is nobody to start, and nobody to reset but the sender);
// SMI messages too.

import type { Wire } from '../contract.ts';
import { EXT_INT, FIXED, LOWEST_PRIORITY, NMI } from './message.ts';
import type { Prioritizer } from './prioritizer.ts';

const SVR_ENABLE = 1 << 8;
const SVR_VECTOR = 0xff;
const SVR_WRITABLE = SVR_ENABLE | SVR_VECTOR;
/** Vectors below are the processor's exceptions. */
const FIRST_LEGAL_VECTOR = 16;

export interface InterruptAcceptanceOptions {
  readonly vectors: Prioritizer;
  /** Follows `pending`. */
  readonly intr: Wire;
  /** Pulsed for each NMI. */
  readonly nmi: Wire;
  /** The 8259's INTA cycle: returns its vector; undefined without an 8259. */
  readonly extInt: () => number | undefined;
  /** A level-triggered interrupt was ended. */
  readonly levelEnded: (vector: number) => void;
  /** A fixed interrupt came with a vector below 16. */
  readonly illegalVector: () => void;
}

export interface InterruptAcceptanceState {
  svr: number;
  /** An ExtINT message of the I/O APIC waits. */
  extIntLatch: boolean;
  globallyEnabled: boolean;
}

export class InterruptAcceptance {
  readonly #options: InterruptAcceptanceOptions;
  readonly #vectors: Prioritizer;
  #spurious = SVR_VECTOR;
  #globallyEnabled = true;
  #extIntLatch = false;
  /** LINT0 asks for an interrupt whose vector the 8259 has. */
  #extIntLine = false;
  /** Vector of the fixed interrupt to deliver next, or -1. */
  #next = -1;
  #pending = false;

  constructor(options: InterruptAcceptanceOptions) {
    this.#options = options;
    this.#vectors = options.vectors;
  }

  /** Enabled globally, disabled by software. `setExtIntLine` has to follow, for this and for `load`. */
  reset(): void {
    this.#vectors.reset();
    this.#spurious = SVR_VECTOR;
    this.#globallyEnabled = true;
    this.#extIntLatch = false;
  }

  save(): InterruptAcceptanceState {
    return { svr: this.#spurious, extIntLatch: this.#extIntLatch, globallyEnabled: this.#globallyEnabled };
  }

  load({ svr, extIntLatch, globallyEnabled }: InterruptAcceptanceState): void {
    this.#spurious = svr;
    this.#extIntLatch = extIntLatch;
    this.#globallyEnabled = globallyEnabled;
  }

  /** Bit 11 of IA32_APIC_BASE. */
  get globallyEnabled(): boolean {
    return this.#globallyEnabled;
  }

  /** `setExtIntLine` has to follow, as the line comes from elsewhere then. */
  setGlobalEnable(enable: boolean): void {
    this.#globallyEnabled = enable;
  }

  /** Bit 8 of SVR. */
  get softwareEnabled(): boolean {
    return (this.#spurious & SVR_ENABLE) !== 0;
  }

  /** The spurious interrupt vector register (SVR). */
  get spurious(): number {
    return this.#spurious;
  }

  setSpurious(value: number): void {
    this.#spurious = value & SVR_WRITABLE;
  }

  setTaskPriority(value: number): void {
    this.#vectors.setTaskPriority(value);
    this.#update();
  }

  /** Whether LINT0 asks for an interrupt whose vector the 8259 has, by its entry or as the processor's INTR pin. */
  setExtIntLine(level: boolean): void {
    this.#extIntLine = level;
    this.#update();
  }

  /** Whether an interrupt waits that the processor would take with IF set. */
  get pending(): boolean {
    return this.#pending;
  }

  /** The processor's interrupt acknowledge: the vector, which is then in service. */
  acknowledge(): number {
    const vector = this.#next;
    if (vector >= 0) {
      this.#vectors.beginService(vector);
      this.#update();
      return vector;
    }
    if (this.#extIntPending()) {
      this.#extIntLatch = false;
      const extInt = this.#options.extInt() ?? this.#spurious & SVR_VECTOR;
      this.#update();
      return extInt;
    }
    return this.#spurious & SVR_VECTOR; // spurious: went away between request and acknowledge
  }

  /** A message of the given delivery mode. Returns whether it was accepted. */
  deliver(vector: number, mode: number, level: boolean): boolean {
    switch (mode) {
      case FIXED:
      case LOWEST_PRIORITY:
        return this.receive(vector, level);
      case NMI:
        this.#options.nmi.set(true);
        this.#options.nmi.set(false);
        return true;
      case EXT_INT:
        this.#extIntLatch = true;
        this.#update();
        return true;
      default:
        return false;
    }
  }

  /** Takes a fixed interrupt. Returns whether it was accepted: not while disabled by software. */
  receive(vector: number, level: boolean): boolean {
    if (!this.#globallyEnabled || !this.softwareEnabled) return false;
    if (vector < FIRST_LEGAL_VECTOR) {
      this.#options.illegalVector();
      return false;
    }
    this.#vectors.accept(vector, level);
    this.#update();
    return true;
  }

  /** EOI: ends the interrupt in service that has the highest priority. */
  endOfInterrupt(): void {
    const vector = this.#vectors.endService();
    if (vector < 0) return;
    if (this.#vectors.isLevel(vector)) this.#options.levelEnded(vector);
    this.#update();
  }

  /** An ExtINT has no priority: it passes whatever TPR and ISR say. */
  #extIntPending(): boolean {
    return this.#extIntLine || (this.#extIntLatch && this.#globallyEnabled);
  }

  /** After every change: what comes next, and the INTR wire. */
  #update(): void {
    this.#next = this.#globallyEnabled ? this.#vectors.next() : -1;
    const pending = this.#next >= 0 || this.#extIntPending();
    if (pending === this.#pending) return;
    this.#pending = pending;
    this.#options.intr.set(pending);
  }
}
