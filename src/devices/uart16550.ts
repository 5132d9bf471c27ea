// National Semiconductor PC16550D UART with FIFOs, as a PC's serial port: OUT2 enables its interrupt line.
// This is its registers, transmitter and interrupts; `uart16550-receiver.ts` and `uart16550-modem.ts` are the rest.
//
// PC16550D data sheet (TL/C/8652, June 1995), sections 8.1 to 8.11.
//
// Deviations:
// * No bit is shifted: a byte written goes to the sink at once, and a byte received stands in the FIFO as soon as there
//   is room. Word length, parity and stop bits only set the length of the character timeout.
// * What the host sends waits in a queue of any length instead of overrunning the receiver; with `flowControl: 'rts'`
//   it also waits until the guest raises RTS. Overruns happen in loopback only.
// * OUT2 enables the interrupt in loopback as well (the bit, as in Super I/O chips, rather than the pin).

import type { Clock } from '../lib/clock.ts';
import { ByteQueue } from './byte-queue.ts';
import { bytewise, type Device, type Registers, type Wire } from './contract.ts';
import { type ModemInputs, UartModem, type UartModemState } from './uart16550-modem.ts';
import { FIFO_BYTES, LSR_BI, UartReceiver, type UartReceiverState } from './uart16550-receiver.ts';

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

const LSR_ERRORS = 0x1e; // OE, PE, FE, BI
const LSR_THRE = 0x20;
const LSR_TEMT = 0x40;

/** Baud rate of divisor 1: 1.8432 MHz / 16. */
const MAX_BAUD = 115_200;

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

/** The registers that belong to none of the parts. */
interface OwnRegisters {
  ier: number;
  fcr: number;
  lcr: number;
  scr: number;
  divisor: number;
  threPending: boolean;
}

export interface UartState extends OwnRegisters, UartModemState, UartReceiverState {
  transmitter: number[];
  /** Bytes of the host that wait for room. */
  queue: number[];
}

export class Uart16550 implements Device<UartState> {
  /** The eight registers: I/O ports 3F8h to 3FFh for COM1. */
  readonly registers: Registers = bytewise(this);
  readonly #irq: Wire;
  readonly #sink: SerialSink;
  readonly #waitForRts: boolean;

  #state: OwnRegisters = { ier: 0, fcr: 0, lcr: 0, scr: 0, divisor: 1, threPending: false };
  readonly #receiver: UartReceiver;
  readonly #modem = new UartModem();
  /** Bytes that the sink has not taken. */
  #transmitter: number[] = [];
  readonly #queue = new ByteQueue();
  /** Level of the interrupt line. */
  #level = false;

