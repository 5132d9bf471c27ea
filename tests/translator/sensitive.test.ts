// The sensitive instructions that are inlined, as translated text against the reference: from every privilege level and
// IOPL, with and without a waiting interrupt. Where the text leaves, it has done nothing.

import { expect, test } from 'vitest';
import { Reference } from '../../src/cpu/reference.ts';
import { REGION_SLOW } from '../../src/cpu/regions.ts';
import { WORD } from '../../src/isa/register-file.ts';
import { UserMachine } from '../engines/user-machine.ts';
import { CODE, DATA, DATA_BYTES, edgy } from '../vectors/integer-format.ts';
import { decodeAll, translate } from './single.ts';

const machine = new UserMachine((...a) => new Reference(...a));
const { cpu, memory } = machine;
for (let page = DATA; page < DATA + DATA_BYTES; page += 4096) memory.writePlace(page, 1, 1);
const NOP = 0x90;
const STACK = DATA + 0x8000;
const words = cpu.words.subarray(0, WORD.xmm);

const forms: readonly (readonly [name: string, ...bytes: number[]])[] = [
  ['cli', 0xfa],
  // What is behind an STI ends its shadow.
  ['sti, nop', 0xfb, NOP],
  ['sti, inc eax', 0xfb, 0x40],
  ['sti, mov eax,[esp]', 0xfb, 0x8b, 0x04, 0x24],
  ['pushf', 0x9c],
  ['pushfw', 0x66, 0x9c],
  ['popf', 0x9d],
  ['popfw', 0x66, 0x9d],
  ['pushf, cli, popf', 0x9c, 0xfa, 0x9d],
  ['push ds', 0x1e],
  ['push fs', 0x0f, 0xa0],
  ['mov ax,gs', 0x66, 0x8c, 0xe8],
  ['mov eax,ss', 0x8c, 0xd0],
  ['mov [esp],ds', 0x8c, 0x1c, 0x24],
  ['mov eax,cr2', 0x0f, 0x20, 0xd0],
  ['mov esp,cr0', 0x0f, 0x20, 0xc4],
  ['mov ecx,cr3; mov edx,cr4', 0x0f, 0x20, 0xd9, 0x0f, 0x20, 0xe2],
];
const singles = translate(
  machine,
  forms.map(([, ...bytes]) => decodeAll(Uint8Array.from(bytes))),
);

/** A state: privilege, flags and what is on the stack. */
function begin(code: Uint8Array, seed: number): void {
  machine.write(CODE, code);
  machine.start(0, new Int32Array(8).fill(seed), CODE, 0x202);
  const bit = (n: number): number => (seed >> n) & 1;
  cpu.reg[4] = STACK;
  cpu.IF = bit(0);
  cpu.IOPL = bit(1) * 3;
  cpu.cpl = bit(2) * 3;
  cpu.intr = bit(3);
  cpu.AC = bit(4) & bit(5);
  cpu.NT = bit(6);
  cpu.fz = edgy(seed, 1);
  cpu.fr = edgy(seed, 2);
  cpu.oa = edgy(seed, 3);
  cpu.ob = edgy(seed, 4);
  cpu.ca = edgy(seed, 5);
  cpu.cb = edgy(seed, 6);
  // Mostly neither TF nor VM.
  const flags = edgy(seed, 7) & (bit(7) ? -1 : ~0x20100);
  new DataView(machine.data.buffer, machine.data.byteOffset).setInt32(STACK - DATA, flags, true);
}

const snapshot = (): string =>
  JSON.stringify([
    [...words],
    Buffer.from(machine.data.subarray(STACK - DATA - 16, STACK - DATA + 16)).toString('hex'),
  ]);

forms.forEach(([name, ...bytes], k) => {
  test(name, () => {
    const single = singles[k];
    if (!single) throw new Error('it has no template');
    const code = Uint8Array.from(bytes);
    const count = decodeAll(code).length;
    let inline = 0;
    for (let seed = 0; seed < 2048; seed++) {
      begin(code, seed);
      const before = snapshot();
      if (single.run() === REGION_SLOW) {
        // Instructions before it are done; of a single one, nothing is.
        const left = cpu.eip - CODE;
        cpu.eip = CODE;
        if (left === 0) expect(snapshot(), `seed ${seed}`).toBe(before);
        continue;
      }
      inline++;
      const own = snapshot();
      begin(code, seed);
      for (let n = 0; n < count; n++) (machine.engine as Reference).step();
      expect(own, `seed ${seed}`).toBe(snapshot());
    }
    expect(inline).toBeGreaterThan(200);
  });
});
