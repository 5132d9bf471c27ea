// Guests of a few instructions, assembled by hand: Multiboot images with the addresses in the header (section 3.1.3 of
// the Multiboot Specification 0.6.96), entered at 100020h with flat segments, interrupts off.

const LOAD = 0x100000;
const BYTES = 4096;
const MAGIC = 0x1badb002;
const ADDRESSES = 1 << 16;

/** The image around machine code, which it enters at its first byte. */
export function guest(...code: readonly (number | readonly number[])[]): Uint8Array {
  const image = new Uint8Array(BYTES);
  const view = new DataView(image.buffer);
  const header = [MAGIC, ADDRESSES, -(MAGIC + ADDRESSES), LOAD, LOAD, 0, 0, LOAD + 32];
  header.forEach((word, k) => {
    view.setInt32(4 * k, word | 0, true);
  });
  image.set(code.flat(), 32);
  return image;
}

/** MOV DX,port; MOV AL,value; OUT DX,AL */
export function out8(port: number, value: number): number[] {
  return [0x66, 0xba, port & 255, port >> 8, 0xb0, value, 0xee];
}

/** MOV DX,port; MOV AX,value; OUT DX,AX */
export function out16(port: number, value: number): number[] {
  return [0x66, 0xba, port & 255, port >> 8, 0x66, 0xb8, value & 255, value >> 8, 0x66, 0xef];
}

/** Writes text to COM1, which is taken to be ready. */
export function print(text: string): number[] {
  return [...new TextEncoder().encode(text)].flatMap((byte) => out8(0x3f8, byte));
}

/** CLI; HLT */
export const haltForEver = [0xfa, 0xf4];
/** LIDT of six zero bytes at 100FF0h; UD2: no handler for anything. */
export const tripleFault = [0x0f, 0x01, 0x1d, 0xf0, 0x0f, 0x10, 0x00, 0x0f, 0x0b];
/** JMP $ */
export const spin = [0xeb, 0xfe];
/** Every line of both 8259s masked; STI; HLT; JMP to the HLT. */
export const idle = [...out8(0x21, 0xff), ...out8(0xa1, 0xff), 0xfb, 0xf4, 0xeb, 0xfd];
/** PM1a_CNT of the PIIX4 at 604h: SUS_EN with the code of soft-off. */
export const powerOff = out16(0x604, 0x2000);
/** MCR: DTR, RTS and OUT2. FCR: FIFOs on. */
export const openSerial = [...out8(0x3fc, 0x0b), ...out8(0x3fa, 0x01)];
/** Sends back what COM1 receives, up to Ctrl-D, then goes on. */
export const echo = [
  ...[0x66, 0xba, 0xfd, 0x03], // 0: MOV DX,3FDh
  0xec, // 4: IN AL,DX
  ...[0xa8, 0x01], // 5: TEST AL,1
  ...[0x74, 0xfb], // 7: JZ 4
  ...[0x66, 0xba, 0xf8, 0x03], // 9: MOV DX,3F8h
  0xec, // 13: IN AL,DX
  0xee, // 14: OUT DX,AL
  ...[0x3c, 0x04], // 15: CMP AL,4
  ...[0x75, 0xed], // 17: JNE 0
];
/** MOV AL,'.'; MOV DX,3F8h; OUT DX,AL; JMP to the OUT: output without end. */
export const flood = [0xb0, 0x2e, 0x66, 0xba, 0xf8, 0x03, 0xee, 0xeb, 0xfd];
