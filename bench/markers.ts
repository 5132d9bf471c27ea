// Reads what a benchmark guest prints: `bench NAME begin`, `bench NAME end CHECKSUM`, `bench round`, `bench done`.

import type { Translation } from './peers/peer.ts';

/** Processor time and wall time, in seconds since any fixed moment. */
export interface Reading {
  readonly cpu: number;
  readonly wall: number;
  /** Of our own translator, since any fixed moment. */
  readonly translation?: Translation;
}

/** One benchmark of one run. */
export interface Sample {
  readonly name: string;
  /** Eight hexadecimal digits. */
  readonly checksum: string;
  /** Seconds. */
  readonly cpu: number;
  readonly wall: number;
  readonly translation?: Translation;
}

/** The longest line of the protocol is far shorter; what is longer belongs to somebody else. */
const LINE_LIMIT = 512;

/** Takes console output in pieces of any size and reads the meters when a line of the protocol is complete. */
export class Markers {
  readonly samples: Sample[] = [];
  readonly #read: () => Reading;
  #line = '';
  #begun: ({ readonly name: string } & Reading) | undefined;
  readonly #onRound: () => void;
  #done = false;

  /** `read` reads the meters; `onRound` is called when the guest has been through all of its benchmarks once more. */
  constructor(read: () => Reading, onRound: () => void = () => {}) {
    this.#read = read;
    this.#onRound = onRound;
  }

  /** Whether the guest said that it is done. */
  get done(): boolean {
    return this.#done;
  }

  /** The benchmark that has begun and not ended. */
  get current(): string | undefined {
    return this.#begun?.name;
  }

  feed(text: string): void {
    for (const character of text) {
      if (character !== '\n') {
        if (this.#line.length < LINE_LIMIT) this.#line += character;
        continue;
      }
      // A line of the kernel's may stand before ours: the console is shared.
      const found = /bench (?:(done|round)|(\S+) begin|(\S+) end ([0-9a-f]{8})(?: (\d+) (\d+))?)\r?$/.exec(this.#line);
      this.#line = '';
      if (found) this.#marker(found);
    }
  }

  #marker([, word, begin, end, checksum, cpuMicros, wallMicros]: RegExpExecArray): void {
    const now = this.#read();
    if (word === 'round') this.#onRound();
    else if (word) this.#done = true;
    else if (begin) this.#begun = { name: begin, ...now };
    else if (this.#begun?.name === end) {
      // A native program measures itself.
      const cpu = cpuMicros === undefined ? now.cpu - this.#begun!.cpu : Number(cpuMicros) / 1e6;
      const wall = wallMicros === undefined ? now.wall - this.#begun!.wall : Number(wallMicros) / 1e6;
      const translation = between(this.#begun!.translation, now.translation);
      this.samples.push({ name: end!, checksum: checksum!, cpu, wall, ...(translation && { translation }) });
      this.#begun = undefined;
    }
  }
}

function between(from: Translation | undefined, to: Translation | undefined): Translation | undefined {
  if (!from || !to) return undefined;
  return {
    instructions: to.instructions - from.instructions,
    translated: to.translated - from.translated,
    seconds: to.seconds - from.seconds,
  };
}
