// The local APIC of a P6-class processor in xAPIC mode: Intel SDM volume 3A, chapter "Advanced Programmable Interrupt
// Controller (APIC)". One processor; registers are memory-mapped, 32 bits wide, at multiples of 16.
//
// Deviations: INIT and start-up messages are ignored (there is nobody to start, and nobody to reset but the sender);
// SMI messages too. The thermal and performance-counter LVT entries can be programmed and never fire. There is no
// focus processor and no arbitration. A periodic timer does not fire more often than every 20 microseconds.

import type { Clock, Timer } from '../../lib/clock.ts';
import type { Device, Registers, Wire } from '../contract.ts';

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
const ISR = 0x100;
const TMR = 0x180;
const IRR = 0x200;
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

// Entries of the local vector table, in the order of their registers from 320h.
const TIMER = 0;
const LINT0 = 3;
const LINT1 = 4;
const ERROR = 5;
const LVT_COUNT = 6;
/** What software may write: vector and mask everywhere, then what the entry has. */
const LVT_WRITABLE = [0x000700ff, 0x000107ff, 0x000107ff, 0x0001a7ff, 0x0001a7ff, 0x000100ff] as const;
const LVT_MASKED = 1 << 16;
const LVT_LEVEL = 1 << 15;
const LVT_REMOTE_IRR = 1 << 14;

// Timer modes, bits 17 and 18 of the timer's entry; 0 is one-shot.
const PERIODIC = 1;
const TSC_DEADLINE = 2;
const MIN_PERIOD = 20_000;

// Delivery modes, bits 8..10 of LVT entries, of the ICR and of redirection entries.
export const FIXED = 0;
export const LOWEST_PRIORITY = 1;
export const SMI = 2;
export const NMI = 4;
export const INIT = 5;
export const START_UP = 6;
export const EXT_INT = 7;

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

export interface LocalApicState {
  id: number;
  tpr: number;
  ldr: number;
  dfr: number;
  svr: number;
  icrLow: number;
  icrHigh: number;
  /** What ESR reads as, and what has happened since it was written. */
  esr: number;
  errors: number;
  divide: number;
  initialCount: number;
  /** Guest nanoseconds at which the current count was `initialCount`. */
  started: number;
  running: boolean;
  /** Guest nanoseconds, or 0: no TSC deadline. */
  deadline: number;
  /** Levels of the LINT pins. */
  pins: [boolean, boolean];
  /** An ExtINT message of the I/O APIC waits. */
  extIntLatch: boolean;
  globallyEnabled: boolean;
  lvt: number[];
  isr: Int32Array;
  tmr: Int32Array;
  irr: Int32Array;
}

export class LocalApic implements Device<LocalApicState>, Registers {
  readonly #options: LocalApicOptions;
  readonly #clock: Clock;
  readonly #frequencyHz: number;
  #state: LocalApicState;
  #timer: Timer | undefined;
  /** Vector of the fixed interrupt to deliver next, or -1. */
  #next = -1;
  #pending = false;

