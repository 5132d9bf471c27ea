// Intel 8254 programmable interval timer, as in a PC: CLK of 1.193182 MHz at all three counters, counter 0's OUT at
// IRQ 0, counter 2's GATE and OUT at port 61h; the gates of counters 0 and 1 are tied high.
//
// Intel 8254 data sheet (order 231164). The modes are in pit8254-counter.ts.
//
// Deviations:
// * The low pulse of one CLK in modes 2, 4 and 5 reaches counter 0's wire at its end: down and up at the rising edge.
//   Read-back shows the pulse in its place.
// * Power-on, undefined in the data sheet: all counters stand still with OUT high.

import type { Clock, Timer } from '../lib/clock.ts';
import { bytewise, type Device, type Registers, type Wire } from './contract.ts';
import { Counter, type CounterState, powerOnCounter } from './pit8254-counter.ts';
import { TickRate } from './ticks.ts';

/** Frequency of CLK in hertz. */
export const PIT_HERTZ = 1_193_182;

const CONTROL = 3; // A1 A0 = 11
// Control word: SC1 SC0, RW1 RW0, M2 M1 M0, BCD.
const READ_BACK = 3; // SC
const COUNTER_LATCH = 0; // RW
const RW_LSB = 1;
const RW_MSB = 2;
const PROGRAMMED = 0x3f; // what the status byte repeats
// Read-back command: 1 1, COUNT#, STATUS#, CNT2, CNT1, CNT0, 0.
const READ_BACK_NOT_COUNT = 0x20;
const READ_BACK_NOT_STATUS = 0x10;
// Status byte.
const STATUS_OUTPUT = 0x80;
const STATUS_NULL_COUNT = 0x40;

/** What one counter shows to the bus. */
interface PortState {
  /** Bits RW, M and BCD of the last control word, as written. */
  control: number;
  /** Output latch, or -1 while it follows the counter. */
  latchedCount: number;
  latchedStatus: number;
  /** The next byte read, written, is the most significant of two. */
  readMsb: boolean;
  writeMsb: boolean;
  /** First byte of a two-byte count. */
  writeLsb: number;
}

export interface PitState {
  counters: CounterState[];
  ports: PortState[];
}

const powerOnPort = (): PortState => ({
  control: 0x36,
  latchedCount: -1,
  latchedStatus: -1,
  readMsb: false,
  writeMsb: false,
  writeLsb: 0,
});

export interface Pit8254Options {
  readonly clock: Clock;
  /** OUT of counter 0: IRQ 0. */
  readonly irq: Wire;
}

