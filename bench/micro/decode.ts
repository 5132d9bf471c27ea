// The decoder, the shadow page tables and the fetch of code.

import { decode } from '../../src/isa/decode.ts';
import type { int } from '../../src/isa/insn.ts';
import { Machine } from '../../src/machine/machine.ts';
import { guestCode } from './code.ts';
import type { Micro } from './main.ts';

const CODE32 = { code32: true, stack32: true } as const;
const MIB = 1 << 20;
const LOOKUPS = 1000;
/** A step that leaves the page each time, and comes round again. */
const STRIDE = 0x11040;

/** What was computed, so that it is not left out. */
let sink = 0;

export function decoding(): Micro[] {
  const code = guestCode();
  let instructions = 0;
  const sweep = (): void => {
    instructions = 0;
    for (let at = 0; at < code.length - 15; instructions++) {
      const insn = decode(code, at, 15, CODE32);
      at += insn && insn.length > 0 ? insn.length : 1;
    }
  };
  sweep();
  const { memory } = new Machine({ memoryBytes: 16 * MIB });
  const table = memory.tableWord(0);
  const lookups = (one: (linear: int) => int) => (): void => {
    for (let k = 0, linear = MIB; k < LOOKUPS; k++, linear = MIB + ((linear + STRIDE) & (4 * MIB - 4)))
      sink ^= one(linear);
  };
  return [
    { name: 'decode', operations: instructions, run: sweep },
    {
      name: 'shadow page table: look-up and load',
      operations: LOOKUPS,
      run: lookups((linear) => memory.i32[(memory.i32[(table + ((linear >>> 12) << 2)) >> 2] ^ linear) >> 2] as int),
    },
    {
      name: 'place for reading (with its check)',
      operations: LOOKUPS,
      run: lookups((linear) => memory.readPlace(linear, 4, 0)),
    },
    {
      name: 'fetch (translation of an address for code)',
      operations: LOOKUPS,
      run: lookups((linear) => memory.fetch(linear, 0)),
    },
  ];
}

/** What the measured code computed; nobody wants it. */
export function computed(): int {
  return sink;
}
