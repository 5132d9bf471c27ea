export const FONT_BYTES = 4096;
export function font8x16(): Uint8Array {
  return new Uint8Array(FONT_BYTES);
}