export class Pit8254 implements Device<PitState> {
  /** Counters 0 to 2 and the control word: I/O ports 40h to 43h. */
  readonly registers: Registers = bytewise(this);
  /** GATE of counter 2, for port 61h. Low at power-on. */
  readonly gate2: Wire = { set: (level) => this.#counters[2]!.setGate(this.#tick(), level) };
  readonly #clock: Clock;
  readonly #irq: Wire;
  readonly #rate = new TickRate(PIT_HERTZ);
  readonly #counters = [new Counter(), new Counter(), new Counter()];
  #ports = [powerOnPort(), powerOnPort(), powerOnPort()];
  #timer: Timer | undefined;
  /** Tick that the timer is set for; Infinity without one. */
  #edge = Number.POSITIVE_INFINITY;

  constructor({ clock, irq }: Pit8254Options) {
    this.#clock = clock;
    this.#irq = irq;
    this.#counters[2]!.state.gate = false;
  }

  /** Level of OUT of counter `index`, 0 to 2, now. */
  out(index: number): boolean {
    return this.#counters[index]!.out(this.#accessTick());
  }

  reset(): void {
    for (const counter of this.#counters) counter.state = powerOnCounter();
    this.#counters[2]!.state.gate = false;
    this.#ports = [powerOnPort(), powerOnPort(), powerOnPort()];
    this.#follow(this.#tick());
  }

  save(): PitState {
    return { counters: this.#counters.map(({ state }) => ({ ...state })), ports: this.#ports.map((p) => ({ ...p })) };
  }

  /** Takes over a state saved at this very guest time, or earlier on the same time line. */
  load(state: PitState): void {
    this.#counters.forEach((counter, k) => {
      counter.state = { ...powerOnCounter(), ...state.counters[k] };
    });
    this.#ports = state.ports.map((p) => ({ ...powerOnPort(), ...p }));
    this.#arm(this.#tick());
  }

  read8(offset: number): number {
    const port = this.#ports[offset];
    const counter = this.#counters[offset];
    if (!port || !counter) return 0xff; // the control word cannot be read: three-state
    if (port.latchedStatus >= 0) {
      const status = port.latchedStatus;
      port.latchedStatus = -1;
      return status;
    }
    const count = port.latchedCount >= 0 ? port.latchedCount : counter.count(this.#accessTick());
    const rw = port.control >> 4;
    const msb = rw === RW_MSB || (rw !== RW_LSB && port.readMsb);
    if (rw !== RW_LSB && rw !== RW_MSB) port.readMsb = !port.readMsb;
    // The latch follows the counter again after the last byte.
    if (msb || rw === RW_LSB) port.latchedCount = -1;
    return msb ? count >> 8 : count & 0xff;
  }

  write8(offset: number, value: number): void {
    if (offset === CONTROL) {
      const select = value >> 6;
      if (select === READ_BACK) this.#readBack(value);
      else if (((value >> 4) & 3) === COUNTER_LATCH) this.#latchCount(select);
      else this.#controlWord(select, value);
    } else if (offset < CONTROL) {
      this.#writeCount(offset, value);
    }
  }

  #controlWord(index: number, value: number): void {
    const tick = this.#accessTick();
    const port = this.#ports[index]!;
    port.control = value & PROGRAMMED;
    port.latchedCount = -1;
    port.latchedStatus = -1;
    port.readMsb = false;
    port.writeMsb = false;
    this.#counters[index]!.program(tick, (value >> 1) & 7, (value & 1) !== 0);
    if (index === 0) this.#follow(tick);
  }

  #writeCount(index: number, value: number): void {
    const tick = this.#accessTick();
    const port = this.#ports[index]!;
    const counter = this.#counters[index]!;
    const rw = port.control >> 4;
    if (rw === RW_LSB) {
      counter.writeCount(tick, value);
    } else if (rw === RW_MSB) {
      counter.writeCount(tick, value << 8);
    } else if (!port.writeMsb) {
      port.writeLsb = value;
      port.writeMsb = true;
      counter.beginCount(tick);
    } else {
      port.writeMsb = false;
      counter.writeCount(tick, port.writeLsb | (value << 8));
    }
    if (index === 0) this.#follow(tick);
  }

  #readBack(value: number): void {
    for (let index = 0; index < 3; index++) {
      if (!(value & (2 << index))) continue;
      if (!(value & READ_BACK_NOT_STATUS)) this.#latchStatus(index);
      if (!(value & READ_BACK_NOT_COUNT)) this.#latchCount(index);
    }
  }

  #latchCount(index: number): void {
    const port = this.#ports[index]!;
    if (port.latchedCount < 0) port.latchedCount = this.#counters[index]!.count(this.#accessTick());
  }

  #latchStatus(index: number): void {
    const port = this.#ports[index]!;
    if (port.latchedStatus >= 0) return;
    const counter = this.#counters[index]!;
    const out = counter.out(this.#accessTick()) ? STATUS_OUTPUT : 0;
    port.latchedStatus = out | (counter.state.nullCount ? STATUS_NULL_COUNT : 0) | port.control;
  }

  #tick(): number {
    return this.#rate.ticks(this.#clock.now());
  }

  /** The tick of an access. */
  #accessTick(): number {
    const tick = this.#tick();
    this.#catchUp(tick);
    return tick;
  }

  /** Sets counter 0's wire to its level at `tick`, and the timer for its next edge. */
  #follow(tick: number): void {
    this.#irq.set(this.#counters[0]!.out(tick));
    this.#arm(tick);
  }

  #arm(tick: number): void {
    this.#timer?.cancel();
    const counter = this.#counters[0]!;
    counter.sync(tick);
    this.#edge = counter.nextEdge(tick);
    this.#timer = Number.isFinite(this.#edge)
      ? this.#clock.schedule(this.#rate.nanos(this.#edge), this.#onEdge)
      : undefined;
  }

  readonly #onEdge = (): void => this.#catchUp(this.#tick());

  /**
   * Gives counter 0's wire the edges that are due. An access comes here too: the clock may have passed an edge whose
   * timer has not fired yet, and no edge may be lost to a new mode or count.
   */
  #catchUp(tick: number): void {
    if (tick < this.#edge) return;
    const counter = this.#counters[0]!;
    while (this.#edge <= tick) {
      const edge = this.#edge;
      if (!counter.out(edge - 1)) this.#irq.set(false);
      this.#irq.set(counter.out(edge));
      this.#edge = counter.nextEdge(edge);
    }
    this.#arm(tick);
  }
}
