// INT 10h, the text services of mode 3: IBM PS/2 and PC BIOS Interface Technical Reference, INT 10h.
//
// Deviations: there is one page and one mode; setting another sets mode 3. No VBE.

import { DATA } from './data-area.ts';
import type { Frame } from './frame.ts';

const SCREEN = 0xb8000;
const COLUMNS = 80;
const ROWS = 25;
const ROW_BYTES = COLUMNS * 2;
const PAGE_BYTES = 0x1000;
const MODE = 3;
const BLANK = 0x20;
const GREY = 0x07;
const CRTC_INDEX = 0x3d4;
const CURSOR_START = 0x0a;
const CURSOR_HIGH = 0x0e;

const BELL = 7;
const BACKSPACE = 8;
const LINE_FEED = 10;
const CARRIAGE_RETURN = 13;

export class Video {
  /** Mode 3, and what the data area says of it. */
  reset(f: Frame): void {
    f.host.setTextMode();
    f.put8(DATA.mode, MODE);
    f.put16(DATA.columns, COLUMNS);
    f.put16(DATA.pageBytes, PAGE_BYTES, 0);
    f.host.writeMemory(DATA.cursors, new Uint8Array(16));
    f.put16(DATA.cursorShape, 0x0d0e);
    f.put8(DATA.page, 0);
    f.put16(DATA.crtc, 0x3d4);
    f.put8(DATA.rows, ROWS - 1);
    f.put16(DATA.characterHeight, 16);
    this.#place(f, 0, 0);
  }

  service(f: Frame): void {
    switch (f.ah) {
      case 0x00:
        this.reset(f);
        return;
      case 0x01:
        f.put16(DATA.cursorShape, f.cx);
        this.#crtc(f, CURSOR_START, f.ch);
        this.#crtc(f, CURSOR_START + 1, f.cl);
        return;
      case 0x02:
        this.#place(f, f.dh, f.dl);
        return;
      case 0x03:
        f.cx = f.u16(DATA.cursorShape);
        f.dx = f.u16(DATA.cursors);
        return;
      case 0x06:
      case 0x07:
        this.#scroll(f, f.ah === 0x06, f.al, [f.ch, f.cl], [f.dh, f.dl], f.bh);
        return;
      case 0x08:
        f.ax = f.u16(this.#cell(f));
        return;
      case 0x09:
      case 0x0a:
        this.#repeat(f, f.al, f.ah === 0x09 ? f.bl : undefined, f.cx);
        return;
      case 0x0e:
        this.type(f, f.al);
        return;
      case 0x0f:
        f.ax = (COLUMNS << 8) | MODE;
        f.bh = 0;
        return;
      case 0x11:
        // Where the font is: nowhere; its size.
        if (f.al === 0x30) {
          f.cx = 16;
          f.dl = ROWS - 1;
        }
        return;
      case 0x12:
        // EGA information: colour, 256 KiB.
        if (f.bl === 0x10) {
          f.bx = 0x0003;
          f.cx = 0x0009;
        }
        return;
      case 0x13:
        this.#string(f);
        return;
      case 0x1a:
        // A VGA with a colour display.
        if (f.al === 0) {
          f.al = 0x1a;
          f.bx = 0x0008;
        }
        return;
    }
  }

  /** Teletype: a character at the cursor, which moves on. `attribute`: of the cell; kept unless given. */
  type(f: Frame, code: number, attribute?: number): void {
    let row = f.u8(DATA.cursors + 1);
    let column = f.u8(DATA.cursors);
    if (code === BACKSPACE) column = Math.max(0, column - 1);
    else if (code === CARRIAGE_RETURN) column = 0;
    else if (code === LINE_FEED) row++;
    else if (code !== BELL) {
      const at = SCREEN + row * ROW_BYTES + column * 2;
      f.put8(at, code);
      if (attribute !== undefined) f.put8(at + 1, attribute);
      column++;
    }
    if (column >= COLUMNS) {
      column = 0;
      row++;
    }
    if (row >= ROWS) {
      row = ROWS - 1;
      this.#scroll(f, true, 1, [0, 0], [ROWS - 1, COLUMNS - 1], f.u8(SCREEN + (ROWS - 1) * ROW_BYTES + 1) || GREY);
    }
    this.#place(f, row, column);
  }

  /** Text of the BIOS itself. */
  print(f: Frame, text: string): void {
    for (const letter of text) {
      if (letter === '\n') this.type(f, CARRIAGE_RETURN);
      this.type(f, letter.charCodeAt(0));
    }
  }

  #string(f: Frame): void {
    const kept = f.u16(DATA.cursors);
    this.#place(f, f.dh, f.dl);
    const pairs = (f.al & 2) !== 0;
    for (let k = 0; k < f.cx; k++) {
      const at = f.atEs(f.bp + (pairs ? 2 * k : k));
      this.type(f, f.u8(at), pairs ? f.u8(at + 1) : f.bl);
    }
    if ((f.al & 1) === 0) this.#place(f, kept >> 8, kept & 0xff);
  }

  #repeat(f: Frame, code: number, attribute: number | undefined, count: number): void {
    const at = this.#cell(f);
    const room = Math.min(count, (SCREEN + ROWS * ROW_BYTES - at) / 2);
    for (let k = 0; k < room; k++) {
      f.put8(at + 2 * k, code);
      if (attribute !== undefined) f.put8(at + 2 * k + 1, attribute);
    }
  }

  /** Moves the lines of a window; no lines: empties it. */
  #scroll(
    f: Frame,
    up: boolean,
    lines: number,
    [top, left]: readonly [number, number],
    [lastRow, lastColumn]: readonly [number, number],
    attribute: number,
  ): void {
    const bottom = Math.min(lastRow, ROWS - 1);
    const right = Math.min(lastColumn, COLUMNS - 1);
    const width = right - left + 1;
    const height = bottom - top + 1;
    if (width <= 0 || height <= 0) return;
    const by = lines === 0 || lines > height ? height : lines;
    const blank = new Uint8Array(width * 2);
    for (let k = 0; k < width; k++) blank.set([BLANK, attribute], 2 * k);
    const at = (row: number): number => SCREEN + row * ROW_BYTES + left * 2;
    for (let k = 0; k < height; k++) {
      const to = up ? top + k : bottom - k;
      const from = up ? to + by : to - by;
      const inside = from >= top && from <= bottom;
      f.host.writeMemory(at(to), inside ? f.bytes(at(from), width * 2) : blank);
    }
  }

  /** Address of the cell at the cursor. */
  #cell(f: Frame): number {
    return SCREEN + f.u8(DATA.cursors + 1) * ROW_BYTES + f.u8(DATA.cursors) * 2;
  }

  #place(f: Frame, row: number, column: number): void {
    f.put8(DATA.cursors, column, row);
    const at = row * COLUMNS + column;
    this.#crtc(f, CURSOR_HIGH, at >> 8);
    this.#crtc(f, CURSOR_HIGH + 1, at);
  }

  #crtc(f: Frame, index: number, value: number): void {
    f.host.out8(CRTC_INDEX, index);
    f.host.out8(CRTC_INDEX + 1, value & 0xff);
  }
}
