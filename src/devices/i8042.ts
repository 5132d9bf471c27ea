// Intel 8042 keyboard controller with the PS/2's auxiliary device port: I/O ports 60h and 64h.
//
// IBM Personal System/2 Hardware Interface Technical Reference (1988), "Keyboard and Auxiliary Device Controller";
// IBM PC/AT Technical Reference (1986) for the input and output ports, A20 and reset.
//
// Deviations: the input buffer is never full; no password security (A4h reports none); bytes from the devices take a
// fixed time (`BYTE_NANOS`) and cannot have parity errors. Power-on leaves the command byte as a PC's firmware does:
// both ports enabled, with interrupts and translation.

import type { Clock, Timer } from '../lib/clock.ts';
import { bytewise, type Device, type Registers, type Wire } from './contract.ts';
import type { Ps2Device } from './ps2.ts';
import { SET1_BREAK, SET2_BREAK, translateToSet1 } from './ps2-keys.ts';

const STATUS_OBF = 0x01; // output buffer full
const STATUS_SYS = 0x04; // system flag: the self-test has passed
const STATUS_A2 = 0x08; // the last write was a command
const STATUS_KEYL = 0x10; // keyboard not locked
const STATUS_AUXB = 0x20; // the output buffer holds a byte of the auxiliary device
const STATUS_TO = 0x40; // time-out

// Command byte: location 0 of the controller's RAM.
const CCB_EKI = 0x01; // keyboard interrupt
const CCB_EMI = 0x02; // auxiliary interrupt
const CCB_SYS = 0x04;
const CCB_DKB = 0x10; // disable keyboard
const CCB_DMS = 0x20; // disable auxiliary device
const CCB_XLATE = 0x40; // translate set 2 to set 1
const POWER_ON_COMMAND_BYTE = CCB_EKI | CCB_EMI | CCB_SYS | CCB_XLATE;

// Output port P2.
const P2_RUN = 0x01; // low resets the system
const P2_A20 = 0x02;
const P2_IRQ1 = 0x10;
const P2_IRQ12 = 0x20;
const P2_LINES = 0xc0; // keyboard clock and data
/** Input port P1: keyboard not locked, no manufacturing jumper. */
const P1 = 0xa0;

const READ_RAM = 0x20; // to 3Fh
const WRITE_RAM = 0x60; // to 7Fh
const TEST_PASSWORD = 0xa4;
const DISABLE_AUX = 0xa7;
const ENABLE_AUX = 0xa8;
const TEST_AUX = 0xa9;
const SELF_TEST = 0xaa;
const TEST_KEYBOARD = 0xab;
const DISABLE_KEYBOARD = 0xad;
const ENABLE_KEYBOARD = 0xae;
const READ_INPUT_PORT = 0xc0;
const READ_OUTPUT_PORT = 0xd0;
const WRITE_OUTPUT_PORT = 0xd1;
const WRITE_KEYBOARD_BUFFER = 0xd2;
const WRITE_AUX_BUFFER = 0xd3;
const WRITE_AUX = 0xd4;
const DISABLE_A20 = 0xdd;
const ENABLE_A20 = 0xdf;
const READ_TEST_INPUTS = 0xe0;
const PULSE_OUTPUT = 0xf0; // to FFh: a zero in bits 3 to 0 pulses the bit

const NO_PASSWORD = 0xf1;
const SELF_TEST_OK = 0x55;
const LINE_TEST_OK = 0x00;
/** What the controller gives for a device that does not answer. */
const NO_ANSWER = 0xfe;
/** No command awaits a data byte: that is for the keyboard. */
const NONE = -1;

/** A byte of eleven bits at 16.7 kHz: the fastest that a device sends. */
const BYTE_NANOS = 660_000;

/** Where a byte in the output buffer comes from, besides AUXB: bit 8; time-out: bit 9. */
const FROM_AUX = 0x100;
const TIMED_OUT = 0x200;

export interface I8042State {
  ram: number[];
  outputPort: number;
  /** Last byte in the output buffer, with FROM_AUX and TIMED_OUT. */
  buffer: number;
  full: boolean;
  /** The controller's own answers that wait for the buffer. */
  answers: number[];
  lastWasCommand: boolean;
  /** Command that awaits its data byte, or -1. */
  awaiting: number;
  /** F0h came from the keyboard: the next byte is a break code. */
  breakCode: boolean;
  /** Guest time in nanoseconds at which a byte from a device is complete, or -1. */
  transferAt: number;
}

export interface I8042Options {
  readonly clock: Clock;
  readonly keyboard: Ps2Device;
  readonly mouse?: Ps2Device;
  /** IRQ 1. */
  readonly keyboardIrq: Wire;
  /** IRQ 12. */
  readonly mouseIrq: Wire;
  /** Gate of address line 20; high at power-on. */
  readonly a20: Wire;
  /** Pulsed to reset the processor. */
  readonly reset: Wire;
}

