// How runs end, what they print, and what they leave behind.

import { spawnSync } from 'node:child_process';
import { chmodSync, lstatSync, readFileSync, statSync, symlinkSync } from 'node:fs';
import { afterAll, describe, expect, test } from 'vitest';
import {
  echo,
  flood,
  guest,
  haltForEver,
  idle,
  openSerial,
  out8,
  powerOff,
  print,
  spin,
  tripleFault,
} from './guests.ts';
import { Folder, PROGRAM, Running, transvisor } from './program.ts';

const folder = new Folder();
afterAll(() => folder.remove());

const kernels = {
  powerOff: folder.file('power-off', guest(print('bye\n'), powerOff)),
  halt: folder.file('halt', guest(print('stop\n'), haltForEver)),
  triple: folder.file('triple', guest(print('oops\n'), tripleFault)),
  spin: folder.file('spin', guest(print('spinning\n'), spin)),
  idle: folder.file('idle', guest(print('idle\n'), idle)),
  flood: folder.file('flood', guest(flood)),
  echo: folder.file('echo', guest(openSerial, print('ready\n'), echo, powerOff)),
  debugExit: folder.file('debug-exit', guest(out8(0xf4, 0x15), print('still here\n'), powerOff)),
};

describe('exit status', () => {
  test('0: the guest powered off', async () => {
    expect(await transvisor(['run', kernels.powerOff])).toEqual({ status: 0, stdout: 'bye\n', stderr: '' });
  });

  test('126: triple fault', async () => {
    const { status, stdout, stderr } = await transvisor(['run', kernels.triple]);
    expect(stderr).toMatch(
      /^transvisor: the guest shut its processor down: triple fault: [^\n]*10h:[0-9a-f]+h[^\n]*\n$/,
    );
    expect(stdout).toBe('oops\n');
    expect(status).toBe(126);
  });

  test('126: halted for ever', async () => {
    const { status, stdout, stderr } = await transvisor(['run', kernels.halt]);
    expect(stderr).toMatch(/^transvisor: the guest halted for ever: HLT with interrupts off at EIP [0-9a-f]{8}h\n$/);
    expect(stdout).toBe('stop\n');
    expect(status).toBe(126);
  });

  test.each(['spin', 'idle'] as const)('124: timeout of a guest that is in %s', async (name) => {
    const { status, stdout, stderr } = await transvisor(['run', '--timeout', '0.5', kernels[name]]);
    expect(stderr).toBe('transvisor: the guest still ran after 0.5 s (--timeout)\n');
    expect(stdout).toBe(name === 'spin' ? 'spinning\n' : 'idle\n');
    expect(status).toBe(124);
  });

  test("the guest's, with --debug-exit", async () => {
    const { status, stdout } = await transvisor(['run', '--debug-exit', kernels.debugExit]);
    expect(stdout).toBe('');
    expect(status).toBe((0x15 << 1) | 1);
  });

  test('port F4h is nothing without --debug-exit', async () => {
    const { status, stdout } = await transvisor(['run', kernels.debugExit]);
    expect(stdout).toBe('still here\n');
    expect(status).toBe(0);
  });

  test.each([
    ['SIGINT', 130, 'spin'],
    ['SIGINT', 130, 'idle'],
    ['SIGTERM', 143, 'spin'],
    ['SIGHUP', 129, 'idle'],
  ] as const)('%s: %i while the guest is in %s', async (signal, expected, name) => {
    const running = new Running(['run', kernels[name]]);
    await running.printed(name === 'spin' ? 'spinning' : 'idle');
    running.process.kill(signal);
    const { status, stderr } = await running.result;
    expect(stderr).toBe('');
    expect(status).toBe(expected);
  });

  test('125: the monitor failed', async () => {
    // The machine goes through setImmediate between two turns.
    const inject = "data:text/javascript,globalThis.setImmediate=()=>{throw new Error('injected')}";
    const failing = (env: NodeJS.ProcessEnv) =>
      new Running(['run', kernels.spin], { NODE_OPTIONS: `--import "${inject}"`, ...env }).result;
    const { status, stdout, stderr } = await failing({});
    expect(stderr).toMatch(/^transvisor: the monitor failed: Error: injected; please report it with [^\n]*\n$/);
    expect(stdout).toBe('spinning\n');
    expect(status).toBe(125);
    expect((await failing({ TRANSVISOR_DEBUG: '1' })).stderr).toMatch(/Error: injected\n +at /);
  });

  test('1: standard output is closed', async () => {
    const running = new Running(['run', kernels.flood]);
    await running.printed('...');
    running.process.stdout?.destroy();
    const { status, stderr } = await running.result;
    expect(stderr).toMatch(/^transvisor: standard output: its reader went away; [^\n]*\n$/);
    expect(status).toBe(1);
  });

  test('a reader of standard output that does not read stops no timeout', async () => {
    const running = new Running(['run', '--timeout', '0.5', kernels.flood]);
    running.process.stdout?.pause();
    await new Promise((resolve) => running.process.once('exit', resolve));
    running.process.stdout?.resume();
    expect((await running.result).status).toBe(124);
  });
});

