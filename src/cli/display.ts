// `--display terminal`: text modes of the guest in the user's terminal, and the user's keys at the guest's keyboard.

import type { ReadStream } from 'node:tty';
import { CODE_PAGE_437 } from '../devices/vga/code-page-437.ts';
import { UserError } from '../lib/errors.ts';
import type { Machine } from '../machine/machine.ts';
import type { ConsoleEvents } from './console.ts';
import { hostError } from './files.ts';
import { KeyFilter } from './keys.ts';
import { Terminal } from './terminal.ts';
import { keyStrokes } from './terminal-keys.ts';
import { type Cell, drawing, type Picture } from './terminal-picture.ts';

const REFRESH_MILLIS = 33;
const ENTER = '\x1b[?1049h\x1b[?25l\x1b[0m\x1b[2J';
const LEAVE = '\x1b[0m\x1b[?25h\x1b[?1049l';
const HELP = 'Ctrl-A x quits, Ctrl-A Ctrl-A is Ctrl-A';
/** How long after ESC the rest of a key may come. */
const ESCAPE_MILLIS = 50;

export class TerminalDisplay {
  readonly #terminal: Terminal;
  #shown: Picture | undefined;
  #timer: NodeJS.Timeout | undefined;
  #machine: Machine | undefined;
  #help = false;
  /** Standard output has not taken the last picture. */
  #busy = false;

  /** @throws UserError unless a terminal is at both ends */
  constructor() {
    if (!process.stdin.isTTY || !process.stdout.isTTY) {
      throw new UserError('--display terminal: standard input and output are no terminal; run it in one');
    }
    this.#terminal = new Terminal(process.stdin as ReadStream);
  }

  connect(machine: Machine, events: ConsoleEvents): void {
    this.#machine = machine;
    this.#terminal.enterRaw();
    process.on('exit', this.restore);
    process.stdout.write(ENTER);
    process.stdout.on('resize', this.#redraw);
    this.#timer = setInterval(() => this.#draw(), REFRESH_MILLIS);
    let waiting: NodeJS.Timeout | undefined;
    let pending = '';
    const feed = (final: boolean): void => {
      const { strokes, rest } = keyStrokes(pending, final);
      pending = rest;
      for (const stroke of strokes) void machine.keyboard.keys(stroke);
    };
    const keys = new KeyFilter({
      send: (bytes) => {
        this.#help = false;
        clearTimeout(waiting);
        pending += Buffer.from(bytes).toString('utf8');
        feed(false);
        if (pending !== '') waiting = setTimeout(() => feed(true), ESCAPE_MILLIS);
      },
      quit: events.quit,
      help: () => {
        this.#help = true;
      },
    });
    process.stdin.on('data', (bytes: Buffer) => keys.type(bytes));
    process.stdin.on('error', (error) => events.failed(hostError('standard input', error)));
    process.stdin.on('end', events.quit);
  }

  /** Gives the terminal back. Harmless when called again. */
  readonly restore = (): void => {
    if (!this.#machine) return;
    this.#machine = undefined;
    clearInterval(this.#timer);
    process.off('exit', this.restore);
    process.stdout.off('resize', this.#redraw);
    process.stdout.write(LEAVE);
    this.#terminal.restore();
    process.stdin.pause();
  };

  readonly #redraw = (): void => {
    this.#shown = undefined;
  };

  #draw(): void {
    if (!this.#machine || this.#busy) return;
    const picture = this.#picture(this.#machine);
    // A terminal that does not say its size has room for the usual one.
    const columns = process.stdout.columns || picture.columns;
    const rows = process.stdout.rows || picture.rows;
    const text = drawing(this.#shown, picture, columns, rows);
    this.#shown = picture;
    if (text === '') return;
    this.#busy = !process.stdout.write(text, () => {
      this.#busy = false;
    });
  }

  #picture({ screen }: Machine): Picture {
    const message = this.#help ? HELP : undefined;
    const cells = screen.cells();
    if (!cells) {
      const { width, height } = screen.frame();
      const note = `${width}x${height}: graphics cannot be shown in a terminal (${HELP})`;
      return {
        columns: 80,
        rows: 1,
        cells: [...note.padEnd(80)].map((character) => cell(character, 7)),
        cursor: undefined,
      };
    }
    const { codes, attributes, columns, rows, blinks, cursor } = cells;
    const shown = Array.from(codes, (code, k): Cell => {
      const attribute = attributes[k] as number;
      return {
        character: CODE_PAGE_437[code] as string,
        attribute: blinks ? attribute & 0x7f : attribute,
        blink: blinks && (attribute & 0x80) !== 0,
      };
    });
    if (message !== undefined) for (const [k, character] of [...message].entries()) shown[k] = cell(character, 0x70);
    return { columns, rows, cells: shown, cursor };
  }
}

function cell(character: string, attribute: number): Cell {
  return { character, attribute, blink: false };
}
