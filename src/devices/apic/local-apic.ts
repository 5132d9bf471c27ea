// The local APIC of a P6-class processor in xAPIC mode: Intel SDM volume 3A, chapter "Advanced Programmable Interrupt
// Controller (APIC)". One processor; registers are memory-mapped, 32 bits wide, at multiples of 16. This is the APIC as
// the processor and the interrupt bus see it: registers, messages, errors. Its parts are the timer (`apic-timer.ts`), the
// local vector table with the LINT pins (`local-vector-table.ts`), the vectors that are requested and in service
// (`prioritizer.ts`), and what accepts interrupts and gives them to the processor (`interrupt-acceptance.ts`).
//
// Deviations: INIT and start-up messages are ignored (there is nobody to start, and nobody to reset but the sender);
// SMI messages too. The thermal and performance-counter LVT entries can be programmed and never fire. There is no
// focus processor and no arbitration. A periodic timer does not fire more often than every 20 microseconds.

import type { Clock } from '../../lib/clock.ts';
import { type Device, type Registers, unconnected, type Wire } from '../contract.ts';
import { ApicTimer, type ApicTimerState } from './apic-timer.ts';
import { InterruptAcceptance, type InterruptAcceptanceState } from './interrupt-acceptance.ts';
import { ERROR, LocalVectorTable, type LocalVectorTableState, TIMER } from './local-vector-table.ts';
import { EXT_INT, isDestination, LOWEST_PRIORITY } from './message.ts';
import { Prioritizer, type PrioritizerState } from './prioritizer.ts';
import {
  APR,
  CURRENT_COUNT,
  DFR,
  DIVIDE,
  EOI,
  ESR,
  ICR_HIGH,
  ICR_LOW,
  ID,
  INITIAL_COUNT,
  ISR,
  LDR,
  LVT_ERROR,
  LVT_TIMER,
  PPR,
  SVR,
  TPR,
  VERSION,
} from './registers.ts';

/** Version 14h with six LVT entries. */
const VERSION_VALUE = 0x00050014;
/** In virtual wire mode: enabled by software, the spurious vector is 255. */
const SVR_VIRTUAL_WIRE = 0x1ff;

// Errors, as bits of the ESR.
const SEND_ILLEGAL_VECTOR = 1 << 5;
const RECEIVE_ILLEGAL_VECTOR = 1 << 6;
const ILLEGAL_REGISTER = 1 << 7;

// Destination shorthands, bits 18 and 19 of the ICR.
const NO_SHORTHAND = 0;
const ALL_BUT_SELF = 3;

export interface LocalApicOptions {
  readonly clock: Clock;
  /** The bus clock that the timer divides, in hertz. Default 1 GHz. */
  readonly frequencyHz?: number;
  /** Follows `pending()`. */
  readonly intr: Wire;
  /** Pulsed for each NMI. */
  readonly nmi?: Wire;
  /** The 8259's INTA cycle: returns its vector. Called when the processor acknowledges an ExtINT. */
  readonly extInt?: () => number;
  /** A level-triggered interrupt was ended: to the I/O APIC. */
  readonly broadcastEoi?: (vector: number) => void;
  readonly id?: number;
}

/** The registers that belong to none of the parts. */
interface OwnRegisters {
  id: number;
  ldr: number;
  dfr: number;
  icrLow: number;
  icrHigh: number;
  /** What ESR reads as, and what has happened since it was written. */
  esr: number;
  errors: number;
}

export interface LocalApicState
  extends OwnRegisters,
    ApicTimerState,
    LocalVectorTableState,
    InterruptAcceptanceState,
    PrioritizerState {}

export class LocalApic implements Device<LocalApicState>, Registers {
  readonly #options: LocalApicOptions;
  readonly #timer: ApicTimer;
  readonly #lvt: LocalVectorTable;
  readonly #vectors = new Prioritizer();
  readonly #acceptance: InterruptAcceptance;
  #state: OwnRegisters;

