// The bus master of one IDE channel: Programming Interface for Bus Master IDE Controller, revision 1.0 (SFF-8038i),
// chapters 1 and 2, and Intel 82371SB datasheet (290550), section 2.7.
//
// Deviation: a region may cross a 64 KiB boundary, and so may the table.

import { hex } from '../../lib/hex.ts';
import { channel } from '../../lib/log.ts';
import { bytewise, type Registers } from '../contract.ts';

const log = channel('ide');

// Registers.
const COMMAND = 0;
const STATUS = 2;
const TABLE = 4;
/** Registers of one channel, in bytes. */
export const BUS_MASTER_PORTS = 8;

const COMMAND_START = 0x01;
/** To memory: the drive is read. */
const COMMAND_WRITE = 0x08;
const STATUS_ACTIVE = 0x01;
const STATUS_ERROR = 0x02;
const STATUS_INTERRUPT = 0x04;
/** "Drive is capable of DMA": software's own bits. */
const STATUS_CAPABLE = 0x60;

/** A physical region descriptor: address, byte count, and the mark of the last one. */
const PRD_BYTES = 8;
const PRD_COUNT_MASK = 0xfffe;
const PRD_MOST = 0x10000;
const PRD_END_OF_TABLE = 0x80;

/** Guest-physical memory. */
export interface DmaMemory {
  read(address: number, into: Uint8Array): void;
  write(address: number, from: Uint8Array): void;
}

export interface BusMasterState {
  command: number;
  status: number;
  table: number;
  next: number;
  address: number;
  left: number;
  last: boolean;
}

export class BusMaster {
  readonly #name: string;
  readonly #memory: DmaMemory;
  readonly #started: () => void;
  readonly #prd = new Uint8Array(PRD_BYTES);
  readonly #prdView = new DataView(this.#prd.buffer);
  #command = 0;
  #status = 0;
  #table = 0;
  /** The walk: the next descriptor, and what is left of the region of the one before. */
  #next = 0;
  #address = 0;
  #left = 0;
  #last = false;

  readonly registers: Registers = bytewise({
    read8: (offset) => this.#read(offset),
    write8: (offset, value) => this.#write(offset, value),
  });

  /** `started`: software set the Start bit; the drive may transfer. */
  constructor(name: string, memory: DmaMemory, started: () => void) {
    this.#name = name;
    this.#memory = memory;
    this.#started = started;
  }

  reset(): void {
    this.#command = 0;
    this.#status = 0;
    this.#table = 0;
    this.#begin();
  }

  /** Software wants a transfer, and the table is not used up. */
  get active(): boolean {
    return (this.#status & STATUS_ACTIVE) !== 0;
  }

  get toMemory(): boolean {
    return (this.#command & COMMAND_WRITE) !== 0;
  }

  /** The drive asserted its interrupt request. */
  interrupt(): void {
    this.#status |= STATUS_INTERRUPT;
  }

  /**
   * Moves bytes between the drive's buffer and the regions, in the direction that the command register says. Returns how
   * many: fewer than `buffer` has if the table ended. With the last byte of the last region, the bus master is no longer
   * active.
   */
  move(buffer: Uint8Array): number {
    let done = 0;
    while (done < buffer.length) {
      if (this.#left === 0 && !this.#nextRegion()) break;
      const count = Math.min(this.#left, buffer.length - done);
      const part = buffer.subarray(done, done + count);
      if (this.toMemory) this.#memory.write(this.#address, part);
      else this.#memory.read(this.#address, part);
      this.#address += count;
      this.#left -= count;
      done += count;
    }
    if (this.#left === 0 && this.#last) this.#status &= ~STATUS_ACTIVE;
    return done;
  }

  save(): BusMasterState {
    return {
      command: this.#command,
      status: this.#status,
      table: this.#table,
      next: this.#next,
      address: this.#address,
      left: this.#left,
      last: this.#last,
    };
  }

  load(state: BusMasterState): void {
    this.#command = state.command;
    this.#status = state.status;
    this.#table = state.table;
    this.#next = state.next;
    this.#address = state.address;
    this.#left = state.left;
    this.#last = state.last;
  }

  #read(offset: number): number {
    if (offset === COMMAND) return this.#command;
    if (offset === STATUS) return this.#status;
    return offset >= TABLE ? (this.#table >>> (8 * (offset - TABLE))) & 255 : 0;
  }

  #write(offset: number, value: number): void {
    if (offset === COMMAND) this.#control(value);
    else if (offset === STATUS) {
      const cleared = value & (STATUS_ERROR | STATUS_INTERRUPT);
      this.#status = (this.#status & ~STATUS_CAPABLE & ~cleared) | (value & STATUS_CAPABLE);
      if (log.enabled && cleared) log.log(`${this.#name}: bus master status cleared, now ${hex(this.#status)}`);
    } else if (offset >= TABLE) {
      const up = 8 * (offset - TABLE);
      this.#table = ((this.#table & ~(255 << up)) | (value << up)) & ~3;
    }
  }

  #control(value: number): void {
    const wasStarted = (this.#command & COMMAND_START) !== 0;
    this.#command = value & (COMMAND_START | COMMAND_WRITE);
    if ((value & COMMAND_START) === 0) {
      if (log.enabled && wasStarted) log.log(`${this.#name}: bus master stopped`);
      this.#status &= ~STATUS_ACTIVE;
    } else if (!wasStarted) {
      this.#begin();
      this.#status |= STATUS_ACTIVE;
      if (log.enabled) {
        log.log(
          `${this.#name}: bus master started, ${this.toMemory ? 'to' : 'from'} memory, table at ${hex(this.#table)}`,
        );
      }
      this.#started();
    }
  }

  #begin(): void {
    this.#next = this.#table >>> 0;
    this.#address = 0;
    this.#left = 0;
    this.#last = false;
  }

  /** Fetches the next descriptor; false if there is none. */
  #nextRegion(): boolean {
    if (this.#last) return false;
    this.#memory.read(this.#next, this.#prd);
    const view = this.#prdView;
    this.#address = (view.getUint32(0, true) & ~1) >>> 0;
    this.#left = view.getUint16(4, true) & PRD_COUNT_MASK || PRD_MOST;
    this.#last = (view.getUint8(7) & PRD_END_OF_TABLE) !== 0;
    if (log.enabled) {
      const end = this.#last ? ', the last' : '';
      log.log(`${this.#name}: PRD at ${hex(this.#next)}: ${this.#left} bytes at ${hex(this.#address)}${end}`);
    }
    this.#next += PRD_BYTES;
    return true;
  }
}
