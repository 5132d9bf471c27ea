// A picture of what the adapter shows, dot by dot as it would go to the monitor: 720x400 for the text modes, 640x400 for
// 320x200, and the size of the frame buffer for the modes of the Bochs interface.
//
// IBM Personal System/2 Hardware Interface Technical Reference (1988), "Video Subsystem"; Bochs VBE Display API.
//
// Deviations: no border; registers that change while the beam is on its way count for the whole picture; in 256 colours
// the attribute controller's palette is passed by.

import { bytesOf } from './bochs-vbe.ts';
import { BLACK, Colours, OPAQUE, rgb } from './colours.ts';
import {
  ATTRIBUTE_BLINK,
  ATTRIBUTE_LINE_GRAPHICS,
  ATTRIBUTE_MODE,
  CHARACTER_MAP,
  CURSOR_END,
  CURSOR_START,
  GRAPHICS_MODE,
  MODE_SHIFT_256,
  MODE_SHIFT_INTERLEAVE,
  UNDERLINE,
} from './names.ts';
import { ScanOut } from './scan-out.ts';
import type { Vga } from './vga.ts';

const DARK = { width: 720, height: 400 } as const;
const CURSOR_OFF = 1 << 5;
const PAGE_SHIFT = 12;

/** Bits of a plane's byte, each at the low bit of one of eight nibbles, the leftmost dot highest. */
const SPREAD = Int32Array.from({ length: 256 }, (_, byte) => {
  let nibbles = 0;
  for (let bit = 0; bit < 8; bit++) if (byte & (1 << bit)) nibbles |= 1 << (4 * bit);
  return nibbles;
});
/** The same for pixels of two bits: four pixels, in the upper four nibbles. */
const SPREAD_PAIRS = Int32Array.from({ length: 256 }, (_, byte) => {
  let nibbles = 0;
  for (let pixel = 0; pixel < 4; pixel++) nibbles |= ((byte >> (6 - 2 * pixel)) & 3) << (28 - 4 * pixel);
  return nibbles;
});
const REVERSED_SELECT = [0, 2, 4, 6, 1, 3, 5, 7] as const;
const FONT_BYTES = 0x2000;

/** The phases of what blinks: a cursor, and characters. */
export interface Phase {
  readonly cursor: boolean;
  readonly characters: boolean;
}

export class VgaRenderer {
  width = 0;
  height = 0;
  /** Pixels, line by line: bytes red, green, blue, alpha. */
  pixels = new Int32Array(0);
  readonly #vga: Vga;
  readonly #words: Int32Array;
  readonly #scan = new ScanOut();
  readonly #colours = new Colours();
  #phase = '';

  constructor(vga: Vga) {
    this.#vga = vga;
    this.#words = new Int32Array(vga.memory.buffer, vga.memory.byteOffset, vga.memory.length >> 2);
  }

