// Two Intel 8237A DMA controllers with page registers, as in the PC/AT: channels 0 to 3 move bytes, channels 5 to 7
// words; channel 4 cascades the first controller.
//
// Intel 8237A data sheet (order 231466), "Register Description" and "Software Commands"; IBM PC/AT Technical Reference
// (1986), "DMA Page Registers" and the address shift of the 16-bit channels.
//
// Deviations: a device moves as many bytes at a time as it has: single, demand and block mode do not differ, and the
// priority of channels does not matter; no memory-to-memory transfer; software requests are stored and move nothing.

import { bytewise, type Device, type Registers } from './contract.ts';

// Registers behind the eight of addresses and counts.
const STATUS_COMMAND = 8;
const REQUEST = 9;
const SINGLE_MASK = 10;
const MODE = 11;
const CLEAR_FLIP_FLOP = 12;
const TEMPORARY_MASTER_CLEAR = 13;
const CLEAR_MASK = 14;
const ALL_MASK = 15;

const COMMAND_DISABLE = 0x04;
const MASK_SET = 0x04; // in the single mask and request registers
const MODE_TRANSFER = 0x0c;
const MODE_VERIFY = 0x00;
const MODE_WRITE = 0x04; // device to memory
const MODE_READ = 0x08; // memory to device
const MODE_AUTOINITIALIZE = 0x10;
const MODE_DECREMENT = 0x20;
const MODE_CASCADE = 0xc0;

/** Page register (offset from port 81h) of each channel. */
const PAGE_OF_CHANNEL = [6, 2, 0, 1, 14, 10, 8, 9] as const;
const CASCADE_CHANNEL = 4;

/** What DMA needs of memory: guest-physical addresses below 16 MiB. */
export interface DmaMemory {
  read(address: number, into: Uint8Array): void;
  write(address: number, from: Uint8Array): void;
}

interface ChannelState {
  baseAddress: number;
  baseCount: number;
  address: number;
  count: number;
  mode: number;
}

interface ControllerState {
  command: number;
  /** Bits 3 to 0: a channel that is masked. */
  mask: number;
  /** Bits 3 to 0: terminal count reached since the last read of the status. */
  terminalCount: number;
  /** Bits 3 to 0: requests from devices; bits 7 to 4: from software. */
  requests: number;
  /** The next byte of an address or count is the high one. */
  flipFlop: boolean;
  channels: ChannelState[];
}

export interface DmaState {
  controllers: ControllerState[];
  pages: number[];
}

/** What a transfer came to. */
export interface DmaResult {
  /** Bytes moved, from the start of what was given. */
  readonly bytes: number;
  /** The channel's count ran out: TC was signalled to the device. */
  readonly terminalCount: boolean;
}

const powerOn = (): ControllerState => ({
  command: 0,
  mask: 0x0f,
  terminalCount: 0,
  requests: 0,
  flipFlop: false,
  channels: Array.from({ length: 4 }, () => ({ baseAddress: 0, baseCount: 0, address: 0, count: 0, mode: 0 })),
});

/** The registers of one 8237A. */
class Controller {
  state = powerOn();

  read8(offset: number): number {
    const s = this.state;
    switch (offset) {
      case STATUS_COMMAND: {
        const status = s.terminalCount | ((s.requests & 15) << 4);
        s.terminalCount = 0;
        return status;
      }
      case TEMPORARY_MASTER_CLEAR:
        return 0; // written by memory-to-memory transfers only
      case ALL_MASK:
        return s.mask; // write-only in the 8237A, readable in the chip sets that followed
      default:
        return offset < 8 ? this.#readWord(offset) : 0xff;
    }
  }

  write8(offset: number, value: number): void {
    const s = this.state;
    const bit = 1 << (value & 3);
    switch (offset) {
      case STATUS_COMMAND:
        s.command = value;
        break;
      case REQUEST:
        if (value & MASK_SET) s.requests |= bit << 4;
        else s.requests &= ~(bit << 4);
        break;
      case SINGLE_MASK:
        if (value & MASK_SET) s.mask |= bit;
        else s.mask &= ~bit;
        break;
      case MODE:
        s.channels[value & 3]!.mode = value & 0xfc;
        break;
      case CLEAR_FLIP_FLOP:
        s.flipFlop = false;
        break;
      case TEMPORARY_MASTER_CLEAR:
        this.#masterClear();
        break;
      case CLEAR_MASK:
        s.mask = 0;
        break;
      case ALL_MASK:
        s.mask = value & 0x0f;
        break;
      default:
        if (offset < 8) this.#writeWord(offset, value);
    }
  }

  #masterClear(): void {
    const s = this.state;
    s.command = 0;
    s.terminalCount = 0;
    s.requests &= 0x0f;
    s.flipFlop = false;
    s.mask = 0x0f;
  }

  #readWord(offset: number): number {
    const channel = this.state.channels[offset >> 1]!;
    const word = offset & 1 ? channel.count : channel.address;
    return this.#flip() ? word >> 8 : word & 0xff;
  }

  /** Base and current register take the byte together. */
  #writeWord(offset: number, value: number): void {
    const channel = this.state.channels[offset >> 1]!;
    const high = this.#flip();
    const merge = (word: number) => (high ? (word & 0x00ff) | (value << 8) : (word & 0xff00) | value);
    if (offset & 1) channel.count = channel.baseCount = merge(channel.baseCount);
    else channel.address = channel.baseAddress = merge(channel.baseAddress);
  }

  #flip(): boolean {
    const { flipFlop } = this.state;
    this.state.flipFlop = !flipFlop;
    return flipFlop;
  }
}

export interface Dma8237Options {
  readonly memory: DmaMemory;
}

