// The local APIC of a P6-class processor in xAPIC mode: Intel SDM volume 3A, chapter "Advanced Programmable Interrupt
// Controller (APIC)". One processor; registers are memory-mapped, 32 bits wide, at multiples of 16. This is the APIC as
// the processor and the interrupt bus see it: registers, delivery, errors and the INTR wire. Its parts are the timer
// (`apic-timer.ts`), the local vector table with the LINT pins (`local-vector-table.ts`) and the vectors that are
// requested and in service (`prioritizer.ts`).
//
// Deviations: INIT and start-up messages are ignored (there is nobody to start, and nobody to reset but the sender);
// SMI messages too. The thermal and performance-counter LVT entries can be programmed and never fire. There is no
// focus processor and no arbitration. A periodic timer does not fire more often than every 20 microseconds.

import type { Clock } from '../../lib/clock.ts';
import type { Device, Registers, Wire } from '../contract.ts';
import { ApicTimer, type ApicTimerState } from './apic-timer.ts';
import { ERROR, LocalVectorTable, type LocalVectorTableState, TIMER } from './local-vector-table.ts';
import { EXT_INT, FIXED, isDestination, LOWEST_PRIORITY, NMI } from './message.ts';
import { Prioritizer, type PrioritizerState } from './prioritizer.ts';

// Registers, by offset.
const ID = 0x020;
const VERSION = 0x030;
const TPR = 0x080;
const APR = 0x090;
const PPR = 0x0a0;
const EOI = 0x0b0;
const LDR = 0x0d0;
const DFR = 0x0e0;
const SVR = 0x0f0;
const ISR = 0x100; // and TMR and IRR, up to ESR
const ESR = 0x280;
const ICR_LOW = 0x300;
const ICR_HIGH = 0x310;
const LVT_TIMER = 0x320;
const LVT_ERROR = 0x370;
const INITIAL_COUNT = 0x380;
const CURRENT_COUNT = 0x390;
const DIVIDE = 0x3e0;

/** Version 14h with six LVT entries. */
const VERSION_VALUE = 0x00050014;
const SVR_ENABLE = 1 << 8;

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

/** Registers that are of no part. */
interface LocalRegisters {
  id: number;
  ldr: number;
  dfr: number;
  svr: number;
  icrLow: number;
  icrHigh: number;
  /** What ESR reads as, and what has happened since it was written. */
  esr: number;
  errors: number;
  /** An ExtINT message of the I/O APIC waits. */
  extIntLatch: boolean;
  globallyEnabled: boolean;
}

export interface LocalApicState extends LocalRegisters, ApicTimerState, LocalVectorTableState, PrioritizerState {}

export class LocalApic implements Device<LocalApicState>, Registers {
  readonly #options: LocalApicOptions;
  readonly #timer: ApicTimer;
  readonly #lvt: LocalVectorTable;
  readonly #vectors = new Prioritizer();
  #state: LocalRegisters;
  /** Vector of the fixed interrupt to deliver next, or -1. */
  #next = -1;
  #pending = false;

