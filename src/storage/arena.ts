// Where an overlay keeps its sectors: a growing run of bytes, the first part in memory, the rest in a spill file that
// is made when it is needed.

import type { ByteFile } from './byte-file.ts';
import { StorageError } from './contract.ts';

/** Bytes of one piece of memory: small enough to be asked for as the guest writes, large enough to be few. */
const CHUNK = 1 << 20;

/** Makes the file for what does not fit into memory. Rejects with a {@link StorageError}. */
export type MakeSpill = () => Promise<ByteFile>;

/** Bytes by position; space is given out from the start and never taken back. */
export class Arena {
  readonly #name: string;
  /** Bytes kept in memory, a multiple of {@link CHUNK}. */
  readonly #memory: number;
  readonly #makeSpill: MakeSpill | undefined;
  readonly #chunks: Uint8Array[] = [];
  #spill: Promise<ByteFile> | undefined;
  #used = 0;

  constructor(name: string, memoryBytes: number, makeSpill: MakeSpill | undefined) {
    this.#name = name;
    this.#memory = Math.ceil(memoryBytes / CHUNK) * CHUNK;
    this.#makeSpill = makeSpill;
  }

  /** Bytes given out. */
  get used(): number {
    return this.#used;
  }

  /** Gives out `bytes` (which divide {@link CHUNK}). Throws a {@link StorageError} when there is no spill file. */
  allocate(bytes: number): number {
    if (this.#used + bytes > this.#memory && !this.#makeSpill) {
      const text = `${this.#name}: the snapshot is full (${this.#memory} bytes); write less or give it more memory`;
      throw new StorageError('no-space', text);
    }
    const at = this.#used;
    this.#used += bytes;
    if (at < this.#memory && at % CHUNK === 0) this.#chunks.push(new Uint8Array(CHUNK));
    return at;
  }

  /** Undefined when all of it was in memory, and is done. */
  read(at: number, into: Uint8Array): Promise<void> | undefined {
    const inMemory = Math.max(0, Math.min(this.#memory - at, into.length));
    for (let done = 0; done < inMemory; ) {
      const chunk = this.#chunks[Math.floor((at + done) / CHUNK)] as Uint8Array;
      const from = (at + done) % CHUNK;
      const count = Math.min(CHUNK - from, inMemory - done);
      into.set(chunk.subarray(from, from + count), done);
      done += count;
    }
    if (inMemory === into.length) return undefined;
    return this.#spilled().then((file) => file.read(at + inMemory - this.#memory, into.subarray(inMemory)));
  }

  /** Undefined when all of it went to memory, and is done. */
  write(at: number, from: Uint8Array): Promise<void> | undefined {
    const inMemory = Math.max(0, Math.min(this.#memory - at, from.length));
    for (let done = 0; done < inMemory; ) {
      const chunk = this.#chunks[Math.floor((at + done) / CHUNK)] as Uint8Array;
      const to = (at + done) % CHUNK;
      const count = Math.min(CHUNK - to, inMemory - done);
      chunk.set(from.subarray(done, done + count), to);
      done += count;
    }
    if (inMemory === from.length) return undefined;
    return this.#spilled().then((file) => file.write(at + inMemory - this.#memory, from.subarray(inMemory)));
  }

  /** Gives memory and the spill file back. */
  async close(): Promise<void> {
    this.#chunks.length = 0;
    const spill = this.#spill;
    this.#spill = undefined;
    if (spill) await (await spill).close();
  }

  #spilled(): Promise<ByteFile> {
    if (!this.#spill) {
      this.#spill = (this.#makeSpill as MakeSpill)();
      // A file that cannot be made is asked for again by the next request: the user may have made room.
      this.#spill.catch(() => (this.#spill = undefined));
    }
    return this.#spill;
  }
}