  /** Local interrupt pins. The machine wires the 8259's INTR to LINT0 and NMI to LINT1. */
  readonly lint0: Wire = { set: (level) => this.#setPin(0, level) };
  readonly lint1: Wire = { set: (level) => this.#setPin(1, level) };

  constructor(options: LocalApicOptions) {
    this.#options = options;
    this.#clock = options.clock;
    this.#frequencyHz = options.frequencyHz ?? 1e9;
    this.#state = powerUp(options.id ?? 0, [false, false]);
  }

  reset(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#state = powerUp(this.#options.id ?? 0, this.#state.pins);
    this.#update();
  }

  /** The state in which firmware leaves it (virtual wire mode): enabled, LINT0 takes the 8259's INTR, LINT1 NMI. */
  enterVirtualWire(): void {
    this.#state.svr = SVR_ENABLE | 0xff;
    this.#state.lvt[LINT0] = EXT_INT << 8;
    this.#state.lvt[LINT1] = NMI << 8;
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
      clearBit(state.irr, vector);
      setBit(state.isr, vector);
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
    setBit(this.#state.irr, vector);
    if (level) setBit(this.#state.tmr, vector);
    else clearBit(this.#state.tmr, vector);
    this.#update();
    return true;
  }

  /** Takes a message of the interrupt bus. Returns whether it was for this APIC and accepted. */
  message(vector: number, mode: number, level: boolean, destination: number, logical: boolean): boolean {
    return this.#isDestination(destination, logical) && this.#deliver(vector, mode, level);
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
    if (this.#timerMode() !== TSC_DEADLINE) return;
    this.#state.deadline = nanos;
    this.#arm();
  }

  /** What IA32_TSC_DEADLINE is worth: guest nanoseconds, or 0 when it is disarmed. */
  deadline(): number {
    return this.#state.deadline;
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
    return structuredClone(this.#state);
  }

  load(state: LocalApicState): void {
    this.#state = structuredClone(state);
    this.#arm();
    this.#update();
  }

  #read(offset: number): number {
    const state = this.#state;
    if (offset >= ISR && offset < ESR) {
      const bank = offset < TMR ? state.isr : offset < IRR ? state.tmr : state.irr;
      return bank[(offset >> 4) & 7] as number;
    }
    if (offset >= LVT_TIMER && offset <= LVT_ERROR) return state.lvt[(offset - LVT_TIMER) >> 4] as number;
    switch (offset) {
      case ID:
        return state.id << 24;
      case VERSION:
        return VERSION_VALUE;
      case TPR:
        return state.tpr;
      case APR:
      case PPR:
        return this.#processorPriority();
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
        return state.initialCount | 0;
      case CURRENT_COUNT:
        return this.#currentCount() | 0;
      case DIVIDE:
        return state.divide;
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
        state.tpr = value & 255;
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
        this.#writeInitialCount(value >>> 0);
        break;
      case DIVIDE:
        this.#writeDivide(value & 0b1011);
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
    if ((state.svr & SVR_ENABLE) === 0) for (let k = 0; k < LVT_COUNT; k++) state.lvt[k] = this.#entry(k) | LVT_MASKED;
    this.#update();
  }

  #writeLvt(index: number, value: number): void {
    const state = this.#state;
    const before = this.#entry(index);
    let entry = value & (LVT_WRITABLE[index] as number);
    if ((state.svr & SVR_ENABLE) === 0) entry |= LVT_MASKED;
    if (entry & LVT_LEVEL) entry |= before & LVT_REMOTE_IRR;
    state.lvt[index] = entry;
    if (index === TIMER && (before ^ entry) & (TSC_DEADLINE << 17)) {
      state.running = false;
      state.deadline = 0;
      this.#arm();
    }
    if (index === LINT0 || index === LINT1) this.#levelPin(index);
    this.#update();
  }

  #entry(index: number): number {
    return this.#state.lvt[index] as number;
  }

  /** Signals the event of an LVT entry, unless it is masked. */
  #local(index: number): void {
    const entry = this.#entry(index);
    if (entry & LVT_MASKED) return;
    this.#deliver(entry & 255, index === TIMER || index === ERROR ? FIXED : (entry >> 8) & 7, false);
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
    const state = this.#state;
    if (state.pins[pin] === level) return;
    state.pins[pin] = level;
    if (!state.globallyEnabled) {
      if (pin === 1) this.#options.nmi?.set(level);
    } else {
      const index = LINT0 + pin;
      const entry = this.#entry(index);
      const mode = (entry >> 8) & 7;
      if (mode === FIXED && entry & LVT_LEVEL) this.#levelPin(index);
      else if (level && mode !== EXT_INT) this.#local(index);
    }
    this.#update();
  }

  /** A level-sensitive pin asks again until it has been accepted, and again after its EOI. */
  #levelPin(index: number): void {
    const entry = this.#entry(index);
    const asks =
      this.#state.pins[index - LINT0] && (entry & (LVT_MASKED | LVT_REMOTE_IRR | 0x700 | LVT_LEVEL)) === LVT_LEVEL;
    if (asks && this.receive(entry & 255, true)) this.#state.lvt[index] = entry | LVT_REMOTE_IRR;
  }

  #endOfInterrupt(): void {
    const state = this.#state;
    const vector = highest(state.isr);
    if (vector < 0) return;
    clearBit(state.isr, vector);
    if (testBit(state.tmr, vector)) {
      for (const index of [LINT0, LINT1]) {
        if ((this.#entry(index) & (LVT_REMOTE_IRR | 255)) !== (LVT_REMOTE_IRR | vector)) continue;
        state.lvt[index] = this.#entry(index) & ~LVT_REMOTE_IRR;
        this.#levelPin(index);
      }
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
    if (shorthand === NO_SHORTHAND && !this.#isDestination(icrHigh >>> 24, (icrLow & (1 << 11)) !== 0)) return;
    if (mode !== EXT_INT) this.#deliver(vector, mode, false);
  }

  /** SDM, "Determining IPI Destination". */
  #isDestination(destination: number, logical: boolean): boolean {
    const { id, ldr, dfr } = this.#state;
    if (destination === 0xff) return true;
    if (!logical) return destination === id;
    const own = ldr >>> 24;
    if (dfr >>> 28 === 0xf) return (own & destination) !== 0;
    return own >> 4 === destination >> 4 && (own & destination & 15) !== 0;
  }

  #error(bit: number): void {
    this.#state.errors |= bit;
    // An illegal vector in the error entry itself must not raise the next error.
    if ((this.#entry(ERROR) & 255) >= 16) this.#local(ERROR);
  }

  #processorPriority(): number {
    const service = Math.max(highest(this.#state.isr), 0);
    return this.#state.tpr >> 4 >= service >> 4 ? this.#state.tpr : service & 0xf0;
  }

  /** An ExtINT has no priority: it passes whatever TPR and ISR say. */
  #extIntPending(): boolean {
    const { globallyEnabled, extIntLatch, pins } = this.#state;
    if (!globallyEnabled) return pins[0];
    return extIntLatch || (pins[0] && (this.#entry(LINT0) & (LVT_MASKED | 0x700)) === EXT_INT << 8);
  }

  /** After every change: what comes next, and the INTR wire. */
  #update(): void {
    const vector = this.#state.globallyEnabled ? highest(this.#state.irr) : -1;
    this.#next = vector >= 0 && vector >> 4 > this.#processorPriority() >> 4 ? vector : -1;
    const pending = this.#next >= 0 || this.#extIntPending();
    if (pending === this.#pending) return;
    this.#pending = pending;
    this.#options.intr.set(pending);
  }

  #timerMode(): number {
    return (this.#entry(TIMER) >> 17) & 3;
  }

  /** Nanoseconds per count. */
  #tick(): number {
    const code = (this.#state.divide & 3) | ((this.#state.divide >> 1) & 4);
    return (1e9 * (code === 7 ? 1 : 2 << code)) / this.#frequencyHz;
  }

  /** Nanoseconds from one expiry to the next. */
  #period(): number {
    const period = this.#state.initialCount * this.#tick();
    return this.#timerMode() === PERIODIC ? Math.max(period, MIN_PERIOD) : period;
  }

  #writeInitialCount(count: number): void {
    const state = this.#state;
    if (this.#timerMode() === TSC_DEADLINE) return;
    state.initialCount = count;
    state.started = this.#clock.now();
    state.running = count !== 0;
    this.#arm();
  }

  /** The count goes on from where it is, at the new rate. */
  #writeDivide(divide: number): void {
    const state = this.#state;
    const counted = state.initialCount - this.#currentCount();
    state.divide = divide;
    state.started = this.#clock.now() - counted * this.#tick();
    if (state.running) this.#arm();
  }

  #currentCount(): number {
    const { running, initialCount, started } = this.#state;
    if (!running || this.#timerMode() === TSC_DEADLINE) return 0;
    const counted = Math.floor((this.#clock.now() - started) / this.#tick());
    if (this.#timerMode() === PERIODIC) return initialCount - (counted % initialCount);
    return Math.max(0, initialCount - counted);
  }

  #arm(): void {
    const { running, started, deadline } = this.#state;
    this.#timer?.cancel();
    this.#timer = undefined;
    if (this.#timerMode() === TSC_DEADLINE ? deadline === 0 : !running) return;
    const at = this.#timerMode() === TSC_DEADLINE ? deadline : started + this.#period();
    this.#timer = this.#clock.schedule(at, () => this.#expire());
  }

  #expire(): void {
    const state = this.#state;
    this.#timer = undefined;
    if (this.#timerMode() === PERIODIC) {
      // Expiries that passed while nobody looked are one: IRR could not hold more.
      const period = this.#period();
      state.started += Math.max(1, Math.floor((this.#clock.now() - state.started) / period)) * period;
      this.#arm();
    } else {
      state.running = false;
      state.deadline = 0;
    }
    this.#local(TIMER);
  }
}

function powerUp(id: number, pins: [boolean, boolean]): LocalApicState {
  return {
    id,
    tpr: 0,
    ldr: 0,
    dfr: -1,
    svr: 0xff,
    icrLow: 0,
    icrHigh: 0,
    esr: 0,
    errors: 0,
    divide: 0,
    initialCount: 0,
    started: 0,
    running: false,
    deadline: 0,
    pins,
    extIntLatch: false,
    globallyEnabled: true,
    lvt: new Array(LVT_COUNT).fill(LVT_MASKED),
    isr: new Int32Array(8),
    tmr: new Int32Array(8),
    irr: new Int32Array(8),
  };
}

function setBit(bank: Int32Array, vector: number): void {
  bank[vector >> 5] = (bank[vector >> 5] as number) | (1 << (vector & 31));
}

function clearBit(bank: Int32Array, vector: number): void {
  bank[vector >> 5] = (bank[vector >> 5] as number) & ~(1 << (vector & 31));
}

function testBit(bank: Int32Array, vector: number): boolean {
  return ((bank[vector >> 5] as number) & (1 << (vector & 31))) !== 0;
}

/** Number of the highest bit that is set, or -1. */
function highest(bank: Int32Array): number {
  for (let k = 7; k >= 0; k--) {
    const word = bank[k] as number;
    if (word !== 0) return 32 * k + 31 - Math.clz32(word);
  }
  return -1;
}