export class I8042 implements Device<I8042State> {
  /** Data: I/O port 60h. */
  readonly data: Registers = bytewise({
    read8: (offset) => (offset === 0 ? this.#readData() : 0xff),
    write8: (offset, value) => {
      if (offset === 0) this.#writeData(value);
    },
  });
  /** Status and command: I/O port 64h. */
  readonly command: Registers = bytewise({
    read8: (offset) => (offset === 0 ? this.#status() : 0xff),
    write8: (offset, value) => {
      if (offset === 0) this.#writeCommand(value);
    },
  });
  readonly #options: I8042Options;
  readonly #ram = new Uint8Array(32);
  #outputPort = P2_RUN | P2_A20;
  #buffer = 0;
  #full = false;
  #answers: number[] = [];
  #lastWasCommand = false;
  #awaiting = NONE;
  #breakCode = false;
  #transferAt = -1;
  #timer: Timer | undefined;

  constructor(options: I8042Options) {
    this.#options = options;
    options.keyboard.connect(() => this.#startTransfer());
    options.mouse?.connect(() => this.#startTransfer());
    this.#ram[0] = POWER_ON_COMMAND_BYTE;
  }

  reset(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#ram.fill(0);
    this.#ram[0] = POWER_ON_COMMAND_BYTE;
    this.#outputPort = P2_RUN | P2_A20;
    this.#buffer = 0;
    this.#full = false;
    this.#answers = [];
    this.#lastWasCommand = false;
    this.#awaiting = NONE;
    this.#breakCode = false;
    this.#transferAt = -1;
    this.#options.a20.set(true);
    this.#update();
  }

  save(): I8042State {
    return {
      ram: [...this.#ram],
      outputPort: this.#outputPort,
      buffer: this.#buffer,
      full: this.#full,
      answers: [...this.#answers],
      lastWasCommand: this.#lastWasCommand,
      awaiting: this.#awaiting,
      breakCode: this.#breakCode,
      transferAt: this.#transferAt,
    };
  }

  load(state: I8042State): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#ram.set(state.ram);
    this.#outputPort = state.outputPort;
    this.#buffer = state.buffer;
    this.#full = state.full;
    this.#answers = [...state.answers];
    this.#lastWasCommand = state.lastWasCommand;
    this.#awaiting = state.awaiting;
    this.#breakCode = state.breakCode;
    this.#transferAt = state.transferAt;
    if (state.transferAt >= 0) this.#timer = this.#options.clock.schedule(state.transferAt, this.#onTransfer);
  }

  #status(): number {
    this.#catchUp();
    let status = STATUS_KEYL | (this.#ram[0]! & STATUS_SYS);
    if (this.#lastWasCommand) status |= STATUS_A2;
    if (this.#full) {
      status |= STATUS_OBF;
      if (this.#buffer & FROM_AUX) status |= STATUS_AUXB;
      if (this.#buffer & TIMED_OUT) status |= STATUS_TO;
    }
    return status;
  }

  /** The last byte stays readable when the buffer is empty. */
  #readData(): number {
    this.#catchUp();
    const byte = this.#buffer & 0xff;
    if (this.#full) {
      this.#full = false;
      this.#update(); // the interrupt line falls before the next byte lets it rise
      this.#nextAnswer();
    }
    return byte;
  }

  #writeData(value: number): void {
    const command = this.#awaiting;
    this.#awaiting = NONE;
    this.#lastWasCommand = false;
    switch (command) {
      case NONE:
        // Sending enables the interface.
        this.#ram[0]! &= ~CCB_DKB;
        this.#options.keyboard.write(value);
        this.#startTransfer();
        break;
      case WRITE_OUTPUT_PORT:
        this.#writeOutputPort(value);
        break;
      case WRITE_KEYBOARD_BUFFER:
        this.#answer(value);
        break;
      case WRITE_AUX_BUFFER:
        this.#answer(value | FROM_AUX);
        break;
      case WRITE_AUX:
        this.#writeAux(value);
        break;
      default: // WRITE_RAM
        this.#ram[command & 0x1f] = value;
        this.#update();
        this.#startTransfer();
    }
  }

  #writeAux(value: number): void {
    this.#ram[0]! &= ~CCB_DMS;
    if (this.#options.mouse) {
      this.#options.mouse.write(value);
      this.#startTransfer();
    } else {
      this.#answer(NO_ANSWER | FROM_AUX | TIMED_OUT);
    }
  }

  #writeCommand(value: number): void {
    this.#lastWasCommand = true;
    this.#awaiting = NONE;
    switch (value) {
      case TEST_PASSWORD:
        this.#answer(NO_PASSWORD);
        return;
      case DISABLE_AUX:
        this.#ram[0]! |= CCB_DMS;
        return;
      case ENABLE_AUX:
        this.#ram[0]! &= ~CCB_DMS;
        this.#startTransfer();
        return;
      case TEST_AUX:
      case TEST_KEYBOARD:
        this.#answer(LINE_TEST_OK);
        return;
      case SELF_TEST:
        this.#ram[0]! |= CCB_SYS;
        this.#answer(SELF_TEST_OK);
        return;
      case DISABLE_KEYBOARD:
        this.#ram[0]! |= CCB_DKB;
        return;
      case ENABLE_KEYBOARD:
        this.#ram[0]! &= ~CCB_DKB;
        this.#startTransfer();
        return;
      case READ_INPUT_PORT:
        this.#answer(P1);
        return;
      case READ_OUTPUT_PORT:
        this.#answer(this.#readOutputPort());
        return;
      case WRITE_OUTPUT_PORT:
      case WRITE_KEYBOARD_BUFFER:
      case WRITE_AUX_BUFFER:
      case WRITE_AUX:
        this.#awaiting = value;
        return;
      case DISABLE_A20:
        this.#writeOutputPort(this.#outputPort & ~P2_A20);
        return;
      case ENABLE_A20:
        this.#writeOutputPort(this.#outputPort | P2_A20);
        return;
      case READ_TEST_INPUTS:
        this.#answer(0);
        return;
    }
    if ((value & 0xe0) === READ_RAM) this.#answer(this.#ram[value & 0x1f]!);
    else if ((value & 0xe0) === WRITE_RAM) this.#awaiting = value;
    else if (value >= PULSE_OUTPUT && !(value & P2_RUN)) this.#pulseReset();
  }

  #readOutputPort(): number {
    let value = this.#outputPort | P2_LINES;
    if (this.#full) value |= this.#buffer & FROM_AUX ? P2_IRQ12 : P2_IRQ1;
    return value;
  }

  #writeOutputPort(value: number): void {
    this.#outputPort = (value & P2_A20) | P2_RUN;
    this.#options.a20.set((value & P2_A20) !== 0);
    if (!(value & P2_RUN)) this.#pulseReset();
  }

  #pulseReset(): void {
    this.#options.reset.set(true);
    this.#options.reset.set(false);
  }

  /** A byte of the controller's own goes before what the devices have to say. */
  #answer(byte: number): void {
    this.#answers.push(byte);
    if (!this.#full) this.#nextAnswer();
  }

  #nextAnswer(): void {
    const answer = this.#answers.shift();
    if (answer === undefined) this.#startTransfer();
    else this.#fill(answer);
  }

  #fill(byte: number): void {
    this.#buffer = byte;
    this.#full = true;
    this.#update();
  }

