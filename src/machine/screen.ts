// The monitor at the display adapter: text, pictures, and waiting for either.

import { CODE_PAGE_437 } from '../devices/vga/code-page-437.ts';
import { type Phase, VgaRenderer } from '../devices/vga/renderer.ts';
import { type TextCells, textCells } from '../devices/vga/text-cells.ts';
import type { Vga } from '../devices/vga/vga.ts';
import { encodePng } from '../lib/png.ts';
import { Listeners } from './listeners.ts';

/** Frames that a cursor is on and off, and a blinking character. */
const CURSOR_FRAMES = 8;
const CHARACTER_FRAMES = 16;
const LIT: Phase = { cursor: true, characters: true };

/** A picture: four bytes a pixel, red, green, blue, alpha, line by line. It changes with the next one. */
export interface Frame {
  readonly width: number;
  readonly height: number;
  readonly rgba: Uint8ClampedArray<ArrayBuffer>;
}

interface ScreenEvents {
  /** The guest changed the picture; not again until `frame` or `png` has taken it. */
  readonly change: undefined;
}

interface Watcher {
  readonly pattern: RegExp;
  readonly found: (match: RegExpExecArray) => void;
}

export class Screen {
  readonly #vga: Vga;
  readonly #renderer: VgaRenderer;
  readonly #listeners = new Listeners<ScreenEvents>();
  readonly #watchers = new Set<Watcher>();
  #changed = true;
  #told = false;

  constructor(vga: Vga) {
    this.#vga = vga;
    this.#renderer = new VgaRenderer(vga);
    vga.onChange = () => {
      this.#changed = true;
    };
  }

  /** Calls `listener` when the picture changed. Returns what ends that. */
  on<E extends keyof ScreenEvents>(event: E, listener: (value: ScreenEvents[E]) => void): () => void {
    return this.#listeners.on(event, listener);
  }

  /** The characters of a text mode; undefined in graphics modes. */
  cells(): TextCells | undefined {
    return textCells(this.#vga);
  }

  /** The text on the screen: a line for each row, without trailing spaces. Undefined in graphics modes. */
  lines(): string[] | undefined {
    const cells = this.cells();
    if (!cells) return undefined;
    const { columns, rows, codes } = cells;
    return Array.from({ length: rows }, (_, row) => {
      let line = '';
      for (let k = row * columns; k < (row + 1) * columns; k++) line += CODE_PAGE_437[codes[k] as number];
      return line.trimEnd();
    });
  }

  /** The text on the screen in one piece, without empty lines at its end; empty in graphics modes. */
  text(): string {
    return (this.lines() ?? []).join('\n').trimEnd();
  }

  /** The end of the text on the screen: `count` characters or fewer. */
  tail(count: number): string {
    return this.text().slice(-count);
  }

  /**
   * The picture as the monitor shows it now. `blink`: what blinks is in its phase of the moment; otherwise it is shown.
   */
  frame({ blink = false } = {}): Frame {
    const renderer = this.#renderer;
    renderer.update(blink ? this.#phase() : LIT);
    this.#taken();
    const { width, height, pixels } = renderer;
    return { width, height, rgba: new Uint8ClampedArray(pixels.buffer as ArrayBuffer) };
  }

  /** The picture as a PNG file. */
  png(): Promise<Uint8Array<ArrayBuffer>> {
    const { width, height, rgba } = this.frame();
    return encodePng(width, height, new Uint8Array(rgba.buffer));
  }

  /** Calls back once, when the text on the screen matches; at once if it does. Returns what ends that. */
  watch(pattern: string | RegExp, found: (match: RegExpExecArray) => void): () => void {
    const watcher = { pattern: searchable(pattern), found };
    this.#watchers.add(watcher);
    this.#search();
    return () => void this.#watchers.delete(watcher);
  }

  /** The end of a turn of the machine: tells of changes. */
  turn(): void {
    if (this.#changed && !this.#told) {
      this.#told = true;
      this.#listeners.emit('change', undefined);
    }
    this.#search();
  }

  #taken(): void {
    this.#changed = false;
    this.#told = false;
  }

  #search(): void {
    if (this.#watchers.size === 0) return;
    const text = this.text();
    for (const watcher of [...this.#watchers]) {
      const match = watcher.pattern.exec(text);
      if (!match || !this.#watchers.delete(watcher)) continue;
      watcher.found(match);
    }
  }

  #phase(): Phase {
    const { frame } = this.#vga;
    return {
      cursor: Math.floor(frame / CURSOR_FRAMES) % 2 === 0,
      characters: Math.floor(frame / CHARACTER_FRAMES) % 2 === 0,
    };
  }
}

function searchable(pattern: string | RegExp): RegExp {
  if (typeof pattern === 'string') return new RegExp(pattern.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&'));
  return new RegExp(pattern.source, pattern.flags.replace(/[gy]/g, ''));
}
