// The display adapter of a machine, at the end of port and memory accesses.

import { Machine } from '../../src/machine/machine.ts';
import { FRAME_BUFFER, type Step } from './vga-scripts.ts';

const CONFIG = 0x80001000; // 00:02.0

/** A machine with its frame buffer where the scripts want it. Nothing runs in it. */
export function adapter(): Machine {
  const machine = new Machine({ memoryBytes: 1 << 20, clock: 'virtual' });
  const config = (register: number, value: number): void => {
    machine.board.ports.write(0xcf8, 32, (CONFIG + register) | 0);
    machine.board.ports.write(0xcfc, 32, value | 0);
  };
  config(0x10, FRAME_BUFFER);
  config(0x04, 3);
  return machine;
}

export function poke({ memory }: Machine, address: number, bytes: Uint8Array): void {
  if (memory.hostOf(address) >= 0) memory.writePhysical(address, bytes);
  else for (const [k, byte] of bytes.entries()) memory.map.writeDevice(address + k, 8, byte);
}

export function peek({ memory }: Machine, address: number): number {
  return memory.hostOf(address) >= 0 ? memory.readPhysical8(address) : memory.map.readDevice(address, 8);
}

/** Runs a script; what it read, in hexadecimal. */
export function run(machine: Machine, steps: readonly Step[]): string {
  let reads = '';
  for (const [kind, at, value] of steps) {
    if (kind === 'write') poke(machine, at, value);
    else if (kind === 'read') {
      for (let k = 0; k < value; k++)
        reads += peek(machine, at + k)
          .toString(16)
          .padStart(2, '0');
    } else if (kind === 'in8') machine.board.ports.read(at, 8);
    else machine.board.ports.write(at, kind === 'out8' ? 8 : 16, value);
  }
  return reads;
}

/** The picture, three bytes a pixel. */
export function pixels(machine: Machine): { size: string; rgb: Uint8Array } {
  const { width, height, rgba } = machine.screen.frame();
  const rgb = new Uint8Array(3 * width * height);
  for (let k = 0; k < width * height; k++) rgb.set(rgba.subarray(4 * k, 4 * k + 3), 3 * k);
  return { size: `${width} ${height}`, rgb };
}
