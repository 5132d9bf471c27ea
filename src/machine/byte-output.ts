// Bytes on their way out of the machine: collected one by one while the guest runs, handed over in chunks once a turn
// of the host's event loop. Nothing is lost: when nobody fetches what is there, the machine pauses.

/** Bytes that wait in the stream before the machine pauses. */
const HIGH_WATER_BYTES = 256 * 1024;

export class ByteOutput {
  readonly #onChunk: (chunk: Uint8Array) => void;
  #pending = new Uint8Array(4096);
  #length = 0;
  #readable: ReadableStream<Uint8Array> | undefined;
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  #closed = false;
  #room: (() => void) | undefined;

  /** `onChunk` gets each chunk before the stream does. */
  constructor(onChunk: (chunk: Uint8Array) => void = () => {}) {
    this.#onChunk = onChunk;
  }

  /** Takes a byte, 0 to 255. */
  write(byte: number): void {
    if (this.#length === this.#pending.length) this.#grow();
    this.#pending[this.#length++] = byte;
  }

  /** Bytes since the last `deliver`: a view, valid until the next `write`. */
  pending(): Uint8Array {
    return this.#pending.subarray(0, this.#length);
  }

  /**
   * The bytes as a stream, from the time of the first use of this property on; it closes when the machine stops. Whoever
   * takes it has to read it (or cancel it): the machine pauses while 256 KiB wait.
   */
  get readable(): ReadableStream<Uint8Array> {
    this.#readable ??= new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          if (this.#closed) controller.close();
          else this.#controller = controller;
        },
        pull: () => this.#release(),
        cancel: () => {
          this.#controller = undefined;
          this.#release();
        },
      },
      { highWaterMark: HIGH_WATER_BYTES, size: (chunk) => chunk.byteLength },
    );
    return this.#readable;
  }

  /** Hands over what was collected. */
  deliver(): void {
    if (this.#length === 0) return;
    const chunk = this.#pending.slice(0, this.#length);
    this.#length = 0;
    this.#onChunk(chunk);
    this.#controller?.enqueue(chunk);
  }

  /** Whether the stream holds more than it should. */
  get congested(): boolean {
    return this.#controller !== undefined && (this.#controller.desiredSize ?? 1) <= 0;
  }

  /** Resolves when the stream takes more. */
  room(): Promise<void> {
    return new Promise((resolve) => {
      if (this.congested) this.#room = resolve;
      else resolve();
    });
  }

  /** Delivers the rest and ends the stream. */
  close(): void {
    if (this.#closed) return;
    this.deliver();
    this.#closed = true;
    this.#controller?.close();
    this.#controller = undefined;
    this.#release();
  }

  #release(): void {
    this.#room?.();
    this.#room = undefined;
  }

  #grow(): void {
    const larger = new Uint8Array(this.#pending.length * 2);
    larger.set(this.#pending);
    this.#pending = larger;
  }
}