  /** Brings the picture up to date. Whether any of it had to be drawn. */
  update(phase: Phase): boolean {
    const vga = this.#vga;
    vga.settle();
    const phases = `${phase.cursor} ${phase.characters}`;
    const all = vga.allDirty || phases !== this.#phase;
    this.#phase = phases;
    if (!all && !vga.dirtyPages.includes(1)) return false;
    const { registers, vbe } = vga;
    this.#scan.update(registers.state);
    this.#colours.update(registers);
    if (this.#scan.blanked) this.#drawNothing();
    else if (vbe.enabled && vbe.state.bpp !== 4) this.#drawFrameBuffer(all);
    else if (vbe.enabled) this.#drawVbePlanes();
    else if (!this.#scan.active) this.#drawNothing();
    else if (this.#scan.graphics) this.#drawGraphics();
    else this.#drawText(phase);
    vga.pictureTaken();
    return true;
  }

  /** Sets the size; whether it changed, so that nothing of the old picture is left. */
  #resize(width: number, height: number): boolean {
    if (width === this.width && height === this.height) return false;
    this.width = width;
    this.height = height;
    this.pixels = new Int32Array(width * height).fill(BLACK);
    return true;
  }

  #drawNothing(): void {
    if (this.width === 0) this.#resize(DARK.width, DARK.height);
    this.pixels.fill(BLACK);
  }

  #drawText({ cursor, characters }: Phase): void {
    const scan = this.#scan;
    const { state } = this.#vga.registers;
    const memory = this.#vga.memory;
    const colours = this.#colours.attribute;
    const { columns, characterDots, rowLines, lineRepeat } = scan;
    const stretch = scan.halfDotClock ? 2 : 1;
    this.#resize(columns * characterDots * stretch, scan.lines);
    const mode = state.attribute[ATTRIBUTE_MODE] as number;
    const blinks = (mode & ATTRIBUTE_BLINK) !== 0;
    const lineGraphics = (mode & ATTRIBUTE_LINE_GRAPHICS) !== 0;
    const [fontA, fontB] = fonts(state.sequencer[CHARACTER_MAP] as number);
    const underline = (state.crtc[UNDERLINE] as number) & 31;
    const cursorStart = state.crtc[CURSOR_START] as number;
    const cursorEnd = (state.crtc[CURSOR_END] as number) & 31;
    const showCursor = cursor && (cursorStart & CURSOR_OFF) === 0;
    const { pixels, width } = this;
    let ma = scan.start;
    let rowScan = scan.presetRowScan;
    // 9 dots: 8 is no panning, 0 to 7 are 1 to 8; 8 dots: 0 to 7.
    let pan = characterDots === 9 ? (scan.panning >= 8 ? 0 : scan.panning + 1) : scan.panning & 7;
    let repeat = 0;
    for (let y = 0; y < scan.lines; y++) {
      let at = y * width - pan * stretch;
      const lineStart = y * width;
      const lineEnd = lineStart + width;
      for (let column = 0; column < columns + (pan > 0 ? 1 : 0); column++) {
        const address = (ma + column) & 0xffff;
        const byte = 4 * scan.word(address, rowScan);
        const code = memory[byte] as number;
        const attribute = memory[byte + 1] as number;
        let background = attribute >> 4;
        let glyph = memory[4 * ((attribute & 8 ? fontA : fontB) + 32 * code + rowScan) + 2] as number;
        let ninth = lineGraphics && code >= 0xc0 && code <= 0xdf ? glyph & 1 : 0;
        if (blinks) {
          background &= 7;
          if (attribute & 0x80 && !characters) glyph = ninth = 0;
        }
        const inCursor = showCursor && address === scan.cursor && rowScan >= (cursorStart & 31) && rowScan <= cursorEnd;
        if (inCursor || (rowScan === underline && (attribute & 7) === 1)) {
          glyph = 0xff;
          ninth = 1;
        }
        const ink = colours[attribute & 15] as number;
        const paper = colours[background] as number;
        for (let dot = 0; dot < characterDots; dot++) {
          const lit = dot < 8 ? glyph & (0x80 >> dot) : ninth;
          for (let k = 0; k < stretch; k++, at++) {
            if (at >= lineStart && at < lineEnd) pixels[at] = lit ? ink : paper;
          }
        }
      }
      if (y === scan.lineCompare) {
        ma = 0;
        rowScan = 0;
        repeat = 0;
        if (scan.panningStops) pan = 0;
      } else if (++repeat === lineRepeat) {
        repeat = 0;
        if (++rowScan >= rowLines) {
          rowScan = 0;
          ma += scan.pitch;
        }
      }
    }
  }

