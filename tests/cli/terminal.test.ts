// The program on a real (pseudo-)terminal: keys, raw mode, and the way back.

import { spawnSync } from 'node:child_process';
import { constants } from 'node:os';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';
import { echo, guest, haltForEver, openSerial, powerOff, print, spin, tripleFault } from './guests.ts';
import { Folder, PROGRAM } from './program.ts';

const DRIVER = fileURLToPath(new URL('./play-on-terminal.py', import.meta.url));
/** Python's pty module opens the terminal. */
const hasPty = spawnSync('python3', ['-c', 'import pty']).status === 0;

const folder = new Folder();
afterAll(() => folder.remove());

const kernels = {
  echo: folder.file('echo', guest(openSerial, print('ready\n'), echo, powerOff)),
  spin: folder.file('spin', guest(print('spinning\n'), spin)),
  halt: folder.file('halt', guest(print('stop'), haltForEver)),
  triple: folder.file('triple', guest(print('oops'), tripleFault)),
};

type Step = ['expect', string] | ['send', string] | ['signal', number] | ['mode'];

interface Session {
  readonly status: number;
  readonly output: string;
  /** Whether the terminal was raw, at each step `mode`. */
  readonly raw: readonly boolean[];
  /** Whether its modes are those of the beginning. */
  readonly restored: boolean;
}

function session(args: readonly string[], steps: readonly Step[]): Session {
  const script = { command: [process.execPath, ...PROGRAM, 'run', ...args], steps };
  const { stdout, stderr } = spawnSync('python3', [DRIVER], { input: JSON.stringify(script), encoding: 'utf8' });
  if (stdout === '') throw new Error(stderr);
  return JSON.parse(stdout) as Session;
}

describe.skipIf(!hasPty)('on a terminal (skipped without python3 and its pty module)', () => {
  test('Ctrl-A x quits, and the terminal is as it was', () => {
    const steps: Step[] = [['expect', 'Ctrl-A x quits'], ['expect', 'spinning'], ['mode'], ['send', '\x01x']];
    const { status, raw, restored } = session([kernels.spin], steps);
    expect({ status, raw, restored }).toEqual({ status: 0, raw: [true], restored: true });
  });

  test("every other key is the guest's: Ctrl-C, Ctrl-Z, Ctrl-\\, CR, DEL, and Ctrl-A after Ctrl-A", () => {
    const { status, output, restored } = session(
      [kernels.echo],
      [
        ['expect', 'ready'],
        ['send', '<\x03\x1a\x1c\r\x7f\x13\x11\x01\x01>'],
        ['expect', '<\x03\x1a\x1c\r\x7f\x13\x11\x01>'],
        ['send', '\x04'],
      ],
    );
    expect(output).toContain('<\x03\x1a\x1c\r\x7f\x13\x11\x01>');
    expect({ status, restored }).toEqual({ status: 0, restored: true });
  });

  test('Ctrl-A h helps; keys after it go to the guest; an unknown key does nothing', () => {
    const { status, output } = session(
      [kernels.echo],
      [
        ['expect', 'ready'],
        ['send', '\x01h'],
        ['expect', 'Ctrl-A Ctrl-A  send Ctrl-A'],
        ['send', '\x01qab\x01'],
        ['expect', 'ab'],
        ['send', 'X'],
      ],
    );
    expect(output).not.toContain('qab');
    expect(status).toBe(0);
  });

  test.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)('%s gives the terminal back', (name) => {
    const number = constants.signals[name];
    const { status, raw, restored } = session([kernels.spin], [['expect', 'spinning'], ['mode'], ['signal', number]]);
    expect({ status, raw, restored }).toEqual({ status: 128 + number, raw: [true], restored: true });
  });

  test.each(['halt', 'triple'] as const)(
    'so does the end of the guest, and the message has its own line: %s',
    (name) => {
      const { status, output, restored } = session([kernels[name]], []);
      expect(output).toMatch(/(stop|oops)\r\ntransvisor: the guest [^\r\n]*\r\n$/);
      expect({ status, restored }).toEqual({ status: 126, restored: true });
    },
  );

  test('with the serial port elsewhere, the terminal is left alone and Ctrl-C ends the run', () => {
    const file = folder.file('out');
    const steps: Step[] = [['expect', 'io: out COM1'], ['mode'], ['send', '\x03']];
    const { status, raw, restored } = session(['--trace', 'io', '--serial', `file:${file}`, kernels.spin], steps);
    expect({ status, raw, restored }).toEqual({ status: 130, raw: [false], restored: true });
  });
});
