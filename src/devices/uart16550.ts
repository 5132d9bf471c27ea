// National Semiconductor PC16550D UART with FIFOs, as a PC's serial port: OUT2 enables its interrupt line.
//
// PC16550D data sheet (TL/C/8652, June 1995), sections 8.1 to 8.11.
//
// Deviations:
// * No bit is shifted: a byte written goes to the sink at once, and a byte received stands in the FIFO as soon as there
//   is room. Word length, parity and stop bits only set the length of the character timeout.
// * What the host sends waits in a queue of any length instead of overrunning the receiver; with `flowControl: 'rts'`
//   it also waits until the guest raises RTS. Overruns happen in loopback only.
// * OUT2 enables the interrupt in loopback as well (the bit, as in Super I/O chips, rather than the pin).

import type { Clock, Timer } from '../lib/clock.ts';
import { ByteQueue } from './byte-queue.ts';
import { bytewise, type Device, type Registers, type Wire } from './contract.ts';

// Register offsets. DLAB (LCR bit 7) puts the divisor latch at 0 and 1.
const RBR_THR_DLL = 0;
const IER_DLM = 1;
const IIR_FCR = 2;
const LCR = 3;
const MCR = 4;
const LSR = 5;
const MSR = 6;
const SCR = 7;

const IER_ERBFI = 0x01; // received data available
const IER_ETBEI = 0x02; // transmitter holding register empty
const IER_ELSI = 0x04; // receiver line status
const IER_EDSSI = 0x08; // MODEM status

const IIR_NONE = 0x01;
const IIR_LINE_STATUS = 0x06;
const IIR_DATA = 0x04;
const IIR_TIMEOUT = 0x0c;
const IIR_THRE = 0x02;
const IIR_MODEM_STATUS = 0x00;
const IIR_FIFOS_ENABLED = 0xc0;

const FCR_ENABLE = 0x01;
const FCR_RESET_RECEIVER = 0x02;
const FCR_RESET_TRANSMITTER = 0x04;
const FCR_KEPT = 0xc9;
const FCR_TRIGGERS = [1, 4, 8, 14] as const;

const LCR_WLS = 0x03;
const LCR_STB = 0x04;
const LCR_PEN = 0x08;
const LCR_DLAB = 0x80;

const MCR_RTS = 0x02;
const MCR_OUT2 = 0x08;
const MCR_LOOP = 0x10;

const LSR_DR = 0x01;
const LSR_OE = 0x02;
const LSR_BI = 0x10;
const LSR_ERRORS = 0x1e; // OE, PE, FE, BI
const LSR_THRE = 0x20;
const LSR_TEMT = 0x40;
const LSR_FIFO_ERROR = 0x80;

const MSR_DELTAS = 0x0f;
const MSR_TERI = 0x04;
const MSR_CTS = 0x10;
const MSR_DSR = 0x20;
const MSR_RI = 0x40;
const MSR_DCD = 0x80;

const FIFO_BYTES = 16;
/** Baud rate of divisor 1: 1.8432 MHz / 16. */
const MAX_BAUD = 115_200;
const TIMEOUT_CHARACTERS = 4;

/** Where transmitted bytes go. */
export interface SerialSink {
  /** Takes a byte, 0 to 255. */
  write(byte: number): void;
  /**
   * False while no byte can be taken: the transmitter then stays busy until `Uart16550.drain` is called. A sink
   * without this method always takes bytes.
   */
  writable?(): boolean;
}

export interface Uart16550Options {
  readonly clock: Clock;
  readonly irq: Wire;
  readonly sink: SerialSink;
  /** With `rts`, bytes for the guest wait until it raises RTS, as a peer with hardware flow control does. Default `none`. */
  readonly flowControl?: 'none' | 'rts';
}

export interface ModemInputs {
  cts: boolean;
  dsr: boolean;
  ri: boolean;
  dcd: boolean;
}

export interface UartRegisters {
  ier: number;
  fcr: number;
  lcr: number;
  mcr: number;
  scr: number;
  divisor: number;
  /** OE of LSR and the deltas of MSR; the other bits follow from the rest. */
  overrun: boolean;
  deltas: number;
  /** MSR bits 7 to 4 as the modem drives them. */
  modem: number;
  threPending: boolean;
  timeoutPending: boolean;
  /** Guest time in nanoseconds at which a character timeout is due, or -1. */
  timeoutAt: number;
}

export interface UartState extends UartRegisters {
  /** Bytes with their error bits (LSR positions) above bit 8, oldest first. */
  receiver: number[];
  transmitter: number[];
  /** Bytes of the host that wait for room. */
  queue: number[];
}

