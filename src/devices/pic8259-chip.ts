// One Intel 8259A programmable interrupt controller: its command words, its priority resolver and INT.
//
// Intel 8259A data sheet (order 231468).
//
// Deviations:
// * MCS-80/85 mode (ICW4 bit uPM = 0) is not there: the vector always has the form of 8086 mode.
// * ICW1 bit LTIM is ignored, as in the PIIX: ELCR decides the trigger mode of each line.
// * Buffered mode (ICW4 bits BUF, M/S) is stored and without effect: master and slave are wired.

import type { Device, Wire } from './contract.ts';

// A0 = 0, D4 = 1: initialisation command word 1.
const ICW1_SELECT = 0x10;
const ICW1_IC4 = 0x01; // ICW4 will follow
const ICW1_SNGL = 0x02; // single: no cascade, no ICW3
// Initialisation command words 2 to 4: A0 = 1, in sequence after ICW1.
const ICW2_VECTOR = 0xf8; // T7..T3
const ICW3_ID = 0x07; // slave: its identity on the cascade bus
const ICW4_AEOI = 0x02;
const ICW4_SFNM = 0x10; // special fully nested mode
// A0 = 0, D4 = 0: D3 tells operation command word 3 from 2.
const OCW3_SELECT = 0x08;
const OCW3_RIS = 0x01; // read ISR rather than IRR
const OCW3_RR = 0x02;
const OCW3_P = 0x04; // poll
const OCW3_SMM = 0x20;
const OCW3_ESMM = 0x40;
const OCW2_LEVEL = 0x07;
// OCW2 bits R, SL, EOI.
const ROTATE_IN_AUTO_EOI_CLEAR = 0;
const NON_SPECIFIC_EOI = 1;
const NO_OPERATION = 2;
const SPECIFIC_EOI = 3;
const ROTATE_IN_AUTO_EOI_SET = 4;
const ROTATE_ON_NON_SPECIFIC_EOI = 5;
const SET_PRIORITY = 6;
const ROTATE_ON_SPECIFIC_EOI = 7;

const POLL_INTERRUPT = 0x80;
const SPURIOUS_LEVEL = 7;

export interface PicChipState {
  /** Levels of IR7..IR0. */
  lines: number;
  irr: number;
  isr: number;
  imr: number;
  elcr: number;
  icw1: number;
  /** ICW2 bits T7..T3. */
  vectorBase: number;
  icw3: number;
  icw4: number;
  /** The initialisation command word that the next write to A0 = 1 is: 2, 3, 4; 0 outside initialisation. */
  nextIcw: number;
  /** Level of lowest priority: 7 in the fixed order IR0 .. IR7. */
  lowest: number;
  rotateInAutoEoi: boolean;
  specialMask: boolean;
  poll: boolean;
  readIsr: boolean;
}

function powerOn(): PicChipState {
  return {
    lines: 0,
    irr: 0,
    isr: 0,
    imr: 0,
    elcr: 0,
    icw1: 0,
    vectorBase: 0,
    icw3: 0,
    icw4: 0,
    nextIcw: 0,
    lowest: 7,
    rotateInAutoEoi: false,
    specialMask: false,
    poll: false,
    readIsr: false,
  };
}

/** Levels of interrupt requests are 0 to 7, IR0 to IR7. */
export class Pic implements Device<PicChipState> {
  state = powerOn();
  /** Level of the INT output. */
  int = false;
  readonly #output: Wire;
  /** IR inputs with a slave behind them, as the board is wired. */
  readonly #cascade: number;

  constructor(output: Wire, cascade: number) {
    this.#output = output;
    this.#cascade = cascade;
  }

  /** Reset of the board. Inputs keep the levels that their devices drive; ELCR goes to all edges. */
  reset(): void {
    const { lines } = this.state;
    this.state = powerOn();
    this.state.lines = lines;
    this.#update();
  }

  save(): PicChipState {
    return { ...this.state };
  }

  load(state: PicChipState): void {
    this.state = { ...powerOn(), ...state };
    this.int = this.#asserted();
  }

  /** Level of an IR input. */
  setLine(level: number, high: boolean): void {
    const bit = 1 << level;
    const s = this.state;
    if (((s.lines & bit) !== 0) === high) return;
    if (high) {
      s.lines |= bit;
      s.irr |= bit;
    } else {
      // The request must stay high until the first INTA, in both trigger modes: without it the latch is cleared.
      s.lines &= ~bit;
      s.irr &= ~bit;
    }
    this.#update();
  }

  /** The edge/level control register of its lines: a one for level-triggered. */
  setElcr(value: number): void {
    const s = this.state;
    s.elcr = value;
    s.irr |= s.lines & value;
    this.#update();
  }

  /** First INTA pulse: freezes the priorities and moves the request in service. Returns its level, or -1 for a spurious one. */
  acknowledge(): number {
    const level = this.#requested();
    if (level >= 0) {
      const s = this.state;
      const bit = 1 << level;
      if (!(s.elcr & bit)) s.irr &= ~bit;
      if (!(s.icw4 & ICW4_AEOI)) s.isr |= bit;
      else if (s.rotateInAutoEoi) s.lowest = level;
    }
    // INT goes low on INTA, and high again for the next request: the master sees that as a new edge.
    this.#drive(false);
    this.#update();
    return level;
  }

  /** The vector of a level, 0 to 255; of -1 that of a spurious interrupt. */
  vector(level: number): number {
    return this.state.vectorBase | (level < 0 ? SPURIOUS_LEVEL : level);
  }

