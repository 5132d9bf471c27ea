// What a local APIC has accepted and what comes next: IRR, ISR and TMR, a bit for each vector, and the task and
// processor priorities.
//
// Intel SDM volume 3A, chapter "Advanced Programmable Interrupt Controller (APIC)", section "Handling Interrupts":
// "Interrupt, Task, and Processor Priority" and "Interrupt Acceptance for Fixed Interrupts".

const WORDS = 8;

export interface PrioritizerState {
  tpr: number;
  isr: Int32Array;
  tmr: Int32Array;
  irr: Int32Array;
}

/** Vectors are 16 to 255; the upper four bits of a vector are its priority class. */
export class Prioritizer {
  #tpr = 0;
  #isr = new Int32Array(WORDS);
  #tmr = new Int32Array(WORDS);
  #irr = new Int32Array(WORDS);

  reset(): void {
    this.#tpr = 0;
    this.#isr.fill(0);
    this.#tmr.fill(0);
    this.#irr.fill(0);
  }

  save(): PrioritizerState {
    return { tpr: this.#tpr, isr: this.#isr.slice(), tmr: this.#tmr.slice(), irr: this.#irr.slice() };
  }

  load({ tpr, isr, tmr, irr }: PrioritizerState): void {
    this.#tpr = tpr;
    this.#isr.set(isr);
    this.#tmr.set(tmr);
    this.#irr.set(irr);
  }

  /** TPR, 0 to 255. */
  get taskPriority(): number {
    return this.#tpr;
  }

  setTaskPriority(value: number): void {
    this.#tpr = value;
  }

  /** PPR, 0 to 255. */
  processorPriority(): number {
    const service = Math.max(highest(this.#isr), 0);
    return this.#tpr >> 4 >= service >> 4 ? this.#tpr : service & 0xf0;
  }

  /** A word of the registers from 100h to 270h, counted from 0: eight of ISR, of TMR and of IRR. */
  word(index: number): number {
    const bank = index < WORDS ? this.#isr : index < 2 * WORDS ? this.#tmr : this.#irr;
    return bank[index & (WORDS - 1)] as number;
  }

  /** Accepts an interrupt, edge- or level-triggered. */
  accept(vector: number, level: boolean): void {
    setBit(this.#irr, vector);
    if (level) setBit(this.#tmr, vector);
    else clearBit(this.#tmr, vector);
  }

  /** The vector to deliver now, or -1: of those accepted the highest, if its class is above the processor's. */
  next(): number {
    const vector = highest(this.#irr);
    return vector >= 0 && vector >> 4 > this.processorPriority() >> 4 ? vector : -1;
  }

  /** The processor takes that vector: it is in service. */
  beginService(vector: number): void {
    clearBit(this.#irr, vector);
    setBit(this.#isr, vector);
  }

  /** Ends the service of the highest vector, and returns it; -1 if none is in service. */
  endService(): number {
    const vector = highest(this.#isr);
    if (vector >= 0) clearBit(this.#isr, vector);
    return vector;
  }

  /** Whether a vector was last accepted as level-triggered. */
  isLevel(vector: number): boolean {
    return ((this.#tmr[vector >> 5] as number) & (1 << (vector & 31))) !== 0;
  }
}

function setBit(bank: Int32Array, vector: number): void {
  bank[vector >> 5] = (bank[vector >> 5] as number) | (1 << (vector & 31));
}

function clearBit(bank: Int32Array, vector: number): void {
  bank[vector >> 5] = (bank[vector >> 5] as number) & ~(1 << (vector & 31));
}

/** Number of the highest bit that is set, or -1. */
function highest(bank: Int32Array): number {
  for (let k = WORDS - 1; k >= 0; k--) {
    const word = bank[k] as number;
    if (word !== 0) return 32 * k + 31 - Math.clz32(word);
  }
  return -1;
}