export class Uart16550 implements Device<UartState> {
  /** The eight registers: I/O ports 3F8h to 3FFh for COM1. */
  readonly registers: Registers = bytewise(this);
  readonly #clock: Clock;
  readonly #irq: Wire;
  readonly #sink: SerialSink;
  readonly #waitForRts: boolean;

  #state: UartRegisters = {
    ier: 0,
    fcr: 0,
    lcr: 0,
    mcr: 0,
    scr: 0,
    divisor: 1,
    overrun: false,
    deltas: 0,
    modem: MSR_CTS | MSR_DSR | MSR_DCD,
    threPending: false,
    timeoutPending: false,
    timeoutAt: -1,
  };
  #timer: Timer | undefined;
  /** A ring. */
  readonly #receiver = new Uint16Array(FIFO_BYTES);
  #receiverHead = 0;
  #receiverCount = 0;
  /** Bytes that the sink has not taken. */
  #transmitter: number[] = [];
  readonly #queue = new ByteQueue();
  /** Level of the interrupt line. */
  #level = false;

  constructor({ clock, irq, sink, flowControl = 'none' }: Uart16550Options) {
    this.#clock = clock;
    this.#irq = irq;
    this.#sink = sink;
    this.#waitForRts = flowControl === 'rts';
  }

  /** Bytes for the guest. They are kept, in order, until it reads them. */
  receive(bytes: Uint8Array): void {
    this.#queue.push(bytes);
    this.#refill();
  }

  /** Bytes that the guest has not taken into its receiver FIFO yet: a host stops sending when there are many. */
  get backlog(): number {
    return this.#queue.length;
  }

  /** A break condition on the line: a zero character with BI. It overtakes bytes that wait in the queue. */
  receiveBreak(): void {
    this.#push(LSR_BI << 8);
    this.#update();
  }

  /** The modem's outputs. At power-on CTS, DSR and DCD are up. */
  setModemInputs({ cts, dsr, ri, dcd }: ModemInputs): void {
    const before = this.#modemStatus();
    this.#state.modem = (cts ? MSR_CTS : 0) | (dsr ? MSR_DSR : 0) | (ri ? MSR_RI : 0) | (dcd ? MSR_DCD : 0);
    this.#noteModemChange(before);
  }

  /** The sink takes bytes again: sends what waits. */
  drain(): void {
    this.#transmit();
    this.#update();
  }

  /** Whether every byte written by the guest has reached the sink. */
  get drained(): boolean {
    return this.#transmitter.length === 0;
  }

  reset(): void {
    this.#state.ier = 0;
    this.#state.fcr = 0;
    this.#state.lcr = 0;
    this.#state.mcr = 0;
    this.#state.overrun = false;
    this.#state.deltas = 0;
    this.#state.threPending = false;
    this.#transmitter = [];
    this.#clearReceiver();
    this.#refill();
    this.#update();
  }

  save(): UartState {
    return {
      ...this.#state,
      timeoutAt: this.#timer ? this.#state.timeoutAt : -1,
      receiver: Array.from({ length: this.#receiverCount }, (_, k) => this.#received(k)),
      transmitter: [...this.#transmitter],
      queue: this.#queue.toArray(),
    };
  }

  load({ receiver, transmitter, queue, ...registers }: UartState): void {
    this.#state = { ...this.#state, ...registers };
    this.#timer?.cancel();
    this.#timer = registers.timeoutAt < 0 ? undefined : this.#clock.schedule(registers.timeoutAt, this.#onTimeout);
    this.#receiver.set(receiver);
    this.#receiverHead = 0;
    this.#receiverCount = receiver.length;
    this.#transmitter = [...transmitter];
    this.#queue.load(queue);
    this.#level = this.#interrupts();
  }

  read8(offset: number): number {
    switch (offset) {
      case RBR_THR_DLL:
        return this.#state.lcr & LCR_DLAB ? this.#state.divisor & 0xff : this.#readData();
      case IER_DLM:
        return this.#state.lcr & LCR_DLAB ? this.#state.divisor >> 8 : this.#state.ier;
      case IIR_FCR:
        return this.#readIir();
      case LCR:
        return this.#state.lcr;
      case MCR:
        return this.#state.mcr;
      case LSR:
        return this.#readLsr();
      case MSR:
        return this.#readMsr();
      case SCR:
        return this.#state.scr;
      default:
        return 0xff;
    }
  }

  write8(offset: number, value: number): void {
    switch (offset) {
      case RBR_THR_DLL:
        if (this.#state.lcr & LCR_DLAB) this.#state.divisor = (this.#state.divisor & 0xff00) | value;
        else this.#writeData(value);
        break;
      case IER_DLM:
        if (this.#state.lcr & LCR_DLAB) this.#state.divisor = (this.#state.divisor & 0xff) | (value << 8);
        else this.#writeIer(value);
        break;
      case IIR_FCR:
        this.#writeFcr(value);
        break;
      case LCR:
        this.#state.lcr = value;
        break;
      case MCR:
        this.#writeMcr(value);
        break;
      case SCR:
        this.#state.scr = value;
        break;
      default: // LSR and MSR are for factory tests
        break;
    }
  }

  #readData(): number {
    if (this.#receiverCount === 0) return 0;
    const byte = this.#receiver[this.#receiverHead]! & 0xff;
    this.#receiverHead = (this.#receiverHead + 1) & (FIFO_BYTES - 1);
    this.#receiverCount--;
    this.#state.timeoutPending = false;
    // The line falls before the next byte lets it rise: an edge for each byte where FIFOs are off.
    this.#update();
    this.#refill();
    if (this.#receiverCount > 0) this.#restartTimeout();
    return byte;
  }

  #writeData(byte: number): void {
    this.#state.threPending = false;
    if (this.#state.mcr & MCR_LOOP) {
      this.#push(byte);
    } else if (this.#transmitter.length === 0 && this.#sinkWritable()) {
      this.#sink.write(byte);
    } else if (this.#transmitter.length < (this.#state.fcr & FCR_ENABLE ? FIFO_BYTES : 1)) {
      this.#transmitter.push(byte);
    }
    if (this.#state.ier & IER_ETBEI) this.#update(); // the line falls, to rise again when the byte is gone
    if (this.#transmitter.length === 0) this.#state.threPending = true;
    this.#update();
  }

  #transmit(): void {
    let sent = 0;
    while (sent < this.#transmitter.length && this.#sinkWritable()) this.#sink.write(this.#transmitter[sent++]!);
    if (sent === 0) return;
    this.#transmitter = this.#transmitter.slice(sent);
    if (this.#transmitter.length === 0) this.#state.threPending = true;
  }

  #sinkWritable(): boolean {
    return this.#sink.writable === undefined || this.#sink.writable();
  }

  #writeIer(value: number): void {
    const enabled = value & ~this.#state.ier;
    this.#state.ier = value & 0x0f;
    // Enabling the interrupt while the holding register is empty requests it: the 8250 driver of Linux probes for that.
    if (enabled & IER_ETBEI && this.#transmitter.length === 0) this.#state.threPending = true;
    this.#update();
  }

  #readIir(): number {
    const id = this.#identify();
    if (id === IIR_THRE) {
      this.#state.threPending = false;
      this.#update();
    }
    return id | (this.#state.fcr & FCR_ENABLE ? IIR_FIFOS_ENABLED : 0);
  }

  #writeFcr(value: number): void {
    const toggled = ((value ^ this.#state.fcr) & FCR_ENABLE) !== 0;
    // The other bits are programmed only together with the enable bit.
    this.#state.fcr = value & FCR_ENABLE ? value & FCR_KEPT : 0;
    if (toggled || value & FCR_RESET_RECEIVER) this.#clearReceiver();
    if (toggled || value & FCR_RESET_TRANSMITTER) {
      if (this.#transmitter.length) this.#state.threPending = true;
      this.#transmitter = [];
    }
    this.#update();
    this.#refill();
  }

  #writeMcr(value: number): void {
    const before = this.#modemStatus();
    this.#state.mcr = value & 0x1f;
    this.#noteModemChange(before);
    this.#refill();
  }

  #readLsr(): number {
    const status = this.#lineStatus();
    if (status & LSR_ERRORS) {
      this.#state.overrun = false;
      if (this.#receiverCount > 0) this.#receiver[this.#receiverHead]! &= 0xff;
      this.#update();
    }
    return status;
  }

  #readMsr(): number {
    const status = this.#modemStatus() | this.#state.deltas;
    if (this.#state.deltas) {
      this.#state.deltas = 0;
      this.#update();
    }
    return status;
  }

  #lineStatus(): number {
    let status = this.#transmitter.length === 0 ? LSR_THRE | LSR_TEMT : 0;
    if (this.#state.overrun) status |= LSR_OE;
    if (this.#receiverCount > 0) {
      status |= LSR_DR | (this.#receiver[this.#receiverHead]! >> 8);
      if (this.#state.fcr & FCR_ENABLE && this.#fifoError()) status |= LSR_FIFO_ERROR;
    }
    return status;
  }

  /** The character at place `index` of the receiver FIFO. */
  #received(index: number): number {
    return this.#receiver[(this.#receiverHead + index) & (FIFO_BYTES - 1)]!;
  }

  #fifoError(): boolean {
    for (let k = 0; k < this.#receiverCount; k++) {
      if (this.#received(k) > 0xff) return true;
    }
    return false;
  }

  /** MSR bits 7 to 4: the modem's, or the chip's own outputs in loopback. */
  #modemStatus(): number {
    const mcr = this.#state.mcr;
    if (!(mcr & MCR_LOOP)) return this.#state.modem;
    // DTR to DSR, RTS to CTS, OUT1 to RI, OUT2 to DCD.
    return ((mcr & 1) << 5) | ((mcr & 2) << 3) | ((mcr & 4) << 4) | ((mcr & 8) << 4);
  }

  #noteModemChange(before: number): void {
    const now = this.#modemStatus();
    // The order of the deltas is the order of the levels; RI counts on its trailing edge only.
    const changed = (before ^ now) >> 4;
    this.#state.deltas |= (changed & ~MSR_TERI) | (changed & (before >> 4) & MSR_TERI);
    this.#state.deltas &= MSR_DELTAS;
    this.#update();
  }

  #capacity(): number {
    return this.#state.fcr & FCR_ENABLE ? FIFO_BYTES : 1;
  }

  #clearReceiver(): void {
    this.#receiverHead = 0;
    this.#receiverCount = 0;
    this.#state.overrun = false;
    this.#state.timeoutPending = false;
    this.#state.timeoutAt = -1;
  }

  /** A character from the line, with its error bits above bit 8. */
  #push(character: number): void {
    if (this.#receiverCount >= this.#capacity()) {
      this.#state.overrun = true;
      // Without FIFOs the new character takes the place of the old one; with them it is lost.
      if (!(this.#state.fcr & FCR_ENABLE)) this.#receiver[this.#receiverHead] = character;
      return;
    }
    this.#receiver[(this.#receiverHead + this.#receiverCount) & (FIFO_BYTES - 1)] = character;
    this.#receiverCount++;
    this.#restartTimeout();
  }

  /** Moves bytes from the host's queue to the receiver, as many as there is room for. */
  #refill(): void {
    if (this.#queue.length === 0 || this.#state.mcr & MCR_LOOP) return;
    if (this.#waitForRts && !(this.#state.mcr & MCR_RTS)) return;
    const capacity = this.#capacity();
    while (this.#receiverCount < capacity && this.#queue.length > 0) this.#push(this.#queue.shift());
    this.#update();
  }

  /** Character timeout: no character came or went for the time of four. One timer serves all postponements. */
  #restartTimeout(): void {
    if (!(this.#state.fcr & FCR_ENABLE)) return;
    this.#state.timeoutAt = this.#clock.now() + TIMEOUT_CHARACTERS * this.#characterNanos();
    this.#timer ??= this.#clock.schedule(this.#state.timeoutAt, this.#onTimeout);
  }

  readonly #onTimeout = (): void => {
    this.#timer = undefined;
    if (this.#state.timeoutAt < 0 || this.#receiverCount === 0) return;
    if (this.#clock.now() < this.#state.timeoutAt) {
      this.#timer = this.#clock.schedule(this.#state.timeoutAt, this.#onTimeout);
      return;
    }
    this.#state.timeoutPending = true;
    this.#update();
  };

  #characterNanos(): number {
    const lcr = this.#state.lcr;
    const bits = 1 + 5 + (lcr & LCR_WLS) + (lcr & LCR_PEN ? 1 : 0) + (lcr & LCR_STB ? 2 : 1);
    return Math.ceil((bits * 1e9 * (this.#state.divisor || 0x10000)) / MAX_BAUD);
  }

  /** The enabled interrupt of highest priority, as IIR names it. */
  #identify(): number {
    const ier = this.#state.ier;
    if (ier & IER_ELSI && this.#lineStatus() & LSR_ERRORS) return IIR_LINE_STATUS;
    if (ier & IER_ERBFI && this.#receiverCount > 0) {
      if (
        this.#receiverCount >=
        (this.#state.fcr & FCR_ENABLE ? FCR_TRIGGERS[(this.#state.fcr >> 6) as 0 | 1 | 2 | 3] : 1)
      ) {
        return IIR_DATA;
      }
      if (this.#state.timeoutPending) return IIR_TIMEOUT;
    }
    if (ier & IER_ETBEI && this.#state.threPending) return IIR_THRE;
    if (ier & IER_EDSSI && this.#state.deltas) return IIR_MODEM_STATUS;
    return IIR_NONE;
  }

  #interrupts(): boolean {
    return (this.#state.mcr & MCR_OUT2) !== 0 && this.#identify() !== IIR_NONE;
  }

  #update(): void {
    const level = this.#interrupts();
    if (level === this.#level) return;
    this.#level = level;
    this.#irq.set(level);
  }
}