  #drawGraphics(): void {
    const scan = this.#scan;
    const shift = this.#vga.registers.state.graphics[GRAPHICS_MODE] as number;
    const is256 = (shift & MODE_SHIFT_256) !== 0;
    const isPairs = (shift & MODE_SHIFT_INTERLEAVE) !== 0;
    const { columns, rowLines, lineRepeat } = scan;
    const stretch = scan.halfDotClock && !is256 ? 2 : 1;
    this.#resize(columns * 8 * stretch, scan.lines);
    let ma = scan.start;
    let rowScan = scan.presetRowScan;
    let pan = is256 ? scan.panning & 6 : scan.panning & 7;
    let repeat = 0;
    const line = new Int32Array((columns + 1) * 8 * stretch);
    for (let y = 0; y < scan.lines; y++) {
      if (is256) this.#fetch256(line, ma, rowScan, columns + 1);
      else this.#fetch16(line, ma, rowScan, columns + 1, isPairs, stretch);
      this.pixels.set(line.subarray(pan * stretch, pan * stretch + this.width), y * this.width);
      if (y === scan.lineCompare) {
        ma = 0;
        rowScan = 0;
        repeat = 0;
        if (scan.panningStops) pan = 0;
      } else if (++repeat === lineRepeat) {
        repeat = 0;
        if (++rowScan >= rowLines) {
          rowScan = 0;
          ma += scan.pitch;
        }
      }
    }
  }

  /** Four pixels of two dots for each character clock. */
  #fetch256(line: Int32Array, ma: number, rowScan: number, columns: number): void {
    const { dac } = this.#colours;
    for (let column = 0, at = 0; column < columns; column++) {
      const word = this.#words[this.#scan.word(ma + column, rowScan)] as number;
      for (let shift = 0; shift < 32; shift += 8, at += 2) {
        line[at] = line[at + 1] = dac[(word >>> shift) & 0xff] as number;
      }
    }
  }

  #fetch16(line: Int32Array, ma: number, rowScan: number, columns: number, isPairs: boolean, stretch: number): void {
    const { attribute } = this.#colours;
    for (let column = 0, at = 0; column < columns; column++) {
      const nibbles = (isPairs ? pairs : bits)(this.#words[this.#scan.word(ma + column, rowScan)] as number);
      for (let shift = 28; shift >= 0; shift -= 4) {
        const pixel = attribute[(nibbles >>> shift) & 15] as number;
        for (let k = 0; k < stretch; k++) line[at++] = pixel;
      }
    }
  }

  /** 16 colours in four planes, by the Bochs interface: a line is a multiple of eight pixels. */
  #drawVbePlanes(): void {
    const { xres, yres, virtualWidth, xOffset, yOffset } = this.#vga.vbe.state;
    this.#resize(xres, yres);
    const { attribute } = this.#colours;
    for (let y = 0, at = 0; y < yres; y++) {
      const first = (yOffset + y) * (virtualWidth >> 3) + (xOffset >> 3);
      for (let column = 0; column < xres >> 3; column++) {
        const nibbles = bits(this.#words[first + column] as number);
        for (let shift = 28; shift >= 0; shift -= 4) this.pixels[at++] = attribute[(nibbles >>> shift) & 15] as number;
      }
    }
  }

  /** Lines that lie in dirty pages, or all. */
  #drawFrameBuffer(all: boolean): void {
    const { vbe, dirtyPages } = this.#vga;
    const { xres, yres, bpp, xOffset, yOffset } = vbe.state;
    const { pitch } = vbe;
    const everything = this.#resize(xres, yres) || all;
    const bytes = xres * bytesOf(bpp);
    for (let y = 0; y < yres; y++) {
      const first = (yOffset + y) * pitch + xOffset * bytesOf(bpp);
      let dirty = everything;
      for (let page = first >>> PAGE_SHIFT; !dirty && page <= (first + bytes - 1) >>> PAGE_SHIFT; page++) {
        dirty = dirtyPages[page] === 1;
      }
      if (dirty) this.#drawLine(bpp, first, y * xres, xres);
    }
  }

  #drawLine(bpp: number, first: number, to: number, count: number): void {
    const { memory } = this.#vga;
    const { pixels } = this;
    if (first + count * bytesOf(bpp) > memory.length) return;
    if (bpp === 32) {
      const inWords = (first & 3) === 0;
      for (let k = 0; k < count; k++) {
        const at = first + 4 * k;
        const word = inWords
          ? (this.#words[at >> 2] as number)
          : (memory[at] as number) | ((memory[at + 1] as number) << 8) | ((memory[at + 2] as number) << 16);
        pixels[to + k] = OPAQUE | ((word & 0xff) << 16) | (word & 0xff00) | ((word >>> 16) & 0xff);
      }
    } else if (bpp === 8) {
      const { dac } = this.#colours;
      for (let k = 0; k < count; k++) pixels[to + k] = dac[memory[first + k] as number] as number;
    } else if (bpp === 24) {
      for (let k = 0, at = first; k < count; k++, at += 3) {
        pixels[to + k] = rgb(memory[at + 2] as number, memory[at + 1] as number, memory[at] as number);
      }
    } else {
      const greenBits = bpp - 10;
      for (let k = 0, at = first; k < count; k++, at += 2) {
        const word = (memory[at] as number) | ((memory[at + 1] as number) << 8);
        const green = (word >> 5) & ((1 << greenBits) - 1);
        pixels[to + k] = rgb(
          widen5((word >> (5 + greenBits)) & 31),
          greenBits === 6 ? (green << 2) | (green >> 4) : widen5(green),
          widen5(word & 31),
        );
      }
    }
  }
}

/** Eight pixels of a word of four planes, in nibbles. */
function bits(word: number): number {
  return (
    (SPREAD[word & 0xff] as number) |
    ((SPREAD[(word >>> 8) & 0xff] as number) << 1) |
    ((SPREAD[(word >>> 16) & 0xff] as number) << 2) |
    ((SPREAD[word >>> 24] as number) << 3)
  );
}

/** The same with two bits of a pixel beside each other: planes 0 and 2 have the first four pixels, 1 and 3 the others. */
function pairs(word: number): number {
  const left = (SPREAD_PAIRS[word & 0xff] as number) | ((SPREAD_PAIRS[(word >>> 16) & 0xff] as number) << 2);
  const right = (SPREAD_PAIRS[(word >>> 8) & 0xff] as number) | ((SPREAD_PAIRS[word >>> 24] as number) << 2);
  return left | (right >>> 16);
}

function widen5(five: number): number {
  return (five << 3) | (five >> 2);
}

/** Where in plane 2 the fonts of attribute bit 3 set and clear begin. */
function fonts(select: number): readonly [number, number] {
  const a = ((select >> 2) & 3) | ((select >> 3) & 4);
  const b = (select & 3) | ((select >> 2) & 4);
  return [(REVERSED_SELECT[a] as number) * FONT_BYTES, (REVERSED_SELECT[b] as number) * FONT_BYTES];
}
