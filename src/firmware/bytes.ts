// Little-endian access to bytes that came from outside: every read is checked and names its file when it fails.
// And the reverse: a growing table for what firmware hands to a guest.

import { UserError } from '../lib/errors.ts';

/** Reads a file. Every method throws a UserError when it would leave the file. */
export class Reader {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly #view: DataView;

  constructor(bytes: Uint8Array, name: string) {
    this.name = name;
    this.bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get length(): number {
    return this.bytes.length;
  }

  u8(at: number): number {
    this.#check(at, 1);
    return this.#view.getUint8(at);
  }

  u16(at: number): number {
    this.#check(at, 2);
    return this.#view.getUint16(at, true);
  }

  u32(at: number): number {
    this.#check(at, 4);
    return this.#view.getUint32(at, true);
  }

  /** A 64-bit field as a double: exact below 2^53, and above it only ever compared. */
  u64(at: number): number {
    return this.u32(at) + this.u32(at + 4) * 2 ** 32;
  }

  /** The bytes themselves, not a copy. */
  slice(at: number, length: number): Uint8Array {
    this.#check(at, length);
    return this.bytes.subarray(at, at + length);
  }

  /** A NUL-terminated ASCII string of at most `max` bytes; what is not printable becomes `?`. */
  text(at: number, max: number): string {
    let text = '';
    for (let k = at; k < at + max && k < this.length; k++) {
      const code = this.bytes[k] as number;
      if (code === 0) break;
      text += code >= 32 && code < 127 ? String.fromCharCode(code) : '?';
    }
    return text;
  }

  #check(at: number, length: number): void {
    if (at < 0 || length < 0 || at + length > this.length) {
      throw new UserError(
        `${this.name}: truncated: ${length} bytes at offset ${at} are needed, the file has ${this.length}; fetch it again`,
      );
    }
  }
}

/** A table that grows as it is written, little-endian. */
export class Builder {
  readonly #bytes: number[] = [];

  get length(): number {
    return this.#bytes.length;
  }

  u8(...values: number[]): this {
    for (const value of values) this.#bytes.push(value & 255);
    return this;
  }

  u16(...values: number[]): this {
    for (const value of values) this.u8(value, value >>> 8);
    return this;
  }

  u32(...values: number[]): this {
    for (const value of values) this.u16(value, value >>> 16);
    return this;
  }

  /** Up to 2^53. */
  u64(value: number): this {
    return this.u32(value % 2 ** 32, Math.floor(value / 2 ** 32));
  }

  /** ASCII, padded with `fill` to `length` bytes; without a length, as long as it is. */
  text(text: string, length = text.length, fill = 0): this {
    for (let k = 0; k < length; k++) this.u8(k < text.length ? text.charCodeAt(k) : fill);
    return this;
  }

  bytes(bytes: Iterable<number>): this {
    for (const value of bytes) this.#bytes.push(value);
    return this;
  }

  /** Zeros up to `length` bytes in all. */
  padTo(length: number): this {
    while (this.#bytes.length < length) this.#bytes.push(0);
    return this;
  }

  alignTo(alignment: number): this {
    return this.padTo(Math.ceil(this.#bytes.length / alignment) * alignment);
  }

  /** Overwrites bytes that are there already. */
  patch8(at: number, value: number): this {
    this.#bytes[at] = value & 255;
    return this;
  }

  patch32(at: number, value: number): this {
    for (let k = 0; k < 4; k++) this.patch8(at + k, value >>> (8 * k));
    return this;
  }

  finish(): Uint8Array {
    return Uint8Array.from(this.#bytes);
  }
}

/** The byte that makes the sum of `bytes` zero modulo 256: ACPI, MP and BIOS tables. */
export function checksum(bytes: Uint8Array): number {
  let sum = 0;
  for (const value of bytes) sum += value;
  return -sum & 255;
}

/** UTF-8 with a terminating NUL. */
export function cString(text: string): Uint8Array {
  return new TextEncoder().encode(`${text}\0`);
}

export function alignUp(value: number, alignment: number): number {
  return Math.ceil(value / alignment) * alignment;
}

export function alignDown(value: number, alignment: number): number {
  return Math.floor(value / alignment) * alignment;
}

/** Bytes for people: the largest unit that leaves no fraction below 1. */
export function formatBytes(bytes: number): string {
  if (bytes >= 2 ** 20) return `${Math.ceil((bytes / 2 ** 20) * 10) / 10} MiB`;
  if (bytes >= 2 ** 10) return `${Math.ceil((bytes / 2 ** 10) * 10) / 10} KiB`;
  return `${bytes} bytes`;
}
