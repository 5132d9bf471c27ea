// `--display terminal` and `--screenshot` of the real program.

import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';
import { guest, powerOff, spin } from '../cli/guests.ts';
import { Folder, PROGRAM } from '../cli/program.ts';

const DRIVER = fileURLToPath(new URL('../cli/play-on-terminal.py', import.meta.url));
const hasPty = spawnSync('python3', ['-c', 'import pty']).status === 0;
const folder = new Folder();
afterAll(() => folder.remove());

/** MOV dword [B8000h + 4 * k], two characters, white on blue. */
const show = (text: string): number[] =>
  [...text.padEnd(text.length + (text.length & 1))].flatMap((character, k) => {
    const at = 0xb8000 + 2 * k;
    // MOV word [at], 1F00h | character
    return [0x66, 0xc7, 0x05, at & 0xff, (at >> 8) & 0xff, at >> 16, 0, character.charCodeAt(0), 0x1f];
  });
const shown = folder.file('shown', guest(show('on the screen'), spin));
const ended = folder.file('ended', guest(show('on the screen'), powerOff));

const run = (...args: string[]) => spawnSync(process.execPath, [...PROGRAM, 'run', ...args], { encoding: 'utf8' });

test('--screenshot writes what is on the screen at the end', () => {
  const file = folder.file('end.png');
  const { status, stderr } = run('--screenshot', file, ended);
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  const png = readFileSync(file);
  expect([png.readUInt32BE(16), png.readUInt32BE(20)]).toEqual([720, 400]);
  const empty = folder.file('empty.png');
  run('--screenshot', empty, folder.file('nothing', guest(powerOff)));
  expect(png.equals(readFileSync(empty))).toBe(false);
});

test('a screenshot that cannot be written is said before the run', () => {
  const { status, stderr } = run('--screenshot', folder.file('no/such/place.png'), ended);
  expect(status).toBe(1);
  expect(stderr).toMatch(/^transvisor: --screenshot .*place\.png: no such file or directory/);
});

test('--display terminal without a terminal, or with --serial stdio, is refused', () => {
  expect(run('--display', 'terminal', ended)).toMatchObject({
    status: 1,
    stderr: 'transvisor: --display terminal: standard input and output are no terminal; run it in one\n',
  });
  expect(run('--display', 'terminal', '--serial', 'stdio', ended).stderr).toMatch(/want the same terminal/);
});

describe.skipIf(!hasPty)('on a terminal (skipped without python3 and its pty module)', () => {
  test('the text of the screen appears, and Ctrl-A x gives the terminal back', () => {
    const command = [process.execPath, ...PROGRAM, 'run', '--display', 'terminal', shown];
    const steps = [['expect', 'on the screen'], ['mode'], ['send', '\x01x']];
    const { stdout, stderr } = spawnSync('python3', [DRIVER], {
      input: JSON.stringify({ command, steps }),
      encoding: 'utf8',
    });
    expect(stderr).toBe('');
    const { status, output, raw, restored } = JSON.parse(stdout);
    expect({ status, raw, restored }).toEqual({ status: 0, raw: [true], restored: true });
    expect(output).toContain('\x1b[0;97;44m');
    expect(output.endsWith('\x1b[0m\x1b[?25h\x1b[?1049l')).toBe(true);
  });
});
