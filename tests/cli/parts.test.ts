// Parts of the program that need no process: keys, values of options, text in pieces, exit statuses.

import { InvalidArgumentError } from 'commander';
import { describe, expect, test } from 'vitest';
import { parseMemory, parsePattern, parseSeconds, parseSerial } from '../../src/cli/arguments.ts';
import { Complaints } from '../../src/cli/complaints.ts';
import { KeyFilter } from '../../src/cli/keys.ts';
import { verdict } from '../../src/cli/status.ts';
import { TextSearch, WINDOW_CHARACTERS } from '../../src/machine/text-search.ts';

/** What comes of keys that arrive in these pieces: sent bytes as text, actions in brackets. */
function typed(...pieces: string[]): string {
  let all = '';
  const keys = new KeyFilter({
    send: (bytes) => {
      all += Buffer.from(bytes).toString('latin1');
    },
    quit: () => {
      all += '[quit]';
    },
    help: () => {
      all += '[help]';
    },
  });
  for (const piece of pieces) keys.type(Buffer.from(piece, 'latin1'));
  return all;
}

test.each([
  ['plain', ['abc'], 'abc'],
  ['an escape in the middle', ['ab\x01xcd'], 'ab[quit]cd'],
  ['an escape across pieces', ['ab\x01', 'hcd'], 'ab[help]cd'],
  ['Ctrl-A sent', ['a\x01\x01b'], 'a\x01b'],
  ['Ctrl-A sent across pieces', ['a\x01', '\x01b'], 'a\x01b'],
  ['three times Ctrl-A, then x', ['\x01\x01\x01x'], '\x01[quit]'],
  ['an unknown key', ['a\x01zb'], 'ab'],
  ['capitals and ?', ['\x01H\x01?\x01X'], '[help][help][quit]'],
])('keys: %s', (_, pieces, expected) => {
  expect(typed(...pieces)).toBe(expected);
});

test.each([
  ['1M', 2 ** 20],
  ['256', 256 * 2 ** 20],
  ['1g', 2 ** 30],
  ['65536K', 2 ** 26],
  ['1.5M', 1.5 * 2 ** 20],
  ['512MiB', 2 ** 29],
  ['512MB', 2 ** 29],
])('memory: %s', (text, bytes) => {
  expect(parseMemory(text)).toBe(bytes);
});

test.each(['', 'M', '1T', '0x100M', '1e3M', '2M ', '1023K', '1.0001G', '1025M'])('no memory: %s', (text) => {
  expect(() => parseMemory(text)).toThrow(InvalidArgumentError);
});

test('seconds', () => {
  expect([parseSeconds('60'), parseSeconds('0.5'), parseSeconds('.25'), parseSeconds('2.')]).toEqual([
    60, 0.5, 0.25, 2,
  ]);
  for (const text of ['', '0', '-1', '1s', 'Infinity', '2147484']) {
    expect(() => parseSeconds(text)).toThrow(InvalidArgumentError);
  }
});

test('serial targets', () => {
  expect(parseSerial('stdio')).toEqual({ kind: 'stdio' });
  expect(parseSerial('file:a:b')).toEqual({ kind: 'file', path: 'a:b' });
});

describe('search', () => {
  function search(pattern: RegExp | string, ...pieces: (string | number[])[]): string | undefined {
    const text = new TextSearch();
    let found: string | undefined;
    text.watch(pattern, (match) => {
      found = match[0];
    });
    for (const piece of pieces) text.append(typeof piece === 'string' ? Buffer.from(piece) : Uint8Array.from(piece));
    return found;
  }

  test('across pieces', () => expect(search(/login:/, 'lo', 'gi', 'n: ')).toBe('login:'));
  test('a character in two pieces', () => expect(search(/ö/, [0xc3], [0xb6])).toBe('ö'));
  test('bytes that are no UTF-8 do not spoil what follows', () => expect(search('ok', [0xff, 0xc3], 'ok')).toBe('ok'));
  test('lines', () => expect(search(parsePattern('^b$'), 'a\n', 'b\n')).toBe('b'));
  test('the flags g and y do not matter', () => expect(search(/b/gy, 'ab')).toBe('b'));
  test('within the window', () => {
    const gap = 'x'.repeat(WINDOW_CHARACTERS - 10);
    expect(search(/<x+>/, '<', gap, '>')).toBe(`<${gap}>`);
  });
  test('in a piece larger than the window', () => {
    expect(search('<>', `<>${'x'.repeat(4 * WINDOW_CHARACTERS)}`)).toBe('<>');
  });
  test('old text is forgotten', () => {
    const text = new TextSearch();
    for (let k = 0; k < 100; k++) text.append(Buffer.from('x'.repeat(1000)));
    expect(text.tail(Number.MAX_SAFE_INTEGER).length).toBeLessThanOrEqual(2 * WINDOW_CHARACTERS);
  });
});

describe('verdict', () => {
  test('an error of our own: one line, and how to report it', () => {
    const { status, message } = verdict({ reason: 'failed', error: new TypeError('x is\n undefined') }, undefined);
    expect(status).toBe(125);
    expect(message).toMatch(/^the monitor failed: TypeError: x is undefined; please report it with .*--trace.*$/);
  });

  test('how the guest ended comes before what the program wanted', () => {
    expect(verdict({ reason: 'power-off' }, { kind: 'timeout', seconds: 1 }).status).toBe(0);
  });

  test('a status has eight bits', () => {
    expect(verdict({ reason: 'debug-exit', status: 0x201 }, undefined).status).toBe(1);
  });
});

test('the same complaint is not repeated within a minute, whatever comes between', () => {
  const said: string[] = [];
  let now = 0;
  const complaints = new Complaints(
    (line) => said.push(line),
    () => now,
  );
  for (const [at, line] of [
    [0, 'full'],
    [1, 'full'],
    [2, 'gone'],
    [59_999, 'full'],
    [60_000, 'full'],
    [60_001, 'full'],
  ] as const) {
    now = at;
    complaints.say(line);
  }
  expect(said).toEqual(['full', 'gone', 'full']);
});