describe('--until', () => {
  test('a match ends the run', async () => {
    const { status, stdout, stderr } = await transvisor(['run', '--until', '^spin+ing$', kernels.spin]);
    expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: 'spinning\n', stderr: '' });
  });

  test('a match ends the run where nothing is printed', async () => {
    const { status, stdout } = await transvisor(['run', '--serial', 'none', '--until', 'spin', kernels.spin]);
    expect({ status, stdout }).toEqual({ status: 0, stdout: '' });
  });

  test('output that comes in pieces', async () => {
    const running = new Running(['run', '--until', 'öne.two', kernels.echo]);
    await running.printed('ready');
    for (const piece of [[0xc3], [0xb6], [0x6e, 0x65, 0x0a]]) {
      running.process.stdin?.write(Uint8Array.from(piece));
      await running.printed(String.fromCharCode(...piece)); // it has gone through the guest
    }
    running.process.stdin?.write('two');
    // A dot matches no line feed.
    await running.printed('\ntwo');
    running.process.stdin?.write('öne-two');
    const { status } = await running.result;
    expect(status).toBe(0);
  });

  test('a guest that powers off first has its own status, and a remark', async () => {
    const { status, stdout, stderr } = await transvisor(['run', '--until', 'never', kernels.powerOff]);
    expect({ status, stdout }).toEqual({ status: 0, stdout: 'bye\n' });
    expect(stderr).toBe('transvisor: the guest powered off before its output matched --until\n');
  });
});

describe('input and output', () => {
  test('what is piped in arrives whole, at the pace of the guest', async () => {
    const text = Array.from({ length: 20_000 }, (_, k) => `line ${k}\n`).join('');
    const { status, stdout } = await transvisor(['run', kernels.echo], `${text}\x04`);
    expect(stdout === `ready\n${text}\x04`).toBe(true);
    expect(status).toBe(0);
  });

  test('the end of the input is not the end of the guest', async () => {
    const running = new Running(['run', kernels.echo]);
    running.process.stdin?.end('last words');
    await running.printed('last words');
    running.process.kill('SIGTERM');
    expect((await running.result).status).toBe(143);
  });

  test('a megabyte of output arrives whole', async () => {
    // MOV ECX,1M; MOV AL,'x'; MOV DX,3F8h; OUT DX,AL; LOOP to the OUT
    const code = [0xb9, 0x00, 0x00, 0x10, 0x00, 0xb0, 0x78, 0x66, 0xba, 0xf8, 0x03, 0xee, 0xe2, 0xfd];
    const { status, stdout } = await transvisor(['run', folder.file('mega', guest(code, powerOff))]);
    expect(stdout === 'x'.repeat(1 << 20)).toBe(true);
    expect(status).toBe(0);
  });

  test('--serial file', async () => {
    const file = folder.file('serial.txt', 'old contents, longer than the new');
    const { status, stdout } = await transvisor(['run', '--serial', `file:${file}`, kernels.powerOff]);
    expect({ status, stdout }).toEqual({ status: 0, stdout: '' });
    expect(readFileSync(file, 'utf8')).toBe('bye\n');
  });

  test('--debugcon', async () => {
    const file = folder.file('debug.txt');
    // IN AL,E9h reads E9h; OUT E9h,AL writes it.
    const kernel = folder.file('e9', guest(out8(0xe9, 0x41), [0xe4, 0xe9, 0xe6, 0xe9], powerOff));
    expect((await transvisor(['run', '--debugcon', file, kernel])).status).toBe(0);
    expect([...readFileSync(file)]).toEqual([0x41, 0xe9]);
  });

  test('--trace goes to standard error', async () => {
    const { stdout, stderr } = await transvisor(['run', '--trace', 'io', kernels.powerOff]);
    expect(stdout).toBe('bye\n');
    expect(stderr).toContain('io: out COM1 03f8h <- 62\n');
  });
});

