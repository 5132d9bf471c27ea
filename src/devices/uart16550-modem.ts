// The MODEM control logic of the PC16550D: the outputs of MCR, the inputs of MSR and their changes, and loopback, which
// joins them.
//
// PC16550D data sheet (TL/C/8652, June 1995), sections "MODEM Control Register" and "MODEM Status Register".
//
// Deviations: OUT2 enables the interrupt in loopback as well (the bit, as in Super I/O chips, rather than the pin).

const MCR_WRITABLE = 0x1f;
const MCR_RTS = 0x02;
const MCR_OUT2 = 0x08;
const MCR_LOOP = 0x10;

const MSR_DELTAS = 0x0f;
const MSR_TERI = 0x04;
const MSR_CTS = 0x10;
const MSR_DSR = 0x20;
const MSR_RI = 0x40;
const MSR_DCD = 0x80;

/** What the modem drives. */
export interface ModemInputs {
  cts: boolean;
  dsr: boolean;
  ri: boolean;
  dcd: boolean;
}

export interface UartModemState {
  mcr: number;
  /** The deltas of MSR. */
  deltas: number;
  /** MSR bits 7 to 4 as the modem drives them. */
  modem: number;
}

export class UartModem {
  #mcr = 0;
  #deltas = 0;
  #inputs = MSR_CTS | MSR_DSR | MSR_DCD;

  /** The modem's outputs stay as it drives them. */
  reset(): void {
    this.#mcr = 0;
    this.#deltas = 0;
  }

  save(): UartModemState {
    return { mcr: this.#mcr, deltas: this.#deltas, modem: this.#inputs };
  }

  load({ mcr, deltas, modem }: UartModemState): void {
    this.#mcr = mcr;
    this.#deltas = deltas;
    this.#inputs = modem;
  }

  /** MCR: five bits. */
  get control(): number {
    return this.#mcr;
  }

  setControl(value: number): void {
    const before = this.#levels();
    this.#mcr = value & MCR_WRITABLE;
    this.#noteChange(before);
  }

  /** The guest is ready to receive. */
  get rts(): boolean {
    return (this.#mcr & MCR_RTS) !== 0;
  }

  /** In a PC it enables the interrupt line. */
  get out2(): boolean {
    return (this.#mcr & MCR_OUT2) !== 0;
  }

  /** What is transmitted is received. */
  get loop(): boolean {
    return (this.#mcr & MCR_LOOP) !== 0;
  }

  /** The modem's outputs. */
  setInputs({ cts, dsr, ri, dcd }: ModemInputs): void {
    const before = this.#levels();
    this.#inputs = (cts ? MSR_CTS : 0) | (dsr ? MSR_DSR : 0) | (ri ? MSR_RI : 0) | (dcd ? MSR_DCD : 0);
    this.#noteChange(before);
  }

  /** MSR. Reading the register clears the deltas: `clearDeltas`. */
  get status(): number {
    return this.#levels() | this.#deltas;
  }

  /** Whether an input changed since MSR was read. */
  get changed(): boolean {
    return this.#deltas !== 0;
  }

  clearDeltas(): void {
    this.#deltas = 0;
  }

  /** MSR bits 7 to 4: the modem's, or the chip's own outputs in loopback. */
  #levels(): number {
    const mcr = this.#mcr;
    if (!(mcr & MCR_LOOP)) return this.#inputs;
    // DTR to DSR, RTS to CTS, OUT1 to RI, OUT2 to DCD.
    return ((mcr & 1) << 5) | ((mcr & 2) << 3) | ((mcr & 4) << 4) | ((mcr & 8) << 4);
  }

  #noteChange(before: number): void {
    const now = this.#levels();
    // The order of the deltas is the order of the levels; RI counts on its trailing edge only.
    const changed = (before ^ now) >> 4;
    this.#deltas |= (changed & ~MSR_TERI) | (changed & (before >> 4) & MSR_TERI);
    this.#deltas &= MSR_DELTAS;
  }
}