export class Dma8237 implements Device<DmaState> {
  /** Channels 0 to 3: I/O ports 00h to 0Fh. */
  readonly primary: Registers;
  /** Channels 4 to 7: I/O ports C0h to DFh, a register every two ports. */
  readonly secondary: Registers;
  /** Page registers: I/O ports 81h to 8Fh. Those that no channel uses are plain latches. */
  readonly pages: Registers;
  readonly #memory: DmaMemory;
  readonly #controllers = [new Controller(), new Controller()] as const;
  readonly #pages = new Uint8Array(15);

  constructor({ memory }: Dma8237Options) {
    const [first, second] = this.#controllers;
    this.#memory = memory;
    this.primary = bytewise(first);
    this.secondary = bytewise({
      read8: (offset) => (offset & 1 ? 0xff : second.read8(offset >> 1)),
      write8: (offset, value) => {
        if (!(offset & 1)) second.write8(offset >> 1, value);
      },
    });
    this.pages = bytewise({
      read8: (offset) => this.#pages[offset] ?? 0xff,
      write8: (offset, value) => {
        if (offset < this.#pages.length) this.#pages[offset] = value;
      },
    });
  }

  /**
   * DREQ of `channel`, 0 to 7, as the status register shows it. A device holds it while it has something to move, and
   * calls `read` or `write` when it does.
   */
  request(channel: number, level: boolean): void {
    const { state } = this.#controllers[channel < 4 ? 0 : 1];
    if (level) state.requests |= 1 << (channel & 3);
    else state.requests &= ~(1 << (channel & 3));
  }

  /** Whether the channel would move data: programmed, unmasked, its controllers enabled. */
  enabled(channel: number): boolean {
    const [first, second] = this.#controllers;
    const { state } = channel < 4 ? first : second;
    if (channel === CASCADE_CHANNEL || state.command & COMMAND_DISABLE || state.mask & (1 << (channel & 3))) {
      return false;
    }
    // The first controller's request goes through channel 4 of the second.
    return channel >= 4 || !(second.state.command & COMMAND_DISABLE || second.state.mask & 1);
  }

  /** Device to memory: moves bytes into memory until they or the channel's count run out. */
  write(channel: number, bytes: Uint8Array): DmaResult {
    return this.#transfer(channel, MODE_WRITE, bytes);
  }

  /** Memory to device: fills `bytes` from memory until they are full or the channel's count runs out. */
  read(channel: number, bytes: Uint8Array): DmaResult {
    return this.#transfer(channel, MODE_READ, bytes);
  }

  /** What firmware does first: channel 4 cascades and is not masked. Without it, channels 0 to 3 stand still. */
  enableCascade(): void {
    this.secondary.write(2 * MODE, 8, MODE_CASCADE);
    this.secondary.write(2 * SINGLE_MASK, 8, 0);
  }

  reset(): void {
    for (const controller of this.#controllers) controller.state = powerOn();
    this.#pages.fill(0);
  }

  save(): DmaState {
    return structuredClone({ controllers: this.#controllers.map(({ state }) => state), pages: [...this.#pages] });
  }

  load(state: DmaState): void {
    const { controllers, pages } = structuredClone(state);
    this.#controllers.forEach((controller, k) => {
      controller.state = { ...powerOn(), ...controllers[k] };
    });
    this.#pages.set(pages);
  }

  #transfer(index: number, direction: number, bytes: Uint8Array): DmaResult {
    if (!this.enabled(index)) return { bytes: 0, terminalCount: false };
    const { state } = this.#controllers[index < 4 ? 0 : 1];
    const channel = state.channels[index & 3]!;
    const width = index < 4 ? 1 : 2;
    const units = Math.min(Math.floor(bytes.length / width), channel.count + 1);
    const transfer = channel.mode & MODE_TRANSFER;
    // A verify transfer, or one in the other direction, counts and moves nothing.
    if (transfer === direction && transfer !== MODE_VERIFY) this.#move(index, direction, bytes, units);
    const step = channel.mode & MODE_DECREMENT ? -1 : 1;
    channel.address = (channel.address + step * units) & 0xffff;
    channel.count = (channel.count - units) & 0xffff;
    const terminalCount = units > 0 && channel.count === 0xffff;
    if (terminalCount) {
      const bit = 1 << (index & 3);
      state.terminalCount |= bit;
      state.requests &= ~(bit << 4);
      if (channel.mode & MODE_AUTOINITIALIZE) {
        channel.address = channel.baseAddress;
        channel.count = channel.baseCount;
      } else {
        state.mask |= bit;
      }
    }
    return { bytes: units * width, terminalCount };
  }

  /** Moves in pieces that do not wrap: the page register does not count. */
  #move(index: number, direction: number, bytes: Uint8Array, units: number): void {
    const { address, mode } = this.#controllers[index < 4 ? 0 : 1].state.channels[index & 3]!;
    const page = this.#pages[PAGE_OF_CHANNEL[index]!]!;
    const width = index < 4 ? 1 : 2;
    const physical = (unit: number) => (width === 1 ? (page << 16) | unit : ((page & 0xfe) << 16) | (unit << 1));
    const decrement = (mode & MODE_DECREMENT) !== 0;
    for (let done = 0; done < units; ) {
      const unit = (decrement ? address - done : address + done) & 0xffff;
      const piece = decrement ? 1 : Math.min(units - done, 0x10000 - unit);
      const part = bytes.subarray(done * width, (done + piece) * width);
      if (direction === MODE_WRITE) this.#memory.write(physical(unit), part);
      else this.#memory.read(physical(unit), part);
      done += piece;
    }
  }
}
