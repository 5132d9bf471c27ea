// The bytes of a sector, or of a track's address fields, on their way between disk and memory: by DMA all at once, or
// one by one through the FIFO register.
//
// Intel 82077AA data sheet (290166), chapter 4, "Execution Phase".
//
// Deviations: the FIFO threshold has no effect.

import type { DmaResult } from '../dma8237.ts';

/** The DMA channel that the controller uses. */
export interface FloppyDma {
  /** DRQ. */
  request(level: boolean): void;
  /** Memory to controller. */
  read(into: Uint8Array): DmaResult;
  /** Controller to memory. */
  write(from: Uint8Array): DmaResult;
}

export interface DataBufferState {
  /** Bytes that go through the FIFO, and how many have. */
  buffer: Uint8Array;
  done: number;
}

export class DataBuffer {
  readonly #dma: FloppyDma;
  #bytes: Uint8Array = new Uint8Array(0);
  #done = 0;

  constructor(dma: FloppyDma) {
    this.#dma = dma;
  }

  /** Empties it, and takes a DMA request back. */
  reset(): void {
    this.#bytes = new Uint8Array(0);
    this.#done = 0;
    this.#dma.request(false);
  }

  save(): DataBufferState {
    return { buffer: this.#bytes.slice(), done: this.#done };
  }

  load({ buffer, done }: DataBufferState): void {
    this.#bytes = buffer.slice();
    this.#done = done;
  }

  get bytes(): Uint8Array {
    return this.#bytes;
  }

  /** Holds these bytes from now on, for the processor or from it; none has moved. The buffer is theirs. */
  hold(bytes: Uint8Array): void {
    this.#bytes = bytes;
    this.#done = 0;
  }

  /** Moves all bytes by DMA: into the buffer with `toDisk`, else out of it. */
  moveByDma(toDisk: boolean): DmaResult {
    this.#dma.request(true);
    const result = toDisk ? this.#dma.read(this.#bytes) : this.#dma.write(this.#bytes);
    this.#dma.request(false);
    return result;
  }

  /** The processor reads the next byte. Only while not all have moved. */
  read(): number {
    return this.#bytes[this.#done++] as number;
  }

  /** The processor writes the next byte. Only while not all have moved. */
  write(byte: number): void {
    this.#bytes[this.#done++] = byte;
  }

  /** Whether all bytes have moved. */
  get moved(): boolean {
    return this.#done === this.#bytes.length;
  }
}
