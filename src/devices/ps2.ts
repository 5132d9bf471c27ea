// The PS/2 interface between a controller and the device at the end of the cable, a byte at a time.
//
// IBM Personal System/2 Hardware Interface Technical Reference (1988), "Keyboard and Auxiliary Device Controller".

/** A keyboard or a mouse, as its controller sees it. */
export interface Ps2Device {
  /** The controller sends a byte: a command or its argument. */
  write(byte: number): void;
  /** The controller takes the next byte of the device; -1 when there is none. */
  read(): number;
  /** Whether `read` would give a byte. */
  readonly ready: boolean;
  /** The controller wants to be told when `ready` may have become true. */
  connect(notify: () => void): void;
}

export const PS2_ACK = 0xfa;
export const PS2_RESEND = 0xfe;
/** Completion of the basic assurance test. */
export const PS2_BAT_OK = 0xaa;

export interface Ps2OutputState {
  sending: number[];
  replies: number[];
  data: number[][];
  last: number;
}

/** What a device has to say: replies to commands, and data in sequences that no reply splits. Replies go first. */
export class Ps2Output {
  /** What is left of the sequence on its way. */
  #sending: number[] = [];
  #replies: number[] = [];
  #data: number[][] = [];
  /** The byte sent last, for the command Resend. */
  #last = PS2_BAT_OK;
  #notify: () => void = () => {};

  connect(notify: () => void): void {
    this.#notify = notify;
  }

  /** Bytes of data that wait. */
  get length(): number {
    return this.#data.reduce((sum, sequence) => sum + sequence.length, this.#sending.length);
  }

  get ready(): boolean {
    return this.#sending.length + this.#replies.length + this.#data.length > 0;
  }

  reply(...bytes: readonly number[]): void {
    this.#replies.push(...bytes);
    this.#notify();
  }

  push(sequence: readonly number[]): void {
    if (sequence.length === 0) return;
    this.#data.push([...sequence]);
    this.#notify();
  }

  /** Forgets data; replies stay. */
  clear(): void {
    this.#sending.length = 0;
    this.#data.length = 0;
  }

  resend(): void {
    this.reply(this.#last);
  }

  read(): number {
    if (this.#sending.length === 0 && this.#replies.length === 0) this.#sending = this.#data.shift() ?? [];
    const byte = this.#sending.shift() ?? this.#replies.shift() ?? -1;
    if (byte >= 0 && byte !== PS2_RESEND) this.#last = byte;
    return byte;
  }

  reset(): void {
    this.clear();
    this.#replies.length = 0;
    this.#last = PS2_BAT_OK;
  }

  save(): Ps2OutputState {
    return {
      sending: [...this.#sending],
      replies: [...this.#replies],
      data: this.#data.map((sequence) => [...sequence]),
      last: this.#last,
    };
  }

  load(state: Ps2OutputState): void {
    this.#sending = [...state.sending];
    this.#replies = [...state.replies];
    this.#data = state.data.map((sequence) => [...sequence]);
    this.#last = state.last;
  }
}