  /** Local interrupt pins. The machine wires the 8259's INTR to LINT0 and NMI to LINT1. */
  readonly lint0: Wire = { set: (level) => this.#setPin(0, level) };
  readonly lint1: Wire = { set: (level) => this.#setPin(1, level) };

  constructor(options: LocalApicOptions) {
    this.#options = options;
    this.#state = powerUp(options.id ?? 0);
    const lvt = new LocalVectorTable((vector, mode, level) => this.#deliver(vector, mode, level));
    this.#lvt = lvt;
    this.#timer = new ApicTimer({
      clock: options.clock,
      frequencyHz: options.frequencyHz ?? 1e9,
      expired: () => lvt.signal(TIMER),
    });
  }

  reset(): void {
    this.#timer.reset();
    this.#lvt.reset();
    this.#vectors.reset();
    this.#state = powerUp(this.#options.id ?? 0);
    this.#update();
  }

  /** The state in which firmware leaves it (virtual wire mode): enabled, LINT0 takes the 8259's INTR, LINT1 NMI. */
  enterVirtualWire(): void {
    this.#state.svr = SVR_ENABLE | 0xff;
    this.#lvt.enterVirtualWire();
    this.#update();
  }

  /** Bit 11 of IA32_APIC_BASE. While clear, LINT0 is the processor's INTR pin and LINT1 its NMI pin. */
  setGlobalEnable(enable: boolean): void {
    if (enable === this.#state.globallyEnabled) return;
    this.reset();
    this.#state.globallyEnabled = enable;
    this.#update();
  }

  /** Whether an interrupt waits that the processor would take with IF set. */
  pending(): boolean {
    return this.#pending;
  }

  /** The processor's interrupt acknowledge: the vector, which is then in service. */
  acknowledge(): number {
    const state = this.#state;
    const vector = this.#next;
    if (vector >= 0) {
      this.#vectors.beginService(vector);
      this.#update();
      return vector;
    }
    if (this.#extIntPending()) {
      state.extIntLatch = false;
      const extInt = this.#options.extInt?.() ?? state.svr & 255;
      this.#update();
      return extInt;
    }
    return state.svr & 255; // spurious: went away between request and acknowledge
  }

  /** Takes a fixed interrupt. Returns whether it was accepted: not while disabled by software. */
  receive(vector: number, level: boolean): boolean {
    if (!this.#enabled()) return false;
    if (vector < 16) {
      this.#error(RECEIVE_ILLEGAL_VECTOR);
      return false;
    }
    this.#vectors.accept(vector, level);
    this.#update();
    return true;
  }

  /** Takes a message of the interrupt bus. Returns whether it was for this APIC and accepted. */
  message(vector: number, mode: number, level: boolean, destination: number, logical: boolean): boolean {
    return isDestination(this.#state, destination, logical) && this.#deliver(vector, mode, level);
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
    const { id, ldr, dfr, svr, icrLow, icrHigh, esr, errors, extIntLatch, globallyEnabled } = this.#state;
    const { tpr, isr, tmr, irr } = this.#vectors.save();
    const { pins, lvt } = this.#lvt.save();
    return {
      id,
      tpr,
      ldr,
      dfr,
      svr,
      icrLow,
      icrHigh,
      esr,
      errors,
      ...this.#timer.save(),
      pins,
      extIntLatch,
      globallyEnabled,
      lvt,
      isr,
      tmr,
      irr,
    };
  }

  load(state: LocalApicState): void {
    const { id, ldr, dfr, svr, icrLow, icrHigh, esr, errors, extIntLatch, globallyEnabled } = state;
    this.#state = { id, ldr, dfr, svr, icrLow, icrHigh, esr, errors, extIntLatch, globallyEnabled };
    this.#vectors.load(state);
    this.#lvt.load(state);
    this.#timer.load(state, this.#lvt.timerMode);
    this.#update();
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
        return state.svr;
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
        this.#vectors.setTaskPriority(value & 255);
        this.#update();
        break;
      case EOI:
        this.#endOfInterrupt();
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

  #enabled(): boolean {
    return this.#state.globallyEnabled && (this.#state.svr & SVR_ENABLE) !== 0;
  }

  #writeSpurious(value: number): void {
    const state = this.#state;
    state.svr = value & 0x1ff;
    // Disabled by software: all LVT entries are masked; what was accepted before stays and can be delivered.
    if ((state.svr & SVR_ENABLE) === 0) this.#lvt.maskAll();
    this.#update();
  }

  #writeLvt(index: number, value: number): void {
    this.#lvt.write(index, value, (this.#state.svr & SVR_ENABLE) !== 0);
    if (index === TIMER) this.#timer.setMode(this.#lvt.timerMode);
    this.#update();
  }

  #deliver(vector: number, mode: number, level: boolean): boolean {
    switch (mode) {
      case FIXED:
      case LOWEST_PRIORITY:
        return this.receive(vector, level);
      case NMI:
        this.#options.nmi?.set(true);
        this.#options.nmi?.set(false);
        return true;
      case EXT_INT:
        this.#state.extIntLatch = true;
        this.#update();
        return true;
      default:
        return false;
    }
  }

  #setPin(pin: 0 | 1, level: boolean): void {
    if (!this.#lvt.setPin(pin, level)) return;
    if (this.#state.globallyEnabled) this.#lvt.signalPin(pin);
    else if (pin === 1) this.#options.nmi?.set(level);
    this.#update();
  }

  #endOfInterrupt(): void {
    const vector = this.#vectors.endService();
    if (vector < 0) return;
    if (this.#vectors.isLevel(vector)) {
      this.#lvt.endOfInterrupt(vector);
      this.#options.broadcastEoi?.(vector);
    }
    this.#update();
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
    if (mode !== EXT_INT) this.#deliver(vector, mode, false);
  }

  #error(bit: number): void {
    this.#state.errors |= bit;
    // An illegal vector in the error entry itself must not raise the next error.
    if ((this.#lvt.entry(ERROR) & 255) >= 16) this.#lvt.signal(ERROR);
  }

  /** An ExtINT has no priority: it passes whatever TPR and ISR say. */
  #extIntPending(): boolean {
    if (!this.#state.globallyEnabled) return this.#lvt.pin(0);
    return this.#state.extIntLatch || this.#lvt.extInt;
  }

  /** After every change: what comes next, and the INTR wire. */
  #update(): void {
    this.#next = this.#state.globallyEnabled ? this.#vectors.next() : -1;
    const pending = this.#next >= 0 || this.#extIntPending();
    if (pending === this.#pending) return;
    this.#pending = pending;
    this.#options.intr.set(pending);
  }
}

function powerUp(id: number): LocalRegisters {
  return {
    id,
    ldr: 0,
    dfr: -1,
    svr: 0xff,
    icrLow: 0,
    icrHigh: 0,
    esr: 0,
    errors: 0,
    extIntLatch: false,
    globallyEnabled: true,
  };
}