  /** Whether the chip gives the bus to a slave for this level. */
  isCascaded(level: number): boolean {
    const s = this.state;
    return level >= 0 && !(s.icw1 & ICW1_SNGL) && (s.icw3 & this.#cascade & (1 << level)) !== 0;
  }

  /** The identity that it answers to as a slave. */
  get slaveId(): number {
    return this.state.icw3 & ICW3_ID;
  }

  read8(offset: number): number {
    const s = this.state;
    if (s.poll) return this.#readPoll();
    if (offset === 1) return s.imr;
    return s.readIsr ? s.isr : s.irr;
  }

  write8(offset: number, value: number): void {
    const s = this.state;
    if (offset === 0) {
      if (value & ICW1_SELECT) this.#icw1(value);
      else if (value & OCW3_SELECT) this.#ocw3(value);
      else this.#ocw2(value);
    } else {
      switch (s.nextIcw) {
        case 2:
          this.#icw2(value);
          break;
        case 3:
          this.#icw3(value);
          break;
        case 4:
          this.#icw4(value);
          break;
        default:
          s.imr = value;
      }
    }
    this.#update();
  }

  #icw1(value: number): void {
    const s = this.state;
    s.icw1 = value;
    // The edge sense circuit is reset: a line that is high must fall and rise again to request.
    s.irr = s.lines & s.elcr;
    s.isr = 0;
    s.imr = 0;
    s.icw3 = 0;
    s.icw4 = 0;
    s.lowest = 7;
    s.rotateInAutoEoi = false;
    s.specialMask = false;
    s.poll = false;
    s.readIsr = false;
    s.nextIcw = 2;
  }

  #icw2(value: number): void {
    const s = this.state;
    s.vectorBase = value & ICW2_VECTOR;
    if (!(s.icw1 & ICW1_SNGL)) s.nextIcw = 3;
    else s.nextIcw = s.icw1 & ICW1_IC4 ? 4 : 0;
  }

  #icw3(value: number): void {
    const s = this.state;
    s.icw3 = value;
    s.nextIcw = s.icw1 & ICW1_IC4 ? 4 : 0;
  }

  #icw4(value: number): void {
    this.state.icw4 = value;
    this.state.nextIcw = 0;
  }

  #ocw2(value: number): void {
    const s = this.state;
    const level = value & OCW2_LEVEL;
    switch (value >> 5) {
      case ROTATE_IN_AUTO_EOI_CLEAR:
        s.rotateInAutoEoi = false;
        break;
      case ROTATE_IN_AUTO_EOI_SET:
        s.rotateInAutoEoi = true;
        break;
      case NON_SPECIFIC_EOI:
      case ROTATE_ON_NON_SPECIFIC_EOI: {
        // In special mask mode an in-service bit that is masked is not cleared by a non-specific EOI.
        const ended = this.#highest(s.specialMask ? s.isr & ~s.imr : s.isr);
        if (ended < 0) break;
        s.isr &= ~(1 << ended);
        if (value >> 5 === ROTATE_ON_NON_SPECIFIC_EOI) s.lowest = ended;
        break;
      }
      case SPECIFIC_EOI:
        s.isr &= ~(1 << level);
        break;
      case ROTATE_ON_SPECIFIC_EOI:
        s.isr &= ~(1 << level);
        s.lowest = level;
        break;
      case SET_PRIORITY:
        s.lowest = level;
        break;
      case NO_OPERATION:
        break;
    }
  }

  #ocw3(value: number): void {
    const s = this.state;
    if (value & OCW3_ESMM) s.specialMask = (value & OCW3_SMM) !== 0;
    // Poll has precedence over a register read in the same word.
    if (value & OCW3_P) s.poll = true;
    else if (value & OCW3_RR) s.readIsr = (value & OCW3_RIS) !== 0;
  }

  /** The read after a poll command is an interrupt acknowledge. */
  #readPoll(): number {
    this.state.poll = false;
    const level = this.acknowledge();
    return level < 0 ? 0 : POLL_INTERRUPT | level;
  }

  /** Level of highest priority among `bits`, or -1. */
  #highest(bits: number): number {
    if (bits === 0) return -1;
    const { lowest } = this.state;
    for (let k = 1; k <= 8; k++) {
      const level = (lowest + k) & 7;
      if (bits & (1 << level)) return level;
    }
    return -1;
  }

  /** The priority resolver: level of the request that INT stands for, or -1. */
  #requested(): number {
    const s = this.state;
    const level = this.#highest(s.irr & ~s.imr);
    if (level < 0) return -1;
    const inService = this.#highest(s.specialMask ? s.isr & ~s.imr : s.isr);
    if (inService < 0) return level;
    const order = (level - s.lowest - 1) & 7;
    const orderInService = (inService - s.lowest - 1) & 7;
    if (order < orderInService) return level;
    // Special fully nested mode: a slave may interrupt its own service with a request of higher priority.
    if (level === inService && s.icw4 & ICW4_SFNM && this.isCascaded(level)) return level;
    return -1;
  }

  #update(): void {
    this.#drive(this.#asserted());
  }

  /** INT: low during initialisation. */
  #asserted(): boolean {
    return this.state.nextIcw === 0 && this.#requested() >= 0;
  }

  #drive(int: boolean): void {
    if (int === this.int) return;
    this.int = int;
    this.#output.set(int);
  }
}