  /** Local interrupt pins. The machine wires the 8259's INTR to LINT0 and NMI to LINT1. */
  readonly lint0: Wire = { set: (level) => this.#setPin(0, level) };
  readonly lint1: Wire = { set: (level) => this.#setPin(1, level) };

  constructor(options: LocalApicOptions) {
    this.#options = options;
    this.#state = powerUp(options.id ?? 0);
    const lvt = new LocalVectorTable((vector, mode, level) => this.#acceptance.deliver(vector, mode, level));
    this.#lvt = lvt;
    this.#timer = new ApicTimer({
      clock: options.clock,
      frequencyHz: options.frequencyHz ?? 1e9,
      expired: () => lvt.signal(TIMER),
    });
    this.#acceptance = new InterruptAcceptance({
      vectors: this.#vectors,
      intr: options.intr,
      nmi: options.nmi ?? unconnected,
      extInt: () => options.extInt?.(),
      levelEnded: (vector) => {
        lvt.endOfInterrupt(vector);
        options.broadcastEoi?.(vector);
      },
      illegalVector: () => this.#error(RECEIVE_ILLEGAL_VECTOR),
    });
  }

  reset(): void {
    this.#timer.reset();
    this.#lvt.reset();
    this.#acceptance.reset();
    this.#state = powerUp(this.#options.id ?? 0);
    this.#updateExtInt();
  }

  /** The state in which firmware leaves it (virtual wire mode): enabled, LINT0 takes the 8259's INTR, LINT1 NMI. */
  enterVirtualWire(): void {
    this.#acceptance.setSpurious(SVR_VIRTUAL_WIRE);
    this.#lvt.enterVirtualWire();
    this.#updateExtInt();
  }

  /** Bit 11 of IA32_APIC_BASE. While clear, LINT0 is the processor's INTR pin and LINT1 its NMI pin. */
  setGlobalEnable(enable: boolean): void {
    if (enable === this.#acceptance.globallyEnabled) return;
    this.reset();
    this.#acceptance.setGlobalEnable(enable);
    this.#updateExtInt();
  }

  /** Whether an interrupt waits that the processor would take with IF set. */
  pending(): boolean {
    return this.#acceptance.pending;
  }

  /** The processor's interrupt acknowledge: the vector, which is then in service. */
  acknowledge(): number {
    return this.#acceptance.acknowledge();
  }

  /** Takes a fixed interrupt. Returns whether it was accepted: not while disabled by software. */
  receive(vector: number, level: boolean): boolean {
    return this.#acceptance.receive(vector, level);
  }

  /** Takes a message of the interrupt bus. Returns whether it was for this APIC and accepted. */
  message(vector: number, mode: number, level: boolean, destination: number, logical: boolean): boolean {
    return isDestination(this.#state, destination, logical) && this.#acceptance.deliver(vector, mode, level);
  }

  /** A device's memory write to FEExxxxxh (SDM, "Message Signalled Interrupts"). */
  messageSignalled(address: number, data: number): boolean {
    return this.message(
      data & 255,
      (data >>> 8) & 7,
      (data & (1 << 15)) !== 0,
      (address >>> 12) & 255,
      (address & 4) !== 0,
    );
  }

  /** IA32_TSC_DEADLINE, turned into guest nanoseconds by the processor; 0 disarms. Ignored in the other timer modes. */
  setDeadline(nanos: number): void {
    this.#timer.setDeadline(nanos);
  }

  /** What IA32_TSC_DEADLINE is worth: guest nanoseconds, or 0 when it is disarmed. */
  deadline(): number {
    return this.#timer.deadline;
  }

  read(offset: number, size: 8 | 16 | 32): number {
    const value = offset & 12 ? 0 : this.#read(offset & ~3);
    if (size === 32) return value;
    return (value >>> (8 * (offset & 3))) & (size === 8 ? 0xff : 0xffff);
  }

  /** Only aligned 32-bit writes do anything: the manual leaves others undefined. */
  write(offset: number, size: 8 | 16 | 32, value: number): void {
    if (size !== 32 || (offset & 15) !== 0) return;
    this.#write(offset, value);
  }

  save(): LocalApicState {
    const { id, ldr, dfr, icrLow, icrHigh, esr, errors } = this.#state;
    const { tpr, isr, tmr, irr } = this.#vectors.save();
    const { svr, extIntLatch, globallyEnabled } = this.#acceptance.save();
    const { pins, lvt } = this.#lvt.save();
    const timer = this.#timer.save();
    const own = { id, tpr, ldr, dfr, svr, icrLow, icrHigh, esr, errors };
    return { ...own, ...timer, pins, extIntLatch, globallyEnabled, lvt, isr, tmr, irr };
  }

  load(state: LocalApicState): void {
    const { id, ldr, dfr, icrLow, icrHigh, esr, errors } = state;
    this.#state = { id, ldr, dfr, icrLow, icrHigh, esr, errors };
    this.#vectors.load(state);
    this.#acceptance.load(state);
    this.#lvt.load(state);
    this.#timer.load(state, this.#lvt.timerMode);
    this.#updateExtInt();
  }

  #read(offset: number): number {
    const state = this.#state;
    if (offset >= ISR && offset < ESR) return this.#vectors.word((offset - ISR) >> 4);
    if (offset >= LVT_TIMER && offset <= LVT_ERROR) return this.#lvt.entry((offset - LVT_TIMER) >> 4);
    switch (offset) {
      case ID:
        return state.id << 24;
      case VERSION:
        return VERSION_VALUE;
      case TPR:
        return this.#vectors.taskPriority;
      case APR:
      case PPR:
        return this.#vectors.processorPriority();
      case EOI:
        return 0;
      case LDR:
        return state.ldr;
      case DFR:
        return state.dfr;
      case SVR:
        return this.#acceptance.spurious;
      case ESR:
        return state.esr;
      case ICR_LOW:
        return state.icrLow;
      case ICR_HIGH:
        return state.icrHigh;
      case INITIAL_COUNT:
        return this.#timer.initialCount | 0;
      case CURRENT_COUNT:
        return this.#timer.currentCount() | 0;
      case DIVIDE:
        return this.#timer.divide;
      default:
        this.#error(ILLEGAL_REGISTER);
        return 0;
    }
  }

  #write(offset: number, value: number): void {
    const state = this.#state;
    if (offset >= LVT_TIMER && offset <= LVT_ERROR) {
      this.#writeLvt((offset - LVT_TIMER) >> 4, value);
      return;
    }
    switch (offset) {
      case ID:
        state.id = value >>> 24;
        break;
      case TPR:
        this.#acceptance.setTaskPriority(value & 255);
        break;
      case EOI:
        this.#acceptance.endOfInterrupt();
        break;
      case LDR:
        state.ldr = value & 0xff000000;
        break;
      case DFR:
        state.dfr = value | 0x0fffffff;
        break;
      case SVR:
        this.#writeSpurious(value);
        break;
      case ESR:
        state.esr = state.errors;
        state.errors = 0;
        break;
      case ICR_LOW:
        state.icrLow = value & 0x000ccfff;
        this.#send();
        break;
      case ICR_HIGH:
        state.icrHigh = value & 0xff000000;
        break;
      case INITIAL_COUNT:
        this.#timer.setInitialCount(value >>> 0);
        break;
      case DIVIDE:
        this.#timer.setDivide(value & 0b1011);
        break;
      case VERSION:
      case APR:
      case PPR:
      case CURRENT_COUNT:
        break; // read-only
      default:
        if (offset < ISR || offset >= ESR) this.#error(ILLEGAL_REGISTER);
    }
  }

  #writeSpurious(value: number): void {
    this.#acceptance.setSpurious(value);
    // Disabled by software: all LVT entries are masked; what was accepted before stays and can be delivered.
    if (!this.#acceptance.softwareEnabled) this.#lvt.maskAll();
    this.#updateExtInt();
  }

  #writeLvt(index: number, value: number): void {
    this.#lvt.write(index, value, this.#acceptance.softwareEnabled);
    if (index === TIMER) this.#timer.setMode(this.#lvt.timerMode);
    this.#updateExtInt();
  }

  #setPin(pin: 0 | 1, level: boolean): void {
    if (!this.#lvt.setPin(pin, level)) return;
    if (this.#acceptance.globallyEnabled) this.#lvt.signalPin(pin);
    else if (pin === 1) this.#options.nmi?.set(level);
    this.#updateExtInt();
  }

  /** After every change of LINT0 and its entry: whether the 8259's interrupt gets through. */
  #updateExtInt(): void {
    this.#acceptance.setExtIntLine(this.#acceptance.globallyEnabled ? this.#lvt.extInt : this.#lvt.pin(0));
  }

  /** Sends what the ICR says: here, to oneself or to nobody. */
  #send(): void {
    const { icrLow, icrHigh } = this.#state;
    const vector = icrLow & 255;
    const mode = (icrLow >> 8) & 7;
    const shorthand = (icrLow >> 18) & 3;
    if (mode <= LOWEST_PRIORITY && vector < 16) {
      this.#error(SEND_ILLEGAL_VECTOR);
      return;
    }
    if (shorthand === ALL_BUT_SELF) return;
    if (shorthand === NO_SHORTHAND && !isDestination(this.#state, icrHigh >>> 24, (icrLow & (1 << 11)) !== 0)) return;
    if (mode !== EXT_INT) this.#acceptance.deliver(vector, mode, false);
  }

  #error(bit: number): void {
    this.#state.errors |= bit;
    // An illegal vector in the error entry itself must not raise the next error.
    if ((this.#lvt.entry(ERROR) & 255) >= 16) this.#lvt.signal(ERROR);
  }
}

function powerUp(id: number): OwnRegisters {
  return { id, ldr: 0, dfr: -1, icrLow: 0, icrHigh: 0, esr: 0, errors: 0 };
}
