// The data register of a channel, and the buffer behind it: what a command moves between the host computer and the guest,
// by PIO or by DMA.
//
// The data are the first bytes of the buffer. PIO goes through them in DRQ blocks (ATA/ATAPI-6, T13/1410D, chapter 9): the
// data register has a place in the block. DMA takes the buffer as it is.

import { SECTOR } from '../../storage/contract.ts';

export interface DataPortState {
  /** The data. */
  buffer: Uint8Array;
  at: number;
  end: number;
}

/** What the guest may do with the register while the drive asserts DRQ: nothing, read it or write it. */
export type Way = 'closed' | 'in' | 'out';

/** Who is told that the guest has moved a whole block. */
export interface BlockListener {
  blockRead(): void;
  blockWritten(): void;
}

export class DataPort {
  readonly #listener: BlockListener;
  /** The way, as booleans: they are looked at with every access. */
  #readable = false;
  #writable = false;
  #bytes = new Uint8Array(SECTOR);
  /** The data register's place in the buffer, the end of the DRQ block, and of the data. */
  #at = 0;
  #end = 0;
  #filled = 0;

  constructor(listener: BlockListener) {
    this.#listener = listener;
  }

  /** What the guest may do with the register from now on. */
  set way(way: Way) {
    this.#readable = way === 'in';
    this.#writable = way === 'out';
  }

  /** The data: a view, that is good until the next command. */
  get data(): Uint8Array {
    return this.#bytes.subarray(0, this.#filled);
  }

  /** Bytes of the data behind the block. */
  get left(): number {
    return this.#filled - this.#end;
  }

  /** The buffer's first `bytes`. What was in the buffer may be lost. */
  room(bytes: number): Uint8Array {
    if (this.#bytes.length < bytes + 4) this.#bytes = new Uint8Array(2 ** Math.ceil(Math.log2(bytes + 4)));
    return this.#bytes.subarray(0, bytes);
  }

  /** Makes the first `bytes` the data, none of which are in a block so far. There must be room for them. */
  begin(bytes: number): void {
    this.#filled = bytes;
    this.#end = 0;
  }

  /** Copies data into the buffer. */
  fill(data: Uint8Array): void {
    this.room(data.length).set(data);
    this.begin(data.length);
  }

  /** Goes to the next block, of so many bytes or what is left. */
  nextBlock(bytes: number): void {
    this.#at = this.#end;
    this.#end = Math.min(this.#filled, this.#at + bytes);
  }

  /** The guest reads the register, `size` bits: the next bytes of the block, or ones. */
  read(size: 8 | 16 | 32): number {
    if (!this.#readable) return size === 32 ? -1 : size === 16 ? 0xffff : 0xff;
    const bytes = this.#bytes;
    const at = this.#at;
    const next = at + (size >> 3);
    this.#at = next;
    // The buffer has room behind its last block for an access that is too wide.
    let value = bytes[at] as number;
    if (size !== 8) value |= (bytes[at + 1] as number) << 8;
    if (size === 32) value |= ((bytes[at + 2] as number) << 16) | ((bytes[at + 3] as number) << 24);
    if (next >= this.#end) this.#listener.blockRead();
    return value;
  }

  /** The guest writes the register, `size` bits: the next bytes of the block, or nothing. */
  write(size: 8 | 16 | 32, value: number): void {
    if (!this.#writable) return;
    const bytes = this.#bytes;
    const at = this.#at;
    this.#at = at + (size >> 3);
    bytes[at] = value;
    if (size !== 8) bytes[at + 1] = value >>> 8;
    if (size === 32) {
      bytes[at + 2] = value >>> 16;
      bytes[at + 3] = value >>> 24;
    }
    if (this.#at >= this.#end) this.#listener.blockWritten();
  }

  /** Forgets the data. With `lent`, the host still works with the bytes: they are left to it. */
  clear(lent: boolean): void {
    if (lent) this.#bytes = new Uint8Array(SECTOR);
    this.#at = 0;
    this.#end = 0;
    this.#filled = 0;
  }

  save(): DataPortState {
    return { buffer: this.#bytes.slice(0, this.#filled), at: this.#at, end: this.#end };
  }

  load({ buffer, at, end }: DataPortState): void {
    this.fill(buffer);
    this.#at = at;
    this.#end = end;
  }
}
