// Bytes that a host has sent and a device has not taken: unbounded, in order, cheap for large chunks.

export class ByteQueue {
  #chunks: Uint8Array[] = [];
  /** Bytes of the first chunk that are gone. */
  #head = 0;
  #length = 0;

  /** Bytes that wait. */
  get length(): number {
    return this.#length;
  }

  /** Appends a copy of `bytes`. */
  push(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.#chunks.push(bytes.slice());
    this.#length += bytes.length;
  }

  /** Takes the oldest byte; -1 when there is none. */
  shift(): number {
    const chunk = this.#chunks[0];
    if (!chunk) return -1;
    const byte = chunk[this.#head++]!;
    this.#length--;
    if (this.#head === chunk.length) {
      this.#chunks.shift();
      this.#head = 0;
    }
    return byte;
  }

  /** All bytes that wait, oldest first. */
  toArray(): number[] {
    return this.#chunks.flatMap((chunk, k) => [...(k === 0 ? chunk.subarray(this.#head) : chunk)]);
  }

  /** Replaces the contents. */
  load(bytes: readonly number[]): void {
    this.#chunks = [];
    this.#head = 0;
    this.#length = 0;
    this.push(Uint8Array.from(bytes));
  }
}
