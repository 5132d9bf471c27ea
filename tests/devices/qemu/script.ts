// Scripts of port accesses that run on a real emulator's devices and on ours: `record.ts` makes a firmware ROM of them
// and lets QEMU run it; `qemu.test.ts` runs them on our devices and compares what was read.

/** A byte written; a byte read, and recorded; polling until the byte read, masked, has a value. */
export type Step =
  | readonly ['out', port: number, value: number]
  | readonly ['in', port: number]
  | readonly ['wait', port: number, mask: number, value: number];

const ROM_BYTES = 0x10000;
const DEBUG_CONSOLE = 0xe9;
const DEBUG_EXIT = 0xf4;

/**
 * A ROM for the top of the first megabyte (64 KiB): runs the steps with interrupts off in real mode, sends each byte
 * read to the debug console, and ends through the debug exit port.
 */
export function toRom(steps: readonly Step[]): Uint8Array {
  const code: number[] = [0xfa]; // CLI
  const movDx = (port: number) => code.push(0xba, port & 0xff, port >> 8); // MOV DX,imm16
  const outAl = () => code.push(0xee); // OUT DX,AL
  const inAl = () => code.push(0xec); // IN AL,DX
  for (const step of steps) {
    movDx(step[1]);
    switch (step[0]) {
      case 'out':
        code.push(0xb0, step[2]); // MOV AL,imm8
        outAl();
        break;
      case 'in':
        inAl();
        movDx(DEBUG_CONSOLE);
        outAl();
        break;
      case 'wait':
        inAl();
        code.push(0x24, step[2], 0x3c, step[3], 0x75, 0xf9); // AND AL,imm8; CMP AL,imm8; JNE back to IN
        break;
    }
  }
  movDx(DEBUG_EXIT);
  code.push(0xb0, 0); // MOV AL,0
  outAl();
  code.push(0xf4); // HLT
  if (code.length > ROM_BYTES - 16) throw new RangeError(`script of ${code.length} bytes does not fit the ROM`);
  const rom = new Uint8Array(ROM_BYTES).fill(0xf4);
  rom.set(code);
  rom.set([0xea, 0x00, 0x00, 0x00, 0xf0], ROM_BYTES - 16); // the reset vector: JMP F000:0000
  return rom;
}
