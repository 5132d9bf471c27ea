// What a terminal is sent for a screen, and which keys its bytes are.

import { describe, expect, test } from 'vitest';
import { keyStrokes } from '../../src/cli/terminal-keys.ts';
import { type Cell, drawing, type Picture } from '../../src/cli/terminal-picture.ts';

/** As much of a terminal as the drawings use. Characters in `wide` take two columns, as some terminals have it. */
class Terminal {
  readonly screen: string[][];
  readonly colours: string[][];
  cursor: string = '';
  bytes = 0;
  readonly #wide: string;

  constructor(columns: number, rows: number, wide = '') {
    this.screen = Array.from({ length: rows }, () => new Array<string>(columns).fill('?'));
    this.colours = Array.from({ length: rows }, () => new Array<string>(columns).fill(''));
    this.#wide = wide;
  }

  write(text: string): void {
    this.bytes += text.length;
    let [row, column, colour] = [0, 0, ''];
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control functions are what this is about
    for (const [, parameters = '', final, character = ''] of text.matchAll(/\x1b\[([\d;?]*)([A-Za-z])|(.)/gsu)) {
      if (final === 'H') [row = 1, column = 1] = parameters.split(';').map((n) => Number(n) - 1);
      else if (final === 'J') for (const line of this.screen) line.fill(' ');
      else if (final === 'm') colour = parameters;
      else if (final === 'l' || final === 'h') this.cursor = final === 'h' ? `${column},${row}` : 'hidden';
      else {
        (this.screen[row] as string[])[column] = character;
        (this.colours[row] as string[])[column] = colour;
        column += this.#wide.includes(character) ? 2 : 1;
      }
    }
  }

  get lines(): string[] {
    return this.screen.map((line) => line.join(''));
  }
}

function picture(lines: readonly string[], attribute = 7, cursor?: Picture['cursor']): Picture {
  const columns = lines[0]?.length ?? 0;
  const cells = lines.flatMap((line) => [...line].map((character): Cell => ({ character, attribute, blink: false })));
  return { columns, rows: lines.length, cells, cursor };
}

describe('drawing', () => {
  test('the first time everything, then what changed', () => {
    const terminal = new Terminal(5, 2);
    const one = picture(['abcde', 'fghij']);
    terminal.write(drawing(undefined, one, 5, 2));
    expect(terminal.lines).toEqual(['abcde', 'fghij']);
    expect(drawing(one, one, 5, 2)).toBe('');
    const two = picture(['abXde', 'fghiY'], 7, { column: 3, row: 1 });
    terminal.bytes = 0;
    terminal.write(drawing(one, two, 5, 2));
    expect(terminal.lines).toEqual(['abXde', 'fghiY']);
    expect(terminal.cursor).toBe('3,1');
    expect(terminal.bytes).toBeLessThan(60);
    expect(drawing(two, picture(['abXde', 'fghiY'], 7, { column: 0, row: 0 }), 5, 2)).toContain('\x1b[1;1H');
  });

  test('colours of the adapter become those of the terminal', () => {
    const terminal = new Terminal(1, 1);
    // Bright red on blue.
    terminal.write(drawing(undefined, picture(['r'], 0x1c), 1, 1));
    expect(terminal.colours[0]).toEqual(['0;91;44']);
  });

  test('a terminal that is too small shows the upper left part', () => {
    const terminal = new Terminal(3, 1);
    terminal.write(drawing(undefined, picture(['abcde', 'fghij'], 7, { column: 0, row: 1 }), 3, 1));
    expect(terminal.lines).toEqual(['abc']);
    expect(terminal.cursor).toBe('hidden');
  });

  test('what follows a character that the terminal shows too wide is where it belongs', () => {
    const terminal = new Terminal(5, 1, '☺');
    terminal.write(drawing(undefined, picture(['a☺bcd']), 5, 1));
    expect(terminal.lines).toEqual(['a☺bcd']);
  });
});

describe('keys', () => {
  test.each([
    ['a', ['KeyA']],
    ['A', ['shift-KeyA']],
    ['?', ['shift-Slash']],
    ['\r', ['Enter']],
    ['\x7f', ['Backspace']],
    ['\x03', ['ctrl-KeyC']],
    ['\x1c', ['ctrl-Backslash']],
    ['\x1b[A', ['ArrowUp']],
    ['\x1bOB', ['ArrowDown']],
    ['\x1b[3~', ['Delete']],
    ['\x1b[21~', ['F10']],
    ['\x1bOP', ['F1']],
    ['\x1b[[B', ['F2']],
    ['\x1b[1;5C', ['ctrl-ArrowRight']],
    ['\x1b[5;2~', ['shift-PageUp']],
    ['\x1b[Z', ['shift-Tab']],
    ['\x1bx', ['alt-KeyX']],
    ['\x1b[99~é', []],
    ['q\x1b[Dw', ['KeyQ', 'ArrowLeft', 'KeyW']],
  ])('%j', (text, strokes) => {
    expect(keyStrokes(text, false)).toEqual({ strokes, rest: '' });
  });

  test('a sequence in two pieces, and ESC alone', () => {
    expect(keyStrokes('a\x1b[1', false)).toEqual({ strokes: ['KeyA'], rest: '\x1b[1' });
    expect(keyStrokes('\x1b', false)).toEqual({ strokes: [], rest: '\x1b' });
    expect(keyStrokes('\x1b', true)).toEqual({ strokes: ['Escape'], rest: '' });
  });
});
