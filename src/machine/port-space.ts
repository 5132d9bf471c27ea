// The 64 Ki I/O ports: which registers stand where. Holes read as ones and are logged by number.

import type { Registers } from '../devices/contract.ts';
import { hex } from '../lib/hex.ts';
import { channel } from '../lib/log.ts';

const log = channel('io');
const PORTS = 0x10000;

interface PortRange {
  readonly name: string;
  readonly first: number;
  readonly count: number;
  readonly registers: Registers;
}

/** Ones, as wide as the access: what an open bus reads. */
export function ones(size: 8 | 16 | 32): number {
  return size === 32 ? -1 : size === 16 ? 0xffff : 0xff;
}

export class PortSpace {
  readonly #owner: (PortRange | undefined)[] = new Array(PORTS).fill(undefined);

  /** Puts registers at `count` ports from `first`. Throws if one is taken, naming both owners. */
  add(name: string, first: number, count: number, registers: Registers): void {
    const range = { name, first, count, registers };
    for (let port = first; port < first + count; port++) {
      const other = this.#owner[port];
      if (other) throw new Error(`ports of ${name} overlap those of ${other.name} at ${hex(port)}`);
    }
    this.#owner.fill(range, first, first + count);
  }

  /** Takes registers away, wherever they stand: a BAR moved. */
  remove(registers: Registers): void {
    for (let port = 0; port < PORTS; port++)
      if (this.#owner[port]?.registers === registers) this.#owner[port] = undefined;
  }

  /** Unsigned for 8 and 16 bits, int32 for 32. An access across the end of a range is split into bytes. */
  read(port: number, size: 8 | 16 | 32): number {
    const range = this.#owner[port & 0xffff];
    if (!range) {
      if (log.enabled) log.log(`read of port ${hex(port, 4)}, where nothing is`);
      return size === 8 ? 0xff : this.#split(port, size);
    }
    const offset = port - range.first;
    if (size !== 8 && offset + size / 8 > range.count) return this.#split(port, size);
    const value = range.registers.read(offset, size);
    if (log.enabled) log.log(`in ${range.name} ${hex(port, 4)} -> ${(value >>> 0).toString(16)}`);
    return value;
  }

  write(port: number, size: 8 | 16 | 32, value: number): void {
    const range = this.#owner[port & 0xffff];
    if (range && port - range.first + size / 8 <= range.count) {
      if (log.enabled) log.log(`out ${range.name} ${hex(port, 4)} <- ${(value >>> 0).toString(16)}`);
      range.registers.write(port - range.first, size, value);
    } else if (size !== 8) {
      for (let k = 0; k < size / 8; k++) this.write((port + k) & 0xffff, 8, (value >>> (8 * k)) & 0xff);
    } else if (log.enabled) log.log(`write of ${value.toString(16)} to port ${hex(port, 4)}, where nothing is`);
  }

  #split(port: number, size: 16 | 32): number {
    let value = 0;
    for (let k = 0; k < size / 8; k++) value |= (this.read((port + k) & 0xffff, 8) & 0xff) << (8 * k);
    return value;
  }
}
