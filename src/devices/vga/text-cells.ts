// The characters of a text mode, without its dots.

import { Colours } from './colours.ts';
import { ATTRIBUTE_BLINK, ATTRIBUTE_MODE, CURSOR_END, CURSOR_START } from './names.ts';
import { ScanOut } from './scan-out.ts';
import type { Vga } from './vga.ts';

const CURSOR_OFF = 1 << 5;

export interface TextCells {
  readonly columns: number;
  readonly rows: number;
  /** Codes and attributes, row by row. */
  readonly codes: Uint8Array;
  readonly attributes: Uint8Array;
  /** Bit 7 of an attribute makes the character blink; otherwise it belongs to the background. */
  readonly blinks: boolean;
  /** 16 colours: red, green, blue, alpha as the bytes of a little-endian word. */
  readonly palette: Int32Array;
  /** Where the cursor is, if it is on the screen and shown. */
  readonly cursor: { readonly column: number; readonly row: number } | undefined;
}

/** The text mode that the adapter is in; undefined in graphics modes, and before any mode was set. */
export function textCells(vga: Vga): TextCells | undefined {
  const { state } = vga.registers;
  const scan = new ScanOut();
  scan.update(state);
  // A blanked screen has its text all the same.
  const started = scan.columns > 1 && scan.lines > scan.rowLines;
  if (vga.vbe.enabled || scan.graphics || !started) return undefined;
  vga.settle();
  const { columns, rows } = scan;
  const codes = new Uint8Array(columns * rows);
  const attributes = new Uint8Array(columns * rows);
  let cursor: TextCells['cursor'];
  const cursorStart = state.crtc[CURSOR_START] as number;
  const shown = (cursorStart & CURSOR_OFF) === 0 && (cursorStart & 31) <= ((state.crtc[CURSOR_END] as number) & 31);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const address = (scan.start + row * scan.pitch + column) & 0xffff;
      const byte = 4 * scan.word(address, 0);
      const at = row * columns + column;
      codes[at] = vga.memory[byte] as number;
      attributes[at] = vga.memory[byte + 1] as number;
      if (shown && address === scan.cursor) cursor = { column, row };
    }
  }
  const colours = new Colours();
  colours.update(vga.registers);
  const blinks = ((state.attribute[ATTRIBUTE_MODE] as number) & ATTRIBUTE_BLINK) !== 0;
  return { columns, rows, codes, attributes, blinks, palette: colours.attribute, cursor };
}
