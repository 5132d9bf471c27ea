// The two contracts between a device and the machine: registers by offset, and wires.
// A device knows neither its addresses nor who listens to its interrupt; `machine/layout.ts` does.

/**
 * Registers behind ports or memory. `offset` counts from the start of the range that the machine gave the device;
 * `size` is the width of the access in bits. Values are unsigned for 8 and 16 bits, int32 for 32.
 * A register that is not there reads as ones. A device sees the guest's width: it splits a wide access itself where
 * its datasheet says so (`bytewise` below does it for byte-wide chips).
 */
export interface Registers {
  read(offset: number, size: 8 | 16 | 32): number;
  write(offset: number, size: 8 | 16 | 32, value: number): void;
}

/** A wire: interrupt request, A20 gate, reset, speaker gate. Levels; a repeated level is harmless. */
export interface Wire {
  set(level: boolean): void;
}

/** What every device can do besides. State is a plain JSON-able object (typed arrays allowed). */
export interface Device<State = unknown> {
  reset(): void;
  save(): State;
  load(state: State): void;
}

/** Splits wide accesses into bytes, lowest offset first, for chips with byte-wide registers. */
export function bytewise(chip: {
  read8(offset: number): number;
  write8(offset: number, value: number): void;
}): Registers {
  return {
    read(offset, size) {
      let value = 0;
      for (let k = 0; k < size / 8; k++) value |= (chip.read8(offset + k) & 255) << (8 * k);
      return value;
    },
    write(offset, size, value) {
      for (let k = 0; k < size / 8; k++) chip.write8(offset + k, (value >>> (8 * k)) & 255);
    },
  };
}

/** A wire that leads nowhere. */
export const unconnected: Wire = { set() {} };