  constructor({ clock, irq, sink, flowControl = 'none' }: Uart16550Options) {
    this.#irq = irq;
    this.#sink = sink;
    this.#waitForRts = flowControl === 'rts';
    this.#receiver = new UartReceiver({
      clock,
      characterNanos: () => this.#characterNanos(),
      onTimeout: () => this.#update(),
    });
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
    this.#receiver.push(LSR_BI << 8);
    this.#update();
  }

  /** The modem's outputs. At power-on CTS, DSR and DCD are up. */
  setModemInputs(inputs: ModemInputs): void {
    this.#modem.setInputs(inputs);
    this.#update();
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
    this.#modem.reset();
    this.#state.threPending = false;
    this.#transmitter = [];
    this.#receiver.setFifo(false);
    this.#receiver.clear();
    this.#refill();
    this.#update();
  }

  save(): UartState {
    const { ier, fcr, lcr, scr, divisor, threPending } = this.#state;
    const { mcr, deltas, modem } = this.#modem.save();
    const { receiver, overrun, timeoutPending, timeoutAt } = this.#receiver.save();
    return {
      ier,
      fcr,
      lcr,
      mcr,
      scr,
      divisor,
      overrun,
      deltas,
      modem,
      threPending,
      timeoutPending,
      timeoutAt,
      receiver,
      transmitter: [...this.#transmitter],
      queue: this.#queue.toArray(),
    };
  }

  load(state: UartState): void {
    const { ier, fcr, lcr, scr, divisor, threPending, transmitter, queue } = state;
    this.#state = { ier, fcr, lcr, scr, divisor, threPending };
    this.#modem.load(state);
    this.#receiver.load(state, (fcr & FCR_ENABLE) !== 0);
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
        return this.#modem.control;
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
    if (this.#receiver.count === 0) return 0;
    const byte = this.#receiver.shift();
    // The line falls before the next byte lets it rise: an edge for each byte where FIFOs are off.
    this.#update();
    this.#refill();
    if (this.#receiver.count > 0) this.#receiver.restartTimeout();
    return byte;
  }

  #writeData(byte: number): void {
    this.#state.threPending = false;
    if (this.#modem.loop) {
      this.#receiver.push(byte);
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
    this.#receiver.setFifo((value & FCR_ENABLE) !== 0);
    if (toggled || value & FCR_RESET_RECEIVER) this.#receiver.clear();
    if (toggled || value & FCR_RESET_TRANSMITTER) {
      if (this.#transmitter.length) this.#state.threPending = true;
      this.#transmitter = [];
    }
    this.#update();
    this.#refill();
  }

  #writeMcr(value: number): void {
    this.#modem.setControl(value);
    this.#update();
    this.#refill();
  }

  #readLsr(): number {
    const status = this.#lineStatus();
    if (status & LSR_ERRORS) {
      this.#receiver.clearErrors();
      this.#update();
    }
    return status;
  }

  #readMsr(): number {
    const { status } = this.#modem;
    if (this.#modem.changed) {
      this.#modem.clearDeltas();
      this.#update();
    }
    return status;
  }

  #lineStatus(): number {
    return (this.#transmitter.length === 0 ? LSR_THRE | LSR_TEMT : 0) | this.#receiver.status;
  }

  /** Moves bytes from the host's queue to the receiver, as many as there is room for. */
  #refill(): void {
    if (this.#queue.length === 0 || this.#modem.loop) return;
    if (this.#waitForRts && !this.#modem.rts) return;
    while (this.#receiver.room && this.#queue.length > 0) this.#receiver.push(this.#queue.shift());
    this.#update();
  }

  /** How long a character takes on the line. */
  #characterNanos(): number {
    const lcr = this.#state.lcr;
    const bits = 1 + 5 + (lcr & LCR_WLS) + (lcr & LCR_PEN ? 1 : 0) + (lcr & LCR_STB ? 2 : 1);
    return Math.ceil((bits * 1e9 * (this.#state.divisor || 0x10000)) / MAX_BAUD);
  }

  /** The enabled interrupt of highest priority, as IIR names it. */
  #identify(): number {
    const ier = this.#state.ier;
    if (ier & IER_ELSI && this.#lineStatus() & LSR_ERRORS) return IIR_LINE_STATUS;
    if (ier & IER_ERBFI && this.#receiver.count > 0) {
      if (
        this.#receiver.count >=
        (this.#state.fcr & FCR_ENABLE ? FCR_TRIGGERS[(this.#state.fcr >> 6) as 0 | 1 | 2 | 3] : 1)
      ) {
        return IIR_DATA;
      }
      if (this.#receiver.timedOut) return IIR_TIMEOUT;
    }
    if (ier & IER_ETBEI && this.#state.threPending) return IIR_THRE;
    if (ier & IER_EDSSI && this.#modem.changed) return IIR_MODEM_STATUS;
    return IIR_NONE;
  }

  #interrupts(): boolean {
    return this.#modem.out2 && this.#identify() !== IIR_NONE;
  }

  #update(): void {
    const level = this.#interrupts();
    if (level === this.#level) return;
    this.#level = level;
    this.#irq.set(level);
  }
}
