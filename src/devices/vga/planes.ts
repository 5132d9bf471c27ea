// The processor's way to the four planes of a VGA: write modes, read modes, latches.
//
// IBM Personal System/2 Hardware Interface Technical Reference (1988), "Video Subsystem": graphics controller; FreeVGA,
// "Accessing the VGA Display Memory".
//
// The four planes lie interleaved: byte `offset` of plane p is display memory byte 4 * offset + p, so that the bytes that
// the latches hold are one word, and 256-colour pixels with chain 4 are in order. Odd/even addressing keeps its bytes at
// half the address in planes 0 and 1.
//
// Deviation: because of that layout, bytes written with chain 4 or odd/even addressing and looked at without lie at a
// fourth or a half of the address that they have in IBM's memory.

import type { Registers } from '../contract.ts';
import {
  BIT_MASK,
  COLOUR_COMPARE,
  COLOUR_DONT_CARE,
  DATA_ROTATE,
  ENABLE_SET_RESET,
  GRAPHICS_MODE,
  MAP_MASK,
  MEMORY_CHAIN_4,
  MEMORY_MODE,
  MEMORY_SEQUENTIAL,
  MISCELLANEOUS,
  MISCELLANEOUS_CHAIN_ODD_EVEN,
  MODE_ODD_EVEN,
  MODE_READ_COMPARE,
  READ_MAP,
  SET_RESET,
} from './names.ts';
import type { VgaRegisters } from './registers.ts';

/** Bytes of a plane. */
export const PLANE_BYTES = 0x10000;
const OFFSET_BITS = PLANE_BYTES - 1;

/** A byte of ones for each of four bits. */
const PLANE_BITS = Int32Array.from({ length: 16 }, (_, bits) => {
  let mask = 0;
  for (let plane = 0; plane < 4; plane++) if (bits & (1 << plane)) mask |= 0xff << (8 * plane);
  return mask;
});

export class Planes implements Registers {
  /** Plane bytes that were read last, plane 0 in the low byte. */
  latches = 0;
  /** Added to offsets in a plane: the bank of 800x600 in 16 colours. */
  bank = 0;
  readonly #registers: VgaRegisters;
  readonly #words: Int32Array;
  readonly #bytes: Uint8Array;
  readonly #written: (byte: number) => void;

  /** `memory`: planes, interleaved. `written` is told the display memory byte of each word that changes. */
  constructor(registers: VgaRegisters, memory: Uint8Array, written: (byte: number) => void) {
    this.#registers = registers;
    this.#bytes = memory;
    this.#words = new Int32Array(memory.buffer, memory.byteOffset, memory.length >> 2);
    this.#written = written;
  }

  read(offset: number, size: 8 | 16 | 32): number {
    let value = this.#read8(offset);
    for (let k = 8; k < size; k += 8) value |= this.#read8(offset + (k >> 3)) << k;
    return value;
  }

  write(offset: number, size: 8 | 16 | 32, value: number): void {
    for (let k = 0; k < size; k += 8) this.#write8(offset + (k >> 3), (value >>> k) & 0xff);
  }

  #word(offset: number): number {
    return (offset & OFFSET_BITS) + this.bank;
  }

  #read8(address: number): number {
    const { graphics, sequencer } = this.#registers.state;
    const mode = graphics[GRAPHICS_MODE] as number;
    let plane = graphics[READ_MAP] as number;
    let offset = address;
    if (((sequencer[MEMORY_MODE] as number) & MEMORY_CHAIN_4) !== 0) {
      plane = address & 3;
      offset = address >> 2;
    } else {
      if ((mode & MODE_ODD_EVEN) !== 0) plane = (plane & 2) | (address & 1);
      if (((graphics[MISCELLANEOUS] as number) & MISCELLANEOUS_CHAIN_ODD_EVEN) !== 0) offset = address >> 1;
    }
    const word = this.#word(offset);
    this.latches = this.#words[word] as number;
    if ((mode & MODE_READ_COMPARE) === 0) return this.#bytes[4 * word + plane] as number;
    // Ones where all planes that matter have the colour.
    const care = PLANE_BITS[graphics[COLOUR_DONT_CARE] as number] as number;
    let differs = (this.latches ^ (PLANE_BITS[graphics[COLOUR_COMPARE] as number] as number)) & care;
    differs |= differs >>> 16;
    return ~(differs | (differs >>> 8)) & 0xff;
  }

  #write8(address: number, value: number): void {
    const { graphics, sequencer } = this.#registers.state;
    const memoryMode = sequencer[MEMORY_MODE] as number;
    let planes = sequencer[MAP_MASK] as number;
    let offset = address;
    if ((memoryMode & MEMORY_CHAIN_4) !== 0) {
      planes &= 1 << (address & 3);
      offset = address >> 2;
    } else {
      if ((memoryMode & MEMORY_SEQUENTIAL) === 0) planes &= address & 1 ? 0b1010 : 0b0101;
      if (((graphics[MISCELLANEOUS] as number) & MISCELLANEOUS_CHAIN_ODD_EVEN) !== 0) offset = address >> 1;
    }
    if (planes === 0) return;
    const word = this.#word(offset);
    const mask = PLANE_BITS[planes] as number;
    const old = this.#words[word] as number;
    this.#words[word] = (old & ~mask) | (this.#data(graphics, value) & mask);
    this.#written(4 * word);
  }

  /** What the graphics controller makes of a byte for the four planes. */
  #data(graphics: Uint8Array, value: number): number {
    let bitMask = graphics[BIT_MASK] as number;
    const rotate = (graphics[DATA_ROTATE] as number) & 7;
    let data: number;
    switch ((graphics[GRAPHICS_MODE] as number) & 3) {
      case 0: {
        data = Math.imul(((value >> rotate) | (value << (8 - rotate))) & 0xff, 0x01010101);
        const enabled = PLANE_BITS[graphics[ENABLE_SET_RESET] as number] as number;
        data = (data & ~enabled) | ((PLANE_BITS[graphics[SET_RESET] as number] as number) & enabled);
        break;
      }
      case 1:
        return this.latches;
      case 2:
        data = PLANE_BITS[value & 15] as number;
        break;
      default:
        bitMask &= (value >> rotate) | (value << (8 - rotate));
        data = PLANE_BITS[graphics[SET_RESET] as number] as number;
    }
    switch ((graphics[DATA_ROTATE] as number) >> 3) {
      case 1:
        data &= this.latches;
        break;
      case 2:
        data |= this.latches;
        break;
      case 3:
        data ^= this.latches;
        break;
    }
    const bits = Math.imul(bitMask, 0x01010101);
    return (data & bits) | (this.latches & ~bits);
  }
}
