// What devices, the built-in BIOS and the host ask of the processor while instructions run, and what is done about it
// between two of them: reset, a call of firmware, NMI, an interrupt that can be taken.

import { CS } from '../isa/insn.ts';
import { deliverInterrupt } from '../isa/semantics/exception.ts';
import type { Cpu } from '../isa/state.ts';
import { hex } from '../lib/hex.ts';
import { channel } from '../lib/log.ts';

const log = channel('irq');

const NMI_VECTOR = 2;

// Bits of the register file's word `attention`, which makes the engine return.
/** The processor's own (halted, shut down), or the end of the run. */
export const ATTENTION_CPU = 1;
export const ATTENTION_TIMER = 2;
export const ATTENTION_NMI = 4;
export const ATTENTION_RESET = 8;
export const ATTENTION_FIRMWARE = 16;
export const ATTENTION_HOST = 32;

export interface AttentionOptions {
  readonly cpu: Cpu;
  /** Interrupt acknowledge cycle: the vector. */
  readonly acknowledge: () => number;
  /** Resets the machine. */
  readonly reset: () => void;
  /** Serves the call of firmware that the guest made; a promise if the guest has to wait for the host. */
  readonly callFirmware: () => Promise<void> | undefined;
}

export class Attention {
  /** Interrupts delivered to the processor, by vector. */
  readonly interrupts = new Map<number, number>();
  readonly #options: AttentionOptions;

  constructor(options: AttentionOptions) {
    this.#options = options;
  }

  /** Makes the engine return at the next instruction boundary, and `serve` do what `bit` says. */
  ask(bit: number): void {
    this.#options.cpu.attention |= bit;
  }

  /**
   * What the processor or a wire asks for between two instructions. Returns what the guest has to wait for before it
   * goes on; interrupts wait with it.
   */
  serve(): Promise<void> | undefined {
    const { cpu: c, acknowledge, reset, callFirmware } = this.#options;
    const attention = c.attention;
    c.attention = 0;
    if ((attention & ATTENTION_RESET) !== 0) reset();
    if ((attention & ATTENTION_FIRMWARE) !== 0) {
      const blocked = callFirmware();
      if (blocked) return blocked;
    }
    if ((attention & ATTENTION_NMI) !== 0) deliverInterrupt(c, NMI_VECTOR);
    if (c.intr !== 0 && c.IF !== 0 && c.shadow === 0) {
      const vector = acknowledge();
      this.interrupts.set(vector, (this.interrupts.get(vector) ?? 0) + 1);
      if (log.enabled) log.log(`vector ${vector} at ${hex(c.sel[CS])}:${hex(c.eip, 8)}`);
      deliverInterrupt(c, vector);
    }
    return undefined;
  }
}