test('where nothing can be kept for the next start, the guest runs all the same', async () => {
  const running = new Running(['run', kernels.powerOff], { NODE_COMPILE_CACHE: '/dev/null/nowhere' });
  running.process.stdin?.end();
  expect(await running.result).toEqual({ status: 0, stdout: 'bye\n', stderr: '' });
});

describe('--stats', () => {
  test('counts', async () => {
    const file = folder.file('stats.json', 'old');
    const { status } = await transvisor(['run', '--stats', file, '--timeout', '4', kernels.spin]);
    const stats = JSON.parse(readFileSync(file, 'utf8'));
    expect(status).toBe(124);
    expect(stats.exit).toMatchObject({ status: 124, reason: 'timeout' });
    expect(stats.machine).toEqual({ memoryBytes: 2 ** 28, engine: 'translator', clock: 'host' });
    expect(stats.seconds.wall).toBeGreaterThanOrEqual(4);
    expect(stats.seconds.cpu).toBeGreaterThan(0.1);
    expect(stats.instructions.retired).toBeGreaterThan(100_000);
    const { translator, interpreter, reference } = stats.instructions.byEngine;
    expect(translator + interpreter + reference).toBe(stats.instructions.retired);
    expect(translator).toBeGreaterThan(interpreter);
    expect(stats.exits.budget).toBeGreaterThan(1);
    expect(stats.memory.hiddenFills).toBeGreaterThan(0);
    expect(stats.memory.traceHits).toMatchObject({ pageTable: 0, code: 0 });
  });

  test.each(['interpreter', 'reference'])('two runs on the virtual clock are identical: %s', async (engine) => {
    const [first, second] = [folder.file('first.json'), folder.file('second.json')];
    const results = [];
    for (const file of [first, second]) {
      const args = ['--clock', 'virtual', '--engine', engine, '--stats', file, '--until', '[.]{3000}', kernels.flood];
      results.push(await transvisor(['run', ...args]));
    }
    const [a, b] = [first, second].map((file) => JSON.parse(readFileSync(file, 'utf8')));
    expect(results[0]).toEqual(results[1]);
    expect(a.instructions).toEqual(b.instructions);
    expect(a.guestSeconds).toBe(b.guestSeconds);
    expect(a.instructions.retired).toBeGreaterThan(6000);
  });

  test('a pipe is written in place', () => {
    // The end of a pipe that a shell makes: what Node gives its children is a socket.
    const script = '"$@" --stats /dev/stdout --serial none | cat';
    const args = ['-c', script, 'sh', process.execPath, ...PROGRAM, 'run', kernels.powerOff];
    const { stdout } = spawnSync('sh', args, { encoding: 'utf8' });
    expect(JSON.parse(stdout).exit).toEqual({ status: 0, reason: 'power-off' });
  });

  test('a link stays, and the mode of the file it leads to', async () => {
    const [file, link] = [folder.file('real.json', 'old'), folder.file('link.json')];
    chmodSync(file, 0o640);
    symlinkSync(file, link);
    await transvisor(['run', '--stats', link, kernels.powerOff]);
    expect(lstatSync(link).isSymbolicLink()).toBe(true);
    expect(statSync(file).mode & 0o777).toBe(0o640);
    expect(JSON.parse(readFileSync(file, 'utf8')).exit.status).toBe(0);
  });
});

describe('on a host that makes no code from text', () => {
  const strict = (code: string) =>
    spawnSync(
      process.execPath,
      ['--disallow-code-generation-from-strings', ...PROGRAM, 'run', '--code', code, '--timeout', '1', kernels.spin],
      { encoding: 'utf8' },
    );

  test('WebAssembly is translated to', () => expect(strict('webassembly').status).toBe(124));

  test('asm.js is not, in one line', () => {
    const { status, stderr } = strict('asm.js');
    expect(status).toBe(1);
    expect(stderr).toMatch(/^transvisor: this host makes no code from text.*\n$/);
  });
});
