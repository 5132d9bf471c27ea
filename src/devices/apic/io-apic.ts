// The I/O APIC: Intel 82093AA datasheet (290566), sections 2 and 3, with the EOI register at 40h that its successors
// added (version 20h; Intel ICH9 datasheet, section 13.5). 24 pins; messages go to the local APIC directly.
//
// Deviations: a wire carries "asserted" whatever the pin's polarity, so the polarity bit is stored and has no effect.
// Delivery is immediate: the delivery status always reads as idle. There is no APIC bus, hence no arbitration ID.

import type { Device, Registers, Wire } from '../contract.ts';
import { LOWEST_PRIORITY } from './message.ts';

// Memory-mapped registers.
const IOREGSEL = 0x00;
const IOWIN = 0x10;
const EOI = 0x40;

// Indirect registers.
const IOAPICID = 0x00;
const IOAPICVER = 0x01;
const IOAPICARB = 0x02;
const IOREDTBL = 0x10;

const PINS = 24;
const VERSION = 0x20 | ((PINS - 1) << 16);

// The low word of a redirection entry.
const DESTINATION_LOGICAL = 1 << 11;
const REMOTE_IRR = 1 << 14;
const LEVEL = 1 << 15;
const MASKED = 1 << 16;
/** All but delivery status and remote IRR. */
const WRITABLE = 0x0001afff;

export interface IoApicOptions {
  /**
   * A message to the local APIC. `mode` is the delivery mode (bits 8..10 of the entry), `logical` the destination mode.
   * Returns whether it was accepted: a level-triggered interrupt that was not is offered again when its pin changes.
   */
  readonly deliver: (vector: number, mode: number, level: boolean, destination: number, logical: boolean) => boolean;
  readonly id?: number;
}

export interface IoApicState {
  id: number;
  select: number;
  /** Redirection table: low and high word of each entry. */
  low: Int32Array;
  high: Int32Array;
  /** Levels of the pins. */
  pins: boolean[];
}

export class IoApic implements Device<IoApicState>, Registers {
  readonly #deliver: IoApicOptions['deliver'];
  readonly #id: number;
  #state: IoApicState;

  /** The interrupt inputs, INTIN0 to INTIN23. */
  readonly pins: readonly Wire[] = Array.from({ length: PINS }, (_, pin) => ({
    set: (level: boolean) => this.#setPin(pin, level),
  }));

  constructor({ deliver, id = 0 }: IoApicOptions) {
    this.#deliver = deliver;
    this.#id = id;
    this.#state = powerUp(id, new Array(PINS).fill(false));
  }

  reset(): void {
    this.#state = powerUp(this.#id, this.#state.pins);
  }

  /** A local APIC ended the level-triggered interrupt of this vector. */
  endOfInterrupt(vector: number): void {
    const { low } = this.#state;
    for (let pin = 0; pin < PINS; pin++) {
      const entry = low[pin] as number;
      if ((entry & 255) !== vector || (entry & (LEVEL | REMOTE_IRR)) !== (LEVEL | REMOTE_IRR)) continue;
      low[pin] = entry & ~REMOTE_IRR;
      this.#offer(pin);
    }
  }

  read(offset: number, size: 8 | 16 | 32): number {
    if (offset === IOREGSEL) return this.#state.select;
    if (offset !== IOWIN) return 0;
    const value = this.#readIndirect(this.#state.select);
    return size === 32 ? value : value & (2 ** size - 1);
  }

  write(offset: number, size: 8 | 16 | 32, value: number): void {
    if (offset === IOREGSEL) this.#state.select = value & 255;
    else if (offset === IOWIN && size === 32) this.#writeIndirect(this.#state.select, value);
    else if (offset === EOI) this.endOfInterrupt(value & 255);
  }

  save(): IoApicState {
    return structuredClone(this.#state);
  }

  load(state: IoApicState): void {
    this.#state = structuredClone(state);
  }

  #readIndirect(index: number): number {
    const { id, low, high } = this.#state;
    if (index === IOAPICID || index === IOAPICARB) return id << 24;
    if (index === IOAPICVER) return VERSION;
    const pin = (index - IOREDTBL) >> 1;
    if (pin < 0 || pin >= PINS) return 0;
    return (index & 1 ? high[pin] : low[pin]) as number;
  }

  #writeIndirect(index: number, value: number): void {
    const { low, high } = this.#state;
    if (index === IOAPICID) this.#state.id = (value >>> 24) & 15;
    const pin = (index - IOREDTBL) >> 1;
    if (pin < 0 || pin >= PINS) return;
    if (index & 1) {
      high[pin] = value & 0xff000000;
      return;
    }
    // Going to edge forgets an unfinished level interrupt: kernels clear a stuck remote IRR so.
    low[pin] = (value & WRITABLE) | (value & LEVEL ? (low[pin] as number) & REMOTE_IRR : 0);
    if (value & LEVEL) this.#offer(pin);
  }

  #setPin(pin: number, level: boolean): void {
    const { pins, low } = this.#state;
    const rose = level && !pins[pin];
    pins[pin] = level;
    const entry = low[pin] as number;
    if (entry & LEVEL) this.#offer(pin);
    else if (rose && (entry & MASKED) === 0) this.#send(pin); // an edge at a masked pin is lost
  }

  /** Sends a level-triggered interrupt that is asserted, not masked and not in service. */
  #offer(pin: number): void {
    const entry = this.#state.low[pin] as number;
    if (!this.#state.pins[pin] || (entry & (MASKED | REMOTE_IRR)) !== 0) return;
    const mode = (entry >> 8) & 7;
    // Marked first: the processor side may answer before `send` returns.
    if (mode <= LOWEST_PRIORITY) this.#state.low[pin] = entry | REMOTE_IRR;
    if (!this.#send(pin)) this.#state.low[pin] = entry;
  }

  #send(pin: number): boolean {
    const entry = this.#state.low[pin] as number;
    const destination = (this.#state.high[pin] as number) >>> 24;
    const logical = (entry & DESTINATION_LOGICAL) !== 0;
    return this.#deliver(entry & 255, (entry >> 8) & 7, (entry & LEVEL) !== 0, destination, logical);
  }
}

function powerUp(id: number, pins: boolean[]): IoApicState {
  return { id, select: 0, low: new Int32Array(PINS).fill(MASKED), high: new Int32Array(PINS), pins };
}
