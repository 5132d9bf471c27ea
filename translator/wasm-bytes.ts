// Bytes of a WebAssembly binary that is being written (WebAssembly core specification 2.0, chapter 5.2), without an array
// for each instruction.

/** Bytes that grow. */
export class Bytes {
  #bytes = new Uint8Array(1024);
  #length = 0;

  clear(): void {
    this.#length = 0;
  }

  get length(): number {
    return this.#length;
  }

  /** Those that are there, or some of them, as long as nothing more is written. */
  bytes(from = 0, to = this.#length): Uint8Array {
    return this.#bytes.subarray(from, to);
  }

  byte(b: number): void {
    if (this.#length === this.#bytes.length) this.#grow(1);
    this.#bytes[this.#length++] = b;
  }

  put(bytes: ArrayLike<number>): void {
    if (this.#length + bytes.length > this.#bytes.length) this.#grow(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  unsigned(v: number): void {
    let rest = v >>> 0;
    for (; rest > 127; rest >>>= 7) this.byte((rest & 127) | 128);
    this.byte(rest);
  }

  signed(v: number): void {
    let rest = v;
    while (rest < -64 || rest > 63) {
      this.byte((rest & 127) | 128);
      rest >>= 7;
    }
    this.byte(rest & 127);
  }

  double(v: number): void {
    this.byte(0x44);
    const bytes = new Uint8Array(8);
    new DataView(bytes.buffer).setFloat64(0, v, true);
    this.put(bytes);
  }

  /** Length first. */
  sized(inner: Bytes): void {
    const bytes = inner.bytes();
    this.unsigned(bytes.length);
    this.put(bytes);
  }

  section(number: number, bytes: readonly number[]): void {
    this.byte(number);
    this.unsigned(bytes.length);
    this.put(bytes);
  }

  #grow(by: number): void {
    const grown = new Uint8Array(Math.max(2 * this.#bytes.length, this.#length + by));
    grown.set(this.bytes());
    this.#bytes = grown;
  }
}