  #keyboardReady(): boolean {
    return !(this.#ram[0]! & CCB_DKB) && this.#options.keyboard.ready;
  }

  #mouseReady(): boolean {
    return !(this.#ram[0]! & CCB_DMS) && this.#options.mouse !== undefined && this.#options.mouse.ready;
  }

  /** Lets a device send where one can: the buffer is empty, its clock is not held, and it has something. */
  #startTransfer(): void {
    if (this.#full || this.#timer || !(this.#keyboardReady() || this.#mouseReady())) return;
    this.#transferAt = this.#options.clock.now() + BYTE_NANOS;
    this.#timer = this.#options.clock.schedule(this.#transferAt, this.#onTransfer);
  }

  /**
   * A byte that is complete by now is there, though its timer has not fired: who polls looks at a clock as well, and would
   * find that the device never answered if the host was busy with something else in between.
   */
  #catchUp(): void {
    if (this.#timer && this.#options.clock.now() >= this.#transferAt) this.#onTransfer();
  }

  readonly #onTransfer = (): void => {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#transferAt = -1;
    if (this.#full) return; // by an answer of the controller: the device tries again
    if (this.#keyboardReady()) {
      const byte = this.#options.keyboard.read();
      const translated = this.#ram[0]! & CCB_XLATE ? this.#translate(byte) : byte;
      if (translated >= 0) this.#fill(translated);
      else this.#startTransfer();
    } else if (this.#mouseReady()) {
      this.#fill(this.#options.mouse!.read() | FROM_AUX);
    }
  };

  /** Set 2 to set 1: a break prefix is swallowed and marks the next byte. */
  #translate(byte: number): number {
    if (byte === SET2_BREAK) {
      this.#breakCode = true;
      return -1;
    }
    const translated = translateToSet1(byte) | (this.#breakCode ? SET1_BREAK : 0);
    this.#breakCode = false;
    return translated;
  }

  #update(): void {
    const commandByte = this.#ram[0]!;
    const fromAux = (this.#buffer & FROM_AUX) !== 0;
    this.#options.keyboardIrq.set(this.#full && !fromAux && (commandByte & CCB_EKI) !== 0);
    this.#options.mouseIrq.set(this.#full && fromAux && (commandByte & CCB_EMI) !== 0);
  }
}
